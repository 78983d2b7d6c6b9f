/*
 * tally_rows: the bytes of RECORD_TALLY: what was counted of one recipient and
 * day (tally.h).
 *
 * Each entry is a number that holds four small ones, the count, and the party.
 * Entries are in order, so that two lists are added by halving. Days are those
 * of UTC; quarters of an hour are hours in every zone.
 */
#include "tally.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record_bytes.h"

enum { FORM = 1, LEAST = 8 + 8 + 2, LAST_DAY = 99999999 };

int
usher_tally_compare(const struct tally_what *a, const struct tally_what *b)
{
	int order = strcmp(a->party, b->party);

	if (order != 0)
		return order;
	if (a->quarter != b->quarter)
		return a->quarter < b->quarter ? -1 : 1;
	if (a->channel != b->channel)
		return a->channel < b->channel ? -1 : 1;
	if (a->answer != b->answer)
		return a->answer < b->answer ? -1 : 1;
	return (int)a->proven - (int)b->proven;
}

static int
compare_entries(const void *a, const void *b)
{
	return usher_tally_compare(&((const struct tally_entry *)a)->what,
	    &((const struct tally_entry *)b)->what);
}

void
usher_tally_pack(const struct tally_list *list, struct buffer *buffer)
{
	usher_record_put_form(buffer, FORM);
	for (size_t i = 0; i < list->count; i++) {
		const struct tally_what *what = &list->entries[i].what;

		usher_record_put_number(buffer,
		    what->quarter | what->channel << 8 | what->answer << 16 |
			what->proven << 24);
		usher_record_put_number(buffer, list->entries[i].count);
		usher_record_put_string(buffer, what->party);
	}
}

int
usher_tally_unpack(struct arena *arena, const struct usher_record_value *value,
    size_t more, struct tally_list *list)
{
	struct record_reader reader = usher_record_reader(arena, value, FORM);
	int code;

	*list = (struct tally_list){ .count = 0 };
	list->entries = usher_arena_array(arena, reader.left / LEAST + 1 + more,
	    sizeof(*list->entries));
	if (list->entries == NULL)
		return ENOMEM;
	while (!reader.wrong && reader.left >= LEAST) {
		struct tally_entry *entry = &list->entries[list->count++];
		uint64_t small = (uint64_t)usher_record_get_number(&reader);

		entry->what.quarter = small & 0xff;
		entry->what.channel = small >> 8 & 0xff;
		entry->what.answer = small >> 16 & 0xff;
		entry->what.proven = (small >> 24 & 1) != 0;
		entry->count = usher_record_get_number(&reader);
		entry->what.party = usher_record_get_string(&reader);
		if (entry->what.channel >= USHER_URI ||
		    entry->what.answer >= USHER_PENDING ||
		    entry->what.quarter >= TALLY_QUARTERS || entry->count < 0)
			reader.wrong = true;
	}
	code = usher_record_read_end(&reader);
	if (code != 0)
		list->count = 0;
	return code;
}

static size_t
named(const struct tally_list *list)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		count += *list->entries[i].what.party != '\0';
	return count;
}

/* Neighbours that are the same become one. */
static void
join(struct tally_list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		struct tally_entry *entry = &list->entries[i];

		if (kept > 0 &&
		    compare_entries(&list->entries[kept - 1], entry) == 0)
			list->entries[kept - 1].count += entry->count;
		else
			list->entries[kept++] = *entry;
	}
	list->count = kept;
}

/* Whoever is one too many is one of the others. */
void
usher_tally_add(struct tally_list *list,
    const struct tally_entry *const *entries, size_t count)
{
	size_t old = list->count, names = named(list);

	for (size_t i = 0; i < count; i++) {
		struct tally_entry *fresh = &list->entries[list->count];
		struct tally_entry *found;

		*fresh = *entries[i];
		found = bsearch(fresh, list->entries, old, sizeof(*fresh),
		    compare_entries);
		if (found == NULL && *fresh->what.party != '\0' &&
		    names++ >= TALLY_NAMED) {
			fresh->what.party = "";
			fresh->what.proven = false;
		}
		if (found != NULL)
			found->count += fresh->count;
		else
			list->count++;
	}
	qsort(list->entries, list->count, sizeof(*list->entries),
	    compare_entries);
	join(list);
}

/* Digits of one width, so that keys are in the order of days. */
void
usher_tally_key(struct record_key *key, const char *recipient, int64_t day)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%08" PRId64, day);
	usher_record_key_begin(key, recipient);
	usher_record_key_add(key, text);
}

bool
usher_tally_day(const char *text, int64_t *day)
{
	char *end;

	*day = strtoll(text, &end, 10);
	return end != text && *end == '\0' && *day >= 0 && *day <= LAST_DAY;
}
