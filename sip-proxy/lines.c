/*
 * lines.c - see lines.h.
 */
#include "lines.h"

#include <stdarg.h>
#include <stdio.h>

void
lines_begin(struct lines *lines)
{
	lines->from = lines->used;
	lines->full = false;
}

void
lines_add(struct lines *lines, const char *format, ...)
{
	size_t left = LINES_SIZE - lines->used;
	va_list arguments;
	int length;

	if (lines->full)
		return;
	va_start(arguments, format);
	length = vsnprintf(lines->text + lines->used, left, format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= left ||
	    lines->used + (size_t)length - lines->from > LINE_MOST)
		lines->full = true;
	else
		lines->used += (size_t)length;
}

static void
add_byte(struct lines *lines, char byte)
{
	if (lines->used + 1 >= LINES_SIZE ||
	    lines->used + 1 - lines->from > LINE_MOST)
		lines->full = true;
	if (!lines->full)
		lines->text[lines->used++] = byte;
}

void
lines_escape(struct lines *lines, const char *text, const char *escaped)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (strchr(escaped, c) != NULL)
			add_byte(lines, '\\');
		add_byte(lines, (char)(c < 0x20 || c == 0x7f ? ' ' : c));
	}
}

struct span
lines_end(struct lines *lines)
{
	lines_add(lines, "\r\n");
	if (lines->full)
		lines->used = lines->from;
	return (struct span){ lines->text + lines->from,
		lines->used - lines->from };
}
