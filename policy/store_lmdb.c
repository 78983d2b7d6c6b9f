/*
 * store_lmdb: see store_lmdb.h.  Opening and the questions of the decision
 * path, which never wait for a writer.
 */
#include "store_lmdb.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "error.h"
#include "lmdb_env.h"

static int
open_now(struct store_lmdb *lmdb, struct usher_error *error)
{
	int code = 0;

	(void)pthread_rwlock_wrlock(&lmdb->lock);
	if (lmdb->env == NULL)
		code = usher_lmdb_open(lmdb, false, error);
	(void)pthread_rwlock_unlock(&lmdb->lock);
	return code;
}

/*
 * Takes the lock for reading once the environment is open. ENOENT: there is
 * nothing to read, and no lock is held.
 */
static int
enter(struct store_lmdb *lmdb, struct usher_error *error)
{
	for (;;) {
		int code;

		(void)pthread_rwlock_rdlock(&lmdb->lock);
		if (lmdb->env != NULL)
			return 0;
		(void)pthread_rwlock_unlock(&lmdb->lock);
		code = open_now(lmdb, error);
		if (code != 0)
			return code;
	}
}

static void
leave(struct store_lmdb *lmdb)
{
	(void)pthread_rwlock_unlock(&lmdb->lock);
}

/*
 * Another process has made the map larger: follow it. Where there is no room
 * for it LMDB is left without a map, so it is opened anew, as at the start.
 */
static int
follow_map(struct store_lmdb *lmdb)
{
	int code = 0;

	(void)pthread_rwlock_wrlock(&lmdb->lock);
	if (lmdb->env != NULL)
		code = mdb_env_set_mapsize(lmdb->env, 0);
	if (code == ENOMEM) {
		usher_lmdb_shut(lmdb);
		code = 0;
	}
	(void)pthread_rwlock_unlock(&lmdb->lock);
	return code;
}

/* As enter(), with a read transaction. */
static int
enter_read(struct store_lmdb *lmdb, MDB_txn **txn, struct usher_error *error)
{
	for (;;) {
		int code = enter(lmdb, error);

		if (code != 0)
			return code;
		code = mdb_txn_begin(lmdb->env, NULL, MDB_RDONLY, txn);
		if (code == 0)
			return 0;
		leave(lmdb);
		if (code == MDB_MAP_RESIZED)
			code = follow_map(lmdb);
		if (code != 0)
			return usher_lmdb_wrong(lmdb, code, error);
	}
}

/*
 * Once a second: a system call would cost more than a decision. The clock
 * spaces the looks out, no answer rests on what it shows.
 */
static bool
is_time_to_look(struct store_lmdb *lmdb)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC_COARSE, &now) != 0)
		return true;
	return atomic_exchange_explicit(&lmdb->looked_s, now.tv_sec,
		   memory_order_relaxed) != now.tv_sec;
}

/* Our files have been removed, and there are others in their place. */
static bool
was_replaced(const struct store_lmdb *lmdb)
{
	mdb_filehandle_t file;
	struct stat now;

	return mdb_env_get_fd(lmdb->env, &file) == 0 &&
	    fstat(file, &now) == 0 && now.st_nlink == 0 &&
	    usher_lmdb_env_is_there(lmdb->directory);
}

/*
 * The folder of a damaged store is removed, and published into again: what was
 * open is let go, and with it what it said. Until then it stays in force.
 */
static void
follow_folder(struct store_lmdb *lmdb)
{
	(void)pthread_rwlock_wrlock(&lmdb->lock);
	if (lmdb->env != NULL && lmdb->txn == NULL && was_replaced(lmdb)) {
		usher_lmdb_shut(lmdb);
		lmdb->renewals++;
	}
	(void)pthread_rwlock_unlock(&lmdb->lock);
}

static int
generation(struct store *store, uint64_t *now, struct usher_error *error)
{
	struct store_lmdb *lmdb = usher_lmdb_of(store);
	MDB_envinfo info;
	int code = enter(lmdb, error);

	*now = 0;
	if (code == 0 && is_time_to_look(lmdb) && was_replaced(lmdb)) {
		leave(lmdb);
		follow_folder(lmdb);
		code = enter(lmdb, error);
	}
	if (code != 0)
		return code == ENOENT ? 0 : code;
	/* Reads the shared map without a lock of LMDB's. */
	(void)mdb_env_info(lmdb->env, &info);
	*now = usher_lmdb_number(lmdb, info.me_last_txnid);
	leave(lmdb);
	return 0;
}

