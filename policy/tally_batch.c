/*
 * tally_batch: what was counted and is not written yet: see tally.h.
 *
 * A table of rows by their hash, and events in their order, with all names in
 * an arena. Nothing here locks: tally.c and tally_count.c do.
 */
#include <stdlib.h>
#include <string.h>

#include "tally.h"

void
usher_tally_empty(struct tally_batch *batch)
{
	usher_arena_reset(&batch->arena);
	memset(batch->slots, 0, sizeof(batch->slots));
	batch->events = NULL;
	batch->row_count = batch->event_count = 0;
}

void
usher_tally_free_batch(struct tally_batch *batch)
{
	if (batch != NULL)
		usher_arena_free(&batch->arena);
	free(batch);
}

static bool
is_same(const struct tally_row *row, const struct tally_row *wanted)
{
	const struct tally_what *a = &row->entry.what;
	const struct tally_what *b = &wanted->entry.what;

	return row->hash == wanted->hash && row->day == wanted->day &&
	    a->quarter == b->quarter && a->channel == b->channel &&
	    a->answer == b->answer && a->proven == b->proven &&
	    strcmp(row->raw_party, wanted->raw_party) == 0 &&
	    strcmp(row->raw_who, wanted->raw_who) == 0;
}

/* The row's place, or where it would be; there is always a free one. */
struct tally_row **
usher_tally_find(struct tally_batch *batch, const struct tally_row *wanted)
{
	size_t slot = wanted->hash % TALLY_SLOTS;

	while (
	    batch->slots[slot] != NULL && !is_same(batch->slots[slot], wanted))
		slot = (slot + 1) % TALLY_SLOTS;
	return &batch->slots[slot];
}

static void
put(struct tally_batch *batch, struct tally_row **slot, struct tally_row *row)
{
	*slot = row;
	batch->rows[batch->row_count++] = row;
}

/* A row whose names are the batch's; `row` has those of its caller. */
void
usher_tally_put(struct tally_batch *batch, struct tally_row **slot,
    const struct tally_row *row)
{
	struct arena *arena = &batch->arena;
	struct tally_row *copy = usher_arena_room(arena, sizeof(*copy));

	if (copy == NULL || row->recipient == NULL)
		return;
	*copy = *row;
	copy->raw_who = usher_arena_string(arena, row->raw_who);
	copy->raw_party = usher_arena_string(arena, row->raw_party);
	copy->recipient = usher_arena_string(arena, row->recipient);
	copy->entry.what.party = usher_arena_string(arena,
	    row->entry.what.party);
	if (!arena->failed)
		put(batch, slot, copy);
}

bool
usher_tally_has_room(const struct tally_batch *batch)
{
	/* Half of the table is for those that are counted as others. */
	return batch->row_count < TALLY_SLOTS - 1 && !batch->arena.failed;
}

void
usher_tally_put_event(struct tally_batch *batch, const char *party,
    const struct standing_event *event)
{
	struct tally_event *fresh;

	if (batch->event_count >= MOST_EVENTS)
		return;
	if (batch->events == NULL)
		batch->events = usher_arena_room(&batch->arena,
		    MOST_EVENTS * sizeof(*batch->events));
	party = usher_arena_string(&batch->arena, party);
	if (batch->events == NULL || party == NULL)
		return;
	fresh = &batch->events[batch->event_count];
	*fresh = (struct tally_event){ .party = party,
		.order = batch->event_count,
		.event = *event };
	batch->event_count++;
}

/* What could not be written is counted with what came since. */
void
usher_tally_put_back(struct tally_batch *batch,
    const struct tally_batch *failed)
{
	for (size_t i = 0; i < failed->row_count; i++) {
		struct tally_row **slot = usher_tally_find(batch,
		    failed->rows[i]);

		if (*slot != NULL)
			(*slot)->entry.count += failed->rows[i]->entry.count;
		else if (usher_tally_has_room(batch))
			usher_tally_put(batch, slot, failed->rows[i]);
	}
	for (size_t i = 0; i < failed->event_count; i++)
		usher_tally_put_event(batch, failed->events[i].party,
		    &failed->events[i].event);
}

bool
usher_tally_is_half_full(const struct tally_batch *batch)
{
	return batch->row_count >= MOST_ROWS / 2 ||
	    batch->event_count >= MOST_EVENTS / 2;
}

bool
usher_tally_has_any(const struct tally_batch *batch)
{
	return batch->row_count > 0 || batch->event_count > 0;
}
