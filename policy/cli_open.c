/*
 * cli_open: `usher open` and `usher close`: the recipient's wish of the moment,
 * over their rules and promises (design.md §4 "Fixed precedence").
 */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 5000 };

static int
read_channel(const char *command, const char *word, size_t length,
    unsigned *bits)
{
	const char *names[USHER_CHANNELS];
	char given[32], meant[CLI_MEANT];
	enum usher_channel channel;

	(void)snprintf(given, sizeof(given), "%.*s", (int)length, word);
	for (int i = 0; i < USHER_CHANNELS; i++)
		names[i] = usher_channel_word((enum usher_channel)i);
	if (!usher_channel_read(given, &channel) || channel >= USHER_CHANNELS)
		return cli_usage(command, "there is no channel `%s`%s", given,
		    cli_meant(given, names, USHER_CHANNELS, meant));
	*bits |= 1u << channel;
	return 0;
}

/* "phone,video" to their bits. */
static int
read_channels(const char *command, const char *text, unsigned *bits)
{
	int code = 0;

	*bits = 0;
	while (code == 0 && text != NULL) {
		size_t length = strcspn(text, ",");

		code = read_channel(command, text, length, bits);
		text = text[length] == '\0' ? NULL : text + length + 1;
	}
	return code;
}

static int
write_override(const struct cli_recipient *recipient,
    const struct usher_override *override)
{
	struct usher_error error = { .text = "out of memory" };
	struct usher_notes *notes;
	int code = usher_notes_new(recipient->usher, &notes, &error);

	if (code == 0)
		code = usher_notes_override(notes, recipient->policy,
		    recipient->who, override, &error);
	if (code == 0)
		code = usher_notes_commit(notes, WAIT_MS, &error);
	usher_notes_free(notes);
	if (code == ENOSPC)
		return cli_wrong("%s has %d things open or closed already",
		    recipient->who, USHER_OVERRIDES);
	if (code == EINVAL)
		return cli_wrong("%s", error.text);
	return code == 0 ? 0 : cli_failed("%s", error.text);
}

static void
print_scope(const struct usher_override *override)
{
	const char *before = " for ";

	for (unsigned i = 0; i < USHER_CHANNELS; i++)
		if ((override->channels & 1u << i) != 0) {
			printf("%s%s", before,
			    usher_channel_word((enum usher_channel)i));
			before = ", ";
		}
	if (override->party != NULL) {
		printf("%sparty ", before);
		cli_put(override->party, stdout);
		before = ", ";
	}
	if (override->topic != NULL) {
		printf("%stopic ", before);
		cli_put(override->topic, stdout);
	}
}

void
cli_print_override(const struct cli_recipient *recipient,
    const struct usher_override *override)
{
	char until[USHER_INSTANT_TEXT];

	usher_instant_local(recipient->policy, override->until, until);
	fputs(override->opens ? "Open" : "Closed", stdout);
	print_scope(override);
	printf(" until %s.\n", until);
}

static void
print_done(const struct cli_recipient *recipient,
    const struct usher_override *override)
{
	cli_put(recipient->who, stdout);
	fputs(": ", stdout);
	if (override->until != 0) {
		cli_print_override(recipient, override);
		return;
	}
	fputs("Neither open nor closed", stdout);
	print_scope(override);
	puts(" any more.");
}

static int
override_one(const char *command, const struct cli_arguments *arguments,
    const struct cli_recipient *recipient)
{
	struct usher_override override = { .opens = command[0] == 'o',
		.party = arguments->party,
		.topic = arguments->topic };
	int code;

	if (recipient->policy == NULL) {
		printf("%s published nothing here, and is left alone as it"
		       " is\n",
		    recipient->who);
		return CLI_NEGATIVE;
	}
	code = read_channels(command, arguments->channel, &override.channels);
	if (code == 0)
		code = cli_time(recipient->conf, recipient->policy,
		    arguments->at, &override.given);
	if (code == 0)
		code = cli_until(arguments, recipient, override.given,
		    &override.until);
	if (code == 0)
		code = write_override(recipient, &override);
	if (code == 0)
		print_done(recipient, &override);
	return code;
}

static int
run(const char *command, const struct cli_arguments *arguments)
{
	struct cli_recipient recipient;
	int code;

	if (arguments->word_count != 1)
		return cli_usage(command,
		    arguments->word_count == 0 ? "whose? Name the recipient"
					       : "one recipient at a time");
	if (arguments->until == NULL)
		return cli_usage(command, "until when? Give --until TIME");
	code = cli_recipient_open(arguments, arguments->words[0], &recipient);
	if (code != 0)
		return code;
	code = override_one(command, arguments, &recipient);
	cli_recipient_close(&recipient);
	return code;
}

int
cli_open(const struct cli_arguments *arguments)
{
	return run("open", arguments);
}

int
cli_close(const struct cli_arguments *arguments)
{
	return run("close", arguments);
}
