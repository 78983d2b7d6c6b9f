/*
 * The small parts of the proxy core: MACs, seconds, headers that give way, the
 * table of decisions on virtual time, the media of a session.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "hash.h"
#include "screen.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const uint8_t key[MAC_KEY] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
	13, 14, 15 };

/* The reference implementation's: eight bytes 0 to 7, the key 0 to 15. */
static void
siphash_is_siphash(void **state)
{
	struct mac mac;

	(void)state;
	mac_begin(&mac, key);
	mac_add_number(&mac, 0x0706050403020100ULL);
	assert_int_equal(mac_end(&mac), 0x93f5f5799a932462ULL);
}

static void
macs_tell_where_bytes_belong(void **state)
{
	const struct span one[] = { SPAN_LIT("ab"), SPAN_LIT("c") };
	const struct span two[] = { SPAN_LIT("a"), SPAN_LIT("bc") };
	char text[MAC_TEXT];
	uint64_t mac = mac_of(key, one, 2);

	(void)state;
	assert_int_not_equal(mac, mac_of(key, two, 2));
	mac_text(mac, text);
	assert_true(mac_is(span_of(text), mac));
	text[3] = (char)(text[3] == '0' ? '1' : '0');
	assert_false(mac_is(span_of(text), mac));
	assert_false(mac_is((struct span){ text, 15 }, mac));
	assert_false(mac_is((struct span){ NULL, 0 }, mac));
}

static void
seconds_round_up_and_durations_down(void **state)
{
	static const struct {
		struct usher_opening opening;
		int64_t now_ms, seconds, duration;
	} cases[] = {
		{ { true, 1000, 1600 }, 900000, 100, 600 },
		{ { true, 1000, 1600 }, 900001, 100, 599 },
		{ { true, 1000, 1600 }, 999999, 1, 599 },
		{ { true, 1000, 1600 }, 1000000, 0, 600 },
		{ { true, 1000, 1600 }, 1000500, 0, 599 },
		{ { true, 1000, INT64_MAX }, 900000, 100, -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t seconds, duration;

		answer_seconds(&cases[i].opening, cases[i].now_ms, &seconds,
		    &duration);
		assert_int_equal(seconds, cases[i].seconds);
		assert_int_equal(duration, cases[i].duration);
	}
}

static void
warning_gives_way_first_then_error_info(void **state)
{
	const struct answer answer = { .code = 480,
		.retry_after = SPAN_LIT("Retry-After: 1\r\n"),
		.error_info = SPAN_LIT("Error-Info: <x>\r\n"),
		.warning = SPAN_LIT("Warning: 399 x \"y\"\r\n") };
	const size_t retry = answer.retry_after.l;
	const size_t both = retry + answer.error_info.l;
	const size_t all = both + answer.warning.l;
	char out[256];

	(void)state;
	assert_int_equal(answer_headers(&answer, out, 256, 256), all);
	assert_int_equal(answer_headers(&answer, out, 256, all), all);
	assert_int_equal(answer_headers(&answer, out, 256, all - 1), both);
	assert_int_equal(answer_headers(&answer, out, 256, both - 1), retry);
	assert_memory_equal(out, answer.retry_after.p, retry);
	assert_int_equal(answer_headers(&answer, out, 256, retry - 1), 0);
	assert_int_equal(answer_headers(&answer, out, retry, 256), retry);
}

static uint64_t
hash_of(const struct span *spans, size_t count, uint64_t number)
{
	const uint8_t other[MAC_KEY] = { 1, 2, 3 };
	struct hash hash;

	hash_begin(&hash, other);
	hash_number(&hash, number);
	for (size_t i = 0; i < count; i++)
		hash_add(&hash, spans[i]);
	return hash_end(&hash);
}

static void
a_hash_tells_bytes_lengths_and_order(void **state)
{
	static const char text[] = "abcdefgh\0\0\0\0\0\0\0\0abcdefgh";
	uint64_t seen[400];
	size_t count = 0;

	(void)state;
	/* Three spans, cut where they may be, of one run of bytes. */
	for (size_t a = 0; a < 24; a += 1)
		for (size_t b = a; b < 24; b += 2) {
			const struct span cut[] = { { text, a },
				{ text + a, b - a }, { text + b, 24 - b } };

			seen[count++] = hash_of(cut, 3, 7);
		}
	seen[count++] = hash_of(&(struct span){ text, 24 }, 1, 7);
	seen[count++] = hash_of(&(struct span){ text, 24 }, 1, 8);
	seen[count++] = hash_of(&(struct span){ text, 23 }, 1, 7);
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < i; k++)
			assert_int_not_equal(seen[i], seen[k]);
	assert_int_equal(hash_of(&(struct span){ text, 24 }, 1, 7),
	    seen[count - 3]);
}

