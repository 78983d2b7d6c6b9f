/*
 * deciding: see deciding.h.
 */
#include "deciding.h"

#include <stdio.h>
#include <stdlib.h>

#include "site.h"
#include "zone.h"

int
deciding_set_up(void **state)
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

void
deciding_forget(struct fixture *fixture)
{
	usher_facts_free(fixture->facts);
	usher_policy_release(fixture->policy);
	fixture->facts = NULL;
	fixture->policy = NULL;
}

int
deciding_tear_down(void **state)
{
	struct fixture *fixture = *state;

	deciding_forget(fixture);
	usher_decision_free(fixture->decision);
	usher_conf_release(fixture->conf);
	usher_zones_free(fixture->zones);
	free(fixture);
	return 0;
}

/* Preferences of alice@example.com in UTC. */
void
deciding_prefer(struct fixture *fixture, const char *rest)
{
	struct usher_problems *problems = usher_problems_new();
	char text[4000];
	int length = snprintf(text, sizeof(text),
	    "addresses = [ \"alice@example.com\" ]; timezone = \"UTC\"; %s",
	    rest);

	assert_true(length > 0 && (size_t)length < sizeof(text));
	deciding_forget(fixture);
	if (usher_policy_compile(fixture->conf, "alice.conf", text,
		(size_t)length, &fixture->policy, problems) != 0)
		fail_msg("%s", usher_problems_get(problems, 0)->text);
	usher_problems_free(problems);
}

/* Who approaches; a mail has shown `shown`. */
void
deciding_approach(struct fixture *fixture, enum usher_channel channel,
    const char *who, bool proven, unsigned shown)
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

const struct usher_verdict *
deciding_verdict(struct fixture *fixture, const struct usher_memory *memory,
    int64_t at)
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

void
assert_verdict(const struct usher_verdict *verdict, enum usher_answer answer,
    const char *rule, enum usher_reason reason)
{
	assert_string_equal(usher_answer_word(verdict->answer),
	    usher_answer_word(answer));
	assert_string_equal(verdict->rule, rule);
	assert_string_equal(usher_reason_word(verdict->reason),
	    usher_reason_word(reason));
}

void
assert_opening(const struct usher_opening *opening, int64_t from, int64_t until)
{
	assert_true(opening->exists);
	assert_int_equal(opening->from, from);
	assert_int_equal(opening->until, until);
}
