/*
 * next.c - where a request inside a dialog goes, and its ACK.
 *
 * The next Route, else the R-URI, wherever it leads (design-calls.md "Inside a
 * dialog"; RFC 3261 §16.6 steps 6 and 7). Addresses in figures and the names of
 * our hops are known; other names are looked up while the request waits, an ACK
 * here, others as a call (reach.c). Called by request.c.
 */
#include <errno.h>
#include <stdlib.h>

#include "proxy.h"

enum { DATAGRAM = 65536 };

static int
next_uri(const struct request *request, struct sip_uri *uri)
{
	const struct sip_msg *msg = request->msg;
	struct sip_addr_value address;
	struct span value;

	*uri = request->uri;
	if (request->own_routes + request->recover >= msg->route_count)
		return 0;
	if (!dialog_route_at(msg, request->own_routes, &value) ||
	    !sip_addr_split(value, &address) ||
	    sip_uri_split(uri, address.uri) != 0)
		return EBADMSG;
	return 0;
}

static bool
by_name(const struct hops *hops, const struct sip_uri *uri,
    union sip_addr *address)
{
	for (unsigned i = 0; i < hops->count; i++) {
		const struct hop *hop = &hops->list[i];

		if (!sip_host_eq(uri->host, span_of(hop->conf->host)))
			continue;
		*address = hop->peer.addr;
		if (uri->port != 0)
			sip_addr_set_port(address, uri->port);
		return true;
	}
	return false;
}

int
forward_next(const struct request *request, struct sip_peer *peer,
    struct wanted *name)
{
	const struct setup *setup = request->setup;
	struct span host;
	struct sip_uri uri;
	int failed;

	if (request->has_flow) {
		*peer = request->flow.peer;
		return flow_lives(request->proxy, &request->flow) ? 0
								  : ENOTCONN;
	}
	failed = next_uri(request, &uri);
	if (failed != 0)
		return failed;
	memset(peer, 0, sizeof(*peer));
	peer->transport = sip_uri_transport(&uri);
	host = uri.host;
	(void)sip_uri_param(&uri, "maddr", &host);
	if (sip_addr_parse(&peer->addr, host, sip_uri_port(&uri)) != 0 &&
	    !by_name(&setup->hops, &uri, &peer->addr) &&
	    !by_name(&setup->trunks, &uri, &peer->addr))
		return setup->resolver != NULL && wanted_of(name, &uri)
		    ? EAGAIN
		    : ENOENT;
	peer->listener = request->out;
	if (peer->listener == NULL ||
	    peer->listener->transport != peer->transport ||
	    peer->listener->addr.sa.sa_family != peer->addr.sa.sa_family)
		peer->listener = sip_transport_route(setup->transports, peer);
	return peer->listener == NULL ? ENOENT : 0;
}

/* ---- ACK ---- */

static void
send_ack(const struct request *request, struct sip_peer *peer)
{
	struct proxy *proxy = request->proxy;
	char branch[SIP_BRANCH_TEXT + MAC_TEXT + 1], bytes[DATAGRAM];
	struct forward forward = { .proxy = proxy,
		.setup = request->setup,
		.src = *request->src,
		.dst = *peer,
		.own_routes = request->own_routes,
		.dialog = true,
		.recover = request->recover };
	size_t length;

	forward.branch = forward_branch(proxy, request->msg, branch,
	    sizeof(branch));
	if (forward_build(bytes, sizeof(bytes), &length, request->msg,
		&forward) != 0 ||
	    sip_txn_send(proxy->txns, &forward.dst, bytes, length) != 0)
		proxy->counters.dropped++;
}

/* An ACK whose name is looked up. It has no transaction to wait in. */
struct parked {
	struct proxy *proxy;
	struct sip_peer src;
	size_t length;
	char bytes[];
};

/* Once more from the start: the name leads somewhere now, or nowhere. */
static void
unpark(bool closing, void *arg)
{
	struct parked *parked = arg;
	struct sip_msg msg;

	if (!closing &&
	    sip_gate_read(&msg, parked->bytes, parked->length, NULL) ==
		SIP_GATE_OK)
		proxy_request(NULL, &msg, &parked->src, parked->proxy);
	free(parked);
}

static void
park(const struct request *request, const struct wanted *name)
{
	struct proxy *proxy = request->proxy;
	const struct span bytes = request->msg->all;
	struct parked *parked = malloc(sizeof(*parked) + bytes.l);

	if (parked == NULL) {
		proxy->counters.dropped++;
		return;
	}
	parked->proxy = proxy;
	parked->src = *request->src;
	parked->length = bytes.l;
	memcpy(parked->bytes, bytes.p, bytes.l);
	if (resolver_wait(proxy->resolver, name, unpark, parked) != 0) {
		free(parked);
		proxy->counters.dropped++;
	}
}

static int
ack_by_name(const struct request *request, const struct wanted *name)
{
	struct places places;
	struct sip_peer *peers = NULL;
	uint8_t count;
	int failed = resolver_find(request->proxy->resolver, name, &places);

	if (failed == 0)
		failed = peers_of(&peers, &count, request->proxy, &places,
		    request->msg->call_id, request->out);
	if (failed == 0)
		send_ack(request, &peers[0]);
	free(peers);
	if (failed == EAGAIN)
		park(request, name);
	return failed == EAGAIN ? 0 : failed;
}

void
forward_ack(const struct request *request)
{
	struct sip_peer peer;
	struct wanted name;
	int failed = ENOENT;

	if (request->msg->max_forwards != 0)
		failed = forward_next(request, &peer, &name);
	if (failed == 0)
		send_ack(request, &peer);
	else if (failed == EAGAIN)
		failed = ack_by_name(request, &name);
	if (failed != 0)
		request->proxy->counters.dropped++;
}
