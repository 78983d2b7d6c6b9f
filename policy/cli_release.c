/*
 * cli_release: `usher release`: held messages go on to their recipients.
 *
 * Run by a timer for what is due, and by hand for any. A message is let go
 * first and forgotten then: whoever dies between the two finds it gone the
 * next time. It runs as root, never in the milter (design-mail.md "Hold").
 */
#include "cli_release.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FRESH_S = 900 };

struct releasing {
	const struct cli_arguments *arguments;
	struct usher *usher;
	struct cli_mta mta;
	bool *named; /* which of the words were held */
	int code;
};

static bool
is_wanted(struct releasing *releasing, const struct usher_held *held, bool due)
{
	const struct cli_arguments *arguments = releasing->arguments;
	bool named = false;

	for (size_t i = 0; i < arguments->word_count; i++)
		if (strcmp(arguments->words[i], held->queue_id) == 0)
			releasing->named[i] = named = true;
	if (arguments->word_count == 0)
		return due;
	return named && (due || !arguments->due);
}

static void
tell(const struct usher_held *held, const char *what)
{
	cli_put(held->queue_id, stdout);
	printf(": %s", what);
	for (size_t i = 0; i < held->recipient_count; i++) {
		fputs(i == 0 ? ", for " : ", ", stdout);
		cli_put(held->recipients[i], stdout);
	}
	putchar('\n');
}

static int
forget(struct releasing *releasing, const struct usher_held *held)
{
	struct usher_error error = { .text = "" };
	struct usher_notes *notes = NULL;
	int code = usher_notes_new(releasing->usher, &notes, &error);

	if (code == 0)
		code = usher_notes_released(notes, held->queue_id, &error);
	if (code == 0)
		code = usher_notes_commit(notes, 60000, &error);
	usher_notes_free(notes);
	return code == 0 ? 0 : cli_failed("%s", error.text);
}

/* Noted, but not yet a whole message: it may be on its way into the queue. */
static bool
is_fresh(const struct releasing *releasing, const struct usher_held *held)
{
	return releasing->mta.at - held->arrival < FRESH_S;
}

static int
release(void *arg, const struct usher_held *held, bool due)
{
	static const char *const outcomes[] = {
		[CLI_RELEASED] = "released",
		[CLI_GONE] = "not in the queue any more",
		[CLI_NOT_HELD] = "was released already",
		[CLI_ANOTHER] = "is another message by now",
	};
	struct releasing *releasing = arg;
	bool postfix = strncmp(held->mta, "Postfix", 7) == 0;
	enum cli_release outcome;

	if (!is_wanted(releasing, held, due))
		return 0;
	outcome = (postfix ? cli_postfix_release
			   : cli_sendmail_release)(&releasing->mta, held);
	if (outcome == CLI_NOT_RELEASED) {
		releasing->code = CLI_FAILED;
		return 0;
	}
	if (outcome == CLI_GONE && is_fresh(releasing, held)) {
		tell(held, "not in the queue yet");
		return 0;
	}
	tell(held, outcomes[outcome]);
	if (forget(releasing, held) != 0)
		releasing->code = CLI_FAILED;
	return 0;
}

static void
tell_unknown(struct releasing *releasing)
{
	const struct cli_arguments *arguments = releasing->arguments;

	for (size_t i = 0; i < arguments->word_count; i++) {
		if (releasing->named[i])
			continue;
		fprintf(stderr, "usher: no message %s is held\n",
		    arguments->words[i]);
		if (releasing->code == CLI_DONE)
			releasing->code = CLI_NEGATIVE;
	}
}

static int
release_all(struct releasing *releasing)
{
	struct usher_conf *conf = usher_conf_hold(releasing->usher);
	struct usher_error error = { .text = "" };
	int64_t at = 0;
	int code = cli_time(conf, NULL, releasing->arguments->at, &at);

	usher_conf_release(conf);
	if (code != 0)
		return code;
	/* The age that the MTA sees is that of its own clock. */
	releasing->mta.at = (int64_t)time(NULL);
	if (releasing->mta.at < at)
		releasing->mta.at = at;
	if (usher_held_each(releasing->usher, at, release, releasing, &error) !=
	    0)
		return cli_failed("%s", error.text);
	cli_postfix_end(&releasing->mta);
	tell_unknown(releasing);
	return releasing->code;
}

int
cli_release(const struct cli_arguments *arguments)
{
	const char *path = arguments->conf == NULL ? CLI_CONF : arguments->conf;
	struct releasing releasing = { .arguments = arguments,
		.mta = { .sendmail_conf = arguments->sendmail_conf } };
	int code = cli_handle_open(path, USHER_STORE, &releasing.usher);

	if (code != 0)
		return code;
	releasing.named = calloc(arguments->word_count + 1, sizeof(bool));
	code = releasing.named == NULL ? cli_failed("out of memory")
				       : release_all(&releasing);
	free(releasing.named);
	usher_close(releasing.usher);
	return code;
}
