/*
 * cli_replay: `usher replay`: what would have happened to stored mails.
 *
 * Each mail is decided as of the time it came (its topmost Received, else
 * Date, else now), or as of --at. A table for people, or explain's JSON with
 * "file", a line a mail.
 */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct replaying {
	const struct cli_arguments *arguments;
	struct cli_recipient recipient;
	bool fixed; /* --at was given */
	int64_t at;
	struct usher_decision *decision; /* used again */
	size_t counts[USHER_ACCEPT + 1];
	bool broken; /* some file could not be read */
	int code;    /* an exit code that ends it */
};

enum { FILE_WIDTH = 20, FROM_WIDTH = 26 };

/* The end of a name, which tells more of a file than its beginning. */
static const char *
tail(const char *name, int width, char out[64])
{
	size_t length = strlen(name), keep = (size_t)width - 2;
	const char *at;

	if (length <= (size_t)width)
		return name;
	at = name + length - keep;
	while (((unsigned char)*at & 0xc0) == 0x80)
		at++;
	(void)snprintf(out, 64, "..%s", at);
	return out;
}

static void
put_cell(const char *text, int width)
{
	int length = (int)strlen(text);

	cli_put(text, stdout);
	printf("%*s  ", length < width ? width - length : 0, "");
}

static void
print_row(const struct replaying *replaying, const char *file, const char *from,
    const struct usher_facts *facts, int64_t at)
{
	const struct usher_verdict *verdict = usher_decision_verdict(
	    replaying->decision);
	char time[USHER_INSTANT_TEXT], cut[64];

	usher_instant_local(replaying->recipient.policy, at, time);
	time[10] = ' ';
	time[16] = '\0'; /* "2026-11-24 15:00" */
	put_cell(tail(file, FILE_WIDTH, cut), FILE_WIDTH);
	put_cell(time, 16);
	put_cell(tail(from, FROM_WIDTH, cut), FROM_WIDTH);
	put_cell(usher_purpose_word(usher_facts_get_purpose(facts)), 13);
	put_cell(usher_answer_word(verdict->answer), 8);
	cli_put(verdict->rule, stdout);
	putchar('\n');
}

static int
print_json(const struct replaying *replaying, const char *file,
    const char *from)
{
	char *text = usher_decision_json(replaying->decision,
	    replaying->recipient.who, from, file);

	if (text == NULL)
		return ENOMEM;
	puts(text);
	free(text);
	return 0;
}

static int
decide(struct replaying *replaying, const char *file, struct cli_mail *mail,
    struct usher_error *error)
{
	struct cli_recipient *recipient = &replaying->recipient;
	struct usher_question question = {
		.policy = recipient->policy,
		.facts = mail->facts,
		.at = replaying->at,
		.trace = replaying->arguments->json,
		.safety = mail->safety || cli_is_role(recipient->who),
	};
	int code;

	if (!replaying->fixed)
		(void)usher_message_time(mail->message, &question.at);
	cli_recipient_recall(recipient, mail->facts, question.at);
	question.memory = recipient->memory;
	code = usher_decide(recipient->usher, &question, &replaying->decision,
	    error);
	if (code != 0)
		return code;
	replaying
	    ->counts[usher_decision_verdict(replaying->decision)->answer]++;
	if (replaying->arguments->json)
		return print_json(replaying, file, mail->from);
	print_row(replaying, file, mail->from, mail->facts, question.at);
	return 0;
}

static int
replay_one(const char *file, const char *data, size_t length, void *arg)
{
	struct replaying *replaying = arg;
	struct usher_error error = { .text = "out of memory" };
	struct cli_mail mail;
	int code = cli_mail_read(replaying->recipient.conf, data, length, NULL,
	    &mail, &error);

	if (code == 0)
		code = decide(replaying, file, &mail, &error);
	cli_mail_free(&mail);
	if (code != 0)
		replaying->code = cli_failed("%s: %s", file, error.text);
	return code;
}

static void
replay_path(struct replaying *replaying, const char *path)
{
	struct usher_error error = { .text = "" };

	if (cli_mailbox_each(path, replay_one, replaying, &error) == 0 ||
	    replaying->code != 0)
		return;
	cli_say_error(&error);
	replaying->broken = true;
}

static void
print_totals(const struct replaying *replaying)
{
	const size_t *counts = replaying->counts;
	size_t all = 0;

	for (int i = 0; i <= USHER_ACCEPT; i++)
		all += counts[i];
	printf("%zu mail%s: %zu accept, %zu defer, %zu redirect, %zu refuse\n",
	    all, all == 1 ? "" : "s", counts[USHER_ACCEPT], counts[USHER_DEFER],
	    counts[USHER_REDIRECT], counts[USHER_REFUSE]);
}

static int
replay_all(struct replaying *replaying)
{
	const struct cli_arguments *arguments = replaying->arguments;

	if (!arguments->json) {
		put_cell("file", FILE_WIDTH);
		put_cell("date", 16);
		put_cell("from", FROM_WIDTH);
		put_cell("purpose", 13);
		put_cell("verdict", 8);
		puts("rule");
	}
	for (size_t i = 0; i < arguments->word_count && replaying->code == 0;
	     i++)
		replay_path(replaying, arguments->words[i]);
	if (!arguments->json && replaying->code == 0)
		print_totals(replaying);
	if (replaying->code != 0)
		return replaying->code;
	return replaying->broken ? CLI_WRONG : CLI_DONE;
}

int
cli_replay(const struct cli_arguments *arguments)
{
	struct replaying replaying = { .arguments = arguments,
		.fixed = arguments->at != NULL };
	int code;

	if (arguments->to == NULL)
		return cli_usage("replay",
		    "whom did they reach? Give --to "
		    "WHO");
	if (arguments->word_count == 0)
		return cli_usage("replay",
		    "which mails? Name an mbox, a "
		    "Maildir or files");
	code = cli_recipient_open(arguments, arguments->to,
	    &replaying.recipient);
	if (code != 0)
		return code;
	code = cli_time(replaying.recipient.conf, replaying.recipient.policy,
	    arguments->at, &replaying.at);
	if (code == 0)
		code = replay_all(&replaying);
	usher_decision_free(replaying.decision);
	cli_recipient_close(&replaying.recipient);
	return code;
}
