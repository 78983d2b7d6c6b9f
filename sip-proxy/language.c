/*
 * language.c - which languages a caller would read.
 *
 * Accept-Language (RFC 3261 §20.3; RFC 4647 ranges with weights), as a list
 * that libusher tries in order: "fr,de". Its words are the recipient's choice
 * of text, so what cannot be read is left out, and the wildcard says nothing.
 * Called by decide_call.c.
 */
#include "screen.h"

enum { RANGES_MOST = 16, RANGE_MOST = 35, WEIGHT_MOST = 1000 };

struct range {
	struct span tag;
	unsigned weight;
};

/* "0.7" as 700; RFC 3261 allows three digits behind the point. */
static unsigned
weight_of(struct span params)
{
	struct span text;
	unsigned weight = 0, place = WEIGHT_MOST;

	if (!sip_param_get(params, "q", &text))
		return WEIGHT_MOST;
	for (size_t i = 0; i < text.l && i < 5; i++) {
		if (text.p[i] == '.' && i == 1)
			continue;
		if (text.p[i] < '0' || text.p[i] > '9')
			return 0;
		weight += (unsigned)(text.p[i] - '0') * place;
		place /= 10;
	}
	return weight > WEIGHT_MOST ? WEIGHT_MOST : weight;
}

static bool
is_range(struct span tag)
{
	for (size_t i = 0; i < tag.l; i++) {
		char c = tag.p[i];

		if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z') &&
		    (c < '0' || c > '9') && c != '-')
			return false;
	}
	return tag.l > 0 && tag.l <= RANGE_MOST;
}

/* Behind those that weigh as much: the first named is liked best. */
static void
insert(struct range *ranges, unsigned *count, struct range range)
{
	unsigned at = *count;

	if (*count == RANGES_MOST)
		return;
	for (; at > 0 && ranges[at - 1].weight < range.weight; at--)
		ranges[at] = ranges[at - 1];
	ranges[at] = range;
	(*count)++;
}

static unsigned
read_ranges(const struct sip_msg *msg, struct range ranges[RANGES_MOST])
{
	const struct sip_hdr *hdr = sip_msg_named(msg, "Accept-Language");
	struct span rest, value;
	unsigned count = 0;

	if (hdr == NULL)
		return 0;
	rest = hdr->value;
	while (sip_value_next(&rest, &value)) {
		const char *end = span_end(value);
		const char *params = span_find(value, ';');
		struct range range = { .weight = WEIGHT_MOST };

		range.tag = sip_span_trim(
		    span_between(value.p, params != NULL ? params : end));
		if (params != NULL)
			range.weight = weight_of(span_between(params, end));
		if (range.weight > 0 && is_range(range.tag))
			insert(ranges, &count, range);
	}
	return count;
}

const char *
languages_of(const struct sip_msg *msg, char text[LANGUAGES_TEXT])
{
	struct range ranges[RANGES_MOST];
	unsigned count = read_ranges(msg, ranges);
	size_t used = 0;

	for (unsigned i = 0; i < count; i++) {
		const struct span *tag = &ranges[i].tag;

		if (used + tag->l + 2 > LANGUAGES_TEXT)
			break;
		if (used > 0)
			text[used++] = ',';
		memcpy(text + used, tag->p, tag->l);
		used += tag->l;
	}
	text[used] = '\0';
	return used > 0 ? text : NULL;
}
