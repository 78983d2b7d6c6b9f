/*
 * attempt.h - what a screened call leaves in the memory.
 *
 * An accepted one counts for caps, introduces, and uses up the promise that let
 * it in, when 180-199 or 2xx came back, once a decision (design-calls.md "One
 * decision a call"); `tried` counts it in any case.
 */
#ifndef USHER_SIP_ATTEMPT_H
#define USHER_SIP_ATTEMPT_H

#include "screen.h"

/*
 * The call was decided: what will be noted is kept with its decision until it
 * rings, or noted now if it was turned away. `enforced`: what was decided is
 * what happens.
 */
void attempt_decided(struct screening *screening, struct decision *decision,
    bool enforced);
/* It rang, or was answered. Again: nothing happens. */
void attempt_came(struct decision *decision);
/* It will never come. */
void attempt_drop(struct decision *decision);

/* Which part of the memory a recipient's is (store_thread.h). */
unsigned attempt_part(const struct usher_policy *policy);

#endif
