/*
 * decisions.c - one decision a call.
 *
 * A decision is found again by its call (Call-ID, From tag, recipient) until
 * 32 s after the last final answer under it, and by its pair (caller,
 * recipient) while a transaction under it has no final answer (design-calls.md
 * "One decision a call"). Keys are keyed hashes made by decide_call.c. Two
 * tables of growing size; that of calls, where strangers find a hundred
 * thousand others, holds its keys itself: a look is one line of memory, and to
 * grow does not touch the decisions. Refusals without words, the most of what
 * strangers leave, are all alike: a key and its end are all that is kept of
 * one, in the table and in the order they end in (bare.c). Single thread.
 */
#include <stdlib.h>

#include "attempt.h"
#include "bare.h"
#include "remember.h"

enum {
	KEPT_MS = 32000,
	FIRST_SIZE = 1024,
	BARE_CODE = 480,
	SWEEP_MS = 250,
	SWEPT_AT_ONCE = 256
};

/* What a place holds: 0: free; odd: the end, in ms, of a refusal without words;
 * else the address of a decision. */
struct call_place {
	uint64_t key;
	uint64_t holds;
};

struct decisions {
	struct sip_timers *timers;
	unsigned count, pairs;
	size_t call_size, pair_size; /* powers of two */
	/* Each at the first free place from that of its key on, and half of
	 * them free. */
	struct call_place *by_call;
	struct decision **by_pair; /* chains */
	struct decision *bare;	   /* what all refusals without words are */
	struct bare_queue queue;
	struct sip_timer sweep;
};

static struct decision *
decision_in(const struct call_place *place)
{
	return (struct decision *)(uintptr_t)place->holds;
}

static bool
is_bare(const struct call_place *place)
{
	return (place->holds & 1) != 0;
}

static uint64_t
end_of_bare(const struct call_place *place)
{
	return place->holds >> 1;
}

static uint64_t
bare_until(uint64_t end_ms)
{
	return end_ms << 1 | 1;
}

/* Nobody answers another way when all that is told is that. */
static bool
make_bare(struct decisions *table)
{
	table->bare = decision_new();
	if (table->bare == NULL)
		return false;
	table->bare->settled = true;
	table->bare->verdict = USHER_REFUSE;
	table->bare->answer.code = BARE_CODE;
	return true;
}

struct decisions *
decisions_new(struct sip_timers *timers)
{
	struct decisions *table = calloc(1, sizeof(*table));

	if (table == NULL)
		return NULL;
	table->timers = timers;
	table->call_size = table->pair_size = FIRST_SIZE;
	table->by_call = calloc(FIRST_SIZE, sizeof(*table->by_call));
	table->by_pair = calloc(FIRST_SIZE, sizeof(*table->by_pair));
	if (table->by_call == NULL || table->by_pair == NULL ||
	    !make_bare(table)) {
		free(table->by_call);
		free(table->by_pair);
		free(table);
		return NULL;
	}
	return table;
}

struct decision *
decision_new(void)
{
	/* The C library keeps what was just freed for malloc(3) alone. */
	struct decision *decision = malloc(sizeof(*decision));

	if (decision != NULL)
		*decision = (struct decision){ .references = 1 };
	return decision;
}

struct decision *
decision_hold(struct decision *decision)
{
	decision->references++;
	return decision;
}

void
decision_release(struct decision *decision)
{
	if (decision == NULL || --decision->references > 0)
		return;
	remember_end(decision);
	attempt_drop(decision);
	free(decision->target);
	free(decision->codes);
	free(decision->text);
	free(decision);
}

/* One of the key's own: the newest is found first. */
static void
link_call(struct call_place *places, size_t size, struct call_place one)
{
	size_t at = one.key & (size - 1);

	while (places[at].holds != 0) {
		if (places[at].key == one.key) {
			struct call_place older = places[at];

			places[at] = one;
			one = older;
		}
		at = (at + 1) & (size - 1);
	}
	places[at] = one;
}

