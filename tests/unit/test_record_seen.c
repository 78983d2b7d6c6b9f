/*
 * record_seen: marks of what there is never hide a record: not one of another
 * process, of a program that knows no marks, of a copy put in place, nor one
 * that moves while it is asked for. LMDB alone has them.
 */
#include <lmdb.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "memory_place.h"
#include "notes.h"
#include "record_lmdb.h"

enum { NOON = 1795521600, KIND = USHER_RECORD_OUTBOX, SPEAK_S = 60 };

/* ---- asking as a decision does ---- */

static int
get(struct record_view *view, const char *name, bool *there)
{
	struct usher_record_value value;
	int code = view->records->engine->get(view, KIND, name, strlen(name),
	    &value, NULL);

	*there = value.bytes != NULL;
	return code;
}

/* Whether any of two names is there; what is torn is read anew. */
static bool
finds_any(struct usher *usher, const char *one, const char *other, bool *spoke)
{
	const struct record_engine *engine = usher->records->engine;
	struct record_view view;
	bool first = false, second = false;

	assert_int_equal(engine->ask(usher->records, &view, NULL), 0);
	*spoke = view.seen != NULL;
	(void)get(&view, one, &first);
	(void)get(&view, other, &second);
	engine->unview(&view);
	if (!view.torn)
		return first || second;
	assert_int_equal(engine->view(usher->records, &view, NULL), 0);
	assert_int_equal(get(&view, one, &first), 0);
	assert_int_equal(get(&view, other, &second), 0);
	engine->unview(&view);
	return first || second;
}

static bool
finds(struct usher *usher, const char *name)
{
	bool spoke;

	return finds_any(usher, name, name, &spoke);
}

/* Asks until marks answer; they are made in the background. */
static void
await_marks(struct usher *usher)
{
	struct timespec now, pause = { 0, 200000 };
	time_t until;
	bool spoke = false;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	until = now.tv_sec + SPEAK_S;
	while (!spoke && now.tv_sec < until) {
		for (int i = 0; i < 100 && !spoke; i++)
			(void)finds_any(usher, "none", "none", &spoke);
		(void)nanosleep(&pause, NULL);
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
	}
	assert_true(spoke);
}

/* So many records in one commit. */
static void
remember_many(struct usher *usher, const char *letter, int count)
{
	struct writing writing = { "x", INT64_MAX, 0 };
	struct usher_notes *notes;
	char name[32];

	assert_int_equal(usher_notes_new(usher, &notes, NULL), 0);
	for (int i = 0; i < count; i++) {
		(void)snprintf(name, sizeof(name), "%s%d", letter, i);
		assert_int_equal(usher_notes_record(notes, USHER_RECORD_OUTBOX,
				     name, write_text, &writing, NULL),
		    0);
	}
	assert_int_equal(usher_notes_commit(notes, -1, NULL), 0);
	usher_notes_free(notes);
}

static void
finds_many(struct usher *usher, const char *letter, int count)
{
	char name[32];

	for (int i = 0; i < count; i++) {
		(void)snprintf(name, sizeof(name), "%s%d", letter, i);
		assert_true(finds(usher, name));
	}
}

/* ---- one process ---- */

static void
test_marks_are_never_wrong_and_rarely_in_doubt(void **state)
{
	struct record_seen *seen = usher_seen_new(4000);
	char key[64];
	int doubts = 0;

	(void)state;
	assert_non_null(seen);
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < 8000; i++) {
			int length = snprintf(key, sizeof(key),
			    "alice@example.com%cfirm%d.example", '\0', i);
			uint64_t mark = usher_seen_mark(73, key,
			    (size_t)length);

			if (pass == 0)
				usher_seen_add(seen, mark);
			assert_true(usher_seen_has(seen, mark));
			mark = usher_seen_mark(74, key, (size_t)length);
			doubts += usher_seen_has(seen, mark);
		}
	/* Half of them, of the first pass, over marks that were fewer. */
	assert_in_range(doubts, 0, 16000 / 25);
	assert_true(atomic_load(&seen->lacks) ==
	    ~(UINT64_C(1) << (73 - RECORD_FIRST_SEEN)));
	free(seen);
}

static void
test_marks_follow_every_commit(void **state)
{
	LMDB_ALONE();
	struct usher *usher = open_memory(*state);
	char name[16];

	remember_many(usher, "a", 2500);
	await_marks(usher);
	finds_many(usher, "a", 2500);
	for (int i = 0; i < 20; i++) {
		(void)snprintf(name, sizeof(name), "b%d", i);
		assert_false(finds(usher, name));
		assert_int_equal(remember(usher, name, "x", INT64_MAX), 0);
		assert_true(finds(usher, name));
		await_marks(usher);
		assert_true(finds(usher, name));
	}
	assert_int_equal(remember(usher, "b3", NULL, INT64_MAX), 0);
	await_marks(usher);
	assert_false(finds(usher, "b3"));
	assert_int_equal(remember(usher, "b3", "again", INT64_MAX), 0);
	assert_true(finds(usher, "b3"));
	usher_close(usher);
}

