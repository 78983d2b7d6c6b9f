/*
 * trace: every rule that was tried, each condition, its value in both
 * readings, and the fact it was held against (design.md §5).
 *
 * Made after the verdict by asking the same questions again, so deciding
 * itself pays nothing for it.
 */
#include <stdlib.h>
#include <string.h>

#include "code.h"
#include "decide.h"

struct tracing {
	struct usher_decision *decision;
	struct asked asked;
	struct reading proven, claimed;
};

static struct step *
next_step(struct usher_decision *decision)
{
	struct step *steps;
	size_t size;

	if (decision->step_count < decision->step_size)
		return &decision->steps[decision->step_count++];
	size = decision->step_size == 0 ? 32 : decision->step_size * 2;
	steps = usher_arena_array(&decision->arena, size, sizeof(*steps));
	if (steps == NULL)
		return NULL;
	if (decision->step_count > 0)
		memcpy(steps, decision->steps,
		    decision->step_count * sizeof(*steps));
	decision->steps = steps;
	decision->step_size = size;
	return &decision->steps[decision->step_count++];
}

static void
note(struct tracing *tracing, const char *rule, const char *part,
    const char *condition, const char *fact, enum tri proven, enum tri claimed)
{
	struct step *step = next_step(tracing->decision);

	if (step == NULL)
		return;
	step->rule = rule;
	step->part = part;
	step->condition = condition;
	step->fact = fact == NULL ? "" : fact;
	step->proven = proven;
	step->claimed = claimed;
}

/* "a@b.example (proven), +4420... (claimed)" */
static const char *
identities_text(struct tracing *tracing)
{
	const struct usher_facts *facts = tracing->asked.facts;
	struct arena *arena = &tracing->decision->arena;
	const char *text = "";

	for (size_t i = 0; i < facts->claim_count && text != NULL; i++) {
		bool proven = facts->claims_proven;

		for (size_t k = 0; k < facts->proven_count; k++)
			proven = proven ||
			    strcmp(facts->proven[k].text,
				facts->claims[i].text) == 0;
		text = usher_arena_printf(arena, "%s%s%s (%s)", text,
		    i == 0 ? "" : ", ", facts->claims[i].text,
		    proven ? "proven" : "claimed");
	}
	return text == NULL || *text == '\0' ? "nobody named" : text;
}

static const char *
day_text(struct tracing *tracing)
{
	struct zone_time local = usher_zone_local(tracing->asked.policy->zone,
	    tracing->asked.at);
	int year, month, day;

	usher_date_of_day(local.day, &year, &month, &day);
	return usher_arena_printf(&tracing->decision->arena, "%04d-%02d-%02d",
	    year, month, day);
}

static const char *
time_text(struct tracing *tracing)
{
	char text[USHER_TIME_TEXT];

	usher_time_format(tracing->asked.at, tracing->asked.policy->zone, text);
	return usher_arena_string(&tracing->decision->arena, text);
}

static const char *
endings_text(struct tracing *tracing)
{
	const struct usher_facts *facts = tracing->asked.facts;
	const char *text = "";

	for (size_t i = 0; i < facts->attachment_count && text; i++)
		text = usher_arena_printf(&tracing->decision->arena, "%s%s%s",
		    text, i == 0 ? "" : ", ", facts->attachments[i].ending);
	return text == NULL || *text == '\0' ? "none" : text;
}

static const char *
links_text(struct tracing *tracing)
{
	const struct usher_facts *facts = tracing->asked.facts;
	const char *text = "";

	for (size_t i = 0; i < facts->link_count && i < 10 && text; i++)
		text = usher_arena_printf(&tracing->decision->arena, "%s%s%s",
		    text, i == 0 ? "" : ", ", facts->links[i]);
	return text == NULL || *text == '\0' ? "none" : text;
}

/* Who they are, and what makes them no stranger by memory. */
static const char *
stranger_text(struct tracing *tracing)
{
	const char *who = identities_text(tracing);
	const char *known = usher_trace_acquainted(&tracing->decision->arena,
	    &tracing->asked);

	if (known == NULL)
		return who;
	return usher_arena_printf(&tracing->decision->arena, "%s; %s", who,
	    known);
}

/* Who they are, and the codes they showed, by their labels. */
static const char *
party_text(struct tracing *tracing)
{
	const char *who = identities_text(tracing);
	const char *codes = usher_trace_codes(&tracing->decision->arena,
	    &tracing->asked);

	if (codes == NULL)
		return who;
	return usher_arena_printf(&tracing->decision->arena, "%s; %s", who,
	    codes);
}

/* The subject or reason; a code in it is nothing to keep with a trace. */
static const char *
said_text(struct tracing *tracing)
{
	const struct usher_facts *facts = tracing->asked.facts;
	const char *said = facts->subject != NULL ? facts->subject
						  : facts->reason;

	if (said == NULL)
		return "no subject";
	if (!usher_policy_takes_codes(tracing->asked.policy))
		return said;
	return usher_code_unsaid(&tracing->decision->arena, said, true);
}

