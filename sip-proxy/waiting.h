/*
 * waiting.h - requests that wait on the store.
 *
 * Where the policy of a request, or what is remembered of its caller, is not
 * at hand, the request is put aside, and handled anew from its bytes once the
 * store thread has it or its time is over (design-calls.md "Next hops": 100
 * ms for a policy, 50 for a promise). Nothing of it is known to the
 * transaction layer meanwhile, so its repetitions and its CANCEL are
 * recognised here.
 */
#ifndef USHER_SIP_WAITING_H
#define USHER_SIP_WAITING_H

#include "patience.h"
#include "screen.h"
#include "store_thread.h"

struct request;
struct waiting;
struct waitings;

enum { POLICY_WAIT_MS = 100, PROMISE_WAIT_MS = 50, USE_WAIT_MS = 400 };

struct waitings *waitings_new(void);
/* All that wait are forgotten. */
void waitings_free(struct waitings *waitings);
unsigned waitings_count(const struct waitings *waitings);

/*
 * Whom it is for: recipient_find(), or recipient_of_phone() with an `aor`.
 * EINPROGRESS: it waits, and will be handled anew. After POLICY_WAIT_MS, or
 * when too many wait, the recipient is faulty: fail open.
 */
int waiting_recipient(struct request *request, const char *aor,
    struct recipient *recipient);
/* It goes on when its decision does. False: too many wait. */
bool waiting_for_decision(struct request *request, struct decision *decision);
/* Everybody who waits for this decision is handled anew. */
void waiting_go_on(struct decision *decision);
/* A repetition of one that waits: not to be looked at. */
bool waiting_again(const struct request *request);
/* A CANCEL of one that waits: it is answered, and the other will be by 487. */
bool waiting_cancel(const struct request *request);

/* The decision that a request handled anew has waited for, or NULL. */
struct decision *waiting_decision(const struct request *request);
/* How long a decision of this request may yet wait. */
unsigned waiting_left_ms(const struct request *request);

#endif
