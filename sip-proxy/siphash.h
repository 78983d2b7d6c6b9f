/*
 * siphash.h - the round of SipHash, and bytes as its words. Private to mac.c
 * and hash.c.
 */
#ifndef USHER_SIP_SIPHASH_H
#define USHER_SIP_SIPHASH_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t
sip_turn(uint64_t x, int bits)
{
	return (x << bits) | (x >> (64 - bits));
}

static inline void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = sip_turn(v[1], 13) ^ v[0];
	v[0] = sip_turn(v[0], 32);
	v[2] += v[3];
	v[3] = sip_turn(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = sip_turn(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = sip_turn(v[1], 17) ^ v[2];
	v[2] = sip_turn(v[2], 32);
}

static inline uint64_t
sip_word(const uint8_t *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return le64toh(word);
}

static inline uint64_t
sip_half(const uint8_t *bytes)
{
	uint32_t half;

	memcpy(&half, bytes, sizeof(half));
	return le32toh(half);
}

/* What is behind the last whole word, by reads that may overlap. */
static inline uint64_t
sip_rest(const uint8_t *p, size_t length)
{
	size_t rest = length & 7;

	if (rest == 0)
		return 0;
	if (length >= 8)
		return sip_word(p + length - 8) >> (64 - 8 * rest);
	if (rest >= 4)
		return sip_half(p) | sip_half(p + rest - 4) << (8 * (rest - 4));
	return (uint64_t)p[0] | (uint64_t)p[rest / 2] << (8 * (rest / 2)) |
	    (uint64_t)p[rest - 1] << (8 * (rest - 1));
}

#endif
