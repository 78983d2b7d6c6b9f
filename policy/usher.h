/*
 * usher: one policy core for mail and calls.
 *
 * The only header that the milter, the SIP proxy, the command line and other
 * programs include. It knows no SMTP and no SIP: callers turn what a protocol
 * shows into facts, ask for a verdict, and answer in their protocol's words.
 *
 *	usher_open()			a handle: configuration, store, zones
 *	usher_conf_hold()		one immutable snapshot of usher.conf
 *	usher_policy_find()		who is approached
 *	usher_facts_new() ...		who approaches, how, about what
 *	usher_decide()			accept, defer, redirect, refuse, pending
 *	usher_words_lines()		what to tell whoever is turned away
 *
 * Functions return 0 or an errno value and fill an usher_error with a sentence
 * for a person; `error` may be NULL. Strings are UTF-8. Instants are seconds
 * since 1970-01-01T00:00:00Z. Handles, snapshots and policies may be shared by
 * threads; facts, messages and decisions belong to one thread at a time.
 */
#ifndef USHER_H
#define USHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

#define USHER_API __attribute__((visibility("default")))
#define USHER_VERSION "0.1.0"

struct usher_error {
	int code;	/* errno value */
	unsigned line;	/* in `file`, or 0 */
	char file[256]; /* or "" */
	char text[768]; /* what was wrong, where, what to do */
};

/* ---- problems of a source text: several are reported in one run ---- */

struct usher_problem {
	bool warning;
	unsigned line; /* 0: the file as a whole */
	const char *file;
	const char *text;
};

struct usher_problems;

USHER_API struct usher_problems *usher_problems_new(void);
USHER_API void usher_problems_free(struct usher_problems *problems);
USHER_API size_t usher_problems_count(const struct usher_problems *problems);
USHER_API size_t usher_problems_errors(const struct usher_problems *problems);
/* Sorted by file and line once all have been added. */
USHER_API const struct usher_problem *usher_problems_get(
    const struct usher_problems *problems, size_t index);

/* ---- words of the design ---- */

enum usher_channel {
	USHER_EMAIL,
	USHER_PHONE,
	USHER_VIDEO,
	USHER_FAX,
	USHER_MESSAGE,
	USHER_CHANNELS, /* how many an attempt may come by */
	USHER_POST = USHER_CHANNELS,
	USHER_PAGE, /* targets only */
	USHER_URI   /* a target written as a URI */
};

enum usher_purpose {
	USHER_PURPOSE_UNKNOWN,
	USHER_SALES,
	USHER_BULK,
	USHER_LIST,
	USHER_TRANSACTIONAL,
	USHER_PERSONAL
};

/* In the order of favour: the less favourable of two readings stands. */
enum usher_answer {
	USHER_REFUSE,
	USHER_REDIRECT,
	USHER_DEFER,
	USHER_ACCEPT,
	USHER_PENDING /* more facts are needed: see `needs` */
};

enum usher_reason {
	USHER_BY_RULE,
	USHER_OUTSIDE_HOURS,
	USHER_CAP_REACHED,
	USHER_SUBSTANCE_MISSING,
	USHER_BY_OVERRIDE,
	USHER_BY_PROMISE,
	USHER_FOR_SAFETY,
	USHER_NO_MEMORY
};

enum usher_standing { USHER_NEW, USHER_GOOD, USHER_POOR };

enum usher_mode { USHER_OFF, USHER_OBSERVE, USHER_ENFORCE };

/* What a protocol has shown, and what a policy may need. */
enum {
	USHER_HEADERS = 1,
	USHER_BODY = 2,
	USHER_ALL = USHER_HEADERS | USHER_BODY
};

USHER_API const char *usher_channel_word(enum usher_channel channel);
USHER_API const char *usher_purpose_word(enum usher_purpose purpose);
USHER_API const char *usher_answer_word(enum usher_answer answer);
USHER_API const char *usher_reason_word(enum usher_reason reason);
USHER_API const char *usher_mode_word(enum usher_mode mode);
/* false when the word is none; *channel etc. untouched then. */
USHER_API bool usher_channel_read(const char *word,
    enum usher_channel *channel);
