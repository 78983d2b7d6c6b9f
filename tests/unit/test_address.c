/*
 * Mail addresses, SIP addresses, domains.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "arena.h"
#include "error.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define LABEL_64                                   \
	"0123456789012345678901234567890123456789" \
	"012345678901234567890123"
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
same_or_both_null(const char *text, const char *got, const char *wanted)
{
	if ((got == NULL) != (wanted == NULL) ||
	    (got != NULL && strcmp(got, wanted) != 0))
		fail_msg("%s: %s, not %s", text, got == NULL ? "NULL" : got,
		    wanted == NULL ? "NULL" : wanted);
}

static void
addresses_are_read_in_every_spelling(void **state)
{
	static const struct {
		const char *text;
		enum address_kind kind;
		const char *normal, *domain, *organization;
	} table[] = {
		{ "alice@example.com", ADDRESS_MAIL, "alice@example.com",
		    "example.com", "example.com" },
		{ " Alice.NG@Sales.Example.COM. ", ADDRESS_MAIL,
		    "alice.ng@sales.example.com", "sales.example.com",
		    "example.com" },
		{ "<a@b.example>", ADDRESS_MAIL, "a@b.example", "b.example",
		    "b.example" },
		{ "Alice Ng <a@x.co.uk>", ADDRESS_MAIL, "a@x.co.uk", "x.co.uk",
		    "x.co.uk" },
		{ "\"Ng, Alice <alice@evil.example>\" <a@x.y.co.uk>",
		    ADDRESS_MAIL, "a@x.y.co.uk", "x.y.co.uk", "y.co.uk" },
		{ "mailto:a%2Bb@example.com?subject=x@y", ADDRESS_MAIL,
		    "a+b@example.com", "example.com", "example.com" },
		{ "a@localhost", ADDRESS_MAIL, "a@localhost", "localhost",
		    NULL },
		{ "a@co.uk", ADDRESS_MAIL, "a@co.uk", "co.uk", NULL },
		{ "\"a.b\"@example.com", ADDRESS_MAIL, "a.b@example.com",
		    "example.com", "example.com" },
		{ "\"A b\"@example.com", ADDRESS_MAIL, "\"a b\"@example.com",
		    "example.com", "example.com" },
		{ "\"a\\\"@\\b\"@example.com", ADDRESS_MAIL,
		    "\"a\\\"@b\"@example.com", "example.com", "example.com" },
		{ "a..b.@example.com", ADDRESS_MAIL, "a..b.@example.com",
		    "example.com", "example.com" },
		{ "b+v=1/x'!#$%&*?^`{|}~@example.com", ADDRESS_MAIL,
		    "b+v=1/x'!#$%&*?^`{|}~@example.com", "example.com",
		    "example.com" },
		{ "a@[192.0.2.1]", ADDRESS_MAIL, "a@[192.0.2.1]", "[192.0.2.1]",
		    NULL },
		{ "a@[IPv6:2001:DB8:0::1]", ADDRESS_MAIL, "a@[2001:db8::1]",
		    "[2001:db8::1]", NULL },
		{ "JÖRG@Bücher.example", ADDRESS_MAIL,
		    "jörg@xn--bcher-kva.example", "xn--bcher-kva.example",
		    "xn--bcher-kva.example" },
		{ "jo\xcc\x88rg@XN--Bcher-KVA.example", ADDRESS_MAIL,
		    "jörg@xn--bcher-kva.example", "xn--bcher-kva.example",
		    "xn--bcher-kva.example" },
		{ "a@my_host.example.com", ADDRESS_MAIL,
		    "a@my_host.example.com", "my_host.example.com",
		    "example.com" },
		{ "+14155550100@fax.example", ADDRESS_NUMBER, "+14155550100",
		    NULL, NULL },
		{ "4155550100@sms.example", ADDRESS_MAIL,
		    "4155550100@sms.example", "sms.example", "sms.example" },
		{ "+1 (415) 555-0100", ADDRESS_NUMBER, "+14155550100", NULL,
		    NULL },
		{ "tel:+1-415-555-0100;ext=12", ADDRESS_NUMBER, "+14155550100",
		    NULL, NULL },
		{ "TEL:4155550100", ADDRESS_NUMBER, "+14155550100", NULL,
		    NULL },
		{ "Bob <+14155550100>", ADDRESS_NUMBER, "+14155550100", NULL,
		    NULL },
		{ "sip:+14155550100@gw.example;user=phone", ADDRESS_NUMBER,
		    "+14155550100", NULL, NULL },
		{ "sip:5550100;phone-context=+1415@gw.example", ADDRESS_NUMBER,
		    "+14155550100", NULL, NULL },
		{ "sip:%2B14155550100@gw.example", ADDRESS_NUMBER,
		    "+14155550100", NULL, NULL },
		{ "sip:Alice@PBX.Example.com:5061;transport=tcp?a=b@c",
		    ADDRESS_SIP, "Alice@pbx.example.com", "pbx.example.com",
		    "example.com" },
		{ "sips:1001:secret@pbx.example.com", ADDRESS_SIP,
		    "1001@pbx.example.com", "pbx.example.com", "example.com" },
		{ "\"A\" <sip:a%6Cice;x=y@192.0.2.7:5060>;tag=1", ADDRESS_SIP,
		    "alice@192.0.2.7", "192.0.2.7", NULL },
		{ "sip:a@[2001:DB8::1]:5060", ADDRESS_SIP, "a@[2001:db8::1]",
		    "[2001:db8::1]", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct address address;
		struct usher_error error = { 0 };

		if (usher_address_parse(&arena, table[i].text, &america,
			&address, &error) != 0)
			fail_msg("%s: %s", table[i].text, error.text);
		same_or_both_null(table[i].text, address.text, table[i].normal);
		assert_int_equal(address.kind, table[i].kind);
		same_or_both_null(table[i].text, address.domain,
		    table[i].domain);
		same_or_both_null(table[i].text, address.organization,
		    table[i].organization);
	}
}

static void
what_is_no_address_is_refused_with_a_sentence(void **state)
{
	static const char *const table[] = {
		"",
		" ",
		"<>",
		"alice",
		"alice smith",
		"@example.com",
		"a@",
		"a@b@example.com",
		"a b@example.com",
		"a@exa mple.com",
		"a@.com",
		"a@b..com",
		"a@-b.com",
		"a@b-.com",
		"a@b.123",
		"a@[192.0.2.300]",
		"a@[]",
		"a@[",
		"a@[::1",
		"a@*.com",
		"\"\"@example.com",
		"\"a@example.com",
		"\"a\"b@example.com",
		"a\"b\"@example.com",
		"\"a\\\"@example.com",
		"<a@b.example",
		"a <a@b.example> b",
		"a,b@example.com",
		"a@b.example,c@d",
		"a\n@example.com",
		"a@example.com\r",
		"a\x7f@example.com",
		"\xff@example.com",
		"a@\xff.example",
		"a@\xe2\x80\xae.com",
		"sip:",
		"sip:example.com",
		"sip:@example.com",
		"sip:;a=b@example.com",
		"sip:a@",
		"sip:a@b:",
		"sip:a@b:x",
		"sip:a@b:123456",
		"sip:a@[::1",
		"sip:a@[::1]x",
		"sip:a%@b",
		"sip:a%0@b",
		"sip:a%00b@c",
		"sip:a%0ab@c",
		"sip:a%ffb@c",
		"sip:a@b@c",
		"tel:",
		"tel:1001",
		"tel:+",
		"+1234567890123456",
		"1001",
		"+1-800-FLOWERS",
		"mailto:",
		"mailto:a",
		"mailto:a%00@b.example",
		"mailto:a%zz@b.example",
		TEXT_320 "@example.com",
		"a@" TEXT_320 ".com",
		"a@" LABEL_64 ".com",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct address address = { .kind = ADDRESS_MAIL };
		struct usher_error error = { 0 };

		if (usher_address_parse(&arena, table[i], &america, &address,
			&error) != EINVAL)
			fail_msg("%s: %s", table[i], address.text);
		assert_int_equal(address.kind, ADDRESS_NONE);
		assert_null(address.text);
		assert_true(strlen(error.text) > 20);
		assert_true(g_utf8_validate(error.text, -1, NULL));
		assert_null(strpbrk(error.text, "\r\n\x7f"));
		assert_int_equal(usher_address_parse(&arena, table[i], &america,
				     &address, NULL),
		    EINVAL);
	}
}

static void
an_address_may_have_320_bytes(void **state)
{
	char text[400];
	struct address address;

	(void)state;
	snprintf(text, sizeof(text), "%.308s@example.com", TEXT_320);
	assert_int_equal(strlen(text), 320);
	assert_int_equal(usher_address_parse(&arena, text, NULL, &address,
			     NULL),
	    0);
	assert_string_equal(address.text, text);
	/* The name in front is not counted. */
	snprintf(text, sizeof(text), "%s <a@example.com>", TEXT_320);
	assert_int_equal(usher_address_parse(&arena, text, NULL, &address,
			     NULL),
	    0);
	assert_string_equal(address.text, "a@example.com");
}

