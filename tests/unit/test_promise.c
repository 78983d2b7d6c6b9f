/*
 * promise: whoever was told an opening is let in by it, once, whatever the
 * clock says when they come back (design-mail.md "Promises by mail",
 * design.md §5 "Promise").
 */
#include "promise_place.h"

#include "promise.h"

static const char bob[] = "bob@vendor.example";

static void
test_kept_hours_after_the_window_and_a_restart(void **state)
{
	struct door door;

	door_open(&door, *state, nine_to_ten);
	assert_deferred(door_mails(&door, bob, tuesday + HOUR));
	assert_deferred(door_mails(&door, bob, tuesday + 9 * HOUR - 1));
	door_restart(&door, *state, nine_to_ten);
	assert_kept(door_mails(&door, bob, tuesday + 15 * HOUR));
	door_close(&door);
}

static void
test_good_for_one_hour_more_and_then_no_longer(void **state)
{
	struct door door;
	int64_t came = tuesday + 15 * HOUR;

	door_open(&door, *state, nine_to_ten);
	assert_deferred(door_mails(&door, bob, tuesday));
	assert_kept(door_mails(&door, bob, came));
	assert_kept(door_mails(&door, bob, came + HOUR - 1));
	assert_deferred(door_mails(&door, bob, came + HOUR));
	/* Which is a promise of its own, for the next day. */
	assert_kept(door_mails(&door, bob, came + DAY));
	door_close(&door);
}

/* A look at it, as at RCPT, uses nothing up. */
static void
test_asking_uses_nothing_up(void **state)
{
	struct door door;

	door_open(&door, *state, nine_to_ten);
	assert_deferred(door_mails(&door, bob, tuesday));
	door_mail(&door, bob, NULL);
	assert_kept(door_ask(&door, tuesday + 15 * HOUR));
	assert_kept(door_ask(&door, tuesday + 18 * HOUR));
	assert_kept(door_mails(&door, bob, tuesday + 20 * HOUR));
	door_close(&door);
}

static void
test_held_until_five_days_after_the_opening_began(void **state)
{
	static const char one_hour_a_month[] =
	    "rules = ( { name = \"w\"; then = \"accept\"; during = \"daily"
	    " 09:00-10:00\"; if = { on = [ \"2026-11-24\" ]; }; }, { then ="
	    " \"refuse\"; if = { from = \"never.example\"; }; }, { name ="
	    " \"d\"; then = \"defer\"; } );";
	int64_t end = tuesday + 9 * HOUR + 5 * DAY;
	struct door door;

	door_open(&door, *state, one_hour_a_month);
	assert_deferred(door_mails(&door, bob, tuesday));
	door_mail(&door, bob, NULL);
	assert_kept(door_ask(&door, end - 1));
	assert_deferred(door_ask(&door, end));
	door_close(&door);
}

static void
test_retries_renew_nothing(void **state)
{
	struct door door;
	const struct usher_verdict *verdict;

	door_open(&door, *state, nine_to_ten);
	assert_deferred(door_mails(&door, bob, tuesday));
	/* A day before the promise ends the door is told of anew. */
	door_prefer(&door,
	    "rules = ( { name = \"w\"; then = \"accept\"; during ="
	    " \"09:00-10:00\"; requires = { attachment = \"pdf\"; }; else ="
	    " \"defer\"; } );");
	verdict = door_mails(&door, bob, tuesday + 4 * DAY);
	assert_deferred(verdict);
	door_prefer(&door, nine_to_ten);
	door_mail(&door, bob, NULL);
	assert_kept(door_ask(&door, tuesday + 9 * HOUR + 5 * DAY - 1 - HOUR));
	assert_deferred(door_ask(&door, tuesday + 10 * HOUR + 5 * DAY));
	door_close(&door);
}

static void
test_an_accept_in_the_window_uses_it_up(void **state)
{
	struct door door;
	const struct usher_verdict *verdict;

	door_open(&door, *state, nine_to_ten);
	assert_deferred(door_mails(&door, bob, tuesday));
	verdict = door_mails(&door, bob, tuesday + 9 * HOUR + 1);
	assert_int_equal(verdict->answer, USHER_ACCEPT);
	assert_int_equal(verdict->reason, USHER_BY_RULE);
	assert_deferred(door_mails(&door, bob, tuesday + 12 * HOUR));
	door_close(&door);
}

