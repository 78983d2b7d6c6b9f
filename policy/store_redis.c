/*
 * store_redis: see store_redis.h.  Opening, and the questions of the decision
 * path: each one way there and back, within the time of a read.
 *
 * While Redis is away the generation last heard of is told, so that whoever
 * has a policy goes on with it; who must look one up is told EHOSTDOWN.
 */
#include "store_redis.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

enum {
	RECENT_MS = 100, /* for the rest of a question that was asked before */
	OPENING_MS = 2000
};

/* All at one instant, and no text where the version is known. */
static const char find_script[] =
    "local g = redis.call('GET', KEYS[1]) or '0'\n"
    "local id = redis.call('HGET', KEYS[2], ARGV[1])\n"
    "if not id then return {g} end\n"
    "local version = redis.call('HGET', KEYS[3], id)\n"
    "if id == ARGV[2] and version == ARGV[3] then return {g, id, version} end\n"
    "return {g, id, version, redis.call('HGET', KEYS[4], id)}";

int
usher_redis_damaged(const struct store_redis *redis, struct usher_error *error)
{
	return usher_error_set(error, EILSEQ,
	    "what is published in %s is damaged: remove the keys usher:p:*, "
	    "and publish anew (`usher publish`)",
	    usher_redis_pool_place(redis->pool)->shown);
}

int
usher_redis_ask(struct redis_link *link, int64_t until_ms,
    const struct redis_word *words, size_t count, redisReply **reply,
    struct usher_error *error)
{
	int code = usher_redis_say(link, words, count, error);

	*reply = NULL;
	if (code == 0)
		code = usher_redis_hear(link, until_ms, reply, error);
	if (code == 0)
		code = usher_redis_wrong(link, *reply, error);
	if (code != 0) {
		freeReplyObject(*reply);
		*reply = NULL;
	}
	return code;
}

/* A question by itself. */
static int
ask(const struct store_redis *redis, const struct redis_word *words,
    size_t count, redisReply **reply, struct usher_error *error)
{
	int64_t until_ms = usher_redis_now_ms() + redis->read_ms;
	struct redis_link *link;
	int code = usher_redis_take(redis->pool, until_ms, &link, error);

	*reply = NULL;
	if (code != 0)
		return code;
	code = usher_redis_ask(link, until_ms, words, count, reply, error);
	if (code == 0)
		usher_redis_give(link);
	else
		usher_redis_drop(link);
	return code;
}

static uint64_t
number_of(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_STRING
	    ? strtoull(reply->str, NULL, 10)
	    : 0;
}

static void
note_heard(struct store_redis *redis, uint64_t generation)
{
	atomic_store(&redis->heard, generation);
	atomic_store(&redis->heard_ms, usher_redis_now_ms());
}

static int
generation(struct store *store, uint64_t *now, struct usher_error *error)
{
	static const struct redis_word words[] = { { "GET", 3 },
		{ "usher:p:generation", 18 } };
	struct store_redis *redis = usher_redis_of(store);
	redisReply *reply;
	int code = ask(redis, words, 2, &reply, error);

	*now = 0;
	if (code == EHOSTDOWN && atomic_load(&redis->heard_ms) != 0) {
		*now = atomic_load(&redis->heard);
		return 0;
	}
	if (code != 0)
		return code;
	*now = number_of(reply);
	note_heard(redis, *now);
	freeReplyObject(reply);
	return 0;
}

static int
generation_at_hand(struct store *store, bool recent, uint64_t *now)
{
	struct store_redis *redis = usher_redis_of(store);
	int64_t heard_ms = atomic_load(&redis->heard_ms);

	if (!recent || heard_ms == 0 ||
	    usher_redis_now_ms() - heard_ms > RECENT_MS)
		return EAGAIN;
	*now = atomic_load(&redis->heard);
	return 0;
}

/* "PATH NAMES NEEDS\n", the lengths of what follows; the rest is text. */
bool
usher_redis_source_read(struct redis_source *source, const char *bytes,
    size_t length)
{
	const char *end = memchr(bytes, '\n', length);
	size_t head, path, names;
	unsigned needs;

	if (end == NULL ||
	    sscanf(bytes, "%zu %zu %u\n", &path, &names, &needs) != 3)
		return false;
	head = (size_t)(end + 1 - bytes);
	if (path > length || names > length || head + path + names > length)
		return false;
	source->needs = needs;
	source->path = bytes + head;
	source->path_length = path;
	source->names = source->path + path;
	source->names_length = names;
	source->text = source->names + names;
	source->text_length = length - head - path - names;
	return true;
}

static int
copy_out(const struct redis_source *source, struct store_found *found)
{
	char *copy = malloc(source->text_length + 1 + source->path_length + 1);

	if (copy == NULL)
		return ENOMEM;
	memcpy(copy, source->text, source->text_length);
	copy[source->text_length] = '\0';
	found->text = copy;
	found->length = source->text_length;
	copy += source->text_length + 1;
	memcpy(copy, source->path, source->path_length);
	copy[source->path_length] = '\0';
	found->path = copy;
	return 0;
}

static int
read_found(const struct store_redis *redis, const redisReply *reply,
    struct store_found *found, struct usher_error *error)
{
	struct redis_source source;
	int code;

	if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0)
		return usher_redis_damaged(redis, error);
	found->generation = number_of(reply->element[0]);
	if (reply->elements == 1)
		return 0;
	found->exists = true;
	found->id = number_of(reply->element[1]);
	found->version = number_of(reply->element[2]);
	found->same = reply->elements == 3;
	if (found->same)
		return 0;
	if (reply->element[3]->type != REDIS_REPLY_STRING ||
	    !usher_redis_source_read(&source, reply->element[3]->str,
		reply->element[3]->len))
		return usher_redis_damaged(redis, error);
	code = copy_out(&source, found);
	return code == 0 ? 0 : usher_error_set(error, code, "out of memory");
}

