/*
 * cli_relate_import: `usher relate --import`: marks from a table of commas
 * (RFC 4180), as a CRM exports it.
 *
 * The first line names the columns, and shows what parts them: spreadsheets of
 * half the world write semicolons, some programs tabs. Of a row each address,
 * domain and number is marked with the row's stage. What is not understood is
 * listed, by row.
 */
#include "cli_relate.h"

#include <csv.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { COLUMNS = 256, MARKS_A_COMMIT = 200, CHUNK = 65536 };
enum column { OTHER, PARTY, STAGE };

static const struct heading {
	const char *name;
	enum column column;
} headings[] = { { "party", PARTY }, { "email", PARTY }, { "e-mail", PARTY },
	{ "email address", PARTY }, { "domain", PARTY },
	{ "company domain", PARTY }, { "company domain name", PARTY },
	{ "website", PARTY }, { "website url", PARTY }, { "phone", PARTY },
	{ "phone number", PARTY }, { "mobile", PARTY },
	{ "mobile phone number", PARTY }, { "stage", STAGE },
	{ "lifecycle stage", STAGE }, { "status", STAGE } };

struct importing {
	const struct cli_recipient *recipient;
	const char *path;
	bool dry_run;
	struct csv_parser parser;
	struct usher_notes *notes;
	enum column columns[COLUMNS];
	char *fields[COLUMNS]; /* of this row; NULL: empty */
	size_t field, row, marked, in_notes, not_understood;
	bool headed, has_party, has_stage;
	int code; /* an exit code that ends all */
};

static void
clear_row(struct importing *importing)
{
	for (size_t i = 0; i < COLUMNS; i++) {
		free(importing->fields[i]);
		importing->fields[i] = NULL;
	}
	importing->field = 0;
}

static void
wonder(struct importing *importing, const char *what, const char *why)
{
	importing->not_understood++;
	printf("%s: row %zu: not understood: ", importing->path,
	    importing->row);
	cli_put(what, stdout);
	printf(" (%s)\n", why);
}

static void
on_field(void *text, size_t length, void *arg)
{
	struct importing *importing = arg;

	if (importing->field < COLUMNS && length > 0)
		importing->fields[importing->field] = strndup(text, length);
	importing->field++;
}

static void
read_headings(struct importing *importing)
{
	for (size_t i = 0; i < importing->field && i < COLUMNS; i++) {
		const char *name = importing->fields[i];

		importing->columns[i] = OTHER;
		/* A spreadsheet's mark of UTF-8. */
		if (name != NULL && strncmp(name, "\xef\xbb\xbf", 3) == 0)
			name += 3;
		for (size_t k = 0;
		     name != NULL && k < sizeof(headings) / sizeof(headings[0]);
		     k++)
			if (strcasecmp(name, headings[k].name) == 0)
				importing->columns[i] = headings[k].column;
		importing->has_party |= importing->columns[i] == PARTY;
		importing->has_stage |= importing->columns[i] == STAGE;
	}
	importing->headed = true;
	if (importing->has_party && importing->has_stage)
		return;
	importing->code = cli_wrong("%s: the first row must name a column %s",
	    importing->path,
	    importing->has_party
		? "`stage` (or lifecycle stage, status)"
		: "`party` (or email, domain, website, phone, mobile)");
}

static int
new_notes(struct importing *importing)
{
	struct usher_error error = { .text = "out of memory" };

	if (importing->notes != NULL)
		return 0;
	if (usher_notes_new(importing->recipient->usher, &importing->notes,
		&error) != 0)
		importing->code = cli_failed("%s", error.text);
	return importing->code;
}

static void
commit(struct importing *importing)
{
	if (importing->notes == NULL)
		return;
	if (importing->code == 0 && !importing->dry_run)
		importing->code = cli_relate_commit(importing->notes);
	usher_notes_free(importing->notes);
	importing->notes = NULL;
	importing->in_notes = 0;
}

/* "https://www.vendor.example/about" to "www.vendor.example", in place. */
static const char *
host_of(char *text)
{
	char *host = strstr(text, "://");

	if (host == NULL)
		return text;
	host += 3;
	host[strcspn(host, "/:?#")] = '\0';
	return host;
}

