/*
 * record_lmdb_write: the committer's transaction on the tables of
 * record_lmdb.h.
 *
 * All edits of a note are asked for their new values before the first of them
 * is written: a note that is refused has then left no trace, and needs no
 * transaction of its own. A commit is on disk when it has ended.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#include "error.h"
#include "record_lmdb.h"

enum { SWEPT = 64 /* records a commit */, LINGER_S = 3600 };

/* An edit with what it made; `same`: all stays as it is. */
struct made {
	const struct record_edit *edit;
	struct usher_record_value fresh;
	void *copy; /* of bytes that only got another end */
	bool same;
	uint32_t hash;		   /* of the record */
	const struct made *before; /* one of its place in the table */
};

/* The edits of a note by their record: a count of callers has hundreds. */
enum { PLACES = 256 };
struct made_table {
	const struct made *places[PLACES];
};

static void
leave(struct record_lmdb *lmdb)
{
	lmdb->txn = NULL;
	(void)pthread_rwlock_unlock(&lmdb->lock);
}

void
usher_memory_abort(struct records *records)
{
	struct record_lmdb *lmdb = usher_memory_lmdb(records);

	if (lmdb->txn == NULL)
		return;
	mdb_txn_abort(lmdb->txn);
	leave(lmdb);
}

/* An environment that a write has failed in may be of no more use. */
static int
fail(struct record_lmdb *lmdb, int code, struct usher_error *error)
{
	code = usher_memory_wrong(lmdb, code, error);
	(void)pthread_rwlock_wrlock(&lmdb->lock);
	usher_memory_shut(lmdb);
	(void)pthread_rwlock_unlock(&lmdb->lock);
	return code;
}

/* The map is full: a larger one, and all is to be done again. */
static int
grow(struct record_lmdb *lmdb, struct usher_error *error)
{
	MDB_envinfo info;
	int code;

	(void)pthread_rwlock_wrlock(&lmdb->lock);
	(void)mdb_env_info(lmdb->env, &info);
	code = mdb_env_set_mapsize(lmdb->env, info.me_mapsize * 2);
	if (code != 0)
		usher_memory_shut(lmdb);
	(void)pthread_rwlock_unlock(&lmdb->lock);
	if (code != 0)
		return usher_memory_wrong(lmdb,
		    code == ENOMEM ? MDB_MAP_FULL : code, error);
	return EAGAIN;
}

/* Ends the transaction. */
static int
wrong(struct record_lmdb *lmdb, int code, struct usher_error *error)
{
	usher_memory_abort(&lmdb->records);
	if (code == MDB_MAP_FULL)
		return grow(lmdb, error);
	return fail(lmdb, code, error);
}

/* The lock for reading, on an environment that can be written to. */
static int
enter(struct record_lmdb *lmdb, struct usher_error *error)
{
	int code = 0;

	for (;;) {
		(void)pthread_rwlock_rdlock(&lmdb->lock);
		if (lmdb->env != NULL && lmdb->writable &&
		    !usher_memory_was_removed(lmdb))
			return 0;
		(void)pthread_rwlock_unlock(&lmdb->lock);
		(void)pthread_rwlock_wrlock(&lmdb->lock);
		if (lmdb->env != NULL && usher_memory_was_removed(lmdb))
			usher_memory_shut(lmdb);
		if (!lmdb->writable)
			code = usher_memory_open(lmdb, true, error);
		(void)pthread_rwlock_unlock(&lmdb->lock);
		if (code != 0)
			return code;
	}
}

int
usher_memory_begin(struct records *records, struct usher_error *error)
{
	struct record_lmdb *lmdb = usher_memory_lmdb(records);
	int dead, code;

	for (;;) {
		code = enter(lmdb, error);
		if (code != 0)
			return code;
		(void)mdb_reader_check(lmdb->env, &dead);
		code = mdb_txn_begin(lmdb->env, NULL, 0, &lmdb->txn);
		/* Removed while another process had us wait. */
		if (code == 0 && !usher_memory_was_removed(lmdb)) {
			usher_memory_news_begin(lmdb);
			return 0;
		}
		if (code == 0) {
			usher_memory_abort(records);
			continue;
		}
		leave(lmdb);
		if (code == MDB_MAP_RESIZED)
			code = usher_memory_follow(lmdb);
		if (code != 0)
			return fail(lmdb, code, error);
	}
}

static uint32_t
hash_of(const struct record_edit *edit)
{
	uint32_t hash = 2166136261u ^ edit->kind; /* FNV-1a */

	for (size_t i = 0; i < edit->key_length; i++)
		hash = (hash ^ (unsigned char)edit->key[i]) * 16777619u;
	return hash;
}

