/*
 * turn: how many bodies are read at once.
 *
 * libmilter holds 64 kB of a body for each session whose turn on a processor
 * has not come, and a hundred sessions of large mails all wait for one. Who
 * waits at the end of the headers instead holds nothing, and is not later:
 * the MTA has the whole mail by then and sends it as fast as it is read. One
 * that hangs in mid-body costs the others a second, no more. Called by
 * session.c.
 */
#include <time.h>
#include <unistd.h>

#include "turn.h"

enum { A_PROCESSOR = 4, LEAST = 8, LONGEST_WAIT_S = 1 };

void
turns_begin(struct turns *turns)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_condattr_t steady;

	(void)pthread_mutex_init(&turns->lock, NULL);
	(void)pthread_condattr_init(&steady);
	(void)pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&turns->given, &steady);
	(void)pthread_condattr_destroy(&steady);
	turns->free = LEAST;
	if (processors > LEAST / A_PROCESSOR)
		turns->free = (unsigned)processors * A_PROCESSOR;
}

bool
turn_take(struct turns *turns)
{
	struct timespec end;
	bool taken;
	int code = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += LONGEST_WAIT_S;
	(void)pthread_mutex_lock(&turns->lock);
	while (turns->free == 0 && code == 0)
		code = pthread_cond_timedwait(&turns->given, &turns->lock,
		    &end);
	taken = turns->free > 0;
	if (taken)
		turns->free--;
	(void)pthread_mutex_unlock(&turns->lock);
	return taken;
}

void
turn_give(struct turns *turns)
{
	(void)pthread_mutex_lock(&turns->lock);
	turns->free++;
	(void)pthread_cond_signal(&turns->given);
	(void)pthread_mutex_unlock(&turns->lock);
}
