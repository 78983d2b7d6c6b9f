/*
 * remember_write.c - promises, uses of codes and what may come later: see
 * remember.h.
 *
 * Writing is the memory's own, which tells that it has ended through the store
 * thread. Whoever has waited too long lets the job go: it ends by itself.
 */
#include <errno.h>
#include <stdlib.h>

#include "remember_int.h"

static void
tell_written(struct proxy *proxy)
{
	log_write(&proxy->log, LOG_NOTICE,
	    "the store is written again: %u calls were answered before it was",
	    proxy->late_writes);
	proxy->late_writes = 0;
}

static void
written(struct store_job *job, bool late)
{
	struct writing *writing = (struct writing *)job;
	struct asking *asking = writing->asking;

	if (!late && writing->code == EDQUOT) {
		if (asking != NULL && asking->recall != NULL)
			usher_memory_drop_codes(asking->recall->memory);
	} else if (!late && writing->code != 0) {
		writing->proxy->counters.faults++;
		log_write(&writing->proxy->log, LOG_ERR,
		    "%s cannot be written: %s", writing->what,
		    writing->error.text);
	} else if (!late && writing->proxy->late_writes > 0) {
		tell_written(writing->proxy);
	}
	if (asking != NULL) {
		asking->writing = NULL;
		patience_end(&asking->patience);
		if (!late)
			waiting_go_on(asking->decision);
	}
	free(writing->owned);
	free(writing);
}

/* In the thread that writes. */
static void
on_written(void *arg, int code, const struct usher_error *error)
{
	struct writing *writing = arg;

	writing->code = code;
	if (code != 0)
		writing->error = *error;
	store_thread_tell(writing->store, &writing->job);
}

/* Takes the notes. NULL: nothing is on its way, and it has been told why. */
static struct writing *
write_notes(struct proxy *proxy, struct usher_notes *notes, const char *what,
    void *owned, struct asking *asking)
{
	struct writing *writing = calloc(1, sizeof(*writing));
	struct usher_error error = { .text = "out of memory" };

	if (writing != NULL) {
		writing->job.done = written;
		writing->proxy = proxy;
		writing->store = proxy->store;
		writing->what = what;
		writing->owned = owned;
		writing->asking = asking;
		store_thread_expect(proxy->store);
		if (owned == NULL)
			usher_notes_keep(notes);
		if (usher_notes_commit_then(notes, on_written, writing,
			&error) == 0)
			return writing;
		store_thread_forget(proxy->store);
		free(writing);
	}
	usher_notes_free(notes);
	free(owned);
	proxy->counters.faults++;
	log_write(&proxy->log, LOG_ERR, "%s cannot be written: %s", what,
	    error.text);
	return NULL;
}

void
remember_later(struct proxy *proxy, struct usher_notes *notes, const char *what,
    void *owned)
{
	(void)write_notes(proxy, notes, what, owned, NULL);
}

static void
on_writing_late(void *arg)
{
	struct asking *asking = arg;

	asking->proxy->counters.faults++;
	/* Once, until writing goes on. */
	if (asking->proxy->late_writes++ == 0)
		log_write(&asking->proxy->log, LOG_WARNING,
		    "a call is answered before %s was written; does another "
		    "process hold the store, or its disk stand still?",
		    asking->writing->what);
	asking->writing->asking = NULL;
	asking->writing = NULL;
	waiting_go_on(asking->decision);
}

void
remember_promise(struct screening *s, struct decision *decision,
    const struct usher_facts *facts, const char *reference)
{
	struct proxy *proxy = s->proxy;
	struct asking *asking = remember_asking(proxy, decision);
	struct usher_error error = { .text = "out of memory" };
	struct usher_notes *notes = NULL;
	int failed = ENOMEM;

	if (asking != NULL)
		failed = usher_notes_new(proxy->usher, &notes, &error);
	if (failed == 0)
		failed = usher_notes_promise(notes, s->recipient.policy,
		    s->recipient.text, facts, proxy->asked, reference, &error);
	if (failed != 0) {
		usher_notes_free(notes);
		proxy->counters.faults++;
		log_write(&proxy->log, LOG_ERR,
		    "a promise to a caller cannot be made: %s", error.text);
		return;
	}
	asking->writing = write_notes(proxy, notes, "a promise to a caller",
	    NULL, asking);
	if (asking->writing != NULL)
		patience_begin(&asking->patience, proxy->timers,
		    PROMISE_WAIT_MS, on_writing_late, asking);
}

bool
remember_use(struct screening *s, struct decision *decision,
    const struct usher_facts *facts)
{
	struct proxy *proxy = s->proxy;
	struct asking *asking = remember_asking(proxy, decision);
	struct usher_error error = { .text = "out of memory" };
	struct usher_notes *notes = NULL;
	int failed = ENOMEM;

	if (asking != NULL && asking->used)
		return false;
	if (asking != NULL)
		failed = usher_notes_new(proxy->usher, &notes, &error);
	if (failed == 0)
		failed = usher_notes_code(notes, s->recipient.policy,
		    s->recipient.text, facts, proxy->asked, USHER_TAKING,
		    &error);
	if (failed != 0) {
		usher_notes_free(notes);
		proxy->counters.faults++;
		log_write(&proxy->log, LOG_ERR,
		    "the use of an access code cannot be noted: %s",
		    error.text);
		return false;
	}
	asking->used = true;
	asking->writing = write_notes(proxy, notes, "the use of an access code",
	    NULL, asking);
	if (asking->writing == NULL)
		return false;
	patience_begin(&asking->patience, proxy->timers, USE_WAIT_MS,
	    on_writing_late, asking);
	return true;
}
