/*
 * zone_rule: the rule in the footer of a TZif file, "EST5EDT,M3.2.0,M11.1.0".
 *
 * Called by zone_file.c. Keeps RFC 8536 §3.3.1 on POSIX's TZ variable: hours
 * of -167 to 167, names in <>, and a summer behind its winter (Europe/Dublin)
 * or all year long.
 */
#include "zone_file.h"

#include <ctype.h>

#include "zone.h"

enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };

struct cursor {
	const char *at, *end;
};

static bool
take(struct cursor *cursor, char wanted)
{
	if (cursor->at == cursor->end || *cursor->at != wanted)
		return false;
	cursor->at++;
	return true;
}

static bool
number(struct cursor *cursor, int least, int most, int *value)
{
	const char *first = cursor->at;

	*value = 0;
	while (cursor->at < cursor->end && cursor->at - first < 3 &&
	    isdigit((unsigned char)*cursor->at))
		*value = *value * 10 + (*cursor->at++ - '0');
	return cursor->at > first && *value >= least && *value <= most;
}

static bool
designation(struct cursor *cursor)
{
	const char *first = cursor->at;
	bool quoted = take(cursor, '<');

	while (cursor->at < cursor->end &&
	    (isalpha((unsigned char)*cursor->at) ||
		(quoted &&
		    (isdigit((unsigned char)*cursor->at) ||
			*cursor->at == '+' || *cursor->at == '-'))))
		cursor->at++;
	if (quoted)
		return take(cursor, '>');
	return cursor->at > first;
}

/* [+-]h[:m[:s]] in seconds. */
static bool
duration(struct cursor *cursor, int most_hours, int32_t *seconds)
{
	bool negative = take(cursor, '-');
	int hours, minutes = 0, rest = 0;

	if (!negative)
		(void)take(cursor, '+');
	if (!number(cursor, 0, most_hours, &hours))
		return false;
	if (take(cursor, ':')) {
		if (!number(cursor, 0, 59, &minutes))
			return false;
		if (take(cursor, ':') && !number(cursor, 0, 59, &rest))
			return false;
	}
	*seconds = hours * HOUR + minutes * MINUTE + rest;
	if (negative)
		*seconds = -*seconds;
	return true;
}

/* POSIX counts offsets west of UTC. */
static bool
offset(struct cursor *cursor, int32_t *seconds)
{
	if (!duration(cursor, 24, seconds))
		return false;
	*seconds = -*seconds;
	return true;
}

static bool
rule_day(struct cursor *cursor, struct zone_rule_day *day)
{
	if (!take(cursor, ','))
		return false;
	day->month = day->week = 0;
	if (take(cursor, 'M')) {
		day->form = 'M';
		if (!number(cursor, 1, 12, &day->month) || !take(cursor, '.') ||
		    !number(cursor, 1, 5, &day->week) || !take(cursor, '.') ||
		    !number(cursor, 0, 6, &day->day))
			return false;
	} else {
		day->form = take(cursor, 'J') ? 'J' : '0';
		if (!number(cursor, day->form == 'J', 365, &day->day))
			return false;
	}
	day->second = 2 * HOUR;
	return !take(cursor, '/') || duration(cursor, 167, &day->second);
}

bool
usher_zone_rule_parse(const char *text, size_t length, struct zone_rule *rule)
{
	struct cursor cursor = { text, text + length };

	if (!designation(&cursor) || !offset(&cursor, &rule->standard))
		return false;
	rule->yearly = cursor.at < cursor.end;
	if (!rule->yearly)
		return true;
	if (!designation(&cursor))
		return false;
	rule->summer = rule->standard + HOUR;
	if (cursor.at < cursor.end && *cursor.at != ',' &&
	    !offset(&cursor, &rule->summer))
		return false;
	return rule_day(&cursor, &rule->begin) &&
	    rule_day(&cursor, &rule->end) && cursor.at == cursor.end;
}

static int32_t
day_in_year(const struct zone_rule_day *rule, int year)
{
	int32_t day;

	if (rule->form != 'M') {
		day = usher_day_of_date(year, 1, 1) + rule->day;
		if (rule->form == 'J' &&
		    (rule->day < 60 || !usher_date_exists(year, 2, 29)))
			day--;
		return day;
	}
	/* The rule's weeks begin on Sunday, the calendar's on Monday. */
	day = usher_day_of_date(year, rule->month, 1);
	day += (rule->day + 6 - usher_weekday_of_day(day)) % 7;
	day += (rule->week - 1) * 7;
	if (rule->week == 5) {
		int32_t next = rule->month == 12
		    ? usher_day_of_date(year + 1, 1, 1)
		    : usher_day_of_date(year, rule->month + 1, 1);

		if (day >= next)
			day -= 7;
	}
	return day;
}

/* Times of the rule are those of the clock before the change. */
void
usher_zone_rule_changes(const struct zone_rule *rule, int year,
    struct zone_change changes[2])
{
	struct zone_change begin, end;

	begin.at = (int64_t)day_in_year(&rule->begin, year) * DAY +
	    rule->begin.second - rule->standard;
	begin.offset = rule->summer;
	end.at = (int64_t)day_in_year(&rule->end, year) * DAY +
	    rule->end.second - rule->summer;
	end.offset = rule->standard;
	changes[0] = begin.at <= end.at ? begin : end;
	changes[1] = begin.at <= end.at ? end : begin;
}
