/*
 * Time zones against the C library's own reading of the same database, and
 * clock changes, gaps and repeats that are known by date.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "brief.h"
#include "error.h"
#include "zone.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

enum { DAY = 86400 };

#define AFTER_2100 INT64_C(4133980800)

static const char *const difficult[] = { "America/New_York", "Europe/London",
	"Europe/Dublin", "Australia/Lord_Howe", "Africa/Casablanca",
	"Asia/Kathmandu", "America/St_Johns", "Pacific/Chatham", "Asia/Tehran",
	"Antarctica/Troll", "Europe/Berlin", "Pacific/Apia", "America/Nuuk",
	"Asia/Gaza", "Africa/Monrovia", "UTC", "Asia/Kolkata",
	"America/Santiago", "Pacific/Auckland", "Etc/GMT+5", "US/Eastern",
	"EST5EDT", "Asia/Jerusalem", "Africa/Cairo", "Pacific/Kwajalein" };

static const struct zone *
zone_of(struct zones *zones, const char *name)
{
	struct usher_error error = { 0 };
	const struct zone *zone = usher_zone_find(zones, name, &error);

	if (zone == NULL)
		fail_msg("%s: %s", name, error.text);
	return zone;
}

static int64_t
at_of(const char *text)
{
	struct usher_error error = { 0 };
	int64_t at;

	if (usher_time_parse(text, NULL, &at, &error) != 0)
		fail_msg("%s: %s", text, error.text);
	return at;
}

static void
set_zone_of_process(const char *name)
{
	assert_int_equal(setenv("TZ", name, 1), 0);
	tzset();
}

static void
agrees_at(const struct zone *zone, int64_t at)
{
	struct zone_time ours = usher_zone_local(zone, at);
	time_t seconds = (time_t)at;
	struct tm theirs;
	int year, month, day;

	assert_non_null(localtime_r(&seconds, &theirs));
	usher_date_of_day(ours.day, &year, &month, &day);
	if (ours.offset != theirs.tm_gmtoff ||
	    ours.second !=
		theirs.tm_hour * 3600 + theirs.tm_min * 60 + theirs.tm_sec ||
	    year != theirs.tm_year + 1900 || month != theirs.tm_mon + 1 ||
	    day != theirs.tm_mday ||
	    usher_weekday_of_day(ours.day) != (theirs.tm_wday + 6) % 7)
		fail_msg("%s at %lld: offset %d, should be %ld",
		    usher_zone_name(zone), (long long)at, (int)ours.offset,
		    theirs.tm_gmtoff);
}

/* Every span's first and last second, and an instant within. */
static void
spans_agree(const struct zone *zone, int64_t from, int64_t until)
{
	struct zone_span span = usher_zone_span(zone, from);

	while (span.until < until) {
		struct zone_span next = usher_zone_span(zone, span.until);

		assert_true(next.from == span.until);
		assert_true(next.offset != span.offset);
		agrees_at(zone, span.until - 1);
		agrees_at(zone, span.until);
		agrees_at(zone, span.until + DAY);
		span = next;
	}
}

static void
clocks_agree_with_the_c_library(void **state)
{
	struct zones *zones = usher_zones_new();

	(void)state;
	for (size_t i = 0; i < COUNT(difficult); i++) {
		const struct zone *zone = zone_of(zones, difficult[i]);

		set_zone_of_process(difficult[i]);
		spans_agree(zone, 0, AFTER_2100);
		/* Odd steps, so that no hour of the year is left out. */
		for (int64_t at = 0; at < AFTER_2100;
		     at += brief() * (36 * 3600 + 1740))
			agrees_at(zone, at);
	}
	usher_zones_free(zones);
}

static void
centuries_repeat(void **state)
{
	static const char *const names[] = { "America/New_York",
		"Europe/Dublin", "Africa/Casablanca", "Australia/Lord_Howe" };
	struct zones *zones = usher_zones_new();

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		const struct zone *zone = zone_of(zones, names[i]);
		/* Where our table ends and the cycle begins: 2437 to 2490. */
		int64_t from = at_of("2435-01-01"), until = at_of("2495-01-01");

		set_zone_of_process(names[i]);
		spans_agree(zone, from, until);
		spans_agree(zone, at_of("2899-01-01"), at_of("2901-01-01"));
		for (int64_t at = from; at < until;
		     at += brief() * (71 * 3600 + 60))
			agrees_at(zone, at);
		agrees_at(zone, at_of("9999-07-01"));
	}
	usher_zones_free(zones);
}

