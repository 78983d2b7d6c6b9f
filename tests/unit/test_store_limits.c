/*
 * store: where it ends: maps that are full, stores that are damaged, of a
 * later version or not ours to read.
 */
#include "store_place.h"

static int
open_code(const struct place *place, struct usher_error *error)
{
	struct store *store;
	char url[128];
	int code;

	(void)snprintf(url, sizeof(url), "lmdb:%s/store", place->folder);
	code = usher_store_open(&store, url, NULL, error);
	usher_store_close(store);
	return code;
}

static void
test_full_map_grows(void **state)
{
	struct store_options options = { .write = true, .map_bytes = 1 << 20 };
	char url[128], path[32], name[32], *text = malloc(9000);
	struct usher_error error;
	struct store *store;
	int growths = 0, code = EAGAIN;

	(void)snprintf(url, sizeof(url), "lmdb:%s/store",
	    ((struct place *)*state)->folder);
	memset(text, 'x', 8999);
	text[8999] = '\0';
	assert_int_equal(usher_store_open(&store, url, &options, &error), 0);
	for (; code == EAGAIN && growths < 10; growths++) {
		code = store->engine->begin(store, &summary_of_begin, &error);
		for (int i = 0; code == 0 && i < 500; i++) {
			const char *names[] = { name };
			struct store_source source = { .path = path,
				.text = text,
				.length = 8999,
				.name_count = 1,
				.names = names };

			(void)snprintf(path, sizeof(path), "/%d", i);
			(void)snprintf(name, sizeof(name), "%d@x", i);
			code = store->engine->put(store, &source, &error);
		}
		if (code == 0)
			code = store->engine->commit(store, &error);
	}
	assert_int_equal(code, 0);
	assert_true(growths > 2);
	finds(store, "499@x", text);
	usher_store_close(store);
	free(text);
}

/* A reader with a small map meets a store that another made large. */
static void
growing_child(const struct place *place, int in, int out)
{
	/* No more than is needed: valgrind keeps account of every byte. */
	struct store_options options = { .map_bytes = 64 << 20, .write = true };
	struct store *store;
	char url[128], path[32], name[32], *text = calloc(1, 9000);

	(void)snprintf(url, sizeof(url), "lmdb:%s/store", place->folder);
	if (usher_store_open(&store, url, &options, NULL) != 0)
		_exit(3);
	memset(text, 'x', 8999);
	place_hear(in);
	if (store->engine->begin(store, &summary_of_begin, NULL) != 0)
		_exit(1);
	for (int i = 0; i < 500; i++) {
		(void)snprintf(path, sizeof(path), "/%d", i);
		(void)snprintf(name, sizeof(name), "%d@x", i);
		put(store, path, text, 0, name, NULL);
	}
	if (store->engine->commit(store, NULL) != 0)
		_exit(2);
	place_say(out);
	free(text);
	usher_store_close(store);
}

static void
test_reader_follows_a_grown_map(void **state)
{
	struct store_options small = { .map_bytes = 1 << 20 };
	struct store *store;
	char url[128], *text;
	int to, from;
	pid_t child;

	child = place_fork(growing_child, *state, &to, &from);
	(void)snprintf(url, sizeof(url), "lmdb:%s/store",
	    ((struct place *)*state)->folder);
	small.write = true;
	assert_int_equal(usher_store_open(&store, url, &small, NULL), 0);
	publish_one(store, "/a", "one", 0, "a@x");
	usher_store_close(store);
	small.write = false;
	assert_int_equal(usher_store_open(&store, url, &small, NULL), 0);
	finds(store, "a@x", "one");
	place_say(to);
	place_hear(from);
	text = text_of(store, "499@x");
	assert_non_null(text);
	assert_int_equal(strlen(text), 8999);
	free(text);
	assert_true(place_reap(child, to, from));
	usher_store_close(store);
}

static void
test_later_format_is_refused(void **state)
{
	struct store *store = open_store(*state, true);
	struct store_lmdb *lmdb = usher_lmdb_of(store);
	uint32_t later = STORE_FORMAT + 1;
	char name[] = "format";
	MDB_val key = { 6, name }, value = { sizeof(later), &later };
	struct usher_error error;

	publish_one(store, "/a", "one", 0, "a@x");
	assert_int_equal(store->engine->begin(store, &summary_of_begin, NULL),
	    0);
	assert_int_equal(mdb_put(lmdb->txn, lmdb->meta, &key, &value, 0), 0);
	assert_int_equal(store->engine->commit(store, NULL), 0);
	usher_store_close(store);
	assert_int_equal(open_code(*state, &error), ENOTSUP);
	assert_non_null(strstr(error.text, "format 2"));
}

static void
test_broken_stores_are_told(void **state)
{
	struct store *store = open_store(*state, true);
	struct usher_error error;
	char path[200], name[32], file[32];
	FILE *data;

	assert_int_equal(store->engine->begin(store, &summary_of_begin, NULL),
	    0);
	for (int i = 0; i < 3000; i++) {
		(void)snprintf(file, sizeof(file), "/%d", i);
		(void)snprintf(name, sizeof(name), "%d@x", i);
		put(store, file, "text", 0, name, NULL);
	}
	assert_int_equal(store->engine->commit(store, NULL), 0);
	usher_store_close(store);
	(void)snprintf(path, sizeof(path), "%s",
	    place_path(*state, "store/policies/data.mdb"));
	assert_int_equal(truncate(path, 5 * 4096), 0);
	assert_int_equal(open_code(*state, &error), EILSEQ);
	assert_non_null(strstr(error.text, "damaged"));
	assert_non_null(strstr(error.text, "usher publish"));

	data = fopen(path, "w");
	for (int i = 0; i < 5000; i++)
		(void)fputs("no store", data);
	(void)fclose(data);
	assert_int_equal(open_code(*state, &error), EILSEQ);

	/* Nothing at all is a store that was not filled yet. */
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(open_code(*state, &error), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_not_equal(open_code(*state, &error), 0);
	assert_non_null(strstr(error.text, "the store"));
}

static void
test_modes_let_a_group_read(void **state)
{
	struct store *store = open_store(*state, true);
	struct stat stat_now;

	publish_one(store, "/a", "one", 0, "a@x");
	assert_int_equal(stat(place_path(*state, "store/policies"), &stat_now),
	    0);
	assert_int_equal(stat_now.st_mode & 07777, 02750);
	assert_int_equal(stat(place_path(*state, "store/policies/lock.mdb"),
			     &stat_now),
	    0);
	assert_int_equal(stat_now.st_mode & 07777, 0660);
	assert_int_equal(stat(place_path(*state, "store/policies/data.mdb"),
			     &stat_now),
	    0);
	assert_int_equal(stat_now.st_mode & 0027, 0);
	usher_store_close(store);
}

static void
test_engines_by_name(void **state)
{
	struct usher_error error;
	struct store *store;

	(void)state;
	assert_int_equal(usher_store_open(&store, "rediss://h:6379/0", NULL,
			     &error),
	    EINVAL);
	assert_non_null(strstr(error.text, "TLS"));
	assert_null(store);
	assert_int_equal(usher_store_open(&store, "x:y", NULL, &error), EINVAL);
}

int
main(void)
{
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_full_map_grows),
		TEST(test_reader_follows_a_grown_map),
		TEST(test_later_format_is_refused),
		TEST(test_broken_stores_are_told),
		TEST(test_modes_let_a_group_read),
		TEST(test_engines_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
