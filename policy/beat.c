/*
 * beat: signs of life of the daemons, as records of the store.
 *
 * A record a process, keyed by program, host and process id, holding JSON. See
 * usher_status.h; the milter and the proxy send, `usher status` reads. Keeps
 * design.md §10 ("daemons alive").
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "error.h"
#include "notes.h"

/* A crash is told for a day, unless the daemon was started again. */
enum { REMEMBERED_S = 86400, HOST_TEXT = 256 };

/* ---- sending ---- */

static void
host_name(char host[HOST_TEXT])
{
	if (gethostname(host, HOST_TEXT) != 0)
		strcpy(host, "localhost");
	host[HOST_TEXT - 1] = '\0';
}

static void
key_of(const char *name, char key[USHER_RECORD_KEY + 1])
{
	char host[HOST_TEXT];

	host_name(host);
	(void)snprintf(key, USHER_RECORD_KEY + 1, "%.64s %s %ld", name, host,
	    (long)getpid());
}

static char *
write_record(const struct usher_beat *beat)
{
	json_t *counts = json_object(), *json;
	char host[HOST_TEXT], *text;

	host_name(host);
	for (size_t i = 0; i < beat->count; i++)
		(void)json_object_set_new(counts, beat->counts[i].name,
		    json_integer((json_int_t)beat->counts[i].value));
	json = json_pack("{s:s,s:s,s:I,s:I,s:I,s:I,s:o}", "name", beat->name,
	    "host", host, "pid", (json_int_t)getpid(), "start",
	    (json_int_t)beat->start, "at", (json_int_t)beat->at, "fault",
	    (json_int_t)beat->last_fault, "counts", counts);
	text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
	json_decref(json);
	return text;
}

struct sent {
	const char *text;
	int64_t until;
};

static int
put(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	const struct sent *sent = arg;

	(void)old;
	fresh->bytes = sent->text;
	fresh->length = sent->text == NULL ? 0 : strlen(sent->text);
	fresh->until = sent->until;
	return 0;
}

/* text NULL: the record goes. */
static int
note(struct usher_notes *notes, const char *name, const char *text,
    int64_t until, struct usher_error *error)
{
	struct sent *sent = usher_arena_alloc(&notes->arena, sizeof(*sent));
	char key[USHER_RECORD_KEY + 1];

	if (sent == NULL)
		return usher_error_set(error, ENOMEM, "out of memory");
	sent->text = text == NULL ? NULL
				  : usher_arena_string(&notes->arena, text);
	sent->until = until;
	if (text != NULL && sent->text == NULL)
		return usher_error_set(error, ENOMEM, "out of memory");
	key_of(name, key);
	return usher_notes_record(notes, USHER_RECORD_DAEMON, key, put, sent,
	    error);
}

void
usher_beat_send(struct usher *usher, const struct usher_beat *beat)
{
	struct usher_notes *notes;
	char *text;

	if (usher_notes_new(usher, &notes, NULL) != 0)
		return;
	text = write_record(beat);
	if (text != NULL &&
	    note(notes, beat->name, text, beat->at + REMEMBERED_S, NULL) == 0)
		usher_notes_commit_later(notes);
	else
		usher_notes_free(notes);
	free(text);
}

int
usher_beat_end(struct usher *usher, const char *name, int wait_ms,
    struct usher_error *error)
{
	struct usher_notes *notes;
	int code = usher_notes_new(usher, &notes, error);

	if (code != 0)
		return code;
	code = note(notes, name, NULL, 0, error);
	usher_notes_own(notes, NULL, NULL);
	if (code == 0)
		code = usher_notes_commit(notes, wait_ms, error);
	usher_notes_free(notes);
	return code;
}

/* ---- reading ---- */

struct one {
	json_t *json; /* owns what `daemon` points to */
	struct usher_daemon daemon;
	struct usher_count counts[USHER_COUNTS];
};

struct many {
	int64_t at;
	size_t count, room;
	struct one **list;
};

static void
read_counts(struct one *one, json_t *counts)
{
	const char *name;
	json_t *value;

	json_object_foreach(counts, name, value)
	{
		if (one->daemon.last.count == USHER_COUNTS)
			break;
		one->counts[one->daemon.last.count++] = (struct usher_count){
			name, (unsigned long)json_integer_value(value)
		};
	}
	one->daemon.last.counts = one->counts;
}

static bool
read_record(struct one *one, const void *bytes, size_t length, int64_t now)
{
	json_int_t pid, start, at, fault;
	json_t *counts;

	one->json = json_loadb(bytes, length, 0, NULL);
	if (json_unpack(one->json, "{s:s,s:s,s:I,s:I,s:I,s:I,s:o}", "name",
		&one->daemon.last.name, "host", &one->daemon.host, "pid", &pid,
		"start", &start, "at", &at, "fault", &fault, "counts",
		&counts) != 0)
		return false;
	one->daemon.pid = pid;
	one->daemon.last.start = start;
	one->daemon.last.at = at;
	one->daemon.last.last_fault = fault;
	one->daemon.alive = now - at <= USHER_BEAT_LATE_S;
	read_counts(one, counts);
	return true;
}

/* What cannot be read is nobody's sign. */
static int
take(void *arg, const char *key, const void *bytes, size_t length,
    int64_t until)
{
	struct many *many = arg;
	struct one *one;

	(void)key;
	if (until <= many->at)
		return 0;
	if (many->count == many->room) {
		size_t room = many->room == 0 ? 8 : 2 * many->room;
		struct one **list = reallocarray(many->list, room,
		    sizeof(struct one *));

		if (list == NULL)
			return ENOMEM;
		many->list = list;
		many->room = room;
	}
	one = calloc(1, sizeof(*one));
	if (one == NULL)
		return ENOMEM;
	if (read_record(one, bytes, length, many->at)) {
		many->list[many->count++] = one;
	} else {
		json_decref(one->json);
		free(one);
	}
	return 0;
}

static bool
started_again(const struct many *many, const struct usher_daemon *daemon)
{
	for (size_t i = 0; i < many->count; i++) {
		const struct usher_daemon *other = &many->list[i]->daemon;

		if (other != daemon && other->alive &&
		    other->last.start >= daemon->last.at &&
		    strcmp(other->last.name, daemon->last.name) == 0 &&
		    strcmp(other->host, daemon->host) == 0)
			return true;
	}
	return false;
}

int
usher_daemon_each(struct usher *usher, int64_t at, usher_daemon_each_h each,
    void *arg, struct usher_error *error)
{
	struct many many = { .at = at };
	int code = usher_record_each(usher, USHER_RECORD_DAEMON, take, &many,
	    error);

	for (size_t i = 0; code == 0 && i < many.count; i++) {
		const struct usher_daemon *daemon = &many.list[i]->daemon;

		if (daemon->alive || !started_again(&many, daemon))
			code = each(arg, daemon);
	}
	for (size_t i = 0; i < many.count; i++) {
		json_decref(many.list[i]->json);
		free(many.list[i]);
	}
	free(many.list);
	return code;
}
