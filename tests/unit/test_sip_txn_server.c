/*
 * Server transactions: RFC 3261 §17.2 with RFC 6026 and RFC 4320, on virtual
 * time. T1 is 500, T2 4000, T4 5000 ms.
 */
#include "sip_txn_world.h"

static struct world w;

static int
setup(void **state)
{
	(void)state;
	world_open(&w, false, 0);
	return 0;
}

static int
setup_stream(void **state)
{
	(void)state;
	world_open(&w, true, 0);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	world_close(&w);
	return 0;
}

#define TIMES(...)                                         \
	world_times(&w, (const uint64_t[]){ __VA_ARGS__ }, \
	    sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))

static void
trying_goes_at_once_or_after_200_ms_or_never(void **state)
{
	struct sip_server *st;

	(void)state;
	st = world_server(&w, "INVITE", "z9hG4bK1", SIP_TRYING_NOW);
	world_last(&w, "SIP/2.0 100 Trying");
	assert_int_equal(w.out[0].port, 5066);
	TIMES(0);
	sip_server_drop(st);
	st = world_server(&w, "INVITE", "z9hG4bK2", SIP_TRYING_LATER);
	world_run(&w, 199);
	assert_int_equal(w.sent, 0);
	world_run(&w, 1);
	TIMES(200);
	sip_server_drop(st);
	st = world_server(&w, "INVITE", "z9hG4bK3", SIP_TRYING_LATER);
	world_run(&w, 100);
	assert_int_equal(world_answer(st, 180), 0);
	world_run(&w, 1000);
	TIMES(300);
	sip_server_drop(st);
	st = world_server(&w, "INVITE", "z9hG4bK4", SIP_TRYING_NEVER);
	world_run(&w, 100000);
	assert_int_equal(w.sent, 0);
	sip_server_drop(st);
	assert_int_equal(w.ended, 4);
}

static void
a_retransmitted_invite_gets_the_last_provisional(void **state)
{
	struct sip_server *st = world_server(&w, "INVITE", NULL,
	    SIP_TRYING_NOW);

	(void)state;
	world_request(&w, "INVITE", NULL, NULL);
	world_last(&w, "SIP/2.0 100 Trying");
	assert_int_equal(w.sent, 2);
	assert_int_equal(world_answer(st, 183), 0);
	world_request(&w, "INVITE", NULL, NULL);
	world_last(&w, "SIP/2.0 183 ");
	assert_int_equal(w.sent, 4);
	assert_int_equal(w.requests, 0);
	assert_int_equal(sip_txn_stats(w.layer)->requests_again, 2);
	sip_server_drop(st);
}

static void
timer_g_repeats_a_refusal_until_timer_h(void **state)
{
	struct sip_server *st = world_server(&w, "INVITE", NULL,
	    SIP_TRYING_NEVER);

	(void)state;
	assert_int_equal(world_answer(st, 486), 0);
	world_run(&w, 31999);
	assert_int_equal(w.ended, 0);
	world_run(&w, 1);
	assert_int_equal(w.ended, 1);
	assert_int_equal(w.ended_err, ETIMEDOUT);
	TIMES(0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500,
	    31500);
	assert_int_equal(sip_txn_stats(w.layer)->timeouts, 1);
}

static void
an_ack_stops_timer_g_and_timer_i_absorbs_more(void **state)
{
	struct sip_server *st = world_server(&w, "INVITE", NULL,
	    SIP_TRYING_NEVER);

	(void)state;
	assert_int_equal(world_answer(st, 486), 0);
	world_run(&w, 600);
	world_request(&w, "ACK", NULL, "any");
	world_run(&w, 4000);
	world_request(&w, "ACK", NULL, "any");
	world_request(&w, "INVITE", NULL, NULL);
	assert_int_equal(w.requests, 0);
	assert_int_equal(w.ended, 0);
	world_run(&w, 999);
	assert_int_equal(w.ended, 0);
	world_run(&w, 1);
	assert_int_equal(w.ended, 1);
	assert_int_equal(w.ended_err, 0);
	assert_int_equal(w.ended_at, 5600);
	assert_int_equal(sip_txn_stats(w.layer)->acks, 1);
	TIMES(0, 500);
}

static void
a_retransmitted_invite_gets_the_refusal_again(void **state)
{
	struct sip_server *st = world_server(&w, "INVITE", NULL,
	    SIP_TRYING_NEVER);

	(void)state;
	assert_int_equal(world_answer(st, 603), 0);
	world_run(&w, 100);
	world_request(&w, "INVITE", NULL, NULL);
	world_last(&w, "SIP/2.0 603 Decline");
	assert_string_equal(w.out[0].text, w.out[1].text);
	TIMES(0, 100);
	world_request(&w, "ACK", NULL, "any");
	world_run(&w, 5000);
}

