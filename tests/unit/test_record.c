/*
 * record: what is remembered: notes committed whole, by many at once, and read
 * without waiting.
 */
#include <pthread.h>

#include "memory_place.h"
#include "notes.h"
#include "usher_handle.h"

enum { NOON = 1795521600, THREADS = 8, EACH = 25 };

static void
test_what_is_committed_is_read(void **state)
{
	struct usher *usher = open_memory(*state);

	assert_true(recalls(usher, "a", NOON, NULL));
	assert_int_equal(remember(usher, "a", "one", NOON), 0);
	assert_true(recalls(usher, "a", NOON - 1, "one"));
	assert_true(recalls(usher, "a", NOON, NULL));
	assert_int_equal(remember(usher, "a", "two", INT64_MAX), 0);
	assert_true(recalls(usher, "a", NOON, "two"));
	assert_int_equal(remember(usher, "a", NULL, INT64_MAX), 0);
	assert_true(recalls(usher, "a", NOON, NULL));
	usher_close(usher);
}

static void
test_it_outlives_the_handle(void **state)
{
	struct usher *usher = open_memory(*state);

	assert_int_equal(remember(usher, "a", "one", INT64_MAX), 0);
	usher_close(usher);
	usher = open_memory(*state);
	assert_true(recalls(usher, "a", NOON, "one"));
	usher_close(usher);
}

static void
test_notes_are_all_or_nothing(void **state)
{
	struct usher *usher = open_memory(*state);
	struct writing good = { "one", INT64_MAX, 0 };
	struct writing bad = { "two", INT64_MAX, EEXIST };
	struct usher_error error;
	struct usher_notes *notes;

	assert_int_equal(usher_notes_new(usher, &notes, &error), 0);
	assert_int_equal(usher_notes_record(notes, USHER_RECORD_OUTBOX, "a",
			     write_text, &good, &error),
	    0);
	assert_int_equal(usher_notes_record(notes, USHER_RECORD_OUTBOX, "b",
			     write_text, &bad, &error),
	    0);
	assert_int_equal(usher_notes_commit(notes, -1, &error), EEXIST);
	assert_true(recalls(usher, "a", NOON, NULL));
	usher_notes_free(notes);
	usher_close(usher);
}

/* An edit of a note sees what an earlier one of the same note makes. */
static int
append_x(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	char *room = arg;
	size_t length = old->bytes == NULL ? 0 : old->length;

	if (length > 0)
		memmove(room, old->bytes, length);
	room[length] = 'x';
	*fresh = (struct usher_record_value){ room, length + 1, INT64_MAX };
	return 0;
}

static void
test_edits_of_a_note_follow_each_other(void **state)
{
	struct usher *usher = open_memory(*state);
	char rooms[2][8] = { "", "" };
	struct usher_notes *notes;

	assert_int_equal(usher_notes_new(usher, &notes, NULL), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(usher_notes_record(notes, USHER_RECORD_OUTBOX,
				     "a", append_x, rooms[i], NULL),
		    0);
	assert_int_equal(usher_notes_commit(notes, -1, NULL), 0);
	usher_notes_free(notes);
	assert_true(recalls(usher, "a", NOON, "xx"));
	usher_close(usher);
}

static int
leave_alone(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	(void)old;
	if (arg != NULL)
		fresh->until = *(int64_t *)arg;
	return 0;
}

static void
test_an_edit_may_change_nothing_or_the_end_alone(void **state)
{
	struct usher *usher = open_memory(*state);
	int64_t noon = NOON;
	struct usher_notes *notes;

	assert_int_equal(remember(usher, "a", "one", INT64_MAX), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(usher_notes_new(usher, &notes, NULL), 0);
		assert_int_equal(usher_notes_record(notes, USHER_RECORD_OUTBOX,
				     "a", leave_alone, i == 0 ? NULL : &noon,
				     NULL),
		    0);
		assert_int_equal(usher_notes_commit(notes, -1, NULL), 0);
		usher_notes_free(notes);
		assert_true(recalls(usher, "a", NOON - 1, "one"));
		assert_true(recalls(usher, "a", NOON, i == 0 ? "one" : NULL));
	}
	usher_close(usher);
}

static int
join_key(void *arg, const char *key, const void *bytes, size_t length,
    int64_t until)
{
	(void)bytes, (void)length, (void)until;
	strcat(arg, key);
	return strcmp(key, "c") == 0 ? ECANCELED : 0;
}

static void
test_each_tells_in_order_until_told_to_stop(void **state)
{
	static const char *const keys[] = { "d", "b", "a", "c" };
	struct usher *usher = open_memory(*state);
	char all[16] = "";

	assert_int_equal(usher_record_each(usher, USHER_RECORD_OUTBOX, join_key,
			     all, NULL),
	    0);
	assert_string_equal(all, "");
	for (int i = 0; i < 4; i++)
		assert_int_equal(remember(usher, keys[i], "x", INT64_MAX), 0);
	assert_int_equal(usher_record_each(usher, USHER_RECORD_OUTBOX, join_key,
			     all, NULL),
	    ECANCELED);
	assert_string_equal(all, "abc");
	assert_int_equal(usher_record_each(usher, USHER_RECORD_HELD, join_key,
			     all, NULL),
	    0);
	assert_string_equal(all, "abc");
	usher_close(usher);
}

/* ---- many at once ---- */

struct worker {
	struct usher *usher;
	pthread_t thread;
	int number, failed;
};

static int
add_one(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	char *room = arg;
	long count = old->bytes == NULL ? 0 : strtol(old->bytes, NULL, 10);

	/* Digits are followed by what the record's value ends with. */
	(void)snprintf(room, 32, "%ld ", count + 1);
	*fresh = (struct usher_record_value){ room, strlen(room), INT64_MAX };
	return 0;
}

static int
count_up(struct usher *usher, const char *key, char room[32])
{
	struct usher_notes *notes;
	int code = usher_notes_new(usher, &notes, NULL);

	if (code == 0)
		code = usher_notes_record(notes, USHER_RECORD_OUTBOX, key,
		    add_one, room, NULL);
	if (code == 0)
		code = usher_notes_commit(notes, -1, NULL);
	usher_notes_free(notes);
	return code;
}

static void *
work(void *arg)
{
	struct worker *worker = arg;
	char room[32];

	for (int i = 0; i < EACH; i++)
		if (count_up(worker->usher, "all", room) != 0)
			worker->failed++;
	return NULL;
}

static void
work_together(struct usher *usher)
{
	struct worker workers[THREADS];

	for (int i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .usher = usher, .number = i };
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work,
				     &workers[i]),
		    0);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
		assert_int_equal(workers[i].failed, 0);
	}
}

