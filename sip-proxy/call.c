/*
 * call.c - a request under way: one server transaction, and the client
 * transactions tried for it in order.
 *
 * The response context of RFC 3261 §16, for every method. Owns its branches,
 * Timer C and the timer of failover; frees itself when the last transaction has
 * ended. Answers are response.c's.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "proxy.h"

enum { DATAGRAM = 65536 };

struct hops *
call_hops(const struct call *call)
{
	return call->toward == TO_TRUNKS ? &call->setup->trunks
					 : &call->setup->hops;
}

static void
link_call(struct call *call)
{
	struct proxy *proxy = call->proxy;

	call->next = proxy->calls;
	call->back = &proxy->calls;
	if (call->next != NULL)
		call->next->back = &call->next;
	proxy->calls = call;
}

static void
free_call(struct call *call)
{
	struct branch *branch;

	if (call->back != NULL) {
		*call->back = call->next;
		if (call->next != NULL)
			call->next->back = call->back;
	}
	sip_timer_stop(call->proxy->timers, &call->timer_c);
	sip_timer_stop(call->proxy->timers, &call->failover);
	call_answered(call);
	while ((branch = call->branches) != NULL) {
		call->branches = branch->next;
		if (branch->ct != NULL)
			sip_client_detach(branch->ct);
		free(branch);
	}
	if (call->st != NULL)
		sip_server_detach(call->st);
	sip_buf_unref(call->best);
	if (call->waits)
		resolver_forget(call->proxy->resolver, call);
	decision_release(call->decision);
	setup_release(call->setup);
	free(call->peers);
	free(call->name);
	free(call->phone);
	free(call);
}

void
call_settle(struct call *call)
{
	if (call->st != NULL || call->busy > 0)
		return;
	for (struct branch *b = call->branches; b != NULL; b = b->next) {
		if (b->ct != NULL)
			return;
	}
	free_call(call);
}

void
calls_free(struct proxy *proxy)
{
	while (proxy->calls != NULL)
		free_call(proxy->calls);
}

void
call_answered(struct call *call)
{
	if (call->answered)
		return;
	call->answered = true;
	sip_timer_stop(call->proxy->timers, &call->timer_c);
	sip_timer_stop(call->proxy->timers, &call->failover);
	if (call->decision != NULL)
		decision_end(call->decision);
}

/* The caller is gone, or has all it will get. */
static void
server_ended(int err, void *arg)
{
	struct call *call = arg;

	(void)err;
	call->st = NULL;
	if (!call->answered) {
		call_answered(call);
		call_cancel_branches(call, NULL, (struct span){ 0 });
	}
	call_settle(call);
}

void
call_cancel_branches(struct call *call, const struct branch *but,
    struct span headers)
{
	for (struct branch *b = call->branches; b != NULL; b = b->next) {
		if (b != but && b->ct != NULL && b->code == 0 && call->invite)
			(void)sip_client_cancel(b->ct, headers);
	}
}

void
call_cancel(struct call *call, const struct sip_msg *cancel)
{
	const struct sip_hdr *reason = sip_msg_first(cancel, SIP_HDR_REASON);

	if (call->cancelled || call->answered)
		return;
	call->cancelled = true;
	/* Nobody was asked yet: there is no 487 of theirs to wait for. */
	if (call->waits) {
		call_fail(call, 487);
		return;
	}
	sip_timer_stop(call->proxy->timers, &call->failover);
	call_cancel_branches(call, NULL,
	    reason != NULL ? reason->line : (struct span){ 0 });
}

void
call_answer(struct call *call, unsigned code, struct span headers)
{
	struct sip_reply reply = { .code = code, .headers = headers };

	call->busy++;
	call_cancel_branches(call, NULL, (struct span){ 0 });
	if (call->st != NULL && !call->answered) {
		const struct sip_peer *src = sip_server_source(call->st);

		reply.src = &src->addr;
		if (sip_server_answer(call->st, &reply) != 0 &&
		    call->st != NULL)
			sip_server_drop(call->st);
	}
	call_answered(call);
	call->busy--;
	call_settle(call);
}

void
call_fail(struct call *call, unsigned code)
{
	char text[64] = "";

	if (code == 503)
		snprintf(text, sizeof(text), "Retry-After: %u\r\n",
		    (call->setup->sip->timers.probe + 999) / 1000);
	call_answer(call, code, span_of(text));
}

