/*
 * cli_recipient: the handle, the recipient's policy and the time that a
 * command decides with.
 *
 * From the store of the site, or with --preferences straight from a file.
 * What a broken file has to say is said here, so that commands only pass the
 * exit code on.
 */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

static int
code_of(int code, size_t errors, const char *conf)
{
	if (code == EINVAL || errors > 0)
		return CLI_WRONG;
	return conf != NULL && access(conf, R_OK) != 0 ? CLI_WRONG : CLI_FAILED;
}

int
cli_handle_open(const char *conf, unsigned flags, struct usher **usher)
{
	struct usher_problems *problems = usher_problems_new();
	struct usher_error error = { .code = ENOMEM, .text = "out of memory" };
	size_t errors = 0;
	int code;

	if (problems == NULL)
		return cli_failed("out of memory");
	code = usher_open(usher, conf, flags | USHER_PATIENT, problems, &error);
	errors = usher_problems_errors(problems);
	if (code != 0) {
		cli_say_problems(problems, stderr);
		if (errors == 0)
			cli_say_error(&error);
		code = code_of(code, errors, conf);
	}
	usher_problems_free(problems);
	return code;
}

/* "alice+news@example.com" is alice's; + in front makes it a number. */
static char *
without_delimiter(const char *who)
{
	const char *at = strrchr(who, '@');
	const char *plus = strchr(who, '+');
	char *cut = strdup(who);

	if (cut != NULL && at != NULL && plus != NULL && plus < at &&
	    plus > who && who[0] != '"' && strchr(who, ':') == NULL)
		memmove(cut + (plus - who), at, strlen(at) + 1);
	return cut;
}

static int
find_published(struct cli_recipient *recipient)
{
	struct usher_error error = { .text = "out of memory" };
	char *who = without_delimiter(recipient->who);
	int code = who == NULL
	    ? ENOMEM
	    : usher_policy_find(recipient->usher, recipient->conf, who,
		  &recipient->policy, &error);

	free(who);
	if (code == 0)
		return 0;
	cli_say_error(&error);
	return code == EINVAL ? CLI_WRONG : CLI_FAILED;
}

/* The file was named, so it decides; but whom it names was perhaps meant. */
static void
note_other(const struct cli_recipient *recipient, const char *path)
{
	const char *own;

	fprintf(stderr, "usher: note: %s is no recipient of %s, which is for",
	    recipient->who, path);
	for (size_t i = 0;
	     (own = usher_policy_address(recipient->policy, i)) != NULL; i++)
		fprintf(stderr, "%s %s", i == 0 ? "" : ",", own);
	fputc('\n', stderr);
}

static int
read_preferences(struct cli_recipient *recipient, const char *path)
{
	struct usher_problems *problems = usher_problems_new();
	int code;

	if (problems == NULL)
		return cli_failed("out of memory");
	code = usher_policy_read(recipient->conf, path, &recipient->policy,
	    problems);
	if (code != 0) {
		cli_say_problems(problems, stderr);
		if (usher_problems_errors(problems) == 0)
			code = cli_failed("%s: %s", path, strerror(code));
		else
			code = code == ENOMEM ? CLI_FAILED : CLI_WRONG;
	}
	usher_problems_free(problems);
	if (code == 0 && usher_policy_address(recipient->policy, 0) != NULL &&
	    !usher_policy_owns(recipient->policy, recipient->who))
		note_other(recipient, path);
	return code;
}

int
cli_recipient_open(const struct cli_arguments *arguments, const char *who,
    struct cli_recipient *recipient)
{
	const char *file = arguments->preferences;
	const char *conf = arguments->conf;
	int code;

	*recipient = (struct cli_recipient){ .who = who };
	if (conf == NULL && file == NULL) {
		conf = CLI_CONF;
		if (access(conf, F_OK) != 0)
			return cli_wrong(
			    "%s: %s; name the site's "
			    "configuration with -c FILE, or a recipient's "
			    "file with --preferences FILE",
			    conf, strerror(errno));
	}
	code = cli_handle_open(conf, file == NULL ? USHER_STORE : 0,
	    &recipient->usher);
	if (code != 0)
		return code;
	recipient->conf = usher_conf_hold(recipient->usher);
	if (file != NULL)
		code = read_preferences(recipient, file);
	else if (who != NULL)
		code = find_published(recipient);
	if (code != 0)
		cli_recipient_close(recipient);
	return code;
}

void
cli_recipient_recall(struct cli_recipient *recipient,
    const struct usher_facts *facts, int64_t at)
{
	bool said = recipient->unreadable;
	struct usher_error error = { .text = "out of memory" };
	char *who = without_delimiter(recipient->who);
	int code = who == NULL
	    ? ENOMEM
	    : usher_memory_read(recipient->usher, recipient->policy, who, facts,
		  at, &recipient->memory, &error);

	free(who);
	recipient->unreadable = code != 0;
	if (code != 0 && !said)
		cli_say_error(&error);
}

void
cli_recipient_close(struct cli_recipient *recipient)
{
	usher_memory_free(recipient->memory);
	usher_policy_release(recipient->policy);
	if (recipient->conf != NULL)
		usher_conf_release(recipient->conf);
	usher_close(recipient->usher);
	*recipient = (struct cli_recipient){ .who = NULL };
}

int
cli_time(struct usher_conf *conf, const struct usher_policy *policy,
    const char *at, int64_t *instant)
{
	struct usher_error error = { .text = "" };

	if (at == NULL) {
		*instant = (int64_t)time(NULL);
		return 0;
	}
	if (usher_time_read(conf, policy, at, instant, &error) == 0)
		return 0;
	return cli_wrong("--at: %s", error.text);
}

int
cli_until(const struct cli_arguments *arguments,
    const struct cli_recipient *recipient, int64_t now, int64_t *until)
{
	struct usher_error error = { .text = "" };

	*until = 0;
	if (strcmp(arguments->until, "now") == 0)
		return 0;
	if (usher_time_read(recipient->conf, recipient->policy,
		arguments->until, until, &error) != 0)
		return cli_wrong("--until: %s", error.text);
	if (*until <= now)
		return cli_wrong("--until: %s is past; `--until now` ends it",
		    arguments->until);
	return 0;
}

bool
cli_is_role(const char *who)
{
	size_t length = strcspn(who, "@");

	if (who[length] == '\0')
		return false;
	return (length == 10 && strncasecmp(who, "postmaster", 10) == 0) ||
	    (length == 5 && strncasecmp(who, "abuse", 5) == 0);
}
