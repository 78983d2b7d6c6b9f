/*
 * decide: one verdict (design.md §5), put together.
 *
 * walk.c says how the rules end, opening.c when the door opens, and
 * decide_promise.c what was promised; here are the targets of a redirect, and
 * what the words need. Called by the daemons and the command line through
 * usher.h.
 */
#include "decide.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "error.h"

struct deciding {
	decide_find_h *find; /* or NULL */
	void *find_arg;
	struct usher_decision *decision;
	struct asked asked;
	struct outcome_of outcome;
	bool pending;
	bool unchecked; /* a refusal became a deferral, for want of memory */
};

static int
make_decision(struct usher_decision **decision)
{
	if (*decision == NULL) {
		/* Unlike calloc(), it takes what a thread has at hand. */
		*decision = malloc(sizeof(**decision));
		if (*decision == NULL)
			return ENOMEM;
		**decision = (struct usher_decision){ .policy = NULL };
		usher_arena_init(&(*decision)->arena);
		return 0;
	}
	usher_policy_release((*decision)->policy);
	{
		struct arena arena = (*decision)->arena;

		usher_arena_reset(&arena);
		memset(*decision, 0, sizeof(**decision));
		(*decision)->arena = arena;
	}
	return 0;
}

void
usher_decision_free(struct usher_decision *decision)
{
	if (decision == NULL)
		return;
	usher_policy_release(decision->policy);
	usher_arena_free(&decision->arena);
	free(decision);
}

const struct usher_verdict *
usher_decision_verdict(const struct usher_decision *decision)
{
	return &decision->verdict;
}

static bool
language_is(const char *have, const char *wanted)
{
	size_t length;

	if (have == NULL || wanted == NULL)
		return false;
	length = strcspn(wanted, "-_,");
	return strncasecmp(have, wanted, length) == 0 &&
	    strcspn(have, "-_") == length;
}

/* In a language of the sender's, else the recipient's, else the first. */
static const char *
say_of(const struct rule *rule, const char *sender, const char *recipient)
{
	if (rule == NULL || rule->say_count == 0)
		return NULL;
	while (sender != NULL) {
		for (size_t i = 0; i < rule->say_count; i++)
			if (language_is(rule->says[i].language, sender))
				return rule->says[i].text;
		sender = strchr(sender, ',');
		if (sender != NULL)
			sender++;
	}
	for (size_t i = 0; i < rule->say_count; i++)
		if (rule->says[i].language == NULL ||
		    language_is(rule->says[i].language, recipient))
			return rule->says[i].text;
	return rule->says[0].text;
}

/*
 * What the rule that accepts at an opening asks to bring, for the words.
 * Returns its name, or NULL.
 */
static const char *
note_bring(struct deciding *deciding, const struct asked *asked,
    const struct usher_opening *opening, bool *introduces)
{
	struct usher_decision *decision = deciding->decision;
	struct asked then = *asked;
	struct outcome_of outcome;
	bool asked_for = false;

	if (!opening->exists)
		return NULL;
	then.at = opening->from;
	then.brought = true;
	outcome = usher_evaluate(&then);
	if (outcome.rule == NULL || outcome.answer != USHER_ACCEPT)
		return outcome.name;
	then.brought = false;
	if (introduces != NULL)
		*introduces = *introduces || outcome.rule->introduces;
	if (decision->bring_count > 0)
		return outcome.name;
	decision->bring_count = usher_requires_missing(&then, &decision->arena,
	    outcome.rule, decision->bring, &asked_for);
	decision->bring_parts = usher_requires_lacking(&then, outcome.rule,
	    &asked_for);
	decision->bring_rule = outcome.rule;
	return outcome.name;
}

/* The opening of a question; a pending one makes the decision pending. */
static struct usher_opening
opening_of(struct deciding *deciding, struct asked *asked)
{
	struct usher_opening opening = { .exists = false };

	if (usher_opening_find(asked, &opening) == MAYBE) {
		unsigned shown = deciding->asked.facts->shown;

		deciding->pending = true;
		deciding->asked.needs |= USHER_ALL & ~shown;
	}
	return opening;
}

/* "mailto:bob@example.com?subject=x" to "bob@example.com". */
static const char *
identity_of_uri(struct arena *arena, const char *uri)
{
	if (strncmp(uri, "https:", 6) == 0)
		return NULL;
	return usher_arena_bytes(arena, uri, strcspn(uri, "?"));
}

/*
 * A target that is a recipient is decided by that recipient's preferences;
 * false when they do not accept now.
 */
static bool
ask_recipient(struct deciding *deciding, struct asked *asked, const char *uri)
{
	const char *who = identity_of_uri(&deciding->decision->arena, uri);
	struct usher_policy *other = NULL;
	bool accepted = true;

	if (who == NULL || usher_policy_owns(asked->policy, who) ||
	    deciding->find == NULL)
		return true;
	if (deciding->find(deciding->find_arg, asked->policy->conf, who, &other,
		NULL) != 0 ||
	    other == NULL)
		return true;
	asked->policy = other;
	asked->topics = NULL;
	asked->memory = NULL;
	asked->target = true;
	asked->brought = true;
	accepted = usher_accepts(asked) == YES;
	usher_policy_release(other);
	return accepted;
}

