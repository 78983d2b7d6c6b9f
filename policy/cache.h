/*
 * cache: compiled policies at hand, by address and number (design.md §6).
 *
 * An answer, also "published nothing", is good as long as the store's
 * generation is the one it was given under; after a publication it is checked
 * against the store and compiled again only when its own source changed. Any
 * thread may ask. Bounded: what was not asked for lately goes first.
 */
#ifndef USHER_CACHE_H
#define USHER_CACHE_H

#include "policy.h"
#include "store.h"

struct cache;

struct cache_limits { /* 0: the defaults */
	size_t entries, policies;
};

struct cache *usher_cache_new(const struct cache_limits *limits);
void usher_cache_free(struct cache *cache);

/*
 * The policy that is published for `who` in any spelling, or NULL; the caller
 * releases. Under a configuration in which a published source no longer
 * compiles the last one that did is answered; EINVAL when there is none.
 * Errors of the store are returned as they are, but while it is away
 * (EHOSTDOWN) the last that was found for this name is answered.
 */
int usher_cache_find(struct cache *cache, struct store *store,
    struct usher_conf *conf, const char *who, struct usher_policy **policy,
    struct usher_error *error);
/* The same, when it is known without reading the store; else EAGAIN. */
int usher_cache_peek(struct cache *cache, struct store *store,
    struct usher_conf *conf, const char *who, bool recent,
    struct usher_policy **policy, struct usher_error *error);

#endif
