/*
 * Deciding by what is remembered: caps, overrides, promises, and a memory that
 * cannot be read (design.md §4 "Fixed precedence", §5 "Promise", §6).
 */
#include "deciding.h"

/* ---- caps ---- */

static const char one_a_day[] = "rules = ( { name = \"c\"; then = \"accept\";"
				" at_most = \"1 per 1d\"; } );";

static void
a_cap_lets_go_when_its_time_is_over(void **state)
{
	struct fixture *fixture = *state;
	const struct accepted accepted[] = { { "other", tuesday + 5 * HOUR,
						 true, true },
		{ "c", tuesday, true, true } };
	const struct usher_memory memory = { .accepted_count = COUNT(accepted),
		.accepted = accepted };
	const struct usher_verdict *verdict;

	deciding_prefer(fixture, one_a_day);
	deciding_approach(fixture, USHER_EMAIL, "bob@vendor.example", true,
	    USHER_ALL);
	verdict = deciding_verdict(fixture, &memory, tuesday + 6 * HOUR);
	assert_verdict(verdict, USHER_DEFER, "c", USHER_CAP_REACHED);
	assert_opening(&verdict->opening, tuesday + DAY, INT64_MAX);
	verdict = deciding_verdict(fixture, &memory, tuesday + DAY - 1);
	assert_int_equal(verdict->answer, USHER_DEFER);
	assert_verdict(deciding_verdict(fixture, &memory, tuesday + DAY),
	    USHER_ACCEPT, "c", USHER_BY_RULE);
}

static void
a_cap_and_a_window_open_together(void **state)
{
	struct fixture *fixture = *state;
	const struct accepted accepted = { "c",
		tuesday + 9 * HOUR + 30 * MINUTE, true, true };
	const struct usher_memory memory = { .accepted_count = 1,
		.accepted = &accepted };

	deciding_prefer(fixture,
	    "rules = ( { name = \"c\"; then = \"accept\"; during ="
	    " \"09:00-10:00\"; at_most = \"1 per 1d\"; } );");
	deciding_approach(fixture, USHER_EMAIL, "bob@vendor.example", true,
	    USHER_ALL);
	assert_opening(&deciding_verdict(fixture, &memory,
			   tuesday + 9 * HOUR + 45 * MINUTE)
			    ->opening,
	    tuesday + DAY + 9 * HOUR + 30 * MINUTE, tuesday + DAY + 10 * HOUR);
}

static void
proven_and_claimed_attempts_count_apart(void **state)
{
	struct fixture *fixture = *state;
	struct accepted accepted = { "c", tuesday, true, false };
	const struct usher_memory memory = { .accepted_count = 1,
		.accepted = &accepted };

	deciding_prefer(fixture, one_a_day);
	deciding_approach(fixture, USHER_EMAIL, "bob@vendor.example", true,
	    USHER_ALL);
	assert_int_equal(deciding_verdict(fixture, &memory, tuesday + 1)
			     ->answer,
	    USHER_ACCEPT);
	deciding_approach(fixture, USHER_EMAIL, "bob@vendor.example", false,
	    USHER_ALL);
	assert_int_equal(deciding_verdict(fixture, &memory, tuesday + 1)
			     ->answer,
	    USHER_DEFER);
	accepted.proven = true;
	assert_int_equal(deciding_verdict(fixture, &memory, tuesday + 1)
			     ->answer,
	    USHER_ACCEPT);
	accepted.same_party = false;
	deciding_approach(fixture, USHER_EMAIL, "bob@vendor.example", true,
	    USHER_ALL);
	assert_int_equal(deciding_verdict(fixture, &memory, tuesday + 1)
			     ->answer,
	    USHER_ACCEPT);
}

