/*
 * store_lmdb: inside of the LMDB engine: store_lmdb.c opens and reads,
 * store_lmdb_write.c publishes.
 *
 * One environment, DIRECTORY/policies, for publications alone, so that its
 * last transaction is their generation. Four tables:
 *	meta	"format", "scope", "totals"
 *	files	path of a source -> struct file_record
 *	sources	id -> struct source_record, path, names each with NUL, text
 *	names	address or number -> id
 * Ids only grow, so that sources are appended. The machine's byte order.
 */
#ifndef USHER_STORE_LMDB_H
#define USHER_STORE_LMDB_H

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "store.h"

enum { STORE_FORMAT = 1 };

struct file_record {
	uint64_t id;
	struct store_stamp stamp;
};

struct source_record {
	uint64_t version; /* transaction that wrote it */
	uint32_t path_length, names_length, text_length;
	uint32_t needs;
};

struct totals_record {
	uint64_t next_id, sources, headers, body;
};

struct store_lmdb {
	struct store store;
	char *directory;
	size_t map_bytes;
	/*
	 * Held for reading while a read transaction or mdb_env_info() looks
	 * at the map, for writing while the map moves or the environment is
	 * opened anew.
	 */
	pthread_rwlock_t lock;
	MDB_env *env; /* NULL: nothing published yet */
	/* Times the folder was removed and filled anew under us. Transactions
	 * begin at 1 again, and must not look like those before. */
	uint64_t renewals;
	_Atomic time_t looked_s; /* when that was looked for, monotonic */
	bool writable;
	MDB_dbi meta, files, sources, names;
	MDB_txn *txn; /* of the publishing thread */
	struct totals_record totals;
};

static inline struct store_lmdb *
usher_lmdb_of(struct store *store)
{
	return (struct store_lmdb *)store;
}

/* A sentence for LMDB's code; returns an errno value. */
int usher_lmdb_wrong(const struct store_lmdb *lmdb, int code,
    struct usher_error *error);

/* Opens the environment; the lock is held for writing. ENOENT: not there. */
int usher_lmdb_open(struct store_lmdb *lmdb, bool write,
    struct usher_error *error);
void usher_lmdb_shut(struct store_lmdb *lmdb);

/* A transaction's number, which no other store in this folder had. */
static inline uint64_t
usher_lmdb_number(const struct store_lmdb *lmdb, uint64_t transaction)
{
	return transaction + (lmdb->renewals << 48);
}

/* A record by its id; EILSEQ when it contradicts itself. ENOENT. */
int usher_lmdb_source(const struct store_lmdb *lmdb, MDB_txn *txn, uint64_t id,
    struct source_record *record, const char **rest);
/* Scope and totals; absent ones are zero. */
int usher_lmdb_summary(const struct store_lmdb *lmdb, MDB_txn *txn,
    struct store_summary *summary, struct totals_record *totals);

/* The functions of store_lmdb_write.c. */
int usher_lmdb_begin(struct store *store, struct store_summary *summary,
    struct usher_error *error);
int usher_lmdb_file(struct store *store, const char *path,
    struct store_file *file, struct usher_error *error);
int usher_lmdb_holds(struct store *store, uint64_t id, const char *text,
    size_t length, bool *holds, struct usher_error *error);
int usher_lmdb_equals(struct store *store, uint64_t id,
    const struct store_source *source, bool *equals, struct usher_error *error);
int usher_lmdb_owner(struct store *store, const char *name, struct arena *arena,
    const char **path, struct usher_error *error);
int usher_lmdb_put(struct store *store, const struct store_source *source,
    struct usher_error *error);
int usher_lmdb_restamp(struct store *store, const char *path,
    const struct store_stamp *stamp, struct usher_error *error);
int usher_lmdb_remove(struct store *store, const char *path,
    struct usher_error *error);
int usher_lmdb_each(struct store *store, store_each_h each, void *arg,
    struct usher_error *error);
int usher_lmdb_set_scope(struct store *store,
    const unsigned char scope[USHER_SCOPE_HASH], struct usher_error *error);
int usher_lmdb_commit(struct store *store, struct usher_error *error);
void usher_lmdb_abort(struct store *store);

#endif
