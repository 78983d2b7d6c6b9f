/*
 * A mail as a session or a file brings it: fields, claims, proof, traits,
 * time, and what is beyond the bounds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mail.h"

struct claim_case {
	const char *mail_from, *from, *claims;
};

static const struct claim_case claims[] = {
	{ "a@b.example", "Ann <ann@b.example>", "a@b.example ann@b.example " },
	{ "ann@b.example", "ANN@B.example", "ann@b.example " },
	{ "", "ann@b.example", "ann@b.example " },
	{ NULL, "ann@b.example, Bob <bob@c.example>",
	    "ann@b.example bob@c.example " },
	{ NULL, "Team: ann@b.example, bob@c.example;",
	    "ann@b.example bob@c.example " },
	{ NULL, "=?utf-8?q?a=40b=2Ee?= <ann@b.example>", "ann@b.example " },
	{ NULL, "\"x@evil.example\" <ann@b.example>", "ann@b.example " },
	{ NULL, "nobody", "" },
	{ NULL, "<>", "" },
	{ NULL, "", "" },
	{ "prvs=0123abcdef=ann@b.example", "", "ann@b.example " },
	{ "btv1==123abc==ann@b.example", "", "ann@b.example " },
	{ "SRS0=HHH=TT=b.example=ann@fwd.example", "", "ann@b.example " },
	{ "srs0+HHH=TT=b.example=a=n@fwd.example", "", "a=n@b.example " },
	{ "SRS1=HHH=fwd.example==HHH=TT=b.example=ann@g.example", "",
	    "ann@b.example " },
	{ "SRS0=broken@fwd.example", "", "srs0=broken@fwd.example " },
	{ "prvs=@b.example", "", "prvs=@b.example " },
};

static void
claims_are_envelope_and_from(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
		struct usher_envelope envelope = {
			.mail_from = claims[i].mail_from
		};
		char mail[256], got[256] = "";

		snprintf(mail, sizeof(mail), "From: %s\n\n", claims[i].from);
		mail_read_bytes(mail, strlen(mail), &envelope);
		for (size_t k = 0; k < mail_facts->claim_count; k++) {
			strcat(got, mail_facts->claims[k].text);
			strcat(got, " ");
		}
		if (strcmp(got, claims[i].claims) != 0)
			fail_msg("%s, %s: \"%s\"",
			    claims[i].mail_from ? claims[i].mail_from : "-",
			    claims[i].from, got);
		assert_int_equal(mail_facts->proven_count, 0);
		mail_done();
	}
}

#define RESULTS                                          \
	"Authentication-Results: mx.example.com/Q1;\r\n" \
	"\tdkim=pass\r\n header.d=b.example\r\n"

static size_t
proven(const char *mail)
{
	struct sockaddr_in client = { .sin_family = AF_INET };
	struct usher_envelope envelope = { .mail_from = "x@y.example",
		.queue_id = "Q1",
		.client = (struct sockaddr *)&client };
	size_t count;

	mail_read_bytes(mail, strlen(mail), &envelope);
	count = mail_facts->proven_count;
	if (count > 0)
		assert_string_equal(mail_facts->proven[0].text,
		    "ann@b.example");
	assert_int_equal(mail_facts->client.ss_family, AF_INET);
	mail_done();
	return count;
}

static void
only_the_one_address_of_from_is_proven(void **state)
{
	(void)state;
	assert_int_equal(proven(RESULTS "From: ann@b.example\r\n\r\n"), 1);
	assert_int_equal(proven("From: ann@b.example\r\n" RESULTS "\r\n"), 1);
	assert_int_equal(proven(RESULTS "From: ann@b.example\r\n"
					"From: ann@b.example\r\n\r\n"),
	    0);
	assert_int_equal(proven(RESULTS
			     "From: ann@b.example, bob@b.example\r\n\r\n"),
	    0);
	assert_int_equal(proven(
			     RESULTS "From: ann@b.example\r\nFrom: \r\n\r\n"),
	    0);
	assert_int_equal(proven(RESULTS "\r\n"), 0);
	assert_int_equal(proven(
			     "From: ann@b.example\r\n"
			     "Received: from a by b; now\r\n" RESULTS "\r\n"),
	    0);
	/* In the body it is text. */
	assert_int_equal(proven("From: ann@b.example\r\n\r\n" RESULTS), 0);
}

