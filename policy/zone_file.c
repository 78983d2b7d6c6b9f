/*
 * zone_file: see zone_file.h.
 *
 * A table is built whole when its zone is first asked for: the file's own
 * changes, then 400 years of the footer's. Offsets alone matter here, so
 * changes of name or of the summer flag vanish.
 */
#include "zone_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "zone.h"

enum {
	DAY = 86400,
	HEADER = 44,
	MOST_OFFSET = 26 * 3600,
	RULE_YEARS = 404,      /* a cycle, and a margin at both ends */
	RULE_FIRST_YEAR = 1900 /* where a file has no change of its own */
};

/* No file knows a change beyond; keeps years within an int. */
#define LAST_INSTANT (INT64_C(9000) * 366 * 86400)

struct block { /* one data block of the file */
	size_t time_size, time_count, type_count, name_size;
	size_t leap_count, wall_count, ut_count;
	const unsigned char *times, *kinds, *types;
};

static int64_t
read_signed(const unsigned char *data, size_t size)
{
	uint64_t value = data[0] & 0x80 ? UINT64_MAX : 0;

	for (size_t i = 0; i < size; i++)
		value = value << 8 | data[i];
	return (int64_t)value;
}

static size_t
read_count(const unsigned char *data)
{
	return (size_t)data[0] << 24 | (size_t)data[1] << 16 |
	    (size_t)data[2] << 8 | data[3];
}

/* Returns the bytes that header and block take, 0 when they do not fit. */
static size_t
read_block(const unsigned char *data, size_t length, size_t time_size,
    struct block *block)
{
	size_t size;

	if (length < HEADER || memcmp(data, "TZif", 4) != 0)
		return 0;
	block->time_size = time_size;
	block->ut_count = read_count(data + 20);
	block->wall_count = read_count(data + 24);
	block->leap_count = read_count(data + 28);
	block->time_count = read_count(data + 32);
	block->type_count = read_count(data + 36);
	block->name_size = read_count(data + 40);
	if (block->time_count > length || block->leap_count > length ||
	    block->type_count > length)
		return 0; /* nor can the sum overflow */
	size = HEADER + block->time_count * (time_size + 1) +
	    block->type_count * 6 + block->name_size +
	    block->leap_count * (time_size + 4) + block->wall_count +
	    block->ut_count;
	if (size > length)
		return 0;
	block->times = data + HEADER;
	block->kinds = block->times + block->time_count * time_size;
	block->types = block->kinds + block->time_count;
	return size;
}

/*
 * Keeps the table's promise of order and of neighbours that differ. Where a
 * summer begins before the last one has ended, it goes on.
 */
static void
add_change(struct zone_table *table, int64_t at, int32_t offset)
{
	struct zone_change *changes = table->changes;

	while (table->count > 1 && changes[table->count - 1].at >= at)
		table->count--;
	if (table->count > 0 && changes[table->count - 1].offset == offset)
		return;
	changes[table->count].at = at;
	changes[table->count].offset = offset;
	table->count++;
}

static bool
add_block(struct zone_table *table, const struct block *block)
{
	int64_t before = INT64_MIN;

	if (block->type_count == 0)
		return false;
	for (size_t i = 0; i < block->type_count; i++) {
		int64_t offset = read_signed(block->types + i * 6, 4);

		if (offset <= -MOST_OFFSET || offset >= MOST_OFFSET)
			return false;
	}
	add_change(table, INT64_MIN, (int32_t)read_signed(block->types, 4));
	for (size_t i = 0; i < block->time_count; i++) {
		int64_t at = read_signed(block->times + i * block->time_size,
		    block->time_size);
		size_t kind = block->kinds[i];

		if (kind >= block->type_count || at <= before ||
		    at > LAST_INSTANT)
			return false;
		before = at;
		add_change(table, at,
		    (int32_t)read_signed(block->types + kind * 6, 4));
	}
	return true;
}

static int
year_of(int64_t at)
{
	int year, month, month_day;
	int32_t day = (int32_t)(at / DAY - (at % DAY < 0));

	usher_date_of_day(day, &year, &month, &month_day);
	return year;
}

/* The footer's changes behind the file's own, the last of which is `last`. */
static void
add_rule(struct zone_table *table, const struct zone_rule *rule, bool own,
    int64_t last)
{
	int first = RULE_FIRST_YEAR;

	if (own && last > (int64_t)usher_day_of_date(first, 1, 1) * DAY)
		first = year_of(last);
	if (!own)
		table->changes[0].offset = rule->standard;
	if (!rule->yearly)
		return;
	for (int year = first; year < first + RULE_YEARS; year++) {
		struct zone_change changes[2];

		usher_zone_rule_changes(rule, year, changes);
		for (int i = 0; i < 2; i++)
			if (!own || changes[i].at > last)
				add_change(table, changes[i].at,
				    changes[i].offset);
	}
	table->cycle_from = (int64_t)usher_day_of_date(first + 2, 1, 1) * DAY;
	if (table->changes[table->count - 1].at < table->cycle_from)
		return;
	/* A summer all year long has an end only where the table ends. */
	if (table->changes[table->count - 2].at < table->cycle_from)
		table->count--;
	else
		table->cycle_until = table->cycle_from + USHER_ZONE_CYCLE;
}

static bool
read_footer(const unsigned char *data, size_t length, struct zone_rule *rule,
    bool *present)
{
	const unsigned char *end;

	if (length < 2 || data[0] != '\n')
		return false;
	end = memchr(data + 1, '\n', length - 1);
	if (end == NULL)
		return false;
	*present = end > data + 1;
	return !*present ||
	    usher_zone_rule_parse((const char *)data + 1,
		(size_t)(end - data) - 1, rule);
}

static bool
fill_table(struct zone_table *table, const struct block *block,
    const struct zone_rule *rule)
{
	bool own = block->time_count > 0;

	if (!add_block(table, block))
		return false;
	if (rule != NULL)
		add_rule(table, rule, own,
		    !own ? 0
			 : read_signed(block->times +
				   (block->time_count - 1) * block->time_size,
			       block->time_size));
	return true;
}

static int
broken(struct usher_error *error, const char *what)
{
	return usher_error_set(error, EINVAL, "%s: reinstall tzdata", what);
}

int
usher_zone_table_read(const unsigned char *data, size_t length,
    struct zone_table *table, struct usher_error *error)
{
	struct zone_rule rule;
	struct block block;
	bool has_rule = false;
	size_t size = read_block(data, length, 4, &block);

	if (size == 0)
		return broken(error, "not a TZif file, or cut short");
	if (data[4] >= '2') {
		data += size;
		length -= size;
		size = read_block(data, length, 8, &block);
		if (size == 0)
			return broken(error, "the 64-bit part is cut short");
		if (!read_footer(data + size, length - size, &rule, &has_rule))
			return broken(error, "the footer's rule is broken");
	}
	if (block.leap_count > 0)
		return broken(error, "it counts leap seconds");
	table->cycle_from = table->cycle_until = INT64_MAX;
	table->count = 0;
	table->changes = calloc(block.time_count + 1 + 2 * RULE_YEARS,
	    sizeof(*table->changes));
	if (table->changes == NULL)
		return usher_error_set(error, ENOMEM, "no memory");
	if (fill_table(table, &block, has_rule ? &rule : NULL))
		return 0;
	usher_zone_table_free(table);
	return broken(error, "its changes are out of order or out of range");
}

void
usher_zone_table_free(struct zone_table *table)
{
	free(table->changes);
	table->changes = NULL;
	table->count = 0;
}
