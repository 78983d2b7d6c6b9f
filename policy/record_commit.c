/*
 * record_commit: notes of many threads, written by one.
 *
 * A thread of the handle's own takes all notes that wait into one
 * transaction, so that a flood of them costs a disk no more than a few. It
 * is started by the first note. Whoever waits may leave before his note is
 * taken, and then it is never written; once taken, he hears how it ended.
 * The one thing that may block for long is another process that holds the
 * lock, and it blocks this thread alone.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "error.h"
#include "record.h"

enum {
	MOST_WAITING = 10000, /* in the background: a bound on memory */
	MOST_TRIES = 40,      /* a map that doubles has no room for more */
	PATIENCE_S = 2	      /* of closing */
};

struct committer {
	struct records *records;
	pthread_mutex_t lock; /* of all below, and of notes on their way */
	pthread_cond_t came, ended;
	pthread_t thread;
	bool started, stopping;
	size_t waiting;
	struct record_note *first, *last;
};

int
usher_committer_new(struct committer **result, struct records *records)
{
	struct committer *committer = calloc(1, sizeof(*committer));
	pthread_condattr_t monotonic;

	*result = committer;
	if (committer == NULL)
		return ENOMEM;
	committer->records = records;
	(void)pthread_mutex_init(&committer->lock, NULL);
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&committer->came, NULL);
	(void)pthread_cond_init(&committer->ended, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	return 0;
}

/* All that waits, as a list of its own. */
static struct record_note *
take_all(struct committer *committer)
{
	struct record_note *taken;

	(void)pthread_mutex_lock(&committer->lock);
	taken = committer->first;
	committer->first = committer->last = NULL;
	committer->waiting = 0;
	for (struct record_note *note = taken; note != NULL; note = note->next)
		note->state = NOTE_TAKEN;
	(void)pthread_mutex_unlock(&committer->lock);
	return taken;
}

static void
end_all(struct committer *committer, struct record_note *taken)
{
	while (taken != NULL) {
		struct record_note *note = taken;

		taken = note->next;
		if (note->ended != NULL) {
			note->ended(note);
			continue;
		}
		(void)pthread_mutex_lock(&committer->lock);
		note->state = NOTE_ENDED; /* whoever waits may free it now */
		(void)pthread_cond_broadcast(&committer->ended);
		(void)pthread_mutex_unlock(&committer->lock);
	}
}

static void
fail_all(struct record_note *taken, int code, const struct usher_error *error)
{
	for (struct record_note *note = taken; note != NULL;
	     note = note->next) {
		note->code = code;
		note->error = *error;
	}
}

/* Each note, then some of what has ended; the transaction is begun. */
static int
write_all(struct records *records, struct record_note *taken,
    struct usher_error *error)
{
	const struct record_engine *engine = records->engine;
	int64_t now = atomic_load_explicit(&records->now, memory_order_relaxed);
	int code = 0;

	for (struct record_note *note = taken; code == 0 && note != NULL;
	     note = note->next) {
		bool refused = false;

		note->error.text[0] = '\0';
		note->code = engine->write(records, note->edits, &refused,
		    &note->error);
		if (note->code != 0 && !refused) {
			code = note->code;
			*error = note->error;
		}
	}
	if (code == 0 && now != 0)
		code = engine->sweep(records, now, error);
	if (code == 0)
		return engine->commit(records, error);
	engine->abort(records);
	return code;
}

/* An engine that made room, or lost a race, asks for all once more. */
static void
commit_all(struct records *records, struct record_note *taken)
{
	struct usher_error error = { .text = "" };
	int code = write_all(records, taken, &error);

	for (int tries = 1; code == EAGAIN && tries < MOST_TRIES; tries++) {
		code = records->engine->begin(records, &error);
		if (code == 0)
			code = write_all(records, taken, &error);
	}
	if (code != 0)
		fail_all(taken, code, &error);
}

static bool
wait_for_notes(struct committer *committer)
{
	bool any;

	(void)pthread_mutex_lock(&committer->lock);
	while (committer->first == NULL && !committer->stopping)
		(void)pthread_cond_wait(&committer->came, &committer->lock);
	any = committer->first != NULL;
	(void)pthread_mutex_unlock(&committer->lock);
	return any;
}

static void *
run(void *arg)
{
	struct committer *committer = arg;
	struct records *records = committer->records;

	while (wait_for_notes(committer)) {
		struct usher_error error = { .text = "" };
		int code = records->engine->begin(records, &error);
		/* Who came while another process wrote is taken along. */
		struct record_note *taken = take_all(committer);

		if (code != 0)
			fail_all(taken, code, &error);
		else if (taken == NULL)
			records->engine->abort(records);
		else
			commit_all(records, taken);
		end_all(committer, taken);
	}
	return NULL;
}

