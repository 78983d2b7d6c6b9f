/*
 * main.c - usher-sip: options, signals, and the loop.
 *
 * One thread, one loop (design-calls.md "Operation"). SIGUSR1 reads the
 * configuration again, SIGUSR2 logs counters, SIGTERM and SIGINT drain: no new
 * calls, and the rest has `timers.drain` to finish. Exit 0 after a stop, 2 for a
 * wrong option or configuration, 3 when the system failed.
 */
#include <errno.h>
#include <event2/event.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "proxy.h"

enum { DONE = 0, USAGE = 2, FAILED = 3, SLICE_MS = 1000 };

struct options {
	const char *file, *at;
	bool in_front;
};

struct daemon {
	struct proxy proxy;
	struct event *signals[5];
	struct event *wake;
	struct sip_timer quiet, deadline;
	bool stopping;		/* leave the loop */
};

static void
usage(FILE *out)
{
	fputs("usage: usher-sip [-c FILE] [-f] [--at TIME]\n"
	      "  -c FILE        configuration (/etc/usher/usher.conf)\n"
	      "  -f             stay in front: log to stderr, say when ready\n"
	      "  --at TIME      fix the clock of decisions, for a rehearsal\n"
	      "  --help         this text\n"
	      "  --version      the version\n"
	      "SIGUSR1 reloads, SIGUSR2 logs counters, SIGTERM drains and "
	      "ends.\n", out);
}

