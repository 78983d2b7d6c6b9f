/*
 * record_lmdb: inside of the LMDB engine of memory: record_lmdb.c reads,
 * record_lmdb_write.c writes, record_lmdb_env.c makes, opens and moves;
 * record_lmdb_seen.c knows what is not there, by the news that
 * record_lmdb_news.c writes and reads.
 *
 * One environment, DIRECTORY/memory, beside that of the policies, so that
 * neither waits for the other. Four tables:
 *	meta	"format"
 *	rows	kind, key -> int64_t end, bytes
 *	ends	end (big endian), kind, key -> nothing; not for INT64_MAX
 *	news	transaction (big endian) -> marks of what it added
 * The machine's byte order but where said otherwise.
 */
#ifndef USHER_RECORD_LMDB_H
#define USHER_RECORD_LMDB_H

#include <lmdb.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "record.h"
#include "record_seen.h"

enum { MEMORY_FORMAT = 1, IDLE_VIEWS = 16 };

/* A kind and a key as one. */
struct row_key {
	size_t length;
	char bytes[1 + RECORD_LONGEST_KEY];
};

struct record_lmdb {
	struct records records;
	char *directory;
	size_t map_bytes;
	/*
	 * Held for reading by views and by a transaction that writes, for
	 * writing while the map moves or the environment is opened anew.
	 */
	pthread_rwlock_t lock;
	MDB_env *env;		 /* NULL: nothing there when last looked */
	_Atomic time_t looked_s; /* for a folder removed, monotonic */
	/* Until then, of that clock, all of it is in the machine's memory. */
	_Atomic time_t resident_s;
	bool writable;
	/* Read transactions that are reset, each with its place in the lock
	 * file: to begin one anew costs more than to read a record. */
	_Atomic(MDB_txn *) idle[IDLE_VIEWS];
	/*
	 * Which kinds there are, by the transaction that views showed. Whoever
	 * finds it locked does without.
	 */
	pthread_mutex_t kinds_lock;
	size_t kinds_txn;
	bool kinds_known;
	uint64_t lacks;
	MDB_dbi meta, rows, ends, news;
	bool has_news; /* one of an earlier version has none yet */
	/*
	 * Marks of all records, or NULL; another one only while the lock is
	 * held for writing. Who adds to them holds theirs.
	 */
	struct record_seen *seen;
	pthread_mutex_t seen_lock;
	_Atomic unsigned views; /* that were given without them */
	_Atomic size_t shown;	/* the transaction of the last of those */
	/* Of the committer's thread from here on. */
	struct record_seen *making;
	struct row_key made_up_to;
	int64_t made_ms, made_next_ms; /* begun, and not before: monotonic */
	MDB_txn *txn;
	bool wrote;	 /* in it */
	uint64_t *marks; /* of what it added, and how many */
	size_t mark_count;
};

static inline struct record_lmdb *
usher_memory_lmdb(struct records *records)
{
	return (struct record_lmdb *)records;
}

static inline MDB_val
usher_memory_row(struct row_key *row, unsigned char kind, const char *key,
    size_t length)
{
	row->length = 1 + length;
	row->bytes[0] = (char)kind;
	memcpy(row->bytes + 1, key, length);
	return (MDB_val){ row->length, row->bytes };
}
/* A row as the value of a record; EILSEQ when it is too short. */
int usher_memory_value(const MDB_val *row, struct usher_record_value *value);

/* A sentence for LMDB's code; returns an errno value. */
int usher_memory_wrong(const struct record_lmdb *lmdb, int code,
    struct usher_error *error);
/* Opens the environment; the lock is held for writing. ENOENT: not there. */
int usher_memory_open(struct record_lmdb *lmdb, bool write,
    struct usher_error *error);
/* Our files were removed, whatever is in their place. */
bool usher_memory_was_removed(const struct record_lmdb *lmdb);
/* None of it would have to be read from the disk; at most so much is looked
 * through. */
bool usher_memory_is_resident(const struct record_lmdb *lmdb);
void usher_memory_shut(struct record_lmdb *lmdb);
/* Another process made the map larger: follow it. Takes the lock. */
int usher_memory_follow(struct record_lmdb *lmdb);

/* A transaction that reads; the lock is held. LMDB's codes. record_lmdb.c */
int usher_memory_txn_begin(struct record_lmdb *lmdb, MDB_txn **txn);
void usher_memory_txn_end(struct record_lmdb *lmdb, MDB_txn *txn);

/* ---- record_lmdb_seen.c; the lock is held ---- */

/* The view speaks by the marks: they cover the last transaction. */
bool usher_memory_seen_now(struct record_lmdb *lmdb, struct record_view *view);
/* The same once they have caught up with the view's transaction. */
void usher_memory_seen_later(struct record_lmdb *lmdb,
    struct record_view *view);
/* One step of making or keeping them up; takes the lock. False: no more. */
bool usher_memory_tend(struct records *records);
/* The lock is held for writing. */
void usher_memory_seen_drop(struct record_lmdb *lmdb);

/* ---- record_lmdb_news.c: LMDB's codes ---- */

void usher_memory_news_begin(struct record_lmdb *lmdb);
/* A record is written that was not there. */
void usher_memory_news_add(struct record_lmdb *lmdb,
    const struct record_edit *edit);
/* The transaction is about to be committed. */
int usher_memory_news_put(struct record_lmdb *lmdb);
/*
 * Adds what came since, until the marks cover this transaction. ESTALE: not
 * all of it is told, and they do not.
 */
int usher_memory_news_hear(struct record_lmdb *lmdb, MDB_txn *txn,
    struct record_seen *seen);

/* The functions of record_lmdb_write.c. */
int usher_memory_begin(struct records *records, struct usher_error *error);
int usher_memory_write(struct records *records, const struct record_edit *edits,
    bool *refused, struct usher_error *error);
int usher_memory_sweep(struct records *records, int64_t at,
    struct usher_error *error);
int usher_memory_commit(struct records *records, struct usher_error *error);
void usher_memory_abort(struct records *records);

#endif
