/*
 * hash.c - see hash.h.
 */
#include "hash.h"

#include "siphash.h"

static inline void
add_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
}

/* Other constants than mac.c's, "usher's tables of": the key is the same. */
void
hash_begin(struct hash *hash, const uint8_t key[MAC_KEY])
{
	uint64_t k0 = sip_word(key), k1 = sip_word(key + 8);

	hash->v[0] = k0 ^ 0x7573686572277320ULL;
	hash->v[1] = k1 ^ 0x7461626c6573206fULL;
	hash->v[2] = k0 ^ 0x6620636163686573ULL;
	hash->v[3] = k1 ^ 0x7465646279746573ULL;
	hash->lengths = 0;
	hash->count = 0;
}

void
hash_number(struct hash *hash, uint64_t number)
{
	add_word(hash->v, number);
}

void
hash_add(struct hash *hash, struct span bytes)
{
	const uint8_t *p = (const uint8_t *)bytes.p;
	uint64_t v[4] = { hash->v[0], hash->v[1], hash->v[2], hash->v[3] };
	size_t i = 0;

	for (; i + 8 <= bytes.l; i += 8)
		add_word(v, sip_word(p + i));
	if (i < bytes.l)
		add_word(v, sip_rest(p, bytes.l));
	hash->lengths = hash->lengths << 16 | bytes.l;
	if ((++hash->count & 3) == 0) {
		add_word(v, hash->lengths);
		hash->lengths = 0;
	}
	memcpy(hash->v, v, sizeof(v));
}

uint64_t
hash_end(struct hash *hash)
{
	uint64_t *v = hash->v;

	add_word(v, hash->lengths);
	v[2] ^= 0xff ^ (uint64_t)hash->count << 8;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