/* What lies behind moves up, unless it is at its own place already. */
static void
close_gap(struct call_place *places, size_t size, size_t gap)
{
	size_t at = gap;

	for (;;) {
		size_t away, behind;

		at = (at + 1) & (size - 1);
		if (places[at].holds == 0)
			break;
		away = (at - places[at].key) & (size - 1);
		behind = (at - gap) & (size - 1);
		if (away < behind)
			continue;
		places[gap] = places[at];
		gap = at;
	}
	places[gap].holds = 0;
}

static void
unlink_call(struct decisions *table, const struct decision *decision)
{
	size_t at = decision->call_key & (table->call_size - 1);

	while (table->by_call[at].holds != 0 &&
	    table->by_call[at].holds != (uintptr_t)decision)
		at = (at + 1) & (table->call_size - 1);
	if (table->by_call[at].holds != 0)
		close_gap(table->by_call, table->call_size, at);
}

static void
unlink_pair(struct decisions *table, struct decision *decision)
{
	struct decision **at =
	    &table->by_pair[decision->pair_key & (table->pair_size - 1)];

	if (decision->pair_key == 0)
		return;
	while (*at != NULL && *at != decision)
		at = &(*at)->next_pair;
	if (*at != NULL) {
		*at = decision->next_pair;
		table->pairs--;
	}
	decision->pair_key = 0;
}

static void
link_pair(struct decisions *table, struct decision *decision)
{
	struct decision **at =
	    &table->by_pair[decision->pair_key & (table->pair_size - 1)];

	decision->next_pair = *at;
	*at = decision;
	table->pairs++;
}

/* The table is gone: what calls still hold is let go by them. */
static void
forget(void *arg)
{
	struct decision *decision = arg;
	struct decisions *table = decision->table;

	sip_timer_stop(table->timers, &decision->timer);
	unlink_call(table, decision);
	unlink_pair(table, decision);
	decision->table = NULL;
	table->count--;
	decision_release(decision);
}

void
decisions_free(struct decisions *table)
{
	if (table == NULL)
		return;
	/* Each in its place: what one leaves empty hides those behind it. */
	for (size_t i = 0; i < table->call_size; i++) {
		struct call_place place = table->by_call[i];

		table->by_call[i].holds = 0;
		if (place.holds != 0 && !is_bare(&place))
			forget(decision_in(&place));
	}
	sip_timer_stop(table->timers, &table->sweep);
	bare_free(&table->queue);
	decision_release(table->bare);
	free(table->by_call);
	free(table->by_pair);
	free(table);
}

/* Twice the size. False: there is no memory. */
static bool
grow_calls(struct decisions *table)
{
	size_t size = table->call_size;
	struct call_place *places = calloc(size * 2, sizeof(*places));

	if (places == NULL)
		return false;
	for (size_t i = 0; i < size; i++)
		if (table->by_call[i].holds != 0)
			link_call(places, size * 2, table->by_call[i]);
	free(table->by_call);
	table->by_call = places;
	table->call_size = size * 2;
	return true;
}

/* When there is no memory the chains just grow longer. */
static void
grow_pairs(struct decisions *table)
{
	size_t size = table->pair_size;
	struct decision **old = table->by_pair;
	struct decision **pairs = calloc(size * 2, sizeof(*pairs));

	if (pairs == NULL)
		return;
	table->by_pair = pairs;
	table->pair_size = size * 2;
	table->pairs = 0;
	for (size_t i = 0; i < size; i++) {
		while (old[i] != NULL) {
			struct decision *decision = old[i];

			old[i] = decision->next_pair;
			link_pair(table, decision);
		}
	}
	free(old);
}

struct decision *
decisions_find(struct decisions *table, uint64_t call_key)
{
	uint64_t now_ms = sip_timers_now(table->timers);
	size_t at = call_key & (table->call_size - 1);
	struct call_place *place;

	for (;; at = (at + 1) & (table->call_size - 1)) {
		place = &table->by_call[at];
		if (place->holds == 0)
			return NULL;
		if (place->key != call_key)
			continue;
		if (!is_bare(place))
			return decision_in(place);
		if (end_of_bare(place) <= now_ms)
			continue;
		place->holds = bare_until(now_ms + KEPT_MS);
		return table->bare;
	}
}

struct decision *
decisions_find_pair(const struct decisions *table, uint64_t pair_key)
{
	struct decision *one =
	    table->by_pair[pair_key & (table->pair_size - 1)];

	if (pair_key == 0)
		return NULL;
	while (one != NULL && one->pair_key != pair_key)
		one = one->next_pair;
	return one;
}

