/*
 * store_lmdb_write: publishing into the tables of store_lmdb.h.
 *
 * All in one transaction: whoever is killed in between leaves the store as it
 * was. Readers keep what they see until the commit.
 */
#include "store_lmdb.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

/* A view that MDB_val can take; LMDB does not write through it. */
static MDB_val
val(const void *data, size_t size)
{
	return (MDB_val){ size, (void *)(uintptr_t)data };
}

/* The map is full: abort, and let the caller do all again on a larger one. */
static int
grow(struct store_lmdb *lmdb, struct usher_error *error)
{
	MDB_envinfo info;
	int code;

	usher_lmdb_abort(&lmdb->store);
	(void)pthread_rwlock_wrlock(&lmdb->lock);
	(void)mdb_env_info(lmdb->env, &info);
	code = mdb_env_set_mapsize(lmdb->env, info.me_mapsize * 2);
	(void)pthread_rwlock_unlock(&lmdb->lock);
	if (code != 0)
		return usher_lmdb_wrong(lmdb,
		    code == ENOMEM ? MDB_MAP_FULL : code, error);
	return usher_error_set(error, EAGAIN,
	    "the store %s was full and is"
	    " larger now",
	    lmdb->directory);
}

static int
wrong(struct store_lmdb *lmdb, int code, struct usher_error *error)
{
	if (code == MDB_MAP_FULL)
		return grow(lmdb, error);
	return usher_lmdb_wrong(lmdb, code, error);
}

/* The environment is opened for writing by whoever comes to publish. */
static int
make_writable(struct store_lmdb *lmdb, struct usher_error *error)
{
	int code = 0;

	(void)pthread_rwlock_wrlock(&lmdb->lock);
	if (!lmdb->writable) {
		usher_lmdb_shut(lmdb);
		code = usher_lmdb_open(lmdb, true, error);
	}
	(void)pthread_rwlock_unlock(&lmdb->lock);
	return code;
}

int
usher_lmdb_begin(struct store *store, struct store_summary *summary,
    struct usher_error *error)
{
	struct store_lmdb *lmdb = usher_lmdb_of(store);
	int dead, code = make_writable(lmdb, error);

	memset(summary, 0, sizeof(*summary));
	if (code != 0)
		return code;
	(void)mdb_reader_check(lmdb->env, &dead);
	code = mdb_txn_begin(lmdb->env, NULL, 0, &lmdb->txn);
	if (code == MDB_MAP_RESIZED) {
		(void)pthread_rwlock_wrlock(&lmdb->lock);
		code = mdb_env_set_mapsize(lmdb->env, 0);
		(void)pthread_rwlock_unlock(&lmdb->lock);
		if (code == 0)
			code = mdb_txn_begin(lmdb->env, NULL, 0, &lmdb->txn);
	}
	if (code != 0)
		lmdb->txn = NULL;
	else
		code = usher_lmdb_summary(lmdb, lmdb->txn, summary,
		    &lmdb->totals);
	return wrong(lmdb, code, error);
}

static int
get_file(struct store_lmdb *lmdb, const char *path, struct file_record *record)
{
	MDB_val key = val(path, strlen(path)), value;
	int code = mdb_get(lmdb->txn, lmdb->files, &key, &value);

	if (code != 0)
		return code == MDB_NOTFOUND ? ENOENT : code;
	if (value.mv_size != sizeof(*record))
		return EILSEQ;
	memcpy(record, value.mv_data, sizeof(*record));
	return 0;
}

static bool
path_fits(const char *path)
{
	size_t length = strlen(path);

	return length >= 1 && length <= STORE_LONGEST_PATH;
}

int
usher_lmdb_file(struct store *store, const char *path, struct store_file *file,
    struct usher_error *error)
{
	struct store_lmdb *lmdb = usher_lmdb_of(store);
	struct file_record record;
	int code;

	memset(file, 0, sizeof(*file));
	if (!path_fits(path))
		return 0;
	code = get_file(lmdb, path, &record);
	if (code == ENOENT)
		return 0;
	if (code != 0)
		return wrong(lmdb, code, error);
	file->exists = true;
	file->id = record.id;
	file->stamp = record.stamp;
	return 0;
}

static size_t
names_length(const struct store_source *source)
{
	size_t length = 0;

	for (size_t i = 0; i < source->name_count; i++)
		length += strlen(source->names[i]) + 1;
	return length;
}

/* Whether the names that a record holds are the source's, in its order. */
static bool
same_names(const struct store_source *source,
    const struct source_record *record, const char *names)
{
	if (record->names_length != names_length(source))
		return false;
	for (size_t i = 0; i < source->name_count; i++) {
		size_t length = strlen(source->names[i]) + 1;

		if (memcmp(names, source->names[i], length) != 0)
			return false;
		names += length;
	}
	return true;
}

