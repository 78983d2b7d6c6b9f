/*
 * check_mail: what is special about turning mail away.
 *
 * Codes, receipts and lists come from strangers too; a mail that waits longer
 * than servers try comes never; and mail put aside needs a place.
 */
#include <string.h>

#include "check.h"
#include "error.h"

enum { WEEKS_S = 21 * CHECK_DAY_S, MOST_WAITS = 200 };

/* ---- codes, receipts and lists ---- */

static const unsigned wanted = 1u << USHER_TRANSACTIONAL | 1u << USHER_LIST;

static bool
by_code_alone(const struct condition *condition)
{
	for (size_t i = 0; i < condition->count; i++)
		if (condition->parties[i]->count > 0)
			return false;
	return true;
}

/* Known before a word of the mail is read, and said of whole senders. */
static bool
of_envelope(const struct condition *condition)
{
	switch (condition->kind) {
	case ON_CHANNEL:
	case ON_ORGANIZATION:
	case ON_FROM:
	case ON_STRANGER:
	case ON_KNOWN:
	case ON_ANONYMOUS:
	case ON_VERIFIED:
	case ON_COUNTRY:
	case ON_NETWORK:
	case ON_STANDING:
	case ON_TRIED:
	case ON_DAY: return true;
	case ON_PARTY: return !by_code_alone(condition);
	case ON_INTRODUCED: return !condition->wanted;
	default: return false;
	}
}

static bool
turns_away(const struct rule *rule)
{
	return usher_check_may(rule, OUTCOME_DEFER) ||
	    usher_check_may(rule, OUTCOME_REDIRECT) ||
	    usher_check_may(rule, OUTCOME_REFUSE);
}

/* Its `unless` means codes, receipts and lists by mail, maybe some of them. */
static bool
spares_wanted(const struct rule *rule)
{
	unsigned purposes = usher_check_bits(&rule->unless, ON_PURPOSE, 0);
	unsigned channels = usher_check_bits(&rule->unless, ON_CHANNEL,
	    CHECK_ALL_CHANNELS);

	return (purposes & wanted) == wanted && channels & 1u << USHER_EMAIL;
}

static void
check_wanted(const struct checking *checking, size_t index)
{
	const struct usher_policy *policy = checking->policy;
	const struct rule *rule = &policy->rules[index];
	const struct rule *by[2];

	if (!turns_away(rule) ||
	    !(usher_check_rule_channels(policy, rule) & 1u << USHER_EMAIL))
		return;
	for (size_t i = 0; i < rule->when.count; i++)
		if (!of_envelope(&rule->when.list[i]))
			return;
	if (spares_wanted(rule) ||
	    usher_check_reach(checking, rule, index, 1u << USHER_EMAIL, wanted,
		by) != CHECK_REACHED)
		return;
	usher_check_warn(checking, rule->line,
	    "rule \"%s\" turns mail away "
	    "whatever it is about: codes, receipts and mailing lists too; "
	    "add unless = { purpose = [ \"transactional\", \"list\" ]; };",
	    rule->name);
}

static int
check_otherwise(const struct checking *checking)
{
	const struct usher_policy *policy = checking->policy;
	struct usher_facts *facts;
	struct outcome_of outcome;
	struct asked asked;
	int code;

	if (policy->otherwise == OUTCOME_ACCEPT || checking->stranger_closed)
		return 0;
	code = usher_check_attempt(checking, NULL, USHER_EMAIL,
	    USHER_TRANSACTIONAL, 0, &facts);
	if (code != 0 || facts == NULL)
		return code;
	asked = usher_check_ask(checking, facts, USHER_EMAIL, checking->at);
	outcome = usher_evaluate(&asked);
	if (strcmp(outcome.name, "otherwise") == 0)
		usher_check_warn(checking, policy->otherwise_line,
		    "`otherwise` turns away mail that no rule names: codes, "
		    "receipts and mailing lists too; add a rule { if = { "
		    "channel = \"email\"; purpose = [ \"transactional\", "
		    "\"list\" ]; }; then = \"accept\"; }");
	usher_facts_free(facts);
	return 0;
}

/* ---- waits ---- */

/* Seconds between two instants on the recipient's clock on the wall. */
static int64_t
wall_wait(const struct usher_policy *policy, int64_t from, int64_t until)
{
	struct zone_time a = usher_zone_local(policy->zone, from);
	struct zone_time b = usher_zone_local(policy->zone, until);

	return (int64_t)(b.day - a.day) * CHECK_DAY_S + b.second - a.second;
}

/*
 * The next opening, for instants that only grow: what was found holds until it
 * has begun, and where none was, none begins before `from`.
 */
struct next_opening {
	bool exists;
	int64_t from; /* where it begins, or how far was looked */
};

static bool
find_next(struct checking *checking, const struct asked *asked,
    struct next_opening *next)
{
	struct asked later = *asked;
	struct usher_opening opening;

	if (asked->at < next->from && next->exists)
		return next->from < asked->at + OPENING_WITHIN;
	if (asked->at < next->from)
		later.at = next->from;
	if (later.at >= asked->at + OPENING_WITHIN)
		return false;
	next->exists = usher_opening_search(&later, &opening,
			   &checking->work) == YES;
	next->from = next->exists ? opening.from : later.at + OPENING_WITHIN;
	return next->exists && next->from < asked->at + OPENING_WITHIN;
}

