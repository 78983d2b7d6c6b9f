/*
 * Telephone numbers: the rules of "Numbers" in design-calls.md, countries.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct dialling america = { "1", "011", "1" };
static const struct dialling britain = { "44", "00", "0" };
static const struct dialling denmark = { "45", "00", "" };
static const struct dialling nowhere = { "", "00", "0" };

static void
numbers_are_dialled_as_the_site_does(void **state)
{
	static const struct {
		const char *text;
		const struct dialling *site;
		bool e164;
		const char *number;
	} table[] = {
		{ "+14155550100", NULL, false, "+14155550100" },
		{ "+1 (415) 555-0100", &america, false, "+14155550100" },
		{ "+1.415.555.0100;npdi;rn=+1", NULL, false, "+14155550100" },
		{ "+44 (0)20 7123 4567", &america, false, "+442071234567" },
		{ "+123456789012345", NULL, false, "+123456789012345" },
		{ "+1234567890123456", NULL, false, NULL },
		{ "+911", NULL, false, "+911" },
		{ "+", NULL, false, NULL },
		{ "", &america, false, NULL },
		{ "++1415", NULL, false, NULL },
		{ "1+415", &america, false, NULL },
		/* international */
		{ "011 44 20 7123 4567", &america, false, "+442071234567" },
		{ "00442071234567", &britain, false, "+442071234567" },
		{ "00442071234567", &nowhere, false, "+442071234567" },
		{ "00442071234567", NULL, false, NULL },
		{ "0011223", &britain, false, NULL }, /* an extension */
		{ "0001234567", &britain, false, NULL },
		{ "001234567890123456", &britain, false, NULL },
		/* context of a local number */
		{ "5550100;phone-context=+1415", NULL, false, "+14155550100" },
		{ "5550100;x=y;PHONE-Context=+1-415;z", &britain, false,
		    "+14155550100" },
		{ "5550100;phone-context=pbx.example", &america, false,
		    "+15550100" },
		{ "5550100;phone-context=pbx.example", NULL, false, NULL },
		{ "5550100;phone-context=", NULL, false, NULL },
		{ "1001;phone-context=pbx.example", &america, false, NULL },
		{ "+14155550100;phone-context=+44", NULL, false,
		    "+14155550100" },
		{ "0114420712345;phone-context=+33", &america, false,
		    "+4420712345" },
		/* national */
		{ "14155550100", &america, false, "+14155550100" },
		{ "4155550100", &america, false, "+14155550100" },
		{ "020 7123 4567", &britain, false, "+442071234567" },
		{ "2071234567", &britain, false, "+442071234567" },
		{ "12345678", &denmark, false, "+4512345678" },
		{ "020 7123 4567", &nowhere, false, NULL },
		{ "020 7123 4567", NULL, false, NULL },
		{ "0123456", &britain, false, "+440123456" },
		{ "1234567", &america, false, "+11234567" },
		/* E.164 without its + */
		{ "442071234567", &america, true, "+442071234567" },
		{ "442071234567", NULL, true, "+442071234567" },
		{ "442071234567", &britain, false, "+44442071234567" },
		{ "02071234567", &britain, true, "+442071234567" },
		{ "02071234567", &america, true, NULL },
		{ "1234567890123456", &america, true, NULL },
		/* extensions and words */
		{ "1001", &america, false, NULL },
		{ "123456", &america, true, NULL },
		{ "alice", &america, false, NULL },
		{ "anonymous", NULL, true, NULL },
		{ "1800FLOWERS", &america, false, NULL },
		{ "*67", &america, false, NULL },
		{ "#1", NULL, true, NULL },
		{ "4155550100x12", &america, false, NULL },
		{ "---", &america, false, NULL },
		{ ";phone-context=+1", NULL, false, NULL },
		{ "123456789012345678901234567890123", &america, false, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		size_t length = strlen(table[i].text);
		/* Exactly as long, so that reading beyond shows. */
		char *text = malloc(length == 0 ? 1 : length);
		char out[USHER_NUMBER_TEXT];
		const char *number;

		memcpy(text, table[i].text, length);
		number = usher_number_normal(text, length, table[i].site,
		    table[i].e164, out);
		free(text);
		if ((number == NULL) != (table[i].number == NULL) ||
		    (number != NULL && strcmp(number, table[i].number) != 0))
			fail_msg("%s: %s", table[i].text,
			    number == NULL ? "NULL" : number);
	}
}

