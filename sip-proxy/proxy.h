/*
 * proxy.h - the core between transactions and policy.
 *
 * One struct proxy per process, on one thread. Requests come in by
 * proxy_receive(), are given their way (request.c), are answered (reply.c,
 * refusal.c, options.c) or become calls: a server transaction with the client
 * transactions tried for it (call.c, forward.c, response.c), RFC 3261 §16.
 */
#ifndef USHER_SIP_PROXY_H
#define USHER_SIP_PROXY_H

#include "phones.h"
#include "screen.h"
#include "txn.h"
#include "waiting.h"

struct refusals;
struct callbacks;
struct event_base;

struct proxy_counters {
	uint64_t accepted, deferred, redirected, refused; /* decisions */
	uint64_t emergencies;
	uint64_t faults;    /* decided open because something failed */
	uint64_t malformed; /* turned away or dropped at the gate */
	uint64_t dropped;   /* not answered at all */
	uint64_t looped;
	uint64_t limited; /* of strangers: dropped for rate or ban */
	uint64_t bans;
};

struct proxy {
	struct log log;
	struct usher *usher;
	struct event_base *base;
	struct sip_timers *timers;
	struct sip_transports *transports;
	struct sip_txn_layer *txns;
	struct resolver *resolver;
	struct setup *setup;	      /* of new requests */
	struct usher_decision *asked; /* used again for each question */
	struct usher_memory *memory;  /* likewise; NULL before the first */
	/* What was of use to a call that is decided, and is to the next; NULL:
	 * none. */
	struct usher_facts *spare_facts;
	struct recall *spare_recall;
	unsigned late_writes; /* answered before it was, and not written yet */
	struct decisions *decisions;
	/* Who reads policies, and who reads memory: where the one hangs the
	 * other may not. */
	struct store_thread *policies, *store;
	struct waitings *waitings;
	struct refusals *refusals;
	struct callbacks *callbacks;
	struct defence *defence;
	struct bindings *bindings;
	struct call *calls; /* all that live */
	struct sip_timer probe;
	struct proxy_counters counters;
	uint8_t key[MAC_KEY];
	int64_t fixed_at; /* INT64_MIN: the clock runs */
	bool draining;
	bool hanging; /* the store thread was left behind: free nothing of it */
};

/*
 * start.c: everything that stands before the first request. The handle is the
 * caller's. EINVAL and others with a sentence; proxy_stop() follows in any
 * case.
 */
int proxy_start(struct proxy *proxy, struct usher *usher, bool in_front,
    struct usher_error *error);
void proxy_stop(struct proxy *proxy);
/* After usher_reload(): new calls see the new snapshot. On an error the old
 * setup stays. */
int proxy_reload(struct proxy *proxy, struct usher_error *error);

/* The clock of decisions, milliseconds since 1970; and the true one. */
int64_t proxy_clock_ms(const struct proxy *proxy);
int64_t proxy_real_ms(void);
/* A datagram; fits sip_transport_recv_h with the proxy as arg. */
void proxy_receive(const char *bytes, size_t length, const struct sip_peer *src,
    void *arg);
/* A request the transaction layer has for us; fits sip_txn_request_h. */
void proxy_request(struct sip_server *st, const struct sip_msg *msg,
    const struct sip_peer *src, void *arg);

/* --- a request on its way (request.c) --- */

enum toward { TO_HOPS, TO_TRUNKS, TO_PEER };

struct request {
	struct proxy *proxy;
	struct setup *setup;
	const struct sip_msg *msg;
	const struct sip_peer *src;
	struct origin origin;
	unsigned own_routes;	  /* Route values that are ours, to be taken */
	bool dialog;		  /* proven to be inside one */
	bool recover;		  /* our URI stands in the R-URI (§16.4) */
	struct sip_listener *out; /* that our last Route names, or NULL */
	struct sip_uri uri;	  /* R-URI, after recovery */
	bool has_flow;		  /* the PBX means this phone */
	uint64_t refusal;	  /* refusal_again()'s key of it, 0: none */
	struct flow flow;
	struct waiting *waited; /* handled anew; NULL: for the first time */
};

/* The way of a request whose setup and origin are known. */
void request_handle(struct request *request);

/* Whoever sends this proves nothing: UDP, and no phone, PBX or trunk. */
bool request_unproven(const struct request *request);

/* --- dialog.c --- */

/* "<sip:TOKEN@HOST;transport=tcp;lr;u=MAC>" over Call-ID and the caller's tag;
 * phone: whose flow the token names, NULL: no token; coded: ";c" says so. */
int dialog_route_text(const struct proxy *proxy, const struct sip_msg *msg,
    const char *host, enum sip_transport transport,
    const struct sip_peer *phone, bool coded, char *text, size_t size);
