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
add_bytes(struct lines *lines, const char *bytes, size_t length)
{
	if (lines->used + length >= LINES_SIZE ||
	    lines->used + length - lines->from > LINE_MOST)
		lines->full = true;
	if (lines->full || length == 0)
		return;
	memcpy(lines->text + lines->used, bytes, length);
	lines->used += length;
}

void
lines_put(struct lines *lines, const char *text)
{
	add_bytes(lines, text, strlen(text));
}

void
lines_escape(struct lines *lines, const char *text, const char *escaped)
{
	enum { CONTROLS = 0x20 };
	char stops[CONTROLS + 8] = { 0x7f };

	for (char c = 1; c < CONTROLS; c++)
		stops[(int)c] = c;
	strncpy(stops + CONTROLS, escaped, 7);
	while (*text != '\0') {
		size_t plain = strcspn(text, stops);

		add_bytes(lines, text, plain);
		text += plain;
		if (*text == '\0')
			break;
		if ((unsigned char)*text < CONTROLS || *text == 0x7f)
			add_bytes(lines, " ", 1);
		else
			add_bytes(lines, (const char[]){ '\\', *text }, 2);
		text++;
	}
}

struct span
lines_end(struct lines *lines)
{
	lines_put(lines, "\r\n");
	if (lines->full)
		lines->used = lines->from;
	return (struct span){ lines->text + lines->from,
		lines->used - lines->from };
}
