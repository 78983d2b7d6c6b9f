/*
 * record_lmdb_env: the LMDB environment of record_lmdb.h: made, opened, moved.
 *
 * Modes: the folder is 0770 with the set-group-id bit, its files 0660, since
 * the daemons and whoever runs the commands all write here; the group is that
 * of the store's folder.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "lmdb_env.h"
#include "record_lmdb.h"

enum { TABLES = 4 };

/* Address space only: the file grows with what it holds. */
static const size_t map_plenty = (size_t)16 << 30;

static int
damaged(const struct record_lmdb *lmdb, int code, struct usher_error *error)
{
	return usher_error_set(error, EILSEQ,
	    "the memory %s is damaged (%s): remove the folder, and a new one"
	    " begins; promises and who is known are lost with it",
	    lmdb->directory, mdb_strerror(code));
}

static int
not_ours(const struct record_lmdb *lmdb, int code, struct usher_error *error)
{
	return usher_error_set(error, code,
	    "no right to the memory %s (%s): its group must hold this"
	    " program's user, with read and write on the folder and its files",
	    lmdb->directory, strerror(code));
}

int
usher_memory_wrong(const struct record_lmdb *lmdb, int code,
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
	case MDB_NOTFOUND: return damaged(lmdb, code, error);
	case MDB_VERSION_MISMATCH:
	case MDB_INCOMPATIBLE:
		return usher_error_set(error, ENOTSUP,
		    "the memory %s was written by another version of LMDB:"
		    " remove the folder, and a new one begins",
		    where);
	case EACCES:
	case EPERM: return not_ours(lmdb, code, error);
	case EROFS:
		return usher_error_set(error, code,
		    "the memory %s is on a file system that cannot be written"
		    " to",
		    where);
	case ENOSPC:
	case MDB_MAP_FULL:
	case MDB_TXN_FULL:
		return usher_error_set(error, ENOSPC,
		    "no space left for the memory %s", where);
	case MDB_READERS_FULL:
		return usher_error_set(error, EBUSY,
		    "the memory %s has %d readers, more than it bears", where,
		    LMDB_MOST_READERS);
	default:
		return usher_error_set(error, code < 0 ? EIO : code,
		    "the memory %s: %s", where, mdb_strerror(code));
	}
}

/* DIRECTORY and DIRECTORY/memory; what is above them must be there. */
static int
make_folders(const struct record_lmdb *lmdb, struct usher_error *error)
{
	int code = 0;

	if (access(lmdb->directory, F_OK) != 0)
		code = usher_lmdb_env_make_folders(lmdb->directory, 0770);
	if (code != 0)
		return usher_error_set(error, code,
		    "the memory's folder %s cannot be made: %s",
		    lmdb->directory, strerror(code));
	return 0;
}

static char *
file_path(const struct record_lmdb *lmdb, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", lmdb->directory, name) < 0 ? NULL
								   : path;
}

/* Whatever the umask left: our own files are the group's too. */
static void
widen(const struct record_lmdb *lmdb, const char *name)
{
	char *path = file_path(lmdb, name);
	struct stat now;

	if (path != NULL && stat(path, &now) == 0 && now.st_uid == geteuid() &&
	    (now.st_mode & 0777) != 0660 && chmod(path, 0660) < 0)
		errno = 0; /* the next who opens it tries again */
	free(path);
}

static int
check_format(struct record_lmdb *lmdb, MDB_txn *txn, bool write,
    struct usher_error *error)
{
	MDB_val key = { 6, (void *)(uintptr_t) "format" }, value;
	uint32_t format = MEMORY_FORMAT;
	int code = mdb_get(txn, lmdb->meta, &key, &value);

	if (code == MDB_NOTFOUND && write) {
		value = (MDB_val){ sizeof(format), &format };
		code = mdb_put(txn, lmdb->meta, &key, &value, 0);
		return usher_memory_wrong(lmdb, code, error);
	}
	if (code != 0 || value.mv_size != sizeof(format))
		return usher_memory_wrong(lmdb, code == 0 ? EILSEQ : code,
		    error);
	memcpy(&format, value.mv_data, sizeof(format));
	if (format == MEMORY_FORMAT)
		return 0;
	return usher_error_set(error, ENOTSUP,
	    "the memory %s has format %u, this version of Usher knows %d: use"
	    " the Usher that wrote it, or remove the folder",
	    lmdb->directory, format, MEMORY_FORMAT);
}

static int
open_tables(struct record_lmdb *lmdb, bool write, struct usher_error *error)
{
	const struct {
		const char *name;
		MDB_dbi *table;
	} tables[TABLES] = { { "meta", &lmdb->meta }, { "rows", &lmdb->rows },
		{ "ends", &lmdb->ends }, { "news", &lmdb->news } };
	bool lacks_news = false;
	MDB_txn *txn;
	int code = mdb_txn_begin(lmdb->env, NULL, write ? 0 : MDB_RDONLY, &txn);

	if (code != 0)
		return usher_memory_wrong(lmdb, code, error);
	for (size_t i = 0; code == 0 && i < TABLES; i++) {
		code = mdb_dbi_open(txn, tables[i].name, write ? MDB_CREATE : 0,
		    tables[i].table);
		/* It is younger than the format, and nobody reads by it. */
		lacks_news = code == MDB_NOTFOUND &&
		    tables[i].table == &lmdb->news;
		if (lacks_news)
			code = 0;
	}
	if (code == 0)
		code = check_format(lmdb, txn, write, error);
	else if (code != MDB_NOTFOUND)
		code = usher_memory_wrong(lmdb, code, error);
	if (code != 0) {
		mdb_txn_abort(txn);
		return code == MDB_NOTFOUND ? ENOENT : code;
	}
	lmdb->has_news = !lacks_news;
	/* A read transaction is committed too: its tables stay open. */
	return usher_memory_wrong(lmdb, mdb_txn_commit(txn), error);
}

