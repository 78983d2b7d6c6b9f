/*
 * Preferences of arbitrary bytes: compiled, and whatever compiles decided for
 * a mail and a call, with openings and targets, as JSON and as words.
 *
 * What must hold: no crash and no wait; what cannot be compiled says why, in
 * UTF-8; a verdict has its rule, JSON exists; who is accepted or refused is
 * told no time, an opening never begins before now and never ends before it
 * begins.
 */
#include <glib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "site.h"
#include "usher.h"
#include "zone.h"

static struct zones *zones;
static struct usher_conf *conf;

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static void
check_opening(const struct usher_opening *opening, int64_t at)
{
	require(!opening->exists ||
	    (opening->from >= at && opening->until > opening->from));
}

static void
check_decision(struct usher_decision *decision, int64_t at)
{
	const struct usher_verdict *verdict = usher_decision_verdict(decision);
	const char *lines[USHER_WORDS_LINES];
	char *json = usher_decision_json(decision, "alice@example.com",
	    "bob@vendor.example", NULL);

	require(json != NULL && g_utf8_validate(json, -1, NULL));
	free(json);
	free(usher_decision_text(decision, "alice@example.com", "bob"));
	require(verdict->answer != USHER_PENDING && verdict->rule != NULL);
	if (verdict->answer == USHER_ACCEPT || verdict->answer == USHER_REFUSE)
		require(!verdict->opening.exists);
	check_opening(&verdict->opening, at);
	for (size_t i = 0; i < verdict->target_count; i++)
		check_opening(&verdict->targets[i].opening, at);
	usher_words_lines(decision, "K7Q2-M4XD", at % 2 == 0, lines);
}

static void
decide(struct usher_policy *policy, struct usher_facts *facts, int64_t at)
{
	struct usher_decision *decision = NULL;
	const struct usher_question question = { .policy = policy,
		.facts = facts,
		.at = at,
		.trace = true };

	require(usher_decide(NULL, &question, &decision, NULL) == 0);
	check_decision(decision, at);
	usher_decision_free(decision);
}

static void
approach(struct usher_policy *policy, enum usher_channel channel,
    const char *who, int64_t at)
{
	struct usher_facts *facts;

	require(usher_facts_new(conf, channel, &facts) == 0);
	usher_facts_shown(facts, USHER_ALL);
	require(usher_facts_claim(facts, who, NULL) == 0);
	require(usher_facts_subject(facts, "document storage", 16) == 0);
	decide(policy, facts, at);
	usher_facts_purpose(facts, USHER_SALES);
	usher_facts_prove_claims(facts);
	decide(policy, facts, at + 40000);
	usher_facts_free(facts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct usher_problems *problems = usher_problems_new();
	struct usher_policy *policy = NULL;
	const struct usher_problem *problem;
	/* Some day of the next century, by the length. */
	int64_t at = 1795478400 + (int64_t)size * 3456789;

	if (conf == NULL) {
		zones = usher_zones_new();
		require(zones != NULL &&
		    usher_conf_read(&conf, zones, NULL, NULL, NULL) == 0);
	}
	if (usher_policy_compile(conf, "alice.conf", (const char *)data, size,
		&policy, problems) == 0) {
		approach(policy, USHER_EMAIL, "bob@vendor.example", at);
		approach(policy, USHER_PHONE, "+442071234567", at);
		usher_policy_release(policy);
	} else {
		require(usher_problems_errors(problems) > 0);
	}
	for (size_t i = 0; (problem = usher_problems_get(problems, i)); i++)
		require(g_utf8_validate(problem->text, -1, NULL));
	usher_problems_free(problems);
	return 0;
}
