/*
 * Windows, dates and times of arbitrary bytes.
 *
 * What must hold: what is read stays within its limits; nothing changes
 * before the edge that is reported; a time that is shown is read again as
 * the same instant; what is refused is explained.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "error.h"
#include "hours.h"

static const int64_t instants[] = { 0,
	1772953199 /* before New York's gap of 2026 */,
	1793509200 /* before its repeat */, 1795550400, INT64_C(4102444800) };

enum { DAY = 86400, INSTANTS = sizeof(instants) / sizeof(instants[0]) };

static struct zones *zones;
static const struct zone *zone;
static struct date_range turn = { true, 12 * 32 + 24, 1 * 32 + 2 };
static struct dates holidays = { "holidays", 1, &turn };

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static const struct dates *
find_dates(const void *arg, const char *name, size_t length)
{
	(void)arg;
	return length == 8 && memcmp(name, "holidays", 8) == 0 ? &holidays
							       : NULL;
}

static const char *
suggest(const void *arg, const char *name, size_t length)
{
	(void)arg;
	(void)name;
	return length % 2 == 0 ? NULL : "holidays";
}

static void
check_edges(const struct hours *hours, int64_t at)
{
	int64_t limit = at + 35 * DAY;
	int64_t edge = usher_hours_edge(hours, at, limit);
	int64_t until = edge == INT64_MAX ? limit : edge - 1;
	bool holds = usher_hours_hold(hours, at);

	require(edge > at && (edge <= limit || edge == INT64_MAX));
	require(usher_hours_hold(hours, until) == holds);
	require(usher_hours_hold(hours, at + (until - at) / 2) == holds);
	require(usher_hours_ever(hours, at, until + 1) == holds);
}

static void
fuzz_hours(struct arena *arena, const char *text)
{
	const struct hours_scope scope = { .zones = zones,
		.zone = zone,
		.dates = find_dates,
		.suggest = suggest };
	struct usher_error error = { 0 };
	struct hours hours;

	if (usher_hours_parse(arena, text, &scope, &hours, &error) != 0) {
		require(error.code != 0 && error.text[0] != '\0');
		return;
	}
	require(hours.count >= 1 && hours.count <= USHER_HOURS_MOST);
	for (size_t i = 0; i < hours.count; i++) {
		const struct window *window = &hours.windows[i];

		require(window->weekdays != 0 && window->weekdays < 0x80);
		require(window->from >= 0 && window->from < DAY);
		require(window->until >= 0 && window->until <= DAY);
		require(window->from != window->until);
		require(window->zone != NULL);
	}
	for (int i = 0; i < INSTANTS; i++)
		check_edges(&hours, instants[i]);
}

static void
fuzz_dates(const char *text)
{
	struct usher_error error = { 0 };
	struct date_range range;
	struct dates dates = { "fuzz", 1, &range };

	if (usher_dates_parse(text, &range, &error) != 0) {
		require(error.code != 0 && error.text[0] != '\0');
		return;
	}
	for (int i = 0; i < INSTANTS; i++) {
		int64_t at = instants[i], limit = at + 400 * DAY;
		int64_t edge = usher_dates_edge(&dates, zone, at, limit);
		int64_t last = edge == INT64_MAX ? limit : edge - 1;

		require(
		    usher_dates_hold(&dates, usher_zone_local(zone, at).day) ==
		    usher_dates_hold(&dates, usher_zone_local(zone, last).day));
	}
}

static void
fuzz_time(const char *text)
{
	struct usher_error error = { 0 };
	char shown[USHER_TIME_TEXT];
	int64_t at, again;

	if (usher_time_parse(text, zone, &at, &error) != 0) {
		require(error.code != 0 && error.text[0] != '\0');
		return;
	}
	usher_time_format(at, NULL, shown);
	/* An offset can carry a time out of the years 0 to 9999. */
	if (strlen(shown) != strlen("2026-11-24T15:00:00Z"))
		return;
	require(usher_time_parse(shown, NULL, &again, NULL) == 0);
	require(again == at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	char *text;

	if (zones == NULL) {
		zones = usher_zones_new();
		zone = usher_zone_find(zones, "America/New_York", NULL);
		require(zone != NULL);
	}
	usher_arena_init(&arena);
	text = usher_arena_bytes(&arena, (const char *)data, size);
	require(text != NULL);
	fuzz_hours(&arena, text);
	fuzz_dates(text);
	fuzz_time(text);
	usher_arena_free(&arena);
	return 0;
}
