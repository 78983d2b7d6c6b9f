/*
 * attempt.h - what a screened call leaves in the memory once it came through.
 *
 * An accepted one counts, and uses up the promise that let it in, when 180-199
 * or 2xx came back, once a decision (design-calls.md "One decision a call").
 */
#ifndef USHER_SIP_ATTEMPT_H
#define USHER_SIP_ATTEMPT_H

#include "screen.h"

/* The call was accepted: what will be noted is kept with its decision. */
void attempt_keep(struct screening *screening, struct decision *decision);
/* It rang, or was answered. Again: nothing happens. */
void attempt_came(struct decision *decision);
/* It will never come. */
void attempt_drop(struct decision *decision);

#endif
