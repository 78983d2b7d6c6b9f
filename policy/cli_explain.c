/*
 * cli_explain: `usher explain`: how an attempt would be answered, and why.
 *
 * The attempt is what the options say, or the message on standard input. All
 * that there is counts as shown, so no answer is pending, and nothing is
 * recorded (design.md §5, §7, §10).
 */
#include "cli.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

struct explaining {
	const struct cli_arguments *arguments;
	struct cli_recipient recipient;
	enum usher_channel channel;
	bool purpose_given;
	enum usher_purpose purpose;
	char *input; /* the message, or NULL */
	size_t input_length;
	struct cli_mail mail;	   /* read from it */
	struct usher_facts *facts; /* the mail's, or our own */
	const char *from;
	int64_t at;
};

/* `+` and 1 to 15 digits, however grouped; or a SIP or tel URI. */
static bool
is_number(const char *who)
{
	size_t digits = 0;

	if (strncasecmp(who, "sip:", 4) == 0 ||
	    strncasecmp(who, "sips:", 5) == 0 ||
	    strncasecmp(who, "tel:", 4) == 0)
		return true;
	if (*who++ != '+')
		return false;
	for (; *who != '\0'; who++) {
		if (isdigit((unsigned char)*who))
			digits++;
		else if (strchr("-.() ", *who) == NULL)
			return false;
	}
	return digits >= 1 && digits <= 15;
}

static int
read_channel(struct explaining *explaining)
{
	const struct cli_arguments *arguments = explaining->arguments;
	const char *names[USHER_CHANNELS];
	char meant[CLI_MEANT];

	explaining->channel = USHER_EMAIL;
	if (arguments->channel == NULL) {
		if (arguments->from != NULL &&
		    (is_number(arguments->from) || is_number(arguments->to)))
			explaining->channel = USHER_PHONE;
		return 0;
	}
	for (int i = 0; i < USHER_CHANNELS; i++)
		names[i] = usher_channel_word((enum usher_channel)i);
	if (!usher_channel_read(arguments->channel, &explaining->channel) ||
	    explaining->channel >= USHER_CHANNELS)
		return cli_usage("explain", "no attempt comes by `%s`%s",
		    arguments->channel,
		    cli_meant(arguments->channel, names, USHER_CHANNELS,
			meant));
	if (arguments->from == NULL && explaining->channel != USHER_EMAIL)
		return cli_usage("explain",
		    "a message on standard input "
		    "comes by email; an attempt by %s needs --from",
		    arguments->channel);
	return 0;
}

static int
read_purpose(struct explaining *explaining)
{
	const char *word = explaining->arguments->purpose;
	const char *names[USHER_PERSONAL + 1];
	char meant[CLI_MEANT];

	if (word == NULL)
		return 0;
	for (int i = 0; i <= USHER_PERSONAL; i++)
		names[i] = usher_purpose_word((enum usher_purpose)i);
	if (!usher_purpose_read(word, &explaining->purpose))
		return cli_usage("explain", "there is no purpose `%s`%s", word,
		    cli_meant(word, names, USHER_PERSONAL + 1, meant));
	explaining->purpose_given = true;
	return 0;
}

static int
read_input(struct explaining *explaining)
{
	if (explaining->arguments->from != NULL)
		return 0;
	if (isatty(STDIN_FILENO))
		return cli_usage("explain",
		    "who approaches? Give --from WHO, "
		    "or a message on standard input");
	if (cli_read_all(stdin, &explaining->input,
		&explaining->input_length) != 0)
		return cli_failed("standard input: %s", strerror(errno));
	if (explaining->input_length == 0)
		return cli_usage("explain",
		    "standard input is empty: give "
		    "--from WHO, or a message there");
	return 0;
}

static int
read_usage(struct explaining *explaining)
{
	const struct cli_arguments *arguments = explaining->arguments;
	int code;

	if (arguments->word_count > 0)
		return cli_usage("explain",
		    "`%s` is no option; a message "
		    "comes on standard input",
		    arguments->words[0]);
	if (arguments->to == NULL)
		return cli_usage("explain",
		    "whom does it reach? Give --to "
		    "WHO");
	code = read_channel(explaining);
	if (code == 0)
		code = read_purpose(explaining);
	for (size_t i = 0; code == 0 && i < arguments->fact_count; i++)
		if (strchr(arguments->facts[i], '=') == NULL)
			code = cli_usage("explain",
			    "--fact `%s` should be "
			    "NAME=VALUE, such as attachment=pdf",
			    arguments->facts[i]);
	if (code == 0)
		code = read_input(explaining);
	return code;
}

