/*
 * underway: attempts that were let in, on their way into the store.
 *
 * A program that may not wait for the store (usher_loop.h) has an attempt
 * written behind its answer. Until it is, its notes are listed here, and
 * whoever reads the memory counts it already (design.md §6): a disk that
 * stopped, or a store that another process holds, opens no cap.
 */
#ifndef USHER_UNDERWAY_H
#define USHER_UNDERWAY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct attempt_list;

/* What notes will make of one record; all is the notes' own. */
struct underway {
	struct underway *next; /* of the same notes */
	struct underway *before, *after;
	unsigned char kind;
	const char *key;
	size_t key_length;
	/* The list has room for one more. NULL: there is none. */
	void (*come)(const void *what, struct attempt_list *list);
	const void *what;
	int64_t until; /* of the record */
};

struct underways {
	pthread_rwlock_t lock; /* of the list; readers keep it as they read */
	_Atomic size_t count;
	struct underway *first;
};

void usher_underways_init(struct underways *all);
void usher_underways_end(struct underways *all);

/* All of some notes, which stay until they are taken out. */
void usher_underway_add(struct underways *all, struct underway *some);
void usher_underway_remove(struct underways *all, struct underway *some);

/*
 * Before the store is looked at, so that nothing falls between both. False:
 * nothing is under way. After true, _end().
 */
bool usher_underway_begin(struct underways *all);
void usher_underway_end(struct underways *all);
/* The next of this record behind `last` (NULL: the first), or NULL. */
const struct underway *usher_underway_next(const struct underways *all,
    const struct underway *last, unsigned char kind, const char *key,
    size_t length);

#endif
