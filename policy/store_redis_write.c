/*
 * store_redis_write: publishing, up to the commit.
 *
 * A publication reads what it must and keeps what it will write to itself
 * (store_redis_tables.c), so that whoever is killed in between leaves the store
 * as it was. Called by publish*.c through struct store_engine.
 */
#include "store_redis.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

enum { SCANNED = 1000 /* files that are asked for together */ };

void
usher_redis_abort(struct store *store)
{
	struct store_redis *redis = usher_redis_of(store);

	usher_redis_drop(redis->link);
	redis->link = NULL;
	usher_redis_tables_clear(redis);
}

static int
ask(struct store_redis *redis, const struct redis_word *words, size_t count,
    redisReply **reply, struct usher_error *error)
{
	*reply = NULL;
	if (redis->link == NULL)
		return usher_error_set(error, EHOSTDOWN,
		    "the connection to Redis was lost while publishing");
	return usher_redis_ask(redis->link, usher_redis_now_ms() + PUBLISH_MS,
	    words, count, reply, error);
}

static int
read_summary(struct store_redis *redis, struct store_summary *summary,
    struct usher_error *error)
{
	static const struct redis_word watch[] = { { "WATCH", 5 },
		{ "usher:p:generation", 18 } };
	static const struct redis_word words[] = { { "MGET", 4 },
		{ "usher:p:generation", 18 }, { "usher:p:totals", 14 },
		{ "usher:p:scope", 13 } };
	redisReply *reply;
	int code = ask(redis, watch, 2, &reply, error);

	freeReplyObject(reply);
	if (code == 0)
		code = ask(redis, words, 4, &reply, error);
	if (code != 0)
		return code;
	code = usher_redis_summary_read(redis, reply, summary, &redis->totals,
	    error);
	freeReplyObject(reply);
	redis->generation = summary->generation;
	redis->bare = summary->generation == 0;
	return code;
}

int
usher_redis_begin(struct store *store, struct store_summary *summary,
    struct usher_error *error)
{
	struct store_redis *redis = usher_redis_of(store);
	int code;

	usher_redis_abort(store);
	memset(summary, 0, sizeof(*summary));
	code = usher_redis_take(redis->pool, usher_redis_now_ms() + PUBLISH_MS,
	    &redis->link, error);
	return code == 0 ? read_summary(redis, summary, error) : code;
}

/* ---- what is there ---- */

/* ENOENT: there is none. It stays the table's. */
static int
get_file(struct store_redis *redis, const char *path,
    const struct redis_file **file, struct usher_error *error)
{
	const struct redis_word words[] = { usher_redis_text("HGET"),
		usher_redis_text("usher:p:files"), usher_redis_text(path) };
	struct redis_file fresh = { .path = (char *)(uintptr_t)path };
	redisReply *reply;
	int code;

	*file = g_hash_table_lookup(redis->files, path);
	if (*file != NULL)
		return (*file)->gone ? ENOENT : 0;
	if (redis->bare || redis->all_files)
		return ENOENT;
	code = ask(redis, words, 3, &reply, error);
	if (code != 0)
		return code;
	if (reply->type == REDIS_REPLY_NIL)
		code = ENOENT;
	else if (reply->type != REDIS_REPLY_STRING ||
	    !usher_redis_file_read(&fresh, reply->str))
		code = usher_redis_damaged(redis, error);
	freeReplyObject(reply);
	if (code != 0)
		return code;
	usher_redis_table_file(redis, &fresh);
	*file = g_hash_table_lookup(redis->files, path);
	return 0;
}

/* A source by its id; *held is to be freed after it. */
static int
get_source(struct store_redis *redis, uint64_t id, struct redis_source *source,
    redisReply **held, struct usher_error *error)
{
	const struct redis_source *kept = g_hash_table_lookup(redis->sources,
	    &id);
	char number[24];
	struct redis_word words[] = { usher_redis_text("HGET"),
		usher_redis_text("usher:p:sources"), { number, 0 } };
	int code;

	*held = NULL;
	if (kept != NULL) {
		*source = *kept;
		return kept->gone ? usher_redis_damaged(redis, error) : 0;
	}
	(void)snprintf(number, sizeof(number), "%" PRIu64, id);
	words[2] = usher_redis_text(number);
	code = ask(redis, words, 3, held, error);
	if (code != 0)
		return code;
	if ((*held)->type == REDIS_REPLY_STRING &&
	    usher_redis_source_read(source, (*held)->str, (*held)->len))
		return 0;
	freeReplyObject(*held);
	*held = NULL;
	return usher_redis_damaged(redis, error);
}

static bool
path_fits(const char *path)
{
	size_t length = strlen(path);

	return length >= 1 && length <= STORE_LONGEST_PATH;
}

int
usher_redis_file(struct store *store, const char *path, struct store_file *file,
    struct usher_error *error)
{
	struct store_redis *redis = usher_redis_of(store);
	const struct redis_file *found;
	int code;

