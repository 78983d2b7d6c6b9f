/*
 * cli_learn: `usher learn`: marks who somebody wrote to as known, from Sent
 * folders and the mail log (design.md §1, §10).
 */
#include "cli.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { WAIT_MS = 5000, LOOKED_AT = 100 };

static int
learn_mail(const char *name, const char *data, size_t length, void *arg)
{
	(void)name;
	return usher_learner_mail(arg, data, length);
}

/* "Name: value": a mail, as no line of a log begins. */
static bool
is_field(const char *line)
{
	size_t length = 0;

	while (isalnum((unsigned char)line[length]) || line[length] == '-')
		length++;
	return length > 0 && isalpha((unsigned char)*line) &&
	    line[length] == ':';
}

/* "... program[123]: ..." */
static bool
is_log_line(const char *line)
{
	const char *end = strstr(line, "]: ");

	return end != NULL && end > line && isdigit((unsigned char)end[-1]);
}

/* Which it is, from its first lines. */
static bool
is_log(FILE *in)
{
	char *line = NULL;
	size_t size = 0;
	bool log = false;

	for (int i = 0; i < LOOKED_AT && !log; i++) {
		if (getline(&line, &size, in) <= 0 ||
		    (i == 0 &&
			(strncmp(line, "From ", 5) == 0 || is_field(line))))
			break;
		log = is_log_line(line);
	}
	free(line);
	rewind(in);
	return log;
}

static int
learn_log(struct usher_learner *learner, FILE *in)
{
	char *line = NULL;
	size_t size = 0;
	int code = 0;

	while (code == 0 && getline(&line, &size, in) > 0)
		code = usher_learner_log(learner, line);
	if (code == 0 && ferror(in))
		code = EIO;
	free(line);
	return code;
}

/* 0, or the exit code, all being said. */
static int
learn_path(struct usher_learner *learner, const char *path)
{
	struct usher_error error = { .text = "" };
	struct stat file;
	FILE *in;
	int code;

	if (stat(path, &file) == 0 && !S_ISDIR(file.st_mode)) {
		in = fopen(path, "re");
		if (in == NULL)
			return cli_wrong("%s: %s", path, strerror(errno));
		if (is_log(in)) {
			code = learn_log(learner, in);
			(void)fclose(in);
			return code == 0
			    ? 0
			    : cli_failed("%s: %s", path, strerror(code));
		}
		(void)fclose(in);
	}
	code = cli_mailbox_each(path, learn_mail, learner, &error);
	if (code == ENOMEM)
		return cli_failed("out of memory");
	if (code != 0)
		cli_say_error(&error);
	return code == 0 ? 0 : CLI_WRONG;
}

static int
write_learned(const struct usher_learner *learner)
{
	struct usher_error error = { .text = "out of memory" };

	if (usher_learner_commit(learner, (int64_t)time(NULL), WAIT_MS,
		&error) != 0)
		return cli_failed("%s", error.text);
	return 0;
}

static void
print_learned(const struct usher_learner *learner, const char *who, bool dry)
{
	const struct usher_learned *learned;
	size_t count = 0;

	while ((learned = usher_learner_get(learner, count)) != NULL) {
		cli_put(learned->party, stdout);
		printf("  %zu time%s", learned->times,
		    learned->times == 1 ? "" : "s");
		if (strcmp(learned->party, learned->address) != 0) {
			fputs(", as ", stdout);
			cli_put(learned->address, stdout);
		}
		putchar('\n');
		count++;
	}
	printf("%zu part%s %s known to %s\n", count, count == 1 ? "y" : "ies",
	    dry		     ? "would be"
		: count == 1 ? "is"
			     : "are",
	    who);
}

static int
learn(const struct cli_arguments *arguments,
    const struct cli_recipient *recipient, struct usher_learner *learner)
{
	int code = 0;

	for (size_t i = 0; code == 0 && i < arguments->word_count; i++)
		code = learn_path(learner, arguments->words[i]);
	if (code == 0 && !arguments->dry_run)
		code = write_learned(learner);
	if (code == 0)
		print_learned(learner, recipient->who, arguments->dry_run);
	return code;
}

int
cli_learn(const struct cli_arguments *arguments)
{
	struct cli_recipient recipient;
	struct usher_learner *learner;
	int code;

	if (arguments->whom == NULL)
		return cli_usage("learn", "who wrote? Give --for WHO");
	if (arguments->word_count == 0)
		return cli_usage("learn",
		    "from what? Name a Sent folder (mbox, Maildir) or a mail"
		    " log");
	code = cli_recipient_open(arguments, arguments->whom, &recipient);
	if (code != 0)
		return code;
	if (recipient.policy == NULL) {
		fprintf(stderr,
		    "usher: note: %s published nothing here, so nothing asks"
		    " yet who is known\n",
		    recipient.who);
	}
	if (usher_learner_new(recipient.usher, recipient.conf, recipient.policy,
		arguments->whom, &learner) != 0)
		code = cli_failed("out of memory");
	else
		code = learn(arguments, &recipient, learner);
	usher_learner_free(learner);
	cli_recipient_close(&recipient);
	return code;
}
