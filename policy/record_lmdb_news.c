/*
 * record_lmdb_news: what each transaction added, so that whoever keeps marks
 * of all records (record_seen.h) learns of new ones without looking at all.
 *
 * The table "news" has a row for every transaction that changed anything: the
 * marks of records that were not there before. It is written with them, so it
 * is never behind, and is kept to some pages. A transaction without a row,
 * for it is too long ago or was another program's, is a gap: then all is
 * looked at anew. A doubt never passes for "nothing came".
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#include "record_lmdb.h"

enum {
	WHOLE = 1, /* a row's form: all marks are in it */
	MANY,	   /* ... they would be too many */
	MARKS_MOST = 4096,
	NEWS_PAGES = 1024,
	ROWS_TRIMMED = 4 /* a commit */
};

/* ---- writing: the committer's thread ---- */

void
usher_memory_news_begin(struct record_lmdb *lmdb)
{
	lmdb->wrote = false;
	lmdb->mark_count = 0;
}

/* Past the most they are only counted. */
void
usher_memory_news_add(struct record_lmdb *lmdb, const struct record_edit *edit)
{
	if (lmdb->marks == NULL)
		lmdb->marks = calloc(1 + MARKS_MOST, sizeof(*lmdb->marks));
	if (lmdb->marks == NULL)
		lmdb->mark_count = MARKS_MOST;
	if (lmdb->mark_count < MARKS_MOST)
		lmdb->marks[1 + lmdb->mark_count] = usher_seen_mark(edit->kind,
		    edit->key, edit->key_length);
	lmdb->mark_count++;
}

/* The oldest rows, where there are too many of them. */
static int
trim(struct record_lmdb *lmdb, MDB_cursor *cursor)
{
	MDB_val key, value;
	MDB_stat news;
	int code = mdb_stat(lmdb->txn, lmdb->news, &news);

	for (int i = 0; code == 0 && i < ROWS_TRIMMED &&
	     news.ms_leaf_pages + news.ms_overflow_pages > NEWS_PAGES;
	     i++) {
		code = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
		if (code == 0)
			code = mdb_cursor_del(cursor, 0);
	}
	return code;
}

/* A copy of the tables may count its transactions from 1 again. */
static int
make_place(struct record_lmdb *lmdb, MDB_cursor *cursor, const MDB_val *now)
{
	MDB_val key, value;
	int code = mdb_cursor_get(cursor, &key, &value, MDB_LAST);

	if (code == MDB_NOTFOUND)
		return 0;
	if (code == 0 && mdb_cmp(lmdb->txn, lmdb->news, &key, now) >= 0)
		return mdb_drop(lmdb->txn, lmdb->news, 0);
	return code == 0 ? trim(lmdb, cursor) : code;
}

int
usher_memory_news_put(struct record_lmdb *lmdb)
{
	uint64_t form = MANY, id = htobe64(mdb_txn_id(lmdb->txn));
	MDB_val key = { sizeof(id), &id }, value = { sizeof(form), &form };
	MDB_cursor *cursor;
	int code;

	if (!lmdb->wrote || !lmdb->has_news)
		return 0;
	code = mdb_cursor_open(lmdb->txn, lmdb->news, &cursor);
	if (code != 0)
		return code;
	code = make_place(lmdb, cursor, &key);
	mdb_cursor_close(cursor);
	if (lmdb->mark_count == 0)
		form = WHOLE;
	if (lmdb->mark_count > 0 && lmdb->mark_count <= MARKS_MOST &&
	    lmdb->marks != NULL) {
		lmdb->marks[0] = WHOLE;
		value = (MDB_val){ (1 + lmdb->mark_count) * sizeof(form),
			lmdb->marks };
	}
	return code == 0
	    ? mdb_put(lmdb->txn, lmdb->news, &key, &value, MDB_APPEND)
	    : code;
}

/* ---- reading ---- */

static bool
is_whole(const MDB_val *value)
{
	uint64_t form;

	if (value->mv_size < sizeof(form) || value->mv_size % sizeof(form) != 0)
		return false;
	memcpy(&form, value->mv_data, sizeof(form));
	return form == WHOLE;
}

static bool
is_of(const MDB_val *key, size_t id)
{
	uint64_t at;

	if (key->mv_size != sizeof(at))
		return false;
	memcpy(&at, key->mv_data, sizeof(at));
	return be64toh(at) == id;
}

static void
add_row(struct record_seen *seen, const MDB_val *value)
{
	uint64_t mark;

	for (size_t at = sizeof(mark); at < value->mv_size;
	     at += sizeof(mark)) {
		memcpy(&mark, (const char *)value->mv_data + at, sizeof(mark));
		usher_seen_add(seen, mark);
	}
}

int
usher_memory_news_hear(struct record_lmdb *lmdb, MDB_txn *txn,
    struct record_seen *seen)
{
	size_t now = mdb_txn_id(txn), next;
	MDB_val key, value;
	MDB_cursor *cursor;
	uint64_t from;
	int code;

	next = atomic_load_explicit(&seen->covers, memory_order_relaxed) + 1;
	if (next > now)
		return next == now + 1 ? 0 : ESTALE;
	code = mdb_cursor_open(txn, lmdb->news, &cursor);
	if (code != 0)
		return code;
	from = htobe64(next);
	key = (MDB_val){ sizeof(from), &from };
	code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
	for (; code == 0 && next <= now; next++) {
		if (!is_of(&key, next) || !is_whole(&value))
			break;
		add_row(seen, &value);
		code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	if (next <= now)
		return ESTALE;
	atomic_store_explicit(&seen->covers, now, memory_order_release);
	return 0;
}