int
usher_lmdb_equals(struct store *store, uint64_t id,
    const struct store_source *source, bool *equals, struct usher_error *error)
{
	struct store_lmdb *lmdb = usher_lmdb_of(store);
	struct source_record record;
	const char *rest;
	int code = usher_lmdb_source(lmdb, lmdb->txn, id, &record, &rest);

	if (code != 0)
		return wrong(lmdb, code == ENOENT ? EILSEQ : code, error);
	rest += record.path_length;
	*equals = record.needs == source->needs &&
	    same_names(source, &record, rest) &&
	    record.text_length == source->length &&
	    memcmp(rest + record.names_length, source->text, source->length) ==
		0;
	return 0;
}

int
usher_lmdb_holds(struct store *store, uint64_t id, const char *text,
    size_t length, bool *holds, struct usher_error *error)
{
	struct store_lmdb *lmdb = usher_lmdb_of(store);
	struct source_record record;
	const char *rest;
	int code = usher_lmdb_source(lmdb, lmdb->txn, id, &record, &rest);

	if (code != 0)
		return wrong(lmdb, code == ENOENT ? EILSEQ : code, error);
	*holds = record.text_length == length &&
	    memcmp(rest + record.path_length + record.names_length, text,
		length) == 0;
	return 0;
}

int
usher_lmdb_owner(struct store *store, const char *name, struct arena *arena,
    const char **path, struct usher_error *error)
{
	struct store_lmdb *lmdb = usher_lmdb_of(store);
	MDB_val key = val(name, strlen(name)), value;
	struct source_record record;
	uint64_t id;
	const char *rest;
	int code = mdb_get(lmdb->txn, lmdb->names, &key, &value);

	*path = "";
	if (code == MDB_NOTFOUND)
		return 0;
	if (code == 0 && value.mv_size != sizeof(id))
		code = EILSEQ;
	if (code == 0) {
		memcpy(&id, value.mv_data, sizeof(id));
		code = usher_lmdb_source(lmdb, lmdb->txn, id, &record, &rest);
	}
	if (code != 0)
		return wrong(lmdb, code == ENOENT ? EILSEQ : code, error);
	*path = usher_arena_bytes(arena, rest, record.path_length);
	return *path == NULL ? ENOMEM : 0;
}

/* Takes a source's names and its share of the totals away. */
static int
withdraw(struct store_lmdb *lmdb, uint64_t id)
{
	struct source_record record;
	const char *rest;
	char *names;
	int code = usher_lmdb_source(lmdb, lmdb->txn, id, &record, &rest);

	if (code != 0)
		return code == ENOENT ? EILSEQ : code;
	/* Deleting moves what the map holds. */
	names = malloc((size_t)record.names_length + 1);
	if (names == NULL)
		return ENOMEM;
	memcpy(names, rest + record.path_length, record.names_length);
	names[record.names_length] = '\0';
	for (size_t at = 0; code == 0 && at < record.names_length;
	     at += strlen(names + at) + 1) {
		MDB_val key = val(names + at, strlen(names + at));

		code = mdb_del(lmdb->txn, lmdb->names, &key, NULL);
		if (code == MDB_NOTFOUND)
			code = EILSEQ;
	}
	free(names);
	lmdb->totals.sources--;
	lmdb->totals.headers -= (record.needs & USHER_HEADERS) != 0;
	lmdb->totals.body -= (record.needs & USHER_BODY) != 0;
	return code;
}

static int
put_source(struct store_lmdb *lmdb, uint64_t id,
    const struct store_source *source)
{
	struct source_record record = {
		.version = mdb_txn_id(lmdb->txn),
		.path_length = (uint32_t)strlen(source->path),
		.names_length = (uint32_t)names_length(source),
		.text_length = (uint32_t)source->length,
		.needs = source->needs,
	};
	MDB_val key = val(&id, sizeof(id)), value;
	char *to;
	int code;

	value.mv_size = sizeof(record) + record.path_length +
	    record.names_length + record.text_length;
	code = mdb_put(lmdb->txn, lmdb->sources, &key, &value, MDB_RESERVE);
	if (code != 0)
		return code;
	to = value.mv_data;
	memcpy(to, &record, sizeof(record));
	to += sizeof(record);
	memcpy(to, source->path, record.path_length);
	to += record.path_length;
	for (size_t i = 0; i < source->name_count; i++) {
		size_t length = strlen(source->names[i]) + 1;

		memcpy(to, source->names[i], length);
		to += length;
	}
	if (source->length > 0)
		memcpy(to, source->text, source->length);
	return 0;
}

static int
put_names(struct store_lmdb *lmdb, uint64_t id,
    const struct store_source *source)
{
	int code = 0;

	for (size_t i = 0; code == 0 && i < source->name_count; i++) {
		MDB_val key = val(source->names[i], strlen(source->names[i]));
		MDB_val value = val(&id, sizeof(id));

		code = mdb_put(lmdb->txn, lmdb->names, &key, &value,
		    MDB_NOOVERWRITE);
	}
	return code;
}

