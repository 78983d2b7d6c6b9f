/*
 * background.c - see background.h.
 *
 * The parent stays until the child is ready or has failed, so that its exit
 * code is true and errors reach the terminal.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "background.h"

enum { SYSTEM_FAILED = 3 };

static int
wait_for_child(pid_t child, int from_child)
{
	char byte;
	int status;

	if (read(from_child, &byte, 1) == 1)
		return EXIT_SUCCESS;
	if (waitpid(child, &status, 0) == child && WIFEXITED(status))
		return WEXITSTATUS(status);
	return SYSTEM_FAILED;
}

int
background_go(int *ready)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) != 0 || (child = fork()) < 0) {
		perror("usher-sip");
		return SYSTEM_FAILED;
	}
	if (child > 0) {
		(void)close(ends[1]);
		return wait_for_child(child, ends[0]);
	}
	(void)close(ends[0]);
	(void)setsid();
	if (chdir("/") != 0)
		perror("usher-sip: /");
	*ready = ends[1];
	return -1;
}

void
background_ready(int ready)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0) {
		(void)dup2(null, STDIN_FILENO);
		(void)dup2(null, STDOUT_FILENO);
		(void)dup2(null, STDERR_FILENO);
		(void)close(null);
	}
	/* Nobody may have waited: that is no fault. */
	if (write(ready, "", 1) != 1)
		perror("usher-sip");
	(void)close(ready);
}
