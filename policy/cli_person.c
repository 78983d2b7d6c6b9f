/*
 * cli_person: `usher export` and `usher forget`: all that is kept of a person.
 */
#include "cli.h"

#include <errno.h>
#include <string.h>

enum { WAIT_MS = 30000, KINDS = 32 };

static int
put(void *arg, const char *kind, const char *json)
{
	(void)arg;
	(void)kind;
	puts(json);
	return 0;
}

struct removed {
	size_t kinds;
	struct {
		const char *kind;
		unsigned long count;
	} list[KINDS];
};

static int
count(void *arg, const char *kind, const char *json)
{
	struct removed *removed = arg;
	size_t i = 0;

	(void)json;
	while (i < removed->kinds && strcmp(removed->list[i].kind, kind) != 0)
		i++;
	if (i == KINDS)
		return 0;
	if (i == removed->kinds)
		removed->list[removed->kinds++].kind = kind;
	removed->list[i].count++;
	return 0;
}

static int
put_removed(const struct removed *removed, const char *who, bool dry_run)
{
	for (size_t i = 0; i < removed->kinds; i++)
		printf("%s: %lu %s\n", removed->list[i].kind,
		    removed->list[i].count,
		    dry_run ? "would be removed" : "removed");
	if (removed->kinds > 0)
		return CLI_DONE;
	fputs("nothing is kept of ", stdout);
	cli_put(who, stdout);
	putchar('\n');
	return CLI_NEGATIVE;
}

static int
open_one(const struct cli_arguments *arguments, const char *command,
    struct cli_recipient *recipient)
{
	if (arguments->word_count != 1)
		return cli_usage(command,
		    arguments->word_count == 0
			? "of whom? Name an address, number or domain"
			: "one at a time");
	/* A domain is nobody's policy. */
	return cli_recipient_open(arguments,
	    strpbrk(arguments->words[0], "@:+") == NULL &&
		    strchr(arguments->words[0], '.') != NULL
		? NULL
		: arguments->words[0],
	    recipient);
}

static int
say(int failed, const struct usher_error *error)
{
	if (failed == 0)
		return 0;
	return failed == EINVAL ? cli_wrong("%s", error->text)
				: cli_failed("%s", error->text);
}

int
cli_export(const struct cli_arguments *arguments)
{
	struct usher_error error = { .text = "out of memory" };
	struct cli_recipient recipient;
	int code = open_one(arguments, "export", &recipient);

	if (code != 0)
		return code;
	code = say(usher_person_export(recipient.usher, recipient.conf,
		       recipient.policy, arguments->words[0], put, NULL,
		       &error),
	    &error);
	cli_recipient_close(&recipient);
	return code;
}

int
cli_forget(const struct cli_arguments *arguments)
{
	struct usher_error error = { .text = "out of memory" };
	struct removed removed = { .kinds = 0 };
	struct cli_recipient recipient;
	const char *who;
	int failed, code = open_one(arguments, "forget", &recipient);

	if (code != 0)
		return code;
	who = arguments->words[0];
	failed = usher_person_forget(recipient.usher, recipient.conf,
	    recipient.policy, who, arguments->dry_run, WAIT_MS, count, &removed,
	    &error);
	code = say(failed, &error);
	if (code == 0)
		code = put_removed(&removed, who, arguments->dry_run);
	cli_recipient_close(&recipient);
	return code;
}
