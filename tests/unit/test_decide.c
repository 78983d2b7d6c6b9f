/*
 * Deciding where the command line cannot look: facts not shown yet, what is
 * remembered, promises and overrides, memory that runs out (design.md §4, §5).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "site.h"
#include "usher.h"
#include "zone.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };

/* Tuesday 2026-11-24, 00:00 UTC; preferences here are in UTC. */
static const int64_t tuesday = 1795478400;

struct fixture {
	struct zones *zones;
	struct usher_conf *conf;
	struct usher_policy *policy;
	struct usher_facts *facts;
	struct usher_decision *decision;
};

static int
set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct usher_error error;

	assert_non_null(fixture);
	fixture->zones = usher_zones_new();
	assert_non_null(fixture->zones);
	assert_int_equal(usher_conf_read(&fixture->conf, fixture->zones, NULL,
			     NULL, &error),
	    0);
	*state = fixture;
	return 0;
}

static void
forget(struct fixture *fixture)
{
	usher_facts_free(fixture->facts);
	usher_policy_release(fixture->policy);
	fixture->facts = NULL;
	fixture->policy = NULL;
}

static int
tear_down(void **state)
{
	struct fixture *fixture = *state;

	forget(fixture);
	usher_decision_free(fixture->decision);
	usher_conf_release(fixture->conf);
	usher_zones_free(fixture->zones);
	free(fixture);
	return 0;
}

/* Preferences of alice@example.com in UTC. */
static void
prefer(struct fixture *fixture, const char *rest)
{
	struct usher_problems *problems = usher_problems_new();
	char text[4000];
	int length = snprintf(text, sizeof(text),
	    "addresses = [ \"alice@example.com\" ]; timezone = \"UTC\"; %s",
	    rest);

	assert_true(length > 0 && (size_t)length < sizeof(text));
	forget(fixture);
	if (usher_policy_compile(fixture->conf, "alice.conf", text,
		(size_t)length, &fixture->policy, problems) != 0)
		fail_msg("%s", usher_problems_get(problems, 0)->text);
	usher_problems_free(problems);
}

/* Who approaches; a mail has shown `shown`. */
static void
approach(struct fixture *fixture, enum usher_channel channel, const char *who,
    bool proven, unsigned shown)
{
	usher_facts_free(fixture->facts);
	assert_int_equal(usher_facts_new(fixture->conf, channel,
			     &fixture->facts),
	    0);
	usher_facts_shown(fixture->facts, shown);
	assert_int_equal(proven ? usher_facts_prove(fixture->facts, who, NULL)
				: usher_facts_claim(fixture->facts, who, NULL),
	    0);
}

static const struct usher_verdict *
decide(struct fixture *fixture, const struct usher_memory *memory, int64_t at)
{
	const struct usher_question question = { .policy = fixture->policy,
		.facts = fixture->facts,
		.memory = memory,
		.at = at,
		.trace = true };

	assert_int_equal(usher_decide(NULL, &question, &fixture->decision,
			     NULL),
	    0);
	return usher_decision_verdict(fixture->decision);
}

static void
assert_verdict(const struct usher_verdict *verdict, enum usher_answer answer,
    const char *rule, enum usher_reason reason)
{
	assert_string_equal(usher_answer_word(verdict->answer),
	    usher_answer_word(answer));
	assert_string_equal(verdict->rule, rule);
	assert_string_equal(usher_reason_word(verdict->reason),
	    usher_reason_word(reason));
}

static void
assert_opening(const struct usher_opening *opening, int64_t from, int64_t until)
{
	assert_true(opening->exists);
	assert_int_equal(opening->from, from);
	assert_int_equal(opening->until, until);
}

/* ---- what the protocol has not shown ---- */

