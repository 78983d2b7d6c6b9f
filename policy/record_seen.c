/*
 * record_seen: see record_seen.h.
 */
#include "record_seen.h"

#include <stdlib.h>
#include <string.h>

#include "record.h"

/* Four marks a word: one question in 150 is told "perhaps" needlessly. */
enum { MARKS_A_WORD = 4, WORDS_LEAST = 1 << 10, WORDS_MOST = 1 << 21 };

static uint64_t
stir(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

/* Whoever chooses keys that meet here gains that they are looked up. */
uint64_t
usher_seen_mark(unsigned char kind, const char *key, size_t length)
{
	uint64_t hash = stir(length, kind), word;

	for (; length >= sizeof(word); length -= sizeof(word)) {
		memcpy(&word, key, sizeof(word));
		hash = stir(hash, word);
		key += sizeof(word);
	}
	word = 0;
	memcpy(&word, key, length);
	hash = stir(hash, word);
	hash *= UINT64_C(0xbf58476d1ce4e5b9);
	hash ^= hash >> 32;
	return (hash & ~UINT64_C(0xff)) | kind;
}

struct record_seen *
usher_seen_new(size_t count)
{
	size_t words = WORDS_LEAST;
	struct record_seen *seen;

	while (words < WORDS_MOST && words * MARKS_A_WORD < 2 * count)
		words *= 2;
	seen = calloc(1, sizeof(*seen) + words * sizeof(seen->bits[0]));
	if (seen == NULL)
		return NULL;
	seen->words = words;
	atomic_init(&seen->lacks, ~UINT64_C(0));
	return seen;
}

void
usher_seen_add(struct record_seen *seen, uint64_t mark)
{
	unsigned char kind = mark & 0xff;

	(void)atomic_fetch_or_explicit(&seen->bits[usher_seen_word(seen, mark)],
	    usher_seen_bits(mark), memory_order_relaxed);
	if (kind >= RECORD_FIRST_SEEN && kind < RECORD_FIRST_SEEN + RECORD_SEEN)
		(void)atomic_fetch_and_explicit(&seen->lacks,
		    ~(UINT64_C(1) << (kind - RECORD_FIRST_SEEN)),
		    memory_order_relaxed);
	seen->count++;
}

bool
usher_seen_is_full(const struct record_seen *seen)
{
	return seen->words < WORDS_MOST &&
	    seen->count > seen->words * MARKS_A_WORD;
}