/* `introduced`: when an acceptance here would introduce, or INT64_MAX. */
static bool
make_target(struct deciding *deciding, const struct target *from,
    struct usher_target *target, const char **rule, int64_t *introduced)
{
	const struct usher_policy *policy = deciding->asked.policy;
	struct asked there = deciding->asked;
	bool own, introduces = false;

	target->channel = from->channel;
	target->uri = from->uri != NULL ? from->uri
					: policy->published[from->channel];
	target->opening.exists = true;
	target->opening.from = there.at;
	target->opening.until = INT64_MAX;
	own = from->channel < USHER_CHANNELS &&
	    (from->uri == NULL ||
		usher_policy_owns(policy,
		    identity_of_uri(&deciding->decision->arena, from->uri)));
	if (!own) {
		struct asked other = there;

		if (from->channel >= USHER_CHANNELS)
			return true;
		other.channel = from->channel;
		return ask_recipient(deciding, &other, from->uri);
	}
	if (from->channel == there.channel) {
		target->opening = deciding->decision->verdict.opening;
		return true;
	}
	there.channel = from->channel;
	there.target = true;
	target->opening = opening_of(deciding, &there);
	*rule = note_bring(deciding, &there, &target->opening, &introduces);
	if (introduces && target->opening.from < *introduced)
		*introduced = target->opening.from;
	return true;
}

/* Of the channel they came by; what was told once is told again. */
static void
open_once_introduced(struct deciding *deciding, int64_t at)
{
	struct usher_decision *decision = deciding->decision;
	struct usher_opening *opening = &decision->verdict.introduced;
	struct asked back = deciding->asked;

	back.introduced = true;
	if (usher_promise_awaiting(&back, at, opening))
		return;
	back.at = at;
	*opening = opening_of(deciding, &back);
	if (!opening->exists)
		return;
	back.at = opening->from;
	back.brought = true;
	decision->introduced_rule = usher_evaluate(&back).name;
}

static int
make_targets(struct deciding *deciding)
{
	const struct outcome_of *outcome = &deciding->outcome;
	struct usher_decision *decision = deciding->decision;
	const struct target here = { .channel = deciding->asked.channel };
	bool came_by = outcome->target_count == 0;
	size_t count = came_by ? 1 : outcome->target_count;
	struct usher_target *targets = usher_arena_array(&decision->arena,
	    count, sizeof(*targets));
	int64_t introduced = INT64_MAX;
	size_t made = 0;

	decision->target_rules = usher_arena_array(&decision->arena, count,
	    sizeof(*decision->target_rules));
	if (targets == NULL || decision->target_rules == NULL)
		return ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (make_target(deciding,
			came_by ? &here : &outcome->targets[i], &targets[made],
			&decision->target_rules[made], &introduced))
			made++;
	decision->verdict.targets = targets;
	decision->verdict.target_count = made;
	/* Not to be told where nothing would remember the introduction. */
	if (introduced != INT64_MAX && deciding->asked.memory != NULL &&
	    !deciding->asked.memory->forgetful)
		open_once_introduced(deciding, introduced);
	return 0;
}

static int
note_missing(struct deciding *deciding)
{
	struct usher_decision *decision = deciding->decision;
	struct usher_verdict *verdict = &decision->verdict;
	const struct rule *rule = deciding->outcome.rule;
	const char **missing;

	if (rule == NULL || !rule->requires.given)
		return 0;
	missing = usher_arena_array(&decision->arena, MOST_MISSING,
	    sizeof(*missing));
	if (missing == NULL)
		return ENOMEM;
	verdict->missing_count = usher_requires_missing(&deciding->asked,
	    &decision->arena, rule, missing, &verdict->asked);
	verdict->missing = missing;
	decision->missing_parts = usher_requires_lacking(&deciding->asked, rule,
	    &verdict->asked);
	return 0;
}

static int
turn_away(struct deciding *deciding)
{
	struct usher_verdict *verdict = &deciding->decision->verdict;
	struct usher_decision *decision = deciding->decision;
	int code;

	deciding->decision->rule = deciding->outcome.rule;
	verdict->say = say_of(deciding->outcome.rule,
	    deciding->decision->language, deciding->asked.policy->language);
	code = note_missing(deciding);
	if (code != 0 || verdict->answer == USHER_REFUSE)
		return code;
	/* Nobody knows when the store can be read, and nothing is promised. */
	if (deciding->unchecked)
		return 0;
	verdict->opening = opening_of(deciding, &deciding->asked);
	decision->standing = usher_promise_again(decision, &deciding->asked);
	decision->opening_rule = note_bring(deciding, &deciding->asked,
	    &verdict->opening, NULL);
	if (verdict->answer == USHER_REDIRECT)
		code = make_targets(deciding);
	return code;
}

