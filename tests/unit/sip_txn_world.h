/*
 * A network of the test's own and a clock of its own, around one transaction
 * layer: what is sent is kept, what the layer tells its user is counted.
 * Whole in this header, as it needs parts that only its tests are linked with.
 */
#ifndef USHER_TEST_SIP_TXN_WORLD_H
#define USHER_TEST_SIP_TXN_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "txn.h"

#define SENT_MAX 64
#define START 1000000u
#define WORLD static __attribute__((unused))

struct world {
	struct sip_timers *timers;
	struct sip_txn_layer *layer;
	struct sip_peer peer;
	int send_error;
	/* the wire */
	unsigned sent;
	struct {
		char text[2048];
		uint64_t at;
		uint16_t port;
	} out[SENT_MAX];
	/* the user */
	unsigned requests, strays, responses, ended;
	struct sip_server *matched; /* st of the last request */
	enum sip_method method;	    /* of the last request */
	unsigned code;		    /* of the last response */
	int err;		    /* of the last response */
	int ended_err;
	uint64_t ended_at;
};

/* Since the start. */
WORLD uint64_t
world_now(const struct world *w)
{
	return sip_timers_now(w->timers) - START;
}

static int
on_send(const struct sip_peer *dst, const char *bytes, size_t len, void *arg)
{
	struct world *w = arg;
	unsigned n = w->sent;

	if (w->send_error)
		return w->send_error;
	if (n < SENT_MAX) {
		assert_true(len < sizeof(w->out[n].text));
		memcpy(w->out[n].text, bytes, len);
		w->out[n].text[len] = '\0';
		w->out[n].at = world_now(w);
		w->out[n].port = sip_addr_port(&dst->addr);
	}
	w->sent++;
	return 0;
}

static void
on_request(struct sip_server *st, const struct sip_msg *msg,
    const struct sip_peer *src, void *arg)
{
	struct world *w = arg;

	(void)src;
	w->requests++;
	w->matched = st;
	w->method = msg->method;
}

static void
on_stray(const struct sip_msg *msg, const struct sip_peer *src, void *arg)
{
	struct world *w = arg;

	(void)msg;
	(void)src;
	w->strays++;
}

WORLD void
world_on_response(struct sip_client *ct, int err, const struct sip_msg *msg,
    void *arg)
{
	struct world *w = arg;

	(void)ct;
	w->responses++;
	w->err = err;
	w->code = msg ? msg->code : 0;
}

WORLD void
world_on_ended(int err, void *arg)
{
	struct world *w = arg;

	w->ended++;
	w->ended_err = err;
	w->ended_at = world_now(w);
}

/* Starts the clock at START. reliable: the peer is on a stream. */
WORLD void
world_open(struct world *w, bool reliable, unsigned max)
{
	struct sip_txn_config config = {
		.max = max,
		.key = "0123456789abcde",
		.send = on_send,
		.request = on_request,
		.stray = on_stray,
		.arg = w,
	};

	memset(w, 0, sizeof(*w));
	assert_int_equal(sip_timers_new(&w->timers, START), 0);
	assert_int_equal(sip_txn_layer_new(&w->layer, w->timers, &config), 0);
	assert_int_equal(sip_addr_parse(&w->peer.addr, SPAN_LIT("192.0.2.1"),
			     5060),
	    0);
	w->peer.transport = reliable ? SIP_OVER_TCP : SIP_OVER_UDP;
	w->peer.connection = reliable ? 9 : 0;
}

/* Fails when a transaction or a timer was left. */
WORLD void
world_close(struct world *w)
{
	const struct sip_txn_stats *s = sip_txn_stats(w->layer);

	assert_int_equal(s->servers, 0);
	assert_int_equal(s->clients, 0);
	assert_int_equal(sip_timers_count(w->timers), 0);
	sip_txn_layer_free(w->layer);
	sip_timers_free(w->timers);
}

/* So many milliseconds from now. */
WORLD void
world_run(struct world *w, uint64_t ms)
{
	sip_timers_run(w->timers, sip_timers_now(w->timers) + ms);
}

