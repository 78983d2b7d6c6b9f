/*
 * Forwarding by editing: what changes, and that nothing else does; and the
 * messages that we build from the lines of others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "edit.h"

#define START "INVITE sip:bob@example.com SIP/2.0\r\n"
#define VIA "Via: SIP/2.0/UDP a.example.com;branch=z9hG4bK1\r\n"
#define REST                                   \
	"f: <sip:alice@example.com>;tag=9\r\n" \
	"To:  Bob <sip:bob@example.com>  \r\n" \
	"CALL-id: abc\r\n"                     \
	"CSeq: 7 \r\n INVITE\r\n"
#define BODY "Content-Length: 4\r\n\r\nbody"

static struct sip_msg msg;
static struct sip_edit edit;
static char in[8192], out[16384];
static size_t out_len;

static void
take(const char *text)
{
	enum sip_gate why;

	(void)snprintf(in, sizeof(in), "%s", text);
	why = sip_gate_read(&msg, in, strlen(in), NULL);
	if (why)
		fail_msg("%s: %s", sip_gate_words(why), text);
	sip_edit_begin(&edit, &msg);
}

static void
gives(const char *wanted)
{
	assert_int_equal(sip_edit_apply(&edit, out, sizeof(out) - 1, &out_len),
	    0);
	out[out_len] = '\0';
	assert_string_equal(out, wanted);
}

static union sip_addr
addr(const char *host, uint16_t port)
{
	union sip_addr a;

	assert_int_equal(sip_addr_parse(&a, span_of(host), port), 0);
	return a;
}

static void
no_edit_is_every_byte_as_it_came(void **state)
{
	(void)state;
	take(START VIA REST "X: \xff\x01 odd \r\n\t folded\r\n" BODY);
	gives(START VIA REST "X: \xff\x01 odd \r\n\t folded\r\n" BODY);
}

static void
trailing_bytes_of_a_datagram_do_not_travel(void **state)
{
	(void)state;
	take(START VIA REST BODY "and more");
	gives(START VIA REST BODY);
}

static void
a_request_is_forwarded(void **state)
{
	union sip_addr src = addr("192.0.2.1", 5070);

	(void)state;
	take(START
	    "v: SIP/2.0/UDP a.example.com;branch=z9hG4bK1;rport, "
	    "SIP/2.0/TCP b;branch=x\r\nMax-Forwards:\t0070 \r\n" REST BODY);
	sip_edit_uri(&edit, SPAN_LIT("sip:bob@10.0.0.5"));
	sip_edit_via_stamp(&edit, &src);
	sip_edit_max_forwards(&edit, 70);
	sip_edit_record_route(&edit, SPAN_LIT("<sip:proxy;lr>"));
	sip_edit_via_push(&edit, SPAN_LIT("SIP/2.0/UDP p;branch=z9hG4bKp"));
	gives("INVITE sip:bob@10.0.0.5 SIP/2.0\r\n"
	      "Via: SIP/2.0/UDP p;branch=z9hG4bKp\r\n"
	      "v: SIP/2.0/UDP a.example.com;branch=z9hG4bK1;rport=5070"
	      ";received=192.0.2.1, SIP/2.0/TCP b;branch=x\r\n"
	      "Record-Route: <sip:proxy;lr>\r\n"
	      "Max-Forwards:\t69 \r\n" REST BODY);
}

static void
a_missing_max_forwards_is_added(void **state)
{
	(void)state;
	take(START VIA REST BODY);
	sip_edit_max_forwards(&edit, 70);
	gives(START VIA "Max-Forwards: 70\r\n" REST BODY);
}

static void
received_and_rport_follow_rfc_3581(void **state)
{
	static const struct {
		const char *via, *host, *wanted;
	} cases[] = {
		/* sent-by is the source: nothing to say */
		{ "192.0.2.1:5060;branch=b", "192.0.2.1",
		    "192.0.2.1:5060;branch=b" },
		{ "[2001:DB8:0::1];branch=b", "2001:db8::1",
		    "[2001:DB8:0::1];branch=b" },
		{ "192.0.2.9;branch=b", "192.0.2.1",
		    "192.0.2.9;branch=b;received=192.0.2.1" },
		/* a name is never trusted to be the address */
		{ "h.example.com;branch=b", "2001:db8::1",
		    "h.example.com;branch=b;received=2001:db8::1" },
		/* rport: received always */
		{ "192.0.2.1;rport;branch=b", "192.0.2.1",
		    "192.0.2.1;rport=5070;branch=b;received=192.0.2.1" },
		/* a sender's own parameters are lies or leftovers */
		{ "192.0.2.1;rport=1;received=10.1.1.1;branch=b", "192.0.2.1",
		    "192.0.2.1;rport=5070;received=192.0.2.1;branch=b" },
		{ "192.0.2.1;received=10.1.1.1;branch=b", "192.0.2.1",
		    "192.0.2.1;received=192.0.2.1;branch=b" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[1024], wanted[1024];
		union sip_addr src = addr(cases[i].host, 5070);

		(void)snprintf(text, sizeof(text),
		    START "Via: SIP/2.0/UDP %s\r\n" REST BODY, cases[i].via);
		(void)snprintf(wanted, sizeof(wanted),
		    START "Via: SIP/2.0/UDP %s\r\n" REST BODY, cases[i].wanted);
		take(text);
		sip_edit_via_stamp(&edit, &src);
		gives(wanted);
	}
}