USHER_API bool usher_purpose_read(const char *word,
    enum usher_purpose *purpose);

/* The name most like a mistyped word, or NULL when none is like enough. */
USHER_API const char *usher_text_suggest(const char *word,
    const char *const *names, size_t count);

/* ---- handle and configuration ---- */

struct usher;
struct usher_conf; /* a snapshot of usher.conf, shared by count */
/*
 * path NULL: no configuration file; defaults, no store (`--preferences`).
 * USHER_STORE opens the store too, USHER_PATIENT lets a Redis take seconds,
 * USHER_READY reads now, and at a reload, what else is read when asked for.
 */
enum { USHER_STORE = 1, USHER_PATIENT = 2, USHER_READY = 4 };
USHER_API int usher_open(struct usher **usher, const char *path, unsigned flags,
    struct usher_problems *problems, struct usher_error *error);
USHER_API void usher_close(struct usher *usher);

/*
 * Reads usher.conf again; on any error the old snapshot stays. Decisions
 * under way keep theirs.
 */
USHER_API int usher_reload(struct usher *usher, struct usher_problems *problems,
    struct usher_error *error);

USHER_API struct usher_conf *usher_conf_hold(struct usher *usher);
USHER_API void usher_conf_release(struct usher_conf *conf);

/* Site settings every part may need. Strings live as long as the snapshot. */
struct usher_site {
	const char *file;      /* usher.conf, or "" */
	const char *directory; /* it stands in */
	size_t domain_count;
	const char *const *domains;
	const char *timezone; /* IANA name */
	enum usher_mode mode;
	const char *page_url; /* "" : none */
	const char *page_directory;
	size_t allow_count; /* host patterns */
	const char *const *allow;
};
USHER_API const struct usher_site *usher_conf_site(
    const struct usher_conf *conf);
/* Whether a client address is one of site.internal. */
USHER_API bool usher_conf_internal(const struct usher_conf *conf,
    const struct sockaddr *client);

/* usher.conf `mail` (design-mail.md); durations in seconds, sizes in bytes. */
struct usher_mail {
	const char *socket;
	unsigned socket_mode;
	const char *socket_group;
	size_t authserv_count;
	const char *const *authserv_ids;
	bool authserv_stripped; /* authserv = "stripped" */
	bool trust_claimed;	/* trust = "claimed" */
	bool defer_hold;
	bool redirect_reply;
	bool mixed_aside;
	const char *aside;
	int64_t patience_s;
	int hold_days;
	const char *submit, *from;
	size_t keep_headers, keep_body;
};
USHER_API const struct usher_mail *usher_conf_mail(
    const struct usher_conf *conf);
/* Whether a client address is one of mail.relays. */
USHER_API bool usher_conf_relay(const struct usher_conf *conf,
    const struct sockaddr *client);

/* ---- usher.conf `sip` ---- */

#include "usher_sip.h"

/* ---- policies ---- */

struct usher_policy; /* compiled preferences, shared by count */

/*
 * The policy of a recipient by address ("alice@example.com", the delimiter
 * part already cut), number ("+14155550100") or SIP address
 * ("sip:1001@pbx.example.com"), as published in the store; else the site's
 * `default`; else *policy is NULL, and the recipient is left alone.
 * A publication is seen by the next call. Fails only when the store does: the
 * caller then fails open. The caller releases.
 */
USHER_API int usher_policy_find(struct usher *usher, struct usher_conf *conf,
    const char *who, struct usher_policy **policy, struct usher_error *error);

/* Compiles preferences straight from a file; problems tell of errors. */
USHER_API int usher_policy_read(struct usher_conf *conf, const char *path,
    struct usher_policy **policy, struct usher_problems *problems);
USHER_API int usher_policy_compile(struct usher_conf *conf, const char *name,
    const char *text, size_t length, struct usher_policy **policy,
    struct usher_problems *problems);
