/*
 * Windows as people write them: what their text means, and what is said of
 * texts that mean nothing.
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

#include "error.h"
#include "hours.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

enum { MINUTE = 60 };

static struct dates all_dates[] = { { "holidays", 0, NULL },
	{ "turn", 0, NULL } };

struct fixture {
	struct arena arena;
	struct zones *zones;
	struct hours mornings, many;
	struct hours_scope scope;
};

static bool
named(const char *name, const char *word, size_t length)
{
	return strlen(name) == length && memcmp(name, word, length) == 0;
}

static const struct hours *
find_hours(const void *arg, const char *name, size_t length)
{
	const struct fixture *fixture = arg;

	if (named("mornings", name, length))
		return &fixture->mornings;
	return named("many", name, length) ? &fixture->many : NULL;
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

static const char *
likely(const void *arg, const char *name, size_t length)
{
	(void)arg;
	if (named("morning", name, length))
		return "mornings";
	return named("holiday", name, length) ? "holidays" : NULL;
}

static int
set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	static char long_text[2048];
	struct hours_scope *scope;

	assert_non_null(fixture);
	usher_arena_init(&fixture->arena);
	fixture->zones = usher_zones_new();
	scope = &fixture->scope;
	scope->zones = fixture->zones;
	scope->zone = usher_zone_find(fixture->zones, "America/New_York", NULL);
	scope->dates = find_dates;
	assert_int_equal(usher_hours_parse(&fixture->arena,
			     "Mon-Fri 09:00-12:00", scope, &fixture->mornings,
			     NULL),
	    0);
	for (int i = 0; i < 100; i++)
		strcat(long_text, i == 0 ? "10:00-11:00" : ",10:00-11:00");
	assert_int_equal(usher_hours_parse(&fixture->arena, long_text, scope,
			     &fixture->many, NULL),
	    0);
	long_text[0] = '\0';
	scope->hours = find_hours;
	scope->suggest = likely;
	scope->arg = fixture;
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

/* "mtwtfss 540-720 zone not N; ..." with minutes of the day. */
static void
describe(const struct hours *hours, char *text, size_t size)
{
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < hours->count; i++) {
		const struct window *window = &hours->windows[i];
		char days[8] = "MTWTFSS";

		for (int day = 0; day < 7; day++)
			if ((window->weekdays >> day & 1) == 0)
				days[day] = '.';
		length += (size_t)snprintf(text + length, size - length,
		    "%s%s %d-%d %s", i == 0 ? "" : "; ", days,
		    window->from / MINUTE, window->until / MINUTE,
		    usher_zone_name(window->zone));
		for (size_t k = 0; k < window->excepted_count; k++)
			length += (size_t)snprintf(text + length, size - length,
			    " not %s", window->excepted[k]->name);
		assert_true(length < size);
	}
}

#define NY "America/New_York"