/* The latest edit of the note that was made of the same record, or NULL. */
static const struct made *
made_before(const struct made_table *table, const struct made *made)
{
	const struct record_edit *edit = made->edit;
	const struct made *one = table->places[made->hash % PLACES];

	for (; one != NULL; one = one->before)
		if (one->hash == made->hash && one->edit->kind == edit->kind &&
		    one->edit->key_length == edit->key_length &&
		    memcmp(one->edit->key, edit->key, edit->key_length) == 0)
			return one;
	return NULL;
}

static int
old_value(struct record_lmdb *lmdb, const struct record_edit *edit,
    struct usher_record_value *old)
{
	struct row_key row;
	MDB_val place, found;
	int code;

	*old = (struct usher_record_value){ .bytes = NULL };
	place = usher_memory_row(&row, edit->kind, edit->key, edit->key_length);
	code = mdb_get(lmdb->txn, lmdb->rows, &place, &found);
	if (code == MDB_NOTFOUND)
		return 0;
	return code == 0 ? usher_memory_value(&found, old) : code;
}

/* Ends in order of time; none is before 1970. */
static MDB_val
end_place(char bytes[sizeof(uint64_t) + sizeof(struct row_key)],
    const MDB_val *row, int64_t until)
{
	uint64_t end = htobe64((uint64_t)(until < 0 ? 0 : until));

	memcpy(bytes, &end, sizeof(end));
	memcpy(bytes + sizeof(end), row->mv_data, row->mv_size);
	return (MDB_val){ sizeof(end) + row->mv_size, bytes };
}

static int
move_end(struct record_lmdb *lmdb, const MDB_val *row,
    const struct usher_record_value *old,
    const struct usher_record_value *fresh)
{
	char bytes[sizeof(uint64_t) + sizeof(struct row_key)];
	MDB_val place, nothing = { 0, NULL };
	int code = 0;

	if (old->bytes != NULL && old->until != INT64_MAX) {
		place = end_place(bytes, row, old->until);
		code = mdb_del(lmdb->txn, lmdb->ends, &place, NULL);
		if (code == MDB_NOTFOUND)
			code = 0;
	}
	if (code == 0 && fresh->bytes != NULL && fresh->until != INT64_MAX) {
		place = end_place(bytes, row, fresh->until);
		code = mdb_put(lmdb->txn, lmdb->ends, &place, &nothing, 0);
	}
	return code;
}

static int
put_row(struct record_lmdb *lmdb, MDB_val *row,
    const struct usher_record_value *fresh)
{
	MDB_val value = { sizeof(fresh->until) + fresh->length, NULL };
	int code = mdb_put(lmdb->txn, lmdb->rows, row, &value, MDB_RESERVE);

	if (code != 0)
		return code;
	memcpy(value.mv_data, &fresh->until, sizeof(fresh->until));
	if (fresh->length > 0)
		memcpy((char *)value.mv_data + sizeof(fresh->until),
		    fresh->bytes, fresh->length);
	return 0;
}

static int
put(struct record_lmdb *lmdb, const struct made *made)
{
	const struct record_edit *edit = made->edit;
	struct usher_record_value old;
	struct row_key bytes;
	MDB_val row;
	int code = old_value(lmdb, edit, &old);

	if (code != 0 || (old.bytes == NULL && made->fresh.bytes == NULL))
		return code;
	row = usher_memory_row(&bytes, edit->kind, edit->key, edit->key_length);
	lmdb->wrote = true;
	if (old.bytes == NULL)
		usher_memory_news_add(lmdb, edit);
	if (old.bytes == NULL || made->fresh.bytes == NULL ||
	    old.until != made->fresh.until)
		code = move_end(lmdb, &row, &old, &made->fresh);
	if (code != 0)
		return code;
	if (made->fresh.bytes == NULL)
		return mdb_del(lmdb->txn, lmdb->rows, &row, NULL);
	return put_row(lmdb, &row, &made->fresh);
}

/* The old bytes lie in a page that the writing may move. */
static int
keep_old(struct made *made, const struct usher_record_value *old)
{
	if (made->fresh.bytes == NULL || made->fresh.bytes != old->bytes)
		return 0;
	made->same = made->fresh.length == old->length &&
	    made->fresh.until == old->until;
	if (made->same)
		return 0;
	made->copy = malloc(made->fresh.length + 1);
	if (made->copy == NULL)
		return ENOMEM;
	memcpy(made->copy, made->fresh.bytes, made->fresh.length);
	made->fresh.bytes = made->copy;
	return 0;
}

