/*
 * show: a recipient's week, between show.c that asks and show_table.c that
 * prints.
 */
#ifndef USHER_SHOW_H
#define USHER_SHOW_H

#include "arena.h"
#include "usher.h"
#include "zone.h"

enum { SHOW_DAYS = 7, SHOW_NOTES = 8 };

/* How one channel answers. */
struct show_cell {
	enum usher_answer answer;
	bool bring; /* accepted with what is asked for */
	size_t target_count;
	enum usher_channel target; /* the first one's */
	const char *scheme;	   /* of a target that is a URI, else NULL */
};

/* An interval of a day in which no answer changes. */
struct show_row {
	int32_t from, until; /* seconds of the day on the wall clock */
	struct show_cell cells[USHER_CHANNELS];
};

struct show_day {
	int32_t day; /* days since 1970-01-01, local */
	bool odd;    /* not 24 hours: the clocks change */
	size_t count, size;
	struct show_row *rows;
};

struct show_target {
	const char *word, *uri; /* uri NULL: no address published */
};

struct show_week {
	struct arena arena;
	const char *name, *zone;
	struct show_day days[SHOW_DAYS];
	/* For the legend, each once, at most SHOW_NOTES. */
	size_t target_count, bring_count;
	struct show_target targets[SHOW_NOTES];
	const char *bring[SHOW_NOTES];
};

bool usher_show_same(const struct show_cell *a, const struct show_cell *b);
/* `who`: in a sentence, for whom this is. */
void usher_show_print(const struct show_week *week, const char *who, FILE *out);

#endif
