/*
 * The gate: what it finds in a datagram, and the caps it keeps.
 */
#include "sip_gate_case.h"

static void
a_request_is_cut_into_its_parts(void **state)
{
	(void)state;
	assert_int_equal(read_text(good), SIP_GATE_OK);
	assert_true(msg.request);
	assert_true(msg.answerable);
	assert_int_equal(msg.method, SIP_METHOD_INVITE);
	assert_span(msg.uri, "sip:bob@biloxi.example.com");
	assert_span(msg.via.transport, "UDP");
	assert_span(msg.via.host, "pc33.example.com");
	assert_int_equal(msg.via.port, 5062);
	assert_span(msg.via.branch, "z9hG4bKnashds8");
	assert_non_null(msg.via.rport.p);
	assert_int_equal(msg.via.rport.l, 0);
	assert_null(msg.via.received.p);
	assert_int_equal(msg.via_count, 2);
	assert_int_equal(msg.max_forwards, 70);
	assert_span(msg.from_tag, "1928301774");
	assert_null(msg.to_tag.p);
	assert_span(msg.call_id, "a84b4c76e66710@pc33.example.com");
	assert_int_equal(msg.cseq, 314159);
	assert_span(msg.cseq_method, "INVITE");
	assert_int_equal(msg.content_length, 5);
	assert_span(msg.body, "hello");
	assert_span(sip_msg_value(&msg, SIP_HDR_CONTACT),
	    "<sip:alice@pc33.example.com>");
	assert_int_equal(msg.count, 10);
	assert_int_equal(msg.all.l, strlen(good));
}

static void
a_response_is_cut_into_its_parts(void **state)
{
	(void)state;
	assert_int_equal(read_changed("INVITE sip:bob@biloxi.example.com "
				      "SIP/2.0",
			     "SIP/2.0 183 "),
	    SIP_GATE_OK);
	assert_false(msg.request);
	assert_false(msg.answerable);
	assert_int_equal(msg.code, 183);
	assert_int_equal(msg.reason.l, 0);
	assert_int_equal(msg.method, SIP_METHOD_INVITE);
}

