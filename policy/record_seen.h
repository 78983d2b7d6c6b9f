/*
 * record_seen: which records there may be, so that "none" costs one look at a
 * word in place of a descent through the tables (design.md §6).
 *
 * A Bloom filter of one process over the marks of records: a kind and a hash
 * of its key. It answers "none" for sure and "perhaps" otherwise; nothing is
 * ever taken out of it. Filled and asked by record_lmdb_seen.c; many may ask
 * while one adds.
 */
#ifndef USHER_RECORD_SEEN_H
#define USHER_RECORD_SEEN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct record_seen {
	/* It holds all that was there at this transaction of the tables. */
	_Atomic size_t covers;
	/* As in struct record_view. */
	_Atomic uint64_t lacks;
	size_t words, count; /* a power of two; marks that were added */
	_Atomic uint64_t bits[];
};

/* The same in every process and version: marks are written down too. */
uint64_t usher_seen_mark(unsigned char kind, const char *key, size_t length);
/* For so many records and as many again; NULL when memory is out. free(). */
struct record_seen *usher_seen_new(size_t count);
void usher_seen_add(struct record_seen *seen, uint64_t mark);
/* "Perhaps" is said too often by now. */
bool usher_seen_is_full(const struct record_seen *seen);

/* All bits of a mark lie in one word: one cache line is looked at. */
static inline size_t
usher_seen_word(const struct record_seen *seen, uint64_t mark)
{
	return (size_t)(mark >> 32) & (seen->words - 1);
}

static inline uint64_t
usher_seen_bits(uint64_t mark)
{
	return UINT64_C(1) << (mark >> 8 & 63) |
	    UINT64_C(1) << (mark >> 14 & 63) |
	    UINT64_C(1) << (mark >> 20 & 63) | UINT64_C(1) << (mark >> 26 & 63);
}

static inline bool
usher_seen_has(const struct record_seen *seen, uint64_t mark)
{
	uint64_t bits = usher_seen_bits(mark);

	return (atomic_load_explicit(&seen->bits[usher_seen_word(seen, mark)],
		    memory_order_relaxed) &
		   bits) == bits;
}

#endif
