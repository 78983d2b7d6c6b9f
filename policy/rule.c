/*
 * rule: compiles a list of rules (design.md §4) for decide.c.
 *
 * Conditions are condition.c's, limiters limiter.c's; here are the verdict of
 * a rule, its targets and words, and what may stand beside what.
 */
#include <errno.h>
#include <string.h>

#include "error.h"
#include "policy.h"
#include "rule.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const rule_keys[] = { "name", "if", "unless", "then", "else",
	"to", "say", "during", "at_most", "requires", "introduces",
	"deliver_to", "ring", "listing" };
/* In the order of enum outcome. */
static const char *const outcome_words[] = { "accept", "defer", "redirect",
	"refuse", "next" };
static const char *const listing_words[] = { "public", "code", "hidden" };
static const char *const target_words[] = { "email", "phone", "video", "fax",
	"message", "post", "page" };
static const struct {
	const char *scheme;
	enum usher_channel channel;
} schemes[] = { { "mailto:", USHER_EMAIL }, { "sip:", USHER_PHONE },
	{ "sips:", USHER_PHONE }, { "tel:", USHER_PHONE },
	{ "https:", USHER_PAGE } };

/* The host of a sip:, sips: or mailto: URI, without port and parameters. */
static const char *
uri_host(struct arena *arena, const char *uri)
{
	const char *at = strchr(uri, '@');
	const char *host = at == NULL ? strchr(uri, ':') : at;
	size_t length;

	if (host == NULL)
		return NULL;
	host++;
	length = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":;?>");
	return usher_arena_bytes(arena, host, length);
}

/* Without a site (a rehearsal from a file) anything is within reach. */
static bool
within_reach(struct compiling *compiling, const char *host)
{
	const struct usher_site *site = &compiling->conf->site;
	char *normal = usher_arena_string(compiling->source->arena,
	    host == NULL ? "" : host);

	if (normal == NULL || site->file[0] == '\0')
		return true;
	(void)usher_text_lower(normal);
	for (size_t i = 0; i < site->domain_count; i++)
		if (usher_domain_within(normal, site->domains[i]))
			return true;
	for (size_t i = 0; i < site->allow_count; i++)
		if (usher_text_matches(site->allow[i], normal))
			return true;
	return false;
}

static void
check_reach(struct compiling *compiling, const config_setting_t *setting,
    const char *uri)
{
	const char *host = uri_host(compiling->source->arena, uri);

	if (!within_reach(compiling, host))
		usher_source_wrong(compiling->source, setting,
		    "\"%s\" leads outside this site; use an address in "
		    "site.domains, or have the administrator add the host to "
		    "site.allow",
		    uri);
}

static bool
is_sip(const char *uri)
{
	return strncmp(uri, "sip:", 4) == 0 || strncmp(uri, "sips:", 5) == 0;
}

static bool
compile_target(struct compiling *compiling, const config_setting_t *setting,
    const char *text, struct target *target)
{
	const char *meant;

	target->line = config_setting_source_line(setting);
	for (size_t i = 0; i < COUNT(target_words); i++)
		if (strcmp(text, target_words[i]) == 0) {
			target->channel = (enum usher_channel)i;
			return true;
		}
	for (size_t i = 0; i < COUNT(schemes); i++) {
		size_t length = strlen(schemes[i].scheme);

		if (strncmp(text, schemes[i].scheme, length) != 0 ||
		    text[length] == '\0')
			continue;
		if (strpbrk(text, " \t\r\n<>\"") != NULL)
			break;
		target->channel = schemes[i].channel;
		target->uri = text;
		if (is_sip(text))
			check_reach(compiling, setting, text);
		return true;
	}
	meant = usher_text_suggest(text, target_words, COUNT(target_words));
	usher_source_wrong(compiling->source, setting,
	    "\"%s\" is no channel "
	    "and no URI (mailto:, sip:, tel:, https:)%s%s%s",
	    text, meant == NULL ? "" : "; did you mean \"",
	    meant == NULL ? "" : meant, meant == NULL ? "" : "\"?");
	return false;
}

void
usher_targets_compile(struct compiling *compiling,
    const config_setting_t *group, struct target **targets, size_t *count)
{
	const config_setting_t *setting = config_setting_get_member(group,
	    "to");
	const char *const *texts;
	size_t text_count;

	if (setting == NULL ||
	    !usher_source_setting_strings(compiling->source, setting, &texts,
		&text_count))
		return;
	*targets = usher_arena_array(compiling->source->arena, text_count + 1,
	    sizeof(**targets));
	for (size_t i = 0; *targets != NULL && i < text_count; i++)
		if (compile_target(compiling, setting, texts[i],
			&(*targets)[*count]))
			++*count;
}

