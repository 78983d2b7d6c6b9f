/*
 * txn_server.c - server transactions: RFC 3261 §17.2 with RFC 6026, RFC 4320.
 *
 * Owns the last response, to send it again. INVITE goes Proceeding, then
 * Completed (timers G, H), Confirmed (I), or Accepted (L); the others Trying,
 * Proceeding, Completed (J). Called by txn.c for requests and by the TU for
 * responses.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "txn_int.h"

#define TRYING_MS 200 /* RFC 3261 §17.2.1 */
/* A TU that forgets a non-INVITE is forgotten: nobody waits longer. */
#define FORGOTTEN_T1 256u

void
txn_server_free(struct sip_server *st)
{
	sip_buf_unref(st->response);
	free(st);
}

static void
put(struct sip_server *st, const struct sip_buf *buf)
{
	/* A failure is not the end: the next retransmission may pass, and
	 * timers H, J end it in any case. */
	if (!st->muted)
		(void)sip_txn_answer(st->t.layer, &st->target, buf->data,
		    buf->len);
}

static void
put_again(struct sip_server *st)
{
	if (!st->response)
		return;
	st->t.layer->stats.responses_resent++;
	put(st, st->response);
}

static void
forgotten(void *arg)
{
	struct sip_server *st = arg;
	struct sip_txn_layer *l = st->t.layer;

	txn_enter(l);
	l->stats.timeouts++;
	txn_end(&st->t, ETIMEDOUT);
	txn_leave(l);
}

static int
set_up(struct sip_server *st, struct sip_txn_layer *l,
    const struct sip_msg *msg, const struct sip_peer *src)
{
	uint64_t n = ++l->counter;

	st->t.layer = l;
	st->t.server = true;
	st->t.method = (uint8_t)msg->method;
	st->t.state = msg->method == SIP_METHOD_INVITE ? TXN_PROCEEDING
						       : TXN_TRYING;
	st->t.reliable = sip_transport_reliable(src->transport);
	st->source = *src;
	sip_peer_reply(&st->target, &msg->via, src);
	(void)snprintf(st->tag, sizeof(st->tag), "%016llx",
	    (unsigned long long)txn_siphash(l->config.key, 't', &n, sizeof(n)));
	st->legacy = !txn_has_cookie(msg->via.branch);
	if (st->legacy) {
		if (msg->to_tag.l > sizeof(st->to_tag))
			return EINVAL;
		st->to_tag_len = msg->to_tag.l;
		if (msg->to_tag.l)
			memcpy(st->to_tag, msg->to_tag.p, msg->to_tag.l);
	}
	st->t.request = sip_buf_new(msg->all.p, msg->all.l);
	return st->t.request ? 0 : ENOMEM;
}

int
txn_server_make(struct sip_server **sp, struct sip_txn_layer *l,
    const struct sip_msg *msg, const struct sip_peer *src)
{
	struct txn_key key = txn_server_key(msg, msg->method_text,
	    src->transport);
	uint64_t hash = txn_key_hash(l, &key);
	struct sip_server *st;
	int err;

	if (!msg->via.host.p || !msg->call_id.p || !msg->cseq_method.p)
		return EINVAL;
	if (txn_server_keyed(l, msg, &key, hash))
		return EEXIST;
	if (txn_full(l))
		return ENOSPC;
	st = calloc(1, sizeof(*st));
	if (!st)
		return ENOMEM;
	err = set_up(st, l, msg, src);
	if (!err)
		err = txn_table_add(&l->servers, &st->t, &key, hash);
	if (err) {
		sip_buf_unref(st->t.request);
		free(st);
		return err;
	}
	txn_wait_on(&st->t, st->target.connection);
	l->stats.servers++;
	l->stats.servers_made++;
	if (msg->method != SIP_METHOD_INVITE)
		sip_timer_start(l->timers, &st->t.end,
		    (uint64_t)FORGOTTEN_T1 * l->config.t1_ms, forgotten, st);
	*sp = st;
	return 0;
}

static void
send_trying(void *arg)
{
	struct sip_server *st = arg;
	struct sip_reply trying = { .code = 100 };

	if (st->t.code == 0)
		(void)sip_server_answer(st, &trying);
}

