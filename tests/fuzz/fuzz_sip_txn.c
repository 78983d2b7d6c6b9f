/*
 * The transaction layer under an arbitrary sequence of events.
 *
 * What must hold: the counters say what lives; each transaction is told ended
 * exactly once; when its user lets go and time passes nothing is left, no
 * transaction, no timer, no memory.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "txn.h"

#define SLOTS 8

struct slot {
	struct sip_server *server;
	struct sip_client *client;
};

struct play {
	struct sip_timers *timers;
	struct sip_txn_layer *layer;
	struct sip_peer peer;
	struct slot slots[SLOTS];
	const uint8_t *data;
	size_t left;
	unsigned live;
	int send_error;
};

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static unsigned
next(struct play *p, unsigned below)
{
	if (p->left == 0)
		return 0;
	p->left--;
	return *p->data++ % below;
}

static int
on_send(const struct sip_peer *dst, const char *bytes, size_t len, void *arg)
{
	struct play *p = arg;
	static struct sip_msg msg;

	(void)dst;
	/* What we send is always well formed. */
	require(sip_gate_read(&msg, bytes, len, NULL) == SIP_GATE_OK);
	return p->send_error;
}

/* A handler may do anything: what, the data say. */
static void
meddle(struct play *p)
{
	struct slot *s = &p->slots[next(p, SLOTS)];
	struct sip_reply reply = { .code = 100 + next(p, 250) * 2 };

	switch (next(p, 6)) {
	case 0:
		if (s->server)
			(void)sip_server_answer(s->server, &reply);
		break;
	case 1:
		if (s->server)
			sip_server_drop(s->server);
		break;
	case 2:
		if (s->client)
			(void)sip_client_cancel(s->client,
			    SPAN_LIT("Reason: x\r\n"));
		break;
	default: break;
	}
}

static void
on_request(struct sip_server *st, const struct sip_msg *msg,
    const struct sip_peer *src, void *arg)
{
	struct play *p = arg;

	(void)src;
	require(!st || msg->method == SIP_METHOD_CANCEL ||
	    msg->method == SIP_METHOD_ACK);
	meddle(p);
}

static struct play *current;

static void
on_response(struct sip_client *ct, int err, const struct sip_msg *msg,
    void *arg)
{
	struct slot *s = arg;

	require(s->client == ct);
	require((err == 0) == (msg != NULL));
	meddle(current);
}

static void
server_ended(int err, void *arg)
{
	struct slot *s = arg;

	(void)err;
	require(s->server != NULL);
	s->server = NULL;
	current->live--;
	meddle(current);
}

static void
client_ended(int err, void *arg)
{
	struct slot *s = arg;

	(void)err;
	require(s->client != NULL);
	s->client = NULL;
	current->live--;
	meddle(current);
}

static const char *const methods[] = {
	"INVITE",
	"ACK",
	"CANCEL",
	"MESSAGE",
	"OPTIONS",
	"BYE",
};

static size_t
compose(struct play *p, char text[1024], unsigned slot, const char *method,
    bool request)
{
	static const char *const branches[] = { "z9hG4bK", "old", "z9hG4bKx" };
	char start[64];
	int n;

	if (request)
		(void)snprintf(start, sizeof(start), "%s sip:b@c SIP/2.0",
		    method);
	else
		(void)snprintf(start, sizeof(start), "SIP/2.0 %u X",
		    100 + next(p, 250) * 2);
	n = snprintf(text, 1024,
	    "%s\r\nVia: SIP/2.0/UDP a;branch=%s%u\r\n"
	    "From: <sip:a@b>;tag=1\r\nTo: <sip:b@c>%s\r\n"
	    "Call-ID: x\r\nCSeq: 1 %s\r\n\r\n",
	    start, branches[next(p, 3)], slot, next(p, 2) ? ";tag=t" : "",
	    method);
	return (size_t)n;
}

static void
receive(struct play *p, bool request)
{
	static struct sip_msg msg;
	char text[1024];
	size_t n = compose(p, text, next(p, SLOTS), methods[next(p, 6)],
	    request);

	require(sip_gate_read(&msg, text, n, NULL) == SIP_GATE_OK);
	sip_txn_receive(p->layer, &msg, &p->peer);
}

static void
new_server(struct play *p)
{
	static struct sip_msg msg;
	unsigned i = next(p, SLOTS);
	struct slot *s = &p->slots[i];
	char text[1024];
	size_t n = compose(p, text, i, methods[next(p, 6)], true);
	enum sip_trying trying = (enum sip_trying)next(p, 3);

	if (s->server)
		return;
	require(sip_gate_read(&msg, text, n, NULL) == SIP_GATE_OK);
	if (sip_server_new(&s->server, p->layer, &msg, &p->peer, trying,
		server_ended, s) == 0)
		p->live++;
}

static void
new_client(struct play *p)
{
	static struct sip_msg msg;
	unsigned i = next(p, SLOTS);
	struct slot *s = &p->slots[i];
	char text[1024];
	size_t n = compose(p, text, i, methods[next(p, 6)], true);

	if (s->client)
		return;
	require(sip_gate_read(&msg, text, n, NULL) == SIP_GATE_OK);
	if (sip_client_new(&s->client, p->layer, msg.method, msg.via.branch,
		text, n, &p->peer, on_response, client_ended, s) == 0)
		p->live++;
}

static void
step(struct play *p)
{
	switch (next(p, 10)) {
	case 0: new_server(p); break;
	case 1: new_client(p); break;
	case 2:
	case 3: receive(p, true); break;
	case 4:
	case 5: receive(p, false); break;
	case 6:
		sip_timers_run(p->timers,
		    sip_timers_now(p->timers) +
			(uint64_t)next(p, 256) * next(p, 256));
		break;
	case 7: p->send_error = next(p, 4) ? 0 : 113; break;
	case 8:
		if (next(p, 8) == 0)
			sip_txn_connection_lost(p->layer, 7, 32);
		break;
	default: meddle(p); break;
	}
	require(sip_txn_stats(p->layer)->servers +
		sip_txn_stats(p->layer)->clients >=
	    p->live);
}

static void
let_go(struct play *p)
{
	for (int i = 0; i < SLOTS; i++)
		if (p->slots[i].server)
			sip_server_drop(p->slots[i].server);
	for (int i = 0; i < SLOTS; i++)
		if (p->slots[i].client)
			(void)sip_client_cancel(p->slots[i].client,
			    SPAN_LIT(""));
	for (int i = 0; i < 4; i++)
		sip_timers_run(p->timers, sip_timers_now(p->timers) + 200000);
	require(p->live == 0);
	require(sip_txn_stats(p->layer)->servers == 0);
	require(sip_txn_stats(p->layer)->clients == 0);
	require(sip_timers_count(p->timers) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct play play = { .data = data, .left = size };
	struct sip_txn_config config = {
		.key = "fuzz",
		.max = 12,
		.send = on_send,
		.request = on_request,
		.arg = &play,
	};

	current = &play;
	require(
	    sip_addr_parse(&play.peer.addr, SPAN_LIT("127.0.0.1"), 5060) == 0);
	if (next(&play, 2)) {
		play.peer.transport = SIP_OVER_TCP;
		play.peer.connection = 7;
	}
	require(sip_timers_new(&play.timers, 5) == 0);
	require(sip_txn_layer_new(&play.layer, play.timers, &config) == 0);
	while (play.left)
		step(&play);
	if (size % 4)
		let_go(&play);
	sip_txn_layer_free(play.layer);
	require(play.live == 0);
	require(sip_timers_count(play.timers) == 0);
	sip_timers_free(play.timers);
	return 0;
}
