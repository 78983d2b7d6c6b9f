/*
 * outbox_letter: one letter of the outbox as a record, and the edits on it.
 *
 * Shared by outbox.c and its tests; a record's bytes are JSON.
 */
#ifndef USHER_MILTER_OUTBOX_LETTER_H
#define USHER_MILTER_OUTBOX_LETTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "outbox.h"

enum {
	OUTBOX_REST_S = 60,  /* between our 250 and the hand-over */
	OUTBOX_COMMIT_S = 1, /* that a commit takes at most before the 250 */
	OUTBOX_ONCE_S = 7 * 24 * 3600
};

/* A letter as read from its record. */
struct outbox_read {
	void *json; /* all strings are its */
	bool marked;
	int64_t made;  /* by the system's clock */
	int64_t since; /* marked: then; else when it is due */
	int tries;
	const char *recipient, *sender, *message;
	size_t length;
};

/* EINVAL: damaged. outbox_read_end() in any case. */
int outbox_read(struct outbox_read *read, const void *bytes, size_t length);
void outbox_read_end(struct outbox_read *read);
/* The same letter in another state, to be freed; NULL: no memory. */
char *outbox_read_again(const struct outbox_read *read, bool marked,
    int64_t since, int tries);

/* A letter made at an instant of the system's clock, for tests. */
int outbox_letter_make(struct outbox_letter **letter, const char *recipient,
    const char *sender, const char *message, size_t length, int64_t at,
    int64_t now);

/* Adds it to the notes; see outbox_reserve(). */
int outbox_letter_note(struct usher_notes *notes, struct outbox_letter *letter,
    struct usher_error *error);

/* Should it have been added after all: it goes, its sender had its answer. */
int outbox_letter_withdraw(struct usher_notes *notes,
    const struct outbox_letter *letter, struct usher_error *error);

/* Replaces the record when it still holds `was`, else ECANCELED. */
struct outbox_change {
	const void *was;
	size_t was_length;
	const char *fresh; /* NULL: remove */
};
int outbox_change(void *change, const struct usher_record_value *old,
    struct usher_record_value *fresh);

#endif