static void
a_delimiter_part_is_cut(void **state)
{
	static const struct {
		const char *text;
		char delimiter;
		const char *wanted;
	} table[] = {
		{ "alice+x@example.com", '+', "alice@example.com" },
		{ "alice+x+y@example.com", '+', "alice@example.com" },
		{ "alice-x@example.com", '-', "alice@example.com" },
		{ "alice+x@example.com", '-', "alice+x@example.com" },
		{ "alice@ex-ample.com", '-', "alice@ex-ample.com" },
		{ "+x@example.com", '+', "+x@example.com" },
		{ "alice+x@example.com", '\0', "alice+x@example.com" },
		{ "\"a b+x\"@example.com", '+', "\"a b+x\"@example.com" },
		{ "+14155550100", '+', "+14155550100" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		assert_string_equal(usher_address_undelimited(&arena,
					table[i].text, table[i].delimiter),
		    table[i].wanted);
}

static void
domains_have_one_form(void **state)
{
	static const struct {
		const char *host, *normal;
	} table[] = {
		{ "Example.COM", "example.com" },
		{ "example.com.", "example.com" },
		{ "a", "a" },
		{ "BÜCHER.example", "xn--bcher-kva.example" },
		{ "bu\xcc\x88"
		  "cher.example",
		    "xn--bcher-kva.example" },
		{ "例え。テスト", "xn--r8jz45g.xn--zckzah" },
		{ "_sip._udp.example.com", "_sip._udp.example.com" },
		{ "3com.com", "3com.com" },
		{ "", NULL },
		{ ".", NULL },
		{ ".example.com", NULL },
		{ "a..b", NULL },
		{ "example.com..", NULL },
		{ "a b", NULL },
		{ "a@b", NULL },
		{ "192.0.2.1", NULL },
		{ "a.1", NULL },
		{ "[192.0.2.1]", NULL },
		{ "-a.b", NULL },
		{ "a-.b", NULL },
		{ "*.b", NULL },
		{ "a/b", NULL },
		{ "a:25", NULL },
		{ "\xff.com", NULL },
		{ "a\xe2\x80\xa8.com", NULL },
		{ TEXT_320, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		same_or_both_null(table[i].host,
		    usher_domain_normal(&arena, table[i].host),
		    table[i].normal);
}

static void
the_organization_is_the_registrable_domain(void **state)
{
	static const struct {
		const char *host, *organization;
	} table[] = {
		{ "example.com", "example.com" },
		{ "a.b.EXAMPLE.com", "example.com" },
		{ "com", NULL },
		{ "co.uk", NULL },
		{ "x.co.uk", "x.co.uk" },
		{ "y.x.co.uk", "x.co.uk" },
		{ "elastic.example", "elastic.example" },
		{ "mail.elastic.example", "elastic.example" },
		{ "example", NULL },
		{ "localhost", NULL },
		{ "city.kobe.jp", "city.kobe.jp" }, /* an exception */
		{ "a.b.c.kobe.jp", "b.c.kobe.jp" }, /* a wildcard */
		{ "alice.github.io", "alice.github.io" },
		{ "食狮.公司.cn", "xn--85x722f.xn--55qx5d.cn" },
		{ "192.0.2.1", NULL },
		{ "[192.0.2.1]", NULL },
		{ "", NULL },
		{ ".com", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		same_or_both_null(table[i].host,
		    usher_domain_organization(&arena, table[i].host),
		    table[i].organization);
}

static void
a_domain_holds_what_is_below_it(void **state)
{
	(void)state;
	assert_true(usher_domain_within("example.com", "example.com"));
	assert_true(usher_domain_within("a.b.example.com", "example.com"));
	assert_true(usher_domain_within("a.com", "com"));
	assert_false(usher_domain_within("badexample.com", "example.com"));
	assert_false(usher_domain_within("example.com", "a.example.com"));
	assert_false(
	    usher_domain_within("example.com.evil.example", "example.com"));
	assert_false(usher_domain_within("example.com", ""));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(addresses_are_read_in_every_spelling),
		TEST(what_is_no_address_is_refused_with_a_sentence),
		TEST(an_address_may_have_320_bytes),
		TEST(a_delimiter_part_is_cut),
		TEST(domains_have_one_form),
		TEST(the_organization_is_the_registrable_domain),
		TEST(a_domain_holds_what_is_below_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
