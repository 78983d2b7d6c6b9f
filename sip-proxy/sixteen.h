/*
 * sixteen.h - the end of a line, sixteen bytes at a time where the processor
 * has instructions for it.
 *
 * Lines of a head are short: two calls of memchr(3) for each would cost more
 * than the look itself. Used by gate.c.
 */
#ifndef USHER_SIP_SIXTEEN_H
#define USHER_SIP_SIXTEEN_H

#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include <stddef.h>

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

#endif
