/*
 * condition: compiles `if` and `unless` (design.md §4, the table of
 * conditions) for decide.c.
 *
 * Every key of a group becomes one condition; a list of values means any of
 * them. The text kept with each is what the trace shows.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "error.h"
#include "rule.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const channel_words[] = { "email", "phone", "video", "fax",
	"message" };
static const char *const purpose_words[] = { "unknown", "sales", "bulk", "list",
	"transactional", "personal" };
static const char *const standing_words[] = { "new", "good", "poor" };

struct compile_values {
	struct compiling *compiling;
	const config_setting_t *setting;
	struct condition *condition;
	size_t count;
	const char *const *values;
};

typedef void compile_h(struct compile_values *values);

static void *
array_of(const struct compile_values *values, size_t size)
{
	return usher_arena_array(values->compiling->source->arena,
	    values->count + 1, size);
}

/* `words` to bits, by their place in the enumeration. */
static void
bits_of(struct compile_values *values, const char *const *words,
    size_t word_count, const char *kind)
{
	const struct source *source = values->compiling->source;

	for (size_t i = 0; i < values->count; i++) {
		size_t at = 0;

		while (at < word_count &&
		    strcmp(words[at], values->values[i]) != 0)
			at++;
		if (at < word_count) {
			values->condition->bits |= 1u << at;
			continue;
		}
		usher_source_wrong(source, values->setting,
		    "\"%.60s\" is no %s%s", values->values[i], kind,
		    usher_source_meant(source, values->values[i], words,
			word_count));
	}
}

static void
compile_channel(struct compile_values *values)
{
	bits_of(values, channel_words, COUNT(channel_words), "channel");
}

static void
compile_purpose(struct compile_values *values)
{
	bits_of(values, purpose_words, COUNT(purpose_words), "purpose");
}

static void
compile_standing(struct compile_values *values)
{
	bits_of(values, standing_words, COUNT(standing_words), "standing");
}

static void
undeclared(struct compile_values *values, const char *name, const char *kind,
    const char *where)
{
	usher_source_wrong(values->compiling->source, values->setting,
	    "no %s \"%s\" in `%s`%s", kind, name, where,
	    usher_scope_meant(values->compiling, name, where));
}

static void
compile_topic_names(struct compile_values *values)
{
	struct condition *condition = values->condition;

	condition->topics = array_of(values, sizeof(*condition->topics));
	for (size_t i = 0; condition->topics && i < values->count; i++) {
		const struct topic *topic =
		    usher_scope_topic(values->compiling->scope,
			values->values[i]);

		if (topic == NULL)
			undeclared(values, values->values[i], "topic",
			    "topics");
		else
			condition->topics[condition->count++] = topic;
	}
}

static void
compile_party_names(struct compile_values *values)
{
	struct condition *condition = values->condition;

	condition->parties = array_of(values, sizeof(*condition->parties));
	for (size_t i = 0; condition->parties && i < values->count; i++) {
		const struct party *party =
		    usher_scope_party(values->compiling->scope,
			values->values[i]);

		if (party == NULL)
			undeclared(values, values->values[i], "party",
			    "parties");
		else
			condition->parties[condition->count++] = party;
	}
}

static void
compile_organization(struct compile_values *values)
{
	values->condition->count = usher_patterns_compile(values->compiling,
	    values->setting, true, &values->condition->patterns);
}

static void
compile_from(struct compile_values *values)
{
	values->condition->count = usher_patterns_compile(values->compiling,
	    values->setting, false, &values->condition->patterns);
}

static void
compile_country(struct compile_values *values)
{
	char **countries = array_of(values, sizeof(*countries));

	for (size_t i = 0; countries != NULL && i < values->count; i++) {
		const char *given = values->values[i];

		if (strlen(given) != 2 || !isalpha((unsigned char)given[0]) ||
		    !isalpha((unsigned char)given[1])) {
			usher_source_wrong(values->compiling->source,
			    values->setting,
			    "\"%s\" is no country; write two "
			    "letters of ISO 3166, as \"US\"",
			    given);
			continue;
		}
		countries[values->condition->count] =
		    usher_arena_printf(values->compiling->source->arena, "%c%c",
			toupper((unsigned char)given[0]),
			toupper((unsigned char)given[1]));
		if (countries[values->condition->count] != NULL)
			values->condition->count++;
	}
	values->condition->strings = (const char *const *)countries;
}