static void
a_body_is_waited_for_where_it_decides(void **state)
{
	struct fixture *fixture = *state;
	const struct usher_verdict *verdict;

	prefer(fixture,
	    "topics = { t = [ \"storage\" ]; };"
	    "rules = ( { if = { topic = \"t\"; }; then = \"refuse\"; } );");
	approach(fixture, USHER_EMAIL, "bob@vendor.example", false, 0);
	verdict = decide(fixture, NULL, tuesday);
	assert_int_equal(verdict->answer, USHER_PENDING);
	assert_int_equal(verdict->needs, USHER_ALL);
	usher_facts_shown(fixture->facts, USHER_HEADERS);
	assert_int_equal(usher_facts_subject(fixture->facts, "Hello", 5), 0);
	verdict = decide(fixture, NULL, tuesday);
	assert_int_equal(verdict->answer, USHER_PENDING);
	assert_int_equal(verdict->needs, USHER_BODY);
	usher_facts_shown(fixture->facts, USHER_ALL);
	assert_verdict(decide(fixture, NULL, tuesday), USHER_ACCEPT,
	    "otherwise", USHER_BY_RULE);
}

static void
what_was_found_is_not_waited_for(void **state)
{
	struct fixture *fixture = *state;

	prefer(fixture,
	    "topics = { t = [ \"storage\" ]; };"
	    "rules = ( { name = \"t\"; if = { topic = \"t\"; };"
	    " then = \"refuse\"; } );");
	approach(fixture, USHER_EMAIL, "bob@vendor.example", false,
	    USHER_HEADERS);
	assert_int_equal(usher_facts_subject(fixture->facts, "Storage!", 8), 0);
	assert_verdict(decide(fixture, NULL, tuesday), USHER_REFUSE, "t",
	    USHER_BY_RULE);
}

static void
who_is_refused_by_envelope_is_refused_at_once(void **state)
{
	struct fixture *fixture = *state;

	prefer(fixture,
	    "rules = ( { name = \"pest\"; if = { from = "
	    "\"pest.example\"; }; then = \"refuse\"; }, { if = { purpose = "
	    "\"sales\"; }; then = \"defer\"; } );");
	approach(fixture, USHER_EMAIL, "a@pest.example", false, 0);
	assert_verdict(decide(fixture, NULL, tuesday), USHER_REFUSE, "pest",
	    USHER_BY_RULE);
	approach(fixture, USHER_EMAIL, "a@else.example", false, 0);
	assert_int_equal(decide(fixture, NULL, tuesday)->answer, USHER_PENDING);
}

/* An unknown condition above makes two ends, and they must be alike. */
static void
ends_alike_are_one_end_by_the_same_rule_only(void **state)
{
	struct fixture *fixture = *state;

	prefer(fixture,
	    "rules = ( { name = \"a\"; if = { words = \">9\"; };"
	    " then = \"refuse\"; }, { name = \"b\"; then = \"refuse\"; } );");
	approach(fixture, USHER_EMAIL, "bob@vendor.example", false, 0);
	assert_int_equal(decide(fixture, NULL, tuesday)->answer, USHER_PENDING);
	prefer(fixture,
	    "rules = ( { name = \"a\"; if = { words = \">9\"; };"
	    " then = \"accept\"; during = \"09:00-10:00\"; else = \"next\"; },"
	    " { name = \"b\"; then = \"refuse\"; } );");
	approach(fixture, USHER_EMAIL, "bob@vendor.example", false, 0);
	assert_verdict(decide(fixture, NULL, tuesday), USHER_REFUSE, "b",
	    USHER_BY_RULE);
	assert_int_equal(decide(fixture, NULL, tuesday + 9 * HOUR)->answer,
	    USHER_PENDING);
}

static void
a_limiter_not_shown_yet_is_asked_not_missing(void **state)
{
	struct fixture *fixture = *state;
	const struct usher_verdict *verdict;

	prefer(fixture,
	    "rules = ( { name = \"a\"; then = \"accept\"; during ="
	    " \"09:00-10:00\"; requires = { attachment = \"pdf\"; }; } );");
	approach(fixture, USHER_EMAIL, "bob@vendor.example", false, 0);
	verdict = decide(fixture, NULL, tuesday);
	assert_verdict(verdict, USHER_DEFER, "a", USHER_OUTSIDE_HOURS);
	assert_opening(&verdict->opening, tuesday + 9 * HOUR,
	    tuesday + 10 * HOUR);
	assert_int_equal(verdict->missing_count, 1);
	assert_true(verdict->asked);
	usher_facts_shown(fixture->facts, USHER_ALL);
	verdict = decide(fixture, NULL, tuesday);
	assert_int_equal(verdict->missing_count, 1);
	assert_false(verdict->asked);
	usher_facts_shown(fixture->facts, 0);
	verdict = decide(fixture, NULL, tuesday + 9 * HOUR);
	assert_int_equal(verdict->answer, USHER_PENDING);
}

