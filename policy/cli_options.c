/*
 * cli_options: the options of every command, by one table.
 *
 * Options and words mix; "--to=WHO" is "--to WHO"; "--" ends the options. The
 * same table prints the help of a command.
 */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

enum kind { TEXT, FLAG, LIST };

#define PLACE(member) offsetof(struct cli_arguments, member)

static const struct option {
	unsigned bit;
	const char *name; /* with its dashes */
	enum kind kind;
	size_t place;
	const char *value, *help;
} options[] = {
	{ CLI_OPT_CONF, "-c", TEXT, PLACE(conf), "FILE",
	    "the site's configuration; default " CLI_CONF },
	{ CLI_OPT_TO, "--to", TEXT, PLACE(to), "WHO",
	    "the recipient: an address, a number or a SIP address" },
	{ CLI_OPT_FROM, "--from", TEXT, PLACE(from), "WHO",
	    "who approaches; `anonymous` hides the identity" },
	{ CLI_OPT_CHANNEL, "--channel", TEXT, PLACE(channel), "CHANNEL",
	    "email, phone, video, fax or message" },
	{ CLI_OPT_CHANNELS, "--channel", TEXT, PLACE(channel), "CHANNEL",
	    "only by this channel; several with a comma between" },
	{ CLI_OPT_PURPOSE, "--purpose", TEXT, PLACE(purpose), "PURPOSE",
	    "sales, bulk, list, transactional, personal or unknown" },
	{ CLI_OPT_SUBJECT, "--subject", TEXT, PLACE(subject), "TEXT",
	    "the subject of the mail or call" },
	{ CLI_OPT_FACT, "--fact", LIST, PLACE(facts), "NAME=VALUE",
	    "any other fact: attachment=pdf, known=true; repeatable" },
	{ CLI_OPT_FILE, "--file", LIST, PLACE(facts), "LOG",
	    "search this log, - for standard input; repeatable" },
	{ CLI_OPT_VERIFIED, "--verified", FLAG, PLACE(verified), NULL,
	    "the identity of --from is proven" },
	{ CLI_OPT_AT, "--at", TEXT, PLACE(at), "TIME",
	    "decide as if it were TIME: 2026-11-24T15:00" },
	{ CLI_OPT_PREFERENCES, "--preferences", TEXT, PLACE(preferences),
	    "FILE", "decide straight from this file, without a store" },
	{ CLI_OPT_STRICT, "--strict", FLAG, PLACE(strict), NULL,
	    "exit with 1 when there are warnings" },
	{ CLI_OPT_FOR, "--for", TEXT, PLACE(whom), "WHO",
	    "whose mail it is: an address of theirs" },
	{ CLI_OPT_UNTIL, "--until", TEXT, PLACE(until), "TIME",
	    "when it ends: 2026-11-24T15:00; `now` ends it" },
	{ CLI_OPT_PARTY, "--party", TEXT, PLACE(party), "PARTY",
	    "only for a party, or an address, domain or number" },
	{ CLI_OPT_TOPIC, "--topic", TEXT, PLACE(topic), "TOPIC",
	    "only for a topic of the preferences" },
	{ CLI_OPT_STAGE, "--stage", TEXT, PLACE(stage), "STAGE",
	    "introduction, evaluation, customer, support, or own" },
	{ CLI_OPT_REMOVE, "--remove", FLAG, PLACE(remove), NULL,
	    "take the mark back; without --stage all" },
	{ CLI_OPT_IMPORT, "--import", TEXT, PLACE(import), "FILE",
	    "a table with a header line, commas between; - is stdin" },
	{ CLI_OPT_DRY_RUN, "--dry-run", FLAG, PLACE(dry_run), NULL,
	    "say what would be done, and do nothing" },
	{ CLI_OPT_CODE, "--party", TEXT, PLACE(party), "PARTY",
	    "the party it admits to: one with `code = true`" },
	{ CLI_OPT_CODE, "--until", TEXT, PLACE(until), "TIME",
	    "when it ends; default in 365 days, dialled in 90" },
	{ CLI_OPT_CODE, "--uses", TEXT, PLACE(uses), "N",
	    "so often; default no limit, dialled 5" },
	{ CLI_OPT_CODE, "--shared", FLAG, PLACE(shared), NULL,
	    "it does not become its first user's alone" },
	{ CLI_OPT_CODE, "--dialled", FLAG, PLACE(dialled), NULL,
	    "twelve digits, for a telephone's keys" },
	{ CLI_OPT_CODE, "--label", TEXT, PLACE(label), "TEXT",
	    "what `list` calls it" },
	{ CLI_OPT_DUE, "--due", FLAG, PLACE(due), NULL, "only what is due" },
	{ CLI_OPT_SENDMAIL, "--sendmail-conf", TEXT, PLACE(sendmail_conf),
	    "FILE", "the sendmail.cf of a Sendmail that is not the host's" },
	{ CLI_OPT_SINCE, "--since", TEXT, PLACE(since), "TIME",
	    "only what came from then on: 2026-11-24, or 30d" },
	{ CLI_OPT_BEFORE, "--until", TEXT, PLACE(until), "TIME",
	    "only what came before" },
	{ CLI_OPT_BY, "--by", TEXT, PLACE(by), "WHAT",
	    "channel, hour, verdict, party; several with a comma" },
	{ CLI_OPT_JSON, "--json", FLAG, PLACE(json), NULL,
	    "one JSON object a line" },
};

