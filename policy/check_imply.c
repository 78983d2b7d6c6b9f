/*
 * check_imply: whether one condition implies or excludes another.
 *
 * Sound and not complete: a false "no" only leaves a warning out. Both
 * conditions are held against the same attempt in the same reading. Used by
 * check_reach.c and check_rules.c.
 */
#include <string.h>
#include <strings.h>

#include "check.h"

/* ---- values ---- */

static bool
pattern_within(const struct pattern *a, const struct pattern *b)
{
	if (b->kind == PATTERN_ADDRESS && strcmp(b->text, "*") == 0)
		return true;
	if (b->kind == PATTERN_DOMAIN && strchr(b->text, '*') == NULL) {
		const char *at = strrchr(a->text, '@');

		if (a->kind == PATTERN_ADDRESS && at != NULL &&
		    strchr(at, '*') == NULL)
			return usher_domain_within(at + 1, b->text);
		if (a->kind != PATTERN_NUMBER && strchr(a->text, '*') == NULL)
			return usher_domain_within(a->text, b->text);
	}
	/* A star of `a` is met by a star of `b` alone, so this is safe. */
	return a->kind == b->kind && usher_text_matches(b->text, a->text);
}

static bool
pattern_within_any(const struct pattern *a, size_t count,
    const struct pattern *patterns)
{
	for (size_t i = 0; i < count; i++)
		if (pattern_within(a, &patterns[i]))
			return true;
	return false;
}

static bool
patterns_within(size_t count, const struct pattern *patterns,
    size_t other_count, const struct pattern *other)
{
	for (size_t i = 0; i < count; i++)
		if (!pattern_within_any(&patterns[i], other_count, other))
			return false;
	return count > 0;
}

static bool
network_within(const struct as_or_cidr *a, const struct as_or_cidr *b)
{
	unsigned bits = b->network.length;

	if (a->as != 0 || b->as != 0)
		return a->as == b->as;
	if (a->network.family_bits != b->network.family_bits ||
	    a->network.length < bits ||
	    memcmp(a->network.address, b->network.address, bits / 8) != 0)
		return false;
	return bits % 8 == 0 ||
	    (a->network.address[bits / 8] ^ b->network.address[bits / 8]) >>
		(8 - bits % 8) ==
	    0;
}

/* The numbers that meet a comparison, ends included. */
static void
range_of(const struct comparison *comparison, size_t *least, size_t *most)
{
	*least = 0;
	*most = SIZE_MAX;
	switch (comparison->how) {
	case AT_MOST: *most = comparison->number; break;
	case AT_LEAST: *least = comparison->number; break;
	case MORE: *least = comparison->number + 1; break;
	case EQUAL: *least = *most = comparison->number; break;
	case LESS:
		*most = comparison->number - 1;
		if (comparison->number == 0) { /* no number at all */
			*least = 1;
			*most = 0;
		}
	}
}

static bool
comparison_within(const struct comparison *a, const struct comparison *b)
{
	size_t a_least, a_most, b_least, b_most;

	range_of(a, &a_least, &a_most);
	range_of(b, &b_least, &b_most);
	return a_least >= b_least && a_most <= b_most;
}

static bool
dates_same(const struct dates *a, const struct dates *b)
{
	return a == b ||
	    (a->count == b->count && strcmp(a->name, b->name) == 0);
}

/* Whether value `i` of `a` is among those of `b`; both of one kind. */
static bool
value_within(const struct condition *a, size_t i, const struct condition *b)
{
	for (size_t k = 0; k < b->count; k++)
		switch (a->kind) {
		case ON_TOPIC:
			if (a->topics[i] == b->topics[k])
				return true;
			break;
		case ON_PARTY:
			if (a->parties[i] == b->parties[k])
				return true;
			break;
		case ON_COUNTRY:
		case ON_STAGE:
		case ON_ATTACHMENT:
			if (strcasecmp(a->strings[i], b->strings[k]) == 0)
				return true;
			break;
		case ON_LINK:
			if (usher_domain_within(a->strings[i], b->strings[k]))
				return true;
			break;
		case ON_NETWORK:
			if (network_within(&a->networks[i], &b->networks[k]))
				return true;
			break;
		case ON_DAY:
			if (dates_same(a->dates[i], b->dates[k]))
				return true;
			break;
		case ON_TRIED:
			if (a->caps[i].count >= b->caps[k].count &&
			    a->caps[i].seconds <= b->caps[k].seconds)
				return true;
			break;
		case ON_WORDS:
			if (comparison_within(&a->comparisons[i],
				&b->comparisons[k]))
				return true;
			break;
		default: return false;
		}
	return false;
}

static bool
values_within(const struct condition *a, const struct condition *b)
{
	for (size_t i = 0; i < a->count; i++)
		if (!value_within(a, i, b))
			return false;
	return a->count > 0;
}

static bool
same_kind_implies(const struct condition *a, const struct condition *b)
{
	switch (a->kind) {
	case ON_CHANNEL:
	case ON_PURPOSE:
	case ON_STANDING: return (a->bits & ~b->bits) == 0;
	case ON_STRANGER:
	case ON_KNOWN:
	case ON_INTRODUCED:
	case ON_ANONYMOUS:
	case ON_VERIFIED: return a->wanted == b->wanted;
	case ON_ORGANIZATION:
	case ON_FROM:
		return patterns_within(a->count, a->patterns, b->count,
		    b->patterns);
	default: return values_within(a, b);
	}
}