/* What the unpublished have towards strangers: it refuses all. ENOMEM. */
USHER_API int usher_policy_nobody(struct usher_conf *conf,
    struct usher_policy **policy);
USHER_API struct usher_policy *usher_policy_hold(struct usher_policy *policy);
USHER_API void usher_policy_release(struct usher_policy *policy);

USHER_API const char *usher_policy_name(const struct usher_policy *policy);
USHER_API const char *usher_policy_timezone(const struct usher_policy *policy);
/* Published address of a channel (or post, page), or NULL. */
USHER_API const char *usher_policy_published(const struct usher_policy *policy,
    enum usher_channel channel);
/* Whether an address or number, in any spelling, is one of its own. */
USHER_API bool usher_policy_owns(const struct usher_policy *policy,
    const char *who);
/* Own addresses and numbers in normal form, NULL past the last. */
USHER_API const char *usher_policy_address(const struct usher_policy *policy,
    size_t index);
/* Where mail is put aside: the file's `aside`, else mail.aside, or NULL. */
USHER_API const char *usher_policy_aside(const struct usher_policy *policy);
/* Whether any rule names this channel (a call is video only then). */
USHER_API bool usher_policy_names_channel(const struct usher_policy *policy,
    enum usher_channel channel);
/* Whether the purpose of an attempt may matter to it or to a target. */
USHER_API bool usher_policy_weighs(const struct usher_policy *policy);
/* A number of `faxes`. */
USHER_API bool usher_policy_is_fax(const struct usher_policy *policy,
    const char *number);
/* The milder of the site's and the file's. */
USHER_API enum usher_mode usher_policy_mode(const struct usher_policy *policy);
/* USHER_HEADERS, USHER_BODY: what a mail for it may have to show. */
USHER_API unsigned usher_policy_needs(const struct usher_policy *policy);
/* The same over all published policies: what to ask of an MTA. */
USHER_API unsigned usher_store_needs(struct usher *usher);

/* ---- facts: one attempt and what is known about it ---- */

struct usher_facts;

USHER_API int usher_facts_new(struct usher_conf *conf,
    enum usher_channel channel, struct usher_facts **facts);
USHER_API void usher_facts_free(struct usher_facts *facts);
USHER_API void usher_facts_channel(struct usher_facts *facts,
    enum usher_channel channel);
/*
 * Who approaches: an address, a number, a SIP or tel URI; several may be
 * claimed. What is proven is claimed as well. What cannot be read as an
 * identity is EINVAL and leaves the facts as they were.
 */
USHER_API int usher_facts_claim(struct usher_facts *facts, const char *who,
    struct usher_error *error);
USHER_API int usher_facts_prove(struct usher_facts *facts, const char *who,
    struct usher_error *error);
/* All that was claimed counts as proven (a site that trusts claims). */
USHER_API void usher_facts_prove_claims(struct usher_facts *facts);
USHER_API void usher_facts_anonymous(struct usher_facts *facts);
USHER_API int usher_facts_client(struct usher_facts *facts,
    const struct sockaddr *client);
/* The subject of a mail or call, and the reason a caller gave (RFC 9796). */
USHER_API int usher_facts_subject(struct usher_facts *facts,
    const char *subject, size_t length);
USHER_API int usher_facts_reason(struct usher_facts *facts, const char *reason,
    size_t length);
USHER_API void usher_facts_purpose(struct usher_facts *facts,
    enum usher_purpose purpose);
/* Purpose of a call or message from evidence in what was said of it. */
USHER_API int usher_facts_purpose_of_call(struct usher_facts *facts,
    const char *display_name, const char *organization);
/*
 * Any fact by name: attachment, link, words, text, topic, known, introduced,
 * stranger, anonymous, verified, code, stage, standing, tried, country,
 * network, client, reason. EINVAL names what a value should look like.
 */
USHER_API int usher_facts_set(struct usher_facts *facts, const char *name,
    const char *value, struct usher_error *error);
/*
 * What the protocol has shown so far: USHER_HEADERS, USHER_BODY. New facts of
 * e-mail have shown neither, all others both. What was not shown is unknown.
 */