WORLD void
world_receive(struct world *w, const char *text)
{
	static struct sip_msg msg;
	/* Gone after the call, as a datagram is. */
	char *copy = strdup(text);
	enum sip_gate why;

	assert_non_null(copy);
	why = sip_gate_read(&msg, copy, strlen(text), NULL);
	if (why)
		fail_msg("%s: %s", sip_gate_words(why), text);
	sip_txn_receive(w->layer, &msg, &w->peer);
	free(copy);
}

static void
compose(char *text, size_t size, const char *start, const char *method,
    const char *branch, const char *to_tag)
{
	(void)snprintf(text, size,
	    "%s\r\n"
	    "Via: SIP/2.0/UDP a.example.com:5066;branch=%s\r\n"
	    "From: <sip:alice@example.com>;tag=ft\r\n"
	    "To: <sip:bob@example.com>%s%s\r\n"
	    "Call-ID: call-1\r\nCSeq: 5 %s\r\n\r\n",
	    start, branch ? branch : "z9hG4bKx", to_tag ? ";tag=" : "",
	    to_tag ? to_tag : "", method);
}

/* branch NULL: "z9hG4bKx". */
WORLD void
world_request(struct world *w, const char *method, const char *branch,
    const char *to_tag)
{
	char start[128], text[1024];

	(void)snprintf(start, sizeof(start), "%s sip:bob@example.com SIP/2.0",
	    method);
	compose(text, sizeof(text), start, method, branch, to_tag);
	world_receive(w, text);
}

WORLD void
world_response(struct world *w, unsigned code, const char *method,
    const char *branch)
{
	char start[128], text[1024];

	(void)snprintf(start, sizeof(start), "SIP/2.0 %u Phrase", code);
	compose(text, sizeof(text), start, method, branch,
	    code > 100 ? "far" : NULL);
	world_receive(w, text);
}

WORLD struct sip_server *
world_server(struct world *w, const char *method, const char *branch,
    enum sip_trying trying)
{
	static struct sip_msg msg;
	struct sip_server *st = NULL;
	char start[128], text[1024];

	(void)snprintf(start, sizeof(start), "%s sip:bob@example.com SIP/2.0",
	    method);
	compose(text, sizeof(text), start, method, branch, NULL);
	assert_int_equal(sip_gate_read(&msg, text, strlen(text), NULL), 0);
	assert_int_equal(sip_server_new(&st, w->layer, &msg, &w->peer, trying,
			     world_on_ended, w),
	    0);
	return st;
}

WORLD struct sip_client *
world_client(struct world *w, enum sip_method method, const char *branch)
{
	struct sip_client *ct = NULL;
	const char *name = sip_method_name(method);
	char start[128], text[1024];

	(void)snprintf(start, sizeof(start), "%s sip:bob@example.com SIP/2.0",
	    name);
	compose(text, sizeof(text), start, name, branch, NULL);
	assert_int_equal(sip_client_new(&ct, w->layer, method,
			     span_of(branch ? branch : "z9hG4bKx"), text,
			     strlen(text), &w->peer, world_on_response,
			     world_on_ended, w),
	    0);
	return ct;
}

WORLD int
world_answer(struct sip_server *st, unsigned code)
{
	struct sip_reply reply = { .code = code };

	return sip_server_answer(st, &reply);
}

/* The last message sent begins with this. */
WORLD void
world_last(const struct world *w, const char *start)
{
	assert_true(w->sent > 0 && w->sent <= SENT_MAX);
	if (strncmp(w->out[w->sent - 1].text, start, strlen(start)) != 0)
		fail_msg("sent %s, not %s", w->out[w->sent - 1].text, start);
}

/* The times of everything sent so far are these; forgets it. */
WORLD void
world_times(struct world *w, const uint64_t *ms, unsigned n)
{
	for (unsigned i = 0; i < n && i < w->sent; i++)
		assert_int_equal(w->out[i].at, ms[i]);
	assert_int_equal(w->sent, n);
	w->sent = 0;
}

#endif
