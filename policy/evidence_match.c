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

#include "evidence_item.h"
#include "text.h"

enum { LONGEST_VALUE = 4096, FIELDS_KNOWN = 64 };

/*
 * Which pairs of bytes a text holds: most patterns are passed over because
 * theirs are not among them. Some pairs share a bit, which does no harm.
 */
struct pairs {
	unsigned char bits[4096 / 8];
};

static unsigned
pair_at(const char *text)
{
	return ((unsigned)(unsigned char)text[0] * 61 +
		   (unsigned char)text[1]) %
	    4096;
}

static void
note_pairs(struct pairs *pairs, const char *text, size_t length)
{
	memset(pairs, 0, sizeof(*pairs));
	for (size_t i = 0; i + 1 < length; i++) {
		unsigned pair = pair_at(text + i);

		pairs->bits[pair / 8] |= (unsigned char)(1u << pair % 8);
	}
}

static bool
may_match(const struct pairs *pairs, const struct evidence_pattern *pattern)
{
	for (size_t i = 0; i + 1 < pattern->part_length; i += 2) {
		unsigned pair = pair_at(pattern->part + i);

		if (!(pairs->bits[pair / 8] >> pair % 8 & 1))
			return false;
	}
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
	/* Of the first FIELDS_KNOWN fields, those of each initial: bits. */
	uint64_t initials[32];
	struct arena *arena;	 /* for what is lowered */
	struct lowered **values; /* of fields, once asked for */
};

static bool
matches_from(const struct evidence_rule *item, const char *from,
    const struct pairs *pairs)
{
	for (size_t i = 0; i < item->pattern_count; i++) {
		if (may_match(pairs, &item->patterns[i]) &&
		    usher_text_matches(item->patterns[i].text, from))
			return true;
	}
	return false;
}

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

static bool
in_fields(const struct evidence_rule *item, const struct evidence_view *view,
    const char *header, struct links *links)
{
	size_t length = strlen(header), from = 0;

	if (*header != '*') {
		uint64_t fields = links->initials[*header & 31];

		for (; fields != 0; fields &= fields - 1)
			if (in_field(item, view, header, length, links,
				(size_t)__builtin_ctzll(fields)))
				return true;
		from = FIELDS_KNOWN;
	}
	for (; from < view->field_count; from++)
		if (in_field(item, view, header, length, links, from))
			return true;
	return false;
}

static void
note_initials(const struct evidence_view *view, uint64_t initials[32])
{
	memset(initials, 0, 32 * sizeof(*initials));
	for (size_t i = 0; i < view->field_count && i < FIELDS_KNOWN; i++)
		initials[view->fields[i].name[0] & 31] |= UINT64_C(1) << i;
}

static bool
in_any_fields(const struct evidence_rule *item,
    const struct evidence_view *view, struct links *links)
{
	for (size_t i = 0; i < item->header_count; i++)
		if (in_fields(item, view, item->headers[i], links))
			return true;
	return false;
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
	note_initials(view, links->initials);
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

static bool
in_links(const struct evidence_rule *item, const struct links *links)
{
	for (size_t i = 0; i < item->pattern_count; i++) {
		if (may_match(&links->pairs, &item->patterns[i]) &&
		    pattern_in_links(&item->patterns[i], links))
			return true;
	}
	return false;
}

static bool
is_met(const struct evidence_rule *item, const struct evidence_view *view,
    struct links *links)
{
	if (item->where & WHERE_STRUCTURE)
		return (view->tests >> item->test & 1) != 0;
	if (item->where & WHERE_HEADER)
		return in_any_fields(item, view, links);
	if (item->where & WHERE_LINK)
		return in_links(item, links);
	return (item->where & WHERE_FROM) && view->from &&
	    matches_from(item, view->from, &links->of_from);
}

int
usher_evidence_patterns(struct evidence_weighing *weighing, struct arena *arena)
{
	const struct evidence *evidence = weighing->evidence;
	struct links links;
	int code = join_links(arena, weighing->view, &links);

	for (size_t i = 0; code == 0 && i < evidence->item_count; i++) {
		if (evidence->items[i].phrase_count == 0 &&
		    is_met(&evidence->items[i], weighing->view, &links))
			weighing->hits[i] = 1;
	}
	return arena->failed ? ENOMEM : code;
}
