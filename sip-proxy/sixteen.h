/*
 * sixteen.h - questions to sixteen bytes at a time, where the processor has
 * instructions for it.
 *
 * What is asked about is short, lines of a head and values of a log line: a
 * call of memchr(3) for each would cost more than the look itself. Used by
 * gate.c and log.c.
 */
#ifndef USHER_SIP_SIXTEEN_H
#define USHER_SIP_SIXTEEN_H

#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* The first CR or LF from p on, or NULL. */
static inline const char *
sixteen_cr_lf(const char *p, const char *end)
{
#ifdef __SSE2__
	const __m128i cr = _mm_set1_epi8('\r'), lf = _mm_set1_epi8('\n');

	for (; end - p >= 16; p += 16) {
		__m128i bytes = _mm_loadu_si128(
		    (const __m128i *)(const void *)p);
		int found = _mm_movemask_epi8(
		    _mm_or_si128(_mm_cmpeq_epi8(bytes, cr),
			_mm_cmpeq_epi8(bytes, lf)));

		if (found != 0)
			return p + __builtin_ctz((unsigned)found);
	}
#endif
	for (; p < end; p++)
		if (*p == '\r' || *p == '\n')
			return p;
	return NULL;
}

/* The first c of the sixteen bytes there, or NULL. */
static inline const char *
sixteen_find(const char *p, char c)
{
#ifdef __SSE2__
	__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
	int found = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)));

	return found == 0 ? NULL : p + __builtin_ctz((unsigned)found);
#else
	return memchr(p, c, 16);
#endif
}

/* Whether all of so many bytes, 16 at most, are printable ASCII or beyond
 * ASCII, and neither a quote nor a backslash; all sixteen can be read. */
static inline bool
sixteen_plain(const char *p, size_t count)
{
#ifdef __SSE2__
	const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
	const __m128i controls = _mm_cmpeq_epi8(_mm_min_epu8(bytes,
						    _mm_set1_epi8(0x1f)),
	    bytes);
	const __m128i marks =
	    _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
			     _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))),
		_mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f)));
	unsigned found = (unsigned)_mm_movemask_epi8(
	    _mm_or_si128(controls, marks));

	return (found & ((1u << count) - 1)) == 0;
#else
	for (size_t i = 0; i < count; i++)
		if ((unsigned char)p[i] < 0x20 || p[i] == 0x7f || p[i] == '"' ||
		    p[i] == '\\')
			return false;
	return true;
#endif
}

#endif
