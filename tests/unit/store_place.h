/*
 * store_place: putting into and finding in the store of a site_place, for the
 * tests of the store.
 */
#ifndef STORE_PLACE_H
#define STORE_PLACE_H

#include "site_place.h"
#include "store.h"
#include "store_lmdb.h"

/* What begin tells, where nobody asks. */
static struct store_summary summary_of_begin;

static inline struct store *
open_store(const struct place *place, bool write)
{
	struct store_options options = { .write = write };
	struct usher_error error;
	struct store *store;

	if (usher_store_open(&store, place_store(place), &options, &error) !=
	    0) {
		(void)fprintf(stderr, "%s\n", error.text);
		abort();
	}
	return store;
}

static inline void
put(struct store *store, const char *path, const char *text, unsigned needs,
    const char *name, const char *other)
{
	const char *names[] = { name, other };
	struct store_source source = { .path = path,
		.text = text,
		.length = strlen(text),
		.needs = needs,
		.stamp = { .inode = 7, .size = strlen(text) },
		.name_count = other == NULL ? 1 : 2,
		.names = names };

	if (store->engine->put(store, &source, NULL) != 0)
		abort();
}

static inline void
publish_one(struct store *store, const char *path, const char *text,
    unsigned needs, const char *name)
{
	if (store->engine->begin(store, &summary_of_begin, NULL) != 0)
		abort();
	put(store, path, text, needs, name, NULL);
	if (store->engine->commit(store, NULL) != 0)
		abort();
}

/* The text found by a name, or NULL. */
static inline char *
text_of(struct store *store, const char *name)
{
	struct store_found found = { .exists = false };

	if (store->engine->find(store, name, &found, NULL) != 0)
		abort();
	return found.text;
}

static inline void
finds(struct store *store, const char *name, const char *text)
{
	char *found = text_of(store, name);

	if (text == NULL) {
		assert_null(found);
	} else {
		assert_non_null(found);
		assert_string_equal(found, text);
	}
	free(found);
}

static inline uint64_t
generation_of(struct store *store)
{
	uint64_t generation = 99;

	assert_int_equal(store->engine->generation(store, &generation, NULL),
	    0);
	return generation;
}

#endif
