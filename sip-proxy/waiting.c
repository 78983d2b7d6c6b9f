/*
 * waiting.c - see waiting.h.
 *
 * Owns what waits: its bytes, its setup, and a hold on its decision. Found by
 * a keyed hash over what a repetition and a CANCEL have in common with it.
 * Called by request.c, phones.c and remember.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "proxy.h"

enum { BUCKETS = 1024, MOST = 4096 };

struct finding;

struct waiting {
	struct waiting *next_key;
	struct waiting *next; /* that waits for the same decision */
	struct proxy *proxy;
	struct setup *setup;
	struct sip_buf *bytes;
	struct sip_peer src;
	struct decision *decision; /* NULL: not yet */
	struct finding *finding;   /* its policy is being read */
	struct patience patience;  /* of which some may be used up */
	uint64_t key;
	bool aside; /* it waits, and nobody works on it */
	bool cancelled;
	/* What was found of its recipient; `late`: not in time. */
	bool found, late;
	int code;
	struct recipient recipient;
};

struct waitings {
	unsigned count;
	struct waiting *buckets[BUCKETS];
};

/* One policy being read. */
struct finding {
	struct store_job job;
	struct waiting *waiting; /* NULL: nobody waits any more */
	struct proxy *proxy;
	struct setup *setup;
	struct sip_buf *bytes;
	struct origin origin;
	bool phone;
	char aor[ID_TEXT];
	int code;
	struct recipient recipient;
};

struct waitings *
waitings_new(void)
{
	return calloc(1, sizeof(struct waitings));
}

unsigned
waitings_count(const struct waitings *waitings)
{
	return waitings->count;
}

static uint64_t
key_of(const struct request *r)
{
	const struct sip_msg *msg = r->msg;
	struct mac mac;

	mac_begin(&mac, r->proxy->key);
	mac_add(&mac, span_of("waiting"));
	mac_add(&mac, sip_addr_bytes(&r->src->addr));
	mac_add_number(&mac, sip_addr_port(&r->src->addr));
	mac_add(&mac, msg->via.value);
	mac_add(&mac, msg->call_id);
	mac_add(&mac, msg->from_tag);
	mac_add(&mac, msg->uri);
	mac_add(&mac,
	    msg->method == SIP_METHOD_CANCEL ? span_of("INVITE")
					     : msg->method_text);
	mac_add_number(&mac, msg->cseq);
	return mac_end(&mac);
}

static struct waiting *
find(const struct request *r)
{
	const struct waitings *all = r->proxy->waitings;
	struct waiting *w;
	uint64_t key;

	if (all->count == 0)
		return NULL;
	key = key_of(r);
	w = all->buckets[key % BUCKETS];
	while (w != NULL && w->key != key)
		w = w->next_key;
	return w;
}

static void
link_waiting(struct waiting *w)
{
	struct waitings *all = w->proxy->waitings;

	w->next_key = all->buckets[w->key % BUCKETS];
	all->buckets[w->key % BUCKETS] = w;
	all->count++;
	w->aside = true;
}

static void
unlink_waiting(struct waiting *w)
{
	struct waitings *all = w->proxy->waitings;
	struct waiting **at = &all->buckets[w->key % BUCKETS];

	while (*at != w)
		at = &(*at)->next_key;
	*at = w->next_key;
	all->count--;
	w->aside = false;
}

static void
free_waiting(struct waiting *w)
{
	patience_end(&w->patience);
	recipient_done(&w->recipient);
	if (w->finding != NULL)
		w->finding->waiting = NULL;
	decision_release(w->decision);
	sip_buf_unref(w->bytes);
	setup_release(w->setup);
	free(w);
}

void
waitings_free(struct waitings *all)
{
	struct waiting *w;

	if (all == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while ((w = all->buckets[i]) != NULL) {
			unlink_waiting(w);
			free_waiting(w);
		}
	}
	free(all);
}

/* Its own again, when it has waited before; NULL: no more may wait. */
static struct waiting *
waiting_of(struct request *r)
{
	struct waiting *w = r->waited;

	if (w != NULL)
		return w;
	if (r->proxy->waitings->count >= MOST)
		return NULL;
	w = calloc(1, sizeof(*w));
	if (w == NULL)
		return NULL;
	w->bytes = sip_buf_new(r->msg->all.p, r->msg->all.l);
	if (w->bytes == NULL) {
		free(w);
		return NULL;
	}
	w->proxy = r->proxy;
	w->setup = setup_hold(r->setup);
	w->src = *r->src;
	w->key = key_of(r);
	w->patience.left_ms = POLICY_WAIT_MS;
	return w;
}

/* Handled anew, and freed unless it has to wait once more. */
static void
go_on(struct waiting *w)
{
	struct sip_msg msg;
	struct request r = { .proxy = w->proxy,
		.setup = w->setup,
		.msg = &msg,
		.src = &w->src,
		.waited = w };

	patience_end(&w->patience);
	unlink_waiting(w);
	if (sip_gate_read(&msg, w->bytes->data, w->bytes->len, NULL) ==
	    SIP_GATE_OK) {
		origin_find(r.setup, r.src, &r.origin);
		if (w->cancelled)
			reply_final(&r, 487, (struct span){ 0 });
		else
			request_handle(&r);
	}
	if (!w->aside)
		free_waiting(w);
}

/* ---- a policy ---- */

