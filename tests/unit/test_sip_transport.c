/*
 * UDP on the event loop, over loopback, on ports that the kernel chose.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

#include "transport.h"

struct heard {
	unsigned messages, turns, errors;
	char text[65536];
	size_t len;
	struct sip_peer src, dst;
	int err;
	char returned[2048];
	size_t returned_len;
};

static struct event_base *base;
static struct sip_transports *transports;
static struct heard heard;

static void
on_recv(const char *bytes, size_t len, const struct sip_peer *src, void *arg)
{
	struct heard *h = arg;

	h->messages++;
	assert_true(len <= sizeof(h->text));
	memcpy(h->text, bytes, len);
	h->len = len;
	h->src = *src;
}

static void
on_turn(void *arg)
{
	((struct heard *)arg)->turns++;
}

static void
on_error(const struct sip_peer *dst, int err, const char *bytes, size_t len,
    void *arg)
{
	struct heard *h = arg;

	h->errors++;
	h->dst = *dst;
	h->err = err;
	h->returned_len = len < sizeof(h->returned) ? len : 0;
	memcpy(h->returned, bytes, h->returned_len);
}

static int
setup(void **state)
{
	const struct sip_transport_handlers handlers = {
		.recv = on_recv,
		.turn = on_turn,
		.error = on_error,
		.arg = &heard,
	};

	(void)state;
	memset(&heard, 0, sizeof(heard));
	base = event_base_new();
	return !base || sip_transports_new(&transports, base, &handlers);
}

static int
teardown(void **state)
{
	(void)state;
	sip_transports_free(transports);
	event_base_free(base);
	return 0;
}

static struct sip_listener *
listen_on(const char *host)
{
	struct sip_listener *ln = NULL;
	union sip_addr addr;
	int err;

	assert_int_equal(sip_addr_parse(&addr, span_of(host), 0), 0);
	err = sip_transport_listen(transports, SIP_OVER_UDP, &addr, NULL, 0,
	    &ln);
	if (err == EADDRNOTAVAIL || err == EAFNOSUPPORT)
		return NULL;
	assert_int_equal(err, 0);
	assert_int_not_equal(ln->port, 0);
	return ln;
}

/* The loop until *count is at least so much, or five seconds are over. */
static void
wait_for(const unsigned *count, unsigned wanted)
{
	const struct timeval tick = { 0, 20000 };

	for (int i = 0; i < 250 && *count < wanted; i++) {
		assert_int_equal(event_base_loopexit(base, &tick), 0);
		(void)event_base_loop(base, EVLOOP_ONCE);
	}
	assert_true(*count >= wanted);
}

static struct sip_peer
to(const char *host, uint16_t port)
{
	struct sip_peer peer = { .transport = SIP_OVER_UDP };

	assert_int_equal(sip_addr_parse(&peer.addr, span_of(host), port), 0);
	return peer;
}

static void
send_text(const struct sip_peer *dst, const char *text)
{
	assert_int_equal(sip_transport_send(dst, text, strlen(text),
			     transports),
	    0);
}

static void
a_datagram_arrives_with_its_source_and_listener(void **state)
{
	struct sip_listener *a = listen_on("127.0.0.1");
	struct sip_listener *b = listen_on("127.0.0.2");
	struct sip_peer dst = to("127.0.0.2", sip_addr_port(&b->addr));

	(void)state;
	assert_string_equal(a->host, "127.0.0.1");
	assert_int_equal(b->index, 1);
	dst.listener = a;
	send_text(&dst, "hello");
	wait_for(&heard.messages, 1);
	assert_int_equal(heard.len, 5);
	assert_memory_equal(heard.text, "hello", 5);
	assert_ptr_equal(heard.src.listener, b);
	assert_true(sip_addr_same(&heard.src.addr, &a->addr));
	assert_true(heard.turns > 0);
	assert_int_equal(sip_transport_stats(transports)->received, 1);
	assert_int_equal(sip_transport_stats(transports)->sent, 1);
}

static void
a_wildcard_answers_from_the_address_that_was_asked(void **state)
{
	struct sip_listener *any = listen_on("0.0.0.0");
	struct sip_listener *one = listen_on("127.0.0.1");
	struct sip_peer dst = to("127.0.0.9", sip_addr_port(&any->addr));
	struct sip_peer back;

	(void)state;
	dst.listener = one;
	send_text(&dst, "ask");
	wait_for(&heard.messages, 1);
	assert_ptr_equal(heard.src.listener, any);
	back = heard.src;
	send_text(&back, "answer");
	wait_for(&heard.messages, 2);
	assert_true(sip_addr_same(&heard.src.addr, &dst.addr));
}