/* "AS64500" to 64500; 0 when it is none. */
static uint32_t
as_number(const char *text)
{
	uint64_t number = 0;

	if ((text[0] | 0x20) != 'a' || (text[1] | 0x20) != 's' ||
	    text[2] == '\0')
		return 0;
	for (text += 2; *text != '\0'; text++) {
		if (!isdigit((unsigned char)*text))
			return 0;
		number = number * 10 + (uint64_t)(*text - '0');
		if (number > UINT32_MAX)
			return 0;
	}
	return (uint32_t)number;
}

static void
compile_network(struct compile_values *values)
{
	struct condition *condition = values->condition;

	condition->networks = array_of(values, sizeof(*condition->networks));
	for (size_t i = 0; condition->networks && i < values->count; i++) {
		struct as_or_cidr *network =
		    &condition->networks[condition->count];
		struct usher_error error;

		network->as = as_number(values->values[i]);
		if (network->as == 0 &&
		    usher_network_parse(values->values[i], &network->network,
			&error) != 0) {
			usher_source_wrong(values->compiling->source,
			    values->setting,
			    "%s; or write an autonomous "
			    "system as \"AS64500\"",
			    error.text);
			continue;
		}
		condition->count++;
	}
}

static void
compile_stage(struct compile_values *values)
{
	const struct usher_conf *conf = values->compiling->conf;
	const struct source *source = values->compiling->source;

	for (size_t i = 0; i < values->count; i++) {
		size_t at = 0;

		while (at < conf->stage_count &&
		    strcmp(conf->stages[at], values->values[i]) != 0)
			at++;
		if (at < conf->stage_count)
			continue;
		usher_source_wrong(source, values->setting,
		    "\"%.60s\" is no stage of this site, unless `site.stages` "
		    "adds it%s",
		    values->values[i],
		    usher_source_meant(source, values->values[i], conf->stages,
			conf->stage_count));
	}
	values->condition->strings = values->values;
	values->condition->count = values->count;
}

static void
compile_tried(struct compile_values *values)
{
	struct condition *condition = values->condition;

	condition->caps = array_of(values, sizeof(*condition->caps));
	for (size_t i = 0; condition->caps && i < values->count; i++) {
		struct usher_error error;

		if (usher_cap_parse(values->values[i], false,
			&condition->caps[condition->count], &error) == 0)
			condition->count++;
		else
			usher_source_wrong(values->compiling->source,
			    values->setting, "%s", error.text);
	}
}

/* Names of `days`, or dates written in place. */
static void
compile_on(struct compile_values *values)
{
	struct condition *condition = values->condition;
	struct arena *arena = values->compiling->source->arena;

	condition->dates = array_of(values, sizeof(*condition->dates));
	for (size_t i = 0; condition->dates && i < values->count; i++) {
		const char *text = values->values[i];
		const struct dates *named =
		    usher_scope_dates(values->compiling->scope, text,
			strlen(text));
		struct dates *placed;
		struct usher_error error;

		if (named != NULL) {
			condition->dates[condition->count++] = named;
			continue;
		}
		placed = usher_arena_alloc(arena, sizeof(*placed));
		if (placed == NULL)
			return;
		placed->name = text;
		placed->count = 1;
		placed->ranges = usher_arena_alloc(arena,
		    sizeof(*placed->ranges));
		if (placed->ranges == NULL)
			return;
		if (usher_dates_parse(text, placed->ranges, &error) == 0)
			condition->dates[condition->count++] = placed;
		else if (isdigit((unsigned char)text[0]))
			usher_source_wrong(values->compiling->source,
			    values->setting, "%s", error.text);
		else
			undeclared(values, text, "name", "days");
	}
}

static void
compile_endings(struct compile_values *values)
{
	usher_endings_compile(values->compiling, values->setting,
	    &values->condition->strings, &values->condition->count);
}

static void
compile_domains(struct compile_values *values)
{
	usher_domains_compile(values->compiling, values->setting,
	    &values->condition->strings, &values->condition->count);
}

