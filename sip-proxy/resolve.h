/*
 * resolve.h - from a host's name to the places that serve it: RFC 3263.
 *
 * What was found is kept for its time to live. Names of next hops and trunks
 * are asked again before anyone needs them; of others the next request does.
 * When nobody answers, what was known last stays. Nothing here waits.
 */
#ifndef USHER_SIP_RESOLVE_H
#define USHER_SIP_RESOLVE_H

#include "dns.h"
#include "log.h"
#include "timer.h"
#include "transport.h"

enum { PLACES_MOST = 32 };

/* What a SIP URI asks for. */
struct wanted {
	char host[DNS_NAME];
	uint16_t port; /* 0: none was named */
	enum sip_transport transport;
	bool any_transport; /* none was named: SRV may say */
};

struct place {
	union sip_addr addr; /* with its port */
	enum sip_transport transport;
	uint16_t priority, weight; /* of its SRV record */
};

struct places {
	unsigned count;
	struct place list[PLACES_MOST];
};

struct resolver;

/* closing: the resolver ends, and nothing was found. */
typedef void resolve_h(bool closing, void *arg);

/* changed: a kept name leads elsewhere; called from the timers. */
struct resolver_terms {
	struct event_base *base;
	struct sip_timers *timers;
	struct sip_transports *transports;
	const struct log *log;
	const char *servers; /* as dns_new() takes them */
	void (*changed)(void *arg);
	void *arg;
};

int resolver_new(struct resolver **rp, const struct resolver_terms *terms);
void resolver_free(struct resolver *r);

/* False: no such name; host may be an address, which is never asked for. */
bool wanted_set(struct wanted *wanted, struct span host, uint16_t port,
    enum sip_transport transport, bool any_transport);
/* The same of a URI, its maddr before its host. */
bool wanted_of(struct wanted *wanted, const struct sip_uri *uri);

/* 0 and where it leads, places without a listener of ours left out; EAGAIN: it
 * is being asked for; ENOENT: nowhere. */
int resolver_find(struct resolver *r, const struct wanted *wanted,
    struct places *places);
/* After EAGAIN: calls the handler once when there is an answer. ENOSPC: too
 * many wait already. */
int resolver_wait(struct resolver *r, const struct wanted *wanted,
    resolve_h *handler, void *arg);
/* Who waited waits no more. */
void resolver_forget(struct resolver *r, const void *arg);
/* As resolver_find(); and from now on it is asked again by itself, until
 * resolver_unkeep() is followed by no such call. `uri` stands in the log. */
int resolver_keep(struct resolver *r, const struct wanted *wanted,
    const char *uri, struct places *places);
void resolver_unkeep(struct resolver *r);
/* Kept names that have no answer yet. */
unsigned resolver_asking(const struct resolver *r);
/* The name that led there, or NULL. */
const char *resolver_name_at(const struct resolver *r,
    const struct sip_peer *peer);

/* order.c: best first, by priority (the lowest), then by weight, by a hash that
 * stays the same for a call; weight 0 only when nothing else is left. */
struct rank {
	unsigned priority, weight;
};
void rank_order(const struct rank *ranks, unsigned count, uint64_t hash,
    uint8_t *order);

#endif
