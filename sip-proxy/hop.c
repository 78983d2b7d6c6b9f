/*
 * hop.c - next hops: their addresses, and which one serves a call.
 *
 * By priority, then by weight, by a hash that stays the same for a call
 * (design-calls.md "Next hops"). A name is as many hops as it leads to places;
 * priority and weight of its SRV records order these among themselves, within
 * the configured one. Names are resolve.c's, probing is probe.c's.
 */
#include <stdio.h>

#include "setup.h"

enum { SIP_PORT = 5060, SIPS_PORT = 5061 };

static bool
add_hop(struct hops *hops, const struct usher_sip_hop *conf,
    const struct place *place, const struct hops_way *way)
{
	char text[SIP_ADDR_TEXT];
	struct hop hop = { .conf = conf,
		.priority = place->priority,
		.weight = place->weight };

	hop.peer.addr = place->addr;
	hop.peer.transport = place->transport;
	if (hops->count == HOPS_MOST) {
		log_write(way->log, LOG_WARNING,
		    "%s at %s is left out: there are %d hops already",
		    conf->uri, sip_addr_text(&place->addr, text), HOPS_MOST);
		return false;
	}
	hop.peer.listener = sip_transport_route(way->transports, &hop.peer);
	if (hop.peer.listener == NULL) {
		log_write(way->log, LOG_WARNING,
		    "%s is left out: sip.listen has "
		    "no %s listener of its address family",
		    conf->uri, sip_transport_name(hop.peer.transport));
		return false;
	}
	snprintf(hop.host, sizeof(hop.host), "%s",
	    sip_addr_text(&place->addr, text));
	if (hops_at(hops, &hop.peer) == NULL)
		hops->list[hops->count++] = hop;
	return true;
}

/* False: it is an address in figures. */
static bool
name_of(const struct usher_sip_hop *conf, struct wanted *wanted)
{
	union sip_addr address;

	return sip_addr_parse(&address, span_of(conf->host), 0) != 0 &&
	    wanted_set(wanted, span_of(conf->host), conf->port,
		(enum sip_transport)conf->transport, conf->any_transport);
}

/* Every place of a name. True: it may lead somewhere later. */
static bool
add_name(struct hops *hops, const struct usher_sip_hop *conf,
    const struct wanted *wanted, const struct hops_way *way)
{
	struct places places;

	if (way->resolver == NULL)
		return false;
	if (resolver_keep(way->resolver, wanted, conf->uri, &places) != 0)
		return true;
	for (unsigned i = 0; i < places.count; i++)
		(void)add_hop(hops, conf, &places.list[i], way);
	return true;
}

static bool
add_address(struct hops *hops, const struct usher_sip_hop *conf,
    const struct hops_way *way)
{
	struct place place = { .transport = (enum sip_transport)conf->transport,
		.weight = 1 };
	uint16_t port = conf->port;

	if (port == 0)
		port = conf->transport == USHER_SIP_TLS ? SIPS_PORT : SIP_PORT;
	return sip_addr_parse(&place.addr, span_of(conf->host), port) == 0 &&
	    add_hop(hops, conf, &place, way);
}

unsigned
hops_resolve(struct hops *hops, const struct usher_sip_hop *conf, size_t count,
    const struct hops_way *way)
{
	struct wanted wanted;
	unsigned usable = 0;

	hops->count = 0;
	for (size_t i = 0; i < count; i++)
		usable += name_of(&conf[i], &wanted)
		    ? add_name(hops, &conf[i], &wanted, way)
		    : add_address(hops, &conf[i], way);
	return usable;
}

void
hops_keep(const struct usher_sip_hop *conf, size_t count,
    struct resolver *resolver)
{
	struct places places;
	struct wanted wanted;

	for (size_t i = 0; i < count; i++) {
		if (name_of(&conf[i], &wanted))
			(void)resolver_keep(resolver, &wanted, conf[i].uri,
			    &places);
	}
}

struct hop *
hops_at(struct hops *hops, const struct sip_peer *peer)
{
	for (unsigned i = 0; i < hops->count; i++) {
		if (hops->list[i].peer.transport == peer->transport &&
		    sip_addr_same(&hops->list[i].peer.addr, &peer->addr))
			return &hops->list[i];
	}
	return NULL;
}

void
hops_inherit(struct hops *hops, const struct hops *old)
{
	for (unsigned i = 0; i < old->count; i++) {
		const struct hop *from = &old->list[i];
		struct hop *to = hops_at(hops, &from->peer);

		if (to == NULL)
			continue;
		to->missed = from->missed;
		to->dead = from->dead;
		to->asked = from->asked;
		to->heard = from->heard;
	}
}

/* The living hops of a configured one, best first, behind those in order[]. */
static unsigned
order_places(const struct hops *hops, const struct usher_sip_hop *conf,
    uint64_t hash, struct hop **order)
{
	struct hop *list[HOPS_MOST];
	struct rank ranks[HOPS_MOST] = { 0 };
	uint8_t places[HOPS_MOST];
	unsigned count = 0;

	for (unsigned i = 0; i < hops->count; i++) {
		const struct hop *hop = &hops->list[i];

		if (hop->dead || hop->conf != conf)
			continue;
		ranks[count] = (struct rank){ hop->priority, hop->weight };
		list[count++] = (struct hop *)hop;
	}
	rank_order(ranks, count, hash, places);
	for (unsigned i = 0; i < count; i++)
		order[i] = list[places[i]];
	return count;
}

unsigned
hop_order(const struct hops *hops, uint64_t hash, struct hop *order[HOPS_MOST])
{
	const struct usher_sip_hop *list[HOPS_MOST];
	struct rank ranks[HOPS_MOST] = { 0 };
	uint8_t chosen[HOPS_MOST];
	unsigned count = 0, used = 0;

	for (unsigned i = 0; i < hops->count; i++) {
		const struct hop *hop = &hops->list[i];
		unsigned j = 0;

		while (j < count && list[j] != hop->conf)
			j++;
		if (hop->dead || j < count)
			continue;
		ranks[count] = (struct rank){ hop->conf->priority,
			hop->conf->weight };
		list[count++] = hop->conf;
	}
	rank_order(ranks, count, hash, chosen);
	/* Other bits than chose between the configured ones. */
	for (unsigned i = 0; i < count; i++)
		used += order_places(hops, list[chosen[i]], hash >> 20,
		    order + used);
	return used;
}