/* The longest that the rule lets such a mail wait, in three weeks. */
static int64_t
longest_wait(struct checking *checking, const struct rule *rule,
    const struct usher_facts *facts, int64_t *since)
{
	struct asked asked = usher_check_ask(checking, facts, USHER_EMAIL,
	    checking->at);
	struct next_opening next = { .from = INT64_MIN };
	int64_t limit = asked.at + WEEKS_S, longest = 0;

	for (int i = 0; i < MOST_WAITS && asked.at != INT64_MAX; i++) {
		struct outcome_of outcome = usher_evaluate(&asked);
		int64_t wait = 0;

		if (outcome.rule == rule && outcome.answer == USHER_DEFER &&
		    find_next(checking, &asked, &next))
			wait = wall_wait(checking->policy, asked.at, next.from);
		if (wait > longest) {
			longest = wait;
			*since = asked.at;
		}
		usher_check_work(checking, 1);
		if (checking->work == 0)
			break; /* what was found is true; more is not known */
		asked.at = usher_policy_edge(&asked, asked.at, limit);
	}
	return longest;
}

static const char *
shown_instant(const struct usher_policy *policy, int64_t at, char text[40])
{
	static const char *const days[] = { "Monday", "Tuesday", "Wednesday",
		"Thursday", "Friday", "Saturday", "Sunday" };
	struct zone_time local = usher_zone_local(policy->zone, at);

	(void)snprintf(text, 40, "%s %02d:%02d",
	    days[usher_weekday_of_day(local.day)], local.second / 3600,
	    local.second / 60 % 60);
	return text;
}

static void
tell_wait(const struct checking *checking, const struct rule *rule,
    int64_t wait, int64_t since)
{
	long long patience = checking->policy->conf->mail.patience_s / 3600;
	char text[40];

	usher_check_warn(checking, rule->line,
	    "rule \"%s\" lets mail wait "
	    "too long: what comes on %s waits %lld hours for its opening, "
	    "and mail servers give up (mail.patience is %lld h), so the "
	    "sender is told the time as a final answer and must send anew; "
	    "open more often, or redirect instead",
	    rule->name, shown_instant(checking->policy, since, text),
	    (long long)wait / 3600, patience);
}

static int
check_wait(struct checking *checking, const struct rule *rule)
{
	unsigned purposes = usher_check_bits(&rule->when, ON_PURPOSE,
	    CHECK_ALL_PURPOSES);

	for (unsigned i = 0; i <= USHER_PERSONAL; i++) {
		/* Sales first, unknown last. */
		unsigned purpose = (i + USHER_SALES) % (USHER_PERSONAL + 1);
		struct usher_facts *facts;
		int64_t wait, since = 0;
		int code;

		if (!(purposes & 1u << purpose))
			continue;
		code = usher_check_attempt(checking, rule, USHER_EMAIL,
		    (enum usher_purpose)purpose, 0, &facts);
		if (code != 0)
			return code;
		if (facts == NULL)
			continue;
		wait = longest_wait(checking, rule, facts, &since);
		usher_facts_free(facts);
		if (wait > checking->policy->conf->mail.patience_s) {
			tell_wait(checking, rule, wait, since);
			return 0;
		}
	}
	return 0;
}

/* ---- aside ---- */

static bool
at_home(const struct usher_policy *policy, const char *address)
{
	const struct usher_site *site = &policy->conf->site;
	const char *at = strrchr(address, '@');

	for (size_t i = 0; at != NULL && i < site->domain_count; i++)
		if (usher_domain_within(at + 1, site->domains[i]))
			return true;
	return site->domain_count == 0;
}

/* A reply goes with what is redirected; who differ may be put aside anyhow. */
static bool
puts_aside(const struct usher_policy *policy, const struct rule *rule)
{
	if (!(usher_check_rule_channels(policy, rule) & 1u << USHER_EMAIL))
		return false;
	return policy->conf->mail.mixed_aside
	    ? turns_away(rule)
	    : usher_check_may(rule, OUTCOME_REDIRECT);
}

/* Errors: the site asks for a mailbox that this file must name. */
static void
check_aside(const struct checking *checking)
{
	const struct usher_policy *policy = checking->policy;
	const struct usher_mail *mail = &policy->conf->mail;
	bool needed = policy->otherwise == OUTCOME_REDIRECT ||
	    (mail->mixed_aside && policy->otherwise != OUTCOME_ACCEPT);

	if (policy->aside != NULL) {
		if (!at_home(policy, policy->aside))
			usher_problems_add(checking->problems, false,
			    policy->file, 1,
			    "`aside` (%s) is at no domain of site.domains:"
			    " mail must not leave this site unseen; name a"
			    " mailbox here",
			    policy->aside);
		return;
	}
	if (mail->aside[0] != '\0' ||
	    !(mail->redirect_reply || mail->mixed_aside))
		return;
	for (size_t i = 0; i < policy->rule_count && !needed; i++)
		needed = puts_aside(policy, &policy->rules[i]);
	if (needed)
		usher_problems_add(checking->problems, false, policy->file, 1,
		    "the site puts mail aside (mail.%s in usher.conf), and"
		    " there is no mailbox for it: write aside ="
		    " \"you+aside@your.domain\" here, or have the"
		    " administrator set mail.aside",
		    mail->redirect_reply ? "redirect = \"reply\""
					 : "mixed = \"aside\"");
}

int
usher_check_mail(struct checking *checking)
{
	const struct usher_policy *policy = checking->policy;
	int code;

	if (!(usher_check_channels(policy) & 1u << USHER_EMAIL))
		return 0;
	check_aside(checking);
	for (size_t i = 0; i < policy->rule_count; i++)
		check_wanted(checking, i);
	code = check_otherwise(checking);
	for (size_t i = 0; code == 0 && i < policy->rule_count &&
	     !policy->conf->mail.defer_hold;
	     i++)
		if (usher_check_may(&policy->rules[i], OUTCOME_DEFER) &&
		    usher_check_rule_channels(policy, &policy->rules[i]) &
			1u << USHER_EMAIL)
			code = check_wait(checking, &policy->rules[i]);
	return code;
}
