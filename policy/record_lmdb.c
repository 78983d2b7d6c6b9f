/*
 * record_lmdb: see record_lmdb.h.  Views: what the decision path asks, which
 * never waits for a writer.
 */
#include "record_lmdb.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "error.h"
#include "lmdb_env.h"

static time_t
second_now(void)
{
	struct timespec now = { .tv_sec = 0 };

	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return now.tv_sec;
}

/* Once a second: a system call would cost more than all the rest. */
static bool
is_time_to_look(struct record_lmdb *lmdb)
{
	time_t now = second_now();

	return atomic_exchange_explicit(&lmdb->looked_s, now,
		   memory_order_relaxed) != now;
}

enum { RESIDENT_S = 2 };

/* A removed folder is let go; never waiting, for a writer may hold it. */
static void
let_go(struct record_lmdb *lmdb)
{
	if (pthread_rwlock_trywrlock(&lmdb->lock) != 0)
		return;
	if (lmdb->env != NULL && usher_memory_was_removed(lmdb))
		usher_memory_shut(lmdb);
	(void)pthread_rwlock_unlock(&lmdb->lock);
}

static int
open_now(struct record_lmdb *lmdb, struct usher_error *error)
{
	int code = 0;

	/* The common case of no memory at all is without a lock. */
	if (!usher_lmdb_env_is_there(lmdb->directory))
		return ENOENT;
	(void)pthread_rwlock_wrlock(&lmdb->lock);
	if (lmdb->env == NULL)
		code = usher_memory_open(lmdb, false, error);
	(void)pthread_rwlock_unlock(&lmdb->lock);
	return code;
}

/* The lock for reading, and an environment. ENOENT: none, and no lock. */
static int
enter(struct record_lmdb *lmdb, struct usher_error *error)
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

/* One that is reset, or a new one. */
int
usher_memory_txn_begin(struct record_lmdb *lmdb, MDB_txn **txn)
{
	for (size_t i = 0; i < IDLE_VIEWS; i++) {
		if (atomic_load_explicit(&lmdb->idle[i],
			memory_order_relaxed) == NULL)
			continue;
		*txn = atomic_exchange(&lmdb->idle[i], NULL);
		if (*txn != NULL) {
			int code = mdb_txn_renew(*txn);

			if (code != 0)
				mdb_txn_abort(*txn);
			return code;
		}
	}
	return mdb_txn_begin(lmdb->env, NULL, MDB_RDONLY, txn);
}

void
usher_memory_txn_end(struct record_lmdb *lmdb, MDB_txn *txn)
{
	mdb_txn_reset(txn);
	for (size_t i = 0; i < IDLE_VIEWS; i++) {
		MDB_txn *none = NULL;

		if (atomic_compare_exchange_strong(&lmdb->idle[i], &none, txn))
			return;
	}
	mdb_txn_abort(txn);
}

/* As enter(); looks once a second how things stand. */
static int
come_in(struct record_lmdb *lmdb, struct usher_error *error)
{
	int code = enter(lmdb, error);

	if (code != 0 || !is_time_to_look(lmdb))
		return code;
	if (usher_memory_was_removed(lmdb)) {
		(void)pthread_rwlock_unlock(&lmdb->lock);
		let_go(lmdb);
		if ((code = enter(lmdb, error)) != 0)
			return code;
	}
	if (usher_memory_is_resident(lmdb))
		atomic_store_explicit(&lmdb->resident_s,
		    second_now() + RESIDENT_S, memory_order_relaxed);
	return 0;
}

static void
end_view(struct record_view *view)
{
	struct record_lmdb *lmdb = usher_memory_lmdb(view->records);

	if (view->inside != NULL)
		usher_memory_txn_end(lmdb, view->inside);
	if (view->held)
		(void)pthread_rwlock_unlock(&lmdb->lock);
	view->inside = NULL;
	view->held = false;
}

/*
 * For a loop that must not wait: what lay in the machine's memory a second
 * ago lies there still. Once it has not been looked at for so long, or has no
 * view ready, whoever may wait goes first.
 */
static bool
at_hand(struct records *records)
{
	struct record_lmdb *lmdb = usher_memory_lmdb(records);
	time_t now = second_now();
	bool ready = false;

	if (atomic_load_explicit(&lmdb->looked_s, memory_order_relaxed) !=
		now ||
	    atomic_load_explicit(&lmdb->resident_s, memory_order_relaxed) < now)
		return false;
	for (size_t i = 0; i < IDLE_VIEWS && !ready; i++)
		ready = atomic_load_explicit(&lmdb->idle[i],
			    memory_order_relaxed) != NULL;
	if (!ready || pthread_rwlock_tryrdlock(&lmdb->lock) != 0)
		return false;
	ready = lmdb->env != NULL;
	(void)pthread_rwlock_unlock(&lmdb->lock);
	return ready;
}

