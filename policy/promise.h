/*
 * promise: openings that were given out, as records (design.md §5 "Promise",
 * design-mail.md "Promises by mail").
 *
 * RECORD_PROMISE holds, for a recipient, a channel and a domain, a list of
 * promises, one for each party of that domain. RECORD_PROOF says for a proven
 * party under which domains promises to it stand, so that a promise has one
 * place alone at which it is used up. promise.c reads and writes the lists,
 * promise_party.c says who came, promise_read.c finds what they may rest on.
 */
#ifndef USHER_PROMISE_H
#define USHER_PROMISE_H

#include "facts.h"
#include "memory.h"
#include "record_key.h"

enum {
	PROMISE_MOST = 20,		/* a recipient and domain */
	PROMISE_DAYS_S = 5 * 24 * 3600, /* of mail, from the opening's begin */
	PROMISE_ONCE_MORE_S = 3600,	/* after it was used, for its user */
	PROMISE_ID = USHER_REFERENCE_TEXT
};

/* Before the party of what is promised for when they are introduced. */
#define PROMISE_AWAITS "?"

struct promise_entry {
	const char *id;		   /* its own, at random */
	const char *party;	   /* whose it is */
	const char *proven;	   /* the party that was proven then, or "" */
	const char *rule;	   /* that would accept at the opening */
	const char *turner;	   /* that turned away */
	const char *reference;	   /* told in the words */
	const char *used_by;	   /* a party, or "": the owner's use counts */
	const char *came_as;	   /* with it: the name they came by */
	int64_t from, until;	   /* the opening */
	int64_t given, kept_until; /* */
	int64_t used_at;	   /* of the first use */
};

struct promise_list {
	size_t count;
	struct promise_entry entries[PROMISE_MOST];
};

/* Strings are put into the arena. EILSEQ, ENOMEM. No bytes: empty. */
int usher_promise_unpack(struct arena *arena,
    const struct usher_record_value *value, struct promise_list *list);
/* The bytes of a list into `buffer`; until: when the last has ended. */
void usher_promise_pack(const struct promise_list *list, struct buffer *buffer,
    int64_t *until);
/* Given to this very party, or to whoever is proven now. NULL: nobody. */
bool usher_promise_owned(const struct promise_entry *entry, const char *party,
    const char *proven);
bool usher_promise_used(const struct promise_entry *entry, const char *party);
/*
 * Whether it may let somebody in at `at`: not over, and not used up. Another
 * sender of the firm, who may be forged, uses it once, and its owner still.
 */
bool usher_promise_lives(const struct promise_entry *entry, const char *party,
    const char *proven, int64_t at);

/* Under which domains a proven party has promises, and their ids. */
struct proof_entry {
	const char *domain, *id;
	int64_t from, kept_until;
};
struct proof_list {
	size_t count;
	struct proof_entry entries[PROMISE_MOST];
};
int usher_proof_unpack(struct arena *arena,
    const struct usher_record_value *value, struct proof_list *list);
void usher_proof_pack(const struct proof_list *list, struct buffer *buffer,
    int64_t *until);

/* ---- promise_party.c ---- */

/* Who came, as promises see them. `exact` NULL: nobody that has a name. */
struct promise_party {
	const char *exact;
	const char *varied; /* to be folded, for what VERP varies; or NULL */
	const char *domain; /* of the record */
	bool alone;	    /* nobody else of the domain is meant */
	const char *proven; /* of a mail: the proven party, or NULL */
	const char *proven_domain;
};
/* Under which a party's promises stand: organization, else domain, else all. */
const char *usher_promise_domain(const struct address *address);
/* Strings are the facts' or in the arena. ENOMEM. */
int usher_promise_party(struct arena *arena, const struct usher_facts *facts,
    struct promise_party *party);
/* "b-9312-alice=example.com@x" to "b@x", "news7@x" to "news#@x". */
const char *usher_promise_fold(struct arena *arena, const char *address);

void usher_promise_key(struct record_key *key, const char *recipient,
    enum usher_channel channel, const char *domain);

/* ---- promise_read.c ---- */

/* Fills promises and `promised` of the memory; all in its arena. */
int usher_promise_read(struct record_view *view, struct arena *arena,
    const char *recipient, const struct usher_facts *facts, int64_t at,
    struct usher_memory *memory, struct usher_error *error);

#endif
