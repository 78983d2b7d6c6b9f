/*
 * tally_write: counts and standings as edits of the store (tally.h).
 *
 * All of a recipient's day is one edit, all of a party's attempts another, so
 * that a flood costs few writes; one note holds them, and is written whole.
 * Called in the thread of tally.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "notes.h"
#include "tally.h"

enum { DAY_S = 24 * 3600 };

/* What an edit adds; rows and events are the batch's, in order. */
struct adding {
	struct usher_notes *notes;
	size_t count;
	const struct tally_entry **entries;
	const struct tally_event *events;
	int64_t until;
};

static int
made(struct buffer *buffer, int64_t until, struct usher_record_value *fresh)
{
	fresh->bytes = buffer->data;
	fresh->length = buffer->length;
	if (fresh->until < until || fresh->until == INT64_MAX)
		fresh->until = until;
	return buffer->failed ? ENOMEM : 0;
}

/* What cannot be read is worth no more than nothing. */
static int
edit_day(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	const struct adding *adding = arg;
	struct buffer *buffer = usher_notes_buffer(adding->notes);
	struct usher_record_value none = { .bytes = NULL };
	struct tally_list list;
	int code = usher_tally_unpack(&adding->notes->arena, old, adding->count,
	    &list);

	if (code == EILSEQ)
		code = usher_tally_unpack(&adding->notes->arena, &none,
		    adding->count, &list);
	if (buffer == NULL || code != 0)
		return ENOMEM;
	usher_tally_add(&list, adding->entries, adding->count);
	usher_tally_pack(&list, buffer);
	return made(buffer, adding->until, fresh);
}

static int
edit_standing(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	const struct adding *adding = arg;
	struct buffer *buffer = usher_notes_buffer(adding->notes);
	struct standing_list list;
	struct standing_entry *room;
	int code = usher_standing_unpack(&adding->notes->arena, old, &list);

	if (buffer == NULL || code == ENOMEM)
		return ENOMEM;
	room = usher_arena_array(&adding->notes->arena,
	    list.count + STANDING_RECIPIENTS, sizeof(*room));
	if (room == NULL)
		return ENOMEM;
	memcpy(room, list.entries, list.count * sizeof(*room));
	list.entries = room;
	for (size_t i = 0; i < adding->count; i++)
		usher_standing_note(&list, &adding->events[i].event);
	usher_standing_pack(&list, buffer);
	return made(buffer, adding->until, fresh);
}

static struct adding *
new_adding(struct usher_notes *notes, size_t count, int64_t until)
{
	struct adding *adding = usher_arena_alloc(&notes->arena,
	    sizeof(*adding));

	if (adding != NULL)
		*adding = (struct adding){ .notes = notes,
			.count = count,
			.until = until };
	return adding;
}

/* ---- rows ---- */

static int
compare_rows(const void *a, const void *b)
{
	const struct tally_row *const *x = a, *const *y = b;
	int order = strcmp((*x)->recipient, (*y)->recipient);

	if (order != 0)
		return order;
	return (*x)->day == (*y)->day ? 0 : (*x)->day < (*y)->day ? -1 : 1;
}

static int
note_day(struct usher_notes *notes, const struct tally_batch *batch,
    struct tally_row *const *rows, size_t count)
{
	int64_t until = (rows[0]->day + 1) * DAY_S + batch->kept_s;
	struct adding *adding = new_adding(notes, count, until);
	struct record_key key;

	if (adding == NULL)
		return ENOMEM;
	adding->entries = usher_arena_array(&notes->arena, count,
	    sizeof(struct tally_entry *));
	if (adding->entries == NULL)
		return ENOMEM;
	for (size_t i = 0; i < count; i++)
		adding->entries[i] = &rows[i]->entry;
	usher_tally_key(&key, rows[0]->recipient, rows[0]->day);
	return usher_notes_edit(notes, RECORD_TALLY, &key, edit_day, adding,
	    NULL);
}

static int
note_rows(struct usher_notes *notes, struct tally_batch *batch)
{
	struct tally_row **rows = batch->rows;
	size_t count = batch->row_count, first = 0;
	int code = 0;

	qsort(rows, count, sizeof(struct tally_row *), compare_rows);
	for (size_t i = 1; code == 0 && i <= count; i++) {
		if (i < count && compare_rows(&rows[first], &rows[i]) == 0)
			continue;
		code = note_day(notes, batch, rows + first, i - first);
		first = i;
	}
	return code;
}

/* ---- events ---- */

/* Of one party in the order they came. */
static int
compare_events(const void *a, const void *b)
{
	const struct tally_event *x = a, *y = b;
	int order = strcmp(x->party, y->party);

	if (order != 0)
		return order;
	return x->order < y->order ? -1 : 1;
}

static int
note_party(struct usher_notes *notes, const struct tally_batch *batch,
    const struct tally_event *events, size_t count)
{
	int64_t kept_s = batch->kept_s < STANDING_KEPT_S ? batch->kept_s
							 : STANDING_KEPT_S;
	struct adding *adding = new_adding(notes, count, batch->at + kept_s);
	struct record_key key;

	if (adding == NULL)
		return ENOMEM;
	adding->events = events;
	usher_standing_key(&key, events->party);
	return usher_notes_edit(notes, RECORD_STANDING, &key, edit_standing,
	    adding, NULL);
}

static int
note_events(struct usher_notes *notes, struct tally_batch *batch)
{
	struct tally_event *events = batch->events;
	size_t first = 0, count = batch->event_count;
	int code = 0;

	if (count == 0)
		return 0;
	qsort(events, count, sizeof(*events), compare_events);
	for (size_t i = 1; code == 0 && i <= count; i++) {
		if (i < count &&
		    strcmp(events[first].party, events[i].party) == 0)
			continue;
		code = note_party(notes, batch, events + first, i - first);
		first = i;
	}
	return code;
}

int
usher_tally_write(struct records *records, struct tally_batch *batch,
    int wait_ms)
{
	struct usher_notes *notes = calloc(1, sizeof(*notes));
	int code;

	if (notes == NULL)
		return ENOMEM;
	usher_arena_init(&notes->arena);
	usher_records_tell_time(records, batch->at);
	code = note_rows(notes, batch);
	if (code == 0)
		code = note_events(notes, batch);
	notes->note.edits = notes->first;
	if (code == 0 && notes->first != NULL)
		code = usher_records_commit(records, &notes->note, wait_ms,
		    NULL);
	usher_notes_free(notes);
	return code;
}
