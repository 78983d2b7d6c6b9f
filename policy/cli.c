/*
 * cli: the command `usher`: finds what was asked for and runs it.
 *
 * Commands, their options, exit codes and JSON are a stable interface
 * (design.md §10); usher(1) describes it. A command reads, asks the library
 * and prints; whatever it decides, the library decides.
 */
#include "cli.h"

#include <errno.h>
#include <string.h>

static const struct cli_command commands[] = {
	{ "check", "[-c FILE] [--strict] [--at TIME] [FILE...]",
	    "find errors and doubtful rules before they are live",
	    "Checks preference files, and usher.conf with all the sources\n"
	    "that it names; without FILE the site's own. Says what is wrong\n"
	    "as `file:line: message`. Exits with 0, 1 for warnings with\n"
	    "--strict, 2 for errors.\n",
	    CLI_OPT_CONF | CLI_OPT_STRICT | CLI_OPT_AT, cli_check },
	{ "publish", "[-c FILE] [FILE...]",
	    "bring changed preferences into force",
	    "Checks every changed source and writes the store at once: the\n"
	    "next attempt is decided by it. Of a source that is broken the\n"
	    "last good policy stays. With FILE only these are looked at.\n",
	    CLI_OPT_CONF, cli_publish },
	{ "explain", "--to WHO [--from WHO] [OPTION...] [< MESSAGE]",
	    "say how an attempt would be answered, and why",
	    "Decides an attempt that the options describe, or without --from\n"
	    "the message on standard input. Nothing is recorded. Exits with\n"
	    "0 for accept, 1 for any other verdict.\n",
	    CLI_OPT_CONF | CLI_OPT_TO | CLI_OPT_FROM | CLI_OPT_CHANNEL |
		CLI_OPT_PURPOSE | CLI_OPT_SUBJECT | CLI_OPT_FACT |
		CLI_OPT_VERIFIED | CLI_OPT_AT | CLI_OPT_PREFERENCES |
		CLI_OPT_JSON,
	    cli_explain },
	{ "show", "[-c FILE] [--at TIME] [--preferences FILE] WHO",
	    "a recipient's week as a table",
	    "Prints the seven days from today, or from the day of TIME, as a\n"
	    "table with a column for each channel: how a typical stranger\n"
	    "who sells would be answered; with what is open or closed for a\n"
	    "while above it, and the numbers of introductions below.\n",
	    CLI_OPT_CONF | CLI_OPT_AT | CLI_OPT_PREFERENCES, cli_show },
	{ "replay", "--to WHO [OPTION...] MBOX|MAILDIR|FILE...",
	    "say what would have happened to stored mails",
	    "Decides every mail of mboxes, Maildirs, folders of .eml files\n"
	    "and single files as of the time it came. Nothing is recorded.\n",
	    CLI_OPT_CONF | CLI_OPT_TO | CLI_OPT_AT | CLI_OPT_PREFERENCES |
		CLI_OPT_JSON,
	    cli_replay },
	{ "learn", "[-c FILE] --for WHO [--dry-run] MBOX|MAILDIR|LOG...",
	    "mark who somebody wrote to as known",
	    "Reads Sent folders and mail logs of Postfix or Sendmail: whoever\n"
	    "WHO wrote to by hand is known to WHO from now on, for two years:\n"
	    "the organization, or the address where it is one of free mail.\n",
	    CLI_OPT_CONF | CLI_OPT_FOR | CLI_OPT_DRY_RUN, cli_learn },
	{ "pause", "[-c FILE] --until TIME [WHO]", "only observe for a while",
	    "Until TIME nobody is turned away from WHO, or without WHO from\n"
	    "anybody: all is decided and logged. It acts with the next mail\n"
	    "or call.\n",
	    CLI_OPT_CONF | CLI_OPT_UNTIL, cli_pause },
	{ "open", "[OPTION...] --until TIME WHO",
	    "accept whatever comes, for a while",
	    "Until TIME whatever comes to WHO by the channel, from the party\n"
	    "and on the topic is accepted, whatever the preferences say; what\n"
	    "the site says before them still counts. It acts with the next\n"
	    "attempt, in place of what was opened or closed before for the\n"
	    "same channels, party and topic. `usher show` lists it.\n",
	    CLI_OPT_CONF | CLI_OPT_CHANNELS | CLI_OPT_PARTY | CLI_OPT_TOPIC |
		CLI_OPT_UNTIL | CLI_OPT_AT,
	    cli_open },
	{ "close", "[OPTION...] --until TIME WHO",
	    "let nobody through, for a while",
	    "Until TIME whatever comes to WHO by the channel, from the party\n"
	    "and on the topic is deferred, whatever preferences and promises\n"
	    "say; the next opening is told. All else as with `usher open`.\n",
	    CLI_OPT_CONF | CLI_OPT_CHANNELS | CLI_OPT_PARTY | CLI_OPT_TOPIC |
		CLI_OPT_UNTIL | CLI_OPT_AT,
	    cli_close },
	{ "relate", "[OPTION...] WHO [PARTY]",
	    "say how far a recipient has come with a party",
	    "Marks PARTY, a domain, address or number, as standing at a stage\n"
	    "with WHO, as rules ask for it; several may hold. --remove takes\n"
	    "one back, or all. --import reads a table of many, as a CRM\n"
	    "exports it. Without any of them lists the marks.\n",
	    CLI_OPT_CONF | CLI_OPT_STAGE | CLI_OPT_REMOVE | CLI_OPT_IMPORT |
		CLI_OPT_DRY_RUN,
	    cli_relate },
	{ "link", "[OPTION...] list WHO | cut WHO NUMBER",
	    "the numbers that introductions named",
	    "A call that proves a number which an accepted introduction named\n"
	    "is from the introduction's sender. `list` tells which numbers,\n"
	    "whose, and until when; `cut` parts one from its sender for as\n"
	    "long as that would have lasted.\n",
	    CLI_OPT_CONF | CLI_OPT_AT | CLI_OPT_JSON, cli_link },
	{ "code", "[OPTION...] new|list|revoke WHO [ID]",
	    "access codes: make, list and revoke them",
	    "`new` prints a code once: whoever shows it to WHO, in a subject\n"
	    "or beside the name in the address, is in PARTY. It belongs to\n"
	    "the first proven party that uses it, unless it is --shared.\n"
	    "`list` names codes by an ID and never tells one; `revoke` ends\n"
	    "one, by its ID or by itself.\n",
	    CLI_OPT_CONF | CLI_OPT_CODE | CLI_OPT_AT | CLI_OPT_JSON, cli_code },
	{ "held", "[-c FILE] [--at TIME] [--json]",
	    "list the mails that are held until their opening",
	    "Lists what waits in the mail server's quarantine, the oldest\n"
	    "first: where mail.defer is \"hold\".\n",
	    CLI_OPT_CONF | CLI_OPT_AT | CLI_OPT_JSON, cli_held },
	{ "release", "[-c FILE] [--due] [--at TIME] [ID...]",
	    "let held mails go on to their recipients",
	    "Without ID releases what is due: its opening has begun,\n"
	    "mail.hold_days are over, or too much is held. Run as root, by\n"
	    "hand or by a timer. Milters do not see a released mail again.\n",
	    CLI_OPT_CONF | CLI_OPT_AT | CLI_OPT_DUE | CLI_OPT_SENDMAIL,
	    cli_release },
	{ "log", "[-c FILE] [--file LOG]... ID",
	    "find the log lines of one attempt",
	    "ID is the session or queue id of the log, or the reference that\n"
	    "a sender quotes. Reads the mail log in /var/log, or the journal.\n"
	    "Exits with 1 when no line tells of it.\n",
	    CLI_OPT_CONF | CLI_OPT_FILE, cli_log },
	{ "report", "[OPTION...] [WHO]", "who came, when, and how it ended",
	    "Counts the attempts on WHO, or on the whole site, by channel,\n"
	    "hour, verdict and party. A count stands here some seconds after\n"
	    "its attempt.\n",
	    CLI_OPT_CONF | CLI_OPT_SINCE | CLI_OPT_BEFORE | CLI_OPT_BY |
		CLI_OPT_JSON,
	    cli_report },
	{ "standing", "[-c FILE] [--at TIME] [--json] PARTY",
	    "how well a party has kept to preferences",
	    "Tells whether the standing of PARTY (domain, address, number) is\n"
	    "new, good or poor, and what that rests on.\n",
	    CLI_OPT_CONF | CLI_OPT_AT | CLI_OPT_JSON, cli_standing },
	{ "export", "[-c FILE] WHO", "all that is kept of a person",
	    "Prints each record that speaks of WHO, an address, a number or a\n"
	    "domain, as a JSON object a line: of a recipient as well as of\n"
	    "whoever approached one.\n",
	    CLI_OPT_CONF, cli_export },
	{ "forget", "[-c FILE] [--dry-run] WHO",
	    "remove all that is kept of a person",
	    "Removes each record that `usher export` tells of, and says how\n"
	    "many of which kind. Held mails are let go by `usher release`;\n"
	    "what a recipient has published stays in force.\n",
	    CLI_OPT_CONF | CLI_OPT_DRY_RUN, cli_forget },
	{ "status", "[-c FILE] [--json]", "tell whether all is well",
	    "Looks at the daemons, the store, and what waits. Exits with 0\n"
	    "when all is well, 1 for a warning, 3 when a daemon is down or\n"
	    "the store cannot be read.\n",
	    CLI_OPT_CONF | CLI_OPT_JSON, cli_status },
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void
print_help(FILE *out)
{
	fputs("usage: usher COMMAND [OPTION...]\n\n"
	      "Usher ushers sales mail and sales calls to where the recipient "
	      "wants them.\n\n",
	    out);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-8s  %s\n", commands[i].name,
		    commands[i].summary);
	fputs("\n`usher COMMAND --help` tells the options; -c FILE names "
	      "another usher.conf\nthan " CLI_CONF ". --version tells the "
	      "version. See usher(1).\n",
	    out);
}

