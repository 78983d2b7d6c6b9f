/*
 * preferences: the keys of a preference file (design.md §4) into a policy.
 *
 * Names are scope.c's, rules rule.c's. Called by policy.c alone.
 */
#include "policy.h"

#include <errno.h>
#include <string.h>

#include "error.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const file_keys[] = { "name", "addresses", "phones", "faxes",
	"timezone", "language", "listing", "published", "topics", "parties",
	"hours", "days", "rules", "otherwise", "to", "aside", "mode" };
/* In the order of enum usher_channel, with post and page behind. */
static const char *const published_keys[] = { "email", "phone", "video", "fax",
	"message", "post", "page" };
static const char *const listing_words[] = { "public", "code", "hidden" };
static const char *const mode_words[] = { "off", "observe", "enforce" };
static const char *const otherwise_words[] = { "accept", "refuse", "redirect" };

bool
usher_preferences_hold(const struct usher_policy *policy,
    enum address_kind kind, const char *text)
{
	for (size_t i = 0; i < policy->address_count; i++)
		if (policy->addresses[i].kind == kind &&
		    strcmp(policy->addresses[i].text, text) == 0)
			return true;
	return false;
}

/* `mail`: the list `addresses`; else `phones`. */
static void
take_addresses(struct compiling *compiling, const config_setting_t *root,
    const char *name, bool mail, struct usher_policy *policy)
{
	const config_setting_t *setting = config_setting_get_member(root, name);
	const char *const *texts;
	struct address *all;
	size_t count;

	if (setting == NULL ||
	    !usher_source_setting_strings(compiling->source, setting, &texts,
		&count))
		return;
	all = usher_arena_array(&policy->arena,
	    policy->address_count + count + 1, sizeof(*all));
	if (all == NULL)
		return;
	if (policy->address_count > 0)
		memcpy(all, policy->addresses,
		    policy->address_count * sizeof(*all));
	policy->addresses = all;
	for (size_t i = 0; i < count; i++) {
		struct address *address = &all[policy->address_count];
		struct usher_error error;

		if (usher_address_parse(&policy->arena, texts[i],
			&compiling->conf->dialling, address, &error) != 0)
			usher_source_wrong(compiling->source, setting, "%s",
			    error.text);
		else if (mail != (address->kind == ADDRESS_MAIL))
			usher_source_wrong(compiling->source, setting,
			    "\"%s\" is %s; it belongs in `%s`", texts[i],
			    mail ? "no mail address" : "a mail address",
			    mail ? "phones" : "addresses");
		else if (usher_preferences_hold(policy, address->kind,
			     address->text))
			usher_source_wrong(compiling->source, setting,
			    "\"%s\" stands here twice", texts[i]);
		else
			policy->address_count++;
	}
}

static void
take_faxes(struct compiling *compiling, const config_setting_t *root,
    struct usher_policy *policy)
{
	const config_setting_t *setting = config_setting_get_member(root,
	    "faxes");
	const char *const *texts;
	const char **faxes;
	size_t count;

	if (setting == NULL ||
	    !usher_source_setting_strings(compiling->source, setting, &texts,
		&count))
		return;
	faxes = usher_arena_array(&policy->arena, count + 1, sizeof(*faxes));
	for (size_t i = 0; faxes != NULL && i < count; i++) {
		struct address address;
		struct usher_error error;

		if (usher_address_parse(&policy->arena, texts[i],
			&compiling->conf->dialling, &address, &error) != 0 ||
		    address.kind == ADDRESS_MAIL)
			usher_source_wrong(compiling->source, setting,
			    "\"%s\" is no number; write "
			    "\"+14155550100\"",
			    texts[i]);
		else
			faxes[policy->fax_count++] = address.text;
	}
	policy->faxes = faxes;
}

/* "alice@example.com" to "mailto:alice@example.com", a number to tel:. */
static const char *
published_uri(struct arena *arena, enum usher_channel channel, const char *text)
{
	static const char *const schemes[] = { "mailto:", "tel:", "sip:",
		"sips:", "https:", "http:", "im:" };

	if (channel == USHER_POST || channel == USHER_PAGE)
		return text;
	for (size_t i = 0; i < COUNT(schemes); i++)
		if (strncmp(text, schemes[i], strlen(schemes[i])) == 0)
			return text;
	if (channel == USHER_EMAIL)
		return usher_arena_printf(arena, "mailto:%s", text);
	if (strchr(text, '@') != NULL)
		return usher_arena_printf(arena, "sip:%s", text);
	return usher_arena_printf(arena, "tel:%s", text);
}

