/*
 * check_parties: whoever is turned away on every channel, always.
 *
 * Members of each party, and a stranger, try every channel with every purpose
 * and all they could bring, at any time of a year. A party's member may be
 * known, introduced and a customer as well.
 */
#include "check.h"

/* How one kind of attempt would end. */
struct closed {
	bool opens;
	bool told;		 /* a page, a post box, somebody else */
	const struct rule *rule; /* that turned the first away */
	bool by_otherwise;
};

static void
try_attempt(struct checking *checking, const struct usher_facts *facts,
    struct closed *closed)
{
	struct asked asked = usher_check_ask(checking, facts, facts->channel,
	    checking->at);
	struct outcome_of outcome;

	if (usher_check_opens(checking, &asked)) {
		closed->opens = true;
		return;
	}
	outcome = usher_evaluate(&asked);
	for (size_t i = 0;
	     outcome.answer == USHER_REDIRECT && i < outcome.target_count; i++)
		if (outcome.targets[i].uri != NULL ||
		    outcome.targets[i].channel >= USHER_CHANNELS)
			closed->told = true;
	if (closed->rule == NULL && !closed->by_otherwise) {
		closed->rule = outcome.rule;
		closed->by_otherwise = outcome.rule == NULL;
	}
}

/* `party` NULL: a stranger. */
static int
try_all(struct checking *checking, const struct party *party,
    struct closed *closed)
{
	unsigned channels = usher_check_channels(checking->policy);
	unsigned ways = party == NULL ? BRINGS_ANYTHING : BRINGS_EVERYTHING;

	for (unsigned i = 0; i < USHER_CHANNELS * (USHER_PERSONAL + 1) * ways &&
	     !closed->opens && !closed->told;
	     i++) {
		enum usher_channel channel = (enum usher_channel)(
		    i / ways % USHER_CHANNELS);
		enum usher_purpose purpose = (enum usher_purpose)(
		    i / ways / USHER_CHANNELS);
		struct usher_facts *facts = NULL;
		int code;

		if (!(channels & 1u << channel))
			continue;
		code = party == NULL ? usher_check_attempt(checking, NULL,
					   channel, purpose, i % ways, &facts)
				     : usher_check_member(checking, party,
					   channel, purpose, i % ways, &facts);
		if (code != 0)
			return code;
		if (facts == NULL) /* nobody could be made up */
			closed->opens = true;
		else
			try_attempt(checking, facts, closed);
		usher_facts_free(facts);
	}
	return 0;
}

int
usher_check_parties(struct checking *checking)
{
	const struct usher_policy *policy = checking->policy;
	const struct scope *scope = &policy->scope;
	struct closed closed = { 0 };
	int code = try_all(checking, NULL, &closed);

	checking->stranger_closed = code == 0 && !closed.opens && !closed.told;
	if (checking->stranger_closed)
		usher_check_warn(checking,
		    closed.rule != NULL ? closed.rule->line
					: policy->otherwise_line,
		    "a stranger is turned away on every channel at any time, "
		    "and told no way that is open; unless you mean that, "
		    "accept one channel, or redirect to a `page`");
	for (size_t i = 0; code == 0 && i < scope->party_count; i++) {
		closed = (struct closed){ 0 };
		code = try_all(checking, &scope->parties[i], &closed);
		if (code == 0 && !closed.opens && !closed.told)
			usher_check_warn(checking, scope->parties[i].line,
			    "party \"%s\" is turned away on every channel at "
			    "any time, and told no way that is open; unless "
			    "you mean that, accept them on one channel, or "
			    "redirect to a `page`",
			    scope->parties[i].name);
	}
	return code;
}
