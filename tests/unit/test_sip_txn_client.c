/*
 * Client transactions: RFC 3261 §17.1 and §9.1 with RFC 6026, on virtual time.
 * T1 is 500, T2 4000, T4 5000 ms.
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
timer_a_doubles_until_timer_b(void **state)
{
	(void)state;
	(void)world_client(&w, SIP_METHOD_INVITE, NULL);
	world_run(&w, 31999);
	assert_int_equal(w.responses, 0);
	world_run(&w, 1);
	assert_int_equal(w.responses, 1);
	assert_int_equal(w.err, ETIMEDOUT);
	assert_int_equal(w.ended, 1);
	assert_int_equal(w.ended_err, ETIMEDOUT);
	TIMES(0, 500, 1500, 3500, 7500, 15500, 31500);
	assert_int_equal(sip_txn_stats(w.layer)->requests_resent, 6);
}

static void
a_provisional_stops_timers_a_and_b(void **state)
{
	struct sip_client *ct = world_client(&w, SIP_METHOD_INVITE, NULL);

	(void)state;
	world_run(&w, 400);
	world_response(&w, 100, "INVITE", NULL);
	assert_int_equal(w.code, 100);
	/* Timer C is the user's: we wait as long as it does. */
	world_run(&w, 1000000);
	world_response(&w, 180, "INVITE", NULL);
	assert_int_equal(w.responses, 2);
	assert_int_equal(sip_client_code(ct), 180);
	TIMES(0);
	world_response(&w, 200, "INVITE", NULL);
	world_run(&w, 32000);
}

static void
a_refusal_is_acknowledged_again_until_timer_d(void **state)
{
	(void)state;
	(void)world_client(&w, SIP_METHOD_INVITE, NULL);
	world_response(&w, 486, "INVITE", NULL);
	assert_int_equal(w.code, 486);
	world_last(&w,
	    "ACK sip:bob@example.com SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP a.example.com:5066;branch=z9hG4bKx\r\n");
	assert_non_null(strstr(w.out[1].text, ";tag=far\r\n"));
	assert_non_null(strstr(w.out[1].text, "CSeq: 5 ACK\r\n"));
	world_run(&w, 31999);
	world_response(&w, 486, "INVITE", NULL);
	world_response(&w, 180, "INVITE", NULL);
	assert_int_equal(w.responses, 1);
	assert_string_equal(w.out[1].text, w.out[2].text);
	TIMES(0, 0, 31999);
	assert_int_equal(w.ended, 0);
	world_run(&w, 1);
	assert_int_equal(w.ended, 1);
	assert_int_equal(w.ended_err, 0);
	world_response(&w, 486, "INVITE", NULL);
	assert_int_equal(w.strays, 1);
}

static void
every_2xx_reaches_the_user_until_timer_m(void **state)
{
	struct sip_client *ct = world_client(&w, SIP_METHOD_INVITE, NULL);

	(void)state;
	world_response(&w, 200, "INVITE", NULL);
	assert_null(sip_client_request(ct));
	world_run(&w, 31999);
	world_response(&w, 200, "INVITE", NULL);
	world_response(&w, 200, "INVITE", NULL);
	assert_int_equal(w.responses, 3);
	/* Nothing else counts any more, and no ACK is ours. */
	world_response(&w, 180, "INVITE", NULL);
	world_response(&w, 486, "INVITE", NULL);
	assert_int_equal(w.responses, 3);
	TIMES(0);
	world_run(&w, 1);
	assert_int_equal(w.ended, 1);
	assert_int_equal(w.ended_at, 32000);
}

static void
a_2xx_after_a_refusal_is_not_swallowed(void **state)
{
	(void)state;
	(void)world_client(&w, SIP_METHOD_INVITE, NULL);
	world_response(&w, 603, "INVITE", NULL);
	world_response(&w, 200, "INVITE", NULL);
	assert_int_equal(w.responses, 2);
	assert_int_equal(w.code, 200);
	world_run(&w, 32000);
}

static void
timer_e_grows_to_t2_until_timer_f(void **state)
{
	(void)state;
	(void)world_client(&w, SIP_METHOD_MESSAGE, NULL);
	world_run(&w, 32000);
	assert_int_equal(w.responses, 1);
	assert_int_equal(w.err, ETIMEDOUT);
	TIMES(0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500,
	    31500);
}

