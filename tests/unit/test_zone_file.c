/*
 * The bytes of zone files: footers against the C library, and damage.
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
#include <time.h>

#include "error.h"
#include "zone_file.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define AFTER_2100 INT64_C(4133980800)

enum { DAY = 86400 };

static void
set_zone_of_process(const char *name)
{
	assert_int_equal(setenv("TZ", name, 1), 0);
	tzset();
}

static size_t
make_file(unsigned char *data, const char *footer)
{
	size_t length = 0;

	for (int part = 0; part < 2; part++) {
		memset(data + length, 0, 44 + 6 + 4);
		memcpy(data + length, "TZif2", 5);
		data[length + 39] = 1; /* one type, at UTC */
		data[length + 43] = 4; /* and its name */
		memcpy(data + length + 50, "UTC", 4);
		length += 54;
	}
	return length +
	    (size_t)sprintf((char *)data + length, "\n%s\n", footer);
}

static int32_t
offset_in(const struct zone_table *table, int64_t at)
{
	size_t i = table->count - 1;

	while (table->changes[i].at > at)
		i--;
	return table->changes[i].offset;
}

static void
footers_agree_with_the_c_library(void **state)
{
	static const char *const footers[] = { "EST5EDT,M3.2.0,M11.1.0",
		"IST-1GMT0,M10.5.0,M3.5.0/1", "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
		"EET-2EEST,M3.4.4/50,M10.4.4/50", "<+0545>-5:45",
		"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
		"<+00>0<+02>-2,M3.5.0/1,M10.5.0/3", "AAA3BBB,J60/0,J300",
		"AAA-3BBB,59/1:30,299/0:00:01", "AAA3BBB,M2.5.0,M12.5.6",
		"XXX3EDT4,0/0,J365/23", "XXX3EDT4,J1/0,J365/167",
		"XXX-1:02:03" };
	unsigned char data[256];

	(void)state;
	for (size_t i = 0; i < COUNT(footers); i++) {
		struct zone_table table;
		struct usher_error error = { 0 };

		if (usher_zone_table_read(data, make_file(data, footers[i]),
			&table, &error) != 0)
			fail_msg("%s: %s", footers[i], error.text);
		set_zone_of_process(footers[i]);
		/* The year-long summer's C library is lost at New Year. */
		for (int64_t at = 2 * DAY; at < AFTER_2100;
		     at += 23 * 3600 + 1801) {
			time_t seconds = (time_t)at;
			struct tm theirs;

			if (strncmp(footers[i], "XXX3", 4) == 0) {
				assert_int_equal(offset_in(&table, at),
				    -4 * 3600);
				continue;
			}
			assert_non_null(localtime_r(&seconds, &theirs));
			if (offset_in(&table, at) != theirs.tm_gmtoff)
				fail_msg("%s at %lld", footers[i],
				    (long long)at);
		}
		if (strncmp(footers[i], "XXX3", 4) == 0)
			assert_true(table.cycle_until == INT64_MAX &&
			    offset_in(&table, INT64_MAX) == -4 * 3600);
		usher_zone_table_free(&table);
	}
}

static void
broken_footers_are_refused(void **state)
{
	static const char *const footers[] = { "EST", "5", "EST5EDT",
		"EST5EDT,M3.2.0", "EST5EDT,M13.2.0,M11.1.0",
		"EST5EDT,M3.6.0,M11.1.0", "EST5EDT,M3.2.7,M11.1.0",
		"EST5EDT,M3.2.0,M11.1.0x", "EST5EDT,J0,J1", "EST5EDT,366,1",
		"<EST5EDT,M3.2.0,M11.1.0", "EST25", "EST5:60",
		"EST5EDT,M3.2.0/168,M11.1.0", "<>", "EST5EDT,M3.2.0,M11.1.0/",
		"EST5EDT,M3.2.0,M11.1.0," };
	unsigned char data[256];

	(void)state;
	for (size_t i = 0; i < COUNT(footers); i++) {
		struct zone_table table;

		if (usher_zone_table_read(data, make_file(data, footers[i]),
			&table, NULL) != EINVAL)
			fail_msg("%s was read", footers[i]);
	}
}

/* What is read, keeps the table's promises; nothing is read beyond the end. */
static void
damaged_files_do_no_harm(void **state)
{
	FILE *file = fopen("/usr/share/zoneinfo/Europe/Dublin", "rb");
	static unsigned char whole[65536];
	size_t length;

	(void)state;
	assert_non_null(file);
	length = fread(whole, 1, sizeof(whole), file);
	fclose(file);
	for (size_t i = 0; i <= 2 * length; i++) {
		/* First every shorter file, then every byte turned over. */
		size_t size = i < length ? i : length;
		unsigned char *data = malloc(size + (size == 0));
		struct zone_table table;

		assert_non_null(data);
		memcpy(data, whole, size);
		if (i > length)
			data[i - length - 1] ^= 0xff;
		if (usher_zone_table_read(data, size, &table, NULL) == 0) {
			assert_true(i >= length);
			assert_true(table.count > 0);
			for (size_t k = 1; k < table.count; k++)
				assert_true(table.changes[k - 1].at <
				    table.changes[k].at);
			usher_zone_table_free(&table);
		}
		free(data);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(footers_agree_with_the_c_library),
		cmocka_unit_test(broken_footers_are_refused),
		cmocka_unit_test(damaged_files_do_no_harm)
	};

	return cmocka_run_group_tests_name("zone files", tests, NULL, NULL);
}