static void
windows_mean_what_they_say(void **state)
{
	static const struct {
		const char *text, *meant;
	} table[] = { { "09:00-12:00", "MTWTFSS 540-720 " NY },
		{ "Mon-Fri 09:00-12:00", "MTWTF.. 540-720 " NY },
		{ "Tue,Thu 16:00-17:00", ".T.T... 960-1020 " NY },
		{ "Fri-Mon 10:00-11:00", "M...FSS 600-660 " NY },
		{ "Sun-Sat 10:00-11:00", "MTWTFSS 600-660 " NY },
		{ "Wed-Wed 10:00-11:00", "..W.... 600-660 " NY },
		{ "daily 00:00-24:00", "MTWTFSS 0-1440 " NY },
		{ "weekdays 10:00-11:00", "MTWTF.. 600-660 " NY },
		{ "weekends 10:00-11:00", ".....SS 600-660 " NY },
		{ "weekends,Mon 10:00-11:00", "M....SS 600-660 " NY },
		{ "Mon-Tue,Sat 10:00-11:00", "MT...S. 600-660 " NY },
		{ "Mon Wed 10:00-11:00", "M.W.... 600-660 " NY },
		{ "mon-FRI 10:00-11:00", "MTWTF.. 600-660 " NY },
		{ "DAILY 10:00-11:00", "MTWTFSS 600-660 " NY },
		{ "22:00-06:00", "MTWTFSS 1320-360 " NY },
		{ "22:00-00:00", "MTWTFSS 1320-0 " NY },
		{ "22:00-24:00", "MTWTFSS 1320-1440 " NY },
		{ "00:00-15:00", "MTWTFSS 0-900 " NY },
		{ "23:59-00:01", "MTWTFSS 1439-1 " NY },
		{ "09:00-12:00,13:00-17:00",
		    "MTWTFSS 540-720 " NY "; MTWTFSS 780-1020 " NY },
		{ "Mon 09:00-12:00,13:00-17:00 Europe/Berlin",
		    "M...... 540-720 Europe/Berlin; "
		    "M...... 780-1020 Europe/Berlin" },
		{ "Mon 09:00-10:00; Tue 11:00-12:00 UTC; Wed 13:00-14:00",
		    "M...... 540-600 " NY "; .T..... 660-720 UTC; "
		    "..W.... 780-840 " NY },
		{ "mornings", "MTWTF.. 540-720 " NY },
		{ "mornings; Sat 10:00-11:00",
		    "MTWTF.. 540-720 " NY "; .....S. 600-660 " NY },
		{ "Sat 10:00-11:00;mornings",
		    ".....S. 600-660 " NY "; MTWTF.. 540-720 " NY },
		{ "weekdays not holidays 10:00-12:00",
		    "MTWTF.. 600-720 " NY " not holidays" },
		{ "not holidays weekdays 10:00-12:00",
		    "MTWTF.. 600-720 " NY " not holidays" },
		{ "not holidays 10:00-12:00",
		    "MTWTFSS 600-720 " NY " not holidays" },
		{ "Mon not holidays not turn 10:00-12:00,13:00-14:00 UTC",
		    "M...... 600-720 UTC not holidays not turn; "
		    "M...... 780-840 UTC not holidays not turn" },
		{ "Mon NOT holidays not holidays 10:00-12:00",
		    "M...... 600-720 " NY " not holidays" },
		{ "  Tue ,\tThu   16:00-17:00 , 18:00-19:00\n UTC  ; Fri "
		  "10:00-11:00 ",
		    ".T.T... 960-1020 UTC; .T.T... 1080-1140 UTC; "
		    "....F.. 600-660 " NY },
		{ "Mon 09:00-10:00 US/Eastern", "M...... 540-600 US/Eastern" },
		{ "Mon 09:00-10:00 Etc/GMT+5", "M...... 540-600 Etc/GMT+5" } };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(table); i++) {
		struct hours hours = hours_of(fixture, table[i].text);
		char text[512];

		describe(&hours, text, sizeof(text));
		assert_string_equal(text, table[i].meant);
		assert_string_equal(hours.text, table[i].text);
	}
}

