/*
 * main: the program usher-milter: options, start, end.
 *
 * It checks everything first and says in one sentence what is wrong, so that
 * whoever starts it by hand or through a service manager learns it at once.
 * libmilter runs in a thread of its own; this one waits for signals.
 * Exit: 0 done, 2 usage or configuration, 3 the system failed.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "background.h"
#include "beat.h"
#include "notify.h"
#include "outbox.h"
#include "reload.h"
#include "resident.h"
#include "socket.h"

#define DEFAULT_CONF "/etc/usher/usher.conf"

struct options {
	const char *conf;
	const char *at;
	bool foreground;
};

static const char usage[] = "usage: usher-milter [-c FILE] [-f] [--at TIME]\n"
			    "       usher-milter --help | --version\n";

static const char help[] =
    "\n"
    "Answers Postfix or Sendmail for each recipient as their published\n"
    "preferences say: accept, defer to the next opening, redirect, refuse.\n"
    "\n"
    "  -c, --config FILE   site configuration (" DEFAULT_CONF ")\n"
    "  -f, --foreground    stay; log to standard error\n"
    "      --at TIME       decide as if it were TIME: a rehearsal\n"
    "  -h, --help          this text\n"
    "  -V, --version       the version\n"
    "\n"
    "SIGUSR1 reads FILE again; SIGTERM, SIGINT and SIGHUP end the program.\n"
    "Exit: 0 done, 2 usage or configuration, 3 the system failed.\n"
    "See usher-milter(8) for how to put it into your mail server.\n";

/*
 * A daemon leaves this directory, and reads the file again: the one that a
 * symbolic link names then.
 */
static void
remember_path(struct options *options)
{
	static char path[PATH_MAX];
	size_t length;

	if (options->conf[0] == '/' || getcwd(path, sizeof path) == NULL)
		return;
	length = strlen(path);
	if (snprintf(path + length, sizeof path - length, "/%s",
		options->conf) < (int)(sizeof path - length))
		options->conf = path;
}

/* -1: go on; else the program's exit code. */
static int
read_options(int argc, char **argv, struct options *options)
{
	static const struct option names[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "foreground", no_argument, NULL, 'f' },
		{ "at", required_argument, NULL, 'a' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int letter;

	*options = (struct options){ .conf = DEFAULT_CONF };
	while ((letter = getopt_long(argc, argv, "c:fhV", names, NULL)) != -1) {
		switch (letter) {
		case 'c': options->conf = optarg; break;
		case 'f': options->foreground = true; break;
		case 'a': options->at = optarg; break;
		case 'h': printf("%s%s", usage, help); return EXIT_SUCCESS;
		case 'V':
			puts("usher-milter " USHER_VERSION);
			return EXIT_SUCCESS;
		default: fputs(usage, stderr); return EXIT_USAGE;
		}
	}
	if (optind == argc) {
		remember_path(options);
		return -1;
	}
	fprintf(stderr, "usher-milter: what is %s?\n%s", argv[optind], usage);
	return EXIT_USAGE;
}

/* ---- start ---- */

/*
 * libmilter waits for HUP, TERM and INT in a thread of its own, and stops by
 * itself, in up to 5 s. A handler in a thread that does not block them is asked
 * first, so the main thread is the only one that does not.
 */
static int signals[2] = { -1, -1 };

static void
on_signal(int number)
{
	int before = errno;
	char byte = (char)number;
	ssize_t written;

	/* A full pipe has signals enough to read. */
	written = write(signals[1], &byte, 1);
	(void)written;
	errno = before;
}

static void
mask_signals(int how)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGUSR1);
	(void)pthread_sigmask(how, &set, NULL);
}

/* Before the first thread, which inherits the mask. */
static int
catch_signals(void)
{
	static const int ours[] = { SIGHUP, SIGTERM, SIGINT, SIGUSR1 };
	struct sigaction action = { .sa_handler = on_signal,
		.sa_flags = SA_RESTART };
	size_t i;

	if (pipe2(signals, O_CLOEXEC | O_NONBLOCK) != 0)
		return errno;
	(void)signal(SIGPIPE, SIG_IGN);
	mask_signals(SIG_BLOCK);
	(void)sigemptyset(&action.sa_mask);
	for (i = 0; i < sizeof ours / sizeof *ours; i++)
		(void)sigaction(ours[i], &action, NULL);
	return 0;
}

