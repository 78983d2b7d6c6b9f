/*
 * record: where it ends: memories that cannot be written, locks that others
 * hold, maps that are full, programs that are killed. What a commit has
 * answered 0 for is never lost, what it has not is never there.
 */
#include <fcntl.h>
#include <lmdb.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#include "promise_place.h"
#include "usher_handle.h"

enum { NOON = 1795521600 };

static int64_t
now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- a lock that another process holds ---- */

static void
holding_child(const struct place *place, int in, int out)
{
	MDB_env *env;
	MDB_txn *txn;

	place_hear(in);
	if (mdb_env_create(&env) != 0 || mdb_env_set_maxdbs(env, 4) != 0 ||
	    mdb_env_open(env, place_path(place, "store/memory"), 0, 0600) !=
		0 ||
	    mdb_txn_begin(env, NULL, 0, &txn) != 0)
		_exit(1);
	place_say(out);
	place_hear(in);
	mdb_txn_abort(txn);
	mdb_env_close(env);
	place_say(out);
}

static void
test_a_note_that_was_not_begun_is_never_written(void **state)
{
	LMDB_ALONE();
	int to, from;
	pid_t child = place_fork(holding_child, *state, &to, &from);
	struct usher *usher = open_memory(*state);
	int64_t begun;

	assert_int_equal(remember(usher, "a", "one", INT64_MAX), 0);
	place_say(to);
	place_hear(from);
	begun = now_ms();
	assert_int_equal(remember_within(usher, "b", "two", INT64_MAX, 200),
	    ETIMEDOUT);
	assert_true(now_ms() - begun >= 200);
	/* Reading waits for nobody. */
	assert_true(recalls(usher, "a", NOON, "one"));
	assert_int_equal(remember_within(usher, "b", "two", INT64_MAX, 10),
	    ETIMEDOUT);
	place_say(to);
	place_hear(from);
	assert_int_equal(remember(usher, "c", "three", INT64_MAX), 0);
	assert_true(recalls(usher, "b", NOON, NULL));
	assert_true(recalls(usher, "c", NOON, "three"));
	usher_close(usher);
	assert_true(place_reap(child, to, from));
}

/* In a process of its own: what is left behind there is left for good. */
static void
closing_child(const struct place *place, int in, int out)
{
	struct usher *usher = open_memory(place);
	int64_t begun;

	if (remember(usher, "a", "one", INT64_MAX) != 0)
		_exit(1);
	place_say(out);
	place_hear(in);
	if (remember_within(usher, "b", "two", INT64_MAX, 50) != ETIMEDOUT)
		_exit(2);
	begun = now_ms();
	usher_close(usher);
	if (now_ms() - begun > 60000)
		_exit(3);
	place_say(out);
	(void)raise(SIGKILL); /* before anybody counts what was left */
}

static void
test_closing_does_not_wait_for_a_stranger(void **state)
{
	LMDB_ALONE();
	int to, from, to_holder, from_holder;
	pid_t child = place_fork(closing_child, *state, &to, &from);
	pid_t holder = place_fork(holding_child, *state, &to_holder,
	    &from_holder);

	place_hear(from);
	place_say(to_holder);
	place_hear(from_holder);
	place_say(to);
	place_hear(from);
	place_say(to_holder);
	place_hear(from_holder);
	assert_true(place_reap(holder, to_holder, from_holder));
	(void)place_reap(child, to, from);
}

/* A writer that was killed holds nothing up. */
static void
test_a_killed_holder_is_survived(void **state)
{
	LMDB_ALONE();
	int to, from;
	pid_t child = place_fork(holding_child, *state, &to, &from);
	struct usher *usher = open_memory(*state);

	assert_int_equal(remember(usher, "a", "one", INT64_MAX), 0);
	place_say(to);
	place_hear(from);
	assert_int_equal(kill(child, SIGKILL), 0);
	(void)place_reap(child, to, from);
	assert_int_equal(remember(usher, "b", "two", INT64_MAX), 0);
	usher_close(usher);
}

