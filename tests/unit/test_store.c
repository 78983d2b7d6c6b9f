/*
 * store: an engine by itself: what is put is found, totals are right,
 * other processes see it, nothing half is ever seen.
 */
#include <signal.h>

#include "store_place.h"

static void
publishing_child(const struct place *place, int in, int out)
{
	struct store *store;

	place_hear(in);
	store = open_store(place, true);
	publish_one(store, "/a", "text a", 0, "a@x");
	usher_store_close(store);
	place_say(out);
}

static void
test_absent_store_is_empty_until_it_is_there(void **state)
{
	struct store *store;
	int to, from;
	pid_t child = place_fork(publishing_child, *state, &to, &from);

	store = open_store(*state, false);
	finds(store, "a@x", NULL);
	assert_int_equal(generation_of(store), 0);
	place_say(to);
	place_hear(from);
	finds(store, "a@x", "text a");
	assert_true(generation_of(store) > 0);
	assert_true(place_reap(child, to, from));
	usher_store_close(store);
}

static void
test_put_replaces_and_removes(void **state)
{
	struct store *store = open_store(*state, true);
	const struct store_engine *engine = store->engine;
	struct store_summary summary;
	struct store_file file;
	struct arena arena;
	const char *owner;

	usher_arena_init(&arena);
	assert_int_equal(engine->begin(store, &summary_of_begin, NULL), 0);
	put(store, "/a", "one", USHER_HEADERS, "a@x", "+1");
	put(store, "/b", "two", USHER_ALL, "b@x", NULL);
	assert_int_equal(engine->owner(store, "+1", &arena, &owner, NULL), 0);
	assert_string_equal(owner, "/a");
	assert_int_equal(engine->commit(store, NULL), 0);
	finds(store, "a@x", "one");
	finds(store, "+1", "one");
	finds(store, "", NULL);
	assert_int_equal(engine->summary(store, &summary, NULL), 0);
	assert_int_equal(summary.sources, 2);
	assert_int_equal(summary.headers, 2);
	assert_int_equal(summary.body, 1);
	assert_false(summary.scoped);

	assert_int_equal(engine->begin(store, &summary_of_begin, NULL), 0);
	put(store, "/a", "changed", 0, "a@x", "a2@x");
	assert_int_equal(engine->remove(store, "/b", NULL), 0);
	assert_int_equal(engine->remove(store, "/none", NULL), ENOENT);
	assert_int_equal(engine->file(store, "/a", &file, NULL), 0);
	assert_true(file.exists);
	assert_int_equal(file.stamp.size, 7);
	assert_int_equal(engine->file(store, "/b", &file, NULL), 0);
	assert_false(file.exists);
	assert_int_equal(engine->commit(store, NULL), 0);
	finds(store, "a2@x", "changed");
	finds(store, "+1", NULL);
	finds(store, "b@x", NULL);
	assert_int_equal(engine->summary(store, &summary, NULL), 0);
	assert_int_equal(summary.sources, 1);
	assert_int_equal(summary.headers, 0);
	assert_int_equal(summary.body, 0);
	usher_arena_free(&arena);
	usher_store_close(store);
}

static void
test_known_version_is_not_copied(void **state)
{
	struct store *store = open_store(*state, true);
	struct store_found found = { .exists = false }, again;

	publish_one(store, "/a", "one", 0, "a@x");
	assert_int_equal(store->engine->find(store, "a@x", &found, NULL), 0);
	assert_string_equal(found.path, "/a");
	assert_int_equal(found.length, 3);
	assert_int_equal(found.generation, generation_of(store));
	free(found.text);
	again = found;
	publish_one(store, "/b", "two", 0, "b@x");
	assert_true(generation_of(store) > found.generation);
	assert_int_equal(store->engine->find(store, "a@x", &again, NULL), 0);
	assert_true(again.exists && again.same);
	assert_null(again.text);
	publish_one(store, "/a", "eno", 0, "a@x");
	assert_int_equal(store->engine->find(store, "a@x", &again, NULL), 0);
	assert_true(again.exists && !again.same);
	assert_string_equal(again.text, "eno");
	free(again.text);
	usher_store_close(store);
}

static void
test_abort_leaves_nothing(void **state)
{
	struct store *store = open_store(*state, true);
	uint64_t before;

	publish_one(store, "/a", "one", 0, "a@x");
	before = generation_of(store);
	assert_int_equal(store->engine->begin(store, &summary_of_begin, NULL),
	    0);
	put(store, "/a", "half", 0, "a@x", NULL);
	finds(store, "a@x", "one");
	store->engine->abort(store);
	finds(store, "a@x", "one");
	assert_int_equal(generation_of(store), before);
	usher_store_close(store);
}

/* Reads, tells so, and reads again once the other has published. */
static void
reading_child(const struct place *place, int in, int out)
{
	struct store *store = open_store(place, false);
	uint64_t before = 0, after = 0;
	char *text = text_of(store, "a@x");

	if (text == NULL || strcmp(text, "one") != 0)
		_exit(1);
	free(text);
	(void)store->engine->generation(store, &before, NULL);
	place_say(out);
	place_hear(in);
	(void)store->engine->generation(store, &after, NULL);
	text = text_of(store, "a@x");
	if (after <= before || text == NULL || strcmp(text, "two") != 0)
		_exit(2);
	free(text);
	usher_store_close(store);
}