static const char *
fact_text(struct tracing *tracing, const struct condition *condition)
{
	const struct usher_facts *facts = tracing->asked.facts;
	struct arena *arena = &tracing->decision->arena;

	switch (condition->kind) {
	case ON_CHANNEL: return usher_channel_word(tracing->asked.channel);
	case ON_PURPOSE: return usher_purpose_word(facts->purpose);
	case ON_TOPIC: return said_text(tracing);
	case ON_PARTY: return party_text(tracing);
	case ON_ORGANIZATION:
	case ON_FROM:
	case ON_VERIFIED:
	case ON_ANONYMOUS:
	case ON_COUNTRY: return identities_text(tracing);
	case ON_STRANGER: return stranger_text(tracing);
	case ON_NETWORK:
		return facts->network != 0 ? usher_arena_printf(arena, "AS%u",
						 (unsigned)facts->network)
					   : "client address";
	case ON_KNOWN:
	case ON_INTRODUCED:
	case ON_STAGE:
	case ON_STANDING:
	case ON_TRIED:
		return usher_trace_remembered(arena, &tracing->asked,
		    condition);
	case ON_DAY: return day_text(tracing);
	case ON_ATTACHMENT: return endings_text(tracing);
	case ON_LINK: return links_text(tracing);
	case ON_WORDS:
		return usher_arena_printf(arena, "%zu words", facts->words);
	}
	return "";
}

static void
trace_conditions(struct tracing *tracing, const struct rule *rule,
    const char *part, const struct conditions *conditions)
{
	for (size_t i = 0; i < conditions->count; i++) {
		const struct condition *condition = &conditions->list[i];

		note(tracing, rule->name, part, condition->text,
		    fact_text(tracing, condition),
		    usher_condition_holds(&tracing->asked, &tracing->proven,
			condition),
		    usher_condition_holds(&tracing->asked, &tracing->claimed,
			condition));
	}
}

