/*
 * hours_parse: what the two halves of the window parser share.
 *
 * Private to hours_parse.c (pieces, times, zone) and hours_days.c (days and
 * `not`).
 */
#ifndef USHER_HOURS_PARSE_H
#define USHER_HOURS_PARSE_H

#include "hours.h"

struct hours_word { /* of a piece, not ended by NUL */
	const char *text;
	size_t length;
};

struct hours_parser {
	struct arena *arena;
	const struct hours_scope *scope;
	struct usher_error *error;
	const char *rest;     /* of the piece, squeezed */
	struct window window; /* what the piece says so far */
	struct hours *hours;
	size_t size; /* room for windows */
};

/* The next word of the piece, empty at its end; `next` takes it as well. */
struct hours_word usher_hours_peek(const struct hours_parser *parser);
struct hours_word usher_hours_next(struct hours_parser *parser);

/* Cuts the part before `separator` off; false when nothing is left. */
bool usher_hours_cut(struct hours_word *rest, char separator,
    struct hours_word *part);
bool usher_hours_same(struct hours_word word, const char *text);
bool usher_hours_digit(struct hours_word word); /* it begins with one */

/* EINVAL, with a sentence that begins with the word in quotes. */
int usher_hours_fail(struct hours_parser *parser, struct hours_word word,
    const char *format, ...) __attribute__((format(printf, 3, 4)));
int usher_hours_no_memory(struct hours_parser *parser);

/* "Mon-Wed,Fri" and "not NAME" (behind the not) into parser->window. */
int usher_hours_days(struct hours_parser *parser, struct hours_word list);
int usher_hours_not(struct hours_parser *parser);
bool usher_hours_day_word(struct hours_word word);

#endif