	memset(file, 0, sizeof(*file));
	if (!path_fits(path))
		return 0;
	code = get_file(redis, path, &found, error);
	if (code != 0)
		return code == ENOENT ? 0 : code;
	file->exists = true;
	file->id = found->id;
	file->stamp = found->stamp;
	return 0;
}

static bool
same_text(const struct redis_source *source, const char *text, size_t length)
{
	return source->text_length == length &&
	    memcmp(source->text, text, length) == 0;
}

int
usher_redis_holds(struct store *store, uint64_t id, const char *text,
    size_t length, bool *holds, struct usher_error *error)
{
	struct redis_source source;
	redisReply *held;
	int code = get_source(usher_redis_of(store), id, &source, &held, error);

	*holds = code == 0 && same_text(&source, text, length);
	freeReplyObject(held);
	return code;
}

/* Whether the names of a record are the source's, in its order. */
static bool
same_names(const struct redis_source *record, const struct store_source *source)
{
	size_t at = 0;

	for (size_t i = 0; i < source->name_count; i++) {
		size_t length = strlen(source->names[i]) + 1;

		if (at + length > record->names_length ||
		    memcmp(record->names + at, source->names[i], length) != 0)
			return false;
		at += length;
	}
	return at == record->names_length;
}

int
usher_redis_equals(struct store *store, uint64_t id,
    const struct store_source *source, bool *equals, struct usher_error *error)
{
	struct redis_source record;
	redisReply *held;
	int code = get_source(usher_redis_of(store), id, &record, &held, error);

	*equals = code == 0 && record.needs == source->needs &&
	    same_names(&record, source) &&
	    same_text(&record, source->text, source->length);
	freeReplyObject(held);
	return code;
}

/* 0: nobody's. */
static int
owner_of(struct store_redis *redis, const char *name, uint64_t *id,
    struct usher_error *error)
{
	const struct redis_word words[] = { usher_redis_text("HGET"),
		usher_redis_text("usher:p:names"), usher_redis_text(name) };
	const uint64_t *known = g_hash_table_lookup(redis->names, name);
	redisReply *reply;
	int code;

	*id = known == NULL ? 0 : *known;
	if (known != NULL || redis->bare)
		return 0;
	code = ask(redis, words, 3, &reply, error);
	if (code == 0 && reply->type == REDIS_REPLY_STRING)
		*id = strtoull(reply->str, NULL, 10);
	freeReplyObject(reply);
	return code;
}

int
usher_redis_owner(struct store *store, const char *name, struct arena *arena,
    const char **path, struct usher_error *error)
{
	struct store_redis *redis = usher_redis_of(store);
	struct redis_source source;
	redisReply *held;
	uint64_t id;
	int code = owner_of(redis, name, &id, error);

	*path = "";
	if (code != 0 || id == 0)
		return code;
	code = get_source(redis, id, &source, &held, error);
	if (code == 0)
		*path = usher_arena_bytes(arena, source.path,
		    source.path_length);
	freeReplyObject(held);
	return code == 0 && *path == NULL ? ENOMEM : code;
}

/* ---- what is to be ---- */

/* Takes a source's names and its share of the totals away. */
static int
withdraw(struct store_redis *redis, uint64_t id, struct usher_error *error)
{
	struct redis_source source;
	redisReply *held;
	int code = get_source(redis, id, &source, &held, error);

	if (code != 0)
		return code;
	for (size_t at = 0; at < source.names_length;) {
		const char *name = source.names + at;
		size_t length = strnlen(name, source.names_length - at);

		if (at + length == source.names_length)
			break; /* without its NUL: damaged, and not ours */
		usher_redis_table_name(redis, name, 0);
		at += length + 1;
	}
	redis->totals.sources--;
	redis->totals.headers -= (source.needs & USHER_HEADERS) != 0;
	redis->totals.body -= (source.needs & USHER_BODY) != 0;
	freeReplyObject(held);
	return 0;
}

static struct redis_source *
make_source(uint64_t id, const struct store_source *source)
{
	struct redis_source *made = g_new0(struct redis_source, 1);
	GString *bytes = g_string_new(NULL);
	size_t names = 0;

	for (size_t i = 0; i < source->name_count; i++)
		names += strlen(source->names[i]) + 1;
	g_string_printf(bytes, "%zu %zu %u\n", strlen(source->path), names,
	    source->needs);
	(void)g_string_append(bytes, source->path);
	for (size_t i = 0; i < source->name_count; i++)
		(void)g_string_append_len(bytes, source->names[i],
		    (gssize)strlen(source->names[i]) + 1);
	(void)g_string_append_len(bytes, source->text, (gssize)source->length);
	made->id = id;
	made->length = bytes->len;
	made->bytes = g_string_free(bytes, FALSE);
	(void)usher_redis_source_read(made, made->bytes, made->length);
	return made;
}

int
usher_redis_put(struct store *store, const struct store_source *source,
    struct usher_error *error)
{
	struct store_redis *redis = usher_redis_of(store);
	struct redis_file fresh = { .path = (char *)(uintptr_t)source->path,
		.dirty = true,
		.stamp = source->stamp };
	const struct redis_file *file;
	int code;

