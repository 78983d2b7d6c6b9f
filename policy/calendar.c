/*
 * calendar: dates and times as text, and their arithmetic (zone.h).
 *
 * Called wherever a day or an instant is read or shown. Keeps RFC 3339 §5.6
 * as far as whole seconds go, with what zone.h lets people leave out. Days
 * are counted with years that begin in March, so that the leap day is last.
 */
#include "zone.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "error.h"

enum {
	MINUTE = 60,
	HOUR = 3600,
	DAY = 86400,
	ERA_YEARS = 400,
	ERA_DAYS = 146097,
	ERA_TO_1970 = 719468 /* days from 0000-03-01 to 1970-01-01 */
};

int32_t
usher_day_of_date(int year, int month, int day)
{
	int from_march = (month + 9) % 12;
	int era, year_of_era, day_of_year;

	year -= month <= 2;
	era = (year >= 0 ? year : year - (ERA_YEARS - 1)) / ERA_YEARS;
	year_of_era = year - era * ERA_YEARS;
	day_of_year = (153 * from_march + 2) / 5 + day - 1;
	return era * ERA_DAYS + year_of_era * 365 + year_of_era / 4 -
	    year_of_era / 100 + day_of_year - ERA_TO_1970;
}

void
usher_date_of_day(int32_t day, int *year, int *month, int *month_day)
{
	int64_t count = (int64_t)day + ERA_TO_1970;
	int era = (int)((count >= 0 ? count : count - (ERA_DAYS - 1)) /
	    ERA_DAYS);
	int rest = (int)(count - (int64_t)era * ERA_DAYS);
	int year_of_era = (rest - rest / 1460 + rest / 36524 - rest / 146096) /
	    365;
	int day_of_year = rest -
	    (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int from_march = (5 * day_of_year + 2) / 153;

	*month_day = day_of_year - (153 * from_march + 2) / 5 + 1;
	*month = from_march < 10 ? from_march + 3 : from_march - 9;
	*year = year_of_era + era * ERA_YEARS + (*month <= 2);
}

int
usher_weekday_of_day(int32_t day)
{
	int weekday = (day % 7 + 3) % 7; /* 1970-01-01 was a Thursday */

	return weekday < 0 ? weekday + 7 : weekday;
}

bool
usher_date_exists(int year, int month, int day)
{
	static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
		30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	if (month < 1 || month > 12 || day < 1)
		return false;
	return day <= lengths[month - 1] + (month == 2 && leap);
}

/* Exactly `digits` digits, then `*text` stands behind them. */
static bool
take_number(const char **text, int digits, int *value)
{
	*value = 0;
	for (int i = 0; i < digits; i++, (*text)++) {
		if (!isdigit((unsigned char)**text))
			return false;
		*value = *value * 10 + (**text - '0');
	}
	return true;
}

static bool
take(const char **text, char wanted)
{
	if (**text != wanted)
		return false;
	(*text)++;
	return true;
}

/* Programs write fractions of a second; decisions know whole ones. */
static bool
pass_fraction(const char **text)
{
	const char *begin;

	if (!take(text, '.') && !take(text, ','))
		return true;
	begin = *text;
	while (isdigit((unsigned char)**text))
		(*text)++;
	return *text > begin;
}

struct written_time { /* a time as its text has it */
	int year, month, day, hour, minute, second;
	bool has_offset;
	int32_t offset;
};

static bool
read_offset(const char **text, struct written_time *time)
{
	bool west = **text == '-';
	int hours, minutes;

	if (**text == '\0')
		return true;
	time->has_offset = true;
	if (take(text, 'Z') || take(text, 'z'))
		return true;
	if (!take(text, '+') && !take(text, '-'))
		return false;
	if (!take_number(text, 2, &hours))
		return false;
	(void)take(text, ':');
	if (!take_number(text, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	time->offset = (hours * HOUR + minutes * MINUTE) * (west ? -1 : 1);
	return true;
}

static bool
read_time(const char *text, struct written_time *time)
{
	if (!take_number(&text, 4, &time->year) || !take(&text, '-') ||
	    !take_number(&text, 2, &time->month) || !take(&text, '-') ||
	    !take_number(&text, 2, &time->day))
		return false;
	if (*text == '\0')
		return true;
	if (!take(&text, 'T') && !take(&text, 't') && !take(&text, ' '))
		return false;
	if (!take_number(&text, 2, &time->hour) || !take(&text, ':') ||
	    !take_number(&text, 2, &time->minute))
		return false;
	if (take(&text, ':')) {
		if (!take_number(&text, 2, &time->second))
			return false;
		if (!pass_fraction(&text))
			return false;
	}
	return read_offset(&text, time) && *text == '\0';
}

int
usher_time_parse(const char *text, const struct zone *zone, int64_t *at,
    struct usher_error *error)
{
	struct written_time time = { 0 };
	int32_t day, second;

	if (!read_time(text, &time))
		return usher_error_set(error, EINVAL,
		    "\"%.60s\" is no time: "
		    "write 2026-11-24T15:00, with -05:00 or Z behind it when "
		    "the offset matters",
		    text);
	if (!usher_date_exists(time.year, time.month, time.day))
		return usher_error_set(error, EINVAL,
		    "\"%s\": there is no "
		    "such day (the order is year-month-day)",
		    text);
	if (time.hour > 23 || time.minute > 59 || time.second > 59)
		return usher_error_set(error, EINVAL,
		    "\"%s\": the time of "
		    "day goes from 00:00:00 to 23:59:59",
		    text);
	day = usher_day_of_date(time.year, time.month, time.day);
	second = time.hour * HOUR + time.minute * MINUTE + time.second;
	if (zone != NULL && !time.has_offset)
		*at = usher_zone_instant(zone, day, second);
	else
		*at = (int64_t)day * DAY + second - time.offset;
	return 0;
}

static char *
put_two(char *out, int value)
{
	*out++ = (char)('0' + value / 10 % 10);
	*out++ = (char)('0' + value % 10);
	return out;
}

/* Every answer has an instant in it: printf would be half its cost. */
static char *
put_date(char *out, int year, int month, int day)
{
	if (year < 0 || year > 9999)
		return out + sprintf(out, "%04d-%02d-%02d", year, month, day);
	out = put_two(put_two(out, year / 100), year % 100);
	*out++ = '-';
	out = put_two(out, month);
	*out++ = '-';
	return put_two(out, day);
}

void
usher_time_format(int64_t at, const struct zone *zone,
    char text[USHER_TIME_TEXT])
{
	int32_t offset = zone == NULL ? 0 : usher_zone_span(zone, at).offset;
	int year, month, day, minutes;
	int64_t local, days;
	char *at_text;

	/* ISO 8601 has offsets of whole minutes; the instant stays exact. */
	offset -= offset % MINUTE;
	local = at + offset;
	days = local / DAY - (local % DAY < 0);
	local -= days * DAY;
	usher_date_of_day((int32_t)days, &year, &month, &day);
	at_text = put_date(text, year, month, day);
	*at_text++ = 'T';
	at_text = put_two(at_text, (int)local / HOUR);
	*at_text++ = ':';
	at_text = put_two(at_text, (int)local / MINUTE % 60);
	*at_text++ = ':';
	at_text = put_two(at_text, (int)local % MINUTE);
	minutes = (offset < 0 ? -offset : offset) / MINUTE;
	if (zone == NULL) {
		*at_text++ = 'Z';
	} else {
		*at_text++ = offset < 0 ? '-' : '+';
		at_text = put_two(at_text, minutes / 60);
		*at_text++ = ':';
		at_text = put_two(at_text, minutes % 60);
	}
	*at_text = '\0';
}
