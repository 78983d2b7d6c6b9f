/*
 * promise: kept by proof and by From as well as by the envelope sender
 * (design-mail.md "Promises by mail"); and lists of promises as bytes.
 */
#include "promise_place.h"

#include "promise.h"

static const char bob[] = "bob@vendor.example";

/* ---- by proof ---- */

static void
test_found_by_the_proven_party(void **state)
{
	struct door door;

	door_open(&door, *state, nine_to_ten);
	door_mail(&door, "b1@u1.sendgrid.net", bob);
	assert_deferred(door_try(&door, tuesday));
	/* At RCPT nobody may be turned away: proof may still come. */
	door_mail(&door, "zz@mail.example", NULL);
	usher_facts_shown(door.facts, 0);
	(void)door_ask(&door, tuesday + HOUR);
	assert_false(usher_memory_promised(door.memory));
	(void)door_ask(&door, tuesday + 12 * HOUR);
	assert_true(usher_memory_promised(door.memory));
	usher_facts_shown(door.facts, USHER_ALL);
	(void)door_ask(&door, tuesday + 12 * HOUR);
	assert_false(usher_memory_promised(door.memory));
	door_mail(&door, "zz@mail.example", "ann@vendor.example");
	assert_deferred(door_ask(&door, tuesday + 12 * HOUR));
	door_mail(&door, "zz@mail.example", bob);
	assert_kept(door_try(&door, tuesday + 12 * HOUR));
	/* The same mail once more, within the hour. */
	assert_kept(door_try(&door, tuesday + 13 * HOUR - 1));
	/* Used up on either side. */
	assert_deferred(door_ask(&door, tuesday + 14 * HOUR));
	door_mail(&door, "b1@u1.sendgrid.net", bob);
	assert_deferred(door_ask(&door, tuesday + 14 * HOUR));
	door_mail(&door, "zz@mail.example", NULL);
	usher_facts_shown(door.facts, 0);
	(void)door_ask(&door, tuesday + 14 * HOUR);
	assert_false(usher_memory_promised(door.memory));
	door_close(&door);
}

static void
test_used_by_the_sender_is_used_for_the_proof(void **state)
{
	struct door door;

	door_open(&door, *state, nine_to_ten);
	door_mail(&door, "b1@u1.sendgrid.net", bob);
	assert_deferred(door_try(&door, tuesday));
	assert_kept(
	    door_mails(&door, "b1@u1.sendgrid.net", tuesday + 12 * HOUR));
	door_mail(&door, "q@other.example", bob);
	assert_deferred(door_ask(&door, tuesday + 12 * HOUR + 1));
	door_close(&door);
}

/* An envelope that names another proves nothing: design.md §6. */
static void
test_who_proves_to_be_another_has_nothing_of_it(void **state)
{
	static const char eve[] = "eve@evil.example";
	struct door door;

	door_open(&door, *state, nine_to_ten);
	door_mail(&door, bob, bob);
	assert_deferred(door_try(&door, tuesday));
	door_mail(&door, bob, eve);
	assert_deferred(door_try(&door, tuesday + 12 * HOUR));
	door_mail(&door, "ann@vendor.example", eve);
	assert_deferred(door_try(&door, tuesday + 12 * HOUR));
	/* Nor does what she was told take the place of his. */
	door_mail(&door, bob, bob);
	assert_kept(door_ask(&door, tuesday + 12 * HOUR));
	/* A colleague by the same envelope is of the firm. */
	door_mail(&door, bob, "ann@mail.vendor.example");
	assert_kept(door_try(&door, tuesday + 12 * HOUR));
	door_close(&door);
}

static void
test_a_null_sender_is_known_by_its_from(void **state)
{
	struct door door;

	door_open(&door, *state, nine_to_ten);
	door_mail(&door, "", NULL);
	assert_int_equal(usher_facts_claim(door.facts, bob, NULL), 0);
	assert_deferred(door_try(&door, tuesday));
	door_mail(&door, "", NULL);
	assert_int_equal(usher_facts_claim(door.facts, "c@vendor.example",
			     NULL),
	    0);
	assert_deferred(door_ask(&door, tuesday + 12 * HOUR));
	assert_deferred(
	    door_mails(&door, "c@vendor.example", tuesday + 12 * HOUR));
	door_mail(&door, "", NULL);
	assert_int_equal(usher_facts_claim(door.facts, bob, NULL), 0);
	assert_kept(door_ask(&door, tuesday + 12 * HOUR));
	door_close(&door);
}

/* ---- as bytes ---- */

static void
test_lists_that_are_cut_are_refused(void **state)
{
	struct promise_list list = { .count = PROMISE_MOST }, read;
	struct usher_record_value value;
	struct buffer buffer = { .data = NULL };
	struct arena arena;
	int64_t until;

	(void)state;
	usher_arena_init(&arena);
	for (size_t i = 0; i < PROMISE_MOST; i++)
		list.entries[i] = (struct promise_entry){ "id", bob, "", "w",
			"w", "r", i % 2 == 0 ? "" : bob, bob, 1, INT64_MAX, -1,
			(int64_t)i, (int64_t)i };
	usher_promise_pack(&list, &buffer, &until);
	/* The last is used, and good for an hour more. */
	assert_int_equal(until, PROMISE_MOST - 1 + PROMISE_ONCE_MORE_S);
	value = (struct usher_record_value){ buffer.data, buffer.length, 0 };
	assert_int_equal(usher_promise_unpack(&arena, &value, &read), 0);
	assert_int_equal(read.count, PROMISE_MOST);
	assert_string_equal(read.entries[7].party, bob);
	assert_int_equal(read.entries[7].until, INT64_MAX);
	for (size_t i = 1; i < buffer.length; i++) {
		char *cut = malloc(i);
		int code;

		memcpy(cut, buffer.data, i);
		value = (struct usher_record_value){ cut, i, 0 };
		code = usher_promise_unpack(&arena, &value, &read);
		assert_true(code == EILSEQ || read.count < PROMISE_MOST);
		usher_arena_reset(&arena);
		free(cut);
	}
	/* One more than fits, a later form, none at all. */
	usher_buffer_add(&buffer, "x", 1);
	value = (struct usher_record_value){ buffer.data, buffer.length, 0 };
	assert_int_equal(usher_promise_unpack(&arena, &value, &read), EILSEQ);
	buffer.data[0] = 9;
	assert_int_equal(usher_promise_unpack(&arena, &value, &read), EILSEQ);
	value.bytes = NULL;
	assert_int_equal(usher_promise_unpack(&arena, &value, &read), 0);
	assert_int_equal(read.count, 0);
	usher_buffer_free(&buffer);
	usher_arena_free(&arena);
}

int
main(void)
{
#define AT_A_PLACE(test) \
	cmocka_unit_test_setup_teardown(test, place_set_up, place_tear_down)
	const struct CMUnitTest tests[] = {
		AT_A_PLACE(test_found_by_the_proven_party),
		AT_A_PLACE(test_used_by_the_sender_is_used_for_the_proof),
		AT_A_PLACE(test_who_proves_to_be_another_has_nothing_of_it),
		AT_A_PLACE(test_a_null_sender_is_known_by_its_from),
		cmocka_unit_test(test_lists_that_are_cut_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
