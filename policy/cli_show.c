/*
 * cli_show: `usher show`: a recipient's week as a table.
 */
#include "cli.h"

/* A stranger is shown, so that memory has nothing to say but this. */
static void
print_pause(struct cli_recipient *recipient, int64_t at)
{
	char until[USHER_INSTANT_TEXT];
	struct usher_facts *facts;

	if (usher_facts_new(recipient->conf, USHER_EMAIL, &facts) != 0)
		return;
	cli_recipient_recall(recipient, facts, at);
	usher_facts_free(facts);
	if (usher_memory_paused(recipient->memory) == 0)
		return;
	usher_instant_local(recipient->policy,
	    usher_memory_paused(recipient->memory), until);
	printf("Paused until %s: nobody is turned away.\n\n", until);
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
		print_pause(&recipient, at);
		if (usher_show(recipient.usher, recipient.policy, at, stdout,
			&error) != 0)
			code = cli_failed("%s", error.text);
	}
	cli_recipient_close(&recipient);
	return code;
}
