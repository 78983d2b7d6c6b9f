/*
 * opening: when this attempt would be accepted (design.md §5, "Opening").
 *
 * The same question is asked again at the instants at which any answer may
 * change: edges of windows, of dates, of caps and of overrides. Nothing
 * changes in between, so the first acceptance begins an interval and the
 * first other answer ends it. Rules that can not match this attempt at any
 * time have no edges, and a search ends when it has cost enough: a file may
 * name thousands of windows a minute long.
 */
#include "decide.h"

enum { MOST_WORK = 4000000 }; /* windows looked at; about 0.1 s */

/* Rules without account for an attempt; all have some when it is NULL. */
struct skipped {
	bool before[MOST_RULES], own[MOST_RULES], after[MOST_RULES];
};

struct search {
	struct asked asked;
	struct skipped skipped;
	size_t steps; /* left */
	size_t looks; /* at windows and dates, a step */
};

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
conditions_edge(const struct asked *asked, const struct conditions *conditions,
    int64_t at, int64_t limit)
{
	int64_t edge = INT64_MAX;

	for (size_t i = 0; i < conditions->count; i++) {
		const struct condition *condition = &conditions->list[i];

		for (size_t k = 0;
		     condition->kind == ON_DAY && k < condition->count; k++)
			edge = earlier(edge,
			    usher_dates_edge(condition->dates[k],
				asked->policy->zone, at, earlier(edge, limit)));
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
				for (size_t k = 0; k < parts[p]->attempt_count;
				     k++) {
					int64_t lets_go =
					    parts[p]->attempts[k] +
					    condition->caps[c].seconds;

					if (lets_go > at)
						edge = earlier(edge, lets_go);
				}
	}
	return edge;
}

static int64_t
rules_edge(const struct asked *asked, const struct rule *rules, size_t count,
    const bool *skipped, int64_t at, int64_t limit)
{
	int64_t edge = INT64_MAX;

	for (size_t i = 0; i < count; i++) {
		const struct rule *rule = &rules[i];

		if (skipped != NULL && skipped[i])
			continue;
		if (rule->has_during)
			edge = earlier(edge,
			    usher_hours_edge(&rule->during, at,
				earlier(edge, limit)));
		edge = earlier(edge,
		    conditions_edge(asked, &rule->when, at, limit));
		edge = earlier(edge,
		    conditions_edge(asked, &rule->unless, at, limit));
		edge = earlier(edge, tried_edge(asked, &rule->when, at));
		edge = earlier(edge, tried_edge(asked, &rule->unless, at));
		if (rule->cap_count > 0)
			edge = earlier(edge, usher_caps_edge(asked, rule, at));
	}
	return edge;
}

static int64_t
overrides_edge(const struct asked *asked, int64_t at)
{
	int64_t edge = INT64_MAX;

	for (size_t i = 0;
	     asked->memory != NULL && i < asked->memory->override_count; i++) {
		const struct usher_override *override =
		    &asked->memory->overrides[i];

		if (override->given > at)
			edge = earlier(edge, override->given);
		if (override->until > at)
			edge = earlier(edge, override->until);
	}
	return edge;
}

static int64_t
edge_of(const struct asked *asked, const struct skipped *skipped, int64_t at,
    int64_t limit)
{
	const struct usher_policy *policy = asked->policy;
	const struct scope *scope = &policy->scope;
	int64_t edge = overrides_edge(asked, at);

	edge = earlier(edge,
	    rules_edge(asked, scope->before, scope->before_count,
		skipped == NULL ? NULL : skipped->before, at,
		earlier(edge, limit)));
	edge = earlier(edge,
	    rules_edge(asked, policy->rules, policy->rule_count,
		skipped == NULL ? NULL : skipped->own, at,
		earlier(edge, limit)));
	edge = earlier(edge,
	    rules_edge(asked, scope->after, scope->after_count,
		skipped == NULL ? NULL : skipped->after, at,
		earlier(edge, limit)));
	return edge > limit ? INT64_MAX : edge;
}

int64_t
usher_policy_edge(const struct asked *asked, int64_t at, int64_t limit)
{
	return edge_of(asked, NULL, at, limit);
}

/* Whether a condition that no time changes keeps this rule from matching. */
static bool
never_matches(struct asked *asked, const struct rule *rule, bool proven)
{
	struct reading reading;

	usher_reading_make(asked, proven, &reading);
	for (size_t i = 0; i < rule->when.count; i++) {
		const struct condition *condition = &rule->when.list[i];

		if (condition->kind != ON_DAY && condition->kind != ON_TRIED &&
		    usher_condition_holds(asked, &reading, condition) == NO)
			return true;
	}
	return false;
}

/* Marks what needs no look; returns how many windows and dates do. */
static size_t
skip_rules(struct asked *asked, const struct rule *rules, size_t count,
    bool *skipped)
{
	size_t looks = 0;

	for (size_t i = 0; i < count; i++) {
		const struct rule *rule = &rules[i];

		skipped[i] = never_matches(asked, rule, true) &&
		    never_matches(asked, rule, false);
		if (!skipped[i])
			looks += 1 + rule->during.count + rule->when.count +
			    rule->unless.count;
	}
	return looks + count / 8;
}

static void
begin(struct search *search, const struct asked *asked, size_t work)
{
	const struct usher_policy *policy = asked->policy;
	const struct scope *scope = &policy->scope;
	size_t looks = 1;

	search->asked = *asked;
	search->asked.brought = true;
	search->asked.kept = NULL;
	looks += skip_rules(&search->asked, scope->before, scope->before_count,
	    search->skipped.before);
	looks += skip_rules(&search->asked, policy->rules, policy->rule_count,
	    search->skipped.own);
	looks += skip_rules(&search->asked, scope->after, scope->after_count,
	    search->skipped.after);
	search->looks = looks;
	search->steps = (work < MOST_WORK ? work : MOST_WORK) / looks;
	/* What was unknown of rules that are not reached needs no facts. */
	search->asked.needs = asked->needs;
	search->asked.lost = asked->lost;
}

/*
 * From asked.at to `limit` the first instant with this answer; NO, and where
 * the search ended, when there is none.
 */
static enum tri
first(struct search *search, enum tri wanted, int64_t limit)
{
	struct asked *asked = &search->asked;

	for (;;) {
		enum tri accepts = usher_accepts(asked);
		int64_t next;

		if (accepts == MAYBE)
			return MAYBE;
		if (accepts == wanted)
			return YES;
		next = edge_of(asked, &search->skipped, asked->at, limit);
		if (next == INT64_MAX)
			return NO;
		asked->at = next;
		if (search->steps-- == 0)
			return wanted == NO ? YES : NO;
	}
}

/* An end that was too far to look for is told too early, never too late. */
enum tri
usher_opening_search(const struct asked *asked, struct usher_opening *opening,
    size_t *work)
{
	struct search search;
	enum tri found;
	size_t steps, cost;

	begin(&search, asked, *work);
	steps = search.steps;
	opening->exists = false;
	found = first(&search, YES, asked->at + OPENING_WITHIN);
	if (found == YES) {
		opening->exists = true;
		opening->from = search.asked.at;
		found = first(&search, NO, opening->from + OPENING_WITHIN);
		opening->until = found == YES ? search.asked.at : INT64_MAX;
		found = found == MAYBE ? MAYBE : YES;
	}
	cost = (steps - search.steps + 1) * search.looks;
	*work -= cost < *work ? cost : *work;
	return found;
}

enum tri
usher_opening_find(const struct asked *asked, struct usher_opening *opening)
{
	size_t work = MOST_WORK;

	return usher_opening_search(asked, opening, &work);
}
