/*
 * transport_int.h - between transport.c and the kinds of transport. Private.
 */
#ifndef USHER_SIP_TRANSPORT_INT_H
#define USHER_SIP_TRANSPORT_INT_H

#include "transport.h"

struct bufferevent;
struct udp_batch;
struct udp_out;
struct evconnlistener;
struct stream;
typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;

enum { STREAM_BUCKETS = 1024 };

/* One of ours: what others see of it comes first. */
struct listener {
	struct sip_listener shown;
	struct sip_transports *transports;
	struct listener *next;
	struct event *event;		 /* datagrams; or the rest */
	struct evconnlistener *acceptor; /* streams */
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
	struct udp_out *out;	 /* NULL: nothing left together yet */
	bool together;		 /* a batch is worked on: answers may wait */
	struct sip_transport_terms terms;
	struct stream *by_id[STREAM_BUCKETS], *by_address[STREAM_BUCKETS];
	struct stream *over; /* to be freed once the loop is back */
	struct event *sweep;
	uint64_t last_id;
	SSL_CTX *tls_server, *tls_client;
	bool tls_ca_later; /* the system's, at the first who must prove */
};

/* transport_udp.c */
int udp_open(struct listener *ln);
void udp_close(struct listener *ln);
int udp_send(struct listener *ln, const struct sip_peer *dst, const char *bytes,
    size_t len);
/* With the others of this batch; false: it is to be sent at once. */
bool udp_send_soon(struct listener *ln, const struct sip_peer *dst,
    const char *bytes, size_t len);
void udp_batch_free(struct udp_batch *batch);
void udp_out_free(struct udp_out *out);

/* A stream; transport_stream.c says how it lives. */
struct stream {
	struct sip_transports *transports;
	struct sip_peer peer;
	struct bufferevent *bev;
	struct event *clock; /* handshake, then silence */
	struct stream *next_id, *next_address, *next_over;
	bool open;   /* the handshake is done */
	bool active; /* something moved since the clock was set */
	bool used;   /* a message went by it, or was to */
	bool last;   /* closes once its buffer is written */
	bool over;
};

/* stream_table.c */
void stream_link(struct stream *s);
void stream_unlink(struct stream *s);
struct stream *stream_by_id(const struct sip_transports *t, uint64_t id);
/* The one to send a request to dst by, or NULL. */
struct stream *stream_by_far_end(const struct sip_transports *t,
    const struct sip_peer *dst);
/* How many come from, or go to, this host. */
unsigned streams_beside(const struct sip_transports *t,
    const union sip_addr *address);

/* transport_accept.c */
int stream_listen(struct listener *ln);
void stream_unlisten(struct listener *ln);

/* transport_stream.c */
/* Takes fd, unless it fails. */
int stream_accept(struct listener *ln, int fd, const struct sip_peer *src);
int stream_reach(struct sip_transports *t, struct sip_peer *dst);
int stream_send(struct sip_transports *t, const struct sip_peer *dst,
    const char *bytes, size_t len);
void streams_free(struct sip_transports *t);
const SSL *stream_ssl(struct sip_transports *t, uint64_t connection);

/* transport_tls.c: NULL without memory or certificate. */
SSL *tls_accepting(struct sip_transports *t);
SSL *tls_connecting(struct sip_transports *t, const struct sip_peer *dst);
void tls_free(struct sip_transports *t);

#endif
