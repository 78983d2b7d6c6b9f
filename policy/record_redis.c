/*
 * record_redis: see record_redis.h.  Opening, and views: what the decision
 * path asks, each within the time that design-mail.md gives a read.
 */
#include "record_redis.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "error.h"

enum {
	AT_ONCE = 128, /* keys of a kind that are asked for together */
	OPENING_MS = 2000,
	PATIENT_MS = 5000 /* of who runs a command */
};

struct redis_view {
	struct redis_link *link; /* NULL: nothing was asked yet */
	int64_t until_ms;
	redisReply **replies; /* what values point into */
	size_t count, room;
};

void
usher_memory_row_name(struct row_name *name, unsigned char kind,
    const char *key, size_t length)
{
	int head = snprintf(name->bytes, sizeof(name->bytes),
	    "usher:m:%u:", kind);

	memcpy(name->bytes + head, key, length);
	name->length = (size_t)head + length;
}

int
usher_memory_redis_value(const redisReply *reply,
    struct usher_record_value *value)
{
	uint64_t until = 0;

	*value = (struct usher_record_value){ .bytes = NULL };
	if (reply->type == REDIS_REPLY_NIL)
		return 0;
	if (reply->type != REDIS_REPLY_STRING || reply->len < sizeof(until))
		return EILSEQ;
	for (size_t i = 0; i < sizeof(until); i++)
		until |= (uint64_t)(unsigned char)reply->str[i] << (8 * i);
	*value = (struct usher_record_value){ reply->str + sizeof(until),
		reply->len - sizeof(until), (int64_t)until };
	return 0;
}

static int
damaged(struct usher_error *error)
{
	return usher_error_set(error, EILSEQ,
	    "the memory in Redis is damaged: another program writes keys of"
	    " usher:*; remove them, and a new one begins");
}

int
usher_memory_redis_hear(struct redis_link *link, int64_t until_ms, int type,
    redisReply **reply, struct usher_error *error)
{
	int code = usher_redis_hear(link, until_ms, reply, error);

	if (code == 0)
		code = usher_redis_wrong(link, *reply, error);
	if (code == 0 && type != 0 && (*reply)->type != type)
		code = damaged(error);
	if (code != 0) {
		freeReplyObject(*reply);
		*reply = NULL;
	}
	return code;
}

static void
end_view(struct record_view *view)
{
	struct redis_view *inside = view->inside;

	if (inside == NULL)
		return;
	usher_redis_give(inside->link);
	for (size_t i = 0; i < inside->count; i++)
		freeReplyObject(inside->replies[i]);
	free(inside->replies);
	free(inside);
	view->inside = NULL;
}

/* What is not at hand is asked for by whoever may wait. */
static bool
at_hand(struct records *records)
{
	(void)records;
	return false;
}

static int
enter(struct record_view *view, struct usher_error *error)
{
	const struct record_redis *redis = usher_memory_redis(view->records);
	struct redis_view *inside = view->inside;

	if (inside->link != NULL)
		return 0;
	inside->until_ms = usher_redis_now_ms() + redis->read_ms;
	return usher_redis_take(redis->pool, inside->until_ms, &inside->link,
	    error);
}

static int
keep(struct redis_view *inside, redisReply *reply)
{
	if (inside->count == inside->room) {
		size_t room = inside->room == 0 ? 16 : 2 * inside->room;
		redisReply **replies = reallocarray(inside->replies, room,
		    sizeof(redisReply *));

		if (replies == NULL) {
			freeReplyObject(reply);
			return ENOMEM;
		}
		inside->replies = replies;
		inside->room = room;
	}
	inside->replies[inside->count++] = reply;
	return 0;
}

/* Says and hears one command; the reply is the view's. */
static int
ask(struct record_view *view, const struct redis_word *words, size_t count,
    int type, redisReply **reply, struct usher_error *error)
{
	struct redis_view *inside = view->inside;
	int code = enter(view, error);

	*reply = NULL;
	if (code == 0)
		code = usher_redis_say(inside->link, words, count, error);
	if (code == 0)
		code = usher_memory_redis_hear(inside->link, inside->until_ms,
		    type, reply, error);
	if (code == 0)
		code = keep(inside, *reply);
	if (code == 0)
		return 0;
	usher_redis_drop(inside->link);
	inside->link = NULL;
	return code;
}

