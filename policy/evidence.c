/*
 * evidence: weighs what an attempt shows.
 *
 * Each item that is met adds its weight to its purpose, and takes it from
 * those it speaks against; the first outcome, in the order of evidence.conf,
 * whose sum and whose number of independent groups are reached decides, else
 * the purpose is unknown. Texts are split into words once, and each word is
 * looked up in one table of all phrases, so the work is linear in the text.
 */
#include "evidence_item.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include <glib.h>

#include "text.h"

enum { MOST_WORDS = 20000, LONGEST_TEXT = 256 * 1024, LONGEST_VALUE = 4096 };

unsigned
usher_evidence_slot(const char *word, size_t length)
{
	unsigned hash = 2166136261u;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)word[i]) * 16777619u;
	return hash % PHRASE_SLOTS;
}

/* Bytes of the letter or digit at `at`, or 0. `at` is valid UTF-8. */
static size_t
letter(const char *at, const char *end)
{
	unsigned char first = (unsigned char)*at;
	size_t length;

	if (first < 0x80)
		return isalnum(first) ? 1 : 0;
	length = (size_t)g_utf8_skip[first];
	if ((size_t)(end - at) < length)
		return 0;
	return g_unichar_isalnum(g_utf8_get_char(at)) ? length : 0;
}

static size_t
character(const char *at, const char *end)
{
	size_t length = (size_t)g_utf8_skip[(unsigned char)*at];

	return (size_t)(end - at) < length ? (size_t)(end - at) : length;
}

static size_t
split(const char *text, size_t length, const char **starts, size_t *lengths,
    size_t most)
{
	const char *at = text, *end = text + length;
	size_t count = 0;

	while (at < end && count < most) {
		const char *begin;
		size_t step;

		while (at < end && letter(at, end) == 0)
			at += character(at, end);
		begin = at;
		while (at < end && (step = letter(at, end)) > 0)
			at += step;
		if (at == begin)
			break;
		if (starts) {
			starts[count] = begin;
			lengths[count] = (size_t)(at - begin);
		}
		count++;
	}
	return count;
}

int
usher_evidence_words(struct arena *arena, const char *text, size_t length,
    struct evidence_words *words)
{
	char *folded;
	size_t size = 0;

	words->count = 0;
	if (!text || length == 0)
		return 0;
	if (length > LONGEST_TEXT)
		length = LONGEST_TEXT;
	folded = usher_text_fold(arena, text, length, &size);
	if (!folded)
		return ENOMEM;
	words->count = split(folded, size, NULL, NULL, MOST_WORDS);
	words->at = usher_arena_array(arena, words->count + 1, sizeof(char *));
	words->lengths = usher_arena_array(arena, words->count + 1,
	    sizeof(size_t));
	if (!words->at || !words->lengths)
		return ENOMEM;
	(void)split(folded, size, words->at, words->lengths, words->count);
	return 0;
}

struct weighing {
	const struct evidence *evidence;
	const struct evidence_view *view;
	unsigned hits[EVIDENCE_ITEMS];
	unsigned char said[EVIDENCE_PHRASES / 8 + 1]; /* phrases met */
};

static bool
phrase_at(const struct evidence_phrase *phrase,
    const struct evidence_words *words, size_t at)
{
	if (words->count - at < phrase->count)
		return false;
	for (size_t i = 0; i < phrase->count; i++) {
		if (words->lengths[at + i] != phrase->lengths[i] ||
		    memcmp(words->at[at + i], phrase->words[i],
			phrase->lengths[i]) != 0)
			return false;
	}
	return true;
}

static void
look_up(struct weighing *weighing, unsigned where,
    const struct evidence_words *words)
{
	const struct evidence *evidence = weighing->evidence;

	for (size_t i = 0; i < words->count; i++) {
		const struct evidence_phrase *phrase =
		    evidence->phrases[usher_evidence_slot(words->at[i],
			words->lengths[i])];

		for (; phrase; phrase = phrase->next) {
			unsigned char *said =
			    &weighing->said[phrase->number / 8];
			unsigned char bit = (unsigned char)(1u
			    << phrase->number % 8);

			if (!(evidence->items[phrase->item].where & where) ||
			    (*said & bit) || !phrase_at(phrase, words, i))
				continue;
			*said |= bit;
			weighing->hits[phrase->item]++;
		}
	}
}

/* Patterns are lower case; the value is compared in lower case. */
static bool
any_pattern(const struct evidence_rule *item, const char *value)
{
	char lower[LONGEST_VALUE];
	size_t length = strlen(value);

	if (item->pattern_count == 0)
		return true;
	if (length >= sizeof(lower))
		length = sizeof(lower) - 1;
	for (size_t i = 0; i < length; i++)
		lower[i] = (char)tolower((unsigned char)value[i]);
	lower[length] = '\0';
	for (size_t i = 0; i < item->pattern_count; i++) {
		if (usher_text_matches(item->patterns[i], lower))
			return true;
	}
	return false;
}

