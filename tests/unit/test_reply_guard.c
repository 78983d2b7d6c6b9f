/*
 * Who gets an automatic reply (RFC 3834 §2, RFC 5230 §4), and who never does.
 */
#include "replying.h"

static void
test_a_reply_goes_to_no_one_but_a_proven_person(void **state)
{
	static const struct {
		const char *header, *mail_from, *proven;
		enum usher_reply_answer answer;
	} cases[] = {
		{ FROM TO, BOB, BOB, USHER_REPLY_SEND },
		{ FROM TO "Auto-Submitted: no\r\n", BOB, BOB,
		    USHER_REPLY_SEND },
		{ FROM "Cc: x@example.net, <A.NG+work@Example.com>\r\n", BOB,
		    BOB, USHER_REPLY_SEND },
		{ FROM TO, "prvs=0123abcdef=bob@sender.example", BOB,
		    USHER_REPLY_SEND },
		{ FROM TO "X-Auto-Response-Suppress: DR, RN\r\n", BOB, BOB,
		    USHER_REPLY_SEND },
		/* the null sender, whoever is proven */
		{ FROM TO, "", BOB, USHER_REPLY_TELL },
		{ FROM TO, NULL, BOB, USHER_REPLY_TELL },
		/* lists */
		{ FROM TO "List-Id: <l.example.org>\r\n", BOB, BOB,
		    USHER_REPLY_PASS },
		{ FROM TO "List-Unsubscribe: <mailto:u@sender.example>\r\n",
		    BOB, BOB, USHER_REPLY_PASS },
		{ FROM TO "Precedence: list\r\n", BOB, BOB, USHER_REPLY_PASS },
		{ FROM TO "Mailing-List: list x\r\n", BOB, BOB,
		    USHER_REPLY_PASS },
		{ FROM TO "Precedence: bulk\r\n", BOB, BOB, USHER_REPLY_TELL },
		{ FROM TO "Precedence: junk\r\n", BOB, BOB, USHER_REPLY_TELL },
		/* automatic messages, another Usher's reply among them */
		{ FROM TO "Auto-Submitted: auto-replied\r\n", BOB, BOB,
		    USHER_REPLY_PASS },
		{ FROM TO "Auto-Submitted: auto-generated (x)\r\n", BOB, BOB,
		    USHER_REPLY_PASS },
		{ FROM TO "Auto-Submitted: no\r\n"
			  "Auto-Submitted: auto-notified\r\n",
		    BOB, BOB, USHER_REPLY_PASS },
		{ FROM TO "Auto-Submitted: none\r\n", BOB, BOB,
		    USHER_REPLY_PASS },
		{ FROM TO "X-Auto-Response-Suppress: OOF, AutoReply\r\n", BOB,
		    BOB, USHER_REPLY_TELL },
		{ FROM TO "X-Auto-Response-Suppress: all\r\n", BOB, BOB,
		    USHER_REPLY_TELL },
		/* bounces and receipts */
		{ FROM TO "Content-Type: multipart/report; boundary=b\r\n", BOB,
		    BOB, USHER_REPLY_PASS },
		{ FROM TO "Content-Type: message/disposition-notification\r\n",
		    BOB, BOB, USHER_REPLY_PASS },
		/* senders where nobody reads */
		{ FROM TO, "MAILER-DAEMON@sender.example",
		    "mailer-daemon@sender.example", USHER_REPLY_TELL },
		{ FROM TO, "owner-talk@sender.example",
		    "owner-talk@sender.example", USHER_REPLY_TELL },
		{ FROM TO, "talk-request@sender.example",
		    "talk-request@sender.example", USHER_REPLY_TELL },
		{ FROM TO, "no.reply@sender.example", "no.reply@sender.example",
		    USHER_REPLY_TELL },
		{ FROM TO, "noreply-7@sender.example",
		    "noreply-7@sender.example", USHER_REPLY_TELL },
		{ FROM TO, "bounces+4=a=b@sender.example", BOB,
		    USHER_REPLY_TELL },
		/* an unproven sender, or proven as somebody else */
		{ FROM TO, BOB, NULL, USHER_REPLY_TELL },
		{ FROM TO, "victim@other.example", BOB, USHER_REPLY_TELL },
		{ FROM TO, "boss@sender.example", BOB, USHER_REPLY_TELL },
		{ FROM TO, "not an address", BOB, USHER_REPLY_TELL },
		{ FROM TO, "bob@sender.example>", BOB, USHER_REPLY_TELL },
		{ FROM TO, "+14155550123", BOB, USHER_REPLY_TELL },
		{ FROM TO, "b\xff@sender.example", BOB, USHER_REPLY_TELL },
		/* itself */
		{ FROM TO, "alice@example.com", "alice@example.com",
		    USHER_REPLY_TELL },
		{ FROM TO, "A.Ng+x@example.com", "a.ng+x@example.com",
		    USHER_REPLY_TELL },
		{ FROM TO, "alice+aside@example.com", "alice+aside@example.com",
		    USHER_REPLY_TELL },
		/* not addressed to her */
		{ FROM "To: undisclosed-recipients:;\r\n", BOB, BOB,
		    USHER_REPLY_TELL },
		{ FROM "To: carol@example.com\r\n", BOB, BOB,
		    USHER_REPLY_TELL },
		{ FROM, BOB, BOB, USHER_REPLY_TELL },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct answering answering;
		enum usher_reply_answer answer;

		take(&answering, *state, cases[i].header, "Hello\r\n",
		    cases[i].mail_from, cases[i].proven);
		answer = usher_reply_allowed(&answering.reply, &answering.why);
		if (answer != cases[i].answer)
			fail_msg("case %zu: %d, %s\n%s", i, (int)answer,
			    answering.why == NULL ? "" : answering.why,
			    cases[i].header);
		assert_true(
		    (answering.why == NULL) == (answer == USHER_REPLY_SEND));
		leave(&answering);
	}
}

static void
test_trust_in_claims_is_no_proof(void **state)
{
	struct answering answering;

	take(&answering, *state, FROM TO, "Hello\r\n", BOB, NULL);
	assert_int_equal(usher_facts_claim(answering.fixture->facts, BOB, NULL),
	    0);
	usher_facts_prove_claims(answering.fixture->facts);
	assert_int_equal(usher_reply_allowed(&answering.reply, NULL),
	    USHER_REPLY_TELL);
	leave(&answering);
}

static void
test_a_header_that_was_cut_is_not_answered(void **state)
{
	struct answering answering;

	take(&answering, *state, FROM TO, "Hello\r\n", BOB, BOB);
	answering.message->headers_cut = true;
	assert_int_equal(usher_reply_allowed(&answering.reply, NULL),
	    USHER_REPLY_TELL);
	leave(&answering);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(test_a_reply_goes_to_no_one_but_a_proven_person),
		WITH_FIXTURE(test_trust_in_claims_is_no_proof),
		WITH_FIXTURE(test_a_header_that_was_cut_is_not_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
