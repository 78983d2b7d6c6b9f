/*
 * screen.h - from a request to a decision.
 *
 * A request that is screened is read by both readers (uri.h), its caller and
 * recipient found (identity.c, recipient.c), its channel and facts taken
 * (channel.c, facts.c), and libusher asked once (decide_call.c). What comes
 * out is a struct decision: to forward, perhaps elsewhere, or to answer
 * (answer.c). It is kept as long as the call may ask again (decisions.c).
 */
#ifndef USHER_SIP_SCREEN_H
#define USHER_SIP_SCREEN_H

#include "gate.h"
#include "mac.h"
#include "setup.h"
#include "timer.h"

enum {
	TAG_TEXT = 64,
	ID_TEXT = 340,
	IDS_MOST = 4,
	DISPLAY_TEXT = 256,
	LANGUAGES_TEXT = 128
};

struct proxy;

/* --- identity.c --- */

struct caller_id {
	bool proven;
	char text[ID_TEXT]; /* "+14155550100" or "sip:alice@example.net" */
};

struct caller {
	bool anonymous;
	bool hidden;   /* Privacy: never logged, never told */
	bool has_user; /* From has a user part */
	unsigned count;
	struct caller_id ids[IDS_MOST];
	char display[DISPLAY_TEXT]; /* of From, or "" */
};

/* EBADMSG: a value cannot be read, or is read in two ways: 400. ENOMEM. */
int caller_read(struct caller *caller, const struct setup *setup,
    const struct origin *origin, const struct sip_msg *msg);
/* The first proven, else the first claimed; NULL: none. */
const struct caller_id *caller_main(const struct caller *caller);
/* What may be logged: an identity, or "anonymous". */
const char *caller_shown(const struct caller *caller);

/* A URI as an identity under these terms: a number if it is one, else
 * sip:user@host. false: it has no user. number: only when it is one. */
bool identity_text(const struct setup *setup,
    const struct usher_sip_terms *terms, const struct sip_uri *uri,
    char text[ID_TEXT], bool *number);

/* --- recipient.c --- */

/* What is not at hand is missing on the loop, is read from the store by its
 * thread, and is a fault when it has not come in time. */
enum looking { LOOK_AT_HAND, LOOK_IN_STORE, LOOK_NO_MORE };

struct recipient {
	struct usher_policy *policy; /* NULL: left alone */
	bool published;		     /* a policy owns what was asked for */
	bool faulty;		     /* the store failed: fail open */
	bool missing;		     /* the store must be read first */
	enum looking looking;
	bool numbered;
	bool coded;	    /* asked for with a code beside the name */
	char tag[TAG_TEXT]; /* codes that were shown in URIs, or "" */
	char text[ID_TEXT]; /* as asked, or as published once found */
};

/* EBADMSG as above. recipient_done() must follow a 0. */
int recipient_find(struct recipient *recipient, enum looking looking,
    struct proxy *proxy, const struct setup *setup, const struct origin *origin,
    const struct sip_msg *msg);
/* The same of a phone: by its AOR ("" unknown), P-Called-Party-ID, To. */
int recipient_of_phone(struct recipient *recipient, enum looking looking,
    struct proxy *proxy, const struct setup *setup, const struct origin *origin,
    const struct sip_msg *msg, const char *aor);
void recipient_done(struct recipient *recipient);

/* --- channel.c, facts.c --- */

enum usher_channel channel_of(const struct sip_msg *msg,
    const struct recipient *recipient);
/* A MESSAGE that only tells of another: being written (RFC 3994), or delivered
 * (RFC 5438). It has a verdict and is no attempt. */
bool message_is_notice(const struct sip_msg *msg);
/* All there is to know for a policy; *spare, unless NULL, is taken and renewed
 * for it. NULL: no memory. */
struct usher_facts *facts_of(const struct setup *setup,
    const struct sip_msg *msg, const struct sip_peer *src,
    const struct caller *caller, const struct usher_policy *policy,
    enum usher_channel channel, struct usher_facts **spare);

/* language.c: what Accept-Language asks for, best first, as "fr,de"; NULL:
 * nothing. */
const char *languages_of(const struct sip_msg *msg, char text[LANGUAGES_TEXT]);

/* --- the decision --- */

/* Headers of an answer: whole lines, each with its CRLF, or empty. */
struct answer {
	unsigned code; /* 0: forwarded */
	struct span retry_after, call_info, contact, error_info, warning;
};

