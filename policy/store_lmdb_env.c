/*
 * store_lmdb_env: the LMDB environment of store_lmdb.h: made, opened, moved.
 *
 * Modes: the folder is 0750 with the set-group-id bit, data 0640, lock file
 * 0660. A reader writes into the lock file, so the daemons' user must be in the
 * folder's group, as whoever publishes sees to (usher-preferences(5)).
 */
#include "store_lmdb.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "lmdb_env.h"

enum { TABLES = 4 };

/*
 * Address space only: the file grows with what it holds. A million
 * recipients take 2 to 4 GB, and their being published anew as much again.
 */
static const size_t map_plenty = (size_t)64 << 30;

int
usher_lmdb_wrong(const struct store_lmdb *lmdb, int code,
    struct usher_error *error)
{
	const char *where = lmdb->directory;

	switch (code) {
	case 0: return 0;
	case MDB_INVALID:
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_PANIC:
	case MDB_BAD_VALSIZE:
	case EILSEQ:
	case MDB_NOTFOUND:
		return usher_error_set(error, EILSEQ,
		    "the store %s is"
		    " damaged (%s); remove the folder and run usher publish",
		    where, mdb_strerror(code));
	case MDB_VERSION_MISMATCH:
	case MDB_INCOMPATIBLE:
		return usher_error_set(error, ENOTSUP,
		    "the store %s was"
		    " written by another version of LMDB; remove the folder"
		    " and run usher publish",
		    where);
	case EACCES:
	case EPERM:
		return usher_error_set(error, code,
		    "no right to the store"
		    " %s: its group must hold this program's user, with"
		    " read on data.mdb and write on lock.mdb",
		    where);
	case EROFS:
		return usher_error_set(error, code,
		    "the store %s is on a"
		    " file system that cannot be written to",
		    where);
	case ENOSPC:
		return usher_error_set(error, code,
		    "no space left for the"
		    " store %s",
		    where);
	case MDB_READERS_FULL:
		return usher_error_set(error, EAGAIN,
		    "the store %s has %d"
		    " readers, more than it bears",
		    where, LMDB_MOST_READERS);
	case MDB_MAP_FULL:
	case MDB_TXN_FULL:
		return usher_error_set(error, ENOSPC,
		    "the store %s is full"
		    " and cannot be mapped larger",
		    where);
	default:
		return usher_error_set(error, code < 0 ? EIO : code,
		    "the store %s: %s", where, mdb_strerror(code));
	}
}

/* DIRECTORY and DIRECTORY/policies; what is above them must be there. */
static int
make_folders(const struct store_lmdb *lmdb, struct usher_error *error)
{
	int code = usher_lmdb_env_make_folders(lmdb->directory, 0750);

	if (code != 0)
		return usher_error_set(error, code,
		    "the store's folder %s"
		    " cannot be made: %s",
		    lmdb->directory, strerror(code));
	return 0;
}

static void
widen_lock_file(const struct store_lmdb *lmdb)
{
	char *path;

	if (asprintf(&path, "%s/lock.mdb", lmdb->directory) < 0)
		return;
	/* It may be another's: then that one has done it. */
	if (chmod(path, 0660) < 0)
		errno = 0;
	free(path);
}

static int
check_format(struct store_lmdb *lmdb, MDB_txn *txn, bool write,
    struct usher_error *error)
{
	MDB_val key = { 6, (void *)(uintptr_t) "format" }, value;
	uint32_t format = STORE_FORMAT;
	int code = mdb_get(txn, lmdb->meta, &key, &value);

	if (code == MDB_NOTFOUND && write) {
		value.mv_size = sizeof(format);
		value.mv_data = &format;
		code = mdb_put(txn, lmdb->meta, &key, &value, 0);
		return code == 0 ? 0 : usher_lmdb_wrong(lmdb, code, error);
	}
	if (code != 0 || value.mv_size != sizeof(format))
		return usher_lmdb_wrong(lmdb, code == 0 ? EILSEQ : code, error);
	memcpy(&format, value.mv_data, sizeof(format));
	if (format == STORE_FORMAT)
		return 0;
	return usher_error_set(error, ENOTSUP,
	    "the store %s has format %u,"
	    " this version of Usher knows %d: use the Usher that wrote it,"
	    " or remove the folder and run usher publish",
	    lmdb->directory, format, STORE_FORMAT);
}

static int
open_tables(struct store_lmdb *lmdb, bool write, struct usher_error *error)
{
	const struct {
		const char *name;
		MDB_dbi *table;
		unsigned flags;
	} tables[TABLES] = {
		{ "meta", &lmdb->meta, 0 },
		{ "files", &lmdb->files, 0 },
		{ "sources", &lmdb->sources, MDB_INTEGERKEY },
		{ "names", &lmdb->names, 0 },
	};
	unsigned make = write ? MDB_CREATE : 0;
	MDB_txn *txn;
	int code = mdb_txn_begin(lmdb->env, NULL, write ? 0 : MDB_RDONLY, &txn);

	if (code != 0)
		return usher_lmdb_wrong(lmdb, code, error);
	for (size_t i = 0; code == 0 && i < TABLES; i++)
		code = mdb_dbi_open(txn, tables[i].name, tables[i].flags | make,
		    tables[i].table);
	if (code == 0)
		code = check_format(lmdb, txn, write, error);
	else if (code != MDB_NOTFOUND)
		code = usher_lmdb_wrong(lmdb, code, error);
	if (code != 0) {
		mdb_txn_abort(txn);
		/* Another process has made the files, and fills them now. */
		return code == MDB_NOTFOUND ? ENOENT : code;
	}
	/* A read transaction is committed too: its tables stay open. */
	code = mdb_txn_commit(txn);
	return code == 0 ? 0 : usher_lmdb_wrong(lmdb, code, error);
}

/* Whoever is to write waits for other writers only when tables are missing. */
static int
open_or_make_tables(struct store_lmdb *lmdb, bool write,
    struct usher_error *error)
{
	int code = open_tables(lmdb, false, error);

	return code == ENOENT && write ? open_tables(lmdb, true, error) : code;
}

int
usher_lmdb_open(struct store_lmdb *lmdb, bool write, struct usher_error *error)
{
	struct lmdb_place place = { .directory = lmdb->directory,
		.map_bytes = lmdb->map_bytes != 0 ? lmdb->map_bytes
						  : map_plenty,
		.tables = TABLES,
		.mode = 0640,
		.write = write };
	int code;

	if (write && (code = make_folders(lmdb, error)) != 0)
		return code;
	if (!write && !usher_lmdb_env_is_there(lmdb->directory))
		return ENOENT;
	code = usher_lmdb_env_open(&lmdb->env, &place);
	if (code == ENOENT)
		return ENOENT;
	if (code != 0)
		return usher_lmdb_wrong(lmdb, code, error);
	if (write)
		widen_lock_file(lmdb);
	code = open_or_make_tables(lmdb, write, error);
	if (code != 0)
		usher_lmdb_shut(lmdb);
	lmdb->writable = write && code == 0;
	return code;
}

void
usher_lmdb_shut(struct store_lmdb *lmdb)
{
	if (lmdb->env != NULL)
		mdb_env_close(lmdb->env);
	lmdb->env = NULL;
	lmdb->writable = false;
}
