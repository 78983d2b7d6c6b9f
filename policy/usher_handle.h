/*
 * usher_handle: inside of struct usher, for usher*.c and publish*.c.
 */
#ifndef USHER_HANDLE_H
#define USHER_HANDLE_H

#include <pthread.h>

#include "cache.h"
#include "conf.h"
#include "record.h"
#include "store.h"
#include "usher.h"
#include "zone.h"

struct tally;

struct usher {
	char *path; /* of usher.conf, or NULL */
	bool ready;
	struct zones *zones;
	pthread_mutex_t lock; /* of conf, serial and needs */
	struct usher_conf *conf;
	unsigned long serial;
	struct store *store;	 /* NULL: none was asked for */
	struct records *records; /* the same */
	struct tally *tally;	 /* counts attempts into it */
	struct cache *cache;
	struct code_guard *guard; /* of a handle with records, or NULL */
	/* The last answer of usher_store_needs(), and what it rests on. */
	unsigned needs;
	bool needs_known;
	uint64_t needs_generation;
	unsigned long needs_serial;
};

/* The store, opened for this call when the handle has none. */
int usher_handle_store(struct usher *usher, const struct usher_conf *conf,
    struct store **store, struct usher_error *error);

/*
 * The source files that `preferences` names: absolute, sorted, each once.
 * `strict`: a folder that is not there is ENOENT, since what was published
 * from it would seem to be gone. usher_sources_free().
 */
int usher_sources_list(const struct usher_conf *conf, bool strict,
    char ***paths, size_t *count, struct usher_error *error);
/* One path in the form of that list; *named: `preferences` names it. */
int usher_sources_path(const struct usher_conf *conf, const char *path,
    char **full, bool *named, struct usher_error *error);

#endif
