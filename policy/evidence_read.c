/*
 * evidence_read: evidence.conf into its read form.
 *
 * Keys, words and values are checked like those of any source: several
 * errors are told in one run, each with its line. Called by site.c through
 * evidence.h. Keeps design-mail.md "Purpose" (name, where, pattern, weight,
 * source, date).
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "evidence_item.h"
#include "source.h"
#include "text.h"

static const char *const places[] = {
	"subject",
	"text",
	"header",
	"link",
	"from",
	"structure",
	"call",
};

static const char *const purposes[] = {
	"unknown",
	"sales",
	"bulk",
	"list",
	"transactional",
	"personal",
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static bool
read_number(const struct source *source, const config_setting_t *group,
    const char *name, double *value)
{
	const config_setting_t *one = config_setting_get_member(group, name);
	int type = one ? config_setting_type(one) : CONFIG_TYPE_NONE;

	if (!one)
		return false;
	if (type == CONFIG_TYPE_FLOAT)
		*value = config_setting_get_float(one);
	else if (type == CONFIG_TYPE_INT)
		*value = config_setting_get_int(one);
	if ((type != CONFIG_TYPE_FLOAT && type != CONFIG_TYPE_INT) ||
	    !isfinite(*value) || fabs(*value) > 100) {
		usher_source_wrong(source, one,
		    "%s should be a number from -100 to 100", name);
		return false;
	}
	return true;
}

static unsigned
read_group(const struct source *source, const config_setting_t *setting,
    struct evidence *evidence)
{
	const char *name = "all";

	(void)usher_source_string(source, setting, "group", &name);
	for (size_t i = 0; i < evidence->group_count; i++) {
		if (strcmp(evidence->groups[i], name) == 0)
			return (unsigned)i;
	}
	if (evidence->group_count == EVIDENCE_GROUPS) {
		usher_source_wrong(source, setting, "more than %d groups",
		    EVIDENCE_GROUPS);
		return 0;
	}
	name = usher_arena_string(&evidence->arena, name);
	if (!name)
		return 0; /* the arena is marked */
	evidence->groups[evidence->group_count] = name;
	return (unsigned)evidence->group_count++;
}

static void
read_where(const struct source *source, const config_setting_t *setting,
    struct evidence_rule *item)
{
	const char *const *words;
	size_t count = 0;

	if (!usher_source_strings(source, setting, "where", &words, &count) ||
	    count == 0) {
		usher_source_wrong(source, setting,
		    "no `where`: subject, "
		    "text, header, link, from, structure or call");
		return;
	}
	for (size_t i = 0; i < count; i++) {
		size_t at = 0;

		while (at < COUNT(places) && strcmp(places[at], words[i]) != 0)
			at++;
		if (at == COUNT(places)) {
			const char *meant = usher_text_suggest(words[i], places,
			    COUNT(places));

			usher_source_wrong(source, setting,
			    "no place is named \"%s\"%s%s%s", words[i],
			    meant ? "; did you mean \"" : "",
			    meant ? meant : "", meant ? "\"?" : "");
		} else {
			item->where |= 1u << at;
			if (i == 0)
				item->where_text = places[at];
		}
	}
}

static void
add_phrase(const struct source *source, const config_setting_t *setting,
    struct evidence *evidence, unsigned item, const char *text)
{
	int code = usher_evidence_phrase(evidence, item, text);

	if (code == EINVAL)
		usher_source_wrong(source, setting,
		    "phrase \"%s\" has no word, or none beside | or ...", text);
	else if (code == ENOSPC)
		usher_source_wrong(source, setting,
		    "too many phrases; \"%s\" has no room", text);
}

static void
read_phrases(const struct source *source, const config_setting_t *setting,
    struct evidence *evidence, struct evidence_rule *item)
{
	const char *const *phrases;
	size_t count = 0;

	if (!usher_source_strings(source, setting, "phrases", &phrases, &count))
		return;
	if (!(item->where & (WHERE_SUBJECT | WHERE_TEXT | WHERE_CALL)))
		usher_source_wrong(source, setting,
		    "phrases are of subject, text or call");
	for (size_t i = 0; i < count; i++)
		add_phrase(source, setting, evidence,
		    (unsigned)evidence->item_count, phrases[i]);
	item->phrase_count = count;
}

/* What a text must hold to match: the longest run without `*`. */
static struct evidence_pattern
pattern_of(const char *text)
{
	struct evidence_pattern pattern = { text, text, 0 };

	while (*text) {
		size_t run = strcspn(text, "*");

		if (run > pattern.part_length) {
			pattern.part = text;
			pattern.part_length = run;
		}
		text += run + (text[run] == '*');
	}
	return pattern;
}