static void
add_say(struct compiling *compiling, const config_setting_t *setting,
    struct rule *rule)
{
	const char *text = config_setting_get_string(setting);
	struct say *say = &rule->says[rule->say_count];

	if (text == NULL || strpbrk(text, "\r\n") != NULL) {
		usher_source_wrong(compiling->source, setting,
		    "`say` must be "
		    "one line of text, or one a language: say = { en = "
		    "\"...\"; de = \"...\"; };");
		return;
	}
	if (strlen(text) > 400)
		usher_source_wrong(compiling->source, setting,
		    "`say` is over "
		    "400 bytes; it must fit into an answer, be brief");
	say->text = usher_arena_string(compiling->source->arena, text);
	if (config_setting_is_group(config_setting_parent(setting)) &&
	    strcmp(config_setting_name(setting), "say") != 0)
		say->language = usher_arena_string(compiling->source->arena,
		    config_setting_name(setting));
	if (say->text != NULL)
		rule->say_count++;
}

static void
compile_say(struct compiling *compiling, const config_setting_t *setting,
    struct rule *rule)
{
	int count;

	if (setting == NULL)
		return;
	count = config_setting_is_group(setting)
	    ? config_setting_length(setting)
	    : 1;
	rule->says = usher_arena_array(compiling->source->arena,
	    (size_t)count + 1, sizeof(*rule->says));
	if (rule->says == NULL)
		return;
	if (!config_setting_is_group(setting))
		add_say(compiling, setting, rule);
	else
		for (int i = 0; i < count; i++)
			add_say(compiling,
			    config_setting_get_elem(setting, (unsigned)i),
			    rule);
}

static void
name_rule(struct compiling *compiling, const config_setting_t *setting,
    const char *prefix, unsigned index, const struct rule *rules, size_t count,
    struct rule *rule)
{
	struct arena *arena = compiling->source->arena;

	if (usher_source_string(compiling->source, setting, "name",
		&rule->given_name) &&
	    rule->given_name[0] == '\0')
		usher_source_wrong(compiling->source, setting,
		    "a rule's name is empty; give it one or leave it out");
	for (size_t i = 0; rule->given_name != NULL && i < count; i++)
		if (rules[i].given_name != NULL &&
		    strcmp(rules[i].given_name, rule->given_name) == 0)
			usher_source_wrong(compiling->source,
			    config_setting_get_member(setting, "name"),
			    "the name \"%s\" stands at line %u already; "
			    "names of rules are unique",
			    rule->given_name, rules[i].line);
	rule->name = rule->given_name == NULL
	    ? usher_arena_printf(arena, "%srules[%u]", prefix, index)
	    : usher_arena_printf(arena, "%s%s", prefix, rule->given_name);
}

/* What only an accept can carry. */
static void
check_accept_only(struct compiling *compiling, const config_setting_t *setting,
    const struct rule *rule)
{
	static const char *const only[] = { "at_most", "requires", "introduces",
		"deliver_to", "ring" };

	if (rule->then == OUTCOME_ACCEPT)
		return;
	for (size_t i = 0; i < COUNT(only); i++)
		if (config_setting_get_member(setting, only[i]) != NULL)
			usher_source_wrong(compiling->source,
			    config_setting_get_member(setting, only[i]),
			    "`%s` needs then = \"accept\", but this rule "
			    "says \"%s\"",
			    only[i], outcome_words[rule->then]);
}

static void
check_outcomes(struct compiling *compiling, const config_setting_t *setting,
    const struct rule *rule)
{
	bool limited = config_setting_get_member(setting, "during") ||
	    config_setting_get_member(setting, "at_most") ||
	    config_setting_get_member(setting, "requires");
	bool redirects = rule->then == OUTCOME_REDIRECT ||
	    (rule->otherwise_given && rule->otherwise == OUTCOME_REDIRECT) ||
	    (!rule->otherwise_given && rule->then == OUTCOME_ACCEPT &&
		rule->requires.given);

	if (rule->otherwise_given && !limited)
		usher_source_warn(compiling->source,
		    config_setting_get_member(setting, "else"),
		    "`else` never speaks: it serves a limiter that is not "
		    "met, and this rule has none (during, at_most, requires)");
	if (rule->target_count > 0 && !redirects)
		usher_source_warn(compiling->source,
		    config_setting_get_member(setting, "to"),
		    "`to` is never told: neither `then` nor `else` is "
		    "\"redirect\"");
	check_accept_only(compiling, setting, rule);
}

/* The mailbox as an envelope has it: no name beside it, no number. */
static void
compile_mailbox(struct compiling *compiling, const config_setting_t *rule_group,
    struct rule *rule)
{
	const config_setting_t *setting = config_setting_get_member(rule_group,
	    "deliver_to");
	struct source *source = compiling->source;
	struct address address;
	struct usher_error error;
	const char *text;