static void
a_header_that_was_cut_proves_nothing(void **state)
{
	(void)state;
	struct usher_envelope envelope = { .queue_id = "Q1" };
	char *filler = malloc(40000);

	assert_non_null(filler);
	memset(filler, 'x', 39999);
	filler[39999] = '\0';
	assert_int_equal(usher_message_new(&mail_conf, &mail_message), 0);
	assert_int_equal(usher_message_header(mail_message,
			     "Authentication-Results",
			     "mx.example.com/Q1; dkim=pass header.d=b.example"),
	    0);
	assert_int_equal(usher_message_header(mail_message, "From",
			     "ann@b.example"),
	    0);
	for (int turn = 0; turn < 2; turn++) {
		assert_int_equal(usher_facts_new(&mail_conf, USHER_EMAIL,
				     &mail_facts),
		    0);
		assert_int_equal(usher_message_facts(mail_message, &envelope,
				     USHER_ALL, mail_facts, NULL),
		    0);
		assert_int_equal(mail_facts->proven_count, turn == 0);
		usher_facts_free(mail_facts);
		assert_int_equal(usher_message_header(mail_message, "X",
				     filler),
		    0);
		assert_int_equal(usher_message_header(mail_message, "X",
				     filler),
		    0);
	}
	usher_message_free(mail_message);
	free(filler);
}

static void
a_site_may_trust_claims(void **state)
{
	(void)state;
	mail_conf.mail.trust_claimed = true;
	mail_read("From: ann@b.example, bob@c.example\n\n");
	assert_int_equal(mail_facts->proven_count, 2);
	mail_done();
	mail_conf.mail.trust_claimed = false;
}