static void
after_a_provisional_timer_e_is_t2_and_f_runs_on(void **state)
{
	(void)state;
	(void)world_client(&w, SIP_METHOD_MESSAGE, NULL);
	world_run(&w, 600);
	world_response(&w, 100, "MESSAGE", NULL);
	world_run(&w, 31399);
	assert_int_equal(w.ended, 0);
	world_run(&w, 1);
	assert_int_equal(w.err, ETIMEDOUT);
	TIMES(0, 500, 1500, 5500, 9500, 13500, 17500, 21500, 25500, 29500);
}

static void
timer_k_absorbs_repeated_answers(void **state)
{
	(void)state;
	(void)world_client(&w, SIP_METHOD_MESSAGE, NULL);
	world_response(&w, 202, "MESSAGE", NULL);
	world_run(&w, 4999);
	world_response(&w, 202, "MESSAGE", NULL);
	assert_int_equal(w.responses, 1);
	assert_int_equal(sip_txn_stats(w.layer)->responses_again, 1);
	assert_int_equal(w.ended, 0);
	world_run(&w, 1);
	assert_int_equal(w.ended, 1);
	TIMES(0);
}

static void
on_a_stream_nothing_is_repeated_and_d_and_k_are_zero(void **state)
{
	(void)state;
	(void)world_client(&w, SIP_METHOD_INVITE, NULL);
	(void)world_client(&w, SIP_METHOD_MESSAGE, NULL);
	world_run(&w, 31000);
	TIMES(0, 0);
	world_response(&w, 486, "INVITE", NULL);
	world_last(&w, "ACK ");
	world_response(&w, 200, "MESSAGE", NULL);
	world_run(&w, 0);
	assert_int_equal(w.ended, 2);
	/* Timer B runs all the same. */
	(void)world_client(&w, SIP_METHOD_INVITE, NULL);
	world_run(&w, 32000);
	assert_int_equal(w.err, ETIMEDOUT);
	/* And M: the 2xx comes again over any transport. */
	(void)world_client(&w, SIP_METHOD_INVITE, NULL);
	world_response(&w, 200, "INVITE", NULL);
	world_run(&w, 31999);
	assert_int_equal(w.ended, 3);
	world_run(&w, 1);
	assert_int_equal(w.ended, 4);
}

static void
a_cancel_waits_for_a_provisional(void **state)
{
	struct sip_client *ct = world_client(&w, SIP_METHOD_INVITE, NULL);

	(void)state;
	assert_int_equal(sip_client_cancel(ct, SPAN_LIT("Reason: x\r\n")), 0);
	assert_int_equal(sip_client_cancel(ct, SPAN_LIT("Reason: y\r\n")), 0);
	world_run(&w, 5000);
	TIMES(0);
	world_response(&w, 180, "INVITE", NULL);
	assert_int_equal(w.responses, 1);
	world_last(&w,
	    "CANCEL sip:bob@example.com SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP a.example.com:5066;branch=z9hG4bKx\r\n");
	assert_non_null(strstr(w.out[0].text, "CSeq: 5 CANCEL\r\n"));
	assert_non_null(strstr(w.out[0].text, "Reason: x\r\n"));
	world_response(&w, 200, "CANCEL", NULL);
	world_response(&w, 487, "INVITE", NULL);
	assert_int_equal(w.responses, 2);
	assert_int_equal(w.code, 487);
	world_last(&w, "ACK ");
	assert_int_equal(w.sent, 2);
	world_run(&w, 32000);
	assert_int_equal(w.ended, 1);
}

static void
a_cancel_after_a_provisional_goes_at_once(void **state)
{
	struct sip_client *ct = world_client(&w, SIP_METHOD_INVITE, NULL);

	(void)state;
	world_response(&w, 183, "INVITE", NULL);
	assert_int_equal(sip_client_cancel(ct, SPAN_LIT("")), 0);
	world_last(&w, "CANCEL ");
	/* It is a request like any other: repeated, then given up. The
	 * INVITE goes with it when no 487 comes in 64*T1. */
	world_run(&w, 31999);
	assert_int_equal(w.ended, 0);
	world_run(&w, 2);
	assert_int_equal(w.ended, 1);
	assert_int_equal(w.err, ETIMEDOUT);
	TIMES(0, 0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500,
	    31500);
}

static void
a_cancel_after_the_final_is_none(void **state)
{
	struct sip_client *ct = world_client(&w, SIP_METHOD_INVITE, NULL);

	(void)state;
	assert_int_equal(sip_client_cancel(ct, SPAN_LIT("")), 0);
	/* The race: the 200 was on its way. */
	world_response(&w, 200, "INVITE", NULL);
	assert_int_equal(w.code, 200);
	assert_int_equal(sip_client_cancel(ct, SPAN_LIT("")), EALREADY);
	TIMES(0);
	world_run(&w, 32000);
	ct = world_client(&w, SIP_METHOD_MESSAGE, NULL);
	assert_int_equal(sip_client_cancel(ct, SPAN_LIT("")), EINVAL);
	world_response(&w, 200, "MESSAGE", NULL);
	world_run(&w, 5000);
}

