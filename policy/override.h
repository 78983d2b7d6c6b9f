/*
 * override: the recipient's wish of the moment, as records (design.md §4
 * "Fixed precedence", §6): what `usher open` and `usher close` write
 * (notes_override.c), and memory_read.c reads.
 *
 * RECORD_OVERRIDE holds a list for each recipient. Under the key of nobody it
 * holds until when any override names a topic, which only a message's words
 * tell of.
 */
#ifndef USHER_OVERRIDE_H
#define USHER_OVERRIDE_H

#include "memory.h"
#include "record_key.h"
#include "rule.h"

struct override_list {
	size_t count;
	struct usher_override entries[USHER_OVERRIDES];
};

/* Strings are put into the arena. EILSEQ, ENOMEM: empty. */
int usher_override_unpack(struct arena *arena,
    const struct usher_record_value *value, struct override_list *list);
/* The bytes of a list into `buffer`; until: when the last has ended. */
void usher_override_pack(const struct override_list *list,
    struct buffer *buffer, int64_t *until);

/* Fills the overrides of the memory that have not ended; in the arena. */
int usher_override_read(struct record_view *view, struct arena *arena,
    const struct usher_policy *policy, const char *recipient, int64_t at,
    struct usher_memory *memory, struct usher_error *error);
/*
 * A party that is no name of the policy or the site is a pattern as in `from`:
 * a domain, an address or a number. *party is NULL for a name, and for
 * neither, which is EINVAL.
 */
int usher_override_party(struct arena *arena, const struct usher_policy *policy,
    const char *name, const struct party **party, struct usher_error *error);
/* Whether some override in force at the time last told names a topic. */
bool usher_override_asks_words(struct records *records);

#endif
