/*
 * held: the messages that lie in the MTA's quarantine until their opening.
 *
 * The MTA keeps the mail, we keep a record of it by its queue id: what it was
 * held for, and enough to know it again, since short queue ids are used anew
 * (design-mail.md "Hold"). The milter notes, `usher held` lists, `usher
 * release` lets go. The records do not end by themselves: whatever happens,
 * somebody must let the mail go. In a store that several hosts share a host
 * sees its own alone: no other can let them go.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib.h>
#include <jansson.h>

#include "error.h"
#include "notes.h"

/* ---- whose it is ---- */

enum { HOST_TEXT = 256 };

/* Whose queue it lies in, where that is not the only one; else "". */
static void
our_host(struct usher *usher, char host[HOST_TEXT])
{
	struct usher_conf *conf = usher_conf_hold(usher);

	host[0] = '\0';
	if (strncmp(conf->store, "redis", 5) == 0 &&
	    gethostname(host, HOST_TEXT) != 0)
		strcpy(host, "localhost");
	host[HOST_TEXT - 1] = '\0';
	usher_conf_release(conf);
}

/* "QUEUE-ID" or "QUEUE-ID HOST" */
static void
key_of(struct usher *usher, const char *queue_id,
    char key[USHER_RECORD_KEY + 1])
{
	char host[HOST_TEXT];

	our_host(usher, host);
	(void)snprintf(key, USHER_RECORD_KEY + 1, "%.140s%s%s", queue_id,
	    *host == '\0' ? "" : " ", host);
}

static bool
is_ours(const char *key, const char *host)
{
	const char *space = strchr(key, ' ');

	return *host == '\0' || space == NULL || strcmp(space + 1, host) == 0;
}

/* ---- the record ---- */

/* JSON is UTF-8, an address perhaps not. */
static json_t *
text_json(const char *text)
{
	char *valid = g_utf8_make_valid(text == NULL ? "" : text, -1);
	json_t *json = json_string(valid);

	g_free(valid);
	return json;
}

static char *
write_record(const struct usher_held *held)
{
	json_t *json = json_object(), *recipients = json_array();
	const struct usher_opening *opening = &held->opening;
	char *text;
	int failed = 0;

	for (size_t i = 0; i < held->recipient_count; i++)
		if (i < USHER_HELD_RECIPIENTS)
			failed |= json_array_append_new(recipients,
			    text_json(held->recipients[i]));
	failed |= json_object_set_new(json, "recipients", recipients) |
	    json_object_set_new(json, "sender", text_json(held->sender)) |
	    json_object_set_new(json, "mta", text_json(held->mta)) |
	    json_object_set_new(json, "arrival", json_integer(held->arrival)) |
	    json_object_set_new(json, "bytes",
		json_integer((json_int_t)held->bytes)) |
	    json_object_set_new(json, "from", json_integer(opening->from)) |
	    json_object_set_new(json, "until", json_integer(opening->until));
	text = failed ? NULL : json_dumps(json, JSON_COMPACT);
	json_decref(json);
	return text;
}

static const char **
read_recipients(struct arena *arena, const json_t *list, size_t *count)
{
	size_t size = json_array_size(list);
	const char **recipients = usher_arena_array(arena, size + 1,
	    sizeof(*recipients));

	*count = 0;
	for (size_t i = 0; recipients != NULL && i < size; i++) {
		const char *one = json_string_value(json_array_get(list, i));

		if (one != NULL)
			recipients[(*count)++] = usher_arena_string(arena, one);
	}
	return recipients;
}

/* A record that cannot be read is still a mail that somebody waits for. */
static void
read_record(struct arena *arena, const char *key, const void *bytes,
    size_t length, struct usher_held *held)
{
	json_t *json = json_loadb(bytes, length, 0, NULL);
	const char *sender = "", *mta = "";
	json_int_t arrival = 0, size = 0, from = 0, until = INT64_MAX;
	json_t *recipients = NULL;

	(void)json_unpack(json, "{s:s,s:s,s:I,s:I,s:I,s:I,s:o}", "sender",
	    &sender, "mta", &mta, "arrival", &arrival, "bytes", &size, "from",
	    &from, "until", &until, "recipients", &recipients);
	*held = (struct usher_held){ .queue_id = usher_arena_bytes(arena, key,
					 strcspn(key, " ")),
		.sender = usher_arena_string(arena, sender),
		.mta = usher_arena_string(arena, mta),
		.arrival = arrival,
		.bytes = size < 0 ? 0 : (uint64_t)size,
		.opening = { .exists = true, .from = from, .until = until } };
	held->recipients = read_recipients(arena, recipients,
	    &held->recipient_count);
	json_decref(json);
}

