/*
 * The gate under torture: what it refuses, the odd things it must pass, and
 * what hostile datagrams cost.
 */
#include "sip_gate_case.h"

#include <time.h>

#include "../fuzz/sip_agree.h"

struct refusal {
	const char *old, *new;
	enum sip_gate why;
	unsigned code;
};

/* In order: framing, start line, names and doubles, values. */
static const struct refusal refusals[] = {
	{ "Max-Forwards: 70\r\n", "Max-Forwards: 70\n", SIP_GATE_BARE_CR_LF,
	    400 },
	{ "Max-Forwards: 70\r\n", "Subject: a\rPriority: b\r\n",
	    SIP_GATE_BARE_CR_LF, 400 },
	{ "Max-Forwards: 70\r\n", "Subject: a\nPriority: b\r\n",
	    SIP_GATE_BARE_CR_LF, 400 },
	{ "Max-Forwards: 70\r\n", "Subject: a\r\r\n", SIP_GATE_BARE_CR_LF,
	    400 },
	{ "\r\n\r\nhello", "\r\n", SIP_GATE_NO_HEAD_END, 400 },
	{ "\r\n\r\nhello", "\n\nhello", SIP_GATE_BARE_CR_LF, 400 },

	{ "INVITE sip", "INVITE  sip", SIP_GATE_URI, 400 },
	{ " SIP/2.0\r\nVia", "  SIP/2.0\r\nVia", SIP_GATE_START_LINE, 400 },
	{ " SIP/2.0\r\nVia", " SIP/2.0 \r\nVia", SIP_GATE_START_LINE, 400 },
	{ " SIP/2.0\r\nVia", " SIP/2.0\r\n Via", SIP_GATE_START_LINE, 400 },
	{ " SIP/2.0\r\nVia", " SIP/7.0\r\nVia", SIP_GATE_VERSION, 505 },
	{ " SIP/2.0\r\nVia", " SIP/2.\r\nVia", SIP_GATE_START_LINE, 400 },
	{ "INVITE sip", "INV\xc3ITE sip", SIP_GATE_START_LINE, 400 },
	{ "sip:bob@biloxi.example.com SIP", "<sip:bob@example.com> SIP",
	    SIP_GATE_URI, 400 },
	{ "sip:bob@biloxi.example.com SIP", "sip:bob@exam ple.com SIP",
	    SIP_GATE_START_LINE, 400 },
	{ "sip:bob@biloxi.example.com SIP", "bob SIP", SIP_GATE_URI, 400 },
	{ "sip:bob@biloxi.example.com SIP", "sip:b\tob@example.com SIP",
	    SIP_GATE_URI, 400 },
	{ "sip:bob@biloxi.example.com SIP",
	    "sip:bob@example.com?Route=%3Csip:x%3E SIP", SIP_GATE_URI, 400 },

	{ "Max-Forwards: 70", "Max-Forwards 70", SIP_GATE_HEADER_NAME, 400 },
	{ "Max-Forwards: 70", ": 70", SIP_GATE_HEADER_NAME, 400 },
	{ "Max-Forwards: 70", "Max Forwards: 70", SIP_GATE_HEADER_NAME, 400 },
	{ "Max-Forwards: 70", "l: 5", SIP_GATE_DOUBLED, 400 },
	{ "Max-Forwards: 70", "Content-length : 0", SIP_GATE_DOUBLED, 400 },
	{ "Max-Forwards: 70", "c: text/html", SIP_GATE_DOUBLED, 400 },
	{ "Max-Forwards: 70", "f: <sip:eve@x>;tag=1", SIP_GATE_DOUBLED, 400 },
	{ "Max-Forwards: 70", "t: <sip:eve@x>", SIP_GATE_DOUBLED, 400 },
	{ "Max-Forwards: 70", "i: other", SIP_GATE_DOUBLED, 400 },
	{ "Max-Forwards: 70", "cseq: 1 INVITE", SIP_GATE_DOUBLED, 400 },
	{ "Max-Forwards: 70", "Max-Forwards: 70\r\nmax-forwards: 1",
	    SIP_GATE_DOUBLED, 400 },
	{ "From:", "X-From:", SIP_GATE_MISSING, 400 },
	{ "To:", "X-To:", SIP_GATE_MISSING, 400 },
	{ "Call-ID:", "X-Call-ID:", SIP_GATE_MISSING, 400 },
	{ "CSeq:", "X-CSeq:", SIP_GATE_MISSING, 400 },

	{ "SIP/2.0/UDP", "SIP/3.0/UDP", SIP_GATE_VIA, 400 },
	{ "SIP/2.0/UDP pc33", "SIP/2.0 pc33", SIP_GATE_VIA, 400 },
	{ ":5062", ":0", SIP_GATE_VIA, 400 },
	{ ":5062", ":65536", SIP_GATE_VIA, 400 },
	{ ":5062", ":5062x", SIP_GATE_VIA, 400 },
	{ "pc33.example.com:5062", "[::1", SIP_GATE_VIA, 400 },
	{ "pc33.example.com:5062", "2001:db8::1", SIP_GATE_VIA, 400 },
	{ ";branch", ";;branch", SIP_GATE_VIA, 400 },
	{ ";rport", ";rport,", SIP_GATE_VIA, 400 },
	{ ";rport", ";branch=z9hG4bKother", SIP_GATE_VIA, 400 },
	{ ";rport", ";branch", SIP_GATE_VIA, 400 },
	{ "\"Alice, Ng\"", "\"Alice, Ng", SIP_GATE_FROM_TO, 400 },
	{ "\"Alice, Ng\"", "Alice, Ng", SIP_GATE_FROM_TO, 400 },
	{ "<sip:alice@example.com>", "< sip:alice@example.com>",
	    SIP_GATE_FROM_TO, 400 },
	{ "<sip:alice@example.com>", "<sip:alice@example.com", SIP_GATE_FROM_TO,
	    400 },
	{ "<sip:alice@example.com>", "sip:alice@example.com", SIP_GATE_FROM_TO,
	    400 },
	{ ";tag=1928301774", ";tag=1;tag=2", SIP_GATE_FROM_TO, 400 },
	{ ";tag=1928301774", ";tag=", SIP_GATE_FROM_TO, 400 },
	{ ";tag=1928301774", ";tag=1 2", SIP_GATE_FROM_TO, 400 },
	{ ";tag=1928301774", " tag=1", SIP_GATE_FROM_TO, 400 },
	{ ": a84b4c76e66710@", ": a84 b4c76e66710@", SIP_GATE_CALL_ID, 400 },
	{ ": a84b4c76e66710@pc33.example.com", ":", SIP_GATE_CALL_ID, 400 },
	{ "314159 INVITE", "2147483648 INVITE", SIP_GATE_CSEQ, 400 },
	{ "314159 INVITE", "36893488147419103232 INVITE", SIP_GATE_CSEQ, 400 },
	{ "314159 INVITE", "-1 INVITE", SIP_GATE_CSEQ, 400 },
	{ "314159 INVITE", "abc INVITE", SIP_GATE_CSEQ, 400 },
	{ "314159 INVITE", "314159INVITE", SIP_GATE_CSEQ, 400 },
	{ "314159 INVITE", "314159", SIP_GATE_CSEQ, 400 },
	{ "314159 INVITE", "314159 INVITE x", SIP_GATE_CSEQ, 400 },
	{ "314159 INVITE", "314159 OPTIONS", SIP_GATE_CSEQ_METHOD, 400 },
	{ "314159 INVITE", "314159 invite", SIP_GATE_CSEQ_METHOD, 400 },
	{ "Forwards: 70", "Forwards: 256", SIP_GATE_MAX_FORWARDS, 400 },
	{ "Forwards: 70", "Forwards: -1", SIP_GATE_MAX_FORWARDS, 400 },
	{ "Forwards: 70", "Forwards: 4294967366", SIP_GATE_MAX_FORWARDS, 400 },
	{ "Forwards: 70", "Forwards: 7O", SIP_GATE_MAX_FORWARDS, 400 },
	{ "Forwards: 70", "Forwards:", SIP_GATE_MAX_FORWARDS, 400 },
	{ "Length: 5", "Length: 6", SIP_GATE_CONTENT_LENGTH, 400 },
	{ "Length: 5", "Length: -5", SIP_GATE_CONTENT_LENGTH, 400 },
	{ "Length: 5", "Length: 4294967301", SIP_GATE_CONTENT_LENGTH, 400 },
	{ "Length: 5", "Length: 5, 5", SIP_GATE_CONTENT_LENGTH, 400 },
	{ "Length: 5", "Length: 0x5", SIP_GATE_CONTENT_LENGTH, 400 },
	{ "<sip:alice@pc33.example.com>", "sip:a@x?Route=%3Csip:y%3E",
	    SIP_GATE_CONTACT, 400 },
	{ "Max-Forwards: 70", "Date: Fri, 01 Jan 2010 16:00:00 EST",
	    SIP_GATE_DATE, 400 },
	{ "Max-Forwards: 70", "Route: <sip:a>,,<sip:b>", SIP_GATE_ROUTE, 400 },
	{ "Max-Forwards: 70", "Route: a;lr", SIP_GATE_ROUTE, 400 },
	{ "Max-Forwards: 70", "Record-Route: <sip:a>,", SIP_GATE_ROUTE, 400 },
};