/* One way there and back spares those for all kinds that are not there. */
static int
ask_kinds(struct record_view *view, struct usher_error *error)
{
	const struct redis_word words[] = { usher_redis_text("SMEMBERS"),
		usher_redis_text("usher:kinds") };
	redisReply *reply;
	int code = ask(view, words, 2, REDIS_REPLY_ARRAY, &reply, error);

	if (code != 0)
		return code;
	view->empty = reply->elements == 0;
	view->lacks = ~UINT64_C(0);
	for (size_t i = 0; i < reply->elements; i++) {
		unsigned long kind = reply->element[i]->str == NULL
		    ? 0
		    : strtoul(reply->element[i]->str, NULL, 10);

		if (kind >= RECORD_FIRST_SEEN &&
		    kind < RECORD_FIRST_SEEN + RECORD_SEEN)
			view->lacks &= ~(
			    UINT64_C(1) << (kind - RECORD_FIRST_SEEN));
	}
	return 0;
}

static int
begin_view(struct records *records, struct record_view *view,
    struct usher_error *error)
{
	struct redis_view *inside = calloc(1, sizeof(*inside));
	int code;

	*view = (struct record_view){ .records = records, .inside = inside };
	if (inside == NULL)
		return usher_error_set(error, ENOMEM, "out of memory");
	code = ask_kinds(view, error);
	if (code != 0)
		end_view(view);
	return code;
}

static int
get(struct record_view *view, unsigned char kind, const char *key,
    size_t length, struct usher_record_value *value, struct usher_error *error)
{
	struct redis_word words[2] = { usher_redis_text("GET") };
	struct row_name name = { .length = 0 };
	redisReply *reply;
	int code;

	*value = (struct usher_record_value){ .bytes = NULL };
	if (usher_view_lacks(view, kind) || length > RECORD_LONGEST_KEY)
		return 0;
	usher_memory_row_name(&name, kind, key, length);
	words[1] = (struct redis_word){ name.bytes, name.length };
	code = ask(view, words, 2, 0, &reply, error);
	if (code == 0 && usher_memory_redis_value(reply, value) != 0)
		code = damaged(error);
	return code;
}

/* ---- all of a kind ---- */

/* From where, and up to where: the words of ZRANGEBYLEX. */
struct range {
	char index[8 + ROW_NAME];
	size_t first_length, end_length;
	char first[2 + RECORD_LONGEST_KEY], end[2 + RECORD_LONGEST_KEY];
};

/* What begins with the prefix lies before the prefix counted up by one. */
static void
begin_range(struct range *range, unsigned char kind, const char *prefix,
    size_t length)
{
	(void)snprintf(range->index, sizeof(range->index), "usher:k:%u", kind);
	range->first[0] = '[';
	memcpy(range->first + 1, prefix, length);
	range->first_length = 1 + length;
	if (length == 0)
		range->first[0] = '-';
	while (length > 0 && (unsigned char)prefix[length - 1] == 0xff)
		length--;
	range->end_length = 1 + length;
	if (length == 0) {
		range->end[0] = '+';
		return;
	}
	range->end[0] = '(';
	memcpy(range->end + 1, prefix, length);
	range->end[length]++;
}

static int
ask_keys(struct record_view *view, const struct range *range,
    redisReply **reply, struct usher_error *error)
{
	char most[16];
	struct redis_word words[] = { usher_redis_text("ZRANGEBYLEX"),
		usher_redis_text(range->index),
		{ range->first, range->first_length },
		{ range->end, range->end_length }, usher_redis_text("LIMIT"),
		usher_redis_text("0"), { most, 0 } };

	(void)snprintf(most, sizeof(most), "%d", AT_ONCE);
	words[6] = usher_redis_text(most);
	return ask(view, words, 7, REDIS_REPLY_ARRAY, reply, error);
}

/* The values of some keys, one command each on one way there and back. */
static int
say_gets(struct redis_link *link, unsigned char kind, const redisReply *keys,
    struct usher_error *error)
{
	struct redis_word words[2] = { usher_redis_text("GET") };
	struct row_name name = { .length = 0 };
	int code = 0;

	for (size_t i = 0; code == 0 && i < keys->elements; i++) {
		const redisReply *key = keys->element[i];

		if (key->type != REDIS_REPLY_STRING ||
		    key->len > RECORD_LONGEST_KEY)
			return damaged(error);
		usher_memory_row_name(&name, kind, key->str, key->len);
		words[1] = (struct redis_word){ name.bytes, name.length };
		code = usher_redis_say(link, words, 2, error);
	}
	return code;
}

/* All are heard before one is told: whoever is told may ask for more. */
static int
hear_all(struct record_view *view, const redisReply *keys,
    redisReply *values[AT_ONCE], struct usher_error *error)
{
	struct redis_view *inside = view->inside;
	int code = 0;

	for (size_t i = 0; code == 0 && i < keys->elements; i++)
		code = usher_memory_redis_hear(inside->link, inside->until_ms,
		    0, &values[i], error);
	return code;
}