/* Until the daemon is ready, somebody may be watching the terminal. */
static int
say_failed(const struct milter *milter, const char *where,
    const struct usher_error *error)
{
	if (error->file[0] != '\0')
		where = error->file;
	if (error->text[0] != '\0')
		fprintf(stderr, "usher-milter: %s%s%s\n", where,
		    *where == '\0' ? "" : ": ", error->text);
	if (error->text[0] != '\0' && !milter->log.foreground)
		log_say(&milter->log, LOG_ERR, "%s%s%s", where,
		    *where == '\0' ? "" : ": ", error->text);
	return error->code == EINVAL || error->code == ENOENT ? EXIT_USAGE
							      : EXIT_SYSTEM;
}

/* A connection is a descriptor, and a full table turns mail away. */
static void
raise_limits(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
}

/*
 * A hundred sessions at once keep a hundred threads busy, each with an arena
 * of its own to hold on to what it freed.
 */
static void
bound_memory(void)
{
	(void)mallopt(M_ARENA_MAX, 2);
	(void)mallopt(M_TRIM_THRESHOLD, 128 * 1024);
	(void)mallopt(M_MMAP_THRESHOLD, 60 * 1024);
}

static int
open_usher(struct milter *milter, const struct options *options,
    struct usher_error *error)
{
	struct usher_problems *problems = usher_problems_new();
	struct usher_conf *conf;
	int code;

	code = usher_open(&milter->usher, options->conf,
	    USHER_STORE | USHER_READY, problems, error);
	reload_tell(&milter->log, problems);
	if (code != 0 && !milter->log.foreground)
		reload_tell(&(struct log){ .foreground = true }, problems);
	/* The error repeats the first problem. */
	if (code != 0 && usher_problems_errors(problems) != 0)
		error->text[0] = '\0';
	usher_problems_free(problems);
	if (code != 0)
		return code;
	conf = usher_conf_hold(milter->usher);
	code = reload_fit(conf, error);
	if (code == 0)
		resident_started(conf);
	if (code == 0 && options->at != NULL) {
		milter->clock_fixed = true;
		code = usher_time_read(conf, NULL, options->at,
		    &milter->clock_at, error);
	}
	usher_conf_release(conf);
	return code;
}

static void
say_clock(const struct milter *milter)
{
	char at[USHER_INSTANT_TEXT];

	if (!milter->clock_fixed)
		return;
	usher_instant_text(milter->clock_at, at);
	log_say(&milter->log, LOG_NOTICE,
	    "a rehearsal: every decision is made as if it were %s", at);
}

/* ---- service ---- */

struct service {
	pthread_t thread;
	struct beat beat;
	atomic_bool ended;
	bool asked; /* to stop */
	bool well;
};

static void *
run_libmilter(void *arg)
{
	struct service *service = arg;

	service->well = smfi_main() == MI_SUCCESS;
	atomic_store(&service->ended, true);
	return NULL;
}

static void *
stop_libmilter(void *arg)
{
	(void)smfi_stop();
	return arg;
}

/*
 * libmilter looks every 5 s whether it is to stop, and smfi_stop() waits for
 * that: whoever connects meanwhile makes it look at once.
 */
static void
stop(struct service *service, const struct socket_place *place)
{
	const struct timespec tick = { .tv_nsec = 10000000 };
	pthread_t stopper;

	if (pthread_create(&stopper, NULL, stop_libmilter, NULL) != 0) {
		(void)smfi_stop();
		return;
	}
	while (!atomic_load(&service->ended)) {
		socket_wake(place);
		(void)nanosleep(&tick, NULL);
	}
	(void)pthread_join(stopper, NULL);
}

