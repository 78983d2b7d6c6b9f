/*
 * URIs: our reading, libosip2's beside it, and what becomes of values that the
 * two would read differently.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "peer.h"
#include "uri.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static int
setup(void **state)
{
	(void)state;
	return sip_uri_init();
}

static void
assert_span(const char *what, struct span got, const char *wanted)
{
	if (got.l != strlen(wanted) ||
	    (got.l && memcmp(got.p, wanted, got.l) != 0))
		fail_msg("%s: '%.*s', not '%s'", what, SPAN_ARG(got), wanted);
}

static void
both_readers_agree_on_good_values(void **state)
{
	static const struct {
		const char *value, *display, *user, *host, *params, *tag;
		unsigned port;
		enum sip_scheme scheme;
	} cases[] = {
		{ "Alice <sip:alice@example.com>;tag=1", "Alice", "alice",
		    "example.com", "", "1", 0, SIP_SCHEME_SIP },
		{ "sip:alice@example.com;tag=1", "", "alice", "example.com", "",
		    "1", 0, SIP_SCHEME_SIP },
		{ "<sip:alice@example.com;tag=2>;tag=1", "", "alice",
		    "example.com", ";tag=2", "1", 0, SIP_SCHEME_SIP },
		{ "\"A \\\" <sip:x@y>\" <sip:a%40b@[2001:db8::1]:5070;lr>",
		    "\"A \\\" <sip:x@y>\"", "a@b", "[2001:db8::1]", ";lr", "",
		    5070, SIP_SCHEME_SIP },
		{ "<SIPS:b:secret@H.example.org.>;x=\";tag=3\"", "", "b",
		    "H.example.org.", "", "", 0, SIP_SCHEME_SIPS },
		{ "<sip:h>;tag=1", "", "", "h", "", "1", 0, SIP_SCHEME_SIP },
		{ "\"A\" <sip:h>", "\"A\"", "", "h", "", "", 0,
		    SIP_SCHEME_SIP },
		{ "<sip:example.com>", "", "", "example.com", "", "", 0,
		    SIP_SCHEME_SIP },
		{ "<sip:+1-415(555)0100;phone-context=x@h;user=phone?S=x>", "",
		    "+1-415(555)0100;phone-context=x", "h", ";user=phone", "",
		    0, SIP_SCHEME_SIP },
		{ "<sip:*21#@h>", "", "*21#", "h", "", "", 0, SIP_SCHEME_SIP },
		{ "<tel:+14155550100;verstat=x>;tag=q", "", "+14155550100", "",
		    ";verstat=x", "q", 0, SIP_SCHEME_TEL },
		{ "<urn:service:sos.fire>", "", "", "", "", "", 0,
		    SIP_SCHEME_URN },
		{ "M\xc3\xbcller & Co. (K\xc3\xb6ln) <sip:m@x.org>;tag=1",
		    "M\xc3\xbcller & Co. (K\xc3\xb6ln)", "m", "x.org", "", "1",
		    0, SIP_SCHEME_SIP },
		{ "Alice\r\n <sip:a@b>\r\n ;tag=1", "Alice", "a", "b", "", "1",
		    0, SIP_SCHEME_SIP },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct span text = span_of(cases[i].value);
		struct sip_value v;

		if (sip_value_read(&v, text))
			fail_msg("%s: not read", cases[i].value);
		assert_span(cases[i].value, v.display, cases[i].display);
		assert_span(cases[i].value, (struct span){ v.user, v.user_len },
		    cases[i].user);
		assert_span(cases[i].value, v.uri.host, cases[i].host);
		assert_span(cases[i].value, v.uri.params, cases[i].params);
		assert_span(cases[i].value, v.tag, cases[i].tag);
		assert_int_equal(v.uri.port, cases[i].port);
		assert_int_equal(v.uri.scheme, cases[i].scheme);
	}
}

/* What the sanitizers would stop at: offsets and searches of a null pointer. */
static void
what_is_not_there_is_read_as_nothing(void **state)
{
	static const struct span none = { NULL, 0 };
	struct sip_addr_value address;
	struct sip_value v;
	struct sip_uri uri;
	struct sip_via via;
	union sip_addr parsed;
	struct span rest = none, value = none;
	size_t length = 1;
	char text[4];

	(void)state;
	assert_null(span_end(none));
	assert_null(span_find(none, 'x'));
	assert_ptr_equal(span_copy(text, none), text);
	assert_false(sip_value_next(&rest, &value));
	assert_false(sip_addr_split(none, &address));
	assert_false(sip_param_get(none, "lr", &value));
	assert_false(sip_via_read(none, &via));
	assert_int_equal(sip_uri_split(&uri, none), EINVAL);
	assert_int_equal(sip_uri_read(&v, none), EBADMSG);
	assert_int_equal(sip_value_read(&v, none), EBADMSG);
	assert_int_equal(sip_display_text(none, text, 4, &length), 0);
	assert_int_equal(length, 0);
	assert_int_equal(sip_addr_parse(&parsed, none, 0), EINVAL);
	assert_false(sip_host_eq(none, none));
}