static void
an_opening_that_what_is_unshown_moves_is_waited_for(void **state)
{
	struct fixture *fixture = *state;

	prefer(fixture,
	    "rules = ( { then = \"defer\"; during = "
	    "\"00:00-12:00\"; }, { if = { purpose = \"sales\"; }; then = "
	    "\"defer\"; during = \"12:00-15:00\"; } );");
	approach(fixture, USHER_EMAIL, "bob@vendor.example", false, 0);
	assert_int_equal(decide(fixture, NULL, tuesday)->answer, USHER_PENDING);
	usher_facts_purpose(fixture->facts, USHER_SALES);
	assert_opening(&decide(fixture, NULL, tuesday)->opening,
	    tuesday + 15 * HOUR, tuesday + DAY);
}

static void
proof_may_still_come_with_the_headers(void **state)
{
	struct fixture *fixture = *state;
	const struct usher_verdict *verdict;

	prefer(fixture,
	    "parties = { vip = { organizations = [ "
	    "\"vip.example\" ]; }; }; rules = ( { if = { party = \"vip\"; };"
	    " then = \"accept\"; } ); otherwise = \"refuse\";");
	approach(fixture, USHER_EMAIL, "a@else.example", false, 0);
	verdict = decide(fixture, NULL, tuesday);
	assert_int_equal(verdict->answer, USHER_PENDING);
	assert_int_equal(verdict->needs, USHER_HEADERS);
	usher_facts_shown(fixture->facts, USHER_HEADERS);
	assert_verdict(decide(fixture, NULL, tuesday), USHER_REFUSE,
	    "otherwise", USHER_BY_RULE);
	assert_int_equal(usher_facts_prove(fixture->facts, "a@vip.example",
			     NULL),
	    0);
	assert_verdict(decide(fixture, NULL, tuesday), USHER_ACCEPT, "rules[0]",
	    USHER_BY_RULE);
}

static void
a_code_may_still_come_with_the_headers(void **state)
{
	struct fixture *fixture = *state;
	const struct usher_verdict *verdict;

	prefer(fixture,
	    "parties = { preferred = { code = true; }; }; rules = "
	    "( { name = \"p\"; if = { party = \"preferred\"; }; then = "
	    "\"accept\"; } ); otherwise = \"refuse\";");
	approach(fixture, USHER_EMAIL, "bob@vendor.example", false, 0);
	verdict = decide(fixture, NULL, tuesday);
	assert_int_equal(verdict->answer, USHER_PENDING);
	assert_int_equal(verdict->needs, USHER_HEADERS);
	assert_int_equal(usher_facts_set(fixture->facts, "code", "preferred",
			     NULL),
	    0);
	assert_verdict(decide(fixture, NULL, tuesday), USHER_ACCEPT, "p",
	    USHER_BY_RULE);
}