static void
read_patterns(const struct source *source, const config_setting_t *setting,
    struct evidence_rule *item)
{
	const char *const *written;
	struct evidence_pattern *patterns;
	size_t count = 0;

	if (!usher_source_strings(source, setting, "pattern", &written, &count))
		return;
	patterns = usher_arena_array(source->arena, count + 1,
	    sizeof(*patterns));
	for (size_t i = 0; patterns && i < count; i++) {
		char *lower = usher_arena_string(source->arena, written[i]);

		if (!lower)
			return;
		patterns[i] = pattern_of(usher_text_lower(lower));
	}
	item->patterns = patterns;
	item->pattern_count = patterns ? count : 0;
}

/* Each place takes its own kind of hint, and only one kind. */
static void
check_kind(const struct source *source, const config_setting_t *setting,
    const struct evidence_rule *item, bool test)
{
	const char *wants = NULL;

	if ((item->where & WHERE_STRUCTURE) && !test)
		wants = "structure wants `test`";
	else if ((item->where & WHERE_HEADER) && item->header_count == 0)
		wants = "header wants `header`, the field's name";
	else if ((item->where & (WHERE_LINK | WHERE_FROM)) &&
	    item->pattern_count == 0)
		wants = "link and from want `pattern`";
	else if ((item->where & (WHERE_SUBJECT | WHERE_TEXT | WHERE_CALL)) &&
	    item->phrase_count == 0)
		wants = "subject, text and call want `phrases`";
	if (wants)
		usher_source_wrong(source, setting, "%s", wants);
}

/* `against` takes the item's weight from other purposes. */
static void
read_against(const struct source *source, const config_setting_t *setting,
    struct evidence_rule *item)
{
	const char *const *words;
	size_t count = 0;
	enum usher_purpose purpose;

	if (!usher_source_strings(source, setting, "against", &words, &count))
		return;
	for (size_t i = 0; i < count; i++) {
		if (usher_purpose_read(words[i], &purpose))
			item->weights[purpose] -= item->weight;
		else
			usher_source_wrong(source, setting,
			    "no purpose is named \"%s\"", words[i]);
	}
}

/* `also` says of other purposes what the item weighs for or against them. */
static void
read_also(const struct source *source, const config_setting_t *setting,
    struct evidence_rule *item)
{
	const config_setting_t *also = config_setting_get_member(setting,
	    "also");

	if (!also)
		return;
	if (!config_setting_is_group(also)) {
		usher_source_wrong(source, also,
		    "also is a group, as in { bulk = 0.5; }");
		return;
	}
	usher_source_keys(source, also, purposes, COUNT(purposes));
	for (unsigned p = 0; p < COUNT(purposes); p++) {
		double weight = 0;

		if (read_number(source, also, purposes[p], &weight))
			item->also[p] = weight;
	}
}

static void
read_weights(const struct source *source, const config_setting_t *setting,
    struct evidence_rule *item)
{
	size_t purpose = 0;

	if (!usher_source_word(source, setting, "for", purposes,
		COUNT(purposes), &purpose) ||
	    !read_number(source, setting, "weight", &item->weight))
		usher_source_wrong(source, setting,
		    "an item has `for`, a purpose, and `weight`");
	item->purpose = (enum usher_purpose)purpose;
	read_against(source, setting, item);
	read_also(source, setting, item);
	item->weights[purpose] = item->weight;
}

static void
read_item(const struct source *source, const config_setting_t *setting,
    struct evidence *evidence)
{
	static const char *const keys[] = {
		"name",
		"where",
		"header",
		"pattern",
		"phrases",
		"test",
		"for",
		"against",
		"also",
		"weight",
		"times",
		"group",
		"source",
		"date",
	};
	struct evidence_rule *item = &evidence->items[evidence->item_count];
	long long times = 1;
	const char *told;
	size_t test = 0;
	bool tested;

	if (!config_setting_is_group(setting)) {
		usher_source_wrong(source, setting, "an item is a group { }");
		return;
	}
	usher_source_keys(source, setting, keys, COUNT(keys));
	if (!usher_source_string(source, setting, "name", &item->name) ||
	    !usher_source_string(source, setting, "source", &told) ||
	    !usher_source_string(source, setting, "date", &told))
		usher_source_wrong(source, setting,
		    "an item has name, source and date");
	read_where(source, setting, item);
	(void)usher_source_strings(source, setting, "header", &item->headers,
	    &item->header_count);
	read_patterns(source, setting, item);
	read_phrases(source, setting, evidence, item);
	tested = usher_source_word(source, setting, "test",
	    usher_evidence_tests, EVIDENCE_TESTS, &test);
	item->test = (enum evidence_test)test;
	check_kind(source, setting, item, tested);
	read_weights(source, setting, item);
	(void)usher_source_int(source, setting, "times", 1, 100, &times);
	item->times = (unsigned)times;
	item->group = read_group(source, setting, evidence);
	if (!item->name || !item->where_text)
		item->name = item->where_text = "";
	usher_evidence_keep(evidence, item);
	evidence->item_count++;
}

