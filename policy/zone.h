/*
 * zone: time zones from the system's tzdata, for decisions.
 *
 * A zone is the list of its clock changes, read once from the system's
 * database (zone_file.h) and never changed, so that a look-up costs a few
 * nanoseconds and takes no lock. Instants are seconds since
 * 1970-01-01T00:00:00Z without leap seconds, here and everywhere in the
 * library.
 *
 * A zone is shared by threads and lives as long as its set.
 */
#ifndef USHER_ZONE_H
#define USHER_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct usher_error;
struct zone;
struct zones; /* the zones that one handle has loaded */

struct zone_time {	/* what a wall clock shows */
	int32_t day;	/* days since 1970-01-01, local */
	int32_t second; /* of the day, 0..86399 */
	int32_t offset; /* seconds east of UTC */
};

/* One offset in from <= t < until; INT64_MIN and INT64_MAX: for ever. */
struct zone_span {
	int64_t from, until;
	int32_t offset;
};

struct zones *usher_zones_new(void);
void usher_zones_free(struct zones *zones);

/*
 * The zone of an IANA name ("America/New_York", "UTC"), or NULL with an error
 * (EINVAL, ENOMEM) that suggests a likely name. Fixed offsets, paths, and
 * names that step out of the database are refused. From any thread.
 */
const struct zone *usher_zone_find(struct zones *zones, const char *name,
    struct usher_error *error);
const char *usher_zone_name(const struct zone *zone);

struct zone_time usher_zone_local(const struct zone *zone, int64_t at);
struct zone_span usher_zone_span(const struct zone *zone, int64_t at);

/*
 * The first instant after `at` at which the clock shows one of these seconds
 * of the day (0..86399), or its offset changes. INT64_MAX when `at` is beyond
 * all reason.
 */
int64_t usher_zone_next(const struct zone *zone, int64_t at,
    const int32_t *seconds, size_t count);

/*
 * The instants at which the zone's clock shows this local time: 0 in a gap,
 * 1, or 2 when the hour repeats, earliest first.
 */
int usher_zone_instants(const struct zone *zone, int32_t day, int32_t second,
    int64_t instants[2]);

/*
 * One instant for a local time that a person wrote: the first when it
 * repeats; in a gap the offset before the gap counts (RFC 5545 §3.3.5).
 */
int64_t usher_zone_instant(const struct zone *zone, int32_t day,
    int32_t second);

/* Calendar arithmetic, proleptic Gregorian. */
int32_t usher_day_of_date(int year, int month, int day);
void usher_date_of_day(int32_t day, int *year, int *month, int *month_day);
int usher_weekday_of_day(int32_t day); /* 0 Monday .. 6 Sunday */
bool usher_date_exists(int year, int month, int day);

/*
 * "2026-11-24T15:00:00-05:00", "...Z", or without offset in `zone`; seconds,
 * "T" or a space, and the time of day (then 00:00) may be left out. EINVAL
 * with an error that says what a time looks like.
 */
int usher_time_parse(const char *text, const struct zone *zone, int64_t *at,
    struct usher_error *error);

enum { USHER_TIME_TEXT = 32 };
/* ISO 8601: in UTC with Z when zone is NULL, else with the zone's offset. */
void usher_time_format(int64_t at, const struct zone *zone,
    char text[USHER_TIME_TEXT]);

#endif