static void
find_policy(struct store_job *job)
{
	struct finding *f = (struct finding *)job;
	struct sip_msg msg;

	f->code = EBADMSG;
	if (sip_gate_read(&msg, f->bytes->data, f->bytes->len, NULL) !=
	    SIP_GATE_OK)
		return;
	f->code = f->phone ? recipient_of_phone(&f->recipient, LOOK_IN_STORE,
				 f->proxy, f->setup, &f->origin, &msg, f->aor)
			   : recipient_find(&f->recipient, LOOK_IN_STORE,
				 f->proxy, f->setup, &f->origin, &msg);
}

static void
free_finding(struct finding *f)
{
	recipient_done(&f->recipient);
	sip_buf_unref(f->bytes);
	setup_release(f->setup);
	free(f);
}

static void
found_policy(struct store_job *job, bool late)
{
	struct finding *f = (struct finding *)job;
	struct waiting *w = f->waiting;

	if (w != NULL && !late) {
		w->finding = NULL;
		w->found = true;
		w->code = f->code;
		w->recipient = f->recipient;
		f->recipient.policy = NULL;
	}
	free_finding(f);
	if (w != NULL && !late)
		go_on(w);
}

static void
on_policy_late(void *arg)
{
	struct waiting *w = arg;

	w->finding->waiting = NULL;
	w->finding = NULL;
	w->late = true;
	log_write(&w->proxy->log, LOG_ERR,
	    "the store does not answer: a call passes whose policy was not "
	    "read within %d ms",
	    POLICY_WAIT_MS);
	go_on(w);
}

static struct finding *
new_finding(struct waiting *w, const struct request *r, const char *aor)
{
	struct finding *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	f->job = (struct store_job){ .work = find_policy,
		.done = found_policy };
	f->waiting = w;
	f->proxy = w->proxy;
	f->setup = setup_hold(w->setup);
	f->bytes = sip_buf_ref(w->bytes);
	f->origin = r->origin;
	f->phone = aor != NULL;
	if (f->phone)
		snprintf(f->aor, sizeof(f->aor), "%s", aor);
	return f;
}

/* False: it has waited long enough, or too many do. */
static bool
waiting_for_policy(struct request *r, const char *aor)
{
	unsigned left_ms = waiting_left_ms(r);
	struct waiting *w = left_ms == 0 ? NULL : waiting_of(r);
	struct finding *f = w == NULL ? NULL : new_finding(w, r, aor);

	if (f == NULL || !store_thread_ask(r->proxy->policies, &f->job)) {
		if (f != NULL)
			free_finding(f);
		if (w != NULL && w != r->waited)
			free_waiting(w);
		return false;
	}
	w->finding = f;
	link_waiting(w);
	patience_begin(&w->patience, r->proxy->timers, left_ms, on_policy_late,
	    w);
	return true;
}

/* ---- a decision ---- */

bool
waiting_for_decision(struct request *r, struct decision *decision)
{
	struct waiting *w = waiting_of(r);

	if (w == NULL)
		return false;
	if (w->decision != decision) {
		decision_release(w->decision);
		w->decision = decision_hold(decision);
	}
	w->next = decision->waiting;
	decision->waiting = w;
	link_waiting(w);
	return true;
}

void
waiting_go_on(struct decision *decision)
{
	struct waiting *w, *list = NULL;

	/* The first to come goes first: its words are those that are told. */
	while ((w = decision->waiting) != NULL) {
		decision->waiting = w->next;
		w->next = list;
		list = w;
	}
	decision_hold(decision);
	while ((w = list) != NULL) {
		list = w->next;
		go_on(w);
	}
	decision_release(decision);
}

/* ---- what comes meanwhile ---- */

bool
waiting_again(const struct request *r)
{
	return r->waited == NULL && find(r) != NULL;
}

bool
waiting_cancel(const struct request *r)
{
	struct waiting *w = find(r);

	if (w == NULL)
		return false;
	w->cancelled = true;
	if (!request_unproven(r))
		reply_stateless(r->proxy, r->msg, r->src, 200, NULL);
	return true;
}

static int
look_now(struct request *r, const char *aor, struct recipient *recipient)
{
	enum looking looking = r->waited != NULL && r->waited->late
	    ? LOOK_NO_MORE
	    : LOOK_AT_HAND;

	return aor != NULL ? recipient_of_phone(recipient, looking, r->proxy,
				 r->setup, &r->origin, r->msg, aor)
			   : recipient_find(recipient, looking, r->proxy,
				 r->setup, &r->origin, r->msg);
}

int
waiting_recipient(struct request *r, const char *aor,
    struct recipient *recipient)
{
	int failed;

	if (r->waited != NULL && r->waited->found) {
		*recipient = r->waited->recipient;
		(void)usher_policy_hold(recipient->policy);
		return r->waited->code;
	}
	failed = look_now(r, aor, recipient);
	if (failed != 0 || !recipient->missing)
		return failed;
	recipient_done(recipient);
	if (waiting_for_policy(r, aor))
		return EINPROGRESS;
	recipient->faulty = true;
	return 0;
}

struct decision *
waiting_decision(const struct request *r)
{
	return r->waited == NULL ? NULL : r->waited->decision;
}

unsigned
waiting_left_ms(const struct request *r)
{
	return r->waited == NULL ? POLICY_WAIT_MS : r->waited->patience.left_ms;
}
