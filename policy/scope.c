/*
 * scope: topics, parties, hours and days that rules may name.
 *
 * Compiles the four groups of a preference file or of `site`, and looks
 * names up, the recipient's before the site's (rule.h, design.md §4).
 */
#include <errno.h>
#include <string.h>

#include "error.h"
#include "rule.h"

static const char *const party_keys[] = { "organizations", "addresses",
	"phones", "code", "trust" };
static const char *const trust_words[] = { "verified", "claimed" };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const struct topic *
usher_scope_topic(const struct scope *scope, const char *name)
{
	for (; scope != NULL; scope = scope->site)
		for (size_t i = 0; i < scope->topic_count; i++)
			if (strcmp(scope->topics[i].name, name) == 0)
				return &scope->topics[i];
	return NULL;
}

const struct party *
usher_scope_party(const struct scope *scope, const char *name)
{
	for (; scope != NULL; scope = scope->site)
		for (size_t i = 0; i < scope->party_count; i++)
			if (strcmp(scope->parties[i].name, name) == 0)
				return &scope->parties[i];
	return NULL;
}

static bool
same(const char *name, const char *word, size_t length)
{
	return strlen(name) == length && memcmp(name, word, length) == 0;
}

const struct hours *
usher_scope_hours(const struct scope *scope, const char *name, size_t length)
{
	for (; scope != NULL; scope = scope->site)
		for (size_t i = 0; i < scope->hours_count; i++)
			if (same(scope->hours[i].name, name, length))
				return &scope->hours[i];
	return NULL;
}

const struct dates *
usher_scope_dates(const struct scope *scope, const char *name, size_t length)
{
	for (; scope != NULL; scope = scope->site)
		for (size_t i = 0; i < scope->dates_count; i++)
			if (same(scope->dates[i].name, name, length))
				return &scope->dates[i];
	return NULL;
}

static size_t
names_of(const struct scope *scope, const char *kind, const char **names,
    size_t size)
{
	size_t count = 0;

	for (; scope != NULL; scope = scope->site) {
		if (kind[0] == 't')
			for (size_t i = 0; i < scope->topic_count; i++)
				if (count < size)
					names[count++] = scope->topics[i].name;
		if (kind[0] == 'p')
			for (size_t i = 0; i < scope->party_count; i++)
				if (count < size)
					names[count++] = scope->parties[i].name;
		if (kind[0] == 'h')
			for (size_t i = 0; i < scope->hours_count; i++)
				if (count < size)
					names[count++] = scope->hours[i].name;
		if (kind[0] == 'd' || kind[0] == 'h')
			for (size_t i = 0; i < scope->dates_count; i++)
				if (count < size)
					names[count++] = scope->dates[i].name;
	}
	return count;
}

enum { MOST_NAMES = 512 };

static const char *
suggest(const struct scope *scope, const char *word, const char *kind)
{
	const char *names[MOST_NAMES];
	size_t count = names_of(scope, kind, names, MOST_NAMES);

	return usher_text_suggest(word, names, count);
}

const char *
usher_scope_meant(struct compiling *compiling, const char *word,
    const char *kind)
{
	const char *names[MOST_NAMES];
	size_t count = names_of(compiling->scope, kind, names, MOST_NAMES);

	if (count == 0)
		return ", which declares nothing yet";
	return usher_source_meant(compiling->source, word, names, count);
}

void
usher_phrase_count(struct compiling *compiling, const config_setting_t *setting)
{
	if (++compiling->phrases <= 1000 || compiling->phrases_told)
		return;
	compiling->phrases_told = true;
	usher_source_wrong(compiling->source, setting,
	    "more than 1,000 phrases and patterns in this file; "
	    "drop some, or let a wildcard stand for many");
}

static void *
array_of(struct compiling *compiling, size_t count, size_t size)
{
	return usher_arena_array(compiling->source->arena,
	    count == 0 ? 1 : count, size);
}

static int
members(const config_setting_t *group)
{
	return group == NULL || !config_setting_is_group(group)
	    ? 0
	    : config_setting_length(group);
}

static const config_setting_t *
group_of(struct compiling *compiling, const config_setting_t *root,
    const char *name)
{
	const config_setting_t *group = config_setting_get_member(root, name);

	if (group == NULL || config_setting_is_group(group))
		return group;
	usher_source_wrong(compiling->source, group,
	    "%s must be a group: %s = { NAME = ...; };", name, name);
	return NULL;
}

