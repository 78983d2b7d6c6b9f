/*
 * check: the analysis of preferences before they are live (design.md §5).
 *
 * Runs its parts over one compiled policy and tells what is legal and yet
 * hardly meant, as warnings at the rule's own line: what, why it matters, what
 * to write instead. Also here: what the parts ask of a rule. Called by the
 * command line, and for the site's default policy.
 */
#include "check.h"

#include <stdarg.h>

#include "error.h"

/* Bounds the time of doors, of waits and of hours, to a second or two each. */
enum { MOST_LOOKS = 40000000 };

void
usher_check_warn(const struct checking *checking, unsigned line,
    const char *format, ...)
{
	struct usher_error said;
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(said.text, sizeof(said.text), format, arguments);
	va_end(arguments);
	usher_problems_add(checking->problems, true, checking->policy->file,
	    line, "%s", said.text);
}

const struct condition *
usher_check_find(const struct conditions *conditions, enum condition_kind kind)
{
	for (size_t i = 0; i < conditions->count; i++)
		if (conditions->list[i].kind == kind)
			return &conditions->list[i];
	return NULL;
}

unsigned
usher_check_bits(const struct conditions *conditions, enum condition_kind kind,
    unsigned all)
{
	const struct condition *condition = usher_check_find(conditions, kind);

	return condition == NULL ? all : condition->bits;
}

unsigned
usher_check_channels(const struct usher_policy *policy)
{
	unsigned channels = policy->channels;

	for (size_t i = 0; i < policy->address_count; i++)
		channels |= policy->addresses[i].kind == ADDRESS_MAIL
		    ? 1u << USHER_EMAIL
		    : 1u << USHER_PHONE;
	if (policy->address_count == 0) /* the site's default */
		channels |= 1u << USHER_EMAIL | 1u << USHER_PHONE;
	if (policy->fax_count > 0)
		channels |= 1u << USHER_FAX;
	return channels;
}

unsigned
usher_check_rule_channels(const struct usher_policy *policy,
    const struct rule *rule)
{
	unsigned channels = usher_check_bits(&rule->when, ON_CHANNEL,
	    usher_check_channels(policy));

	if (rule->unless.count == 1)
		channels &= ~usher_check_bits(&rule->unless, ON_CHANNEL, 0);
	return channels;
}

enum outcome
usher_check_else(const struct rule *rule, bool substance)
{
	if (rule->otherwise_given)
		return rule->otherwise;
	if (rule->then != OUTCOME_ACCEPT)
		return OUTCOME_NEXT;
	return substance ? OUTCOME_REDIRECT : OUTCOME_DEFER;
}

bool
usher_check_may(const struct rule *rule, enum outcome outcome)
{
	return rule->then == outcome ||
	    ((rule->has_during || rule->cap_count > 0) &&
		usher_check_else(rule, false) == outcome) ||
	    (rule->requires.given && usher_check_else(rule, true) == outcome);
}

void
usher_check_work(struct checking *checking, size_t looks)
{
	size_t cost = looks * checking->weight;

	checking->work -= cost < checking->work ? cost : checking->work;
}

int
usher_policy_check(struct usher *usher, const struct usher_policy *policy,
    int64_t at, struct usher_problems *problems)
{
	size_t hours_looks = MOST_LOOKS;
	struct checking checking = { .policy = policy,
		.hours_looks = &hours_looks,
		.at = at,
		.usher = usher,
		.problems = problems,
		.work = MOST_LOOKS,
		.weight = 1 };
	int code;

	for (size_t i = 0; i < policy->rule_count; i++)
		checking.weight += 1 + policy->rules[i].during.count +
		    policy->rules[i].when.count + policy->rules[i].unless.count;
	usher_check_rules(&checking);
	usher_check_values(&checking);
	usher_check_targets(&checking);
	code = usher_check_doors(&checking);
	if (code == 0)
		code = usher_check_parties(&checking);
	checking.work = MOST_LOOKS;
	if (code == 0)
		code = usher_check_mail(&checking);
	return code;
}
