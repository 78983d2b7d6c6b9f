/*
 * hop.c - next hops: their addresses, and which one serves a call.
 *
 * By priority, then by weight, by a hash that stays the same for a call
 * (design-calls.md "Next hops"). Names are looked up with getaddrinfo(3) when a
 * setup is made; a name with several addresses is several hops. Probing is
 * probe.c's.
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>

#include "setup.h"

enum { SIP_PORT = 5060, SIPS_PORT = 5061 };

static uint16_t
port_of(const struct usher_sip_hop *conf)
{
	if (conf->port != 0)
		return conf->port;
	return conf->transport == USHER_SIP_TLS ? SIPS_PORT : SIP_PORT;
}

static bool
add_hop(struct hops *hops, const struct usher_sip_hop *conf,
    const union sip_addr *address, struct sip_transports *transports,
    const struct log *log)
{
	char text[SIP_ADDR_TEXT];
	struct hop hop = { .conf = conf };

	hop.peer.addr = *address;
	hop.peer.transport = (enum sip_transport)conf->transport;
	if (hops->count == HOPS_MOST) {
		log_write(log, LOG_WARNING,
		    "%s is left out: there are %d "
		    "hops already",
		    conf->uri, HOPS_MOST);
		return false;
	}
	hop.peer.listener = sip_transport_route(transports, &hop.peer);
	if (hop.peer.listener == NULL) {
		log_write(log, LOG_WARNING,
		    "%s is left out: sip.listen has "
		    "no %s listener of its address family",
		    conf->uri, sip_transport_name(hop.peer.transport));
		return false;
	}
	snprintf(hop.host, sizeof(hop.host), "%s",
	    sip_addr_text(address, text));
	if (hops_at(hops, &hop.peer) == NULL)
		hops->list[hops->count++] = hop;
	return true;
}

/* Every address of a name, as the system's resolver orders them. */
static unsigned
look_up(struct hops *hops, const struct usher_sip_hop *conf,
    struct sip_transports *transports, const struct log *log)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM,
		.ai_flags = AI_ADDRCONFIG },
			*all, *one;
	union sip_addr address;
	unsigned added = 0;
	int failed = getaddrinfo(conf->host, NULL, &hints, &all);

	if (failed != 0) {
		log_write(log, LOG_ERR, "%s cannot be looked up: %s", conf->uri,
		    gai_strerror(failed));
		return 0;
	}
	for (one = all; one != NULL; one = one->ai_next) {
		if (sip_addr_set(&address, one->ai_addr) != 0)
			continue;
		sip_addr_set_port(&address, port_of(conf));
		added += add_hop(hops, conf, &address, transports, log);
	}
	freeaddrinfo(all);
	return added;
}

/* By priority, the configuration's order within one. */
static void
sort(struct hops *hops)
{
	for (unsigned i = 1; i < hops->count; i++) {
		struct hop hop = hops->list[i];
		unsigned j = i;

		for (; j > 0 &&
		     hops->list[j - 1].conf->priority > hop.conf->priority;
		     j--)
			hops->list[j] = hops->list[j - 1];
		hops->list[j] = hop;
	}
}

unsigned
hops_resolve(struct hops *hops, const struct usher_sip_hop *conf, size_t count,
    struct sip_transports *transports, const struct log *log)
{
	union sip_addr address;
	unsigned lost = 0;

	hops->count = 0;
	for (size_t i = 0; i < count; i++) {
		if (sip_addr_parse(&address, span_of(conf[i].host),
			port_of(&conf[i])) == 0)
			lost += !add_hop(hops, &conf[i], &address, transports,
			    log);
		else
			lost += look_up(hops, &conf[i], transports, log) == 0;
	}
	sort(hops);
	return lost;
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

/* One of those at `from` to `to`, by weight; weight 0 only when alone. */
static unsigned
pick(struct hop *const *list, unsigned from, unsigned to, uint64_t hash)
{
	uint64_t total = 0, mark;

	for (unsigned i = from; i < to; i++)
		total += list[i]->conf->weight;
	if (total == 0)
		return from + (unsigned)(hash % (to - from));
	mark = hash % total;
	for (unsigned i = from; i < to; i++) {
		if (mark < list[i]->conf->weight)
			return i;
		mark -= list[i]->conf->weight;
	}
	return from;
}

unsigned
hop_order(const struct hops *hops, uint64_t hash, struct hop *order[HOPS_MOST])
{
	unsigned count = 0, end;

	for (unsigned i = 0; i < hops->count; i++) {
		if (!hops->list[i].dead)
			order[count++] = (struct hop *)&hops->list[i];
	}
	for (unsigned i = 0; i < count; i++) {
		struct hop *first = order[i];
		unsigned chosen;

		for (end = i; end < count &&
		     order[end]->conf->priority == first->conf->priority;
		     end++)
			;
		chosen = pick(order, i, end, hash);
		order[i] = order[chosen];
		order[chosen] = first;
		hash = hash * 0x9e3779b97f4a7c15ULL + 1;
	}
	return count;
}
