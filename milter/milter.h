/*
 * milter: what the parts of usher-milter share: the daemon, a session.
 *
 * libmilter calls one set of functions (session_describe) from several
 * threads; a session is touched by one of them at a time. The daemon is made
 * by main.c and outlives every session.
 */
#ifndef USHER_MILTER_H
#define USHER_MILTER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <libmilter/mfapi.h>

#include "log.h"
#include "repeat.h"
#include "turn.h"
#include "received.h"
#include "split.h"
#include "usher.h"

/* Since the start; told at a reload and at the end. */
struct counts {
	atomic_ulong messages; /* judged to their end */
	atomic_ulong decisions;
	atomic_ulong turned_away; /* recipients answered 4xx or 5xx */
	atomic_ulong split;	  /* asked to come again: recipients differed */
	atomic_ulong differed;	  /* accepted for all: recipients differed */
	atomic_ulong held;	  /* put into the MTA's quarantine */
	atomic_ulong aside;	  /* recipients whose copy went aside */
	atomic_ulong unkept; /* let pass: the store took no promise, split... */
	atomic_ulong faults; /* of ours: let pass */
	/* Verdicts, by enum usher_answer. */
	atomic_ulong verdicts[USHER_PENDING];
	atomic_ulong repeats;	 /* retries that were not logged one by one */
	atomic_llong last_fault; /* its instant, or 0 */
};

struct outbox;

struct milter {
	struct usher *usher;
	struct outbox *outbox; /* NULL: no reply is ever sent */
	struct log log;
	bool clock_fixed; /* --at */
	int64_t clock_at;
	atomic_long sessions; /* open now */
	struct counts counts;
	struct turns turns;
	struct repeats repeats;
};

/*
 * Recipients of a transaction that may get a 4xx. Postfix slows clients at the
 * 10th error and hangs up at the 20th, and who got a 4xx comes back every time:
 * nobody behind them would be reached.
 */
enum { MOST_DEFERRED = SPLIT_MOST_LATER };

/* What one recipient would get at the end of the message. */
enum outcome {
	OUTCOME_PASS,
	OUTCOME_AWAY,  /* 450 or 550 */
	OUTCOME_HELD,  /* the MTA's quarantine, until the opening */
	OUTCOME_ASIDE, /* delivered aside */
	OUTCOME_REPLY  /* aside, and one reply */
};

/* Who a relay says it has a message from. */
struct origin {
	bool known;
	bool closed; /* fields further down are not the relay's */
	struct received received;
};

/* One recipient of a message that was not turned away at RCPT. */
struct recipient {
	char *path; /* as the MTA tells it */
	/* As the client names it, without <>; a code has been taken out. */
	char *address;
	char *tag; /* its delimiter part as it came, or NULL */
	char *who; /* in plain form, its delimiter part cut */
	struct usher_policy *policy;	 /* NULL: left alone */
	struct usher_decision *decision; /* NULL: none yet, or a fault */
	const char *safety;		 /* why always accepted, or NULL */
	int64_t at;			 /* the instant of the decision */
	bool enforce;			 /* its verdict may be answered */
	bool paused;			 /* ... but for `usher pause` */
	bool pending;			 /* content decides */
	bool logged, counted;
	bool taken;	      /* as an attempt that counts, see attempt.h */
	const char *passed;   /* why it passes whatever the verdict, or NULL */
	enum outcome outcome; /* at the end of the message */
	char *answer;	      /* equal for equal outcomes; NULL: accept */
	char reference[USHER_REFERENCE_TEXT];
};

/* From MAIL until the end of its message. */
struct mail {
	struct usher_conf *conf; /* held; NULL: no mail under way */
	char *sender;		 /* without <>; "" is the null sender */
	char *queue_id;		 /* NULL: the MTA has told none */
	const char *safety;  /* why the client is always accepted, or NULL */
	bool relay;	     /* the client is one of mail.relays */
	bool blind;	     /* memory ran out: all of it passes */
	bool takes_codes;    /* some recipient does: fields are kept for it */
	struct codes *codes; /* those fields, or NULL (codes.c) */
	struct recipient *recipients;
	size_t count, room;
	unsigned deferred;	     /* recipients that got a 4xx */
	struct usher_policy *writer; /* whose mail to others this is, or NULL */
	struct parted *parted; /* recipients who differed before, or NULL */
	uint64_t looks;	       /* tells this message from others */
	bool logged_in;	       /* the client, with a login of its own */
	int64_t arrival;       /* of MAIL, by the system's clock */
	uint64_t bytes, seen;  /* as the client says; of the body, here */
	struct origin *origin; /* of a relay's mail: who gave it to them */
	unsigned forged;       /* Usher-Verdict fields that came with it */
	char *solicitation;    /* RFC 3865 classes it claims, or NULL */
	/* By what had been shown: nothing, headers, all. They end with the
	 * mail, because words are still made from them. */
	struct usher_facts *facts[USHER_ALL + 1];
};