bool
decisions_have_pairs(const struct decisions *table)
{
	return table->pairs > 0;
}

/* ---- refusals without words ---- */

static bool
is_like_bare(const struct decision *d)
{
	const struct answer *a = &d->answer;

	return d->settled && d->verdict == USHER_REFUSE &&
	    a->code == BARE_CODE && d->text == NULL && d->asking == NULL &&
	    d->attempt == NULL && d->waiting == NULL && d->target == NULL &&
	    d->otherwise == 0 && d->pair_key == 0 && !d->safe;
}

/* The first of the queue, unless its call came again since. */
static void
forget_first(struct decisions *table, uint64_t now_ms)
{
	struct bare one = *bare_first(&table->queue);
	size_t at = one.key & (table->call_size - 1);

	bare_drop(&table->queue);
	while (table->by_call[at].holds != 0 &&
	    (table->by_call[at].key != one.key ||
		!is_bare(&table->by_call[at])))
		at = (at + 1) & (table->call_size - 1);
	if (table->by_call[at].holds == 0)
		return;
	one.end_ms = end_of_bare(&table->by_call[at]);
	if (one.end_ms > now_ms && bare_put(&table->queue, one))
		return;
	close_gap(table->by_call, table->call_size, at);
	table->count--;
}

/* At most so many: there are other things to do in a turn. */
static void
forget_some(struct decisions *table, unsigned most)
{
	uint64_t now_ms = sip_timers_now(table->timers);

	while (most-- > 0 && table->queue.count > 0 &&
	    bare_first(&table->queue)->end_ms <= now_ms)
		forget_first(table, now_ms);
}

/* One wake-up for all that end about then. */
static void
sweep(void *arg)
{
	struct decisions *table = arg;
	uint64_t now_ms = sip_timers_now(table->timers), end_ms;

	forget_some(table, SWEPT_AT_ONCE);
	if (table->queue.count == 0) {
		bare_free(&table->queue);
		return;
	}
	end_ms = bare_first(&table->queue)->end_ms;
	sip_timer_start(table->timers, &table->sweep,
	    end_ms <= now_ms ? 1 : end_ms - now_ms + SWEEP_MS, sweep, table);
}

static bool
keep_bare(struct decisions *table, struct decision *decision)
{
	struct bare one = { decision->call_key,
		sip_timers_now(table->timers) + KEPT_MS };

	if (!is_like_bare(decision) || !bare_put(&table->queue, one))
		return false;
	link_call(table->by_call, table->call_size,
	    (struct call_place){ one.key, bare_until(one.end_ms) });
	table->count++;
	if (!sip_timer_running(&table->sweep))
		sip_timer_start(table->timers, &table->sweep,
		    KEPT_MS + SWEEP_MS, sweep, table);
	return true;
}

void
decisions_keep(struct decisions *table, struct decision *decision)
{
	struct call_place place = { decision->call_key, (uintptr_t)decision };

	forget_some(table, 2); /* more than come: it cannot grow behind */
	/* Without room its call is decided anew, should it come again. */
	if (table->count >= table->call_size / 2 && !grow_calls(table))
		return;
	if (keep_bare(table, decision))
		return;
	if (table->pairs >= table->pair_size)
		grow_pairs(table);
	decision->table = table;
	table->count++;
	decision_hold(decision);
	link_call(table->by_call, table->call_size, place);
	if (decision->pair_key != 0)
		link_pair(table, decision);
	sip_timer_start(table->timers, &decision->timer, KEPT_MS, forget,
	    decision);
}

void
decision_begin(struct decision *decision)
{
	decision->open++;
	if (decision->table != NULL)
		sip_timer_stop(decision->table->timers, &decision->timer);
}

void
decision_end(struct decision *decision)
{
	struct decisions *table = decision->table;

	if (--decision->open > 0 || table == NULL)
		return;
	unlink_pair(table, decision);
	sip_timer_start(table->timers, &decision->timer, KEPT_MS, forget,
	    decision);
}

unsigned
decisions_count(const struct decisions *table)
{
	return table->count;
}
