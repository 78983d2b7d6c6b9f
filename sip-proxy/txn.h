/*
 * txn.h - the transaction layer: RFC 3261 §17 with RFC 6026 and RFC 4320.
 *
 * Between the transport and the proxy core (the "TU" of the RFC). It owns the
 * server and client transactions, finds the one a message belongs to in O(1),
 * retransmits, absorbs, acknowledges non-2xx finals, and ends by itself:
 * nobody frees a transaction. The TU keeps pointers to them until their
 * ended_h is called (once each, always), or detaches.
 *
 * One thread. Every call may call the send function and the handlers; inside a
 * handler any function may be called but sip_txn_layer_free(). Time is that of
 * the struct sip_timers given. Functions return 0 or an errno value.
 */
#ifndef USHER_SIP_TXN_H
#define USHER_SIP_TXN_H

#include "edit.h"
#include "gate.h"
#include "peer.h"
#include "timer.h"

struct sip_txn_layer;
struct sip_server; /* a server transaction */
struct sip_client; /* a client transaction */

/* A message's bytes, shared and never changed. */
struct sip_buf {
	unsigned refs;
	unsigned len;
	char data[];
};

struct sip_buf *sip_buf_new(const char *bytes, size_t len);
struct sip_buf *sip_buf_ref(struct sip_buf *buf);
void sip_buf_unref(struct sip_buf *buf); /* NULL: nothing */

/* Puts a message on the wire now; an errno value is a transport error of the
 * transaction it belongs to (EAGAIN: counts as sent and lost). */
typedef int sip_txn_send_h(const struct sip_peer *dst, const char *bytes,
    size_t len, void *arg);
/* The stream to dst, opened if need be, into dst->connection; an errno value as
 * of sip_txn_send_h. */
typedef int sip_txn_reach_h(struct sip_peer *dst, void *arg);
/*
 * A request for the TU:
 * st NULL: a new one, or an ACK or CANCEL that belongs to no transaction;
 * st and CANCEL: st is the INVITE it cancels, still without final answer. The
 *   200 has been sent (for a CANCEL after the final the layer sends it too);
 * st and ACK: it acknowledges a 2xx of st, to be forwarded.
 */
typedef void sip_txn_request_h(struct sip_server *st, const struct sip_msg *msg,
    const struct sip_peer *src, void *arg);
/* A response that belongs to no client transaction. */
typedef void sip_txn_stray_h(const struct sip_msg *msg,
    const struct sip_peer *src, void *arg);
/*
 * A client transaction's provisional or final response; every 2xx to an INVITE
 * again and again while it is accepted. msg NULL and err: none came
 * (ETIMEDOUT: act as on 408), or it could not be sent (act as on 503).
 */
typedef void sip_txn_response_h(struct sip_client *ct, int err,
    const struct sip_msg *msg, void *arg);
/* The transaction is over and gone after this call. err: 0, ETIMEDOUT (no ACK
 * came, no response came), a transport error, ECANCELED (layer freed). */
typedef void sip_txn_ended_h(int err, void *arg);

struct sip_txn_config {
	uint32_t t1_ms, t2_ms, t4_ms; /* 0: 500, 4000, 5000 */
	unsigned max;		      /* live, both kinds; 0: 100000 */
	uint8_t key[16];	      /* random: tables, branches, tags */
	sip_txn_send_h *send;
	sip_txn_send_h *answer; /* responses, soon; NULL: as `send` */
	sip_txn_reach_h *reach; /* NULL: all is datagrams */
	sip_txn_request_h *request;
	sip_txn_stray_h *stray; /* may be NULL */
	void *arg;
};

struct sip_txn_stats {
	unsigned servers, clients; /* live */
	uint64_t servers_made, clients_made;
	uint64_t requests_again; /* retransmissions seen and absorbed */
	uint64_t responses_again;
	uint64_t requests_resent;  /* by timers A and E */
	uint64_t responses_resent; /* by timer G and for requests again */
	uint64_t acks;		   /* matched to a non-2xx */
	uint64_t cancels;	   /* matched to an INVITE */
	uint64_t strays;	   /* responses of no transaction */
	uint64_t timeouts;	   /* B, F, H */
	uint64_t send_errors;
	uint64_t refused; /* over max */
};

int sip_txn_layer_new(struct sip_txn_layer **lp, struct sip_timers *timers,
    const struct sip_txn_config *config);
/* Ends every transaction (ECANCELED). */
void sip_txn_layer_free(struct sip_txn_layer *l);
const struct sip_txn_stats *sip_txn_stats(const struct sip_txn_layer *l);
/* Those above it, if there are, live on. */
void sip_txn_set_max(struct sip_txn_layer *l, unsigned max);
/* 0: as in the config. Timers that run keep their time. */
void sip_txn_set_timers(struct sip_txn_layer *l, uint32_t t1_ms, uint32_t t2_ms,
    uint32_t t4_ms);

/* Everything the gate passed goes in here. */
void sip_txn_receive(struct sip_txn_layer *l, const struct sip_msg *msg,
    const struct sip_peer *src);