static void
errors_say_what_to_write(void **state)
{
	static const struct {
		const char *text, *said;
	} table[] = { { "", "window is missing" },
		{ "   ", "window is missing" }, { ";", "window is missing" },
		{ "09:00-12:00;", "window is missing" },
		{ ";09:00-12:00", "window is missing" },
		{ "09:00-12:00;;10:00-11:00", "window is missing" },
		{ "Mon-Fri", "00:00-24:00" }, { "not holidays", "lacks times" },
		{ "Mon not", "missing after \"not\"" },
		{ "not 10:00-11:00", "after \"not\"" },
		{ "09:00-09:00", "write 00:00-24:00" },
		{ "00:00-00:00", "write 00:00-24:00" },
		{ "24:00-24:00", "24:00 can only end" },
		{ "24:00-02:00", "24:00 can only end" },
		{ "10:00-24:01", "00:00 to 24:00" },
		{ "25:00-26:00", "00:00 to 24:00" },
		{ "99:59-10:00", "00:00 to 24:00" },
		{ "10:60-11:00", "24-hour clock" },
		{ "9:00-12:00", "two digits" }, { "09:00-9:30", "two digits" },
		{ "9am-5pm", "24-hour clock" },
		{ "09:00", "as in 09:00-17:30" },
		{ "09:00-", "as in 09:00-17:30" },
		{ "09:00-12:00-13:00", "as in 09:00-17:30" },
		{ "09:00\xe2\x80\x93"
		  "12:00",
		    "as in 09:00-17:30" },
		{ "0900-1200", "as in 09:00-17:30" },
		{ "09:00 - 12:00", "as in 09:00-17:30" },
		{ "09.00-12.00", "as in 09:00-17:30" },
		{ "09:00-12:00:00", "as in 09:00-17:30" },
		{ "09:00-12:00,", "missing beside a comma" },
		{ "09:00-12:00,,13:00-14:00", "missing beside a comma" },
		{ "Mon, 09:00-12:00", "a blank, no comma" },
		{ ",Mon 09:00-12:00", "missing beside a comma" },
		{ "Mon,,Tue 09:00-12:00", "missing beside a comma" },
		{ "09:00-12:00 13:00-17:00", "a comma stands between" },
		{ "09:00-12:00,Mon", "days stand before the times" },
		{ "09:00-12:00 Mon", "before the times" },
		{ "09:00-12:00 Mon-Fri", "before the times" },
		{ "09:00-12:00 not holidays", "before the times" },
		{ "09:00-12:00 UTC Mon", "\";\" parts windows" },
		{ "Monday 09:00-12:00", "mean \"Mon\"" },
		{ "Thurs 09:00-12:00", "mean \"Thu\"" },
		{ "Mon-Friday 09:00-12:00", "\"Mon-Friday\"" },
		{ "weekday 09:00-12:00", "mean \"weekdays\"" },
		{ "dayly 09:00-12:00", "mean \"daily\"" },
		{ "weekdays-Sun 09:00-12:00", "one day to another" },
		{ "Mon- 09:00-12:00", "\"Mon-\"" },
		{ "Mon-Tue-Wed 09:00-12:00", "\"Mon-Tue-Wed\"" },
		{ "xyzzy 09:00-12:00", "days are Mon" },
		{ "xyzzy", "days are Mon" }, { "morning", "mean \"mornings\"" },
		{ "mornings 10:00-11:00", "stands alone" },
		{ "mornings not holidays", "stands alone" },
		{ "mornings UTC", "stands alone" },
		{ "mornings, 10:00-11:00", "stands alone" },
		{ "holidays 10:00-12:00", "name from days" },
		{ "holidays", "name from days" },
		{ "Mon,holidays 10:00-12:00", "\"not\" before it" },
		{ "not mornings 10:00-12:00", "no name from days" },
		{ "not holiday 10:00-12:00", "mean \"holidays\"" },
		{ "not Holidays 10:00-12:00", "no name from days" },
		{ "not Mon 10:00-12:00", "takes a name from days" },
		{ "not Mon-Fri 10:00-12:00", "takes a name from days" },
		{ "not weekends 10:00-12:00", "takes a name from days" },
		{ "not holidays,turn 10:00-12:00", "repeat it" },
		{ "not not holidays 10:00-12:00", "no name from days" },
		{ "not 2026-12-24 10:00-12:00", "give the dates a name" },
		{ "2026-12-24 10:00-12:00", "windows have days of the week" },
		{ "12-24 10:00-12:00", "as in 09:00-17:30" },
		{ "Mon,2026-12-24 10:00-12:00", "a blank, no comma" },
		{ "10:00-12:00 Europe/Belrin", "\"Europe/Berlin\"" },
		{ "10:00-12:00 ../../etc/passwd", "no time zone" },
		{ "10:00-12:00 +05:00", "offset" },
		{ "10:00-12:00 America/New York", "no time zone" },
		{ "10:00-12:00 EDT", "\"America/New_York\"" },
		{ "many;many", "more than 128 windows" },
		{ "\xff\xfe 10:00-11:00", "days are Mon" },
		{ "-", "no word for days" },
		{ "--- 10:00-11:00", "no word for days" },
		{ "\"Mon\" 10:00-11:00", "no word for days" } };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(table); i++) {
		struct usher_error error = { 0 };
		struct hours hours;

		if (usher_hours_parse(&fixture->arena, table[i].text,
			&fixture->scope, &hours, &error) != EINVAL)
			fail_msg("\"%s\" was read", table[i].text);
		assert_int_equal(error.code, EINVAL);
		if (strstr(error.text, table[i].said) == NULL)
			fail_msg("\"%s\": %s", table[i].text, error.text);
		assert_int_equal(usher_hours_parse(&fixture->arena,
				     table[i].text, &fixture->scope, &hours,
				     NULL),
		    EINVAL);
	}
}

