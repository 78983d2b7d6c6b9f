/*
 * record_lmdb_seen: marks of all records (record_seen.h) beside the tables of
 * record_lmdb.h, made and kept up while a process reads.
 *
 * Truth is in the tables alone: the marks are this process's own, made by
 * looking through all rows once, in short steps between commits on the
 * committer's thread, and kept up by the news (record_lmdb_news.c) that each
 * transaction leaves. They speak only while they cover the last transaction;
 * else all is read as if there were none. So no other process, crash, copy or
 * older version can make them say "none" of what is there.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "record_lmdb.h"

enum {
	READ_BEFORE = 64, /* views without marks, until more are made */
	ROWS_A_STEP = 1000,
	LAG_MOST = 256, /* transactions that a view may catch up with */
	/* After a making there is none for so long, and so many times as long
	 * as it took: whatever happens, it is a small part of the work. */
	REST_MS = 200,
	REST_TIMES = 10
};

/* ---- for a view ---- */

/* Whoever reads little does without. */
static void
want(struct record_lmdb *lmdb)
{
	unsigned views = atomic_fetch_add_explicit(&lmdb->views, 1,
	    memory_order_relaxed);

	if (lmdb->has_news && views % READ_BEFORE == READ_BEFORE - 1)
		usher_records_tend(&lmdb->records);
}

static void
look_at(struct record_view *view, const struct record_seen *seen, size_t id)
{
	view->seen = seen;
	view->seen_at = id;
	view->empty = false;
	view->lacks = atomic_load_explicit(&seen->lacks, memory_order_relaxed);
}

bool
usher_memory_seen_now(struct record_lmdb *lmdb, struct record_view *view)
{
	const struct record_seen *seen = lmdb->seen;
	MDB_envinfo info;
	size_t id;

	if (seen == NULL)
		return false;
	id = atomic_load_explicit(&seen->covers, memory_order_acquire);
	(void)mdb_env_info(lmdb->env, &info);
	if (info.me_last_txnid != id)
		return false;
	look_at(view, seen, id);
	return true;
}

/*
 * Not by the first who sees a transaction: where every attempt writes,
 * nothing is won by it.
 */
void
usher_memory_seen_later(struct record_lmdb *lmdb, struct record_view *view)
{
	struct record_seen *seen = lmdb->seen;
	size_t id = mdb_txn_id(view->inside);

	if (seen == NULL)
		want(lmdb);
	if (seen == NULL ||
	    atomic_exchange_explicit(&lmdb->shown, id, memory_order_relaxed) !=
		id ||
	    pthread_mutex_trylock(&lmdb->seen_lock) != 0)
		return;
	if (id > atomic_load(&seen->covers) + LAG_MOST ||
	    usher_memory_news_hear(lmdb, view->inside, seen) != 0)
		want(lmdb);
	else
		look_at(view, seen, id);
	if (usher_seen_is_full(seen))
		want(lmdb);
	(void)pthread_mutex_unlock(&lmdb->seen_lock);
}

/* ---- making: the committer's thread, in steps ---- */

