/*
 * usher_code: access codes (design.md §6); included by usher_memory.h.
 *
 * Whoever shows a valid code of a recipient is in the code's party, and
 * nothing more. Codes are looked for in the subject and in what stands beside
 * the recipient's name; usher_memory_read() looks them up, and finds nothing
 * where one is wrong. A code in clear is only ever in what was shown: the
 * store has a keyed hash.
 */
#ifndef USHER_CODE_H
#define USHER_CODE_H

#ifndef USHER_H
#error "include usher.h"
#endif

/*
 * What stood beside the recipient's own name in the address approached: the
 * delimiter part of a mail's, what follows the user part of a call's; copied.
 * NULL: nothing. It is of one recipient: tell it before their memory is read.
 * ENOMEM.
 */
USHER_API int usher_facts_tag(struct usher_facts *facts, const char *tag);
/* Whether this text has the form of a code, with or without its dashes. */
USHER_API bool usher_code_is(const char *text);
/* Whether any party of this recipient is proven by a code. */
USHER_API bool usher_policy_takes_codes(const struct usher_policy *policy);

/* ---- an attempt that was accepted, and showed a valid code ---- */

/* Whether this decision accepted whoever showed a code: it is to be noted. */
USHER_API bool usher_decision_shows_code(const struct usher_decision *decision);
/*
 * The codes it showed are used by this attempt: once, however often it is
 * noted, and the first proven party is whose they are from then on. `became`
 * as for usher_notes_attempt(): with USHER_TAKING the commit answers EDQUOT
 * where one is worth nothing any more.
 */
USHER_API int usher_notes_code(struct usher_notes *notes,
    const struct usher_policy *policy, const char *who,
    const struct usher_facts *facts, const struct usher_decision *decision,
    enum usher_became became, struct usher_error *error);
/* What was shown is worth nothing, as the commit has said. */
USHER_API void usher_memory_drop_codes(struct usher_memory *memory);
/*
 * Those that it found valid, whatever its verdict, with blanks between; NULL:
 * none. They are taken out of what is passed on.
 */
USHER_API const char *usher_decision_codes(
    const struct usher_decision *decision);
/*
 * Where one of `codes` stands in a text at or behind `from`, with the sign that
 * leads to it ("+", "*", ";code="), else with the brackets that hold it alone
 * and a blank beside it.
 */
struct usher_cut {
	size_t at, length;
};
USHER_API bool usher_codes_cut(const char *codes, const char *text,
    size_t length, size_t from, struct usher_cut *cut);
/*
 * A header field without them, which may hold RFC 2047 words; *stripped is
 * NULL when none is in it; free it. ENOMEM.
 */
USHER_API int usher_codes_strip(const char *codes, const char *text,
    char **stripped);

/* ---- making, listing, revoking ---- */

enum { USHER_CODE_TEXT = 15 };
struct usher_code {
	const char *id; /* names it to people; listed alone */
	const char *party, *label;
	const char *owner; /* the party it belongs to by now, or ""; listed */
	int64_t made, until;
	int64_t uses; /* 0: no limit */
	int64_t used; /* listed alone */
	bool shared;  /* belongs to nobody */
	bool dialled; /* twelve digits */
};
/*
 * `text` is the one place that the code ever stands in. EINVAL: the recipient
 * and the site have no such party, or no code admits to it.
 */
USHER_API int usher_code_make(struct usher *usher,
    const struct usher_policy *policy, const char *who,
    const struct usher_code *order, int wait_ms, char text[USHER_CODE_TEXT],
    struct usher_error *error);
/* Those that have not ended, by id; ends at an answer that is not 0. */
typedef int (*usher_code_each_h)(void *arg, const struct usher_code *code);
USHER_API int usher_code_each(struct usher *usher,
    const struct usher_policy *policy, const char *who, int64_t at,
    usher_code_each_h each, void *arg, struct usher_error *error);
/* By its id or by itself. ENOENT: there is none; ENOTUNIQ: several. */
USHER_API int usher_code_revoke(struct usher *usher,
    const struct usher_policy *policy, const char *who, const char *name,
    int64_t at, int wait_ms, struct usher_error *error);

#endif
