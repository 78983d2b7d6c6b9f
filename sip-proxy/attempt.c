/*
 * attempt.c - see attempt.h.
 *
 * The decision as it was made, and the facts it was made on, until the call
 * rings; then the store thread makes notes of them. Most calls have nothing to
 * note, and keep nothing. Called by decide_call.c and response.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "attempt.h"
#include "proxy.h"
#include "remember.h"

struct attempt {
	struct store_job job;
	struct proxy *proxy;
	struct setup *setup; /* the facts lean on its snapshot */
	struct usher_policy *policy;
	struct usher_facts *facts;
	struct usher_decision *asked;
	struct usher_error error;
	int code;
	char who[ID_TEXT];
};

static void
free_attempt(struct attempt *attempt)
{
	usher_decision_free(attempt->asked);
	usher_facts_free(attempt->facts);
	usher_policy_release(attempt->policy);
	setup_release(attempt->setup);
	free(attempt);
}

void
attempt_drop(struct decision *decision)
{
	if (decision->attempt != NULL)
		free_attempt(decision->attempt);
	decision->attempt = NULL;
}

static void
note(struct store_job *job)
{
	struct attempt *a = (struct attempt *)job;
	struct usher_notes *notes = NULL;

	a->code = usher_notes_new(a->proxy->usher, &notes, &a->error);
	if (a->code == 0)
		a->code = usher_notes_came(notes, a->policy, a->who, a->facts,
		    a->asked, &a->error);
	if (a->code == 0)
		usher_notes_commit_later(notes);
	else
		usher_notes_free(notes);
}

static void
noted(struct store_job *job, bool late)
{
	struct attempt *a = (struct attempt *)job;

	if (!late && a->code != 0) {
		a->proxy->counters.faults++;
		log_write(&a->proxy->log, LOG_ERR,
		    "a call to %s that came through cannot be remembered: %s",
		    a->who, a->error.text);
	}
	free_attempt(a);
}

void
attempt_keep(struct screening *s, struct decision *decision)
{
	struct attempt *a;

	/* Without a promise there is none to be used up. */
	if (!usher_memory_has_promise(remember_memory(decision)))
		return;
	a = calloc(1, sizeof(*a));
	if (a == NULL) {
		s->proxy->counters.faults++;
		return;
	}
	a->job = (struct store_job){ .work = note, .done = noted };
	a->proxy = s->proxy;
	a->setup = setup_hold(s->setup);
	a->policy = usher_policy_hold(s->recipient.policy);
	a->facts = remember_take_facts(decision);
	a->asked = s->proxy->asked;
	s->proxy->asked = NULL;
	memcpy(a->who, s->recipient.text, sizeof(a->who));
	decision->attempt = a;
}

void
attempt_came(struct decision *decision)
{
	struct attempt *a = decision == NULL ? NULL : decision->attempt;

	if (a == NULL)
		return;
	decision->attempt = NULL;
	if (store_thread_ask(a->proxy->store, &a->job))
		return;
	a->code = ENOBUFS;
	snprintf(a->error.text, sizeof(a->error.text),
	    "too much waits for the store");
	noted(&a->job, false);
}
