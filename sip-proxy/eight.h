/*
 * eight.h - questions to eight bytes at a time.
 *
 * Whether any of them is so, not which: nearly all that comes is plain, and
 * what is not is then looked at byte by byte. In any byte order. Used by
 * gate_value.c and log.c.
 */
#ifndef USHER_SIP_EIGHT_H
#define USHER_SIP_EIGHT_H

#include <stdint.h>
#include <string.h>

#define EIGHT_OF(byte) (UINT64_C(0x0101010101010101) * (byte))

static inline uint64_t
eight_at(const char *bytes)
{
	uint64_t eight;

	memcpy(&eight, bytes, sizeof(eight));
	return eight;
}

/* Not 0: one is below `byte`, which is 0x80 at most. */
static inline uint64_t
eight_below(uint64_t eight, unsigned byte)
{
	return (eight - EIGHT_OF(byte)) & ~eight & EIGHT_OF(0x80);
}

/* Not 0: one is `byte`. */
static inline uint64_t
eight_is(uint64_t eight, unsigned byte)
{
	return eight_below(eight ^ EIGHT_OF(byte), 1);
}

#endif
