/*
 * record_lmdb: inside of the LMDB engine of memory: record_lmdb.c reads,
 * record_lmdb_write.c writes, record_lmdb_env.c makes, opens and moves.
 *
 * One environment, DIRECTORY/memory, beside that of the policies, so that
 * neither waits for the other. Three tables:
 *	meta	"format"
 *	rows	kind, key -> int64_t end, bytes
 *	ends	end (big endian), kind, key -> nothing; not for INT64_MAX
 * The machine's byte order but where said otherwise.
 */
#ifndef USHER_RECORD_LMDB_H
#define USHER_RECORD_LMDB_H

#include <lmdb.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "record.h"

enum { MEMORY_FORMAT = 1, IDLE_VIEWS = 16 };

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
	MDB_dbi meta, rows, ends;
	MDB_txn *txn; /* of the committer's thread */
};

static inline struct record_lmdb *
usher_memory_lmdb(struct records *records)
{
	return (struct record_lmdb *)records;
}

/* A kind and a key as one. */
struct row_key {
	size_t length;
	char bytes[1 + RECORD_LONGEST_KEY];
};
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

/* The functions of record_lmdb_write.c. */
int usher_memory_begin(struct records *records, struct usher_error *error);
int usher_memory_write(struct records *records, const struct record_edit *edits,
    bool *refused, struct usher_error *error);
int usher_memory_sweep(struct records *records, int64_t at,
    struct usher_error *error);
int usher_memory_commit(struct records *records, struct usher_error *error);
void usher_memory_abort(struct records *records);

#endif