/* ---- notes ---- */

static int
put(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	(void)old;
	fresh->bytes = arg;
	fresh->length = strlen(arg);
	fresh->until = INT64_MAX;
	return 0;
}

static int
take_away(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	(void)arg;
	(void)old;
	fresh->bytes = NULL;
	return 0;
}

struct counting {
	size_t count;
	char host[HOST_TEXT];
};

static int
count_one(void *arg, const char *key, const void *bytes, size_t length,
    int64_t until)
{
	struct counting *counting = arg;

	(void)bytes, (void)length, (void)until;
	counting->count += is_ours(key, counting->host);
	return 0;
}

int
usher_notes_held(struct usher_notes *notes, const struct usher_held *held,
    struct usher_error *error)
{
	struct counting counting = { .count = 0 };
	char key[USHER_RECORD_KEY + 1], *text, *kept;
	int code;

	our_host(notes->usher, counting.host);
	code = usher_record_each(notes->usher, USHER_RECORD_HELD, count_one,
	    &counting, error);
	if (code != 0)
		return code;
	/* Releasing keeps it far below, as long as somebody releases. */
	if (counting.count >= 2 * USHER_HELD_MOST)
		return usher_error_set(error, ENOSPC,
		    "%zu messages are held; does `usher release` run?",
		    counting.count);
	text = write_record(held);
	kept = text == NULL ? NULL : usher_arena_string(&notes->arena, text);
	free(text);
	if (kept == NULL)
		return usher_error_set(error, ENOMEM, "out of memory");
	key_of(notes->usher, held->queue_id, key);
	return usher_notes_record(notes, USHER_RECORD_HELD, key, put, kept,
	    error);
}

int
usher_notes_released(struct usher_notes *notes, const char *queue_id,
    struct usher_error *error)
{
	char key[USHER_RECORD_KEY + 1];

	key_of(notes->usher, queue_id, key);
	return usher_notes_record(notes, USHER_RECORD_HELD, key, take_away,
	    NULL, error);
}

/* ---- the list ---- */

struct held_list {
	struct arena arena;
	size_t count, room;
	struct usher_held *held;
	uint64_t bytes;
	char host[HOST_TEXT];
};

static int
take(void *arg, const char *key, const void *bytes, size_t length,
    int64_t until)
{
	struct held_list *list = arg;

	(void)until;
	if (!is_ours(key, list->host))
		return 0;
	if (list->count == list->room) {
		size_t room = list->room == 0 ? 64 : 2 * list->room;
		struct usher_held *held = reallocarray(list->held, room,
		    sizeof(*held));

		if (held == NULL)
			return ENOMEM;
		list->held = held;
		list->room = room;
	}
	read_record(&list->arena, key, bytes, length, &list->held[list->count]);
	list->bytes += list->held[list->count++].bytes;
	return list->arena.failed ? ENOMEM : 0;
}

static int
by_arrival(const void *a, const void *b)
{
	const struct usher_held *one = a, *other = b;

	if (one->arrival != other->arrival)
		return one->arrival < other->arrival ? -1 : 1;
	return strcmp(one->queue_id, other->queue_id);
}

/* The oldest go until what remains is within the bounds. */
static int
tell_all(struct held_list *list, int64_t at, int64_t longest_s,
    usher_held_each_h each, void *arg)
{
	size_t left = list->count;
	uint64_t bytes = list->bytes;
	int code = 0;

	for (size_t i = 0; code == 0 && i < list->count; i++) {
		const struct usher_held *held = &list->held[i];
		bool due = left > USHER_HELD_MOST ||
		    bytes > USHER_HELD_MOST_BYTES || held->opening.from <= at ||
		    held->arrival <= at - longest_s;

		if (due) {
			left--;
			bytes -= held->bytes;
		}
		code = each(arg, held, due);
	}
	return code;
}

int
usher_held_each(struct usher *usher, int64_t at, usher_held_each_h each,
    void *arg, struct usher_error *error)
{
	struct usher_conf *conf = usher_conf_hold(usher);
	int64_t longest_s = (int64_t)conf->mail.hold_days * 24 * 3600;
	struct held_list list = { .count = 0 };
	int code;

	usher_conf_release(conf);
	usher_arena_init(&list.arena);
	our_host(usher, list.host);
	code = usher_record_each(usher, USHER_RECORD_HELD, take, &list, error);
	if (code == 0 && list.count > 0) {
		qsort(list.held, list.count, sizeof(*list.held), by_arrival);
		code = tell_all(&list, at, longest_s, each, arg);
	}
	free(list.held);
	usher_arena_free(&list.arena);
	return code;
}
