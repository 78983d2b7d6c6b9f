/*
 * Deciding where the command line cannot look: facts that are not shown yet,
 * and what an introduction opens (design.md §5).
 */
#include "deciding.h"

/* ---- what the protocol has not shown ---- */

static void
a_body_is_waited_for_where_it_decides(void **state)
{
	struct fixture *fixture = *state;
	const struct usher_verdict *verdict;

	deciding_prefer(fixture,
	    "topics = { t = [ \"storage\" ]; };"
	    "rules = ( { if = { topic = \"t\"; }; then = \"refuse\"; } );");
	deciding_approach(fixture, USHER_EMAIL, "bob@vendor.example", false, 0);
	verdict = deciding_verdict(fixture, NULL, tuesday);
	assert_int_equal(verdict->answer, USHER_PENDING);
	assert_int_equal(verdict->needs, USHER_ALL);
	usher_facts_shown(fixture->facts, USHER_HEADERS);
	assert_int_equal(usher_facts_subject(fixture->facts, "Hello", 5), 0);
	verdict = deciding_verdict(fixture, NULL, tuesday);
	assert_int_equal(verdict->answer, USHER_PENDING);
	assert_int_equal(verdict->needs, USHER_BODY);
	usher_facts_shown(fixture->facts, USHER_ALL);
	assert_verdict(deciding_verdict(fixture, NULL, tuesday), USHER_ACCEPT,
	    "otherwise", USHER_BY_RULE);
}

static void
what_was_found_is_not_waited_for(void **state)
{
	struct fixture *fixture = *state;

	deciding_prefer(fixture,
	    "topics = { t = [ \"storage\" ]; };"
	    "rules = ( { name = \"t\"; if = { topic = \"t\"; };"
	    " then = \"refuse\"; } );");
	deciding_approach(fixture, USHER_EMAIL, "bob@vendor.example", false,
	    USHER_HEADERS);
	assert_int_equal(usher_facts_subject(fixture->facts, "Storage!", 8), 0);
	assert_verdict(deciding_verdict(fixture, NULL, tuesday), USHER_REFUSE,
	    "t", USHER_BY_RULE);
}

static void
who_is_refused_by_envelope_is_refused_at_once(void **state)
{
	struct fixture *fixture = *state;

	deciding_prefer(fixture,
	    "rules = ( { name = \"pest\"; if = { from = "
	    "\"pest.example\"; }; then = \"refuse\"; }, { if = { purpose = "
	    "\"sales\"; }; then = \"defer\"; } );");
	deciding_approach(fixture, USHER_EMAIL, "a@pest.example", false, 0);
	assert_verdict(deciding_verdict(fixture, NULL, tuesday), USHER_REFUSE,
	    "pest", USHER_BY_RULE);
	deciding_approach(fixture, USHER_EMAIL, "a@else.example", false, 0);
	assert_int_equal(deciding_verdict(fixture, NULL, tuesday)->answer,
	    USHER_PENDING);
}

/* An unknown condition above makes two ends, and they must be alike. */
static void
ends_alike_are_one_end_by_the_same_rule_only(void **state)
{
	struct fixture *fixture = *state;

	deciding_prefer(fixture,
	    "rules = ( { name = \"a\"; if = { words = \">9\"; };"
	    " then = \"refuse\"; }, { name = \"b\"; then = \"refuse\"; } );");
	deciding_approach(fixture, USHER_EMAIL, "bob@vendor.example", false, 0);
	assert_int_equal(deciding_verdict(fixture, NULL, tuesday)->answer,
	    USHER_PENDING);
	deciding_prefer(fixture,
	    "rules = ( { name = \"a\"; if = { words = \">9\"; };"
	    " then = \"accept\"; during = \"09:00-10:00\"; else = \"next\"; },"
	    " { name = \"b\"; then = \"refuse\"; } );");
	deciding_approach(fixture, USHER_EMAIL, "bob@vendor.example", false, 0);
	assert_verdict(deciding_verdict(fixture, NULL, tuesday), USHER_REFUSE,
	    "b", USHER_BY_RULE);
	assert_int_equal(deciding_verdict(fixture, NULL, tuesday + 9 * HOUR)
			     ->answer,
	    USHER_PENDING);
}

