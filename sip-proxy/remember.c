/*
 * remember.c - see remember.h.
 *
 * Reading is the store thread's, writing the memory's own, which tells that it
 * has ended through the store thread. Whoever has waited too long lets the job
 * go: it ends by itself, and what it brings is dropped. Called by
 * decide_call.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "attempt.h"
#include "proxy.h"
#include "remember_int.h"

/* How long a call waits for one that rang before it to be written. */
enum { HELD_STEP_MS = 5, HELD_MOST_MS = POLICY_WAIT_MS };

static void
free_recall(struct recall *recall)
{
	usher_memory_free(recall->memory);
	usher_facts_free(recall->facts);
	usher_policy_release(recall->policy);
	setup_release(recall->setup);
	free(recall);
}

bool
remember_waits(const struct decision *decision)
{
	const struct asking *asking = decision->asking;

	return asking != NULL && (asking->reading || asking->writing != NULL);
}

/* Its room serves the next: a call takes and frees as much each time. */
static void
keep_spare(struct proxy *proxy, struct recall *recall)
{
	if (proxy->spare_facts == NULL) {
		proxy->spare_facts = recall->facts;
		recall->facts = NULL;
	}
	if (proxy->spare_recall != NULL) {
		free_recall(recall);
		return;
	}
	usher_facts_free(recall->facts);
	usher_policy_release(recall->policy);
	setup_release(recall->setup);
	proxy->spare_recall = recall;
}

void
remember_forget_spare(struct proxy *proxy)
{
	if (proxy->spare_recall != NULL)
		usher_memory_free(proxy->spare_recall->memory);
	free(proxy->spare_recall);
	proxy->spare_recall = NULL;
}

/* Cleared, but that it may have a memory to be read into. */
static struct recall *
take_spare(struct proxy *proxy)
{
	struct recall *recall = proxy->spare_recall;

	if (recall == NULL)
		return calloc(1, sizeof(*recall));
	proxy->spare_recall = NULL;
	recall->asking = NULL;
	recall->code = 0;
	recall->targets = false;
	return recall;
}

void
remember_end(struct decision *decision)
{
	struct asking *asking = decision->asking;

	if (asking == NULL)
		return;
	decision->asking = NULL;
	patience_end(&asking->patience);
	sip_timer_stop(asking->proxy->timers, &asking->timer);
	if (asking->writing != NULL)
		asking->writing->asking = NULL;
	if (asking->recall != NULL && asking->reading && asking->held_ms == 0) {
		asking->recall->asking = NULL;
	} else if (asking->recall != NULL) {
		keep_spare(asking->proxy, asking->recall);
	}
	free(asking);
}

/* ---- reading ---- */

static void
read_memory(struct store_job *job)
{
	struct recall *recall = (struct recall *)job;
	struct usher_question question = { .policy = recall->policy,
		.facts = recall->facts,
		.at = recall->at };
	struct usher_decision *decision = NULL;

	recall->code = usher_memory_read(recall->usher, recall->policy,
	    recall->who, recall->facts, recall->at, &recall->memory,
	    &recall->error);
	if (!recall->targets)
		return;
	/* For the policies of its targets: they are at hand after it. */
	question.memory = recall->memory;
	(void)usher_decide(recall->usher, &question, &decision, NULL);
	usher_decision_free(decision);
}

static void
tell_unreadable(struct proxy *proxy, const char *who, const char *why)
{
	proxy->counters.faults++;
	log_write(&proxy->log, LOG_ERR,
	    "memory cannot be read for a call to %s: %s", who, why);
}

static void
have_memory(struct store_job *job, bool late)
{
	struct recall *recall = (struct recall *)job;
	struct asking *asking = recall->asking;

	if (asking == NULL || late) {
		if (asking != NULL)
			asking->recall = NULL;
		free_recall(recall);
		return;
	}
	patience_end(&asking->patience);
	asking->reading = false;
	if (recall->code != 0)
		tell_unreadable(asking->proxy, recall->who, recall->error.text);
	waiting_go_on(asking->decision);
}

static void
on_memory_late(void *arg)
{
	struct asking *asking = arg;
	struct decision *decision = asking->decision;

	tell_unreadable(asking->proxy, asking->recall->who,
	    "the store does not answer");
	asking->recall->asking = NULL;
	asking->recall = NULL;
	asking->reading = false;
	waiting_go_on(decision);
}

struct asking *
remember_asking(struct proxy *proxy, struct decision *decision)
{
	if (decision->asking == NULL) {
		decision->asking = malloc(sizeof(*decision->asking));
		if (decision->asking == NULL)
			return NULL;
		*decision->asking = (struct asking){ .proxy = proxy,
			.decision = decision,
			.patience = { .left_ms = POLICY_WAIT_MS } };
	}
	return decision->asking;
}

