/*
 * buffer: a growing string, see struct buffer in text.h.
 */
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_SIZE = 256 };

static bool
resize(struct buffer *buffer, size_t size)
{
	char *data = realloc(buffer->data, size);

	if (data == NULL) {
		buffer->failed = true;
		return false;
	}
	buffer->data = data;
	buffer->size = size;
	return true;
}

/* Room for `more` bytes and a NUL. */
static bool
reserve(struct buffer *buffer, size_t more)
{
	size_t size = buffer->size == 0 ? FIRST_SIZE : buffer->size;

	if (buffer->failed || more >= SIZE_MAX / 2 - buffer->length) {
		buffer->failed = true;
		return false;
	}
	while (size - 1 < buffer->length + more)
		size *= 2;
	return size == buffer->size || resize(buffer, size);
}

void
usher_buffer_expect(struct buffer *buffer, size_t length)
{
	if (buffer->size == 0 && !buffer->failed && length < SIZE_MAX / 2 &&
	    resize(buffer, length + 1))
		buffer->data[0] = '\0';
}

void
usher_buffer_more(struct buffer *buffer, const char *data, size_t length)
{
	if (!reserve(buffer, length))
		return;
	if (length > 0)
		memcpy(buffer->data + buffer->length, data, length);
	buffer->length += length;
	buffer->data[buffer->length] = '\0';
}

void
usher_buffer_printf(struct buffer *buffer, const char *format, ...)
{
	va_list arguments, again;
	int length;

	va_start(arguments, format);
	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0) {
		buffer->failed = true;
	} else if (reserve(buffer, (size_t)length)) {
		vsnprintf(buffer->data + buffer->length, (size_t)length + 1,
		    format, again);
		buffer->length += (size_t)length;
	}
	va_end(again);
}

void
usher_buffer_free(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){ 0 };
}
