/*
 * timer.c - a hierarchical timing wheel on a clock that is handed in.
 *
 * Four levels: 256 slots of 1 ms, then 64 slots each of 256 ms, 16.4 s and
 * 17.5 min; what lies beyond 18 hours waits in the last slot and is placed
 * again. Owns the slots, never the timers. Called by transactions and by the
 * proxy core; RFC 3261's timers all live here.
 */
#include "timer.h"

#include <errno.h>
#include <stdlib.h>

#define FINE_BITS 8
#define FINE (1u << FINE_BITS)
#define COARSE_BITS 6
#define COARSE (1u << COARSE_BITS)
#define LEVELS 3 /* coarse ones */
#define HORIZON ((uint64_t)1 << (FINE_BITS + LEVELS * COARSE_BITS))

struct sip_timers {
	uint64_t now_ms;
	unsigned count;
	/* Bits say "perhaps not empty": stopping a timer leaves them. */
	uint64_t fine_bits[FINE / 64];
	uint64_t coarse_bits[LEVELS];
	struct sip_timer due; /* delay 0 */
	struct sip_timer fine[FINE];
	struct sip_timer coarse[LEVELS][COARSE];
};

static void
list_init(struct sip_timer *head)
{
	head->next = head->prev = head;
}

static bool
list_empty(const struct sip_timer *head)
{
	return head->next == head;
}

static void
list_append(struct sip_timer *head, struct sip_timer *timer)
{
	timer->prev = head->prev;
	timer->next = head;
	head->prev->next = timer;
	head->prev = timer;
}

static void
list_unlink(struct sip_timer *timer)
{
	timer->prev->next = timer->next;
	timer->next->prev = timer->prev;
	timer->next = timer->prev = NULL;
}

static void
list_move(struct sip_timer *to, struct sip_timer *from)
{
	list_init(to);
	if (list_empty(from))
		return;
	*to = *from;
	to->next->prev = to;
	to->prev->next = to;
	list_init(from);
}

int
sip_timers_new(struct sip_timers **tp, uint64_t now_ms)
{
	struct sip_timers *t = calloc(1, sizeof(*t));

	if (!t)
		return ENOMEM;
	t->now_ms = now_ms;
	list_init(&t->due);
	for (unsigned i = 0; i < FINE; i++)
		list_init(&t->fine[i]);
	for (unsigned l = 0; l < LEVELS; l++)
		for (unsigned i = 0; i < COARSE; i++)
			list_init(&t->coarse[l][i]);
	*tp = t;
	return 0;
}

static void
stop_all(struct sip_timer *head)
{
	while (!list_empty(head))
		list_unlink(head->next);
}

void
sip_timers_free(struct sip_timers *t)
{
	if (!t)
		return;
	stop_all(&t->due);
	for (unsigned i = 0; i < FINE; i++)
		stop_all(&t->fine[i]);
	for (unsigned l = 0; l < LEVELS; l++)
		for (unsigned i = 0; i < COARSE; i++)
			stop_all(&t->coarse[l][i]);
	free(t);
}

static void
place(struct sip_timers *t, struct sip_timer *timer)
{
	uint64_t at = timer->at_ms, left;
	unsigned level = 0, slot;

	if (at - t->now_ms >= HORIZON)
		at = t->now_ms + HORIZON - 1;
	left = at - t->now_ms;
	if (left < FINE) {
		slot = (unsigned)(at % FINE);
		t->fine_bits[slot / 64] |= (uint64_t)1 << (slot % 64);
		list_append(&t->fine[slot], timer);
		return;
	}
	while (left >> (FINE_BITS + (level + 1) * COARSE_BITS))
		level++;
	slot = (unsigned)(at >> (FINE_BITS + level * COARSE_BITS)) % COARSE;
	t->coarse_bits[level] |= (uint64_t)1 << slot;
	list_append(&t->coarse[level][slot], timer);
}