static void
timer_l_keeps_an_accepted_invite_for_repeated_2xx(void **state)
{
	static const char ok[] = "SIP/2.0 200 OK\r\n\r\n";
	struct sip_server *st = world_server(&w, "INVITE", NULL,
	    SIP_TRYING_NEVER);

	(void)state;
	assert_int_equal(sip_server_respond(st, 200, ok, sizeof(ok) - 1), 0);
	/* Retransmitted: absorbed, the 2xx is not ours to repeat. */
	world_request(&w, "INVITE", NULL, NULL);
	assert_int_equal(w.requests, 0);
	TIMES(0);
	world_run(&w, 500);
	assert_int_equal(sip_server_respond(st, 200, ok, sizeof(ok) - 1), 0);
	TIMES(500);
	assert_int_equal(sip_server_respond(st, 486, ok, sizeof(ok) - 1),
	    EALREADY);
	/* Its ACK is the user's to forward. */
	world_request(&w, "ACK", NULL, "far");
	assert_int_equal(w.requests, 1);
	assert_ptr_equal(w.matched, st);
	assert_int_equal(w.method, SIP_METHOD_ACK);
	world_run(&w, 31499);
	assert_int_equal(w.ended, 0);
	world_run(&w, 1);
	assert_int_equal(w.ended, 1);
	assert_int_equal(w.ended_err, 0);
	assert_int_equal(w.sent, 0);
}

static void
on_a_stream_nothing_is_repeated_and_timer_i_is_zero(void **state)
{
	struct sip_server *st = world_server(&w, "INVITE", NULL,
	    SIP_TRYING_NEVER);

	(void)state;
	assert_int_equal(world_answer(st, 486), 0);
	world_run(&w, 10000);
	TIMES(0);
	world_request(&w, "ACK", NULL, "any");
	world_run(&w, 0);
	assert_int_equal(w.ended, 1);
	/* Timer H runs on streams too. */
	st = world_server(&w, "INVITE", "z9hG4bK2", SIP_TRYING_NEVER);
	assert_int_equal(world_answer(st, 486), 0);
	world_run(&w, 32000);
	assert_int_equal(w.ended_err, ETIMEDOUT);
	w.sent = 0;
	/* Timer J is zero. */
	st = world_server(&w, "OPTIONS", NULL, SIP_TRYING_NEVER);
	assert_int_equal(world_answer(st, 200), 0);
	world_run(&w, 0);
	assert_int_equal(w.ended, 3);
}

static void
timer_j_repeats_the_answer_to_a_non_invite(void **state)
{
	struct sip_server *st = world_server(&w, "OPTIONS", NULL,
	    SIP_TRYING_NOW);

	(void)state;
	/* Before the answer: silence, no 100 (RFC 4320). */
	world_run(&w, 3000);
	world_request(&w, "OPTIONS", NULL, NULL);
	assert_int_equal(w.sent, 0);
	assert_int_equal(world_answer(st, 180), 0);
	assert_int_equal(w.sent, 0);
	assert_int_equal(world_answer(st, 404), 0);
	world_run(&w, 31999);
	world_request(&w, "OPTIONS", NULL, NULL);
	TIMES(3000, 34999);
	assert_int_equal(world_answer(st, 200), EALREADY);
	world_run(&w, 1);
	assert_int_equal(w.ended, 1);
	assert_int_equal(w.ended_at, 35000);
	assert_int_equal(w.requests, 0);
	/* After it the same bytes are a new request. */
	world_request(&w, "OPTIONS", NULL, NULL);
	assert_int_equal(w.requests, 1);
	assert_null(w.matched);
}

static void
a_408_to_a_non_invite_is_never_sent(void **state)
{
	struct sip_server *st = world_server(&w, "MESSAGE", NULL,
	    SIP_TRYING_NEVER);

	(void)state;
	assert_int_equal(world_answer(st, 408), 0);
	assert_int_equal(w.sent, 0);
	assert_int_equal(w.ended, 1);
}

static void
a_forgotten_non_invite_leaks_nothing(void **state)
{
	(void)state;
	(void)world_server(&w, "MESSAGE", NULL, SIP_TRYING_NEVER);
	world_run(&w, 128000);
	assert_int_equal(w.ended, 1);
	assert_int_equal(w.ended_err, ETIMEDOUT);
	assert_int_equal(w.sent, 0);
}

