/*
 * redis_pool: see redis_pool.h.  Lending connections, and the gate that is
 * closed while Redis is away.
 *
 * The thread is started by the first question. The gate is opened by it alone,
 * once it has connected again: again_ms after Redis was silent, at once where a
 * connection broke. Where a name is looked up for ever the thread is left
 * behind, and the last who lets go frees.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "error.h"
#include "redis_link.h"

enum {
	MOST_LINKS =
	    16,	       /* more would only wait in Redis, which is one thread */
	PATIENCE_S = 3 /* of closing */
};

struct redis_pool {
	struct redis_place place;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t work;  /* for the thread */
	pthread_cond_t changed;
	pthread_t thread;
	struct redis_link *idle;
	unsigned links;	 /* idle, lent or being made */
	unsigned wanted; /* to be made */
	unsigned holders;
	bool started, stopping;
	bool shut;	    /* the gate */
	int64_t shut_until; /* until then nothing is tried */
	struct usher_error why;
};

const struct redis_place *
usher_redis_pool_place(const struct redis_pool *pool)
{
	return &pool->place;
}

int
usher_redis_pool_new(struct redis_pool **result, struct redis_place *place)
{
	struct redis_pool *pool = calloc(1, sizeof(*pool));
	pthread_condattr_t monotonic;

	*result = pool;
	if (pool == NULL) {
		usher_redis_place_free(place);
		return ENOMEM;
	}
	pool->place = *place;
	pool->holders = 1;
	(void)pthread_mutex_init(&pool->lock, NULL);
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&pool->work, &monotonic);
	(void)pthread_cond_init(&pool->changed, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	return 0;
}

static struct timespec
time_of(int64_t at_ms)
{
	return (struct timespec){ .tv_sec = at_ms / 1000,
		.tv_nsec = (long)(at_ms % 1000) * 1000000 };
}

/* The lock is held. */
static void
close_idle(struct redis_pool *pool)
{
	while (pool->idle != NULL) {
		struct redis_link *link = pool->idle;

		pool->idle = link->next;
		pool->links--;
		usher_redis_close(link);
	}
}

/* The lock is held. */
static void
shut(struct redis_pool *pool, int64_t for_ms, const struct usher_error *why)
{
	pool->shut = true;
	pool->shut_until = usher_redis_now_ms() + for_ms;
	pool->why = *why;
	pool->wanted = 0;
	close_idle(pool);
	(void)pthread_cond_broadcast(&pool->changed);
	(void)pthread_cond_signal(&pool->work);
}

int
usher_redis_fail(const struct redis_link *link, int code, const char *what,
    struct usher_error *error)
{
	struct redis_pool *pool = link->pool;
	struct usher_error why;

	(void)usher_error_set(&why, EHOSTDOWN, "%s: %s", link->place->shown,
	    what);
	if (error != NULL)
		*error = why;
	/* One that is being made has no pool yet: its maker shuts the gate. */
	if (pool == NULL)
		return EHOSTDOWN;
	(void)pthread_mutex_lock(&pool->lock);
	if (!pool->shut)
		shut(pool, code == ETIMEDOUT ? pool->place.again_ms : 0, &why);
	(void)pthread_mutex_unlock(&pool->lock);
	return EHOSTDOWN;
}

/* ---- the thread ---- */

/* The lock is held, and let go meanwhile. */
static void
make_link(struct redis_pool *pool)
{
	struct usher_error why = { .text = "" };
	struct redis_link *link;
	int code;

	pool->links++;
	if (pool->wanted > 0)
		pool->wanted--;
	(void)pthread_mutex_unlock(&pool->lock);
	code = usher_redis_connect(&link, &pool->place, &why);
	(void)pthread_mutex_lock(&pool->lock);
	if (code != 0) {
		pool->links--;
		shut(pool, pool->place.again_ms, &why);
		return;
	}
	link->pool = pool;
	link->next = pool->idle;
	pool->idle = link;
	pool->shut = false;
	(void)pthread_cond_broadcast(&pool->changed);
}

/* The last one frees. The lock is held, and is left. */
static void
let_go(struct redis_pool *pool)
{
	bool last = --pool->holders == 0;

	if (last)
		close_idle(pool);
	(void)pthread_mutex_unlock(&pool->lock);
	if (!last)
		return;
	(void)pthread_cond_destroy(&pool->work);
	(void)pthread_cond_destroy(&pool->changed);
	(void)pthread_mutex_destroy(&pool->lock);
	usher_redis_place_free(&pool->place);
	free(pool);
}

