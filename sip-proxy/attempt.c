/*
 * attempt.c - see attempt.h.
 *
 * The decision as it was made, and the facts it was made on, until the call
 * rings; then the store thread makes notes of them, and the memory's own
 * thread writes them. Who asks about the same recipient waits until they are
 * noted, and where a promise was used until that is written (remember.c).
 * Most calls have nothing to note, and keep nothing. Called by decide_call.c
 * and response.c.
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
	enum usher_became became;
	bool counts, promised;
	unsigned part;
	struct usher_error error;
	int code;
	char who[ID_TEXT];
};

/* Notes on their way: all that the thread which writes them needs. */
struct written {
	struct store_thread *store;
	unsigned part;
	bool waited_for;
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

unsigned
attempt_part(const struct usher_policy *policy)
{
	unsigned part = 0;

	for (const char *p = usher_policy_name(policy); *p != '\0'; p++)
		part = part * 31 + (unsigned char)*p;
	return part;
}

static void
on_written(void *arg, int code, const struct usher_error *error)
{
	struct written *written = arg;

	(void)code; /* `usher status` tells of a memory that takes nothing */
	(void)error;
	if (written->waited_for)
		store_thread_write_ends(written->store, written->part);
	free(written);
}

static int
make_notes(struct attempt *a, struct usher_notes *notes)
{
	int code = 0;

	if (a->counts)
		code = usher_notes_attempt(notes, a->policy, a->who, a->facts,
		    a->asked, a->became, &a->error);
	if (code == 0 && a->promised && a->became == USHER_TAKEN)
		code = usher_notes_came(notes, a->policy, a->who, a->facts,
		    a->asked, &a->error);
	return code;
}

static void
note(struct store_job *job)
{
	struct attempt *a = (struct attempt *)job;
	struct written *written = malloc(sizeof(*written));
	struct usher_notes *notes = NULL;

	a->code = written == NULL
	    ? ENOMEM
	    : usher_notes_new(a->proxy->usher, &notes, &a->error);
	if (a->code == 0)
		a->code = make_notes(a, notes);
	if (a->code == 0) {
		*written = (struct written){ a->proxy->store, a->part,
			a->promised };
		usher_notes_keep(notes);
		a->code = usher_notes_commit_then(notes, on_written, written,
		    &a->error);
	}
	/* From here on it is seen by whoever reads, written or not. */
	if (a->code == 0 && !a->promised)
		store_thread_write_ends(a->proxy->store, a->part);
	if (a->code == 0)
		return;
	usher_notes_free(notes);
	free(written);
	store_thread_write_ends(a->proxy->store, a->part);
}

static void
noted(struct store_job *job, bool late)
{
	struct attempt *a = (struct attempt *)job;

	if (!late && a->code != 0) {
		a->proxy->counters.faults++;
		log_write(&a->proxy->log, LOG_ERR,
		    "a call to %s cannot be remembered: %s", a->who,
		    a->error.text);
	}
	free_attempt(a);
}

/* Has it noted by the store thread. */
static void
post(struct attempt *a, enum usher_became became)
{
	a->became = became;
	a->part = attempt_part(a->policy);
	store_thread_write_begins(a->proxy->store, a->part);
	if (store_thread_ask(a->proxy->store, &a->job))
		return;
	store_thread_write_ends(a->proxy->store, a->part);
	a->code = ENOBUFS;
	snprintf(a->error.text, sizeof(a->error.text),
	    "too much waits for the store");
	noted(&a->job, false);
}

void
attempt_drop(struct decision *decision)
{
	struct attempt *a = decision->attempt;

	decision->attempt = NULL;
	if (a != NULL && a->counts)
		post(a, USHER_ENDED);
	else if (a != NULL)
		free_attempt(a);
}

static struct attempt *
make_attempt(struct screening *s, struct decision *decision)
{
	struct attempt *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->facts = remember_take_facts(decision);
	if (a->facts == NULL)
		a->facts = facts_of_attempt(s);
	if (a->facts == NULL) {
		free(a);
		return NULL;
	}
	a->job = (struct store_job){ .work = note, .done = noted };
	a->proxy = s->proxy;
	a->setup = setup_hold(s->setup);
	a->policy = usher_policy_hold(s->recipient.policy);
	a->asked = s->proxy->asked;
	s->proxy->asked = NULL;
	memcpy(a->who, s->recipient.text, sizeof(a->who));
	return a;
}

void
attempt_decided(struct screening *s, struct decision *decision, bool enforced)
{
	bool accepted = decision->verdict == USHER_ACCEPT;
	bool counts = usher_attempt_counts(s->recipient.policy,
	    s->proxy->asked);
	bool promised = accepted && enforced &&
	    usher_memory_has_promise(remember_memory(decision));
	struct attempt *a;

	if (!counts && !promised)
		return;
	a = make_attempt(s, decision);
	if (a == NULL) {
		s->proxy->counters.faults++;
		return;
	}
	a->counts = counts;
	a->promised = promised;
	if (accepted)
		decision->attempt = a;
	else
		post(a, USHER_ENDED);
}

void
attempt_came(struct decision *decision)
{
	struct attempt *a = decision == NULL ? NULL : decision->attempt;

	if (a == NULL)
		return;
	decision->attempt = NULL;
	post(a, USHER_TAKEN);
}