/* How long a client's timer E takes to reach T2 (RFC 4320 §4.1). */
static uint64_t
until_t2(const struct sip_txn_layer *l)
{
	uint64_t ms = l->config.t1_ms;

	for (uint64_t next = ms * 2; next < l->config.t2_ms; next *= 2)
		ms += next;
	return ms;
}

int
sip_server_new(struct sip_server **sp, struct sip_txn_layer *l,
    const struct sip_msg *msg, const struct sip_peer *src,
    enum sip_trying trying, sip_txn_ended_h *ended, void *arg)
{
	struct sip_server *st;
	int err;

	if (!msg->request || msg->method == SIP_METHOD_ACK ||
	    msg->method == SIP_METHOD_CANCEL)
		return EINVAL;
	err = txn_server_make(&st, l, msg, src);
	if (err)
		return err;
	st->t.ended = ended;
	st->t.arg = arg;
	*sp = st;
	if (trying == SIP_TRYING_NEVER)
		return 0;
	if (msg->method != SIP_METHOD_INVITE) {
		sip_timer_start(l->timers, &st->t.again, until_t2(l),
		    send_trying, st);
		return 0;
	}
	st->hundred = true;
	if (trying == SIP_TRYING_NOW)
		send_trying(st);
	else
		sip_timer_start(l->timers, &st->t.again, TRYING_MS, send_trying,
		    st);
	return 0;
}

/* The request came again (not ACK). */
void
txn_server_again(struct sip_server *st)
{
	st->t.layer->stats.requests_again++;
	/* The TU's 2xx are its own to repeat (RFC 6026 §7.1). */
	if (st->t.state == TXN_ACCEPTED || st->t.state == TXN_CONFIRMED)
		return;
	if (st->response)
		put_again(st);
	else if (st->hundred)
		send_trying(st);
}

static void
over(void *arg)
{
	struct sip_server *st = arg;
	struct sip_txn_layer *l = st->t.layer;
	/* Timer H: no ACK came. I, J and L are the good end. */
	bool no_ack = st->t.method == SIP_METHOD_INVITE &&
	    st->t.state == TXN_COMPLETED;

	txn_enter(l);
	if (no_ack)
		l->stats.timeouts++;
	txn_end(&st->t, no_ack ? ETIMEDOUT : 0);
	txn_leave(l);
}

static void
end_in(struct sip_server *st, uint64_t ms)
{
	sip_timer_start(st->t.layer->timers, &st->t.end, ms, over, st);
}

void
txn_server_ack(struct sip_server *st, const struct sip_msg *msg,
    const struct sip_peer *src)
{
	struct sip_txn_layer *l = st->t.layer;

	if (st->t.state == TXN_ACCEPTED) {
		l->config.request(st, msg, src, l->config.arg);
		return;
	}
	if (st->t.state != TXN_COMPLETED)
		return;
	l->stats.acks++;
	st->t.state = TXN_CONFIRMED;
	sip_timer_stop(l->timers, &st->t.again);
	end_in(st, st->t.reliable ? 0 : l->config.t4_ms);
}

/* Timer G */
static void
resend_final(void *arg)
{
	struct sip_server *st = arg;
	struct sip_txn_layer *l = st->t.layer;

	st->t.interval_ms *= 2;
	if (st->t.interval_ms > l->config.t2_ms)
		st->t.interval_ms = l->config.t2_ms;
	sip_timer_start(l->timers, &st->t.again, st->t.interval_ms,
	    resend_final, st);
	put_again(st);
}

static void
final_invite(struct sip_server *st, unsigned code)
{
	struct sip_txn_layer *l = st->t.layer;

	end_in(st, txn_64_t1(l));
	if (code < 300) {
		st->t.state = TXN_ACCEPTED;
		return;
	}
	st->t.state = TXN_COMPLETED;
	if (st->t.reliable)
		return;
	st->t.interval_ms = l->config.t1_ms;
	sip_timer_start(l->timers, &st->t.again, st->t.interval_ms,
	    resend_final, st);
}

