/*
 * limiter: compiles `during`, `at_most` and `requires` of a rule (design.md
 * §4, the table of limiters), and the small grammars they share with
 * conditions: "3 per 30d" and "<=300".
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "rule.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { MOST_COUNT = 1000000 };

static const char *const require_keys[] = { "attachment", "link", "or_link",
	"words", "reason" };

static const char *
blanks(const char *text)
{
	while (*text == ' ' || *text == '\t')
		text++;
	return text;
}

/* Digits to a number of at most `most`; NULL when there are none or more. */
static const char *
number_of(const char *text, uint64_t most, uint64_t *number)
{
	if (!isdigit((unsigned char)*text))
		return NULL;
	for (*number = 0; isdigit((unsigned char)*text); text++) {
		*number = *number * 10 + (uint64_t)(*text - '0');
		if (*number > most)
			return NULL;
	}
	return text;
}

int
usher_cap_parse(const char *text, bool in_all_allowed, struct cap *cap,
    struct usher_error *error)
{
	const char *at, *end;
	uint64_t count = 0;
	char duration[32];

	at = number_of(blanks(text), MOST_COUNT, &count);
	if (at == NULL || count == 0)
		goto wrong;
	at = blanks(at);
	if (strncmp(at, "per", 3) != 0 || (at[3] != ' ' && at[3] != '\t'))
		goto wrong;
	at = blanks(at + 3);
	end = at + strcspn(at, " \t");
	if (end == at || (size_t)(end - at) >= sizeof(duration))
		goto wrong;
	memcpy(duration, at, (size_t)(end - at));
	duration[end - at] = '\0';
	if (usher_duration_parse(duration, &cap->seconds, error) != 0)
		return EINVAL;
	cap->count = (unsigned)count;
	at = blanks(end);
	cap->in_all = strcmp(at, "in all") == 0;
	if (cap->in_all && !in_all_allowed)
		return usher_error_set(error, EINVAL,
		    "\"%s\": \"in all\" counts everybody and stands in "
		    "at_most only",
		    text);
	if (*at == '\0' || cap->in_all)
		return 0;
wrong:
	return usher_error_set(error, EINVAL,
	    "\"%s\" is no cap; write a "
	    "number and a time, as \"3 per 30d\" (m, h, d or w)%s",
	    text,
	    in_all_allowed ? ", with \"in all\" behind it to count everybody"
			   : "");
}

int
usher_comparison_parse(const char *text, struct comparison *comparison,
    struct usher_error *error)
{
	const char *at = blanks(text);
	uint64_t number = 0;

	if (strncmp(at, "<=", 2) == 0) {
		comparison->how = AT_MOST;
		at += 2;
	} else if (strncmp(at, ">=", 2) == 0) {
		comparison->how = AT_LEAST;
		at += 2;
	} else if (*at == '<') {
		comparison->how = LESS;
		at++;
	} else if (*at == '>') {
		comparison->how = MORE;
		at++;
	} else if (*at == '=') {
		comparison->how = EQUAL;
		at++;
	} else
		goto wrong;
	at = number_of(blanks(at), MOST_COUNT, &number);
	if (at == NULL || *blanks(at) != '\0')
		goto wrong;
	comparison->number = (size_t)number;
	return 0;
wrong:
	return usher_error_set(error, EINVAL,
	    "\"%s\" is no comparison; "
	    "write \"<=300\" or \">=20\"",
	    text);
}

bool
usher_comparison_holds(const struct comparison *comparison, size_t number)
{
	switch (comparison->how) {
	case AT_MOST: return number <= comparison->number;
	case AT_LEAST: return number >= comparison->number;
	case LESS: return number < comparison->number;
	case MORE: return number > comparison->number;
	case EQUAL: break;
	}
	return number == comparison->number;
}

static void
compile_caps(struct compiling *compiling, const config_setting_t *setting,
    struct rule *rule)
{
	const char *const *texts;
	size_t count;

	if (setting == NULL ||
	    !usher_source_setting_strings(compiling->source, setting, &texts,
		&count))
		return;
	rule->caps = usher_arena_array(compiling->source->arena, count + 1,
	    sizeof(*rule->caps));
	for (size_t i = 0; rule->caps != NULL && i < count; i++) {
		struct usher_error error;

		if (usher_cap_parse(texts[i], true,
			&rule->caps[rule->cap_count], &error) == 0)
			rule->cap_count++;
		else
			usher_source_wrong(compiling->source, setting, "%s",
			    error.text);
	}
}

void
usher_endings_compile(struct compiling *compiling,
    const config_setting_t *setting, const char *const **endings, size_t *count)
{
	struct arena *arena = compiling->source->arena;
	const char *const *given;
	char **made;

	*count = 0;
	if (setting == NULL ||
	    !usher_source_setting_strings(compiling->source, setting, &given,
		count))
		return;
	made = usher_arena_array(arena, *count + 1, sizeof(*made));
	for (size_t i = 0; made != NULL && i < *count; i++) {
		const char *one = given[i][0] == '.' ? given[i] + 1 : given[i];

		if (*one == '\0' || strpbrk(one, "/\\ ") != NULL)
			usher_source_wrong(compiling->source, setting,
			    "\"%s\" is no name ending; write \"pdf\"",
			    given[i]);
		made[i] = usher_arena_string(arena, one);
		if (made[i] == NULL)
			made = NULL;
		else
			(void)usher_text_lower(made[i]);
	}
	if (made == NULL)
		*count = 0;
	*endings = (const char *const *)made;
}

