/*
 * usher_memory: what is remembered between attempts; included by usher.h.
 *
 * Published policies are one half of the store, memory is the other: promises,
 * who is known, pauses, and small records that the daemons keep (a split under
 * way, a held mail, a reply to be sent). Reading takes a snapshot and never
 * waits for a writer. What is to be written is gathered as notes and committed
 * whole: all of it or nothing. Commits of several threads are grouped.
 *
 * Instants are seconds since 1970-01-01T00:00:00Z, by the clock of decisions.
 */
#ifndef USHER_MEMORY_PUBLIC_H
#define USHER_MEMORY_PUBLIC_H

#ifndef USHER_H
#error "include usher.h"
#endif

/* ---- reading, for one question ---- */

/*
 * What is remembered of this attempt's party with the recipient `who` (the
 * address approached; it tells recipients under the site's default apart).
 * *memory is NULL at first, then used again; free it at last. On an error
 * *memory says that it is unreadable and may still be asked with
 * (design.md §6 "When the store cannot be read"); the caller logs and counts.
 */
USHER_API int usher_memory_read(struct usher *usher,
    const struct usher_policy *policy, const char *who,
    const struct usher_facts *facts, int64_t at, struct usher_memory **memory,
    struct usher_error *error);
USHER_API void usher_memory_free(struct usher_memory *memory);
/* The milder of `mode` and a pause in force (`usher pause`: observe). */
USHER_API enum usher_mode usher_memory_mode(const struct usher_memory *memory,
    enum usher_mode mode);
/* Until when a pause is in force; 0: there is none. */
USHER_API int64_t usher_memory_paused(const struct usher_memory *memory);
/*
 * What a recipient has opened or closed for a while (`usher open`, `usher
 * close`): of two that match an attempt the later given wins.
 */
struct usher_override {
	bool opens;		   /* else closes */
	unsigned channels;	   /* 1u << channel each; 0: any */
	const char *party, *topic; /* names, or NULL: any */
	int64_t given, until;
};
/* Those in force or to come, in the order given; NULL past the last. */
USHER_API const struct usher_override *usher_memory_override(
    const struct usher_memory *memory, size_t index);
/*
 * Whether a live promise to this recipient may still match by proof that has
 * not been shown: nobody is turned away on the envelope then.
 */
USHER_API bool usher_memory_promised(const struct usher_memory *memory);

/* ---- notes: what is to be remembered, committed whole ---- */

struct usher_notes;

USHER_API int usher_notes_new(struct usher *usher, struct usher_notes **notes,
    struct usher_error *error);
USHER_API void usher_notes_free(struct usher_notes *notes);
/*
 * The opening that this decision told (defer, or a redirect's) is promised to
 * the attempt's party (design.md §5 "Promise", design-mail.md "Promises by
 * mail"). Without an opening, or where the same promise stands, nothing is
 * noted. `reference` is the one in the words.
 */
USHER_API int usher_notes_promise(struct usher_notes *notes,
    const struct usher_policy *policy, const char *who,
    const struct usher_facts *facts, const struct usher_decision *decision,
    const char *reference, struct usher_error *error);
/*
 * The attempt was accepted on the wire: the promise that let it in, or would
 * have, is used up. Where there is none nothing is noted, and a commit of
 * nothing costs nothing. `decision` is the one that accepted.
 */
USHER_API int usher_notes_came(struct usher_notes *notes,
    const struct usher_policy *policy, const char *who,
    const struct usher_facts *facts, const struct usher_decision *decision,
    struct usher_error *error);

/* ---- attempts: what caps, `tried` and introductions rest on ---- */

/*
 * Which attempt this is, so that however often it comes it counts once: of a
 * call its Call-ID and caller's tag. Of a mail usher_message_facts() knows.
 */
USHER_API int usher_facts_attempt(struct usher_facts *facts,
    const char *identity);
/* What became of an attempt. */
enum usher_became {
	/* Turned away, or not accepted yet: it may come again. */
	USHER_CAME,
	/* Turned away for good: what comes next is another attempt. */
	USHER_ENDED,
	/* Accepted on the wire, beyond recall: a call that rings. */
	USHER_TAKEN,
	/*
	 * To be accepted once this is durable (a mail before its 250). If a
	 * cap was reached meanwhile, by another attempt or another process,
	 * the commit's answer is EDQUOT and nothing of these notes is written:
	 * read the memory anew and decide again.
	 */
	USHER_TAKING
};
/*
 * Whether an attempt so decided is remembered at all: most policies count
 * nothing, and need no notes. Of a decision that is USHER_ACCEPT, by the rule
 * that accepted.
 */
USHER_API bool usher_attempt_counts(const struct usher_policy *policy,
    const struct usher_decision *decision);
/*
 * The attempt that was decided so is remembered: for `tried` whatever the
 * verdict, for `at_most` and `introduced` when it was accepted. `facts` are
 * the richest there are, since proven and claimed attempts count apart. The
 * note is made in memory without any wait, so whoever must not block makes it
 * where the decision is, and hands it to usher_notes_commit_later() (and not
 * with USHER_TAKING, whose answer would be lost) or has another thread commit
 * it. Noted twice, or again after a crash, an attempt counts once.
 */
USHER_API int usher_notes_attempt(struct usher_notes *notes,
    const struct usher_policy *policy, const char *who,
    const struct usher_facts *facts, const struct usher_decision *decision,
    enum usher_became became, struct usher_error *error);

/* ---- what else is noted ---- */

/* The recipient wrote to or called `party` by hand. */
USHER_API int usher_notes_known(struct usher_notes *notes,
    const struct usher_policy *policy, const char *who, const char *party,
    int64_t at, struct usher_error *error);
