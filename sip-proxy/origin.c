/*
 * origin.c - where a request comes from decides its way.
 *
 * First match of design-calls.md "Where a request comes from": a next hop or an
 * inside peer is the PBX; `trusted`, `trunks` and `peers` are trunks; the rest
 * is others. Of several entries that hold an address the most specific one
 * counts: one with a port first, then the longest prefix. Phones come with
 * place "phones".
 */
#include "phones.h"

static bool
same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

/*
 * 0: does not hold it; else the greater the more specific. A name that a TLS
 * peer proved says more than any address.
 */
static unsigned
holds(const struct setup *setup, const struct usher_sip_from *from,
    const struct sip_peer *src)
{
	const union sip_addr *address = &src->addr;
	const struct sockaddr_in *in =
	    (const struct sockaddr_in *)&from->address;
	const struct sockaddr_in6 *in6 =
	    (const struct sockaddr_in6 *)&from->address;
	bool same;

	if (from->tls_name != NULL)
		return sip_transport_proved(setup->transports, src->connection,
			   from->tls_name)
		    ? 1024
		    : 0;
	if (from->address.ss_family != address->sa.sa_family)
		return 0;
	if (from->port != 0 && from->port != sip_addr_port(address))
		return 0;
	if (address->sa.sa_family == AF_INET)
		same = same_bits((const uint8_t *)&in->sin_addr,
		    (const uint8_t *)&address->in.sin_addr, from->length);
	else
		same = same_bits((const uint8_t *)&in6->sin6_addr,
		    (const uint8_t *)&address->in6.sin6_addr, from->length);
	return same ? 1 + from->length + (from->port != 0 ? 256 : 0) : 0;
}

static unsigned
best_of(const struct setup *setup, const struct usher_sip_from *from,
    size_t count, const struct sip_peer *src)
{
	unsigned best = 0;

	for (size_t i = 0; i < count; i++) {
		unsigned weight = holds(setup, &from[i], src);

		if (weight > best)
			best = weight;
	}
	return best;
}

static const struct usher_sip_peer *
find_peer(const struct setup *setup, const struct sip_peer *src,
    unsigned *weight)
{
	const struct usher_sip *sip = setup->sip;
	const struct usher_sip_peer *found = NULL;

	*weight = 0;
	for (size_t i = 0; i < sip->peer_count; i++) {
		unsigned here = best_of(setup, sip->peers[i].from,
		    sip->peers[i].from_count, src);

		if (here > *weight) {
			*weight = here;
			found = &sip->peers[i];
		}
	}
	return found;
}

/* Streams come from any port of a next hop or trunk. */
static bool
is_hop(const struct hops *hops, const struct sip_peer *src)
{
	for (unsigned i = 0; i < hops->count; i++) {
		const struct sip_peer *hop = &hops->list[i].peer;

		if (sip_transport_reliable(src->transport)
			? sip_addr_same_host(&hop->addr, &src->addr)
			: sip_addr_same(&hop->addr, &src->addr))
			return true;
	}
	return false;
}

void
origin_find(const struct setup *setup, const struct sip_peer *src,
    struct origin *origin)
{
	const struct usher_sip *sip = setup->sip;
	unsigned weight, trusted;
	const struct usher_sip_peer *peer = find_peer(setup, src, &weight);

	origin->terms = peer != NULL ? &peer->terms : &sip->terms;
	origin->name = peer != NULL ? peer->name : "";
	origin->trusted = false;
	if (setup->bindings != NULL &&
	    bindings_by_flow(setup->bindings, src) != NULL) {
		origin->way = FROM_PHONE;
		origin->trusted = true;
		return;
	}
	if (is_hop(&setup->hops, src) || (peer != NULL && peer->inside)) {
		origin->way = FROM_PBX;
		origin->trusted = true;
		return;
	}
	trusted = best_of(setup, sip->trusted, sip->trusted_count, src);
	if (trusted > 0 && trusted >= weight)
		origin->trusted = true;
	else if (peer != NULL)
		origin->trusted = peer->trusted;
	origin->way = trusted > 0 || peer != NULL || is_hop(&setup->trunks, src)
	    ? FROM_TRUNK
	    : FROM_OTHER;
}

const char *
way_word(enum way way)
{
	static const char *const words[] = { "phone", "pbx", "trunk", "other" };

	return words[way];
}
