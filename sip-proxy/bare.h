/*
 * bare.h - in what order refusals without words are forgotten.
 *
 * A queue of keys with the instants they end at, in memory that grows and is
 * used again. Owned by decisions.c, which knows what else is to be known.
 */
#ifndef USHER_SIP_BARE_H
#define USHER_SIP_BARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bare {
	uint64_t key, end_ms;
};

struct bare_queue {
	struct bare *ring; /* NULL: nothing was put yet */
	size_t size;	   /* a power of two */
	size_t first, count;
};

/* False: there is no memory. */
bool bare_put(struct bare_queue *queue, struct bare one);
/* The one that was put first, while count is not 0. */
const struct bare *bare_first(const struct bare_queue *queue);
void bare_drop(struct bare_queue *queue);
void bare_free(struct bare_queue *queue);

#endif
