/*
 * code_text: access codes as people write them, and texts without them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "code.h"

static void
test_forms(void **state)
{
	static const struct {
		const char *text;
		bool plain;
		const char *code; /* NULL: none */
	} cases[] = {
		{ "WXK6-SJAF-TV3X", false, "WXK6SJAFTV3X" },
		{ "wxk6-sjaf-tv3x", false, "WXK6SJAFTV3X" },
		{ "Re: [WXK6-SJAF-TV3X], hello", false, "WXK6SJAFTV3X" },
		{ "O0Il-1111-0000", false, "001111110000" },
		{ "WXK6SJAFTV3X", true, "WXK6SJAFTV3X" },
		{ "WXK6SJAFTV3X", false, NULL },
		{ "123456789012", false, "123456789012" },
		{ "call 1234-5678-9012.", false, "123456789012" },
		{ "1234567890123", false, NULL },
		{ "xWXK6-SJAF-TV3X", false, NULL },
		{ "WXK6-SJAF-TV3Xx", false, NULL },
		{ "A-WXK6-SJAF-TV3X", false, NULL },
		{ "WXK6-SJAF-TV3X-9", false, NULL },
		{ "WXK6-SJAF-TV3X- 9", false, "WXK6SJAFTV3X" },
		{ "WXK6-SJAFTV3X", false, NULL },
		{ "WXK6-SJAU-TV3X", false, NULL },
		{ "\xc3\xa9WXK6-SJAF-TV3X", false, NULL },
		{ "introduction", true, NULL },
		{ "+44 20 7123 4567", true, NULL },
		{ "a%23WXK6SJAFTV3X", true, "WXK6SJAFTV3X" },
		{ "", true, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct code_token token;
		bool found = usher_code_next(cases[i].text,
		    strlen(cases[i].text), 0, cases[i].plain, &token);

		if (found != (cases[i].code != NULL))
			fail_msg("%s", cases[i].text);
		if (found)
			assert_string_equal(token.code, cases[i].code);
	}
	assert_true(usher_code_is("wxk6sjaftv3x"));
	assert_false(usher_code_is("wxk6sjaftv3x "));
}

static void
test_what_led_to_a_code_goes_with_it(void **state)
{
	static const char codes[] = "WXK6SJAFTV3X 123456789012";
	static const struct {
		const char *text, *left; /* NULL: as it was */
	} cases[] = {
		{ "WXK6-SJAF-TV3X", "" },
		{ "Hello WXK6-SJAF-TV3X", "Hello" },
		{ "WXK6-SJAF-TV3X Hello", "Hello" },
		{ "Our WXK6-SJAF-TV3X offer", "Our offer" },
		{ "Our [wxk6-sjaf-tv3x] offer", "Our offer" },
		{ "Our [code WXK6-SJAF-TV3X] offer", "Our [code] offer" },
		{ "x, WXK6-SJAF-TV3X, 1234-5678-9012", "x,," },
		{ "A <a+WXK6SJAFTV3X@x.example>", "A <a@x.example>" },
		{ "a+b+WXK6-SJAF-TV3X@x.example", "a+b@x.example" },
		{ "a+WXK6-SJAF-TV3X+b@x.example", "a+b@x.example" },
		{ "sip:+1415*123456789012@h", "sip:+1415@h" },
		{ "sip:a%23123456789012@h", "sip:a@h" },
		{ "sip:a@h;code=123456789012;lr", "sip:a@h;lr" },
		{ ";code=123456789012;lr", ";lr" },
		{ "=?utf-8?q?F=C3=BCr_WXK6-SJAF-TV3X_Sie?=",
		    "=?utf-8?q?F=C3=BCr__Sie?=" },
		{ "=?utf-8?b?V1hLNi1TSkFGLVRWM1ggT2s=?=", "Ok" },
		{ "Hello\n =?utf-8?b?V1hLNi1TSkFGLVRWM1g=?=", "Hello" },
		{ "Our offer\n WXK6-SJAF-TV3X", "Our offer" },
		{ "Our offer\r\n\t[WXK6-SJAF-TV3X]", "Our offer" },
		{ "Our\n WXK6-SJAF-TV3X offer", "Our\n offer" },
		{ "WXK6-SJAF-TV3X\n offer", "offer" },
		{ "Our\n WXK6-SJAF-TV3X\n\t offer", "Our\n\t offer" },
		{ " Our  123456789012\n  offer ", " Our  \n  offer " },
		{ "WXK6-SJAF-TV3X 123456789012", "" },
		{ "\n WXK6-SJAF-TV3X 123456789012\n x", "\n x" },
		{ "\n WXK6-SJAF-TV3X\n ", "\n " },
		{ "AAAA-BBBB-CCCC", NULL },
		{ "xWXK6-SJAF-TV3X", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *left = NULL;

		assert_int_equal(usher_codes_strip(codes, cases[i].text, &left),
		    0);
		if ((left == NULL) != (cases[i].left == NULL))
			fail_msg("%s", cases[i].text);
		if (left != NULL)
			assert_string_equal(left, cases[i].left);
		free(left);
	}
}

/* What our own words would repeat: all in the form of a code, valid or not. */
static void
test_what_may_be_a_code_is_not_said(void **state)
{
	static const struct {
		const char *text;
		bool digits;
		const char *left;
	} cases[] = {
		{ "Our [WXK6-SJAF-TV3X] offer", false, "Our offer" },
		{ "wxk6-sjaf-tv3x AAAA-BBBB-CCCC 1", true, "1" },
		{ "WXK6SJAFTV3X", true, "WXK6SJAFTV3X" },
		{ "Order 1234-5678-9012", false, "Order 1234-5678-9012" },
		{ "Order 1234-5678-9012", true, "Order" },
		{ "123456789012 now", true, "now" },
		{ "", true, "" },
	};
	struct arena arena;

	(void)state;
	usher_arena_init(&arena);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(usher_code_unsaid(&arena, cases[i].text,
					cases[i].digits),
		    cases[i].left);
	usher_arena_free(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_what_led_to_a_code_goes_with_it),
		cmocka_unit_test(test_what_may_be_a_code_is_not_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
