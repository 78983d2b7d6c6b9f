/*
 * evaluate: whether a condition holds, in Kleene's three values.
 *
 * Unknown is what the protocol has not shown yet; asked->needs then says what
 * would tell. In the proven reading every identity that is only claimed
 * counts as absent (design.md §4, "Proof").
 */
#include <string.h>
#include <strings.h>

#include "code.h"
#include "decide.h"
#include "geo.h"

void
usher_reading_make(const struct asked *asked, bool proven,
    struct reading *reading)
{
	const struct usher_facts *facts = asked->facts;
	bool claims = !proven || facts->claims_proven || asked->proof;

	reading->proven = proven;
	reading->count = claims ? facts->claim_count : facts->proven_count;
	reading->identities = claims ? facts->claims : facts->proven;
	reading->open = (facts->shown & USHER_HEADERS) == 0;
}

bool
usher_reading_same(const struct asked *asked)
{
	const struct usher_facts *facts = asked->facts;

	if (facts->solicits)
		return false;
	return facts->claims_proven || asked->proof ||
	    ((facts->shown & USHER_HEADERS) != 0 &&
		facts->claim_count == facts->proven_count);
}

static enum tri
unshown(struct asked *asked, unsigned needs)
{
	asked->needs |= needs & ~asked->facts->shown;
	return MAYBE;
}

/* What was not found: absent once all is shown that could hold it. */
static enum tri
unshown_is(struct asked *asked, unsigned needs)
{
	return (asked->facts->shown & needs) == needs ? NO
						      : unshown(asked, needs);
}

static enum tri
no_more(struct asked *asked, const struct reading *reading)
{
	return reading->open ? unshown(asked, USHER_HEADERS) : NO;
}

static enum tri
patterns_match(struct asked *asked, const struct reading *reading, size_t count,
    const struct pattern *patterns)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < reading->count; k++)
			if (usher_pattern_matches(&patterns[i],
				&reading->identities[k]))
				return YES;
	return no_more(asked, reading);
}

/* Given by hand, or shown and found valid; unreadable, it is noted. */
static bool
code_for(struct asked *asked, const char *party)
{
	const struct usher_facts *facts = asked->facts;
	const struct usher_memory *memory = asked->memory;

	for (size_t i = 0; i < facts->code_count; i++)
		if (strcmp(facts->codes[i], party) == 0)
			return true;
	if (memory == NULL)
		return false;
	for (size_t i = 0; i < memory->code_count; i++)
		if (strcmp(memory->codes[i].party, party) == 0)
			return true;
	if (memory->unreadable && !asked->unchecked)
		asked->unchecked = usher_code_any_tried(facts);
	return false;
}

enum tri
usher_in_party(struct asked *asked, const struct reading *reading,
    const struct party *party)
{
	struct reading claimed;

	if (party->code && code_for(asked, party->name))
		return YES;
	if (party->count == 0) /* a code alone, which headers may bring */
		return no_more(asked, reading);
	if (party->trust_claimed && reading->proven) {
		usher_reading_make(asked, false, &claimed);
		return patterns_match(asked, &claimed, party->count,
		    party->patterns);
	}
	return patterns_match(asked, reading, party->count, party->patterns);
}

const struct remembered *
usher_remembered(const struct asked *asked, const struct reading *reading)
{
	if (asked->memory == NULL)
		return NULL;
	/* Claims that are taken as proven bring what is theirs. */
	if (!reading->proven || asked->proof)
		return &asked->memory->claimed;
	return reading->count > 0 ? &asked->memory->proven : NULL;
}

bool
usher_is_proven(const struct asked *asked)
{
	struct reading proven;

	usher_reading_make(asked, true, &proven);
	return proven.count > 0;
}

/*
 * The store could not be read: unknown of a proven party, also where claims
 * are believed besides; of anyone else empty.
 */
bool
usher_memory_lost(struct asked *asked)
{
	if (asked->memory == NULL || !asked->memory->unreadable ||
	    !usher_is_proven(asked))
		return false;
	asked->lost = true;
	return true;
}

/*
 * A fact that belongs to an identity: by hand, else remembered. What is told
 * by hand needs an identity in the proven reading too.
 */
static enum tri
of_identity(struct asked *asked, const struct reading *reading, int given,
    bool remembered)
{
	bool present = reading->count > 0 || (!reading->proven && given >= 0);

	if (!present)
		return no_more(asked, reading);
	if (given >= 0)
		return tri_of(given != 0);
	if (usher_memory_lost(asked))
		return MAYBE;
	if (remembered)
		return YES;
	return no_more(asked, reading);
}

static enum tri
is_known(struct asked *asked, const struct reading *reading)
{
	const struct remembered *memory = usher_remembered(asked, reading);

	return of_identity(asked, reading, asked->facts->remembered.known,
	    memory != NULL && memory->known);
}

static enum tri
is_introduced(struct asked *asked, const struct reading *reading)
{
	const struct remembered *memory = usher_remembered(asked, reading);

	if (asked->introduced)
		return YES;
	return of_identity(asked, reading, asked->facts->remembered.introduced,
	    memory != NULL && memory->introduced);
}