static int
facts_failed(int code, const struct usher_error *error)
{
	if (error->text[0] == '\0')
		return cli_failed("%s", strerror(code));
	cli_say_error(error);
	return code == ENOMEM ? CLI_FAILED : CLI_WRONG;
}

/* "anonymous", also as a caller's network writes it (RFC 3323 §4.1). */
static bool
is_anonymous(const char *from)
{
	static const char *const forms[] = { "anonymous", "sip:anonymous@",
		"sips:anonymous@" };

	if (strcasecmp(from, forms[0]) == 0)
		return true;
	return strncasecmp(from, forms[1], strlen(forms[1])) == 0 ||
	    strncasecmp(from, forms[2], strlen(forms[2])) == 0;
}

static int
set_from(struct explaining *explaining, struct usher_error *error)
{
	const char *from = explaining->arguments->from;

	explaining->from = from;
	if (is_anonymous(from)) {
		usher_facts_anonymous(explaining->facts);
		return 0;
	}
	return usher_facts_claim(explaining->facts, from, error);
}

static int
facts_of_options(struct explaining *explaining, struct usher_error *error)
{
	const struct cli_arguments *arguments = explaining->arguments;
	struct usher_conf *conf = explaining->recipient.conf;
	int code = usher_facts_new(conf, explaining->channel,
	    &explaining->facts);

	if (code == 0) {
		usher_facts_shown(explaining->facts, USHER_ALL);
		usher_facts_purpose(explaining->facts, explaining->purpose);
		code = set_from(explaining, error);
	}
	if (code == 0 && explaining->channel == USHER_EMAIL &&
	    usher_conf_mail(conf)->trust_claimed)
		usher_facts_prove_claims(explaining->facts);
	if (code == 0 && arguments->verified && !is_anonymous(arguments->from))
		code = usher_facts_prove(explaining->facts, arguments->from,
		    error);
	return code;
}

static int
facts_of_message(struct explaining *explaining, struct usher_error *error)
{
	int code = cli_mail_read(explaining->recipient.conf, explaining->input,
	    explaining->input_length,
	    explaining->purpose_given ? &explaining->purpose : NULL,
	    &explaining->mail, error);

	if (code != 0)
		return code;
	explaining->facts = explaining->mail.facts;
	explaining->from = explaining->mail.from;
	if (explaining->arguments->verified && *explaining->from != '\0')
		code = usher_facts_prove(explaining->facts, explaining->from,
		    error);
	return code;
}

static int
set_fact(struct usher_facts *facts, const char *fact, struct usher_error *error)
{
	const char *equals = strchr(fact, '=');
	char *name = strndup(fact, (size_t)(equals - fact));
	int code = ENOMEM;

	if (name != NULL)
		code = usher_facts_set(facts, name, equals + 1, error);
	free(name);
	return code;
}

/* "alice+K7Q2-..." of --to may hold a code, as the address of a mail. */
static int
set_tag(struct usher_facts *facts, const char *to)
{
	const char *plus = strchr(to, '+'), *at = strrchr(to, '@');
	char *tag;
	int code;

	if (plus == NULL || plus == to || at == NULL || plus > at)
		return 0;
	tag = strndup(plus + 1, (size_t)(at - plus - 1));
	code = tag == NULL ? ENOMEM : usher_facts_tag(facts, tag);
	free(tag);
	return code;
}

static int
make_facts(struct explaining *explaining)
{
	const struct cli_arguments *arguments = explaining->arguments;
	struct usher_error error = { .text = "" };
	int code = arguments->from != NULL
	    ? facts_of_options(explaining, &error)
	    : facts_of_message(explaining, &error);

	if (code == 0)
		code = set_tag(explaining->facts, arguments->to);
	if (code == 0 && arguments->subject != NULL)
		code = usher_facts_subject(explaining->facts,
		    arguments->subject, strlen(arguments->subject));
	for (size_t i = 0; code == 0 && i < arguments->fact_count; i++)
		code = set_fact(explaining->facts, arguments->facts[i], &error);
	return code == 0 ? 0 : facts_failed(code, &error);
}

