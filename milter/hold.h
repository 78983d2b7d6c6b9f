/*
 * hold: a message put into the MTA's own quarantine.
 */
#ifndef USHER_MILTER_HOLD_H
#define USHER_MILTER_HOLD_H

#include "milter.h"

/*
 * All recipients defer to openings within one hour: the list of held mail has
 * it first, durably, then the MTA is asked. An error: it is not held.
 */
int hold_message(SMFICTX *ctx, struct session *session,
    struct usher_error *error);

#endif