/* ---- kinds ---- */

static uint64_t
look_for_kinds(const struct record_lmdb *lmdb, MDB_txn *txn)
{
	const unsigned end = RECORD_FIRST_SEEN + RECORD_SEEN;
	uint64_t lacks = ~UINT64_C(0);
	unsigned char kind = RECORD_FIRST_SEEN;
	MDB_cursor *cursor;
	int code = mdb_cursor_open(txn, lmdb->rows, &cursor);

	if (code != 0)
		return 0;
	for (; kind < end; kind++) {
		MDB_val key = { sizeof(kind), &kind }, found;

		/* The first record of this kind or of a later one. */
		code = mdb_cursor_get(cursor, &key, &found, MDB_SET_RANGE);
		if (code != 0)
			break;
		kind = *(const unsigned char *)key.mv_data;
		if (kind < end)
			lacks &= ~(UINT64_C(1) << (kind - RECORD_FIRST_SEEN));
	}
	mdb_cursor_close(cursor);
	return code == 0 || code == MDB_NOTFOUND ? lacks : 0;
}

/*
 * A mail is asked of many kinds, and most memories hold few of them. It is
 * looked up once a transaction, and not for the first who sees one: where
 * every attempt writes, nothing is won by it.
 */
static uint64_t
kinds_lacking(struct record_lmdb *lmdb, MDB_txn *txn)
{
	size_t id = mdb_txn_id(txn);
	uint64_t lacks = 0;

	if (pthread_mutex_trylock(&lmdb->kinds_lock) != 0)
		return 0;
	if (lmdb->kinds_txn != id) {
		lmdb->kinds_txn = id;
		lmdb->kinds_known = false;
	} else {
		if (!lmdb->kinds_known)
			lmdb->lacks = look_for_kinds(lmdb, txn);
		lmdb->kinds_known = true;
		lacks = lmdb->lacks;
	}
	(void)pthread_mutex_unlock(&lmdb->kinds_lock);
	return lacks;
}

/* The lock is held, and let go where this fails. */
static int
look_inside(struct record_lmdb *lmdb, struct record_view *view)
{
	MDB_stat rows;
	MDB_txn *txn;
	int code = usher_memory_txn_begin(lmdb, &txn);

	if (code != 0) {
		end_view(view);
		return code;
	}
	view->inside = txn;
	code = mdb_stat(txn, lmdb->rows, &rows);
	view->empty = code == 0 && rows.ms_entries == 0;
	if (code != 0)
		end_view(view);
	return code;
}

/* One that speaks by the marks needs no transaction yet. */
static int
begin_any(struct records *records, struct record_view *view, bool by_marks,
    struct usher_error *error)
{
	struct record_lmdb *lmdb = usher_memory_lmdb(records);
	int code;

	*view = (struct record_view){ .records = records };
	for (;;) {
		code = come_in(lmdb, error);
		view->empty = code == ENOENT;
		if (code != 0)
			return code == ENOENT ? 0 : code;
		view->held = true;
		if (by_marks && usher_memory_seen_now(lmdb, view))
			return 0;
		code = look_inside(lmdb, view);
		if (code == 0)
			return 0;
		if (code == MDB_MAP_RESIZED)
			code = usher_memory_follow(lmdb);
		if (code != 0)
			return usher_memory_wrong(lmdb, code, error);
	}
}

static int
begin_view(struct records *records, struct record_view *view,
    struct usher_error *error)
{
	int code = begin_any(records, view, false, error);

	if (code == 0 && !view->empty)
		view->lacks = kinds_lacking(usher_memory_lmdb(records),
		    view->inside);
	return code;
}

static int
begin_question(struct records *records, struct record_view *view,
    struct usher_error *error)
{
	struct record_lmdb *lmdb = usher_memory_lmdb(records);
	int code = begin_any(records, view, true, error);

	if (code != 0 || view->empty || view->seen != NULL)
		return code;
	usher_memory_seen_later(lmdb, view);
	if (view->seen == NULL)
		view->lacks = kinds_lacking(lmdb, view->inside);
	return 0;
}

/*
 * Something may be there, so the tables are asked after all: as they were
 * when the marks were, or what both tell is torn.
 */
static int
begin_late(struct record_view *view, struct usher_error *error)
{
	struct record_lmdb *lmdb = usher_memory_lmdb(view->records);
	MDB_txn *txn = NULL;
	int code = 0;

	if (view->inside != NULL)
		return 0;
	if (!view->torn)
		code = usher_memory_txn_begin(lmdb, &txn);
	if (code == 0 && txn != NULL && mdb_txn_id(txn) == view->seen_at) {
		view->inside = txn;
		return 0;
	}
	view->torn = true;
	if (code == 0 && txn != NULL)
		usher_memory_txn_end(lmdb, txn);
	return usher_error_set(error, EAGAIN, "the memory %s has just changed",
	    lmdb->directory);
}