static const char *
normal_published(struct compiling *compiling, const config_setting_t *setting,
    enum usher_channel channel, const char *text)
{
	struct address address;
	struct usher_error error;

	if (channel == USHER_POST)
		return text;
	if (channel == USHER_PAGE) {
		if (strncmp(text, "https://", 8) != 0 ||
		    strpbrk(text, " \t\"<>") != NULL)
			usher_source_wrong(compiling->source, setting,
			    "\"%s\" is no link; write "
			    "\"https://reach.example.com/alice\"",
			    text);
		return text;
	}
	if (usher_address_parse(compiling->source->arena, text,
		&compiling->conf->dialling, &address, &error) != 0) {
		usher_source_wrong(compiling->source, setting, "%s",
		    error.text);
		return text;
	}
	return address.kind == ADDRESS_NUMBER ? address.text : text;
}

static void
take_published(struct compiling *compiling, const config_setting_t *root,
    struct usher_policy *policy)
{
	const config_setting_t *group = config_setting_get_member(root,
	    "published");

	for (size_t i = 0; i < policy->address_count; i++)
		if (policy->addresses[i].kind == ADDRESS_MAIL) {
			policy->published[USHER_EMAIL] =
			    published_uri(&policy->arena, USHER_EMAIL,
				policy->addresses[i].text);
			break;
		}
	if (group == NULL)
		return;
	if (!config_setting_is_group(group)) {
		usher_source_wrong(compiling->source, group,
		    "`published` "
		    "must be a group: published = { email = \"...\"; };");
		return;
	}
	usher_source_keys(compiling->source, group, published_keys,
	    COUNT(published_keys));
	for (size_t i = 0; i < COUNT(published_keys); i++) {
		const char *text = NULL;

		if (!usher_source_string(compiling->source, group,
			published_keys[i], &text))
			continue;
		text = normal_published(compiling,
		    config_setting_get_member(group, published_keys[i]),
		    (enum usher_channel)i, text);
		policy->published[i] = published_uri(&policy->arena,
		    (enum usher_channel)i, text);
	}
}

static void
take_zone(struct compiling *compiling, const config_setting_t *root,
    struct usher_policy *policy)
{
	const char *name = NULL;
	struct usher_error error;

	policy->zone = compiling->conf->zone;
	if (!usher_source_string(compiling->source, root, "timezone", &name))
		return;
	policy->zone = usher_zone_find(compiling->conf->zones, name, &error);
	if (policy->zone != NULL)
		return;
	policy->zone = compiling->conf->zone;
	usher_source_wrong(compiling->source,
	    config_setting_get_member(root, "timezone"), "%s", error.text);
}

static void
take_otherwise(struct compiling *compiling, const config_setting_t *root,
    struct usher_policy *policy)
{
	static const enum outcome outcomes[] = { OUTCOME_ACCEPT, OUTCOME_REFUSE,
		OUTCOME_REDIRECT };
	const config_setting_t *to = config_setting_get_member(root, "to");
	const config_setting_t *setting = config_setting_get_member(root,
	    "otherwise");
	size_t word = 0;

	if (setting != NULL)
		policy->otherwise_line = config_setting_source_line(setting);
	if (usher_source_word(compiling->source, root, "otherwise",
		otherwise_words, COUNT(otherwise_words), &word))
		policy->otherwise = outcomes[word];
	usher_targets_compile(compiling, root, &policy->targets,
	    &policy->target_count);
	if (policy->otherwise == OUTCOME_REDIRECT && to == NULL)
		usher_source_wrong(compiling->source, setting,
		    "otherwise = "
		    "\"redirect\" needs a `to` beside it: to = [ "
		    "\"email\" ];");
	else if (policy->otherwise != OUTCOME_REDIRECT && to != NULL)
		usher_source_wrong(compiling->source, to,
		    "`to` stands "
		    "beside otherwise = \"redirect\", or inside a rule");
}

