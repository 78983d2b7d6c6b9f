/*
 * person: which records speak of whom: see person.h.
 */
#include "person.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "code.h"
#include "link.h"
#include "promise.h"
#include "standing.h"
#include "tally.h"

#define RECIPIENT "recipient"
#define PARTY "party"

const struct person_kind usher_person_kinds[] = {
	{ RECORD_PROMISE, "promise", { RECIPIENT, "channel", "domain" },
	    VALUE_PROMISES, false },
	{ RECORD_PROOF, "promised", { RECIPIENT, "channel", PARTY },
	    VALUE_NAMELESS, false },
	{ RECORD_KNOWN, "known", { RECIPIENT, PARTY }, VALUE_NAMELESS, false },
	{ RECORD_INTRODUCED, "introduced", { RECIPIENT, PARTY }, VALUE_NAMELESS,
	    false },
	{ RECORD_ATTEMPT, "attempts", { RECIPIENT, PARTY, "proof" },
	    VALUE_NAMELESS, false },
	{ RECORD_COUNTED, "counted", { RECIPIENT, "rule" }, VALUE_NAMELESS,
	    false },
	{ RECORD_STAGE, "stage", { RECIPIENT, PARTY }, VALUE_STAGES, false },
	{ RECORD_LINK, "link", { RECIPIENT, PARTY }, VALUE_LINK, false },
	{ RECORD_REFERENCE, "reference", { RECIPIENT, "reference" }, VALUE_TEXT,
	    false },
	{ RECORD_CODE, "code", { RECIPIENT }, VALUE_CODE, false },
	{ RECORD_PAUSE, "pause", { RECIPIENT }, VALUE_NAMELESS, false },
	{ RECORD_OVERRIDE, "override", { RECIPIENT }, VALUE_NAMELESS, false },
	{ RECORD_STANDING, "standing", { PARTY }, VALUE_STANDING, false },
	{ RECORD_TALLY, "count", { RECIPIENT, "day" }, VALUE_TALLY, false },
	{ USHER_RECORD_REPLIED, "replied", { "key" }, VALUE_TEXT, false },
	{ USHER_RECORD_OUTBOX, "reply to be sent", { "key" }, VALUE_TEXT,
	    false },
	{ USHER_RECORD_SPLIT, "split", { "key" }, VALUE_TEXT, true },
	{ USHER_RECORD_HELD, "held mail", { "key" }, VALUE_TEXT, true },
	{ USHER_RECORD_BINDING, "phone", { "key" }, VALUE_TEXT, true },
	{ USHER_RECORD_CALLBACK, "emergency call", { "key" }, VALUE_TEXT,
	    true },
};
const size_t usher_person_kind_count = sizeof(usher_person_kinds) /
    sizeof(usher_person_kinds[0]);

struct person_record
usher_person_record(struct arena *arena, const struct person_kind *kind,
    const char *key, size_t length, const struct usher_record_value *value)
{
	struct person_record record = { .kind = kind, .value = *value };
	const char *copy = usher_arena_bytes(arena, key, length);
	size_t at = 0;

	for (size_t i = 0; i < PERSON_PARTS; i++) {
		record.parts[i] = "";
		if (copy == NULL || at >= length || kind->parts[i] == NULL)
			continue;
		record.parts[i] = copy + at;
		at += strlen(copy + at) + 1;
	}
	return record;
}

bool
usher_person_is(const struct person *person, const char *name)
{
	const char *at = strrchr(name, '@');

	if (*name == '\0')
		return false;
	if ((person->party != NULL && strcmp(person->party, name) == 0) ||
	    (person->address != NULL && strcmp(person->address, name) == 0))
		return true;
	return person->domain != NULL &&
	    usher_domain_within(at == NULL ? name : at + 1, person->domain);
}

/* ---- names in bytes ---- */

static bool
is_inside_a_name(char c)
{
	return isalnum((unsigned char)c) || strchr("._+-@", c) != NULL;
}

/* It stands there by itself, and not as a part of a longer name. */
static bool
says(const char *bytes, size_t length, const char *name)
{
	size_t long_ = name == NULL ? 0 : strlen(name), at = 0;

	while (long_ > 0 && length - at >= long_) {
		const char *found = memmem(bytes + at, length - at, name,
		    long_);

		if (found == NULL)
			return false;
		at = (size_t)(found - bytes);
		if ((at == 0 || !is_inside_a_name(bytes[at - 1]) ||
			bytes[at - 1] == '\0') &&
		    (at + long_ == length || bytes[at + long_] == '\0' ||
			!is_inside_a_name(bytes[at + long_])))
			return true;
		at++;
	}
	return false;
}

static bool
text_says(const struct person *person, const struct person_record *record)
{
	const char *bytes = record->value.bytes;
	const char *key = record->parts[0];
	size_t length = record->value.length;

	if (says(bytes, length, person->address) ||
	    says(bytes, length, person->recipient))
		return true;
	return says(key, strlen(key), person->address) ||
	    says(key, strlen(key), person->recipient);
}

static bool
promise_is(const struct person *person, const struct promise_entry *entry)
{
	return usher_person_is(person, entry->party) ||
	    usher_person_is(person, entry->proven) ||
	    usher_person_is(person, entry->used_by) ||
	    usher_person_is(person, entry->came_as);
}