static struct decision *
keep(struct decisions *table, uint64_t call, uint64_t pair)
{
	struct decision *decision = decision_new();

	decision->call_key = call;
	decision->pair_key = pair;
	decisions_keep(table, decision);
	return decision;
}

static void
decisions_last_32_seconds_after_the_last_answer(void **state)
{
	struct sip_timers *timers;
	struct decisions *table;
	struct decision *d;

	(void)state;
	assert_int_equal(sip_timers_new(&timers, 1000), 0);
	table = decisions_new(timers);
	d = keep(table, 1, 7);
	decision_begin(d);
	decision_begin(d);
	assert_ptr_equal(decisions_find_pair(table, 7), d);
	sip_timers_run(timers, 500000); /* a long call is not forgotten */
	decision_end(d);
	assert_ptr_equal(decisions_find_pair(table, 7), d);
	decision_end(d);
	assert_null(decisions_find_pair(table, 7));
	assert_false(decisions_have_pairs(table));
	assert_ptr_equal(decisions_find(table, 1), d);
	decision_release(d);
	sip_timers_run(timers, 500000 + 31999);
	assert_ptr_equal(decisions_find(table, 1), d);
	sip_timers_run(timers, 500000 + 32001);
	assert_null(decisions_find(table, 1));
	assert_int_equal(decisions_count(table), 0);
	decisions_free(table);
	sip_timers_free(timers);
}

static void
many_decisions_are_found_while_the_table_grows(void **state)
{
	enum { MANY = 20000 };
	struct sip_timers *timers;
	struct decisions *table;

	(void)state;
	assert_int_equal(sip_timers_new(&timers, 0), 0);
	table = decisions_new(timers);
	for (uint64_t i = 1; i <= MANY; i++)
		decision_release(keep(table, i, i * 3));
	assert_int_equal(decisions_count(table), MANY);
	for (uint64_t i = 1; i <= MANY; i++) {
		assert_int_equal(decisions_find(table, i)->call_key, i);
		assert_int_equal(decisions_find_pair(table, i * 3)->call_key,
		    i);
	}
	assert_true(decisions_have_pairs(table));
	sip_timers_run(timers, 16000);
	decision_release(keep(table, MANY + 1, 0));
	sip_timers_run(timers, 33000);
	assert_false(decisions_have_pairs(table));
	assert_int_equal(decisions_count(table), 1);
	decisions_free(table); /* one is left to it */
	sip_timers_free(timers);
}

/* Keys as near as can be: whoever goes leaves no gap that hides another. */
static void
decisions_with_neighbouring_keys_are_found(void **state)
{
	enum { MANY = 400, PLACES = 1024 };
	struct decision *all[MANY];
	struct sip_timers *timers;
	struct decisions *table;

	(void)state;
	assert_int_equal(sip_timers_new(&timers, 0), 0);
	table = decisions_new(timers);
	for (uint64_t i = 0; i < MANY; i++) {
		all[i] = keep(table, PLACES * i + PLACES - 3 + i % 7, 0);
		decision_begin(all[i]);
	}
	for (uint64_t i = 0; i < MANY; i++) {
		/* Every third stays for a while. */
		if (i % 3 != 0)
			decision_end(all[i]);
	}
	sip_timers_run(timers, 33000);
	for (uint64_t i = 0; i < MANY; i++) {
		struct decision *found = decisions_find(table,
		    PLACES * i + PLACES - 3 + i % 7);

		assert_true(i % 3 == 0 ? found == all[i] : found == NULL);
		if (i % 3 == 0)
			decision_end(all[i]);
		decision_release(all[i]);
	}
	assert_int_equal(decisions_count(table), MANY / 3 + 1);
	decisions_free(table);
	sip_timers_free(timers);
}