static void
a_limiter_not_shown_yet_is_asked_not_missing(void **state)
{
	struct fixture *fixture = *state;
	const struct usher_verdict *verdict;

	deciding_prefer(fixture,
	    "rules = ( { name = \"a\"; then = \"accept\"; during ="
	    " \"09:00-10:00\"; requires = { attachment = \"pdf\"; }; } );");
	deciding_approach(fixture, USHER_EMAIL, "bob@vendor.example", false, 0);
	verdict = deciding_verdict(fixture, NULL, tuesday);
	assert_verdict(verdict, USHER_DEFER, "a", USHER_OUTSIDE_HOURS);
	assert_opening(&verdict->opening, tuesday + 9 * HOUR,
	    tuesday + 10 * HOUR);
	assert_int_equal(verdict->missing_count, 1);
	assert_true(verdict->asked);
	usher_facts_shown(fixture->facts, USHER_ALL);
	verdict = deciding_verdict(fixture, NULL, tuesday);
	assert_int_equal(verdict->missing_count, 1);
	assert_false(verdict->asked);
	usher_facts_shown(fixture->facts, 0);
	verdict = deciding_verdict(fixture, NULL, tuesday + 9 * HOUR);
	assert_int_equal(verdict->answer, USHER_PENDING);
}

static void
an_opening_that_what_is_unshown_moves_is_waited_for(void **state)
{
	struct fixture *fixture = *state;

	deciding_prefer(fixture,
	    "rules = ( { then = \"defer\"; during = "
	    "\"00:00-12:00\"; }, { if = { purpose = \"sales\"; }; then = "
	    "\"defer\"; during = \"12:00-15:00\"; } );");
	deciding_approach(fixture, USHER_EMAIL, "bob@vendor.example", false, 0);
	assert_int_equal(deciding_verdict(fixture, NULL, tuesday)->answer,
	    USHER_PENDING);
	usher_facts_purpose(fixture->facts, USHER_SALES);
	assert_opening(&deciding_verdict(fixture, NULL, tuesday)->opening,
	    tuesday + 15 * HOUR, tuesday + DAY);
}

static void
proof_may_still_come_with_the_headers(void **state)
{
	struct fixture *fixture = *state;
	const struct usher_verdict *verdict;

	deciding_prefer(fixture,
	    "parties = { vip = { organizations = [ "
	    "\"vip.example\" ]; }; }; rules = ( { if = { party = \"vip\"; };"
	    " then = \"accept\"; } ); otherwise = \"refuse\";");
	deciding_approach(fixture, USHER_EMAIL, "a@else.example", false, 0);
	verdict = deciding_verdict(fixture, NULL, tuesday);
	assert_int_equal(verdict->answer, USHER_PENDING);
	assert_int_equal(verdict->needs, USHER_HEADERS);
	usher_facts_shown(fixture->facts, USHER_HEADERS);
	assert_verdict(deciding_verdict(fixture, NULL, tuesday), USHER_REFUSE,
	    "otherwise", USHER_BY_RULE);
	assert_int_equal(usher_facts_prove(fixture->facts, "a@vip.example",
			     NULL),
	    0);
	assert_verdict(deciding_verdict(fixture, NULL, tuesday), USHER_ACCEPT,
	    "rules[0]", USHER_BY_RULE);
}

static void
a_code_may_still_come_with_the_headers(void **state)
{
	struct fixture *fixture = *state;
	const struct usher_verdict *verdict;

	deciding_prefer(fixture,
	    "parties = { preferred = { code = true; }; }; rules = "
	    "( { name = \"p\"; if = { party = \"preferred\"; }; then = "
	    "\"accept\"; } ); otherwise = \"refuse\";");
	deciding_approach(fixture, USHER_EMAIL, "bob@vendor.example", false, 0);
	verdict = deciding_verdict(fixture, NULL, tuesday);
	assert_int_equal(verdict->answer, USHER_PENDING);
	assert_int_equal(verdict->needs, USHER_HEADERS);
	assert_int_equal(usher_facts_set(fixture->facts, "code", "preferred",
			     NULL),
	    0);
	assert_verdict(deciding_verdict(fixture, NULL, tuesday), USHER_ACCEPT,
	    "p", USHER_BY_RULE);
}

