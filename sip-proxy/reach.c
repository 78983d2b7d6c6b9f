/*
 * reach.c - a call that goes to a name.
 *
 * Its server transaction stands already, so that retransmissions are absorbed
 * and a CANCEL is heard, while the name is looked up; for as long as one next
 * hop may be silent. Its places are tried in their order, as next hops are (RFC
 * 3263 §4.3). A diverted call whose target leads nowhere gets the answer it
 * would have got without the target; one that a rule sends on rings as called.
 * Called by call.c and next.c.
 */
#include <errno.h>
#include <stdlib.h>

#include "proxy.h"

enum { HEADERS_SIZE = 8192 };

int
peers_of(struct sip_peer **result, uint8_t *count, struct proxy *proxy,
    const struct places *places, struct span call_id, struct sip_listener *out)
{
	const struct span parts[] = { SPAN_LIT("place"), call_id };
	struct sip_peer *peers = calloc(places->count + 1, sizeof(*peers));
	struct rank ranks[PLACES_MOST] = { 0 };
	uint8_t order[PLACES_MOST];

	if (peers == NULL)
		return ENOMEM;
	for (unsigned i = 0; i < places->count; i++)
		ranks[i] = (struct rank){ places->list[i].priority,
			places->list[i].weight };
	rank_order(ranks, places->count, mac_of(proxy->key, parts, 2), order);
	*count = 0;
	for (unsigned i = 0; i < places->count; i++) {
		const struct place *place = &places->list[order[i]];
		struct sip_peer *peer = &peers[*count];

		*peer = (struct sip_peer){ .addr = place->addr,
			.transport = place->transport,
			.listener = out };
		if (out == NULL || out->transport != place->transport ||
		    out->addr.sa.sa_family != place->addr.sa.sa_family)
			peer->listener = sip_transport_route(proxy->transports,
			    peer);
		*count = (uint8_t)(*count + (peer->listener != NULL));
	}
	if (*count > 0) {
		*result = peers;
		return 0;
	}
	free(peers);
	return ENOENT;
}

static int
take(struct call *call, const struct places *places, const struct sip_msg *msg)
{
	uint8_t count;
	int failed = peers_of(&call->peers, &count, call->proxy, places,
	    msg->call_id, call->out);

	if (failed == 0)
		call->order_count = count;
	return failed;
}

/* The request as it came, while it has no answer. */
static bool
read_back(const struct call *call, struct sip_msg *msg)
{
	const struct sip_buf *buf = call->st != NULL
	    ? sip_server_request(call->st)
	    : NULL;

	return buf != NULL &&
	    sip_gate_read(msg, buf->data, buf->len, NULL) == SIP_GATE_OK;
}

static void
nowhere(struct call *call)
{
	struct decision *decision = call->decision;
	char headers[HEADERS_SIZE];
	struct span span = { headers, 0 };
	struct sip_msg msg;

	if (decision != NULL && decision->otherwise != 0) {
		span.l = answer_headers(&decision->answer, headers,
		    sizeof(headers), sizeof(headers));
		call_answer(call, decision->otherwise, span);
		return;
	}
	if (decision == NULL || !read_back(call, &msg)) {
		call_fail(call, 500);
		return;
	}
	/* It was let in: it rings as called. */
	call->toward = TO_HOPS;
	call->as_called = true;
	if (call_choose_hops(call, &msg))
		(void)call_go(call);
	else
		call_fail(call, 503);
}

static void
look_again(struct call *call)
{
	struct sip_msg msg;
	struct places places;

	if (read_back(call, &msg) &&
	    resolver_find(call->proxy->resolver, call->name, &places) == 0 &&
	    take(call, &places, &msg) == 0)
		(void)call_go(call);
	else
		nowhere(call);
}

static void
stop_waiting(struct call *call)
{
	call->waits = false;
	sip_timer_stop(call->proxy->timers, &call->failover);
}

static void
on_found(bool closing, void *arg)
{
	struct call *call = arg;

	stop_waiting(call);
	if (!closing)
		look_again(call);
}

static void
on_late(void *arg)
{
	struct call *call = arg;

	resolver_forget(call->proxy->resolver, call);
	stop_waiting(call);
	nowhere(call);
}

void
call_reach(struct call *call, const struct wanted *name)
{
	struct resolver *r = call->proxy->resolver;
	struct places places;
	struct sip_msg msg;
	int failed = ENOENT;

	call->name = malloc(sizeof(*name));
	if (call->name != NULL && read_back(call, &msg)) {
		*call->name = *name;
		failed = resolver_find(r, name, &places);
	}
	if (failed == EAGAIN && resolver_wait(r, name, on_found, call) == 0) {
		call->waits = true;
		sip_timer_start(call->proxy->timers, &call->failover,
		    call->setup->sip->timers.failover, on_late, call);
		return;
	}
	if (failed == 0 && take(call, &places, &msg) == 0)
		(void)call_go(call);
	else
		nowhere(call);
}