static void
our_via_is_popped_from_a_response(void **state)
{
	(void)state;
	take("SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP p;branch=z9hG4bKp\r\n" VIA
		REST BODY);
	sip_edit_via_pop(&edit);
	gives("SIP/2.0 180 Ringing\r\n" VIA REST BODY);
	take("SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP p;branch=z9hG4bKp ,\r\n"
	     "  SIP/2.0/UDP a;x=\"1,2\", SIP/2.0/UDP b\r\n" REST BODY);
	sip_edit_via_pop(&edit);
	gives("SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP a;x=\"1,2\", "
	      "SIP/2.0/UDP b\r\n" REST BODY);
}

static void
routes_are_popped_across_lines(void **state)
{
	static const char routes[] =
	    "Route: <sip:a;lr>,<sip:b;lr>\r\n"
	    "Route: <sip:c;lr>\r\nRoute: <sip:d;lr>, <sip:e;lr>\r\n";
	static const char *const left[] = {
		"Route: <sip:a;lr>,<sip:b;lr>\r\nRoute: <sip:c;lr>\r\n"
		"Route: <sip:d;lr>, <sip:e;lr>\r\n",
		"Route: <sip:b;lr>\r\nRoute: <sip:c;lr>\r\n"
		"Route: <sip:d;lr>, <sip:e;lr>\r\n",
		"Route: <sip:c;lr>\r\nRoute: <sip:d;lr>, <sip:e;lr>\r\n",
		"Route: <sip:d;lr>, <sip:e;lr>\r\n",
		"Route: <sip:e;lr>\r\n",
		"",
		"",
	};

	(void)state;
	for (unsigned n = 0; n < 7; n++) {
		char text[1024], wanted[1024];

		(void)snprintf(text, sizeof(text), START VIA "%s" REST BODY,
		    routes);
		(void)snprintf(wanted, sizeof(wanted), START VIA "%s" REST BODY,
		    left[n]);
		take(text);
		sip_edit_route_pop(&edit, n);
		gives(wanted);
	}
}

static void
one_value_is_taken_from_anywhere_in_a_list(void **state)
{
	static const char *const left[] = {
		"Route: <sip:b>, <sip:c>\r\n",
		"Route: <sip:a>,<sip:c>\r\n",
		"Route: <sip:a>,<sip:b>\r\n",
	};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		char wanted[1024];

		(void)snprintf(wanted, sizeof(wanted), START VIA "%s" REST BODY,
		    left[i]);
		take(START VIA "Route: <sip:a>,<sip:b>, <sip:c>\r\n" REST BODY);
		sip_edit_values_remove(&edit,
		    sip_msg_first(&msg, SIP_HDR_ROUTE), i, 1);
		gives(wanted);
	}
}

static void
headers_are_put_and_removed(void **state)
{
	(void)state;
	take(START VIA "Diversion: <sip:x>\r\nP-Asserted-Identity: <sip:y>\r\n"
		       "p-asserted-identity: <tel:+1>\r\n" REST BODY);
	sip_edit_header_remove_all(&edit, SIP_HDR_P_ASSERTED_IDENTITY);
	sip_edit_header_before(&edit, SIP_HDR_DIVERSION, "Diversion",
	    SPAN_LIT("<sip:bob@example.com>"));
	sip_edit_header_after(&edit, SIP_HDR_HISTORY_INFO, "History-Info",
	    SPAN_LIT("<sip:bob@example.com>;index=1"));
	sip_edit_header_add(&edit, "X-Last", SPAN_LIT("z"));
	gives(START VIA "Diversion: <sip:bob@example.com>\r\n"
			"Diversion: <sip:x>\r\n" REST "Content-Length: 4\r\n"
			"History-Info: <sip:bob@example.com>;index=1\r\n"
			"X-Last: z\r\n\r\nbody");
}