/*
 * An introduction is of whom the headers may prove, and joins the numbers that
 * its text names.
 */
static void
await_introduction(struct deciding *deciding)
{
	struct asked *asked = &deciding->asked;
	const struct usher_facts *facts = asked->facts;
	unsigned missing = USHER_ALL & ~facts->shown;

	if (asked->memory == NULL || asked->memory->forgetful || missing == 0)
		return;
	/* Of nobody who is proven nothing is joined. */
	if ((missing & USHER_HEADERS) == 0 && facts->proven_count == 0 &&
	    !facts->claims_proven)
		return;
	asked->needs |= missing;
	deciding->pending = true;
}

static void
let_in(struct deciding *deciding)
{
	struct usher_verdict *verdict = &deciding->decision->verdict;
	const struct rule *rule = deciding->outcome.rule;

	deciding->decision->let_in_by = rule;
	if (usher_code_awaits(&deciding->asked))
		deciding->pending = true;
	if (rule == NULL)
		return;
	if (rule->introduces)
		await_introduction(deciding);
	verdict->introduces = rule->introduces;
	verdict->deliver_to = rule->deliver_to;
	verdict->ring = rule->ring;
}

static int
decide(struct deciding *deciding)
{
	struct usher_verdict *verdict = &deciding->decision->verdict;
	int code = 0;

	deciding->outcome = usher_evaluate(&deciding->asked);
	deciding->unchecked = usher_code_spares(&deciding->asked,
	    &deciding->outcome);
	if (!deciding->unchecked &&
	    usher_promise_keep(deciding->decision, &deciding->asked,
		&deciding->outcome) == MAYBE)
		deciding->pending = true;
	verdict->answer = deciding->outcome.answer;
	verdict->rule = deciding->outcome.name;
	verdict->reason = deciding->outcome.reason;
	if (verdict->answer == USHER_ACCEPT)
		let_in(deciding);
	else if (verdict->answer != USHER_PENDING)
		code = turn_away(deciding);
	if (code == 0 && verdict->answer != USHER_PENDING)
		code = usher_code_keep(deciding->decision,
		    deciding->asked.memory);
	if (deciding->pending)
		verdict->answer = USHER_PENDING;
	if (verdict->answer != USHER_PENDING)
		return code;
	verdict->needs = deciding->asked.needs;
	if (verdict->needs == 0) /* all is shown: nothing to wait for */
		verdict->needs = USHER_ALL & ~deciding->asked.facts->shown;
	return code;
}

void
usher_decision_language(struct usher_decision *decision, const char *language)
{
	decision->language = language;
	if (decision->rule != NULL)
		decision->verdict.say = say_of(decision->rule, language,
		    decision->policy->language);
}

static void
for_safety(struct usher_verdict *verdict)
{
	verdict->answer = USHER_ACCEPT;
	verdict->rule = "safety";
	verdict->reason = USHER_FOR_SAFETY;
}

int
usher_decide_by(decide_find_h *find, void *find_arg,
    const struct usher_question *question, struct usher_decision **result,
    struct usher_error *error)
{
	struct deciding deciding = { .find = find, .find_arg = find_arg };
	struct usher_decision *decision;
	int code = make_decision(result);

	if (code != 0)
		return usher_error_set(error, code, "no memory to decide");
	decision = *result;
	decision->at = question->at;
	decision->language = question->language;
	decision->channel = question->facts->channel;
	decision->purpose = question->facts->purpose;
	decision->evidence = question->facts->evidence;
	decision->evidence_count = question->facts->evidence_count;
	decision->policy = usher_policy_hold(
	    (struct usher_policy *)(uintptr_t)question->policy);
	if (question->safety || question->policy == NULL) {
		for_safety(&decision->verdict);
		return 0;
	}
	deciding.decision = decision;
	deciding.asked = (struct asked){ .policy = question->policy,
		.facts = usher_decision_join(decision, question),
		.memory = question->memory,
		.at = question->at,
		.channel = question->facts->channel,
		.topics = usher_arena_alloc(&decision->arena,
		    usher_topics_kept(question->policy) + 1) };
	if (deciding.asked.facts == NULL)
		return usher_error_set(error, ENOMEM, "no memory to decide");
	code = decide(&deciding);
	if (code == 0 && question->trace) {
		usher_trace_make(decision, &deciding.asked, &deciding.outcome);
		if (decision->verdict.answer != USHER_ACCEPT)
			usher_why_not(decision, &deciding.asked,
			    &deciding.outcome);
	}
	if (code == 0 && decision->arena.failed)
		code = ENOMEM;
	if (code != 0)
		return usher_error_set(error, code, "no memory to decide");
	return 0;
}