static void
ambiguous_and_broken_requests_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++) {
		const struct refusal *r = &refusals[i];
		enum sip_gate why = read_changed(r->old, r->new);
		unsigned code = sip_gate_code(why, &msg);

		if (why != r->why || code != r->code)
			fail_msg("'%s' for '%s': %s, %u", r->new, r->old,
			    sip_gate_words(why), code);
	}
}

static void
a_request_without_via_cannot_be_answered(void **state)
{
	(void)state;
	assert_int_equal(read_text("OPTIONS sip:a@b SIP/2.0\r\n"
				   "From: <sip:a@b>;tag=1\r\n"
				   "To: <sip:a@b>\r\nCall-ID: x\r\n"
				   "CSeq: 1 OPTIONS\r\n\r\n"),
	    SIP_GATE_MISSING);
	assert_int_equal(sip_gate_code(SIP_GATE_MISSING, &msg), 0);
}

static void
a_response_of_a_sloppy_clock_passes(void **state)
{
	(void)state;
	assert_int_equal(read_text(
			     "SIP/2.0 200 OK\r\n"
			     "Via: SIP/2.0/UDP a;branch=z9hG4bK1\r\n"
			     "From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\n"
			     "Call-ID: 1\r\nCSeq: 1 INVITE\r\n"
			     "Date: Fri, 1 Jan 2010 16:00:00 EST\r\n\r\n"),
	    SIP_GATE_OK);
}

