/*
 * usher_report: who came, how it ended, and what is kept of whom; included by
 * usher_memory.h.
 *
 * Each decided attempt is counted in memory, and a thread of the handle's own
 * adds the counts to the store every second or few, and at the close; a
 * process that is killed loses what it has not added yet. Counts are kept by
 * recipient, channel, verdict, party and quarter of an hour. Strangers cannot
 * fill the store with them: of one recipient's day 500 are kept by name, the
 * others as one. What proven parties did makes their standing.
 */
#ifndef USHER_REPORT_PUBLIC_H
#define USHER_REPORT_PUBLIC_H

#ifndef USHER_H
#error "include usher.h"
#endif

/* ---- counting ---- */

enum usher_told {
	USHER_UNTOLD, /* it passed whatever the verdict: no standing moves */
	USHER_TOLD,   /* the answer was the verdict's */
	USHER_TOLD_TO_RETRY /* ... and the same mail comes again by itself */
};
/*
 * An attempt was decided and answered; to be called once for each. Never
 * waits but for another thread that counts. A retry counts no second time.
 */
USHER_API void usher_tally(struct usher *usher,
    const struct usher_policy *policy, const char *who,
    const struct usher_facts *facts, const struct usher_decision *decision,
    enum usher_told told);

/* ---- reading ---- */

struct usher_tallied {
	const char *recipient, *party; /* party "": nobody, or the others */
	bool proven;
	enum usher_channel channel;
	enum usher_answer answer;
	int64_t at; /* the quarter of an hour begins */
	unsigned long count;
};
typedef int (
    *usher_tally_each_h)(void *arg, const struct usher_tallied *tallied);
/*
 * What was counted from `since` until before `until`, of `who` or NULL for the
 * whole site, by recipient and day; ends at an answer that is not 0.
 */
USHER_API int usher_tally_each(struct usher *usher,
    const struct usher_policy *policy, const char *who, int64_t since,
    int64_t until, usher_tally_each_h each, void *arg,
    struct usher_error *error);

/* ---- standing ---- */

struct usher_standing_report {
	enum usher_standing standing;
	double figure;	      /* from -1 to 1; good from 0.2, poor to -0.2 */
	size_t recipients;    /* who have a say */
	double kept, ignored; /* attempts in an opening, and outside one */
	int64_t half_s;	      /* after so long they count half */
	char party[256];      /* as it is remembered */
};
/* EINVAL: `party` is no domain, address or number. Nobody heard of: new. */
USHER_API int usher_standing_of(struct usher *usher, struct usher_conf *conf,
    const char *party, int64_t at, struct usher_standing_report *report,
    struct usher_error *error);
USHER_API const char *usher_standing_word(enum usher_standing standing);

/* ---- all that is kept of one person ---- */

/* A record as one JSON object, its kind as "record". */
typedef int (
    *usher_person_each_h)(void *arg, const char *kind, const char *json);
/*
 * `who` is a recipient, or somebody who approached them, or both: an address,
 * a number, or a domain for all of an organization. What speaks of them among
 * others is told as far as it is theirs. EINVAL: it is none of these.
 */
USHER_API int usher_person_export(struct usher *usher, struct usher_conf *conf,
    const struct usher_policy *policy, const char *who,
    usher_person_each_h each, void *arg, struct usher_error *error);
/*
 * The same, and all of it is removed in one commit (dry_run: it would be), but
 * for what is not ours
 * to remove, which is not told: held mails, splits under way, the ways of
 * phones and emergency calls, all of which end by themselves or are let go.
 */
USHER_API int usher_person_forget(struct usher *usher, struct usher_conf *conf,
    const struct usher_policy *policy, const char *who, bool dry_run,
    int wait_ms, usher_person_each_h each, void *arg,
    struct usher_error *error);

#endif
