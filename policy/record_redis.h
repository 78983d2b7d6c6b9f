/*
 * record_redis: inside of the Redis engine of memory: record_redis.c reads,
 * record_redis_rows.c keeps what a transaction has read, record_redis_write.c
 * edits and record_redis_commit.c writes it.
 *
 *	usher:m:KIND:KEY	int64_t end (little endian), bytes
 *	usher:k:KIND		sorted set, all of score 0: each KEY
 *	usher:kinds		set: each KIND that was ever written
 *	usher:e			sorted set by end: KIND:KEY; not for INT64_MAX
 *	usher:w:WRITER		number of its last transaction
 *	usher:format		"1"
 *
 * A transaction watches what it reads and is tried again when another wrote
 * that meanwhile, so no count of several hosts is lost. Redis' own clock ends
 * nothing: decisions have theirs. A view is no snapshot: each of its answers is
 * of its own instant, between two transactions.
 */
#ifndef USHER_RECORD_REDIS_H
#define USHER_RECORD_REDIS_H

#include <glib.h>

#include "record.h"
#include "redis_pool.h"

enum { WRITER_TEXT = 33, WRITER_KEY = 64, ROW_NAME = 16 };

struct record_redis {
	struct records records;
	struct redis_pool *pool;
	int read_ms, commit_ms;
	/* The committer's from here on: one transaction. */
	struct redis_link *link;
	int64_t until_ms;
	bool again;	  /* the same transaction, once more */
	unsigned owed;	  /* replies to what nobody waited for yet */
	GHashTable *rows; /* name -> struct redis_row */
	/* Who writes, and how often: whether a commit whose answer was lost
	 * has happened can be asked for. */
	char writer[WRITER_TEXT];
	uint64_t sequence;
	bool doubtful;
	uint64_t kinds[4]; /* bits of those that usher:kinds is told of */
};

static inline struct record_redis *
usher_memory_redis(struct records *records)
{
	return (struct record_redis *)records;
}

/* "usher:m:KIND:KEY"; what stands behind "usher:m:" is a row's own name. */
struct row_name {
	size_t length;
	char bytes[8 + ROW_NAME + RECORD_LONGEST_KEY];
};
void usher_memory_row_name(struct row_name *name, unsigned char kind,
    const char *key, size_t length);
/* A reply as the value of a record; EILSEQ when it is none. */
int usher_memory_redis_value(const redisReply *reply,
    struct usher_record_value *value);
/* The reply, when it is no error and of this type. */
int usher_memory_redis_hear(struct redis_link *link, int64_t until_ms, int type,
    redisReply **reply, struct usher_error *error);

/* ---- record_redis_rows.c ---- */

/* A record in the transaction: as it was read, and as it is to be. */
struct redis_row {
	struct row_name name;
	unsigned char kind;
	bool loaded, dirty;
	bool existed;
	int64_t old_until;
	struct usher_record_value now; /* the bytes are the row's */
	struct redis_row *next;	       /* of those being loaded */
};
GHashTable *usher_memory_rows_new(void);
/* The row of an edit; NULL when memory is out. */
struct redis_row *usher_memory_row_of(GHashTable *rows,
    const struct record_edit *edit);
/* Takes a copy of the value. */
int usher_memory_row_set(struct redis_row *row,
    const struct usher_record_value *value);

/* ---- record_redis_write.c ---- */

int usher_memory_redis_begin(struct records *records,
    struct usher_error *error);
int usher_memory_redis_fetch(struct records *records,
    const struct record_note *notes, struct usher_error *error);
int usher_memory_redis_write(struct records *records,
    const struct record_edit *edits, bool *refused, struct usher_error *error);
int usher_memory_redis_sweep(struct records *records, int64_t at,
    struct usher_error *error);
void usher_memory_redis_abort(struct records *records);

/* Replies to what was said are owed in its order. */
int usher_memory_redis_say(struct record_redis *redis,
    const struct redis_word *words, size_t count, struct usher_error *error);
int usher_memory_redis_reply(struct record_redis *redis, int type,
    redisReply **reply, struct usher_error *error);
/* Until so many are owed; what is passed over must be no error. */
int usher_memory_redis_skip(struct record_redis *redis, unsigned left,
    struct usher_error *error);
/* The transaction has ended: well, or with its connection. */
void usher_memory_redis_leave(struct record_redis *redis);
int usher_memory_redis_break(struct record_redis *redis, int code);

/* ---- record_redis_commit.c ---- */

void usher_memory_redis_writer(const struct record_redis *redis,
    char key[WRITER_KEY]);
int usher_memory_redis_commit(struct records *records,
    struct usher_error *error);

#endif
