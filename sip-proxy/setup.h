/*
 * setup.h - one reading of the configuration, resolved, and never changed.
 *
 * A setup holds a snapshot of usher.conf with what the proxy makes of it: next
 * hops and trunks with their addresses, the sources it knows, the names that
 * are ours. Calls hold the one they began under; a reload (SIGUSR1), or a name
 * that leads elsewhere by now, makes a new one and lets go of the old. Only the
 * life of hops (missed, dead) moves.
 */
#ifndef USHER_SIP_SETUP_H
#define USHER_SIP_SETUP_H

#include "log.h"
#include "resolve.h"
#include "transport.h"
#include "uri.h"
#include "usher.h"

enum { HOST_TEXT = 264, HOPS_MOST = PLACES_MOST };

/* One address of a next hop or a trunk. */
struct hop {
	const struct usher_sip_hop *conf;
	struct sip_peer peer;
	char host[HOST_TEXT];	   /* what an R-URI names it: "10.0.0.5:5060" */
	uint16_t priority, weight; /* among those of the same conf */
	unsigned missed;	   /* probes in a row */
	bool dead;
	bool asked; /* a probe is under way */
	bool heard; /* something came since the last probe */
};

struct bindings;

struct hops {
	unsigned count; /* at most HOPS_MOST, as configured */
	struct hop list[HOPS_MOST];
};

/* Where an address or prefix stands (origin.c). */
enum way { FROM_PHONE, FROM_PBX, FROM_TRUNK, FROM_OTHER };

struct origin {
	enum way way;
	bool trusted;
	const struct usher_sip_terms *terms;
	const char *name; /* of its `peers` entry, or "" */
};

struct setup {
	unsigned references;
	struct setup *of; /* whose conf it is, or NULL: its own */
	struct usher_conf *conf;
	const struct usher_sip *sip;
	struct usher_policy *nobody; /* of the unpublished; NULL: no memory */
	struct sip_transports *transports;
	struct resolver *resolver;	 /* NULL: names lead nowhere */
	const struct bindings *bindings; /* of the proxy; NULL: none yet */
	struct hops hops, trunks;
	size_t host_count; /* of ours: listeners, PUBLIC, domains, hops */
	char (*hosts)[HOST_TEXT];
	size_t self_count; /* the first of them: all but the hops */
};

/*
 * Takes over the reference on conf. EINVAL with a sentence when no next hop can
 * ever be used; names that lead nowhere yet are asked for on and on. `old`
 * gives hops that stay their state; NULL at start.
 */
int setup_new(struct setup **setup, struct usher_conf *conf,
    struct sip_transports *transports, struct resolver *resolver,
    const struct setup *old, const struct log *log, struct usher_error *error);
/* The same conf with what its names lead to now. ENOMEM. */
int setup_again(struct setup **setup, struct setup *old, const struct log *log);
/* Its names, and no others, are asked again by themselves. */
void setup_keep(const struct setup *setup);
struct setup *setup_hold(struct setup *setup);
void setup_release(struct setup *setup);

/* Whether a host is one of `domains` in the widest sense. */
bool setup_is_ours(const struct setup *setup, struct span host);
/* Whether host and port are where we listen, under any of our names. */
bool setup_is_self(const struct setup *setup, struct span host, uint16_t port);
/* Whether `domains` or site.domains names it, and it is no hop's. */
bool setup_is_named(const struct setup *setup, struct span host, uint16_t port);

/* origin.c: who sends from there. */
void origin_find(const struct setup *setup, const struct sip_peer *src,
    struct origin *origin);
/* "phone", "pbx", "trunk", "other" */
const char *way_word(enum way way);

/*
 * hop.c: the hops to try for a hash, best first, the dead left out. Returns how
 * many.
 */
unsigned hop_order(const struct hops *hops, uint64_t hash,
    struct hop *order[HOPS_MOST]);
/* Where hops come from. */
struct hops_way {
	struct sip_transports *transports;
	struct resolver *resolver; /* or NULL */
	const struct log *log;
};
/* Fills hops from the configuration. Returns how many of these can be used, now
 * or once their name leads somewhere; what cannot is logged. */
unsigned hops_resolve(struct hops *hops, const struct usher_sip_hop *conf,
    size_t count, const struct hops_way *way);
/* The names among them are asked again by themselves. */
void hops_keep(const struct usher_sip_hop *conf, size_t count,
    struct resolver *resolver);
/* What is known of the same addresses. */
void hops_inherit(struct hops *hops, const struct hops *old);
/* The hop at this address, port and transport, or NULL. */
struct hop *hops_at(struct hops *hops, const struct sip_peer *peer);

/*
 * self.c: our name and port as somebody at dst shall use it, "host:port" with
 * IPv6 in []. A listener bound to any address and without PUBLIC has the one
 * the system would send from. ENETUNREACH.
 */
int self_text(const struct sip_listener *listener, const union sip_addr *dst,
    char text[HOST_TEXT]);
/* Bound to any address, and nobody said what it is called. */
bool self_is_any(const struct sip_listener *listener);

#endif
