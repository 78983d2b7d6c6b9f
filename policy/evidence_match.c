/*
 * evidence_match: fields, links and senders against the patterns of
 * evidence.conf, and the structure tests that message_test.c has made.
 *
 * Links are many and so are patterns of links: all links are laid behind each
 * other once, and only where the fixed part of a pattern stands is the link
 * around it compared, so that a mail costs its bytes and not links times
 * patterns of wildcards. Called by evidence.c. Keeps design-mail.md "Purpose".
 */
#include <errno.h>
#include <string.h>

#include "evidence_index.h"
#include "text.h"

enum {
	LONGEST_VALUE = 4096,
	FIELDS_KNOWN = 64,
	HASHES = 512 /* of names, which are told apart at once */
};

/*
 * Which pairs of bytes a text holds: most patterns are passed over because
 * theirs are not among them. Some pairs share a bit, which does no harm.
 */
struct pairs {
	unsigned char
	    bits[EVIDENCE_PAIRS / 8 + 1]; /* EVIDENCE_NO_PAIR is among all */
};

static void
note_pairs(struct pairs *pairs, const char *text, size_t length)
{
	memset(pairs, 0, sizeof(*pairs));
	pairs->bits[EVIDENCE_NO_PAIR / 8] = 1;
	for (size_t i = 0; i + 1 < length; i++) {
		unsigned pair = usher_evidence_pair_at(text + i);

		pairs->bits[pair / 8] |= (unsigned char)(1u << pair % 8);
	}
}

static inline bool
has_pair(const struct pairs *pairs, unsigned pair)
{
	return (pairs->bits[pair / 8] >> pair % 8 & 1) != 0;
}

static bool
may_match(const struct pairs *pairs, const struct evidence_pattern *pattern)
{
	for (size_t i = 0; i + 1 < pattern->part_length; i += 2)
		if (!has_pair(pairs, usher_evidence_pair_at(pattern->part + i)))
			return false;
	return true;
}

/* A text in lower case, as patterns are. */
struct lowered {
	char *text;
	struct pairs pairs;
};

/* All links, each ended by NUL; who writes, and in which fields. */
struct links {
	char *text;
	size_t length;
	struct pairs pairs, of_from;
	/* Of the names of the first fields, and a bit for each of these. */
	unsigned hashes[NAME_ANY][FIELDS_KNOWN];
	unsigned char hashed[NAME_ANY][HASHES / 8];
	struct arena *arena;	 /* for what is lowered */
	struct lowered **values; /* of fields, once asked for */
};

/* The value of a field, which several items may ask for. NULL: no memory. */
static const struct lowered *
lowered(struct links *links, size_t field, const char *value)
{
	struct lowered *lower = links->values[field];
	size_t length;

	if (lower)
		return lower;
	length = strnlen(value, LONGEST_VALUE - 1);
	lower = usher_arena_alloc(links->arena, sizeof(*lower));
	if (!lower)
		return NULL;
	lower->text = usher_arena_bytes(links->arena, value, length);
	if (!lower->text)
		return NULL;
	usher_text_lower(lower->text);
	note_pairs(&lower->pairs, lower->text, length);
	return links->values[field] = lower;
}

static bool
matches_value(const struct evidence_rule *item, struct links *links,
    size_t field, const char *value)
{
	const struct lowered *lower;

	if (item->pattern_count == 0)
		return true;
	lower = lowered(links, field, value);
	for (size_t i = 0; lower && i < item->pattern_count; i++) {
		if (may_match(&lower->pairs, &item->patterns[i]) &&
		    usher_text_matches(item->patterns[i].text, lower->text))
			return true;
	}
	return false;
}

static bool
field_is_named(const char *pattern, size_t length, const char *name)
{
	/* The first letter tells most of them apart. */
	if (*pattern != '*' && ((*pattern ^ *name) & ~32))
		return false;
	if (length > 0 && pattern[length - 1] == '*')
		return strncasecmp(pattern, name, length - 1) == 0;
	if (*pattern == '*')
		return strlen(name) >= length - 1 &&
		    strcasecmp(pattern + 1,
			name + strlen(name) - (length - 1)) == 0;
	return strcasecmp(pattern, name) == 0;
}

static bool
in_field(const struct evidence_rule *item, const struct evidence_view *view,
    const char *header, size_t length, struct links *links, size_t field)
{
	return field_is_named(header, length, view->fields[field].name) &&
	    matches_value(item, links, field, view->fields[field].value);
}

static void
note_hash(struct links *links, enum evidence_name by, size_t field,
    unsigned hash)
{
	links->hashes[by][field] = hash;
	links->hashed[by][hash % HASHES / 8] |= (unsigned char)(1u << hash % 8);
}

static void
note_names(const struct evidence_view *view, struct links *links)
{
	memset(links->hashed, 0, sizeof(links->hashed));
	for (size_t i = 0; i < view->field_count && i < FIELDS_KNOWN; i++) {
		const char *name = view->fields[i].name;
		size_t length = strlen(name);

		note_hash(links, NAME_WHOLE, i,
		    usher_evidence_name(name, length));
		note_hash(links, NAME_BEGINS, i,
		    usher_evidence_few(name, length));
		if (length >= EVIDENCE_FEW)
			note_hash(links, NAME_ENDS, i,
			    usher_evidence_few(name + length - EVIDENCE_FEW,
				EVIDENCE_FEW));
		else
			links->hashes[NAME_ENDS][i] = 0;
	}
}