static void
clock_changes_are_where_they_are_known(void **state)
{
	static const struct {
		const char *zone, *at;
		int before, after; /* offsets in minutes */
	} table[] = { { "America/New_York", "2026-03-08T07:00Z", -300, -240 },
		{ "America/New_York", "2026-11-01T06:00Z", -240, -300 },
		{ "America/New_York", "2050-03-13T07:00Z", -300, -240 },
		{ "Europe/Dublin", "2026-03-29T01:00Z", 0, 60 },
		{ "Europe/Dublin", "2050-03-27T01:00Z", 0, 60 },
		{ "Europe/Dublin", "2050-10-30T01:00Z", 60, 0 },
		{ "Australia/Lord_Howe", "2026-04-04T15:00Z", 660, 630 },
		{ "Australia/Lord_Howe", "2050-10-01T15:30Z", 630, 660 },
		{ "Antarctica/Troll", "2050-03-27T01:00Z", 0, 120 },
		{ "Pacific/Apia", "2011-12-30T10:00Z", -600, 840 },
		{ "Asia/Kathmandu", "1985-12-31T18:30Z", 330, 345 },
		{ "Africa/Monrovia", "1972-01-07T00:44:30Z", -44, 0 },
		{ "Pacific/Chatham", "2050-09-24T14:00Z", 765, 825 } };
	struct zones *zones = usher_zones_new();

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const struct zone *zone = zone_of(zones, table[i].zone);
		int64_t at = at_of(table[i].at);
		struct zone_span span = usher_zone_span(zone, at);

		assert_true(span.from == at);
		assert_int_equal(span.offset / 60, table[i].after);
		assert_int_equal(usher_zone_span(zone, at - 1).offset / 60,
		    table[i].before);
	}
	usher_zones_free(zones);
}

static void
wall_clocks_name_their_instants(void **state)
{
	static const struct {
		const char *zone, *local;
		int count;
		const char *first, *second, *one;
	} table[] = { { "America/New_York", "2026-11-24T15:00", 1,
			  "2026-11-24T20:00Z", NULL, "2026-11-24T20:00Z" },
		{ "America/New_York", "2026-03-08T01:59:59", 1,
		    "2026-03-08T06:59:59Z", NULL, "2026-03-08T06:59:59Z" },
		{ "America/New_York", "2026-03-08T02:00", 0, NULL, NULL,
		    "2026-03-08T07:00Z" },
		{ "America/New_York", "2026-03-08T02:30", 0, NULL, NULL,
		    "2026-03-08T07:30Z" },
		{ "America/New_York", "2026-03-08T03:00", 1,
		    "2026-03-08T07:00Z", NULL, "2026-03-08T07:00Z" },
		{ "America/New_York", "2026-11-01T01:00", 2,
		    "2026-11-01T05:00Z", "2026-11-01T06:00Z",
		    "2026-11-01T05:00Z" },
		{ "America/New_York", "2026-11-01T02:00", 1,
		    "2026-11-01T07:00Z", NULL, "2026-11-01T07:00Z" },
		{ "Australia/Lord_Howe", "2026-04-05T01:45", 2,
		    "2026-04-04T14:45Z", "2026-04-04T15:15Z",
		    "2026-04-04T14:45Z" },
		{ "Pacific/Apia", "2011-12-30T12:00", 0, NULL, NULL,
		    "2011-12-30T22:00Z" },
		{ "Europe/Dublin", "2050-10-30T01:30", 2, "2050-10-30T00:30Z",
		    "2050-10-30T01:30Z", "2050-10-30T00:30Z" } };
	struct zones *zones = usher_zones_new();

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const struct zone *zone = zone_of(zones, table[i].zone);
		int64_t local = at_of(table[i].local), instants[2];
		int32_t day = (int32_t)(local / DAY);
		int32_t second = (int32_t)(local % DAY);

		assert_int_equal(usher_zone_instants(zone, day, second,
				     instants),
		    table[i].count);
		if (table[i].count > 0)
			assert_true(instants[0] == at_of(table[i].first));
		if (table[i].count > 1)
			assert_true(instants[1] == at_of(table[i].second));
		assert_true(usher_zone_instant(zone, day, second) ==
		    at_of(table[i].one));
	}
	usher_zones_free(zones);
}

static void
every_instant_is_among_those_of_its_clock(void **state)
{
	struct zones *zones = usher_zones_new();

	(void)state;
	for (size_t i = 0; i < COUNT(difficult); i++) {
		const struct zone *zone = zone_of(zones, difficult[i]);

		for (int64_t at = 0; at < AFTER_2100;
		     at += brief() * (97 * 3600 + 61)) {
			struct zone_time time = usher_zone_local(zone, at);
			int64_t instants[2];
			int count = usher_zone_instants(zone, time.day,
			    time.second, instants);

			assert_in_range(count, 1, 2);
			assert_true(instants[0] == at ||
			    (count == 2 && instants[1] == at));
		}
	}
	usher_zones_free(zones);
}

