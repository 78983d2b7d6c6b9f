/*
 * check_values: what is written in a rule and cannot mean what it seems to,
 * whatever the other rules say. And redirects to what is not published.
 */
#include <string.h>

#include "check.h"

static const unsigned calls = 1u << USHER_PHONE | 1u << USHER_VIDEO |
    1u << USHER_FAX | 1u << USHER_MESSAGE;

/* ---- calls that ask for `sales` alone ---- */

/* Another rule says what becomes of those who say nothing. */
static bool
unknown_has_a_rule(const struct usher_policy *policy, unsigned channels)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];

		if (usher_check_bits(&rule->when, ON_PURPOSE, 0) &
			1u << USHER_PURPOSE_UNKNOWN &&
		    usher_check_bits(&rule->when, ON_CHANNEL,
			CHECK_ALL_CHANNELS) &
			channels)
			return true;
	}
	return false;
}

static void
check_sales_alone(const struct checking *checking, const struct rule *rule)
{
	unsigned channels = usher_check_rule_channels(checking->policy, rule) &
	    calls;

	if (usher_check_bits(&rule->when, ON_PURPOSE, 0) != 1u << USHER_SALES ||
	    channels == 0 || unknown_has_a_rule(checking->policy, channels))
		return;
	usher_check_warn(checking, rule->line,
	    "rule \"%s\" meets few calls: "
	    "a caller hardly ever says that it is sales, and who says "
	    "nothing is `unknown`; write purpose = [ \"sales\", \"unknown\" "
	    "], or stranger = true",
	    rule->name);
}

/* ---- organizations ---- */

static void
check_organization(const struct checking *checking, unsigned line,
    const struct pattern *pattern)
{
	const char *organization;
	struct arena arena;

	if (pattern->kind != PATTERN_ORGANIZATION ||
	    strchr(pattern->text, '*') != NULL)
		return;
	usher_arena_init(&arena);
	organization = usher_domain_organization(&arena, pattern->text);
	if (organization == NULL)
		usher_check_warn(checking, line,
		    "\"%s\" is nobody's "
		    "organization: anybody may register a name below it; "
		    "write the registrable domain of one, as "
		    "\"example.com\"",
		    pattern->written);
	else if (strcmp(organization, pattern->text) != 0)
		usher_check_warn(checking, line,
		    "organization \"%s\" never "
		    "matches: an organization is its registrable domain; "
		    "write \"%s\", or for this host alone from = \"%s\"",
		    pattern->written, organization, pattern->written);
	usher_arena_free(&arena);
}

static void
check_organizations(const struct checking *checking,
    const struct conditions *conditions)
{
	const struct condition *condition = usher_check_find(conditions,
	    ON_ORGANIZATION);

	for (size_t i = 0; condition != NULL && i < condition->count; i++)
		check_organization(checking, condition->line,
		    &condition->patterns[i]);
}

static void
check_parties(const struct checking *checking)
{
	const struct scope *scope = &checking->policy->scope;

	for (size_t i = 0; i < scope->party_count; i++)
		for (size_t k = 0; k < scope->parties[i].count; k++)
			check_organization(checking, scope->parties[i].line,
			    &scope->parties[i].patterns[k]);
}

/* ---- substance that some channels cannot carry ---- */

static void
check_carried(const struct checking *checking, const struct rule *rule)
{
	const struct requirement *requires = &rule->requires;
	unsigned channels = usher_check_rule_channels(checking->policy, rule);
	const char *what = NULL;

	if (!requires->given ||
	    usher_check_find(&rule->when, ON_CHANNEL) != NULL)
		return; /* named channels are errors already */
	if (requires->link_count > 0 &&
	    channels & calls & ~(1u << USHER_MESSAGE))
		what = "link";
	if (requires->comparison_count > 0 &&
	    channels & calls & ~(1u << USHER_MESSAGE))
		what = "words";
	if (requires->attachment_count > 0 && channels & calls)
		what = "attachment";
	if (what != NULL)
		usher_check_warn(checking, requires->line,
		    "rule \"%s\" asks "
		    "every caller for what no call can carry (`%s`): calls "
		    "fail it always; write channel = \"email\" in its `if`",
		    rule->name, what);
}

/* ---- memory ---- */

static const struct condition *
of_memory(const struct conditions *conditions)
{
	const struct condition *condition = usher_check_find(conditions,
	    ON_STRANGER);

	return condition != NULL ? condition
				 : usher_check_find(conditions, ON_KNOWN);
}

/* Softly, and once a file, while nobody at the site knows anybody. */
static void
check_memory(const struct checking *checking)
{
	const struct usher_policy *policy = checking->policy;

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];
		const struct condition *condition = of_memory(&rule->when);

		if (condition == NULL)
			condition = of_memory(&rule->unless);
		if (condition == NULL)
			continue;
		if (usher_memory_knows(checking->usher))
			return;
		usher_check_warn(checking, rule->line,
		    "`%s`: memory is "
		    "empty, so nobody is known yet, and whoever is in none "
		    "of your `parties` is a stranger; put those who must "
		    "get through into a party, or let usher learn read whom "
		    "you wrote to",
		    condition->text);
		return;
	}
}

/* ---- listing ---- */

static int
openness(const char *listing)
{
	return strcmp(listing, "public") == 0 ? 2
	    : strcmp(listing, "code") == 0    ? 1
					      : 0;
}

static void
check_listing(const struct checking *checking, const struct rule *rule)
{
	const char *file = checking->policy->listing;

	if (rule->listing != NULL && openness(rule->listing) > openness(file))
		usher_check_warn(checking, rule->line,
		    "rule \"%s\" has "
		    "listing = \"%s\", but the file says \"%s\": a rule can "
		    "only show less; change the file's `listing`",
		    rule->name, rule->listing, file);
}

void
usher_check_values(struct checking *checking)
{
	const struct usher_policy *policy = checking->policy;

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];

		check_sales_alone(checking, rule);
		check_organizations(checking, &rule->when);
		check_organizations(checking, &rule->unless);
		check_carried(checking, rule);
		check_listing(checking, rule);
	}
	check_parties(checking);
	check_memory(checking);
}

/* ---- targets that nobody can be told ---- */

static void
check_published(const struct checking *checking, const struct target *target)
{
	const struct usher_policy *policy = checking->policy;
	const char *word;

	if (target->uri != NULL || target->channel >= USHER_URI ||
	    policy->published[target->channel] != NULL)
		return;
	if (target->channel == USHER_PAGE &&
	    policy->conf->site.page_url[0] != '\0')
		return;
	word = usher_channel_word(target->channel);
	usher_check_warn(checking, target->line,
	    "`to` names %s, but "
	    "`published` has no %s: whoever is redirected is not told where; "
	    "add %s to `published`",
	    word, word, word);
}

static void
check_all_published(const struct checking *checking,
    const struct target *targets, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check_published(checking, &targets[i]);
}

void
usher_check_targets(struct checking *checking)
{
	const struct usher_policy *policy = checking->policy;

	for (size_t i = 0; i < policy->rule_count; i++)
		if (usher_check_may(&policy->rules[i], OUTCOME_REDIRECT))
			check_all_published(checking, policy->rules[i].targets,
			    policy->rules[i].target_count);
	if (policy->otherwise == OUTCOME_REDIRECT)
		check_all_published(checking, policy->targets,
		    policy->target_count);
}