/* -1: go on; else the exit code. */
static int
read_options(int argc, char **argv, struct options *options)
{
	static const struct option longs[] = {
		{ "at", required_argument, NULL, 'a' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' }, { NULL, 0, NULL, 0 } };
	int option;

	while ((option = getopt_long(argc, argv, "c:fh", longs, NULL)) != -1) {
		switch (option) {
		case 'c': options->file = optarg; break;
		case 'f': options->in_front = true; break;
		case 'a': options->at = optarg; break;
		case 'h': usage(stdout); return DONE;
		case 'v': puts("usher-sip " USHER_VERSION); return DONE;
		default: usage(stderr); return USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "usher-sip: unexpected argument \"%s\"\n",
		    argv[optind]);
		usage(stderr);
		return USAGE;
	}
	return -1;
}

static void
tell_problems(const struct log *log, const struct usher_problems *problems)
{
	for (size_t i = 0; i < usher_problems_count(problems); i++) {
		const struct usher_problem *p =
		    usher_problems_get(problems, i);

		log_write(log, p->warning ? LOG_WARNING : LOG_ERR,
		    "%s:%u: %s", p->file, p->line, p->text);
	}
}

static int
exit_code(int error)
{
	return error == EINVAL || error == ENOENT || error == ENOTSUP ? USAGE
								      : FAILED;
}

static int
open_usher(struct usher **usher, const struct options *options)
{
	struct usher_problems *problems = usher_problems_new();
	const struct log to_stderr = { .in_front = true };
	struct usher_error error = { .code = 0 };
	int failed;

	if (problems == NULL)
		return FAILED;
	failed = usher_open(usher, options->file, USHER_STORE, problems,
	    &error);
	tell_problems(&to_stderr, problems);
	if (failed != 0 && error.text[0] != '\0')
		fprintf(stderr, "usher-sip: %s\n", error.text);
	usher_problems_free(problems);
	return failed == 0 ? DONE : exit_code(failed);
}

static int
fix_clock(struct proxy *proxy, struct usher *usher, const char *at)
{
	struct usher_conf *conf;
	struct usher_error error;
	int failed;

	proxy->fixed_at = INT64_MIN;
	if (at == NULL)
		return DONE;
	conf = usher_conf_hold(usher);
	failed = usher_time_read(conf, NULL, at, &proxy->fixed_at, &error);
	usher_conf_release(conf);
	if (failed == 0)
		return DONE;
	fprintf(stderr, "usher-sip: --at %s: %s\n", at, error.text);
	return USAGE;
}

static void
reload(struct daemon *daemon)
{
	struct proxy *proxy = &daemon->proxy;
	struct usher_problems *problems = usher_problems_new();
	struct usher_error error = { .text = "out of memory" };
	int failed = ENOMEM;

	if (problems != NULL)
		failed = usher_reload(proxy->usher, problems, &error);
	if (problems != NULL)
		tell_problems(&proxy->log, problems);
	usher_problems_free(problems);
	if (failed == 0)
		failed = proxy_reload(proxy, &error);
	if (failed != 0)
		log_write(&proxy->log, LOG_ERR, "the configuration in force "
		    "stays: %s", error.text);
	else
		log_write(&proxy->log, LOG_NOTICE, "configuration reloaded");
}

static void
on_deadline(void *arg)
{
	struct daemon *daemon = arg;

	daemon->stopping = true;
}

/* Over when no call waits for its answer, twice in a row. */
static void
on_quiet(void *arg)
{
	struct daemon *daemon = arg;
	struct proxy *proxy = &daemon->proxy;

	if (calls_unanswered(proxy) == 0)
		daemon->stopping = true;
	else
		sip_timer_start(proxy->timers, &daemon->quiet,
		    proxy->setup->sip->timers.t1, on_quiet, daemon);
}

static void
drain(struct daemon *daemon)
{
	struct proxy *proxy = &daemon->proxy;
	const struct usher_sip_timers *t = &proxy->setup->sip->timers;

	if (proxy->draining) {
		daemon->stopping = true;	/* asked twice: at once */
		return;
	}
	proxy->draining = true;
	sd_notify(0, "STOPPING=1");
	log_write(&proxy->log, LOG_NOTICE, "stopping: %u calls have %u ms to "
	    "finish", calls_unanswered(proxy), t->drain);
	sip_timer_start(proxy->timers, &daemon->deadline, t->drain,
	    on_deadline, daemon);
	sip_timer_start(proxy->timers, &daemon->quiet, t->t1, on_quiet,
	    daemon);
}

static void
on_signal(evutil_socket_t number, short what, void *arg)
{
	struct daemon *daemon = arg;

	(void)what;
	if (number == SIGUSR1)
		reload(daemon);
	else if (number == SIGUSR2)
		counters_log(&daemon->proxy);
	else if (number != SIGHUP)
		drain(daemon);
}

static void
on_wake(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

static bool
watch_signals(struct daemon *daemon)
{
	static const int numbers[] = { SIGUSR1, SIGUSR2, SIGTERM, SIGINT,
		SIGHUP };
	struct event_base *base = daemon->proxy.base;

	for (size_t i = 0; i < 5; i++) {
		daemon->signals[i] = evsignal_new(base, numbers[i], on_signal,
		    daemon);
		if (daemon->signals[i] == NULL ||
		    event_add(daemon->signals[i], NULL) != 0)
			return false;
	}
	daemon->wake = evtimer_new(base, on_wake, NULL);
	return daemon->wake != NULL;
}

static void
free_events(struct daemon *daemon)
{
	for (size_t i = 0; i < 5; i++) {
		if (daemon->signals[i] != NULL)
			event_free(daemon->signals[i]);
	}
	if (daemon->wake != NULL)
		event_free(daemon->wake);
}

static uint64_t
monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void
loop(struct daemon *daemon)
{
	struct proxy *proxy = &daemon->proxy;

	while (!daemon->stopping) {
		uint64_t wait_ms = sip_timers_next_ms(proxy->timers);
		struct timeval wait;

		if (wait_ms > SLICE_MS)
			wait_ms = SLICE_MS;
		wait.tv_sec = (time_t)(wait_ms / 1000);
		wait.tv_usec = (suseconds_t)(wait_ms % 1000 * 1000);
		event_add(daemon->wake, &wait);
		event_base_loop(proxy->base, EVLOOP_ONCE);
		sip_timers_run(proxy->timers, monotonic_ms());
	}
}

static int
serve(struct daemon *daemon, const struct options *options)
{
	struct proxy *proxy = &daemon->proxy;

	if (!watch_signals(daemon)) {
		fputs("usher-sip: signals cannot be watched\n", stderr);
		return FAILED;
	}
	if (proxy->fixed_at != INT64_MIN)
		log_write(&proxy->log, LOG_WARNING, "the clock of decisions "
		    "stands at %s (--at): this is a rehearsal", options->at);
	if (options->in_front)
		fputs("usher-sip: ready\n", stderr);
	sd_notify(0, "READY=1");
	loop(daemon);
	log_write(&proxy->log, LOG_NOTICE, "stopped");
	return DONE;
}

int
main(int argc, char **argv)
{
	struct options options = { .file = "/etc/usher/usher.conf" };
	struct daemon *daemon;
	struct usher *usher = NULL;
	struct usher_error error = { .code = 0 };
	int code = read_options(argc, argv, &options), failed;

	if (code != -1)
		return code;
	setvbuf(stderr, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	daemon = calloc(1, sizeof(*daemon));
	if (daemon == NULL)
		return FAILED;
	code = open_usher(&usher, &options);
	if (code == DONE)
		code = fix_clock(&daemon->proxy, usher, options.at);
	if (code == DONE) {
		failed = proxy_start(&daemon->proxy, usher, options.in_front,
		    &error);
		code = failed == 0 ? serve(daemon, &options)
				   : exit_code(failed);
		if (failed != 0)
			fprintf(stderr, "usher-sip: %s\n", error.text);
		free_events(daemon);
		proxy_stop(&daemon->proxy);
	}
	usher_close(usher);
	free(daemon);
	return code;
}
