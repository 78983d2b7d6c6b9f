/*
 * promise: lists of promises as bytes, and back: see promise.h.
 *
 * A byte for the form, then each entry: numbers in eight bytes, the lowest
 * first, and strings behind their length in two, the same on every machine.
 */
#include "promise.h"

#include <errno.h>
#include <string.h>

enum { FORM = 1, NUMBERS = 5, STRINGS = 8 };

/* ---- bytes ---- */

struct reader {
	const unsigned char *at;
	size_t left;
	struct arena *arena;
	bool wrong;
};

static void
put_number(struct buffer *buffer, int64_t number)
{
	char bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (char)((uint64_t)number >> (8 * i) & 0xff);
	usher_buffer_add(buffer, bytes, sizeof(bytes));
}

static void
put_string(struct buffer *buffer, const char *string)
{
	size_t length = string == NULL ? 0 : strlen(string);
	char bytes[2];

	if (length > UINT16_MAX)
		length = UINT16_MAX;
	bytes[0] = (char)(length & 0xff);
	bytes[1] = (char)(length >> 8);
	usher_buffer_add(buffer, bytes, sizeof(bytes));
	usher_buffer_add(buffer, string == NULL ? "" : string, length);
}

static const unsigned char *
take(struct reader *reader, size_t length)
{
	const unsigned char *at = reader->at;

	if (reader->wrong || reader->left < length) {
		reader->wrong = true;
		return NULL;
	}
	reader->at += length;
	reader->left -= length;
	return at;
}

static int64_t
get_number(struct reader *reader)
{
	const unsigned char *bytes = take(reader, 8);
	uint64_t number = 0;

	for (int i = 0; bytes != NULL && i < 8; i++)
		number |= (uint64_t)bytes[i] << (8 * i);
	return (int64_t)number;
}

static const char *
get_string(struct reader *reader)
{
	const unsigned char *bytes = take(reader, 2);
	size_t length = bytes == NULL ? 0 : bytes[0] | (size_t)bytes[1] << 8;
	const char *string;

	bytes = take(reader, length);
	string = usher_arena_bytes(reader->arena,
	    bytes == NULL ? "" : (const char *)bytes,
	    bytes == NULL ? 0 : length);
	return string == NULL ? "" : string;
}

static struct reader
begin(struct arena *arena, const struct usher_record_value *value)
{
	struct reader reader = { .at = value->bytes, .arena = arena };
	const unsigned char *form;

	if (value->bytes == NULL)
		return reader;
	reader.left = value->length;
	form = take(&reader, 1);
	if (form != NULL && *form != FORM)
		reader.wrong = true;
	return reader;
}

static int
end(const struct reader *reader, size_t *count)
{
	if (!reader->wrong && reader->left == 0)
		return reader->arena->failed ? ENOMEM : 0;
	*count = 0;
	return EILSEQ;
}

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
	struct reader reader = begin(arena, value);

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
			*numbers[i] = get_number(&reader);
		for (size_t i = 0; i < STRINGS; i++)
			*strings[i] = get_string(&reader);
	}
	return end(&reader, &list->count);
}

void
usher_promise_pack(const struct promise_list *list, struct buffer *buffer,
    int64_t *until)
{
	const char form = FORM;

	*until = 0;
	usher_buffer_add(buffer, &form, 1);
	for (size_t i = 0; i < list->count; i++) {
		struct promise_entry entry = list->entries[i];
		int64_t *numbers[NUMBERS];
		const char **strings[STRINGS];

		entry_parts(&entry, numbers, strings);
		for (size_t k = 0; k < NUMBERS; k++)
			put_number(buffer, *numbers[k]);
		for (size_t k = 0; k < STRINGS; k++)
			put_string(buffer, *strings[k]);
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
	if (party != NULL && strcmp(entry->party, party) == 0)
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
	struct reader reader = begin(arena, value);

	list->count = 0;
	while (!reader.wrong && reader.left > 0) {
		struct proof_entry *entry = &list->entries[list->count];

		if (list->count++ == PROMISE_MOST) {
			reader.wrong = true;
			break;
		}
		entry->from = get_number(&reader);
		entry->kept_until = get_number(&reader);
		entry->domain = get_string(&reader);
		entry->id = get_string(&reader);
	}
	return end(&reader, &list->count);
}

void
usher_proof_pack(const struct proof_list *list, struct buffer *buffer,
    int64_t *until)
{
	const char form = FORM;

	*until = 0;
	usher_buffer_add(buffer, &form, 1);
	for (size_t i = 0; i < list->count; i++) {
		const struct proof_entry *entry = &list->entries[i];

		put_number(buffer, entry->from);
		put_number(buffer, entry->kept_until);
		put_string(buffer, entry->domain);
		put_string(buffer, entry->id);
		if (entry->kept_until > *until)
			*until = entry->kept_until;
	}
}