static void
in_all_counts_everybody(void **state)
{
	struct fixture *fixture = *state;
	const struct accepted accepted[] = { { "c", tuesday, false, false },
		{ "c", tuesday + HOUR, false, true } };
	const struct usher_memory memory = { .accepted_count = COUNT(accepted),
		.accepted = accepted };
	const struct usher_verdict *verdict;

	deciding_prefer(fixture,
	    "rules = ( { name = \"c\"; then = \"accept\"; at_most "
	    "= [ \"9 per 1d\", \"2 per 1d in all\" ]; } );");
	deciding_approach(fixture, USHER_EMAIL, "bob@vendor.example", true,
	    USHER_ALL);
	verdict = deciding_verdict(fixture, &memory, tuesday + 2 * HOUR);
	assert_verdict(verdict, USHER_DEFER, "c", USHER_CAP_REACHED);
	assert_opening(&verdict->opening, tuesday + DAY, INT64_MAX);
}

/* ---- what is remembered of a party ---- */

static void
memory_of_a_proven_party_is_for_who_proves(void **state)
{
	struct fixture *fixture = *state;
	static const char *const stages[] = { "customer" };
	const struct usher_memory memory = { .proven = { .known = true,
						 .stage_count = 1,
						 .stages = stages,
						 .standing = USHER_GOOD } };

	deciding_prefer(fixture,
	    "rules = ( { name = \"k\"; if = { known = true; stage "
	    "= \"customer\"; standing = \"good\"; stranger = false; }; then ="
	    " \"accept\"; } ); otherwise = \"refuse\";");
	deciding_approach(fixture, USHER_EMAIL, "bob@vendor.example", true,
	    USHER_ALL);
	assert_verdict(deciding_verdict(fixture, &memory, tuesday),
	    USHER_ACCEPT, "k", USHER_BY_RULE);
	deciding_approach(fixture, USHER_EMAIL, "bob@vendor.example", false,
	    USHER_ALL);
	assert_int_equal(deciding_verdict(fixture, &memory, tuesday)->answer,
	    USHER_REFUSE);
}

static void
tried_slides(void **state)
{
	struct fixture *fixture = *state;
	const int64_t attempts[] = { tuesday, tuesday + HOUR };
	const struct usher_memory memory = { .proven = { .attempt_count = COUNT(
							     attempts),
						 .attempts = attempts } };
	const struct usher_verdict *verdict;

	deciding_prefer(fixture,
	    "rules = ( { name = \"t\"; if = { tried = \"2 per 1d\""
	    "; }; then = \"defer\"; } );");
	deciding_approach(fixture, USHER_EMAIL, "bob@vendor.example", true,
	    USHER_ALL);
	verdict = deciding_verdict(fixture, &memory, tuesday + 2 * HOUR);
	assert_verdict(verdict, USHER_DEFER, "t", USHER_BY_RULE);
	assert_opening(&verdict->opening, tuesday + DAY, INT64_MAX);
	assert_int_equal(deciding_verdict(fixture, &memory, tuesday + DAY)
			     ->answer,
	    USHER_ACCEPT);
}

/* ---- overrides ---- */

static void
the_later_override_wins(void **state)
{
	struct fixture *fixture = *state;
	const struct usher_override both[] = { { true, 0, NULL, NULL, tuesday,
						   tuesday + 3 * HOUR },
		{ false, 0, NULL, NULL, tuesday + HOUR, tuesday + 2 * HOUR } };
	const struct usher_memory memory = { .override_count = COUNT(both),
		.overrides = both };
	const struct usher_verdict *verdict;

	deciding_prefer(fixture, "otherwise = \"refuse\";");
	deciding_approach(fixture, USHER_EMAIL, "bob@vendor.example", false,
	    USHER_ALL);
	assert_verdict(deciding_verdict(fixture, &memory, tuesday + MINUTE),
	    USHER_ACCEPT, "override", USHER_BY_OVERRIDE);
	verdict = deciding_verdict(fixture, &memory, tuesday + HOUR);
	assert_verdict(verdict, USHER_DEFER, "override", USHER_BY_OVERRIDE);
	assert_opening(&verdict->opening, tuesday + 2 * HOUR,
	    tuesday + 3 * HOUR);
	assert_verdict(deciding_verdict(fixture, &memory, tuesday + 3 * HOUR),
	    USHER_REFUSE, "otherwise", USHER_BY_RULE);
}