static void *
run(void *arg)
{
	struct redis_pool *pool = arg;

	(void)pthread_mutex_lock(&pool->lock);
	while (!pool->stopping) {
		struct timespec until = time_of(pool->shut_until);

		if (pool->shut && usher_redis_now_ms() < pool->shut_until)
			(void)pthread_cond_timedwait(&pool->work, &pool->lock,
			    &until);
		else if ((pool->shut || pool->wanted > 0) &&
		    pool->links < MOST_LINKS)
			make_link(pool);
		else
			(void)pthread_cond_wait(&pool->work, &pool->lock);
	}
	let_go(pool);
	return NULL;
}

/* Signals are the program's own threads'. The lock is held. */
static int
start(struct redis_pool *pool)
{
	sigset_t all, before;
	int code;

	if (pool->started)
		return 0;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	pool->holders++;
	code = pthread_create(&pool->thread, NULL, run, pool);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	pool->started = code == 0;
	if (code != 0)
		pool->holders--;
	return code;
}

void
usher_redis_pool_free(struct redis_pool *pool)
{
	struct timespec until;
	bool started;

	if (pool == NULL)
		return;
	(void)pthread_mutex_lock(&pool->lock);
	pool->stopping = true;
	started = pool->started;
	(void)pthread_cond_signal(&pool->work);
	(void)pthread_mutex_unlock(&pool->lock);
	if (started) {
		(void)clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += PATIENCE_S;
		if (pthread_timedjoin_np(pool->thread, NULL, &until) != 0)
			(void)pthread_detach(pool->thread);
	}
	(void)pthread_mutex_lock(&pool->lock);
	let_go(pool);
}

/* ---- lending ---- */

/* An idle one says nothing: what can be read of it is its end. */
static bool
is_alive(const struct redis_link *link)
{
	struct pollfd fd = { .fd = link->context->fd, .events = POLLIN };

	return poll(&fd, 1, 0) == 0;
}

/* The lock is held. */
static struct redis_link *
take_idle(struct redis_pool *pool)
{
	struct redis_link *link = pool->idle;

	if (link == NULL)
		return NULL;
	if (!is_alive(link)) {
		close_idle(pool);
		return NULL;
	}
	pool->idle = link->next;
	link->next = NULL;
	return link;
}

/* The lock is held. It has waited long enough. */
static int
late(struct redis_pool *pool, struct usher_error *error)
{
	if (pool->links >= MOST_LINKS && pool->wanted == 0)
		return usher_error_set(error, EHOSTDOWN,
		    "%s: all %d connections are in use", pool->place.shown,
		    MOST_LINKS);
	(void)usher_error_set(&pool->why, EHOSTDOWN,
	    "%s: no connection was made in time", pool->place.shown);
	if (error != NULL)
		*error = pool->why;
	pool->shut = true;
	pool->shut_until = usher_redis_now_ms() + pool->place.again_ms;
	(void)pthread_cond_broadcast(&pool->changed);
	return EHOSTDOWN;
}

int
usher_redis_take(struct redis_pool *pool, int64_t until_ms,
    struct redis_link **link, struct usher_error *error)
{
	struct timespec until = time_of(until_ms);
	bool asked = false;
	int code;

	*link = NULL;
	(void)pthread_mutex_lock(&pool->lock);
	code = start(pool);
	if (code != 0)
		(void)usher_error_set(error, code,
		    "the thread that connects to Redis: %s", strerror(code));
	while (code == 0 && !pool->shut && (*link = take_idle(pool)) == NULL) {
		if (!asked && pool->links + pool->wanted < MOST_LINKS) {
			pool->wanted++;
			(void)pthread_cond_signal(&pool->work);
		}
		asked = true;
		if (pthread_cond_timedwait(&pool->changed, &pool->lock,
			&until) == ETIMEDOUT &&
		    pool->idle == NULL && !pool->shut)
			code = late(pool, error);
	}
	if (code == 0 && *link == NULL) {
		if (error != NULL)
			*error = pool->why;
		code = EHOSTDOWN;
	}
	(void)pthread_mutex_unlock(&pool->lock);
	return code;
}

void
usher_redis_give(struct redis_link *link)
{
	struct redis_pool *pool;

	if (link == NULL)
		return;
	pool = link->pool;
	(void)pthread_mutex_lock(&pool->lock);
	if (pool->shut) {
		pool->links--;
		usher_redis_close(link);
	} else {
		link->next = pool->idle;
		pool->idle = link;
		(void)pthread_cond_signal(&pool->changed);
	}
	(void)pthread_cond_signal(&pool->work);
	(void)pthread_mutex_unlock(&pool->lock);
}

void
usher_redis_drop(struct redis_link *link)
{
	struct redis_pool *pool;

	if (link == NULL)
		return;
	pool = link->pool;
	(void)pthread_mutex_lock(&pool->lock);
	pool->links--;
	usher_redis_close(link);
	(void)pthread_cond_signal(&pool->work);
	(void)pthread_mutex_unlock(&pool->lock);
}