/* Whether access codes were taken out of the request that made the dialog. */
bool dialog_is_coded(const struct sip_msg *msg, unsigned own_routes);
/* Finds our values in Route (and R-URI); fills own_routes, dialog, recover,
 * out, uri. EBADMSG: a Route cannot be read. */
int dialog_read(struct request *request);
/* The n-th Route value from 0; false: there are fewer. */
bool dialog_route_at(const struct sip_msg *msg, unsigned n, struct span *value);

/* --- reply.c: answers of our own --- */

/* Final answer by a server transaction, or once without to the unproven.
 * headers: whole lines. */
void reply_final(const struct request *request, unsigned code,
    struct span headers);
/* 503 with Retry-After. */
void reply_unavailable(const struct request *request);
void reply_decision(const struct request *request,
    const struct decision *decision);
/* What no transaction can be made for: one message, stateless. */
void reply_stateless(struct proxy *proxy, const struct sip_msg *msg,
    const struct sip_peer *src, unsigned code, const char *reason);

/* --- refusal.c: one refusal to the unproven --- */

struct refusals *refusals_new(void);
void refusals_free(struct refusals *refusals);
unsigned refusals_kept(const struct refusals *refusals, uint64_t now_ms);
/* True: a retransmission, which got the first answer again. */
bool refusal_again(struct request *request);
/* answer NULL: code alone, with `headers`. Never longer than the request. */
void refusal_send(const struct request *request, unsigned code,
    const struct answer *answer, struct span headers);

/* stun.c: true: it was a keepalive of a phone, and is answered. */
bool stun_answer(struct proxy *proxy, const char *bytes, size_t length,
    const struct sip_peer *src);

/* --- defence.c: limits and bans, for others alone --- */

struct defence *defence_new(void);
void defence_free(struct defence *defence);
/* Counts a request of a stranger; false: it is dropped without a word. */
bool defence_admits(struct proxy *proxy, const struct sip_msg *msg,
    const struct sip_peer *src);
bool defence_bans(struct proxy *proxy, const union sip_addr *address);
/* A bad request came from there, or the PBX said no to what it asked. */
void defence_note_bad(struct proxy *proxy, const union sip_addr *address);

/* --- safety.c: ahead of everything --- */

struct callbacks *callbacks_new(void);
void callbacks_free(struct callbacks *callbacks);
unsigned callbacks_open(const struct callbacks *callbacks, uint64_t now_ms);
/* urn:service:sos, or an emergency number, from one who may call so. */
bool safety_is_emergency(const struct request *request);
/* From now on the way back is open to its caller. */
void safety_remember(const struct request *request);
/* Calls back to `who` pass for so long. */
void safety_await(struct proxy *proxy, const char *who, uint64_t for_ms);
/* A trusted psap-callback, or a call back to whoever made an emergency call. */
bool safety_is_callback(const struct request *request,
    const struct recipient *recipient);

/* --- options.c: OPTIONS to ourselves --- */
bool options_is_ours(const struct request *request);
/* 200 while a next hop lives, else 503. */
void options_answer(const struct request *request);

/* --- call.c, forward.c, response.c --- */

struct branch {
	struct branch *next;
	struct call *call;
	struct sip_client *ct; /* NULL: over */
	uint8_t hop;	       /* index among the hops, HOPS_MOST: none */
	bool left;	       /* given up for the next hop */
	bool rang;	       /* had a 101-199 */
	bool heard;	       /* had anything */
	unsigned code;	       /* its final, 0: none; 408, 503 by ourselves */
};

struct call {
	struct call *next, **back; /* in proxy->calls */
	struct proxy *proxy;
	struct setup *setup;
	struct decision *decision; /* NULL: not screened */
	struct sip_server *st;	   /* NULL: over */
	struct branch *branches;   /* the newest first */
	struct sip_buf *best;	   /* best final so far, our Via off */
	unsigned best_code;
	struct sip_timer timer_c, failover;
	struct sip_peer *peers; /* TO_PEER, in their order; owned */
	struct wanted *name;	/* that led to them, or NULL; owned */
	uint8_t toward;
	uint8_t own_routes, order_count, tried;
	bool dialog, recover;
	bool invite, cancelled, answered;
	bool waits;	/* for the name it goes to; `failover` bounds it */
	bool as_called; /* not to the decision's target after all */
	uint8_t busy;	/* in use on the stack: not freed yet */
	bool untrusted; /* identity headers are taken off */
	bool registers; /* Path is added, bindings are made of the 2xx */
	bool to_phone, from_phone;
	char *phone; /* AOR of the phone that it comes from, or NULL */
	bool stranger, credentials; /* who asked, and whether with these */
	struct sip_listener *out;   /* of TO_PEER, or NULL */
	uint8_t order[HOPS_MOST];
};