static void
test_three_colleagues_are_all_let_in(void **state)
{
	static const char *const firm[] = { "ann@vendor.example",
		"bob@mail.vendor.example", "cid@vendor.example" };
	struct door door;

	door_open(&door, *state, nine_to_ten);
	for (int i = 0; i < 3; i++)
		assert_deferred(door_mails(&door, firm[i], tuesday + i));
	for (int i = 2; i >= 0; i--)
		assert_kept(door_mails(&door, firm[i],
		    tuesday + 15 * HOUR + i * 2 * HOUR));
	/* And none of them twice, nor at the expense of another. */
	assert_deferred(door_mails(&door, firm[2], tuesday + 22 * HOUR));
	door_close(&door);
}

static void
test_one_who_came_does_not_take_a_colleagues(void **state)
{
	struct door door;

	door_open(&door, *state, nine_to_ten);
	assert_deferred(door_mails(&door, bob, tuesday));
	assert_deferred(door_mails(&door, "ann@vendor.example", tuesday));
	assert_kept(door_mails(&door, bob, tuesday + 12 * HOUR));
	assert_deferred(door_mails(&door, bob, tuesday + 14 * HOUR));
	assert_kept(
	    door_mails(&door, "ann@vendor.example", tuesday + 15 * HOUR));
	door_close(&door);
}

/* A sender that changes with each try is found by its firm, once. */
static void
test_found_by_the_firm_unless_shared(void **state)
{
	struct door door;

	door_open(&door, *state, nine_to_ten);
	assert_deferred(door_mails(&door, "qwxa@out.vendor.example", tuesday));
	assert_kept(
	    door_mails(&door, "lkjh@vendor.example", tuesday + 12 * HOUR));
	assert_deferred(
	    door_mails(&door, "poiu@vendor.example", tuesday + 12 * HOUR));
	assert_deferred(door_mails(&door, "some.body@gmail.com", tuesday));
	assert_deferred(
	    door_mails(&door, "some.other@gmail.com", tuesday + 12 * HOUR));
	assert_deferred(door_mails(&door, "x@one.amazonses.com", tuesday));
	assert_deferred(
	    door_mails(&door, "y@two.amazonses.com", tuesday + 12 * HOUR));
	door_close(&door);
}

/* Whoever takes it by another's name, forged perhaps, takes it from nobody. */
static void
test_what_another_used_is_still_its_owners(void **state)
{
	struct door door;

	door_open(&door, *state, nine_to_ten);
	assert_deferred(door_mails(&door, bob, tuesday));
	assert_kept(door_mails(&door, "x@vendor.example", tuesday + 12 * HOUR));
	assert_deferred(
	    door_mails(&door, "y@vendor.example", tuesday + 12 * HOUR));
	assert_deferred(
	    door_mails(&door, "x@vendor.example", tuesday + 14 * HOUR));
	assert_kept(door_mails(&door, bob, tuesday + 15 * HOUR));
	assert_kept(door_mails(&door, bob, tuesday + 15 * HOUR + 1800));
	assert_deferred(door_mails(&door, bob, tuesday + 17 * HOUR));
	assert_deferred(
	    door_mails(&door, "z@vendor.example", tuesday + 17 * HOUR));
	door_close(&door);
}

/* And of the proven party's, who comes by another way. */
static void
test_what_another_used_is_still_the_proven_partys(void **state)
{
	struct door door;

	door_open(&door, *state, nine_to_ten);
	door_mail(&door, "b1@u1.sendgrid.net", bob);
	assert_deferred(door_try(&door, tuesday));
	assert_kept(
	    door_mails(&door, "b2@u1.sendgrid.net", tuesday + 12 * HOUR));
	door_mail(&door, "q@other.example", bob);
	assert_kept(door_try(&door, tuesday + 14 * HOUR));
	assert_deferred(
	    door_mails(&door, "b1@u1.sendgrid.net", tuesday + 16 * HOUR));
	door_close(&door);
}

/* Digits tell people apart where anybody has a mailbox. */
static void
test_free_mail_is_not_folded(void **state)
{
	struct door door;

	door_open(&door, *state, nine_to_ten);
	assert_deferred(door_mails(&door, "ann1990@gmail.com", tuesday));
	assert_deferred(
	    door_mails(&door, "bob1985@gmail.com", tuesday + 12 * HOUR));
	assert_kept(
	    door_mails(&door, "ann1990@gmail.com", tuesday + 12 * HOUR));
	door_close(&door);
}

