/*
 * cli_status: `usher status`: whether all is well, for people and monitors.
 *
 * Exits with 0 well, 1 warning, 3 down (design.md §10). Down is: no daemon
 * lives, one has ended without saying so, or the store cannot be read. All
 * else that somebody should look at is a warning. Looking writes nothing but
 * an empty record that is never there, to see that writing works.
 */
#include "cli.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

enum {
	HOUR_S = 3600,
	DAY_S = 86400,
	WRITE_WAIT_MS = 1000,
	DOWN = CLI_FAILED,
	WARNING = CLI_NEGATIVE
};

struct status {
	struct usher *usher;
	struct usher_conf *conf;
	int64_t now;
	int code; /* CLI_DONE, WARNING, DOWN */
	json_t *problems, *daemons;
	size_t alive;
	unsigned long faults, failed_splits;
	bool readable, writable;
	size_t held, letters, splits, due;
	int64_t oldest_held, oldest_letter; /* 0: none */
};

static void __attribute__((format(printf, 3, 4)))
complain(struct status *status, int code, const char *format, ...)
{
	va_list arguments;
	char text[1024];

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	(void)json_array_append_new(status->problems, json_string(text));
	if (code > status->code)
		status->code = code;
}

static json_t *
instant(int64_t at)
{
	char text[USHER_INSTANT_TEXT];

	if (at == 0)
		return json_null();
	usher_instant_text(at, text);
	return json_string(text);
}

/* ---- daemons ---- */

static unsigned long
counted(const struct usher_daemon *daemon, const char *name)
{
	for (size_t i = 0; i < daemon->last.count; i++)
		if (strcmp(daemon->last.counts[i].name, name) == 0)
			return daemon->last.counts[i].value;
	return 0;
}

static void
look_at_faults(struct status *status, const struct usher_daemon *daemon)
{
	char at[USHER_INSTANT_TEXT];

	status->faults += counted(daemon, "faults");
	status->failed_splits += counted(daemon, "differed");
	if (status->now - daemon->last.last_fault > DAY_S)
		return;
	usher_instant_text(daemon->last.last_fault, at);
	complain(status, WARNING,
	    "%s on %s let attempts pass by faults of its own, %lu since its "
	    "start, the last at %s: see its log",
	    daemon->last.name, daemon->host, counted(daemon, "faults"), at);
}

static int
look_at_daemon(void *arg, const struct usher_daemon *daemon)
{
	struct status *status = arg;
	json_t *counts = json_object();
	char seen[USHER_INSTANT_TEXT];

	for (size_t i = 0; i < daemon->last.count; i++)
		(void)json_object_set_new(counts, daemon->last.counts[i].name,
		    json_integer((json_int_t)daemon->last.counts[i].value));
	(void)json_array_append_new(status->daemons,
	    json_pack("{s:s,s:s,s:I,s:b,s:o,s:o,s:o}", "name",
		daemon->last.name, "host", daemon->host, "pid",
		(json_int_t)daemon->pid, "alive", (int)daemon->alive, "start",
		instant(daemon->last.start), "seen", instant(daemon->last.at),
		"counts", counts));
	usher_instant_text(daemon->last.at, seen);
	if (daemon->alive)
		status->alive++;
	else
		complain(status, DOWN,
		    "%s on %s (process %" PRId64 ") is down: it was last "
		    "heard of at %s",
		    daemon->last.name, daemon->host, daemon->pid, seen);
	if (daemon->alive)
		look_at_faults(status, daemon);
	return 0;
}

static void
look_at_daemons(struct status *status)
{
	struct usher_error error = { .text = "" };

	if (usher_daemon_each(status->usher, status->now, look_at_daemon,
		status, &error) != 0) {
		complain(status, DOWN, "%s", error.text);
		return;
	}
	status->readable = true;
	if (json_array_size(status->daemons) == 0)
		complain(status, DOWN,
		    "no daemon runs: start usher-milter or usher-sip");
}