static int
find(struct store *store, const char *name, struct store_found *found,
    struct usher_error *error)
{
	struct store_redis *redis = usher_redis_of(store);
	char id[24], version[24];
	struct redis_word words[] = { usher_redis_text("EVAL"),
		usher_redis_text(find_script), usher_redis_text("4"),
		usher_redis_text("usher:p:generation"),
		usher_redis_text("usher:p:names"),
		usher_redis_text("usher:p:versions"),
		usher_redis_text("usher:p:sources"), usher_redis_text(name),
		{ id, 0 }, { version, 0 } };
	size_t length = strlen(name);
	redisReply *reply;
	int code;

	(void)snprintf(id, sizeof(id), "%" PRIu64, found->id);
	(void)snprintf(version, sizeof(version), "%" PRIu64, found->version);
	words[8] = usher_redis_text(id);
	words[9] = usher_redis_text(version);
	*found = (struct store_found){ .exists = false };
	/* Such a name was never published. */
	if (length == 0 || length > STORE_LONGEST_NAME)
		return generation(store, &found->generation, error);
	code = ask(redis, words, 10, &reply, error);
	if (code != 0)
		return code;
	code = read_found(redis, reply, found, error);
	if (code == 0)
		note_heard(redis, found->generation);
	freeReplyObject(reply);
	return code;
}

int
usher_redis_summary_read(const struct store_redis *redis,
    const redisReply *values, struct store_summary *summary,
    struct redis_totals *totals, struct usher_error *error)
{
	const redisReply *scope, *numbers;

	memset(summary, 0, sizeof(*summary));
	memset(totals, 0, sizeof(*totals));
	if (values->type != REDIS_REPLY_ARRAY || values->elements != 3)
		return usher_redis_damaged(redis, error);
	summary->generation = number_of(values->element[0]);
	numbers = values->element[1];
	scope = values->element[2];
	if (numbers->type == REDIS_REPLY_STRING &&
	    sscanf(numbers->str, "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
		&totals->next_id, &totals->sources, &totals->headers,
		&totals->body) != 4)
		return usher_redis_damaged(redis, error);
	summary->sources = totals->sources;
	summary->headers = totals->headers;
	summary->body = totals->body;
	summary->scoped = scope->type == REDIS_REPLY_STRING &&
	    scope->len == sizeof(summary->scope);
	if (summary->scoped)
		memcpy(summary->scope, scope->str, sizeof(summary->scope));
	return 0;
}

static int
summary(struct store *store, struct store_summary *out,
    struct usher_error *error)
{
	static const struct redis_word words[] = { { "MGET", 4 },
		{ "usher:p:generation", 18 }, { "usher:p:totals", 14 },
		{ "usher:p:scope", 13 } };
	struct store_redis *redis = usher_redis_of(store);
	struct redis_totals totals;
	redisReply *reply;
	int code = ask(redis, words, 4, &reply, error);

	memset(out, 0, sizeof(*out));
	if (code != 0)
		return code;
	code = usher_redis_summary_read(redis, reply, out, &totals, error);
	freeReplyObject(reply);
	return code;
}

static void
close_store(struct store *store)
{
	struct store_redis *redis = usher_redis_of(store);

	usher_redis_abort(store);
	usher_redis_tables_free(redis);
	usher_redis_pool_free(redis->pool);
	free(redis);
}

static const struct store_engine engine = {
	.close = close_store,
	.generation = generation,
	.generation_at_hand = generation_at_hand,
	.find = find,
	.summary = summary,
	.begin = usher_redis_begin,
	.file = usher_redis_file,
	.holds = usher_redis_holds,
	.equals = usher_redis_equals,
	.owner = usher_redis_owner,
	.put = usher_redis_put,
	.restamp = usher_redis_restamp,
	.remove = usher_redis_remove,
	.each = usher_redis_each,
	.set_scope = usher_redis_set_scope,
	.commit = usher_redis_commit,
	.abort = usher_redis_abort,
};

/* Whoever begins waits a moment, and hears of the generation. */
static int
await(struct store_redis *redis, struct usher_error *error)
{
	int64_t until_ms = usher_redis_now_ms() + OPENING_MS;
	struct redis_link *link;
	uint64_t now;
	int code = usher_redis_take(redis->pool, until_ms, &link, error);

	if (code != 0)
		return code;
	usher_redis_give(link);
	return generation(&redis->store, &now, error);
}

int
usher_store_open_redis(struct store **store, const char *url,
    const struct store_options *options, struct usher_error *error)
{
	struct store_redis *redis = calloc(1, sizeof(*redis));
	struct redis_place place;
	const char *why = "";
	int code = ENOMEM;

	*store = NULL;
	if (redis != NULL)
		code = usher_redis_place_read(&place, url, &why);
	if (code != 0) {
		free(redis);
		return usher_error_set(error, code, "the store: %s",
		    code == ENOMEM ? "out of memory" : why);
	}
	redis->store.engine = &engine;
	redis->read_ms = options->patient ? PUBLISH_MS : place.read_ms;
	code = usher_redis_pool_new(&redis->pool, &place);
	if (code == 0)
		code = usher_redis_tables_new(redis);
	if (code != 0)
		(void)usher_error_set(error, code, "out of memory");
	else
		code = await(redis, error);
	/* A daemon begins without it, and asks again. */
	if (code != 0 && (code == ENOMEM || options->write)) {
		close_store(&redis->store);
		return code;
	}
	*store = &redis->store;
	return 0;
}
