/*
 * log_writer.c - see log_writer.h.
 *
 * Two rooms: one is filled while the other is written. Lines of decisions are
 * left to gather for a moment, so that a flood of calls costs few writes and
 * fewer wake-ups. Called by log.c.
 */
#include "log_writer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum {
	ROOM = 1 << 20,
	LINE_MOST = 4096,
	GATHER_MS = 10,
	PATIENCE_S = 1 /* of closing */
};

static const char name[] = "usher-sip: ";

/* Before each line of a syslog; for stderr they are ready to be written. */
struct head {
	int level;
	unsigned length;
};

struct room {
	size_t used;
	char *bytes;
};

struct log_writer {
	pthread_mutex_t lock; /* of all below but `leaving` */
	pthread_cond_t came;
	pthread_t thread;
	struct room filling, leaving;
	unsigned long lost;
	bool in_front, soon, stopping;
};

static char *
put_some(char *out, const void *bytes, size_t length)
{
	memcpy(out, bytes, length);
	return out + length;
}

/* The lock is held. False: no room. */
static bool
append(struct log_writer *w, int level, const char *text, size_t length)
{
	struct head head = { level, (unsigned)length };
	char *start = w->filling.bytes + w->filling.used, *out = start;

	if (w->filling.used + sizeof(head) + sizeof(name) + length + 1 > ROOM)
		return false;
	if (w->in_front)
		out = put_some(out, name, sizeof(name) - 1);
	else
		out = put_some(out, &head, sizeof(head));
	out = put_some(out, text, length);
	*out++ = w->in_front ? '\n' : '\0';
	w->filling.used += (size_t)(out - start);
	return true;
}

void
log_writer_put(struct log_writer *w, int level, const char *text, size_t length,
    bool soon)
{
	bool first;

	if (length > LINE_MOST)
		length = LINE_MOST;
	(void)pthread_mutex_lock(&w->lock);
	first = w->filling.used == 0;
	if (!append(w, level, text, length))
		w->lost++;
	first |= soon && !w->soon;
	w->soon |= soon;
	if (first)
		(void)pthread_cond_signal(&w->came);
	(void)pthread_mutex_unlock(&w->lock);
}

/* ---- the thread ---- */

/* Nobody can be told that the log cannot be written. */
static void
write_all(const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(STDERR_FILENO, bytes, length);
		struct pollfd file = { STDERR_FILENO, POLLOUT, 0 };

		if (written < 0 && errno == EAGAIN) {
			(void)poll(&file, 1, -1);
			continue;
		}
		if (written < 0)
			return;
		bytes += written;
		length -= (size_t)written;
	}
}

static void
send_all(const struct room *room)
{
	struct head head;

	for (size_t at = 0; at < room->used; at += head.length + 1) {
		memcpy(&head, room->bytes + at, sizeof(head));
		at += sizeof(head);
		syslog(head.level, "%s", room->bytes + at);
	}
}

static void
leave(struct log_writer *w)
{
	if (w->in_front)
		write_all(w->leaving.bytes, w->leaving.used);
	else
		send_all(&w->leaving);
	w->leaving.used = 0;
}

/* What was lost is told behind the last that was not. The lock is held. */
static void
tell_lost(struct log_writer *w)
{
	char text[80];
	int length;

	if (w->lost == 0)
		return;
	length = snprintf(text, sizeof(text),
	    "%lu lines are missing here: the log was not taken", w->lost);
	w->filling.used = 0;
	w->lost = 0;
	(void)append(w, LOG_WARNING, text, (size_t)length);
}

/* The lock is held. */
static void
gather(struct log_writer *w)
{
	struct timespec until;
	int late = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += GATHER_MS * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_nsec -= 1000000000L;
		until.tv_sec++;
	}
	while (late == 0 && !w->soon && !w->stopping)
		late = pthread_cond_timedwait(&w->came, &w->lock, &until);
}

static void *
run(void *arg)
{
	struct log_writer *w = arg;
	struct room room;

	(void)pthread_mutex_lock(&w->lock);
	for (;;) {
		while (w->filling.used == 0 && !w->stopping)
			(void)pthread_cond_wait(&w->came, &w->lock);
		if (w->filling.used == 0)
			break;
		gather(w);
		room = w->filling;
		w->filling = w->leaving;
		w->leaving = room;
		w->soon = false;
		tell_lost(w);
		(void)pthread_mutex_unlock(&w->lock);
		leave(w);
		(void)pthread_mutex_lock(&w->lock);
	}
	(void)pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* ---- its life ---- */

/* Signals are the loop's. */
static int
start(struct log_writer *w)
{
	sigset_t all, before;
	int failed;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&w->thread, NULL, run, w);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return failed;
}

static void
free_writer(struct log_writer *w)
{
	(void)pthread_cond_destroy(&w->came);
	(void)pthread_mutex_destroy(&w->lock);
	free(w->filling.bytes);
	free(w->leaving.bytes);
	free(w);
}

struct log_writer *
log_writer_new(bool in_front)
{
	struct log_writer *w = calloc(1, sizeof(*w));
	pthread_condattr_t monotonic;

	if (w == NULL)
		return NULL;
	w->in_front = in_front;
	w->filling.bytes = malloc(ROOM);
	w->leaving.bytes = malloc(ROOM);
	(void)pthread_mutex_init(&w->lock, NULL);
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&w->came, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	if (w->filling.bytes != NULL && w->leaving.bytes != NULL &&
	    start(w) == 0)
		return w;
	free_writer(w);
	return NULL;
}

void
log_writer_free(struct log_writer *w)
{
	struct timespec until;

	if (w == NULL)
		return;
	(void)pthread_mutex_lock(&w->lock);
	w->stopping = true;
	(void)pthread_cond_signal(&w->came);
	(void)pthread_mutex_unlock(&w->lock);
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_S;
	if (pthread_timedjoin_np(w->thread, NULL, &until) == 0)
		free_writer(w);
	else
		(void)pthread_detach(w->thread);
}
