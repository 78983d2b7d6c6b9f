/*
 * Replies: verdicts of real policies as SMTP lines.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reply.h"

/* Tuesday 24 November 2026, 20:00 UTC. */
static const int64_t TUESDAY = 1795550400;

struct desk {
	struct usher *usher;
	struct usher_conf *conf;
	struct usher_policy *policy;
	struct usher_facts *facts;
	struct usher_decision *decision;
};

static void
open_desk(struct desk *desk, const char *rules)
{
	struct usher_problems *problems = usher_problems_new();
	char text[8192];
	int length;

	memset(desk, 0, sizeof *desk);
	length = snprintf(text, sizeof text,
	    "name = \"Alice\"; addresses = [ \"alice@example.com\" ];"
	    "timezone = \"UTC\"; rules = ( %s );",
	    rules);
	assert_true(length > 0 && (size_t)length < sizeof text);
	assert_int_equal(usher_open(&desk->usher, NULL, 0, problems, NULL), 0);
	desk->conf = usher_conf_hold(desk->usher);
	assert_int_equal(usher_policy_compile(desk->conf, "alice.conf", text,
			     strlen(text), &desk->policy, problems),
	    0);
	assert_int_equal(usher_facts_new(desk->conf, USHER_EMAIL, &desk->facts),
	    0);
	usher_facts_shown(desk->facts, USHER_ALL);
	usher_problems_free(problems);
}

static void
close_desk(struct desk *desk)
{
	usher_decision_free(desk->decision);
	usher_facts_free(desk->facts);
	usher_policy_release(desk->policy);
	usher_conf_release(desk->conf);
	usher_close(desk->usher);
}

static void
reply_to(struct reply *reply, const char *rules, int64_t patience_s, bool final)
{
	struct desk desk;
	struct reply_terms terms = { .reference = "abcdefghjkmn",
		.at = TUESDAY,
		.patience_s = patience_s,
		.final = final };

	open_desk(&desk, rules);
	struct usher_question question = { .policy = desk.policy,
		.facts = desk.facts,
		.at = TUESDAY };
	assert_int_equal(usher_decide(desk.usher, &question, &desk.decision,
			     NULL),
	    0);
	reply_make(reply, desk.decision, &terms);
	close_desk(&desk);
}

static const char MORNINGS[] =
    "{ name = \"m\"; then = \"accept\"; during = \"09:00-12:00\"; }";
static const char TIME[] = "(retry=2026-11-25T09:00:00Z).";

static void
test_a_defer_is_450_with_its_time(void **state)
{
	struct reply reply;

	(void)state;
	reply_to(&reply, MORNINGS, 22 * 3600, false);
	assert_true(reply.temporary);
	assert_string_equal(reply_code(&reply), "450");
	assert_true(reply.count >= 2 && reply.count <= USHER_WORDS_LINES);
	assert_null(strstr(reply.lines[0], "retry="));
	assert_non_null(strstr(reply.lines[1], TIME));
}

static void
test_the_edge_of_patience(void **state)
{
	struct reply reply;

	(void)state;
	reply_to(&reply, MORNINGS, 13 * 3600, false);
	assert_true(reply.temporary);
	reply_to(&reply, MORNINGS, 13 * 3600 - 1, false);
	assert_false(reply.temporary);
	assert_non_null(strstr(reply.lines[1], TIME));
}

static void
test_final_terms_are_final_with_the_same_words(void **state)
{
	struct reply one, other;

	(void)state;
	reply_to(&one, MORNINGS, 22 * 3600, false);
	reply_to(&other, MORNINGS, 22 * 3600, true);
	assert_string_equal(reply_code(&one), "450");
	assert_string_equal(reply_code(&other), "550");
	assert_int_equal(one.count, other.count);
	for (size_t i = 0; i < one.count; i++)
		assert_string_equal(one.lines[i], other.lines[i]);
}

static void
test_a_refusal_has_no_time(void **state)
{
	struct reply reply;
	size_t i;

	(void)state;
	reply_to(&reply, "{ name = \"n\"; then = \"refuse\"; }", 22 * 3600,
	    false);
	assert_string_equal(reply_code(&reply), "550");
	assert_true(reply.count > 0);
	for (i = 0; i < reply.count; i++)
		assert_null(strstr(reply.lines[i], "retry="));
}

static void
test_every_percent_is_doubled(void **state)
{
	char line[REPLY_LINE + 1];

	(void)state;
	reply_line(line, "100% of 50%s");
	assert_string_equal(line, "100%% of 50%%s");
}

static void
test_lines_are_one_ascii_line(void **state)
{
	char line[REPLY_LINE + 1];

	(void)state;
	reply_line(line, "a\r\nb\tc\x7f\xc3\xbc");
	assert_string_equal(line, "a  b c???");
}

static void
test_long_lines_end_in_a_visible_cut(void **state)
{
	char text[3000], line[REPLY_LINE + 1];
	size_t length;

	(void)state;
	for (length = 0; length < sizeof text - 1; length++) {
		memset(text, length % 3 == 0 ? '%' : 'x', length);
		text[length] = '\0';
		reply_line(line, text);
		assert_true(strlen(line) <= REPLY_LINE);
		if (length * (length % 3 == 0 ? 2 : 1) > REPLY_LINE)
			assert_string_equal(line + strlen(line) - 3, "...");
		else if (length % 3 != 0 && length < REPLY_LINE - 5)
			assert_string_equal(line, text);
	}
	memset(text, '%', 2000);
	text[2000] = '\0';
	reply_line(line, text);
	assert_int_equal((strlen(line) - 3) % 2, 0);
}

static void
test_what_is_open_now_is_final(void **state)
{
	struct reply reply;

	(void)state;
	reply_to(&reply,
	    "{ name = \"r\"; then = \"accept\"; else = \"defer\";"
	    "  requires = { attachment = [ \"pdf\" ]; }; }",
	    22 * 3600, false);
	assert_false(reply.temporary);
	assert_non_null(strstr(reply.lines[1], "pdf"));
}

static void
test_classes_of_a_solicitation(void **state)
{
	static const struct {
		const char *value, *classes;
	} rows[] = { { "net.example:ADV", "net.example:ADV" },
		{ " net.example:ADV ,\r\n\torg.example:X_1-a",
		    "net.example:ADV,org.example:X_1-a" },
		{ "1x, %n, a(b), caf\xc3\xa9, ok", "ok" }, { "", NULL },
		{ ",,, ", NULL }, { "550 <x>", NULL } };
	char longest[1000];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *classes = reply_solicitation(rows[i].value);

		if (rows[i].classes == NULL)
			assert_null(classes);
		else
			assert_string_equal(classes, rows[i].classes);
		free(classes);
	}
	memset(longest, 'a', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	assert_null(reply_solicitation(longest));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_defer_is_450_with_its_time),
		cmocka_unit_test(test_the_edge_of_patience),
		cmocka_unit_test(
		    test_final_terms_are_final_with_the_same_words),
		cmocka_unit_test(test_a_refusal_has_no_time),
		cmocka_unit_test(test_every_percent_is_doubled),
		cmocka_unit_test(test_lines_are_one_ascii_line),
		cmocka_unit_test(test_long_lines_end_in_a_visible_cut),
		cmocka_unit_test(test_what_is_open_now_is_final),
		cmocka_unit_test(test_classes_of_a_solicitation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