struct forwarding {
	enum toward toward;
	const struct sip_peer *peer; /* of TO_PEER */
	const struct wanted *name;   /* or its name: peer is NULL */
	struct decision *decision;   /* held by the call; may be NULL */
	bool registers, to_phone;
};

/* As decided: answered, or forwarded where the verdict says; else as `how`. */
void request_follow(struct request *request, struct decision *decision,
    const struct forwarding *how);

/* Takes the request over: a server transaction and its first client one. */
void call_begin(const struct request *request, const struct forwarding *how);
/* Tries its hops or peers. False: none took it, and the call has failed. */
bool call_go(struct call *call);
/* The next hop that was not tried. False: none is left. */
bool call_try_next(struct call *call);
void call_cancel(struct call *call, const struct sip_msg *cancel);
/* To the next hops after all. False: there is none that lives. */
bool call_choose_hops(struct call *call, const struct sip_msg *msg);
/* A final answer of our own, all branches given up; headers: whole lines. */
void call_answer(struct call *call, unsigned code, struct span headers);
void call_fail(struct call *call, unsigned code);
/* The final answer is on its way: nobody waits for another. */
void call_answered(struct call *call);
/* CANCEL for every branch without a final, but not for `but`. */
void call_cancel_branches(struct call *call, const struct branch *but,
    struct span headers);
/* Frees it once nothing is left of it. */
void call_settle(struct call *call);
/* Given up for the branch that was begun after it. */
void call_leave(struct call *call, struct branch *branch);
/* Calls that wait for a hop that died: the next one, or 503 if they rang. */
void call_hop_died(struct proxy *proxy, const struct hop *hop);
struct hops *call_hops(const struct call *call);
void calls_free(struct proxy *proxy);

/* reach.c: a call that goes to a name, which may have to be looked up. */
void call_reach(struct call *call, const struct wanted *name);
/* Places in their order for a call, as peers that `out` reaches where it can;
 * ENOMEM. */
int peers_of(struct sip_peer **peers, uint8_t *count, struct proxy *proxy,
    const struct places *places, struct span call_id, struct sip_listener *out);

/* forward.c: what leaves, and where to. */
struct forward {
	struct proxy *proxy;
	struct setup *setup;
	const struct decision *decision; /* may be NULL */
	const char *codes;		 /* to be taken out, or NULL */
	const struct hop *hop;		 /* NULL: elsewhere */
	struct sip_peer dst;		 /* its listener is set */
	struct sip_peer src;
	struct span branch;
	unsigned own_routes;
	bool dialog, recover;
	bool untrusted; /* identity headers are taken off */
	bool registers, to_phone, from_phone;
};

/* register.c: Path, for a `host` of ours that the registrar can reach. */
void register_edit(struct sip_edit *edit, const struct forward *forward,
    const char *host);

/* An errno value when the result is too long to send. */
int forward_build(char *out, size_t size, size_t *length,
    const struct sip_msg *msg, const struct forward *forward);
/* divert.c */
void divert_edit(struct sip_edit *edit, const struct decision *decision);
void strip_edit(struct sip_edit *edit);

/* next.c */
/* An ACK inside a dialog: no transaction, no answer. */
void forward_ack(const struct request *request);
/* Where the next Route or the R-URI leads; EAGAIN: to the name. ENOENT: it is
 * not reached from here. */
int forward_next(const struct request *request, struct sip_peer *peer,
    struct wanted *name);
/* A branch of ours: unique, and marked with what a loop keeps. */
struct span forward_branch(struct proxy *proxy, const struct sip_msg *msg,
    char *text, size_t size);
bool forward_is_loop(const struct request *request);

/* response.c: handlers of client transactions; arg is the branch. */
void response_receive(struct sip_client *ct, int err, const struct sip_msg *msg,
    void *arg);
void response_ended(int err, void *arg);
void response_timer_c(void *arg);
void response_failover(void *arg);

/* probe.c: OPTIONS to every next hop. */
void probe_start(struct proxy *proxy);
void probe_stop(struct proxy *proxy);
void probe_hop_heard(struct hop *hop, const struct proxy *proxy);
/* The same hop in the setup in force, which alone is probed; itself when that
 * has it no more. */
struct hop *hop_now(struct proxy *proxy, struct hop *hop);

/* counters.c: one line of JSON; how many calls wait for their answer. */
unsigned calls_unanswered(const struct proxy *proxy);
void counters_log(const struct proxy *proxy);

#endif