static void
nothing_is_answered_to_ack_and_responses(void **state)
{
	(void)state;
	change("314159 INVITE", "x", 1);
	memcpy(bytes, "ACK   ", 6);
	memmove(bytes + 4, bytes + 7, len -= 3);
	(void)sip_gate_read(&msg, bytes, len, &limits);
	assert_int_equal(msg.method, SIP_METHOD_ACK);
	assert_int_equal(sip_gate_code(SIP_GATE_CSEQ, &msg), 0);
	for (int i = 0; i < 3; i++) {
		static const char *const lines[] = {
			"SIP/2.0 99 No",
			"SIP/2.0 700 No",
			"SIP/2.0 4294967301 better not break the receiver",
		};

		assert_int_equal(read_changed("INVITE sip:bob@biloxi.example"
					      ".com SIP/2.0",
				     lines[i]),
		    SIP_GATE_STATUS);
		assert_int_equal(sip_gate_code(SIP_GATE_STATUS, &msg), 0);
	}
}

/* Everything RFC 4475 §3.1.1 allows: odd, and to be passed. */
static const struct {
	const char *old, *new;
} legal[] = {
	{ "Max-Forwards: 70\r\n", "" },
	{ "Max-Forwards: 70", "MAX-forwards \t: \r\n\t0068" },
	{ "314159 INVITE", "0009\r\n  INVITE" },
	{ "SIP/2.0/UDP pc33.example.com:5062;branch=z9hG4bKnashds8",
	    "SIP  / 2.0 \r\n /UDP\r\n   pc33.example.com :\t5062 ;branch  = "
	    "z9hG4bKnashds8  " },
	{ "To: Bob <sip:bob@biloxi.example.com>",
	    "TO :\r\n sip:bob@biloxi.example.com ;   tag    = 1918181833n" },
	{ "Max-Forwards: 70", "Odd: ;;,,;;,;" },
	{ "Max-Forwards: 70", "Empty:" },
	{ "Max-Forwards: 70", "Subject: a\r\n \r\n b" },
	{ "\"Alice, Ng\"", "\"A \\\" \\\\ <sip:x@y>;tag=q\"" },
	{ "\"Alice, Ng\" <", "Alice<" },
	{ "\"Alice, Ng\"", "M\xc3\xbcller" },
	{ "sip:bob@biloxi.example.com SIP", "sip:null-%00-null@x.com SIP" },
	{ "sip:bob@biloxi.example.com SIP", "sip:a?b@x.com SIP" },
	{ "sip:bob@biloxi.example.com SIP", "soap.beep://1.2.3.4:3002 SIP" },
	{ "sip:bob@biloxi.example.com SIP", "urn:service:sos SIP" },
	{ " SIP/2.0\r\nVia", " sip/2.0\r\nVia" },
	{ "\"Alice, Ng\" <sip:alice@example.com>", "sip:alice@example.com" },
	{ "pc33.example.com:5062", "[2001:db8::9:1]:5062" },
	{ "Max-Forwards: 70", "Date: Sat, 13 Nov 2010 23:29:00 GMT" },
	{ "Max-Forwards: 70", "Via: SIP/2.0/FUTURE a.b" },
	{ "314159 INVITE", "2147483647 INVITE" },
	{ "Contact: <sip:alice@pc33.example.com>", "m: *" },
};

