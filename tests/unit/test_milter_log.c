/*
 * Log lines: what a sender writes stays inside its own quotes.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "log.h"

static void
test_values(void **state)
{
	static const struct {
		const char *value, *wanted;
	} table[] = {
		{ "bob@sender.example", "bob@sender.example" },
		{ "", "\"\"" },
		{ "outside its hours", "\"outside its hours\"" },
		{ "rules[0]", "\"rules[0]\"" },
		{ "a=b", "\"a=b\"" },
		{ "say \"hi\" \\o/", "\"say \\\"hi\\\" \\\\o/\"" },
		{ "x\r\ny\t", "\"x\\x0d\\x0ay\\x09\"" },
		{ "J\xc3\xbcrgen", "\"J\\xc3\\xbcrgen\"" },
		{ "2026-11-24T21:00:00Z", "2026-11-24T21:00:00Z" },
		{ "2001:db8::1", "2001:db8::1" },
	};
	struct log_line line;
	char wanted[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof table / sizeof *table; i++) {
		log_begin(&line, "decision");
		log_field(&line, "to", table[i].value);
		(void)snprintf(wanted, sizeof wanted, "decision to=%s",
		    table[i].wanted);
		assert_string_equal(line.text, wanted);
	}
}

static void
test_an_absent_value_adds_nothing(void **state)
{
	struct log_line line;

	(void)state;
	log_begin(&line, "fault");
	log_field(&line, "to", NULL);
	log_number(&line, "n", 7);
	assert_string_equal(line.text, "fault n=7");
}

static void
test_long_values_are_cut_visibly(void **state)
{
	struct log_line line;
	char value[2 * LOG_VALUE];

	(void)state;
	memset(value, 'a', sizeof value);
	value[LOG_VALUE + 1] = '\0';
	log_begin(&line, "x");
	log_field(&line, "v", value);
	log_field(&line, "w", "1");
	assert_non_null(strstr(line.text, "aaa...\" w=1"));
	assert_int_equal(line.length, 1 + 3 + 1 + LOG_VALUE + 3 + 1 + 4);
}

static void
test_a_full_line_stays_inside(void **state)
{
	struct log_line line;
	char value[LOG_VALUE + 1];
	int i;

	(void)state;
	memset(value, '\x01', LOG_VALUE);
	value[LOG_VALUE] = '\0';
	log_begin(&line, "x");
	for (i = 0; i < 40; i++)
		log_field(&line, "v", value);
	assert_true(line.length < sizeof line.text);
	assert_int_equal(strlen(line.text), line.length);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_an_absent_value_adds_nothing),
		cmocka_unit_test(test_long_values_are_cut_visibly),
		cmocka_unit_test(test_a_full_line_stays_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