/*
 * Opening, and following a folder that was replaced, is for who may wait: the
 * files may be on a disk that has stopped, or another process open them.
 */
static int
generation_at_hand(struct store *store, bool recent, uint64_t *now)
{
	struct store_lmdb *lmdb = usher_lmdb_of(store);
	mdb_filehandle_t file;
	struct stat stat_now;
	MDB_envinfo info;
	int code = EAGAIN;

	(void)recent; /* the present is at hand */
	if (pthread_rwlock_tryrdlock(&lmdb->lock) != 0)
		return EAGAIN;
	if (lmdb->env != NULL && mdb_env_get_fd(lmdb->env, &file) == 0 &&
	    (!is_time_to_look(lmdb) ||
		(fstat(file, &stat_now) == 0 && stat_now.st_nlink > 0))) {
		(void)mdb_env_info(lmdb->env, &info);
		*now = usher_lmdb_number(lmdb, info.me_last_txnid);
		code = 0;
	} else {
		/* Whoever may wait looks too. */
		atomic_store_explicit(&lmdb->looked_s, 0, memory_order_relaxed);
	}
	leave(lmdb);
	return code;
}

int
usher_lmdb_source(const struct store_lmdb *lmdb, MDB_txn *txn, uint64_t id,
    struct source_record *record, const char **rest)
{
	MDB_val key = { sizeof(id), &id }, value;
	int code = mdb_get(txn, lmdb->sources, &key, &value);

	if (code != 0)
		return code == MDB_NOTFOUND ? ENOENT : code;
	if (value.mv_size < sizeof(*record))
		return EILSEQ;
	memcpy(record, value.mv_data, sizeof(*record));
	*rest = (const char *)value.mv_data + sizeof(*record);
	if ((uint64_t)record->path_length + record->names_length +
		record->text_length + sizeof(*record) !=
	    value.mv_size)
		return EILSEQ;
	return 0;
}

static int
get_meta(const struct store_lmdb *lmdb, MDB_txn *txn, const char *name,
    void *out, size_t size)
{
	MDB_val key = { strlen(name), (void *)(uintptr_t)name }, value;
	int code = mdb_get(txn, lmdb->meta, &key, &value);

	if (code == 0 && value.mv_size != size)
		return EILSEQ;
	if (code == 0)
		memcpy(out, value.mv_data, size);
	return code;
}

int
usher_lmdb_summary(const struct store_lmdb *lmdb, MDB_txn *txn,
    struct store_summary *summary, struct totals_record *totals)
{
	int code = get_meta(lmdb, txn, "scope", summary->scope,
	    sizeof(summary->scope));

	summary->scoped = code == 0;
	memset(totals, 0, sizeof(*totals));
	if (code == 0 || code == MDB_NOTFOUND)
		code = get_meta(lmdb, txn, "totals", totals, sizeof(*totals));
	summary->generation = usher_lmdb_number(lmdb, mdb_txn_id(txn));
	summary->sources = totals->sources;
	summary->headers = totals->headers;
	summary->body = totals->body;
	return code == MDB_NOTFOUND ? 0 : code;
}

/* Text and path, copied out of the map into one piece. */
static int
copy_out(const struct source_record *record, const char *rest,
    struct store_found *found)
{
	size_t path = record->path_length, text = record->text_length;
	char *copy = malloc(text + 1 + path + 1);

	if (copy == NULL)
		return ENOMEM;
	memcpy(copy, rest + path + record->names_length, text);
	copy[text] = '\0';
	memcpy(copy + text + 1, rest, path);
	copy[text + 1 + path] = '\0';
	found->text = copy;
	found->length = text;
	found->path = copy + text + 1;
	return 0;
}

static int
find_in(struct store_lmdb *lmdb, MDB_txn *txn, const char *name,
    struct store_found *found)
{
	MDB_val key = { strlen(name), (void *)(uintptr_t)name }, value;
	struct source_record record;
	uint64_t id;
	const char *rest;
	int code = mdb_get(txn, lmdb->names, &key, &value);

