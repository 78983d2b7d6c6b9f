/*
 * Names: SRV records as they come over the wire, whole, cut and twisted; and
 * the order that priority and weight give. See dns_srv.c, order.c.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "resolve.h"

#define HEADER(answers) "\x12\x34\x81\x80\0\1\0" answers "\0\0\0\0"
/* _sip._udp.pbx.test, SRV, IN: at 12; pbx.test at 22. */
#define ASKED "\4_sip\4_udp\3pbx\4test\0\0\x21\0\1"
#define RECORD(ttl, length) "\xc0\x0c\0\x21\0\1\0\0\0" ttl "\0" length
#define ONE          \
	HEADER("\1") \
	ASKED RECORD("\x3c", "\x0a") "\0\1\0\2\x13\xc4\1a\xc0\x16"

static int
read_copy(struct dns_srvs *srvs, const char *bytes, size_t length)
{
	uint8_t *copy = malloc(length + 1); /* its end is the end */
	int result;

	assert_non_null(copy);
	memcpy(copy + 1, bytes, length);
	result = dns_srv_read(srvs, copy + 1, length);
	free(copy);
	return result;
}

static void
a_record_is_read_with_its_time_to_live(void **state)
{
	struct dns_srvs srvs;

	(void)state;
	assert_int_equal(read_copy(&srvs, ONE, sizeof(ONE) - 1), 0);
	assert_int_equal(srvs.count, 1);
	assert_int_equal(srvs.ttl_s, 60);
	assert_int_equal(srvs.list[0].priority, 1);
	assert_int_equal(srvs.list[0].weight, 2);
	assert_int_equal(srvs.list[0].port, 5060);
	assert_string_equal(srvs.list[0].host, "a.pbx.test");
}

static void
the_shortest_time_to_live_counts_an_alias_too(void **state)
{
	static const char bytes[] = HEADER("\2") ASKED
	    "\xc0\x0c\0\5\0\1\0\0\0\7\0\4\1b\xc0\x16" RECORD("\x3c",
		"\x0a") "\0\1\0\2\x13\xc4\1a\xc0\x16";
	struct dns_srvs srvs;

	(void)state;
	assert_int_equal(read_copy(&srvs, bytes, sizeof(bytes) - 1), 0);
	assert_int_equal(srvs.ttl_s, 7);
	assert_int_equal(srvs.count, 1);
}

static void
a_dot_says_that_the_service_is_not_there(void **state)
{
	static const char bytes[] = HEADER("\1")
	    ASKED RECORD("\x3c", "\7") "\0\0\0\0\0\0\0";
	struct dns_srvs srvs;

	(void)state;
	assert_int_equal(read_copy(&srvs, bytes, sizeof(bytes) - 1), 0);
	assert_int_equal(srvs.count, 0);
}

static void
an_answer_without_such_records_is_told_apart(void **state)
{
	static const char bytes[] = HEADER("\0") ASKED;
	struct dns_srvs srvs;

	(void)state;
	assert_int_equal(read_copy(&srvs, bytes, sizeof(bytes) - 1), ENOENT);
}

static void
what_is_cut_or_twisted_is_refused_and_read_no_further(void **state)
{
	struct dns_srvs srvs;
	char bytes[sizeof(ONE)];

	(void)state;
	for (size_t length = 0; length < sizeof(ONE) - 1; length++)
		assert_int_not_equal(read_copy(&srvs, ONE, length), 0);
	/* Every byte with every value: an answer or a refusal, no more. */
	for (size_t at = 0; at < sizeof(ONE) - 1; at++) {
		for (unsigned value = 0; value < 256; value++) {
			memcpy(bytes, ONE, sizeof(ONE));
			bytes[at] = (char)value;
			(void)read_copy(&srvs, bytes, sizeof(ONE) - 1);
		}
	}
}

static void
many_records_are_as_many_as_there_is_room_for(void **state)
{
	static const char record[] = RECORD("\x3c",
	    "\x0a") "\0\1\0\2\x13\xc4\1a\xc0\x16";
	static const char head[] = HEADER("\x40") ASKED;
	char bytes[sizeof(head) + 64 * sizeof(record)];
	struct dns_srvs srvs;
	size_t length = sizeof(head) - 1;

	(void)state;
	memcpy(bytes, head, length);
	for (int i = 0; i < 64; i++) {
		memcpy(bytes + length, record, sizeof(record) - 1);
		length += sizeof(record) - 1;
	}
	assert_int_equal(read_copy(&srvs, bytes, length), 0);
	assert_int_equal(srvs.count, DNS_MOST);
}

static void
order_goes_by_priority_then_weight(void **state)
{
	static const struct rank ranks[] = { { 2, 5 }, { 1, 3 }, { 1, 1 },
		{ 1, 0 }, { 0, 0 } };
	uint8_t order[5];
	unsigned second[5] = { 0 };

	(void)state;
	for (uint64_t hash = 0; hash < 4000; hash++) {
		unsigned seen = 0;

		rank_order(ranks, 5, hash * 0x9e3779b97f4a7c15u, order);
		assert_int_equal(order[0], 4);
		assert_int_equal(order[4], 0);
		for (int i = 0; i < 5; i++)
			seen |= 1u << order[i];
		assert_int_equal(seen, 31);
		second[order[1]]++;
	}
	assert_in_range(second[1], 2800, 3200);
	assert_in_range(second[2], 800, 1200);
	assert_int_equal(second[3], 0);
}

static void
a_uri_says_what_is_asked_for(void **state)
{
	static const struct {
		const char *uri, *host;
		uint16_t port;
		enum sip_transport transport;
		bool any;
	} cases[] = {
		{ "sip:a@PBX.test", "pbx.test", 0, SIP_OVER_UDP, true },
		{ "sip:a@pbx.test:5070", "pbx.test", 5070, SIP_OVER_UDP,
		    false },
		{ "sip:a@pbx.test;transport=tcp", "pbx.test", 0, SIP_OVER_TCP,
		    false },
		{ "sip:a@pbx.test;transport=udp", "pbx.test", 0, SIP_OVER_UDP,
		    false },
		{ "sips:a@pbx.test", "pbx.test", 0, SIP_OVER_TLS, false },
		{ "sip:a@pbx.test;maddr=other.test", "other.test", 0,
		    SIP_OVER_UDP, true },
	};
	struct wanted wanted;
	struct sip_uri uri;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(sip_uri_split(&uri, span_of(cases[i].uri)), 0);
		assert_true(wanted_of(&wanted, &uri));
		assert_string_equal(wanted.host, cases[i].host);
		assert_int_equal(wanted.port, cases[i].port);
		assert_int_equal(wanted.transport, cases[i].transport);
		assert_int_equal(wanted.any_transport, cases[i].any);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_is_read_with_its_time_to_live),
		cmocka_unit_test(the_shortest_time_to_live_counts_an_alias_too),
		cmocka_unit_test(a_dot_says_that_the_service_is_not_there),
		cmocka_unit_test(an_answer_without_such_records_is_told_apart),
		cmocka_unit_test(
		    what_is_cut_or_twisted_is_refused_and_read_no_further),
		cmocka_unit_test(many_records_are_as_many_as_there_is_room_for),
		cmocka_unit_test(order_goes_by_priority_then_weight),
		cmocka_unit_test(a_uri_says_what_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
