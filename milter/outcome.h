/*
 * outcome: what each recipient would get at the end of the message.
 */
#ifndef USHER_MILTER_OUTCOME_H
#define USHER_MILTER_OUTCOME_H

#include "milter.h"
#include "reply.h"

enum agreement { ALL_PASS, ALL_HELD, ALL_AWAY, DIFFERENT };

/* Whether a verdict of the envelope waits for the end of the message. */
bool outcome_waits(const struct session *session,
    const struct recipient *recipient);
/* Gives every recipient its outcome. */
void outcome_settle(struct session *session);
/* No reply can be sent now: it is told in the session. */
void outcome_no_reply(struct session *session);
/* All pass, whatever their verdicts; said in the log. */
void outcome_let_pass(struct mail *mail, const char *because);
/* Whether all get the same. */
enum agreement outcome_agree(const struct mail *mail);
/* Whether every recipient is turned away, each in their way. */
bool outcome_all_away(const struct mail *mail);
/* The answer of all that are turned away; they share one reference then. */
void outcome_reply(struct mail *mail, struct reply *reply);
/* What a reply mail would be made from. */
struct usher_reply outcome_letter(struct session *session,
    struct recipient *recipient);

#endif