enum tri
usher_is_stranger(struct asked *asked, const struct reading *reading)
{
	const struct scope *scope = &asked->policy->scope;
	enum tri acquainted = tri_or(is_known(asked, reading),
	    is_introduced(asked, reading));
	int given = asked->facts->remembered.stranger;

	for (size_t i = 0; i < scope->party_count && acquainted != YES; i++)
		acquainted = tri_or(acquainted,
		    usher_in_party(asked, reading, &scope->parties[i]));
	if (given >= 0 && acquainted != YES &&
	    (given == 1 || !reading->proven || reading->count > 0))
		return tri_of(given != 0);
	return tri_not(acquainted);
}

static enum tri
is_verified(struct asked *asked)
{
	struct reading proven;

	usher_reading_make(asked, true, &proven);
	return proven.count > 0 ? YES : no_more(asked, &proven);
}

static enum tri
is_anonymous(struct asked *asked, const struct reading *reading)
{
	if (asked->facts->anonymous)
		return YES;
	if (asked->facts->claim_count > 0)
		return NO;
	return reading->open ? unshown(asked, USHER_HEADERS) : YES;
}

static enum tri
purpose_is(struct asked *asked, const struct reading *reading, unsigned bits)
{
	enum usher_purpose purpose = asked->facts->purpose;
	enum tri stranger;

	if (!asked->facts->purpose_given &&
	    (asked->facts->shown & USHER_ALL) != USHER_ALL)
		return unshown(asked, USHER_ALL);
	/* Like any claim it may turn away and gains nothing. */
	if (asked->facts->solicits && !reading->proven)
		purpose = USHER_SALES;
	if (purpose != USHER_PURPOSE_UNKNOWN || !asked->target)
		return tri_of((bits & 1u << purpose) != 0);
	/* On a redirect's target channel a stranger's unknown is sales. */
	stranger = usher_is_stranger(asked, reading);
	if ((bits & 1u << USHER_SALES) && (bits & 1u << purpose))
		return YES;
	if (bits & 1u << USHER_SALES)
		return stranger;
	if (bits & 1u << purpose)
		return tri_not(stranger);
	return NO;
}

static const struct address *
number_of(size_t count, const struct address *identities)
{
	for (size_t i = 0; i < count; i++)
		if (identities[i].kind == ADDRESS_NUMBER)
			return &identities[i];
	return NULL;
}

static bool
named(const struct condition *condition, const char *text)
{
	for (size_t i = 0; i < condition->count; i++)
		if (strcasecmp(condition->strings[i], text) == 0)
			return true;
	return false;
}

/* A number's country; the client address only without a number. */
static enum tri
country_is(const struct asked *asked, const struct reading *reading,
    const struct condition *condition)
{
	const struct usher_facts *facts = asked->facts;
	const struct address *number = number_of(reading->count,
	    reading->identities);
	const char *country;
	char found[3];

	if (facts->country[0] != '\0')
		return tri_of(named(condition, facts->country));
	if (number != NULL) {
		country = usher_number_country(number->text);
		return tri_of(country != NULL && named(condition, country));
	}
	if (number_of(facts->claim_count, facts->claims) != NULL ||
	    facts->client.ss_family == AF_UNSPEC)
		return NO;
	return tri_of(usher_geo_country(facts->conf->geo,
			  (const struct sockaddr *)&facts->client, found) &&
	    named(condition, found));
}

static enum tri
network_is(const struct asked *asked, const struct condition *condition)
{
	const struct usher_facts *facts = asked->facts;
	const struct sockaddr *client = (const struct sockaddr *)&facts->client;
	bool has_client = facts->client.ss_family != AF_UNSPEC;

	for (size_t i = 0; i < condition->count; i++) {
		const struct as_or_cidr *network = &condition->networks[i];
		uint32_t as = facts->network;

		if (network->as == 0) {
			if (has_client &&
			    usher_network_holds(&network->network, client))
				return YES;
			continue;
		}
		if (as == 0 && has_client)
			as = usher_geo_network(facts->conf->geo, client);
		if (as == network->as)
			return YES;
	}
	return NO;
}

static enum tri
stage_is(struct asked *asked, const struct reading *reading,
    const struct condition *condition)
{
	const struct remembered_facts *given = &asked->facts->remembered;
	const struct remembered *memory = usher_remembered(asked, reading);
	bool holds = false;

	for (size_t i = 0; i < given->stage_count; i++)
		holds = holds || named(condition, given->stages[i]);
	if (given->stage_count > 0)
		return of_identity(asked, reading, holds, false);
	for (size_t i = 0; memory != NULL && i < memory->stage_count; i++)
		holds = holds || named(condition, memory->stages[i]);
	return of_identity(asked, reading, -1, holds);
}