/* An ICMP error with the bytes that came back: the transaction whose branch
 * they show fails with err. False: it is none of ours. */
bool sip_txn_icmp(struct sip_txn_layer *l, const char *bytes, size_t len,
    int err);
/* Whether a transaction lives on this stream. */
bool sip_txn_waits_on(const struct sip_txn_layer *layer, uint64_t connection);
/* A stream broke: client transactions on it fail, servers stop sending. */
void sip_txn_connection_lost(struct sip_txn_layer *l, uint64_t connection,
    int err);
/* For messages without a transaction (ACK to 2xx, late 2xx, stateless). */
int sip_txn_send(struct sip_txn_layer *l, const struct sip_peer *dst,
    const char *bytes, size_t len);

/* The same for responses, which may leave a moment later. */
int sip_txn_answer(struct sip_txn_layer *l, const struct sip_peer *dst,
    const char *bytes, size_t len);

/* --- server transactions --- */

enum sip_trying {
	SIP_TRYING_NOW,	  /* 100 at once */
	SIP_TRYING_LATER, /* after 200 ms unless answered by then */
	SIP_TRYING_NEVER
};

/* For a new request that the TU wants to answer statefully; not for ACK or
 * CANCEL (EINVAL). EEXIST: its transaction lives. ENOSPC: at max. ENOMEM.
 * trying says when an INVITE hears it; others once timer E of the client has
 * reached T2 (RFC 4320 §4.1), or NEVER. The bytes are copied. */
int sip_server_new(struct sip_server **sp, struct sip_txn_layer *l,
    const struct sip_msg *msg, const struct sip_peer *src,
    enum sip_trying trying, sip_txn_ended_h *ended, void *arg);
/* Sends a response made of the request (build.c); to_tag p NULL: the layer's
 * own for this transaction; src is the layer's. EALREADY: it has had its final
 * answer. A 408 to a non-INVITE is never sent, it ends the transaction; nor is
 * 101-199 to a non-INVITE (RFC 4320), which changes nothing. */
int sip_server_answer(struct sip_server *st, const struct sip_reply *reply);
/* The same for the bytes of a response, our Via already off. A 2xx after a 2xx
 * is sent, as often as it comes. */
int sip_server_respond(struct sip_server *st, unsigned code, const char *bytes,
    size_t len);
/* Without it answers end with the stream that the request came by; with it one
 * is opened to where its sender listens (RFC 3261 §18.2.2). */
void sip_server_may_return(struct sip_server *st);
/* Ends it without a word. */
void sip_server_drop(struct sip_server *st);
/* The handler will not be called any more. */
void sip_server_detach(struct sip_server *st);
/* The request's bytes, while it has no final answer; else NULL. */
const struct sip_buf *sip_server_request(const struct sip_server *st);
enum sip_method sip_server_method(const struct sip_server *st);
/* Source of the request, and where its responses go. */
const struct sip_peer *sip_server_source(const struct sip_server *st);
const struct sip_peer *sip_server_target(const struct sip_server *st);
/* Code of the last answer, 0 before the first. */
unsigned sip_server_code(const struct sip_server *st);
struct span sip_server_tag(const struct sip_server *st);
/* What sip_server_new() was given; NULL once detached. */
void *sip_server_arg(const struct sip_server *st);

/* --- client transactions --- */

#define SIP_BRANCH_TEXT 48

/* A branch never used before: the cookie, a counter and a keyed hash over
 * them. Returns text. */
const char *sip_branch_new(struct sip_txn_layer *l, char text[SIP_BRANCH_TEXT]);

/* Sends a request (never ACK: EINVAL) that carries our Via with this branch.
 * *cp is set before the first byte is sent; a send error comes by the handler,
 * after this call, from the timers. EEXIST, ENOSPC, ENOMEM. */
int sip_client_new(struct sip_client **cp, struct sip_txn_layer *l,
    enum sip_method method, struct span branch, const char *bytes, size_t len,
    const struct sip_peer *dst, sip_txn_response_h *response,
    sip_txn_ended_h *ended, void *arg);
/*
 * Wants an INVITE no more: sends CANCEL once a provisional came (now, if one
 * did), never when none comes or a final did. Retransmission of the INVITE
 * stops. Responses go on coming to the handler, a late 2xx too; ETIMEDOUT when
 * nothing final came 64*T1 after the CANCEL. headers: whole lines for the
 * CANCEL, or empty. Again: 0, nothing happens. EALREADY: has its final.
 */
int sip_client_cancel(struct sip_client *ct, struct span headers);
/* The handlers will not be called any more. */
void sip_client_detach(struct sip_client *ct);
enum sip_method sip_client_method(const struct sip_client *ct);
const struct sip_peer *sip_client_target(const struct sip_client *ct);
/* Code of the last response, 0 before the first. */
unsigned sip_client_code(const struct sip_client *ct);
/* Its bytes as sent, while no final came; else NULL. */
const struct sip_buf *sip_client_request(const struct sip_client *ct);

#endif
