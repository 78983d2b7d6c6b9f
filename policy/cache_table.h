/*
 * cache_table: the cache's memory: entries by name in shards with a lock each.
 *
 * Used by cache.c alone, which knows when an entry is good.
 */
#ifndef USHER_CACHE_TABLE_H
#define USHER_CACHE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy.h"

/* What is kept of a name. */
struct cache_answer {
	struct usher_policy *policy; /* NULL: published nothing */
	uint64_t id, version;	     /* of its source */
	uint64_t generation;	     /* it was good under */
	unsigned long serial;	     /* of the configuration */
};

struct cache_table;

struct cache_table *usher_cache_table_new(size_t entries, size_t policies);
void usher_cache_table_free(struct cache_table *table);

/* Copies the answer out, with a reference to its policy. */
bool usher_cache_table_get(struct cache_table *table, const char *name,
    size_t length, struct cache_answer *answer);
/* Keeps an answer, with a reference of its own; no memory: keeps nothing. */
void usher_cache_table_put(struct cache_table *table, const char *name,
    size_t length, const struct cache_answer *answer);

#endif