static bool
any_promise(const struct person *person, struct arena *arena,
    const struct usher_record_value *value)
{
	struct promise_list *list = usher_arena_alloc(arena, sizeof(*list));

	if (list == NULL || usher_promise_unpack(arena, value, list) != 0)
		return false;
	for (size_t i = 0; i < list->count; i++)
		if (promise_is(person, &list->entries[i]))
			return true;
	return false;
}

static bool
any_tally(const struct person *person, struct arena *arena,
    const struct usher_record_value *value)
{
	struct tally_list list;

	if (usher_tally_unpack(arena, value, 0, &list) != 0)
		return false;
	for (size_t i = 0; i < list.count; i++)
		if (usher_person_is(person, list.entries[i].what.party))
			return true;
	return false;
}

static bool
any_standing(const struct person *person, struct arena *arena,
    const struct usher_record_value *value)
{
	struct standing_list list;

	if (person->recipient == NULL ||
	    usher_standing_unpack(arena, value, &list) != 0)
		return false;
	for (size_t i = 0; i < list.count; i++)
		if (list.entries[i].recipient == person->standing_hash)
			return true;
	return false;
}

static enum person_has
value_has(const struct person *person, struct arena *arena,
    const struct person_record *record)
{
	const struct usher_record_value *value = &record->value;
	struct code *code;
	struct link link;

	switch (record->kind->value) {
	case VALUE_NAMELESS:
	case VALUE_STAGES: break;
	case VALUE_TEXT:
		return text_says(person, record) ? HAS_ALL : HAS_NOTHING;
	case VALUE_LINK:
		return usher_link_unpack(arena, value, &link) == 0 &&
			(usher_person_is(person, link.party) ||
			    usher_person_is(person, link.address))
		    ? HAS_ALL
		    : HAS_NOTHING;
	case VALUE_CODE:
		code = usher_arena_alloc(arena, sizeof(*code));
		return code != NULL &&
			usher_code_unpack(arena, value, code) == 0 &&
			usher_person_is(person, code->owner)
		    ? HAS_ALL
		    : HAS_NOTHING;
	case VALUE_PROMISES:
		return any_promise(person, arena, value) ? HAS_PART
							 : HAS_NOTHING;
	case VALUE_STANDING:
		return any_standing(person, arena, value) ? HAS_PART
							  : HAS_NOTHING;
	case VALUE_TALLY:
		return any_tally(person, arena, value) ? HAS_PART : HAS_NOTHING;
	}
	return HAS_NOTHING;
}

enum person_has
usher_person_has(const struct person *person, struct arena *arena,
    const struct person_record *record)
{
	for (size_t i = 0; i < PERSON_PARTS; i++) {
		const char *what = record->kind->parts[i];

		if (what == NULL)
			break;
		if (strcmp(what, RECIPIENT) == 0 && person->recipient != NULL &&
		    strcmp(record->parts[i], person->recipient) == 0)
			return HAS_ALL;
		if (strcmp(what, PARTY) == 0 &&
		    usher_person_is(person, record->parts[i]))
			return HAS_ALL;
	}
	return value_has(person, arena, record);
}

/* ---- without them ---- */

static int
promises_without(const struct person *person, struct arena *arena,
    const struct usher_record_value *value, struct buffer *buffer, bool *any)
{
	struct promise_list *list = usher_arena_alloc(arena, sizeof(*list));
	int code = list == NULL ? ENOMEM
				: usher_promise_unpack(arena, value, list);
	size_t count = 0;
	int64_t until;

	for (size_t i = 0; code == 0 && i < list->count; i++)
		if (!promise_is(person, &list->entries[i]))
			list->entries[count++] = list->entries[i];
	if (code != 0)
		return code;
	list->count = count;
	*any = count > 0;
	usher_promise_pack(list, buffer, &until);
	return 0;
}

static int
standing_without(const struct person *person, struct arena *arena,
    const struct usher_record_value *value, struct buffer *buffer, bool *any)
{
	struct standing_list list;
	int code = usher_standing_unpack(arena, value, &list);
	size_t count = 0;

	for (size_t i = 0; code == 0 && i < list.count; i++)
		if (list.entries[i].recipient != person->standing_hash)
			list.entries[count++] = list.entries[i];
	list.count = count;
	*any = count > 0;
	usher_standing_pack(&list, buffer);
	return code;
}

/* The recipient's sums stay: they are one of the others. */
static int
tally_without(const struct person *person, struct arena *arena,
    const struct usher_record_value *value, struct buffer *buffer, bool *any)
{
	struct tally_list list;
	int code = usher_tally_unpack(arena, value, 0, &list);

	for (size_t i = 0; code == 0 && i < list.count; i++) {
		if (!usher_person_is(person, list.entries[i].what.party))
			continue;
		list.entries[i].what.party = "";
		list.entries[i].what.proven = false;
	}
	usher_tally_add(&list, NULL, 0);
	*any = true;
	usher_tally_pack(&list, buffer);
	return code;
}

int
usher_person_without(const struct person *person, struct arena *arena,
    const struct person_record *record, struct buffer *buffer, bool *any)
{
	const struct usher_record_value *value = &record->value;
	int code = EILSEQ;

	if (record->kind->value == VALUE_PROMISES)
		code = promises_without(person, arena, value, buffer, any);
	else if (record->kind->value == VALUE_STANDING)
		code = standing_without(person, arena, value, buffer, any);
	else if (record->kind->value == VALUE_TALLY)
		code = tally_without(person, arena, value, buffer, any);
	return code == 0 && buffer->failed ? ENOMEM : code;
}