/* Signals are the program's own threads'. The lock is held. */
static int
start(struct committer *committer)
{
	sigset_t all, before;
	int code;

	if (committer->started)
		return 0;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	code = pthread_create(&committer->thread, NULL, run, committer);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	committer->started = code == 0;
	return code;
}

static int
queue(struct committer *committer, struct record_note *note)
{
	int code = committer->stopping ? ECANCELED : start(committer);

	if (code != 0)
		return code;
	note->next = NULL;
	note->state = NOTE_WAITS;
	note->code = 0;
	if (committer->last == NULL)
		committer->first = note;
	else
		committer->last->next = note;
	committer->last = note;
	committer->waiting++;
	(void)pthread_cond_signal(&committer->came);
	return 0;
}

static void
unqueue(struct committer *committer, struct record_note *gone)
{
	struct record_note **link = &committer->first, *before = NULL;

	while (*link != gone) {
		before = *link;
		link = &before->next;
	}
	*link = gone->next;
	if (committer->last == gone)
		committer->last = before;
	committer->waiting--;
}

static struct timespec
in_ms(int wait_ms)
{
	struct timespec at;

	(void)clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += wait_ms / 1000;
	at.tv_nsec += (long)(wait_ms % 1000) * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_nsec -= 1000000000;
		at.tv_sec++;
	}
	return at;
}

/* True when it has ended, false when it was taken back. The lock is held. */
static bool
wait_for(struct committer *committer, struct record_note *note, int wait_ms)
{
	struct timespec until = in_ms(wait_ms < 0 ? 0 : wait_ms);
	int late = 0;

	while (note->state != NOTE_ENDED) {
		if (late != 0 && note->state == NOTE_WAITS) {
			unqueue(committer, note);
			return false;
		}
		if (wait_ms < 0 || late != 0)
			(void)pthread_cond_wait(&committer->ended,
			    &committer->lock);
		else
			late = pthread_cond_timedwait(&committer->ended,
			    &committer->lock, &until);
	}
	return true;
}

int
usher_records_commit(struct records *records, struct record_note *note,
    int wait_ms, struct usher_error *error)
{
	struct committer *committer = records->committer;
	bool ended = true;
	int code;

	(void)pthread_mutex_lock(&committer->lock);
	code = queue(committer, note);
	if (code == 0)
		ended = wait_for(committer, note, wait_ms);
	(void)pthread_mutex_unlock(&committer->lock);
	if (code != 0)
		return usher_error_set(error, code,
		    "the thread that writes the memory: %s", strerror(code));
	if (!ended)
		return usher_error_set(error, ETIMEDOUT,
		    "the memory was not free for writing within %d ms; does"
		    " another process hold it?",
		    wait_ms);
	if (note->code != 0 && error != NULL) {
		*error = note->error;
		if (error->text[0] == '\0')
			(void)usher_error_set(error, note->code, "%s",
			    strerror(note->code));
	}
	return note->code;
}

int
usher_records_later(struct records *records, struct record_note *note)
{
	struct committer *committer = records->committer;
	int code = ENOBUFS;

	(void)pthread_mutex_lock(&committer->lock);
	if (committer->waiting < MOST_WAITING)
		code = queue(committer, note);
	(void)pthread_mutex_unlock(&committer->lock);
	return code;
}

/*
 * Where another process holds the lock the thread is left behind, with all
 * it looks at: the program ends, and must not wait for a stranger.
 */
static bool
stop(struct committer *committer)
{
	struct timespec until;
	bool started;

	(void)pthread_mutex_lock(&committer->lock);
	committer->stopping = true;
	started = committer->started;
	(void)pthread_cond_signal(&committer->came);
	(void)pthread_mutex_unlock(&committer->lock);
	if (!started)
		return true;
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_S;
	if (pthread_timedjoin_np(committer->thread, NULL, &until) == 0)
		return true;
	(void)pthread_detach(committer->thread);
	return false;
}

bool
usher_committer_free(struct committer *committer)
{
	if (committer == NULL)
		return true;
	if (!stop(committer))
		return false;
	(void)pthread_cond_destroy(&committer->came);
	(void)pthread_cond_destroy(&committer->ended);
	(void)pthread_mutex_destroy(&committer->lock);
	free(committer);
	return true;
}