	if (!usher_source_string(source, rule_group, "deliver_to", &text))
		return;
	if (usher_address_parse(source->arena, text, NULL, &address, &error) !=
	    0)
		usher_source_wrong(source, setting, "%s", error.text);
	else if (address.kind != ADDRESS_MAIL)
		usher_source_wrong(source, setting,
		    "\"%s\" is no mailbox; write \"desk@example.com\"", text);
	else {
		rule->deliver_to = address.text;
		check_reach(compiling, setting, address.text);
	}
}

static void
compile_places(struct compiling *compiling, const config_setting_t *setting,
    struct rule *rule)
{
	struct source *source = compiling->source;

	compile_mailbox(compiling, setting, rule);
	if (!usher_source_string(source, setting, "ring", &rule->ring))
		return;
	if (!is_sip(rule->ring) || strpbrk(rule->ring, " \t<>\"") != NULL)
		usher_source_wrong(source,
		    config_setting_get_member(setting, "ring"),
		    "\"%s\" is no SIP URI; write "
		    "\"sip:1001@pbx.example.com\"",
		    rule->ring);
	else
		check_reach(compiling,
		    config_setting_get_member(setting, "ring"), rule->ring);
}

static void
compile_rule(struct compiling *compiling, const config_setting_t *setting,
    struct rule *rule)
{
	struct source *source = compiling->source;
	size_t word = 0;

	usher_source_keys(source, setting, rule_keys, COUNT(rule_keys));
	rule->line = config_setting_source_line(setting);
	usher_conditions_compile(compiling, setting, "if", &rule->when);
	usher_conditions_compile(compiling, setting, "unless", &rule->unless);
	if (config_setting_get_member(setting, "then") == NULL)
		usher_source_wrong(source, setting,
		    "a rule needs `then`: "
		    "\"accept\", \"defer\", \"redirect\" or \"refuse\"");
	else if (usher_source_word(source, setting, "then", outcome_words,
		     COUNT(outcome_words) - 1, &word))
		rule->then = (enum outcome)word;
	if (usher_source_word(source, setting, "else", outcome_words,
		COUNT(outcome_words), &word)) {
		rule->otherwise = (enum outcome)word;
		rule->otherwise_given = true;
	}
	usher_limiters_compile(compiling, setting, rule);
	usher_targets_compile(compiling, setting, &rule->targets,
	    &rule->target_count);
	compile_say(compiling, config_setting_get_member(setting, "say"), rule);
	(void)usher_source_bool(source, setting, "introduces",
	    &rule->introduces);
	compile_places(compiling, setting, rule);
	if (usher_source_word(source, setting, "listing", listing_words,
		COUNT(listing_words), &word))
		rule->listing = listing_words[word];
	check_outcomes(compiling, setting, rule);
}

void
usher_rules_compile(struct compiling *compiling, const config_setting_t *list,
    const char *prefix, struct rule **rules, size_t *count)
{
	unsigned length;

	if (list == NULL)
		return;
	if (!config_setting_is_list(list)) {
		usher_source_wrong(compiling->source, list,
		    "`%s` must be a "
		    "list of groups: %s = ( { name = \"...\"; then = "
		    "\"accept\"; } );",
		    config_setting_name(list), config_setting_name(list));
		return;
	}
	length = (unsigned)config_setting_length(list);
	if (length > MOST_RULES)
		usher_source_wrong(compiling->source, list,
		    "%u rules; a file has at most %d", length, MOST_RULES);
	*rules = usher_arena_array(compiling->source->arena, (size_t)length + 1,
	    sizeof(**rules));
	for (unsigned i = 0; *rules != NULL && i < length; i++) {
		const config_setting_t *setting = config_setting_get_elem(list,
		    i);

		if (!config_setting_is_group(setting)) {
			usher_source_wrong(compiling->source, setting,
			    "a rule must be a group: { then = "
			    "\"accept\"; }");
			continue;
		}
		name_rule(compiling, setting, prefix, i, *rules, *count,
		    &(*rules)[*count]);
		compile_rule(compiling, setting, &(*rules)[*count]);
		++*count;
	}
}

int
usher_rules_bind(struct arena *arena, const struct rule *rules, size_t count,
    const struct zone *zone, struct rule **bound)
{
	*bound = usher_arena_array(arena, count + 1, sizeof(**bound));
	if (*bound == NULL)
		return ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct hours *during = &(*bound)[i].during;
		struct window *windows;

		(*bound)[i] = rules[i];
		windows = usher_arena_array(arena, during->count + 1,
		    sizeof(*windows));
		if (windows == NULL)
			return ENOMEM;
		for (size_t w = 0; w < during->count; w++) {
			windows[w] = during->windows[w];
			if (windows[w].zone == NULL)
				windows[w].zone = zone;
		}
		during->windows = windows;
	}
	return 0;
}
