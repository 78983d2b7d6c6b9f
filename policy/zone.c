/*
 * zone: see zone.h.
 *
 * Owns the zones that a handle has loaded. A set only grows, under its lock;
 * a zone found in it never changes, so every look-up here is free of locks.
 * Each zone has an index of 194-day steps from 1970 to 2106, which makes the
 * usual look-up two comparisons; other instants are found by halving.
 *
 * Called by the policy compiler (usher_zone_find), by hours.c and calendar.c
 * for every decision, and by whoever shows a time.
 */
#include "zone.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "zone_file.h"
#include "zone_names.h"

enum {
	DAY = 86400,
	BUCKETS = 64,
	STEP_BITS = 24,
	STEPS = 256,
	MOST_FILE = 65536,
	WIDEST = 26 * 3600 /* no offset is as far from UTC */
};

/* Days of instants up to here fit zone_time: about the year 2,200,000. */
#define REASON (INT64_C(1) << 46)

struct zone {
	struct zone *next;
	struct zone_table table;
	uint16_t steps[STEPS]; /* the change in force as a step begins */
	char name[];
};

struct zones {
	pthread_mutex_t lock;
	struct zone *buckets[BUCKETS];
	struct zone_names *names; /* for suggestions, or NULL */
};

struct zones *
usher_zones_new(void)
{
	struct zones *zones = calloc(1, sizeof(*zones));

	if (zones == NULL)
		return NULL;
	if (pthread_mutex_init(&zones->lock, NULL) != 0) {
		free(zones);
		return NULL;
	}
	return zones;
}

static void
free_zone(struct zone *zone)
{
	usher_zone_table_free(&zone->table);
	free(zone);
}

void
usher_zones_free(struct zones *zones)
{
	if (zones == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while (zones->buckets[i] != NULL) {
			struct zone *zone = zones->buckets[i];

			zones->buckets[i] = zone->next;
			free_zone(zone);
		}
	}
	usher_zone_names_free(zones->names);
	pthread_mutex_destroy(&zones->lock);
	free(zones);
}

/* ---- loading ---- */

/* Returns the bytes read, 0 when there is no such file or it is too long. */
static size_t
read_file(const char *name, unsigned char *data, size_t size)
{
	char path[sizeof(USHER_ZONE_FOLDER) + USHER_ZONE_NAME_MOST + 1];
	struct stat status;
	size_t length = 0;
	ssize_t count = 1;
	int file;

	(void)snprintf(path, sizeof(path), "%s/%s", USHER_ZONE_FOLDER, name);
	file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (file < 0)
		return 0;
	if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode))
		count = 0;
	while (count > 0 && length < size) {
		count = read(file, data + length, size - length);
		if (count > 0)
			length += (size_t)count;
	}
	close(file);
	return count == 0 ? length : 0;
}

static void
fill_steps(struct zone *zone)
{
	const struct zone_table *table = &zone->table;
	size_t change = 0;

	for (size_t i = 0; i < STEPS; i++) {
		int64_t from = (int64_t)i << STEP_BITS;

		while (change + 1 < table->count &&
		    table->changes[change + 1].at <= from)
			change++;
		zone->steps[i] = (uint16_t)change;
	}
}

static int
load(const char *name, struct zone **loaded, struct usher_error *error)
{
	size_t length, name_length = strlen(name);
	unsigned char *data = malloc(MOST_FILE);
	struct usher_error why;
	struct zone *zone = NULL;
	int result = 0;

	if (data != NULL)
		zone = calloc(1, sizeof(*zone) + name_length + 1);
	if (zone == NULL) {
		result = usher_error_set(error, ENOMEM, "no memory");
		goto out;
	}
	memcpy(zone->name, name, name_length + 1);
	length = read_file(name, data, MOST_FILE);
	if (length == 0) {
		result = ENOENT;
		goto out;
	}
	result = usher_zone_table_read(data, length, &zone->table, &why);
	if (result != 0) {
		usher_error_set(error, result,
		    "the time zone \"%s\" cannot "
		    "be read: %s",
		    name, why.text);
		goto out;
	}
	fill_steps(zone);
	*loaded = zone;
	zone = NULL;
out:
	free(zone);
	free(data);
	return result;
}

static struct zone **
bucket_of(struct zones *zones, const char *name)
{
	uint32_t hash = 2166136261U;

	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619U;
	return &zones->buckets[hash % BUCKETS];
}

