/*
 * tally: the thread that has counted attempts written: see tally.h.
 *
 * It takes all there is in one step and leaves an empty table behind; what
 * could not be written is counted with what came since. Begun by the first
 * count (tally_count.c), owned by the handle.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tally.h"

enum {
	FEW_ROWS = 64,	/* are written after ... */
	SOON_MS = 1000, /* this; more of them after */
	LATER_MS = 5000,
	WRITE_WAIT_MS = 2000,
	PATIENCE_S = 3 /* of closing */
};

struct tally *
usher_tally_new(struct records *records)
{
	struct tally *tally = calloc(1, sizeof(*tally));
	pthread_condattr_t monotonic;
	struct timespec now;

	if (tally == NULL)
		return NULL;
	tally->records = records;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	tally->seed = (uint64_t)now.tv_nsec * 0x9e3779b97f4a7c15u ^
	    (uint64_t)(uintptr_t)tally;
	(void)pthread_mutex_init(&tally->lock, NULL);
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&tally->came, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	return tally;
}

/* ---- the thread ---- */

/* Until so long after now, or there is much to write; the lock is held. */
static void
gather(struct tally *tally, int wait_ms)
{
	struct timespec until = usher_record_in_ms(wait_ms);
	int late = 0;

	while (late == 0 && !tally->stopping &&
	    !usher_tally_is_half_full(tally->now))
		late = pthread_cond_timedwait(&tally->came, &tally->lock,
		    &until);
}

/* A store that takes nothing is asked again after a while; the lock is held. */
static void
rest(struct tally *tally)
{
	struct timespec until = usher_record_in_ms(LATER_MS);
	int late = 0;

	while (late == 0 && !tally->stopping)
		late = pthread_cond_timedwait(&tally->came, &tally->lock,
		    &until);
}

/* Takes what there is and has it written; the lock is held but for that. */
static void
write_now(struct tally *tally)
{
	struct tally_batch *batch = tally->now;
	int code;

	tally->now = tally->spare;
	tally->now->at = batch->at;
	tally->now->kept_s = batch->kept_s;
	(void)pthread_mutex_unlock(&tally->lock);
	code = usher_tally_write(tally->records, batch, WRITE_WAIT_MS);
	(void)pthread_mutex_lock(&tally->lock);
	if (code != 0 && !tally->stopping)
		usher_tally_put_back(tally->now, batch);
	usher_tally_empty(batch);
	tally->spare = batch;
	if (code != 0)
		rest(tally);
}

static void *
run(void *arg)
{
	struct tally *tally = arg;

	(void)pthread_mutex_lock(&tally->lock);
	for (;;) {
		while (!usher_tally_has_any(tally->now) && !tally->stopping)
			(void)pthread_cond_wait(&tally->came, &tally->lock);
		if (!usher_tally_has_any(tally->now))
			break;
		gather(tally, SOON_MS);
		if (tally->now->row_count >= FEW_ROWS)
			gather(tally, LATER_MS - SOON_MS);
		write_now(tally);
	}
	(void)pthread_mutex_unlock(&tally->lock);
	return NULL;
}

/* Signals are the program's own threads'. */
bool
usher_tally_start(struct tally *tally)
{
	sigset_t all, before;

	if (tally->started)
		return true;
	if (tally->now == NULL)
		tally->now = calloc(1, sizeof(*tally->now));
	if (tally->spare == NULL)
		tally->spare = calloc(1, sizeof(*tally->spare));
	if (tally->now == NULL || tally->spare == NULL)
		return false;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	tally->started = pthread_create(&tally->thread, NULL, run, tally) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return tally->started;
}

bool
usher_tally_free(struct tally *tally)
{
	struct timespec until;
	bool started;

	if (tally == NULL)
		return true;
	(void)pthread_mutex_lock(&tally->lock);
	tally->stopping = true;
	started = tally->started;
	(void)pthread_cond_signal(&tally->came);
	(void)pthread_mutex_unlock(&tally->lock);
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_S;
	if (started && pthread_timedjoin_np(tally->thread, NULL, &until) != 0) {
		(void)pthread_detach(tally->thread);
		return false;
	}
	usher_tally_free_batch(tally->now);
	usher_tally_free_batch(tally->spare);
	free(tally->seen);
	(void)pthread_cond_destroy(&tally->came);
	(void)pthread_mutex_destroy(&tally->lock);
	free(tally);
	return true;
}