static int64_t
now_ms(void)
{
	struct timespec now = { .tv_sec = 0 };

	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
end_making(struct record_lmdb *lmdb)
{
	int64_t now = now_ms();

	lmdb->making = NULL;
	lmdb->made_next_ms = now + REST_MS + REST_TIMES * (now - lmdb->made_ms);
}

static void
begin_making(struct record_lmdb *lmdb, MDB_txn *txn)
{
	MDB_stat rows;

	if (mdb_stat(txn, lmdb->rows, &rows) != 0)
		return;
	lmdb->made_ms = now_ms();
	lmdb->making = usher_seen_new(rows.ms_entries);
	lmdb->made_up_to.length = 0;
	/* What is added from here on is in the news. */
	if (lmdb->making != NULL)
		atomic_store(&lmdb->making->covers, mdb_txn_id(txn));
}

static void
keep_place(struct record_lmdb *lmdb, const MDB_val *key)
{
	lmdb->made_up_to.length = key->mv_size;
	memcpy(lmdb->made_up_to.bytes, key->mv_data, key->mv_size);
}

/* MDB_NOTFOUND: those were the last. */
static int
make_some(struct record_lmdb *lmdb, MDB_txn *txn)
{
	MDB_val key = { lmdb->made_up_to.length, lmdb->made_up_to.bytes }, row;
	MDB_cursor *cursor;
	int code = mdb_cursor_open(txn, lmdb->rows, &cursor);

	if (code != 0)
		return code;
	code = mdb_cursor_get(cursor, &key, &row,
	    key.mv_size == 0 ? MDB_FIRST : MDB_SET_RANGE);
	for (int i = 0; code == 0; i++) {
		const char *bytes = key.mv_data;

		if (key.mv_size == 0 ||
		    key.mv_size > sizeof(lmdb->made_up_to.bytes))
			code = EILSEQ;
		else if (i == ROWS_A_STEP)
			break;
		else
			usher_seen_add(lmdb->making,
			    usher_seen_mark((unsigned char)bytes[0], bytes + 1,
				key.mv_size - 1));
		if (code == 0)
			code = mdb_cursor_get(cursor, &key, &row, MDB_NEXT);
	}
	if (code == 0)
		keep_place(lmdb, &key);
	mdb_cursor_close(cursor);
	return code;
}

/* 0: go on. EALREADY: there is no more to do, or it cannot be done. */
static int
make_step(struct record_lmdb *lmdb, MDB_txn *txn, bool *made)
{
	int code;

	if (lmdb->making == NULL) {
		(void)pthread_mutex_lock(&lmdb->seen_lock);
		code = lmdb->seen == NULL || usher_seen_is_full(lmdb->seen)
		    ? ESTALE
		    : usher_memory_news_hear(lmdb, txn, lmdb->seen);
		(void)pthread_mutex_unlock(&lmdb->seen_lock);
		if (code == 0 || now_ms() < lmdb->made_next_ms)
			return EALREADY;
		begin_making(lmdb, txn);
	}
	if (lmdb->making == NULL)
		return EALREADY;
	code = make_some(lmdb, txn);
	if (code == MDB_NOTFOUND) {
		code = usher_memory_news_hear(lmdb, txn, lmdb->making);
		*made = code == 0;
	}
	return code == 0 ? 0 : EALREADY;
}

/* Nobody looks at the old marks while the lock is held for writing. */
static void
swap(struct record_lmdb *lmdb)
{
	(void)pthread_rwlock_wrlock(&lmdb->lock);
	if (lmdb->making != NULL) {
		free(lmdb->seen);
		lmdb->seen = lmdb->making;
		end_making(lmdb);
	}
	(void)pthread_rwlock_unlock(&lmdb->lock);
}

bool
usher_memory_tend(struct records *records)
{
	struct record_lmdb *lmdb = usher_memory_lmdb(records);
	bool made = false;
	MDB_txn *txn;
	int code = EALREADY;

	(void)pthread_rwlock_rdlock(&lmdb->lock);
	if (lmdb->env != NULL && lmdb->has_news &&
	    usher_memory_txn_begin(lmdb, &txn) == 0) {
		code = make_step(lmdb, txn, &made);
		usher_memory_txn_end(lmdb, txn);
	}
	if (code != 0 && lmdb->making != NULL) {
		free(lmdb->making);
		end_making(lmdb);
	}
	(void)pthread_rwlock_unlock(&lmdb->lock);
	if (made)
		swap(lmdb);
	return code == 0 && !made;
}

void
usher_memory_seen_drop(struct record_lmdb *lmdb)
{
	if (lmdb->making != NULL) {
		free(lmdb->making);
		end_making(lmdb);
	}
	free(lmdb->seen);
	lmdb->seen = NULL;
	atomic_store(&lmdb->shown, 0);
}