static int
put_file(struct store_lmdb *lmdb, const char *path, uint64_t id,
    const struct store_stamp *stamp)
{
	struct file_record record = { id, *stamp };
	MDB_val key = val(path, strlen(path));
	MDB_val value = val(&record, sizeof(record));

	return mdb_put(lmdb->txn, lmdb->files, &key, &value, 0);
}

int
usher_lmdb_put(struct store *store, const struct store_source *source,
    struct usher_error *error)
{
	struct store_lmdb *lmdb = usher_lmdb_of(store);
	struct file_record file;
	int code;

	if (!path_fits(source->path))
		return usher_error_set(error, ENAMETOOLONG,
		    "%.80s...: the"
		    " path is longer than %d bytes",
		    source->path, STORE_LONGEST_PATH);
	code = get_file(lmdb, source->path, &file);
	if (code == 0)
		code = withdraw(lmdb, file.id);
	else if (code == ENOENT) {
		file.id = ++lmdb->totals.next_id;
		code = 0;
	}
	if (code == 0)
		code = put_source(lmdb, file.id, source);
	if (code == 0)
		code = put_names(lmdb, file.id, source);
	if (code == 0)
		code = put_file(lmdb, source->path, file.id, &source->stamp);
	if (code != 0)
		return wrong(lmdb, code, error);
	lmdb->totals.sources++;
	lmdb->totals.headers += (source->needs & USHER_HEADERS) != 0;
	lmdb->totals.body += (source->needs & USHER_BODY) != 0;
	return 0;
}

int
usher_lmdb_restamp(struct store *store, const char *path,
    const struct store_stamp *stamp, struct usher_error *error)
{
	struct store_lmdb *lmdb = usher_lmdb_of(store);
	struct file_record file;
	int code = get_file(lmdb, path, &file);

	if (code == 0)
		code = put_file(lmdb, path, file.id, stamp);
	return wrong(lmdb, code, error);
}

int
usher_lmdb_remove(struct store *store, const char *path,
    struct usher_error *error)
{
	struct store_lmdb *lmdb = usher_lmdb_of(store);
	struct file_record file;
	MDB_val key = val(path, strlen(path)), id;
	int code = path_fits(path) ? get_file(lmdb, path, &file) : ENOENT;

	if (code == ENOENT)
		return usher_error_set(error, ENOENT, "%s is not published",
		    path);
	if (code == 0)
		code = withdraw(lmdb, file.id);
	id = val(&file.id, sizeof(file.id));
	if (code == 0)
		code = mdb_del(lmdb->txn, lmdb->sources, &id, NULL);
	if (code == 0)
		code = mdb_del(lmdb->txn, lmdb->files, &key, NULL);
	return wrong(lmdb, code, error);
}

int
usher_lmdb_each(struct store *store, store_each_h each, void *arg,
    struct usher_error *error)
{
	struct store_lmdb *lmdb = usher_lmdb_of(store);
	char path[STORE_LONGEST_PATH + 1];
	MDB_cursor *cursor;
	MDB_val key, value;
	int told = 0, code = mdb_cursor_open(lmdb->txn, lmdb->files, &cursor);

	if (code != 0)
		return wrong(lmdb, code, error);
	while (told == 0 &&
	    (code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
		if (key.mv_size > STORE_LONGEST_PATH) {
			code = EILSEQ;
			break;
		}
		memcpy(path, key.mv_data, key.mv_size);
		path[key.mv_size] = '\0';
		told = each(path, arg);
	}
	mdb_cursor_close(cursor);
	if (told != 0 || code == MDB_NOTFOUND)
		return told;
	return wrong(lmdb, code, error);
}

int
usher_lmdb_set_scope(struct store *store,
    const unsigned char scope[USHER_SCOPE_HASH], struct usher_error *error)
{
	struct store_lmdb *lmdb = usher_lmdb_of(store);
	MDB_val key = val("scope", 5), value = val(scope, USHER_SCOPE_HASH);

	return wrong(lmdb, mdb_put(lmdb->txn, lmdb->meta, &key, &value, 0),
	    error);
}

int
usher_lmdb_commit(struct store *store, struct usher_error *error)
{
	struct store_lmdb *lmdb = usher_lmdb_of(store);
	MDB_val key = val("totals", 6);
	MDB_val value = val(&lmdb->totals, sizeof(lmdb->totals));
	int code = mdb_put(lmdb->txn, lmdb->meta, &key, &value, 0);
	MDB_txn *txn = lmdb->txn;

	if (code != 0)
		return wrong(lmdb, code, error);
	lmdb->txn = NULL;
	return wrong(lmdb, mdb_txn_commit(txn), error);
}

void
usher_lmdb_abort(struct store *store)
{
	struct store_lmdb *lmdb = usher_lmdb_of(store);

	if (lmdb->txn != NULL)
		mdb_txn_abort(lmdb->txn);
	lmdb->txn = NULL;
}
