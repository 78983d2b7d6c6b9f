/*
 * evidence_index: the items of evidence.conf without phrases, listed by what
 * tells in few bytes whether a mail may meet them. The items themselves lie too
 * far apart to be gone through for each mail. Called by evidence_read.c.
 */
#include <errno.h>
#include <string.h>

#include "evidence_index.h"

enum kind { KIND_NONE, KIND_TEST, KIND_HEADER, KIND_LINK, KIND_FROM };

/* Of an item that says several places the first of these is its own. */
static enum kind
kind_of(const struct evidence_rule *item)
{
	if (item->phrase_count > 0)
		return KIND_NONE;
	if (item->where & WHERE_STRUCTURE)
		return KIND_TEST;
	if (item->where & WHERE_HEADER)
		return KIND_HEADER;
	if (item->where & WHERE_LINK)
		return KIND_LINK;
	return item->where & WHERE_FROM ? KIND_FROM : KIND_NONE;
}

static void
add_patterns(struct evidence_pattern_of *list, size_t *count, uint16_t number,
    const struct evidence_rule *item)
{
	for (size_t i = 0; i < item->pattern_count; i++) {
		const struct evidence_pattern *pattern = &item->patterns[i];
		unsigned pair = pattern->part_length > 1
		    ? usher_evidence_pair_at(pattern->part)
		    : EVIDENCE_NO_PAIR;

		list[(*count)++] = (struct evidence_pattern_of){ number,
			(uint16_t)i, (uint16_t)pair, 0 };
	}
}

static void
add_header(struct evidence_header_of *of, const char *name)
{
	size_t length = strcspn(name, "*");

	of->by = NAME_ANY;
	if (name[length] == '\0') {
		of->by = NAME_WHOLE;
		of->hash = usher_evidence_name(name, length);
	} else if (length >= EVIDENCE_FEW && name[length + 1] == '\0') {
		of->by = NAME_BEGINS;
		of->hash = usher_evidence_few(name, length);
	} else if (length == 0 && strlen(name) > EVIDENCE_FEW &&
	    !strchr(name + 1, '*')) {
		of->by = NAME_ENDS;
		of->hash = usher_evidence_few(name + strlen(name) -
			EVIDENCE_FEW,
		    EVIDENCE_FEW);
	}
}

static void
add_headers(struct evidence_index *index, uint16_t number,
    const struct evidence_rule *item)
{
	for (size_t i = 0; i < item->header_count; i++) {
		struct evidence_header_of *of =
		    &index->headers[index->header_count++];

		of->item = number;
		of->header = i & 0x3fff;
		add_header(of, item->headers[i]);
	}
}

static void
add_item(struct evidence_index *index, uint16_t number,
    const struct evidence_rule *item)
{
	switch (kind_of(item)) {
	case KIND_TEST:
		index->tests[index->test_count++] = (struct evidence_test_of){
			number, (uint16_t)item->test
		};
		break;
	case KIND_HEADER: add_headers(index, number, item); break;
	case KIND_LINK:
		add_patterns(index->links, &index->link_count, number, item);
		break;
	case KIND_FROM:
		add_patterns(index->froms, &index->from_count, number, item);
		break;
	case KIND_NONE: break;
	}
}

int
usher_evidence_index(struct evidence *evidence)
{
	struct evidence_index *index = &evidence->index;
	struct arena *arena = &evidence->arena;
	size_t counts[KIND_FROM + 1] = { 0 };

	for (size_t i = 0; i < evidence->item_count; i++) {
		const struct evidence_rule *item = &evidence->items[i];
		enum kind kind = kind_of(item);

		counts[kind] += kind == KIND_TEST ? 1
		    : kind == KIND_HEADER	  ? item->header_count
						  : item->pattern_count;
	}
	index->tests = usher_arena_array(arena, counts[KIND_TEST] + 1,
	    sizeof(*index->tests));
	index->headers = usher_arena_array(arena, counts[KIND_HEADER] + 1,
	    sizeof(*index->headers));
	index->links = usher_arena_array(arena, counts[KIND_LINK] + 1,
	    sizeof(*index->links));
	index->froms = usher_arena_array(arena, counts[KIND_FROM] + 1,
	    sizeof(*index->froms));
	if (!index->tests || !index->headers || !index->links || !index->froms)
		return ENOMEM;
	for (size_t i = 0; i < evidence->item_count; i++)
		add_item(index, (uint16_t)i, &evidence->items[i]);
	for (size_t i = 0; i < index->from_count; i++) {
		uint16_t *slot =
		    &index->slots[index->froms[i].pair % PAIR_SLOTS];

		index->froms[i].next = *slot;
		*slot = (uint16_t)(i + 1);
	}
	return 0;
}
