/*
 * Paths of MAIL and RCPT, and the addresses in them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "path.h"

struct row {
	const char *given, *wanted;
};

static void
each_becomes(const struct row *table, char *(*become)(const char *))
{
	char *got;

	for (; table->given != NULL; table++) {
		got = become(table->given);
		assert_string_equal(got, table->wanted);
		free(got);
	}
}

static void
test_addresses(void **state)
{
	static const struct row table[] = {
		{ "<a@b.example>", "a@b.example" },
		{ "a@b.example", "a@b.example" },
		{ "<>", "" },
		{ "", "" },
		{ "<", "<" },
		{ ">", ">" },
		{ "<<a@b>>", "<a@b>" },
		{ "<@r.example,@s.example:a@b.example>", "a@b.example" },
		{ "<@r.example:>", "" },
		{ "<@r.example>", "@r.example" },
		{ "<\"a b\"@c.example>", "\"a b\"@c.example" },
		{ "<a@b.example> SMTPUTF8 BODY=8BITMIME", "a@b.example" },
		{ "<> SIZE=12", "" },
		{ "<\"a> b\"@c.example> SIZE=12", "\"a> b\"@c.example" },
		{ "<\"a\\\"> b\"@c> ORCPT=rfc822;<x>", "\"a\\\"> b\"@c" },
		{ "<a> b", "a" },
		{ "<a>b", "<a>b" },
		{ "a@b> SIZE=1", "a@b> SIZE=1" },
		{ NULL, NULL },
	};

	(void)state;
	each_becomes(table, path_address);
}

static void
test_delimiters(void **state)
{
	static const struct row table[] = {
		{ "alice+news@example.com", "alice@example.com" },
		{ "alice+a+b@example.com", "alice@example.com" },
		{ "alice+@example.com", "alice@example.com" },
		{ "alice@example.com", "alice@example.com" },
		{ "alice@ex+ample.com", "alice@ex+ample.com" },
		{ "+14155550100@example.com", "+14155550100@example.com" },
		{ "\"a+b\"@example.com", "\"a+b\"@example.com" },
		{ "alice+news", "alice+news" },
		{ "a+b@c@example.com", "a@example.com" },
		{ "", "" },
		{ NULL, NULL },
	};

	(void)state;
	each_becomes(table, path_undelimited);
}

static char *
at_home(const char *address)
{
	return path_plain(address, "example.com");
}

static void
test_other_spellings(void **state)
{
	static const struct row table[] = {
		{ "alice@example.com", "alice@example.com" },
		{ "\"alice+x\"@example.com", "alice+x@example.com" },
		{ "\"a\\\"b\"@example.com", "a\"b@example.com" },
		{ "\"a@b\"@example.com", "a@b@example.com" },
		{ "alice%example.com", "alice@example.com" },
		{ "alice%example.com@mx.example.com", "alice@example.com" },
		{ "a%b%c@d", "a%b@c" },
		{ "example.com!alice", "alice@example.com" },
		{ "alice @ example.com", "alice@example.com" },
		{ "(c)alice@(d(e))example.com", "alice@example.com" },
		{ "alice(c)", "alice@example.com" },
		{ "alice", "alice@example.com" },
		{ "(", "@example.com" },
		{ ")", ")@example.com" },
		{ "\\", "\\@example.com" },
		{ "", "@example.com" },
		{ NULL, NULL },
	};

	(void)state;
	each_becomes(table, at_home);
}

static void
test_roles(void **state)
{
	(void)state;
	assert_string_equal(path_role("postmaster"), "postmaster");
	assert_string_equal(path_role("PostMaster@a.example"), "postmaster");
	assert_string_equal(path_role("abuse@a.example"), "abuse");
	assert_null(path_role("postmaster.x@a.example"));
	assert_null(path_role("xabuse@a.example"));
	assert_null(path_role("alice@postmaster"));
	assert_null(path_role(""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_delimiters),
		cmocka_unit_test(test_other_spellings),
		cmocka_unit_test(test_roles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