static const struct zone *
find_locked(struct zones *zones, const char *name, struct usher_error *error)
{
	struct zone **bucket = bucket_of(zones, name);
	struct zone *zone;
	int result;

	for (zone = *bucket; zone != NULL; zone = zone->next)
		if (strcmp(zone->name, name) == 0)
			return zone;
	result = usher_zone_name_check(name);
	if (result == 0)
		result = load(name, &zone, error);
	if (result == 0) {
		zone->next = *bucket;
		*bucket = zone;
		return zone;
	}
	if (result == ENOENT) {
		if (zones->names == NULL)
			zones->names = usher_zone_names_new();
		usher_zone_names_explain(zones->names, name, error);
	}
	return NULL;
}

const struct zone *
usher_zone_find(struct zones *zones, const char *name,
    struct usher_error *error)
{
	const struct zone *zone;

	pthread_mutex_lock(&zones->lock);
	zone = find_locked(zones, name, error);
	pthread_mutex_unlock(&zones->lock);
	return zone;
}

const char *
usher_zone_name(const struct zone *zone)
{
	return zone->name;
}

/* ---- look-ups ---- */

/* The last change at or before an instant within the table's own time. */
static inline size_t
change_at(const struct zone *zone, int64_t at)
{
	const struct zone_change *changes = zone->table.changes;
	size_t count = zone->table.count, low = 0;

	if (at >= 0 && at < (int64_t)STEPS << STEP_BITS) {
		low = zone->steps[at >> STEP_BITS];
		while (low + 1 < count && changes[low + 1].at <= at)
			low++;
		return low;
	}
	while (count - low > 1) {
		size_t middle = low + (count - low) / 2;

		if (changes[middle].at <= at)
			low = middle;
		else
			count = middle;
	}
	return low;
}

/* How far an instant stands behind its like in the table. */
static inline int64_t
cycles(const struct zone *zone, int64_t at)
{
	if (at < zone->table.cycle_until)
		return 0;
	return (at - zone->table.cycle_from) / USHER_ZONE_CYCLE *
	    USHER_ZONE_CYCLE;
}

static inline int64_t
within_reason(int64_t at)
{
	return at < -REASON ? -REASON : at > REASON ? REASON : at;
}

struct zone_span
usher_zone_span(const struct zone *zone, int64_t at)
{
	const struct zone_table *table = &zone->table;
	int64_t ahead;
	struct zone_span span;
	size_t i;

	at = within_reason(at);
	ahead = cycles(zone, at);
	i = change_at(zone, at - ahead);
	span.from = table->changes[i].at;
	if (span.from != INT64_MIN)
		span.from += ahead;
	span.until = i + 1 < table->count ? table->changes[i + 1].at + ahead
					  : INT64_MAX;
	span.offset = table->changes[i].offset;
	return span;
}

struct zone_time
usher_zone_local(const struct zone *zone, int64_t at)
{
	struct zone_time time;
	int64_t local, day;

	at = within_reason(at);
	time.offset =
	    zone->table.changes[change_at(zone, at - cycles(zone, at))].offset;
	local = at + time.offset;
	day = local / DAY - (local % DAY < 0);
	time.day = (int32_t)day;
	time.second = (int32_t)(local - day * DAY);
	return time;
}

int64_t
usher_zone_next(const struct zone *zone, int64_t at, const int32_t *seconds,
    size_t count)
{
	struct zone_span span = usher_zone_span(zone, at);
	int32_t best = DAY, second;
	int64_t local;

	if (at >= REASON)
		return INT64_MAX;
	if (at < -REASON)
		return -REASON;
	local = at + span.offset;
	second = (int32_t)(local % DAY);
	if (second < 0)
		second += DAY;
	for (size_t i = 0; i < count; i++) {
		int32_t wait = seconds[i] - second;

		if (wait <= 0)
			wait += DAY;
		if (wait < best)
			best = wait;
	}
	return at + best < span.until ? at + best : span.until;
}

/* ---- from the wall clock ---- */

int
usher_zone_instants(const struct zone *zone, int32_t day, int32_t second,
    int64_t instants[2])
{
	int64_t local = (int64_t)day * DAY + second;
	struct zone_span span = usher_zone_span(zone, local - WIDEST);
	int count = 0;

	for (;;) {
		int64_t at = local - span.offset;

		if (at >= span.from && at < span.until && count < 2)
			instants[count++] = at;
		if (span.until > local + WIDEST || span.until >= REASON)
			return count;
		span = usher_zone_span(zone, span.until);
	}
}

int64_t
usher_zone_instant(const struct zone *zone, int32_t day, int32_t second)
{
	int64_t local = (int64_t)day * DAY + second;
	struct zone_span span = usher_zone_span(zone, local - WIDEST);
	int64_t instants[2];

	if (usher_zone_instants(zone, day, second, instants) > 0)
		return instants[0];
	/* A gap: the span before it ends too early to show this time. */
	for (;;) {
		struct zone_span after = usher_zone_span(zone, span.until);

		if (local - after.offset < after.from || span.until >= REASON)
			return local - span.offset;
		span = after;
	}
}
