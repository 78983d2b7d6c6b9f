/*
 * When windows hold, and that nothing changes between the edges they report.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "brief.h"
#include "error.h"
#include "hours.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

enum { MINUTE = 60, DAY = 86400 };

static struct date_range holiday_ranges[] = {
	{ false, 20811, 20820 }, /* 2026-12-24..2027-01-02 */
	{ true, 7 * 32 + 4, 7 * 32 + 4 }
};
static struct date_range turn_ranges[] = { { true, 12 * 32 + 24, 1 * 32 + 2 } };
static struct dates all_dates[] = { { "holidays", COUNT(holiday_ranges),
					holiday_ranges },
	{ "turn", COUNT(turn_ranges), turn_ranges } };

struct fixture {
	struct arena arena;
	struct zones *zones;
	struct hours_scope scope;
};

static bool
named(const char *name, const char *word, size_t length)
{
	return strlen(name) == length && memcmp(name, word, length) == 0;
}

static const struct dates *
find_dates(const void *arg, const char *name, size_t length)
{
	(void)arg;
	for (size_t i = 0; i < COUNT(all_dates); i++)
		if (named(all_dates[i].name, name, length))
			return &all_dates[i];
	return NULL;
}

static int
set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	usher_arena_init(&fixture->arena);
	fixture->zones = usher_zones_new();
	fixture->scope.zones = fixture->zones;
	fixture->scope.zone = usher_zone_find(fixture->zones,
	    "America/New_York", NULL);
	fixture->scope.dates = find_dates;
	*state = fixture;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *fixture = *state;

	usher_arena_free(&fixture->arena);
	usher_zones_free(fixture->zones);
	free(fixture);
	return 0;
}

static struct hours
hours_of(struct fixture *fixture, const char *text)
{
	struct usher_error error = { 0 };
	struct hours hours;

	if (usher_hours_parse(&fixture->arena, text, &fixture->scope, &hours,
		&error) != 0)
		fail_msg("%s: %s", text, error.text);
	return hours;
}

static int64_t
at_of(struct fixture *fixture, const char *text)
{
	int64_t at = 0;

	assert_int_equal(usher_time_parse(text, fixture->scope.zone, &at, NULL),
	    0);
	return at;
}

static void
windows_hold_by_the_wall_clock(void **state)
{
	static const struct {
		const char *text, *at;
		bool holds;
	} table[] = { /* 2026-11-24 is a Tuesday. */
		{ "Tue,Thu 16:00-17:00", "2026-11-24T15:59:59", false },
		{ "Tue,Thu 16:00-17:00", "2026-11-24T16:00", true },
		{ "Tue,Thu 16:00-17:00", "2026-11-24T16:59:59", true },
		{ "Tue,Thu 16:00-17:00", "2026-11-24T17:00", false },
		{ "Tue,Thu 16:00-17:00", "2026-11-25T16:30", false },
		{ "Tue,Thu 16:00-17:00", "2026-11-26T16:30", true },
		{ "daily 00:00-24:00", "2026-11-24T23:59:59", true },
		/* Over midnight: the day it starts on. */
		{ "Fri 22:00-06:00", "2026-11-27T22:00", true },
		{ "Fri 22:00-06:00", "2026-11-28T05:59", true },
		{ "Fri 22:00-06:00", "2026-11-28T06:00", false },
		{ "Fri 22:00-06:00", "2026-11-27T05:00", false },
		{ "Fri 22:00-06:00", "2026-11-28T22:00", false },
		{ "Fri 22:00-00:00", "2026-11-27T23:59:59", true },
		{ "Fri 22:00-00:00", "2026-11-28T00:00", false },
		{ "Fri 22:00-00:00", "2026-11-27T00:00", false },
		/* The gap of 2026-03-08 swallows 02:00-03:00. */
		{ "02:00-03:00", "2026-03-08T01:59:59", false },
		{ "02:00-03:00", "2026-03-08T07:00:00Z", false },
		{ "02:30-03:30", "2026-03-08T07:00:00Z", true },
		{ "02:30-03:30", "2026-03-08T07:29:59Z", true },
		{ "02:30-03:30", "2026-03-08T07:30:00Z", false },
		{ "01:30-02:30", "2026-03-08T06:59:59Z", true },
		{ "01:30-02:30", "2026-03-08T07:00:00Z", false },
		/* 01:00-02:00 repeats on 2026-11-01: it counts twice. */
		{ "01:15-01:45", "2026-11-01T05:15:00Z", true },
		{ "01:15-01:45", "2026-11-01T05:45:00Z", false },
		{ "01:15-01:45", "2026-11-01T06:14:59Z", false },
		{ "01:15-01:45", "2026-11-01T06:15:00Z", true },
		{ "01:15-01:45", "2026-11-01T06:45:00Z", false },
		/* A named zone, and days read in it. */
		{ "Mon 09:00-10:00 Asia/Tokyo", "2026-11-30T00:30:00Z", true },
		{ "Mon 09:00-10:00 Asia/Tokyo", "2026-11-29T19:30", true },
		{ "Sun 09:00-10:00 Asia/Tokyo", "2026-11-29T19:30", false },
		{ "10:00-10:30 Australia/Lord_Howe", "2026-07-01T23:45:00Z",
		    true },
		{ "10:00-10:30 Asia/Kathmandu", "2026-07-01T04:15:00Z", true },
		/* Samoa had no 2011-12-30; its evening goes into the 31st. */
		{ "Fri 00:00-24:00 Pacific/Apia", "2011-12-30T09:59:59Z",
		    false },
		{ "Sat 00:00-24:00 Pacific/Apia", "2011-12-30T10:00:00Z",
		    true },
		/* Excepted days. */
		{ "daily not holidays 10:00-12:00", "2026-12-23T11:00", true },
		{ "daily not holidays 10:00-12:00", "2026-12-24T11:00", false },
		{ "daily not holidays 10:00-12:00", "2027-01-02T11:00", false },
		{ "daily not holidays 10:00-12:00", "2027-01-03T11:00", true },
		{ "daily not holidays 10:00-12:00", "2031-07-04T11:00", false },
		{ "daily not holidays 22:00-06:00", "2026-12-24T05:00", true },
		{ "daily not holidays 22:00-06:00", "2027-01-03T05:00", false },
		{ "daily not holidays 22:00-06:00", "2027-01-03T06:00", false },
		{ "daily not turn 10:00-12:00", "2028-12-31T11:00", false },
		{ "daily not turn 10:00-12:00", "2028-01-02T11:00", false },
		{ "daily not turn 10:00-12:00", "2028-01-03T11:00", true },
		{ "daily not holidays 08:00-09:00 Asia/Tokyo",
		    "2026-12-23T18:30", false },
		/* Several. */
		{ "Mon-Fri 09:00-12:00; Sat 10:00-11:00 UTC",
		    "2026-11-28T10:30:00Z", true },
		{ "Sat 10:00-11:00 UTC; Mon-Fri 09:00-12:00",
		    "2026-11-24T09:00", true },
		{ "Sat 10:00-11:00 UTC; Mon-Fri 09:00-12:00",
		    "2026-11-24T12:00", false }
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(table); i++) {
		struct hours hours = hours_of(fixture, table[i].text);
		int64_t at = at_of(fixture, table[i].at);

		if (usher_hours_hold(&hours, at) != table[i].holds)
			fail_msg("%s at %s", table[i].text, table[i].at);
	}
}

