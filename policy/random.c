/*
 * random: see random.h.
 *
 * A thread's own portion, so nobody waits. A child of fork() throws away what
 * it has in common with its parent: it has the one thread that forked.
 */
#include "random.h"

#include <pthread.h>
#include <string.h>
#include <sys/random.h>

enum { PORTION = 256 }; /* which the system gives whole or not at all */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Thread_local size_t left;
static _Thread_local unsigned char portion[PORTION];

static void
throw_away(void)
{
	left = 0;
	explicit_bzero(portion, sizeof(portion));
}

static void
watch_forks(void)
{
	(void)pthread_atfork(NULL, NULL, throw_away);
}

void
usher_random_bytes(void *out, size_t size)
{
	if (left < size) {
		(void)pthread_once(&once, watch_forks);
		if (getrandom(portion, sizeof(portion), 0) !=
		    (ssize_t)sizeof(portion)) {
			memset(out, 0, size);
			return;
		}
		left = sizeof(portion);
	}
	left -= size;
	memcpy(out, portion + left, size);
	explicit_bzero(portion + left, size);
}