/* "1 per 30d in all", as the source would have it. */
static const char *
cap_text(struct arena *arena, const struct cap *cap)
{
	static const struct {
		int64_t seconds;
		char letter;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' } };
	size_t i = 0;

	while (i < 2 && cap->seconds % units[i].seconds != 0)
		i++;
	return usher_arena_printf(arena, "%u per %lld%c%s", cap->count,
	    (long long)(cap->seconds / units[i].seconds), units[i].letter,
	    cap->in_all ? " in all" : "");
}

static void
trace_limiters(struct tracing *tracing, const struct rule *rule)
{
	struct asked *asked = &tracing->asked;
	struct arena *arena = &tracing->decision->arena;
	enum tri holds;

	if (rule->has_during) {
		holds = tri_of(usher_during_holds(asked, rule));
		note(tracing, rule->name, "during", rule->during.text,
		    time_text(tracing), holds, holds);
	}
	for (size_t i = 0; i < rule->cap_count; i++)
		note(tracing, rule->name, "at_most",
		    cap_text(arena, &rule->caps[i]),
		    usher_trace_counted(arena, asked, rule, &rule->caps[i]),
		    usher_caps_hold(asked, rule), usher_caps_hold(asked, rule));
	if (rule->requires.given) {
		const char *missing[MOST_MISSING];
		bool asked_for = false;
		size_t count = usher_requires_missing(asked, arena, rule,
		    missing, &asked_for);

		for (size_t i = 0; i < count; i++)
			note(tracing, rule->name, "requires", missing[i],
			    "missing", asked_for ? MAYBE : NO,
			    asked_for ? MAYBE : NO);
		if (count == 0)
			note(tracing, rule->name, "requires", "substance",
			    "brought", YES, YES);
	}
}

static enum tri
matches(struct tracing *tracing, const struct reading *reading,
    const struct rule *rule)
{
	enum tri when = usher_conditions_hold(&tracing->asked, reading,
	    &rule->when);

	if (!rule->unless.given)
		return when;
	return tri_and(when,
	    tri_not(usher_conditions_hold(&tracing->asked, reading,
		&rule->unless)));
}

/* True once the rule that decided has been traced. */
static bool
trace_rules(struct tracing *tracing, const struct rule *rules, size_t count,
    const struct rule *last)
{
	for (size_t i = 0; i < count; i++) {
		const struct rule *rule = &rules[i];
		enum tri proven = matches(tracing, &tracing->proven, rule);
		enum tri claimed = matches(tracing, &tracing->claimed, rule);

		trace_conditions(tracing, rule, "if", &rule->when);
		trace_conditions(tracing, rule, "unless", &rule->unless);
		if (proven != NO || claimed != NO)
			trace_limiters(tracing, rule);
		note(tracing, rule->name, "rule", "matches", "", proven,
		    claimed);
		if (rule == last)
			return true;
	}
	return false;
}

static void
trace_pause(struct tracing *tracing)
{
	const struct usher_memory *memory = tracing->asked.memory;
	char until[USHER_INSTANT_TEXT];

	if (memory == NULL || memory->paused_until == 0)
		return;
	usher_instant_text(memory->paused_until, until);
	note(tracing, "pause", "pause",
	    usher_arena_printf(&tracing->decision->arena, "observe until %s",
		until),
	    "remembered", YES, YES);
}

static const char *
channels_text(struct tracing *tracing, unsigned channels)
{
	const char *text = NULL;

	for (unsigned i = 0; channels != 0 && i < USHER_CHANNELS; i++)
		if ((channels & 1u << i) != 0)
			text = usher_arena_printf(&tracing->decision->arena,
			    "%s%s%s", text == NULL ? "" : text,
			    text == NULL ? "" : ", ",
			    usher_channel_word((enum usher_channel)i));
	return text == NULL ? "every channel" : text;
}

/* As the walk tries them: the last given first, until one holds. */
static bool
trace_overrides(struct tracing *tracing)
{
	const struct usher_memory *memory = tracing->asked.memory;
	size_t i = memory == NULL ? 0 : memory->override_count;
	enum tri proven = NO, claimed = NO;

	while (i-- > 0 && (proven != YES || claimed != YES)) {
		const struct usher_override *override = &memory->overrides[i];
		char until[USHER_INSTANT_TEXT];

		proven = usher_override_holds(&tracing->asked, &tracing->proven,
		    override);
		claimed = usher_override_holds(&tracing->asked,
		    &tracing->claimed, override);
		usher_instant_text(override->until, until);
		note(tracing, "override", "override",
		    usher_arena_printf(&tracing->decision->arena,
			"%s for %s%s%s%s%s until %s",
			override->opens ? "open" : "closed",
			channels_text(tracing, override->channels),
			override->party == NULL ? "" : ", party ",
			override->party == NULL ? "" : override->party,
			override->topic == NULL ? "" : ", topic ",
			override->topic == NULL ? "" : override->topic, until),
		    "remembered", proven, claimed);
	}
	return proven == YES && claimed == YES;
}

/* The promise that let them in, or that stands while they are turned away. */
static void
trace_promise(struct tracing *tracing)
{
	struct usher_decision *decision = tracing->decision;
	const struct promise *promise = decision->kept;
	char from[USHER_INSTANT_TEXT], end[USHER_INSTANT_TEXT];

	if (promise == NULL)
		promise = decision->standing;
	if (promise == NULL)
		return;
	usher_instant_text(promise->from, from);
	usher_instant_text(promise->kept_until, end);
	note(tracing, "promise", "promise",
	    usher_arena_printf(&decision->arena,
		"the opening at %s, kept until %s", from, end),
	    promise->party == NULL
		? "remembered"
		: usher_arena_printf(&decision->arena, "given to %s",
		      promise->party + strspn(promise->party, "?=")),
	    decision->kept != NULL ? YES : NO,
	    decision->kept != NULL ? YES : NO);
}

/* Who the caller is besides, by a list or an introduction. */
static void
trace_joined(struct tracing *tracing)
{
	struct usher_decision *decision = tracing->decision;

	for (size_t i = 0; i < decision->joined_count; i++) {
		const struct joined *joined = &decision->joined[i];

		note(tracing, "link", "party",
		    usher_trace_joined(&decision->arena, joined),
		    usher_arena_printf(&decision->arena,
			joined->listed ? "listed in party %s"
			    : joined->reference != NULL
			    ? "told to %s"
			    : "named by the introduction of %s",
			joined->by),
		    YES, YES);
	}
}

void
usher_trace_make(struct usher_decision *decision, const struct asked *asked,
    const struct outcome_of *outcome)
{
	const struct usher_policy *policy = asked->policy;
	struct tracing tracing = { .decision = decision, .asked = *asked };
	const struct scope *scope = &policy->scope;

	usher_reading_make(&tracing.asked, true, &tracing.proven);
	usher_reading_make(&tracing.asked, false, &tracing.claimed);
	trace_pause(&tracing);
	trace_joined(&tracing);
	trace_promise(&tracing);
	if (trace_rules(&tracing, scope->before, scope->before_count,
		outcome->rule))
		return;
	if (trace_overrides(&tracing))
		return;
	if (trace_rules(&tracing, policy->rules, policy->rule_count,
		outcome->rule) ||
	    trace_rules(&tracing, scope->after, scope->after_count,
		outcome->rule))
		return;
	note(&tracing, "otherwise", "rule", "matches", "", YES, YES);
}
