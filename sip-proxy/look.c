/*
 * look.c - one look-up: RFC 3263 §4.1 and §4.2.
 *
 * A name with a port is addresses. Without one its SRV records say where it is
 * served, for the transport that the URI names, or for UDP and then TCP when it
 * names none; without such records it is addresses at the usual port. NAPTR is
 * not asked: it could only choose between transports that the URI may name as
 * well. Transports and families without a listener of ours are left out.
 */
#include "look.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { STEPS = 2, SIP_PORT = 5060, SIPS_PORT = 5061 };

/* A target of the SRV records, or the name itself. */
struct part {
	struct look *look;
	enum sip_transport transport;
	uint16_t port, priority, weight;
};

struct look {
	struct dns *dns;
	struct sip_transports *transports;
	struct wanted wanted;
	look_h *handler;
	void *arg;
	enum sip_transport steps[STEPS];
	unsigned step_count, step;
	bool unsure, away;
	uint32_t ttl_s;
	unsigned pending;
	struct part parts[DNS_MOST];
	struct places places;
};

static void ask_service(struct look *look);

void
look_free(struct look *look)
{
	free(look);
}

static bool
has_listener(struct sip_transports *transports, enum sip_transport transport,
    int family)
{
	struct sip_peer peer = { .transport = transport };

	peer.addr.sa.sa_family = (sa_family_t)family;
	return sip_transport_route(transports, &peer) != NULL;
}

/* Families that our listeners of a transport can reach; -1: none. */
static int
family_for(const struct look *look, enum sip_transport transport)
{
	bool four = has_listener(look->transports, transport, AF_INET);
	bool six = has_listener(look->transports, transport, AF_INET6);

	if (four && six)
		return AF_UNSPEC;
	if (!four && !six)
		return -1;
	return four ? AF_INET : AF_INET6;
}

static int
compare(const void *a, const void *b)
{
	const struct place *p = a, *q = b;

	if (p->priority != q->priority)
		return p->priority < q->priority ? -1 : 1;
	if (p->transport != q->transport)
		return p->transport < q->transport ? -1 : 1;
	return memcmp(&p->addr, &q->addr, sizeof(p->addr));
}

static void
finish(struct look *look)
{
	struct look_result result = { .end = DNS_FOUND,
		.unsure = look->unsure,
		.ttl_s = look->ttl_s,
		.places = &look->places };

	if (look->places.count == 0) {
		result.end = look->away ? DNS_AWAY : DNS_NONE;
		result.places = NULL;
	}
	qsort(look->places.list, look->places.count, sizeof(struct place),
	    compare);
	look->handler(&result, look->arg);
	free(look);
}

static void
add_place(struct look *look, const struct part *part,
    const union sip_addr *address)
{
	struct place place = { .addr = *address,
		.transport = part->transport,
		.priority = part->priority,
		.weight = part->weight };

	sip_addr_set_port(&place.addr, part->port);
	for (unsigned i = 0; i < look->places.count; i++) {
		const struct place *old = &look->places.list[i];

		if (old->transport == place.transport &&
		    sip_addr_same(&old->addr, &place.addr))
			return;
	}
	if (look->places.count < PLACES_MOST)
		look->places.list[look->places.count++] = place;
}

static void
on_addresses(enum dns_end end, const struct dns_addresses *found, void *arg)
{
	const struct part *part = arg;
	struct look *look = part->look;

	look->away |= end == DNS_AWAY;
	if (found != NULL) {
		if (found->ttl_s < look->ttl_s)
			look->ttl_s = found->ttl_s;
		for (unsigned i = 0; i < found->count; i++)
			add_place(look, part, &found->list[i]);
	}
	if (--look->pending == 0)
		finish(look);
}

static void
ask_part(struct look *look, unsigned index, const char *name)
{
	struct part *part = &look->parts[index];
	int family = family_for(look, part->transport);

	part->look = look;
	look->pending++;
	if (family == -1)
		on_addresses(DNS_NONE, NULL, part);
	else
		dns_find_addresses(look->dns, name, family, on_addresses, part);
}

static void
ask_itself(struct look *look)
{
	enum sip_transport transport = look->wanted.transport;
	uint16_t port = transport == SIP_OVER_TLS ? SIPS_PORT : SIP_PORT;

	if (look->wanted.port != 0)
		port = look->wanted.port;
	look->parts[0] = (struct part){ .transport = transport,
		.port = port,
		.weight = 1 };
	ask_part(look, 0, look->wanted.host);
}

static void
on_srv(enum dns_end end, const struct dns_srvs *srvs, void *arg)
{
	struct look *look = arg;

	if (end != DNS_FOUND) {
		/* Who cannot be asked for one need not be for the next; the
		 * hosts file may know the name. */
		look->unsure |= end == DNS_AWAY;
		look->step = look->unsure ? look->step_count : look->step + 1;
		ask_service(look);
		return;
	}
	look->ttl_s = srvs->ttl_s;
	look->pending = 1; /* until all have been asked */
	for (unsigned i = 0; i < srvs->count; i++) {
		const struct dns_srv *srv = &srvs->list[i];

		look->parts[i] = (struct part){
			.transport = look->steps[look->step],
			.port = srv->port,
			.priority = srv->priority,
			.weight = srv->weight
		};
		ask_part(look, i, srv->host);
	}
	if (--look->pending == 0)
		finish(look);
}

static void
ask_service(struct look *look)
{
	static const char *const services[] = { "_sip._udp", "_sip._tcp",
		"_sips._tcp" };
	char name[DNS_NAME + 16];

	if (look->step == look->step_count) {
		ask_itself(look);
		return;
	}
	snprintf(name, sizeof(name), "%s.%s", services[look->steps[look->step]],
	    look->wanted.host);
	dns_find_srv(look->dns, name, on_srv, look);
}

static void
add_step(struct look *look, enum sip_transport transport)
{
	if (family_for(look, transport) != -1)
		look->steps[look->step_count++] = transport;
}

int
look_begin(struct look **lp, struct dns *dns, struct sip_transports *transports,
    const struct wanted *wanted, look_h *handler, void *arg)
{
	struct look *look = calloc(1, sizeof(*look));

	if (look == NULL)
		return ENOMEM;
	look->dns = dns;
	look->transports = transports;
	look->wanted = *wanted;
	look->handler = handler;
	look->arg = arg;
	look->ttl_s = UINT32_MAX;
	if (wanted->port == 0) {
		add_step(look, wanted->transport);
		if (wanted->any_transport)
			add_step(look, SIP_OVER_TCP);
	}
	*lp = look;
	ask_service(look);
	return 0;
}
