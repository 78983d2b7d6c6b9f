/*
 * hours_dates: the entries of `days`, and sets of them (hours.h, design.md §4).
 *
 * "2026-12-24", "07-04", or "A..B" of either with both ends included; a
 * yearly range whose end is earlier in the year goes over its turn. Called
 * when `days` and the condition `on` are compiled, and by hours.c.
 */
#include "hours.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "error.h"

enum {
	MONTH = 32,	  /* a yearly day is month * MONTH + day */
	LEAP_YEAR = 2000, /* has every day that a year can have */
	EDGE_STEPS = 4096
};

struct date {
	bool yearly;
	int year, month, day;
};

static bool
two_digits(const char *text, int *value)
{
	if (!isdigit((unsigned char)text[0]) ||
	    !isdigit((unsigned char)text[1]))
		return false;
	*value = (text[0] - '0') * 10 + (text[1] - '0');
	return true;
}

static bool
read_date(const char *text, size_t length, struct date *date)
{
	int century, rest;

	date->yearly = length == 5;
	date->year = LEAP_YEAR;
	if (length == 10) {
		if (!two_digits(text, &century) ||
		    !two_digits(text + 2, &rest) || text[4] != '-')
			return false;
		date->year = century * 100 + rest;
		text += 5;
	} else if (length != 5) {
		return false;
	}
	return two_digits(text, &date->month) && text[2] == '-' &&
	    two_digits(text + 3, &date->day);
}

/* The date as a number that date_range keeps. */
static int
take_date(const char *text, size_t length, struct date *date, int32_t *value,
    struct usher_error *error)
{
	int shown = length > 40 ? 40 : (int)length;

	if (!read_date(text, length, date))
		return usher_error_set(error, EINVAL,
		    "\"%.*s\" is no date: "
		    "write 2026-12-24, or 12-24 for every year, or two of "
		    "them with \"..\" between",
		    shown, text);
	if (!usher_date_exists(date->year, date->month, date->day))
		return usher_error_set(error, EINVAL,
		    "there is no day "
		    "\"%.*s\": the month stands before the day",
		    shown, text);
	*value = date->yearly
	    ? date->month * MONTH + date->day
	    : usher_day_of_date(date->year, date->month, date->day);
	return 0;
}

int
usher_dates_parse(const char *text, struct date_range *range,
    struct usher_error *error)
{
	const char *dots = strstr(text, "..");
	struct date from, until;
	int result;

	result = take_date(text,
	    dots == NULL ? strlen(text) : (size_t)(dots - text), &from,
	    &range->from, error);
	if (result != 0)
		return result;
	range->yearly = from.yearly;
	range->until = range->from;
	if (dots == NULL)
		return 0;
	result = take_date(dots + 2, strlen(dots + 2), &until, &range->until,
	    error);
	if (result != 0)
		return result;
	if (from.yearly != until.yearly)
		return usher_error_set(error, EINVAL,
		    "\"%s\": give both "
		    "ends a year, or neither",
		    text);
	if (!range->yearly && range->until < range->from)
		return usher_error_set(error, EINVAL,
		    "\"%s\" ends before it "
		    "begins: write %s..%.10s",
		    text, dots + 2, text);
	return 0;
}

bool
usher_dates_hold(const struct dates *dates, int32_t day)
{
	int32_t yearly = -1;

	for (size_t i = 0; i < dates->count; i++) {
		const struct date_range *range = &dates->ranges[i];
		int32_t value = day;

		if (range->yearly) {
			int year, month, month_day;

			if (yearly < 0) {
				usher_date_of_day(day, &year, &month,
				    &month_day);
				yearly = month * MONTH + month_day;
			}
			value = yearly;
		}
		if (range->from <= range->until
			? value >= range->from && value <= range->until
			: value >= range->from || value <= range->until)
			return true;
	}
	return false;
}

int64_t
usher_dates_edge(const struct dates *dates, const struct zone *zone, int64_t at,
    int64_t limit)
{
	static const int32_t midnight = 0;
	bool now = usher_dates_hold(dates, usher_zone_local(zone, at).day);

	for (int step = 1; at < limit; step++) {
		at = usher_zone_next(zone, at, &midnight, 1);
		if (at > limit)
			break;
		/* Nobody looks years ahead: an edge too many is legal. */
		if (step == EDGE_STEPS || at == INT64_MAX ||
		    usher_dates_hold(dates, usher_zone_local(zone, at).day) !=
			now)
			return at;
	}
	return INT64_MAX;
}
