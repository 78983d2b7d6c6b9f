/*
 * dns.h - questions to the DNS that nobody waits for.
 *
 * Addresses (through the hosts file, the search list and the name servers that
 * resolv.conf(5) names) and SRV records, each with its time to live. One
 * struct dns per process, on the loop of libevent; resolve.c alone asks.
 */
#ifndef USHER_SIP_DNS_H
#define USHER_SIP_DNS_H

#include <event2/event.h>

#include "peer.h"

enum { DNS_NAME = 256, DNS_MOST = 16 };

enum dns_end {
	DNS_FOUND,
	DNS_NONE, /* who knows says that there is none */
	DNS_AWAY  /* nobody who knows was reached */
};

struct dns_srv {
	char host[DNS_NAME]; /* without the dot at its end */
	uint16_t priority, weight, port;
};

/* The first DNS_MOST of them; none for the target ".": a service that is
 * decidedly not there (RFC 2782). */
struct dns_srvs {
	uint32_t ttl_s;
	unsigned count;
	struct dns_srv list[DNS_MOST];
};

struct dns_addresses {
	uint32_t ttl_s; /* 0 also for the hosts file's */
	unsigned count;
	union sip_addr list[DNS_MOST]; /* port 0 */
};

/* The answer is NULL but for DNS_FOUND, and gone after the call. */
typedef void dns_srv_h(enum dns_end end, const struct dns_srvs *srvs,
    void *arg);
typedef void dns_address_h(enum dns_end end,
    const struct dns_addresses *addresses, void *arg);

struct dns;

/* servers: "ADDRESS[:PORT],..." instead of resolv.conf's, or NULL. ENOMEM,
 * EINVAL, EIO. */
int dns_new(struct dns **dp, struct event_base *base, const char *servers);
/* Handlers of questions under way are not called. */
void dns_free(struct dns *dns);
/* The handler is called once, perhaps before these return. family: AF_UNSPEC
 * for both. */
void dns_find_srv(struct dns *dns, const char *name, dns_srv_h *handler,
    void *arg);
void dns_find_addresses(struct dns *dns, const char *name, int family,
    dns_address_h *handler, void *arg);

/* dns_srv.c: the SRV records of an answer as it came. EBADMSG: it cannot be
 * read; ENOENT: there is none in it. */
int dns_srv_read(struct dns_srvs *srvs, const uint8_t *bytes, size_t length);

#endif