static void
read_outcome(const struct source *source, const config_setting_t *setting,
    struct evidence *evidence)
{
	static const char *const keys[] = { "purpose", "least", "groups",
		"calls" };
	struct evidence_outcome *outcome =
	    &evidence->outcomes[evidence->outcome_count];
	long long groups = 1;
	size_t purpose;

	if (!config_setting_is_group(setting)) {
		usher_source_wrong(source, setting,
		    "an outcome is a group { }");
		return;
	}
	usher_source_keys(source, setting, keys, COUNT(keys));
	if (!usher_source_word(source, setting, "purpose", purposes,
		COUNT(purposes), &purpose) ||
	    !read_number(source, setting, "least", &outcome->least)) {
		usher_source_wrong(source, setting,
		    "an outcome has purpose and least");
		return;
	}
	(void)usher_source_int(source, setting, "groups", 1, EVIDENCE_GROUPS,
	    &groups);
	(void)usher_source_bool(source, setting, "calls", &outcome->calls);
	outcome->purpose = (enum usher_purpose)purpose;
	outcome->groups = (unsigned)groups;
	if (outcome->purpose == USHER_SALES && groups < 2)
		usher_source_wrong(source, setting,
		    "sales takes at least 2 "
		    "groups: no single item suffices");
	evidence->outcome_count++;
}

static void
read_list(const struct source *source, const char *name, size_t most,
    struct evidence *evidence,
    void (*read)(const struct source *, const config_setting_t *,
	struct evidence *))
{
	const config_setting_t *list = config_lookup(&source->config, name);
	int count = list ? config_setting_length(list) : 0;

	if (!list || !config_setting_is_list(list)) {
		usher_source_wrong(source, config_root_setting(&source->config),
		    "no list `%s = ( ... )`", name);
		return;
	}
	if ((size_t)count > most) {
		usher_source_wrong(source, list, "more than %zu in `%s`", most,
		    name);
		return;
	}
	for (int i = 0; i < count; i++)
		read(source, config_setting_get_elem(list, (unsigned)i),
		    evidence);
}

/* What is read by the way is much more than what stays. */
static int
read_all(struct evidence *evidence, const char *name, const char *text,
    size_t length, struct usher_problems *problems)
{
	static const char *const keys[] = { "items", "outcomes" };
	struct arena by_the_way;
	struct source source;
	int code;

	usher_arena_init(&by_the_way);
	code = usher_source_read(&source, name, text, length, USHER_CONF_LIMIT,
	    &by_the_way, problems);
	if (code == 0) {
		usher_source_keys(&source, config_root_setting(&source.config),
		    keys, COUNT(keys));
		read_list(&source, "items", EVIDENCE_ITEMS, evidence,
		    read_item);
		read_list(&source, "outcomes", EVIDENCE_OUTCOMES, evidence,
		    read_outcome);
		usher_evidence_phrases_end(evidence);
		code = usher_evidence_index(evidence);
		if (by_the_way.failed || evidence->arena.failed)
			code = ENOMEM;
	}
	usher_source_end(&source);
	usher_arena_free(&by_the_way);
	return code;
}

int
usher_evidence_parse(struct evidence **out, const char *name, const char *text,
    size_t length, struct usher_problems *problems)
{
	struct evidence *evidence = calloc(1, sizeof(*evidence));
	struct usher_problems *own = problems ? NULL : usher_problems_new();
	struct usher_problems *told = problems ? problems : own;
	size_t before = told ? usher_problems_errors(told) : 0;
	int code;

	if (!evidence || !told) {
		free(evidence);
		return ENOMEM;
	}
	usher_arena_init(&evidence->arena);
	code = read_all(evidence, name, text, length, told);
	if (code == 0 && usher_problems_errors(told) > before)
		code = EINVAL;
	usher_problems_free(own);
	if (code)
		usher_evidence_free(evidence);
	else
		*out = evidence;
	return code;
}

void
usher_evidence_free(struct evidence *evidence)
{
	if (!evidence)
		return;
	usher_arena_free(&evidence->arena);
	free(evidence->texts);
	free(evidence);
}