static void
take_rest(struct compiling *compiling, const config_setting_t *root,
    struct usher_policy *policy)
{
	struct source *source = compiling->source;
	size_t word = 0;

	policy->language = "en";
	(void)usher_source_string(source, root, "language", &policy->language);
	policy->listing = "hidden";
	if (usher_source_word(source, root, "listing", listing_words,
		COUNT(listing_words), &word))
		policy->listing = listing_words[word];
	policy->mode = compiling->conf->site.mode;
	if (usher_source_word(source, root, "mode", mode_words,
		COUNT(mode_words), &word) &&
	    (enum usher_mode)word < policy->mode)
		policy->mode = (enum usher_mode)word;
	if (usher_source_string(source, root, "aside", &policy->aside)) {
		struct address address;
		struct usher_error error;

		if (usher_address_parse(source->arena, policy->aside, NULL,
			&address, &error) != 0)
			usher_source_wrong(source,
			    config_setting_get_member(root, "aside"), "%s",
			    error.text);
		else if (usher_preferences_hold(policy, address.kind,
			     address.text))
			usher_source_wrong(source,
			    config_setting_get_member(root, "aside"),
			    "`aside` is one of `addresses`; "
			    "it must be a mailbox that nobody writes to");
		else if (address.kind != ADDRESS_MAIL)
			usher_source_wrong(source,
			    config_setting_get_member(root, "aside"),
			    "\"%s\" is no mailbox; write "
			    "\"alice+aside@example.com\"",
			    policy->aside);
		else
			policy->aside = address.text;
	}
}

/* What a mail may have to show before these conditions are known. */
static unsigned
needs_of(const struct conditions *conditions)
{
	unsigned needs = 0;

	for (size_t i = 0; i < conditions->count; i++)
		switch (conditions->list[i].kind) {
		case ON_CHANNEL:
		case ON_DAY:
		case ON_NETWORK:
		case ON_COUNTRY: break;
		case ON_PURPOSE:
		case ON_TOPIC:
		case ON_ATTACHMENT:
		case ON_LINK:
		case ON_WORDS: needs |= USHER_ALL; break;
		default: needs |= USHER_HEADERS;
		}
	return needs;
}

static bool
speaks_of_mail(const struct rule *rule)
{
	for (size_t i = 0; i < rule->when.count; i++)
		if (rule->when.list[i].kind == ON_CHANNEL)
			return (rule->when.list[i].bits & 1u << USHER_EMAIL) !=
			    0;
	return true;
}

/*
 * Whether a mail may be told of another channel: when that opens for it, is
 * decided by rules that do not speak of mail.
 */
static bool
leads_elsewhere(const struct rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0;
		     speaks_of_mail(&rules[i]) && k < rules[i].target_count;
		     k++)
			if (rules[i].targets[k].channel < USHER_CHANNELS &&
			    rules[i].targets[k].channel != USHER_EMAIL)
				return true;
	return false;
}

static void
survey_channels(const struct conditions *conditions,
    struct usher_policy *policy)
{
	for (size_t i = 0; i < conditions->count; i++)
		if (conditions->list[i].kind == ON_CHANNEL)
			policy->channels |= conditions->list[i].bits;
}

static void
survey_counted(const struct cap *cap, struct usher_policy *policy)
{
	if (cap->count > policy->counted_most)
		policy->counted_most = cap->count;
	if (cap->seconds > policy->counted_s)
		policy->counted_s = cap->seconds;
}

static void
survey_asked(const struct conditions *conditions, struct usher_policy *policy)
{
	for (size_t i = 0; i < conditions->count; i++) {
		const struct condition *condition = &conditions->list[i];

		if (condition->kind == ON_INTRODUCED ||
		    condition->kind == ON_STRANGER)
			policy->asks |= ASKS_INTRODUCED;
		if (condition->kind == ON_STANDING)
			policy->asks |= ASKS_STANDING;
		if (condition->kind == ON_PURPOSE)
			policy->weighs = true;
		if (condition->kind != ON_TRIED)
			continue;
		policy->asks |= ASKS_TRIED;
		for (size_t k = 0; k < condition->count; k++)
			survey_counted(&condition->caps[k], policy);
	}
}

