/*
 * walk: the rules in order, to the verdicts they may end in (design.md §5).
 *
 * A condition that is unknown is taken both ways, each by itself: the walk
 * then notes how the rule would end and goes on as if it did not match. So a
 * walk is linear, and yields the set of its possible ends. Two readings are
 * walked, and of each pair the less favourable end stands (§4, "Proof").
 */
#include <string.h>

#include "decide.h"

struct ends {
	size_t count, size;
	struct outcome_of *list; /* of the caller */
	bool over;		 /* more than fit: treat as undecided */
};

enum { FEW_ENDS = 24 };

static void
add(struct ends *ends, const struct outcome_of *end)
{
	if (ends->count < ends->size)
		ends->list[ends->count++] = *end;
	else
		ends->over = true;
}

static enum usher_answer
answer_of(enum outcome outcome)
{
	static const enum usher_answer answers[] = {
		[OUTCOME_ACCEPT] = USHER_ACCEPT,
		[OUTCOME_DEFER] = USHER_DEFER,
		[OUTCOME_REDIRECT] = USHER_REDIRECT,
		[OUTCOME_REFUSE] = USHER_REFUSE,
		[OUTCOME_NEXT] = USHER_PENDING
	};

	return answers[outcome];
}

/* `else`, or what follows from `then` and the limiter that is not met. */
static enum outcome
otherwise_of(const struct rule *rule, enum usher_reason limiter)
{
	if (rule->otherwise_given)
		return rule->otherwise;
	if (rule->then != OUTCOME_ACCEPT)
		return OUTCOME_NEXT;
	return limiter == USHER_SUBSTANCE_MISSING ? OUTCOME_REDIRECT
						  : OUTCOME_DEFER;
}

/* Notes one end of a rule; false when it goes on to the next. */
static bool
end_rule(struct ends *ends, const struct rule *rule, enum outcome outcome,
    enum usher_reason reason)
{
	struct outcome_of end = { .answer = answer_of(outcome),
		.reason = reason,
		.rule = rule,
		.name = rule->name,
		.target_count = rule->target_count,
		.targets = rule->targets };

	if (outcome == OUTCOME_NEXT)
		return false;
	add(ends, &end);
	return true;
}

/* The limiters of a rule that matches; true when every way ends here. */
static bool
limit(struct asked *asked, const struct rule *rule, struct ends *ends)
{
	enum tri caps, requires;
	bool ended = true;

	if (!usher_during_holds(asked, rule))
		return end_rule(ends, rule,
		    otherwise_of(rule, USHER_OUTSIDE_HOURS),
		    USHER_OUTSIDE_HOURS);
	caps = usher_caps_hold(asked, rule);
	if (caps != YES)
		ended = end_rule(ends, rule,
		    otherwise_of(rule, USHER_CAP_REACHED), USHER_CAP_REACHED);
	if (caps == NO)
		return ended;
	requires = usher_requires_hold(asked, rule);
	if (requires != YES)
		ended = end_rule(ends, rule,
			    otherwise_of(rule, USHER_SUBSTANCE_MISSING),
			    USHER_SUBSTANCE_MISSING) &&
		    ended;
	if (requires == NO)
		return ended;
	return end_rule(ends, rule, rule->then, USHER_BY_RULE) && ended;
}

static bool
walk_rules(struct asked *asked, const struct reading *reading,
    const struct rule *rules, size_t count, struct ends *ends)
{
	for (size_t i = 0; i < count; i++) {
		const struct rule *rule = &rules[i];
		enum tri matches = usher_conditions_hold(asked, reading,
		    &rule->when);

		if (matches != NO && rule->unless.given)
			matches = tri_and(matches,
			    tri_not(usher_conditions_hold(asked, reading,
				&rule->unless)));
		if (matches == NO)
			continue;
		if (limit(asked, rule, ends) && matches == YES)
			return true;
	}
	return false;
}

static const struct party *
party_of(const struct asked *asked, const struct usher_override *override)
{
	const struct usher_memory *memory = asked->memory;
	const struct party *party = NULL;

	if (memory->override_parties != NULL)
		party = memory->override_parties[override - memory->overrides];
	return party != NULL
	    ? party
	    : usher_scope_party(&asked->policy->scope, override->party);
}

enum tri
usher_override_holds(struct asked *asked, const struct reading *reading,
    const struct usher_override *override)
{
	const struct scope *scope = &asked->policy->scope;
	enum tri matches = YES;

	if (asked->at < override->given || asked->at >= override->until ||
	    (override->channels != 0 &&
		!(override->channels & 1u << asked->channel)))
		return NO;
	if (override->party != NULL) {
		const struct party *party = party_of(asked, override);

		matches = party == NULL ? NO
					: usher_in_party(asked, reading, party);
	}
	if (override->topic != NULL && matches != NO) {
		const struct topic *topic = usher_scope_topic(scope,
		    override->topic);
		struct condition condition = { .kind = ON_TOPIC,
			.count = 1,
			.topics = &topic };

		matches = topic == NULL
		    ? NO
		    : tri_and(matches,
			  usher_condition_holds(asked, reading, &condition));
	}
	return matches;
}

