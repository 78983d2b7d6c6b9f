/*
 * lines.h - header lines of an answer, put together in one block.
 *
 * A line that does not fit is left out whole, never cut. Used by answer.c; the
 * block is the caller's.
 */
#ifndef USHER_SIP_LINES_H
#define USHER_SIP_LINES_H

#include "span.h"
#include "usher.h"

enum { LINES_SIZE = 6144, LINE_MOST = 2000 };

struct lines {
	char *text; /* LINES_SIZE bytes */
	size_t used;
	size_t from;  /* where the current line begins */
	bool full;    /* ... and that it did not fit */
	size_t count; /* of the words to whoever is turned away */
	const char *words[USHER_WORDS_LINES];
};

void lines_begin(struct lines *lines);
void lines_add(struct lines *lines, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void lines_put(struct lines *lines, const char *text);
/* Text inside quotes or parentheses: a backslash before each of `escaped`, and
 * no line may end in it. */
void lines_escape(struct lines *lines, const char *text, const char *escaped);
/* The line with its CRLF; empty when it did not fit. */
struct span lines_end(struct lines *lines);

#endif