/* What is asked of an MTA: also what the target of a mail depends on. */
static void
a_policy_says_what_a_mail_must_show(void **state)
{
	struct fixture *fixture = *state;

	deciding_prefer(fixture,
	    "rules = ( { if = { channel = \"phone\"; purpose = "
	    "\"sales\"; }; then = \"defer\"; }, { if = { network = "
	    "\"192.0.2.0/24\"; }; then = \"redirect\"; to = [ \"email\", "
	    "\"page\" ]; } );");
	assert_int_equal(usher_policy_needs(fixture->policy), 0);
	assert_true(usher_policy_weighs(fixture->policy));
	assert_false(usher_policy_names_channel(fixture->policy, USHER_VIDEO));
	deciding_prefer(fixture,
	    "rules = ( { if = { channel = \"phone\"; purpose = "
	    "\"sales\"; }; then = \"defer\"; }, { unless = { channel = "
	    "\"video\"; }; then = \"redirect\"; to = \"phone\"; } );");
	assert_int_equal(usher_policy_needs(fixture->policy), USHER_ALL);
	assert_true(usher_policy_names_channel(fixture->policy, USHER_VIDEO));
	deciding_prefer(fixture,
	    "rules = ( { if = { stranger = true; }; then = "
	    "\"defer\"; } );");
	assert_int_equal(usher_policy_needs(fixture->policy), USHER_HEADERS);
	assert_false(usher_policy_weighs(fixture->policy));
}

static void
a_call_has_shown_all(void **state)
{
	struct fixture *fixture = *state;

	deciding_prefer(fixture,
	    "rules = ( { if = { purpose = \"sales\"; }; then = "
	    "\"refuse\"; } );");
	usher_facts_free(fixture->facts);
	assert_int_equal(usher_facts_new(fixture->conf, USHER_PHONE,
			     &fixture->facts),
	    0);
	assert_verdict(deciding_verdict(fixture, NULL, tuesday), USHER_ACCEPT,
	    "otherwise", USHER_BY_RULE);
}

static void
nobody_published_is_left_alone(void **state)
{
	struct fixture *fixture = *state;

	deciding_forget(fixture);
	deciding_approach(fixture, USHER_EMAIL, "bob@vendor.example", false, 0);
	assert_verdict(deciding_verdict(fixture, NULL, tuesday), USHER_ACCEPT,
	    "safety", USHER_FOR_SAFETY);
}

/* ---- redirects ---- */

static void
introduced_by_a_target_the_channel_here_opens(void **state)
{
	struct fixture *fixture = *state;
	const struct usher_memory memory = { .unreadable = false };
	const struct usher_verdict *verdict;

	deciding_prefer(fixture,
	    "rules = ( { name = \"i\"; if = { channel = \"phone\";"
	    " introduced = true; }; then = \"accept\"; during = "
	    "\"16:00-17:00\"; }, { name = \"r\"; if = { channel = \"phone\"; "
	    "}; then = \"redirect\"; to = \"email\"; }, { name = \"e\"; if = "
	    "{ channel = \"email\"; purpose = \"sales\"; }; then = "
	    "\"accept\"; introduces = true; } );");
	deciding_approach(fixture, USHER_PHONE, "+442071234567", true,
	    USHER_ALL);
	verdict = deciding_verdict(fixture, &memory, tuesday + 12 * HOUR);
	assert_verdict(verdict, USHER_REDIRECT, "r", USHER_BY_RULE);
	assert_false(verdict->opening.exists);
	assert_opening(&verdict->introduced, tuesday + 16 * HOUR,
	    tuesday + 17 * HOUR);
	/* Nothing would remember it: it is not told. */
	verdict = deciding_verdict(fixture, NULL, tuesday + 12 * HOUR);
	assert_false(verdict->introduced.exists);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(a_body_is_waited_for_where_it_decides),
		WITH_FIXTURE(what_was_found_is_not_waited_for),
		WITH_FIXTURE(who_is_refused_by_envelope_is_refused_at_once),
		WITH_FIXTURE(ends_alike_are_one_end_by_the_same_rule_only),
		WITH_FIXTURE(a_limiter_not_shown_yet_is_asked_not_missing),
		WITH_FIXTURE(
		    an_opening_that_what_is_unshown_moves_is_waited_for),
		WITH_FIXTURE(proof_may_still_come_with_the_headers),
		WITH_FIXTURE(a_code_may_still_come_with_the_headers),
		WITH_FIXTURE(a_policy_says_what_a_mail_must_show),
		WITH_FIXTURE(a_call_has_shown_all),
		WITH_FIXTURE(nobody_published_is_left_alone),
		WITH_FIXTURE(introduced_by_a_target_the_channel_here_opens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