static void
keepalives_are_no_messages(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} cases[] = {
		{ "", 0 },
		{ "\r\n", 2 },
		{ "\r\n\r\n", 4 },
		{ "\n", 1 },
		{ "\0\0\0\0", 4 },
		{ "\0", 1 },
		{ "\r\n\0", 3 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(sip_gate_read(&msg, cases[i].bytes,
				     cases[i].len, &limits),
		    SIP_GATE_KEEPALIVE);
	(void)snprintf(bytes, sizeof(bytes), "\r\n\r\n%s", good);
	assert_int_equal(sip_gate_read(&msg, bytes, strlen(bytes), &limits),
	    SIP_GATE_OK);
	assert_ptr_equal(msg.all.p, bytes + 4);
}

static void
what_is_not_sip_is_dropped(void **state)
{
	static const char stun[] = "\0\1\0\0\x21\x12\xa4\x42"
				   "123456789012";

	(void)state;
	assert_int_equal(sip_gate_read(&msg, stun, sizeof(stun) - 1, &limits),
	    SIP_GATE_NOT_SIP);
	assert_int_equal(read_text("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
	    SIP_GATE_NOT_SIP);
	assert_int_equal(read_text("hello"), SIP_GATE_NOT_SIP);
	assert_int_equal(sip_gate_code(SIP_GATE_NOT_SIP, &msg), 0);
}

static void
the_body_ends_where_content_length_says(void **state)
{
	(void)state;
	assert_int_equal(read_changed("Length: 5", "Length: 3"), 0);
	assert_span(msg.body, "hel");
	assert_int_equal(msg.all.l, strlen(good) - 2);
	assert_int_equal(read_changed("Content-Length: 5\r\n", ""), 0);
	assert_span(msg.body, "hello");
}

static void
every_known_name_and_compact_form_is_found(void **state)
{
	static const char letters[][2] = {
		{ 'a', SIP_HDR_ACCEPT_CONTACT },
		{ 'b', SIP_HDR_REFERRED_BY },
		{ 'c', SIP_HDR_CONTENT_TYPE },
		{ 'd', SIP_HDR_REQUEST_DISPOSITION },
		{ 'e', SIP_HDR_CONTENT_ENCODING },
		{ 'f', SIP_HDR_FROM },
		{ 'i', SIP_HDR_CALL_ID },
		{ 'j', SIP_HDR_REJECT_CONTACT },
		{ 'k', SIP_HDR_SUPPORTED },
		{ 'l', SIP_HDR_CONTENT_LENGTH },
		{ 'm', SIP_HDR_CONTACT },
		{ 'n', SIP_HDR_IDENTITY_INFO },
		{ 'o', SIP_HDR_EVENT },
		{ 'r', SIP_HDR_REFER_TO },
		{ 's', SIP_HDR_SUBJECT },
		{ 't', SIP_HDR_TO },
		{ 'u', SIP_HDR_ALLOW_EVENTS },
		{ 'v', SIP_HDR_VIA },
		{ 'x', SIP_HDR_SESSION_EXPIRES },
		{ 'y', SIP_HDR_IDENTITY },
	};
	unsigned known = 0;

	(void)state;
	for (int id = 1; id < SIP_HDR_COUNT; id++) {
		const char *name = sip_header_name((enum sip_header)id);
		char upper[64];
		size_t i;

		assert_int_equal(sip_header_id(span_of(name)), id);
		for (i = 0; name[i]; i++)
			upper[i] = name[i] >= 'a' && name[i] <= 'z'
			    ? (char)(name[i] - 32)
			    : name[i];
		assert_int_equal(sip_header_id((struct span){ upper, i }), id);
		upper[0] = '!';
		assert_int_equal(sip_header_id((struct span){ upper, i }), 0);
	}
	for (int c = 0; c < 256; c++) {
		char one = (char)c;

		if (sip_header_id((struct span){ &one, 1 }))
			known++;
	}
	assert_int_equal(known, 2 * COUNT(letters));
	for (size_t i = 0; i < COUNT(letters); i++) {
		char upper = (char)(letters[i][0] - 32);

		assert_int_equal(sip_header_id((struct span){ letters[i], 1 }),
		    letters[i][1]);
		assert_int_equal(sip_header_id((struct span){ &upper, 1 }),
		    letters[i][1]);
	}
	assert_int_equal(sip_header_id(span_of("X-Anything")), 0);
	for (int m = 1; m <= SIP_METHOD_PUBLISH; m++)
		assert_int_equal(sip_method_id(span_of(
				     sip_method_name((enum sip_method)m))),
		    m);
	assert_int_equal(sip_method_id(SPAN_LIT("invite")), SIP_METHOD_OTHER);
}

static void
headers_are_walked_by_name(void **state)
{
	const struct sip_hdr *hdr;

	(void)state;
	assert_int_equal(read_changed("Max-Forwards: 70",
			     "X-One: 1\r\nx-two: 2\r\nX-one: 3"),
	    0);
	hdr = sip_msg_named(&msg, "X-Two");
	assert_span(hdr->value, "2");
	assert_span(hdr->line, "x-two: 2\r\n");
	assert_null(sip_msg_named(&msg, "X-Three"));
	hdr = sip_msg_first(&msg, SIP_HDR_VIA);
	hdr = sip_msg_next(&msg, hdr);
	assert_span(hdr->value, "SIP/2.0/TCP 10.0.0.9;branch=z9hG4bKsecond");
	assert_null(sip_msg_next(&msg, hdr));
}

static void
lists_part_at_commas_outside_quotes_and_brackets(void **state)
{
	struct span rest = SPAN_LIT(" \"a,\\\",b\" <sip:x,y@z>;p=\"1,2\" ,"
				    "\r\n <sip:c>,,d");
	static const char *const wanted[] = {
		"\"a,\\\",b\" <sip:x,y@z>;p=\"1,2\"",
		"<sip:c>",
		"",
		"d",
	};
	struct span value;
	size_t n = 0;

	(void)state;
	while (sip_value_next(&rest, &value)) {
		assert_true(n < COUNT(wanted));
		assert_span(value, wanted[n++]);
	}
	assert_int_equal(n, COUNT(wanted));
}

static void
parameters_are_found_without_case(void **state)
{
	struct span params = SPAN_LIT(";a=1; LR ;q = \"x;tag=2\";tag=3");
	struct span value;

	(void)state;
	assert_true(sip_param_get(params, "tag", &value));
	assert_span(value, "3");
	assert_true(sip_param_get(params, "lr", &value));
	assert_int_equal(value.l, 0);
	assert_true(sip_param_get(params, "Q", &value));
	assert_span(value, "\"x;tag=2\"");
	assert_false(sip_param_get(params, "x", &value));
}

static void
sizes_and_counts_are_capped(void **state)
{
	struct sip_limits tight = limits;
	size_t n;

	(void)state;
	n = strlen(good);
	tight.message = n - 1;
	assert_int_equal(sip_gate_read(&msg, good, n, &tight),
	    SIP_GATE_TOO_LONG);
	assert_int_equal(sip_gate_code(SIP_GATE_TOO_LONG, &msg), 513);
	assert_span(msg.cseq_method, "INVITE");
	tight = limits;
	tight.head = n - 6;
	assert_int_equal(sip_gate_read(&msg, good, n, &tight),
	    SIP_GATE_HEAD_TOO_LONG);
	assert_int_equal(sip_gate_code(SIP_GATE_HEAD_TOO_LONG, &msg), 400);
	tight.head = n - 5;
	assert_int_equal(sip_gate_read(&msg, good, n, &tight), 0);
	tight.line = 68;
	assert_int_equal(sip_gate_read(&msg, good, n, &tight), 0);
	tight.line = 67;
	assert_int_equal(sip_gate_read(&msg, good, n, &tight),
	    SIP_GATE_LINE_TOO_LONG);
	tight = limits;
	tight.headers = 10;
	assert_int_equal(sip_gate_read(&msg, good, n, &tight), 0);
	tight.headers = 9;
	assert_int_equal(sip_gate_read(&msg, good, n, &tight),
	    SIP_GATE_TOO_MANY_HEADERS);
	/* What was read by then is enough to answer. */
	assert_int_equal(sip_gate_code(SIP_GATE_TOO_MANY_HEADERS, &msg), 400);
	assert_non_null(sip_msg_first(&msg, SIP_HDR_CSEQ));
	tight = limits;
	tight.values = 1;
	assert_int_equal(sip_gate_read(&msg, good, n, &tight),
	    SIP_GATE_TOO_MANY_VALUES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_cut_into_its_parts),
		cmocka_unit_test(a_response_is_cut_into_its_parts),
		cmocka_unit_test(keepalives_are_no_messages),
		cmocka_unit_test(what_is_not_sip_is_dropped),
		cmocka_unit_test(the_body_ends_where_content_length_says),
		cmocka_unit_test(every_known_name_and_compact_form_is_found),
		cmocka_unit_test(headers_are_walked_by_name),
		cmocka_unit_test(
		    lists_part_at_commas_outside_quotes_and_brackets),
		cmocka_unit_test(parameters_are_found_without_case),
		cmocka_unit_test(sizes_and_counts_are_capped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