static void
test_other_process_sees_it_at_once(void **state)
{
	struct store *store;
	int to, from;
	pid_t child;

	store = open_store(*state, true);
	publish_one(store, "/a", "one", 0, "a@x");
	usher_store_close(store);
	child = place_fork(reading_child, *state, &to, &from);
	store = open_store(*state, true);
	place_hear(from);
	publish_one(store, "/a", "two", 0, "a@x");
	place_say(to);
	assert_true(place_reap(child, to, from));
	usher_store_close(store);
}

/* Holds a read transaction of its own until it is told to go. */
static void
holding_child(const struct place *place, int in, int out)
{
	struct store *store = open_store(place, false);
	struct store_lmdb *lmdb = usher_lmdb_of(store);
	MDB_txn *txn;

	if (mdb_txn_begin(lmdb->env, NULL, MDB_RDONLY, &txn) != 0)
		_exit(1);
	place_say(out);
	place_hear(in);
	mdb_txn_abort(txn);
	usher_store_close(store);
}

static void
test_held_reader_never_blocks_the_writer(void **state)
{
	LMDB_ALONE();
	struct store *store;
	char text[32];
	int to, from;
	pid_t child;

	store = open_store(*state, true);
	publish_one(store, "/a", "one", 0, "a@x");
	usher_store_close(store);
	child = place_fork(holding_child, *state, &to, &from);
	place_hear(from);
	store = open_store(*state, true);
	(void)alarm(30);
	for (int i = 0; i < 50; i++) {
		(void)snprintf(text, sizeof(text), "text %d", i);
		publish_one(store, "/a", text, 0, "a@x");
	}
	(void)alarm(0);
	finds(store, "a@x", "text 49");
	place_say(to);
	assert_true(place_reap(child, to, from));
	usher_store_close(store);
}

static const char *published; /* what a forked child is to find */

/* Opens and reads, often, where the first maps that are tried cannot be. */
static void
opening_child(const struct place *place, int in, int out)
{
	struct store_options options = { .map_bytes = (size_t)1 << 48 };
	struct store *store;
	char url[128], *text;

	(void)snprintf(url, sizeof(url), "lmdb:%s/store", place->folder);
	place_say(out);
	place_hear(in);
	for (int i = 0; i < 100; i++) {
		if (usher_store_open(&store, url, &options, NULL) != 0)
			_exit(1);
		text = text_of(store, "a@x");
		if (text == NULL || strcmp(text, published) != 0)
			_exit(2);
		free(text);
		usher_store_close(store);
	}
}

/* LMDB has two first pages, which its transactions take in turn. */
static void
test_many_may_open_at_once_with_little_room(void **state)
{
	LMDB_ALONE();
	enum { CHILDREN = 3, TURNS = 2 };
	static const char *const texts[TURNS] = { "one", "two" };
	struct place *place = *state;
	int to[CHILDREN], from[CHILDREN];
	pid_t child[CHILDREN];
	struct store *store;

	for (int turn = 0; turn < TURNS; turn++) {
		store = open_store(place, true);
		publish_one(store, "/a", texts[turn], 0, "a@x");
		usher_store_close(store);
		published = texts[turn];
		for (int i = 0; i < CHILDREN; i++) {
			child[i] = place_fork(opening_child, place, &to[i],
			    &from[i]);
			place_hear(from[i]);
		}
		for (int i = 0; i < CHILDREN; i++)
			place_say(to[i]);
		for (int i = 0; i < CHILDREN; i++)
			assert_true(place_reap(child[i], to[i], from[i]));
	}
}

/* Publishes much, and is killed before the commit. */
static void
dying_child(const struct place *place, int in, int out)
{
	struct store *store = open_store(place, true);
	char path[32], name[32];

	(void)in;
	if (store->engine->begin(store, &summary_of_begin, NULL) != 0)
		_exit(1);
	put(store, "/a", "half", 0, "a@x", NULL);
	for (int i = 0; i < 3000; i++) {
		(void)snprintf(path, sizeof(path), "/more/%d", i);
		(void)snprintf(name, sizeof(name), "%d@x", i);
		put(store, path, "more", 0, name, NULL);
	}
	place_say(out);
	(void)pause();
}

static void
test_killed_publisher_leaves_the_old_state(void **state)
{
	struct store_summary summary;
	struct store *store;
	int to, from;
	pid_t child;

	store = open_store(*state, true);
	publish_one(store, "/a", "one", 0, "a@x");
	usher_store_close(store);
	child = place_fork(dying_child, *state, &to, &from);
	place_hear(from);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_false(place_reap(child, to, from));
	store = open_store(*state, true);
	finds(store, "a@x", "one");
	finds(store, "5@x", NULL);
	(void)alarm(30);
	publish_one(store, "/a", "two", 0, "a@x");
	(void)alarm(0);
	finds(store, "a@x", "two");
	assert_int_equal(store->engine->summary(store, &summary, NULL), 0);
	assert_int_equal(summary.sources, 1);
	usher_store_close(store);
}

int
main(void)
{
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_absent_store_is_empty_until_it_is_there),
		TEST(test_put_replaces_and_removes),
		TEST(test_known_version_is_not_copied),
		TEST(test_abort_leaves_nothing),
		TEST(test_other_process_sees_it_at_once),
		TEST(test_held_reader_never_blocks_the_writer),
		TEST(test_many_may_open_at_once_with_little_room),
		TEST(test_killed_publisher_leaves_the_old_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
