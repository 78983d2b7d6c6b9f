/*
 * request.c - a request is checked, given its way, and screened.
 *
 * The order: whose it is; inside a dialog or not; what RFC 3261 §16.3 wants
 * checked; emergencies; the table of design-calls.md "Where a request comes
 * from"; the verdict. Called by the transaction layer for every request that
 * is new. Whatever fails on our side lets a call pass.
 */
#include <errno.h>
#include <stdio.h>

#include "proxy.h"
#include "remember.h"

static const struct span no_headers = { "", 0 };

/* A line for each Proxy-Require, as many as have room. */
static struct span
unsupported(const struct sip_msg *msg, char *text, size_t size)
{
	const struct sip_hdr *hdr = sip_msg_first(msg, SIP_HDR_PROXY_REQUIRE);
	struct span lines = { text, 0 };

	for (; hdr != NULL; hdr = sip_msg_next(msg, hdr)) {
		int length = snprintf(text + lines.l, size - lines.l,
		    "Unsupported: %.*s\r\n", SPAN_ARG(hdr->value));

		if (length < 0 || (size_t)length >= size - lines.l)
			break;
		lines.l += (size_t)length;
	}
	return lines;
}

/* 416, 483, 482, 420: false when the request was answered. */
static bool
validate(const struct request *r)
{
	const struct sip_msg *msg = r->msg;
	char header[1024];

	if (r->uri.scheme == SIP_SCHEME_OTHER) {
		reply_final(r, 416, no_headers);
		return false;
	}
	/* OPTIONS is answered by us instead, outside dialogs. */
	if (msg->max_forwards == 0 &&
	    (msg->method != SIP_METHOD_OPTIONS || msg->to_tag.p != NULL)) {
		reply_final(r, 483, no_headers);
		return false;
	}
	if (forward_is_loop(r)) {
		r->proxy->counters.looped++;
		reply_final(r, 482, no_headers);
		return false;
	}
	if (sip_msg_first(msg, SIP_HDR_PROXY_REQUIRE) != NULL &&
	    msg->method != SIP_METHOD_CANCEL) {
		reply_final(r, 420, unsupported(msg, header, sizeof(header)));
		return false;
	}
	return true;
}

static void
forward_dialog(struct request *r)
{
	struct sip_peer peer;
	struct wanted name;
	struct forwarding how = { .toward = TO_PEER, .to_phone = r->has_flow };
	int failed = forward_next(r, &peer, &name);

	if (failed == 0 || failed == EAGAIN) {
		if (failed == 0)
			how.peer = &peer;
		else
			how.name = &name;
		call_begin(r, &how);
		return;
	}
	if (failed == ENOENT)
		log_write(&r->proxy->log, LOG_WARNING,
		    "%.*s of call %.*s "
		    "leads where no listener of ours reaches: %.*s",
		    SPAN_ARG(r->msg->method_text), SPAN_ARG(r->msg->call_id),
		    SPAN_ARG(r->uri.all));
	reply_final(r,
	    failed == EBADMSG	     ? 400
		: failed == ENOTCONN ? 430
				     : 500,
	    no_headers);
}

/* A To tag that our Record-Route does not vouch for. */
static void
handle_stray(struct request *r)
{
	struct forwarding how = { .toward = TO_HOPS };
	bool inside = r->origin.way == FROM_PBX || r->origin.way == FROM_PHONE;

	if (r->msg->method == SIP_METHOD_INVITE ||
	    r->origin.way == FROM_OTHER ||
	    (inside && r->setup->trunks.count == 0)) {
		reply_final(r, 481, no_headers);
		return;
	}
	if (r->own_routes + r->recover < r->msg->route_count) {
		reply_final(r, 403, no_headers);
		return;
	}
	if (inside)
		how.toward = TO_TRUNKS;
	call_begin(r, &how);
}

/* Where the PBX wants its request to go by Route: to trunks, or to `allow`. */
static bool
follow_route(const struct request *r, struct target *target)
{
	struct sip_addr_value address;
	struct span value;
	int failed;

	if (r->origin.way != FROM_PBX)
		return false;
	failed = forward_next(r, &target->peer, &target->name);
	if (failed == 0 && hops_at(&r->setup->trunks, &target->peer) != NULL) {
		target->reach = REACH_PEER;
		return true;
	}
	return dialog_route_at(r->msg, r->own_routes, &value) &&
	    sip_addr_split(value, &address) &&
	    (target_find(target, r->setup, address.uri) == REACH_PEER ||
		target->reach == REACH_NAME);
}

/* A Route of others' on a request outside dialogs: false when it is refused. */
static bool
foreign_route(struct request *r, struct target *target, bool *follow)
{
	*follow = r->own_routes + r->recover < r->msg->route_count;
	if (!*follow || follow_route(r, target))
		return true;
	reply_final(r, 403, no_headers);
	return false;
}