/* More than their news can tell, and than the marks have room for. */
static void
test_a_flood_of_records_is_found(void **state)
{
	LMDB_ALONE();
	struct usher *usher = open_memory(*state);

	remember_many(usher, "a", 10);
	await_marks(usher);
	remember_many(usher, "b", 6000);
	finds_many(usher, "b", 6000);
	finds_many(usher, "a", 10);
	await_marks(usher);
	finds_many(usher, "b", 6000);
	finds_many(usher, "a", 10);
	usher_close(usher);
}

/* ---- a record that moves ---- */

static int
keep_or_drop(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	(void)old;
	*fresh = (struct usher_record_value){ arg, arg == NULL ? 0 : 1,
		INT64_MAX };
	return 0;
}

static _Atomic bool moved;

static void *
move(void *arg)
{
	struct usher *usher = arg;

	for (int i = 0; i < 100; i++) {
		struct usher_notes *notes;

		if (usher_notes_new(usher, &notes, NULL) != 0 ||
		    usher_notes_record(notes, USHER_RECORD_OUTBOX, "here",
			keep_or_drop, i % 2 == 0 ? NULL : "x", NULL) != 0 ||
		    usher_notes_record(notes, USHER_RECORD_OUTBOX, "there",
			keep_or_drop, i % 2 == 0 ? "x" : NULL, NULL) != 0 ||
		    usher_notes_commit(notes, -1, NULL) != 0)
			abort();
		usher_notes_free(notes);
	}
	atomic_store(&moved, true);
	return NULL;
}

