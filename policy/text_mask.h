/*
 * text_mask: what the bytes of a text are, 64 at a time.
 *
 * Most text is ASCII. A mask has a bit for each of 64 bytes, the first byte's
 * lowest; words and their ends are then found by arithmetic on masks, without
 * a branch a byte. Where the processor has it, sixteen bytes are compared at
 * once (every x86-64 does), else eight by plain arithmetic. Included by text.c,
 * evidence_words.c and message_test_text.c.
 */
#ifndef USHER_TEXT_MASK_H
#define USHER_TEXT_MASK_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

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

/* Bits of the bytes within a range; those of bytes above 0x7f are anything. */
static inline uint64_t
usher_mask_within_by_eight(const char *at, unsigned char with,
    unsigned char first, unsigned char last)
{
	uint64_t mask = 0;

	for (unsigned i = 0; i < TEXT_MASK_BYTES; i += 8) {
		uint64_t eight = usher_text_eight(at + i) | with * TEXT_LOW;

		mask |= usher_text_gather(usher_text_within(eight, first, last))
		    << i;
	}
	return mask;
}

static inline uint64_t
usher_mask_high_by_eight(const char *at)
{
	uint64_t mask = 0;

	for (unsigned i = 0; i < TEXT_MASK_BYTES; i += 8)
		mask |= usher_text_gather(usher_text_eight(at + i) & TEXT_HIGH)
		    << i;
	return mask;
}

#ifdef __SSE2__
static inline __m128i
usher_mask_some(const char *at)
{
	return _mm_loadu_si128((const void *)at);
}

/* All ones in each byte from `first` on, and no more than `span` above it. */
static inline __m128i
usher_mask_span(__m128i some, char first, char span)
{
	some = _mm_sub_epi8(some, _mm_set1_epi8(first));
	return _mm_cmpeq_epi8(_mm_min_epu8(some, _mm_set1_epi8(span)), some);
}

static inline __m128i
usher_mask_some_alnum(__m128i some)
{
	__m128i small = _mm_or_si128(some, _mm_set1_epi8(0x20));

	return _mm_or_si128(usher_mask_span(some, '0', 9),
	    usher_mask_span(small, 'a', 25));
}

static inline __m128i
usher_mask_some_space(__m128i some)
{
	return _mm_or_si128(usher_mask_span(some, '\t', '\r' - '\t'),
	    _mm_cmpeq_epi8(some, _mm_set1_epi8(' ')));
}

static inline __m128i
usher_mask_some_within(__m128i some, unsigned char with, unsigned char first,
    unsigned char last)
{
	return usher_mask_span(_mm_or_si128(some, _mm_set1_epi8((char)with)),
	    (char)first, (char)(last - first));
}

/* Sixteen bits of each; compilers leave a loop of four as it is. */
static inline uint64_t
usher_mask_join(__m128i first, __m128i second, __m128i third, __m128i last)
{
	return (uint64_t)(unsigned)_mm_movemask_epi8(first) |
	    (uint64_t)(unsigned)_mm_movemask_epi8(second) << 16 |
	    (uint64_t)(unsigned)_mm_movemask_epi8(third) << 32 |
	    (uint64_t)(unsigned)_mm_movemask_epi8(last) << 48;
}