static void
values_that_could_be_read_two_ways_are_not_read(void **state)
{
	static const char *const bad[] = {
		"",
		"<>",
		"<sip:>",
		"<sip:@h>",
		"<sip:a@>",
		"alice",
		/* libosip2 ends the user at %00 */
		"<sip:null-%00-null@h>",
		"<sip:alice%00@h>",
		/* would break lines of logs and headers */
		"<sip:a%0d%0aX:y@h>",
		"<sip:a%7f@h>",
		"<sip:a%4@h>",
		"<sip:a%zz@h>",
		"<sip:a%@h>",
		/* libosip2: host 2001:db8: port 10, host [: */
		"<sip:a@2001:db8::10>",
		"<sip:a@[::1>",
		"<sip:a@[]>",
		"<sip:a@[::1]x>",
		"<sip:a@b@c>",
		"<sip:a@h:0>",
		"<sip:a@h:99999>",
		"<sip:a@h:5060x>",
		"<sip:a b@h>",
		"<sip:a@h i>",
		"\"x <sip:a@b>",
		"x, y <sip:a@b>",
		"<sip:a@b>;tag=1;tag=2",
		"<sip:a@b> tag=1",
		"<sip:a@b",
		"sip:a,b@c",
		/* a name for us, the URI for libosip2 */
		"sip:ceo@example.com <sip:eve@example.net>",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct sip_value v;

		if (sip_value_read(&v, span_of(bad[i])) != EBADMSG)
			fail_msg("'%s' was read: user %.*s host %.*s", bad[i],
			    (int)v.user_len, v.user, SPAN_ARG(v.uri.host));
	}
}

static void
nul_in_a_quoted_pair_changes_no_fact(void **state)
{
	static const char value[] = "\"NUL:\\\0 x\" <sip:a@b>;tag=1";
	static const char in_user[] = "<sip:a\0b@c>";
	struct sip_value v;

	(void)state;
	assert_int_equal(sip_value_read(&v,
			     (struct span){ value, sizeof(value) - 1 }),
	    0);
	assert_span("user", (struct span){ v.user, v.user_len }, "a");
	assert_int_equal(sip_value_read(&v,
			     (struct span){ in_user, sizeof(in_user) - 1 }),
	    EBADMSG);
}

static void
request_uris_of_any_scheme_are_read(void **state)
{
	struct sip_value v;

	(void)state;
	assert_int_equal(sip_uri_read(&v, SPAN_LIT("sip:b%6Fb@h;x=1")), 0);
	assert_span("user", (struct span){ v.user, v.user_len }, "bob");
	assert_span("raw", v.uri.user, "b%6Fb");
	assert_int_equal(sip_uri_read(&v, SPAN_LIT("isbn:2983792873")), 0);
	assert_int_equal(v.uri.scheme, SIP_SCHEME_OTHER);
	assert_span("opaque", v.uri.opaque, "2983792873");
	assert_int_equal(sip_uri_read(&v, SPAN_LIT("2983792873")), EBADMSG);
}

static void
too_long_and_too_many_are_refused(void **state)
{
	static char text[70000];
	struct sip_value v;
	size_t n;

	(void)state;
	n = (size_t)snprintf(text, sizeof(text), "sip:a@b");
	while (n + 2 < sizeof(text)) {
		memcpy(text + n, ";p", 2);
		n += 2;
	}
	assert_int_equal(sip_uri_read(&v, (struct span){ text, n }), EBADMSG);
	assert_int_equal(sip_uri_read(&v, (struct span){ text, 7 + 2 * 64 }),
	    0);
	assert_int_equal(sip_uri_read(&v, (struct span){ text, 7 + 2 * 65 }),
	    EBADMSG);
	memset(text, 'a', sizeof(text));
	memcpy(text, "sip:", 4);
	memcpy(text + 4 + SIP_USER_MAX, "@b", 2);
	n = 4 + SIP_USER_MAX + 2;
	assert_int_equal(sip_uri_read(&v, (struct span){ text, n }), 0);
	memcpy(text + 4 + SIP_USER_MAX, "a@b", 3);
	assert_int_equal(sip_uri_read(&v, (struct span){ text, n + 1 }),
	    EBADMSG);
}

