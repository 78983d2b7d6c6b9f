/*
 * cli_log: `usher log ID`: the lines of the log that tell of one attempt.
 *
 * ID is a session's, the MTA's queue id, or a reference that a sender quotes;
 * each of our lines holds all that there are (design-mail.md "Operation").
 * Reads the mail log's usual files with the one before, or the journal where
 * there is none.
 */
#include "cli.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { LONGEST_ID = 128 };

struct search {
	const char *id;
	size_t length;
	unsigned long found;
};

static bool
names_id(const struct search *search, const char *value)
{
	char end;

	if (*value == '"')
		value++;
	if (strncmp(value, search->id, search->length) != 0)
		return false;
	end = value[search->length];
	return end == '\0' || end == '"' || isspace((unsigned char)end);
}

/* A value may hold any text of a sender's, but no quote that ends it. */
static const char *
past_value(const char *at)
{
	if (*at != '"')
		return at + strcspn(at, " \n");
	for (at++; *at != '\0' && *at != '"'; at++)
		if (*at == '\\' && at[1] != '\0')
			at++;
	return *at == '"' ? at + 1 : at;
}

/* Whether one of the fields that hold ids is this one. */
static bool
tells_of(const struct search *search, const char *fields)
{
	static const char *const keys[] = { "session=", "queue=", "id=" };

	while (*fields != '\0') {
		fields += strspn(fields, " \n");
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
			size_t length = strlen(keys[i]);

			if (strncmp(fields, keys[i], length) == 0 &&
			    names_id(search, fields + length))
				return true;
		}
		fields += strcspn(fields, "= \n");
		if (*fields == '=')
			fields = past_value(fields + 1);
	}
	return false;
}

/* What our program wrote, behind "usher-milter[PID]: "; else NULL. */
static const char *
ours(const char *line)
{
	static const char *const names[] = { "usher-milter", "usher-sip" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *at = strstr(line, names[i]);
		size_t digits;

		if (at == NULL)
			continue;
		at += strlen(names[i]);
		if (*at == '[') {
			digits = strspn(at + 1, "0123456789");
			at += 1 + digits;
			at += *at == ']';
		}
		if (at[0] == ':' && at[1] == ' ')
			return at + 2;
	}
	return NULL;
}

static void
search_stream(struct search *search, FILE *in)
{
	char *line = NULL;
	size_t room = 0;

	while (getline(&line, &room, in) > 0) {
		const char *fields = ours(line);

		if (fields == NULL || !tells_of(search, fields))
			continue;
		line[strcspn(line, "\n")] = '\0';
		cli_put(line, stdout);
		putchar('\n');
		search->found++;
	}
	free(line);
}

/* 0, ENOENT where there is none, or the exit code with all being said. */
static int
search_file(struct search *search, const char *path, bool named)
{
	FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");

	if (in == NULL && errno == ENOENT && !named)
		return ENOENT;
	if (in == NULL)
		return cli_wrong("%s: %s", path, strerror(errno));
	search_stream(search, in);
	if (in != stdin)
		(void)fclose(in);
	return 0;
}

/* The journal knows the programs by name; ID never reaches a shell. */
static int
search_journal(struct search *search)
{
	FILE *in = popen("journalctl -q --no-pager -o short-iso "
			 "-t usher-milter -t usher-sip 2>/dev/null",
	    "r");

	if (in == NULL)
		return cli_failed("journalctl: %s", strerror(errno));
	search_stream(search, in);
	if (pclose(in) != 0 && search->found == 0)
		return cli_wrong("there is no mail log in /var/log and no "
				 "journal: name the log with --file");
	return 0;
}

static int
search_usual(struct search *search)
{
	static const char *const paths[] = { "/var/log/mail.log.1",
		"/var/log/mail.log", "/var/log/maillog.1", "/var/log/maillog",
		"/var/log/syslog.1", "/var/log/syslog" };
	size_t missing = 0, count = sizeof(paths) / sizeof(paths[0]);
	int code = 0;

	/* A system log may repeat what the mail log has. */
	for (size_t i = 0; i < count && code == 0; i++) {
		if (i >= 4 && search->found > 0)
			break;
		code = search_file(search, paths[i], false);
		if (code == ENOENT) {
			missing++;
			code = 0;
		}
	}
	return code == 0 && missing == count ? search_journal(search) : code;
}

int
cli_log(const struct cli_arguments *arguments)
{
	struct search search = { .found = 0 };
	int code = 0;

	if (arguments->word_count != 1)
		return cli_usage("log",
		    arguments->word_count == 0
			? "whose lines? Name a session, a queue id or a "
			  "reference"
			: "one id at a time");
	search.id = arguments->words[0];
	search.length = strlen(search.id);
	if (search.length == 0 || search.length > LONGEST_ID ||
	    search.id[strcspn(search.id, " \"\\\n")] != '\0' ||
	    strcmp(search.id, "NOQUEUE") == 0)
		return cli_wrong("`%s` is no id of one attempt", search.id);
	for (size_t i = 0; i < arguments->fact_count && code == 0; i++)
		code = search_file(&search, arguments->facts[i], true);
	if (arguments->fact_count == 0)
		code = search_usual(&search);
	if (code != 0)
		return code;
	return search.found > 0 ? CLI_DONE : CLI_NEGATIVE;
}
