/*
 * hash.h - keyed hashes that tables find their entries by.
 *
 * SipHash with one round a word and three at the end, over whole words: what
 * is less than a word is filled up with zeros, and the lengths follow, four to
 * a word, so that no bytes move between two spans unseen. Half of mac.h's work
 * or less, for what no signature hangs on: whoever lacks the key can aim at no
 * place of a table. A call makes three of them. Used by decide_call.c,
 * defence.c and refusal.c.
 */
#ifndef USHER_SIP_HASH_H
#define USHER_SIP_HASH_H

#include "mac.h"

struct hash {
	uint64_t v[4];
	uint64_t lengths;
	unsigned count; /* of spans */
};

void hash_begin(struct hash *hash, const uint8_t key[MAC_KEY]);
void hash_number(struct hash *hash, uint64_t number);
/* Shorter than 64 kB, as all that a message holds. */
void hash_add(struct hash *hash, struct span bytes);
uint64_t hash_end(struct hash *hash);

#endif