/* ---- killed after the answer ---- */

static void
answering_child(const struct place *place, int in, int out)
{
	struct usher *usher = open_memory(place);
	char key[16];

	place_hear(in);
	for (int i = 0;; i++) {
		(void)snprintf(key, sizeof(key), "%04d", i);
		if (remember(usher, key, "kept", INT64_MAX) != 0)
			_exit(1);
		place_say(out);
	}
}

static void
test_what_was_answered_survives_a_kill(void **state)
{
	int to, from, answered = 0;
	pid_t child = place_fork(answering_child, *state, &to, &from);
	struct usher *usher;
	char key[16], byte;

	place_say(to);
	for (; answered < 40; answered++)
		place_hear(from);
	assert_int_equal(kill(child, SIGKILL), 0);
	/* What it had answered before the kill reached it counts too. */
	(void)close(to);
	while (read(from, &byte, 1) == 1)
		answered++;
	assert_int_equal(waitpid(child, NULL, 0), child);
	(void)close(from);
	usher = open_memory(*state);
	for (int i = 0; i < answered; i++) {
		(void)snprintf(key, sizeof(key), "%04d", i);
		assert_true(recalls(usher, key, NOON, "kept"));
	}
	assert_int_equal(remember(usher, "more", "x", INT64_MAX), 0);
	usher_close(usher);
}

/* ---- not ours to write, no space ---- */

static int
become_nobody(void)
{
	if (geteuid() != 0)
		return 0;
	return setgid(65534) < 0 || setuid(65534) < 0;
}

static void
powerless_child(const struct place *place, int in, int out)
{
	struct usher_error error = { .text = "" };
	struct usher_notes *notes;
	struct usher *usher;
	struct writing writing = { "two", INT64_MAX, 0 };

	if (become_nobody() != 0)
		_exit(1);
	place_hear(in);
	usher = open_memory(place);
	if (!recalls(usher, "a", NOON, "one"))
		_exit(2);
	for (int i = 0; i < 3; i++) {
		if (usher_notes_new(usher, &notes, &error) != 0 ||
		    usher_notes_record(notes, USHER_RECORD_OUTBOX, "b",
			write_text, &writing, &error) != 0 ||
		    usher_notes_commit(notes, 200, &error) != EACCES ||
		    strstr(error.text, "no right to the memory") == NULL)
			_exit(3);
		usher_notes_free(notes);
		if (!recalls(usher, "a", NOON, "one"))
			_exit(4);
	}
	usher_close(usher);
	place_say(out);
}

static void
test_a_memory_that_is_not_ours_to_write_is_read(void **state)
{
	LMDB_ALONE();
	int to, from;
	struct place *place = *state;
	pid_t child = place_fork(powerless_child, place, &to, &from);
	struct usher *usher = open_memory(place);

	assert_int_equal(remember(usher, "a", "one", INT64_MAX), 0);
	usher_close(usher);
	/* A reader needs the lock file; the data shall not be theirs. */
	assert_int_equal(chmod(place->folder, 0755), 0);
	assert_int_equal(chmod(place_path(place, "store"), 0755), 0);
	assert_int_equal(chmod(place_path(place, "store/memory"), 0555), 0);
	assert_int_equal(chmod(place_path(place, "store/memory/data.mdb"),
			     0444),
	    0);
	assert_int_equal(chmod(place_path(place, "store/memory/lock.mdb"),
			     0666),
	    0);
	place_say(to);
	place_hear(from);
	assert_true(place_reap(child, to, from));
	assert_int_equal(chmod(place_path(place, "store/memory"), 0755), 0);
}

