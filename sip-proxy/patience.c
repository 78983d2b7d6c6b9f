/*
 * patience.c - see patience.h. Called by waiting.c and remember.c.
 */
#include "patience.h"

#include <stddef.h>

static void
on_tick(void *arg)
{
	struct patience *p = arg;

	p->left_ms -= p->left_ms < PATIENCE_TICK_MS ? p->left_ms
						    : PATIENCE_TICK_MS;
	if (p->left_ms == 0)
		p->over(p->arg);
	else
		sip_timer_start(p->timers, &p->tick, PATIENCE_TICK_MS, on_tick,
		    p);
}

void
patience_begin(struct patience *p, struct sip_timers *timers, unsigned left_ms,
    sip_timer_h *over, void *arg)
{
	p->timers = timers;
	p->left_ms = left_ms;
	p->over = over;
	p->arg = arg;
	sip_timer_start(timers, &p->tick, PATIENCE_TICK_MS, on_tick, p);
}

void
patience_end(struct patience *p)
{
	if (p->timers != NULL)
		sip_timer_stop(p->timers, &p->tick);
}