void
sip_timer_start(struct sip_timers *t, struct sip_timer *timer,
    uint64_t delay_ms, sip_timer_h *handler, void *arg)
{
	sip_timer_stop(t, timer);
	timer->at_ms = t->now_ms + delay_ms;
	timer->handler = handler;
	timer->arg = arg;
	t->count++;
	if (delay_ms == 0)
		list_append(&t->due, timer);
	else
		place(t, timer);
}

void
sip_timer_stop(struct sip_timers *t, struct sip_timer *timer)
{
	if (!sip_timer_running(timer))
		return;
	list_unlink(timer);
	t->count--;
}

static void
fire(struct sip_timers *t, struct sip_timer *slot)
{
	struct sip_timer batch;

	/* Apart, so that a handler that starts a timer cannot keep us here. */
	list_move(&batch, slot);
	while (!list_empty(&batch)) {
		struct sip_timer *timer = batch.next;

		sip_timer_stop(t, timer);
		timer->handler(timer->arg);
	}
}

static void
cascade(struct sip_timers *t, unsigned level)
{
	unsigned slot = (unsigned)(t->now_ms >>
			    (FINE_BITS + level * COARSE_BITS)) %
	    COARSE;
	struct sip_timer batch;

	/* The longer way first: it may fill the slot below. */
	if (slot == 0 && level + 1 < LEVELS)
		cascade(t, level + 1);
	t->coarse_bits[level] &= ~((uint64_t)1 << slot);
	list_move(&batch, &t->coarse[level][slot]);
	while (!list_empty(&batch)) {
		struct sip_timer *timer = batch.next;

		list_unlink(timer);
		place(t, timer);
	}
}

/* First bit at or after from, or -1. */
static int
first_bit(const uint64_t *bits, unsigned words, unsigned from)
{
	for (unsigned w = from / 64; w < words; w++, from = w * 64) {
		uint64_t left = bits[w] & (~(uint64_t)0 << (from % 64));

		if (left)
			return (int)(w * 64 + (unsigned)__builtin_ctzll(left));
	}
	return -1;
}

/* The next instant after now at which a slot is to be looked at. */
static uint64_t
next_tick(const struct sip_timers *t)
{
	uint64_t now = t->now_ms, lap = now / FINE;
	unsigned from = (unsigned)(now % FINE) + 1;
	int bit;

	bit = from < FINE ? first_bit(t->fine_bits, FINE / 64, from) : -1;
	if (bit >= 0)
		return lap * FINE + (unsigned)bit;
	/* Beyond the lap's end: there it begins anew. */
	if (first_bit(t->fine_bits, FINE / 64, 0) >= 0)
		return (lap + 1) * FINE;
	from = (unsigned)(lap % COARSE) + 1;
	bit = from < COARSE ? first_bit(t->coarse_bits, 1, from) : -1;
	if (bit >= 0)
		return (lap / COARSE * COARSE + (unsigned)bit) * FINE;
	return (lap / COARSE + 1) * COARSE * FINE;
}

void
sip_timers_run(struct sip_timers *t, uint64_t now_ms)
{
	fire(t, &t->due);
	while (t->now_ms < now_ms) {
		uint64_t next = t->count ? next_tick(t) : UINT64_MAX;
		unsigned slot;

		if (next > now_ms) {
			t->now_ms = now_ms;
			break;
		}
		t->now_ms = next;
		slot = (unsigned)(next % FINE);
		if (slot == 0)
			cascade(t, 0);
		t->fine_bits[slot / 64] &= ~((uint64_t)1 << (slot % 64));
		fire(t, &t->fine[slot]);
	}
}

uint64_t
sip_timers_now(const struct sip_timers *t)
{
	return t->now_ms;
}

uint64_t
sip_timers_next_ms(const struct sip_timers *t)
{
	if (!list_empty(&t->due))
		return 0;
	return t->count ? next_tick(t) - t->now_ms : UINT64_MAX;
}

unsigned
sip_timers_count(const struct sip_timers *t)
{
	return t->count;
}
