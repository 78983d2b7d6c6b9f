/*
 * cli_publish: `usher publish`: what changed, a line each, and a sum.
 *
 * The library checks and writes in one transaction; a broken source keeps its
 * last good policy and is told on standard error (design.md §6).
 */
#include "cli.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void
tell(const char *what, const char *path, const char *name, void *arg)
{
	(void)arg;
	printf("%-8s  %s", what, path);
	if (name != NULL && *name != '\0') {
		fputs("  ", stdout);
		cli_put(name, stdout);
	}
	putchar('\n');
}

/* Broken sources have spoken for themselves. */
static int
exit_code(int code, size_t errors, const struct usher_error *error)
{
	if (code == 0)
		return CLI_DONE;
	if (errors == 0 || code != EINVAL)
		cli_say_error(error);
	return code == EINVAL ? CLI_WRONG : CLI_FAILED;
}

int
cli_publish(const struct cli_arguments *arguments)
{
	const char *conf = arguments->conf == NULL ? CLI_CONF : arguments->conf;
	struct usher_publication publication = { .added = 0 };
	struct usher_error error = { .text = "out of memory" };
	struct usher_problems *problems;
	struct usher *usher = NULL;
	int code;

	if (arguments->conf == NULL && access(conf, F_OK) != 0)
		return cli_wrong("%s: %s; name the site's configuration with "
				 "-c FILE",
		    conf, strerror(errno));
	code = cli_handle_open(conf, 0, &usher);
	if (code != 0)
		return code;
	problems = usher_problems_new();
	if (problems == NULL) {
		usher_close(usher);
		return cli_failed("out of memory");
	}
	code = usher_publish(usher,
	    arguments->word_count == 0 ? NULL : arguments->words, &publication,
	    tell, NULL, problems, &error);
	cli_say_problems(problems, stderr);
	if (code == 0 || publication.broken > 0)
		printf("%zu added, %zu changed, %zu removed, %zu unchanged, "
		       "%zu broken\n",
		    publication.added, publication.changed, publication.removed,
		    publication.unchanged, publication.broken);
	code = exit_code(code, usher_problems_errors(problems), &error);
	usher_problems_free(problems);
	usher_close(usher);
	return code;
}
