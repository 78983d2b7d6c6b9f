/*
 * gate_words.c - what a refusal means, and getting at the headers of a message.
 *
 * The table of reasons (one row each: code, words) and the accessors of
 * struct sip_msg that every layer above uses.
 */
#include "gate.h"

static const struct {
	unsigned code;
	const char *words;
} reasons[SIP_GATE_COUNT] = {
	[SIP_GATE_OK] = { 0, "fine" },
	[SIP_GATE_KEEPALIVE] = { 0, "keepalive" },
	[SIP_GATE_NOT_SIP] = { 0, "not SIP" },
	[SIP_GATE_TOO_LONG] = { 513, "message too long" },
	[SIP_GATE_HEAD_TOO_LONG] = { 400, "headers too long" },
	[SIP_GATE_LINE_TOO_LONG] = { 400, "header line too long" },
	[SIP_GATE_TOO_MANY_HEADERS] = { 400, "too many headers" },
	[SIP_GATE_TOO_MANY_VALUES] = { 400, "too many Via or Route values" },
	[SIP_GATE_NO_HEAD_END] = { 400, "no empty line after the headers" },
	[SIP_GATE_BARE_CR_LF] = { 400, "bare CR or LF" },
	[SIP_GATE_NUL] = { 400, "NUL byte" },
	[SIP_GATE_START_LINE] = { 400, "malformed start line" },
	[SIP_GATE_URI] = { 400, "malformed Request-URI" },
	[SIP_GATE_VERSION] = { 505, "SIP version not supported" },
	[SIP_GATE_STATUS] = { 0, "malformed status code" },
	[SIP_GATE_HEADER_NAME] = { 400, "malformed header name" },
	[SIP_GATE_DOUBLED] = { 400, "header that may stand once is doubled" },
	[SIP_GATE_MISSING] = { 400, "mandatory header missing" },
	[SIP_GATE_VIA] = { 400, "malformed Via" },
	[SIP_GATE_FROM_TO] = { 400, "malformed From or To" },
	[SIP_GATE_CALL_ID] = { 400, "malformed Call-ID" },
	[SIP_GATE_CSEQ] = { 400, "malformed CSeq" },
	[SIP_GATE_CSEQ_METHOD] = { 400, "CSeq method differs" },
	[SIP_GATE_MAX_FORWARDS] = { 400, "malformed Max-Forwards" },
	[SIP_GATE_CONTENT_LENGTH] = { 400, "wrong Content-Length" },
	[SIP_GATE_CONTACT] = { 400, "ambiguous Contact" },
	[SIP_GATE_DATE] = { 400, "malformed Date" },
	[SIP_GATE_ROUTE] = { 400, "malformed Route, Record-Route or Path" },
};

unsigned
sip_gate_code(enum sip_gate why, const struct sip_msg *msg)
{
	return msg->answerable ? reasons[why].code : 0;
}

const char *
sip_gate_words(enum sip_gate why)
{
	return reasons[why].words;
}

const struct sip_hdr *
sip_msg_first(const struct sip_msg *msg, enum sip_header id)
{
	return msg->first[id] ? &msg->headers[msg->first[id]] : NULL;
}

const struct sip_hdr *
sip_msg_next(const struct sip_msg *msg, const struct sip_hdr *hdr)
{
	return hdr->next ? &msg->headers[hdr->next] : NULL;
}

const struct sip_hdr *
sip_msg_named(const struct sip_msg *msg, const char *name)
{
	enum sip_header id = sip_header_id(span_of(name));
	const struct sip_hdr *hdr = sip_msg_first(msg, id);

	if (id != SIP_HDR_OTHER)
		return hdr;
	while (hdr && !span_is(hdr->name, name))
		hdr = sip_msg_next(msg, hdr);
	return hdr;
}

struct span
sip_msg_value(const struct sip_msg *msg, enum sip_header id)
{
	const struct sip_hdr *hdr = sip_msg_first(msg, id);

	return hdr ? hdr->value : (struct span){ 0 };
}