static void
a_cancelled_invite_that_nobody_hears_ends_by_timer_b(void **state)
{
	struct sip_client *ct = world_client(&w, SIP_METHOD_INVITE, NULL);

	(void)state;
	assert_int_equal(sip_client_cancel(ct, SPAN_LIT("")), 0);
	world_run(&w, 32000);
	assert_int_equal(w.ended, 1);
	assert_int_equal(w.err, ETIMEDOUT);
	TIMES(0);
}

static void
a_send_error_comes_after_the_call(void **state)
{
	struct sip_client *ct;

	(void)state;
	w.send_error = EHOSTUNREACH;
	ct = world_client(&w, SIP_METHOD_INVITE, NULL);
	assert_non_null(ct);
	assert_int_equal(w.responses, 0);
	world_run(&w, 0);
	assert_int_equal(w.responses, 1);
	assert_int_equal(w.err, EHOSTUNREACH);
	assert_int_equal(w.ended_err, EHOSTUNREACH);
	/* A full buffer is a lost datagram. */
	w.send_error = EAGAIN;
	ct = world_client(&w, SIP_METHOD_INVITE, NULL);
	world_run(&w, 499);
	w.send_error = 0;
	world_run(&w, 1);
	world_response(&w, 180, "INVITE", NULL);
	TIMES(500);
	world_response(&w, 486, "INVITE", NULL);
	world_run(&w, 32000);
}

static void
an_icmp_error_fails_the_transaction_it_quotes(void **state)
{
	static const char quote[] =
	    "INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP "
	    "a.example.com:5066;branch=z9hG4bKx\r\nFrom: ";

	(void)state;
	(void)world_client(&w, SIP_METHOD_INVITE, NULL);
	assert_false(sip_txn_icmp(w.layer, quote, 0, ECONNREFUSED));
	assert_false(sip_txn_icmp(w.layer, quote, 20, ECONNREFUSED));
	/* Cut within the branch: could be another's. */
	assert_false(
	    sip_txn_icmp(w.layer, quote, sizeof(quote) - 10, ECONNREFUSED));
	assert_true(
	    sip_txn_icmp(w.layer, quote, sizeof(quote) - 1, ECONNREFUSED));
	assert_int_equal(w.responses, 0);
	world_run(&w, 0);
	assert_int_equal(w.err, ECONNREFUSED);
	/* Once somebody has answered, the path is not broken. */
	(void)world_client(&w, SIP_METHOD_INVITE, NULL);
	world_response(&w, 100, "INVITE", NULL);
	assert_false(
	    sip_txn_icmp(w.layer, quote, sizeof(quote) - 1, ECONNREFUSED));
	world_response(&w, 486, "INVITE", NULL);
	world_run(&w, 32000);
}

static void
a_lost_connection_fails_what_hangs_on_it(void **state)
{
	struct sip_server *st = world_server(&w, "INVITE", "z9hG4bKs",
	    SIP_TRYING_NEVER);

	(void)state;
	(void)world_client(&w, SIP_METHOD_INVITE, NULL);
	sip_txn_connection_lost(w.layer, 8, EPIPE);
	world_run(&w, 0);
	assert_int_equal(w.responses, 0);
	sip_txn_connection_lost(w.layer, 9, EPIPE);
	world_run(&w, 0);
	assert_int_equal(w.err, EPIPE);
	assert_int_equal(w.ended, 1);
	w.sent = 0;
	assert_int_equal(world_answer(st, 486), 0);
	assert_int_equal(w.sent, 0);
	world_run(&w, 32000);
}

static void
responses_of_no_transaction_are_strays(void **state)
{
	(void)state;
	(void)world_client(&w, SIP_METHOD_INVITE, NULL);
	world_response(&w, 200, "INVITE", "z9hG4bKother");
	world_response(&w, 200, "MESSAGE", NULL);
	assert_int_equal(w.strays, 2);
	assert_int_equal(w.responses, 0);
	world_response(&w, 200, "INVITE", NULL);
	world_run(&w, 32000);
}