/* ---- the store ---- */

static int
leave(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	(void)arg, (void)old;
	fresh->bytes = NULL;
	return 0;
}

static void
look_at_writing(struct status *status)
{
	struct usher_error error = { .text = "out of memory" };
	struct usher_notes *notes;
	int code = usher_notes_new(status->usher, &notes, &error);

	if (code == 0)
		code = usher_notes_record(notes, USHER_RECORD_DAEMON,
		    "usher status", leave, NULL, &error);
	if (code == 0)
		code = usher_notes_commit(notes, WRITE_WAIT_MS, &error);
	usher_notes_free(notes);
	status->writable = code == 0;
	if (code != 0)
		complain(status, WARNING,
		    "the store takes nothing: no promise can be kept: %s",
		    error.text);
}

/* ---- what waits ---- */

static int
look_at_held(void *arg, const struct usher_held *held, bool due)
{
	struct status *status = arg;

	status->held++;
	if (status->oldest_held == 0 || held->arrival < status->oldest_held)
		status->oldest_held = held->arrival;
	if (due && held->opening.from + HOUR_S < status->now)
		status->due++;
	return 0;
}

static int
look_at_letter(void *arg, const char *key, const void *bytes, size_t length,
    int64_t until)
{
	struct status *status = arg;
	json_t *json = json_loadb(bytes, length, 0, NULL);
	int64_t made = json_integer_value(json_object_get(json, "made"));

	(void)key, (void)until;
	status->letters++;
	if (made != 0 &&
	    (status->oldest_letter == 0 || made < status->oldest_letter))
		status->oldest_letter = made;
	json_decref(json);
	return 0;
}

static int
count_split(void *arg, const char *key, const void *bytes, size_t length,
    int64_t until)
{
	struct status *status = arg;

	(void)key, (void)bytes, (void)length;
	if (until > status->now)
		status->splits++;
	return 0;
}

static void
look_at_waiting(struct status *status)
{
	struct usher_error error = { .text = "" };

	if (usher_held_each(status->usher, status->now, look_at_held, status,
		&error) != 0 ||
	    usher_record_each(status->usher, USHER_RECORD_OUTBOX,
		look_at_letter, status, &error) != 0 ||
	    usher_record_each(status->usher, USHER_RECORD_SPLIT, count_split,
		status, &error) != 0)
		complain(status, DOWN, "%s", error.text);
	if (status->due > 0)
		complain(status, WARNING,
		    "%zu held mails were due more than an hour ago: does "
		    "`usher release` run?",
		    status->due);
	if (status->oldest_letter != 0 &&
	    status->now - status->oldest_letter > HOUR_S)
		complain(status, WARNING,
		    "replies have waited for more than an hour: see "
		    "mail.submit");
}

static bool
look_at_proof(struct status *status)
{
	const struct usher_mail *mail = usher_conf_mail(status->conf);
	bool missing = mail->authserv_count == 0 && !mail->trust_claimed;

	if (missing && usher_conf_site(status->conf)->mode != USHER_OFF)
		complain(status, WARNING,
		    "mail.authserv_ids is empty and mail.trust is "
		    "\"verified\": no sender of a mail can be proven");
	return missing;
}

/* ---- telling ---- */

static const char *
state_of(const struct status *status)
{
	return status->code == CLI_DONE ? "well"
	    : status->code == WARNING	? "warning"
					: "down";
}

static int
put_json(struct status *status, bool unproven)
{
	json_t *json = json_pack(
	    "{s:s,s:O,s:{s:b,s:b},s:{s:I,s:o},s:{s:I,s:o},s:{s:I,s:I},s:I,"
	    "s:s,s:O}",
	    "state", state_of(status), "daemons", status->daemons, "store",
	    "readable", (int)status->readable, "writable",
	    (int)status->writable, "held", "count", (json_int_t)status->held,
	    "oldest", instant(status->oldest_held), "outbox", "count",
	    (json_int_t)status->letters, "oldest",
	    instant(status->oldest_letter), "splits", "open",
	    (json_int_t)status->splits, "failed",
	    (json_int_t)status->failed_splits, "faults",
	    (json_int_t)status->faults, "authentication",
	    unproven ? "missing" : "configured", "problems", status->problems);
	char *text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);

	json_decref(json);
	if (text == NULL)
		return cli_failed("out of memory");
	puts(text);
	free(text);
	return status->code;
}

