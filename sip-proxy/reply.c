/*
 * reply.c - final answers of our own.
 *
 * Known peers are answered by a server transaction; the unproven once, without
 * one (refusal.c). RFC 3261 §8.2.6, §16.3, §17.2. Called by request.c,
 * options.c and call.c.
 */
#include <errno.h>
#include <stdio.h>

#include "proxy.h"

enum { HEADERS_SIZE = 8192, DATAGRAM = 65536 };

bool
request_unproven(const struct request *request)
{
	return request->origin.way == FROM_OTHER &&
	    request->src->transport == SIP_OVER_UDP;
}

void
reply_stateless(struct proxy *proxy, const struct sip_msg *msg,
    const struct sip_peer *src, unsigned code, const char *reason)
{
	struct span parts[] = { SPAN_LIT("stateless"), msg->call_id,
		msg->from_tag, msg->via.branch };
	char tag[MAC_TEXT], bytes[8192];
	struct sip_reply reply = { .code = code,
		.reason = span_of(reason),
		.src = &src->addr };
	struct sip_peer dst;
	size_t length;

	if (!msg->request || !msg->answerable || msg->method == SIP_METHOD_ACK)
		return;
	mac_text(mac_of(proxy->key, parts, 4), tag);
	reply.to_tag = span_of(tag);
	if (sip_reply_build(bytes, sizeof(bytes), &length, msg, &reply) != 0)
		return;
	sip_peer_reply(&dst, &msg->via, src);
	(void)sip_txn_answer(proxy->txns, &dst, bytes, length);
}

/* From the request as it was read: its transaction would have to read its own
 * copy again, which it does for more than a datagram. */
static int
answer(struct sip_server *st, const struct request *request,
    const struct sip_reply *reply)
{
	char bytes[DATAGRAM];
	size_t length;
	int failed = sip_reply_build(bytes, sizeof(bytes), &length,
	    request->msg, reply);

	if (failed == 0)
		return sip_server_respond(st, reply->code, bytes, length);
	return failed == EMSGSIZE ? sip_server_answer(st, reply) : failed;
}

/* Nobody waits for the end of a transaction that only refuses. */
static void
reply_stateful(const struct request *request, unsigned code,
    struct span headers)
{
	struct proxy *proxy = request->proxy;
	struct sip_reply reply = { .code = code,
		.headers = headers,
		.src = &request->src->addr };
	struct sip_server *st;
	int failed = sip_server_new(&st, proxy->txns, request->msg,
	    request->src, SIP_TRYING_NEVER, NULL, NULL);

	if (failed == ENOSPC) {
		reply_stateless(proxy, request->msg, request->src, 503, NULL);
		return;
	}
	if (failed != 0) {
		proxy->counters.dropped++;
		return;
	}
	reply.to_tag = sip_server_tag(st);
	failed = answer(st, request, &reply);
	if (failed == EMSGSIZE) {
		/* The request's own lines leave no room for ours. */
		reply.headers = (struct span){ 0 };
		failed = answer(st, request, &reply);
	}
	if (failed != 0) {
		sip_server_drop(st);
		proxy->counters.dropped++;
	}
}

void
reply_final(const struct request *request, unsigned code, struct span headers)
{
	if (request->msg->method == SIP_METHOD_ACK)
		return;
	if (request_unproven(request))
		refusal_send(request, code, NULL, headers);
	else
		reply_stateful(request, code, headers);
}

void
reply_unavailable(const struct request *request)
{
	char text[64];
	unsigned seconds = (request->setup->sip->timers.probe + 999) / 1000;

	snprintf(text, sizeof(text), "Retry-After: %u\r\n", seconds);
	reply_final(request, 503, span_of(text));
}

void
reply_decision(const struct request *request, const struct decision *decision)
{
	char headers[HEADERS_SIZE];
	struct span span = { headers, 0 };

	if (request_unproven(request)) {
		refusal_send(request, decision->answer.code, &decision->answer,
		    (struct span){ 0 });
		return;
	}
	span.l = answer_headers(&decision->answer, headers, sizeof(headers),
	    sizeof(headers));
	reply_stateful(request, decision->answer.code, span);
}
