/*
 * underway: see underway.h.
 *
 * Few are listed at a time, and mostly none: then reading costs a look at a
 * count. The last to be added stands first, which is of no weight: attempts
 * are counted, and each has its own time.
 */
#include "underway.h"

#include <string.h>

void
usher_underways_init(struct underways *all)
{
	(void)pthread_rwlock_init(&all->lock, NULL);
	atomic_init(&all->count, 0);
	all->first = NULL;
}

void
usher_underways_end(struct underways *all)
{
	(void)pthread_rwlock_destroy(&all->lock);
}

void
usher_underway_add(struct underways *all, struct underway *some)
{
	if (some == NULL)
		return;
	(void)pthread_rwlock_wrlock(&all->lock);
	for (struct underway *one = some; one != NULL; one = one->next) {
		one->before = NULL;
		one->after = all->first;
		if (all->first != NULL)
			all->first->before = one;
		all->first = one;
		atomic_fetch_add(&all->count, 1);
	}
	(void)pthread_rwlock_unlock(&all->lock);
}

void
usher_underway_remove(struct underways *all, struct underway *some)
{
	if (some == NULL)
		return;
	(void)pthread_rwlock_wrlock(&all->lock);
	for (struct underway *one = some; one != NULL; one = one->next) {
		if (one->before != NULL)
			one->before->after = one->after;
		else
			all->first = one->after;
		if (one->after != NULL)
			one->after->before = one->before;
		atomic_fetch_sub(&all->count, 1);
	}
	(void)pthread_rwlock_unlock(&all->lock);
}

bool
usher_underway_begin(struct underways *all)
{
	if (atomic_load(&all->count) == 0)
		return false;
	(void)pthread_rwlock_rdlock(&all->lock);
	return true;
}

void
usher_underway_end(struct underways *all)
{
	(void)pthread_rwlock_unlock(&all->lock);
}

const struct underway *
usher_underway_next(const struct underways *all, const struct underway *last,
    unsigned char kind, const char *key, size_t length)
{
	const struct underway *one = last == NULL ? all->first : last->after;

	while (one != NULL &&
	    (one->kind != kind || one->key_length != length ||
		memcmp(one->key, key, length) != 0))
		one = one->after;
	return one;
}
