/*
 * Sets of dates: what their text means, which days they hold, their edges.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "error.h"
#include "hours.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

enum { HOUR = 3600, DAY = 86400 };

static struct date_range
range_of(const char *text)
{
	struct usher_error error = { 0 };
	struct date_range range;

	if (usher_dates_parse(text, &range, &error) != 0)
		fail_msg("%s: %s", text, error.text);
	return range;
}

static void
ranges_hold_their_days(void **state)
{
	static const struct {
		const char *range;
		int year, month, day;
		bool holds;
	} table[] = { { "2026-12-24", 2026, 12, 24, true },
		{ "2026-12-24", 2027, 12, 24, false },
		{ "2026-12-24", 2026, 12, 23, false },
		{ "2024-02-29", 2024, 2, 29, true },
		{ "07-04", 1999, 7, 4, true }, { "07-04", 2050, 7, 4, true },
		{ "07-04", 2050, 7, 5, false },
		{ "2026-12-24..2027-01-02", 2026, 12, 23, false },
		{ "2026-12-24..2027-01-02", 2026, 12, 24, true },
		{ "2026-12-24..2027-01-02", 2026, 12, 31, true },
		{ "2026-12-24..2027-01-02", 2027, 1, 2, true },
		{ "2026-12-24..2027-01-02", 2027, 1, 3, false },
		{ "2026-12-24..2027-01-02", 2027, 12, 24, false },
		{ "2026-12-24..2026-12-24", 2026, 12, 24, true },
		{ "07-01..08-31", 2030, 6, 30, false },
		{ "07-01..08-31", 2030, 7, 1, true },
		{ "07-01..08-31", 2030, 8, 31, true },
		{ "07-01..08-31", 2030, 9, 1, false },
		{ "12-24..01-02", 2030, 12, 23, false },
		{ "12-24..01-02", 2030, 12, 24, true },
		{ "12-24..01-02", 2030, 12, 31, true },
		{ "12-24..01-02", 2031, 1, 1, true },
		{ "12-24..01-02", 2031, 1, 2, true },
		{ "12-24..01-02", 2031, 1, 3, false },
		{ "02-29", 2028, 2, 29, true }, { "02-29", 2027, 2, 28, false },
		{ "02-29", 2027, 3, 1, false },
		{ "02-27..02-29", 2027, 2, 28, true },
		{ "02-29..03-01", 2027, 3, 1, true },
		{ "01-01..12-31", 2027, 6, 15, true } };

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct date_range range = range_of(table[i].range);
		struct dates dates = { "days", 1, &range };
		int32_t day = usher_day_of_date(table[i].year, table[i].month,
		    table[i].day);

		if (usher_dates_hold(&dates, day) != table[i].holds)
			fail_msg("%s on %d-%d-%d", table[i].range,
			    table[i].year, table[i].month, table[i].day);
	}
}

static void
errors_say_what_to_write(void **state)
{
	static const struct {
		const char *text, *said;
	} table[] = { { "", "is no date" }, { "..", "is no date" },
		{ "2026-12-24..", "is no date" },
		{ "..2026-12-24", "is no date" },
		{ "2026-12-24..2026-12-26..2026-12-28", "is no date" },
		{ "2026-12-24...2026-12-26", "is no date" },
		{ "2026-12-24 .. 2026-12-26", "is no date" },
		{ " 07-04", "is no date" }, { "07-04 ", "is no date" },
		{ "7-4", "is no date" }, { "07/04", "is no date" },
		{ "26-12-24", "is no date" }, { "2026/12/24", "is no date" },
		{ "20261224", "is no date" }, { "2026-1224", "is no date" },
		{ "July 4", "is no date" }, { "2026-12-2x", "is no date" },
		{ "-026-12-24", "is no date" },
		{ "2026-12-24T00:00", "is no date" }, { "Mon", "is no date" },
		{ "2026-02-29", "no day" },
		{ "2026-24-12", "month stands before the day" },
		{ "02-30", "no day" }, { "00-10", "no day" },
		{ "12-00", "no day" }, { "2026-12-24..2026-12-32", "no day" },
		{ "2026-12-24..01-02", "both" },
		{ "12-24..2027-01-02", "both" },
		{ "2027-01-02..2026-12-24", "write 2026-12-24..2027-01-02" } };

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct usher_error error = { 0 };
		struct date_range range;

		if (usher_dates_parse(table[i].text, &range, &error) != EINVAL)
			fail_msg("\"%s\" was read", table[i].text);
		if (strstr(error.text, table[i].said) == NULL)
			fail_msg("\"%s\": %s", table[i].text, error.text);
		assert_int_equal(usher_dates_parse(table[i].text, &range, NULL),
		    EINVAL);
	}
}

static void
a_set_holds_what_any_entry_holds(void **state)
{
	struct date_range ranges[2] = { range_of("2026-12-24..2027-01-02"),
		range_of("07-04") };
	struct dates both = { "days", 2, ranges }, none = { "days", 0, NULL };

	(void)state;
	assert_true(usher_dates_hold(&both, usher_day_of_date(2027, 1, 1)));
	assert_true(usher_dates_hold(&both, usher_day_of_date(2030, 7, 4)));
	assert_false(usher_dates_hold(&both, usher_day_of_date(2030, 1, 1)));
	assert_false(usher_dates_hold(&none, 0));
}

/*
 * Hour by hour, and where a midnight is skipped or repeated by the minute:
 * membership changes at reported edges alone.
 */
