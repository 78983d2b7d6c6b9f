/*
 * check_rules: rules that never decide, accepts that never accept, windows
 * that never open.
 */
#include <string.h>

#include "check.h"

enum { EVER_S = 2 * CHECK_YEAR_S };

static const char *
done_by(const struct rule *rule)
{
	static const char *const words[] = { [OUTCOME_ACCEPT] = "accepts",
		[OUTCOME_DEFER] = "defers",
		[OUTCOME_REDIRECT] = "redirects",
		[OUTCOME_REFUSE] = "refuses" };

	return words[rule->then];
}

/* ---- conditions that cannot meet ---- */

static bool
contradicts(const struct checking *checking, const struct rule *rule)
{
	const struct conditions *when = &rule->when;

	for (size_t i = 0; i < when->count; i++)
		for (size_t k = 0; k <= i; k++) {
			const struct condition *a = &when->list[k];
			const struct condition *b = &when->list[i];

			if (!usher_check_excludes(checking->policy, a, b))
				continue;
			if (a == b)
				usher_check_warn(checking, rule->line,
				    "rule \"%s\" can never match: nothing "
				    "meets `%s`; drop it or write another "
				    "value",
				    rule->name, a->text);
			else
				usher_check_warn(checking, rule->line,
				    "rule \"%s\" can never match: `%s` and "
				    "`%s` never hold together; drop one of "
				    "them, or make two rules",
				    rule->name, a->text, b->text);
			return true;
		}
	return false;
}

static bool
is_past(const struct checking *checking, const struct condition *condition)
{
	int32_t today =
	    usher_zone_local(checking->policy->zone, checking->at).day;

	for (size_t i = 0; i < condition->count; i++)
		for (size_t k = 0; k < condition->dates[i]->count; k++) {
			const struct date_range *range =
			    &condition->dates[i]->ranges[k];

			if (range->yearly || range->until >= today)
				return false;
		}
	return true;
}

static bool
has_passed(const struct checking *checking, const struct rule *rule)
{
	const struct condition *on = usher_check_find(&rule->when, ON_DAY);

	if (on == NULL || !is_past(checking, on))
		return false;
	usher_check_warn(checking, rule->line,
	    "rule \"%s\" can never match "
	    "again: every date of `%s` is past; write coming dates, or a "
	    "date of every year as \"12-24\"",
	    rule->name, on->text);
	return true;
}

static bool
always_excepted(const struct checking *checking, const struct rule *rule)
{
	const struct conditions *unless = &rule->unless;

	for (size_t i = 0; i < unless->count; i++) {
		bool implied = false;

		for (size_t k = 0; k < rule->when.count && !implied; k++)
			implied = usher_check_implies(checking->policy,
			    &rule->when.list[k], &unless->list[i]);
		if (!implied)
			return false;
	}
	return unless->given;
}

static void
tell_excepted(const struct checking *checking, const struct rule *rule)
{
	if (rule->unless.count == 0)
		usher_check_warn(checking, rule->line,
		    "rule \"%s\" never "
		    "decides: an empty `unless` always holds; leave it out",
		    rule->name);
	else
		usher_check_warn(checking, rule->line,
		    "rule \"%s\" never "
		    "decides: its `unless` holds whenever its `if` does; "
		    "widen `if`, or narrow `unless`",
		    rule->name);
}

/* ---- rules that come too late ---- */

static const char *
where(const struct checking *checking, const struct rule *rule, char text[40])
{
	const struct usher_policy *policy = checking->policy;
	bool own = rule >= policy->rules &&
	    rule < policy->rules + policy->rule_count;

	if (own)
		(void)snprintf(text, 40, "line %u", rule->line);
	else
		(void)snprintf(text, 40, "of the site, in usher.conf");
	return text;
}

static void
tell_taken(const struct checking *checking, const struct rule *rule,
    const struct rule *by, const struct rule *last)
{
	char place[40], other[40];

	if (by != last)
		usher_check_warn(checking, rule->line,
		    "rule \"%s\" is never "
		    "reached: earlier rules, from \"%s\" (%s) to \"%s\" "
		    "(%s), decide all that it would between them; move it up "
		    "or delete it",
		    rule->name, by->name, where(checking, by, place),
		    last->name, where(checking, last, other));
	else if (rule->then == OUTCOME_ACCEPT && by->then != OUTCOME_ACCEPT)
		usher_check_warn(checking, rule->line,
		    "rule \"%s\" never "
		    "accepts: rule \"%s\" (%s) %s all that it would accept; "
		    "move it before that rule, or narrow that rule with "
		    "`unless`",
		    rule->name, by->name, where(checking, by, place),
		    done_by(by));
	else
		usher_check_warn(checking, rule->line,
		    "rule \"%s\" is never "
		    "reached: rule \"%s\" (%s) comes first and decides "
		    "all that it would; move it up, or delete it",
		    rule->name, by->name, where(checking, by, place));
}