/* A close that ends at night: the opening is the window's, not its end. */
static void
after_a_close_the_next_opening_is_told(void **state)
{
	struct fixture *fixture = *state;
	const struct usher_override closes = { false, 1u << USHER_EMAIL, NULL,
		NULL, tuesday, tuesday + 20 * HOUR };
	const struct usher_memory memory = { .override_count = 1,
		.overrides = &closes };

	deciding_prefer(fixture,
	    "rules = ( { then = \"accept\"; during = "
	    "\"09:00-10:00\"; } );");
	deciding_approach(fixture, USHER_EMAIL, "bob@vendor.example", false,
	    USHER_ALL);
	assert_opening(&deciding_verdict(fixture, &memory, tuesday + HOUR)
			    ->opening,
	    tuesday + DAY + 9 * HOUR, tuesday + DAY + 10 * HOUR);
	deciding_approach(fixture, USHER_PHONE, "+442071234567", false,
	    USHER_ALL);
	assert_verdict(deciding_verdict(fixture, &memory, tuesday + 9 * HOUR),
	    USHER_ACCEPT, "rules[0]", USHER_BY_RULE);
}

static void
an_override_is_for_its_party_and_topic(void **state)
{
	struct fixture *fixture = *state;
	const struct usher_override opens = { true, 0, "vip", "search", tuesday,
		tuesday + DAY };
	const struct usher_memory memory = { .override_count = 1,
		.overrides = &opens };

	deciding_prefer(fixture,
	    "parties = { vip = { organizations = [ "
	    "\"vip.example\" ]; }; }; topics = { search = [ \"search\" ]; };"
	    " otherwise = \"refuse\";");
	deciding_approach(fixture, USHER_EMAIL, "a@vip.example", true,
	    USHER_ALL);
	assert_int_equal(deciding_verdict(fixture, &memory, tuesday)->answer,
	    USHER_REFUSE);
	assert_int_equal(usher_facts_subject(fixture->facts, "search", 6), 0);
	assert_int_equal(deciding_verdict(fixture, &memory, tuesday)->answer,
	    USHER_ACCEPT);
	deciding_approach(fixture, USHER_EMAIL, "a@vip.example", false,
	    USHER_ALL);
	assert_int_equal(usher_facts_subject(fixture->facts, "search", 6), 0);
	assert_int_equal(deciding_verdict(fixture, &memory, tuesday)->answer,
	    USHER_REFUSE);
}

/* ---- promises ---- */

static const char windows[] =
    "rules = ( { name = \"w\"; if = { channel = "
    "\"email\"; }; then = \"accept\"; during = \"09:00-10:00\"; } );";

static struct promise
promise_of(const char *rule)
{
	return (struct promise){ .channel = USHER_EMAIL,
		.from = tuesday + 9 * HOUR,
		.until = tuesday + 10 * HOUR,
		.kept_until = tuesday + 5 * DAY,
		.rule = rule };
}

static void
a_promise_lifts_the_time(void **state)
{
	struct fixture *fixture = *state;
	const struct promise promise = promise_of("w");
	const struct usher_memory memory = { .promise_count = 1,
		.promises = &promise };

	deciding_prefer(fixture, windows);
	deciding_approach(fixture, USHER_EMAIL, "bob@vendor.example", false,
	    USHER_ALL);
	assert_verdict(deciding_verdict(fixture, &memory,
			   tuesday + 9 * HOUR - 1),
	    USHER_DEFER, "w", USHER_OUTSIDE_HOURS);
	assert_verdict(deciding_verdict(fixture, &memory, tuesday + 20 * HOUR),
	    USHER_ACCEPT, "w", USHER_BY_PROMISE);
	assert_verdict(deciding_verdict(fixture, &memory, tuesday + 5 * DAY),
	    USHER_DEFER, "w", USHER_OUTSIDE_HOURS);
}

