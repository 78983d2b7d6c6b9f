/*
 * patience.h - how long the loop waits for another thread.
 *
 * Counted in turns of the loop, none of which counts for more than
 * PATIENCE_TICK_MS: where the whole process stood still, as on a machine that
 * is overloaded or was suspended, the thread had no time to answer either,
 * and a call must not pass for it.
 */
#ifndef USHER_SIP_PATIENCE_H
#define USHER_SIP_PATIENCE_H

#include "timer.h"

enum { PATIENCE_TICK_MS = 10 };

struct patience {
	struct sip_timer tick;
	struct sip_timers *timers;
	unsigned left_ms; /* also when it has ended */
	sip_timer_h *over;
	void *arg;
};

/* `over` is called when left_ms has become 0, once. */
void patience_begin(struct patience *patience, struct sip_timers *timers,
    unsigned left_ms, sip_timer_h *over, void *arg);
/* Legal for one that never began, all its bytes being 0. */
void patience_end(struct patience *patience);

#endif