static void
put_daemons(const struct status *status)
{
	json_t *daemon, *value;
	const char *name;
	size_t i;

	json_array_foreach(status->daemons, i, daemon)
	{
		cli_put(json_string_value(json_object_get(daemon, "name")),
		    stdout);
		fputs(" on ", stdout);
		cli_put(json_string_value(json_object_get(daemon, "host")),
		    stdout);
		printf(": %s since %s\n   ",
		    json_is_true(json_object_get(daemon, "alive")) ? "alive"
								   : "DOWN",
		    json_string_value(json_object_get(daemon, "start")));
		json_object_foreach(json_object_get(daemon, "counts"), name,
		    value)
		{
			putchar(' ');
			cli_put(name, stdout);
			printf(" %" JSON_INTEGER_FORMAT,
			    json_integer_value(value));
		}
		putchar('\n');
	}
}

static void
put_oldest(const char *what, size_t count, int64_t oldest)
{
	char at[USHER_INSTANT_TEXT];

	printf("%s: %zu", what, count);
	if (oldest != 0) {
		usher_instant_text(oldest, at);
		printf(", the oldest of %s", at);
	}
	putchar('\n');
}

static int
put_text(struct status *status)
{
	json_t *problem;
	size_t i;

	put_daemons(status);
	printf("store: %s, %s\n", status->readable ? "readable" : "unreadable",
	    status->writable ? "writable" : "not writable");
	put_oldest("held mails", status->held, status->oldest_held);
	put_oldest("replies to be sent", status->letters,
	    status->oldest_letter);
	printf("splits: %zu open, %lu failed\nfaults: %lu\n", status->splits,
	    status->failed_splits, status->faults);
	json_array_foreach(status->problems, i, problem)
	{
		fputs("! ", stdout);
		cli_put(json_string_value(problem), stdout);
		putchar('\n');
	}
	printf("%s\n", state_of(status));
	return status->code;
}

/* A store that cannot be opened is told as well as all that can be. */
static int
open_store(struct status *status, const char *path)
{
	struct usher_problems *problems = usher_problems_new();
	struct usher_error error = { .text = "out of memory" };
	int code = usher_open(&status->usher, path, USHER_STORE | USHER_PATIENT,
	    problems, &error);

	usher_problems_free(problems);
	if (code == 0) {
		status->conf = usher_conf_hold(status->usher);
		look_at_daemons(status);
		return 0;
	}
	code = cli_handle_open(path, 0, &status->usher);
	if (code != 0)
		return code;
	status->conf = usher_conf_hold(status->usher);
	complain(status, DOWN, "%s", error.text);
	return 0;
}

int
cli_status(const struct cli_arguments *arguments)
{
	const char *path = arguments->conf == NULL ? CLI_CONF : arguments->conf;
	struct status status = { .now = (int64_t)time(NULL),
		.problems = json_array(),
		.daemons = json_array() };
	bool unproven;
	int code;

	if (arguments->word_count > 0)
		return cli_usage("status", "`%s` is one word too many",
		    arguments->words[0]);
	code = open_store(&status, path);
	if (code == 0) {
		if (status.readable) {
			look_at_waiting(&status);
			look_at_writing(&status);
		}
		unproven = look_at_proof(&status);
		code = arguments->json ? put_json(&status, unproven)
				       : put_text(&status);
		usher_conf_release(status.conf);
	}
	json_decref(status.problems);
	json_decref(status.daemons);
	usher_close(status.usher);
	return code;
}
