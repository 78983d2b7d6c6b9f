/*
 * cli: what the files of the command line share.
 *
 * cli.c finds the command, cli_options.c reads its options by one table,
 * cli_recipient.c opens what a command decides with; each command is a file
 * of its own. They see of the library only what usher.h has (design.md §10).
 */
#ifndef CLI_H
#define CLI_H

#include "usher.h"

/* Exit codes. */
enum {
	CLI_DONE,     /* explain: accept */
	CLI_NEGATIVE, /* explain: any other verdict; warnings with --strict */
	CLI_WRONG,    /* usage or input error */
	CLI_FAILED    /* the system failed */
};

#define CLI_CONF "/etc/usher/usher.conf"

/* Which options a command knows; the place of each in cli_options.c. */
enum {
	CLI_OPT_CONF = 1 << 0,
	CLI_OPT_TO = 1 << 1,
	CLI_OPT_FROM = 1 << 2,
	CLI_OPT_CHANNEL = 1 << 3,
	CLI_OPT_PURPOSE = 1 << 4,
	CLI_OPT_SUBJECT = 1 << 5,
	CLI_OPT_FACT = 1 << 6,
	CLI_OPT_VERIFIED = 1 << 7,
	CLI_OPT_AT = 1 << 8,
	CLI_OPT_PREFERENCES = 1 << 9,
	CLI_OPT_STRICT = 1 << 10,
	CLI_OPT_FILE = 1 << 12,
	CLI_OPT_DUE = 1 << 16,
	CLI_OPT_SENDMAIL = 1 << 17,
	CLI_OPT_FOR = 1 << 20,
	CLI_OPT_UNTIL = 1 << 21,
	CLI_OPT_PARTY = 1 << 24,
	CLI_OPT_TOPIC = 1 << 25,
	CLI_OPT_CHANNELS = 1 << 26,
	CLI_OPT_STAGE = 1 << 27,
	CLI_OPT_REMOVE = 1 << 28,
	CLI_OPT_IMPORT = 1 << 29,
	CLI_OPT_DRY_RUN = 1 << 22,
	CLI_OPT_CODE = 1 << 30, /* all that `code new` has of its own */
	CLI_OPT_SINCE = 1 << 13,
	CLI_OPT_BEFORE = 1 << 14,
	CLI_OPT_BY = 1 << 15,
	CLI_OPT_JSON = 1 << 11
};

/* A command line as read. Strings are argv's; NULL: not given. */
struct cli_arguments {
	const char *conf, *to, *from, *channel, *purpose, *subject, *at,
	    *preferences, *sendmail_conf, *whom, *until, *party, *topic, *stage,
	    *import, *uses, *label, *since, *by;
	bool verified, strict, json, due, dry_run, remove, shared, dialled;
	size_t fact_count;
	const char **facts; /* or the files of --file */
	size_t word_count;  /* what is no option: FILE, WHO */
	const char **words;
};

struct cli_command {
	const char *name, *synopsis, *summary, *help;
	unsigned options;
	int (*run)(const struct cli_arguments *arguments);
};

int cli_check(const struct cli_arguments *arguments);
int cli_publish(const struct cli_arguments *arguments);
int cli_explain(const struct cli_arguments *arguments);
int cli_show(const struct cli_arguments *arguments);
int cli_link(const struct cli_arguments *arguments);
int cli_replay(const struct cli_arguments *arguments);
int cli_held(const struct cli_arguments *arguments);
int cli_release(const struct cli_arguments *arguments);
int cli_learn(const struct cli_arguments *arguments);
int cli_open(const struct cli_arguments *arguments);
int cli_close(const struct cli_arguments *arguments);
int cli_relate(const struct cli_arguments *arguments);
int cli_code(const struct cli_arguments *arguments);
int cli_report(const struct cli_arguments *arguments);
int cli_export(const struct cli_arguments *arguments);
int cli_forget(const struct cli_arguments *arguments);
int cli_standing(const struct cli_arguments *arguments);
int cli_pause(const struct cli_arguments *arguments);
int cli_log(const struct cli_arguments *arguments);
int cli_status(const struct cli_arguments *arguments);

