/*
 * reference: the short word that a redirect tells, by which whoever was told
 * is recognised on the other channel (design.md §6 last paragraphs).
 *
 * RECORD_REFERENCE holds, by recipient and reference, who was proven when it
 * was told. It is no secret and no credential: it finds the promise that was
 * given with it, while that is kept, for the first party that proves itself
 * and comes by it; and joins the two only where a number is nobody else's.
 * Called by memory_read.c and the notes.
 */
#ifndef USHER_REFERENCE_INSIDE_H
#define USHER_REFERENCE_INSIDE_H

#include "facts.h"
#include "memory.h"
#include "policy.h"
#include "record_key.h"

enum {
	REFERENCE_S = 42 * 24 * 3600, /* no promise is kept for longer */
	REFERENCES_TRIED = 3
};

struct reference {
	enum usher_channel channel; /* that it was told on */
	const char *who;	    /* was proven; normal form */
	const char *taken_by;	    /* the party that came by it, or "" */
};
/* Strings are put into the arena. EILSEQ, ENOMEM. */
int usher_reference_unpack(struct arena *arena,
    const struct usher_record_value *value, struct reference *reference);
void usher_reference_pack(const struct reference *reference,
    struct buffer *buffer);
void usher_reference_key(struct record_key *key, const char *recipient,
    const char *reference);

struct references {
	size_t count;
	char list[REFERENCES_TRIED][USHER_REFERENCE_TEXT];
};
/*
 * What may be references of ours in an attempt: beside the recipient's name,
 * then in the subject. With a digit in it, or behind a word such as "Ref".
 */
void usher_references_find(const struct usher_facts *facts,
    struct references *found);

/*
 * Joins an attempt that shows a reference with whom it was told to, where a
 * promise that was told with it is to be kept now.
 */
int usher_reference_read(struct record_view *view, struct arena *arena,
    const struct usher_policy *policy, const char *recipient,
    const struct usher_facts *facts, int64_t at, struct usher_memory *memory,
    struct usher_error *error);

#endif
