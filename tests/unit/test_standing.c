/*
 * standing: how attempts move it, who cannot, and how it fades (design.md §1).
 */
#include "promise_place.h"

#include "standing.h"
#include "record_bytes.h"

static const int64_t month = STANDING_HALF_S;

struct ledger {
	struct standing_entry entries[STANDING_RECIPIENTS + 1];
	struct standing_list list;
};

static void
open_ledger(struct ledger *ledger)
{
	*ledger = (struct ledger){ .list = { .count = 0 } };
	ledger->list.entries = ledger->entries;
}

static void
comes(struct ledger *ledger, unsigned recipient, bool in, int64_t at)
{
	struct standing_event event = { .recipient = recipient,
		.at = at,
		.in = in,
		.outside = !in };

	usher_standing_note(&ledger->list, &event);
}

/* A mail that was asked to come again, or was taken at last. */
static void
mail(struct ledger *ledger, unsigned recipient, uint64_t from, bool in,
    int64_t at)
{
	struct standing_event event = { .recipient = recipient,
		.from = from,
		.at = at,
		.in = in,
		.outside = !in,
		.open = !in };

	usher_standing_note(&ledger->list, &event);
}

static struct standing_sum
sum(const struct ledger *ledger, int64_t at)
{
	return usher_standing_sum(&ledger->list, at);
}

static int
thousandths(double figure)
{
	return (int)(figure * 1000 + (figure < 0 ? -0.5 : 0.5));
}

static void
test_a_first_contact_says_nothing(void **state)
{
	struct ledger ledger;

	(void)state;
	open_ledger(&ledger);
	for (unsigned i = 1; i <= 60; i++)
		comes(&ledger, i, i % 2 == 0, tuesday);
	assert_int_equal(sum(&ledger, tuesday).standing, USHER_NEW);
	assert_int_equal(sum(&ledger, tuesday).recipients, 0);
}

static void
test_one_recipient_ruins_nobody_nor_two(void **state)
{
	struct ledger ledger;

	(void)state;
	open_ledger(&ledger);
	for (unsigned i = 0; i < 1000; i++)
		comes(&ledger, 1, false, tuesday + i);
	assert_true(sum(&ledger, tuesday).figure > -0.1);
	for (unsigned i = 0; i < 1000; i++)
		comes(&ledger, 2, false, tuesday + i);
	assert_int_equal(sum(&ledger, tuesday).standing, USHER_NEW);
	comes(&ledger, 3, false, tuesday);
	comes(&ledger, 3, false, tuesday + 1);
	assert_int_equal(sum(&ledger, tuesday + 1).standing, USHER_POOR);
}

static void
test_whoever_keeps_to_openings_earns_a_good_one(void **state)
{
	struct ledger ledger;

	(void)state;
	open_ledger(&ledger);
	for (unsigned i = 1; i <= 3; i++)
		for (int64_t k = 0; k < 3; k++)
			comes(&ledger, i, true, tuesday + k);
	assert_int_equal(sum(&ledger, tuesday + 2).standing, USHER_GOOD);
	assert_int_equal(thousandths(sum(&ledger, tuesday + 2).figure), 240);
	/* As many outside as in an opening say nothing either way. */
	for (unsigned i = 1; i <= 3; i++)
		for (int64_t k = 0; k < 2; k++)
			comes(&ledger, i, false, tuesday + 3);
	assert_int_equal(sum(&ledger, tuesday + 3).standing, USHER_NEW);
	assert_int_equal(thousandths(sum(&ledger, tuesday + 3).figure), 0);
}

static void
test_it_halves_with_time(void **state)
{
	struct standing_sum now;
	struct ledger ledger;

	(void)state;
	open_ledger(&ledger);
	for (unsigned i = 1; i <= 4; i++)
		for (int64_t k = 0; k < 5; k++)
			comes(&ledger, i, false, tuesday);
	now = sum(&ledger, tuesday);
	assert_int_equal(thousandths(now.out), 16000);
	assert_int_equal(now.standing, USHER_POOR);
	now = sum(&ledger, tuesday + month);
	assert_int_equal(thousandths(now.out), 8000);
	assert_in_range(thousandths(sum(&ledger, tuesday + month / 2).out),
	    11300, 11330);
	assert_int_equal(sum(&ledger, tuesday + 12 * month).standing,
	    USHER_NEW);
	assert_int_equal(sum(&ledger, INT64_MAX).recipients, 0);
	/* A clock that is put back counts nothing double. */
	assert_int_equal(thousandths(sum(&ledger, tuesday - month).out), 16000);
}