static enum check_reach
reach_of(const struct checking *checking, const struct rule *rule, size_t index,
    const struct rule *by[2])
{
	return usher_check_reach(checking, rule, index, CHECK_ALL_CHANNELS,
	    CHECK_ALL_PURPOSES, by);
}

/* Its hours lie in those of an earlier rule that turns away. */
static void
check_hours_taken(const struct checking *checking, size_t index)
{
	const struct rule *rule = &checking->policy->rules[index];
	struct rule inside = *rule;
	const struct rule *by[2];
	char place[40];

	if (rule->then != OUTCOME_ACCEPT || !rule->has_during)
		return;
	/* The same rule, were it to decide inside its hours alone. */
	inside.otherwise_given = true;
	inside.otherwise = OUTCOME_NEXT;
	if (reach_of(checking, &inside, index, by) == CHECK_TAKEN &&
	    by[0]->then != OUTCOME_ACCEPT)
		usher_check_warn(checking, rule->line,
		    "rule \"%s\" never "
		    "accepts: within its hours rule \"%s\" (%s) %s first; "
		    "move it before that rule, or change the hours of one",
		    rule->name, by[0]->name, where(checking, by[0], place),
		    done_by(by[0]));
}

/* ---- windows ---- */

/* An instant of the coming years within `during`, on a day of `on`. */
static bool
ever_open(const struct checking *checking, const struct rule *rule,
    const struct condition *on, const struct condition *off)
{
	const struct usher_policy *policy = checking->policy;
	int64_t at = checking->at, limit = at + EVER_S;

	if (on == NULL && off == NULL)
		return usher_hours_ever(&rule->during, at, limit);
	while (at < limit) {
		struct asked asked = { .policy = policy, .at = at };
		struct reading reading = { 0 };
		int64_t edge = usher_hours_edge(&rule->during, at, limit);
		int64_t midnight = usher_zone_next(policy->zone, at,
		    (const int32_t[]){ 0 }, 1);

		if (usher_hours_hold(&rule->during, at) &&
		    (on == NULL ||
			usher_condition_holds(&asked, &reading, on) == YES) &&
		    (off == NULL ||
			usher_condition_holds(&asked, &reading, off) == NO))
			return true;
		at = edge < midnight ? edge : midnight;
	}
	return false;
}

static bool
never_open(const struct checking *checking, const struct rule *rule)
{
	const struct condition *on = usher_check_find(&rule->when, ON_DAY);
	const struct condition *off = rule->unless.count == 1
	    ? usher_check_find(&rule->unless, ON_DAY)
	    : NULL;

	if (!rule->has_during || ever_open(checking, rule, on, off))
		return false;
	if (usher_hours_ever(&rule->during, checking->at,
		checking->at + EVER_S))
		usher_check_warn(checking, rule->line,
		    "the hours \"%s\" of "
		    "rule \"%s\" hold on none of its days (`on`): it %s "
		    "nobody; write days that both have",
		    rule->during.text, rule->name, done_by(rule));
	else
		usher_check_warn(checking, rule->line,
		    "the hours \"%s\" of "
		    "rule \"%s\" are not open once within two years: it %s "
		    "nobody; look at the days behind `not`, and at clock "
		    "changes",
		    rule->during.text, rule->name, done_by(rule));
	return true;
}

/* Whether it never decides at all, or decides in hours that never come. */
static bool
is_dead(const struct checking *checking, size_t index)
{
	const struct rule *rule = &checking->policy->rules[index];
	const struct rule *by[2];

	if (contradicts(checking, rule) || has_passed(checking, rule))
		return true;
	if (always_excepted(checking, rule)) {
		tell_excepted(checking, rule);
		return true;
	}
	switch (reach_of(checking, rule, index, by)) {
	case CHECK_EMPTY:
		if (rule->unless.given)
			tell_excepted(checking, rule);
		return true;
	case CHECK_TAKEN: tell_taken(checking, rule, by[0], by[1]); return true;
	case CHECK_REACHED: break;
	}
	return never_open(checking, rule);
}

void
usher_check_rules(struct checking *checking)
{
	for (size_t i = 0; i < checking->policy->rule_count; i++) {
		checking->dead[i] = is_dead(checking, i);
		if (!checking->dead[i])
			check_hours_taken(checking, i);
	}
}
