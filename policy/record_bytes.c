/*
 * record_bytes: see record_bytes.h.
 */
#include "record_bytes.h"

#include <errno.h>
#include <string.h>

static const unsigned char *
take(struct record_reader *reader, size_t length)
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

struct record_reader
usher_record_reader(struct arena *arena, const struct usher_record_value *value,
    char form)
{
	struct record_reader reader = { .at = value->bytes, .arena = arena };
	const unsigned char *found;

	if (value->bytes == NULL)
		return reader;
	reader.left = value->length;
	found = take(&reader, 1);
	if (found != NULL && *found != (unsigned char)form)
		reader.wrong = true;
	return reader;
}

int64_t
usher_record_get_number(struct record_reader *reader)
{
	const unsigned char *bytes = take(reader, 8);
	uint64_t number = 0;

	for (int i = 0; bytes != NULL && i < 8; i++)
		number |= (uint64_t)bytes[i] << (8 * i);
	return (int64_t)number;
}

const char *
usher_record_get_string(struct record_reader *reader)
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

int
usher_record_read_end(const struct record_reader *reader)
{
	if (reader->wrong || reader->left > 0)
		return EILSEQ;
	return reader->arena->failed ? ENOMEM : 0;
}

void
usher_record_put_form(struct buffer *buffer, char form)
{
	usher_buffer_add(buffer, &form, 1);
}

void
usher_record_put_number(struct buffer *buffer, int64_t number)
{
	char bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (char)((uint64_t)number >> (8 * i) & 0xff);
	usher_buffer_add(buffer, bytes, sizeof(bytes));
}

void
usher_record_put_string(struct buffer *buffer, const char *string)
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