void
usher_domains_compile(struct compiling *compiling,
    const config_setting_t *setting, const char *const **domains, size_t *count)
{
	const char *const *given;
	const char **normal;
	size_t given_count;

	*count = 0;
	if (setting == NULL ||
	    !usher_source_setting_strings(compiling->source, setting, &given,
		&given_count))
		return;
	normal = usher_arena_array(compiling->source->arena, given_count + 1,
	    sizeof(*normal));
	for (size_t i = 0; normal != NULL && i < given_count; i++) {
		normal[*count] = usher_domain_normal(compiling->source->arena,
		    given[i]);
		if (normal[*count] != NULL)
			++*count;
		else
			usher_source_wrong(compiling->source, setting,
			    "\"%s\" is no domain; write \"slideshare.net\", "
			    "without path or scheme",
			    given[i]);
	}
	*domains = normal;
}

void
usher_comparisons_compile(struct compiling *compiling,
    const config_setting_t *setting, struct comparison **comparisons,
    size_t *count)
{
	const char *const *texts;
	struct comparison *made;
	size_t text_count;

	*count = 0;
	if (setting == NULL ||
	    !usher_source_setting_strings(compiling->source, setting, &texts,
		&text_count))
		return;
	made = usher_arena_array(compiling->source->arena, text_count + 1,
	    sizeof(*made));
	for (size_t i = 0; made != NULL && i < text_count; i++) {
		struct usher_error error;

		if (usher_comparison_parse(texts[i], &made[*count], &error) ==
		    0)
			++*count;
		else
			usher_source_wrong(compiling->source, setting, "%s",
			    error.text);
	}
	*comparisons = made;
}

/* Bits of the channels that a rule's own `if` names; 0: none named. */
static unsigned
channels_named(const struct rule *rule)
{
	for (size_t i = 0; i < rule->when.count; i++)
		if (rule->when.list[i].kind == ON_CHANNEL)
			return rule->when.list[i].bits;
	return 0;
}

/* What a channel cannot carry must not be asked of it. */
static void
check_carried(struct compiling *compiling, const config_setting_t *group,
    const struct rule *rule)
{
	const unsigned all = channels_named(rule);
	const unsigned text = 1u << USHER_EMAIL | 1u << USHER_MESSAGE;
	const struct {
		const char *name;
		bool asked;
		unsigned carried;
	} substances[] = { { "attachment", rule->requires.attachment_count > 0,
			       1u << USHER_EMAIL },
		{ "link", rule->requires.link_count > 0, text },
		{ "or_link", rule->requires.or_link_count > 0, text },
		{ "words", rule->requires.comparison_count > 0, text } };

	for (size_t i = 0; i < COUNT(substances); i++)
		for (unsigned channel = 0; channel < USHER_CHANNELS; channel++)
			if (substances[i].asked && (all & 1u << channel) &&
			    !(substances[i].carried & 1u << channel))
				usher_source_wrong(compiling->source,
				    config_setting_get_member(group,
					substances[i].name),
				    "%s cannot carry "
				    "`%s`; name a channel in `if` that can",
				    usher_channel_word(channel),
				    substances[i].name);
}

static void
compile_requires(struct compiling *compiling, const config_setting_t *setting,
    struct rule *rule)
{
	const config_setting_t *group = config_setting_get_member(setting,
	    "requires");
	struct requirement *requires = &rule->requires;

	if (group == NULL)
		return;
	requires->given = true;
	requires->line = config_setting_source_line(group);
	if (!config_setting_is_group(group)) {
		usher_source_wrong(compiling->source, group,
		    "`requires` must "
		    "be a group: requires = { attachment = [ \"pdf\" ]; };");
		return;
	}
	usher_source_keys(compiling->source, group, require_keys,
	    COUNT(require_keys));
	usher_endings_compile(compiling,
	    config_setting_get_member(group, "attachment"),
	    &requires->attachments, &requires->attachment_count);
	usher_domains_compile(compiling,
	    config_setting_get_member(group, "link"), &requires->links,
	    &requires->link_count);
	usher_domains_compile(compiling,
	    config_setting_get_member(group, "or_link"), &requires->or_links,
	    &requires->or_link_count);
	usher_comparisons_compile(compiling,
	    config_setting_get_member(group, "words"), &requires->comparisons,
	    &requires->comparison_count);
	(void)usher_source_bool(compiling->source, group, "reason",
	    &requires->reason);
	if (requires->or_link_count > 0 && requires->attachment_count == 0)
		usher_source_wrong(compiling->source,
		    config_setting_get_member(group, "or_link"),
		    "`or_link` stands in place of `attachment`, which is not "
		    "here; write `link`");
	check_carried(compiling, group, rule);
}

void
usher_limiters_compile(struct compiling *compiling,
    const config_setting_t *setting, struct rule *rule)
{
	const config_setting_t *during = config_setting_get_member(setting,
	    "during");

	if (during != NULL &&
	    usher_hours_compile(compiling, during, &rule->during))
		rule->has_during = true;
	compile_caps(compiling, config_setting_get_member(setting, "at_most"),
	    rule);
	compile_requires(compiling, setting, rule);
}
