/*
 * record: how it ends: memories that are damaged or removed, and what has
 * ended by the clock of decisions.
 */
#include <fcntl.h>

#include "promise_place.h"

enum { NOON = 1795521600 };

/* ---- damaged ---- */

static void
damage(const struct place *place, bool cut)
{
	const char *path = place_path(place, "store/memory/data.mdb");
	int file = open(path, O_RDWR);
	char junk[8192];

	memset(junk, 'j', sizeof(junk));
	if (file < 0 ||
	    (cut ? ftruncate(file, 8192) < 0
		 : pwrite(file, junk, sizeof(junk), 0) != sizeof(junk)) ||
	    close(file) < 0)
		abort();
}

static void
remove_memory(const struct place *place)
{
	if (unlink(place_path(place, "store/memory/data.mdb")) < 0 ||
	    unlink(place_path(place, "store/memory/lock.mdb")) < 0 ||
	    rmdir(place_path(place, "store/memory")) < 0)
		abort();
}

static const char known_rule[] =
    "rules = ( { name = \"k\"; if = { known = true; }; then = \"accept\"; }"
    " ); otherwise = \"refuse\";";

static void
try_damaged(const struct place *place, bool cut)
{
	struct usher_error error = { .text = "" };
	struct usher_question question;
	struct door door;

	door_open(&door, place, known_rule);
	assert_int_equal(fill(door.usher, 'a', 20), 0);
	door_close(&door);
	damage(place, cut);
	door_open(&door, place, known_rule);
	door_mail(&door, "bob@vendor.example", "bob@vendor.example");
	assert_int_equal(usher_memory_read(door.usher, door.policy,
			     "alice@example.com", door.facts, NOON,
			     &door.memory, &error),
	    EILSEQ);
	assert_non_null(strstr(error.text, "remove the folder"));
	/* Who proves it may be known: accepted (design.md §6). */
	question = (struct usher_question){ .policy = door.policy,
		.facts = door.facts,
		.memory = door.memory,
		.at = NOON };
	assert_int_equal(usher_decide(door.usher, &question, &door.decision,
			     NULL),
	    0);
	assert_int_equal(usher_decision_verdict(door.decision)->answer,
	    USHER_ACCEPT);
	assert_int_equal(usher_decision_verdict(door.decision)->reason,
	    USHER_NO_MEMORY);
	door_mail(&door, "bob@vendor.example", NULL);
	question.facts = door.facts;
	assert_int_equal(usher_decide(door.usher, &question, &door.decision,
			     NULL),
	    0);
	assert_int_equal(usher_decision_verdict(door.decision)->answer,
	    USHER_REFUSE);
	assert_int_equal(remember(door.usher, "x", "y", INT64_MAX), EILSEQ);
	/* The cure, without a restart. */
	remove_memory(place);
	assert_int_equal(remember(door.usher, "x", "y", INT64_MAX), 0);
	assert_true(recalls(door.usher, "x", NOON, "y"));
	door_close(&door);
}

static void
test_a_damaged_memory_is_told_and_survived(void **state)
{
	LMDB_ALONE();
	try_damaged(*state, false);
}

static void
test_a_cut_memory_is_told_and_survived(void **state)
{
	LMDB_ALONE();
	try_damaged(*state, true);
}

static void
test_a_removed_folder_is_begun_anew(void **state)
{
	LMDB_ALONE();
	struct usher *usher = open_memory(*state);

	assert_int_equal(remember(usher, "a", "one", INT64_MAX), 0);
	remove_memory(*state);
	assert_int_equal(remember(usher, "b", "two", INT64_MAX), 0);
	assert_true(recalls(usher, "a", NOON, NULL));
	assert_true(recalls(usher, "b", NOON, "two"));
	usher_close(usher);
}

/* ---- what has ended goes ---- */

static int
count_one(void *arg, const char *key, const void *bytes, size_t length,
    int64_t until)
{
	(void)key, (void)bytes, (void)length, (void)until;
	++*(int *)arg;
	return 0;
}

static int
count_all(struct usher *usher)
{
	int count = 0;

	assert_int_equal(usher_record_each(usher, USHER_RECORD_OUTBOX,
			     count_one, &count, NULL),
	    0);
	return count;
}

static void
test_what_has_ended_is_removed_a_few_a_commit(void **state)
{
	struct usher *usher = open_memory(*state);
	char key[16];

	for (int i = 0; i < 100; i++) {
		(void)snprintf(key, sizeof(key), "old%d", i);
		assert_int_equal(remember(usher, key, "x", NOON + i), 0);
	}
	assert_int_equal(remember(usher, "new", "x", NOON + 10 * DAY), 0);
	assert_int_equal(remember(usher, "for ever", "x", INT64_MAX), 0);
	assert_int_equal(count_all(usher), 102);
	/* The clock of decisions goes on; each commit sweeps some. */
	assert_true(recalls(usher, "old0", NOON + DAY, NULL));
	assert_int_equal(remember(usher, "more", "x", INT64_MAX), 0);
	assert_true(count_all(usher) < 103 && count_all(usher) > 3);
	for (int i = 0; i < 5; i++)
		assert_int_equal(remember(usher, "more", "x", INT64_MAX), 0);
	assert_int_equal(count_all(usher), 3);
	usher_close(usher);
}

int
main(void)
{
#define AT_A_PLACE(test) \
	cmocka_unit_test_setup_teardown(test, place_set_up, place_tear_down)
	const struct CMUnitTest tests[] = {
		AT_A_PLACE(test_a_damaged_memory_is_told_and_survived),
		AT_A_PLACE(test_a_cut_memory_is_told_and_survived),
		AT_A_PLACE(test_a_removed_folder_is_begun_anew),
		AT_A_PLACE(test_what_has_ended_is_removed_a_few_a_commit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