int
usher_memory_value(const MDB_val *row, struct usher_record_value *value)
{
	if (row->mv_size < sizeof(value->until))
		return EILSEQ;
	memcpy(&value->until, row->mv_data, sizeof(value->until));
	value->bytes = (const char *)row->mv_data + sizeof(value->until);
	value->length = row->mv_size - sizeof(value->until);
	return 0;
}

static int
get(struct record_view *view, unsigned char kind, const char *key,
    size_t length, struct usher_record_value *value, struct usher_error *error)
{
	struct record_lmdb *lmdb = usher_memory_lmdb(view->records);
	struct row_key row;
	MDB_val place, found;
	int code;

	*value = (struct usher_record_value){ .bytes = NULL };
	if (usher_view_lacks(view, kind) || length > RECORD_LONGEST_KEY)
		return 0;
	if (view->seen != NULL &&
	    !usher_seen_has(view->seen, usher_seen_mark(kind, key, length)))
		return 0;
	code = begin_late(view, error);
	if (code != 0)
		return code;
	place = usher_memory_row(&row, kind, key, length);
	code = mdb_get(view->inside, lmdb->rows, &place, &found);
	if (code == MDB_NOTFOUND)
		return 0;
	if (code == 0)
		code = usher_memory_value(&found, value);
	return usher_memory_wrong(lmdb, code, error);
}

static bool
begins_with(const MDB_val *key, const struct row_key *prefix)
{
	return key->mv_size >= prefix->length &&
	    memcmp(key->mv_data, prefix->bytes, prefix->length) == 0;
}

static int
each(struct record_view *view, unsigned char kind, const char *prefix,
    size_t length, record_each_h tell, void *arg, struct usher_error *error)
{
	struct record_lmdb *lmdb = usher_memory_lmdb(view->records);
	struct row_key row;
	MDB_cursor *cursor;
	MDB_val key, found;
	int told = 0, code;

	if (usher_view_lacks(view, kind) || length > RECORD_LONGEST_KEY)
		return 0;
	code = begin_late(view, error);
	if (code != 0)
		return code;
	code = mdb_cursor_open(view->inside, lmdb->rows, &cursor);
	if (code != 0)
		return usher_memory_wrong(lmdb, code, error);
	key = usher_memory_row(&row, kind, prefix, length);
	code = mdb_cursor_get(cursor, &key, &found, MDB_SET_RANGE);
	while (code == 0 && begins_with(&key, &row)) {
		struct usher_record_value value;

		code = usher_memory_value(&found, &value);
		if (code != 0)
			break;
		told = tell(arg, (const char *)key.mv_data + 1, key.mv_size - 1,
		    &value);
		if (told != 0)
			break;
		code = mdb_cursor_get(cursor, &key, &found, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	if (told != 0)
		return told;
	return usher_memory_wrong(lmdb, code == MDB_NOTFOUND ? 0 : code, error);
}

static void
close_records(struct records *records)
{
	struct record_lmdb *lmdb = usher_memory_lmdb(records);

	usher_memory_shut(lmdb);
	(void)pthread_rwlock_destroy(&lmdb->lock);
	(void)pthread_mutex_destroy(&lmdb->kinds_lock);
	(void)pthread_mutex_destroy(&lmdb->seen_lock);
	free(lmdb->marks);
	free(lmdb->directory);
	free(lmdb);
}

static const struct record_engine engine = {
	.close = close_records,
	.view = begin_view,
	.ask = begin_question,
	.unview = end_view,
	.at_hand = at_hand,
	.get = get,
	.each = each,
	.begin = usher_memory_begin,
	.write = usher_memory_write,
	.sweep = usher_memory_sweep,
	.commit = usher_memory_commit,
	.abort = usher_memory_abort,
	.tend = usher_memory_tend,
};

int
usher_records_open_lmdb(struct records **records, const char *directory,
    const struct record_options *options, struct usher_error *error)
{
	struct record_lmdb *lmdb = calloc(1, sizeof(*lmdb));

	*records = NULL;
	if (lmdb == NULL)
		return usher_error_set(error, ENOMEM, "out of memory");
	if (asprintf(&lmdb->directory, "%s/memory", directory) < 0) {
		free(lmdb);
		return usher_error_set(error, ENOMEM, "out of memory");
	}
	(void)pthread_rwlock_init(&lmdb->lock, NULL);
	(void)pthread_mutex_init(&lmdb->kinds_lock, NULL);
	(void)pthread_mutex_init(&lmdb->seen_lock, NULL);
	lmdb->records.engine = &engine;
	lmdb->map_bytes = options->map_bytes;
	*records = &lmdb->records;
	return 0;
}