/* The bytes of a branch, from those of the request. */
static int
build(struct call *call, const struct hop *hop, const struct sip_peer *dst,
    struct span *branch, char *text, size_t text_size, char *out, size_t size,
    size_t *length)
{
	const struct sip_buf *buf = sip_server_request(call->st);
	struct forward forward = { .proxy = call->proxy,
		.setup = call->setup,
		.decision = call->as_called ? NULL : call->decision,
		.codes = call->decision == NULL ? NULL : call->decision->codes,
		.hop = hop,
		.dst = *dst,
		.src = *sip_server_source(call->st),
		.own_routes = call->own_routes,
		.dialog = call->dialog,
		.recover = call->recover,
		.untrusted = call->untrusted,
		.registers = call->registers,
		.to_phone = call->to_phone,
		.from_phone = call->from_phone };
	struct sip_msg msg;

	if (buf == NULL)
		return EALREADY;
	if (sip_gate_read(&msg, buf->data, buf->len, NULL) != SIP_GATE_OK)
		return EBADMSG;
	*branch = forward_branch(call->proxy, &msg, text, text_size);
	forward.branch = *branch;
	return forward_build(out, size, length, &msg, &forward);
}

static void
start_timers(struct call *call)
{
	const struct usher_sip_timers *t = &call->setup->sip->timers;

	if (call->invite)
		sip_timer_start(call->proxy->timers, &call->timer_c, t->c,
		    response_timer_c, call);
	if (call->tried < call->order_count)
		sip_timer_start(call->proxy->timers, &call->failover,
		    t->failover, response_failover, call);
	else
		sip_timer_stop(call->proxy->timers, &call->failover);
}

static int
start_branch(struct call *call, uint8_t index)
{
	struct hop *hop = call->toward == TO_PEER
	    ? NULL
	    : &call_hops(call)->list[index];
	const struct sip_peer *dst = hop != NULL ? &hop->peer
						 : &call->peers[index];
	char text[SIP_BRANCH_TEXT + MAC_TEXT + 1], bytes[DATAGRAM];
	struct branch *b = calloc(1, sizeof(*b));
	struct span branch;
	size_t length;
	int failed;

	if (b == NULL)
		return ENOMEM;
	failed = build(call, hop, dst, &branch, text, sizeof(text), bytes,
	    sizeof(bytes), &length);
	if (failed != 0) {
		free(b);
		return failed;
	}
	b->call = call;
	b->hop = hop != NULL ? index : HOPS_MOST;
	b->next = call->branches;
	call->branches = b;
	start_timers(call);
	failed = sip_client_new(&b->ct, call->proxy->txns,
	    sip_server_method(call->st), branch, bytes, length, dst,
	    response_receive, response_ended, b);
	if (failed != 0) {
		call->branches = b->next;
		free(b);
	}
	return failed;
}

/* The next of the call's peers, or hops that live by what is known now. */
static bool
next_hop(struct call *call, uint8_t *index)
{
	while (call->tried < call->order_count) {
		*index = call->tried++;
		if (call->toward == TO_PEER)
			return true;
		*index = call->order[*index];
		if (!hop_now(call->proxy, &call_hops(call)->list[*index])->dead)
			return true;
	}
	return false;
}

bool
call_try_next(struct call *call)
{
	int failed = ENOENT;
	uint8_t index;

	if (next_hop(call, &index))
		failed = start_branch(call, index);
	if (failed != 0 && failed != ENOENT)
		log_write(&call->proxy->log, LOG_WARNING,
		    "a request cannot be forwarded: %s", strerror(failed));
	if (failed == ENOSPC)
		call->proxy->counters.dropped++;
	return failed == 0;
}

bool
call_go(struct call *call)
{
	do {
		if (call_try_next(call))
			return true;
	} while (call->tried < call->order_count);
	call_fail(call, call->toward == TO_PEER ? 500 : 503);
	return false;
}

bool
call_choose_hops(struct call *call, const struct sip_msg *msg)
{
	const struct hops *hops = call_hops(call);
	struct hop *order[HOPS_MOST];
	const struct span parts[] = { SPAN_LIT("hop"), msg->call_id };
	unsigned count;

	call->tried = 0;
	count = hop_order(hops, mac_of(call->proxy->key, parts, 2), order);
	for (unsigned i = 0; i < count; i++)
		call->order[i] = (uint8_t)(order[i] - hops->list);
	call->order_count = (uint8_t)count;
	return count > 0;
}