/* Fields that are known by their names, and one by one those behind them. */
static bool
in_fields(const struct evidence_rule *item, const struct evidence_view *view,
    const struct evidence_header_of *of, struct links *links)
{
	const char *header = item->headers[of->header];
	size_t length = strlen(header), i = 0;

	if (of->by != NAME_ANY)
		for (; i < view->field_count && i < FIELDS_KNOWN; i++)
			if (links->hashes[of->by][i] == of->hash &&
			    in_field(item, view, header, length, links, i))
				return true;
	for (; i < view->field_count; i++)
		if (in_field(item, view, header, length, links, i))
			return true;
	return false;
}

static inline bool
may_be_field(const struct evidence_header_of *of,
    const struct evidence_view *view, const struct links *links)
{
	return of->by == NAME_ANY || view->field_count > FIELDS_KNOWN ||
	    (links->hashed[of->by][of->hash % HASHES / 8] >> of->hash % 8 & 1);
}

static int
join_links(struct arena *arena, const struct evidence_view *view,
    struct links *links)
{
	size_t at = 0;

	links->length = 0;
	for (size_t i = 0; i < view->url_count; i++)
		links->length += strlen(view->urls[i]) + 1;
	links->arena = arena;
	links->text = usher_arena_alloc(arena, links->length + 1);
	links->values = usher_arena_array(arena, view->field_count + 1,
	    sizeof(*links->values));
	if (!links->text || !links->values)
		return ENOMEM;
	for (size_t i = 0; i < view->url_count; i++) {
		size_t length = strlen(view->urls[i]) + 1;

		memcpy(links->text + at, view->urls[i], length);
		at += length;
	}
	note_pairs(&links->pairs, links->text, links->length);
	note_names(view, links);
	if (view->from)
		note_pairs(&links->of_from, view->from, strlen(view->from));
	return 0;
}

static bool
pattern_in_links(const struct evidence_pattern *pattern,
    const struct links *links)
{
	const char *at = links->text, *end = at + links->length;

	while (at < end) {
		const char *found = memmem(at, (size_t)(end - at),
		    pattern->part, pattern->part_length);
		const char *begin;

		if (!found)
			return false;
		begin = memrchr(at, '\0', (size_t)(found - at));
		begin = begin ? begin + 1 : at;
		if (usher_text_matches(pattern->text, begin))
			return true;
		at = begin + strlen(begin) + 1;
	}
	return false;
}

static void
meet_headers(struct evidence_weighing *weighing, struct links *links)
{
	const struct evidence *evidence = weighing->evidence;
	const struct evidence_index *index = &evidence->index;

	for (size_t i = 0; i < index->header_count; i++) {
		const struct evidence_header_of *of = &index->headers[i];

		if (may_be_field(of, weighing->view, links) &&
		    weighing->hits[of->item] == 0 &&
		    in_fields(&evidence->items[of->item], weighing->view, of,
			links))
			weighing->hits[of->item] = 1;
	}
}

/* The pattern, if its pairs are there and its item is not met yet. */
static const struct evidence_pattern *
may_meet(const struct evidence_weighing *weighing,
    const struct evidence_pattern_of *of, const struct pairs *pairs)
{
	const struct evidence_pattern *pattern;

	if (weighing->hits[of->item] != 0)
		return NULL;
	pattern = &weighing->evidence->items[of->item].patterns[of->pattern];
	return may_match(pairs, pattern) ? pattern : NULL;
}

static void
meet_links(struct evidence_weighing *weighing, const struct links *links)
{
	const struct evidence_index *index = &weighing->evidence->index;

	for (size_t i = 0; i < index->link_count; i++) {
		const struct evidence_pattern_of *of = &index->links[i];
		const struct evidence_pattern *pattern;

		if (!has_pair(&links->pairs, of->pair))
			continue;
		pattern = may_meet(weighing, of, &links->pairs);
		if (pattern && pattern_in_links(pattern, links))
			weighing->hits[of->item] = 1;
	}
}

static void
meet_from(struct evidence_weighing *weighing, const struct links *links,
    unsigned pair)
{
	const struct evidence_index *index = &weighing->evidence->index;
	unsigned place = index->slots[pair % PAIR_SLOTS];

	while (place != 0) {
		const struct evidence_pattern_of *of = &index->froms[place - 1];
		const struct evidence_pattern *pattern = NULL;

		place = of->next;
		if (of->pair == pair)
			pattern = may_meet(weighing, of, &links->of_from);
		if (pattern &&
		    usher_text_matches(pattern->text, weighing->view->from))
			weighing->hits[of->item] = 1;
	}
}

/* An address is short, and patterns are many. */
static void
meet_froms(struct evidence_weighing *weighing, const struct links *links)
{
	const char *from = weighing->view->from;

	for (; *from != '\0' && from[1] != '\0'; from++)
		meet_from(weighing, links, usher_evidence_pair_at(from));
	meet_from(weighing, links, EVIDENCE_NO_PAIR);
}

int
usher_evidence_patterns(struct evidence_weighing *weighing, struct arena *arena)
{
	const struct evidence_view *view = weighing->view;
	const struct evidence_index *index = &weighing->evidence->index;
	struct links links;
	int code = join_links(arena, view, &links);

	if (code)
		return code;
	for (size_t i = 0; i < index->test_count; i++)
		if (view->tests >> index->tests[i].test & 1)
			weighing->hits[index->tests[i].item] = 1;
	meet_headers(weighing, &links);
	if (links.length > 0)
		meet_links(weighing, &links);
	if (view->from)
		meet_froms(weighing, &links);
	return arena->failed ? ENOMEM : 0;
}
