/*
 * text_mask: what the bytes of a text are, 64 at a time.
 *
 * Most text is ASCII. A mask has a bit for each of 64 bytes, the first byte's
 * lowest; words and their ends are then found by arithmetic on masks, without
 * a branch a byte. Included by text.c, evidence_words.c and
 * message_test_text.c.
 */
#ifndef USHER_TEXT_MASK_H
#define USHER_TEXT_MASK_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { TEXT_MASK_BYTES = 64 };

#define TEXT_LOW UINT64_C(0x0101010101010101)
#define TEXT_HIGH UINT64_C(0x8080808080808080)

/* The first byte in the lowest eight bits, on any machine. */
static inline uint64_t
usher_text_eight(const char *text)
{
	uint64_t eight;

	memcpy(&eight, text, sizeof(eight));
	return le64toh(eight);
}

/* Each byte's highest bit: whether it is at least that; none is above 0x7f. */
static inline uint64_t
usher_text_from(uint64_t ascii, unsigned char least)
{
	return ((ascii | TEXT_HIGH) - least * TEXT_LOW) & TEXT_HIGH;
}

static inline uint64_t
usher_text_within(uint64_t ascii, unsigned char first, unsigned char last)
{
	return usher_text_from(ascii, first) &
	    ~usher_text_from(ascii, (unsigned char)(last + 1));
}

/* Those highest bits as eight bits in their order. */
static inline uint64_t
usher_text_gather(uint64_t highest)
{
	return (highest >> 7) * UINT64_C(0x0102040810204080) >> 56;
}

static inline uint64_t
usher_text_is_letter(uint64_t ascii)
{
	return usher_text_within(ascii | 0x20 * TEXT_LOW, 'a', 'z');
}

static inline uint64_t
usher_text_is_alnum(uint64_t ascii)
{
	return usher_text_is_letter(ascii) | usher_text_within(ascii, '0', '9');
}

/* White space as isspace() has it in the C locale. */
static inline uint64_t
usher_text_is_space(uint64_t ascii)
{
	return usher_text_within(ascii, '\t', '\r') |
	    usher_text_within(ascii, ' ', ' ');
}

#endif