static void
print_opening(const struct usher_opening *opening,
    const struct explaining *explaining)
{
	char from[USHER_INSTANT_TEXT];

	usher_instant_text(opening->from, from);
	if (!opening->exists)
		printf(" By %s no opening begins in the next 35 days.\n",
		    usher_channel_word(explaining->channel));
	else if (opening->from <= explaining->at)
		puts(" The door is open now.");
	else
		printf(" The door opens at %s (UTC).\n", from);
}

/* The verdict in a sentence, before its parts. */
static void
print_sentence(const struct explaining *explaining,
    const struct usher_verdict *verdict)
{
	const char *who = explaining->recipient.who;

	printf("%s: ", usher_answer_word(verdict->answer));
	if (explaining->recipient.policy == NULL)
		printf("%s published nothing here and is left alone.\n", who);
	else if (verdict->answer == USHER_ACCEPT)
		printf("it reaches %s.\n", who);
	else if (verdict->answer == USHER_REFUSE)
		puts("turned away for good.");
	else if (verdict->answer == USHER_DEFER)
		fputs("turned away for now.", stdout);
	else if (verdict->missing_count > 0)
		fputs("turned away, and told what to bring.", stdout);
	else
		fputs("turned away, and told the way to take.", stdout);
	if (verdict->answer == USHER_DEFER || verdict->answer == USHER_REDIRECT)
		print_opening(&verdict->opening, explaining);
}

static void
print_mode(const struct cli_recipient *recipient)
{
	enum usher_mode mode, now;
	char until[USHER_INSTANT_TEXT];

	if (recipient->policy == NULL)
		return;
	mode = usher_policy_mode(recipient->policy);
	now = usher_memory_mode(recipient->memory, mode);
	if (now == mode && mode != USHER_ENFORCE)
		printf("The mode is `%s`: nobody is turned away.\n",
		    usher_mode_word(mode));
	if (now == mode)
		return;
	usher_instant_local(recipient->policy,
	    usher_memory_paused(recipient->memory), until);
	printf("Paused until %s: nobody is turned away.\n", until);
}

static int
print_decision(const struct explaining *explaining,
    const struct usher_decision *decision)
{
	const struct usher_verdict *verdict = usher_decision_verdict(decision);
	const char *who = explaining->recipient.who;
	bool json = explaining->arguments->json;
	char *text = json
	    ? usher_decision_json(decision, who, explaining->from, NULL)
	    : usher_decision_text(decision, who, explaining->from);

	if (text == NULL)
		return cli_failed("out of memory");
	if (json)
		puts(text);
	else {
		print_sentence(explaining, verdict);
		print_mode(&explaining->recipient);
		cli_put(text, stdout);
	}
	free(text);
	return verdict->answer == USHER_ACCEPT ? CLI_DONE : CLI_NEGATIVE;
}

static int
decide(struct explaining *explaining)
{
	struct cli_recipient *recipient = &explaining->recipient;
	struct usher_decision *decision = NULL;
	struct usher_error error = { .text = "" };
	struct usher_question question = {
		.policy = recipient->policy,
		.facts = explaining->facts,
		.trace = true,
		.safety = explaining->mail.safety ||
		    (explaining->channel == USHER_EMAIL &&
			cli_is_role(recipient->who)),
	};
	int code = cli_time(recipient->conf, recipient->policy,
	    explaining->arguments->at, &explaining->at);

	if (code != 0)
		return code;
	question.at = explaining->at;
	cli_recipient_recall(recipient, explaining->facts, question.at);
	question.memory = recipient->memory;
	if (usher_decide(recipient->usher, &question, &decision, &error) != 0)
		code = cli_failed("%s", error.text);
	else
		code = print_decision(explaining, decision);
	usher_decision_free(decision);
	return code;
}

int
cli_explain(const struct cli_arguments *arguments)
{
	struct explaining explaining = { .arguments = arguments };
	int code = read_usage(&explaining);

	if (code == 0)
		code = cli_recipient_open(arguments, arguments->to,
		    &explaining.recipient);
	if (code == 0) {
		code = make_facts(&explaining);
		if (code == 0)
			code = decide(&explaining);
		if (explaining.facts != explaining.mail.facts)
			usher_facts_free(explaining.facts);
		cli_mail_free(&explaining.mail);
		cli_recipient_close(&explaining.recipient);
	}
	free(explaining.input);
	return code;
}