static void
names_mean_nothing_without_a_scope(void **state)
{
	struct fixture *fixture = *state;
	struct hours_scope bare = fixture->scope;
	struct hours hours;

	bare.hours = NULL;
	bare.dates = NULL;
	bare.suggest = NULL;
	assert_int_equal(usher_hours_parse(&fixture->arena, "mornings", &bare,
			     &hours, NULL),
	    EINVAL);
	assert_int_equal(usher_hours_parse(&fixture->arena,
			     "not holidays 10:00-11:00", &bare, &hours, NULL),
	    EINVAL);
	assert_int_equal(usher_hours_parse(&fixture->arena, "10:00-11:00",
			     &bare, &hours, NULL),
	    0);
}

static void
words_of_the_grammar_are_reserved(void **state)
{
	static const char *const reserved[] = { "Mon", "sun", "DAILY",
		"weekdays", "weekends", "not", "Not", "Mon-Fri", "fri-mon",
		"weekdays-Sun" };
	static const char *const others[] = { "", "mornings", "Monday",
		"nothing", "Mon-", "-Mon", "Mon-day", "UTC", "Mon-Tue-Wed" };

	(void)state;
	for (size_t i = 0; i < COUNT(reserved); i++)
		assert_true(usher_hours_reserved(reserved[i]));
	for (size_t i = 0; i < COUNT(others); i++)
		assert_false(usher_hours_reserved(others[i]));
}

static void
long_texts_are_refused_or_read_whole(void **state)
{
	static const char *const pieces[] = { "Mon ", "not holidays ", "Mon,",
		"10:00-11:00,", ";", "-", "10:00-11:00 ", "not ", "mornings;",
		"x", "\t", "," };
	struct fixture *fixture = *state;
	static char text[65536];

	for (size_t i = 0; i < COUNT(pieces); i++) {
		size_t size = strlen(pieces[i]), length = 0;
		struct usher_error error = { 0 };
		struct arena arena;
		struct hours hours;

		while (length + size + 12 < sizeof(text)) {
			memcpy(text + length, pieces[i], size);
			length += size;
		}
		strcpy(text + length, "10:00-11:00");
		usher_arena_init(&arena);
		if (usher_hours_parse(&arena, text, &fixture->scope, &hours,
			&error) == 0)
			assert_in_range(hours.count, 1, USHER_HOURS_MOST);
		else
			assert_int_equal(error.code, EINVAL);
		usher_arena_free(&arena);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(
						windows_mean_what_they_say),
		cmocka_unit_test(errors_say_what_to_write),
		cmocka_unit_test(names_mean_nothing_without_a_scope),
		cmocka_unit_test(words_of_the_grammar_are_reserved),
		cmocka_unit_test(long_texts_are_refused_or_read_whole) };

	return cmocka_run_group_tests_name("hours", tests, set_up, tear_down);
}
