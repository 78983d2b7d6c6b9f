/*
 * main.c - usher-sip: its options, its start, its end.
 *
 * Exit 0 after a stop (without -f: once it is ready), 2 for a wrong option or
 * configuration, 3 when the system failed.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#include "background.h"
#include "serve.h"

#define DEFAULT_CONF "/etc/usher/usher.conf"

enum { DONE = 0, USAGE = 2, FAILED = 3 };

struct options {
	const char *at;
	bool in_front;
	char file[PATH_MAX]; /* absolute: a daemon leaves its directory */
};

static const char usage[] = "usage: usher-sip [-c FILE] [-f] [--at TIME]\n"
			    "       usher-sip --help | --version\n";

static const char help[] =
    "\n"
    "Stands before a PBX and answers calls as the recipient's published\n"
    "preferences say: accept, defer to the next opening, redirect, refuse.\n"
    "\n"
    "  -c, --config FILE   site configuration (" DEFAULT_CONF ")\n"
    "  -f, --foreground    stay; log to standard error\n"
    "      --at TIME       decide as if it were TIME: a rehearsal\n"
    "  -h, --help          this text\n"
    "  -V, --version       the version\n"
    "\n"
    "SIGUSR1 reads FILE again, SIGUSR2 logs counters; SIGTERM and SIGINT\n"
    "take no new calls and end the program.\n"
    "Exit: 0 done, 2 usage or configuration, 3 the system failed.\n"
    "See usher-sip(8) for how to put it before your PBX.\n";

/* -1: go on; else the exit code. */
static int
read_options(int argc, char **argv, struct options *options)
{
	static const struct option names[] = { { "config", required_argument,
						   NULL, 'c' },
		{ "foreground", no_argument, NULL, 'f' },
		{ "at", required_argument, NULL, 'a' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' }, { NULL, 0, NULL, 0 } };
	const char *file = DEFAULT_CONF;
	int letter;

	while ((letter = getopt_long(argc, argv, "c:fhV", names, NULL)) != -1) {
		switch (letter) {
		case 'c': file = optarg; break;
		case 'f': options->in_front = true; break;
		case 'a': options->at = optarg; break;
		case 'h': printf("%s%s", usage, help); return DONE;
		case 'V': puts("usher-sip " USHER_VERSION); return DONE;
		default: fputs(usage, stderr); return USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "usher-sip: what is %s?\n%s", argv[optind],
		    usage);
		return USAGE;
	}
	if (realpath(file, options->file) == NULL)
		snprintf(options->file, sizeof(options->file), "%s", file);
	return -1;
}

static int
exit_code(int error)
{
	return error == EINVAL || error == ENOENT || error == ENOTSUP ? USAGE
								      : FAILED;
}

static int
open_usher(struct usher **usher, const char *file)
{
	struct usher_problems *problems = usher_problems_new();
	const struct log to_stderr = { .in_front = true };
	struct usher_error error = { .code = 0 };
	int failed;

	if (problems == NULL)
		return FAILED;
	failed = usher_open(usher, file, USHER_STORE | USHER_READY, problems,
	    &error);
	service_tell(&to_stderr, problems);
	/* The error repeats the first problem. */
	if (failed != 0 && usher_problems_errors(problems) == 0)
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

static int
serve(struct proxy *proxy, const struct options *options, int ready)
{
	struct service *service = service_new(proxy, options->file);

	if (service == NULL) {
		fputs("usher-sip: the loop cannot start\n", stderr);
		return FAILED;
	}
	if (proxy->fixed_at != INT64_MIN)
		log_write(&proxy->log, LOG_WARNING,
		    "the clock of decisions "
		    "stands at %s (--at): this is a rehearsal",
		    options->at);
	if (options->in_front)
		log_write(&proxy->log, LOG_NOTICE, "ready");
	else
		background_ready(ready);
	sd_notify(0, "READY=1");
	service_run(service);
	service_free(service);
	log_write(&proxy->log, LOG_NOTICE, "stopped");
	return DONE;
}

static int
start(struct proxy *proxy, const struct options *options, int ready)
{
	struct usher *usher = NULL;
	struct usher_error error = { .code = 0 };
	int code = open_usher(&usher, options->file), failed;

	if (code == DONE)
		code = fix_clock(proxy, usher, options->at);
	if (code == DONE) {
		failed = proxy_start(proxy, usher, options->in_front, &error);
		if (failed != 0)
			fprintf(stderr, "usher-sip: %s\n", error.text);
		code = failed == 0 ? serve(proxy, options, ready)
				   : exit_code(failed);
		proxy_stop(proxy);
	}
	/* What hangs on the store looks at it to the end. */
	if (!proxy->hanging)
		usher_close(usher);
	return code;
}

/* A stream is a descriptor: `limits.connections` is the limit, not these. */
static void
raise_limits(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
}

int
main(int argc, char **argv)
{
	struct options options = { .at = NULL };
	struct proxy *proxy;
	int code = read_options(argc, argv, &options), ready = -1;

	if (code != -1)
		return code;
	if (!options.in_front) {
		code = background_go(&ready);
		if (code != -1)
			return code;
	}
	signal(SIGPIPE, SIG_IGN);
	raise_limits();
	proxy = calloc(1, sizeof(*proxy));
	if (proxy == NULL)
		return FAILED;
	code = start(proxy, &options, ready);
	if (!proxy->hanging)
		free(proxy);
	return code;
}