/* The signal that came within a second, or 0. */
static int
next_signal(void)
{
	struct pollfd ready = { .fd = signals[0], .events = POLLIN };
	char byte = 0;

	if (poll(&ready, 1, 1000) != 1 || read(signals[0], &byte, 1) != 1)
		return 0;
	return byte;
}

static void
wait_for_signals(struct service *service, struct reload *reload,
    const struct socket_place *place)
{
	int got;

	while (!atomic_load(&service->ended)) {
		got = next_signal();
		if (got == SIGUSR1 || got == 0) {
			reload_look(reload, got == SIGUSR1);
			beat_look(&service->beat, reload->milter);
			repeats_look(reload->milter, (int64_t)time(NULL),
			    false);
			continue;
		}
		service->asked = true;
		stop(service, place);
		break;
	}
	(void)pthread_join(service->thread, NULL);
}

/* libmilter lets commands under way end, and never waits for them. */
static void
wait_for_sessions(const struct milter *milter)
{
	const struct timespec tick = { .tv_nsec = 10000000 };
	int ticks;

	for (ticks = 0; ticks < 100; ticks++) {
		if (atomic_load(&milter->sessions) == 0)
			return;
		(void)nanosleep(&tick, NULL);
	}
}

static int
serve(struct milter *milter, const struct options *options,
    const struct socket_place *place, int ready)
{
	struct service service = { .well = false };
	struct reload reload;

	reload_begin(&reload, milter, options->conf);
	/* Its thread, too, is to hear of no signal. */
	if (outbox_start(&milter->outbox, milter) != 0)
		log_say(&milter->log, LOG_ERR,
		    "the outbox does not start: no replies are sent");
	if (pthread_create(&service.thread, NULL, run_libmilter, &service) != 0)
		return EAGAIN;
	beat_begin(&service.beat, milter);
	mask_signals(SIG_UNBLOCK);
	say_clock(milter);
	log_say(&milter->log, LOG_INFO, "ready");
	notify_manager("READY=1");
	if (ready >= 0)
		background_ready(ready);
	wait_for_signals(&service, &reload, place);
	notify_manager("STOPPING=1");
	wait_for_sessions(milter);
	outbox_stop(milter->outbox);
	beat_end(&service.beat, milter);
	repeats_look(milter, (int64_t)time(NULL), true);
	tell_counts(milter);
	/* libmilter calls it a failure when its socket goes first. */
	return service.well || service.asked ? 0 : EIO;
}

static int
open_socket(struct milter *milter, struct socket_place *place,
    struct usher_error *error)
{
	struct smfiDesc desc;
	struct usher_conf *conf;
	int code;

	session_describe(&desc, milter);
	if (smfi_register(desc) != MI_SUCCESS)
		return ENOMEM;
	conf = usher_conf_hold(milter->usher);
	code = socket_open(place, usher_conf_mail(conf), error);
	usher_conf_release(conf);
	return code;
}

int
main(int argc, char **argv)
{
	struct usher_error error = { .code = ENOMEM, .text = "out of memory" };
	struct socket_place place = { 0 };
	static struct milter milter;
	struct options options;
	int ready = -1, code;

	code = read_options(argc, argv, &options);
	if (code == -1 && !options.foreground)
		code = background_go(&ready);
	if (code != -1)
		return code;
	log_open(&milter.log, options.foreground);
	raise_limits();
	bound_memory();
	turns_begin(&milter.turns);
	repeats_begin(&milter.repeats);
	code = catch_signals();
	if (code == 0)
		code = open_usher(&milter, &options, &error);
	if (code == 0)
		code = open_socket(&milter, &place, &error);
	if (code != 0) {
		code = say_failed(&milter, "", &error);
	} else if (serve(&milter, &options, &place, ready) != 0) {
		log_say(&milter.log, LOG_ERR, "libmilter gave up");
		code = EXIT_SYSTEM;
	}
	socket_close(&place);
	/* Sessions that are still open may be about to use all this. */
	if (atomic_load(&milter.sessions) > 0)
		_exit(code);
	outbox_free(milter.outbox);
	usher_close(milter.usher);
	return code;
}