static void
toward_target(struct forwarding *how, const struct target *target)
{
	if (target->reach == REACH_PEER) {
		how->toward = TO_PEER;
		how->peer = &target->peer;
	} else if (target->reach == REACH_NAME) {
		how->toward = TO_PEER;
		how->name = &target->name;
	}
}

static void
handle_from_pbx(struct request *r)
{
	struct forwarding how = { .toward = TO_TRUNKS };
	struct target target;
	bool follow;

	if (!foreign_route(r, &target, &follow))
		return;
	if (follow) {
		toward_target(&how, &target);
	} else if (r->setup->trunks.count == 0) {
		reply_final(r, 403, no_headers);
		return;
	}
	/* A call, or a text to it; not a subscription to its state. */
	if ((r->msg->method == SIP_METHOD_INVITE ||
		r->msg->method == SIP_METHOD_MESSAGE) &&
	    safety_is_emergency(r))
		safety_remember(r);
	call_begin(r, &how);
}

void
request_follow(struct request *r, struct decision *decision,
    const struct forwarding *otherwise)
{
	struct forwarding how = *otherwise;
	struct target target;

	if (remember_waits(decision) && waiting_for_decision(r, decision))
		return;
	if (!decision->settled) {
		r->proxy->counters.faults++; /* too many wait: it passes */
		call_begin(r, otherwise);
		return;
	}
	how.decision = decision;
	if (decision->answer.code != 0) {
		/* Begun and over: its pair is free for the next call. */
		decision_begin(decision);
		reply_decision(r, decision);
		decision_end(decision);
		return;
	}
	if (decision->target != NULL) {
		how = (struct forwarding){ .toward = TO_HOPS,
			.decision = decision };
		(void)target_find(&target, r->setup, span_of(decision->target));
		toward_target(&how, &target);
	}
	call_begin(r, &how);
}

static bool
is_screened(const struct request *r, const struct screening *s, bool *question)
{
	*question = r->msg->method == SIP_METHOD_OPTIONS;
	if (r->setup->sip->place != USHER_SIP_BEFORE_PBX) {
		*question = false;
		return false;
	}
	if (*question)
		return s->recipient.published && s->caller.has_user &&
		    r->origin.terms->asks;
	return r->msg->method == SIP_METHOD_INVITE ||
	    r->msg->method == SIP_METHOD_MESSAGE;
}

/* Trunk or other, caller and recipient known. */
static void
handle_known(struct request *r, struct screening *s)
{
	struct forwarding how = { .toward = TO_HOPS };
	bool question, safe = safety_is_callback(r, &s->recipient);
	struct decision *decision;

	if (is_screened(r, s, &question)) {
		decision = screen(s, question || message_is_notice(r->msg),
		    safe);
		if (decision != NULL)
			request_follow(r, decision, &how);
		else
			call_begin(r, &how);
		decision_release(decision);
	} else if (question && !s->recipient.published) {
		options_answer(r);
	} else {
		call_begin(r, &how);
	}
}

/* 400 for what is read twice and cannot be; what no policy is asked about is
 * for the PBX to read; and what we cannot do for a call, it passes. */
static void
handle_unread(struct request *r, int failed)
{
	struct forwarding how = { .toward = TO_HOPS };
	bool asked = r->origin.way == FROM_OTHER ||
	    r->msg->method == SIP_METHOD_INVITE ||
	    r->msg->method == SIP_METHOD_MESSAGE ||
	    r->msg->method == SIP_METHOD_OPTIONS;

	if (failed == EBADMSG && asked && !safety_is_callback(r, NULL)) {
		reply_final(r, 400, no_headers);
		return;
	}
	if (failed != EBADMSG)
		r->proxy->counters.faults++;
	if (r->origin.way == FROM_OTHER)
		reply_final(r, 480, no_headers);
	else
		call_begin(r, &how);
}

/*
 * Answered as by one who refuses without a word, and by the same way: nobody
 * shall learn by the clock who is published.
 */
static void
refuse_unpublished(struct request *r, struct screening *s)
{
	struct usher_policy *nobody = r->setup->nobody;
	struct decision *decision = NULL;

	usher_policy_release(s->recipient.policy);
	s->recipient.policy = usher_policy_hold(nobody);
	if (nobody != NULL && usher_policy_mode(nobody) == USHER_ENFORCE &&
	    (r->msg->method == SIP_METHOD_INVITE ||
		r->msg->method == SIP_METHOD_MESSAGE))
		decision = screen(s, message_is_notice(r->msg), false);
	if (decision == NULL) {
		reply_final(r, 480, no_headers);
	} else if (!remember_waits(decision) ||
	    !waiting_for_decision(r, decision)) {
		decision_begin(decision);
		reply_final(r, 480, no_headers);
		decision_end(decision);
	}
	decision_release(decision);
}

