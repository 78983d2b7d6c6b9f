/*
 * record_commit: notes of many threads, written by one.
 *
 * A thread of the handle's own takes all notes that wait into one
 * transaction, so that a flood of them costs a disk no more than a few. It
 * is started by the first note. Whoever waits may leave before his note is
 * taken, and then it is never written; once taken, he hears how it ended.
 * Another process that holds the lock, or a disk that has stopped, blocks this
 * thread alone: what was taken can then be left behind.
 *
 * While the engine is away (EHOSTDOWN) whoever waits hears so at once; what
 * nobody waits for is kept, in its order, and written when it is back.
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
	MOST_TAKEN = 1000,    /* by a transaction */
	MOST_TRIES = 40,      /* a map that doubles has no room for more */
	AGAIN_MS = 1000,      /* while the engine is away */
	STOPPED_MS = 2000,    /* what was taken is left behind after */
	PATIENCE_S = 2	      /* of closing */
};
enum { NOTES = 1, TIME = 2 }; /* what the thread is to work at */

struct committer {
	struct records *records;
	pthread_mutex_t lock; /* of all below, and of notes on their way */
	pthread_cond_t came, ended;
	pthread_t thread;
	bool started, stopping;
	bool away;  /* the engine: what is kept may wait some more */
	bool tends; /* the engine asked for time */
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

/* So many of those that wait, as a list of their own. */
static struct record_note *
take_some(struct committer *committer, size_t most)
{
	struct record_note *taken, *last = NULL, *note;
	size_t count = 0;

	(void)pthread_mutex_lock(&committer->lock);
	taken = committer->first;
	for (note = taken; note != NULL && count < most; note = note->next) {
		note->state = NOTE_TAKEN;
		last = note;
		count++;
	}
	if (last != NULL)
		last->next = NULL;
	committer->first = note;
	if (note == NULL)
		committer->last = NULL;
	committer->waiting -= count;
	(void)pthread_mutex_unlock(&committer->lock);
	return taken;
}

static void
end_one(struct committer *committer, struct record_note *note)
{
	void (*ended)(struct record_note * note);

	(void)pthread_mutex_lock(&committer->lock);
	ended = note->ended; /* whoever waited may have gone */
	if (ended == NULL) {
		note->state = NOTE_ENDED; /* ... or may free it now */
		(void)pthread_cond_broadcast(&committer->ended);
	}
	(void)pthread_mutex_unlock(&committer->lock);
	if (ended != NULL)
		ended(note);
}

static void
end_all(struct committer *committer, struct record_note *taken)
{
	while (taken != NULL) {
		struct record_note *note = taken;

		taken = note->next;
		end_one(committer, note);
	}
}

/* What was not written and may wait goes back to where it was. */
static void
put_back(struct committer *committer, struct record_note *first,
    struct record_note *last, size_t count)
{
	if (first == NULL)
		return;
	(void)pthread_mutex_lock(&committer->lock);
	for (struct record_note *note = first; note != NULL; note = note->next)
		note->state = NOTE_WAITS;
	last->next = committer->first;
	committer->first = first;
	if (committer->last == NULL)
		committer->last = last;
	committer->waiting += count;
	(void)pthread_mutex_unlock(&committer->lock);
}

/* The engine is away. At the end of the program nothing waits any more. */
static void
keep_some(struct committer *committer, struct record_note *taken)
{
	struct record_note *first = NULL, *last = NULL;
	size_t count = 0;
	bool stopping;

	(void)pthread_mutex_lock(&committer->lock);
	stopping = committer->stopping;
	(void)pthread_mutex_unlock(&committer->lock);
	while (taken != NULL) {
		struct record_note *note = taken;

		taken = note->next;
		note->next = NULL;
		if (!note->kept || stopping) {
			end_one(committer, note);
			continue;
		}
		if (note->away != NULL)
			note->away(note);
		note->away = NULL;
		if (last == NULL)
			first = note;
		else
			last->next = note;
		last = note;
		count++;
	}
	put_back(committer, first, last, count);
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
	int code = engine->fetch == NULL ? 0
					 : engine->fetch(records, taken, error);

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
static int
commit_all(struct records *records, struct record_note *taken,
    struct usher_error *error)
{
	int code = write_all(records, taken, error);

	for (int tries = 1; code == EAGAIN && tries < MOST_TRIES; tries++) {
		code = records->engine->begin(records, error);
		if (code == 0)
			code = write_all(records, taken, error);
	}
	if (code != 0)
		fail_all(taken, code, error);
	for (struct record_note *note = taken; note != NULL; note = note->next)
		note->doubtful = code == EHOSTDOWN;
	return code;
}

/* Those that had been written after all; the others are put back. */
static void
end_doubtful(struct committer *committer)
{
	struct record_note *taken = take_some(committer, MOST_TAKEN);

	while (taken != NULL && taken->doubtful) {
		struct record_note *note = taken;

		taken = note->next;
		note->code = 0;
		end_one(committer, note);
	}
	if (taken != NULL) {
		struct record_note *last = taken;
		size_t count = 1;

		for (; last->next != NULL; last = last->next)
			count++;
		put_back(committer, taken, last, count);
	}
}

/* What there is; nothing: the program ends. */
static unsigned
wait_for_work(struct committer *committer)
{
	struct timespec again = usher_record_in_ms(AGAIN_MS);
	unsigned what;

	(void)pthread_mutex_lock(&committer->lock);
	/* Who comes and waits is told at once, and wakes what is kept. */
	if (committer->away && !committer->stopping)
		(void)pthread_cond_timedwait(&committer->came, &committer->lock,
		    &again);
	while (committer->first == NULL && !committer->stopping &&
	    !committer->tends)
		(void)pthread_cond_wait(&committer->came, &committer->lock);
	what = (committer->first != NULL ? NOTES : 0) |
	    (committer->tends && !committer->stopping ? TIME : 0);
	committer->tends = false;
	(void)pthread_mutex_unlock(&committer->lock);
	return what;
}

static void
work(struct committer *committer)
{
	struct records *records = committer->records;
	struct usher_error error = { .text = "" };
	struct record_note *taken;
	int code = records->engine->begin(records, &error);

	if (code == EALREADY) {
		end_doubtful(committer);
		return;
	}
	/* Who came while another process wrote is taken along. */
	taken = take_some(committer, MOST_TAKEN);
	if (code != 0)
		fail_all(taken, code, &error);
	else if (taken == NULL)
		records->engine->abort(records);
	else
		code = commit_all(records, taken, &error);
	(void)pthread_mutex_lock(&committer->lock);
	committer->away = code == EHOSTDOWN;
	(void)pthread_mutex_unlock(&committer->lock);
	if (code == EHOSTDOWN) {
		keep_some(committer, taken);
		taken = take_some(committer, SIZE_MAX);
		fail_all(taken, code, &error);
		keep_some(committer, taken);
	} else {
		end_all(committer, taken);
	}
}

static void *
run(void *arg)
{
	struct committer *committer = arg;
	struct records *records = committer->records;
	unsigned what;

	while ((what = wait_for_work(committer)) != 0) {
		if ((what & NOTES) != 0)
			work(committer);
		if ((what & TIME) != 0 && records->engine->tend(records))
			usher_records_tend(records);
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
	note->doubtful = false;
	if (committer->last == NULL)
		committer->first = note;
	else
		committer->last->next = note;
	committer->last = note;
	committer->waiting++;
	if (!committer->away || !note->kept || note->away != NULL)
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

/*
 * 0: it has ended. ETIMEDOUT: it was taken back; EINPROGRESS: it was taken,
 * and is left behind. The lock is held.
 */
static int
wait_for(struct committer *committer, struct record_note *note, int wait_ms)
{
	struct timespec at = usher_record_in_ms(wait_ms < 0 ? 0 : wait_ms);
	bool late = false;

	while (note->state != NOTE_ENDED) {
		bool forever = wait_ms < 0 || (late && note->left == NULL);

		if (late && note->state == NOTE_WAITS) {
			unqueue(committer, note);
			return ETIMEDOUT;
		}
		if (forever) {
			(void)pthread_cond_wait(&committer->ended,
			    &committer->lock);
		} else if (pthread_cond_timedwait(&committer->ended,
			       &committer->lock, &at) != ETIMEDOUT) {
			continue;
		} else if (late && note->state == NOTE_TAKEN) {
			note->ended = note->left;
			return EINPROGRESS;
		} else {
			late = true;
			at = usher_record_in_ms(STOPPED_MS);
		}
	}
	return 0;
}

int
usher_records_commit(struct records *records, struct record_note *note,
    int wait_ms, struct usher_error *error)
{
	struct committer *committer = records->committer;
	int code, late = 0;

	(void)pthread_mutex_lock(&committer->lock);
	code = queue(committer, note);
	if (code == 0)
		late = wait_for(committer, note, wait_ms);
	(void)pthread_mutex_unlock(&committer->lock);
	if (code != 0)
		return usher_error_set(error, code,
		    "the thread that writes the memory: %s", strerror(code));
	if (late != 0)
		return usher_record_not_written(late, wait_ms, error);
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

void
usher_records_tend(struct records *records)
{
	struct committer *committer = records->committer;

	(void)pthread_mutex_lock(&committer->lock);
	if (!committer->stopping && start(committer) == 0) {
		committer->tends = true;
		(void)pthread_cond_signal(&committer->came);
	}
	(void)pthread_mutex_unlock(&committer->lock);
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
