/*
 * hours: windows of the wall clock and sets of dates (design.md §4).
 *
 *	[days] HH:MM-HH:MM[,HH:MM-HH:MM] [zone] [; ...]
 *
 * An instant lies in a window when the wall clock of its zone shows a time in
 * it, end exclusive, on one of its days; nothing else defines it. A window
 * over midnight belongs to the day it starts on.
 */
#ifndef USHER_HOURS_H
#define USHER_HOURS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "zone.h"

struct usher_error;

/* One entry of `days`: both ends included. A yearly one has no year. */
struct date_range {
	bool yearly;
	int32_t from, until; /* days since 1970, or month * 32 + day */
};

struct dates { /* a named set of dates */
	const char *name;
	size_t count;
	struct date_range *ranges;
};

struct window {
	uint8_t weekdays;    /* bit 0 Monday .. bit 6 Sunday */
	int32_t from, until; /* 0..86400 s of the day; until < from wraps */
	const struct zone *zone;
	size_t excepted_count; /* `not NAME` */
	const struct dates **excepted;
};

struct hours {
	const char *name; /* NULL when written in place */
	const char *text; /* as the source has it */
	size_t count;
	struct window *windows;
};

/* What names in a window text may mean. Either function may be NULL. */
struct hours_scope {
	struct zones *zones;
	const struct zone *zone; /* of windows that name none */
	const struct hours *(
	    *hours)(const void *arg, const char *name, size_t length);
	const struct dates *(
	    *dates)(const void *arg, const char *name, size_t length);
	/* The likely meant name, or NULL; for error texts. */
	const char *(
	    *suggest)(const void *arg, const char *name, size_t length);
	const void *arg;
};

enum { USHER_HOURS_MOST = 128 }; /* windows of one text, names resolved */

/*
 * Everything of the result lives in the arena; hours->name is left NULL.
 * EINVAL, ENOMEM.
 */
int usher_hours_parse(struct arena *arena, const char *text,
    const struct hours_scope *scope, struct hours *hours,
    struct usher_error *error);

/* "2026-12-24", "07-04", or a range of either with "..". */
int usher_dates_parse(const char *text, struct date_range *range,
    struct usher_error *error);

/* Whether a word is one of the window grammar (day words, `not`, ...). */
bool usher_hours_reserved(const char *word);

bool usher_dates_hold(const struct dates *dates, int32_t day);
bool usher_window_holds(const struct window *window, int64_t at);
bool usher_hours_hold(const struct hours *hours, int64_t at);

/*
 * The first instant after `at` at which the window may begin or cease to
 * hold: its starts and ends (each occurrence of a repeated hour), the end of a
 * gap that swallowed one, and changes of the zone's offset. INT64_MAX when
 * there is none at or before `limit`. May name an instant at which nothing
 * changes, never misses one.
 */
int64_t usher_window_edge(const struct window *window, int64_t at,
    int64_t limit);
int64_t usher_hours_edge(const struct hours *hours, int64_t at, int64_t limit);
/* The same for membership of the local day in a set of dates. */
int64_t usher_dates_edge(const struct dates *dates, const struct zone *zone,
    int64_t at, int64_t limit);

/* Whether it holds at any instant in from <= t < until. */
bool usher_hours_ever(const struct hours *hours, int64_t from, int64_t until);

#endif