static void
compile_words(struct compile_values *values)
{
	usher_comparisons_compile(values->compiling, values->setting,
	    &values->condition->comparisons, &values->condition->count);
}

/* NULL: true or false. */
static const struct key {
	const char *name;
	enum condition_kind kind;
	compile_h *compile;
} keys[] = { { "channel", ON_CHANNEL, compile_channel },
	{ "purpose", ON_PURPOSE, compile_purpose },
	{ "topic", ON_TOPIC, compile_topic_names },
	{ "party", ON_PARTY, compile_party_names },
	{ "organization", ON_ORGANIZATION, compile_organization },
	{ "from", ON_FROM, compile_from }, { "stranger", ON_STRANGER, NULL },
	{ "known", ON_KNOWN, NULL }, { "introduced", ON_INTRODUCED, NULL },
	{ "anonymous", ON_ANONYMOUS, NULL }, { "verified", ON_VERIFIED, NULL },
	{ "country", ON_COUNTRY, compile_country },
	{ "network", ON_NETWORK, compile_network },
	{ "stage", ON_STAGE, compile_stage },
	{ "standing", ON_STANDING, compile_standing },
	{ "tried", ON_TRIED, compile_tried }, { "on", ON_DAY, compile_on },
	{ "attachment", ON_ATTACHMENT, compile_endings },
	{ "link", ON_LINK, compile_domains },
	{ "words", ON_WORDS, compile_words } };

static const struct key *
key_of(const char *name)
{
	for (size_t i = 0; i < COUNT(keys); i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

static const char *
shown_text(struct arena *arena, const char *name, size_t count,
    const char *const *values)
{
	const char *text = usher_arena_printf(arena, "%s = ", name);

	for (size_t i = 0; text != NULL && i < count; i++)
		text = usher_arena_printf(arena, "%s%s%s", text,
		    i == 0 ? "" : ", ", values[i]);
	return text == NULL ? name : text;
}

static bool
compile_value(struct compiling *compiling, const config_setting_t *group,
    const config_setting_t *setting, const struct key *key,
    struct condition *condition)
{
	struct compile_values values = { .compiling = compiling,
		.setting = setting,
		.condition = condition };

	if (key->compile == NULL) {
		if (!usher_source_bool(compiling->source, group, key->name,
			&condition->wanted))
			return false;
		condition->text = usher_arena_printf(compiling->source->arena,
		    "%s = %s", key->name, condition->wanted ? "true" : "false");
		return condition->text != NULL;
	}
	if (!usher_source_setting_strings(compiling->source, setting,
		&values.values, &values.count))
		return false;
	if (values.count == 0) {
		usher_source_wrong(compiling->source, setting,
		    "`%s` has an empty list, which nothing can meet; give it "
		    "a value or leave it out",
		    key->name);
		return false;
	}
	condition->text = shown_text(compiling->source->arena, key->name,
	    values.count, values.values);
	key->compile(&values);
	return true;
}

void
usher_conditions_compile(struct compiling *compiling,
    const config_setting_t *rule, const char *name,
    struct conditions *conditions)
{
	const config_setting_t *group = config_setting_get_member(rule, name);
	const char *names[COUNT(keys)];
	int count;

	if (group == NULL)
		return;
	if (!config_setting_is_group(group)) {
		usher_source_wrong(compiling->source, group,
		    "`%s` must be a group: %s = { channel = \"phone\"; };",
		    name, name);
		return;
	}
	for (size_t i = 0; i < COUNT(keys); i++)
		names[i] = keys[i].name;
	usher_source_keys(compiling->source, group, names, COUNT(names));
	count = config_setting_length(group);
	conditions->given = true;
	conditions->list = usher_arena_array(compiling->source->arena,
	    (size_t)count + 1, sizeof(*conditions->list));
	for (int i = 0; conditions->list != NULL && i < count; i++) {
		const config_setting_t *setting = config_setting_get_elem(group,
		    (unsigned)i);
		const struct key *key = key_of(config_setting_name(setting));
		struct condition *condition =
		    &conditions->list[conditions->count];

		if (key == NULL)
			continue;
		condition->kind = key->kind;
		condition->line = config_setting_source_line(setting);
		if (compile_value(compiling, group, setting, key, condition))
			conditions->count++;
	}
}