static void
compile_topic(struct compiling *compiling, const config_setting_t *setting)
{
	struct scope *scope = compiling->scope;
	struct topic *topic = &scope->topics[scope->topic_count];
	const char *const *phrases;
	size_t count;

	if (!usher_source_setting_strings(compiling->source, setting, &phrases,
		&count))
		return;
	topic->name = usher_arena_string(compiling->source->arena,
	    config_setting_name(setting));
	topic->phrases = array_of(compiling, count, sizeof(*topic->phrases));
	if (topic->name == NULL || topic->phrases == NULL)
		return;
	for (size_t i = 0; i < count; i++) {
		usher_phrase_count(compiling, setting);
		if (usher_phrase_make(compiling->source->arena, phrases[i],
			&topic->phrases[topic->count]) == 0)
			topic->count++;
		else
			usher_source_wrong(compiling->source, setting,
			    "\"%s\" has no word to look for", phrases[i]);
	}
	if (count == 0)
		usher_source_wrong(compiling->source, setting,
		    "topic %s has no phrase: write %s = [ \"...\" ];",
		    topic->name, topic->name);
	scope->topic_count++;
}

size_t
usher_patterns_compile(struct compiling *compiling,
    const config_setting_t *setting, bool organization,
    struct pattern **patterns)
{
	const char *const *texts;
	size_t count, made = 0;

	if (setting == NULL ||
	    !usher_source_setting_strings(compiling->source, setting, &texts,
		&count))
		return 0;
	*patterns = array_of(compiling, count, sizeof(**patterns));
	for (size_t i = 0; *patterns != NULL && i < count; i++) {
		struct usher_error error;

		usher_phrase_count(compiling, setting);
		if (usher_pattern_make(compiling->source->arena, texts[i],
			organization, &compiling->conf->dialling,
			&(*patterns)[made], &error) == 0)
			made++;
		else
			usher_source_wrong(compiling->source, setting, "%s",
			    error.text);
	}
	return made;
}

static void
party_patterns(struct compiling *compiling, const config_setting_t *group,
    const char *name, struct party *party)
{
	struct pattern *more = NULL, *all;
	size_t count = usher_patterns_compile(compiling,
	    config_setting_get_member(group, name),
	    strcmp(name, "organizations") == 0, &more);

	if (count == 0)
		return;
	all = array_of(compiling, party->count + count, sizeof(*all));
	if (all == NULL)
		return;
	if (party->count > 0)
		memcpy(all, party->patterns, party->count * sizeof(*all));
	memcpy(all + party->count, more, count * sizeof(*all));
	party->patterns = all;
	party->count += count;
}

static void
compile_party(struct compiling *compiling, const config_setting_t *setting)
{
	struct scope *scope = compiling->scope;
	struct party *party = &scope->parties[scope->party_count];
	size_t trust = 0;

	if (!config_setting_is_group(setting)) {
		usher_source_wrong(compiling->source, setting,
		    "party %s must be a group: %s = { organizations = "
		    "[ \"vendor.example\" ]; };",
		    config_setting_name(setting), config_setting_name(setting));
		return;
	}
	usher_source_keys(compiling->source, setting, party_keys,
	    COUNT(party_keys));
	party->name = usher_arena_string(compiling->source->arena,
	    config_setting_name(setting));
	party->line = config_setting_source_line(setting);
	party_patterns(compiling, setting, "organizations", party);
	party_patterns(compiling, setting, "addresses", party);
	party_patterns(compiling, setting, "phones", party);
	(void)usher_source_bool(compiling->source, setting, "code",
	    &party->code);
	if (usher_source_word(compiling->source, setting, "trust", trust_words,
		COUNT(trust_words), &trust))
		party->trust_claimed = trust == 1;
	if (party->name == NULL)
		return;
	if (party->count == 0 && !party->code)
		usher_source_wrong(compiling->source, setting,
		    "party %s has no members: give it organizations, "
		    "addresses, phones, or code = true",
		    party->name);
	scope->party_count++;
}

static const struct hours *
find_hours(const void *arg, const char *name, size_t length)
{
	return usher_scope_hours(arg, name, length);
}

static const struct dates *
find_dates(const void *arg, const char *name, size_t length)
{
	return usher_scope_dates(arg, name, length);
}