/* What is asked of memory, so that nothing else is read or written. */
static void
survey_memory(const struct rule *rule, struct usher_policy *policy)
{
	survey_asked(&rule->when, policy);
	survey_asked(&rule->unless, policy);
	for (size_t i = 0; i < rule->cap_count; i++) {
		policy->asks |= rule->caps[i].in_all ? ASKS_IN_ALL : ASKS_CAPS;
		survey_counted(&rule->caps[i], policy);
	}
}

static void
survey(const struct rule *rules, size_t count, bool elsewhere,
    struct usher_policy *policy)
{
	for (size_t i = 0; i < count; i++) {
		const struct rule *rule = &rules[i];

		policy->weighs |= rule->target_count > 0;
		survey_channels(&rule->when, policy);
		survey_channels(&rule->unless, policy);
		survey_memory(rule, policy);
		if (!elsewhere && !speaks_of_mail(rule))
			continue;
		policy->needs |= needs_of(&rule->when) |
		    needs_of(&rule->unless);
		if (rule->requires.given)
			policy->needs |= USHER_ALL;
		/* Who they are, which counts apart when it is proven. */
		if (rule->cap_count > 0)
			policy->needs |= USHER_HEADERS;
		/* ... and which numbers are theirs. */
		if (rule->introduces)
			policy->needs |= USHER_ALL;
	}
}

static void
survey_parties(const struct scope *scope, struct usher_policy *policy)
{
	for (; scope != NULL; scope = scope->site)
		for (size_t i = 0; i < scope->party_count; i++)
			if (scope->parties[i].code)
				policy->asks |= ASKS_CODE;
}

static void
survey_all(struct usher_policy *policy)
{
	const struct scope *scope = &policy->scope;
	const struct rule otherwise = { .target_count = policy->target_count,
		.targets = policy->targets };
	bool elsewhere = leads_elsewhere(&otherwise, 1) ||
	    leads_elsewhere(policy->rules, policy->rule_count) ||
	    leads_elsewhere(scope->before, scope->before_count) ||
	    leads_elsewhere(scope->after, scope->after_count);

	policy->weighs = policy->target_count > 0;
	survey(scope->before, scope->before_count, elsewhere, policy);
	survey(policy->rules, policy->rule_count, elsewhere, policy);
	survey(scope->after, scope->after_count, elsewhere, policy);
	survey_parties(scope, policy);
}

static int
bind_site(struct usher_policy *policy)
{
	const struct scope *site = policy->conf->scope;
	struct rule *before, *after;

	policy->scope.site = site;
	if (site == NULL)
		return 0;
	if (usher_rules_bind(&policy->arena, site->before, site->before_count,
		policy->zone, &before) != 0 ||
	    usher_rules_bind(&policy->arena, site->after, site->after_count,
		policy->zone, &after) != 0)
		return ENOMEM;
	policy->scope.before = before;
	policy->scope.before_count = site->before_count;
	policy->scope.after = after;
	policy->scope.after_count = site->after_count;
	return 0;
}

void
usher_preferences_compile(struct compiling *compiling,
    struct usher_policy *policy, bool anybody)
{
	struct source *source = compiling->source;
	const config_setting_t *root = config_root_setting(&source->config);

	usher_source_keys(source, root, file_keys, COUNT(file_keys));
	take_zone(compiling, root, policy);
	compiling->zone = policy->zone;
	take_addresses(compiling, root, "addresses", true, policy);
	take_addresses(compiling, root, "phones", false, policy);
	if (policy->address_count == 0 && !anybody &&
	    usher_problems_errors(source->problems) == 0)
		usher_source_wrong(source, root,
		    "the file names no "
		    "recipient: give `addresses` or `phones`");
	if (!usher_source_string(source, root, "name", &policy->name))
		policy->name = policy->address_count > 0
		    ? policy->addresses[0].text
		    : "the recipient";
	take_faxes(compiling, root, policy);
	take_rest(compiling, root, policy);
	take_published(compiling, root, policy);
	if (bind_site(policy) != 0)
		return;
	usher_scope_compile(compiling, root);
	usher_rules_compile(compiling, config_setting_get_member(root, "rules"),
	    "", &policy->rules, &policy->rule_count);
	take_otherwise(compiling, root, policy);
	survey_all(policy);
}
