/*
 * zone_file: a zone's clock changes, from the bytes of a TZif file.
 *
 * Private to zone.c and zone_file.c, zone_rule.c. Keeps RFC 8536 (and
 * RFC 9636): versions 1 to 4, times of 64 bits, the footer's rule.
 *
 * Why a reader of our own: GLib 2.74's GTimeZone reads "IST-1GMT0,..." of
 * Europe/Dublin, whose winter is the exception, an hour wrong after the
 * file's last entry in 2037, and prints a warning for a file of another kind.
 */
#ifndef USHER_ZONE_FILE_H
#define USHER_ZONE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct usher_error;

struct zone_change { /* from this instant on, this offset */
	int64_t at;
	int32_t offset; /* seconds east of UTC, less than 26 hours */
};

/*
 * Changes in order, the first at INT64_MIN, no two neighbours with the same
 * offset. A rule goes on for ever, but the calendar repeats after 400 years:
 * an instant from `cycle_until` on has the offset of the one in
 * cycle_from <= t < cycle_until that is whole cycles earlier. Without a
 * yearly rule `cycle_until` is INT64_MAX.
 */
struct zone_table {
	size_t count;
	struct zone_change *changes;
	int64_t cycle_from, cycle_until;
};

#define USHER_ZONE_CYCLE (INT64_C(146097) * 86400)

/* EINVAL with an error, ENOMEM. Free with usher_zone_table_free(). */
int usher_zone_table_read(const unsigned char *data, size_t length,
    struct zone_table *table, struct usher_error *error);
void usher_zone_table_free(struct zone_table *table);

/* The footer: a POSIX TZ rule, with the wider hours of TZif version 3. */
struct zone_rule_day {
	char form; /* 'M' month.week.day, 'J' 1..365, '0' 0..365 */
	int month, week, day;
	int32_t second; /* of that day, may lie outside it */
};

struct zone_rule {
	int32_t standard, summer; /* offsets, seconds east of UTC */
	bool yearly;		  /* it has a summer */
	struct zone_rule_day begin, end;
};

bool usher_zone_rule_parse(const char *text, size_t length,
    struct zone_rule *rule);
/* The two changes of a year of a yearly rule, earlier first. */
void usher_zone_rule_changes(const struct zone_rule *rule, int year,
    struct zone_change changes[2]);

#endif