USHER_API void usher_facts_shown(struct usher_facts *facts, unsigned shown);
USHER_API enum usher_purpose usher_facts_get_purpose(
    const struct usher_facts *facts);

/* ---- messages: facts from a mail ---- */

struct usher_message;

/*
 * What is known of a mail besides its own bytes. Any pointer may be NULL; with
 * queue_id and client both NULL the mail is a stored one, whose proof lies
 * below our own Received fields.
 */
struct usher_envelope {
	const char *mail_from; /* without <>; "" is the null sender */
	const char *queue_id;  /* this message's, for its proof */
	const struct sockaddr *client;
	const char *client_name, *helo;
};

/* Traits that safety rests on (design-mail.md "always accepted"). */
struct usher_traits {
	bool report;	/* multipart/report, disposition-notification */
	bool automatic; /* Auto-Submitted other than "no" */
	bool list;	/* List-* or Precedence of a list */
};

USHER_API int usher_message_new(struct usher_conf *conf,
    struct usher_message **message);
USHER_API void usher_message_free(struct usher_message *message);
/* Ready for the next message of a session. */
USHER_API void usher_message_reset(struct usher_message *message);
/* One header field in order, value as on the wire without its last CRLF. */
USHER_API int usher_message_header(struct usher_message *message,
    const char *name, const char *value);
USHER_API int usher_message_body(struct usher_message *message,
    const unsigned char *data, size_t length);
/* Whether mail.keep is full: further body changes nothing. */
USHER_API bool usher_message_full(const struct usher_message *message);
/* A whole message; CRLF or LF; a leading mbox From_ line is skipped. */
USHER_API int usher_message_read(struct usher_message *message,
    const char *data, size_t length);
/*
 * Puts what was shown into `facts`: claims, proof, subject, purpose with its
 * evidence, text, attachments, links. `shown` is USHER_HEADERS, or USHER_ALL at
 * the end of the message. The message must outlive the facts.
 */
USHER_API int usher_message_facts(struct usher_message *message,
    const struct usher_envelope *envelope, unsigned shown,
    struct usher_facts *facts, struct usher_error *error);
USHER_API struct usher_traits usher_message_traits(
    struct usher_message *message);
/* The one address of From, or NULL. */
USHER_API const char *usher_message_from(struct usher_message *message);
/* The time of the topmost Received, else Date; false when there is none. */
USHER_API bool usher_message_time(struct usher_message *message, int64_t *at);

/* ---- deciding ---- */

struct usher_memory; /* what the store remembers; NULL: nothing */

struct usher_opening {
	bool exists;
	int64_t from;  /* never before the question's instant */
	int64_t until; /* exclusive; INT64_MAX: no end in 35 days */
};

struct usher_target {
	enum usher_channel channel; /* USHER_URI for a URI of no channel */
	const char *uri;	    /* published or written, or NULL */
	struct usher_opening opening;
};

struct usher_verdict {
	enum usher_answer answer;
	unsigned needs;	  /* pending: USHER_HEADERS, USHER_BODY */
	const char *rule; /* name, "rules[0]", "otherwise", ... */
	enum usher_reason reason;
	struct usher_opening opening; /* of the channel asked */
	size_t target_count;
	const struct usher_target *targets;
	/* Of the channel they came by, once introduced by a target. */
	struct usher_opening introduced;
	size_t missing_count; /* what to bring, in words */
	const char *const *missing;
	bool asked;	 /* ... was not shown yet: it is asked */
	const char *say; /* the rule's text, or NULL */
	bool introduces;
	const char *deliver_to, *ring;
};

struct usher_question {
	const struct usher_policy *policy; /* NULL: left alone */
	const struct usher_facts *facts;
	const struct usher_memory *memory;
	int64_t at;
	const char *language; /* of the sender, as "de-AT", or a list in their
				 order, as "nl,de"; lives as long as the
				 decision; NULL: unknown */
	bool trace;	      /* keep what JSON tells */
	bool safety;	      /* always accepted, and why not asked */
};