static void
next_state(struct sip_server *st, unsigned code)
{
	struct sip_txn_layer *l = st->t.layer;

	st->t.code = (uint16_t)code;
	sip_timer_stop(l->timers, &st->t.again);
	if (code < 200) {
		st->t.state = TXN_PROCEEDING;
		return;
	}
	if (st->t.method == SIP_METHOD_INVITE) {
		final_invite(st, code);
	} else {
		st->t.state = TXN_COMPLETED;
		end_in(st, st->t.reliable ? 0 : txn_64_t1(l));
	}
	sip_buf_unref(st->t.request);
	st->t.request = NULL;
}

/* Takes over buf. */
static int
respond(struct sip_server *st, unsigned code, struct sip_buf *buf)
{
	bool again = st->t.state == TXN_ACCEPTED && code / 100 == 2;

	sip_buf_unref(st->response);
	st->response = NULL;
	if (!again)
		next_state(st, code);
	if (st->t.state != TXN_ACCEPTED)
		st->response = sip_buf_ref(buf);
	put(st, buf);
	sip_buf_unref(buf);
	return 0;
}

/* What RFC 4320 keeps from the wire: true when that was all. */
static bool
held_back(struct sip_server *st, unsigned code)
{
	if (st->t.method == SIP_METHOD_INVITE)
		return false;
	if (code == 408)
		sip_server_drop(st);
	return code == 408 || (code > 100 && code < 200);
}

static int
may_respond(const struct sip_server *st, unsigned code)
{
	if (code < 100 || code > 699)
		return EINVAL;
	if (st->t.dead ||
	    (st->t.state >= TXN_COMPLETED &&
		(st->t.state != TXN_ACCEPTED || code / 100 != 2)))
		return EALREADY;
	return 0;
}

int
sip_server_respond(struct sip_server *st, unsigned code, const char *bytes,
    size_t len)
{
	int err = may_respond(st, code);
	struct sip_buf *buf;

	if (err || held_back(st, code))
		return err;
	buf = sip_buf_new(bytes, len);
	return buf ? respond(st, code, buf) : ENOMEM;
}

int
sip_server_answer(struct sip_server *st, const struct sip_reply *reply)
{
	struct sip_txn_layer *l = st->t.layer;
	struct sip_reply full = *reply;
	int err = may_respond(st, reply->code);
	struct sip_buf *buf;
	size_t size, len;
	char *out;

	if (err || held_back(st, reply->code))
		return err;
	if (!st->t.request)
		return EALREADY;
	if (!full.to_tag.p)
		full.to_tag = span_of(st->tag);
	full.src = &st->source.addr;
	size = st->t.request->len + full.headers.l + full.reason.l +
	    full.to_tag.l + 256;
	out = malloc(size);
	if (!out)
		return ENOMEM;
	/* The widest limits: what came in through the gate reads again. */
	if (sip_gate_read(&l->scratch, st->t.request->data, st->t.request->len,
		NULL))
		err = EBADMSG;
	if (!err)
		err = sip_reply_build(out, size, &len, &l->scratch, &full);
	buf = err ? NULL : sip_buf_new(out, len);
	free(out);
	if (err)
		return err;
	return buf ? respond(st, reply->code, buf) : ENOMEM;
}

void
sip_server_drop(struct sip_server *st)
{
	struct sip_txn_layer *l = st->t.layer;

	txn_enter(l);
	txn_end(&st->t, 0);
	txn_leave(l);
}

void
sip_server_detach(struct sip_server *st)
{
	st->t.ended = NULL;
	st->t.arg = NULL;
}

const struct sip_buf *
sip_server_request(const struct sip_server *st)
{
	return st->t.request;
}

enum sip_method
sip_server_method(const struct sip_server *st)
{
	return (enum sip_method)st->t.method;
}

const struct sip_peer *
sip_server_source(const struct sip_server *st)
{
	return &st->source;
}

const struct sip_peer *
sip_server_target(const struct sip_server *st)
{
	return &st->target;
}

unsigned
sip_server_code(const struct sip_server *st)
{
	return st->t.code;
}

void *
sip_server_arg(const struct sip_server *st)
{
	return st->t.ended ? st->t.arg : NULL;
}

struct span
sip_server_tag(const struct sip_server *st)
{
	return span_of(st->tag);
}
