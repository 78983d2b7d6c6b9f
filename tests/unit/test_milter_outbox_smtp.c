/*
 * A letter is handed over by the book, and it is known what became of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "outbox_smtp.h"
#include "smtp_sink.h"

#define MESSAGE                                \
	"From: a@example.com\r\n"              \
	"To: b@x.example\r\n\r\n.Hi\r\n..\r\n" \
	"Bye\r\n"

static void
test_a_letter_is_handed_over_by_the_book(void **state)
{
	static const struct smtp_script plain;
	char why[OUTBOX_WHY];
	struct smtp_sink sink;

	(void)state;
	smtp_sink_start(&sink, &plain);
	assert_int_equal(outbox_hand_over(sink.address, "b@x.example", MESSAGE,
			     strlen(MESSAGE), -1, 30, why),
	    OUTBOX_SENT);
	smtp_sink_stop(&sink);
	assert_string_equal(sink.commands,
	    "EHLO [127.0.0.1]|MAIL FROM:<>|RCPT TO:<b@x.example> NOTIFY=NEVER|"
	    "DATA|QUIT|");
	/* Dots are doubled on the wire (RFC 5321 §4.5.2), nothing else. */
	assert_string_equal(sink.text,
	    "From: a@example.com\r\nTo: b@x.example\r\n\r\n..Hi\r\n...\r\n"
	    "Bye\r\n");
}

static void
test_what_the_server_says_decides_what_becomes_of_it(void **state)
{
	static const struct {
		struct smtp_script script;
		enum outbox_outcome outcome;
		const char *to, *why;
	} cases[] = {
		{ { .banner = "" }, OUTBOX_LATER, NULL, "hung up" },
		{ { .banner = "421 busy" }, OUTBOX_LATER, NULL, "421" },
		{ { .banner = "554 no" }, OUTBOX_NEVER, NULL, "554" },
		{ { .banner = "SSH-2.0" }, OUTBOX_LATER, NULL, "no SMTP" },
		{ { .mail = "451 no" }, OUTBOX_LATER, NULL, "451" },
		{ { .rcpt = "450 greylisted" }, OUTBOX_LATER, NULL, "450" },
		{ { .rcpt = "550 nobody" }, OUTBOX_NEVER, NULL, "550 nobody" },
		{ { .rcpt = "" }, OUTBOX_LATER, NULL, "hung up" },
		{ { .deaf_rcpt = true }, OUTBOX_LATER, NULL, "in time" },
		{ { .data = "451 no" }, OUTBOX_LATER, NULL, "451" },
		{ { .data = "554 no" }, OUTBOX_NEVER, NULL, "554" },
		/* From the dot on nothing but a 2xx is certain. */
		{ { .dot = "" }, OUTBOX_PERHAPS, NULL, "hung up" },
		{ { .dot = "451 perhaps" }, OUTBOX_PERHAPS, NULL, "451" },
		{ { .dot = "554 spam" }, OUTBOX_NEVER, NULL, "554" },
		{ { .deaf = true }, OUTBOX_PERHAPS, NULL, "in time" },
		/* No command is written by an address. */
		{ { 0 }, OUTBOX_NEVER, "b@x>\r\nRCPT TO:<c@y", "" },
		{ { 0 }, OUTBOX_NEVER, "", "" },
		{ { 0 }, OUTBOX_SENT, "j\xc3\xb6rg@x.example", "" },
		{ { .ehlo = "250 plain" }, OUTBOX_NEVER,
		    "j\xc3\xb6rg@x.example", "SMTPUTF8" },
	};
	char why[OUTBOX_WHY];
	struct smtp_sink sink;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		enum outbox_outcome outcome;
		bool waits = cases[i].script.deaf || cases[i].script.deaf_rcpt;

		smtp_sink_start(&sink, &cases[i].script);
		outcome = outbox_hand_over(sink.address,
		    cases[i].to != NULL ? cases[i].to : "b@x.example", MESSAGE,
		    strlen(MESSAGE), -1, waits ? 1 : 30, why);
		smtp_sink_stop(&sink);
		if (outcome != cases[i].outcome ||
		    strstr(why, cases[i].why) == NULL)
			fail_msg("case %zu: %d %s", i, (int)outcome, why);
	}
}

static void
test_a_server_without_dsn_is_not_asked_for_it(void **state)
{
	static const struct smtp_script old = { .ehlo = "502 what?" };
	char why[OUTBOX_WHY];
	struct smtp_sink sink;

	(void)state;
	smtp_sink_start(&sink, &old);
	assert_int_equal(outbox_hand_over(sink.address, "b@x.example", MESSAGE,
			     strlen(MESSAGE), -1, 30, why),
	    OUTBOX_SENT);
	smtp_sink_stop(&sink);
	assert_non_null(strstr(sink.commands,
	    "|HELO [127.0.0.1]|MAIL FROM:<>|RCPT TO:<b@x.example>|DATA|"));
}

static void
test_nobody_there_means_later(void **state)
{
	static const struct smtp_script plain;
	char why[OUTBOX_WHY];
	struct smtp_sink sink;

	(void)state;
	smtp_sink_start(&sink, &plain);
	smtp_sink_stop(&sink); /* its port is free now */
	assert_int_equal(outbox_hand_over(sink.address, "b@x.example", MESSAGE,
			     strlen(MESSAGE), -1, 30, why),
	    OUTBOX_LATER);
	assert_int_equal(outbox_hand_over("nonsense", "b@x.example", MESSAGE,
			     strlen(MESSAGE), -1, 30, why),
	    OUTBOX_LATER);
}

static void
test_the_end_of_the_daemon_is_not_waited_out(void **state)
{
	static const struct smtp_script scripts[] = { { .deaf_rcpt = true },
		{ .deaf = true } };
	static const enum outbox_outcome outcomes[] = { OUTBOX_LATER,
		OUTBOX_PERHAPS };
	char why[OUTBOX_WHY];
	struct smtp_sink sink;
	int stop = eventfd(1, EFD_CLOEXEC);

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		time_t begun = time(NULL);

		smtp_sink_start(&sink, &scripts[i]);
		/* Whether it gets as far as the dot before it looks is not
		 * said: what was not begun may also be put off. */
		assert_in_range(outbox_hand_over(sink.address, "b@x.example",
				    MESSAGE, strlen(MESSAGE), stop, 600, why),
		    OUTBOX_LATER, outcomes[i]);
		smtp_sink_stop(&sink);
		assert_true(time(NULL) - begun < 60);
	}
	(void)close(stop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_letter_is_handed_over_by_the_book),
		cmocka_unit_test(
		    test_what_the_server_says_decides_what_becomes_of_it),
		cmocka_unit_test(test_a_server_without_dsn_is_not_asked_for_it),
		cmocka_unit_test(test_nobody_there_means_later),
		cmocka_unit_test(test_the_end_of_the_daemon_is_not_waited_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