static void
hosts_compare_by_what_they_mean(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
		{ "Example.COM", "example.com.", true },
		{ "example.com", "example.org", false },
		{ "[::1]", "[0:0::1]", true },
		{ "[2001:DB8::1]", "2001:db8:0::1", true },
		{ "10.0.0.1", "10.0.0.1", true },
		{ "10.0.0.1", "10.0.0.2", false },
		{ "[::ffff:10.0.0.1]", "10.0.0.1", false },
		{ "", "", false },
		{ "a", "a.b", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (sip_host_eq(span_of(cases[i].a), span_of(cases[i].b)) !=
		    cases[i].same)
			fail_msg("%s and %s", cases[i].a, cases[i].b);
}

static void
display_names_lose_quotes_and_folding(void **state)
{
	char text[32];
	size_t n;

	(void)state;
	assert_int_equal(sip_display_text(SPAN_LIT("\"A \\\"B\\\\\" C\""), text,
			     sizeof(text), &n),
	    0);
	assert_span("quoted", (struct span){ text, n }, "A \"B\\\" C");
	assert_int_equal(sip_display_text(SPAN_LIT("A\r\n B"), text,
			     sizeof(text), &n),
	    0);
	assert_span("folded", (struct span){ text, n }, "A B");
	assert_int_equal(sip_display_text(SPAN_LIT("long"), text, 3, &n),
	    EMSGSIZE);
}

static void
uri_parameters_are_found(void **state)
{
	struct sip_uri uri;
	struct span value;

	(void)state;
	assert_int_equal(sip_uri_split(&uri,
			     SPAN_LIT("sip:a;lr@h:5061;Transport=tcp;LR?x=1")),
	    0);
	assert_true(sip_uri_is_lr(&uri));
	assert_true(sip_uri_param(&uri, "transport", &value));
	assert_span("transport", value, "tcp");
	assert_span("headers", uri.headers, "x=1");
	assert_int_equal(sip_uri_split(&uri, SPAN_LIT("sip:a;lr@h")), 0);
	assert_false(sip_uri_is_lr(&uri));
}

static void
any_flipped_byte_is_survived(void **state)
{
	static const char good[] =
	    "\"A \\\" B\" <sip:a%40b:pw@[2001:db8::1]:5070;lr?x=y>;tag=1";
	static const char into[] = "\0\r\n \t,;:\"\\<>/@%[]\xff";

	(void)state;
	for (size_t i = 0; i < sizeof(good) - 1; i++) {
		for (size_t k = 0; k < sizeof(into) - 1; k++) {
			char *copy = malloc(sizeof(good) - 1);
			struct sip_value v;

			assert_non_null(copy);
			memcpy(copy, good, sizeof(good) - 1);
			copy[i] = into[k];
			(void)sip_value_read(&v,
			    (struct span){ copy, sizeof(good) - 1 });
			free(copy);
		}
	}
}

static void
assert_same_span(struct span a, struct span b)
{
	assert_int_equal(a.l, b.l);
	assert_true(a.l == 0 || a.p == b.p);
	assert_int_equal(a.p == NULL, b.p == NULL);
}

/* By both ways the same, and the short one takes what it should. */
static void
plain_uris_are_split_as_all_others(void **state)
{
	static const struct {
		const char *text;
		bool plain;
	} uris[] = {
		{ "sip:alice@example.com", true },
		{ "SIPS:+1-415@10.0.0.1:5061", true },
		{ "sip:a@b;transport=udp", true },
		{ "sip:a@b:65535;lr", true },
		{ "sip:a@b:65536", false },
		{ "sip:a@b:0", false },
		{ "sip:a@b:", false },
		{ "sip:a@", false },
		{ "sip:@b.example", false },
		{ "sip:b.example", false },
		{ "sip:a@b+c", false },
		{ "sip:a:b@c.example", false },
		{ "sip:a@b@c", false },
		{ "sip:a%41@b.example", false },
		{ "sip:a@[::1]", false },
		{ "sip:a@b;lr;x", false },
		{ "sip:a@b;", false },
		{ "sip:a@b;x=", false },
		{ "sip:a@b;x=y=z", false },
		{ "sip:a@b?x=y", false },
		{ "tel:+14155550100", false },
		{ "sipx:a@b.example", false },
		{ "zip:a@b.example", false },
		{ "sip", false },
		{ "sips:", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
		struct span text = span_of(uris[i].text);
		struct sip_uri plain, other;

		assert_int_equal(sip_uri_split_plain(&plain, text),
		    uris[i].plain);
		if (!uris[i].plain)
			continue;
		assert_int_equal(sip_uri_split_checked(&other, text), 0);
		assert_int_equal(plain.scheme, other.scheme);
		assert_int_equal(plain.port, other.port);
		assert_same_span(plain.all, other.all);
		assert_same_span(plain.scheme_text, other.scheme_text);
		assert_same_span(plain.user, other.user);
		assert_same_span(plain.password, other.password);
		assert_same_span(plain.host, other.host);
		assert_same_span(plain.params, other.params);
		assert_same_span(plain.headers, other.headers);
		assert_same_span(plain.opaque, other.opaque);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_uris_are_split_as_all_others),
		cmocka_unit_test(both_readers_agree_on_good_values),
		cmocka_unit_test(what_is_not_there_is_read_as_nothing),
		cmocka_unit_test(
		    values_that_could_be_read_two_ways_are_not_read),
		cmocka_unit_test(nul_in_a_quoted_pair_changes_no_fact),
		cmocka_unit_test(request_uris_of_any_scheme_are_read),
		cmocka_unit_test(too_long_and_too_many_are_refused),
		cmocka_unit_test(hosts_compare_by_what_they_mean),
		cmocka_unit_test(display_names_lose_quotes_and_folding),
		cmocka_unit_test(uri_parameters_are_found),
		cmocka_unit_test(any_flipped_byte_is_survived),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