/* Before anything is closed for it: whether opening to write can succeed. */
static int
may_write(const struct record_lmdb *lmdb)
{
	char *path = file_path(lmdb, "data.mdb");
	int code = ENOMEM;

	if (path != NULL)
		code = eaccess(path, W_OK) < 0 ? errno : 0;
	if (code == ENOENT)
		code = eaccess(lmdb->directory, W_OK | X_OK) < 0 ? errno : 0;
	free(path);
	return code;
}

int
usher_memory_open(struct record_lmdb *lmdb, bool write,
    struct usher_error *error)
{
	struct lmdb_place place = { .directory = lmdb->directory,
		.map_bytes = lmdb->map_bytes != 0 ? lmdb->map_bytes
						  : map_plenty,
		.tables = TABLES,
		.mode = 0660,
		.write = write };
	int code = 0;

	if (!write && !usher_lmdb_env_is_there(lmdb->directory))
		return ENOENT;
	if (write && (code = make_folders(lmdb, error)) != 0)
		return code;
	if (write && (code = may_write(lmdb)) != 0)
		return usher_memory_wrong(lmdb, code, error);
	usher_memory_shut(lmdb);
	code = usher_lmdb_env_open(&lmdb->env, &place);
	if (code == ENOENT)
		return ENOENT;
	if (code != 0)
		return usher_memory_wrong(lmdb, code, error);
	if (write) {
		widen(lmdb, "data.mdb");
		widen(lmdb, "lock.mdb");
	}
	code = open_tables(lmdb, false, error);
	/* Nobody waits for other writers but where tables are missing. */
	if (write && (code == ENOENT || (code == 0 && !lmdb->has_news)))
		code = open_tables(lmdb, true, error);
	if (code != 0)
		usher_memory_shut(lmdb);
	lmdb->writable = write && code == 0;
	return code;
}

bool
usher_memory_was_removed(const struct record_lmdb *lmdb)
{
	mdb_filehandle_t file;
	struct stat now;

	return mdb_env_get_fd(lmdb->env, &file) == 0 &&
	    fstat(file, &now) == 0 && now.st_nlink == 0;
}

static bool
all_resident(char *map, size_t pages, size_t page)
{
	unsigned char in[4096];

	for (size_t at = 0; at < pages; at += sizeof(in)) {
		size_t count = pages - at < sizeof(in) ? pages - at
						       : sizeof(in);

		if (mincore(map + at * page, count * page, in) != 0)
			return false;
		for (size_t i = 0; i < count; i++)
			if ((in[i] & 1) == 0)
				return false;
	}
	return true;
}

/* LMDB does not tell where its map is: another one shows the same pages. */
bool
usher_memory_is_resident(const struct record_lmdb *lmdb)
{
	enum { PAGES_MOST = 1 << 20 };
	size_t page = (size_t)sysconf(_SC_PAGESIZE), pages;
	mdb_filehandle_t file;
	struct stat now;
	bool resident;
	void *map;

	if (mdb_env_get_fd(lmdb->env, &file) != 0 || fstat(file, &now) != 0)
		return false;
	pages = ((size_t)now.st_size + page - 1) / page;
	if (pages == 0 || pages > PAGES_MOST)
		return false;
	map = mmap(NULL, pages * page, PROT_READ, MAP_SHARED, file, 0);
	if (map == MAP_FAILED)
		return false;
	resident = all_resident(map, pages, page);
	(void)munmap(map, pages * page);
	return resident;
}

/* Where there is no room for the larger map LMDB is left without one. */
int
usher_memory_follow(struct record_lmdb *lmdb)
{
	int code = 0;

	(void)pthread_rwlock_wrlock(&lmdb->lock);
	if (lmdb->env != NULL)
		code = mdb_env_set_mapsize(lmdb->env, 0);
	if (code == ENOMEM) {
		usher_memory_shut(lmdb);
		code = 0;
	}
	(void)pthread_rwlock_unlock(&lmdb->lock);
	return code;
}

void
usher_memory_shut(struct record_lmdb *lmdb)
{
	for (size_t i = 0; i < IDLE_VIEWS; i++) {
		MDB_txn *idle = atomic_exchange(&lmdb->idle[i], NULL);

		if (idle != NULL)
			mdb_txn_abort(idle);
	}
	if (lmdb->env != NULL)
		mdb_env_close(lmdb->env);
	lmdb->env = NULL;
	lmdb->writable = false;
	usher_memory_seen_drop(lmdb);
	/* Another one counts its transactions anew. */
	lmdb->kinds_txn = 0;
	lmdb->kinds_known = false;
}
