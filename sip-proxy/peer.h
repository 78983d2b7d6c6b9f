/*
 * peer.h - where a message came from, and where one goes.
 *
 * Used by every layer that sends. A peer is a value: copy it freely. It holds
 * no reference on its listener, which must outlive whatever keeps the peer.
 */
#ifndef USHER_SIP_PEER_H
#define USHER_SIP_PEER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "gate.h"
#include "uri.h"

/* Large enough for "[" IPv6 "]:65535" and the NUL. */
#define SIP_ADDR_TEXT 56

enum sip_transport { SIP_OVER_UDP, SIP_OVER_TCP, SIP_OVER_TLS };

union sip_addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

struct sip_listener;

struct sip_peer {
	union sip_addr addr;  /* the far end */
	union sip_addr local; /* our address it used; family 0: unknown */
	enum sip_transport transport;
	struct sip_listener *listener; /* NULL: any of the family */
	uint64_t connection; /* of a stream, never used again; 0: none */
};

socklen_t sip_addr_len(const union sip_addr *a);
/* EINVAL when the family is neither AF_INET nor AF_INET6. */
int sip_addr_set(union sip_addr *a, const struct sockaddr *sa);
/* Literal of either family, IPv6 with or without brackets; else EINVAL. */
int sip_addr_parse(union sip_addr *a, struct span host, uint16_t port);
uint16_t sip_addr_port(const union sip_addr *a);
void sip_addr_set_port(union sip_addr *a, uint16_t port);
bool sip_addr_same_host(const union sip_addr *a, const union sip_addr *b);
bool sip_addr_same(const union sip_addr *a, const union sip_addr *b);
/* Address alone (IPv6 without brackets: `received`), or for URIs and Via, with
 * brackets and, when port is not 0, ":port". Returns text. */
const char *sip_addr_host(const union sip_addr *a, char text[SIP_ADDR_TEXT]);
const char *sip_addr_text(const union sip_addr *a, char text[SIP_ADDR_TEXT]);

/* The address as it lies in memory, without its port: what keys are made of. */
struct span sip_addr_bytes(const union sip_addr *a);
/* Decimal figures, without a NUL; returns what is behind them. */
char *sip_put_decimal(char *out, unsigned value);

bool sip_transport_reliable(enum sip_transport t);
/* "UDP", "TCP", "TLS" */
const char *sip_transport_name(enum sip_transport t);

/* How a URI wants to be reached: its transport parameter, else TLS for sips and
 * UDP for sip; and the port, by default 5060, or 5061 for TLS. */
enum sip_transport sip_uri_transport(const struct sip_uri *uri);
uint16_t sip_uri_port(const struct sip_uri *uri);

/* Where responses to this request go (RFC 3261 §18.2.2, RFC 3581 §4): back to
 * the source, at the port of sent-by unless rport was asked for. */
void sip_peer_reply(struct sip_peer *dst, const struct sip_via *via,
    const struct sip_peer *src);
/* The stream to dst is gone: where its far end listens, by the Via of what it
 * sent (§18.2.2). False: the Via does not say. */
bool sip_peer_return(struct sip_peer *dst, const struct sip_via *via);
/* Where a response goes by its topmost Via alone (ours popped): received, rport
 * and sent-by; ENOENT when that is a name. */
int sip_peer_from_via(struct sip_peer *dst, const struct sip_via *via);

#endif
