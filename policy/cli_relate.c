/*
 * cli_relate: `usher relate`: how far a recipient has come with a party, by
 * hand; cli_relate_import.c reads many from a table.
 */
#include "cli_relate.h"

#include <errno.h>
#include <string.h>

enum { WAIT_MS = 5000 };

int
cli_relate_commit(struct usher_notes *notes)
{
	struct usher_error error = { .text = "out of memory" };
	int code = usher_notes_commit(notes, WAIT_MS, &error);

	if (code == ENOSPC && error.text[0] == '\0')
		return cli_wrong("a party cannot hold more marks");
	return code == 0 ? 0 : cli_failed("%s", error.text);
}

static int
print_one(void *arg, const char *party, const char *stage)
{
	size_t *count = arg;

	cli_put(party, stdout);
	fputs(": ", stdout);
	cli_put(stage, stdout);
	putchar('\n');
	++*count;
	return 0;
}

static int
list(const struct cli_recipient *recipient)
{
	struct usher_error error = { .text = "out of memory" };
	size_t count = 0;

	if (usher_stage_each(recipient->usher, recipient->policy,
		recipient->who, print_one, &count, &error) != 0)
		return cli_failed("%s", error.text);
	if (count == 0)
		printf("%s has no marks for anybody\n", recipient->who);
	return 0;
}

static int
mark(const struct cli_recipient *recipient, const char *party,
    const char *stage, bool removed)
{
	struct usher_error error = { .text = "out of memory" };
	struct usher_notes *notes;
	int code = usher_notes_new(recipient->usher, &notes, &error);

	if (code == 0)
		code = usher_notes_stage(notes, recipient->policy,
		    recipient->who, party, stage, removed, &error);
	if (code == 0)
		code = cli_relate_commit(notes);
	else
		code = code == EINVAL ? cli_wrong("%s", error.text)
				      : cli_failed("%s", error.text);
	usher_notes_free(notes);
	if (code != 0)
		return code;
	cli_put(party, stdout);
	if (stage == NULL)
		puts(": no marks any more");
	else
		printf(": %s%s\n", removed ? "no more " : "", stage);
	return 0;
}

static int
relate(const struct cli_arguments *arguments,
    const struct cli_recipient *recipient)
{
	if (recipient->policy == NULL) {
		printf("%s published nothing here, and is left alone as it"
		       " is\n",
		    recipient->who);
		return CLI_NEGATIVE;
	}
	if (arguments->import != NULL)
		return cli_relate_import(recipient, arguments->import,
		    arguments->dry_run);
	if (arguments->word_count == 1)
		return list(recipient);
	return mark(recipient, arguments->words[1], arguments->stage,
	    arguments->remove);
}

/* What does not go together; 0 or the exit code. */
static int
check_usage(const struct cli_arguments *arguments)
{
	bool marks = arguments->stage != NULL || arguments->remove;

	if (arguments->word_count == 0)
		return cli_usage("relate", "whose? Name the recipient");
	if (arguments->word_count > 2)
		return cli_usage("relate", "one party at a time");
	if (arguments->import != NULL && (marks || arguments->word_count == 2))
		return cli_usage("relate",
		    "a table names parties and stages itself");
	if (arguments->dry_run && arguments->import == NULL)
		return cli_usage("relate", "--dry-run is for --import");
	if (marks && arguments->word_count == 1)
		return cli_usage("relate", "with whom? Name the party");
	if (!marks && arguments->word_count == 2)
		return cli_usage("relate",
		    "which stage? Give --stage STAGE, or --remove");
	return 0;
}

int
cli_relate(const struct cli_arguments *arguments)
{
	struct cli_recipient recipient;
	int code = check_usage(arguments);

	if (code != 0)
		return code;
	code = cli_recipient_open(arguments, arguments->words[0], &recipient);
	if (code != 0)
		return code;
	code = relate(arguments, &recipient);
	cli_recipient_close(&recipient);
	return code;
}