static void
a_nul_is_no_digit(void **state)
{
	char out[USHER_NUMBER_TEXT];

	(void)state;
	assert_null(usher_number_normal("+1\0"
					"4",
	    4, NULL, false, out));
}

static void
a_number_is_plus_and_1_to_15_digits(void **state)
{
	(void)state;
	assert_true(usher_number_is("+1", 2));
	assert_true(usher_number_is("+123456789012345", 16));
	assert_false(usher_number_is("+1234567890123456", 17));
	assert_false(usher_number_is("+", 1));
	assert_false(usher_number_is("", 0));
	assert_false(usher_number_is("14155550100", 11));
	assert_false(usher_number_is("+1 415", 6));
	assert_true(usher_number_is("+1 415", 2));
}

static void
a_number_tells_its_country(void **state)
{
	static const struct {
		const char *number, *country;
	} table[] = {
		{ "+14155550100", "US" },
		{ "+14165550100", "CA" },
		{ "+16475550100", "CA" },
		{ "+18675550100", "CA" },
		{ "+12425550100", "BS" },
		{ "+18765550100", "JM" },
		{ "+16585550100", "JM" },
		{ "+18095550100", "DO" },
		{ "+18295550100", "DO" },
		{ "+17875550100", "PR" },
		{ "+16715550100", "GU" },
		{ "+17215550100", "SX" },
		{ "+12125550100", "US" },
		{ "+18005550100", "US" },
		{ "+74951234567", "RU" },
		{ "+79161234567", "RU" },
		{ "+77012345678", "KZ" },
		{ "+77172123456", "KZ" },
		{ "+76212345678", "KZ" },
		{ "+442071234567", "GB" },
		{ "+441481256789", "GG" },
		{ "+441534456789", "JE" },
		{ "+441624756789", "IM" },
		{ "+493012345", "DE" },
		{ "+390612345678", "IT" },
		{ "+390669812345", "VA" },
		{ "+358401234567", "FI" },
		{ "+3581812345", "AX" },
		{ "+4779123456", "SJ" },
		{ "+4722123456", "NO" },
		{ "+61212345678", "AU" },
		{ "+61891621234", "CC" },
		{ "+59995181234", "CW" },
		{ "+5997181234", "BQ" },
		{ "+262269123456", "YT" },
		{ "+262692123456", "RE" },
		{ "+38349123456", "XK" },
		{ "+85212345678", "HK" },
		{ "+886212345678", "TW" },
		{ "+9725123456", "IL" },
		{ "+97012345678", "PS" },
		{ "+67212345", "AQ" },
		{ "+672312345", "NF" },
		{ "+1", "US" },
		{ "+7", "RU" },
		{ "+44", "GB" },
		{ "+80012345678", NULL },
		{ "+870123456789", NULL },
		{ "+881612345678", NULL },
		{ "+88212345678", NULL },
		{ "+97912345678", NULL },
		{ "+2101234567", NULL },
		{ "+3841234567", NULL },
		{ "+99912345678", NULL },
		{ "+0123456", NULL },
		{ "+", NULL },
		{ "", NULL },
		{ "14155550100", NULL },
		{ "alice@example.com", NULL },
	};

	(void)state;
	assert_null(usher_number_country(NULL));
	for (size_t i = 0; i < COUNT(table); i++) {
		const char *country = usher_number_country(table[i].number);

		if ((country == NULL) != (table[i].country == NULL) ||
		    (country != NULL && strcmp(country, table[i].country) != 0))
			fail_msg("%s: %s", table[i].number,
			    country == NULL ? "NULL" : country);
	}
}

/* Every code is found by its search: the table is in order. */
static void
two_hundred_country_codes_are_assigned(void **state)
{
	unsigned found = 0;

	(void)state;
	for (int code = 1; code < 1000; code++) {
		char number[16];
		const char *country;

		snprintf(number, sizeof(number), "+%d", code);
		country = usher_number_country(number);
		if (country == NULL)
			continue;
		assert_int_equal(strlen(country), 2);
		/* One digit and two digits count for all codes below them. */
		number[strlen(number) - 1] = '\0';
		if (usher_number_country(number) == NULL)
			found++;
	}
	/* Of one digit, of two, of three. */
	assert_int_equal(found, 2 + 44 + 161);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_dialled_as_the_site_does),
		cmocka_unit_test(a_nul_is_no_digit),
		cmocka_unit_test(a_number_is_plus_and_1_to_15_digits),
		cmocka_unit_test(a_number_tells_its_country),
		cmocka_unit_test(two_hundred_country_codes_are_assigned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
