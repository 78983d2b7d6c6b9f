/*
 * transport.h - sockets on libevent's loop: messages in, messages out.
 *
 * Owns the listeners and the streams. Above it nobody knows a socket: a message
 * goes to a struct sip_peer and comes from one, whatever the transport. Nothing
 * blocks, nothing is printed: a slow or silent stream has its own buffer, and
 * is cut off when that is full.
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

/* A stream is over: what waits on it fails with err (0: closed in order). */
typedef void sip_transport_lost_h(uint64_t connection, int err, void *arg);
/* Whether a stream that came in may stay; `beside` it so many others of the
 * same address live. */
typedef bool sip_transport_admit_h(const struct sip_peer *src, unsigned beside,
    void *arg);
/* Whether a stream stays although nothing moved on it for the idle time. */
typedef bool sip_transport_keeps_h(uint64_t connection, void *arg);
/* The name a TLS server at dst must prove; NULL: its address. */
typedef const char *sip_transport_name_h(const struct sip_peer *dst, void *arg);

struct sip_transport_handlers {
	sip_transport_recv_h *recv;
	sip_transport_turn_h *turn; /* may be NULL, and those below too */
	sip_transport_error_h *error;
	sip_transport_lost_h *lost;
	sip_transport_admit_h *admit;
	sip_transport_keeps_h *keeps;
	sip_transport_name_h *name;
	void *arg;
};

/* Of streams; 0: as the default of design-calls.md. */
struct sip_transport_terms {
	size_t head, message; /* bytes */
	unsigned connections; /* of all listeners together */
	uint32_t handshake_ms, idle_ms;
};

enum sip_verify { SIP_VERIFY_NONE, SIP_VERIFY_GIVEN, SIP_VERIFY_REQUIRED };

/* Files in PEM; NULL or "": none, of `ca` the system's. */
struct sip_tls_terms {
	const char *certificate, *key, *ca;
	enum sip_verify verify; /* of clients; servers always are */
};

struct sip_transport_stats {
	uint64_t received, sent;
	uint64_t send_full; /* socket buffer full: lost as on the wire */
	uint64_t send_errors;
	uint64_t icmp;
	uint64_t truncated; /* longer than any datagram may be */
	unsigned streams;   /* live */
	uint64_t streams_in, streams_out, streams_refused, streams_broken;
};

int sip_transports_new(struct sip_transports **tp, struct event_base *base,
    const struct sip_transport_handlers *handlers);
void sip_transports_free(struct sip_transports *t);

/* For streams from now on; at the start before sip_transport_listen(). */
void sip_transports_terms(struct sip_transports *t,
    const struct sip_transport_terms *terms);
/* Certificates for TLS from now on. EINVAL and a sentence; what was in force
 * stays. */
int sip_transports_tls(struct sip_transports *t,
    const struct sip_tls_terms *terms, char *why, size_t size);

/* Binds. public_host NULL or "": the bound address, public_port 0: the bound
 * port. An errno value of socket(2) or bind(2); ENOTSUP: tls without a
 * certificate; ENAMETOOLONG. The listener lives as long as t. */
int sip_transport_listen(struct sip_transports *t, enum sip_transport transport,
    const union sip_addr *addr, const char *public_host, uint16_t public_port,
    struct sip_listener **lp);
/* The listener to reach dst with: of its transport and family, the bound
 * address fitting best; NULL when there is none. */
struct sip_listener *sip_transport_route(struct sip_transports *t,
    const struct sip_peer *dst);
unsigned sip_transport_count(const struct sip_transports *t);
struct sip_listener *sip_transport_at(struct sip_transports *t, unsigned index);

/*
 * The stream to dst, the one that lives or a new one: fills dst->connection. A
 * new one connects by itself; what is sent meanwhile waits in its buffer, and
 * `lost` tells when it fails. 0 for datagrams. EHOSTUNREACH, EMFILE, ENOSPC
 * (limit), errno values of connect(2).
 */
int sip_transport_reach(struct sip_transports *t, struct sip_peer *dst);
/* Whether a stream is still there. */
bool sip_transport_lives(const struct sip_transports *t, uint64_t connection);
/* Whether the far end of a TLS stream proved this name (RFC 5922 §7). */
bool sip_transport_proved(struct sip_transports *t, uint64_t connection,
    const char *name);

/* Sends now, or into the stream's buffer. dst->listener NULL:
 * sip_transport_route(). EAGAIN: socket buffer full; EHOSTUNREACH: no
 * listener; ENOTCONN: the stream is gone; else of sendmsg(2). Fits
 * sip_txn_send_h with the struct sip_transports as arg. */
int sip_transport_send(const struct sip_peer *dst, const char *bytes,
    size_t len, void *arg);
/* The same for a response, which nobody asks about: a datagram may leave with
 * others at the end of what is worked on. Fits sip_txn_send_h as well. */
int sip_transport_send_soon(const struct sip_peer *dst, const char *bytes,
    size_t len, void *arg);
const struct sip_transport_stats *sip_transport_stats(
    const struct sip_transports *t);

#endif