static int
unknown_command(const char *word)
{
	const char *names[COMMANDS];
	char meant[CLI_MEANT];

	for (size_t i = 0; i < COMMANDS; i++)
		names[i] = commands[i].name;
	return cli_usage(NULL, "there is no command `%s`%s", word,
	    cli_meant(word, names, COMMANDS, meant));
}

static const struct cli_command *
find_command(const char *word)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i].name, word) == 0)
			return &commands[i];
	return NULL;
}

static int
run_command(const struct cli_command *command, const char *conf, int argc,
    char **argv)
{
	struct cli_arguments arguments = { .conf = conf };
	int code = cli_options_read(command, argc, argv, &arguments);

	if (code != -1)
		return code;
	code = command->run(&arguments);
	cli_arguments_free(&arguments);
	return code;
}

static int
help_on(const char *word)
{
	const struct cli_command *command;

	if (word == NULL) {
		print_help(stdout);
		return CLI_DONE;
	}
	command = find_command(word);
	if (command == NULL)
		return unknown_command(word);
	cli_command_help(command, stdout);
	return CLI_DONE;
}

static int
run(int argc, char **argv)
{
	const struct cli_command *command;
	const char *word, *conf = NULL;

	/* -c FILE may stand before the command as well as behind it. */
	if (argc > 2 && strcmp(argv[1], "-c") == 0) {
		conf = argv[2];
		argc -= 2;
		argv += 2;
	}
	word = argc > 1 ? argv[1] : NULL;
	if (word == NULL) {
		print_help(stderr);
		return CLI_WRONG;
	}
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 ||
	    strcmp(word, "help") == 0)
		return help_on(argc > 2 ? argv[2] : NULL);
	if (strcmp(word, "--version") == 0) {
		puts("usher " USHER_VERSION);
		return CLI_DONE;
	}
	if (word[0] == '-')
		return cli_usage(NULL,
		    "`%s` stands where a command should; "
		    "options follow the command",
		    word);
	command = find_command(word);
	if (command == NULL)
		return unknown_command(word);
	return run_command(command, conf, argc - 2, argv + 2);
}

/* A full disk must not look like an empty answer. */
int
main(int argc, char **argv)
{
	int code = run(argc, argv);

	if (fflush(stdout) != 0 || ferror(stdout))
		return cli_failed("standard output: %s", strerror(errno));
	return code;
}