static void
nothing_changes_between_edges(void **state)
{
	static const struct {
		const char *zone, *range, *from;
		int days, step;
	} table[] = { { "America/New_York", "12-24..01-02", "2026-06-01", 800,
			  HOUR },
		{ "America/New_York", "2026-03-08", "2026-03-01", 20, HOUR },
		{ "Asia/Kathmandu", "07-04", "2026-06-01", 60, HOUR / 4 },
		{ "Pacific/Apia", "2011-12-30", "2011-12-20", 20, HOUR },
		{ "Pacific/Apia", "2011-12-29", "2011-12-20", 20, HOUR },
		{ "Pacific/Apia", "2011-12-31", "2011-12-20", 20, HOUR },
		/* Havana's clock goes from 0:00 to 1:00, and 1:00 to 0:00. */
		{ "America/Havana", "2026-03-08", "2026-03-06", 4, 60 },
		{ "America/Havana", "2026-11-01", "2026-10-30", 4, 60 },
		/* Nuuk's goes from 0:00 to 23:00 of the day before. */
		{ "America/Nuuk", "2026-10-25", "2026-10-22", 6, 60 },
		{ "America/Nuuk", "2026-10-24", "2026-10-22", 6, 60 },
		{ "Africa/Cairo", "04-24", "2026-04-20", 10, 60 } };
	struct zones *zones = usher_zones_new();

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const struct zone *zone = usher_zone_find(zones, table[i].zone,
		    NULL);
		struct date_range range = range_of(table[i].range);
		struct dates dates = { "days", 1, &range };
		int64_t at, until, edge;
		bool held;

		assert_non_null(zone);
		assert_int_equal(usher_time_parse(table[i].from, NULL, &at,
				     NULL),
		    0);
		until = at + (int64_t)table[i].days * DAY;
		edge = usher_dates_edge(&dates, zone, at, until);
		held = usher_dates_hold(&dates, usher_zone_local(zone, at).day);
		for (at += table[i].step; at <= until; at += table[i].step) {
			bool holds = usher_dates_hold(&dates,
			    usher_zone_local(zone, at).day);

			assert_true(edge > at - table[i].step);
			if (holds != held && edge != at)
				fail_msg("%s in %s at %lld", table[i].range,
				    table[i].zone, (long long)at);
			if (edge == at)
				edge = usher_dates_edge(&dates, zone, at,
				    until);
			held = holds;
		}
		assert_true(edge == INT64_MAX);
	}
	usher_zones_free(zones);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(
						ranges_hold_their_days),
		cmocka_unit_test(errors_say_what_to_write),
		cmocka_unit_test(a_set_holds_what_any_entry_holds),
		cmocka_unit_test(nothing_changes_between_edges) };

	return cmocka_run_group_tests_name("dates", tests, NULL, NULL);
}