static void
test_verp_is_folded(void **state)
{
	static const struct {
		const char *address, *folded;
	} folds[] = { { "bob@x.example", "bob@x.example" },
		{ "bob+news@x.example", "bob@x.example" },
		{ "news7@x.example", "news#@x.example" },
		{ "b-9312-77@x.example", "b-#-#@x.example" },
		{ "b-a81f09c3-x@x.example", "b-#-x@x.example" },
		{ "bounce-alice=example.com@x.example", "bounce@x.example" },
		{ "bounce+alice=example.com@x.example", "bounce@x.example" },
		{ "+@x.example", "+@x.example" },
		{ "=@x.example", "=@x.example" },
		{ "7@x.example", "#@x.example" }, { "nobody", "nobody" } };
	struct arena arena;
	struct door door;

	usher_arena_init(&arena);
	for (size_t i = 0; i < sizeof(folds) / sizeof(folds[0]); i++)
		assert_string_equal(usher_promise_fold(&arena,
					folds[i].address),
		    folds[i].folded);
	usher_arena_free(&arena);
	door_open(&door, *state, nine_to_ten);
	assert_deferred(door_mails(&door, "b-1234@u1.sendgrid.net", tuesday));
	assert_deferred(
	    door_mails(&door, "c-1235@u1.sendgrid.net", tuesday + 12 * HOUR));
	assert_kept(
	    door_mails(&door, "b-1235@u1.sendgrid.net", tuesday + 12 * HOUR));
	door_close(&door);
}

static void
test_twenty_a_recipient_and_domain(void **state)
{
	struct door door;
	char sender[64];
	int kept = 0;

	door_open(&door, *state, nine_to_ten);
	for (int i = 0; i < PROMISE_MOST + 5; i++) {
		(void)snprintf(sender, sizeof(sender), "%c%c@gmail.com",
		    'a' + i / 26, 'a' + i % 26);
		assert_deferred(door_mails(&door, sender, tuesday));
	}
	assert_deferred(door_mails(&door, "zz@gmx.net", tuesday));
	assert_kept(door_mails(&door, "zz@gmx.net", tuesday + 12 * HOUR));
	for (int i = 0; i < PROMISE_MOST + 5; i++) {
		(void)snprintf(sender, sizeof(sender), "%c%c@gmail.com",
		    'a' + i / 26, 'a' + i % 26);
		door_mail(&door, sender, NULL);
		kept += door_ask(&door, tuesday + 12 * HOUR)->answer ==
		    USHER_ACCEPT;
	}
	assert_int_equal(kept, PROMISE_MOST);
	/* Once one is used up and its hour over there is room again. */
	assert_kept(door_mails(&door, "aa@gmail.com", tuesday + 12 * HOUR));
	assert_deferred(door_mails(&door, "az@gmail.com", tuesday + 14 * HOUR));
	assert_kept(
	    door_mails(&door, "az@gmail.com", tuesday + DAY + 12 * HOUR));
	door_close(&door);
}

/* ---- what was told ---- */

static void
test_the_same_opening_is_told_again(void **state)
{
	const struct usher_verdict *verdict;
	struct door door;

	door_open(&door, *state, nine_to_ten);
	assert_deferred(door_mails(&door, bob, tuesday));
	door_prefer(&door,
	    "rules = ( { name = \"w\"; then = \"accept\"; during ="
	    " \"14:00-15:00\"; } );");
	verdict = door_mails(&door, bob, tuesday + HOUR);
	assert_deferred(verdict);
	assert_int_equal(verdict->opening.from, tuesday + 9 * HOUR);
	assert_int_equal(verdict->opening.until, tuesday + 10 * HOUR);
	/* A colleague hears what holds for them. */
	door_mail(&door, "ann@vendor.example", NULL);
	verdict = door_ask(&door, tuesday + HOUR);
	assert_int_equal(verdict->opening.from, tuesday + 14 * HOUR);
	/* A rule that is gone keeps no word, and a new one is given. */
	door_prefer(&door,
	    "rules = ( { name = \"v\"; then = \"accept\"; during ="
	    " \"14:00-15:00\"; } );");
	verdict = door_mails(&door, bob, tuesday + HOUR);
	assert_int_equal(verdict->opening.from, tuesday + 14 * HOUR);
	assert_deferred(door_mails(&door, bob, tuesday + 12 * HOUR));
	assert_kept(door_mails(&door, bob, tuesday + 16 * HOUR));
	door_close(&door);
}