static const char *
suggest_hours(const void *arg, const char *name, size_t length)
{
	char word[64];

	if (length >= sizeof(word))
		return NULL;
	memcpy(word, name, length);
	word[length] = '\0';
	return suggest(arg, word, "hours");
}

/* One text or several; what names windows elsewhere is taken over. */
bool
usher_hours_compile(struct compiling *compiling,
    const config_setting_t *setting, struct hours *hours)
{
	const struct hours_scope scope = { .zones = compiling->conf->zones,
		.zone = compiling->zone,
		.hours = find_hours,
		.dates = find_dates,
		.suggest = suggest_hours,
		.arg = compiling->scope };
	struct arena *arena = compiling->source->arena;
	const char *const *texts;
	const char *joined = "";
	struct usher_error error;
	size_t count;

	if (!usher_source_setting_strings(compiling->source, setting, &texts,
		&count))
		return false;
	for (size_t i = 0; i < count && joined != NULL; i++)
		joined = i == 0
		    ? texts[0]
		    : usher_arena_printf(arena, "%s; %s", joined, texts[i]);
	if (joined == NULL)
		return false;
	if (usher_hours_parse(arena, joined, &scope, hours, &error) != 0) {
		usher_source_wrong(compiling->source, setting, "%s",
		    error.text);
		return false;
	}
	for (size_t i = 0; i < hours->count; i++)
		if (hours->windows[i].zone == NULL)
			hours->windows[i].zone = compiling->zone;
	return true;
}

static void
compile_hours(struct compiling *compiling, const config_setting_t *setting)
{
	struct scope *scope = compiling->scope;
	struct hours *hours = &scope->hours[scope->hours_count];
	const char *name = config_setting_name(setting);

	if (usher_hours_reserved(name)) {
		usher_source_wrong(compiling->source, setting,
		    "\"%s\" is a word of windows and cannot name hours; "
		    "choose another name",
		    name);
		return;
	}
	if (!usher_hours_compile(compiling, setting, hours))
		return;
	hours->name = usher_arena_string(compiling->source->arena, name);
	if (hours->name != NULL)
		scope->hours_count++;
}

static void
compile_dates(struct compiling *compiling, const config_setting_t *setting)
{
	struct scope *scope = compiling->scope;
	struct dates *dates = &scope->dates[scope->dates_count];
	const char *name = config_setting_name(setting);
	const char *const *texts;
	size_t count;

	if (usher_hours_reserved(name)) {
		usher_source_wrong(compiling->source, setting,
		    "\"%s\" is a word of windows and cannot name days; "
		    "choose another name",
		    name);
		return;
	}
	if (!usher_source_setting_strings(compiling->source, setting, &texts,
		&count))
		return;
	dates->name = usher_arena_string(compiling->source->arena, name);
	dates->ranges = array_of(compiling, count, sizeof(*dates->ranges));
	if (dates->name == NULL || dates->ranges == NULL)
		return;
	for (size_t i = 0; i < count; i++) {
		struct usher_error error;

		if (usher_dates_parse(texts[i], &dates->ranges[dates->count],
			&error) == 0)
			dates->count++;
		else
			usher_source_wrong(compiling->source, setting, "%s",
			    error.text);
	}
	scope->dates_count++;
}

static void
each_member(struct compiling *compiling, const config_setting_t *group,
    void (*compile)(struct compiling *, const config_setting_t *))
{
	for (int i = 0; i < members(group); i++)
		compile(compiling, config_setting_get_elem(group, (unsigned)i));
}

void
usher_scope_compile(struct compiling *compiling, const config_setting_t *root)
{
	struct scope *scope = compiling->scope;
	const config_setting_t *topics, *parties, *hours, *days;

	topics = group_of(compiling, root, "topics");
	parties = group_of(compiling, root, "parties");
	hours = group_of(compiling, root, "hours");
	days = group_of(compiling, root, "days");
	scope->topics = array_of(compiling, (size_t)members(topics),
	    sizeof(*scope->topics));
	scope->parties = array_of(compiling, (size_t)members(parties),
	    sizeof(*scope->parties));
	scope->hours = array_of(compiling, (size_t)members(hours),
	    sizeof(*scope->hours));
	scope->dates = array_of(compiling, (size_t)members(days),
	    sizeof(*scope->dates));
	if (compiling->source->arena->failed)
		return;
	each_member(compiling, topics, compile_topic);
	each_member(compiling, parties, compile_party);
	each_member(compiling, days, compile_dates);
	each_member(compiling, hours, compile_hours);
}
