/*
 * attempt: what became of each recipient's attempt, for the memory.
 */
#ifndef USHER_MILTER_ATTEMPT_H
#define USHER_MILTER_ATTEMPT_H

#include "milter.h"

/*
 * Before the 250: who is accepted under a cap, or introduced, is remembered.
 * EDQUOT: somebody's cap was reached meanwhile, and they are decided anew.
 * Any other error: not all could be kept.
 */
int attempt_take(struct session *session, struct usher_error *error);
/* With the 250: the rest of it. */
void attempt_accepted(struct session *session);
/* One recipient is turned away; `temporary`: to come again. */
void attempt_turned_away(struct session *session, struct recipient *recipient,
    bool temporary);

#endif