/*
 * cli_options.c. Reads what follows the command's name into `arguments`,
 * which are empty before. -1: run it, and cli_arguments_free() afterwards;
 * else the exit code, all being said.
 */
int cli_options_read(const struct cli_command *command, int argc, char **argv,
    struct cli_arguments *arguments);
void cli_arguments_free(struct cli_arguments *arguments);
void cli_command_help(const struct cli_command *command, FILE *out);

/* cli_say.c: complaints on standard error, each "usher: ...". */
/* A usage error, and where help is; CLI_WRONG. */
int cli_usage(const char *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int cli_wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));
int cli_failed(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* "file:line: message" lines. */
void cli_say_problems(const struct usher_problems *problems, FILE *out);
void cli_say_error(const struct usher_error *error);
/* Text from outside: a terminal's control characters become "?". */
void cli_put(const char *text, FILE *out);
/* "; did you mean ...?" for a mistyped word, in `text`. */
enum { CLI_MEANT = 80 };
const char *cli_meant(const char *word, const char *const *names, size_t count,
    char text[CLI_MEANT]);

/* cli_recipient.c: a recipient, and what decides for them. */
struct cli_recipient {
	const char *who; /* as given */
	struct usher *usher;
	struct usher_conf *conf;
	struct usher_policy *policy; /* NULL: nothing published, no default */
	struct usher_memory *memory; /* of the last attempt asked about */
	bool unreadable;
};
/* 0, or the exit code, all being said. `who` NULL: nobody's policy. */
int cli_recipient_open(const struct cli_arguments *arguments, const char *who,
    struct cli_recipient *recipient);
void cli_recipient_close(struct cli_recipient *recipient);
/* Reads memory for one attempt; that it is unreadable is said once. */
void cli_recipient_recall(struct cli_recipient *recipient,
    const struct usher_facts *facts, int64_t at);
/* The handle alone; `problems` that are not errors are not said. */
int cli_handle_open(const char *conf, unsigned flags, struct usher **usher);
/* "Open for phone, party preferred, until ..." as a line; cli_open.c. */
void cli_print_override(const struct cli_recipient *recipient,
    const struct usher_override *override);
/* "+44... is vendor.example until ..." as a line; cli_link.c. */
void cli_print_link(const struct cli_recipient *recipient,
    const struct usher_link *link);
/*
 * --until, which is needed, for `command`; "now" is 0. 0 or the exit code.
 */
int cli_until(const struct cli_arguments *arguments,
    const struct cli_recipient *recipient, int64_t now, int64_t *until);
/* --at, or now; 0 or the exit code. */
int cli_time(struct usher_conf *conf, const struct usher_policy *policy,
    const char *at, int64_t *instant);
/* postmaster and abuse: always accepted (RFC 5321 §4.5.1, RFC 2142). */
bool cli_is_role(const char *who);

/* cli_mail.c: one stored message for one recipient. */
struct cli_mail {
	struct usher_message *message;
	struct usher_facts *facts;
	char *mail_from;  /* of Return-Path, or NULL */
	const char *from; /* From, else the envelope's, or "" */
	bool safety;	  /* a report or automatic answer */
};
/*
 * `purpose` NULL: from evidence. ENOMEM, or EINVAL with an error. Always
 * cli_mail_free() afterwards.
 */
int cli_mail_read(struct usher_conf *conf, const char *data, size_t length,
    const enum usher_purpose *purpose, struct cli_mail *mail,
    struct usher_error *error);
void cli_mail_free(struct cli_mail *mail);

/*
 * cli_mailbox.c: each message of an mbox, a Maildir, a folder of .eml files
 * or one file. `name` is the file's, with #1, #2 ... for those of an mbox.
 * The handler answers 0 to go on. ENOENT etc. with an error.
 */
typedef int (*cli_mailbox_h)(const char *name, const char *data, size_t length,
    void *arg);
int cli_mailbox_each(const char *path, cli_mailbox_h each, void *arg,
    struct usher_error *error);
/* A whole stream; free *data. errno on failure. */
int cli_read_all(FILE *in, char **data, size_t *length);

#endif
