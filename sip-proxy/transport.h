/*
 * transport.h - sockets on libevent's loop: datagrams in, datagrams out.
 *
 * Owns the listeners. Above it nobody knows a socket: a message goes to a
 * struct sip_peer and comes from one, whatever the transport; streams will
 * join UDP here behind the same functions. Nothing blocks, nothing is printed.
 */
#ifndef USHER_SIP_TRANSPORT_H
#define USHER_SIP_TRANSPORT_H

#include <stddef.h>

#include "peer.h"

struct event_base;
struct sip_transports;

struct sip_listener {
	enum sip_transport transport;
	union sip_addr addr; /* bound; the port the kernel gave for 0 */
	char host[256];	     /* public name or address, IPv6 in [] */
	uint16_t port;	     /* public port */
	unsigned index;	     /* 0, 1, ... in the order they were added */
};

/* One datagram, or one message of a stream. bytes are writable for nobody and
 * gone after the call. */
typedef void sip_transport_recv_h(const char *bytes, size_t len,
    const struct sip_peer *src, void *arg);
/* Called before the messages of one turn of the loop: set the clock. */
typedef void sip_transport_turn_h(void *arg);
/* An ICMP error (or a broken connection): who could not be reached, and the
 * part of our message that came back, perhaps empty. */
typedef void sip_transport_error_h(const struct sip_peer *dst, int err,
    const char *bytes, size_t len, void *arg);

struct sip_transport_handlers {
	sip_transport_recv_h *recv;
	sip_transport_turn_h *turn;   /* may be NULL */
	sip_transport_error_h *error; /* may be NULL */
	void *arg;
};

struct sip_transport_stats {
	uint64_t received, sent;
	uint64_t send_full; /* socket buffer full: lost as on the wire */
	uint64_t send_errors;
	uint64_t icmp;
	uint64_t truncated; /* longer than any datagram may be */
};

int sip_transports_new(struct sip_transports **tp, struct event_base *base,
    const struct sip_transport_handlers *handlers);
void sip_transports_free(struct sip_transports *t);

/* Binds. public_host NULL or "": the bound address, public_port 0: the bound
 * port. An errno value of socket(2) or bind(2); ENOTSUP: this transport is not
 * built yet; ENAMETOOLONG. The listener lives as long as t. */
int sip_transport_listen(struct sip_transports *t, enum sip_transport transport,
    const union sip_addr *addr, const char *public_host, uint16_t public_port,
    struct sip_listener **lp);
/* The listener to reach dst with: of its transport and family, the bound
 * address fitting best; NULL when there is none. */
struct sip_listener *sip_transport_route(struct sip_transports *t,
    const struct sip_peer *dst);
unsigned sip_transport_count(const struct sip_transports *t);
struct sip_listener *sip_transport_at(struct sip_transports *t, unsigned index);

/* Sends now. dst->listener NULL: sip_transport_route(). EAGAIN: buffer full;
 * EHOSTUNREACH: no listener; else of sendmsg(2). Fits sip_txn_send_h with the
 * struct sip_transports as arg. */
int sip_transport_send(const struct sip_peer *dst, const char *bytes,
    size_t len, void *arg);
const struct sip_transport_stats *sip_transport_stats(
    const struct sip_transports *t);

#endif
