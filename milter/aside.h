/*
 * aside: recipients moved at the end of a message.
 */
#ifndef USHER_MILTER_ASIDE_H
#define USHER_MILTER_ASIDE_H

#include "milter.h"

/*
 * Delivers to where rules say (`deliver_to`) and puts aside whose outcome it
 * is. What the MTA does not take is said, and stays as it was.
 */
void aside_move(SMFICTX *ctx, struct session *session);

#endif
