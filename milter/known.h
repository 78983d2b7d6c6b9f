/*
 * known: whom our own recipients write to.
 */
#ifndef USHER_MILTER_KNOWN_H
#define USHER_MILTER_KNOWN_H

#include "milter.h"

/* At MAIL: whether this may be a recipient's own mail. */
void known_look(SMFICTX *ctx, struct session *session);
/* The message was accepted: whom it goes to is known to its writer. */
void known_note(struct session *session);

#endif