/* The rule that turns away names the times; another lets in. */
static void
test_kept_where_the_rule_defers_by_time(void **state)
{
	static const char till_three[] =
	    "rules = ( { name = \"not yet\"; then = \"defer\"; during ="
	    " \"00:00-15:00\"; } );";
	static const char till_six[] =
	    "rules = ( { name = \"not yet\"; then = \"defer\"; during ="
	    " \"00:00-18:00\"; } );";
	const struct usher_verdict *verdict;
	struct door door;

	door_open(&door, *state, till_three);
	verdict = door_mails(&door, bob, tuesday + HOUR);
	assert_deferred(verdict);
	assert_int_equal(verdict->opening.from, tuesday + 15 * HOUR);
	assert_kept(door_mails(&door, bob, tuesday + DAY + HOUR));
	assert_deferred(door_mails(&door, "c@other.example", tuesday + HOUR));
	door_prefer(&door, till_six);
	assert_kept(door_mails(&door, "c@other.example", tuesday + 16 * HOUR));
	door_close(&door);
}

/* ---- calls ---- */

static const char calls[] =
    "rules = ( { name = \"c\"; if = { channel = \"phone\"; }; then ="
    " \"accept\"; during = \"09:00-10:00\"; } );";

static void
test_a_call_is_told_the_same_and_held_till_the_window_ends(void **state)
{
	const struct usher_verdict *verdict;
	struct door door;

	door_open(&door, *state, calls);
	door_call(&door, "+442071234567", false);
	assert_deferred(door_try(&door, tuesday));
	door_prefer(&door,
	    "rules = ( { name = \"c\"; then = \"accept\"; during ="
	    " \"14:00-15:00\"; } );");
	verdict = door_try(&door, tuesday + HOUR);
	assert_int_equal(verdict->opening.from, tuesday + 9 * HOUR);
	assert_kept(door_ask(&door, tuesday + 9 * HOUR));
	assert_kept(door_ask(&door, tuesday + 10 * HOUR - 1));
	assert_deferred(door_ask(&door, tuesday + 10 * HOUR));
	door_call(&door, "+442071234568", false);
	assert_deferred(door_ask(&door, tuesday + 9 * HOUR));
	door_close(&door);
}

static void
test_what_a_proven_caller_was_promised_is_for_proof(void **state)
{
	struct door door;

	door_open(&door, *state, calls);
	door_call(&door, "+442071234567", true);
	assert_deferred(door_try(&door, tuesday));
	door_prefer(&door,
	    "rules = ( { name = \"c\"; then = \"accept\"; during ="
	    " \"14:00-15:00\"; } );");
	door_call(&door, "+442071234567", false);
	assert_deferred(door_ask(&door, tuesday + 9 * HOUR));
	door_call(&door, "+442071234567", true);
	assert_kept(door_try(&door, tuesday + 9 * HOUR));
	door_close(&door);
}

int
main(void)
{
#define AT_A_PLACE(test) \
	cmocka_unit_test_setup_teardown(test, place_set_up, place_tear_down)
	const struct CMUnitTest tests[] = {
		AT_A_PLACE(test_kept_hours_after_the_window_and_a_restart),
		AT_A_PLACE(test_good_for_one_hour_more_and_then_no_longer),
		AT_A_PLACE(test_asking_uses_nothing_up),
		AT_A_PLACE(test_held_until_five_days_after_the_opening_began),
		AT_A_PLACE(test_retries_renew_nothing),
		AT_A_PLACE(test_an_accept_in_the_window_uses_it_up),
		AT_A_PLACE(test_three_colleagues_are_all_let_in),
		AT_A_PLACE(test_one_who_came_does_not_take_a_colleagues),
		AT_A_PLACE(test_found_by_the_firm_unless_shared),
		AT_A_PLACE(test_what_another_used_is_still_its_owners),
		AT_A_PLACE(test_what_another_used_is_still_the_proven_partys),
		AT_A_PLACE(test_free_mail_is_not_folded),
		AT_A_PLACE(test_verp_is_folded),
		AT_A_PLACE(test_twenty_a_recipient_and_domain),
		AT_A_PLACE(test_the_same_opening_is_told_again),
		AT_A_PLACE(test_kept_where_the_rule_defers_by_time),
		AT_A_PLACE(
		    test_a_call_is_told_the_same_and_held_till_the_window_ends),
		AT_A_PLACE(test_what_a_proven_caller_was_promised_is_for_proof),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
