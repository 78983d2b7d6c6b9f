/*
 * evidence_index: what tells fields, links and senders apart in few bytes.
 *
 * evidence_index.c lists the items without phrases by it once they are read,
 * evidence_match.c finds by it those that a mail may meet.
 */
#ifndef USHER_EVIDENCE_INDEX_H
#define USHER_EVIDENCE_INDEX_H

#include <string.h>

#include "evidence_item.h"

enum {
	EVIDENCE_PAIRS = 4096,
	EVIDENCE_NO_PAIR = EVIDENCE_PAIRS, /* a part of one byte has none */
	EVIDENCE_FEW = 4 /* bytes at an end of a name, hashed by themselves */
};

/* Two bytes of a text. Some share a place, which does no harm. */
static inline unsigned
usher_evidence_pair_at(const char *text)
{
	return ((unsigned)(unsigned char)text[0] * 61 +
		   (unsigned char)text[1]) %
	    EVIDENCE_PAIRS;
}

#define EVIDENCE_SMALL UINT64_C(0x2020202020202020)

static inline unsigned
usher_evidence_mixed(uint64_t bytes)
{
	return (unsigned)(bytes * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

/* Of a name, whatever the case of its letters. */
static inline unsigned
usher_evidence_name(const char *name, size_t length)
{
	uint64_t first = 0, last = 0;

	if (length >= sizeof(first)) {
		memcpy(&first, name, sizeof(first));
		memcpy(&last, name + length - sizeof(last), sizeof(last));
	} else {
		memcpy(&first, name, length);
	}
	return usher_evidence_mixed(
	    (first | EVIDENCE_SMALL) * 31 + (last | EVIDENCE_SMALL) + length);
}

/* Of the few bytes that a name begins or ends with. */
static inline unsigned
usher_evidence_few(const char *bytes, size_t length)
{
	uint64_t few = 0;

	memcpy(&few, bytes, length < EVIDENCE_FEW ? length : EVIDENCE_FEW);
	return usher_evidence_mixed(few | EVIDENCE_SMALL);
}

#endif