struct decision {
	unsigned references;
	struct decision *next_pair;  /* decisions.c */
	uint64_t call_key, pair_key; /* pair 0: nobody to pair with */
	unsigned open;		     /* transactions without a final answer */
	struct sip_timer timer;
	struct decisions *table;
	struct asking *asking;	 /* what it waits for (remember.h), or NULL */
	struct waiting *waiting; /* who waits for it */
	bool settled;		 /* what follows is known */
	struct attempt *attempt; /* to be noted when it rings, or NULL */

	enum usher_answer verdict;
	bool safe; /* emergency, or on the way back from one */
	struct answer answer;
	unsigned otherwise;    /* code if the target's name leads nowhere */
	char *target;	       /* URI to forward to instead, or NULL */
	const char *diversion; /* its reason, or NULL: not diverted */
	char *codes; /* to be taken out of what is forwarded, or NULL */
	char *text;  /* what the spans above lie in */
};

struct decision *decision_new(void);
struct decision *decision_hold(struct decision *decision);
void decision_release(struct decision *decision);

/* answer.c: code, headers and target of a verdict. ENOMEM. */
struct answering {
	const struct proxy *proxy;
	const struct setup *setup;
	const struct origin *origin;
	const struct sip_msg *msg;
	const struct usher_policy *policy;
	struct usher_decision *asked;
	const char *reference;
	const char *our_name; /* for Warning */
	int64_t now_ms;	      /* the clock of decisions */
};
int answer_make(struct decision *decision, const struct answering *how);
/* Whether anybody is told anything, which has a language. */
bool answer_has_words(const struct answering *how);
/* Seconds until an opening, rounded up, and how long it lasts, rounded down;
 * duration -1: it has no end. */
void answer_seconds(const struct usher_opening *opening, int64_t now_ms,
    int64_t *seconds, int64_t *duration);
/* All its headers in their order, `most` bytes at most: Warning, then
 * Error-Info, then the rest is left out. Returns the length. */
size_t answer_headers(const struct answer *answer, char *out, size_t size,
    size_t most);

/* target.c: where a URI may be sent to: REACH_PEER fills peer, REACH_NAME
 * name. */
enum reach { REACH_NONE, REACH_HOPS, REACH_PEER, REACH_NAME };
struct target {
	enum reach reach;
	struct sip_peer peer;
	struct wanted name;
};
enum reach target_find(struct target *target, const struct setup *setup,
    struct span uri);
/* How often it was diverted already. */
unsigned diversions_of(const struct sip_msg *msg);

/* --- decide_call.c --- */

struct screening {
	const struct request *request;
	struct proxy *proxy;
	struct setup *setup;
	const struct origin *origin;
	const struct sip_msg *msg;
	const struct sip_peer *src;
	struct caller caller;
	struct recipient recipient;
	enum usher_channel channel;	/* once it is to be decided */
	char languages[LANGUAGES_TEXT]; /* of the words, best first */
};

/* All there is to know of it, and which attempt it is. NULL: no memory. */
struct usher_facts *facts_of_attempt(const struct screening *screening);

/*
 * The decision of a request: the one its call has, or a new one. A question
 * (OPTIONS, a notice) leaves nothing behind; safety passes without asking. It
 * may wait for the store (remember_waits()). The caller releases. NULL: a
 * fault, already logged and counted; fail open.
 */
struct decision *screen(struct screening *screening, bool question,
    bool safety);

/* decisions.c: what was decided, by call and by pair. */
struct decisions;
struct decisions *decisions_new(struct sip_timers *timers);
void decisions_free(struct decisions *table);
/* Of a refusal without words the 32 s begin again: it is answered again. */
struct decision *decisions_find(struct decisions *table, uint64_t call_key);
struct decision *decisions_find_pair(const struct decisions *table,
    uint64_t pair_key);
/* Whether any call is under way that a pair would find. */
bool decisions_have_pairs(const struct decisions *table);
/* From now on its call finds it, or one like it; until 32 s after the last is
 * over. */
void decisions_keep(struct decisions *table, struct decision *decision);
/* A transaction under it begins, and has its final answer. */
void decision_begin(struct decision *decision);
void decision_end(struct decision *decision);
unsigned decisions_count(const struct decisions *table);

#endif