static void
handle_from_outside(struct request *r)
{
	struct screening s = { .request = r,
		.proxy = r->proxy,
		.setup = r->setup,
		.origin = &r->origin,
		.msg = r->msg,
		.src = r->src };
	struct target target;
	bool follow;
	int failed;

	if (!foreign_route(r, &target, &follow))
		return;
	failed = caller_read(&s.caller, r->setup, &r->origin, r->msg);
	if (failed == 0)
		failed = waiting_recipient(r, NULL, &s.recipient);
	if (failed == EINPROGRESS)
		return;
	if (failed != 0) {
		handle_unread(r, failed);
		return;
	}
	if (r->origin.way == FROM_OTHER && !s.recipient.published &&
	    !s.recipient.faulty &&
	    r->setup->sip->place == USHER_SIP_BEFORE_PBX) {
		if (r->msg->method == SIP_METHOD_OPTIONS)
			options_answer(r);
		else
			refuse_unpublished(r, &s);
	} else {
		handle_known(r, &s);
	}
	recipient_done(&s.recipient);
}

static bool
no_foreign_route(const struct request *r)
{
	return r->own_routes + r->recover >= r->msg->route_count;
}

static void
handle_outside_dialog(struct request *r)
{
	if (r->origin.way == FROM_OTHER && !r->setup->sip->screen_others &&
	    r->setup->sip->place == USHER_SIP_BEFORE_PBX &&
	    !register_is_ours(r)) {
		reply_final(r, 403, no_headers);
		return;
	}
	if (options_is_ours(r)) {
		options_answer(r);
		return;
	}
	if (r->proxy->draining && r->msg->method == SIP_METHOD_INVITE &&
	    !safety_is_emergency(r) && !safety_is_callback(r, NULL)) {
		reply_unavailable(r);
		return;
	}
	if (r->origin.way == FROM_PBX) {
		if (!phones_take(r))
			handle_from_pbx(r);
	} else if (register_is_ours(r) && no_foreign_route(r)) {
		register_forward(r);
	} else if (r->origin.way == FROM_PHONE) {
		phones_from(r);
	} else {
		handle_from_outside(r);
	}
}

void
request_handle(struct request *r)
{
	int failed = dialog_read(r);

	if (r->msg->method == SIP_METHOD_ACK) {
		/* Never answered, and passed inside a dialog alone. */
		if (failed == 0 && r->dialog)
			forward_ack(r);
		return;
	}
	if (r->msg->method == SIP_METHOD_CANCEL) {
		if (!waiting_cancel(r) && !request_unproven(r))
			reply_stateless(r->proxy, r->msg, r->src, 481, NULL);
		return;
	}
	if ((request_unproven(r) && refusal_again(r)) || waiting_again(r))
		return;
	if (failed != 0) {
		reply_final(r, 400, no_headers);
		return;
	}
	if (!validate(r))
		return;
	if (r->dialog)
		forward_dialog(r);
	else if (r->msg->to_tag.p != NULL)
		handle_stray(r);
	else
		handle_outside_dialog(r);
}

void
proxy_request(struct sip_server *st, const struct sip_msg *msg,
    const struct sip_peer *src, void *arg)
{
	struct request request = { .proxy = arg, .msg = msg, .src = src };
	struct call *call;

	request.setup = setup_hold(request.proxy->setup);
	origin_find(request.setup, src, &request.origin);
	if (st != NULL && msg->method == SIP_METHOD_CANCEL) {
		call = sip_server_arg(st);
		/* Who overheard a branch may not end the call of another. */
		if (call != NULL &&
		    (request.origin.way != FROM_OTHER ||
			sip_addr_same_host(&sip_server_source(st)->addr,
			    &src->addr)))
			call_cancel(call, msg);
		setup_release(request.setup);
		return;
	}
	request_handle(&request);
	setup_release(request.setup);
}

void
proxy_receive(const char *bytes, size_t length, const struct sip_peer *src,
    void *arg)
{
	struct proxy *proxy = arg;
	const struct usher_sip_limits *l = &proxy->setup->sip->limits;
	const struct sip_limits limits = { .message = l->message,
		.head = l->head,
		.line = l->line,
		.headers = l->headers,
		.values = l->values };
	struct sip_msg msg;
	enum sip_gate why = sip_gate_read(&msg, bytes, length, &limits);
	struct origin origin;
	unsigned code;

	if (why == SIP_GATE_KEEPALIVE)
		return;
	origin_find(proxy->setup, src, &origin);
	if (why == SIP_GATE_OK) {
		if (!msg.request || origin.way != FROM_OTHER ||
		    defence_admits(proxy, &msg, src))
			sip_txn_receive(proxy->txns, &msg, src);
		else
			proxy->counters.limited++;
		return;
	}
	if (why == SIP_GATE_NOT_SIP && stun_answer(proxy, bytes, length, src))
		return;
	proxy->counters.malformed++;
	code = sip_gate_code(why, &msg);
	if (origin.way == FROM_OTHER)
		defence_note_bad(proxy, &src->addr);
	if (code == 0 || origin.way == FROM_OTHER || !msg.answerable)
		return;
	reply_stateless(proxy, &msg, src, code,
	    code == 400 ? sip_gate_words(why) : NULL);
}
