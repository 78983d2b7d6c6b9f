/*
 * Splits: what a record of tries keeps, and for how long.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "split.h"

enum { NOW = 1800000000 };

/* Whether a try that names this one first has to come again with them. */
static bool
later(const struct split *split, const char *who)
{
	struct split_choice choice = { .made = false };

	return split_later(split, &choice, who);
}

static struct split *
begin(struct split_name *names, size_t count, size_t room)
{
	struct split_try try = { .mail = 1, .count = count, .names = names };
	struct split *split = split_new();
	enum split_way way;

	assert_int_equal(split_begin(split, &try, room, NOW, &way), 0);
	assert_int_equal(way, SPLIT_APART);
	return split;
}

static void
test_a_try_takes_the_class_of_its_first(void **state)
{
	struct split_name names[] = { { .who = "a@x" },
		{ .who = "b@x", .answer = "550 b" },
		{ .who = "c@x", .answer = "550 c" },
		{ .who = "d@x", .answer = "550 b" } };
	struct split_name gone[] = { { .who = "b@x", .later = true } };
	struct split_try try = { .mail = 9, .count = 1, .names = gone };
	struct split_choice choice = { .made = false };
	struct split *split = begin(names, 4, 15);

	(void)state;
	/* The accepted come first, and nobody waits for them twice. */
	assert_true(later(split, "b@x"));
	split_end(split, &try);
	assert_false(split_later(split, &choice, "b@x"));
	assert_true(split_later(split, &choice, "a@x"));
	assert_true(split_later(split, &choice, "c@x"));
	assert_false(split_later(split, &choice, "d@x"));
	assert_false(split_later(split, &choice, "unknown@x"));
	split_free(split);
}

static void
test_an_own_answer_at_rcpt_ends_a_turn(void **state)
{
	struct split_name names[] = { { .who = "a@x" },
		{ .who = "b@x", .answer = "550" } };
	struct split_name again[] = { { .who = "a@x", .answered = true },
		{ .who = "b@x", .later = true } };
	struct split_try next = { .mail = 1, .count = 2, .names = again };
	struct split *split = begin(names, 2, 15);

	(void)state;
	assert_false(later(split, "a@x"));
	assert_true(later(split, "b@x"));
	split_end(split, &next);
	assert_false(later(split, "b@x"));
	split_free(split);
}

static void
test_messages_that_differ_otherwise_get_finer_classes(void **state)
{
	struct split_name one[] = { { .who = "a@x" }, { .who = "b@x" },
		{ .who = "c@x", .answer = "550" } };
	struct split_name other[] = { { .who = "a@x" },
		{ .who = "b@x", .answer = "550" }, { .who = "c@x" } };
	struct split_try try = { .mail = 2, .count = 3, .names = other };
	struct split *split = begin(one, 3, 15);
	struct split_choice choice = { .made = false };
	enum split_way way;

	(void)state;
	assert_int_equal(split_begin(split, &try, 15, NOW, &way), 0);
	assert_false(split_later(split, &choice, "a@x"));
	assert_true(split_later(split, &choice, "b@x"));
	assert_true(split_later(split, &choice, "c@x"));
	assert_true(split->members[1].class != split->members[2].class);
	split_free(split);
}

static void
test_room_for_4xx_counts_who_was_deferred(void **state)
{
	struct split_name names[] = { { .who = "a@x" },
		{ .who = "b@x", .answer = "550" },
		{ .who = "c@x", .answer = "551" } };
	struct split_try try = { .mail = 1, .count = 3, .names = names };
	struct split *split = begin(names, 3, 1);
	enum split_way way;

	(void)state;
	assert_true(later(split, "a@x"));
	assert_false(later(split, "b@x"));
	assert_true(split_together(split, "b@x"));
	assert_true(split_together(split, "c@x"));
	assert_false(split_together(split, "a@x"));
	assert_int_equal(split_begin(split, &try, 0, NOW, &way), 0);
	assert_int_equal(way, SPLIT_ACCEPT);
	assert_int_equal(split->count, 0);
	split_free(split);
}

static void
test_it_is_forgotten_after_two_days(void **state)
{
	struct split_name names[] = { { .who = "a@x" },
		{ .who = "b@x", .answer = "550" } };
	struct split *split = begin(names, 2, 15);

	(void)state;
	assert_int_equal(split_until(split), NOW + SPLIT_LIFE_S);
	split_age(split, NOW + SPLIT_LIFE_S - 1);
	assert_true(later(split, "b@x"));
	split_age(split, NOW + SPLIT_LIFE_S);
	assert_false(later(split, "b@x"));
	split_free(split);
}

static void
test_what_is_written_is_read(void **state)
{
	struct split_name names[] = { { .who = "a b@x" },
		{ .who = "b@x", .answer = "550" } };
	struct split *split = begin(names, 2, 15), *again;
	size_t length, other_length;
	char *bytes, *other;

	(void)state;
	assert_int_equal(split_write(split, &bytes, &length), 0);
	assert_int_equal(split_read(bytes, length, &again), 0);
	assert_int_equal(split_write(again, &other, &other_length), 0);
	assert_int_equal(length, other_length);
	assert_memory_equal(bytes, other, length);
	free(bytes);
	free(other);
	split_free(split);
	split_free(again);
}

static void
test_records_of_others_are_refused(void **state)
{
	static const char *const texts[] = { "", "usher-split 2\n",
		"usher-split 1\n", "usher-split 1\nmember 0 0 a@x\n",
		"usher-split 1\nmail 1 1 0 0 0\n",
		"usher-split 1\nmail 1 1 0 0\nmember 0 0 a\n",
		"usher-split 1\nmail 1 1 0 0 0 0\nmember 0 0 a\n",
		"usher-split 1\nmail 1 1 0 0 0\nmember 0 0 b\nmember 0 0 a\n",
		"usher-split 1\nmail 1 1 0 0 0\nmember 0 0 \n",
		"usher-split 1\nmail 1 1 0 0 0\nmember 0\n",
		"usher-split 1\nmail 1 1 0 0 0\n\n\n",
		"usher-split 1\nmail 1 1 0 0 0\nwhat\n" };
	struct split *split;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		assert_int_equal(split_read(texts[i], strlen(texts[i]), &split),
		    EBADMSG);
		assert_null(split);
	}
	assert_int_equal(split_read("usher-split 1\n\0", 15, &split), EBADMSG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_try_takes_the_class_of_its_first),
		cmocka_unit_test(test_an_own_answer_at_rcpt_ends_a_turn),
		cmocka_unit_test(
		    test_messages_that_differ_otherwise_get_finer_classes),
		cmocka_unit_test(test_room_for_4xx_counts_who_was_deferred),
		cmocka_unit_test(test_it_is_forgotten_after_two_days),
		cmocka_unit_test(test_what_is_written_is_read),
		cmocka_unit_test(test_records_of_others_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