/* What is asked of an MTA: also what the target of a mail depends on. */
static void
a_policy_says_what_a_mail_must_show(void **state)
{
	struct fixture *fixture = *state;

	prefer(fixture,
	    "rules = ( { if = { channel = \"phone\"; purpose = "
	    "\"sales\"; }; then = \"defer\"; }, { if = { network = "
	    "\"192.0.2.0/24\"; }; then = \"redirect\"; to = [ \"email\", "
	    "\"page\" ]; } );");
	assert_int_equal(usher_policy_needs(fixture->policy), 0);
	assert_false(usher_policy_names_channel(fixture->policy, USHER_VIDEO));
	prefer(fixture,
	    "rules = ( { if = { channel = \"phone\"; purpose = "
	    "\"sales\"; }; then = \"defer\"; }, { unless = { channel = "
	    "\"video\"; }; then = \"redirect\"; to = \"phone\"; } );");
	assert_int_equal(usher_policy_needs(fixture->policy), USHER_ALL);
	assert_true(usher_policy_names_channel(fixture->policy, USHER_VIDEO));
	prefer(fixture,
	    "rules = ( { if = { stranger = true; }; then = "
	    "\"defer\"; } );");
	assert_int_equal(usher_policy_needs(fixture->policy), USHER_HEADERS);
}

static void
a_call_has_shown_all(void **state)
{
	struct fixture *fixture = *state;

	prefer(fixture,
	    "rules = ( { if = { purpose = \"sales\"; }; then = "
	    "\"refuse\"; } );");
	usher_facts_free(fixture->facts);
	assert_int_equal(usher_facts_new(fixture->conf, USHER_PHONE,
			     &fixture->facts),
	    0);
	assert_verdict(decide(fixture, NULL, tuesday), USHER_ACCEPT,
	    "otherwise", USHER_BY_RULE);
}

static void
nobody_published_is_left_alone(void **state)
{
	struct fixture *fixture = *state;

	forget(fixture);
	approach(fixture, USHER_EMAIL, "bob@vendor.example", false, 0);
	assert_verdict(decide(fixture, NULL, tuesday), USHER_ACCEPT, "safety",
	    USHER_FOR_SAFETY);
}

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

	prefer(fixture, one_a_day);
	approach(fixture, USHER_EMAIL, "bob@vendor.example", true, USHER_ALL);
	verdict = decide(fixture, &memory, tuesday + 6 * HOUR);
	assert_verdict(verdict, USHER_DEFER, "c", USHER_CAP_REACHED);
	assert_opening(&verdict->opening, tuesday + DAY, INT64_MAX);
	verdict = decide(fixture, &memory, tuesday + DAY - 1);
	assert_int_equal(verdict->answer, USHER_DEFER);
	assert_verdict(decide(fixture, &memory, tuesday + DAY), USHER_ACCEPT,
	    "c", USHER_BY_RULE);
}

