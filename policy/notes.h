/*
 * notes: inside of struct usher_notes, for notes*.c.
 *
 * Edits in the order they were noted, with all they need in an arena, until
 * the committer has written them. What an edit makes at the commit lies in a
 * buffer of its own, since it may be made more than once.
 */
#ifndef USHER_NOTES_H
#define USHER_NOTES_H

#include <stdatomic.h>

#include "record_key.h"
#include "usher_handle.h"

/* Begins with what the committer sees. */
struct usher_notes {
	struct record_note note;
	struct usher *usher;
	struct arena arena;
	struct record_edit *first, *last;
	struct made_bytes *made; /* buffers to be freed */
	int code;		 /* a note that could not be made */
	struct usher_error error;
	usher_notes_done_h done; /* of usher_notes_commit_then() */
	void *done_arg;
	struct underway *underway; /* in the arena; listed: _commit_then() */
	bool is_listed;
	void (*release)(void *owned); /* of usher_notes_own() */
	void *owned;
	bool is_left;	     /* the committer has it too: the last frees */
	_Atomic bool let_go; /* by the first of them */
};

struct made_bytes {
	struct made_bytes *next;
	struct buffer buffer;
};

/* `key` and `arg` are in the arena, or outlive the notes. */
int usher_notes_edit(struct usher_notes *notes, unsigned char kind,
    const struct record_key *key, usher_record_edit_h edit, void *arg,
    struct usher_error *error);
/*
 * notes_link.c: the numbers that an introduction by a proven mail names are
 * its party's from now on, unless others hold them.
 */
int usher_notes_links(struct usher_notes *notes,
    const struct usher_policy *policy, const char *recipient,
    const struct usher_facts *facts, const struct usher_decision *decision,
    struct usher_error *error);
/*
 * notes_reference.c: by this reference whoever is proven now is recognised on
 * another channel, where a promise was given with it.
 */
int usher_notes_told(struct usher_notes *notes, const char *recipient,
    const struct usher_facts *facts, const char *reference, int64_t at,
    struct usher_error *error);
/*
 * The reference that an attempt was recognised by is its party's from now on.
 */
int usher_notes_reference(struct usher_notes *notes, const char *recipient,
    const struct usher_facts *facts, const struct usher_decision *decision,
    struct usher_error *error);
/*
 * notes_walk.c: each record of a kind whose key begins with the recipient,
 * until `each` answers anything but 0.
 */
int usher_notes_walk(struct usher *usher, const char *recipient,
    unsigned char kind, record_each_h each, void *arg,
    struct usher_error *error);
/* A buffer for what an edit makes; NULL when memory is out. */
struct buffer *usher_notes_buffer(struct usher_notes *notes);

#endif
