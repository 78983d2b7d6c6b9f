/*
 * timer.h - timers in milliseconds, on a clock that is handed in.
 *
 * A hierarchical wheel: start and stop are O(1) whatever the number. Nothing
 * here reads a clock; the daemon's loop and the tests call sip_timers_run().
 * A struct sip_timer lies inside the object it belongs to, who must stop it
 * before freeing. Timers of one millisecond fire in no promised order. A
 * handler may start and stop any timer, its own included.
 */
#ifndef USHER_SIP_TIMER_H
#define USHER_SIP_TIMER_H

#include <stdbool.h>
#include <stdint.h>

typedef void sip_timer_h(void *arg);

struct sip_timer {
	struct sip_timer *next, *prev; /* NULL: not running */
	uint64_t at_ms;
	sip_timer_h *handler;
	void *arg;
};

struct sip_timers;

/* ENOMEM. now_ms: any start, but never running back. */
int sip_timers_new(struct sip_timers **tp, uint64_t now_ms);
/* Every timer still running is stopped, its handler not called. */
void sip_timers_free(struct sip_timers *t);
/* Fires what is due up to now_ms; that is then what sip_timers_now() says.
 * To be called before the work of each turn of the loop. */
void sip_timers_run(struct sip_timers *t, uint64_t now_ms);
uint64_t sip_timers_now(const struct sip_timers *t);
/* Milliseconds from now until sip_timers_run() has something to do, perhaps
 * only inside; UINT64_MAX: no timer is running. */
uint64_t sip_timers_next_ms(const struct sip_timers *t);
unsigned sip_timers_count(const struct sip_timers *t);

/* A running one is moved. A delay of 0 fires at the next run. A zeroed struct
 * is a stopped timer. */
void sip_timer_start(struct sip_timers *t, struct sip_timer *timer,
    uint64_t delay_ms, sip_timer_h *handler, void *arg);
void sip_timer_stop(struct sip_timers *t, struct sip_timer *timer);
static inline bool
sip_timer_running(const struct sip_timer *timer)
{
	return timer->next != 0;
}

#endif
