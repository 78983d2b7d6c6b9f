/*
 * cache_table: see cache_table.h.
 *
 * Each shard is a hash table with chains and a ring for the clock: an entry
 * that was used since the hand last passed gets one more round. Answers
 * without a policy are many and cheap, policies few and dear: each kind has
 * its own bound.
 */
#include "cache_table.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { SHARDS = 64, BUCKETS = 512 };

struct entry {
	struct entry *next;
	uint64_t hash;
	struct cache_answer answer;
	bool used;
	size_t length;
	char name[];
};

struct ring {
	struct entry **slots;
	size_t count, most, hand;
};

struct shard {
	pthread_mutex_t lock;
	struct entry **buckets;
	struct ring rings[2]; /* published nothing; policies */
};

struct cache_table {
	uint64_t seed;
	struct shard shards[SHARDS];
	/* Behind all that is written to at once: memory that nobody's mail has
	 * touched yet costs nothing. */
	struct entry *buckets[SHARDS][BUCKETS];
};

static uint64_t
mix(uint64_t x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93u;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93u;
	return x ^ x >> 32;
}

/* Seeded, since strangers choose the names. */
static uint64_t
hash_name(const struct cache_table *table, const char *name, size_t length)
{
	uint64_t hash = table->seed ^ length, part;

	for (; length >= sizeof(part); length -= sizeof(part)) {
		memcpy(&part, name, sizeof(part));
		hash = mix(hash ^ part) + table->seed;
		name += sizeof(part);
	}
	part = 0;
	memcpy(&part, name, length);
	return mix(hash ^ part);
}

static struct entry **
find_link(struct shard *shard, uint64_t hash, const char *name, size_t length)
{
	struct entry **link = &shard->buckets[hash / SHARDS % BUCKETS];

	while (*link != NULL &&
	    ((*link)->hash != hash || (*link)->length != length ||
		memcmp((*link)->name, name, length) != 0))
		link = &(*link)->next;
	return link;
}

struct cache_table *
usher_cache_table_new(size_t entries, size_t policies)
{
	struct cache_table *table = calloc(1, sizeof(*table));

	if (table == NULL)
		return NULL;
	/* Without randomness the table is as good, but for an attacker. */
	if (getrandom(&table->seed, sizeof(table->seed), GRND_NONBLOCK) < 0)
		table->seed = (uint64_t)(uintptr_t)table;
	for (size_t i = 0; i < SHARDS; i++) {
		struct shard *shard = &table->shards[i];

		(void)pthread_mutex_init(&shard->lock, NULL);
		shard->buckets = table->buckets[i];
		shard->rings[0].most = entries / SHARDS + 1;
		shard->rings[1].most = policies / SHARDS + 1;
	}
	return table;
}

static void
free_entry(struct entry *entry)
{
	usher_policy_release(entry->answer.policy);
	free(entry);
}

void
usher_cache_table_free(struct cache_table *table)
{
	if (table == NULL)
		return;
	for (size_t i = 0; i < SHARDS; i++) {
		struct shard *shard = &table->shards[i];

		for (size_t r = 0; r < 2; r++) {
			struct ring *ring = &shard->rings[r];

			for (size_t e = 0; e < ring->count; e++)
				free_entry(ring->slots[e]);
			free(ring->slots);
		}
		(void)pthread_mutex_destroy(&shard->lock);
	}
	free(table);
}

bool
usher_cache_table_get(struct cache_table *table, const char *name,
    size_t length, struct cache_answer *answer)
{
	uint64_t hash = hash_name(table, name, length);
	struct shard *shard = &table->shards[hash % SHARDS];
	struct entry *entry;

	(void)pthread_mutex_lock(&shard->lock);
	entry = *find_link(shard, hash, name, length);
	if (entry != NULL) {
		entry->used = true;
		*answer = entry->answer;
		(void)usher_policy_hold(answer->policy);
	}
	(void)pthread_mutex_unlock(&shard->lock);
	return entry != NULL;
}

/* The slot of the next entry that was not used since the last round. */
static size_t
pass_hand(struct ring *ring)
{
	for (;;) {
		size_t at = ring->hand;

		ring->hand = (at + 1) % ring->count;
		if (!ring->slots[at]->used)
			return at;
		ring->slots[at]->used = false;
	}
}

/* Gives back the entry that had to go, if any, for freeing unlocked. */
static bool
add_to_ring(struct shard *shard, struct ring *ring, struct entry *entry,
    struct entry **gone)
{
	size_t at = ring->count;

	if (ring->slots == NULL)
		ring->slots = malloc(ring->most * sizeof(*ring->slots));
	if (ring->slots == NULL)
		return false;
	if (ring->count == ring->most) {
		struct entry **link;

		at = pass_hand(ring);
		*gone = ring->slots[at];
		link = find_link(shard, (*gone)->hash, (*gone)->name,
		    (*gone)->length);
		*link = (*gone)->next;
	} else {
		ring->count++;
	}
	ring->slots[at] = entry;
	return true;
}

/* Takes an entry out of its ring and chain. */
static struct entry *
take_out(struct entry **link, struct ring *ring)
{
	struct entry *entry = *link;

	for (size_t at = 0; at < ring->count; at++)
		if (ring->slots[at] == entry) {
			ring->slots[at] = ring->slots[--ring->count];
			break;
		}
	if (ring->hand >= ring->count)
		ring->hand = 0;
	*link = entry->next;
	return entry;
}

static struct entry *
new_entry(const char *name, size_t length, uint64_t hash,
    const struct cache_answer *answer)
{
	struct entry *entry = malloc(sizeof(*entry) + length);

	if (entry == NULL)
		return NULL;
	entry->hash = hash;
	entry->length = length;
	memcpy(entry->name, name, length);
	entry->answer = *answer;
	(void)usher_policy_hold(answer->policy);
	/* What was asked for once may be the first to go. */
	entry->used = false;
	return entry;
}

/* Whether the old entry is of the same kind, and now holds the answer. */
static bool
replace(struct entry *entry, const struct cache_answer *answer,
    struct usher_policy **gone)
{
	if ((entry->answer.policy == NULL) != (answer->policy == NULL))
		return false;
	*gone = entry->answer.policy;
	entry->answer = *answer;
	(void)usher_policy_hold(answer->policy);
	return true;
}

void
usher_cache_table_put(struct cache_table *table, const char *name,
    size_t length, const struct cache_answer *answer)
{
	uint64_t hash = hash_name(table, name, length);
	struct shard *shard = &table->shards[hash % SHARDS];
	struct entry *entry = NULL, *old = NULL, *evicted = NULL, **link;
	struct usher_policy *gone = NULL;

	(void)pthread_mutex_lock(&shard->lock);
	link = find_link(shard, hash, name, length);
	if (*link == NULL || !replace(*link, answer, &gone)) {
		if (*link != NULL)
			old = take_out(link,
			    &shard->rings[(*link)->answer.policy != NULL]);
		entry = new_entry(name, length, hash, answer);
	}
	if (entry != NULL &&
	    add_to_ring(shard, &shard->rings[answer->policy != NULL], entry,
		&evicted)) {
		link = &shard->buckets[hash / SHARDS % BUCKETS];
		entry->next = *link;
		*link = entry;
		entry = NULL;
	}
	(void)pthread_mutex_unlock(&shard->lock);
	usher_policy_release(gone);
	if (entry != NULL)
		free_entry(entry);
	if (old != NULL)
		free_entry(old);
	if (evicted != NULL)
		free_entry(evicted);
}
