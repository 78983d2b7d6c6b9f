/*
 * usher_link: numbers that a recipient's introductions named; included by
 * usher_memory.h (design.md §6).
 */
#ifndef USHER_LINK_H
#define USHER_LINK_H

#ifndef USHER_H
#error "include usher.h"
#endif

/* A call that proves `number` is `party` too. */
struct usher_link {
	const char *number, *party;
	const char *named_by; /* the proven sender of the introduction */
	int64_t given, until;
};
/* Each that a recipient has; ends at an answer that is not 0. */
typedef int (*usher_link_each_h)(void *arg, const struct usher_link *link);
USHER_API int usher_link_each(struct usher *usher,
    const struct usher_policy *policy, const char *who, int64_t at,
    usher_link_each_h each, void *arg, struct usher_error *error);
/*
 * Cut by the recipient: not to be joined again by the same party before it
 * would have ended. EINVAL: no number. ENOENT, at the commit: there is none.
 */
USHER_API int usher_notes_link_cut(struct usher_notes *notes,
    const struct usher_policy *policy, const char *who, const char *number,
    int64_t at, struct usher_error *error);

/*
 * Whether a text has the form of a reference that words tell. One that stands
 * beside the recipient's name is for usher_facts_tag().
 */
USHER_API bool usher_reference_is(const char *text);

#endif
