/*
 * Splits: what a record of tries keeps, and for how long.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "split.h"

enum { NOW = 1800000000 };

static void
test_an_own_answer_at_rcpt_ends_a_turn(void **state)
{
	struct split_name names[] = { { .who = "a@x" },
		{ .who = "b@x", .answer = "550" } };
	struct split_name again[] = { { .who = "a@x", .answered = true },
		{ .who = "b@x", .later = true } };
	struct split_try try = { .mail = 1, .count = 2, .names = names };
	struct split_try next = { .mail = 1, .count = 2, .names = again };
	struct split *split = split_new();
	enum split_way way;

	(void)state;
	assert_int_equal(split_begin(split, &try, 15, NOW, &way), 0);
	assert_int_equal(way, SPLIT_APART);
	assert_false(split_later(split, "a@x"));
	assert_true(split_later(split, "b@x"));
	split_end(split, &next);
	assert_false(split_later(split, "b@x"));
	split_free(split);
}

static void
test_room_for_4xx_counts_who_was_deferred(void **state)
{
	struct split_name names[] = { { .who = "a@x" },
		{ .who = "b@x", .answer = "550" },
		{ .who = "c@x", .answer = "551" } };
	struct split_try try = { .mail = 1, .count = 3, .names = names };
	struct split *split = split_new();
	enum split_way way;

	(void)state;
	assert_int_equal(split_begin(split, &try, 1, NOW, &way), 0);
	assert_int_equal(way, SPLIT_APART);
	assert_true(split_later(split, "a@x"));
	assert_false(split_later(split, "b@x"));
	assert_true(split_together(split, "b@x"));
	assert_true(split_together(split, "c@x"));
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
	struct split_try try = { .mail = 1, .count = 2, .names = names };
	struct split *split = split_new();
	enum split_way way;

	(void)state;
	assert_int_equal(split_begin(split, &try, 15, NOW, &way), 0);
	assert_int_equal(split_until(split), NOW + SPLIT_LIFE_S);
	split_age(split, NOW + SPLIT_LIFE_S - 1);
	assert_true(split_later(split, "b@x"));
	split_age(split, NOW + SPLIT_LIFE_S);
	assert_false(split_later(split, "b@x"));
	split_free(split);
}

static void
test_a_sender_has_four_messages_at_most(void **state)
{
	struct split *split = split_new();
	enum split_way way;

	(void)state;
	for (uint64_t mail = 1; mail <= 6; mail++) {
		char one[16], other[16];
		struct split_name names[] = { { .who = one },
			{ .who = other, .answer = "550" } };
		struct split_try try = { .mail = mail,
			.count = 2,
			.names = names };

		(void)snprintf(one, sizeof one, "a%d@x", (int)mail);
		(void)snprintf(other, sizeof other, "b%d@x", (int)mail);
		assert_int_equal(split_begin(split, &try, 15, NOW, &way), 0);
	}
	assert_int_equal(split->batch_count, SPLIT_BATCHES);
	assert_int_equal(split->count, 2 * SPLIT_BATCHES);
	assert_false(split_later(split, "b2@x"));
	assert_true(split_later(split, "b6@x"));
	split_free(split);
}

static void
test_records_of_others_are_refused(void **state)
{
	static const char *const texts[] = { "", "usher-split 2\n",
		"usher-split 1\nmember 0 1 0 a@x\n",
		"usher-split 1\nbatch 0 1 1 1 0 0 0\nmember 0 1 0 b\n"
		"member 0 1 0"
		" a\n",
		"usher-split 1\nbatch 0 1 1 1 0 0 0\nbatch 0 1 1 1 0 0 0\n",
		"usher-split 1\nbatch 0 1 1 1 0 0 0\nmember 0 1 0 \n",
		"usher-split 1\nbatch 0 1 1 1 0 0 0\nmember 0 1\n",
		"usher-split 1\nbatch -\n", "usher-split 1\n\n\n",
		"usher-split 1\nwhat\n" };
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
		cmocka_unit_test(test_an_own_answer_at_rcpt_ends_a_turn),
		cmocka_unit_test(test_room_for_4xx_counts_who_was_deferred),
		cmocka_unit_test(test_it_is_forgotten_after_two_days),
		cmocka_unit_test(test_a_sender_has_four_messages_at_most),
		cmocka_unit_test(test_records_of_others_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