struct usher_decision; /* a verdict with the memory it lives in */

/*
 * Pure: the same question has the same answer. `usher` gives targets that
 * are other recipients their own say, and may be NULL. Reuse a decision for
 * the next question, or pass a pointer to NULL. ENOMEM.
 */
USHER_API int usher_decide(struct usher *usher,
    const struct usher_question *question, struct usher_decision **decision,
    struct usher_error *error);
USHER_API void usher_decision_free(struct usher_decision *decision);
USHER_API const struct usher_verdict *usher_decision_verdict(
    const struct usher_decision *decision);

/* ---- memory between attempts ---- */

#include "usher_memory.h"

/* ---- signs of life ---- */

#include "usher_status.h"

/* ---- words ---- */

/*
 * What to tell whoever is turned away, as at most three whole sentences:
 * who asks what, when the door opens and what to bring, where to read more
 * with the reference. ASCII when asked for (SMTP), else UTF-8. The lines live
 * in the decision. Returns how many.
 */
enum { USHER_WORDS_LINES = 3 };
USHER_API size_t usher_words_lines(struct usher_decision *decision,
    const char *reference, bool ascii, const char *lines[USHER_WORDS_LINES]);
/* The same for an answer that several recipients share: it names nobody. */
USHER_API size_t usher_words_unnamed(struct usher_decision *decision,
    const char *reference, bool ascii, const char *lines[USHER_WORDS_LINES]);
/* A short reference for logs and words; `out` holds 13 bytes. */
enum { USHER_REFERENCE_TEXT = 13 };
USHER_API void usher_reference_make(char out[USHER_REFERENCE_TEXT]);

/* ISO 8601 in UTC with Z: "2026-11-24T21:00:00Z". */
enum { USHER_INSTANT_TEXT = 32 };
USHER_API void usher_instant_text(int64_t at, char text[USHER_INSTANT_TEXT]);
/* The same with the offset of the policy's zone; UTC when it is NULL. */
USHER_API void usher_instant_local(const struct usher_policy *policy,
    int64_t at, char text[USHER_INSTANT_TEXT]);

/* ---- mail: language, replies, held messages ---- */

#include "usher_mail.h"

/* ---- the command line's: stable JSON, publishing, analysis, the week ---- */

/* One object, no newline (design.md §10). The caller frees. NULL: no memory. */
USHER_API char *usher_decision_json(const struct usher_decision *decision,
    const char *recipient, const char *from, const char *file);
/* The trace for a person to read: every rule tried, and why not. */
USHER_API char *usher_decision_text(const struct usher_decision *decision,
    const char *recipient, const char *from);

/* TIME of the command line, read in the policy's zone (UTC when NULL). */
USHER_API int usher_time_read(struct usher_conf *conf,
    const struct usher_policy *policy, const char *text, int64_t *at,
    struct usher_error *error);

#include "usher_check.h"

/* The source files that `preferences` names, NULL past the last. */
USHER_API int usher_conf_sources(struct usher_conf *conf, char ***paths,
    struct usher_error *error);
USHER_API void usher_sources_free(char **paths);

struct usher_publication {
	size_t added, changed, removed, unchanged, broken;
};
/*
 * Checks every changed source and writes the store in one transaction; the
 * last good policy of a broken source stays. `paths` NULL: all sources, and
 * those that are gone are removed; else these alone. `tell` hears of each
 * change in words. EINVAL when any source was broken (the rest is published).
 */
typedef void (*usher_publish_h)(const char *what, const char *path,
    const char *name, void *arg);
USHER_API int usher_publish(struct usher *usher, const char *const *paths,
    struct usher_publication *publication, usher_publish_h tell, void *arg,
    struct usher_problems *problems, struct usher_error *error);

/* The recipient's week from the day of `at`; `memory` may be NULL. */
USHER_API int usher_show(struct usher *usher, const struct usher_policy *policy,
    const struct usher_memory *memory, int64_t at, FILE *out,
    struct usher_error *error);

#ifdef __cplusplus
}
#endif

#endif
