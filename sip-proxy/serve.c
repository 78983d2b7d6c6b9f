/*
 * serve.c - see serve.h.
 *
 * One thread, one loop (design-calls.md "Operation"). SIGUSR1, or the file's
 * change, reads the configuration again; SIGUSR2 logs counters; SIGTERM and
 * SIGINT drain: no new calls, the rest has `timers.drain` to finish, and a
 * second one ends at once.
 */
#include <errno.h>
#include <event2/event.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "beat.h"
#include "serve.h"

enum { SIGNALS = 5, SLICE_MS = 1000, WATCH_MS = 5000 };

struct service {
	struct proxy *proxy;
	const char *file;
	struct stat seen; /* the file as it was read */
	struct event *signals[SIGNALS];
	struct event *wake;
	struct sip_timer quiet, deadline, watch, beat;
	int64_t start;	  /* by the system's clock */
	uint64_t calm_ms; /* how long no call has waited for its answer */
	bool stopping;	  /* leave the loop */
};

void
service_tell(const struct log *log, const struct usher_problems *problems)
{
	for (size_t i = 0; i < usher_problems_count(problems); i++) {
		const struct usher_problem *p = usher_problems_get(problems, i);
		char line[16] = "";

		if (p->line != 0)
			(void)snprintf(line, sizeof(line), ":%u", p->line);
		log_write(log, p->warning ? LOG_WARNING : LOG_ERR, "%s%s: %s%s",
		    p->file, line, p->warning ? "warning: " : "", p->text);
	}
}

static void
reload(struct service *service)
{
	struct proxy *proxy = service->proxy;
	struct usher_problems *problems = usher_problems_new();
	struct usher_error error = { .text = "out of memory" };
	int failed = ENOMEM;

	if (problems != NULL) {
		failed = usher_reload(proxy->usher, problems, &error);
		service_tell(&proxy->log, problems);
	}
	usher_problems_free(problems);
	if (failed == 0)
		failed = proxy_reload(proxy, &error);
	if (failed != 0)
		log_write(&proxy->log, LOG_ERR,
		    "the configuration in force "
		    "stays: %s",
		    error.text);
	else
		log_write(&proxy->log, LOG_NOTICE, "configuration reloaded");
}

static bool
has_changed(struct service *service)
{
	struct stat now;
	const struct stat *seen = &service->seen;

	if (stat(service->file, &now) != 0)
		return false; /* being replaced: later */
	if (now.st_mtim.tv_sec == seen->st_mtim.tv_sec &&
	    now.st_mtim.tv_nsec == seen->st_mtim.tv_nsec &&
	    now.st_size == seen->st_size && now.st_ino == seen->st_ino)
		return false;
	service->seen = now;
	return true;
}

static void
on_watch(void *arg)
{
	struct service *service = arg;

	if (has_changed(service))
		reload(service);
	sip_timer_start(service->proxy->timers, &service->watch, WATCH_MS,
	    on_watch, service);
}

static void
on_deadline(void *arg)
{
	struct service *service = arg;

	service->stopping = true;
}

/*
 * Over when no call waits for its answer any more, and the last to get one has
 * had time for its ACK: who sends a 2xx again finds nobody who knows it.
 */
static void
on_quiet(void *arg)
{
	struct service *service = arg;
	struct proxy *proxy = service->proxy;
	const struct usher_sip_timers *t = &proxy->setup->sip->timers;

	if (calls_unanswered(proxy) > 0)
		service->calm_ms = 0;
	else
		service->calm_ms += t->t1;
	if (sip_txn_stats(proxy->txns)->servers == 0 ||
	    service->calm_ms > t->t2)
		service->stopping = true;
	else
		sip_timer_start(proxy->timers, &service->quiet, t->t1, on_quiet,
		    service);
}

