/*
 * known.c - whom a recipient calls by a phone of ours is known to them.
 *
 * No answer rests on it: it is left to the thread that may wait for policies,
 * and given up where too much waits already (design.md §1 "known"). Called by
 * phones.c. See remember.h.
 */
#include <stdio.h>
#include <stdlib.h>

#include "proxy.h"
#include "remember.h"

struct knowing {
	struct store_job job;
	struct proxy *proxy;
	struct setup *setup;
	struct sip_buf *bytes;
	struct origin origin;
	int64_t at;
	char aor[ID_TEXT], called[ID_TEXT];
};

static void
note_known(struct store_job *job)
{
	struct knowing *k = (struct knowing *)job;
	struct usher_notes *notes = NULL;
	struct recipient caller;
	struct sip_msg msg;

	if (sip_gate_read(&msg, k->bytes->data, k->bytes->len, NULL) !=
		SIP_GATE_OK ||
	    recipient_of_phone(&caller, LOOK_IN_STORE, k->proxy, k->setup,
		&k->origin, &msg, k->aor) != 0)
		return;
	if (caller.published &&
	    usher_notes_new(k->proxy->usher, &notes, NULL) == 0) {
		if (usher_notes_known(notes, caller.policy, caller.text,
			k->called, k->at, NULL) == 0)
			usher_notes_commit_later(notes);
		else
			usher_notes_free(notes);
	}
	recipient_done(&caller);
}

static void
noted_known(struct store_job *job, bool late)
{
	struct knowing *k = (struct knowing *)job;

	(void)late;
	sip_buf_unref(k->bytes);
	setup_release(k->setup);
	free(k);
}

void
remember_known(const struct request *r, const char *aor, const char *called)
{
	struct knowing *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return; /* no call fails for it */
	k->job = (struct store_job){ .work = note_known, .done = noted_known };
	k->proxy = r->proxy;
	k->setup = setup_hold(r->setup);
	k->bytes = sip_buf_new(r->msg->all.p, r->msg->all.l);
	k->origin = r->origin;
	k->at = proxy_clock_ms(r->proxy) / 1000;
	snprintf(k->aor, sizeof(k->aor), "%s", aor);
	snprintf(k->called, sizeof(k->called), "%s", called);
	if (k->bytes == NULL || !store_thread_ask(r->proxy->policies, &k->job))
		noted_known(&k->job, true);
}
