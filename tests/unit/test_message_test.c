/*
 * Structure tests of a mail (message_test*.c), each by a mail that meets it
 * and one that does not, and by what hostile mails make of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "brief.h"
#include "mail.h"

#define FROM "From: Sam Poe <sam@seller.example>\n"
#define TO "To: alice@corp.example\n"
#define ID "Message-ID: <1@mail.seller.example>\n"
#define PLAIN "Content-Type: text/plain; charset=utf-8\n"
#define HTML "Content-Type: text/html; charset=utf-8\n\n"
#define TEN "one two three four five six seven eight nine ten "

static uint64_t
tests_of(const char *mail, const char *mail_from)
{
	const struct message_content *content;
	const struct message_head *head;
	uint64_t tests;

	mail_read(mail);
	assert_int_equal(usher_message_head(mail_message, &head), 0);
	assert_int_equal(usher_message_content(mail_message, &content), 0);
	tests = usher_message_tests(mail_message, head, content, mail_from);
	mail_done();
	return tests;
}

struct test_case {
	enum evidence_test test;
	const char *met, *not_met;
};

#define BODY(text) FROM TO PLAIN "\n" text

static const struct test_case cases[] = {
	{ TEST_REPLY_SUBJECT, FROM "Subject: AW: x\n\nx", FROM "\nx" },
	{ TEST_FAKE_REPLY, FROM "Subject: RE2: x\n\nx",
	    FROM "Subject: Re: x\nReferences: <1@b.example>\n\nx" },
	{ TEST_QUOTED, BODY("Yes.\n> Shall we?\n"), BODY("Yes.\n") },
	{ TEST_UNSUBSCRIBE, FROM "List-Unsubscribe: <mailto:u@b.example>\n\nx",
	    FROM "List-Unsubscribe: <mailto:u@b.example>\n"
		 "List-Post: <mailto:l@b.example>\n\nx" },
	{ TEST_ONE_RECIPIENT, FROM TO "\nx", FROM TO "Cc: b@c.example\n\nx" },
	{ TEST_TO_SELF, FROM "To: sam@seller.example\n\nx", FROM TO "\nx" },
	{ TEST_BARE_FROM, "From: sam@seller.example\n\nx", FROM "\nx" },
	{ TEST_BARE_FROM, "From: \"Sam\"<sam@seller.example>\n\nx",
	    "From: sam@seller.example (Sam)\n\nx" },
	{ TEST_FROM_DIGITS, "From: s1234@seller.example\n\nx",
	    "From: s123@seller1234.example\n\nx" },
	{ TEST_FROM_GIBBERISH, "From: xkqwrtz@seller.example\n\nx",
	    "From: rhythm@seller.example\n\nx" },
	{ TEST_REPLY_SAME, FROM "Reply-To: Sam@Seller.example\n\nx",
	    FROM "Reply-To: tim@seller.example\n\nx" },
	{ TEST_REPLY_FREE_MAIL, FROM "Reply-To: sam@gmail.com\n\nx",
	    "From: sam@gmail.com\nReply-To: tim@gmail.com\n\nx" },
	{ TEST_NO_MESSAGE_ID, FROM "\nx", FROM ID "\nx" },
	{ TEST_ODD_MESSAGE_ID, FROM "Message-ID: 1-2-3\n\nx", FROM ID "\nx" },
	{ TEST_ODD_MESSAGE_ID, FROM "Message-ID: <1@DESKTOP-1>\n\nx",
	    FROM ID "\nx" },
	{ TEST_MADE_UP_MESSAGE_ID,
	    FROM "Message-ID: <0000553a1234$00001f2e$0000045c@b.example>\n\nx",
	    FROM "Message-ID: <002a01c2a99$f8570760$603a2f18@pc>\n\nx" },
	{ TEST_FOREIGN_MESSAGE_ID, FROM "Message-ID: <1@host.test.org>\n\nx",
	    "From: s@test.org\nMessage-ID: <1@host.test.org>\n\nx" },
	{ TEST_OWN_MAILER, "From: s@seller.com\nX-Mailer: mail.seller.com\n\nx",
	    "From: s@seller.com\nX-Mailer: Mutt 1.5.2\n\nx" },
	{ TEST_FALSE_OUTLOOK, FROM "X-MSMail-Priority: Normal\n\nx",
	    FROM "X-MSMail-Priority: Normal\nX-MimeOLE: V6\n\nx" },
	{ TEST_NO_MIME, FROM "\nx", FROM PLAIN "\nx" },
	{ TEST_SUBJECT_SHOUTS, FROM "Subject: HURRY UP NOW\n\nx",
	    FROM "Subject: NASA and ESA\n\nx" },
	{ TEST_SUBJECT_EXCLAIMS, FROM "Subject: Only $5\n\nx",
	    FROM "Subject: Is $HOME set\n\nx" },
	{ TEST_SUBJECT_TITLE, FROM "Subject: Great Offers for Your Garden\n\nx",
	    FROM "Subject: Great offers for Your Own Big Garden\n\nx" },
	{ TEST_SUBJECT_TAIL, FROM "Subject: Hello there        4711\n\nx",
	    FROM "Subject: Hello there   \n\nx" },
	{ TEST_SUBJECT_TAIL, FROM "Subject: Hello there [x4t7z]\n\nx",
	    FROM "Subject: Hello there (again)\n\nx" },
	{ TEST_SUBJECT_TAG, FROM "Subject: Re: [list] Hello\n\nx",
	    FROM "Subject: Hello [list]\n\nx" },
	{ TEST_BRIEF, BODY(TEN TEN), BODY(TEN) },
	{ TEST_LONG_LINES, BODY(TEN TEN TEN TEN TEN TEN), BODY(TEN "\n" TEN) },
	{ TEST_WRAPPED,
	    BODY(TEN "and eleven and more\n" TEN "and eleven and more\n" TEN
		     "and eleven and more\n" TEN "and eleven and more\n"),
	    BODY(TEN "\n") },
	{ TEST_SHOUTING, BODY("WE ARE THE BEST\nORDER IT NOW\n"),
	    BODY("We are the best\nORDER IT NOW\n") },
	{ TEST_SPACED_OUT, BODY("B u y t h i s"), BODY("B u y this") },
	{ TEST_RAW_BYTES,
	    FROM TO "\n\xe4\xe4\xe4\xe4 \xe4\xe4\xe4\xe4 "
		    "\xe4\xe4\xe4\xe4 \xe4\xe4\xe4\xe4",
	    FROM TO "\nSch\xf6n" },
	{ TEST_EXCLAIMING, BODY("a! b! c!"), BODY("a! b! c") },
	{ TEST_PRICES, BODY("$5, $ 6 or \xe2\x82\xac 7"), BODY("$5, $x, $") },
	{ TEST_ASKS_LAST, BODY(TEN TEN "Could we talk?\n\nRegards\nSam\n"),
	    BODY("Could we talk?\n" TEN TEN TEN) },
	{ TEST_HTML_AS_TEXT, BODY("Hello&nbsp;you"), BODY("Hello & you") },
	{ TEST_RULES, BODY("--------------\nx\n==============\n"),
	    BODY("--------------\nx\n") },
	{ TEST_HTML, FROM TO HTML "<p>x", BODY("x") },
	{ TEST_HTML_ONLY, FROM TO HTML "<p>x",
	    FROM TO "Content-Type: multipart/alternative; boundary=b\n\n"
		    "--b\n\nx\n--b\nContent-Type: text/html\n\n<p>x\n--b--\n" },
	{ TEST_PICTURES,
	    FROM TO HTML "<img src=a><img src=b><img src=c><img src=d>x",
	    FROM TO HTML "<img src=a>x" },
	{ TEST_IMAGE_ONLY, FROM TO HTML "<img src=a>See",
	    FROM TO HTML "<img src=a>" TEN TEN TEN },
	{ TEST_TABLES, FROM TO HTML "<table>x", FROM TO HTML "<p>x" },
	{ TEST_STYLED, FROM TO HTML "<form action=x>x",
	    FROM TO HTML "<font>x" },
	{ TEST_ATTACHMENT,
	    FROM TO "Content-Type: application/pdf; name=a.pdf\n\n%PDF-1.4",
	    BODY("x") },
	{ TEST_NO_LINKS, BODY("x"), BODY("http://a.example/") },
	{ TEST_UNIQUE_LINKS,
	    BODY("http://a.example/x/Ab12cd34Ef56gh78 "
		 "http://a.example/x/Ab12cd34Ef56gh79 "
		 "http://a.example/x/Ab12cd34Ef56gh70 "),
	    BODY("http://a.example/1 http://a.example/2 http://a.example/3") },
	{ TEST_FOREIGN_LINKS,
	    "From: s@seller.com\n" TO "\nhttp://www.other.com/",
	    "From: s@seller.com\n" TO
	    "\nhttp://www.other.com/ http://a.seller.com/" },
};

static void
each_test_tells_two_mails_apart(void **state)
{
	(void)state;
	bool failed = false;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct test_case *one = &cases[i];
		const char *name = usher_evidence_tests[one->test];

		if (!(tests_of(one->met, "sam@seller.example") >> one->test &
			1))
			print_error("%zu: not met: %s\n", i, name),
			    failed = true;
		if (tests_of(one->not_met, "sam@seller.example") >> one->test &
		    1)
			print_error("%zu: met: %s\n", i, name), failed = true;
	}
	assert_false(failed);
}

static void
the_return_path_is_compared_with_the_sender(void **state)
{
	(void)state;
	uint64_t one = (uint64_t)1 << TEST_SENDER_ELSEWHERE;

	assert_true(tests_of("From: s@seller.com\n\nx", "b@other.com") & one);
	assert_false(
	    tests_of("From: s@seller.com\n\nx", "b@m.seller.com") & one);
	assert_false(tests_of("From: s@seller.com\n\nx", "") & one);
	assert_true(
	    tests_of("From: s@seller.com\n\nx", "") >> TEST_NULL_SENDER & 1);
}

static void
every_test_has_a_word(void **state)
{
	(void)state;
	for (int i = 0; i < EVIDENCE_TESTS; i++) {
		assert_non_null(usher_evidence_tests[i]);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(usher_evidence_tests[i],
			    usher_evidence_tests[k]);
	}
}

/* Long runs of what the tests look for; their cost shows as a hanging test. */
static void
hostile_mails_cost_their_length(void **state)
{
	(void)state;
	static const char *const runs[] = { "?", "$", "{{", "[", "&nbsp", "!",
		"a ", "\xe2\x82\xac", "http://1.2.3.4/ ", "-", "\xf6", "*|",
		"<a ", "Re: ", "%" };
	const size_t size = 300000 / (size_t)brief();
	char *mail = malloc(2 * size + 200);

	assert_non_null(mail);
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		size_t length = (size_t)sprintf(mail,
		    "From: s@seller.example\nSubject: ");
		size_t run = strlen(runs[i]);

		while (length < size / 15)
			length += (size_t)sprintf(mail + length, "%s", runs[i]);
		length += (size_t)sprintf(mail + length, "\n\n");
		while (length + run < size) {
			memcpy(mail + length, runs[i], run);
			length += run;
		}
		mail[length] = '\0';
		(void)tests_of(mail, "s@seller.example");
	}
	free(mail);
}

int
main(void)
{
	const struct CMUnitTest unit_tests[] = {
		cmocka_unit_test(each_test_tells_two_mails_apart),
		cmocka_unit_test(the_return_path_is_compared_with_the_sender),
		cmocka_unit_test(every_test_has_a_word),
		cmocka_unit_test(hostile_mails_cost_their_length),
	};

	return cmocka_run_group_tests(unit_tests, NULL, NULL);
}