static void
no_windows_never_hold(void **state)
{
	const struct hours none = { 0 };

	(void)state;
	assert_false(usher_hours_hold(&none, 0));
	assert_true(usher_hours_edge(&none, 0, INT64_MAX) == INT64_MAX);
	assert_false(usher_hours_ever(&none, 0, INT64_MAX));
}

static void
edges_come_in_time(void **state)
{
	static const struct {
		const char *text, *at, *edge;
	} table[] = { { "Tue 16:00-17:00", "2026-11-24T12:00",
			  "2026-11-24T16:00" },
		{ "Tue 16:00-17:00", "2026-11-24T16:00", "2026-11-24T17:00" },
		{ "Tue 16:00-17:00", "2026-11-24T17:00", "2026-12-01T16:00" },
		/* The other half of a window in a gap. */
		{ "02:30-03:30", "2026-03-08T01:00", "2026-03-08T07:00Z" },
		{ "01:15-01:45", "2026-11-01T05:45Z", "2026-11-01T06:15Z" },
		{ "daily not turn 00:00-24:00", "2028-12-01T00:00",
		    "2028-12-24T00:00" },
		{ "daily not turn 00:00-24:00", "2028-12-24T00:00",
		    "2029-01-03T00:00" } };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(table); i++) {
		struct hours hours = hours_of(fixture, table[i].text);
		int64_t at = at_of(fixture, table[i].at);
		int64_t edge = at_of(fixture, table[i].edge);

		if (usher_hours_edge(&hours, at, INT64_MAX) != edge)
			fail_msg("%s after %s", table[i].text, table[i].at);
		assert_true(usher_hours_edge(&hours, at, edge) == edge);
		assert_true(
		    usher_hours_edge(&hours, at, edge - 1) == INT64_MAX);
	}
}

static void
searches_end_where_nothing_ever_changes(void **state)
{
	struct fixture *fixture = *state;
	struct hours always = hours_of(fixture, "00:00-24:00");
	int64_t edge = usher_hours_edge(&always, 0, INT64_MAX);

	/* An edge too many is legal, a search without end is not. */
	assert_true(edge > 3650 * (int64_t)DAY);
	assert_true(usher_hours_edge(&always, 0, 35 * DAY) == INT64_MAX);
	assert_true(
	    usher_hours_edge(&always, INT64_MAX - 1, INT64_MAX) == INT64_MAX);
	assert_true(usher_hours_ever(&always, 5, 6));
	assert_false(usher_hours_ever(&always, 5, 5));
}

