/*
 * notes_attempt: attempts as notes (design.md §6): what became of one, for
 * caps, `tried` and introductions.
 */
#include "decide.h"
#include "notes.h"

bool
usher_attempt_counts(const struct usher_policy *policy,
    const struct usher_decision *decision)
{
	const struct rule *rule = decision->let_in_by;

	if (policy == NULL)
		return false;
	if ((policy->asks & ASKS_TRIED) != 0)
		return true;
	return decision->verdict.answer == USHER_ACCEPT && rule != NULL &&
	    (rule->cap_count > 0 || rule->introduces);
}

int
usher_notes_attempt(struct usher_notes *notes,
    const struct usher_policy *policy, const char *who,
    const struct usher_facts *facts, const struct usher_decision *decision,
    enum usher_became became, struct usher_error *error)
{
	(void)notes, (void)who, (void)facts, (void)became, (void)error;
	return usher_attempt_counts(policy, decision) ? 0 : 0;
}
