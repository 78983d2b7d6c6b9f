/*
 * Days, dates, and times as text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "zone.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void
days_and_dates_are_each_others_inverse(void **state)
{
	int year = 1600, month = 1, day = 1, weekday = 5; /* a Saturday */
	int32_t first = usher_day_of_date(1600, 1, 1);

	(void)state;
	assert_int_equal(usher_day_of_date(1970, 1, 1), 0);
	assert_int_equal(usher_day_of_date(2000, 3, 1), 11017);
	for (int32_t count = first; year < 2500; count++) {
		int y, m, d;

		usher_date_of_day(count, &y, &m, &d);
		assert_true(y == year && m == month && d == day);
		assert_int_equal(usher_day_of_date(y, m, d), count);
		assert_int_equal(usher_weekday_of_day(count), weekday);
		weekday = (weekday + 1) % 7;
		day++;
		if (usher_date_exists(year, month, day))
			continue;
		day = 1;
		month = month % 12 + 1;
		year += month == 1;
	}
}

static void
dates_that_do_not_exist(void **state)
{
	(void)state;
	assert_true(usher_date_exists(2024, 2, 29));
	assert_true(usher_date_exists(2000, 2, 29));
	assert_false(usher_date_exists(1900, 2, 29));
	assert_false(usher_date_exists(2026, 2, 29));
	assert_false(usher_date_exists(2026, 4, 31));
	assert_false(usher_date_exists(2026, 0, 1));
	assert_false(usher_date_exists(2026, 13, 1));
	assert_false(usher_date_exists(2026, 1, 0));
	assert_false(usher_date_exists(2026, 1, 32));
}

static void
times_are_read_as_people_write_them(void **state)
{
	static const struct {
		const char *text, *utc; /* utc NULL: refused */
	} table[] = { { "2026-11-24T15:00:00-05:00", "2026-11-24T20:00:00Z" },
		{ "2026-11-24T15:00-0500", "2026-11-24T20:00:00Z" },
		{ "2026-11-24T15:00:00Z", "2026-11-24T15:00:00Z" },
		{ "2026-11-24T15:00:00.999999+00:00", "2026-11-24T15:00:00Z" },
		{ "2026-11-24T15:00:00,5", "2026-11-24T20:00:00Z" },
		{ "2026-11-24t15:00z", "2026-11-24T15:00:00Z" },
		{ "2026-11-24T15:00", "2026-11-24T20:00:00Z" },
		{ "2026-11-24 15:00:59", "2026-11-24T20:00:59Z" },
		{ "2026-07-01 15:00", "2026-07-01T19:00:00Z" },
		{ "2026-11-24", "2026-11-24T05:00:00Z" },
		{ "2026-03-08 02:30", "2026-03-08T07:30:00Z" },
		{ "2026-11-01 01:30", "2026-11-01T05:30:00Z" },
		{ "2026-11-24T15:00:00+05:45", "2026-11-24T09:15:00Z" },
		{ "1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z" },
		{ "9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z" },
		{ "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z" },
		{ "", NULL }, { "now", NULL }, { "2026", NULL },
		{ "2026-11", NULL }, { "2026-11-24T", NULL },
		{ "2026-11-24Z", NULL }, { "2026-11-24T15", NULL },
		{ "2026-11-24T15:0", NULL }, { "2026-11-24T15:00:0", NULL },
		{ "2026-11-24T15:00:00.Z", NULL },
		{ "2026-11-24T15:00.5Z", NULL },
		{ "2026-11-24T15:00:00+5", NULL },
		{ "2026-11-24T15:00:00+05:", NULL },
		{ "2026-11-24T15:00:00+24:00", NULL },
		{ "2026-11-24T15:00:00+05:60", NULL },
		{ "2026-11-24T15:00Zx", NULL }, { "2026-11-24T15:00 Z", NULL },
		{ "2026-11-24T24:00", NULL }, { "2026-11-24T15:60", NULL },
		{ "2026-11-24T15:00:60", NULL }, { "2026-02-29", NULL },
		{ "2026-24-11", NULL }, { "26-11-24", NULL },
		{ " 2026-11-24", NULL }, { "-026-11-24", NULL },
		{ "11/24/2026", NULL }, { "2026-11-24T-1:00", NULL } };
	struct zones *zones = usher_zones_new();
	const struct zone *zone = usher_zone_find(zones, "America/New_York",
	    NULL);

	(void)state;
	assert_non_null(zone);
	for (size_t i = 0; i < COUNT(table); i++) {
		struct usher_error error = { 0 };
		char text[USHER_TIME_TEXT];
		int64_t at = 0, again = 1;
		int result = usher_time_parse(table[i].text, zone, &at, &error);

		if ((result == 0) != (table[i].utc != NULL))
			fail_msg("\"%s\": %s", table[i].text, error.text);
		if (result != 0) {
			assert_int_equal(result, EINVAL);
			assert_int_equal(error.code, EINVAL);
			assert_true(strlen(error.text) > 20);
			continue;
		}
		usher_time_format(at, NULL, text);
		assert_string_equal(text, table[i].utc);
		usher_time_format(at, zone, text);
		assert_int_equal(usher_time_parse(text, NULL, &again, NULL), 0);
		assert_true(again == at);
	}
	usher_zones_free(zones);
}

static void
times_are_shown_in_their_zone(void **state)
{
	static const struct {
		int64_t at;
		const char *zone, *text;
	} table[] = { { 0, NULL, "1970-01-01T00:00:00Z" },
		{ -1, NULL, "1969-12-31T23:59:59Z" },
		{ 1795550400, "America/New_York", "2026-11-24T15:00:00-05:00" },
		{ 1795550400, "Asia/Kathmandu", "2026-11-25T01:45:00+05:45" },
		{ 1795550400, "UTC", "2026-11-24T20:00:00+00:00" },
		/* 44 minutes 30 behind: whole minutes, the same instant. */
		{ 0, "Africa/Monrovia", "1969-12-31T23:16:00-00:44" } };
	struct zones *zones = usher_zones_new();
	char text[USHER_TIME_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const struct zone *zone = NULL;

		if (table[i].zone != NULL)
			zone = usher_zone_find(zones, table[i].zone, NULL);
		usher_time_format(table[i].at, zone, text);
		assert_string_equal(text, table[i].text);
	}
	usher_zones_free(zones);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days_and_dates_are_each_others_inverse),
		cmocka_unit_test(dates_that_do_not_exist),
		cmocka_unit_test(times_are_read_as_people_write_them),
		cmocka_unit_test(times_are_shown_in_their_zone)
	};

	return cmocka_run_group_tests_name("calendar", tests, NULL, NULL);
}
