/*
 * store_redis_commit: a publication, written whole or not at all.
 *
 * One MULTI ... EXEC, read as it is sent: a first publication may be of a
 * million sources. Called by publish.c through struct store_engine.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "error.h"
#include "store_redis.h"

enum { AT_ONCE = 1000 /* commands sent before their replies are read */ };

struct sending {
	struct store_redis *redis;
	unsigned owed;
	int code;
	struct usher_error *error;
};

/* Redis says QUEUED to each of them. */
static void
hear(struct sending *sending)
{
	while (sending->code == 0 && sending->owed > 0) {
		redisReply *reply;

		sending->code = usher_redis_hear(sending->redis->link,
		    usher_redis_now_ms() + PUBLISH_MS, &reply, sending->error);
		if (sending->code == 0)
			sending->code = usher_redis_wrong(sending->redis->link,
			    reply, sending->error);
		freeReplyObject(reply);
		sending->owed--;
	}
}

static void
say(struct sending *sending, const struct redis_word *words, size_t count)
{
	if (sending->code == 0)
		sending->code = usher_redis_say(sending->redis->link, words,
		    count, sending->error);
	if (++sending->owed == AT_ONCE)
		hear(sending);
}

/* HSET of a field, or HDEL where there is no value. */
static void
say_field(struct sending *sending, const char *hash, const char *field,
    const char *value, size_t length)
{
	const struct redis_word words[] = {
		usher_redis_text(value == NULL ? "HDEL" : "HSET"),
		usher_redis_text(hash), usher_redis_text(field),
		{ value, length }
	};

	say(sending, words, value == NULL ? 3 : 4);
}

static void
say_value(struct sending *sending, const char *key, const void *value,
    size_t length)
{
	const struct redis_word words[] = { usher_redis_text("SET"),
		usher_redis_text(key), { value, length } };

	say(sending, words, 3);
}

static void
say_files(struct sending *sending)
{
	GHashTableIter iter;
	gpointer at;

	g_hash_table_iter_init(&iter, sending->redis->files);
	while (g_hash_table_iter_next(&iter, NULL, &at)) {
		const struct redis_file *file = at;
		char text[160];

		if (!file->dirty)
			continue;
		usher_redis_file_write(file, text);
		say_field(sending, "usher:p:files", file->path,
		    file->gone ? NULL : text, strlen(text));
	}
}

static void
say_names(struct sending *sending)
{
	GHashTableIter iter;
	gpointer name, at;

	g_hash_table_iter_init(&iter, sending->redis->names);
	while (g_hash_table_iter_next(&iter, &name, &at)) {
		uint64_t id = *(const uint64_t *)at;
		char text[24];

		(void)snprintf(text, sizeof(text), "%" PRIu64, id);
		say_field(sending, "usher:p:names", name, id == 0 ? NULL : text,
		    strlen(text));
	}
}

static void
say_sources(struct sending *sending, const char *version)
{
	GHashTableIter iter;
	gpointer at;

	g_hash_table_iter_init(&iter, sending->redis->sources);
	while (g_hash_table_iter_next(&iter, NULL, &at)) {
		const struct redis_source *source = at;
		char id[24];

		(void)snprintf(id, sizeof(id), "%" PRIu64, source->id);
		say_field(sending, "usher:p:sources", id, source->bytes,
		    source->length);
		say_field(sending, "usher:p:versions", id,
		    source->gone ? NULL : version, strlen(version));
	}
}

/*
 * A store that begins anew begins anywhere: what somebody keeps of one that
 * was there before must not look like the present.
 */
static uint64_t
next_generation(uint64_t generation)
{
	uint32_t any = 0;

	if (generation != 0)
		return generation + 1;
	if (getrandom(&any, sizeof(any), 0) != (ssize_t)sizeof(any))
		any = 0;
	return ((uint64_t)any << 20) + 1;
}

static void
say_all(struct sending *sending)
{
	const struct store_redis *redis = sending->redis;
	const struct redis_totals *totals = &redis->totals;
	char generation[24], text[100], format[16];

	(void)snprintf(generation, sizeof(generation), "%" PRIu64,
	    next_generation(redis->generation));
	(void)snprintf(text, sizeof(text),
	    "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64, totals->next_id,
	    totals->sources, totals->headers, totals->body);
	(void)snprintf(format, sizeof(format), "%d", REDIS_FORMAT);
	say_files(sending);
	say_names(sending);
	say_sources(sending, generation);
	say_value(sending, "usher:p:totals", text, strlen(text));
	if (redis->scoped)
		say_value(sending, "usher:p:scope", redis->scope,
		    sizeof(redis->scope));
	say_value(sending, "usher:format", format, strlen(format));
	say_value(sending, "usher:p:generation", generation,
	    strlen(generation));
}

static int
execute(struct store_redis *redis, struct usher_error *error)
{
	const struct redis_word exec = usher_redis_text("EXEC");
	redisReply *reply;
	int code = usher_redis_ask(redis->link,
	    usher_redis_now_ms() + PUBLISH_MS, &exec, 1, &reply, error);

	if (code != 0)
		return code;
	if (reply->type == REDIS_REPLY_NIL)
		code = usher_error_set(error, EAGAIN,
		    "others publish to %s all the time; try again",
		    usher_redis_pool_place(redis->pool)->shown);
	for (size_t i = 0; code == 0 && i < reply->elements; i++)
		code = usher_redis_wrong(redis->link, reply->element[i], error);
	freeReplyObject(reply);
	return code;
}

int
usher_redis_commit(struct store *store, struct usher_error *error)
{
	struct store_redis *redis = usher_redis_of(store);
	struct sending sending = { .redis = redis, .error = error };
	const struct redis_word multi = usher_redis_text("MULTI");

	if (redis->link == NULL)
		return usher_error_set(error, EHOSTDOWN,
		    "the connection to Redis was lost while publishing");
	say(&sending, &multi, 1);
	say_all(&sending);
	hear(&sending);
	if (sending.code == 0)
		sending.code = execute(redis, error);
	if (sending.code != 0)
		return sending.code; /* the caller aborts */
	usher_redis_give(redis->link);
	redis->link = NULL;
	usher_redis_tables_clear(redis);
	return 0;
}