static void
odd_but_legal_requests_pass(void **state)
{
	(void)state;
	assert_int_equal(sip_uri_init(), 0);
	for (size_t i = 0; i < COUNT(legal); i++) {
		enum sip_gate why = read_changed(legal[i].old, legal[i].new);

		if (why)
			fail_msg("'%s': %s", legal[i].new, sip_gate_words(why));
		assert_int_equal(msg.all.l, len);
		if (sip_agree(&msg) != NULL)
			fail_msg("'%s': another reader differs in %s",
			    legal[i].new, sip_agree(&msg));
	}
}

static void
folded_values_mean_the_same(void **state)
{
	(void)state;
	assert_int_equal(read_changed("314159 INVITE", "0009\r\n  INVITE"), 0);
	assert_int_equal(msg.cseq, 9);
	assert_int_equal(
	    read_changed(
		"SIP/2.0/UDP pc33.example.com:5062;branch=z9hG4bKnashds8",
		"SIP  / 2.0\r\n /UDP\r\n  pc33.example.com :\t5062 ;branch  = "
		"z9hG4bKnashds8  "),
	    0);
	assert_span(msg.via.branch, "z9hG4bKnashds8");
	assert_int_equal(msg.via.port, 5062);
	assert_non_null(msg.via.rport.p);
}