static void
insertions_stand_before_a_deletion_at_their_place(void **state)
{
	(void)state;
	for (int first = 0; first < 2; first++) {
		take(START VIA REST BODY);
		if (first)
			sip_edit_header_remove_all(&edit, SIP_HDR_VIA);
		sip_edit_via_push(&edit, SPAN_LIT("new"));
		if (!first)
			sip_edit_header_remove_all(&edit, SIP_HDR_VIA);
		gives(START "Via: new\r\n" REST BODY);
	}
}

static void
misuse_is_an_error_and_no_message(void **state)
{
	struct span uri;

	(void)state;
	take(START VIA REST BODY);
	uri = msg.uri;
	sip_edit_delete(&edit, uri);
	uri.l = 3;
	uri.p += 2;
	sip_edit_delete(&edit, uri);
	assert_int_equal(sip_edit_apply(&edit, out, sizeof(out), &out_len),
	    EINVAL);
	sip_edit_begin(&edit, &msg);
	sip_edit_insert(&edit, out, SPAN_LIT("x"));
	assert_int_equal(sip_edit_apply(&edit, out, sizeof(out), &out_len),
	    EINVAL);
	sip_edit_begin(&edit, &msg);
	for (int i = 0; i <= SIP_EDITS_MAX; i++)
		sip_edit_insert(&edit, msg.uri.p, SPAN_LIT("x"));
	assert_int_equal(sip_edit_apply(&edit, out, sizeof(out), &out_len),
	    ENOSPC);
	sip_edit_begin(&edit, &msg);
	sip_edit_insertf(&edit, msg.uri.p, "%*d", SIP_EDIT_TEXT + 1, 1);
	assert_int_equal(sip_edit_apply(&edit, out, sizeof(out), &out_len),
	    ENOSPC);
	sip_edit_begin(&edit, &msg);
	for (size_t n = 0; n < msg.all.l; n++)
		assert_int_equal(sip_edit_apply(&edit, out, n, &out_len),
		    EMSGSIZE);
	assert_int_equal(sip_edit_apply(&edit, out, msg.all.l, &out_len), 0);
}

static void
builds(int err, const char *wanted)
{
	assert_int_equal(err, 0);
	out[out_len] = '\0';
	assert_string_equal(out, wanted);
}

