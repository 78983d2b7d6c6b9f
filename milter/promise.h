/*
 * promise: what is remembered of an answer, before and after it is given.
 */
#ifndef USHER_MILTER_PROMISE_H
#define USHER_MILTER_PROMISE_H

#include "milter.h"

/*
 * The opening in the words to this recipient, durably promised. An error:
 * nothing is, and the answer may not be given.
 */
int promise_give(struct session *session, struct recipient *recipient,
    struct usher_error *error);
/* Adds the same to notes, for several that are answered together. */
int promise_note(struct session *session, struct usher_notes *notes,
    struct recipient *recipient, struct usher_error *error);
/* All that pass are accepted: the promises that were kept are used up. */
void promise_used(struct session *session);

#endif