static void
test_no_count_of_many_threads_is_lost(void **state)
{
	struct usher *usher = open_memory(*state);
	char all[32];

	work_together(usher);
	(void)snprintf(all, sizeof(all), "%d ", THREADS * EACH);
	assert_true(recalls(usher, "all", NOON, all));
	usher_close(usher);
}

static void
counting_child(const struct place *place, int in, int out)
{
	struct usher *usher = open_memory(place);

	place_hear(in);
	work_together(usher);
	usher_close(usher);
	place_say(out);
}

static void
test_no_count_of_two_processes_is_lost(void **state)
{
	int to, from;
	pid_t child = place_fork(counting_child, *state, &to, &from);
	struct usher *usher = open_memory(*state);
	char all[32];

	place_say(to);
	work_together(usher);
	place_hear(from);
	assert_true(place_reap(child, to, from));
	(void)snprintf(all, sizeof(all), "%d ", 2 * THREADS * EACH);
	assert_true(recalls(usher, "all", NOON, all));
	usher_close(usher);
}

/* ---- in the background ---- */

static void
test_what_is_committed_later_is_there_after_close(void **state)
{
	static struct writing writing = { "one", INT64_MAX, 0 };
	struct usher *usher = open_memory(*state);

	for (int i = 0; i < 50; i++) {
		struct usher_notes *notes;
		char key[16];

		(void)snprintf(key, sizeof(key), "%d", i);
		assert_int_equal(usher_notes_new(usher, &notes, NULL), 0);
		assert_int_equal(usher_notes_record(notes, USHER_RECORD_OUTBOX,
				     key, write_text, &writing, NULL),
		    0);
		usher_notes_commit_later(notes);
	}
	usher_close(usher);
	usher = open_memory(*state);
	assert_true(recalls(usher, "0", NOON, "one"));
	assert_true(recalls(usher, "49", NOON, "one"));
	usher_close(usher);
}

/* Whether there is a record of the kind; *lacks: the view knew without it. */
static bool
holds_kind(struct usher *usher, unsigned char kind, bool *lacks)
{
	struct usher_record_value value;
	struct record_view view;

	assert_int_equal(usher->records->engine->view(usher->records, &view,
			     NULL),
	    0);
	*lacks = usher_view_lacks(&view, kind);
	assert_int_equal(usher->records->engine->get(&view, kind, "a", 1,
			     &value, NULL),
	    0);
	usher->records->engine->unview(&view);
	return value.bytes != NULL;
}

static void
write_kind(struct usher *usher, unsigned char kind)
{
	const struct record_key key = { .length = 1, .bytes = "a" };
	struct writing one = { "one", INT64_MAX, 0 };
	struct usher_notes *notes;

	assert_int_equal(usher_notes_new(usher, &notes, NULL), 0);
	assert_int_equal(usher_notes_edit(notes, kind, &key, write_text, &one,
			     NULL),
	    0);
	assert_int_equal(usher_notes_commit(notes, -1, NULL), 0);
	usher_notes_free(notes);
}

static void
test_a_kind_that_views_lacked_is_seen_once_written(void **state)
{
	static const unsigned char kinds[] = { 1, 80, RECORD_FIRST_SEEN,
		RECORD_FIRST_SEEN + RECORD_SEEN - 1, 65 };
	struct usher *usher = open_memory(*state);
	size_t count = sizeof(kinds);
	bool lacks = false;

	for (size_t written = 0; written <= count; written++) {
		for (size_t i = 0; i < 3 * count; i++)
			assert_true(holds_kind(usher, kinds[i % count],
					&lacks) == (i % count < written));
		/* By then it was looked for. */
		(void)holds_kind(usher, 66, &lacks);
		assert_true(lacks);
		if (written < count)
			write_kind(usher, kinds[written]);
	}
	usher_close(usher);
}

int
main(void)
{
#define AT_A_PLACE(test) \
	cmocka_unit_test_setup_teardown(test, place_set_up, place_tear_down)
	const struct CMUnitTest tests[] = {
		AT_A_PLACE(test_what_is_committed_is_read),
		AT_A_PLACE(test_it_outlives_the_handle),
		AT_A_PLACE(test_notes_are_all_or_nothing),
		AT_A_PLACE(test_edits_of_a_note_follow_each_other),
		AT_A_PLACE(test_an_edit_may_change_nothing_or_the_end_alone),
		AT_A_PLACE(test_each_tells_in_order_until_told_to_stop),
		AT_A_PLACE(test_no_count_of_many_threads_is_lost),
		AT_A_PLACE(test_no_count_of_two_processes_is_lost),
		AT_A_PLACE(test_what_is_committed_later_is_there_after_close),
		AT_A_PLACE(test_a_kind_that_views_lacked_is_seen_once_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