static void
a_response_copies_what_the_rfc_names(void **state)
{
	union sip_addr src = addr("192.0.2.1", 5070);
	struct sip_reply reply = {
		.code = 480,
		.to_tag = SPAN_LIT("t1"),
		.headers = SPAN_LIT("Retry-After: 60\r\n"),
		.src = &src,
	};

	(void)state;
	take(START "Via: SIP/2.0/UDP a;received=9.9.9.9;rport;branch=z, "
		   "SIP/2.0/TCP b\r\nvia: SIP/2.0/UDP c\r\n"
		   "Record-Route: <sip:r>\r\nTimestamp: 5\r\n" REST BODY);
	builds(sip_reply_build(out, sizeof(out), &out_len, &msg, &reply),
	    "SIP/2.0 480 Temporarily Unavailable\r\n"
	    "Via: SIP/2.0/UDP a;branch=z;rport=5070;received=192.0.2.1, "
	    "SIP/2.0/TCP b\r\nvia: SIP/2.0/UDP c\r\n"
	    "f: <sip:alice@example.com>;tag=9\r\n"
	    "To:  Bob <sip:bob@example.com>;tag=t1  \r\n"
	    "CALL-id: abc\r\nCSeq: 7 \r\n INVITE\r\n"
	    "Retry-After: 60\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(sip_gate_read(&msg, out, out_len, NULL), 0);
}

static void
trying_has_no_tag_and_ringing_has_record_route(void **state)
{
	struct sip_reply reply = { .code = 100, .to_tag = SPAN_LIT("t1") };

	(void)state;
	take(START VIA "Record-Route: <sip:r>\r\nTimestamp: 5\r\n" REST BODY);
	builds(sip_reply_build(out, sizeof(out), &out_len, &msg, &reply),
	    "SIP/2.0 100 Trying\r\n" VIA REST
	    "Timestamp: 5\r\nContent-Length: 0\r\n\r\n");
	reply.code = 180;
	assert_int_equal(sip_reply_build(out, sizeof(out), &out_len, &msg,
			     &reply),
	    0);
	out[out_len] = '\0';
	assert_non_null(strstr(out, ";tag=t1"));
	assert_non_null(strstr(out, "\r\nRecord-Route: <sip:r>\r\n"));
	reply.code = 302;
	assert_int_equal(sip_reply_build(out, sizeof(out), &out_len, &msg,
			     &reply),
	    0);
	out[out_len] = '\0';
	assert_null(strstr(out, "Record-Route"));
}

static void
a_tag_that_is_there_stays(void **state)
{
	struct sip_reply reply = { .code = 481, .to_tag = SPAN_LIT("t1") };

	(void)state;
	take("BYE sip:b@c SIP/2.0\r\n" VIA "f: <sip:a@b>;tag=1\r\n"
	     "t: <sip:b@c>;tag=2\r\ni: x\r\nCSeq: 1 BYE\r\n\r\n");
	builds(sip_reply_build(out, sizeof(out), &out_len, &msg, &reply),
	    "SIP/2.0 481 Call/Transaction Does Not Exist\r\n" VIA
	    "f: <sip:a@b>;tag=1\r\nt: <sip:b@c>;tag=2\r\ni: x\r\n"
	    "CSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n");
}

static void
a_refused_request_is_answered_with_what_it_has(void **state)
{
	static const char text[] = START VIA "CSeq: x INVITE\r\n"
					     "Subject: a\nb\r\n\r\n";
	struct sip_reply reply = { .code = 400, .to_tag = SPAN_LIT("t") };

	(void)state;
	assert_int_not_equal(sip_gate_read(&msg, text, sizeof(text) - 1, NULL),
	    0);
	builds(sip_reply_build(out, sizeof(out), &out_len, &msg, &reply),
	    "SIP/2.0 400 Bad Request\r\n" VIA "CSeq: x INVITE\r\n"
	    "Content-Length: 0\r\n\r\n");
	take("ACK sip:b@c SIP/2.0\r\n" VIA "f: <sip:a@b>;tag=1\r\n"
	     "t: <sip:b@c>;tag=2\r\ni: x\r\nCSeq: 1 ACK\r\n\r\n");
	assert_int_equal(sip_reply_build(out, sizeof(out), &out_len, &msg,
			     &reply),
	    EBADMSG);
}

static void
ack_and_cancel_go_the_invites_way(void **state)
{
	static struct sip_msg rsp;
	static const char busy[] =
	    "SIP/2.0 486 Busy Here\r\nVia: SIP/2.0/UDP p;branch=z9hG4bKp"
	    "\r\n" VIA "From: <sip:alice@example.com>;tag=9\r\n"
	    "t: Bob <sip:bob@example.com>;tag=far\r\nCall-ID: abc\r\n"
	    "CSeq: 7 INVITE\r\n\r\n";

	(void)state;
	assert_int_equal(sip_gate_read(&rsp, busy, sizeof(busy) - 1, NULL), 0);
	take(START "Via: SIP/2.0/UDP p;branch=z9hG4bKp, SIP/2.0/UDP q\r\n" VIA
		   "Max-Forwards: 12\r\nRoute: <sip:r1;lr>\r\n"
		   "Route: <sip:r2;lr>\r\n" REST BODY);
	builds(sip_ack_build(out, sizeof(out), &out_len, &msg, &rsp),
	    "ACK sip:bob@example.com SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP p;branch=z9hG4bKp\r\n"
	    "Route: <sip:r1;lr>\r\nRoute: <sip:r2;lr>\r\n"
	    "Max-Forwards: 70\r\nf: <sip:alice@example.com>;tag=9\r\n"
	    "t: Bob <sip:bob@example.com>;tag=far\r\nCALL-id: abc\r\n"
	    "CSeq: 7 ACK\r\nContent-Length: 0\r\n\r\n");
	builds(sip_cancel_build(out, sizeof(out), &out_len, &msg,
		   SPAN_LIT("Reason: SIP;cause=200\r\n")),
	    "CANCEL sip:bob@example.com SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP p;branch=z9hG4bKp\r\n"
	    "Route: <sip:r1;lr>\r\nRoute: <sip:r2;lr>\r\n"
	    "Max-Forwards: 70\r\nf: <sip:alice@example.com>;tag=9\r\n"
	    "To:  Bob <sip:bob@example.com>  \r\n"
	    "Reason: SIP;cause=200\r\nCALL-id: abc\r\n"
	    "CSeq: 7 CANCEL\r\nContent-Length: 0\r\n\r\n");
}

static void
nothing_is_written_past_the_room_given(void **state)
{
	struct sip_reply reply = { .code = 603, .to_tag = SPAN_LIT("t1") };
	size_t need;

	(void)state;
	take(START VIA REST BODY);
	assert_int_equal(sip_reply_build(out, sizeof(out), &need, &msg, &reply),
	    0);
	for (size_t n = 0; n < need; n++) {
		out[n] = '#';
		assert_int_equal(sip_reply_build(out, n, &out_len, &msg,
				     &reply),
		    EMSGSIZE);
		assert_int_equal(out[n], '#');
	}
}

static void
responses_go_where_the_via_says(void **state)
{
	static const struct {
		const char *via;
		enum sip_transport transport;
		uint16_t port;
	} cases[] = {
		{ "SIP/2.0/UDP h", SIP_OVER_UDP, 5060 },
		{ "SIP/2.0/UDP h:5080", SIP_OVER_UDP, 5080 },
		{ "SIP/2.0/UDP h:5080;rport", SIP_OVER_UDP, 7777 },
		{ "SIP/2.0/TCP h:5080", SIP_OVER_TCP, 7777 },
	};
	struct sip_peer dst;
	struct sip_via via;
	char text[SIP_ADDR_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sip_peer src = {
			.addr = addr("192.0.2.1", 7777),
			.transport = cases[i].transport,
		};

		assert_true(sip_via_read(span_of(cases[i].via), &via));
		sip_peer_reply(&dst, &via, &src);
		assert_int_equal(sip_addr_port(&dst.addr), cases[i].port);
		assert_true(sip_addr_same_host(&dst.addr, &src.addr));
	}
	assert_true(sip_via_read(SPAN_LIT("SIP/2.0/UDP h;rport=99;"
					  "received=2001:db8::7"),
	    &via));
	assert_int_equal(sip_peer_from_via(&dst, &via), 0);
	assert_string_equal(sip_addr_text(&dst.addr, text), "[2001:db8::7]:99");
	assert_true(sip_via_read(SPAN_LIT("SIP/2.0/UDP 10.0.0.1"), &via));
	assert_int_equal(sip_peer_from_via(&dst, &via), 0);
	assert_string_equal(sip_addr_text(&dst.addr, text), "10.0.0.1:5060");
	assert_true(sip_via_read(SPAN_LIT("SIP/2.0/UDP h.example.com"), &via));
	assert_int_equal(sip_peer_from_via(&dst, &via), ENOENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_edit_is_every_byte_as_it_came),
		cmocka_unit_test(trailing_bytes_of_a_datagram_do_not_travel),
		cmocka_unit_test(a_request_is_forwarded),
		cmocka_unit_test(a_missing_max_forwards_is_added),
		cmocka_unit_test(received_and_rport_follow_rfc_3581),
		cmocka_unit_test(our_via_is_popped_from_a_response),
		cmocka_unit_test(routes_are_popped_across_lines),
		cmocka_unit_test(one_value_is_taken_from_anywhere_in_a_list),
		cmocka_unit_test(headers_are_put_and_removed),
		cmocka_unit_test(
		    insertions_stand_before_a_deletion_at_their_place),
		cmocka_unit_test(misuse_is_an_error_and_no_message),
		cmocka_unit_test(a_response_copies_what_the_rfc_names),
		cmocka_unit_test(
		    trying_has_no_tag_and_ringing_has_record_route),
		cmocka_unit_test(a_tag_that_is_there_stays),
		cmocka_unit_test(
		    a_refused_request_is_answered_with_what_it_has),
		cmocka_unit_test(ack_and_cancel_go_the_invites_way),
		cmocka_unit_test(nothing_is_written_past_the_room_given),
		cmocka_unit_test(responses_go_where_the_via_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
