/*
 * opening: when this attempt would be accepted (design.md §5, "Opening").
 *
 * The same question is asked again at the instants at which any answer may
 * change: edges of windows, of dates, of caps and of overrides. Nothing
 * changes in between, so the first acceptance begins an interval and the
 * first other answer ends it.
 */
#include "decide.h"

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
conditions_edge(const struct asked *asked,
    const struct conditions *conditions, int64_t at, int64_t limit)
{
	int64_t edge = INT64_MAX;

	for (size_t i = 0; i < conditions->count; i++) {
		const struct condition *condition = &conditions->list[i];

		for (size_t k = 0; condition->kind == ON_DAY &&
		    k < condition->count; k++)
			edge = earlier(edge, usher_dates_edge(
			    condition->dates[k], asked->policy->zone, at,
			    earlier(edge, limit)));
	}
	return edge;
}

/* `tried` lets go when an attempt is older than its time. */
static int64_t
tried_edge(const struct asked *asked, const struct conditions *conditions,
    int64_t at)
{
	int64_t edge = INT64_MAX;
	const struct remembered *parts[2];

	if (asked->memory == NULL)
		return edge;
	parts[0] = &asked->memory->proven;
	parts[1] = &asked->memory->claimed;
	for (size_t i = 0; i < conditions->count; i++) {
		const struct condition *condition = &conditions->list[i];

		if (condition->kind != ON_TRIED)
			continue;
		for (size_t c = 0; c < condition->count; c++)
			for (size_t p = 0; p < 2; p++)
				for (size_t k = 0;
				    k < parts[p]->attempt_count; k++) {
					int64_t lets_go =
					    parts[p]->attempts[k] +
					    condition->caps[c].seconds;

					if (lets_go > at)
						edge = earlier(edge,
						    lets_go);
				}
	}
	return edge;
}

static int64_t
rules_edge(const struct asked *asked, const struct rule *rules,
    size_t count, int64_t at, int64_t limit)
{
	int64_t edge = INT64_MAX;

	for (size_t i = 0; i < count; i++) {
		const struct rule *rule = &rules[i];

		if (rule->has_during)
			edge = earlier(edge, usher_hours_edge(&rule->during,
			    at, earlier(edge, limit)));
		edge = earlier(edge, conditions_edge(asked, &rule->when, at,
		    limit));
		edge = earlier(edge, conditions_edge(asked, &rule->unless,
		    at, limit));
		edge = earlier(edge, tried_edge(asked, &rule->when, at));
		edge = earlier(edge, tried_edge(asked, &rule->unless, at));
		if (rule->cap_count > 0)
			edge = earlier(edge, usher_caps_edge(asked, rule,
			    at));
	}
	return edge;
}

static int64_t
overrides_edge(const struct asked *asked, int64_t at)
{
	int64_t edge = INT64_MAX;

	for (size_t i = 0; asked->memory != NULL &&
	    i < asked->memory->override_count; i++) {
		const struct override *override =
		    &asked->memory->overrides[i];

		if (override->given > at)
			edge = earlier(edge, override->given);
		if (override->until > at)
			edge = earlier(edge, override->until);
	}
	return edge;
}

int64_t
usher_policy_edge(const struct asked *asked, int64_t at, int64_t limit)
{
	const struct usher_policy *policy = asked->policy;
	const struct scope *scope = &policy->scope;
	int64_t edge = overrides_edge(asked, at);

	edge = earlier(edge, rules_edge(asked, scope->before,
	    scope->before_count, at, earlier(edge, limit)));
	edge = earlier(edge, rules_edge(asked, policy->rules,
	    policy->rule_count, at, earlier(edge, limit)));
	edge = earlier(edge, rules_edge(asked, scope->after,
	    scope->after_count, at, earlier(edge, limit)));
	return edge > limit ? INT64_MAX : edge;
}

/* The first instant from `at` to `limit` with this answer, or INT64_MAX. */
static enum tri
first(struct asked *asked, enum tri wanted, int64_t limit)
{
	while (asked->at != INT64_MAX) {
		enum tri accepts = usher_accepts(asked);

		if (accepts == MAYBE)
			return MAYBE;
		if (accepts == wanted)
			return YES;
		asked->at = usher_policy_edge(asked, asked->at, limit);
	}
	return NO;
}

enum tri
usher_opening_find(const struct asked *asked, struct usher_opening *opening)
{
	struct asked later = *asked;
	enum tri found;

	later.brought = true;
	later.kept = NULL;
	opening->exists = false;
	found = first(&later, YES, asked->at + OPENING_WITHIN);
	if (found != YES)
		return found;
	opening->exists = true;
	opening->from = later.at;
	found = first(&later, NO, later.at + OPENING_WITHIN);
	if (found == MAYBE)
		return MAYBE;
	opening->until = found == YES ? later.at : INT64_MAX;
	return YES;
}