static void
nul_is_legal_only_as_a_quoted_pair(void **state)
{
	static const struct {
		const char *new;
		size_t len;
		enum sip_gate why;
	} cases[] = {
		{ "\"NUL:\\\0 DEL:\\\x7f\"", 15, SIP_GATE_OK },
		{ "\"NUL:\0 x\"", 9, SIP_GATE_NUL },
		{ "\"a\\\\\0\"", 6, SIP_GATE_NUL },
		{ "Al\0ice", 6, SIP_GATE_NUL },
		{ "Al\\\0ice", 7, SIP_GATE_NUL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		change("\"Alice, Ng\"", cases[i].new, cases[i].len);
		assert_int_equal(sip_gate_read(&msg, bytes, len, &limits),
		    cases[i].why);
	}
	/* A body may hold anything. */
	change("hello", "h\0\r\n\n", 5);
	assert_int_equal(sip_gate_read(&msg, bytes, len, &limits), 0);
	assert_int_equal(msg.body.l, 5);
}

static void
a_line_with_forbidden_bytes_is_never_found(void **state)
{
	(void)state;
	/* The smuggled header must not appear under its own name. */
	assert_int_equal(read_changed("Max-Forwards: 70",
			     "Subject: a\n"
			     "P-Asserted-Identity: <sip:ceo@x>"),
	    SIP_GATE_BARE_CR_LF);
	assert_null(sip_msg_first(&msg, SIP_HDR_P_ASSERTED_IDENTITY));
	assert_null(sip_msg_first(&msg, SIP_HDR_SUBJECT));
	assert_true(msg.answerable);
	assert_span(msg.call_id, "a84b4c76e66710@pc33.example.com");
}

/* 64 kB of one pattern after a start line. */
static void
flood(const char *pattern)
{
	size_t n = strlen(pattern);

	len = (size_t)snprintf(bytes, sizeof(bytes),
	    "INVITE sip:a@b "
	    "SIP/2.0\r\n");
	while (len + n <= 65535) {
		memcpy(bytes + len, pattern, n);
		len += n;
	}
}

static double
microseconds(const char *what, size_t n, const struct sip_limits *lim,
    int rounds)
{
	struct timespec a, b;
	double best = 1e9;

	for (int r = 0; r < 5; r++) {
		double us;

		(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
		for (int i = 0; i < rounds; i++)
			(void)sip_gate_read(&msg, what, n, lim);
		(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
		us = ((double)(b.tv_sec - a.tv_sec) * 1e9 +
			 (double)(b.tv_nsec - a.tv_nsec)) /
		    1e3 / rounds;
		if (us < best)
			best = us;
	}
	return best;
}

static void
cost_is_linear_in_hostile_datagrams(void **state)
{
	static const char *const patterns[] = {
		"a: b\r\n",
		"\r",
		"\n",
		"Via: ",
		";",
		",",
		"\"",
		"\\",
		"<",
		"v: SIP/2.0/UDP a;b=c\r\n",
		"v: ,\r\n",
		" \r\n ",
		"\r\n ",
		"Route: <sip:a>\r\n",
		"Route: \"\r\n",
		"f: <\r\n",
		"m: ?\r\n",
		"x:\r\n",
		"/",
	};
	const struct sip_limits *lims[] = { &limits, NULL };

	(void)state;
	for (size_t i = 0; i < COUNT(patterns); i++) {
		for (int l = 0; l < 2; l++) {
			double whole, part;

			flood(patterns[i]);
			whole = microseconds(bytes, len, lims[l], 10);
			part = microseconds(bytes, len / 4, lims[l], 10);
			/* Linear is 4, quadratic 16; noise is allowed for. */
			if (whole > 9 * part + 50)
				fail_msg("'%s': %.1f us, a quarter %.1f us",
				    patterns[i], whole, part);
		}
	}
}

static void
any_cut_of_a_message_is_survived(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(good) - 1; n++) {
		/* An allocation of its own: a sanitizer sees the edge. */
		char *copy = malloc(n ? n : 1);

		assert_non_null(copy);
		memcpy(copy, good, n);
		assert_int_not_equal(sip_gate_read(&msg, copy, n, &limits),
		    SIP_GATE_OK);
		free(copy);
	}
}

static void
any_flipped_byte_is_survived(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) - 1; i++) {
		static const char into[] = "\0\r\n \t,;:\"\\<>/@\xff";

		for (size_t k = 0; k < sizeof(into) - 1; k++) {
			memcpy(bytes, good, sizeof(good) - 1);
			bytes[i] = into[k];
			(void)sip_gate_read(&msg, bytes, sizeof(good) - 1,
			    &limits);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ambiguous_and_broken_requests_are_refused),
		cmocka_unit_test(a_request_without_via_cannot_be_answered),
		cmocka_unit_test(a_response_of_a_sloppy_clock_passes),
		cmocka_unit_test(nothing_is_answered_to_ack_and_responses),
		cmocka_unit_test(odd_but_legal_requests_pass),
		cmocka_unit_test(folded_values_mean_the_same),
		cmocka_unit_test(nul_is_legal_only_as_a_quoted_pair),
		cmocka_unit_test(a_line_with_forbidden_bytes_is_never_found),
		cmocka_unit_test(cost_is_linear_in_hostile_datagrams),
		cmocka_unit_test(any_cut_of_a_message_is_survived),
		cmocka_unit_test(any_flipped_byte_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
