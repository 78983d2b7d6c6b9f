/*
 * bare.c - see bare.h.
 */
#include "bare.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SIZE = 256 };

/* Twice the size, with the first at its beginning. */
static bool
grow(struct bare_queue *queue)
{
	size_t size = queue->size > 0 ? queue->size * 2 : FIRST_SIZE;
	size_t behind = queue->size - queue->first;
	struct bare *ring = malloc(size * sizeof(*ring));

	if (ring == NULL)
		return false;
	if (queue->count > 0) {
		memcpy(ring, queue->ring + queue->first,
		    behind * sizeof(*ring));
		memcpy(ring + behind, queue->ring,
		    queue->first * sizeof(*ring));
	}
	free(queue->ring);
	queue->ring = ring;
	queue->size = size;
	queue->first = 0;
	return true;
}

bool
bare_put(struct bare_queue *queue, struct bare one)
{
	if (queue->count == queue->size && !grow(queue))
		return false;
	queue->ring[(queue->first + queue->count++) & (queue->size - 1)] = one;
	return true;
}

const struct bare *
bare_first(const struct bare_queue *queue)
{
	return &queue->ring[queue->first];
}

void
bare_drop(struct bare_queue *queue)
{
	queue->first = (queue->first + 1) & (queue->size - 1);
	queue->count--;
}

void
bare_free(struct bare_queue *queue)
{
	free(queue->ring);
	*queue = (struct bare_queue){ .ring = NULL };
}