static void
test_a_retry_is_no_second_offence(void **state)
{
	struct ledger ledger;

	(void)state;
	open_ledger(&ledger);
	comes(&ledger, 1, true, tuesday);
	for (int64_t i = 0; i < 50; i++)
		mail(&ledger, 1, 7, false, tuesday + i * HOUR);
	assert_in_range(thousandths(sum(&ledger, tuesday + 49 * HOUR).out), 940,
	    1000);
	/* It was outside, and is in at last. */
	mail(&ledger, 1, 7, true, tuesday + 50 * HOUR);
	assert_in_range(thousandths(sum(&ledger, tuesday + 50 * HOUR).in), 1000,
	    1000);
	/* Another one of theirs is another attempt. */
	mail(&ledger, 1, 8, false, tuesday + 51 * HOUR);
	assert_true(sum(&ledger, tuesday + 51 * HOUR).out > 1.9);
}

static void
test_the_retry_of_a_first_contact_is_one(void **state)
{
	struct ledger ledger;

	(void)state;
	open_ledger(&ledger);
	mail(&ledger, 1, 7, false, tuesday);
	mail(&ledger, 1, 7, false, tuesday + HOUR);
	mail(&ledger, 1, 7, true, tuesday + 2 * HOUR);
	assert_int_equal(sum(&ledger, tuesday + 2 * HOUR).recipients, 0);
	mail(&ledger, 1, 7, true, tuesday + 3 * HOUR);
	assert_int_equal(sum(&ledger, tuesday + 3 * HOUR).recipients, 1);
	/* Five days later it is no retry. */
	open_ledger(&ledger);
	mail(&ledger, 1, 7, false, tuesday);
	mail(&ledger, 1, 7, false, tuesday + ATTEMPT_RETRIED_S);
	assert_int_equal(sum(&ledger, tuesday + 5 * DAY).recipients, 1);
}

static void
test_new_recipients_wash_out_nobody(void **state)
{
	struct ledger ledger;

	(void)state;
	open_ledger(&ledger);
	for (unsigned i = 1; i <= 5; i++)
		for (int64_t k = 0; k < 3; k++)
			comes(&ledger, i, false, tuesday);
	for (unsigned i = 100; i < 1000; i++)
		comes(&ledger, i, true, tuesday + 1);
	assert_int_equal(ledger.list.count, STANDING_RECIPIENTS);
	assert_int_equal(sum(&ledger, tuesday + 1).standing, USHER_POOR);
	assert_int_equal(sum(&ledger, tuesday + 1).recipients, 5);
	/* Those who say something stay, however many come. */
	for (unsigned i = 2000; i < 2200; i++) {
		comes(&ledger, i, true, tuesday + 2);
		comes(&ledger, i, true, tuesday + 2);
	}
	assert_int_equal(ledger.list.count, STANDING_RECIPIENTS);
	assert_int_equal(sum(&ledger, tuesday + 2).recipients,
	    STANDING_RECIPIENTS);
	assert_true(sum(&ledger, tuesday + 2).out > 9.9);
}

static void
test_bytes_come_back_and_damage_is_told(void **state)
{
	struct usher_record_value value;
	struct buffer buffer = { .length = 0 };
	struct standing_list list;
	struct ledger ledger;
	struct arena arena;

	(void)state;
	open_ledger(&ledger);
	for (unsigned i = 1; i <= 3; i++)
		mail(&ledger, i, i, i == 2, tuesday + i);
	usher_standing_pack(&ledger.list, &buffer);
	usher_arena_init(&arena);
	value = (struct usher_record_value){ buffer.data, buffer.length, 0 };
	assert_int_equal(usher_standing_unpack(&arena, &value, &list), 0);
	assert_int_equal(list.count, 3);
	assert_memory_equal(list.entries, ledger.entries,
	    3 * sizeof(list.entries[0]));
	for (size_t cut = 1; cut < buffer.length; cut++) {
		value.length = cut;
		if ((cut - 1) % 56 != 0)
			assert_int_equal(usher_standing_unpack(&arena, &value,
					     &list),
			    EILSEQ);
	}
	usher_arena_free(&arena);
	usher_buffer_free(&buffer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_first_contact_says_nothing),
		cmocka_unit_test(test_one_recipient_ruins_nobody_nor_two),
		cmocka_unit_test(
		    test_whoever_keeps_to_openings_earns_a_good_one),
		cmocka_unit_test(test_it_halves_with_time),
		cmocka_unit_test(test_a_retry_is_no_second_offence),
		cmocka_unit_test(test_the_retry_of_a_first_contact_is_one),
		cmocka_unit_test(test_new_recipients_wash_out_nobody),
		cmocka_unit_test(test_bytes_come_back_and_damage_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
