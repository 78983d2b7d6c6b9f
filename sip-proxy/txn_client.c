/*
 * txn_client.c - client transactions: RFC 3261 §17.1 with RFC 6026.
 *
 * INVITE goes Calling (timers A, B), Proceeding (the TU's timer C), then
 * Completed (D) after a non-2xx, which it acknowledges, or Accepted (M) after a
 * 2xx; the others Trying, Proceeding (E, F), Completed (K). Owns the request's
 * bytes until the final, then those of the ACK. Called by txn.c for responses
 * and by the TU; CANCEL is in txn_cancel.c.
 */
#include <errno.h>
#include <stdlib.h>

#include "txn_int.h"

static struct txn_key
key_of(struct span branch, struct span method)
{
	return (struct txn_key){ .n = 2, .part = { branch, method } };
}

struct sip_client *
txn_client_find(struct sip_txn_layer *l, struct span branch, struct span method)
{
	struct txn_key key = key_of(branch, method);
	uint64_t hash = txn_key_hash(l, &key);
	struct txn *t = l->clients.buckets[hash & (l->clients.size - 1)];

	while (t && (t->hash != hash || !txn_key_is(t, &key)))
		t = t->next;
	return (struct sip_client *)t;
}

void
txn_client_free(struct sip_client *ct)
{
	sip_buf_unref(ct->ack);
	sip_buf_unref(ct->cancel_headers);
	free(ct);
}

static void
release_request(struct sip_client *ct)
{
	sip_buf_unref(ct->t.request);
	ct->t.request = NULL;
}

static void
tell(struct sip_client *ct, int err, const struct sip_msg *msg)
{
	if (ct->response)
		ct->response(ct, err, msg, ct->t.arg);
}

static bool
is_invite(const struct sip_client *ct)
{
	return ct->t.method == SIP_METHOD_INVITE;
}

/* Timers B, F, D, K, M, the wait after a CANCEL, and a failure to send. */
static void
over(void *arg)
{
	struct sip_client *ct = arg;
	struct sip_txn_layer *l = ct->t.layer;
	bool unanswered = ct->t.state <= TXN_PROCEEDING;
	int err = 0;

	txn_enter(l);
	if (unanswered) {
		err = ct->t.err ? ct->t.err : ETIMEDOUT;
		if (err == ETIMEDOUT)
			l->stats.timeouts++;
		/* Whatever the handler does with it, it gets no more. */
		sip_timer_stop(l->timers, &ct->t.again);
		tell(ct, err, NULL);
	}
	txn_end(&ct->t, err);
	txn_leave(l);
}

void
txn_client_end_in(struct sip_client *ct, uint64_t ms)
{
	sip_timer_start(ct->t.layer->timers, &ct->t.end, ms, over, ct);
}

void
txn_client_fail(struct sip_client *ct, int err)
{
	if (ct->t.state > TXN_PROCEEDING)
		return;
	ct->t.err = err;
	sip_timer_stop(ct->t.layer->timers, &ct->t.again);
	txn_client_end_in(ct, 0);
}

static void
send_request(struct sip_client *ct)
{
	struct sip_txn_layer *l = ct->t.layer;
	int err = 0;

	/* Known before the first byte: who loses it can be told. */
	if (ct->t.reliable && ct->target.connection == 0 && l->config.reach)
		err = l->config.reach(&ct->target, l->config.arg);
	txn_wait_on(&ct->t, ct->target.connection);
	if (!err)
		err = txn_put(l, &ct->target, ct->t.request);
	if (err)
		txn_client_fail(ct, err);
}

/* Timers A and E */
static void
resend(void *arg)
{
	struct sip_client *ct = arg;
	struct sip_txn_layer *l = ct->t.layer;

	ct->t.interval_ms *= 2;
	if (!is_invite(ct) &&
	    (ct->t.interval_ms > l->config.t2_ms ||
		ct->t.state == TXN_PROCEEDING))
		ct->t.interval_ms = l->config.t2_ms;
	sip_timer_start(l->timers, &ct->t.again, ct->t.interval_ms, resend, ct);
	l->stats.requests_resent++;
	send_request(ct);
}

int
txn_client_make(struct sip_client **cp, struct sip_txn_layer *l,
    enum sip_method method, struct span branch, struct sip_buf *request,
    const struct sip_peer *dst)
{
	struct span name = span_of(sip_method_name(method));
	struct txn_key key;
	struct sip_client *ct;
	const char *sp = request->len ? memchr(request->data, ' ', request->len)
				      : NULL;

	if (!sp || !branch.p)
		return EINVAL;
	/* Of methods without a number here, the bytes know the name. */
	if (method == SIP_METHOD_OTHER)
		name = span_between(request->data, sp);
	key = key_of(branch, name);
	if (txn_client_find(l, branch, name))
		return EEXIST;
	ct = calloc(1, sizeof(*ct));
	if (!ct)
		return ENOMEM;
	ct->t.layer = l;
	ct->t.method = (uint8_t)method;
	ct->t.reliable = sip_transport_reliable(dst->transport);
	ct->target = *dst;
	if (txn_table_add(&l->clients, &ct->t, &key, txn_key_hash(l, &key))) {
		free(ct);
		return ENOMEM;
	}
	ct->t.request = sip_buf_ref(request);
	l->stats.clients++;
	l->stats.clients_made++;
	*cp = ct;
	return 0;
}

