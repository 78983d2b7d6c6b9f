/*
 * saved.h - what outlives a restart: bindings over UDP, and the windows for
 * calls back after an emergency call (design-calls.md "Phones", "Emergency").
 *
 * Records of the store, written beside the loop and read once at the start.
 * A binding belongs to the listener it was made by: instances that share a
 * store have phones of their own.
 */
#ifndef USHER_SIP_SAVED_H
#define USHER_SIP_SAVED_H

#include "phones.h"

struct proxy;

/* At the start, with listeners and tables in place: waits a second for the
 * store, and else takes up what it says when it does. */
void saved_restore(struct proxy *proxy);
/* A binding that was made or renewed for `seconds`; one that is over. Streams
 * end with us: of theirs nothing is kept. */
void saved_binding(struct proxy *proxy, const struct flow *flow,
    struct span contact, uint32_t seconds);
void saved_unbound(struct proxy *proxy, const struct flow *flow,
    struct span contact);
/* Calls back to `who` pass for so long. */
void saved_window(struct proxy *proxy, const char *who, uint32_t seconds);

#endif