/* Usher only observes until then; policy NULL: for the whole site; 0 ends. */
USHER_API int usher_notes_pause(struct usher_notes *notes,
    const struct usher_policy *policy, const char *who, int64_t until,
    struct usher_error *error);
/*
 * In place of what was opened or closed for the same channels, party and
 * topic; until 0 only ends that. EINVAL: the recipient and the site have no
 * such party or topic. ENOSPC, at the commit: USHER_OVERRIDES are in force.
 */
enum { USHER_OVERRIDES = 100 };
USHER_API int usher_notes_override(struct usher_notes *notes,
    const struct usher_policy *policy, const char *who,
    const struct usher_override *override, struct usher_error *error);
/*
 * The recipient holds that `party`, an address, domain or number, stands at
 * this stage; removed: no more, and stage NULL: at none. EINVAL: the site has
 * no such stage, or `party` is none.
 */
USHER_API int usher_notes_stage(struct usher_notes *notes,
    const struct usher_policy *policy, const char *who, const char *party,
    const char *stage, bool removed, struct usher_error *error);
/* Each mark that a recipient holds; ends at an answer that is not 0. */
typedef int (
    *usher_stage_each_h)(void *arg, const char *party, const char *stage);
USHER_API int usher_stage_each(struct usher *usher,
    const struct usher_policy *policy, const char *who, usher_stage_each_h each,
    void *arg, struct usher_error *error);
/*
 * All that the notes look at is theirs, `owned` included, which is released
 * (NULL: needless) with them: they may be left behind on a disk that stopped.
 */
USHER_API void usher_notes_own(struct usher_notes *notes,
    void (*release)(void *owned), void *owned);
/*
 * 0: durable. ETIMEDOUT: nothing was begun within wait_ms (negative: no
 * limit), and nothing will be. EINPROGRESS: it was, but two seconds later the
 * disk has not taken it, and it may yet be written: of usher_notes_own()
 * alone, others wait to the end. Any other error: nothing was written. Notes
 * may not be used again, only freed.
 */
USHER_API int usher_notes_commit(struct usher_notes *notes, int wait_ms,
    struct usher_error *error);
/* The same in the background, for what no answer rests on; takes the notes. */
USHER_API void usher_notes_commit_later(struct usher_notes *notes);

/* ---- learning: who was written to, from what was kept of it ---- */

struct usher_learner;

/* `who` wrote; the policy's other addresses count as well. */
USHER_API int usher_learner_new(struct usher *usher, struct usher_conf *conf,
    const struct usher_policy *policy, const char *who,
    struct usher_learner **learner);
USHER_API void usher_learner_free(struct usher_learner *learner);
/*
 * A mail of a Sent folder: whoever it went to is learned, unless it is
 * another's mail, an automatic one, a receipt, a post to a list or an
 * unsubscription.
 */
USHER_API int usher_learner_mail(struct usher_learner *learner,
    const char *data, size_t length);
/* A line of a mail log of Postfix or Sendmail, in the log's order. */
USHER_API int usher_learner_log(struct usher_learner *learner,
    const char *line);
struct usher_learned {
	const char *party;   /* as it will be known: address or organization */
	const char *address; /* the first that was written to */
	size_t times;
};
/* In the order of first meeting; NULL past the last. */
USHER_API const struct usher_learned *usher_learner_get(
    const struct usher_learner *learner, size_t index);
/* Writes what was learned; in several commits when it is much. */
USHER_API int usher_learner_commit(const struct usher_learner *learner,
    int64_t at, int wait_ms, struct usher_error *error);

/* ---- records: bytes by kind and key, with an end ---- */

enum usher_record {
	USHER_RECORD_SPLIT = 1, /* a message being split, by sender */
	USHER_RECORD_HELD,	/* a message in the MTA's quarantine */
	USHER_RECORD_OUTBOX,	/* a reply to be sent */
	USHER_RECORD_REPLIED,	/* who got a reply */
	USHER_RECORD_DAEMON,	/* a daemon's sign of life and counters */
	USHER_RECORD_BINDING,	/* a phone's way, by UDP */
	USHER_RECORD_CALLBACK,	/* who made an emergency call */
	USHER_RECORDS
};
enum { USHER_RECORD_KEY = 400, USHER_RECORD_BYTES = 1 << 20 };

/* A copy the caller frees; ENOENT: none, or past its end. */
USHER_API int usher_record_read(struct usher *usher, enum usher_record kind,
    const char *key, int64_t at, void **bytes, size_t *length,
    struct usher_error *error);
/* All of a kind in order of their keys; ends at an answer that is not 0. */
typedef int (*usher_record_each_h)(void *arg, const char *key,
    const void *bytes, size_t length, int64_t until);
USHER_API int usher_record_each(struct usher *usher, enum usher_record kind,
    usher_record_each_h each, void *arg, struct usher_error *error);

struct usher_record_value {
	const void *bytes; /* NULL: none (no record; or: remove it) */
	size_t length;
	int64_t until; /* instant of its end; INT64_MAX: none */
};
/*
 * Makes the new value of a record of what it holds at the moment of the
 * commit, in the writer's transaction and thread; it may be called more than
 * once. *fresh is *old at first: left so nothing changes. `fresh->bytes` must
 * stay until the commit has ended. An answer that is not 0 fails these notes
 * as a whole with that code, and no others.
 */
typedef int (*usher_record_edit_h)(void *arg,
    const struct usher_record_value *old, struct usher_record_value *fresh);
USHER_API int usher_notes_record(struct usher_notes *notes,
    enum usher_record kind, const char *key, usher_record_edit_h edit,
    void *arg, struct usher_error *error);

#include "usher_link.h"
#include "usher_code.h"
#include "usher_loop.h"
#include "usher_report.h"

#endif