	found->generation = usher_lmdb_number(lmdb, mdb_txn_id(txn));
	if (code == MDB_NOTFOUND)
		return 0;
	if (code == 0 && value.mv_size != sizeof(id))
		code = EILSEQ;
	if (code != 0)
		return code;
	memcpy(&id, value.mv_data, sizeof(id));
	code = usher_lmdb_source(lmdb, txn, id, &record, &rest);
	if (code != 0)
		return code == ENOENT ? EILSEQ : code;
	found->exists = true;
	record.version = usher_lmdb_number(lmdb, record.version);
	found->same = found->id == id && found->version == record.version;
	found->id = id;
	found->version = record.version;
	return found->same ? 0 : copy_out(&record, rest, found);
}

static int
find(struct store *store, const char *name, struct store_found *found,
    struct usher_error *error)
{
	struct store_lmdb *lmdb = usher_lmdb_of(store);
	MDB_txn *txn;
	size_t length = strlen(name);
	int code;

	found->exists = found->same = false;
	found->generation = 0;
	found->text = NULL;
	/* Such a name was never published. */
	if (length == 0 || length > STORE_LONGEST_NAME)
		return generation(store, &found->generation, error);
	code = enter_read(lmdb, &txn, error);
	if (code != 0)
		return code == ENOENT ? 0 : code;
	code = find_in(lmdb, txn, name, found);
	mdb_txn_abort(txn);
	leave(lmdb);
	return code == 0 ? 0 : usher_lmdb_wrong(lmdb, code, error);
}

static int
summary(struct store *store, struct store_summary *out,
    struct usher_error *error)
{
	struct store_lmdb *lmdb = usher_lmdb_of(store);
	struct totals_record totals;
	MDB_txn *txn;
	int code;

	memset(out, 0, sizeof(*out));
	code = enter_read(lmdb, &txn, error);
	if (code != 0)
		return code == ENOENT ? 0 : code;
	code = usher_lmdb_summary(lmdb, txn, out, &totals);
	mdb_txn_abort(txn);
	leave(lmdb);
	return code == 0 ? 0 : usher_lmdb_wrong(lmdb, code, error);
}

static void
close_store(struct store *store)
{
	struct store_lmdb *lmdb = usher_lmdb_of(store);

	usher_lmdb_abort(store);
	usher_lmdb_shut(lmdb);
	(void)pthread_rwlock_destroy(&lmdb->lock);
	free(lmdb->directory);
	free(lmdb);
}

static const struct store_engine engine = {
	.close = close_store,
	.generation = generation,
	.generation_at_hand = generation_at_hand,
	.find = find,
	.summary = summary,
	.begin = usher_lmdb_begin,
	.file = usher_lmdb_file,
	.holds = usher_lmdb_holds,
	.equals = usher_lmdb_equals,
	.owner = usher_lmdb_owner,
	.put = usher_lmdb_put,
	.restamp = usher_lmdb_restamp,
	.remove = usher_lmdb_remove,
	.each = usher_lmdb_each,
	.set_scope = usher_lmdb_set_scope,
	.commit = usher_lmdb_commit,
	.abort = usher_lmdb_abort,
};

int
usher_store_open_lmdb(struct store **store, const char *directory,
    const struct store_options *options, struct usher_error *error)
{
	struct store_lmdb *lmdb = calloc(1, sizeof(*lmdb));
	int code = ENOMEM;

	*store = NULL;
	if (lmdb == NULL)
		return usher_error_set(error, ENOMEM, "out of memory");
	lmdb->store.engine = &engine;
	lmdb->map_bytes = options->map_bytes;
	(void)pthread_rwlock_init(&lmdb->lock, NULL);
	if (asprintf(&lmdb->directory, "%s/policies", directory) < 0)
		lmdb->directory = NULL;
	else
		code = usher_lmdb_open(lmdb, options->write, error);
	if (code == ENOENT && !options->write)
		code = 0; /* looked for again with every question */
	if (code != 0) {
		close_store(&lmdb->store);
		return code;
	}
	*store = &lmdb->store;
	return 0;
}