static void
a_cancel_is_answered_and_told_of_its_invite(void **state)
{
	struct sip_server *st = world_server(&w, "INVITE", NULL,
	    SIP_TRYING_NEVER);
	struct span tag = sip_server_tag(st);
	char wanted[64];

	(void)state;
	world_request(&w, "CANCEL", NULL, NULL);
	world_last(&w, "SIP/2.0 200 OK");
	(void)snprintf(wanted, sizeof(wanted),
	    "To: <sip:bob@example.com>;"
	    "tag=%.*s\r\n",
	    SPAN_ARG(tag));
	assert_non_null(strstr(w.out[0].text, wanted));
	assert_non_null(strstr(w.out[0].text, "CSeq: 5 CANCEL\r\n"));
	assert_int_equal(w.requests, 1);
	assert_ptr_equal(w.matched, st);
	assert_int_equal(w.method, SIP_METHOD_CANCEL);
	/* Retransmitted: the same 200, told once. */
	world_request(&w, "CANCEL", NULL, NULL);
	assert_int_equal(w.sent, 2);
	assert_string_equal(w.out[0].text, w.out[1].text);
	assert_int_equal(w.requests, 1);
	assert_int_equal(world_answer(st, 487), 0);
	/* The 487 wears the tag of the 200. */
	assert_non_null(strstr(w.out[2].text, wanted));
	world_request(&w, "ACK", NULL, "any");
	world_run(&w, 32000);
}

static void
a_cancel_after_the_final_changes_nothing(void **state)
{
	struct sip_server *st = world_server(&w, "INVITE", NULL,
	    SIP_TRYING_NEVER);

	(void)state;
	assert_int_equal(world_answer(st, 200), 0);
	world_request(&w, "CANCEL", NULL, NULL);
	assert_int_equal(w.sent, 2);
	world_last(&w, "SIP/2.0 200 OK");
	assert_int_equal(w.requests, 0);
	world_run(&w, 32000);
}

static void
an_unmatched_cancel_and_ack_are_the_users(void **state)
{
	(void)state;
	world_request(&w, "CANCEL", NULL, NULL);
	assert_int_equal(w.requests, 1);
	assert_null(w.matched);
	world_request(&w, "ACK", NULL, "t");
	assert_int_equal(w.requests, 2);
	assert_null(w.matched);
	assert_int_equal(w.sent, 0);
}

static void
branch_sent_by_and_method_tell_requests_apart(void **state)
{
	static const char other_port[] =
	    "INVITE sip:bob@example.com SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP a.example.com:5067;branch=z9hG4bKx\r\n"
	    "From: <sip:alice@example.com>;tag=ft\r\n"
	    "To: <sip:bob@example.com>\r\n"
	    "Call-ID: call-1\r\nCSeq: 5 INVITE\r\n\r\n";
	struct sip_server *st = world_server(&w, "INVITE", NULL,
	    SIP_TRYING_NEVER);

	(void)state;
	world_request(&w, "INVITE", "z9hG4bKy", NULL);
	assert_int_equal(w.requests, 1);
	world_request(&w, "OPTIONS", NULL, NULL);
	assert_int_equal(w.requests, 2);
	world_receive(&w, other_port);
	assert_int_equal(w.requests, 3);
	world_request(&w, "INVITE", NULL, NULL);
	assert_int_equal(w.requests, 3);
	sip_server_drop(st);
}

static void
without_the_cookie_rfc_2543_rules_match(void **state)
{
	static const char *const branches[] = { "1", "z9hG4bK", "Z9HG4BKx" };

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct sip_server *st = world_server(&w, "INVITE", branches[i],
		    SIP_TRYING_NEVER);
		struct span tag;
		char text[32];

		w.requests = 0;
		world_request(&w, "INVITE", branches[i], NULL);
		assert_int_equal(w.requests, 0);
		/* Another To tag is another request. */
		world_request(&w, "INVITE", branches[i], "t");
		assert_int_equal(w.requests, 1);
		world_request(&w, "CANCEL", branches[i], NULL);
		assert_int_equal(w.requests, 2);
		assert_ptr_equal(w.matched, st);
		tag = sip_server_tag(st);
		(void)snprintf(text, sizeof(text), "%.*s", SPAN_ARG(tag));
		assert_int_equal(world_answer(st, 487), 0);
		/* An ACK is matched by the tag of our response. */
		world_request(&w, "ACK", branches[i], "other");
		assert_int_equal(w.requests, 3);
		world_request(&w, "ACK", branches[i], text);
		assert_int_equal(w.requests, 3);
		world_run(&w, 40000);
		assert_int_equal(w.ended_err, 0);
		w.sent = 0;
	}
}

