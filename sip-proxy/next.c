/*
 * next.c - where a request inside a dialog goes, and its ACK.
 *
 * The next Route, else the R-URI, wherever it leads (design-calls.md "Inside a
 * dialog"; RFC 3261 §16.6 steps 6 and 7). Addresses in figures and the names of
 * our hops are known; other names would need a look-up that the loop cannot
 * wait for, and are not reached yet. Called by request.c.
 */
#include <errno.h>

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
forward_next(const struct request *request, struct sip_peer *peer)
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
		return ENOENT;
	peer->listener = request->out;
	if (peer->listener == NULL ||
	    peer->listener->transport != peer->transport ||
	    peer->listener->addr.sa.sa_family != peer->addr.sa.sa_family)
		peer->listener = sip_transport_route(setup->transports, peer);
	return peer->listener == NULL ? ENOENT : 0;
}

void
forward_ack(const struct request *request)
{
	struct proxy *proxy = request->proxy;
	char branch[SIP_BRANCH_TEXT + MAC_TEXT + 1], bytes[DATAGRAM];
	struct forward forward = { .proxy = proxy,
		.setup = request->setup,
		.src = *request->src,
		.own_routes = request->own_routes,
		.dialog = true,
		.recover = request->recover };
	size_t length;

	if (request->msg->max_forwards == 0 ||
	    forward_next(request, &forward.dst) != 0) {
		proxy->counters.dropped++;
		return;
	}
	forward.branch = forward_branch(proxy, request->msg, branch,
	    sizeof(branch));
	if (forward_build(bytes, sizeof(bytes), &length, request->msg,
		&forward) != 0 ||
	    sip_txn_send(proxy->txns, &forward.dst, bytes, length) != 0)
		proxy->counters.dropped++;
}
