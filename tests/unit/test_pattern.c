/*
 * Patterns of addresses, numbers, domains and organizations.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "address.h"
#include "arena.h"
#include "error.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define TEXT_320                                   \
	"0123456789012345678901234567890123456789" \
	"0123456789012345678901234567890123456789" \
	"0123456789012345678901234567890123456789" \
	"0123456789012345678901234567890123456789" \
	"0123456789012345678901234567890123456789" \
	"0123456789012345678901234567890123456789" \
	"0123456789012345678901234567890123456789" \
	"0123456789012345678901234567890123456789"

static const struct dialling america = { "1", "011", "1" };
static const struct dialling britain = { "44", "00", "0" };

static struct arena arena;

static int
setup(void **state)
{
	(void)state;
	usher_arena_init(&arena);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	usher_arena_free(&arena);
	return 0;
}

static void
patterns_match_what_they_say(void **state)
{
	static const struct {
		const char *pattern, *who;
		bool organization, matches;
	} table[] = {
		{ "alice@example.com", "Alice@EXAMPLE.com", false, true },
		{ "ALICE@Example.com", "alice@example.com", false, true },
		{ "alice@example.com", "alice@a.example.com", false, false },
		{ "alice@example.com", "xalice@example.com", false, false },
		{ "*@example.com", "bob@example.com", false, true },
		{ "*@example.com", "bob@a.example.com", false, false },
		{ "*@*.example.com", "bob@a.example.com", false, true },
		{ "sales*@*", "sales-eu@x.example", false, true },
		{ "*-bounce@example.com", "x-y-bounce@example.com", false,
		    true },
		{ "mailto:a@example.com", "a@example.com", false, true },
		{ "\"a b\"@example.com", "\"A B\"@example.com", false, true },
		{ "\"a.b\"@example.com", "a.b@example.com", false, true },
		{ "a@bücher.example", "a@xn--bcher-kva.example", false, true },
		{ "a@*.bücher.example", "a@x.xn--bcher-kva.example", false,
		    true },
		{ "a@[192.0.2.1]", "a@[192.0.2.1]", false, true },
		/* bare domains */
		{ "example.com", "a@example.com", false, true },
		{ "Example.COM", "a@b.c.example.com", false, true },
		{ "example.com", "a@badexample.com", false, false },
		{ "example.com", "sip:a@pbx.example.com", false, true },
		{ "example.com", "+14155550100", false, false },
		{ "uk", "a@x.co.uk", false, true },
		{ "*.example.com", "a@b.example.com", false, true },
		{ "*.example.com", "a@example.com", false, false },
		{ "example.*", "a@mail.example.org", false, true },
		{ "ex*.com", "a@x.example.com", false, true },
		{ "ex*.com", "a@rex.com", false, false },
		{ "192.0.2.1", "sip:a@192.0.2.1", false, true },
		{ "bücher.example", "a@xn--bcher-kva.example", false, true },
		/* everybody */
		{ "*", "a@example.com", false, true },
		{ "*", "+14155550100", false, true },
		{ "*@*", "a@example.com", false, true },
		{ "*@*", "+14155550100", false, false },
		/* numbers */
		{ "+14155550100", "tel:+1-415-555-0100", false, true },
		{ "+1 (415) 555-0100", "+14155550100", false, true },
		{ "tel:+14155550100", "+14155550100", false, true },
		{ "(415) 555-0100", "+14155550100", false, true },
		{ "1 415 555 0100", "+14155550100", false, true },
		{ "011 44 20 7123 4567", "+442071234567", false, true },
		{ "sip:+14155550100@gw.example", "+14155550100", false, true },
		{ "sip:4155550100@gw.example", "+14155550100", false, true },
		{ "+14155550100@fax.example", "+14155550100", false, true },
		{ "+1415555*", "+14155550100", false, true },
		{ "+1 415 555*", "+14155550100", false, true },
		{ "+1415555*", "+14155560100", false, false },
		{ "tel:+1-415-*", "+14155550100", false, true },
		{ "+1415*@gw.example", "+14155550100", false, true },
		{ "415555*", "+14155550100", false, true },
		{ "1-415-*", "+14155550100", false, true },
		{ "01144*", "+442071234567", false, true },
		{ "*0100", "+14155550100", false, true },
		{ "+*5550100", "+14155550100", false, true },
		{ "*555*", "+14155550100", false, true },
		{ "*555*", "a555@example.com", false, false },
		{ "+14155550100", "14155550100@example.com", false, false },
		/* SIP */
		{ "sip:1001@pbx.example.com", "sip:1001@PBX.example.com:5070",
		    false, true },
		{ "1001@pbx.example.com", "sip:1001@pbx.example.com", false,
		    true },
		{ "sip:Alice@pbx.example.com;x=y", "sip:alice@pbx.example.com",
		    false, true },
		{ "sip:10*@pbx.example.com", "sip:1001@pbx.example.com", false,
		    true },
		{ "sip:1001@*.example.com", "sip:1001@pbx.example.com", false,
		    true },
		{ "sip:1001@pbx.example.com", "sip:1002@pbx.example.com", false,
		    false },
		/* organizations */
		{ "elastic.example", "a@mail.elastic.example", true, true },
		{ "Elastic.Example", "a@elastic.example", true, true },
		{ "elastic.example", "a@inelastic.example", true, false },
		{ "mail.elastic.example", "a@mail.elastic.example", true,
		    false },
		{ "elastic.*", "a@x.elastic.co.uk", true, true },
		{ "*elastic*", "a@elastic.example", true, true },
		{ "*", "a@example.com", true, true },
		{ "*", "a@localhost", true, false },
		{ "*", "+14155550100", true, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct pattern pattern;
		struct address address;
		struct usher_error error = { 0 };

		if (usher_pattern_make(&arena, table[i].pattern,
			table[i].organization, &america, &pattern, &error) != 0)
			fail_msg("%s: %s", table[i].pattern, error.text);
		assert_string_equal(pattern.written, table[i].pattern);
		assert_int_equal(usher_address_parse(&arena, table[i].who,
				     &america, &address, NULL),
		    0);
		if (usher_pattern_matches(&pattern, &address) !=
		    table[i].matches)
			fail_msg("%s (%s) and %s (%s)", table[i].pattern,
			    pattern.text, table[i].who, address.text);
	}
}

