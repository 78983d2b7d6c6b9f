/*
 * txn_int.h - inside the transaction layer. Private to txn_*.c.
 *
 * A struct txn heads both kinds of transaction: its place in a table, its two
 * timers, its owner's handler. It ends by txn_end() alone, which takes it out
 * of everything at once; its memory goes when the last call on the stack has
 * left the layer, so handlers may end what is being worked on.
 */
#ifndef USHER_SIP_TXN_INT_H
#define USHER_SIP_TXN_INT_H

#include "txn.h"

#define KEY_PARTS 7
#define STREAMS 1024 /* buckets */

/* What identifies a transaction; compared part by part, hashed with the
 * layer's secret so that nobody can aim at one bucket. */
struct txn_key {
	struct span part[KEY_PARTS];
	unsigned n;
};

enum txn_state {
	TXN_TRYING, /* Calling of an INVITE client */
	TXN_PROCEEDING,
	TXN_COMPLETED,
	TXN_CONFIRMED,
	TXN_ACCEPTED /* RFC 6026 */
};

struct txn {
	struct txn *next; /* in its bucket, later among the dead */
	struct txn *next_on, **back_on; /* beside it on its stream */
	uint64_t hash;
	struct sip_txn_layer *layer;
	struct sip_timer again; /* A, E, G, and the 100 of 200 ms */
	struct sip_timer end;	/* B, D, F, H, I, J, K, L, M */
	sip_txn_ended_h *ended;
	void *arg;
	int err;	      /* given to ended */
	uint32_t interval_ms; /* of again */
	uint16_t code;	      /* last response, 0: none */
	uint8_t method;	      /* enum sip_method */
	uint8_t state;
	bool server;
	bool reliable;
	bool dead;
	struct sip_buf *request;
	char *key; /* parts, each after its length; owned */
	size_t key_len;
};

struct txn_table {
	struct txn **buckets;
	unsigned size; /* a power of two */
	unsigned count;
};

struct sip_txn_layer {
	struct sip_timers *timers;
	struct sip_txn_config config;
	struct sip_txn_stats stats;
	struct txn_table servers, clients;
	struct txn *on_stream[STREAMS];
	uint64_t counter; /* branches and tags made */
	unsigned depth;	  /* calls on the stack */
	struct txn *dead;
	struct sip_msg scratch; /* for reading back; no handler runs then */
};

struct sip_server {
	struct txn t;
	struct sip_peer source, target;
	struct sip_buf *response; /* to be sent again */
	char tag[20];
	bool legacy;	   /* no magic cookie: RFC 2543 matching */
	bool returns;	   /* may be answered by another stream */
	bool muted;	   /* its stream is gone */
	bool hundred;	   /* a 100 is allowed */
	size_t to_tag_len; /* of the request, for legacy matching */
	char to_tag[64];
};

struct sip_client {
	struct txn t;
	struct sip_peer target;
	sip_txn_response_h *response;
	struct sip_buf *ack;		/* of a non-2xx, to be sent again */
	struct sip_buf *cancel_headers; /* wanted and not yet sent */
	bool cancelled;			/* the TU wants it no more */
	bool cancel_sent;
};

/* txn_table.c */
uint64_t txn_siphash(const uint8_t key[16], uint64_t seed, const void *bytes,
    size_t len);
uint64_t txn_key_hash(const struct sip_txn_layer *l, const struct txn_key *key);
bool txn_key_is(const struct txn *t, const struct txn_key *key);
int txn_table_init(struct txn_table *table);
/* Takes a copy of the key. ENOMEM. */
int txn_table_add(struct txn_table *table, struct txn *t,
    const struct txn_key *key, uint64_t hash);
void txn_table_remove(struct txn_table *table, struct txn *t);
/* It waits on this stream from now on (0: on none); txn_end() ends that. */
void txn_wait_on(struct txn *t, uint64_t connection);
void txn_wait_no_more(struct txn *t);

/* txn.c */
void txn_enter(struct sip_txn_layer *l);
void txn_leave(struct sip_txn_layer *l);
/* Takes it out of table and timers, tells its owner, frees it on leaving. */
void txn_end(struct txn *t, int err);
uint32_t txn_64_t1(const struct sip_txn_layer *l);
/* Counts errors; EAGAIN is none, the datagram was lost. */
int txn_put(struct sip_txn_layer *l, const struct sip_peer *dst,
    const struct sip_buf *buf);
bool txn_full(struct sip_txn_layer *l);

/* txn_find.c */
bool txn_has_cookie(struct span branch);
struct txn_key txn_server_key(const struct sip_msg *msg, struct span method,
    enum sip_transport transport);
struct sip_server *txn_server_find(struct sip_txn_layer *l,
    const struct sip_msg *msg, struct span method,
    enum sip_transport transport);

/* The same by a key at hand and its hash. */
struct sip_server *txn_server_keyed(struct sip_txn_layer *l,
    const struct sip_msg *msg, const struct txn_key *key, uint64_t hash);

/* txn_server.c */
int txn_server_make(struct sip_server **sp, struct sip_txn_layer *l,
    const struct sip_msg *msg, const struct sip_peer *src);
void txn_server_again(struct sip_server *st);
void txn_server_ack(struct sip_server *st, const struct sip_msg *msg,
    const struct sip_peer *src);
void txn_server_free(struct sip_server *st);

/* txn_client.c, txn_cancel.c */
struct sip_client *txn_client_find(struct sip_txn_layer *l, struct span branch,
    struct span method);
int txn_client_make(struct sip_client **cp, struct sip_txn_layer *l,
    enum sip_method method, struct span branch, struct sip_buf *request,
    const struct sip_peer *dst);
void txn_client_begin(struct sip_client *ct);
void txn_client_response(struct sip_client *ct, const struct sip_msg *msg);
/* Over in so many ms: given up while no final came, else well done. */
void txn_client_end_in(struct sip_client *ct, uint64_t ms);
/* Fails it from the timers, not within this call. */
void txn_client_fail(struct sip_client *ct, int err);
/* The moment of a provisional: sends the CANCEL that waits. */
void txn_client_cancel_now(struct sip_client *ct);
void txn_client_free(struct sip_client *ct);

#endif