static void
a_promise_is_of_its_channel(void **state)
{
	struct fixture *fixture = *state;
	struct promise promise = promise_of("w");
	const struct usher_memory memory = { .promise_count = 1,
		.promises = &promise };

	promise.channel = USHER_PHONE;
	deciding_prefer(fixture, windows);
	deciding_approach(fixture, USHER_EMAIL, "bob@vendor.example", false,
	    USHER_ALL);
	assert_int_equal(deciding_verdict(fixture, &memory, tuesday + 20 * HOUR)
			     ->answer,
	    USHER_DEFER);
}

static void
a_moved_window_keeps_its_word(void **state)
{
	struct fixture *fixture = *state;
	const struct promise promise = promise_of("w");
	const struct usher_memory memory = { .promise_count = 1,
		.promises = &promise };

	deciding_prefer(fixture,
	    "rules = ( { name = \"w\"; then = \"accept\"; during ="
	    " \"Sat 14:00-15:00\"; } );");
	deciding_approach(fixture, USHER_EMAIL, "bob@vendor.example", false,
	    USHER_ALL);
	assert_verdict(deciding_verdict(fixture, &memory, tuesday + 9 * HOUR),
	    USHER_ACCEPT, "w", USHER_BY_PROMISE);
}

static void
a_removed_rule_a_refusal_and_an_override_win(void **state)
{
	struct fixture *fixture = *state;
	const struct promise promise = promise_of("w");
	const struct usher_override closes = { false, 0, NULL, NULL, tuesday,
		tuesday + DAY };
	struct usher_memory memory = { .promise_count = 1,
		.promises = &promise };

	deciding_prefer(fixture,
	    "rules = ( { name = \"v\"; then = \"accept\"; during ="
	    " \"Sat 14:00-15:00\"; } );");
	deciding_approach(fixture, USHER_EMAIL, "bob@vendor.example", false,
	    USHER_ALL);
	assert_verdict(deciding_verdict(fixture, &memory, tuesday + 9 * HOUR),
	    USHER_DEFER, "v", USHER_OUTSIDE_HOURS);
	deciding_prefer(fixture,
	    "rules = ( { if = { from = \"vendor.example\"; }; then"
	    " = \"refuse\"; }, { name = \"w\"; then = \"accept\"; during = "
	    "\"Sat 14:00-15:00\"; } );");
	deciding_approach(fixture, USHER_EMAIL, "bob@vendor.example", false,
	    USHER_ALL);
	assert_verdict(deciding_verdict(fixture, &memory, tuesday + 9 * HOUR),
	    USHER_REFUSE, "rules[0]", USHER_BY_RULE);
	deciding_prefer(fixture, windows);
	deciding_approach(fixture, USHER_EMAIL, "bob@vendor.example", false,
	    USHER_ALL);
	memory.override_count = 1;
	memory.overrides = &closes;
	assert_verdict(deciding_verdict(fixture, &memory, tuesday + 20 * HOUR),
	    USHER_DEFER, "override", USHER_BY_OVERRIDE);
}