static void
homeless_child(const struct place *place, int in, int out)
{
	struct usher *usher;

	if (become_nobody() != 0)
		_exit(1);
	place_hear(in);
	usher = open_memory(place);
	if (remember(usher, "a", "one", INT64_MAX) == 0 ||
	    !recalls(usher, "a", NOON, NULL))
		_exit(2);
	usher_close(usher);
	place_say(out);
}

static void
test_where_no_memory_can_be_made_it_is_empty(void **state)
{
	LMDB_ALONE();
	int to, from;
	struct place *place = *state;
	pid_t child = place_fork(homeless_child, place, &to, &from);

	assert_int_equal(chmod(place->folder, 0555), 0);
	place_say(to);
	place_hear(from);
	assert_true(place_reap(child, to, from));
	assert_int_equal(chmod(place->folder, 0700), 0);
}

/* The disk is full: a file may not grow. */
static void
test_without_space_nothing_is_written_and_all_is_read(void **state)
{
	LMDB_ALONE();
	struct usher *usher = open_memory(*state);
	struct rlimit before, now;
	char *large = malloc(300001);

	memset(large, 'x', 300000);
	large[300000] = '\0';
	assert_int_equal(remember(usher, "a", "one", INT64_MAX), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	now = before;
	now.rlim_cur = 100000;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &now), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_not_equal(remember(usher, "b", large, INT64_MAX), 0);
		assert_true(recalls(usher, "a", NOON, "one"));
		assert_true(recalls(usher, "b", NOON, NULL));
	}
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(remember(usher, "b", large, INT64_MAX), 0);
	assert_true(recalls(usher, "b", NOON, large));
	usher_close(usher);
	free(large);
}

/* ---- maps that are full ---- */

/* The handle's memory, on a map that is soon full. */
static struct usher *
open_small(const struct place *place)
{
	const struct record_options options = { .map_bytes = 1 << 20 };
	struct usher *usher = open_memory(place);
	char url[128];

	(void)snprintf(url, sizeof(url), "lmdb:%s/store", place->folder);
	usher_records_close(usher->records);
	if (usher_records_open(&usher->records, url, &options, NULL) != 0)
		abort();
	return usher;
}

static void
test_a_full_map_grows(void **state)
{
	LMDB_ALONE();
	struct usher *usher = open_small(*state);

	assert_int_equal(fill(usher, 'a', 200), 0);
	usher_close(usher);
}

static void
filling_child(const struct place *place, int in, int out)
{
	struct usher *usher = open_small(place);

	place_hear(in);
	if (fill(usher, 'b', 100) != 0)
		_exit(1);
	place_say(out);
	place_hear(in);
	usher_close(usher);
}

static void
test_two_processes_grow_the_map_together(void **state)
{
	LMDB_ALONE();
	int to, from;
	pid_t child = place_fork(filling_child, *state, &to, &from);
	struct usher *usher = open_small(*state);

	place_say(to);
	assert_int_equal(fill(usher, 'a', 100), 0);
	place_hear(from);
	assert_int_equal(fill(usher, 'c', 20), 0);
	place_say(to);
	assert_true(place_reap(child, to, from));
	usher_close(usher);
}

int
main(void)
{
#define AT_A_PLACE(test) \
	cmocka_unit_test_setup_teardown(test, place_set_up, place_tear_down)
	const struct CMUnitTest tests[] = {
		AT_A_PLACE(test_a_note_that_was_not_begun_is_never_written),
		AT_A_PLACE(test_closing_does_not_wait_for_a_stranger),
		AT_A_PLACE(test_a_killed_holder_is_survived),
		AT_A_PLACE(test_what_was_answered_survives_a_kill),
		AT_A_PLACE(test_a_memory_that_is_not_ours_to_write_is_read),
		AT_A_PLACE(test_where_no_memory_can_be_made_it_is_empty),
		AT_A_PLACE(
		    test_without_space_nothing_is_written_and_all_is_read),
		AT_A_PLACE(test_a_full_map_grows),
		AT_A_PLACE(test_two_processes_grow_the_map_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