static void
of_two_decisions_of_a_call_the_newer_is_found(void **state)
{
	struct sip_timers *timers;
	struct decisions *table;
	struct decision *older, *newer;

	(void)state;
	assert_int_equal(sip_timers_new(&timers, 0), 0);
	table = decisions_new(timers);
	older = keep(table, 5, 0);
	decision_begin(older);
	newer = keep(table, 5, 0);
	assert_ptr_equal(decisions_find(table, 5), newer);
	sip_timers_run(timers, 33000);
	assert_ptr_equal(decisions_find(table, 5), older);
	decision_release(older);
	decision_release(newer);
	decisions_free(table);
	sip_timers_free(timers);
}

/* What a refusal without words leaves. */
static void
refuse(struct decisions *table, uint64_t call)
{
	struct decision *decision = decision_new();

	decision->call_key = call;
	decision->settled = true;
	decision->verdict = USHER_REFUSE;
	decision->answer.code = 480;
	decisions_keep(table, decision);
	assert_int_equal(decision->references, 1); /* nobody holds it */
	decision_release(decision);
}

static void
refusals_without_words_last_as_long_in_less_room(void **state)
{
	enum { MANY = 20000 };
	struct sip_timers *timers;
	struct decisions *table;
	struct decision *found;

	(void)state;
	assert_int_equal(sip_timers_new(&timers, 1000), 0);
	table = decisions_new(timers);
	for (uint64_t i = 1; i <= MANY; i++) {
		sip_timers_run(timers, 1000 + i / 10);
		refuse(table, i);
	}
	assert_int_equal(decisions_count(table), MANY);
	found = decisions_find(table, 1);
	assert_non_null(found);
	assert_int_equal(found->answer.code, 480);
	assert_int_equal(found->verdict, USHER_REFUSE);
	assert_true(found->settled);
	for (uint64_t i = 1; i <= MANY; i++)
		assert_ptr_equal(decisions_find(table, i), found);
	/* Each look at 3000 ms was another answer. */
	sip_timers_run(timers, 34900);
	assert_ptr_equal(decisions_find(table, 5), found);
	sip_timers_run(timers, 35100);
	assert_null(decisions_find(table, 4));
	assert_ptr_equal(decisions_find(table, 5), found);
	refuse(table, 4);
	assert_ptr_equal(decisions_find(table, 4), found);
	for (uint64_t at = 35100; at < 90000; at += 10)
		sip_timers_run(timers, at);
	assert_int_equal(decisions_count(table), 0);
	assert_int_equal(sip_timers_count(timers), 0);
	decisions_free(table);
	sip_timers_free(timers);
}

static enum usher_channel
channel_for(const char *type, const char *body)
{
	struct recipient recipient = { .policy = NULL };
	char text[4096];
	struct sip_msg msg;
	int length = snprintf(text, sizeof(text),
	    "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\n"
	    "From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: x\r\n"
	    "CSeq: 1 INVITE\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
	    "\r\n%s",
	    type, strlen(body), body);

	assert_int_equal(sip_gate_read(&msg, text, (size_t)length, NULL),
	    SIP_GATE_OK);
	return channel_of(&msg, &recipient);
}

