/*
 * decisions.c - one decision a call.
 *
 * A decision is found again by its call (Call-ID, From tag, recipient) until
 * 32 s after the last final answer under it, and by its pair (caller,
 * recipient) while a transaction under it has no final answer (design-calls.md
 * "One decision a call"). Keys are keyed hashes made by decide_call.c. A table
 * of growing size; single thread.
 */
#include <stdlib.h>

#include "attempt.h"
#include "remember.h"

enum { KEPT_MS = 32000, FIRST_SIZE = 1024 };

struct decisions {
	struct sip_timers *timers;
	unsigned count, pairs;
	size_t size; /* a power of two */
	struct decision **by_call, **by_pair;
};

struct decisions *
decisions_new(struct sip_timers *timers)
{
	struct decisions *table = calloc(1, sizeof(*table));

	if (table == NULL)
		return NULL;
	table->timers = timers;
	table->size = FIRST_SIZE;
	table->by_call = calloc(table->size, sizeof(struct decision *));
	table->by_pair = calloc(table->size, sizeof(struct decision *));
	if (table->by_call == NULL || table->by_pair == NULL) {
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
	struct decision *decision = calloc(1, sizeof(*decision));

	if (decision != NULL)
		decision->references = 1;
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

static void
unlink_call(struct decisions *table, struct decision *decision)
{
	struct decision **at =
	    &table->by_call[decision->call_key & (table->size - 1)];

	while (*at != NULL && *at != decision)
		at = &(*at)->next_call;
	if (*at != NULL)
		*at = decision->next_call;
}

static void
unlink_pair(struct decisions *table, struct decision *decision)
{
	struct decision **at =
	    &table->by_pair[decision->pair_key & (table->size - 1)];

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
link_both(struct decisions *table, struct decision *decision)
{
	size_t call = decision->call_key & (table->size - 1);
	size_t pair = decision->pair_key & (table->size - 1);

	decision->next_call = table->by_call[call];
	table->by_call[call] = decision;
	if (decision->pair_key == 0)
		return;
	decision->next_pair = table->by_pair[pair];
	table->by_pair[pair] = decision;
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
	for (size_t i = 0; i < table->size; i++) {
		while (table->by_call[i] != NULL)
			forget(table->by_call[i]);
	}
	free(table->by_call);
	free(table->by_pair);
	free(table);
}

/* Twice the size; when there is no memory the chains just grow longer. */
static void
grow(struct decisions *table)
{
	size_t size = table->size;
	struct decision **calls = calloc(size * 2, sizeof(*calls));
	struct decision **pairs = calloc(size * 2, sizeof(*pairs));
	struct decision **old = table->by_call;

	if (calls == NULL || pairs == NULL) {
		free(calls);
		free(pairs);
		return;
	}
	free(table->by_pair);
	table->by_call = calls;
	table->by_pair = pairs;
	table->size = size * 2;
	table->pairs = 0;
	for (size_t i = 0; i < size; i++) {
		while (old[i] != NULL) {
			struct decision *decision = old[i];

			old[i] = decision->next_call;
			link_both(table, decision);
		}
	}
	free(old);
}

struct decision *
decisions_find(const struct decisions *table, uint64_t call_key)
{
	struct decision *one = table->by_call[call_key & (table->size - 1)];

	while (one != NULL && one->call_key != call_key)
		one = one->next_call;
	return one;
}

struct decision *
decisions_find_pair(const struct decisions *table, uint64_t pair_key)
{
	struct decision *one = table->by_pair[pair_key & (table->size - 1)];

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

void
decisions_keep(struct decisions *table, struct decision *decision)
{
	if (table->count >= table->size)
		grow(table);
	decision->table = table;
	table->count++;
	decision_hold(decision);
	link_both(table, decision);
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