/* Who calls, as others may know it: a copy, or NULL. */
static char *
phone_of(const struct request *r)
{
	const struct binding *binding = bindings_by_flow(r->proxy->bindings,
	    r->src);

	return binding != NULL ? strdup(binding->flow.aor) : NULL;
}

static struct call *
make_call(const struct request *r, const struct forwarding *how)
{
	struct call *call = calloc(1, sizeof(*call));

	if (call == NULL)
		return NULL;
	call->toward = (uint8_t)how->toward;
	call->out = r->out;
	if (how->peer != NULL) {
		call->peers = malloc(sizeof(*call->peers));
		if (call->peers == NULL) {
			free(call);
			return NULL;
		}
		call->peers[0] = *how->peer;
		call->order_count = 1;
	}
	call->proxy = r->proxy;
	call->setup = setup_hold(r->setup);
	call->own_routes = (uint8_t)r->own_routes;
	call->dialog = r->dialog;
	call->recover = r->recover;
	call->invite = r->msg->method == SIP_METHOD_INVITE;
	call->untrusted = r->origin.way == FROM_OTHER ||
	    (r->origin.way == FROM_TRUNK && !r->origin.trusted);
	call->stranger = r->origin.way == FROM_OTHER && !r->dialog;
	call->credentials = sip_msg_first(r->msg, SIP_HDR_AUTHORIZATION) !=
		NULL ||
	    sip_msg_first(r->msg, SIP_HDR_PROXY_AUTHORIZATION) != NULL;
	call->registers = how->registers;
	call->to_phone = how->to_phone;
	call->from_phone = r->origin.way == FROM_PHONE;
	if (call->from_phone && call->invite)
		call->phone = phone_of(r);
	call->answered = true; /* until its decision knows of it */
	link_call(call);
	return call;
}

/* At the cap known peers hear 503; others, and retransmissions, nothing. */
static void
not_taken(const struct request *r, int failed)
{
	r->proxy->counters.dropped++;
	if (failed == ENOSPC && r->origin.way != FROM_OTHER)
		reply_stateless(r->proxy, r->msg, r->src, 503, NULL);
}

void
call_begin(const struct request *r, const struct forwarding *how)
{
	struct call *call = make_call(r, how);
	int failed;

	if (call == NULL) {
		not_taken(r, ENOMEM);
		return;
	}
	if (call->toward != TO_PEER && !call_choose_hops(call, r->msg)) {
		free_call(call);
		reply_unavailable(r);
		return;
	}
	failed = sip_server_new(&call->st, r->proxy->txns, r->msg, r->src,
	    SIP_TRYING_NOW, server_ended, call);
	if (failed != 0) {
		call->st = NULL;
		free_call(call);
		not_taken(r, failed);
		return;
	}
	/* Strangers could have us connect to where they like. */
	if (!call->stranger)
		sip_server_may_return(call->st);
	call->answered = false;
	if (how->decision != NULL) {
		call->decision = decision_hold(how->decision);
		decision_begin(call->decision);
	}
	if (how->name != NULL)
		call_reach(call, how->name);
	else
		(void)call_go(call);
}

/* Whom the call waits for, when that is this hop; else NULL. */
static struct branch *
waits_for(const struct call *call, const struct hop *hop)
{
	struct branch *b = call->branches;
	const struct sip_peer *peer;

	if (call->answered || call->toward != TO_HOPS || b == NULL ||
	    b->hop == HOPS_MOST || b->ct == NULL || b->code != 0)
		return NULL;
	peer = &call_hops(call)->list[b->hop].peer;
	return peer->transport == hop->peer.transport &&
		sip_addr_same(&peer->addr, &hop->peer.addr)
	    ? b
	    : NULL;
}

void
call_leave(struct call *call, struct branch *b)
{
	b->left = true;
	if (call->invite && b->ct != NULL)
		(void)sip_client_cancel(b->ct, (struct span){ 0 });
}

void
call_hop_died(struct proxy *proxy, const struct hop *hop)
{
	struct call *call, *next;

	for (call = proxy->calls; call != NULL; call = next) {
		struct branch *b = waits_for(call, hop);

		next = call->next;
		if (b == NULL)
			continue;
		/* A 100 alone rings nobody: another hop can still ring. */
		if (!b->rang && !call->cancelled && call_try_next(call))
			call_leave(call, b);
		else
			call_fail(call, 503);
	}
}
