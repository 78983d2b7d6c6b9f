/*
 * The gate, edits and values on arbitrary datagrams.
 *
 * What must hold: every span lies in the datagram, the lines make up the head;
 * no edit gives back the bytes, an edited message passes again, and so does
 * what we answer; where osip_message_parse accepts the message too, and both
 * readers of a value agree, it has found the same user and host.
 */
#include <osipparser2/osip_parser.h>
#include <sanitizer/lsan_interface.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "edit.h"
#include "uri.h"

static const struct sip_limits limits = {
	.message = 65535,
	.head = 16384,
	.line = 8192,
	.headers = 128,
	.values = 64,
};

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static void
inside(struct span whole, struct span part)
{
	if (part.p)
		require(part.p >= whole.p && part.l <= whole.l &&
		    (size_t)(part.p - whole.p) <= whole.l - part.l);
}

static void
check_spans(const struct sip_msg *msg, struct span whole)
{
	const char *at = msg->start_line.p + msg->start_line.l;

	inside(whole, msg->all);
	inside(whole, msg->start_line);
	inside(whole, msg->uri);
	inside(whole, msg->reason);
	inside(whole, msg->body);
	inside(whole, msg->via.value);
	inside(whole, msg->via.branch);
	inside(whole, msg->call_id);
	inside(whole, msg->from_tag);
	inside(whole, msg->to_tag);
	inside(whole, msg->cseq_method);
	for (unsigned i = 1; i <= msg->count; i++) {
		const struct sip_hdr *hdr = &msg->headers[i];

		require(hdr->line.p == at);
		require(hdr->line.l > 2);
		inside(hdr->line, hdr->name);
		inside(hdr->line, hdr->value);
		at += hdr->line.l;
		require(at[-2] == '\r' && at[-1] == '\n');
	}
	require(msg->head_end.p == at);
	require(msg->body.p == at + 2);
}

static void
check_edits(const struct sip_msg *msg, char *out, size_t size)
{
	static struct sip_msg again;
	static struct sip_edit edit;
	union sip_addr src;
	size_t len;

	require(sip_addr_parse(&src, SPAN_LIT("192.0.2.1"), 5060) == 0);
	sip_edit_begin(&edit, msg);
	require(sip_edit_apply(&edit, out, size, &len) == 0);
	require(span_eq(msg->all, (struct span){ out, len }));
	sip_edit_max_forwards(&edit, 70);
	sip_edit_via_stamp(&edit, &src);
	sip_edit_via_push(&edit, SPAN_LIT("SIP/2.0/UDP p;branch=z9hG4bKp"));
	sip_edit_route_pop(&edit, 1);
	sip_edit_record_route(&edit, SPAN_LIT("<sip:p;lr>"));
	require(sip_edit_apply(&edit, out, size, &len) == 0);
	require(sip_gate_read(&again, out, len, NULL) == SIP_GATE_OK);
	require(again.via_count == msg->via_count + 1);
	require(again.route_count + (msg->route_count > 0) == msg->route_count);
	require(span_eq(again.call_id, msg->call_id));
	require(span_eq(again.body, msg->body));
}

static void
check_answer(const struct sip_msg *msg, char *out, size_t size)
{
	static struct sip_msg again;
	union sip_addr src;
	struct sip_reply reply = { .code = 480,
		.to_tag = SPAN_LIT("t"),
		.src = &src };
	size_t len;

	require(sip_addr_parse(&src, SPAN_LIT("::1"), 5060) == 0);
	if (sip_reply_build(out, size, &len, msg, &reply))
		return;
	require(sip_gate_read(&again, out, len, NULL) == SIP_GATE_OK);
	require(again.via_count == msg->via_count);
	require(again.to_tag.p != NULL);
}

static bool
same_bytes(struct span ours, const char *theirs)
{
	return span_eq(ours, theirs ? span_of(theirs) : (struct span){ 0 });
}

static void
same(const struct sip_value *ours, const osip_uri_t *theirs)
{
	struct span host = ours->uri.host;

	if (!theirs ||
	    (ours->uri.scheme != SIP_SCHEME_SIP &&
		ours->uri.scheme != SIP_SCHEME_SIPS))
		return;
	require(same_bytes((struct span){ ours->user, ours->user_len },
	    theirs->username));
	if (host.l > 2 && host.p[0] == '[') {
		host.p++;
		host.l -= 2;
	}
	require(same_bytes(host, theirs->host));
}

static void
check_values(const struct sip_msg *msg)
{
	static struct sip_value from, to, uri;
	bool from_ok = sip_value_read(&from,
			   sip_msg_value(msg, SIP_HDR_FROM)) == 0;
	bool to_ok = sip_value_read(&to, sip_msg_value(msg, SIP_HDR_TO)) == 0;
	bool uri_ok = msg->request && sip_uri_read(&uri, msg->uri) == 0;
	osip_message_t *other;

	/* It takes a NUL for the end. */
	if (memchr(msg->all.p, 0, msg->all.l) || osip_message_init(&other))
		return;
	/* Its messages leak where a header is doubled; the product has none. */
	__lsan_disable();
	if (osip_message_parse(other, msg->all.p, msg->all.l) == 0) {
		if (from_ok && other->from)
			same(&from, other->from->url);
		if (to_ok && other->to)
			same(&to, other->to->url);
		if (uri_ok && MSG_IS_REQUEST(other))
			same(&uri, other->req_uri);
	}
	osip_message_free(other);
	__lsan_enable();
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return sip_uri_init();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sip_msg msg;
	static char out[1 << 17];
	struct span whole = { (const char *)data, size };
	enum sip_gate why;

	if (size > 65535)
		return 0;
	why = sip_gate_read(&msg, whole.p, size, &limits);
	require(sip_gate_words(why) != NULL);
	require(sip_gate_code(why, &msg) == 0 || msg.answerable);
	if (why == SIP_GATE_OK) {
		check_spans(&msg, whole);
		check_edits(&msg, out, sizeof(out));
		check_answer(&msg, out, sizeof(out));
		check_values(&msg);
	} else if (msg.answerable) {
		struct sip_reply reply = { .code = 400 };
		size_t len;

		(void)sip_reply_build(out, sizeof(out), &len, &msg, &reply);
	}
	return 0;
}