void
txn_client_begin(struct sip_client *ct)
{
	struct sip_txn_layer *l = ct->t.layer;

	txn_client_end_in(ct, txn_64_t1(l));
	ct->t.interval_ms = l->config.t1_ms;
	if (!ct->t.reliable)
		sip_timer_start(l->timers, &ct->t.again, ct->t.interval_ms,
		    resend, ct);
	send_request(ct);
}

int
sip_client_new(struct sip_client **cp, struct sip_txn_layer *l,
    enum sip_method method, struct span branch, const char *bytes, size_t len,
    const struct sip_peer *dst, sip_txn_response_h *response,
    sip_txn_ended_h *ended, void *arg)
{
	struct sip_buf *request;
	struct sip_client *ct;
	int err;

	if (method == SIP_METHOD_ACK)
		return EINVAL;
	if (txn_full(l))
		return ENOSPC;
	request = sip_buf_new(bytes, len);
	if (!request)
		return ENOMEM;
	err = txn_client_make(&ct, l, method, branch, request, dst);
	sip_buf_unref(request);
	if (err)
		return err;
	ct->response = response;
	ct->t.ended = ended;
	ct->t.arg = arg;
	*cp = ct;
	txn_client_begin(ct);
	return 0;
}

/* Our INVITE and this response make the ACK that stays with us for timer D. */
static void
acknowledge(struct sip_client *ct, const struct sip_msg *msg)
{
	struct sip_txn_layer *l = ct->t.layer;
	const struct sip_buf *invite = ct->t.request;
	size_t size = invite->len + msg->all.l + 256, len;
	char *out = malloc(size);

	/* Without memory the response is repeated, and no harm done. */
	if (!out)
		return;
	if (sip_gate_read(&l->scratch, invite->data, invite->len, NULL) == 0 &&
	    sip_ack_build(out, size, &len, &l->scratch, msg) == 0)
		ct->ack = sip_buf_new(out, len);
	free(out);
	if (ct->ack)
		(void)txn_put(l, &ct->target, ct->ack);
}

static void
final_invite(struct sip_client *ct, const struct sip_msg *msg)
{
	struct sip_txn_layer *l = ct->t.layer;

	sip_timer_stop(l->timers, &ct->t.again);
	if (msg->code < 300) {
		ct->t.state = TXN_ACCEPTED;
		txn_client_end_in(ct, txn_64_t1(l));
	} else {
		ct->t.state = TXN_COMPLETED;
		txn_client_end_in(ct, ct->t.reliable ? 0 : txn_64_t1(l));
		acknowledge(ct, msg);
	}
	release_request(ct);
	tell(ct, 0, msg);
}

static void
provisional_invite(struct sip_client *ct, const struct sip_msg *msg)
{
	struct sip_txn_layer *l = ct->t.layer;

	if (ct->t.state == TXN_TRYING) {
		ct->t.state = TXN_PROCEEDING;
		sip_timer_stop(l->timers, &ct->t.again);
		sip_timer_stop(l->timers, &ct->t.end);
		if (ct->cancelled)
			txn_client_cancel_now(ct);
	}
	tell(ct, 0, msg);
}

static void
invite_response(struct sip_client *ct, const struct sip_msg *msg)
{
	struct sip_txn_layer *l = ct->t.layer;
	bool ok = msg->code / 100 == 2;

	switch ((enum txn_state)ct->t.state) {
	case TXN_TRYING:
	case TXN_PROCEEDING:
		ct->t.code = (uint16_t)msg->code;
		if (msg->code < 200)
			provisional_invite(ct, msg);
		else
			final_invite(ct, msg);
		return;
	case TXN_COMPLETED:
	case TXN_ACCEPTED:
		/* A 2xx is never swallowed, not even after another final of
		 * a fork (RFC 3261 §16.7 step 5). */
		if (ok) {
			if (ct->t.state == TXN_ACCEPTED)
				l->stats.responses_again++;
			tell(ct, 0, msg);
			return;
		}
		l->stats.responses_again++;
		if (ct->t.state == TXN_COMPLETED && msg->code >= 300 && ct->ack)
			(void)txn_put(l, &ct->target, ct->ack);
		return;
	case TXN_CONFIRMED: return;
	}
}

static void
other_response(struct sip_client *ct, const struct sip_msg *msg)
{
	struct sip_txn_layer *l = ct->t.layer;

	if (ct->t.state == TXN_COMPLETED) {
		l->stats.responses_again++;
		return;
	}
	ct->t.code = (uint16_t)msg->code;
	if (msg->code < 200) {
		ct->t.state = TXN_PROCEEDING;
	} else {
		ct->t.state = TXN_COMPLETED;
		sip_timer_stop(l->timers, &ct->t.again);
		txn_client_end_in(ct, ct->t.reliable ? 0 : l->config.t4_ms);
		release_request(ct);
	}
	tell(ct, 0, msg);
}

void
txn_client_response(struct sip_client *ct, const struct sip_msg *msg)
{
	if (is_invite(ct))
		invite_response(ct, msg);
	else
		other_response(ct, msg);
}

void
sip_client_detach(struct sip_client *ct)
{
	ct->response = NULL;
	ct->t.ended = NULL;
	ct->t.arg = NULL;
}

enum sip_method
sip_client_method(const struct sip_client *ct)
{
	return (enum sip_method)ct->t.method;
}

const struct sip_peer *
sip_client_target(const struct sip_client *ct)
{
	return &ct->target;
}

unsigned
sip_client_code(const struct sip_client *ct)
{
	return ct->t.code;
}

const struct sip_buf *
sip_client_request(const struct sip_client *ct)
{
	return ct->t.request;
}