static void
a_cap_and_a_window_open_together(void **state)
{
	struct fixture *fixture = *state;
	const struct accepted accepted = { "c",
		tuesday + 9 * HOUR + 30 * MINUTE, true, true };
	const struct usher_memory memory = { .accepted_count = 1,
		.accepted = &accepted };

	prefer(fixture,
	    "rules = ( { name = \"c\"; then = \"accept\"; during ="
	    " \"09:00-10:00\"; at_most = \"1 per 1d\"; } );");
	approach(fixture, USHER_EMAIL, "bob@vendor.example", true, USHER_ALL);
	assert_opening(&decide(fixture, &memory,
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

	prefer(fixture, one_a_day);
	approach(fixture, USHER_EMAIL, "bob@vendor.example", true, USHER_ALL);
	assert_int_equal(decide(fixture, &memory, tuesday + 1)->answer,
	    USHER_ACCEPT);
	approach(fixture, USHER_EMAIL, "bob@vendor.example", false, USHER_ALL);
	assert_int_equal(decide(fixture, &memory, tuesday + 1)->answer,
	    USHER_DEFER);
	accepted.proven = true;
	assert_int_equal(decide(fixture, &memory, tuesday + 1)->answer,
	    USHER_ACCEPT);
	accepted.same_party = false;
	approach(fixture, USHER_EMAIL, "bob@vendor.example", true, USHER_ALL);
	assert_int_equal(decide(fixture, &memory, tuesday + 1)->answer,
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

	prefer(fixture,
	    "rules = ( { name = \"c\"; then = \"accept\"; at_most "
	    "= [ \"9 per 1d\", \"2 per 1d in all\" ]; } );");
	approach(fixture, USHER_EMAIL, "bob@vendor.example", true, USHER_ALL);
	verdict = decide(fixture, &memory, tuesday + 2 * HOUR);
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

	prefer(fixture,
	    "rules = ( { name = \"k\"; if = { known = true; stage "
	    "= \"customer\"; standing = \"good\"; stranger = false; }; then ="
	    " \"accept\"; } ); otherwise = \"refuse\";");
	approach(fixture, USHER_EMAIL, "bob@vendor.example", true, USHER_ALL);
	assert_verdict(decide(fixture, &memory, tuesday), USHER_ACCEPT, "k",
	    USHER_BY_RULE);
	approach(fixture, USHER_EMAIL, "bob@vendor.example", false, USHER_ALL);
	assert_int_equal(decide(fixture, &memory, tuesday)->answer,
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

	prefer(fixture,
	    "rules = ( { name = \"t\"; if = { tried = \"2 per 1d\""
	    "; }; then = \"defer\"; } );");
	approach(fixture, USHER_EMAIL, "bob@vendor.example", true, USHER_ALL);
	verdict = decide(fixture, &memory, tuesday + 2 * HOUR);
	assert_verdict(verdict, USHER_DEFER, "t", USHER_BY_RULE);
	assert_opening(&verdict->opening, tuesday + DAY, INT64_MAX);
	assert_int_equal(decide(fixture, &memory, tuesday + DAY)->answer,
	    USHER_ACCEPT);
}

/* ---- overrides ---- */

static void
the_later_override_wins(void **state)
{
	struct fixture *fixture = *state;
	const struct override both[] = { { true, 0, NULL, NULL, tuesday,
					     tuesday + 3 * HOUR },
		{ false, 0, NULL, NULL, tuesday + HOUR, tuesday + 2 * HOUR } };
	const struct usher_memory memory = { .override_count = COUNT(both),
		.overrides = both };
	const struct usher_verdict *verdict;

	prefer(fixture, "otherwise = \"refuse\";");
	approach(fixture, USHER_EMAIL, "bob@vendor.example", false, USHER_ALL);
	assert_verdict(decide(fixture, &memory, tuesday + MINUTE), USHER_ACCEPT,
	    "override", USHER_BY_OVERRIDE);
	verdict = decide(fixture, &memory, tuesday + HOUR);
	assert_verdict(verdict, USHER_DEFER, "override", USHER_BY_OVERRIDE);
	assert_opening(&verdict->opening, tuesday + 2 * HOUR,
	    tuesday + 3 * HOUR);
	assert_verdict(decide(fixture, &memory, tuesday + 3 * HOUR),
	    USHER_REFUSE, "otherwise", USHER_BY_RULE);
}

/* A close that ends at night: the opening is the window's, not its end. */
static void
after_a_close_the_next_opening_is_told(void **state)
{
	struct fixture *fixture = *state;
	const struct override closes = { false, 1u << USHER_EMAIL, NULL, NULL,
		tuesday, tuesday + 20 * HOUR };
	const struct usher_memory memory = { .override_count = 1,
		.overrides = &closes };

	prefer(fixture,
	    "rules = ( { then = \"accept\"; during = "
	    "\"09:00-10:00\"; } );");
	approach(fixture, USHER_EMAIL, "bob@vendor.example", false, USHER_ALL);
	assert_opening(&decide(fixture, &memory, tuesday + HOUR)->opening,
	    tuesday + DAY + 9 * HOUR, tuesday + DAY + 10 * HOUR);
	approach(fixture, USHER_PHONE, "+442071234567", false, USHER_ALL);
	assert_verdict(decide(fixture, &memory, tuesday + 9 * HOUR),
	    USHER_ACCEPT, "rules[0]", USHER_BY_RULE);
}

static void
an_override_is_for_its_party_and_topic(void **state)
{
	struct fixture *fixture = *state;
	const struct override opens = { true, 0, "vip", "search", tuesday,
		tuesday + DAY };
	const struct usher_memory memory = { .override_count = 1,
		.overrides = &opens };

	prefer(fixture,
	    "parties = { vip = { organizations = [ "
	    "\"vip.example\" ]; }; }; topics = { search = [ \"search\" ]; };"
	    " otherwise = \"refuse\";");
	approach(fixture, USHER_EMAIL, "a@vip.example", true, USHER_ALL);
	assert_int_equal(decide(fixture, &memory, tuesday)->answer,
	    USHER_REFUSE);
	assert_int_equal(usher_facts_subject(fixture->facts, "search", 6), 0);
	assert_int_equal(decide(fixture, &memory, tuesday)->answer,
	    USHER_ACCEPT);
	approach(fixture, USHER_EMAIL, "a@vip.example", false, USHER_ALL);
	assert_int_equal(usher_facts_subject(fixture->facts, "search", 6), 0);
	assert_int_equal(decide(fixture, &memory, tuesday)->answer,
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

	prefer(fixture, windows);
	approach(fixture, USHER_EMAIL, "bob@vendor.example", false, USHER_ALL);
	assert_verdict(decide(fixture, &memory, tuesday + 9 * HOUR - 1),
	    USHER_DEFER, "w", USHER_OUTSIDE_HOURS);
	assert_verdict(decide(fixture, &memory, tuesday + 20 * HOUR),
	    USHER_ACCEPT, "w", USHER_BY_PROMISE);
	assert_verdict(decide(fixture, &memory, tuesday + 5 * DAY), USHER_DEFER,
	    "w", USHER_OUTSIDE_HOURS);
}

static void
a_promise_is_of_its_channel(void **state)
{
	struct fixture *fixture = *state;
	struct promise promise = promise_of("w");
	const struct usher_memory memory = { .promise_count = 1,
		.promises = &promise };

	promise.channel = USHER_PHONE;
	prefer(fixture, windows);
	approach(fixture, USHER_EMAIL, "bob@vendor.example", false, USHER_ALL);
	assert_int_equal(decide(fixture, &memory, tuesday + 20 * HOUR)->answer,
	    USHER_DEFER);
}

static void
a_moved_window_keeps_its_word(void **state)
{
	struct fixture *fixture = *state;
	const struct promise promise = promise_of("w");
	const struct usher_memory memory = { .promise_count = 1,
		.promises = &promise };

	prefer(fixture,
	    "rules = ( { name = \"w\"; then = \"accept\"; during ="
	    " \"Sat 14:00-15:00\"; } );");
	approach(fixture, USHER_EMAIL, "bob@vendor.example", false, USHER_ALL);
	assert_verdict(decide(fixture, &memory, tuesday + 9 * HOUR),
	    USHER_ACCEPT, "w", USHER_BY_PROMISE);
}

static void
a_removed_rule_a_refusal_and_an_override_win(void **state)
{
	struct fixture *fixture = *state;
	const struct promise promise = promise_of("w");
	const struct override closes = { false, 0, NULL, NULL, tuesday,
		tuesday + DAY };
	struct usher_memory memory = { .promise_count = 1,
		.promises = &promise };

	prefer(fixture,
	    "rules = ( { name = \"v\"; then = \"accept\"; during ="
	    " \"Sat 14:00-15:00\"; } );");
	approach(fixture, USHER_EMAIL, "bob@vendor.example", false, USHER_ALL);
	assert_verdict(decide(fixture, &memory, tuesday + 9 * HOUR),
	    USHER_DEFER, "v", USHER_OUTSIDE_HOURS);
	prefer(fixture,
	    "rules = ( { if = { from = \"vendor.example\"; }; then"
	    " = \"refuse\"; }, { name = \"w\"; then = \"accept\"; during = "
	    "\"Sat 14:00-15:00\"; } );");
	approach(fixture, USHER_EMAIL, "bob@vendor.example", false, USHER_ALL);
	assert_verdict(decide(fixture, &memory, tuesday + 9 * HOUR),
	    USHER_REFUSE, "rules[0]", USHER_BY_RULE);
	prefer(fixture, windows);
	approach(fixture, USHER_EMAIL, "bob@vendor.example", false, USHER_ALL);
	memory.override_count = 1;
	memory.overrides = &closes;
	assert_verdict(decide(fixture, &memory, tuesday + 20 * HOUR),
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

	prefer(fixture,
	    "rules = ( { name = \"w\"; if = { channel = \"email\";"
	    " }; then = \"accept\"; during = \"09:00-10:00\"; requires = { "
	    "attachment = \"pdf\"; }; at_most = \"1 per 30d\"; } );");
	approach(fixture, USHER_EMAIL, "bob@vendor.example", false, USHER_ALL);
	assert_verdict(decide(fixture, &memory, tuesday + 20 * HOUR),
	    USHER_DEFER, "w", USHER_OUTSIDE_HOURS);
	assert_int_equal(usher_facts_set(fixture->facts, "attachment", "pdf",
			     NULL),
	    0);
	assert_verdict(decide(fixture, &memory, tuesday + 20 * HOUR),
	    USHER_ACCEPT, "w", USHER_BY_PROMISE);
	memory.accepted_count = 1;
	memory.accepted = &accepted;
	assert_int_equal(decide(fixture, &memory, tuesday + 20 * HOUR)->answer,
	    USHER_DEFER);
}

/* ---- memory that cannot be read ---- */

static void
without_memory_what_may_be_accepted_is(void **state)
{
	struct fixture *fixture = *state;
	const struct usher_memory memory = { .unreadable = true };

	prefer(fixture,
	    "rules = ( { name = \"k\"; if = { known = true; }; "
	    "then = \"accept\"; } ); otherwise = \"refuse\";");
	approach(fixture, USHER_EMAIL, "bob@vendor.example", true, USHER_ALL);
	assert_verdict(decide(fixture, &memory, tuesday), USHER_ACCEPT, "k",
	    USHER_NO_MEMORY);
	approach(fixture, USHER_EMAIL, "bob@vendor.example", false, USHER_ALL);
	assert_verdict(decide(fixture, &memory, tuesday), USHER_REFUSE,
	    "otherwise", USHER_BY_RULE);
	prefer(fixture, "rules = ( { name = \"f\"; then = \"refuse\"; } );");
	approach(fixture, USHER_EMAIL, "bob@vendor.example", true, USHER_ALL);
	assert_verdict(decide(fixture, &memory, tuesday), USHER_REFUSE, "f",
	    USHER_BY_RULE);
}

static void
without_memory_a_cap_of_a_proven_party_is_met(void **state)
{
	struct fixture *fixture = *state;
	const struct usher_memory memory = { .unreadable = true };

	prefer(fixture, one_a_day);
	approach(fixture, USHER_EMAIL, "bob@vendor.example", true, USHER_ALL);
	assert_verdict(decide(fixture, &memory, tuesday), USHER_ACCEPT, "c",
	    USHER_NO_MEMORY);
}

/* ---- redirects ---- */

static void
introduced_by_a_target_the_channel_here_opens(void **state)
{
	struct fixture *fixture = *state;
	const struct usher_verdict *verdict;

	prefer(fixture,
	    "rules = ( { name = \"i\"; if = { channel = \"phone\";"
	    " introduced = true; }; then = \"accept\"; during = "
	    "\"16:00-17:00\"; }, { name = \"r\"; if = { channel = \"phone\"; "
	    "}; then = \"redirect\"; to = \"email\"; }, { name = \"e\"; if = "
	    "{ channel = \"email\"; purpose = \"sales\"; }; then = "
	    "\"accept\"; introduces = true; } );");
	approach(fixture, USHER_PHONE, "+442071234567", true, USHER_ALL);
	verdict = decide(fixture, NULL, tuesday + 12 * HOUR);
	assert_verdict(verdict, USHER_REDIRECT, "r", USHER_BY_RULE);
	assert_false(verdict->opening.exists);
	assert_opening(&verdict->introduced, tuesday + 16 * HOUR,
	    tuesday + 17 * HOUR);
}

#define WITH_FIXTURE(name) \
	cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
		WITH_FIXTURE(introduced_by_a_target_the_channel_here_opens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