#define TEXT_MASK_OF(at, match, ...)                               \
	usher_mask_join(match(usher_mask_some(at), ##__VA_ARGS__), \
	    match(usher_mask_some((at) + 16), ##__VA_ARGS__),      \
	    match(usher_mask_some((at) + 32), ##__VA_ARGS__),      \
	    match(usher_mask_some((at) + 48), ##__VA_ARGS__))
#endif

/* The same; `with` are bits that each byte is taken to have. */
static inline uint64_t
usher_mask_within(const char *at, unsigned char with, unsigned char first,
    unsigned char last)
{
#ifdef __SSE2__
	return TEXT_MASK_OF(at, usher_mask_some_within, with, first, last);
#else
	return usher_mask_within_by_eight(at, with, first, last);
#endif
}

/* Bits of the bytes above 0x7f. */
static inline uint64_t
usher_mask_high(const char *at)
{
#ifdef __SSE2__
	return usher_mask_join(usher_mask_some(at), usher_mask_some(at + 16),
	    usher_mask_some(at + 32), usher_mask_some(at + 48));
#else
	return usher_mask_high_by_eight(at);
#endif
}

/* Whether there are any. */
static inline bool
usher_mask_any_high(const char *at)
{
#ifdef __SSE2__
	return _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(usher_mask_some(at),
						  usher_mask_some(at + 16)),
		   _mm_or_si128(usher_mask_some(at + 32),
		       usher_mask_some(at + 48)))) != 0;
#else
	return usher_mask_high_by_eight(at) != 0;
#endif
}

/* Whether any are, or are NUL. */
static inline bool
usher_mask_any_odd(const char *at)
{
#ifdef __SSE2__
	__m128i one = usher_mask_some(at), two = usher_mask_some(at + 16);
	__m128i three = usher_mask_some(at + 32),
		four = usher_mask_some(at + 48);
	__m128i least = _mm_min_epu8(_mm_min_epu8(one, two),
	    _mm_min_epu8(three, four));
	__m128i high = _mm_or_si128(_mm_or_si128(one, two),
	    _mm_or_si128(three, four));

	return _mm_movemask_epi8(_mm_or_si128(high,
		   _mm_cmpeq_epi8(least, _mm_setzero_si128()))) != 0;
#else
	uint64_t odd = 0;

	for (unsigned i = 0; i < TEXT_MASK_BYTES; i += 8) {
		uint64_t eight = usher_text_eight(at + i);

		odd |= eight | (eight - TEXT_LOW);
	}
	return (odd & TEXT_HIGH) != 0;
#endif
}

static inline uint64_t
usher_mask_letters(const char *at)
{
	return usher_mask_within(at, 0x20, 'a', 'z');
}

static inline uint64_t
usher_mask_alnum(const char *at)
{
#ifdef __SSE2__
	return TEXT_MASK_OF(at, usher_mask_some_alnum);
#else
	return usher_mask_letters(at) | usher_mask_within(at, 0, '0', '9');
#endif
}

/* White space as isspace() has it in the C locale. */
static inline uint64_t
usher_mask_space(const char *at)
{
#ifdef __SSE2__
	return TEXT_MASK_OF(at, usher_mask_some_space);
#else
	return usher_mask_within(at, 0, '\t', '\r') |
	    usher_mask_within(at, 0, ' ', ' ');
#endif
}

/*
 * The same of 16 bytes, for runs that are short: bits of blanks, and of what is
 * ASCII but for blanks, signs that steer, `<` and `&`, which is text in any
 * markup.
 */
enum { TEXT_FEW_BYTES = 16 };

static inline unsigned
usher_few_plain_by_eight(const char *at, unsigned *blanks)
{
	uint64_t plain = 0, blank = 0;

	for (unsigned i = 0; i < TEXT_FEW_BYTES; i += 8) {
		uint64_t eight = usher_text_eight(at + i), high, marks, ascii;

		high = eight & TEXT_HIGH;
		ascii = eight & ~TEXT_HIGH;
		marks = usher_text_within(ascii, '<', '<') |
		    usher_text_within(ascii, '&', '&') | high;
		plain |= usher_text_gather(
			     usher_text_within(ascii, '!', '~') & ~marks)
		    << i;
		blank |= usher_text_gather(
			     usher_text_within(ascii, ' ', ' ') & ~high)
		    << i;
	}
	*blanks = (unsigned)blank;
	return (unsigned)plain;
}

static inline unsigned
usher_few_plain(const char *at, unsigned *blanks)
{
#ifdef __SSE2__
	__m128i some = usher_mask_some(at);
	__m128i blank = _mm_cmpeq_epi8(some, _mm_set1_epi8(' '));
	__m128i marks = _mm_or_si128(_mm_cmpeq_epi8(some, _mm_set1_epi8('<')),
	    _mm_cmpeq_epi8(some, _mm_set1_epi8('&')));

	some = _mm_andnot_si128(marks, usher_mask_span(some, '!', '~' - '!'));
	*blanks = (unsigned)_mm_movemask_epi8(blank);
	return (unsigned)_mm_movemask_epi8(some);
#else
	return usher_few_plain_by_eight(at, blanks);
#endif
}

/* How many bits: every x86-64 does this without calling anything. */
static inline size_t
usher_mask_count(uint64_t mask)
{
	const uint64_t twos = UINT64_C(0x3333333333333333);

	mask -= mask >> 1 & UINT64_C(0x5555555555555555);
	mask = (mask & twos) + (mask >> 2 & twos);
	mask = (mask + (mask >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (size_t)(mask * TEXT_LOW >> 56);
}

#endif