/* The later given wins: memory holds them in the order given. */
static bool
walk_overrides(struct asked *asked, const struct reading *reading,
    struct ends *ends)
{
	const struct usher_memory *memory = asked->memory;
	size_t i = memory == NULL ? 0 : memory->override_count;

	while (i-- > 0) {
		const struct usher_override *override = &memory->overrides[i];
		enum tri matches = usher_override_holds(asked, reading,
		    override);

		if (matches != NO)
			add(ends,
			    &(struct outcome_of){ .answer = override->opens
				    ? USHER_ACCEPT
				    : USHER_DEFER,
				.reason = USHER_BY_OVERRIDE,
				.name = "override" });
		if (matches == YES)
			return true;
	}
	return false;
}

static void
walk(struct asked *asked, bool proven, struct ends *ends)
{
	const struct usher_policy *policy = asked->policy;
	const struct scope *scope = &policy->scope;
	struct reading reading;

	usher_reading_make(asked, proven, &reading);
	if (walk_rules(asked, &reading, scope->before, scope->before_count,
		ends) ||
	    walk_overrides(asked, &reading, ends) ||
	    walk_rules(asked, &reading, policy->rules, policy->rule_count,
		ends) ||
	    walk_rules(asked, &reading, scope->after, scope->after_count, ends))
		return;
	add(ends,
	    &(struct outcome_of){ .answer = answer_of(policy->otherwise),
		.reason = USHER_BY_RULE,
		.name = "otherwise",
		.target_count = policy->target_count,
		.targets = policy->targets });
}

static bool
to_uri(const struct outcome_of *end)
{
	if (end->answer != USHER_REDIRECT)
		return false;
	for (size_t i = 0; i < end->target_count; i++)
		if (end->targets[i].uri != NULL)
			return true;
	return false;
}

/* The less favourable; a claim alone never learns a URI. */
static const struct outcome_of *
worse(const struct outcome_of *proven, const struct outcome_of *claimed)
{
	if (proven->answer <= claimed->answer || to_uri(claimed))
		return proven;
	return claimed;
}

static bool
same(const struct outcome_of *a, const struct outcome_of *b)
{
	return a->answer == b->answer && a->rule == b->rule &&
	    strcmp(a->name, b->name) == 0;
}

/*
 * Every pair must end alike. Where only memory was lost, an acceptance that
 * remains possible is given (design.md §6).
 */
static struct outcome_of
combine(struct asked *asked, const struct ends *proven,
    const struct ends *claimed)
{
	const struct outcome_of *first = NULL, *accept = NULL;
	bool alike = !proven->over && !claimed->over;

	for (size_t p = 0; p < proven->count; p++)
		for (size_t c = 0; c < claimed->count; c++) {
			const struct outcome_of *end = worse(&proven->list[p],
			    &claimed->list[c]);

			if (first == NULL)
				first = end;
			else if (!same(first, end))
				alike = false;
			if (end->answer == USHER_ACCEPT && accept == NULL)
				accept = end;
		}
	if (first != NULL && alike)
		return *first;
	if (asked->needs == 0 && asked->lost && first != NULL) {
		struct outcome_of end = accept == NULL ? *first : *accept;

		end.reason = USHER_NO_MEMORY;
		return end;
	}
	return (struct outcome_of){ .answer = USHER_PENDING,
		.name = "",
		.reason = USHER_BY_RULE };
}

struct outcome_of
usher_evaluate(struct asked *asked)
{
	struct outcome_of few[2][FEW_ENDS];
	struct ends proven = { .size = FEW_ENDS, .list = few[0] };
	struct ends claimed = { .size = FEW_ENDS, .list = few[1] };

	walk(asked, true, &proven);
	if (usher_reading_same(asked))
		return proven.count == 1 ? proven.list[0]
					 : combine(asked, &proven, &proven);
	walk(asked, false, &claimed);
	return combine(asked, &proven, &claimed);
}

struct outcome_of
usher_evaluate_reading(struct asked *asked, bool proven)
{
	struct outcome_of few[FEW_ENDS];
	struct ends ends = { .size = FEW_ENDS, .list = few };

	walk(asked, proven, &ends);
	return ends.list[0];
}

enum tri
usher_accepts(struct asked *asked)
{
	enum usher_answer answer = usher_evaluate(asked).answer;

	return answer == USHER_PENDING ? MAYBE : tri_of(answer == USHER_ACCEPT);
}
