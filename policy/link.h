/*
 * link: numbers that are one party with an organization or an address
 * (design.md §1 "party", §6 last paragraphs).
 *
 * A number is joined by the recipient's word, where it is listed as the phone
 * of a party of one organization; or by an introduction that was accepted and
 * proven, and names it. RECORD_LINK holds the latter, by recipient and number.
 * The mail's side lends its rights, so it alone can join: a call that proves
 * the number is the organization too, and a mail gains nothing by naming a
 * number. link.c reads and writes links, link_find.c finds numbers in a text,
 * notes_link.c notes them.
 */
#ifndef USHER_LINK_INSIDE_H
#define USHER_LINK_INSIDE_H

#include "facts.h"
#include "memory.h"
#include "policy.h"
#include "record_key.h"

enum {
	LINKS_NAMED = 3,     /* by one introduction */
	LINK_SURE_DIGITS = 6 /* of a pattern that lists numbers of somebody */
};

struct link {
	const char *party;   /* as known (known.h) */
	const char *address; /* that introduced itself */
	int64_t given;
	bool cut; /* by the recipient: not to be joined again till its end */
};

/* Strings are put into the arena. EILSEQ, ENOMEM. */
int usher_link_unpack(struct arena *arena,
    const struct usher_record_value *value, struct link *link);
void usher_link_pack(const struct link *link, struct buffer *buffer);
void usher_link_key(struct record_key *key, const char *recipient,
    const char *number);

/*
 * Of whom the recipient's lists say that a number is; false: of nobody that
 * is one party.
 */
bool usher_link_listed(const struct usher_policy *policy, const char *number,
    struct joined *joined);
/* Whether any party of the recipient's lists the number. */
bool usher_link_is_listed(const struct usher_policy *policy,
    const char *number);

/*
 * Fills `joined` of the memory: whom the proven numbers belong to. `view`
 * NULL: by the lists alone. Policy NULL: nobody.
 */
int usher_link_read(struct record_view *view, struct arena *arena,
    const struct usher_policy *policy, const char *recipient,
    const struct usher_facts *facts, int64_t at, struct usher_memory *memory,
    struct usher_error *error);
/* Whose word an attempt is: the one who is proven, or NULL. */
const struct address *usher_link_who(const struct usher_facts *facts);
/* One more who is joined; ENOMEM. */
int usher_link_add(struct arena *arena, struct usher_memory *memory,
    const struct joined *joined);
/*
 * Whether a number is nobody's but perhaps this party's: neither joined with
 * another nor known, marked with a stage or introduced by itself.
 */
int usher_link_is_free(struct record_view *view, struct arena *arena,
    const char *recipient, const char *number, const char *party, int64_t at,
    bool *free, struct usher_error *error);
/*
 * The facts with those who are joined among the claimed and the proven, behind
 * who came; the same facts when nobody is. In the arena; NULL: ENOMEM.
 */
const struct usher_facts *usher_link_facts(struct arena *arena,
    const struct usher_facts *facts, const struct joined *joined, size_t count);

/* ---- link_find.c ---- */

struct link_numbers {
	size_t count;
	char numbers[LINKS_NAMED][USHER_NUMBER_TEXT];
};
/*
 * Adds the telephone numbers of a text, normalised, in their order, each once,
 * until there are LINKS_NAMED. What is marked as a fax is passed over.
 */
void usher_link_find(const char *text, size_t length,
    const struct dialling *dialling, struct link_numbers *found);

#endif
