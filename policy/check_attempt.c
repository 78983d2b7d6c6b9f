/*
 * check_attempt: attempts made up to meet a rule, or to come from a party.
 *
 * Every condition says what it wants to see; the facts get it, and then the
 * rule itself says whether they meet it. What could not be made up that way
 * is not analysed. Used by check_doors.c, check_parties.c, check_mail.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "check.h"
#include "error.h"

/* Nobody's: RFC 2606 keeps the name free, and no country has +999. */
#define STRANGER_ADDRESS "sales@seller.example"
#define STRANGER_NUMBER "+99955501000"

enum { WORDS = 100, WHO = 400 };

struct making {
	const struct checking *checking;
	struct usher_facts *facts;
	unsigned brings;
	bool named; /* an identity has been given */
	bool unproven;
};

static void
set(struct making *making, const char *name, const char *value)
{
	/* What is refused leaves the facts without it, and the rule unmet. */
	(void)usher_facts_set(making->facts, name, value, NULL);
}

static void
set_number(struct making *making, const char *name, size_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%zu", value);
	set(making, name, text);
}

static void
name_them(struct making *making, const char *who)
{
	int code = making->unproven
	    ? usher_facts_claim(making->facts, who, NULL)
	    : usher_facts_prove(making->facts, who, NULL);

	making->named = making->named || code == 0;
}

/* Somebody whom the pattern means: each star is something. */
static void
name_by_pattern(struct making *making, const struct pattern *pattern)
{
	bool number = pattern->kind == PATTERN_NUMBER;
	bool domain = pattern->kind == PATTERN_DOMAIN ||
	    pattern->kind == PATTERN_ORGANIZATION;
	const char *filling = number ? "5550100" : "some";
	char who[WHO] = "";
	size_t length = 0;

	if (strlen(pattern->text) * 7 + 10 > sizeof(who))
		return;
	if (domain)
		length = (size_t)snprintf(who, sizeof(who), "someone@");
	for (const char *p = pattern->text; *p != '\0'; p++) {
		const char *piece = *p == '*' ? filling : (char[2]){ *p };

		length += (size_t)snprintf(who + length, sizeof(who) - length,
		    "%s", piece);
	}
	if (strcmp(pattern->text, "*") == 0)
		(void)snprintf(who, sizeof(who), STRANGER_ADDRESS);
	if (number) /* at most 15 digits */
		who[16] = '\0';
	name_them(making, who);
}

static void
name_by_party(struct making *making, const struct party *party)
{
	if (party->code)
		set(making, "code", party->name);
	else if (party->count > 0)
		name_by_pattern(making, &party->patterns[0]);
}

static void
meet_network(struct making *making, const struct as_or_cidr *network)
{
	int family = network->network.family_bits == 32 ? AF_INET : AF_INET6;
	char text[INET6_ADDRSTRLEN];

	if (network->as != 0) {
		(void)snprintf(text, sizeof(text), "AS%u", network->as);
		set(making, "network", text);
	} else if (inet_ntop(family, network->network.address, text,
		       sizeof(text)) != NULL) {
		set(making, "client", text);
	}
}

/* A number of words that meets one of the comparisons, mostly. */
static size_t
some_words(const struct condition *condition)
{
	const size_t tries[] = { WORDS, 0, 10000,
		condition->comparisons[0].number,
		condition->comparisons[0].number + 1 };

	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++)
		for (size_t k = 0; k < condition->count; k++)
			if (usher_comparison_holds(&condition->comparisons[k],
				tries[i]))
				return tries[i];
	return WORDS;
}

static void
meet(struct making *making, const struct condition *condition)
{
	static const char *const standings[] = { "new", "good", "poor" };
	const char *truth = condition->wanted ? "true" : "false";

	switch (condition->kind) {
	case ON_CHANNEL:
	case ON_PURPOSE:
	case ON_DAY: break; /* the caller's choice */
	case ON_TOPIC: set(making, "topic", condition->topics[0]->name); break;
	case ON_PARTY: name_by_party(making, condition->parties[0]); break;
	case ON_ORGANIZATION:
	case ON_FROM: name_by_pattern(making, &condition->patterns[0]); break;
	case ON_STRANGER: set(making, "stranger", truth); break;
	case ON_KNOWN: set(making, "known", truth); break;
	case ON_INTRODUCED: set(making, "introduced", truth); break;
	case ON_ANONYMOUS:
		if (condition->wanted)
			usher_facts_anonymous(making->facts);
		break;
	case ON_VERIFIED: break; /* seen before anybody is named */
	case ON_COUNTRY: set(making, "country", condition->strings[0]); break;
	case ON_NETWORK: meet_network(making, &condition->networks[0]); break;
	case ON_STAGE: set(making, "stage", condition->strings[0]); break;
	case ON_STANDING:
		for (size_t i = 0; i < 3; i++)
			if (condition->bits & 1u << i)
				set(making, "standing", standings[i]);
		break;
	case ON_TRIED:
		set_number(making, "tried", condition->caps[0].count);
		break;
	case ON_ATTACHMENT:
		set(making, "attachment", condition->strings[0]);
		break;
	case ON_LINK: set(making, "link", condition->strings[0]); break;
	case ON_WORDS:
		set_number(making, "words", some_words(condition));
		break;
	}
}