static bool
field_is_named(const char *pattern, const char *name)
{
	size_t length = strlen(pattern);

	if (length > 0 && pattern[length - 1] == '*')
		return strncasecmp(pattern, name, length - 1) == 0;
	if (*pattern == '*')
		return strlen(name) >= length - 1 &&
		    strcasecmp(pattern + 1,
			name + strlen(name) - (length - 1)) == 0;
	return strcasecmp(pattern, name) == 0;
}

static bool
in_fields(const struct evidence_rule *item, const struct evidence_view *view)
{
	for (size_t i = 0; i < view->field_count; i++) {
		if (field_is_named(item->header, view->fields[i].name) &&
		    any_pattern(item, view->fields[i].value))
			return true;
	}
	return false;
}

static bool
in_urls(const struct evidence_rule *item, const struct evidence_view *view)
{
	for (size_t i = 0; i < view->url_count; i++) {
		if (any_pattern(item, view->urls[i]))
			return true;
	}
	return false;
}

static bool
is_met(const struct evidence_rule *item, const struct evidence_view *view)
{
	if (item->where & WHERE_STRUCTURE)
		return (view->tests >> item->test & 1) != 0;
	if (item->where & WHERE_HEADER)
		return in_fields(item, view);
	if (item->where & WHERE_LINK)
		return in_urls(item, view);
	return (item->where & WHERE_FROM) && view->from &&
	    any_pattern(item, view->from);
}

/* All that is said of a call is one text, as long as a subject. */
static int
find_phrases(struct weighing *weighing, struct arena *arena)
{
	const struct evidence_view *view = weighing->view;
	struct evidence_words words = { 0, NULL, NULL };
	unsigned call = view->call ? WHERE_CALL : 0;
	int code = usher_evidence_words(arena, view->subject,
	    view->subject_length, &words);

	if (code)
		return code;
	look_up(weighing, WHERE_SUBJECT | call, &words);
	code = usher_evidence_words(arena, view->text, view->text_length,
	    &words);
	if (code == 0)
		look_up(weighing, WHERE_TEXT | call, &words);
	return code;
}

static double
weight_of(const struct evidence_rule *item, unsigned hits)
{
	return item->weight * (hits < item->times ? hits : item->times);
}

static enum usher_purpose
conclude(const struct weighing *weighing)
{
	const struct evidence *evidence = weighing->evidence;
	double sums[EVIDENCE_PURPOSES] = { 0 };
	unsigned groups[EVIDENCE_PURPOSES] = { 0 };

	for (size_t i = 0; i < evidence->item_count; i++) {
		const struct evidence_rule *item = &evidence->items[i];
		double weight = weight_of(item, weighing->hits[i]);

		if (weighing->hits[i] == 0)
			continue;
		sums[item->purpose] += weight;
		groups[item->purpose] |= 1u << item->group;
		for (unsigned p = 0; p < EVIDENCE_PURPOSES; p++) {
			if (item->against >> p & 1)
				sums[p] -= weight;
		}
	}
	for (size_t i = 0; i < evidence->outcome_count; i++) {
		const struct evidence_outcome *outcome = &evidence->outcomes[i];

		/* Sums of decimal weights reach a decimal bound. */
		if (sums[outcome->purpose] + 1e-9 >= outcome->least &&
		    (unsigned)__builtin_popcount(groups[outcome->purpose]) >=
			outcome->groups)
			return outcome->purpose;
	}
	return USHER_PURPOSE_UNKNOWN;
}

static int
report(const struct weighing *weighing, struct arena *arena,
    struct evidence_finding *finding)
{
	const struct evidence *evidence = weighing->evidence;
	struct evidence_item *items;
	size_t count = 0;

	for (size_t i = 0; i < evidence->item_count; i++)
		count += weighing->hits[i] > 0;
	items = usher_arena_array(arena, count + 1, sizeof(*items));
	if (!items)
		return ENOMEM;
	for (size_t i = 0; i < evidence->item_count; i++) {
		const struct evidence_rule *item = &evidence->items[i];

		if (weighing->hits[i] == 0)
			continue;
		items[finding->count].name = usher_arena_string(arena,
		    item->name);
		items[finding->count].where = usher_arena_string(arena,
		    item->where_text);
		items[finding->count++].weight = weight_of(item,
		    weighing->hits[i]);
	}
	finding->items = items;
	return arena->failed ? ENOMEM : 0;
}

int
usher_evidence_weigh(const struct evidence *evidence, struct arena *arena,
    const struct evidence_view *view, struct evidence_finding *finding)
{
	struct weighing weighing = { .evidence = evidence, .view = view };
	int code;

	*finding = (struct evidence_finding){ USHER_PURPOSE_UNKNOWN, 0, NULL };
	code = find_phrases(&weighing, arena);
	if (code)
		return code;
	for (size_t i = 0; !view->call && i < evidence->item_count; i++) {
		if (evidence->items[i].phrase_count == 0 &&
		    is_met(&evidence->items[i], view))
			weighing.hits[i] = 1;
	}
	finding->purpose = conclude(&weighing);
	return report(&weighing, arena, finding);
}
