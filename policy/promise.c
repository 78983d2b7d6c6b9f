/*
 * promise: lists of promises as bytes, and back: see promise.h and
 * record_bytes.h.
 */
#include "promise.h"

#include <string.h>

#include "record_bytes.h"

enum { FORM = 1, NUMBERS = 5, STRINGS = 8 };

/* ---- promises ---- */

static void
entry_parts(struct promise_entry *entry, int64_t *numbers[NUMBERS],
    const char **strings[STRINGS])
{
	int64_t *const all_numbers[NUMBERS] = { &entry->from, &entry->until,
		&entry->given, &entry->kept_until, &entry->used_at };
	const char **const all_strings[STRINGS] = { &entry->id, &entry->party,
		&entry->proven, &entry->rule, &entry->turner, &entry->reference,
		&entry->used_by, &entry->came_as };

	memcpy(numbers, all_numbers, sizeof(all_numbers));
	memcpy(strings, all_strings, sizeof(all_strings));
}

int
usher_promise_unpack(struct arena *arena,
    const struct usher_record_value *value, struct promise_list *list)
{
	struct record_reader reader = usher_record_reader(arena, value, FORM);
	int code;

	list->count = 0;
	while (!reader.wrong && reader.left > 0) {
		int64_t *numbers[NUMBERS];
		const char **strings[STRINGS];

		if (list->count == PROMISE_MOST) {
			reader.wrong = true;
			break;
		}
		entry_parts(&list->entries[list->count++], numbers, strings);
		for (size_t i = 0; i < NUMBERS; i++)
			*numbers[i] = usher_record_get_number(&reader);
		for (size_t i = 0; i < STRINGS; i++)
			*strings[i] = usher_record_get_string(&reader);
	}
	code = usher_record_read_end(&reader);
	if (code != 0)
		list->count = 0;
	return code;
}

void
usher_promise_pack(const struct promise_list *list, struct buffer *buffer,
    int64_t *until)
{
	*until = 0;
	usher_record_put_form(buffer, FORM);
	for (size_t i = 0; i < list->count; i++) {
		struct promise_entry entry = list->entries[i];
		int64_t *numbers[NUMBERS];
		const char **strings[STRINGS];

		entry_parts(&entry, numbers, strings);
		for (size_t k = 0; k < NUMBERS; k++)
			usher_record_put_number(buffer, *numbers[k]);
		for (size_t k = 0; k < STRINGS; k++)
			usher_record_put_string(buffer, *strings[k]);
		if (entry.kept_until > *until)
			*until = entry.kept_until;
		if (*entry.used_by != '\0' &&
		    entry.used_at + PROMISE_ONCE_MORE_S > *until)
			*until = entry.used_at + PROMISE_ONCE_MORE_S;
	}
}

bool
usher_promise_owned(const struct promise_entry *entry, const char *party,
    const char *proven)
{
	const char *own = entry->party;

	own += *own == *PROMISE_AWAITS;
	if (party != NULL && strcmp(own, party) == 0)
		return true;
	return proven != NULL && *proven != '\0' &&
	    strcmp(entry->proven, proven) == 0;
}

bool
usher_promise_used(const struct promise_entry *entry, const char *party)
{
	return *entry->used_by != '\0' &&
	    (strcmp(entry->used_by, entry->party) == 0 ||
		strcmp(entry->used_by, party) == 0);
}

bool
usher_promise_lives(const struct promise_entry *entry, const char *party,
    const char *proven, int64_t at)
{
	bool by_owner = strcmp(entry->used_by, entry->party) == 0;

	if (*entry->used_by == '\0' ||
	    (!by_owner && usher_promise_owned(entry, party, proven)))
		return at < entry->kept_until;
	return at < entry->used_at + PROMISE_ONCE_MORE_S &&
	    strcmp(entry->came_as, party) == 0;
}

/* ---- what was promised to a proven party ---- */

int
usher_proof_unpack(struct arena *arena, const struct usher_record_value *value,
    struct proof_list *list)
{
	struct record_reader reader = usher_record_reader(arena, value, FORM);
	int code;

	list->count = 0;
	while (!reader.wrong && reader.left > 0) {
		struct proof_entry *entry = &list->entries[list->count];

		if (list->count++ == PROMISE_MOST) {
			reader.wrong = true;
			break;
		}
		entry->from = usher_record_get_number(&reader);
		entry->kept_until = usher_record_get_number(&reader);
		entry->domain = usher_record_get_string(&reader);
		entry->id = usher_record_get_string(&reader);
	}
	code = usher_record_read_end(&reader);
	if (code != 0)
		list->count = 0;
	return code;
}

void
usher_proof_pack(const struct proof_list *list, struct buffer *buffer,
    int64_t *until)
{
	*until = 0;
	usher_record_put_form(buffer, FORM);
	for (size_t i = 0; i < list->count; i++) {
		const struct proof_entry *entry = &list->entries[i];

		usher_record_put_number(buffer, entry->from);
		usher_record_put_number(buffer, entry->kept_until);
		usher_record_put_string(buffer, entry->domain);
		usher_record_put_string(buffer, entry->id);
		if (entry->kept_until > *until)
			*until = entry->kept_until;
	}
}
