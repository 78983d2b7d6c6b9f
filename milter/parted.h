/*
 * parted: the message under way and the tries of a split.
 */
#ifndef USHER_MILTER_PARTED_H
#define USHER_MILTER_PARTED_H

#include "milter.h"

/* How long an answer waits for what it rests on. */
enum { COMMIT_WAIT_MS = 200 };

/* Reads what is remembered of this sender; once a message. */
void parted_look(struct session *session);
void parted_free(struct parted *parted);
/* Whether this recipient has to come again; it is told so then. */
bool parted_later(struct session *session, const struct recipient *recipient);
/* The recipient got an answer of their own at RCPT. */
void parted_answered(struct session *session,
    const struct recipient *recipient);
/* Whether all that were let through are answered at once. */
bool parted_together(const struct mail *mail);
/* One more field of the header: what message this is. */
void parted_header(struct mail *mail, const char *name, const char *value);

/*
 * Recipients differ: asks the store, durably, what is to become of the
 * message. An error: nothing was written.
 */
int parted_begin(struct session *session, enum split_way *way,
    struct usher_error *error);
/*
 * The try is over: `ended` when the end of its message got an answer other
 * than 451. Its turns go on; without a record nothing is written.
 */
void parted_end(struct session *session, bool ended);

#endif