static void
subjects_are_decoded(void **state)
{
	(void)state;
	static const char *const table[][2] = {
		{ "plain", "plain" },
		{ "=?utf-8?q?Gr=C3=BC=C3=9Fe?=",
		    "Gr\xc3\xbc\xc3\x9f"
		    "e" },
		{ "=?iso-8859-1?b?/A==?= x", "\xc3\xbc x" },
		{ "=?utf-8?q?a?=\r\n =?utf-8?q?b?=", "ab" },
		{ "raw \xc3\xbc", "raw \xc3\xbc" },
		{ "=?x?q?", "=?x?q?" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char mail[128];

		snprintf(mail, sizeof(mail), "Subject: %s\r\n\r\n",
		    table[i][0]);
		mail_read(mail);
		assert_string_equal(mail_facts->subject, table[i][1]);
		mail_done();
	}
}

static void
traits_of_safety(void **state)
{
	(void)state;
	static const struct {
		const char *mail;
		bool report, automatic, list;
	} table[] = {
		{ "Content-Type: multipart/report; report-type=x\n\n", 1, 0,
		    0 },
		{ "Content-Type: MULTIPART/Report;boundary=x\n\n", 1, 0, 0 },
		{ "Content-Type: message/disposition-notification\n\n", 1, 0,
		    0 },
		{ "Content-Type: multipart/reporter\n\n", 0, 0, 0 },
		{ "Auto-Submitted: auto-replied (x)\n\n", 0, 1, 0 },
		{ "Auto-Submitted: no\n\n", 0, 0, 0 },
		{ "Auto-Submitted: No (x)\n\n", 0, 0, 0 },
		{ "List-Id: <x.example>\n\n", 0, 0, 1 },
		{ "Precedence: list\n\n", 0, 0, 1 },
		{ "Precedence: bulk\n\n", 0, 0, 0 },
		{ "\nAuto-Submitted: auto-replied\n", 0, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct usher_traits traits;

		mail_read(table[i].mail);
		traits = usher_message_traits(mail_message);
		if (traits.report != table[i].report ||
		    traits.automatic != table[i].automatic ||
		    traits.list != table[i].list)
			fail_msg("%s", table[i].mail);
		mail_done();
	}
}

static void
the_time_is_that_of_the_topmost_received(void **state)
{
	(void)state;
	int64_t at = 0;

	mail_read("Received: from a by b; Tue, 24 Nov 2026 15:00:00 -0500\n"
		  "Received: by c; Tue, 24 Nov 2026 10:00:00 -0500\n"
		  "Date: Mon, 1 Jan 2001 00:00:00 +0000\n\n");
	assert_true(usher_message_time(mail_message, &at));
	assert_int_equal(at, 1795550400);
	mail_done();
	mail_read("Date: Tue, 24 Nov 2026 20:00:00 +0000\n\n");
	assert_true(usher_message_time(mail_message, &at));
	assert_int_equal(at, 1795550400);
	mail_done();
	mail_read("Subject: x\n\n");
	assert_false(usher_message_time(mail_message, &at));
	assert_null(usher_message_from(mail_message));
	mail_done();
}

static void
whole_messages_are_split_tolerantly(void **state)
{
	(void)state;
	static const struct {
		const char *mail;
		size_t fields;
		const char *shown;
	} table[] = {
		{ "From x Mon\nSubject: a\n\nb\n", 1, "b" },
		{ "Subject: a\r\n\r\nb\r\n", 1, "b" },
		{ "Subject : a\nX:\n\n", 2, "" },
		{ "Subject: a\n b\n\tc\n\nd", 1, "d" },
		{ "Subject: a\nno field here\nb", 1, "no field here|b" },
		{ "\nb", 0, "b" },
		{ "", 0, "" },
		{ "Subject", 0, "Subject" },
		{ "Subject: a", 1, "" },
		{ ": x\n\ny", 0, ": x|y" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		mail_read(table[i].mail);
		assert_int_equal(mail_message->field_count, table[i].fields);
		assert_string_equal(mail_shown(), table[i].shown);
		mail_done();
	}
}

static void
a_session_reads_one_mail_after_another(void **state)
{
	(void)state;
	mail_read("From: a@b.example\nSubject: one\n\nfirst\n");
	usher_facts_free(mail_facts);
	usher_message_reset(mail_message);
	assert_int_equal(usher_facts_new(&mail_conf, USHER_EMAIL, &mail_facts),
	    0);
	assert_int_equal(usher_message_header(mail_message, "Subject", " two"),
	    0);
	assert_int_equal(usher_message_body(mail_message,
			     (const unsigned char *)"sec", 3),
	    0);
	assert_int_equal(usher_message_body(mail_message,
			     (const unsigned char *)"ond\r\n", 5),
	    0);
	assert_int_equal(usher_message_facts(mail_message, NULL, USHER_ALL,
			     mail_facts, NULL),
	    0);
	assert_int_equal(mail_facts->claim_count, 0);
	assert_string_equal(mail_facts->subject, "two");
	assert_string_equal(mail_shown(), "second");
	mail_done();
}

static void
what_is_beyond_keep_is_left_out(void **state)
{
	(void)state;
	static unsigned char body[2000];

	memset(body, 'x', sizeof(body));
	mail_conf.mail.keep_headers = 100;
	mail_conf.mail.keep_body = 1000;
	assert_int_equal(usher_message_new(&mail_conf, &mail_message), 0);
	assert_int_equal(usher_facts_new(&mail_conf, USHER_EMAIL, &mail_facts),
	    0);
	assert_int_equal(usher_message_header(mail_message, "Subject", "kept"),
	    0);
	assert_int_equal(
	    usher_message_header(mail_message, "X-Long",
		"0123456789012345678901234567890123456789012345678901234567890"
		"0123456789012345678901234567890123456789"),
	    0);
	assert_int_equal(usher_message_header(mail_message, "From", "a@b.c"),
	    0);
	assert_int_equal(mail_message->field_count, 1);
	assert_true(mail_message->headers_cut);
	assert_int_equal(usher_message_body(mail_message, body, 900), 0);
	assert_false(usher_message_full(mail_message));
	assert_int_equal(usher_message_body(mail_message, body, 900), 0);
	assert_true(usher_message_full(mail_message));
	assert_int_equal(usher_message_facts(mail_message, NULL, USHER_ALL,
			     mail_facts, NULL),
	    0);
	assert_int_equal(mail_facts->words, 1);
	assert_in_range(mail_facts->text_length, 1000, 1003);
	mail_done();
	mail_conf.mail.keep_headers = mail_conf.mail.keep_body = 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(claims_are_envelope_and_from),
		cmocka_unit_test(only_the_one_address_of_from_is_proven),
		cmocka_unit_test(a_header_that_was_cut_proves_nothing),
		cmocka_unit_test(a_site_may_trust_claims),
		cmocka_unit_test(subjects_are_decoded),
		cmocka_unit_test(traits_of_safety),
		cmocka_unit_test(the_time_is_that_of_the_topmost_received),
		cmocka_unit_test(whole_messages_are_split_tolerantly),
		cmocka_unit_test(a_session_reads_one_mail_after_another),
		cmocka_unit_test(what_is_beyond_keep_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