static enum tri
standing_is(struct asked *asked, const struct reading *reading, unsigned bits)
{
	const struct remembered *memory = usher_remembered(asked, reading);
	int given = asked->facts->remembered.standing;
	enum usher_standing standing = USHER_NEW;

	if (given >= 0 && (reading->count > 0 || !reading->proven))
		standing = (enum usher_standing)given;
	else if (usher_memory_lost(asked))
		return MAYBE;
	else if (memory != NULL)
		standing = memory->standing;
	if (reading->count == 0 && reading->open && given < 0)
		return unshown(asked, USHER_HEADERS);
	return tri_of((bits & 1u << standing) != 0);
}

static enum tri
has_tried(struct asked *asked, const struct reading *reading,
    const struct condition *condition)
{
	const struct remembered *memory = usher_remembered(asked, reading);
	long given = asked->facts->remembered.tried;

	for (size_t i = 0; i < condition->count; i++) {
		const struct cap *cap = &condition->caps[i];
		size_t count = 0;

		if (given >= 0 && (reading->count > 0 || !reading->proven))
			count = (size_t)given;
		for (size_t k = 0;
		     given < 0 && memory != NULL && k < memory->attempt_count;
		     k++)
			if (memory->attempts[k] > asked->at - cap->seconds &&
			    memory->attempts[k] <= asked->at)
				count++;
		if (count >= cap->count)
			return YES;
	}
	if (given < 0 && usher_memory_lost(asked))
		return MAYBE;
	return no_more(asked, reading);
}

static enum tri
day_is(const struct asked *asked, const struct condition *condition)
{
	struct zone_time local = usher_zone_local(asked->policy->zone,
	    asked->at);

	for (size_t i = 0; i < condition->count; i++)
		if (usher_dates_hold(condition->dates[i], local.day))
			return YES;
	return NO;
}

static enum tri
substance_is(struct asked *asked, const struct condition *condition)
{
	const struct usher_facts *facts = asked->facts;
	/* A mail's substance goes nowhere else that a redirect leads to. */
	bool here = asked->channel == facts->channel;

	if (here && condition->kind == ON_ATTACHMENT)
		for (size_t i = 0; i < facts->attachment_count; i++)
			if (named(condition, facts->attachments[i].ending))
				return YES;
	if (here && condition->kind == ON_LINK)
		for (size_t i = 0; i < facts->link_count; i++)
			for (size_t k = 0; k < condition->count; k++)
				if (usher_domain_within(facts->links[i],
					condition->strings[k]))
					return YES;
	if (here && (facts->shown & USHER_BODY) == 0)
		return unshown(asked, USHER_ALL);
	if (condition->kind == ON_WORDS)
		for (size_t i = 0; i < condition->count; i++)
			if (usher_comparison_holds(&condition->comparisons[i],
				here ? facts->words : 0))
				return YES;
	return NO;
}

static enum tri
flag(enum tri holds, bool wanted)
{
	return wanted ? holds : tri_not(holds);
}

static enum tri
evaluate(struct asked *asked, const struct reading *reading,
    const struct condition *condition)
{
	switch (condition->kind) {
	case ON_CHANNEL:
		return tri_of((condition->bits & 1u << asked->channel) != 0);
	case ON_PURPOSE: return purpose_is(asked, reading, condition->bits);
	case ON_TOPIC:
		if (usher_topic_holds(asked, condition))
			return YES;
		return unshown_is(asked, USHER_ALL);
	case ON_PARTY: {
		enum tri holds = NO;

		for (size_t i = 0; i < condition->count && holds != YES; i++)
			holds = tri_or(holds,
			    usher_in_party(asked, reading,
				condition->parties[i]));
		return holds;
	}
	case ON_ORGANIZATION:
	case ON_FROM:
		return patterns_match(asked, reading, condition->count,
		    condition->patterns);
	case ON_STRANGER:
		return flag(usher_is_stranger(asked, reading),
		    condition->wanted);
	case ON_KNOWN: return flag(is_known(asked, reading), condition->wanted);
	case ON_INTRODUCED:
		return flag(is_introduced(asked, reading), condition->wanted);
	case ON_ANONYMOUS:
		return flag(is_anonymous(asked, reading), condition->wanted);
	case ON_VERIFIED: return flag(is_verified(asked), condition->wanted);
	case ON_COUNTRY: return country_is(asked, reading, condition);
	case ON_NETWORK: return network_is(asked, condition);
	case ON_STAGE: return stage_is(asked, reading, condition);
	case ON_STANDING: return standing_is(asked, reading, condition->bits);
	case ON_TRIED: return has_tried(asked, reading, condition);
	case ON_DAY: return day_is(asked, condition);
	case ON_ATTACHMENT:
	case ON_LINK:
	case ON_WORDS: return substance_is(asked, condition);
	}
	return NO;
}

enum tri
usher_condition_holds(struct asked *asked, const struct reading *reading,
    const struct condition *condition)
{
	if (asked->forced == condition)
		return asked->forced_value;
	return evaluate(asked, reading, condition);
}

enum tri
usher_conditions_hold(struct asked *asked, const struct reading *reading,
    const struct conditions *conditions)
{
	enum tri all = YES;

	for (size_t i = 0; i < conditions->count && all != NO; i++)
		all = tri_and(all,
		    usher_condition_holds(asked, reading,
			&conditions->list[i]));
	return all;
}