static int
tell_all(struct record_view *view, unsigned char kind, const redisReply *keys,
    record_each_h tell, void *arg, int *told, struct usher_error *error)
{
	struct redis_view *inside = view->inside;
	redisReply *values[AT_ONCE] = { NULL };
	int code = say_gets(inside->link, kind, keys, error);

	if (code == 0)
		code = hear_all(view, keys, values, error);
	if (code != 0) {
		usher_redis_drop(inside->link);
		inside->link = NULL;
	}
	for (size_t i = 0; code == 0 && i < keys->elements; i++) {
		struct usher_record_value value;

		if (usher_memory_redis_value(values[i], &value) != 0)
			code = damaged(error);
		/* It may be gone since its key was told. */
		else if (*told == 0 && value.bytes != NULL)
			*told = tell(arg, keys->element[i]->str,
			    keys->element[i]->len, &value);
	}
	for (size_t i = 0; i < keys->elements; i++)
		freeReplyObject(values[i]);
	return code;
}

static int
each(struct record_view *view, unsigned char kind, const char *prefix,
    size_t length, record_each_h tell, void *arg, struct usher_error *error)
{
	const struct record_redis *redis = usher_memory_redis(view->records);
	struct redis_view *inside = view->inside;
	struct range range = { .first_length = 0 };
	redisReply *keys;
	int told = 0, code;

	if (usher_view_lacks(view, kind) || length > RECORD_LONGEST_KEY)
		return 0;
	begin_range(&range, kind, prefix, length);
	do {
		code = ask_keys(view, &range, &keys, error);
		if (code == 0 && keys->elements > 0)
			code = tell_all(view, kind, keys, tell, arg, &told,
			    error);
		if (code != 0 || keys->elements < AT_ONCE)
			break;
		/* Many are read for a person, who waits as often. */
		inside->until_ms = usher_redis_now_ms() + redis->read_ms;
		range.first[0] = '(';
		range.first_length = 1 + keys->element[AT_ONCE - 1]->len;
		memcpy(range.first + 1, keys->element[AT_ONCE - 1]->str,
		    range.first_length - 1);
	} while (told == 0);
	return told != 0 ? told : code;
}

/* ---- opening ---- */

static void
close_records(struct records *records)
{
	struct record_redis *redis = usher_memory_redis(records);

	usher_memory_redis_abort(records);
	if (redis->rows != NULL)
		g_hash_table_destroy(redis->rows);
	usher_redis_pool_free(redis->pool);
	free(redis);
}

static const struct record_engine engine = {
	.close = close_records,
	.view = begin_view,
	.ask = begin_view,
	.unview = end_view,
	.at_hand = at_hand,
	.get = get,
	.each = each,
	.begin = usher_memory_redis_begin,
	.fetch = usher_memory_redis_fetch,
	.write = usher_memory_redis_write,
	.sweep = usher_memory_redis_sweep,
	.commit = usher_memory_redis_commit,
	.abort = usher_memory_redis_abort,
};

static int
name_writer(struct record_redis *redis)
{
	unsigned char bytes[(WRITER_TEXT - 1) / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return errno;
	for (size_t i = 0; i < sizeof(bytes); i++)
		(void)snprintf(redis->writer + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

/* Whoever begins waits a moment for the first connection. */
static void
await(struct record_redis *redis)
{
	struct redis_link *link;

	(void)usher_redis_take(redis->pool, usher_redis_now_ms() + OPENING_MS,
	    &link, NULL);
	usher_redis_give(link);
}

int
usher_records_open_redis(struct records **records, const char *url,
    const struct record_options *options, struct usher_error *error)
{
	struct record_redis *redis = calloc(1, sizeof(*redis));
	struct redis_place place;
	const char *why = "";
	int code = ENOMEM;

	*records = NULL;
	if (redis != NULL)
		code = usher_redis_place_read(&place, url, &why);
	if (code != 0) {
		free(redis);
		return usher_error_set(error, code, "the store: %s",
		    code == ENOMEM ? "out of memory" : why);
	}
	redis->records.engine = &engine;
	redis->read_ms = options->patient ? PATIENT_MS : place.read_ms;
	redis->commit_ms = options->patient ? PATIENT_MS : place.commit_ms;
	redis->rows = usher_memory_rows_new();
	code = usher_redis_pool_new(&redis->pool, &place);
	if (code == 0)
		code = name_writer(redis);
	if (code != 0) {
		close_records(&redis->records);
		return usher_error_set(error, code, "the store: %s",
		    strerror(code));
	}
	await(redis);
	*records = &redis->records;
	return 0;
}