static void
responses_end_with_the_first_final(void **state)
{
	struct sip_server *st = world_server(&w, "INVITE", NULL,
	    SIP_TRYING_NEVER);

	(void)state;
	assert_int_equal(world_answer(st, 99), EINVAL);
	assert_int_equal(world_answer(st, 700), EINVAL);
	assert_int_equal(sip_server_code(st), 0);
	assert_non_null(sip_server_request(st));
	assert_int_equal(world_answer(st, 480), 0);
	assert_null(sip_server_request(st));
	assert_int_equal(world_answer(st, 200), EALREADY);
	assert_int_equal(world_answer(st, 180), EALREADY);
	assert_int_equal(sip_server_code(st), 480);
	assert_int_equal(w.sent, 1);
	world_request(&w, "ACK", NULL, "t");
	world_run(&w, 5000);
}

static void
ack_cancel_and_living_requests_make_no_server(void **state)
{
	static const char *const methods[] = { "ACK", "CANCEL" };
	static struct sip_msg msg;
	struct sip_server *st;

	(void)state;
	for (int i = 0; i < 2; i++) {
		char text[512];

		(void)snprintf(text, sizeof(text),
		    "%s sip:b@c SIP/2.0\r\n"
		    "Via: SIP/2.0/UDP a;branch=z9hG4bKx\r\n"
		    "f: <sip:a@b>;tag=1\r\nt: <sip:b@c>\r\ni: x\r\n"
		    "CSeq: 1 %s\r\n\r\n",
		    methods[i], methods[i]);
		assert_int_equal(sip_gate_read(&msg, text, strlen(text), NULL),
		    0);
		assert_int_equal(sip_server_new(&st, w.layer, &msg, &w.peer,
				     SIP_TRYING_NOW, NULL, NULL),
		    EINVAL);
	}
}

static void
at_the_cap_new_requests_are_refused_and_cancels_answered(void **state)
{
	static struct sip_msg msg;
	static const char second[] =
	    "MESSAGE sip:b@c SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP a;branch=z9hG4bKother\r\n"
	    "f: <sip:a@b>;tag=1\r\nt: <sip:b@c>\r\ni: x\r\n"
	    "CSeq: 1 MESSAGE\r\n\r\n";
	struct sip_server *st, *other;

	(void)state;
	st = world_server(&w, "INVITE", NULL, SIP_TRYING_NEVER);
	sip_txn_set_max(w.layer, 1);
	assert_int_equal(sip_gate_read(&msg, second, sizeof(second) - 1, NULL),
	    0);
	assert_int_equal(sip_server_new(&other, w.layer, &msg, &w.peer,
			     SIP_TRYING_NOW, NULL, NULL),
	    ENOSPC);
	assert_int_equal(sip_txn_stats(w.layer)->refused, 1);
	world_request(&w, "CANCEL", NULL, NULL);
	world_last(&w, "SIP/2.0 200 OK");
	assert_ptr_equal(w.matched, st);
	assert_int_equal(sip_txn_stats(w.layer)->servers, 1);
	sip_server_drop(st);
}

static void
freeing_the_layer_ends_all(void **state)
{
	struct world other;

	(void)state;
	world_open(&other, false, 0);
	(void)world_server(&other, "INVITE", "z9hG4bK1", SIP_TRYING_NEVER);
	(void)world_server(&other, "MESSAGE", "z9hG4bK2", SIP_TRYING_NEVER);
	(void)world_client(&other, SIP_METHOD_INVITE, "z9hG4bK3");
	sip_txn_layer_free(other.layer);
	assert_int_equal(other.ended, 3);
	assert_int_equal(other.ended_err, ECANCELED);
	assert_int_equal(sip_timers_count(other.timers), 0);
	sip_timers_free(other.timers);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(trying_goes_at_once_or_after_200_ms_or_never),
		TEST(a_retransmitted_invite_gets_the_last_provisional),
		TEST(timer_g_repeats_a_refusal_until_timer_h),
		TEST(an_ack_stops_timer_g_and_timer_i_absorbs_more),
		TEST(a_retransmitted_invite_gets_the_refusal_again),
		TEST(timer_l_keeps_an_accepted_invite_for_repeated_2xx),
		cmocka_unit_test_setup_teardown(
		    on_a_stream_nothing_is_repeated_and_timer_i_is_zero,
		    setup_stream, teardown),
		TEST(timer_j_repeats_the_answer_to_a_non_invite),
		TEST(a_408_to_a_non_invite_is_never_sent),
		TEST(a_forgotten_non_invite_leaks_nothing),
		TEST(a_cancel_is_answered_and_told_of_its_invite),
		TEST(a_cancel_after_the_final_changes_nothing),
		TEST(an_unmatched_cancel_and_ack_are_the_users),
		TEST(branch_sent_by_and_method_tell_requests_apart),
		TEST(without_the_cookie_rfc_2543_rules_match),
		TEST(responses_end_with_the_first_final),
		TEST(ack_cancel_and_living_requests_make_no_server),
		TEST(at_the_cap_new_requests_are_refused_and_cancels_answered),
		TEST(freeing_the_layer_ends_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
