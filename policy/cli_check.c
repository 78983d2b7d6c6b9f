/*
 * cli_check: `usher check`: errors, and what the analysis of design.md §5
 * doubts, before anything is live.
 *
 * A preference file is compiled under the site that -c or the default path
 * names, if there is one. A usher.conf is checked with all its sources.
 */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct checking {
	const struct cli_arguments *arguments;
	struct usher_problems *problems;
	struct usher_owners *owners; /* within a site; or NULL */
	bool wrong;		     /* said already */
	int failed;		     /* an errno value of the system's */
	char name[512];		     /* what it failed at */
};

static int
open_site(struct checking *checking, const char *path, struct usher **usher)
{
	size_t before = usher_problems_errors(checking->problems);
	struct usher_error error = { .text = "out of memory" };
	int code = usher_open(usher, path, 0, checking->problems, &error);

	if (code == 0 || usher_problems_errors(checking->problems) > before)
		return code;
	cli_say_error(&error);
	if (path != NULL && access(path, R_OK) != 0)
		return code;
	checking->failed = code;
	return code;
}

static void
note_failure(struct checking *checking, int code, const char *name)
{
	checking->failed = code;
	(void)snprintf(checking->name, sizeof(checking->name), "%s", name);
}

static void
check_preferences(struct checking *checking, struct usher *usher,
    struct usher_conf *conf, const char *path)
{
	size_t before = usher_problems_errors(checking->problems);
	struct usher_policy *policy = NULL;
	int64_t at = 0;
	int code = usher_policy_read(conf, path, &policy, checking->problems);

	if (code != 0) {
		if (usher_problems_errors(checking->problems) == before)
			note_failure(checking, code, path);
		return;
	}
	if (checking->owners != NULL)
		code = usher_owners_add(checking->owners, policy, path,
		    checking->problems);
	if (cli_time(conf, policy, checking->arguments->at, &at) != 0)
		checking->wrong = true;
	else if (code == 0)
		code = usher_policy_check(usher, policy, at,
		    checking->problems);
	if (code != 0)
		note_failure(checking, code, path);
	usher_policy_release(policy);
}

static int
check_sources(struct checking *checking, struct usher *usher,
    struct usher_conf *conf)
{
	struct usher_error error = { .text = "out of memory" };
	char **paths = NULL;
	int code = usher_conf_sources(conf, &paths, &error);

	if (code != 0) {
		cli_say_error(&error);
		return code == ENOMEM ? CLI_FAILED : CLI_WRONG;
	}
	checking->owners = usher_owners_new();
	if (checking->owners == NULL)
		code = cli_failed("out of memory");
	for (size_t i = 0; code == 0 && paths[i] != NULL && !checking->wrong;
	     i++)
		check_preferences(checking, usher, conf, paths[i]);
	usher_owners_free(checking->owners);
	checking->owners = NULL;
	usher_sources_free(paths);
	return code;
}

/* A usher.conf and all its sources. */
static int
check_site(struct checking *checking, const char *path)
{
	struct usher *usher = NULL;
	struct usher_conf *conf;
	int64_t at = 0;
	int code = open_site(checking, path, &usher);

	if (code != 0)
		return CLI_WRONG;
	conf = usher_conf_hold(usher);
	code = cli_time(conf, NULL, checking->arguments->at, &at);
	if (code == 0) {
		int failed = usher_conf_check(usher, at, checking->problems);

		if (failed != 0 && failed != EINVAL)
			note_failure(checking, failed, path);
		code = check_sources(checking, usher, conf);
	}
	usher_conf_release(conf);
	usher_close(usher);
	return code;
}

/* Whether a text begins a line with a key that only usher.conf has. */
static bool
has_site_key(const char *text)
{
	static const char *const keys[] = { "site", "preferences", "store" };
	const char *line = text;

	for (; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
			size_t length = strlen(keys[i]);
			const char *behind;

			if (strncmp(line, keys[i], length) != 0)
				continue;
			behind = line + length + strspn(line + length, " \t");
			if (*behind == '=' || *behind == ':')
				return true;
		}
	}
	return false;
}

static bool
is_same_file(const char *a, const char *b)
{
	struct stat of_a, of_b;

	return b != NULL && stat(a, &of_a) == 0 && stat(b, &of_b) == 0 &&
	    of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
}

static bool
is_site(const char *path, const char *conf)
{
	const char *slash = strrchr(path, '/');
	char *text = NULL;
	size_t length = 0;
	bool is = false;
	FILE *in;

	if (strcmp(slash == NULL ? path : slash + 1, "usher.conf") == 0 ||
	    is_same_file(path, conf))
		return true;
	in = fopen(path, "re");
	if (in == NULL)
		return false; /* whoever reads it says why not */
	if (cli_read_all(in, &text, &length) == 0)
		is = has_site_key(text);
	(void)fclose(in);
	free(text);
	return is;
}

static int
check_files(struct checking *checking, const char *site)
{
	const struct cli_arguments *arguments = checking->arguments;
	struct usher *usher = NULL;
	struct usher_conf *conf = NULL;
	int code = 0;

	for (size_t i = 0;
	     code == 0 && !checking->wrong && i < arguments->word_count; i++) {
		const char *path = arguments->words[i];

		if (is_site(path, site)) {
			code = check_site(checking, path);
			continue;
		}
		if (usher == NULL) {
			if (open_site(checking, site, &usher) != 0)
				return CLI_WRONG;
			conf = usher_conf_hold(usher);
		}
		check_preferences(checking, usher, conf, path);
	}
	if (conf != NULL)
		usher_conf_release(conf);
	usher_close(usher);
	return code;
}

static int
exit_code(const struct checking *checking, int code)
{
	size_t errors = usher_problems_errors(checking->problems);
	size_t all = usher_problems_count(checking->problems);

	if (checking->failed != 0)
		return cli_failed("%s%s%s", checking->name,
		    checking->name[0] == '\0' ? "" : ": ",
		    strerror(checking->failed));
	if (code != 0)
		return code;
	if (errors > 0 || checking->wrong)
		return CLI_WRONG;
	return all > 0 && checking->arguments->strict ? CLI_NEGATIVE : CLI_DONE;
}

int
cli_check(const struct cli_arguments *arguments)
{
	struct checking checking = { .arguments = arguments };
	const char *site = arguments->conf;
	int code;

	if (site == NULL && access(CLI_CONF, F_OK) == 0)
		site = CLI_CONF;
	if (site == NULL && arguments->word_count == 0)
		return cli_wrong(CLI_CONF ": %s; name a file, or the site's "
					  "configuration with -c FILE",
		    strerror(errno));
	checking.problems = usher_problems_new();
	if (checking.problems == NULL)
		return cli_failed("out of memory");
	code = arguments->word_count == 0 ? check_site(&checking, site)
					  : check_files(&checking, site);
	cli_say_problems(checking.problems, stdout);
	code = exit_code(&checking, code);
	usher_problems_free(checking.problems);
	return code;
}
