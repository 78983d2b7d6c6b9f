/*
 * store_redis: inside of the Redis engine of the store: store_redis.c opens and
 * reads, store_redis_write.c publishes on tables that store_redis_tables.c
 * keeps until store_redis_commit.c writes them.
 *
 *	usher:p:generation	number, one more with each publication
 *	usher:p:scope		hash of the site's rules
 *	usher:p:totals		"NEXT-ID SOURCES HEADERS BODY"
 *	usher:p:files		hash: path of a source -> its id and stamp
 *	usher:p:names		hash: address or number -> id
 *	usher:p:versions	hash: id -> generation that it was written in
 *	usher:p:sources		hash: id -> its lengths, path, names, text
 *
 * Publishing watches the generation: whoever publishes meanwhile makes the
 * commit do nothing, and all is done again.
 */
#ifndef USHER_STORE_REDIS_H
#define USHER_STORE_REDIS_H

#include <glib.h>
#include <stdatomic.h>

#include "redis_pool.h"
#include "store.h"

enum { PUBLISH_MS = 10000 /* that one question of a publication may take */ };

/* What is to be written of a path, or was read of it. */
struct redis_file {
	char *path;
	bool gone, dirty;
	uint64_t id;
	struct store_stamp stamp;
};

/* A source by its id, as it lies in usher:p:sources. */
struct redis_source {
	uint64_t id;
	bool gone;
	unsigned needs;
	size_t path_length, names_length, text_length;
	const char *path, *names, *text; /* in `bytes`; names with NUL each */
	char *bytes;
	size_t length;
};

struct redis_totals {
	uint64_t next_id, sources, headers, body;
};

struct store_redis {
	struct store store;
	struct redis_pool *pool;
	int read_ms;
	/* The generation as last heard, and when; for who must not ask, and
	 * while Redis is away. */
	_Atomic uint64_t heard;
	_Atomic int64_t heard_ms; /* 0: never */
	/* One publication: what it has read and what it is to write. */
	struct redis_link *link;
	uint64_t generation;
	struct redis_totals totals;
	bool bare;	     /* nothing was published when it began */
	bool all_files;	     /* `files` has every path there is */
	GHashTable *files;   /* path -> struct redis_file */
	GHashTable *names;   /* name -> uint64_t id, 0: nobody's any more */
	GHashTable *sources; /* id -> struct redis_source */
	bool scoped;
	unsigned char scope[USHER_SCOPE_HASH]; /* to be written */
};

static inline struct store_redis *
usher_redis_of(struct store *store)
{
	return (struct store_redis *)store;
}

/* One command and its reply, which is no error; the caller's to free. */
int usher_redis_ask(struct redis_link *link, int64_t until_ms,
    const struct redis_word *words, size_t count, redisReply **reply,
    struct usher_error *error);
/* The lengths before a source's bytes are read; false: damaged. */
bool usher_redis_source_read(struct redis_source *source, const char *bytes,
    size_t length);
int usher_redis_damaged(const struct store_redis *redis,
    struct usher_error *error);
/* Three replies: generation, totals and scope, as one summary. */
int usher_redis_summary_read(const struct store_redis *redis,
    const redisReply *values, struct store_summary *summary,
    struct redis_totals *totals, struct usher_error *error);

/* ---- store_redis_tables.c ---- */

int usher_redis_tables_new(struct store_redis *redis);
void usher_redis_tables_clear(struct store_redis *redis);
void usher_redis_tables_free(struct store_redis *redis);
/* Takes these in place of what is there. */
void usher_redis_table_file(struct store_redis *redis,
    const struct redis_file *file);
void usher_redis_table_name(struct store_redis *redis, const char *name,
    uint64_t id);
void usher_redis_table_source(struct store_redis *redis,
    struct redis_source *source);
/* "ID DEVICE INODE SIZE MODIFIED CHANGED" */
bool usher_redis_file_read(struct redis_file *file, const char *text);
void usher_redis_file_write(const struct redis_file *file, char text[160]);

/* ---- store_redis_write.c ---- */

int usher_redis_begin(struct store *store, struct store_summary *summary,
    struct usher_error *error);
int usher_redis_file(struct store *store, const char *path,
    struct store_file *file, struct usher_error *error);
int usher_redis_holds(struct store *store, uint64_t id, const char *text,
    size_t length, bool *holds, struct usher_error *error);
int usher_redis_equals(struct store *store, uint64_t id,
    const struct store_source *source, bool *equals, struct usher_error *error);
int usher_redis_owner(struct store *store, const char *name,
    struct arena *arena, const char **path, struct usher_error *error);
int usher_redis_put(struct store *store, const struct store_source *source,
    struct usher_error *error);
int usher_redis_restamp(struct store *store, const char *path,
    const struct store_stamp *stamp, struct usher_error *error);
int usher_redis_remove(struct store *store, const char *path,
    struct usher_error *error);
int usher_redis_each(struct store *store, store_each_h each, void *arg,
    struct usher_error *error);
int usher_redis_set_scope(struct store *store,
    const unsigned char scope[USHER_SCOPE_HASH], struct usher_error *error);
void usher_redis_abort(struct store *store);

/* ---- store_redis_commit.c ---- */

int usher_redis_commit(struct store *store, struct usher_error *error);

#endif