static int
make_one(struct record_lmdb *lmdb, struct made_table *table, struct made *made,
    bool *refused)
{
	const struct record_edit *edit = made->edit;
	const struct made *before;
	struct usher_record_value old;
	int code = 0;

	made->hash = hash_of(edit);
	before = made_before(table, made);
	if (before != NULL)
		old = before->fresh;
	else
		code = old_value(lmdb, edit, &old);
	if (code != 0)
		return code;
	made->fresh = old;
	code = edit->edit(edit->arg, &old, &made->fresh);
	if (code == 0 && made->fresh.bytes != NULL &&
	    made->fresh.length > USHER_RECORD_BYTES)
		code = EMSGSIZE;
	if (code == 0)
		code = keep_old(made, &old);
	made->before = table->places[made->hash % PLACES];
	table->places[made->hash % PLACES] = made;
	*refused = code != 0;
	return code;
}

static int
write_made(struct record_lmdb *lmdb, struct made *made, size_t count,
    bool *refused)
{
	struct made_table table = { 0 };
	int code = 0;

	for (size_t i = 0; code == 0 && i < count; i++)
		code = make_one(lmdb, &table, &made[i], refused);
	for (size_t i = 0; code == 0 && i < count; i++)
		if (!made[i].same)
			code = put(lmdb, &made[i]);
	for (size_t i = 0; i < count; i++)
		free(made[i].copy);
	return code;
}

int
usher_memory_write(struct records *records, const struct record_edit *edits,
    bool *refused, struct usher_error *error)
{
	struct record_lmdb *lmdb = usher_memory_lmdb(records);
	const struct record_edit *edit;
	struct made *made;
	size_t count = 0;
	int code;

	*refused = false;
	for (edit = edits; edit != NULL; edit = edit->next)
		count++;
	made = calloc(count + 1, sizeof(*made));
	if (made == NULL) {
		*refused = true;
		return usher_error_set(error, ENOMEM, "out of memory");
	}
	count = 0;
	for (edit = edits; edit != NULL; edit = edit->next)
		made[count++].edit = edit;
	code = write_made(lmdb, made, count, refused);
	free(made);
	if (code == 0 || *refused)
		return code;
	return wrong(lmdb, code, error);
}

/* One record whose end has come, if there is one. */
static int
sweep_one(struct record_lmdb *lmdb, MDB_cursor *cursor, int64_t before)
{
	char bytes[sizeof(uint64_t) + sizeof(struct row_key)];
	MDB_val key, value, row;
	uint64_t end;
	int code = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);

	if (code != 0)
		return code;
	if (key.mv_size <= sizeof(end) || key.mv_size > sizeof(bytes))
		return EILSEQ;
	memcpy(bytes, key.mv_data, key.mv_size);
	memcpy(&end, bytes, sizeof(end));
	if ((int64_t)be64toh(end) >= before)
		return MDB_NOTFOUND;
	row = (MDB_val){ key.mv_size - sizeof(end), bytes + sizeof(end) };
	lmdb->wrote = true;
	code = mdb_cursor_del(cursor, 0);
	if (code == 0)
		code = mdb_del(lmdb->txn, lmdb->rows, &row, NULL);
	return code == MDB_NOTFOUND ? 0 : code;
}

/* Somewhat late, for a clock that is put back a little. */
int
usher_memory_sweep(struct records *records, int64_t at,
    struct usher_error *error)
{
	struct record_lmdb *lmdb = usher_memory_lmdb(records);
	MDB_cursor *cursor;
	int code = mdb_cursor_open(lmdb->txn, lmdb->ends, &cursor);

	if (code != 0)
		return wrong(lmdb, code, error);
	for (int i = 0; code == 0 && i < SWEPT; i++)
		code = sweep_one(lmdb, cursor, at - LINGER_S);
	mdb_cursor_close(cursor);
	if (code == 0 || code == MDB_NOTFOUND)
		return 0;
	return wrong(lmdb, code, error);
}

int
usher_memory_commit(struct records *records, struct usher_error *error)
{
	struct record_lmdb *lmdb = usher_memory_lmdb(records);
	int code = usher_memory_news_put(lmdb);

	if (code != 0)
		return wrong(lmdb, code, error);
	code = mdb_txn_commit(lmdb->txn);
	leave(lmdb);
	if (code == MDB_MAP_FULL)
		return grow(lmdb, error);
	return code == 0 ? 0 : fail(lmdb, code, error);
}