static void
test_what_moves_is_always_found(void **state)
{
	LMDB_ALONE();
	struct usher *usher = open_memory(*state);
	pthread_t thread;
	bool spoke;

	assert_int_equal(remember(usher, "here", "x", INT64_MAX), 0);
	await_marks(usher);
	assert_int_equal(pthread_create(&thread, NULL, move, usher), 0);
	while (!atomic_load(&moved)) {
		assert_true(finds_any(usher, "here", "there", &spoke));
		assert_true(finds_any(usher, "there", "here", &spoke));
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	usher_close(usher);
}

static void
test_an_answer_of_two_instants_is_torn(void **state)
{
	LMDB_ALONE();
	struct usher *usher = open_memory(*state);
	const struct record_engine *engine = usher->records->engine;
	struct record_view view;
	bool there;

	assert_int_equal(remember(usher, "a", "x", INT64_MAX), 0);
	await_marks(usher);
	assert_int_equal(engine->ask(usher->records, &view, NULL), 0);
	assert_int_equal(get(&view, "b", &there), 0);
	assert_false(there);
	assert_int_equal(remember(usher, "b", "x", INT64_MAX), 0);
	assert_int_equal(get(&view, "a", &there), EAGAIN);
	assert_true(view.torn);
	engine->unview(&view);
	usher_close(usher);
}

/* ---- other processes ---- */

static void
writing_child(const struct place *place, int in, int out)
{
	struct usher *usher = open_memory(place);
	char name[16];

	for (int i = 0;; i++) {
		place_hear(in);
		(void)snprintf(name, sizeof(name), "c%d", i);
		if (remember(usher, name, "x", INT64_MAX) != 0)
			_exit(1);
		place_say(out);
	}
}

static void
test_what_another_process_wrote_is_found_at_once(void **state)
{
	LMDB_ALONE();
	int to, from;
	pid_t child = place_fork(writing_child, *state, &to, &from);
	struct usher *usher = open_memory(*state);
	char name[16];

	remember_many(usher, "a", 100);
	await_marks(usher);
	for (int i = 0; i < 20; i++) {
		(void)snprintf(name, sizeof(name), "c%d", i);
		assert_false(finds(usher, name));
		place_say(to);
		place_hear(from);
		assert_true(finds(usher, name));
		if (i % 3 == 0)
			await_marks(usher);
	}
	/* Killed while it writes: what it answered for is there. */
	place_say(to);
	assert_int_equal(kill(child, SIGKILL), 0);
	(void)place_reap(child, to, from);
	await_marks(usher);
	finds_many(usher, "c", 20);
	assert_int_equal(remember(usher, "d", "x", INT64_MAX), 0);
	assert_true(finds(usher, "d"));
	usher_close(usher);
}

/* An environment as a program that is no Usher of today opens it. */
static MDB_txn *
begin_raw(const struct place *place, const char *folder, MDB_env **env)
{
	MDB_txn *txn;

	if (mdb_env_create(env) != 0 || mdb_env_set_maxdbs(*env, 4) != 0 ||
	    mdb_env_open(*env, place_path(place, folder), 0, 0600) != 0 ||
	    mdb_txn_begin(*env, NULL, 0, &txn) != 0)
		_exit(1);
	return txn;
}

static void
older_child(const struct place *place, int in, int out)
{
	MDB_val key, value = { 9, (void *)(uintptr_t) "\0\0\0\0\0\0\0\x7fx" };
	struct row_key row;
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi rows;

	place_hear(in);
	txn = begin_raw(place, "store/memory", &env);
	key = usher_memory_row(&row, KIND, "old", 3);
	if (mdb_dbi_open(txn, "rows", 0, &rows) != 0 ||
	    mdb_put(txn, rows, &key, &value, 0) != 0 ||
	    mdb_txn_commit(txn) != 0)
		_exit(2);
	mdb_env_close(env);
	place_say(out);
}

static void
test_a_writer_that_leaves_no_news_hides_nothing(void **state)
{
	LMDB_ALONE();
	int to, from;
	pid_t child = place_fork(older_child, *state, &to, &from);
	struct usher *usher = open_memory(*state);

	remember_many(usher, "a", 100);
	await_marks(usher);
	place_say(to);
	place_hear(from);
	assert_true(place_reap(child, to, from));
	assert_true(finds(usher, "old"));
	/* Nor is it hidden by the news of who writes after it. */
	assert_int_equal(remember(usher, "b", "x", INT64_MAX), 0);
	for (int i = 0; i < 300; i++) {
		assert_true(finds(usher, "old"));
		assert_true(finds(usher, "b"));
	}
	await_marks(usher);
	assert_true(finds(usher, "old"));
	usher_close(usher);
}

static void
ageing_child(const struct place *place, int in, int out)
{
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi news;

	place_hear(in);
	txn = begin_raw(place, "store/memory", &env);
	if (mdb_dbi_open(txn, "news", 0, &news) != 0 ||
	    mdb_drop(txn, news, 1) != 0 || mdb_txn_commit(txn) != 0)
		_exit(2);
	mdb_env_close(env);
	place_say(out);
}

static void
test_a_memory_without_news_is_read_and_gets_them(void **state)
{
	LMDB_ALONE();
	int to, from;
	pid_t child = place_fork(ageing_child, *state, &to, &from);
	struct usher *usher = open_memory(*state);

	remember_many(usher, "a", 100);
	usher_close(usher);
	place_say(to);
	place_hear(from);
	assert_true(place_reap(child, to, from));
	usher = open_memory(*state);
	for (int i = 0; i < 3; i++)
		finds_many(usher, "a", 100);
	assert_int_equal(remember(usher, "b", "x", INT64_MAX), 0);
	await_marks(usher);
	finds_many(usher, "a", 100);
	assert_true(finds(usher, "b"));
	usher_close(usher);
}

/* A compact copy counts its transactions from 1 again. */
static void
copying_child(const struct place *place, int in, int out)
{
	MDB_env *env;
	MDB_txn *txn;

	place_hear(in);
	txn = begin_raw(place, "store/memory", &env);
	mdb_txn_abort(txn);
	if (mkdir(place_path(place, "copy"), 0700) < 0 ||
	    mdb_env_copy2(env, place_path(place, "copy"), MDB_CP_COMPACT) != 0)
		_exit(2);
	mdb_env_close(env);
	place_say(out);
}

static void
test_a_copy_put_back_is_read_as_it_is(void **state)
{
	LMDB_ALONE();
	struct place *place = *state;
	int to, from;
	pid_t child = place_fork(copying_child, place, &to, &from);
	struct usher *usher = open_memory(place);

	remember_many(usher, "a", 50);
	for (int i = 0; i < 5; i++)
		assert_int_equal(remember(usher, "more", i % 2 == 0 ? "x" : "y",
				     INT64_MAX),
		    0);
	place_say(to);
	place_hear(from);
	assert_true(place_reap(child, to, from));
	for (int i = 0; i < 50; i++)
		assert_int_equal(remember(usher, "a7", NULL, INT64_MAX), 0);
	usher_close(usher);
	assert_int_equal(nftw(place_path(place, "store/memory"), place_remove,
			     16, FTW_DEPTH | FTW_PHYS),
	    0);
	assert_int_equal(rename(place_path(place, "copy"),
			     place_path(place, "store/memory")),
	    0);
	usher = open_memory(place);
	await_marks(usher);
	finds_many(usher, "a", 50);
	assert_int_equal(remember(usher, "b", "x", INT64_MAX), 0);
	assert_true(finds(usher, "b"));
	await_marks(usher);
	finds_many(usher, "a", 50);
	assert_true(finds(usher, "b"));
	usher_close(usher);
}

int
main(void)
{
#define AT_A_PLACE(test) \
	cmocka_unit_test_setup_teardown(test, place_set_up, place_tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_marks_are_never_wrong_and_rarely_in_doubt),
		AT_A_PLACE(test_marks_follow_every_commit),
		AT_A_PLACE(test_a_flood_of_records_is_found),
		AT_A_PLACE(test_what_moves_is_always_found),
		AT_A_PLACE(test_an_answer_of_two_instants_is_torn),
		AT_A_PLACE(test_what_another_process_wrote_is_found_at_once),
		AT_A_PLACE(test_a_writer_that_leaves_no_news_hides_nothing),
		AT_A_PLACE(test_a_memory_without_news_is_read_and_gets_them),
		AT_A_PLACE(test_a_copy_put_back_is_read_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
