/*
 * cli_run: runs the MTA's programs; see cli_release.h.
 */
#include "cli_release.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* PATH of cron and of timers lacks it. */
static const char *const more_places[] = { "/usr/sbin", "/sbin",
	"/usr/local/sbin", "/usr/lib" };

static bool
is_program(const char *folder, size_t length, const char *name,
    char path[PATH_MAX])
{
	int size = snprintf(path, PATH_MAX, "%.*s/%s", (int)length, folder,
	    name);

	return length > 0 && folder[0] == '/' && size > 0 && size < PATH_MAX &&
	    access(path, X_OK) == 0;
}

static bool
find_program(const char *name, char path[PATH_MAX])
{
	const char *at = getenv("PATH");

	while (at != NULL && *at != '\0') {
		size_t length = strcspn(at, ":");

		if (is_program(at, length, name, path))
			return true;
		at += length + (at[length] == ':');
	}
	for (size_t i = 0; i < sizeof(more_places) / sizeof(*more_places); i++)
		if (is_program(more_places[i], strlen(more_places[i]), name,
			path))
			return true;
	return false;
}

static int
start(const char *path, const char *const *words, int out, pid_t *child)
{
	posix_spawn_file_actions_t actions;
	int code = posix_spawn_file_actions_init(&actions);

	if (code != 0)
		return code;
	code = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO,
	    "/dev/null", O_RDONLY, 0);
	if (code == 0)
		code = posix_spawn_file_actions_adddup2(&actions, out,
		    STDOUT_FILENO);
	if (code == 0)
		code = posix_spawn(child, path, &actions, NULL,
		    (char *const *)(uintptr_t)words, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	return code;
}

static int
wait_for(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) != child)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* All it prints, so that it never waits for a reader. */
static int
hear(int from, char **output)
{
	FILE *in = fdopen(from, "r");
	size_t length;
	int code;

	if (in == NULL) {
		(void)close(from);
		return errno;
	}
	code = cli_read_all(in, output, &length);
	(void)fclose(in);
	return code;
}

int
cli_run(const char *const *words, char **output)
{
	char path[PATH_MAX], *heard = NULL;
	int ends[2], code;
	pid_t child;

	if (!find_program(words[0], path)) {
		(void)cli_failed("there is no program %s in PATH or /usr/sbin",
		    words[0]);
		return -1;
	}
	if (pipe2(ends, O_CLOEXEC) != 0) {
		(void)cli_failed("%s: %s", path, strerror(errno));
		return -1;
	}
	code = start(path, words, ends[1], &child);
	(void)close(ends[1]);
	if (code != 0) {
		(void)close(ends[0]);
		(void)cli_failed("%s: %s", path, strerror(code));
		return -1;
	}
	code = hear(ends[0], &heard);
	if (code != 0)
		(void)cli_failed("%s: %s", path, strerror(code));
	code = code != 0 ? (void)wait_for(child), -1 : wait_for(child);
	if (code > 0)
		(void)cli_failed("%s ended with %d", path, code);
	if (output != NULL && code == 0)
		*output = heard;
	else
		free(heard);
	return code;
}
