/*
 * codes: access codes in addresses and headers: never logged, and not passed
 * on with what is taken (design.md §6).
 */
#ifndef USHER_MILTER_CODES_H
#define USHER_MILTER_CODES_H

#include "milter.h"

/*
 * Keeps the delimiter part as the recipient's tag; what has the form of a code
 * goes from the address that is logged and compared.
 */
void codes_hide(struct recipient *recipient);
/* The policy is known: where it takes no codes the address is as it came. */
void codes_know(struct mail *mail, struct recipient *recipient);
/* A header field, while mail->codes is set. */
void codes_header(struct mail *mail, const char *name, const char *value);
/* The message is taken, though it may be held: takes the valid codes out. */
void codes_strip(SMFICTX *ctx, struct session *session);
void codes_free(struct mail *mail);

#endif
