/*
 * cli_show: `usher show`: a recipient's week as a table, with what is open or
 * closed besides and whose numbers are joined with theirs.
 */
#include "cli.h"

struct joined {
	const struct cli_recipient *recipient;
	size_t count;
};

/* A stranger is shown, so that memory has nothing to say but these. */
static void
recall(struct cli_recipient *recipient, int64_t at)
{
	struct usher_facts *facts;

	if (usher_facts_new(recipient->conf, USHER_EMAIL, &facts) != 0)
		return;
	cli_recipient_recall(recipient, facts, at);
	usher_facts_free(facts);
}

static void
print_pause(const struct cli_recipient *recipient)
{
	char until[USHER_INSTANT_TEXT];

	if (usher_memory_paused(recipient->memory) == 0)
		return;
	usher_instant_local(recipient->policy,
	    usher_memory_paused(recipient->memory), until);
	printf("Paused until %s: nobody is turned away.\n\n", until);
}

static void
print_overrides(const struct cli_recipient *recipient)
{
	const struct usher_override *override;
	size_t count = 0;

	while ((override = usher_memory_override(recipient->memory, count)) !=
	    NULL) {
		cli_print_override(recipient, override);
		count++;
	}
	if (count > 0)
		putchar('\n');
}

/* Below the strangers' week: who is none, and calls as somebody else. */
static int
print_link(void *arg, const struct usher_link *link)
{
	struct joined *joined = arg;

	if (joined->count++ == 0)
		puts("\nNumbers that introductions joined with their senders:");
	fputs("  ", stdout);
	cli_print_link(joined->recipient, link);
	return 0;
}

static int
print_links(const struct cli_recipient *recipient, int64_t at)
{
	struct joined joined = { recipient, 0 };
	struct usher_error error = { .text = "out of memory" };

	if (usher_link_each(recipient->usher, recipient->policy, recipient->who,
		at, print_link, &joined, &error) != 0)
		return cli_failed("%s", error.text);
	return 0;
}

int
cli_show(const struct cli_arguments *arguments)
{
	struct usher_error error = { .text = "" };
	struct cli_recipient recipient;
	int64_t at = 0;
	int code;

	if (arguments->word_count != 1)
		return cli_usage("show",
		    arguments->word_count == 0
			? "whose week? Name the recipient"
			: "one recipient at a time");
	code = cli_recipient_open(arguments, arguments->words[0], &recipient);
	if (code != 0)
		return code;
	code = cli_time(recipient.conf, recipient.policy, arguments->at, &at);
	if (code == 0 && recipient.policy == NULL) {
		printf("%s published nothing here, and the site has no "
		       "default: everybody is accepted.\n",
		    recipient.who);
		code = CLI_NEGATIVE;
	} else if (code == 0) {
		recall(&recipient, at);
		print_pause(&recipient);
		print_overrides(&recipient);
		if (usher_show(recipient.usher, recipient.policy,
			recipient.memory, at, stdout, &error) != 0)
			code = cli_failed("%s", error.text);
		else if (!recipient.unreadable)
			code = print_links(&recipient, at);
	}
	cli_recipient_close(&recipient);
	return code;
}
