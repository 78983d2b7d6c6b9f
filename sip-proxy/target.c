/*
 * target.c - whether, and where, a call may be sent elsewhere.
 *
 * Targets of `ring`, redirects and `defer_to` are next hops or what `allow`
 * names: we are no open relay (design-calls.md "Where a request comes from").
 * And how often a call was diverted before, from Diversion (RFC 5806) and
 * History-Info (RFC 7044). Called by answer.c and request.c.
 */
#include <errno.h>
#include <stdio.h>

#include "screen.h"

static bool
allowed(const struct setup *setup, struct span host)
{
	char text[HOST_TEXT];

	if (host.l == 0 || host.l >= sizeof(text))
		return false;
	memcpy(text, host.p, host.l);
	text[host.l] = '\0';
	return usher_sip_allows(setup->sip, text);
}

/* A name that is known to lead nowhere is out of reach. */
static enum reach
reach_host(struct target *target, const struct setup *setup,
    const struct sip_uri *uri)
{
	struct sip_peer *peer = &target->peer;
	struct places places;

	memset(peer, 0, sizeof(*peer));
	peer->transport = sip_uri_transport(uri);
	if (sip_addr_parse(&peer->addr, uri->host, sip_uri_port(uri)) == 0) {
		peer->listener = sip_transport_route(setup->transports, peer);
		return peer->listener != NULL ? REACH_PEER : REACH_NONE;
	}
	return setup->resolver != NULL && wanted_of(&target->name, uri) &&
		resolver_find(setup->resolver, &target->name, &places) != ENOENT
	    ? REACH_NAME
	    : REACH_NONE;
}

static enum reach
find(struct target *target, const struct setup *setup, struct span text)
{
	struct sip_uri uri;
	struct span maddr;

	if (sip_uri_split(&uri, text) != 0)
		return REACH_NONE;
	/* A number has no host: the PBX knows where it leads. */
	if (uri.scheme == SIP_SCHEME_TEL)
		return REACH_HOPS;
	if (uri.scheme != SIP_SCHEME_SIP && uri.scheme != SIP_SCHEME_SIPS)
		return REACH_NONE;
	if (setup_is_ours(setup, uri.host))
		return REACH_HOPS;
	/* The host is what is allowed, not where else it says to go. */
	if (!allowed(setup, uri.host) || sip_uri_param(&uri, "maddr", &maddr))
		return REACH_NONE;
	return reach_host(target, setup, &uri);
}

enum reach
target_find(struct target *target, const struct setup *setup, struct span uri)
{
	target->reach = find(target, setup, uri);
	return target->reach;
}

static unsigned
count_diversions(const struct sip_msg *msg)
{
	const struct sip_hdr *hdr = sip_msg_first(msg, SIP_HDR_DIVERSION);
	struct sip_addr_value address;
	struct span rest, value, counter;
	unsigned count = 0;
	uint32_t number;

	for (; hdr != NULL; hdr = sip_msg_next(msg, hdr)) {
		rest = hdr->value;
		while (sip_value_next(&rest, &value)) {
			number = 1;
			if (sip_addr_split(value, &address) &&
			    sip_param_get(address.params, "counter",
				&counter) &&
			    !sip_number_read(counter, 1000, &number))
				number = 1;
			count += number;
		}
	}
	return count;
}

/* Entries with a cause were retargeted; the others only passed by. */
static unsigned
count_history(const struct sip_msg *msg)
{
	const struct sip_hdr *hdr = sip_msg_first(msg, SIP_HDR_HISTORY_INFO);
	struct sip_addr_value address;
	struct span rest, value, cause;
	struct sip_uri uri;
	unsigned count = 0;

	for (; hdr != NULL; hdr = sip_msg_next(msg, hdr)) {
		rest = hdr->value;
		while (sip_value_next(&rest, &value)) {
			if (sip_addr_split(value, &address) &&
			    sip_uri_split(&uri, address.uri) == 0 &&
			    sip_uri_param(&uri, "cause", &cause))
				count++;
		}
	}
	return count;
}

unsigned
diversions_of(const struct sip_msg *msg)
{
	unsigned diverted = count_diversions(msg);
	unsigned history = count_history(msg);

	/* A hop that writes both tells of one diversion twice. */
	return diverted > history ? diverted : history;
}
