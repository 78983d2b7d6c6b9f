/*
 * response.c - responses back to the caller: RFC 3261 §16.7 to §16.10.
 *
 * Provisionals and every 2xx go at once; other finals end their branch, and
 * the next hop is tried or the best of them answered. Our Via is cut off,
 * nothing else changes. Handlers of client transactions; arg is the branch, of
 * timers the call.
 */
#include <errno.h>

#include "attempt.h"
#include "codes.h"

enum { DATAGRAM = 65536 };

/* Without our Via, and with the To of the request as it came. */
static int
strip_via(const struct call *call, const struct sip_msg *msg, char *out,
    size_t size, size_t *length)
{
	struct sip_edit edit;

	sip_edit_begin(&edit, msg);
	sip_edit_via_pop(&edit);
	if (call->decision != NULL && call->decision->codes != NULL &&
	    call->st != NULL)
		codes_restore(&edit, sip_server_request(call->st));
	return sip_edit_apply(&edit, out, size, length);
}

static void
pass(struct call *call, const struct sip_msg *msg)
{
	char bytes[DATAGRAM];
	size_t length;

	if (call->st == NULL || msg->via_count < 2 ||
	    strip_via(call, msg, bytes, sizeof(bytes), &length) != 0)
		return;
	/* Whatever the caller was told meanwhile: it hears of every 2xx, and
	 * ends what it no longer wants (§16.7 step 5). */
	if (sip_server_respond(call->st, msg->code, bytes, length) ==
		EALREADY &&
	    call->invite && msg->code / 100 == 2)
		(void)sip_txn_send(call->proxy->txns,
		    sip_server_target(call->st), bytes, length);
}

static struct hop *
hop_of(const struct branch *b)
{
	return b->hop == HOPS_MOST ? NULL : &call_hops(b->call)->list[b->hop];
}

static void
provisional(struct branch *b, const struct sip_msg *msg)
{
	struct call *call = b->call;

	if (b->left)
		return; /* it says nothing of the hop being tried */
	sip_timer_stop(call->proxy->timers, &call->failover);
	if (msg->code == 100 || call->answered)
		return;
	b->rang = true;
	if (msg->code >= 180)
		attempt_came(call->decision);
	if (call->invite)
		sip_timer_start(call->proxy->timers, &call->timer_c,
		    call->setup->sip->timers.c, response_timer_c, call);
	pass(call, msg);
}

/* 6xx before all, then the lowest class; within 4xx what asks for more. */
static unsigned
rank(unsigned code)
{
	if (code >= 600)
		return 0;
	if (code == 401 || code == 407 || code == 415 || code == 420 ||
	    code == 484)
		return 400;
	return code == 408 || code == 503 ? code + 500 : code + 1;
}

static void
keep_best(struct call *call, const struct sip_msg *msg, unsigned code)
{
	char bytes[DATAGRAM];
	struct sip_buf *buf = NULL;
	size_t length;

	if (call->best_code != 0 && rank(call->best_code) <= rank(code))
		return;
	if (msg != NULL && msg->via_count >= 2 &&
	    strip_via(call, msg, bytes, sizeof(bytes), &length) == 0)
		buf = sip_buf_new(bytes, length);
	sip_buf_unref(call->best);
	call->best = buf;
	call->best_code = code;
}

/* What guessing at names and passwords gets from the PBX. */
static void
note_bad(const struct call *call, unsigned code)
{
	if (!call->stranger || call->st == NULL)
		return;
	if (code == 403 || code == 404 ||
	    ((code == 401 || code == 407) && call->credentials))
		defence_note_bad(call->proxy,
		    &sip_server_source(call->st)->addr);
}

/* Every branch is over, or given up: the best final is the call's. */
static void
finish(struct call *call, bool unreachable)
{
	unsigned code = call->best_code;

	if (call->answered)
		return;
	if (call->cancelled && call->best == NULL) {
		call_fail(call, 487);
	} else if (code == 503 && unreachable) {
		call_fail(call, 503); /* no hop lives: our own */
	} else if (code == 503 || call->best == NULL) {
		call_fail(call, code == 408 ? 408 : 500);
	} else {
		call->busy++;
		note_bad(call, code);
		call_cancel_branches(call, NULL, (struct span){ 0 });
		if (call->st != NULL &&
		    sip_server_respond(call->st, code, call->best->data,
			call->best->len) != 0 &&
		    call->st != NULL)
			sip_server_drop(call->st);
		call_answered(call);
		call->busy--;
	}
}

/* msg NULL: there is none, code is what it amounts to. */
static void
failure(struct branch *b, const struct sip_msg *msg, unsigned code)
{
	struct call *call = b->call;

	b->code = code;
	if (call->answered)
		return;
	/* The 487 of a hop that we left tells the caller nothing. */
	if (!b->left || code != 487 || call->cancelled)
		keep_best(call, msg, code);
	/* Another is being tried; only a 6xx speaks for that one too. */
	if (b->left && code < 600)
		return;
	if (code == 503 && !b->rang && !call->cancelled && call_try_next(call))
		return;
	finish(call, msg == NULL);
}

static void
success(struct branch *b, const struct sip_msg *msg)
{
	struct call *call = b->call;

	/* It has lost the caller's Via: not to be passed on (§16.7 step 3). */
	if (msg->via_count < 2) {
		failure(b, NULL, 500);
		return;
	}
	b->code = msg->code;
	attempt_came(call->decision);
	if (call->registers)
		register_confirm(call, msg);
	pass(call, msg);
	/* Out of memory: the caller hears nothing, and nothing stays. */
	if (call->st != NULL && sip_server_code(call->st) < 200)
		sip_server_drop(call->st);
	call_answered(call);
	call_cancel_branches(call, b, (struct span){ 0 });
}

void
response_receive(struct sip_client *ct, int err, const struct sip_msg *msg,
    void *arg)
{
	struct branch *b = arg;
	struct call *call = b->call;
	struct hop *hop = hop_of(b);

	(void)ct;
	call->busy++;
	if (msg != NULL) {
		b->heard = true;
		if (hop != NULL)
			probe_hop_heard(hop_now(call->proxy, hop), call->proxy);
	}
	if (msg == NULL)
		failure(b, NULL, err == ETIMEDOUT ? 408 : 503);
	else if (msg->code < 200)
		provisional(b, msg);
	else if (msg->code < 300)
		success(b, msg);
	else
		failure(b, msg, msg->code);
	call->busy--;
	call_settle(call);
}

void
response_ended(int err, void *arg)
{
	struct branch *b = arg;
	struct call *call = b->call;

	b->ct = NULL;
	if (b->code == 0) {
		/* Ended without a word to the handler. */
		call->busy++;
		failure(b, NULL, err == ETIMEDOUT ? 408 : 503);
		call->busy--;
	}
	call_settle(call);
}

/* §16.8: who rang too long is cancelled, who said nothing has timed out. */
void
response_timer_c(void *arg)
{
	struct call *call = arg;
	bool heard = call->branches != NULL && call->branches->heard;

	if (heard)
		call_cancel_branches(call, NULL, (struct span){ 0 });
	else
		call_fail(call, 408);
}

/* Nothing came from the hop: the next one is tried beside it. */
void
response_failover(void *arg)
{
	struct call *call = arg;
	struct branch *b = call->branches;

	if (b == NULL || b->heard || call->answered || call->cancelled)
		return;
	if (call_try_next(call))
		call_leave(call, b);
}