static void
substance_and_caps_apply_under_a_promise(void **state)
{
	struct fixture *fixture = *state;
	const struct promise promise = promise_of("w");
	const struct accepted accepted = { "w", tuesday + 8 * HOUR, true,
		false };
	struct usher_memory memory = { .promise_count = 1,
		.promises = &promise };

	deciding_prefer(fixture,
	    "rules = ( { name = \"w\"; if = { channel = \"email\";"
	    " }; then = \"accept\"; during = \"09:00-10:00\"; requires = { "
	    "attachment = \"pdf\"; }; at_most = \"1 per 30d\"; } );");
	deciding_approach(fixture, USHER_EMAIL, "bob@vendor.example", false,
	    USHER_ALL);
	assert_verdict(deciding_verdict(fixture, &memory, tuesday + 20 * HOUR),
	    USHER_DEFER, "w", USHER_OUTSIDE_HOURS);
	assert_int_equal(usher_facts_set(fixture->facts, "attachment", "pdf",
			     NULL),
	    0);
	assert_verdict(deciding_verdict(fixture, &memory, tuesday + 20 * HOUR),
	    USHER_ACCEPT, "w", USHER_BY_PROMISE);
	memory.accepted_count = 1;
	memory.accepted = &accepted;
	assert_int_equal(deciding_verdict(fixture, &memory, tuesday + 20 * HOUR)
			     ->answer,
	    USHER_DEFER);
}

/* ---- memory that cannot be read ---- */

static void
without_memory_what_may_be_accepted_is(void **state)
{
	struct fixture *fixture = *state;
	const struct usher_memory memory = { .unreadable = true };

	deciding_prefer(fixture,
	    "rules = ( { name = \"k\"; if = { known = true; }; "
	    "then = \"accept\"; } ); otherwise = \"refuse\";");
	deciding_approach(fixture, USHER_EMAIL, "bob@vendor.example", true,
	    USHER_ALL);
	assert_verdict(deciding_verdict(fixture, &memory, tuesday),
	    USHER_ACCEPT, "k", USHER_NO_MEMORY);
	deciding_approach(fixture, USHER_EMAIL, "bob@vendor.example", false,
	    USHER_ALL);
	assert_verdict(deciding_verdict(fixture, &memory, tuesday),
	    USHER_REFUSE, "otherwise", USHER_BY_RULE);
	deciding_prefer(fixture,
	    "rules = ( { name = \"f\"; then = \"refuse\"; } );");
	deciding_approach(fixture, USHER_EMAIL, "bob@vendor.example", true,
	    USHER_ALL);
	assert_verdict(deciding_verdict(fixture, &memory, tuesday),
	    USHER_REFUSE, "f", USHER_BY_RULE);
}

static void
without_memory_a_cap_of_a_proven_party_is_met(void **state)
{
	struct fixture *fixture = *state;
	const struct usher_memory memory = { .unreadable = true };

	deciding_prefer(fixture, one_a_day);
	deciding_approach(fixture, USHER_EMAIL, "bob@vendor.example", true,
	    USHER_ALL);
	assert_verdict(deciding_verdict(fixture, &memory, tuesday),
	    USHER_ACCEPT, "c", USHER_NO_MEMORY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(a_cap_lets_go_when_its_time_is_over),
		WITH_FIXTURE(a_cap_and_a_window_open_together),
		WITH_FIXTURE(proven_and_claimed_attempts_count_apart),
		WITH_FIXTURE(in_all_counts_everybody),
		WITH_FIXTURE(memory_of_a_proven_party_is_for_who_proves),
		WITH_FIXTURE(tried_slides),
		WITH_FIXTURE(the_later_override_wins),
		WITH_FIXTURE(after_a_close_the_next_opening_is_told),
		WITH_FIXTURE(an_override_is_for_its_party_and_topic),
		WITH_FIXTURE(a_promise_lifts_the_time),
		WITH_FIXTURE(a_promise_is_of_its_channel),
		WITH_FIXTURE(a_moved_window_keeps_its_word),
		WITH_FIXTURE(a_removed_rule_a_refusal_and_an_override_win),
		WITH_FIXTURE(substance_and_caps_apply_under_a_promise),
		WITH_FIXTURE(without_memory_what_may_be_accepted_is),
		WITH_FIXTURE(without_memory_a_cap_of_a_proven_party_is_met),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