static void
no_instant_is_too_far(void **state)
{
	static const int64_t far[] = { INT64_MIN, INT64_MIN / 2, INT64_MAX / 2,
		INT64_MAX - 1, INT64_MAX };
	struct zones *zones = usher_zones_new();
	const int32_t midnight = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(difficult); i++) {
		const struct zone *zone = zone_of(zones, difficult[i]);
		int64_t instants[2];

		for (size_t k = 0; k < COUNT(far); k++) {
			struct zone_time time = usher_zone_local(zone, far[k]);
			struct zone_span span = usher_zone_span(zone, far[k]);

			assert_in_range(time.second, 0, DAY - 1);
			assert_true(span.from < span.until);
			if (far[k] < 0)
				assert_true(usher_zone_next(zone, far[k],
						&midnight, 1) > far[k]);
		}
		assert_true(usher_zone_next(zone, INT64_MAX, &midnight, 1) ==
		    INT64_MAX);
		(void)usher_zone_instants(zone, INT32_MAX, 0, instants);
		(void)usher_zone_instants(zone, INT32_MIN, 0, instants);
		(void)usher_zone_instant(zone, INT32_MAX, 0);
		(void)usher_zone_instant(zone, INT32_MIN, 0);
	}
	usher_zones_free(zones);
}

static void
names_that_are_no_zone_are_refused(void **state)
{
	static const struct {
		const char *name, *said;
	} table[] = { { "", "IANA name" }, { "/etc/passwd", "IANA name" },
		{ "../../etc/passwd", "IANA name" },
		{ "America/../../../../etc/passwd", "" },
		{ "America/./New_York", "" }, { "America//New_York", "" },
		{ "America/New_York/", "" }, { "/usr/share/zoneinfo/UTC", "" },
		{ "America", "" }, { "posixrules", "" }, { "localtime", "" },
		{ "leapseconds", "" }, { "zone.tab", "" }, { "tzdata.zi", "" },
		{ "right/UTC", "" }, { "posix/UTC", "" }, { "Factory", "" },
		{ ":UTC", "" }, { "UTC\n", "" },
		{ "EST5EDT,M3.2.0,M11.1.0", "" }, { "+05:00", "offset" },
		{ "-0500", "offset" }, { "UTC+2", "offset" },
		{ "gmt-3", "offset" },
		{ "america/new_york", "\"America/New_York\"" },
		{ "America/New York", "\"America/New_York\"" },
		{ "New York", "\"America/New_York\"" },
		{ "berlin", "\"Europe/Berlin\"" },
		{ "Europe/Belrin", "\"Europe/Berlin\"" },
		{ "PST", "\"America/Los_Angeles\"" }, { "utc", "\"UTC\"" },
		{ "Mars/Olympus_Mons", "no time zone" },
		{ "\xff\xfe\x01", "no time zone" } };
	char longest[70000];
	struct zones *zones = usher_zones_new();

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct usher_error error = { 0 };

		if (usher_zone_find(zones, table[i].name, &error) != NULL)
			fail_msg("\"%s\" was found", table[i].name);
		assert_int_equal(error.code, EINVAL);
		if (strstr(error.text, table[i].said) == NULL)
			fail_msg("\"%s\": %s", table[i].name, error.text);
		assert_null(usher_zone_find(zones, table[i].name, NULL));
	}
	memset(longest, 'A', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_null(usher_zone_find(zones, longest, NULL));
	usher_zones_free(zones);
}

/* ---- threads ---- */

static void *
find_all(void *arg)
{
	struct zones *zones = arg;
	intptr_t sum = 0;

	for (int round = 0; round < 20; round++)
		for (size_t i = 0; i < COUNT(difficult); i++) {
			const struct zone *zone = usher_zone_find(zones,
			    difficult[i], NULL);

			if (zone == NULL)
				return NULL;
			sum += (intptr_t)zone +
			    usher_zone_local(zone, 1790000000 + round).second;
		}
	return (void *)sum;
}

static void
threads_share_one_zone_a_name(void **state)
{
	struct zones *zones = usher_zones_new();
	pthread_t threads[4];
	void *sums[COUNT(threads)];

	(void)state;
	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, find_all,
				     zones),
		    0);
	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_join(threads[i], &sums[i]), 0);
	assert_non_null(sums[0]);
	for (size_t i = 1; i < COUNT(threads); i++)
		assert_ptr_equal(sums[i], sums[0]);
	usher_zones_free(zones);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clocks_agree_with_the_c_library),
		cmocka_unit_test(centuries_repeat),
		cmocka_unit_test(clock_changes_are_where_they_are_known),
		cmocka_unit_test(wall_clocks_name_their_instants),
		cmocka_unit_test(every_instant_is_among_those_of_its_clock),
		cmocka_unit_test(no_instant_is_too_far),
		cmocka_unit_test(names_that_are_no_zone_are_refused),
		cmocka_unit_test(threads_share_one_zone_a_name)
	};

	return cmocka_run_group_tests_name("zone", tests, NULL, NULL);
}
