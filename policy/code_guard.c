/*
 * code_guard: guesses at access codes are slowed by source network, never by
 * recipient (design.md §6).
 *
 * A network, /24 or /64, may show so many wrong codes; until an hour after its
 * first what else it shows is not looked at, and so answered exactly as none.
 * What may as well be a reference that we told weighs a sixteenth of a guess.
 * The table is of one process, made with its first wrong code, and bounded:
 * who came longest ago falls out. Called by code_read.c from many threads.
 */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "code.h"

enum {
	MOST_WRONG = 16,
	MOST_UNSURE = 256,
	SHUT_S = 3600,
	BUCKETS = 256,
	WAYS = 4
};

struct entry {
	uint64_t network; /* 0: free */
	int64_t since;
	unsigned count, unsure;
	uint32_t last_unsure;
	uint32_t wrong[MOST_WRONG]; /* of their hashes */
};

struct code_guard {
	pthread_mutex_t lock;
	uint64_t seed; /* nobody aims at a bucket */
	struct entry *entries;
};

struct code_guard *
usher_code_guard_new(void)
{
	struct code_guard *guard = calloc(1, sizeof(*guard));

	if (guard == NULL)
		return NULL;
	(void)pthread_mutex_init(&guard->lock, NULL);
	if (getrandom(&guard->seed, sizeof(guard->seed), GRND_NONBLOCK) < 0)
		guard->seed = (uint64_t)(uintptr_t)guard;
	return guard;
}

void
usher_code_guard_free(struct code_guard *guard)
{
	if (guard == NULL)
		return;
	(void)pthread_mutex_destroy(&guard->lock);
	free(guard->entries);
	free(guard);
}

/* The first eight bytes of an address tell its network; never 0. */
static uint64_t
network_of(const struct sockaddr *client)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	unsigned char bytes[8] = { 4 };
	uint64_t network;

	if (client->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)client;

		memcpy(bytes + 1, &in->sin_addr, 3);
	} else if (client->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)client;

		if (memcmp(&in6->sin6_addr, mapped, sizeof(mapped)) == 0)
			memcpy(bytes + 1, in6->sin6_addr.s6_addr + 12, 3);
		else
			memcpy(bytes, &in6->sin6_addr, sizeof(bytes));
	} else {
		return 0;
	}
	memcpy(&network, bytes, sizeof(network));
	return network != 0 ? network : 1;
}

static struct entry *
bucket(const struct code_guard *guard, uint64_t network)
{
	uint64_t mixed = (network ^ guard->seed) * 0x9e3779b97f4a7c15u;

	mixed = (mixed ^ mixed >> 29) * 0xbf58476d1ce4e5b9u;
	return &guard->entries[(mixed >> 32) % BUCKETS * WAYS];
}

/* Whose hour is over has none. */
static struct entry *
find(const struct code_guard *guard, uint64_t network, int64_t at)
{
	struct entry *entries;

	if (guard->entries == NULL)
		return NULL;
	entries = bucket(guard, network);
	for (size_t i = 0; i < WAYS; i++)
		if (entries[i].network == network &&
		    at < entries[i].since + SHUT_S && at >= entries[i].since)
			return &entries[i];
	return NULL;
}

bool
usher_code_guard_shut(struct code_guard *guard, const struct sockaddr *client,
    int64_t at)
{
	uint64_t network = network_of(client);
	const struct entry *entry;
	bool shut;

	if (guard == NULL || network == 0)
		return false;
	(void)pthread_mutex_lock(&guard->lock);
	entry = find(guard, network, at);
	shut = entry != NULL &&
	    (entry->count >= MOST_WRONG || entry->unsure >= MOST_UNSURE);
	(void)pthread_mutex_unlock(&guard->lock);
	return shut;
}

static struct entry *
place_for(struct code_guard *guard, uint64_t network, int64_t at)
{
	struct entry *entries, *place;

	if (guard->entries == NULL)
		guard->entries = calloc((size_t)BUCKETS * WAYS,
		    sizeof(*guard->entries));
	if (guard->entries == NULL)
		return NULL;
	entries = place = bucket(guard, network);
	for (size_t i = 0; i < WAYS; i++) {
		if (entries[i].network == network) {
			place = &entries[i];
			break;
		}
		if (entries[i].since < place->since)
			place = &entries[i];
	}
	*place = (struct entry){ .network = network, .since = at };
	return place;
}

static void
note(struct entry *entry, uint32_t wrong, bool unsure)
{
	if (unsure) {
		/* A mail is asked about at every stage. */
		if (entry->last_unsure != wrong && entry->unsure < MOST_UNSURE)
			entry->unsure++;
		entry->last_unsure = wrong;
		return;
	}
	for (unsigned i = 0; i < entry->count; i++)
		if (entry->wrong[i] == wrong)
			return;
	if (entry->count < MOST_WRONG)
		entry->wrong[entry->count++] = wrong;
}

void
usher_code_guard_note(struct code_guard *guard, const struct sockaddr *client,
    const char *hash, bool unsure, int64_t at)
{
	uint64_t network = network_of(client);
	struct entry *entry;
	uint32_t wrong;

	if (guard == NULL || network == 0)
		return;
	memcpy(&wrong, hash, sizeof(wrong));
	wrong ^= (uint32_t)(unsigned char)hash[4] << 24 |
	    (uint32_t)(unsigned char)hash[5] << 16 |
	    (uint32_t)(unsigned char)hash[6] << 8 | (unsigned char)hash[7];
	(void)pthread_mutex_lock(&guard->lock);
	entry = find(guard, network, at);
	if (entry == NULL)
		entry = place_for(guard, network, at);
	if (entry != NULL)
		note(entry, wrong, unsure);
	(void)pthread_mutex_unlock(&guard->lock);
}