static void
ipv6_has_its_own_sockets(void **state)
{
	struct sip_listener *six = listen_on("::1");
	struct sip_peer dst;

	(void)state;
	if (!six) {
		print_message("no IPv6 on this host\n");
		return;
	}
	assert_string_equal(six->host, "[::1]");
	dst = to("::1", sip_addr_port(&six->addr));
	send_text(&dst, "six");
	wait_for(&heard.messages, 1);
	assert_true(sip_addr_same(&heard.src.addr, &six->addr));
	dst = to("127.0.0.1", 5060);
	assert_int_equal(sip_transport_send(&dst, "x", 1, transports),
	    EHOSTUNREACH);
}

static void
an_icmp_error_names_the_far_end_and_the_bytes(void **state)
{
	static const char text[] = "OPTIONS sip:x SIP/2.0\r\nVia: "
				   "SIP/2.0/UDP a;branch=z9hG4bKicmp\r\n";
	struct sip_listener *a = listen_on("127.0.0.1");
	struct sip_listener *b = listen_on("127.0.0.1");
	union sip_addr free_port;
	struct sip_peer closed, open;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t len = sizeof(free_port);

	(void)state;
	/* A port that was ours a moment ago and is nobody's now. */
	free_port = a->addr;
	sip_addr_set_port(&free_port, 0);
	assert_int_equal(bind(fd, &free_port.sa, sizeof(free_port.in)), 0);
	assert_int_equal(getsockname(fd, &free_port.sa, &len), 0);
	(void)close(fd);
	closed = to("127.0.0.1", sip_addr_port(&free_port));
	closed.listener = a;
	send_text(&closed, text);
	/* The error waits on the socket: another's datagram goes all the
	 * same. */
	open = to("127.0.0.1", sip_addr_port(&b->addr));
	open.listener = a;
	send_text(&open, "still here");
	wait_for(&heard.errors, 1);
	wait_for(&heard.messages, 1);
	assert_int_equal(heard.err, ECONNREFUSED);
	assert_true(sip_addr_same(&heard.dst.addr, &closed.addr));
	assert_int_equal(heard.returned_len, sizeof(text) - 1);
	assert_memory_equal(heard.returned, text, sizeof(text) - 1);
	assert_int_equal(sip_transport_stats(transports)->icmp, 1);
}

static void
a_burst_is_read_whole_and_the_largest_fits(void **state)
{
	static char large[65507];
	struct sip_listener *a = listen_on("127.0.0.1");
	struct sip_peer dst = to("127.0.0.1", sip_addr_port(&a->addr));

	(void)state;
	for (int i = 0; i < 100; i++)
		send_text(&dst, "burst");
	wait_for(&heard.messages, 100);
	memset(large, 'x', sizeof(large));
	assert_int_equal(sip_transport_send(&dst, large, sizeof(large),
			     transports),
	    0);
	wait_for(&heard.messages, 101);
	assert_int_equal(heard.len, sizeof(large));
	assert_int_equal(sip_transport_stats(transports)->truncated, 0);
	assert_int_equal(sip_transport_send(&dst, large, 65600, transports),
	    EMSGSIZE);
}

static void
routes_prefer_what_fits_best(void **state)
{
	struct sip_listener *any = listen_on("0.0.0.0");
	struct sip_listener *one = listen_on("127.0.0.1");
	struct sip_listener *two = listen_on("127.0.0.2");
	struct sip_peer dst = to("192.0.2.1", 5060);

	(void)state;
	assert_ptr_equal(sip_transport_route(transports, &dst), any);
	dst = to("127.0.0.5", 5060);
	assert_ptr_equal(sip_transport_route(transports, &dst), one);
	dst.local = two->addr;
	assert_ptr_equal(sip_transport_route(transports, &dst), two);
	dst.transport = SIP_OVER_TCP;
	assert_null(sip_transport_route(transports, &dst));
	assert_int_equal(sip_transport_count(transports), 3);
	assert_ptr_equal(sip_transport_at(transports, 2), two);
	assert_null(sip_transport_at(transports, 3));
}

static void
binding_says_why_it_failed(void **state)
{
	struct sip_listener *a = listen_on("127.0.0.1");
	char name[300];

	(void)state;
	assert_int_equal(sip_transport_listen(transports, SIP_OVER_UDP,
			     &a->addr, NULL, 0, NULL),
	    EADDRINUSE);
	assert_int_equal(sip_transport_listen(transports, SIP_OVER_TLS,
			     &a->addr, NULL, 0, NULL),
	    ENOTSUP);
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	sip_addr_set_port(&a->addr, 0);
	assert_int_equal(sip_transport_listen(transports, SIP_OVER_UDP,
			     &a->addr, name, 0, NULL),
	    ENAMETOOLONG);
	assert_int_equal(sip_transport_count(transports), 1);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_datagram_arrives_with_its_source_and_listener),
		TEST(a_wildcard_answers_from_the_address_that_was_asked),
		TEST(ipv6_has_its_own_sockets),
		TEST(an_icmp_error_names_the_far_end_and_the_bytes),
		TEST(a_burst_is_read_whole_and_the_largest_fits),
		TEST(routes_prefer_what_fits_best),
		TEST(binding_says_why_it_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
