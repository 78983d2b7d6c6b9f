/*
 * check_reach: whether earlier rules leave a rule anything to decide.
 *
 * What meets a rule is cut into cells, one a channel, a purpose, and whether
 * a stranger asks. An earlier rule takes a cell when its `if` follows from the
 * rule's, its `unless` cannot hold there, and it decides whenever the rule
 * would. Used by check_rules.c and check_mail.c.
 */
#include "check.h"

enum { MOST_CONDITIONS = 24 };

/* What holds of every attempt of a cell. */
struct premises {
	const struct usher_policy *policy;
	const struct rule *rule;
	size_t count;
	const struct condition *list[MOST_CONDITIONS + 3];
};

static bool
imply(const struct premises *premises, const struct condition *condition)
{
	for (size_t i = 0; i < premises->count; i++)
		if (usher_check_implies(premises->policy, premises->list[i],
			condition))
			return true;
	return false;
}

static bool
imply_all(const struct premises *premises, const struct conditions *conditions)
{
	for (size_t i = 0; i < conditions->count; i++)
		if (!imply(premises, &conditions->list[i]))
			return false;
	return true;
}

static bool
exclude(const struct premises *premises, const struct condition *condition)
{
	for (size_t i = 0; i < premises->count; i++)
		if (usher_check_excludes(premises->policy, premises->list[i],
			condition))
			return true;
	return false;
}

/* Nothing lies in the cell, or `unless` keeps the rule from it. */
static bool
is_empty(const struct premises *premises)
{
	for (size_t i = 0; i < premises->count; i++)
		if (exclude(premises, premises->list[i]))
			return true;
	return premises->rule->unless.given &&
	    imply_all(premises, &premises->rule->unless);
}

/*
 * `earlier` does not step aside in this cell: one of its `unless` is
 * excluded, or the rule's own `unless` holds wherever it does.
 */
static bool
no_exception(const struct premises *premises, const struct rule *earlier)
{
	const struct conditions *own = &premises->rule->unless;
	struct premises excepted = { .policy = premises->policy };

	if (!earlier->unless.given)
		return true;
	for (size_t i = 0; i < earlier->unless.count; i++)
		if (exclude(premises, &earlier->unless.list[i]))
			return true;
	for (size_t i = 0; i < earlier->unless.count && i < MOST_CONDITIONS;
	     i++)
		excepted.list[excepted.count++] = &earlier->unless.list[i];
	return own->given && imply_all(&excepted, own);
}

/*
 * Whether each instant of the rule's hours lies in the earlier one's; false
 * where to find out takes more looks than are left.
 */
static bool
hours_within(const struct rule *rule, const struct rule *earlier, int64_t at,
    size_t *looks)
{
	int64_t limit = at + CHECK_YEAR_S;
	size_t cost = 2 * (rule->during.count + earlier->during.count);

	while (at < limit) {
		int64_t edge;

		if (*looks < cost)
			return false;
		*looks -= cost;
		edge = usher_hours_edge(&earlier->during, at, limit);
		if ((!rule->has_during ||
			usher_hours_hold(&rule->during, at)) &&
		    !usher_hours_hold(&earlier->during, at))
			return false;
		if (rule->has_during) {
			int64_t own = usher_hours_edge(&rule->during, at,
			    limit);

			edge = own < edge ? own : edge;
		}
		at = edge;
	}
	return true;
}

static bool
decides(const struct rule *earlier, const struct rule *rule, int64_t at,
    size_t *looks)
{
	bool stays = earlier->otherwise_given
	    ? earlier->otherwise != OUTCOME_NEXT
	    : earlier->then == OUTCOME_ACCEPT;

	if (stays ||
	    (!earlier->has_during && earlier->cap_count == 0 &&
		!earlier->requires.given))
		return true;
	if (earlier->cap_count > 0 || earlier->requires.given)
		return false;
	/* Outside its hours a rule with `else` decides something too. */
	if (rule->otherwise_given ? rule->otherwise != OUTCOME_NEXT
				  : rule->then == OUTCOME_ACCEPT)
		return hours_within(&(struct rule){ 0 }, earlier, at, looks);
	return hours_within(rule, earlier, at, looks);
}

static bool
takes(const struct premises *premises, const struct rule *earlier, int64_t at,
    size_t *looks)
{
	return imply_all(premises, &earlier->when) &&
	    no_exception(premises, earlier) &&
	    decides(earlier, premises->rule, at, looks);
}

static const struct rule *
rule_at(const struct checking *checking, size_t place)
{
	const struct scope *scope = &checking->policy->scope;

	return place < scope->before_count
	    ? &scope->before[place]
	    : &checking->policy->rules[place - scope->before_count];
}

/* The place of the first that takes the cell, or `count`. */
static size_t
taker_of(const struct checking *checking, const struct premises *premises,
    size_t count)
{
	size_t place = 0;

	while (place < count &&
	    !takes(premises, rule_at(checking, place), checking->at,
		checking->hours_looks))
		place++;
	return place;
}

/* Of cell number `cell`; `added` holds its three conditions. */
static bool
premises_of(const struct checking *checking, const struct rule *rule,
    unsigned cell, struct condition added[3], struct premises *premises)
{
	*premises = (struct premises){ .policy = checking->policy,
		.rule = rule };
	if (rule->when.count > MOST_CONDITIONS)
		return false;
	for (size_t i = 0; i < rule->when.count; i++)
		premises->list[premises->count++] = &rule->when.list[i];
	added[0] = (struct condition){ .kind = ON_CHANNEL,
		.bits = 1u << cell / 2 % USHER_CHANNELS };
	added[1] = (struct condition){ .kind = ON_PURPOSE,
		.bits = 1u << cell / 2 / USHER_CHANNELS };
	added[2] = (struct condition){ .kind = ON_STRANGER,
		.wanted = cell % 2 == 1 };
	for (size_t i = 0; i < 3; i++)
		premises->list[premises->count++] = &added[i];
	return true;
}

enum check_reach
usher_check_reach(const struct checking *checking, const struct rule *rule,
    size_t index, unsigned channels, unsigned purposes,
    const struct rule *by[2])
{
	const size_t count = checking->policy->scope.before_count + index;
	const unsigned cells = 2 * USHER_CHANNELS * (USHER_PERSONAL + 1);
	size_t first = count, last = 0;

	for (unsigned cell = 0; cell < cells; cell++) {
		struct condition added[3];
		struct premises premises;
		size_t place;

		if (!premises_of(checking, rule, cell, added, &premises))
			return CHECK_REACHED;
		if (!(channels & added[0].bits) ||
		    !(purposes & added[1].bits) || is_empty(&premises))
			continue;
		place = taker_of(checking, &premises, count);
		if (place == count)
			return CHECK_REACHED;
		if (place < first)
			first = place;
		if (place > last)
			last = place;
	}
	if (first == count)
		return CHECK_EMPTY;
	by[0] = rule_at(checking, first);
	by[1] = rule_at(checking, last);
	return CHECK_TAKEN;
}