	if (!path_fits(source->path))
		return usher_error_set(error, ENAMETOOLONG,
		    "%.80s...: the path is longer than %d bytes", source->path,
		    STORE_LONGEST_PATH);
	code = get_file(redis, source->path, &file, error);
	if (code == 0) {
		fresh.id = file->id;
		code = withdraw(redis, fresh.id, error);
	} else if (code == ENOENT) {
		fresh.id = ++redis->totals.next_id;
		code = 0;
	}
	if (code != 0)
		return code;
	usher_redis_table_source(redis, make_source(fresh.id, source));
	for (size_t i = 0; i < source->name_count; i++)
		usher_redis_table_name(redis, source->names[i], fresh.id);
	usher_redis_table_file(redis, &fresh);
	redis->totals.sources++;
	redis->totals.headers += (source->needs & USHER_HEADERS) != 0;
	redis->totals.body += (source->needs & USHER_BODY) != 0;
	return 0;
}

int
usher_redis_restamp(struct store *store, const char *path,
    const struct store_stamp *stamp, struct usher_error *error)
{
	struct store_redis *redis = usher_redis_of(store);
	struct redis_file fresh = { .path = (char *)(uintptr_t)path,
		.dirty = true,
		.stamp = *stamp };
	const struct redis_file *file;
	int code = get_file(redis, path, &file, error);

	if (code == ENOENT)
		return usher_redis_damaged(redis, error);
	if (code != 0)
		return code;
	fresh.id = file->id;
	usher_redis_table_file(redis, &fresh);
	return 0;
}

int
usher_redis_remove(struct store *store, const char *path,
    struct usher_error *error)
{
	struct store_redis *redis = usher_redis_of(store);
	struct redis_file fresh = { .path = (char *)(uintptr_t)path,
		.dirty = true,
		.gone = true };
	struct redis_source *gone;
	const struct redis_file *file;
	int code = path_fits(path) ? get_file(redis, path, &file, error)
				   : ENOENT;

	if (code == ENOENT)
		return usher_error_set(error, ENOENT, "%s is not published",
		    path);
	if (code != 0)
		return code;
	fresh.id = file->id;
	code = withdraw(redis, fresh.id, error);
	if (code != 0)
		return code;
	gone = g_new0(struct redis_source, 1);
	gone->id = fresh.id;
	gone->gone = true;
	usher_redis_table_source(redis, gone);
	usher_redis_table_file(redis, &fresh);
	return 0;
}

int
usher_redis_set_scope(struct store *store,
    const unsigned char scope[USHER_SCOPE_HASH], struct usher_error *error)
{
	struct store_redis *redis = usher_redis_of(store);

	(void)error;
	memcpy(redis->scope, scope, sizeof(redis->scope));
	redis->scoped = true;
	return 0;
}

/* ---- every path ---- */

/* One step of HSCAN: pairs, some of them perhaps twice. */
static int
take_pairs(struct store_redis *redis, const redisReply *pairs,
    struct usher_error *error)
{
	for (size_t i = 0; i + 1 < pairs->elements; i += 2) {
		struct redis_file file = { .path = pairs->element[i]->str };

		if (!usher_redis_file_read(&file, pairs->element[i + 1]->str))
			return usher_redis_damaged(redis, error);
		/* What this publication makes of it is later. */
		if (g_hash_table_lookup(redis->files, file.path) == NULL)
			usher_redis_table_file(redis, &file);
	}
	return 0;
}

static int
load_files(struct store_redis *redis, struct usher_error *error)
{
	char cursor[24] = "0", count[16];
	int code = 0;

	(void)snprintf(count, sizeof(count), "%d", SCANNED);
	do {
		const struct redis_word words[] = { usher_redis_text("HSCAN"),
			usher_redis_text("usher:p:files"),
			usher_redis_text(cursor), usher_redis_text("COUNT"),
			usher_redis_text(count) };
		redisReply *reply;

		code = ask(redis, words, 5, &reply, error);
		if (code != 0)
			return code;
		if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
			code = usher_redis_damaged(redis, error);
		else
			code = take_pairs(redis, reply->element[1], error);
		if (code == 0)
			(void)snprintf(cursor, sizeof(cursor), "%s",
			    reply->element[0]->str);
		freeReplyObject(reply);
	} while (code == 0 && strcmp(cursor, "0") != 0);
	redis->all_files = code == 0;
	return code;
}

static int
by_bytes(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

int
usher_redis_each(struct store *store, store_each_h each, void *arg,
    struct usher_error *error)
{
	struct store_redis *redis = usher_redis_of(store);
	const char **paths;
	guint count;
	int code = 0;

	if (!redis->all_files && !redis->bare)
		code = load_files(redis, error);
	if (code != 0)
		return code;
	paths = (const char **)g_hash_table_get_keys_as_array(redis->files,
	    &count);
	qsort(paths, count, sizeof(*paths), by_bytes);
	for (guint i = 0; code == 0 && i < count; i++) {
		const struct redis_file *file =
		    g_hash_table_lookup(redis->files, paths[i]);

		if (!file->gone)
			code = each(paths[i], arg);
	}
	g_free(paths);
	return code;
}
