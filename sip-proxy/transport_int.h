/*
 * transport_int.h - between transport.c and the kinds of transport. Private.
 */
#ifndef USHER_SIP_TRANSPORT_INT_H
#define USHER_SIP_TRANSPORT_INT_H

#include "transport.h"

struct udp_batch;

/* One of ours: what others see of it comes first. */
struct listener {
	struct sip_listener shown;
	struct sip_transports *transports;
	struct listener *next;
	struct event *event;
	int fd;
	bool wildcard; /* bound to all addresses of its family */
};

struct sip_transports {
	struct event_base *base;
	struct sip_transport_handlers handlers;
	struct sip_transport_stats stats;
	struct listener *first, *last;
	unsigned count;
	struct udp_batch *batch; /* one for all: they read in turn */
};

/* transport_udp.c */
int udp_open(struct listener *ln);
void udp_close(struct listener *ln);
int udp_send(struct listener *ln, const struct sip_peer *dst, const char *bytes,
    size_t len);
void udp_batch_free(struct udp_batch *batch);

#endif