struct session {
	struct milter *milter;
	char id[USHER_REFERENCE_TEXT];
	bool body_comes, skip_offered;	 /* as negotiated */
	bool edit_offered, move_offered; /* headers, recipients */
	bool hold_offered;		 /* quarantine */
	unsigned long unanswered;	 /* SMFIP_NR_* that were agreed on */

	struct sockaddr_storage client; /* family AF_UNSPEC: not known */
	char *client_name, *helo;	/* or NULL */
	bool local;    /* submitted on this host, without SMTP */
	bool has_turn; /* its body is read now */

	struct mail mail;
	struct usher_message *content;	 /* kept for the next mail */
	struct usher_conf *content_conf; /* held by it */
	struct usher_decision *spare;	 /* its memory serves the next */
	struct usher_memory *memory;	 /* of the last question */
};

/* ---- session.c: connection and message, and what libmilter calls ---- */

/* Every session from now on is this daemon's. */
void session_describe(struct smfiDesc *desc, struct milter *milter);
struct session *session_new(struct milter *milter);
struct session *session_of(SMFICTX *ctx);
/* Decisions not yet told are logged, the rest is forgotten. */
void session_end_mail(struct session *session);
/* What a callback returns that has nothing to say; step is SMFIP_NR_*. */
sfsistat session_go_on(const struct session *session, unsigned long step);
/* The queue id, once the MTA has told it. */
void session_note_queue_id(SMFICTX *ctx, struct session *session);
int64_t milter_now(const struct milter *milter);

/* ---- negotiate.c ---- */

sfsistat negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
    unsigned long unused_2, unsigned long unused_3, unsigned long *want_actions,
    unsigned long *want_steps, unsigned long *want_2, unsigned long *want_3);

/* ---- recipient.c: the verdict at RCPT ---- */

sfsistat recipient_given(SMFICTX *ctx, char **argv);
/* Whether any verdict waits for content. */
bool recipient_any_pending(const struct mail *mail);
/* Whether anybody is answered at the end: pending, or turned away there. */
bool recipient_any_waiting(const struct mail *mail);
/* Whether the verdict, if any, turns this recipient away by itself. */
bool recipient_turns_away(const struct recipient *recipient);
/* Whether any verdict is answered or written into the header. */
bool recipient_any_enforced(const struct mail *mail);
/* Whether all recipients are one address. */
bool recipient_only_one(const struct mail *mail);
void recipient_free(struct recipient *recipient);

/* ---- judge.c: facts and verdicts ---- */

/* Decides all that is pending with what was shown (USHER_HEADERS, ...). */
void judge_pending(struct session *session, unsigned shown);
/* Decides with the facts of the envelope alone; may leave it pending. */
void judge_envelope(struct session *session, struct recipient *recipient);
/* Decides once more, with what is remembered by now. */
void judge_anew(struct session *session, struct recipient *recipient);
/* What is known of the message once all of it was shown; NULL: a fault. */
struct usher_facts *judge_facts(struct session *session);
/* The richest facts that a verdict was taken on; NULL: none. */
struct usher_facts *judge_latest(const struct session *session);
/* Whether a promise may yet hold back what the envelope decided. */
bool judge_promised(const struct session *session);
/* The builder of the message under way, or NULL without memory. */
struct usher_message *judge_content(struct session *session);
/* The verdict, or NULL: left alone, pending or a fault. */
const struct usher_verdict *judge_verdict(const struct recipient *recipient);

/* ---- finish.c: end of message ---- */

sfsistat finish_mail(SMFICTX *ctx);

/* ---- tell.c: lines about mails ---- */

/* The decision on a recipient and the code it was answered with. */
void tell_decision(struct session *session, struct recipient *recipient,
    const char *answer, const char *because);
/* Somebody who has to come again: which code, at RCPT. */
void tell_later(struct session *session, const char *recipient,
    const char *answer);
/* A fault of ours: counted, and whatever it was about passes. */
void tell_fault(struct session *session, const char *recipient,
    const struct usher_error *error);
void tell_counts(struct milter *milter);
/* The same as names and values; returns how many. */
size_t tell_counts_list(struct milter *milter,
    struct usher_count counts[USHER_COUNTS]);

#endif