static void
fax_is_live_t38_alone(void **state)
{
#define IMAGE "m=image 4000 udptl t38\r\n"
	static const struct {
		const char *type, *body;
		enum usher_channel channel;
	} cases[] = {
		{ "application/sdp", "v=0\r\n" IMAGE, USHER_FAX },
		{ "application/sdp",
		    "v=0\n"
		    "m=image 4000 udptl t38",
		    USHER_FAX },
		{ "Application/SDP;x=y", "v=0\r\n" IMAGE, USHER_FAX },
		{ "application/sdp", "m=audio 1 RTP/AVP 0\r\n" IMAGE,
		    USHER_PHONE },
		{ "application/sdp", "m=audio 0 RTP/AVP 0\r\n" IMAGE,
		    USHER_FAX },
		{ "application/sdp",
		    "m=audio 1 RTP/AVP 0\r\na=inactive\r\n" IMAGE, USHER_FAX },
		{ "application/sdp",
		    "a=inactive\r\nm=audio 1 RTP/AVP 0\r\n" IMAGE
		    "a=sendrecv\r\n",
		    USHER_FAX },
		{ "application/sdp", "m=image 0 udptl t38\r\n", USHER_PHONE },
		{ "application/sdp", "m=image 1 udptl jpeg\r\n", USHER_PHONE },
		{ "text/plain", IMAGE, USHER_PHONE },
		{ "application/sdp", "", USHER_PHONE },
		{ "multipart/mixed;boundary=b",
		    "--b\r\nContent-Type: "
		    "text/plain\r\n\r\nx\r\n--b\r\nContent-Type: "
		    "application/sdp\r\n\r\n" IMAGE "--b--\r\n",
		    USHER_FAX },
		{ "multipart/mixed;boundary=\"b\"",
		    "--b\r\nc: "
		    "application/sdp\r\n\r\n" IMAGE "\r\n--b--\r\n",
		    USHER_FAX },
		{ "multipart/mixed", IMAGE, USHER_PHONE },
		{ "multipart/mixed;boundary=b", "--b", USHER_PHONE },
		{ "application/sdp", "m=\r\nm= \r\nm=image\r\n", USHER_PHONE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (channel_for(cases[i].type, cases[i].body) !=
		    cases[i].channel)
			fail_msg("%zu: %s", i, cases[i].body);
	}
}

static void
hops_go_by_priority_then_weight_and_life(void **state)
{
	static const struct usher_sip_hop conf[] = {
		{ .uri = "a", .priority = 1, .weight = 3 },
		{ .uri = "b", .priority = 1, .weight = 1 },
		{ .uri = "c", .priority = 1, .weight = 0 },
		{ .uri = "d", .priority = 2, .weight = 1 },
	};
	struct hops hops = { .count = COUNT(conf) };
	struct hop *order[HOPS_MOST];
	unsigned first[COUNT(conf)] = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(conf); i++)
		hops.list[i].conf = &conf[i];
	for (uint64_t hash = 0; hash < 4000; hash++) {
		assert_int_equal(hop_order(&hops, hash, order), 4);
		assert_ptr_equal(order[3], &hops.list[3]);
		first[order[0] - hops.list]++;
	}
	assert_int_equal(first[0], 3000);
	assert_int_equal(first[1], 1000);
	assert_int_equal(first[2] + first[3], 0);
	hops.list[0].dead = hops.list[1].dead = hops.list[2].dead = true;
	assert_int_equal(hop_order(&hops, 7, order), 1);
	assert_ptr_equal(order[0], &hops.list[3]);
	hops.list[3].dead = true;
	assert_int_equal(hop_order(&hops, 7, order), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash_is_siphash),
		cmocka_unit_test(macs_tell_where_bytes_belong),
		cmocka_unit_test(seconds_round_up_and_durations_down),
		cmocka_unit_test(warning_gives_way_first_then_error_info),
		cmocka_unit_test(
		    decisions_last_32_seconds_after_the_last_answer),
		cmocka_unit_test(
		    many_decisions_are_found_while_the_table_grows),
		cmocka_unit_test(decisions_with_neighbouring_keys_are_found),
		cmocka_unit_test(of_two_decisions_of_a_call_the_newer_is_found),
		cmocka_unit_test(
		    refusals_without_words_last_as_long_in_less_room),
		cmocka_unit_test(a_hash_tells_bytes_lengths_and_order),
		cmocka_unit_test(fax_is_live_t38_alone),
		cmocka_unit_test(hops_go_by_priority_then_weight_and_life),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