static void
mark(struct importing *importing, char *party, const char *stage)
{
	struct usher_error error = { .text = "out of memory" };
	const char *meant = host_of(party);
	int code;

	if (new_notes(importing) != 0)
		return;
	code = usher_notes_stage(importing->notes, importing->recipient->policy,
	    importing->recipient->who, meant, stage, false, &error);
	if (code == ENOMEM) {
		importing->code = cli_failed("out of memory");
		return;
	}
	if (code != 0) {
		wonder(importing, meant, error.text);
		return;
	}
	importing->marked++;
	if (importing->dry_run) {
		cli_put(meant, stdout);
		printf(": %s\n", stage);
	}
	if (++importing->in_notes == MARKS_A_COMMIT)
		commit(importing);
}

static void
lower(char *text)
{
	for (; *text != '\0'; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text - 'A' + 'a');
}

static void
read_row(struct importing *importing)
{
	char *stage = NULL;
	size_t parties = 0;

	for (size_t i = 0; i < COLUMNS && stage == NULL; i++)
		if (importing->columns[i] == STAGE)
			stage = importing->fields[i];
	if (stage == NULL) {
		wonder(importing, "a row", "it names no stage");
		return;
	}
	lower(stage);
	for (size_t i = 0; i < COLUMNS && importing->code == 0; i++)
		if (importing->columns[i] == PARTY &&
		    importing->fields[i] != NULL) {
			parties++;
			mark(importing, importing->fields[i], stage);
		}
	if (parties == 0)
		wonder(importing, "a row", "it names no party");
}

static void
on_row(int end, void *arg)
{
	struct importing *importing = arg;

	(void)end;
	importing->row++;
	if (importing->code == 0 && !importing->headed)
		read_headings(importing);
	else if (importing->code == 0)
		read_row(importing);
	clear_row(importing);
}

/* Of the first line: the comma, unless it has none and another. */
static unsigned char
delimiter_of(const char *text, size_t length)
{
	const char *end = memchr(text, '\n', length);

	if (end != NULL)
		length = (size_t)(end - text);
	if (memchr(text, ',', length) != NULL)
		return CSV_COMMA;
	if (memchr(text, ';', length) != NULL)
		return ';';
	return memchr(text, '\t', length) != NULL ? CSV_TAB : CSV_COMMA;
}

static void
read_all(struct importing *importing, FILE *in)
{
	static char chunk[CHUNK];
	bool begun = false;
	size_t length;

	while (importing->code == 0 &&
	    (length = fread(chunk, 1, sizeof(chunk), in)) > 0) {
		if (!begun)
			csv_set_delim(&importing->parser,
			    delimiter_of(chunk, length));
		begun = true;
		if (csv_parse(&importing->parser, chunk, length, on_field,
			on_row, importing) != length)
			importing->code = cli_wrong("%s: row %zu: %s",
			    importing->path, importing->row + 1,
			    csv_strerror(csv_error(&importing->parser)));
	}
	if (importing->code == 0 && ferror(in))
		importing->code = cli_failed("%s: %s", importing->path,
		    strerror(errno));
	if (importing->code == 0 &&
	    csv_fini(&importing->parser, on_field, on_row, importing) != 0)
		importing->code =
		    cli_wrong("%s: row %zu: a quote is not closed",
			importing->path, importing->row + 1);
	commit(importing);
}

int
cli_relate_import(const struct cli_recipient *recipient, const char *path,
    bool dry_run)
{
	struct importing importing = { .recipient = recipient,
		.path = path,
		.dry_run = dry_run };
	bool is_stdin = strcmp(path, "-") == 0;
	FILE *in = is_stdin ? stdin : fopen(path, "re");

	if (in == NULL)
		return cli_wrong("%s: %s", path, strerror(errno));
	if (csv_init(&importing.parser,
		CSV_APPEND_NULL | CSV_STRICT | CSV_STRICT_FINI) != 0)
		importing.code = cli_failed("out of memory");
	else
		read_all(&importing, in);
	clear_row(&importing);
	csv_free(&importing.parser);
	if (!is_stdin)
		(void)fclose(in);
	if (importing.code != 0)
		return importing.code;
	printf("%zu marks%s, %zu not understood\n", importing.marked,
	    dry_run ? " would be made" : " made", importing.not_understood);
	return importing.not_understood == 0 ? 0 : CLI_NEGATIVE;
}
