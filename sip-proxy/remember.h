/*
 * remember.h - what decisions ask of the memory, and leave in it.
 *
 * A decision that is to be made waits for what is remembered of its caller,
 * and a deferral or redirect for its promise being durable; both with a time
 * limit (waiting.h). Meanwhile decision->asking says what it waits for.
 */
#ifndef USHER_SIP_REMEMBER_H
#define USHER_SIP_REMEMBER_H

#include "waiting.h"

struct asking;

/* Memory is read at once where that waits for nothing; takes the facts, then
 * and only then. */
bool remember_at_hand(struct screening *screening, struct decision *decision,
    struct usher_facts *facts);
/*
 * Memory is read for this decision; `targets`: and the policies of other
 * recipients that a redirect of it names. False: no memory, or too many wait:
 * to be decided without.
 */
bool remember_read(struct screening *screening, struct decision *decision,
    struct usher_facts *facts, bool targets, unsigned wait_ms);
/* What was read in time; NULL: nothing. Both last as long as the asking. */
const struct usher_facts *remember_facts(const struct decision *decision);
/* The caller's from now on; NULL: there are none. */
struct usher_facts *remember_take_facts(struct decision *decision);
const struct usher_memory *remember_memory(const struct decision *decision);
/* Whether the store was asked for targets already. */
bool remember_has_targets(const struct decision *decision);

/* The opening that was told is promised (design.md §5). */
void remember_promise(struct screening *screening, struct decision *decision,
    const struct usher_facts *facts, const char *reference);

/*
 * The codes that let this call in are used up by it. True: it waits for that
 * to be durable; where another was quicker it is decided anew without them.
 * Once a decision: false afterwards.
 */
bool remember_use(struct screening *screening, struct decision *decision,
    const struct usher_facts *facts);

/* It waits for the store, and nobody may act on it yet. */
bool remember_waits(const struct decision *decision);
/* All asked for is let go. */
void remember_end(struct decision *decision);
/* What is kept for the next call is freed, once there is none. */
void remember_forget_spare(struct proxy *proxy);

/* Whom a recipient calls is known to them from now on. */
void remember_known(const struct request *request, const char *aor,
    const char *called);
/* Writes in the background; a failure is logged and counted. `owned` is what
 * the notes look at, from malloc(). */
void remember_later(struct proxy *proxy, struct usher_notes *notes,
    const char *what, void *owned);

#endif
