/*
 * letters: replies of one message, before they are on their way.
 */
#ifndef USHER_MILTER_LETTERS_H
#define USHER_MILTER_LETTERS_H

#include "milter.h"

/*
 * Composes and reserves, in one commit, a reply of each recipient whose
 * outcome it is. EEXIST, ENOSPC: none may be sent now; any other error:
 * nothing was written.
 */
int letters_reserve(struct session *session, struct usher_error *error);

#endif