static void
bring_conditions(struct making *making, const struct conditions *conditions)
{
	for (size_t i = 0; i < conditions->count; i++) {
		const struct condition *condition = &conditions->list[i];

		for (size_t k = 0; k < condition->count; k++)
			if (condition->kind == ON_ATTACHMENT)
				set(making, "attachment",
				    condition->strings[k]);
			else if (condition->kind == ON_LINK)
				set(making, "link", condition->strings[k]);
	}
}

static void
bring_rules(struct making *making, const struct rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bring_conditions(making, &rules[i].when);
		bring_conditions(making, &rules[i].unless);
	}
}

static void
bring(struct making *making)
{
	const struct usher_policy *policy = making->checking->policy;
	const struct scope *scope = &policy->scope;
	const struct usher_conf *conf = policy->conf;

	if (making->brings & BRINGS_SUBSTANCE) {
		bring_rules(making, scope->before, scope->before_count);
		bring_rules(making, policy->rules, policy->rule_count);
		bring_rules(making, scope->after, scope->after_count);
	}
	for (; making->brings & BRINGS_TOPICS && scope != NULL;
	     scope = scope->site)
		for (size_t i = 0; i < scope->topic_count; i++)
			set(making, "topic", scope->topics[i].name);
	if (!(making->brings & BRINGS_TIES))
		return;
	set(making, "known", "true");
	set(making, "introduced", "true");
	set(making, "standing", "good");
	for (size_t i = 0; i < conf->stage_count; i++)
		set(making, "stage", conf->stages[i]);
}

static int
begin(const struct checking *checking, enum usher_channel channel,
    enum usher_purpose purpose, unsigned brings, struct making *making)
{
	int code;

	*making = (struct making){ .checking = checking, .brings = brings };
	code = usher_facts_new(checking->policy->conf, channel, &making->facts);
	if (code != 0)
		return code;
	usher_facts_shown(making->facts, USHER_ALL);
	usher_facts_purpose(making->facts, purpose);
	set_number(making, "words", WORDS);
	set(making, "subject", "an offer");
	return 0;
}

static void
name_nobody(struct making *making)
{
	if (!making->named)
		name_them(making,
		    making->facts->channel == USHER_EMAIL ? STRANGER_ADDRESS
							  : STRANGER_NUMBER);
}

static bool
meets(const struct making *making, const struct rule *rule)
{
	/* `on` is for whoever chooses the time. */
	struct asked asked = usher_check_ask(making->checking, making->facts,
	    making->facts->channel, making->checking->at);
	struct reading reading;

	usher_reading_make(&asked, true, &reading);
	for (size_t i = 0; i < rule->when.count; i++)
		if (rule->when.list[i].kind != ON_DAY &&
		    usher_condition_holds(&asked, &reading,
			&rule->when.list[i]) != YES)
			return false;
	return true;
}

static int
end(struct making *making, bool good, struct usher_facts **facts)
{
	int code = making->facts->arena.failed ? ENOMEM : 0;

	*facts = NULL;
	if (good && code == 0)
		*facts = making->facts;
	else
		usher_facts_free(making->facts);
	return code;
}

int
usher_check_attempt(const struct checking *checking, const struct rule *rule,
    enum usher_channel channel, enum usher_purpose purpose, unsigned brings,
    struct usher_facts **facts)
{
	const struct condition *verified = rule == NULL
	    ? NULL
	    : usher_check_find(&rule->when, ON_VERIFIED);
	struct making making;
	int code = begin(checking, channel, purpose, brings, &making);

	*facts = NULL;
	if (code != 0)
		return code;
	making.unproven = verified != NULL && !verified->wanted;
	for (size_t i = 0; rule != NULL && i < rule->when.count; i++)
		meet(&making, &rule->when.list[i]);
	name_nobody(&making);
	bring(&making);
	return end(&making, rule == NULL || meets(&making, rule), facts);
}

int
usher_check_member(const struct checking *checking, const struct party *party,
    enum usher_channel channel, enum usher_purpose purpose, unsigned brings,
    struct usher_facts **facts)
{
	struct making making;
	struct asked asked;
	struct reading reading;
	int code = begin(checking, channel, purpose, brings, &making);

	*facts = NULL;
	if (code != 0)
		return code;
	name_by_party(&making, party);
	name_nobody(&making);
	bring(&making);
	asked = usher_check_ask(checking, making.facts, channel, checking->at);
	usher_reading_make(&asked, true, &reading);
	return end(&making, usher_in_party(&asked, &reading, party) == YES,
	    facts);
}

struct asked
usher_check_ask(const struct checking *checking,
    const struct usher_facts *facts, enum usher_channel channel, int64_t at)
{
	return (struct asked){ .policy = checking->policy,
		.facts = facts,
		.channel = channel,
		.at = at };
}

bool
usher_check_opens(struct checking *checking, const struct asked *asked)
{
	struct asked later = *asked;

	for (; later.at < asked->at + CHECK_YEAR_S;
	     later.at += OPENING_WITHIN) {
		struct usher_opening opening;

		if (usher_opening_search(&later, &opening, &checking->work) ==
		    YES)
			return true;
		if (checking->work == 0)
			return true; /* not known: say nothing */
	}
	return false;
}
