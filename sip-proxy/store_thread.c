/*
 * store_thread.c - see store_thread.h.
 *
 * Two lists under one lock: what is to be done, and what is over. A byte
 * through an eventfd wakes the loop, once for all that is over by then.
 */
#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "store_thread.h"

enum {
	MOST_WAITING = 4096, /* a stopped disk may not eat our memory */
	PATIENCE_S = 2,
	PARTS = 64
};

struct list {
	struct store_job *first, *last;
};

struct store_thread {
	pthread_mutex_t lock; /* of all below but `wake` */
	pthread_cond_t came;
	pthread_t thread;
	struct list asked, over;
	unsigned waiting; /* asked for, or being done */
	unsigned holders; /* the owner, the thread, whoever is expected */
	unsigned writing[PARTS];
	bool told; /* the loop knows that something is over */
	bool stopping, closed;
	int fd;
	struct event *wake;
};

static void
append(struct list *list, struct store_job *job)
{
	job->next = NULL;
	if (list->last != NULL)
		list->last->next = job;
	else
		list->first = job;
	list->last = job;
}

static struct store_job *
take(struct list *list)
{
	struct store_job *job = list->first;

	if (job == NULL)
		return NULL;
	list->first = job->next;
	if (list->first == NULL)
		list->last = NULL;
	return job;
}

/* Gives up one hold; the last one frees. The lock is held, and is left. */
static void
let_go(struct store_thread *t)
{
	bool last = --t->holders == 0;

	(void)pthread_mutex_unlock(&t->lock);
	if (!last)
		return;
	(void)pthread_cond_destroy(&t->came);
	(void)pthread_mutex_destroy(&t->lock);
	(void)close(t->fd);
	free(t);
}

/* The lock is held. */
static void
add_over(struct store_thread *t, struct store_job *job)
{
	static const uint64_t one = 1;

	append(&t->over, job);
	if (t->told)
		return;
	/* Full, it would wake the loop as well. */
	t->told = write(t->fd, &one, sizeof(one)) == (ssize_t)sizeof(one) ||
	    errno == EAGAIN;
}

static void *
run(void *arg)
{
	struct store_thread *t = arg;
	struct store_job *job;

	(void)pthread_mutex_lock(&t->lock);
	for (;;) {
		while (t->asked.first == NULL && !t->stopping)
			(void)pthread_cond_wait(&t->came, &t->lock);
		job = take(&t->asked);
		if (job == NULL)
			break; /* stopping, and all is done */
		(void)pthread_mutex_unlock(&t->lock);
		job->work(job);
		(void)pthread_mutex_lock(&t->lock);
		t->waiting--;
		add_over(t, job);
	}
	let_go(t);
	return NULL;
}

static void
on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct store_thread *t = arg;
	struct store_job *job;
	struct list over;
	uint64_t count;

	(void)what;
	/* Nobody has told: the next time then. */
	if (read(fd, &count, sizeof(count)) < 0)
		return;
	(void)pthread_mutex_lock(&t->lock);
	over = t->over;
	t->over = (struct list){ NULL, NULL };
	t->told = false;
	(void)pthread_mutex_unlock(&t->lock);
	while ((job = take(&over)) != NULL)
		job->done(job, false);
}

/* Signals are the loop's. */
static int
start(struct store_thread *t)
{
	sigset_t all, before;
	int failed;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&t->thread, NULL, run, t);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return failed;
}

struct store_thread *
store_thread_new(struct event_base *base)
{
	struct store_thread *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->holders = 2;
	t->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	(void)pthread_mutex_init(&t->lock, NULL);
	(void)pthread_cond_init(&t->came, NULL);
	t->wake = t->fd < 0
	    ? NULL
	    : event_new(base, t->fd, EV_READ | EV_PERSIST, on_wake, t);
	if (t->wake != NULL && event_add(t->wake, NULL) == 0 && start(t) == 0)
		return t;
	if (t->wake != NULL)
		event_free(t->wake);
	t->holders = 1;
	(void)pthread_mutex_lock(&t->lock);
	let_go(t);
	return NULL;
}

bool
store_thread_ask(struct store_thread *t, struct store_job *job)
{
	bool room;

	(void)pthread_mutex_lock(&t->lock);
	room = t->waiting < MOST_WAITING;
	if (room) {
		t->waiting++;
		append(&t->asked, job);
		(void)pthread_cond_signal(&t->came);
	}
	(void)pthread_mutex_unlock(&t->lock);
	return room;
}

void
store_thread_expect(struct store_thread *t)
{
	(void)pthread_mutex_lock(&t->lock);
	t->holders++;
	(void)pthread_mutex_unlock(&t->lock);
}

void
store_thread_forget(struct store_thread *t)
{
	(void)pthread_mutex_lock(&t->lock);
	let_go(t);
}

void
store_thread_tell(struct store_thread *t, struct store_job *job)
{
	bool late;

	(void)pthread_mutex_lock(&t->lock);
	late = t->closed;
	if (!late)
		add_over(t, job);
	let_go(t);
	if (late)
		job->done(job, true);
}

void
store_thread_write_begins(struct store_thread *t, unsigned part)
{
	(void)pthread_mutex_lock(&t->lock);
	t->holders++;
	t->writing[part % PARTS]++;
	(void)pthread_mutex_unlock(&t->lock);
}

void
store_thread_write_ends(struct store_thread *t, unsigned part)
{
	(void)pthread_mutex_lock(&t->lock);
	t->writing[part % PARTS]--;
	let_go(t);
}

bool
store_thread_is_writing(struct store_thread *t, unsigned part)
{
	bool writing;

	(void)pthread_mutex_lock(&t->lock);
	writing = t->writing[part % PARTS] > 0;
	(void)pthread_mutex_unlock(&t->lock);
	return writing;
}

static void
end_all(struct list list)
{
	struct store_job *job;

	while ((job = take(&list)) != NULL)
		job->done(job, true);
}

bool
store_thread_free(struct store_thread *t)
{
	struct list over;
	struct timespec until;
	bool ended;

	if (t == NULL)
		return true;
	event_free(t->wake);
	(void)pthread_mutex_lock(&t->lock);
	t->stopping = t->closed = true;
	(void)pthread_cond_signal(&t->came);
	(void)pthread_mutex_unlock(&t->lock);
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_S;
	ended = pthread_timedjoin_np(t->thread, NULL, &until) == 0;
	if (!ended)
		(void)pthread_detach(t->thread);
	(void)pthread_mutex_lock(&t->lock);
	over = t->over;
	t->over = (struct list){ NULL, NULL };
	let_go(t);
	end_all(over);
	return ended;
}