static struct recall *
new_recall(const struct screening *s, struct usher_facts *facts)
{
	struct recall *recall = take_spare(s->proxy);

	if (recall == NULL)
		return NULL;
	recall->job = (struct store_job){ .work = read_memory,
		.done = have_memory };
	recall->usher = s->proxy->usher;
	recall->setup = setup_hold(s->setup);
	recall->policy = usher_policy_hold(s->recipient.policy);
	recall->facts = facts;
	recall->at = proxy_clock_ms(s->proxy) / 1000;
	memcpy(recall->who, s->recipient.text, sizeof(recall->who));
	return recall;
}

static bool
ask_store(struct asking *asking, struct recall *recall, unsigned wait_ms)
{
	recall->asking = asking;
	if (!store_thread_ask(asking->proxy->store, &recall->job))
		return false;
	asking->recall = recall;
	asking->reading = true;
	patience_begin(&asking->patience, asking->proxy->timers, wait_ms,
	    on_memory_late, asking);
	return true;
}

/* What rang a moment ago counts, and is looked for once it is written. */
static void
on_held(void *arg)
{
	struct asking *asking = arg;
	struct recall *recall = asking->recall;
	struct proxy *proxy = asking->proxy;

	asking->held_ms += HELD_STEP_MS;
	if (asking->held_ms < HELD_MOST_MS &&
	    store_thread_is_writing(proxy->store,
		attempt_part(recall->policy))) {
		sip_timer_start(proxy->timers, &asking->timer, HELD_STEP_MS,
		    on_held, asking);
		return;
	}
	asking->held_ms = 0;
	if (ask_store(asking, recall, POLICY_WAIT_MS))
		return;
	tell_unreadable(proxy, recall->who, "too much waits for the store");
	free_recall(recall);
	asking->recall = NULL;
	asking->reading = false;
	waiting_go_on(asking->decision);
}

static void
hold(struct asking *asking, struct recall *recall)
{
	asking->recall = recall;
	asking->reading = true;
	asking->held_ms = HELD_STEP_MS;
	sip_timer_start(asking->proxy->timers, &asking->timer, HELD_STEP_MS,
	    on_held, asking);
}

bool
remember_at_hand(struct screening *s, struct decision *decision,
    struct usher_facts *facts)
{
	struct asking *asking;
	struct recall *recall;

	if (!usher_memory_at_hand(s->proxy->usher) ||
	    store_thread_is_writing(s->proxy->store,
		attempt_part(s->recipient.policy)))
		return false;
	asking = remember_asking(s->proxy, decision);
	recall = asking == NULL ? NULL : new_recall(s, facts);
	if (recall == NULL)
		return false;
	asking->recall = recall;
	read_memory(&recall->job);
	if (recall->code != 0)
		tell_unreadable(s->proxy, recall->who, recall->error.text);
	return true;
}

bool
remember_read(struct screening *s, struct decision *decision,
    struct usher_facts *facts, bool targets, unsigned wait_ms)
{
	struct asking *asking = wait_ms == 0
	    ? NULL
	    : remember_asking(s->proxy, decision);
	struct recall *recall = asking == NULL ? NULL : asking->recall;
	bool fresh = recall == NULL;

	/* For its targets it waits no longer than it would have for itself. */
	if (recall != NULL && wait_ms > asking->patience.left_ms)
		wait_ms = asking->patience.left_ms;
	if (asking != NULL && fresh)
		recall = new_recall(s, facts);
	if (recall == NULL)
		return false;
	recall->targets = targets;
	if (fresh &&
	    store_thread_is_writing(s->proxy->store,
		attempt_part(recall->policy))) {
		hold(asking, recall);
		return true;
	}
	if (ask_store(asking, recall, wait_ms))
		return true;
	if (fresh) {
		recall->facts = NULL; /* the caller's still */
		free_recall(recall);
	}
	return false;
}

const struct usher_facts *
remember_facts(const struct decision *decision)
{
	const struct asking *asking = decision->asking;

	return asking == NULL || asking->recall == NULL ? NULL
							: asking->recall->facts;
}

struct usher_facts *
remember_take_facts(struct decision *decision)
{
	const struct asking *asking = decision->asking;
	struct usher_facts *facts = NULL;

	if (asking != NULL && asking->recall != NULL && !asking->reading) {
		facts = asking->recall->facts;
		asking->recall->facts = NULL;
	}
	return facts;
}

const struct usher_memory *
remember_memory(const struct decision *decision)
{
	const struct asking *asking = decision->asking;

	return asking == NULL || asking->recall == NULL
	    ? NULL
	    : asking->recall->memory;
}

bool
remember_has_targets(const struct decision *decision)
{
	const struct asking *asking = decision->asking;

	return asking == NULL || asking->recall == NULL ||
	    asking->recall->targets;
}
