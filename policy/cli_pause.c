/*
 * cli_pause: `usher pause`: Usher observes, for one recipient or the site,
 * until a time (design-mail.md "Operation"). It acts with the next attempt.
 */
#include "cli.h"

#include <time.h>

enum { WAIT_MS = 5000 };

static int
write_pause(const struct cli_recipient *recipient, int64_t until)
{
	struct usher_error error = { .text = "out of memory" };
	struct usher_notes *notes;
	int code = usher_notes_new(recipient->usher, &notes, &error);

	if (code == 0)
		code = usher_notes_pause(notes, recipient->policy,
		    recipient->who, until, &error);
	if (code == 0)
		code = usher_notes_commit(notes, WAIT_MS, &error);
	usher_notes_free(notes);
	return code == 0 ? 0 : cli_failed("%s", error.text);
}

static void
print_pause(const struct cli_recipient *recipient, int64_t until)
{
	const char *whom = recipient->who == NULL ? "the site" : recipient->who;
	char text[USHER_INSTANT_TEXT];

	if (until == 0) {
		printf("%s: the pause is over\n", whom);
		return;
	}
	usher_instant_local(recipient->policy, until, text);
	printf("%s: only observed until %s\n", whom, text);
}

static int
pause_one(const struct cli_arguments *arguments,
    const struct cli_recipient *recipient)
{
	int64_t until;
	int code;

	if (recipient->who != NULL && recipient->policy == NULL) {
		printf("%s published nothing here, and is left alone as it"
		       " is\n",
		    recipient->who);
		return CLI_NEGATIVE;
	}
	code = cli_until(arguments, recipient, (int64_t)time(NULL), &until);
	if (code == 0)
		code = write_pause(recipient, until);
	if (code == 0)
		print_pause(recipient, until);
	return code;
}

int
cli_pause(const struct cli_arguments *arguments)
{
	struct cli_recipient recipient;
	int code;

	if (arguments->until == NULL)
		return cli_usage("pause", "until when? Give --until TIME");
	if (arguments->word_count > 1)
		return cli_usage("pause", "one recipient at a time");
	code = cli_recipient_open(arguments,
	    arguments->word_count == 0 ? NULL : arguments->words[0],
	    &recipient);
	if (code != 0)
		return code;
	code = pause_one(arguments, &recipient);
	cli_recipient_close(&recipient);
	return code;
}