enum { OPTIONS = sizeof(options) / sizeof(options[0]) };

struct reading {
	const struct cli_command *command;
	int argc;
	char **argv;
	int at; /* the next argument */
	struct cli_arguments *arguments;
};

void
cli_command_help(const struct cli_command *command, FILE *out)
{
	char left[32];

	fprintf(out, "usage: usher %s %s\n\n%s\n", command->name,
	    command->synopsis, command->help);
	for (size_t i = 0; i < OPTIONS; i++) {
		const struct option *option = &options[i];

		if ((command->options & option->bit) == 0)
			continue;
		(void)snprintf(left, sizeof(left), "%s%s%s", option->name,
		    option->value == NULL ? "" : " ",
		    option->value == NULL ? "" : option->value);
		fprintf(out, "  %-20s  %s\n", left, option->help);
	}
	fprintf(out, "  %-20s  this help\n", "-h, --help");
}

static int
unknown_option(const struct reading *reading, const char *given, size_t length)
{
	char word[64], meant[CLI_MEANT];
	const char *names[OPTIONS];
	size_t count = 0;

	for (size_t i = 0; i < OPTIONS; i++)
		if ((reading->command->options & options[i].bit) != 0)
			names[count++] = options[i].name;
	(void)snprintf(word, sizeof(word), "%.*s", (int)length, given);
	return cli_usage(reading->command->name, "there is no option `%s`%s",
	    word, cli_meant(word, names, count, meant));
}

static const struct option *
find_option(const struct cli_command *command, const char *given, size_t length)
{
	for (size_t i = 0; i < OPTIONS; i++)
		if ((command->options & options[i].bit) != 0 &&
		    strlen(options[i].name) == length &&
		    memcmp(options[i].name, given, length) == 0)
			return &options[i];
	return NULL;
}

/* The value behind "=", or the next argument. */
static const char *
option_value(struct reading *reading, const char *equals)
{
	if (equals != NULL)
		return equals + 1;
	if (reading->at == reading->argc)
		return NULL;
	return reading->argv[reading->at++];
}

static int
set_text(struct reading *reading, const struct option *option,
    const char *value)
{
	void *place = (char *)reading->arguments + option->place;
	const char *before;

	if (option->kind == LIST) {
		reading->arguments->facts[reading->arguments->fact_count++] =
		    value;
		return -1;
	}
	memcpy(&before, place, sizeof(before));
	if (before != NULL)
		return cli_usage(reading->command->name, "`%s` is given twice",
		    option->name);
	memcpy(place, &value, sizeof(value));
	return -1;
}

static int
read_option(struct reading *reading, const char *given)
{
	const char *equals = given[1] == '-' ? strchr(given, '=') : NULL;
	size_t length = equals == NULL ? strlen(given)
				       : (size_t)(equals - given);
	const struct option *option = find_option(reading->command, given,
	    length);
	const char *value;

	if (option == NULL)
		return unknown_option(reading, given, length);
	if (option->kind == FLAG) {
		if (equals != NULL)
			return cli_usage(reading->command->name,
			    "`%s` takes no value", option->name);
		*((bool *)((char *)reading->arguments + option->place)) = true;
		return -1;
	}
	value = option_value(reading, equals);
	if (value == NULL || *value == '\0')
		return cli_usage(reading->command->name, "`%s` needs %s",
		    option->name, option->value);
	return set_text(reading, option, value);
}

static int
read_one(struct reading *reading, bool *only_words)
{
	const char *given = reading->argv[reading->at++];
	struct cli_arguments *arguments = reading->arguments;

	if (*only_words || given[0] != '-' || given[1] == '\0') {
		arguments->words[arguments->word_count++] = given;
		return -1;
	}
	if (strcmp(given, "--") == 0) {
		*only_words = true;
		return -1;
	}
	if (strcmp(given, "--help") == 0 || strcmp(given, "-h") == 0) {
		cli_command_help(reading->command, stdout);
		return CLI_DONE;
	}
	return read_option(reading, given);
}

int
cli_options_read(const struct cli_command *command, int argc, char **argv,
    struct cli_arguments *arguments)
{
	struct reading reading = { command, argc, argv, 0, arguments };
	bool only_words = false;
	int code = -1;

	arguments->words = calloc((size_t)argc + 1, sizeof(char *));
	arguments->facts = calloc((size_t)argc + 1, sizeof(char *));
	if (arguments->words == NULL || arguments->facts == NULL)
		code = cli_failed("out of memory");
	while (code == -1 && reading.at < argc)
		code = read_one(&reading, &only_words);
	if (code != -1)
		cli_arguments_free(arguments);
	return code;
}

void
cli_arguments_free(struct cli_arguments *arguments)
{
	free(arguments->words);
	free(arguments->facts);
	memset(arguments, 0, sizeof(*arguments));
}
