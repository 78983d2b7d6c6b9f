/*
 * record_redis_commit: what a transaction has edited, written to Redis.
 *
 * One MULTI ... EXEC, which does nothing when any of what was read was written
 * meanwhile: EAGAIN, and all is done again. Where the answer to EXEC is lost
 * nobody knows whether it happened; the number of the last transaction, written
 * with it, tells that later (usher_memory_redis_begin()).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "record_redis.h"

enum { HEAD = 8 /* of a row's name: "usher:m:" */ };

void
usher_memory_redis_writer(const struct record_redis *redis,
    char key[WRITER_KEY])
{
	(void)snprintf(key, WRITER_KEY, "usher:w:%s", redis->writer);
}

/* A row's own name: KIND:KEY. */
static struct redis_word
short_name(const struct redis_row *row)
{
	return (struct redis_word){ row->name.bytes + HEAD,
		row->name.length - HEAD };
}

static struct redis_word
key_of(const struct redis_row *row)
{
	const char *colon = memchr(row->name.bytes + HEAD, ':',
	    row->name.length - HEAD);

	return (struct redis_word){ colon + 1,
		row->name.length - (size_t)(colon + 1 - row->name.bytes) };
}

static int
say_row(struct record_redis *redis, const struct redis_row *row,
    struct usher_error *error)
{
	struct redis_word words[3] = { usher_redis_text("SET"),
		{ row->name.bytes, row->name.length }, { NULL, 0 } };
	size_t length = row->now.length + sizeof(uint64_t);
	char *value;
	int code;

	if (row->now.bytes == NULL) {
		words[0] = usher_redis_text("DEL");
		return usher_memory_redis_say(redis, words, 2, error);
	}
	value = malloc(length);
	if (value == NULL)
		return usher_error_set(error, ENOMEM, "out of memory");
	for (size_t i = 0; i < sizeof(uint64_t); i++)
		value[i] = (char)((uint64_t)row->now.until >> (8 * i) & 0xff);
	memcpy(value + sizeof(uint64_t), row->now.bytes, row->now.length);
	words[2] = (struct redis_word){ value, length };
	code = usher_memory_redis_say(redis, words, 3, error);
	free(value);
	return code;
}

/* Once a transaction is enough. */
static int
say_kind(struct record_redis *redis, unsigned char kind,
    struct usher_error *error)
{
	uint64_t *bits = &redis->kinds[kind / 64];
	char number[8];
	struct redis_word words[] = { usher_redis_text("SADD"),
		usher_redis_text("usher:kinds"), { number, 0 } };

	if ((*bits >> (kind % 64) & 1) != 0)
		return 0;
	*bits |= UINT64_C(1) << (kind % 64);
	(void)snprintf(number, sizeof(number), "%u", kind);
	words[2] = usher_redis_text(number);
	return usher_memory_redis_say(redis, words, 3, error);
}

static int
say_index(struct record_redis *redis, const struct redis_row *row,
    struct usher_error *error)
{
	char index[32];
	struct redis_word words[4] = { usher_redis_text("ZADD"), { index, 0 },
		usher_redis_text("0"), key_of(row) };

	(void)snprintf(index, sizeof(index), "usher:k:%u", row->kind);
	words[1] = usher_redis_text(index);
	if (row->now.bytes != NULL)
		return usher_memory_redis_say(redis, words, 4, error);
	words[0] = usher_redis_text("ZREM");
	words[2] = words[3];
	return usher_memory_redis_say(redis, words, 3, error);
}

static int
say_end(struct record_redis *redis, const struct redis_row *row,
    struct usher_error *error)
{
	char until[24];
	struct redis_word words[4] = { usher_redis_text("ZADD"),
		usher_redis_text("usher:e"), { until, 0 }, short_name(row) };
	bool had = row->existed && row->old_until != INT64_MAX;
	bool has = row->now.bytes != NULL && row->now.until != INT64_MAX;

	(void)snprintf(until, sizeof(until), "%" PRId64, row->now.until);
	words[2] = usher_redis_text(until);
	if (has && (!had || row->now.until != row->old_until))
		return usher_memory_redis_say(redis, words, 4, error);
	words[0] = usher_redis_text("ZREM");
	words[2] = words[3];
	return had && !has ? usher_memory_redis_say(redis, words, 3, error) : 0;
}

static int
say_rows(struct record_redis *redis, struct usher_error *error)
{
	GHashTableIter iter;
	gpointer at;
	int code = 0;

	memset(redis->kinds, 0, sizeof(redis->kinds));
	g_hash_table_iter_init(&iter, redis->rows);
	while (code == 0 && g_hash_table_iter_next(&iter, NULL, &at)) {
		const struct redis_row *row = at;

		if (!row->dirty || (!row->existed && row->now.bytes == NULL))
			continue;
		code = say_row(redis, row, error);
		if (code == 0 && row->existed != (row->now.bytes != NULL))
			code = say_index(redis, row, error);
		if (code == 0 && row->now.bytes != NULL)
			code = say_kind(redis, row->kind, error);
		if (code == 0)
			code = say_end(redis, row, error);
	}
	return code;
}

/* The marks of a transaction: who, which, and in what form all is. */
static int
say_marks(struct record_redis *redis, struct usher_error *error)
{
	char key[WRITER_KEY], number[24], format[16];
	struct redis_word words[5] = { usher_redis_text("SET"),
		usher_redis_text("usher:format"), { format, 0 } };
	int code;

	(void)snprintf(format, sizeof(format), "%d", REDIS_FORMAT);
	words[2] = usher_redis_text(format);
	code = usher_memory_redis_say(redis, words, 3, error);
	usher_memory_redis_writer(redis, key);
	(void)snprintf(number, sizeof(number), "%" PRIu64, ++redis->sequence);
	words[1] = usher_redis_text(key);
	words[2] = usher_redis_text(number);
	words[3] = usher_redis_text("EX");
	words[4] = usher_redis_text("604800");
	return code == 0 ? usher_memory_redis_say(redis, words, 5, error)
			 : code;
}

/* What was queued is answered at last by EXEC: nil where a race was lost. */
static int
hear_exec(struct record_redis *redis, struct usher_error *error)
{
	redisReply *reply;
	int code = usher_memory_redis_skip(redis, 1, error);

	if (code != 0)
		return code;
	code = usher_memory_redis_reply(redis, 0, &reply, error);
	if (code != 0)
		return code;
	if (reply->type == REDIS_REPLY_NIL)
		code = EAGAIN;
	for (size_t i = 0; code == 0 && i < reply->elements; i++)
		code = usher_redis_wrong(redis->link, reply->element[i], error);
	freeReplyObject(reply);
	return code;
}

int
usher_memory_redis_commit(struct records *records, struct usher_error *error)
{
	struct record_redis *redis = usher_memory_redis(records);
	struct redis_word word = usher_redis_text("MULTI");
	int code = usher_memory_redis_say(redis, &word, 1, error);

	if (code == 0)
		code = say_rows(redis, error);
	if (code == 0)
		code = say_marks(redis, error);
	word = usher_redis_text("EXEC");
	if (code == 0)
		code = usher_memory_redis_say(redis, &word, 1, error);
	if (code != 0)
		return usher_memory_redis_break(redis, code);
	code = hear_exec(redis, error);
	if (code != 0 && code != EAGAIN) {
		redis->doubtful = code == EHOSTDOWN;
		return usher_memory_redis_break(redis, code);
	}
	redis->again = code == EAGAIN;
	usher_memory_redis_leave(redis);
	return code;
}
