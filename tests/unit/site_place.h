/*
 * site_place: a site in a temporary folder, for the tests of store, publish
 * and cache: usher.conf, preferences/, a store beside them. With
 * USHER_TEST_STORE=redis in the environment the store is a Redis of the test's
 * own (redis_server.h).
 */
#ifndef SITE_PLACE_H
#define SITE_PLACE_H

#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "redis_server.h"
#include "usher.h"

struct place {
	char folder[64];
	char conf[96];
};

static inline const char *
place_path(const struct place *place, const char *name)
{
	static char paths[4][160];
	static unsigned next;
	char *path = paths[next++ % 4];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", place->folder, name);
	return path;
}

static inline void
place_write(const struct place *place, const char *name, const char *text)
{
	FILE *file = fopen(place_path(place, name), "w");

	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
		abort();
}

/* A preference file of one address, with the rules given. */
static inline void
place_prefer(const struct place *place, const char *name, const char *address,
    const char *rules)
{
	char file[96], text[2048];

	(void)snprintf(file, sizeof(file), "preferences/%s", name);
	(void)snprintf(text, sizeof(text),
	    "name = \"%s\";\naddresses ="
	    " [ \"%s\" ];\nrules = ( %s );\n",
	    name, address, rules);
	place_write(place, file, text);
}

static inline void
place_unlink(const struct place *place, const char *name)
{
	if (unlink(place_path(place, name)) < 0)
		abort();
}

/* The engine under test; Redis' test server is started for the first. */
static inline const char *
place_store(const struct place *place)
{
	static char url[256];

	if (redis_is_tested())
		redis_url(url, sizeof(url));
	else
		(void)snprintf(url, sizeof(url), "lmdb:%s/store",
		    place->folder);
	return url;
}

/* What only a folder of LMDB's can show. */
#define LMDB_ALONE()                   \
	do {                           \
		if (redis_is_tested()) \
			skip();        \
	} while (0)

/* usher.conf: the store, and what else it is to say. */
static inline void
place_configure(const struct place *place, const char *more)
{
	char text[1024];

	(void)snprintf(text, sizeof(text), "store = \"%s\";\n%s",
	    redis_is_tested() ? place_store(place) : "lmdb:store", more);
	place_write(place, "usher.conf", text);
}

static inline int
place_set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	(void)strcpy(place->folder, "/tmp/test_usher.XXXXXX");
	if (mkdtemp(place->folder) == NULL)
		return -1;
	(void)snprintf(place->conf, sizeof(place->conf), "%s/usher.conf",
	    place->folder);
	if (redis_is_tested() && !redis_begin())
		return -1;
	place_configure(place, "");
	(void)mkdir(place_path(place, "preferences"), 0700);
	*state = place;
	return 0;
}

static inline int
place_remove(const char *path, const struct stat *stat, int kind,
    struct FTW *walk)
{
	(void)stat, (void)kind, (void)walk;
	return remove(path);
}

static inline int
place_tear_down(void **state)
{
	struct place *place = *state;
	int code = nftw(place->folder, place_remove, 16, FTW_DEPTH | FTW_PHYS);

	free(place);
	return code;
}

/* The child's part of a test; it ends with its exit code. */
static inline pid_t
place_fork(void (*part)(const struct place *place, int in, int out),
    const struct place *place, int *to, int *from)
{
	int down[2], up[2];
	pid_t child;

	if (pipe(down) < 0 || pipe(up) < 0 || (child = fork()) < 0)
		abort();
	if (child == 0) {
		(void)close(down[1]);
		(void)close(up[0]);
		part(place, down[0], up[1]);
		_exit(0);
	}
	(void)close(down[0]);
	(void)close(up[1]);
	*to = down[1];
	*from = up[0];
	return child;
}

static inline void
place_say(int to)
{
	if (write(to, "x", 1) != 1)
		abort();
}

static inline void
place_hear(int from)
{
	char byte;

	if (read(from, &byte, 1) != 1)
		abort();
}

/* Waits; whether the child ended well. */
static inline bool
place_reap(pid_t child, int to, int from)
{
	int status = -1;

	(void)close(to);
	if (waitpid(child, &status, 0) != child)
		abort();
	(void)close(from);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

#endif
