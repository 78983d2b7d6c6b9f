/*
 * txn_table.c - keys of transactions, their hash and their tables.
 *
 * Chained tables that double as they fill, hashed by SipHash-1-3 under the
 * layer's random key: who chooses branches cannot choose buckets. Called by the
 * transaction layer only; owns the copies of the keys.
 */
#include "txn_int.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#define FIRST_SIZE 256u

static inline uint64_t
rotl(uint64_t x, int n)
{
	return x << n | x >> (64 - n);
}

static inline uint64_t
load(const unsigned char *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof(x));
	return le64toh(x);
}

static inline void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

static inline void
absorb(uint64_t v[4], uint64_t m)
{
	v[3] ^= m;
	sip_round(v);
	v[0] ^= m;
}

static inline void
begin(uint64_t v[4], const uint8_t key[16], uint64_t seed)
{
	uint64_t k0 = load(key) ^ seed, k1 = load(key + 8);

	v[0] = k0 ^ 0x736f6d6570736575;
	v[1] = k1 ^ 0x646f72616e646f6d;
	v[2] = k0 ^ 0x6c7967656e657261;
	v[3] = k1 ^ 0x7465646279746573;
}

static inline void
absorb_all(uint64_t v[4], const unsigned char *p, size_t len)
{
	uint64_t tail = (uint64_t)len << 56;
	size_t left = len;

	for (; left >= 8; left -= 8, p += 8)
		absorb(v, load(p));
	if (len >= 8 && left > 0)
		tail |= load(p + left - 8) >> (64 - 8 * left);
	else
		for (size_t i = 0; i < left; i++)
			tail |= (uint64_t)p[i] << (8 * i);
	absorb(v, tail);
}

static inline uint64_t
end(uint64_t v[4])
{
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t
txn_siphash(const uint8_t key[16], uint64_t seed, const void *bytes, size_t len)
{
	uint64_t v[4];

	begin(v, key, seed);
	absorb_all(v, bytes, len);
	return end(v);
}

/* One hash over all parts; each ends in a word with its length. */
uint64_t
txn_key_hash(const struct sip_txn_layer *l, const struct txn_key *key)
{
	uint64_t v[4];

	begin(v, l->config.key, key->n);
	for (unsigned i = 0; i < key->n; i++)
		absorb_all(v, (const unsigned char *)key->part[i].p,
		    key->part[i].l);
	return end(v);
}

static size_t
key_size(const struct txn_key *key)
{
	size_t n = 0;

	for (unsigned i = 0; i < key->n; i++)
		n += sizeof(uint32_t) + key->part[i].l;
	return n;
}

bool
txn_key_is(const struct txn *t, const struct txn_key *key)
{
	const char *p = t->key;

	if (t->key_len != key_size(key))
		return false;
	for (unsigned i = 0; i < key->n; i++) {
		uint32_t len;

		memcpy(&len, p, sizeof(len));
		if (len != key->part[i].l ||
		    (len && memcmp(p + sizeof(len), key->part[i].p, len)))
			return false;
		p += sizeof(len) + len;
	}
	return true;
}

static char *
key_copy(const struct txn_key *key, size_t size)
{
	char *copy = malloc(size ? size : 1), *p = copy;

	for (unsigned i = 0; copy && i < key->n; i++) {
		uint32_t len = (uint32_t)key->part[i].l;

		memcpy(p, &len, sizeof(len));
		if (len)
			memcpy(p + sizeof(len), key->part[i].p, len);
		p += sizeof(len) + len;
	}
	return copy;
}

int
txn_table_init(struct txn_table *table)
{
	table->buckets = calloc(FIRST_SIZE, sizeof(*table->buckets));
	table->size = FIRST_SIZE;
	table->count = 0;
	return table->buckets ? 0 : ENOMEM;
}

/* Not growing is no error: chains get longer. */
static void
grow(struct txn_table *table)
{
	unsigned size = table->size * 2;
	struct txn **buckets = calloc(size, sizeof(*buckets));

	if (!buckets)
		return;
	for (unsigned i = 0; i < table->size; i++) {
		struct txn *t = table->buckets[i], *next;

		for (; t; t = next) {
			struct txn **b = &buckets[t->hash & (size - 1)];

			next = t->next;
			t->next = *b;
			*b = t;
		}
	}
	free(table->buckets);
	table->buckets = buckets;
	table->size = size;
}

int
txn_table_add(struct txn_table *table, struct txn *t, const struct txn_key *key,
    uint64_t hash)
{
	struct txn **b;

	t->key_len = key_size(key);
	t->key = key_copy(key, t->key_len);
	if (!t->key)
		return ENOMEM;
	if (table->count >= table->size)
		grow(table);
	t->hash = hash;
	b = &table->buckets[hash & (table->size - 1)];
	t->next = *b;
	*b = t;
	table->count++;
	return 0;
}

void
txn_table_remove(struct txn_table *table, struct txn *t)
{
	struct txn **b = &table->buckets[t->hash & (table->size - 1)];

	while (*b != t)
		b = &(*b)->next;
	*b = t->next;
	t->next = NULL;
	table->count--;
}

void
txn_wait_on(struct txn *t, uint64_t connection)
{
	struct txn **at = &t->layer->on_stream[connection % STREAMS];

	if (connection == 0 || t->back_on)
		return;
	t->next_on = *at;
	t->back_on = at;
	if (t->next_on)
		t->next_on->back_on = &t->next_on;
	*at = t;
}

void
txn_wait_no_more(struct txn *t)
{
	if (!t->back_on)
		return;
	*t->back_on = t->next_on;
	if (t->next_on)
		t->next_on->back_on = t->back_on;
	t->back_on = NULL;
}