static void
drain(struct service *service)
{
	struct proxy *proxy = service->proxy;
	const struct usher_sip_timers *t = &proxy->setup->sip->timers;

	if (proxy->draining) {
		service->stopping = true; /* asked twice */
		return;
	}
	proxy->draining = true;
	sd_notify(0, "STOPPING=1");
	log_write(&proxy->log, LOG_NOTICE,
	    "stopping: %u calls have %u ms to "
	    "finish",
	    calls_unanswered(proxy), t->drain);
	sip_timer_start(proxy->timers, &service->deadline, t->drain,
	    on_deadline, service);
	sip_timer_start(proxy->timers, &service->quiet, t->t1, on_quiet,
	    service);
}

static void
on_signal(evutil_socket_t number, short what, void *arg)
{
	struct service *service = arg;

	(void)what;
	if (number == SIGUSR1) {
		(void)has_changed(service);
		reload(service);
	} else if (number == SIGUSR2) {
		counters_log(service->proxy);
	} else if (number != SIGHUP) {
		drain(service);
	}
}

static void
on_wake(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

/* What a storm of calls took goes back to the system once it is over. */
static void
give_back(const struct proxy *proxy)
{
	const struct sip_txn_stats *t = sip_txn_stats(proxy->txns);

	if (t->servers + t->clients == 0 &&
	    decisions_count(proxy->decisions) == 0)
		(void)malloc_trim(0);
}

static void
on_beat(void *arg)
{
	struct service *service = arg;

	give_back(service->proxy);

	beat_send(service->proxy, service->start, (int64_t)time(NULL));
	sip_timer_start(service->proxy->timers, &service->beat,
	    USHER_BEAT_S * 1000, on_beat, service);
}

static bool
watch(struct service *service)
{
	static const int numbers[SIGNALS] = { SIGUSR1, SIGUSR2, SIGTERM, SIGINT,
		SIGHUP };
	struct event_base *base = service->proxy->base;

	for (size_t i = 0; i < SIGNALS; i++) {
		service->signals[i] = evsignal_new(base, numbers[i], on_signal,
		    service);
		if (service->signals[i] == NULL ||
		    event_add(service->signals[i], NULL) != 0)
			return false;
	}
	service->wake = evtimer_new(base, on_wake, NULL);
	return service->wake != NULL;
}

struct service *
service_new(struct proxy *proxy, const char *file)
{
	struct service *service = calloc(1, sizeof(*service));

	if (service == NULL)
		return NULL;
	service->proxy = proxy;
	service->file = file;
	if (!watch(service)) {
		service_free(service);
		return NULL;
	}
	(void)has_changed(service);
	sip_timer_start(proxy->timers, &service->watch, WATCH_MS, on_watch,
	    service);
	service->start = (int64_t)time(NULL);
	on_beat(service);
	return service;
}

void
service_free(struct service *service)
{
	if (service == NULL)
		return;
	for (size_t i = 0; i < SIGNALS; i++) {
		if (service->signals[i] != NULL)
			event_free(service->signals[i]);
	}
	if (service->wake != NULL)
		event_free(service->wake);
	sip_timer_stop(service->proxy->timers, &service->quiet);
	sip_timer_stop(service->proxy->timers, &service->deadline);
	sip_timer_stop(service->proxy->timers, &service->watch);
	sip_timer_stop(service->proxy->timers, &service->beat);
	if (service->start != 0)
		beat_end(service->proxy);
	free(service);
}

static uint64_t
monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void
service_run(struct service *service)
{
	struct proxy *proxy = service->proxy;

	while (!service->stopping) {
		uint64_t wait_ms = sip_timers_next_ms(proxy->timers);
		struct timeval wait;

		if (wait_ms > SLICE_MS)
			wait_ms = SLICE_MS;
		wait.tv_sec = (time_t)(wait_ms / 1000);
		wait.tv_usec = (suseconds_t)(wait_ms % 1000 * 1000);
		event_add(service->wake, &wait);
		event_base_loop(proxy->base, EVLOOP_ONCE);
		sip_timers_run(proxy->timers, monotonic_ms());
	}
}
