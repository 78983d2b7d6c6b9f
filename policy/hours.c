/*
 * hours: whether an instant lies in windows, and where that may change.
 *
 * Keeps design.md §4 "Windows": the wall clock of the window's zone, and
 * nothing else, says whether an instant lies in it. So gaps and repeated
 * hours need no rule of their own here. Called for every decision with
 * `during`, and by the search for an opening.
 */
#include "hours.h"

enum { DAY = 86400, EDGE_STEPS = 4096 };

static bool
day_holds(const struct window *window, int32_t day)
{
	if ((window->weekdays >> usher_weekday_of_day(day) & 1) == 0)
		return false;
	for (size_t i = 0; i < window->excepted_count; i++)
		if (usher_dates_hold(window->excepted[i], day))
			return false;
	return true;
}

static bool
clock_holds(const struct window *window, const struct zone_time *time)
{
	if (window->from < window->until)
		return time->second >= window->from &&
		    time->second < window->until &&
		    day_holds(window, time->day);
	/* Over midnight: what is left belongs to the day before. */
	if (time->second < window->until)
		return day_holds(window, time->day - 1);
	return time->second >= window->from && day_holds(window, time->day);
}

bool
usher_window_holds(const struct window *window, int64_t at)
{
	struct zone_time time = usher_zone_local(window->zone, at);

	return clock_holds(window, &time);
}

bool
usher_hours_hold(const struct hours *hours, int64_t at)
{
	const struct zone *zone = NULL;
	struct zone_time time = { 0 };

	for (size_t i = 0; i < hours->count; i++) {
		const struct window *window = &hours->windows[i];

		if (window->zone != zone) {
			zone = window->zone;
			time = usher_zone_local(zone, at);
		}
		if (clock_holds(window, &time))
			return true;
	}
	return false;
}

int64_t
usher_window_edge(const struct window *window, int64_t at, int64_t limit)
{
	const int32_t marks[] = { window->from % DAY, window->until % DAY };
	bool now = usher_window_holds(window, at);

	/* Midnight is no mark: a window that goes over it keeps its day. */
	for (int step = 1; at < limit; step++) {
		at = usher_zone_next(window->zone, at, marks, 2);
		if (at > limit)
			break;
		/* Nobody looks years ahead: an edge too many is legal. */
		if (step == EDGE_STEPS || at == INT64_MAX ||
		    usher_window_holds(window, at) != now)
			return at;
	}
	return INT64_MAX;
}

int64_t
usher_hours_edge(const struct hours *hours, int64_t at, int64_t limit)
{
	int64_t first = INT64_MAX;

	for (size_t i = 0; i < hours->count; i++) {
		int64_t edge = usher_window_edge(&hours->windows[i], at, limit);

		if (edge < first) {
			first = edge;
			limit = edge;
		}
	}
	return first;
}

bool
usher_hours_ever(const struct hours *hours, int64_t from, int64_t until)
{
	while (from < until) {
		if (usher_hours_hold(hours, from))
			return true;
		from = usher_hours_edge(hours, from, until);
	}
	return false;
}
