/*
 * Our reading of a request beside libosip2's: values so plain that libosip2 is
 * not asked for them, odd ones, and requests with any byte changed. What both
 * accept they read alike; fuzz_sip_agree.c goes on from here.
 */
#include "sip_gate_case.h"

#include "../fuzz/sip_agree.h"

static int
setup(void **state)
{
	(void)state;
	return sip_uri_init();
}

/* Parts of which any combination is plain; uri_osip.c asks nobody. */
static const char *const users[] = { "a", "+14155550100", "a.b-c_d+e", "-", "_",
	"0", "A.", "..", "sip", "tag" };
static const char *const hosts[] = { "h", "biloxi.example.com", "127.0.0.1",
	"H-1.", "1", "-", "example" };
static const char *const params[] = { "", ";lr", ";user=phone", ";a=1.2-3_4+5",
	";transport=tcp", ";tag=x" };
static const char *const displays[] = { "", "\"A\" ", "\"A b 9\" ", "\"\" ",
	"\"sip\"" };
static const char *const tags[] = { "", ";tag=1", ";tag=a.b-c_d+e" };

static void
read_alike(const char *text)
{
	static struct sip_value value;
	const char *differs;

	assert_int_equal(read_changed("\"Alice, Ng\" "
				      "<sip:alice@example.com>;tag=1928301774",
			     text),
	    SIP_GATE_OK);
	if (sip_value_read(&value, sip_msg_value(&msg, SIP_HDR_FROM)) != 0)
		fail_msg("%s is not read", text);
	differs = sip_agree(&msg);
	if (differs != NULL)
		fail_msg("%s: the readers differ in %s", text, differs);
}

static void
plain_values_have_one_reading(void **state)
{
	char text[256];

	(void)state;
	for (size_t u = 0; u < COUNT(users); u++)
		for (size_t h = 0; h < COUNT(hosts); h++)
			for (size_t p = 0; p < COUNT(params); p++) {
				/* The others in turn, all of them met. */
				size_t n = u * COUNT(hosts) + h + p;

				snprintf(text, sizeof(text), "%s<%s:%s@%s%s>%s",
				    displays[n % COUNT(displays)],
				    n % 2 ? "sip" : "SIPS", users[u], hosts[h],
				    params[p], tags[n % COUNT(tags)]);
				read_alike(text);
			}
}

static void
odd_values_have_one_reading(void **state)
{
	static const char *const odd[] = { "sip:a@b;tag=1", "<sip:h.example>",
		"<sip:a:b@h>", "<sip:a%40b@h>;tag=1", "<sip:a@[::1]:5060;lr>",
		"<tel:+1;phone-context=x>;tag=2", "<urn:service:sos>",
		"\"A \\\" <sip:x@y>\" <sip:a@b>;x=\";tag=3\"",
		"M\xc3\xbcller <sip:m@x.org>;tag=1", "<sip:a;b=c@h;d>;e;tag=f",
		"A <sip:a@b?Subject=x&y=z>;tag=1", "<mailto:a@b>" };

	(void)state;
	for (size_t i = 0; i < COUNT(odd); i++)
		read_alike(odd[i]);
}

static void
any_changed_byte_is_read_alike(void **state)
{
	static const char into[] = "\r\n \t,;:\"\\<>/@\xff%=?.a0";

	(void)state;
	for (size_t i = 0; i < sizeof(good) - 1; i++) {
		for (size_t k = 0; k < sizeof(into) - 1; k++) {
			const char *differs;

			memcpy(bytes, good, sizeof(good) - 1);
			bytes[i] = into[k];
			if (sip_gate_read(&msg, bytes, sizeof(good) - 1,
				&limits) != SIP_GATE_OK)
				continue;
			differs = sip_agree(&msg);
			if (differs != NULL)
				fail_msg("byte %zu as '%c': %s", i, into[k],
				    differs);
		}
	}
}

/* Or the tests above would prove nothing. */
static void
a_difference_is_seen(void **state)
{
	(void)state;
	assert_int_equal(read_text(good), SIP_GATE_OK);
	assert_null(sip_agree(&msg));
	msg.cseq++;
	assert_string_equal(sip_agree(&msg), "CSeq");
	msg.call_id.l--;
	assert_string_equal(sip_agree(&msg), "Call-ID");
	msg.headers[msg.first[SIP_HDR_TO]].value = SPAN_LIT("<sip:bob@other>");
	assert_string_equal(sip_agree(&msg), "To");
	msg.headers[msg.first[SIP_HDR_FROM]].value = SPAN_LIT(
	    "<sip:alice@example.com>;tag=2");
	assert_string_equal(sip_agree(&msg), "From");
	msg.uri = SPAN_LIT("sip:eve@biloxi.example.com");
	assert_string_equal(sip_agree(&msg), "the Request-URI");
	msg.method_text.l--;
	assert_string_equal(sip_agree(&msg), "the method");
	assert_int_equal(read_text(good), SIP_GATE_OK);
	msg.via.branch.l--;
	assert_string_equal(sip_agree(&msg), "the branch");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_values_have_one_reading),
		cmocka_unit_test(odd_values_have_one_reading),
		cmocka_unit_test(any_changed_byte_is_read_alike),
		cmocka_unit_test(a_difference_is_seen),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
