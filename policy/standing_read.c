/*
 * standing_read: the standing that a decision rests on: see standing.h.
 *
 * A name that is only claimed reads as it stands in the claimed reading, and
 * as nobody in the proven one (design.md §4), so that a forger gains nothing
 * by it. Of several parties one that is poor speaks for all.
 */
#include <errno.h>
#include <string.h>

#include "error.h"
#include "standing.h"

int
usher_standing_get(struct record_view *view, struct arena *arena,
    const char *party, int64_t at, struct standing_list *list,
    struct usher_error *error)
{
	struct usher_record_value value;
	struct record_key key;
	int code;

	*list = (struct standing_list){ .count = 0 };
	usher_standing_key(&key, party);
	code = view->records->engine->get(view, RECORD_STANDING, key.bytes,
	    key.length, &value, error);
	if (code != 0 || value.bytes == NULL || at >= value.until)
		return code;
	code = usher_standing_unpack(arena, &value, list);
	return code == 0
	    ? 0
	    : usher_error_set(error, code,
		  "the standing of %s cannot be read from memory", party);
}

static void
note(struct remembered *remembered, const char *party,
    const struct standing_sum *sum)
{
	if (remembered->standing == USHER_POOR ||
	    (sum->standing == USHER_NEW && remembered->standing_of != NULL))
		return;
	remembered->standing = sum->standing;
	remembered->standing_of = party;
	remembered->standing_figure = sum->figure;
	remembered->standing_from = sum->recipients;
}

int
usher_standing_read(struct record_view *view, struct arena *arena,
    const struct usher_policy *policy, const struct attempt_parties *parties,
    int64_t at, struct usher_memory *memory, struct usher_error *error)
{
	int code = 0;

	if (policy == NULL || (policy->asks & ASKS_STANDING) == 0)
		return 0;
	for (size_t i = 0; code == 0 && i < parties->count; i++) {
		const char *party = parties->list[i].party;
		struct standing_list list;
		struct standing_sum sum;

		code = usher_standing_get(view, arena, party, at, &list, error);
		if (code != 0 || list.count == 0)
			continue;
		sum = usher_standing_sum(&list, at);
		party = usher_arena_string(arena, party);
		note(&memory->claimed, party, &sum);
		if (parties->list[i].proven)
			note(&memory->proven, party, &sum);
	}
	return code;
}