static void
the_detached_live_on_in_silence(void **state)
{
	struct sip_client *ct = world_client(&w, SIP_METHOD_INVITE, NULL);

	(void)state;
	sip_client_detach(ct);
	world_response(&w, 486, "INVITE", NULL);
	world_last(&w, "ACK ");
	world_run(&w, 32000);
	assert_int_equal(w.responses + w.ended, 0);
}

static void
branches_never_repeat_and_one_lives_once(void **state)
{
	char a[SIP_BRANCH_TEXT], b[SIP_BRANCH_TEXT];
	struct sip_client *ct;

	(void)state;
	(void)sip_branch_new(w.layer, a);
	(void)sip_branch_new(w.layer, b);
	assert_memory_equal(a, "z9hG4bK", 7);
	assert_string_not_equal(a, b);
	(void)world_client(&w, SIP_METHOD_INVITE, NULL);
	assert_int_equal(sip_client_new(&ct, w.layer, SIP_METHOD_INVITE,
			     SPAN_LIT("z9hG4bKx"), "INVITE x", 8, &w.peer, NULL,
			     NULL, NULL),
	    EEXIST);
	assert_int_equal(sip_client_new(&ct, w.layer, SIP_METHOD_ACK,
			     SPAN_LIT("z9hG4bKy"), "ACK x", 5, &w.peer, NULL,
			     NULL, NULL),
	    EINVAL);
	sip_txn_set_max(w.layer, 1);
	assert_int_equal(sip_client_new(&ct, w.layer, SIP_METHOD_INVITE,
			     SPAN_LIT("z9hG4bKz"), "INVITE x", 8, &w.peer, NULL,
			     NULL, NULL),
	    ENOSPC);
	world_response(&w, 200, "INVITE", NULL);
	world_run(&w, 32000);
}

static void
methods_without_a_number_are_matched_by_name(void **state)
{
	static const char text[] = "FANCY sip:b@c SIP/2.0\r\n";
	struct sip_client *ct;

	(void)state;
	assert_int_equal(sip_client_new(&ct, w.layer, SIP_METHOD_OTHER,
			     SPAN_LIT("z9hG4bKx"), text, sizeof(text) - 1,
			     &w.peer, world_on_response, world_on_ended, &w),
	    0);
	world_response(&w, 501, "FANCY", NULL);
	assert_int_equal(w.code, 501);
	world_run(&w, 5000);
}

static void
thousands_live_side_by_side(void **state)
{
	char branch[SIP_BRANCH_TEXT];

	(void)state;
	for (int i = 0; i < 5000; i++) {
		(void)snprintf(branch, sizeof(branch), "z9hG4bK%d", i);
		(void)world_client(&w, SIP_METHOD_INVITE, branch);
	}
	assert_int_equal(sip_txn_stats(w.layer)->clients, 5000);
	for (int i = 0; i < 5000; i++) {
		(void)snprintf(branch, sizeof(branch), "z9hG4bK%d", i);
		world_response(&w, 486, "INVITE", branch);
	}
	assert_int_equal(w.responses, 5000);
	assert_int_equal(w.strays, 0);
	world_run(&w, 32000);
	assert_int_equal(w.ended, 5000);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define STREAM(f) cmocka_unit_test_setup_teardown(f, setup_stream, teardown)
	const struct CMUnitTest tests[] = {
		TEST(timer_a_doubles_until_timer_b),
		TEST(a_provisional_stops_timers_a_and_b),
		TEST(a_refusal_is_acknowledged_again_until_timer_d),
		TEST(every_2xx_reaches_the_user_until_timer_m),
		TEST(a_2xx_after_a_refusal_is_not_swallowed),
		TEST(timer_e_grows_to_t2_until_timer_f),
		TEST(after_a_provisional_timer_e_is_t2_and_f_runs_on),
		TEST(timer_k_absorbs_repeated_answers),
		STREAM(on_a_stream_nothing_is_repeated_and_d_and_k_are_zero),
		TEST(a_cancel_waits_for_a_provisional),
		TEST(a_cancel_after_a_provisional_goes_at_once),
		TEST(a_cancel_after_the_final_is_none),
		TEST(a_cancelled_invite_that_nobody_hears_ends_by_timer_b),
		TEST(a_send_error_comes_after_the_call),
		TEST(an_icmp_error_fails_the_transaction_it_quotes),
		STREAM(a_lost_connection_fails_what_hangs_on_it),
		TEST(responses_of_no_transaction_are_strays),
		TEST(the_detached_live_on_in_silence),
		TEST(branches_never_repeat_and_one_lives_once),
		TEST(methods_without_a_number_are_matched_by_name),
		TEST(thousands_live_side_by_side),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