/* ---- kinds that have to do with each other ---- */

static bool
is_pattern(const struct condition *condition)
{
	return condition->kind == ON_ORGANIZATION || condition->kind == ON_FROM;
}

/* Any of these is in the party, in any reading. */
static bool
patterns_in_party(const struct condition *a, const struct condition *b)
{
	for (size_t i = 0; i < a->count; i++) {
		bool found = false;

		for (size_t k = 0; k < b->count && !found; k++)
			found = pattern_within_any(&a->patterns[i],
			    b->parties[k]->count, b->parties[k]->patterns);
		if (!found)
			return false;
	}
	return a->count > 0;
}

static bool
party_has_patterns(const struct condition *a, const struct condition *b)
{
	for (size_t i = 0; i < a->count; i++)
		if (a->parties[i]->code || a->parties[i]->trust_claimed ||
		    !patterns_within(a->parties[i]->count,
			a->parties[i]->patterns, b->count, b->patterns))
			return false;
	return a->count > 0;
}

/* The recipient's own parties are no strangers; the site's may be. */
static bool
own_parties(const struct usher_policy *policy, const struct condition *a)
{
	const struct scope *scope = &policy->scope;

	for (size_t i = 0; i < a->count; i++)
		if (a->parties[i] < scope->parties ||
		    a->parties[i] >= scope->parties + scope->party_count)
			return false;
	return a->count > 0;
}

static bool
is_acquainted(const struct usher_policy *policy, const struct condition *a)
{
	return ((a->kind == ON_KNOWN || a->kind == ON_INTRODUCED) &&
		   a->wanted) ||
	    (a->kind == ON_PARTY && own_parties(policy, a));
}

/* Channels that can carry what a condition looks for; 0: all can. */
static unsigned
carried_by(const struct condition *a)
{
	unsigned text = 1u << USHER_EMAIL | 1u << USHER_MESSAGE;

	if (a->kind == ON_ATTACHMENT)
		return 1u << USHER_EMAIL;
	if (a->kind == ON_LINK)
		return text;
	if (a->kind != ON_WORDS)
		return 0;
	for (size_t i = 0; i < a->count; i++)
		if (usher_comparison_holds(&a->comparisons[i], 0))
			return 0;
	return text;
}

bool
usher_check_implies(const struct usher_policy *policy,
    const struct condition *a, const struct condition *b)
{
	if (a->kind == b->kind)
		return same_kind_implies(a, b);
	if (b->kind == ON_STRANGER && !b->wanted)
		return is_acquainted(policy, a);
	if (a->kind == ON_STRANGER && a->wanted)
		return (b->kind == ON_KNOWN || b->kind == ON_INTRODUCED) &&
		    !b->wanted;
	if (is_pattern(a) && b->kind == ON_PARTY)
		return patterns_in_party(a, b);
	if (a->kind == ON_PARTY && is_pattern(b))
		return party_has_patterns(a, b);
	if (is_pattern(a) && is_pattern(b))
		return b->kind == ON_FROM &&
		    patterns_within(a->count, a->patterns, b->count,
			b->patterns);
	if (b->kind == ON_CHANNEL)
		return carried_by(a) != 0 && (carried_by(a) & ~b->bits) == 0;
	return false;
}

static bool
values_exclude(const struct condition *a, const struct condition *b)
{
	size_t least[2], most[2];

	if (a->kind == ON_COUNTRY) {
		for (size_t i = 0; i < a->count; i++)
			if (value_within(a, i, b))
				return false;
		return true;
	}
	for (size_t i = 0; i < a->count; i++)
		for (size_t k = 0; k < b->count; k++) {
			range_of(&a->comparisons[i], &least[0], &most[0]);
			range_of(&b->comparisons[k], &least[1], &most[1]);
			if (least[0] <= most[1] && least[1] <= most[0])
				return false;
		}
	return true;
}

static bool
same_kind_excludes(const struct condition *a, const struct condition *b)
{
	switch (a->kind) {
	case ON_CHANNEL:
	case ON_PURPOSE:
	case ON_STANDING: return (a->bits & b->bits) == 0;
	case ON_STRANGER:
	case ON_KNOWN:
	case ON_INTRODUCED:
	case ON_ANONYMOUS:
	case ON_VERIFIED: return a->wanted != b->wanted;
	case ON_COUNTRY:
	case ON_WORDS: return values_exclude(a, b);
	default: return false;
	}
}

bool
usher_check_excludes(const struct usher_policy *policy,
    const struct condition *a, const struct condition *b)
{
	if (a->kind == b->kind)
		return same_kind_excludes(a, b);
	if (a->kind == ON_STRANGER)
		return a->wanted && is_acquainted(policy, b);
	if (b->kind == ON_STRANGER)
		return b->wanted && is_acquainted(policy, a);
	if (a->kind == ON_CHANNEL)
		return carried_by(b) != 0 && (carried_by(b) & a->bits) == 0;
	if (b->kind == ON_CHANNEL)
		return carried_by(a) != 0 && (carried_by(a) & b->bits) == 0;
	return false;
}