static void
ever_finds_the_only_minute(void **state)
{
	struct fixture *fixture = *state;
	struct hours hours = hours_of(fixture, "Tue 16:00-16:01");
	int64_t from = at_of(fixture, "2026-11-24T16:01");
	int64_t until = at_of(fixture, "2026-12-01T16:00");

	assert_false(usher_hours_ever(&hours, from, until));
	assert_true(usher_hours_ever(&hours, from - 1, until));
	assert_true(usher_hours_ever(&hours, from, until + 1));
}

/* ---- edges, by brute force ---- */

static uint32_t
chance(uint64_t *seed, uint32_t below)
{
	*seed = *seed * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(*seed >> 33) % below;
}

static void
make_window(uint64_t *seed, const char *zone, char *text, size_t size)
{
	static const char *const days[] = { "", "daily ", "weekdays ",
		"weekends ", "Mon ", "Fri-Mon ", "Tue,Thu ", "Sun ", "Sat ",
		"daily not holidays ", "weekends not turn ",
		"Fri not holidays not turn " };
	/* Clock changes are near the whole hours of the night. */
	static const int times[] = { 0, 1, 15, 30, 59, 60, 61, 90, 105, 120,
		121, 135, 150, 165, 179, 180, 181, 195, 225, 240, 300, 720,
		1320, 1380, 1410, 1439, 1440 };
	int from = times[chance(seed, COUNT(times) - 1)], until;

	do {
		until = times[chance(seed, COUNT(times))];
	} while (until == from);
	snprintf(text, size, "%s%02d:%02d-%02d:%02d %s",
	    days[chance(seed, COUNT(days))], from / 60, from % 60, until / 60,
	    until % 60, zone);
}

/* Walks minute by minute; the state may change at reported edges alone. */
static void
walk(const struct hours *hours, int64_t from, int64_t until)
{
	int64_t edge = usher_hours_edge(hours, from, until);
	bool held = usher_hours_hold(hours, from), ever = held;

	for (int64_t at = from + MINUTE; at <= until; at += MINUTE) {
		bool holds = usher_hours_hold(hours, at);

		assert_true(edge > at - MINUTE);
		if (holds != held && edge != at)
			fail_msg("%s changes at %lld, edge %lld", hours->text,
			    (long long)at, (long long)edge);
		if (edge == at)
			edge = usher_hours_edge(hours, at, until);
		ever |= holds && at < until;
		held = holds;
	}
	assert_true(edge == INT64_MAX);
	assert_int_equal(usher_hours_ever(hours, from, until), ever);
}

static void
nothing_changes_between_edges(void **state)
{
	static const char *const zones[] = { "America/New_York",
		"Europe/Dublin", "Australia/Lord_Howe", "Asia/Kathmandu",
		"America/St_Johns", "Antarctica/Troll", "Africa/Casablanca",
		"Pacific/Apia", "America/Nuuk", "Asia/Gaza", "Pacific/Chatham",
		"America/Havana", "Africa/Cairo" };
	struct fixture *fixture = *state;
	uint64_t seed = 20261124;

	for (size_t i = 0; i < COUNT(zones); i++) {
		const struct zone *zone = usher_zone_find(fixture->zones,
		    zones[i], NULL);
		/* Each clock change of 2011 and 2026, and of a far year. */
		int64_t at = at_of(fixture, "2011-01-01");

		assert_non_null(zone);
		for (int change = 0; change < 12; change++) {
			struct zone_span span = usher_zone_span(zone, at);
			int64_t middle = span.until == INT64_MAX
			    ? at_of(fixture, "2026-12-24")
			    : span.until;

			for (int round = 0; round < 12; round += brief()) {
				char text[128], second[64];
				struct hours hours;

				make_window(&seed, zones[i], text, 64);
				if (round % 3 == 2) {
					make_window(&seed, "UTC", second, 64);
					strcat(strcat(text, ";"), second);
				}
				hours = hours_of(fixture, text);
				walk(&hours, middle - 2 * DAY,
				    middle + 2 * DAY);
			}
			at = change == 3  ? at_of(fixture, "2026-01-01")
			    : change == 7 ? at_of(fixture, "2051-01-01")
					  : middle;
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(
						windows_hold_by_the_wall_clock),
		cmocka_unit_test(no_windows_never_hold),
		cmocka_unit_test(edges_come_in_time),
		cmocka_unit_test(searches_end_where_nothing_ever_changes),
		cmocka_unit_test(ever_finds_the_only_minute),
		cmocka_unit_test(nothing_changes_between_edges) };

	return cmocka_run_group_tests_name("windows", tests, set_up, tear_down);
}
