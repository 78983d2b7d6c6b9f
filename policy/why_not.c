/*
 * why_not: the nearest change that would admit an attempt that is turned
 * away (design.md §5, "why not?").
 *
 * Tries single changes in the order of how near they are to the sender:
 * proof of who they are, what they bring, another time, one condition of one
 * rule. Each is decided as a whole; only what would be accepted is told.
 * The answer is for recipients and administrators, never for the wire.
 */
#include "decide.h"

enum {
	MOST_WHYS = sizeof((struct usher_decision){ 0 }.why_not) /
	    sizeof(char *)
};

static void
tell(struct usher_decision *decision, const char *text)
{
	if (text != NULL && decision->why_count < MOST_WHYS)
		decision->why_not[decision->why_count++] = text;
}

static bool
accepted(struct asked asked)
{
	return usher_accepts(&asked) == YES;
}

static void
try_proof(struct usher_decision *decision, const struct asked *asked)
{
	struct asked proven = *asked;

	proven.proof = true;
	if (asked->facts->claim_count > 0 && !usher_reading_same(asked) &&
	    accepted(proven))
		tell(decision, "accepted if the identity were proven");
}

static void
try_substance(struct usher_decision *decision, const struct asked *asked,
    const struct outcome_of *outcome)
{
	struct asked brought = *asked;
	const char *missing[MOST_MISSING], *text = "accepted with ";
	bool asked_for = false;
	size_t count;

	brought.brought = true;
	if (outcome->rule == NULL || !accepted(brought))
		return;
	brought.brought = false;
	count = usher_requires_missing(&brought, &decision->arena,
	    outcome->rule, missing, &asked_for);
	for (size_t i = 0; i < count && text != NULL; i++)
		text = usher_arena_printf(&decision->arena, "%s%s%s", text,
		    i == 0 ? "" : " and ", missing[i]);
	if (count > 0)
		tell(decision, text);
}

static void
try_time(struct usher_decision *decision, const struct asked *asked)
{
	struct usher_opening opening = { .exists = false };
	char text[USHER_TIME_TEXT];

	if (usher_opening_find(asked, &opening) != YES ||
	    opening.from == asked->at)
		return;
	usher_time_format(opening.from, asked->policy->zone, text);
	tell(decision,
	    usher_arena_printf(&decision->arena, "accepted from %s on", text));
}

static void
try_condition(struct usher_decision *decision, const struct asked *asked,
    const struct rule *rule, const struct condition *condition, enum tri value)
{
	struct asked other = *asked;

	if (condition->kind == ON_CHANNEL && value == NO)
		return;
	other.forced = condition;
	other.forced_value = value;
	if (accepted(other))
		tell(decision,
		    usher_arena_printf(&decision->arena,
			value == YES ? "accepted if %s (rule %s)"
				     : "accepted unless %s (rule %s)",
			condition->text, rule->name));
}

/* A rule that would accept, but for one condition. */
static void
try_rules(struct usher_decision *decision, const struct asked *asked,
    const struct rule *rules, size_t count, const struct rule *decided)
{
	for (size_t i = 0; i < count; i++) {
		const struct rule *rule = &rules[i];

		for (size_t c = 0; rule->then == OUTCOME_ACCEPT &&
		     rule != decided && c < rule->when.count;
		     c++)
			try_condition(decision, asked, rule,
			    &rule->when.list[c], YES);
		for (size_t c = 0; rule == decided && c < rule->unless.count;
		     c++)
			try_condition(decision, asked, rule,
			    &rule->unless.list[c], YES);
	}
	for (size_t i = 0; i < count; i++)
		for (size_t c = 0;
		     &rules[i] == decided && c < rules[i].when.count; c++)
			try_condition(decision, asked, &rules[i],
			    &rules[i].when.list[c], NO);
}

void
usher_why_not(struct usher_decision *decision, const struct asked *asked,
    const struct outcome_of *outcome)
{
	const struct usher_policy *policy = asked->policy;
	const struct scope *scope = &policy->scope;

	try_proof(decision, asked);
	try_substance(decision, asked, outcome);
	try_time(decision, asked);
	try_rules(decision, asked, scope->before, scope->before_count,
	    outcome->rule);
	try_rules(decision, asked, policy->rules, policy->rule_count,
	    outcome->rule);
	try_rules(decision, asked, scope->after, scope->after_count,
	    outcome->rule);
	if (decision->why_count == 0)
		tell(decision, "no single change would admit this attempt");
}