static void
number_patterns_follow_the_site(void **state)
{
	static const struct {
		const char *pattern, *text;
	} table[] = {
		{ "020 7*", "+44207*" },
		{ "0044 20*", "+4420*" },
		{ "001415*", "+1415*" },
		{ "20 7*", "+44207*" },
		{ "020 7123 4567", "+442071234567" },
		{ "+44 (0)20 7123 4567", "+442071234567" },
		{ "*207*", "*207*" },
		{ "+*", "+*" },
	};
	struct pattern pattern;
	struct usher_error error;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		assert_int_equal(usher_pattern_make(&arena, table[i].pattern,
				     false, &britain, &pattern, NULL),
		    0);
		assert_int_equal(pattern.kind, PATTERN_NUMBER);
		assert_string_equal(pattern.text, table[i].text);
	}
	assert_int_equal(usher_pattern_make(&arena, "0207*", false, NULL,
			     &pattern, &error),
	    EINVAL);
	assert_non_null(strstr(error.text, "country"));
}

static void
what_is_no_pattern_is_refused_with_a_sentence(void **state)
{
	static const struct {
		const char *text;
		bool organization;
	} table[] = {
		{ "", false },
		{ "  ", false },
		{ "@example.com", false },
		{ "a@b@c.example", false },
		{ "a@", false },
		{ "alice smith", false },
		{ "a b@example.com", false },
		{ "exam ple.com", false },
		{ "a..b", false },
		{ ".example.com", false },
		{ "a\nb", false },
		{ "*.exa_m ple.com", false },
		{ "a,b", false },
		{ "1001", false },
		{ "+", false },
		{ "+1+2*", false },
		{ "1234567890123456*", false },
		{ "+1415x*", false },
		{ "tel:example*", false },
		{ "sip:@a", false },
		{ "sip:a%@b", false },
		{ "sip:a@b:x", false },
		{ "a@*.\xff.com", false },
		{ "\xff", false },
		{ "a@*..com", false },
		{ "ü*.example", false },
		{ TEXT_320 "x", false },
		{ "", true },
		{ "a@example.com", true },
		{ "a b", true },
		{ "+14155550100", true },
		{ "a..b", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct pattern pattern;
		struct usher_error error = { 0 };

		if (usher_pattern_make(&arena, table[i].text,
			table[i].organization, &america, &pattern,
			&error) != EINVAL)
			fail_msg("\"%s\" became %s", table[i].text,
			    pattern.text);
		assert_true(strlen(error.text) > 20);
		assert_true(g_utf8_validate(error.text, -1, NULL));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(patterns_match_what_they_say),
		TEST(number_patterns_follow_the_site),
		TEST(what_is_no_pattern_is_refused_with_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
