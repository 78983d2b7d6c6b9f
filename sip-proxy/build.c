/*
 * build.c - the messages that are ours: responses, ACK of a non-2xx, CANCEL.
 *
 * Made of lines of another message, copied byte for byte, and of a few of our
 * own. Called by the transaction layer and by whoever answers without one.
 * Keeps RFC 3261 §8.2.6, §9.1, §12.1.1, §17.1.1.3 and RFC 3581 §4.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "edit.h"

struct writer {
	char *p;
	size_t left;
	bool full;
};

static void
put(struct writer *w, struct span s)
{
	if (s.l > w->left)
		w->full = true;
	if (w->full || s.l == 0)
		return;
	memcpy(w->p, s.p, s.l);
	w->p += s.l;
	w->left -= s.l;
}

static void __attribute__((format(printf, 2, 3)))
putf(struct writer *w, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(w->p, w->left, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= w->left) {
		w->full = true;
		return;
	}
	w->p += n;
	w->left -= (size_t)n;
}

static void
put_code(struct writer *w, unsigned code)
{
	const char text[] = { (char)('0' + code / 100 % 10),
		(char)('0' + code / 10 % 10), (char)('0' + code % 10), ' ' };

	put(w, (struct span){ text, sizeof(text) });
}

static void
put_pair(struct writer *w, const char *name, const char *value)
{
	put(w, span_of(name));
	put(w, span_of(value));
}

static void
put_line(struct writer *w, const struct sip_msg *msg, enum sip_header id)
{
	const struct sip_hdr *hdr = sip_msg_first(msg, id);

	if (hdr)
		put(w, hdr->line);
}

static void
put_all(struct writer *w, const struct sip_msg *msg, enum sip_header id)
{
	const struct sip_hdr *hdr = sip_msg_first(msg, id);

	for (; hdr; hdr = sip_msg_next(msg, hdr))
		put(w, hdr->line);
}

static int
finish(const struct writer *w, const char *out, size_t *len)
{
	if (w->full)
		return EMSGSIZE;
	*len = (size_t)(w->p - out);
	return 0;
}

/* The topmost Via with received and rport; the others as they came. */
static void
put_vias(struct writer *w, const struct sip_msg *req, const union sip_addr *src)
{
	const struct sip_hdr *hdr = sip_msg_first(req, SIP_HDR_VIA);
	const struct sip_via *via = &req->via;
	char host[SIP_ADDR_TEXT];
	union sip_addr sent_by;
	struct span parts[2];
	const char *at;

	if (!src || !via->host.p) {
		put_all(w, req, SIP_HDR_VIA);
		return;
	}
	/* The two parameters may stand in either order: cut the earlier out
	 * first, then the later, and write both anew at the value's end. */
	parts[0] = via->rport_param;
	parts[1] = via->received_param;
	if (parts[0].p && parts[1].p && parts[0].p > parts[1].p) {
		parts[0] = via->received_param;
		parts[1] = via->rport_param;
	}
	at = hdr->line.p;
	for (int i = 0; i < 2; i++) {
		if (!parts[i].p)
			continue;
		put(w, span_between(at, parts[i].p));
		at = parts[i].p + parts[i].l;
	}
	put(w, span_between(at, via->value.p + via->value.l));
	at = via->value.p + via->value.l;
	if (via->rport.p) {
		*sip_put_decimal(host, sip_addr_port(src)) = '\0';
		put_pair(w, ";rport=", host);
	}
	if (via->rport.p || via->received.p ||
	    sip_addr_parse(&sent_by, via->host, 0) ||
	    !sip_addr_same_host(&sent_by, src))
		put_pair(w, ";received=", sip_addr_host(src, host));
	put(w, span_between(at, hdr->line.p + hdr->line.l));
	while ((hdr = sip_msg_next(req, hdr)))
		put(w, hdr->line);
}

static void
put_to(struct writer *w, const struct sip_msg *req,
    const struct sip_reply *reply)
{
	const struct sip_hdr *to = sip_msg_first(req, SIP_HDR_TO);
	const char *end;

	if (!to)
		return;
	if (req->to_tag.p || !reply->to_tag.p || reply->code == 100) {
		put(w, to->line);
		return;
	}
	end = to->value.p + to->value.l;
	put(w, span_between(to->line.p, end));
	put(w, SPAN_LIT(";tag="));
	put(w, reply->to_tag);
	put(w, span_between(end, to->line.p + to->line.l));
}

static const struct span reply_end = SPAN_LIT("Content-Length: 0\r\n\r\n");

int
sip_reply_build(char *out, size_t size, size_t *len, const struct sip_msg *req,
    const struct sip_reply *reply)
{
	struct writer w = { .p = out, .left = size };
	unsigned code = reply->code;

	if (!req->answerable)
		return EBADMSG;
	put(&w, SPAN_LIT("SIP/2.0 "));
	put_code(&w, code);
	put(&w,
	    reply->reason.p ? reply->reason : span_of(sip_reason_phrase(code)));
	put(&w, SPAN_LIT("\r\n"));
	put_vias(&w, req, reply->src);
	put_line(&w, req, SIP_HDR_FROM);
	put_to(&w, req, reply);
	put_line(&w, req, SIP_HDR_CALL_ID);
	put_line(&w, req, SIP_HDR_CSEQ);
	if (code == 100)
		put_line(&w, req, SIP_HDR_TIMESTAMP);
	if (code > 100 && code < 300)
		put_all(&w, req, SIP_HDR_RECORD_ROUTE);
	put(&w, reply->headers);
	put(&w, reply_end);
	return finish(&w, out, len);
}

void
sip_reply_add(char *bytes, size_t size, size_t *len, struct span headers)
{
	char *end = bytes + *len - reply_end.l;

	if (*len < reply_end.l || headers.l == 0 || headers.l > size - *len)
		return;
	memcpy(end, headers.p, headers.l);
	memcpy(end + headers.l, reply_end.p, reply_end.l);
	*len += headers.l;
}

/* ACK and CANCEL go the INVITE's way: its R-URI, topmost Via and route set. */
static void
put_like_invite(struct writer *w, const struct sip_msg *invite,
    const char *method)
{
	struct span rest = sip_msg_value(invite, SIP_HDR_VIA), via;

	putf(w, "%s ", method);
	put(w, invite->uri);
	put(w, SPAN_LIT(" SIP/2.0\r\nVia: "));
	if (sip_value_next(&rest, &via))
		put(w, via);
	put(w, SPAN_LIT("\r\n"));
	put_all(w, invite, SIP_HDR_ROUTE);
	put(w, SPAN_LIT("Max-Forwards: 70\r\n"));
	put_line(w, invite, SIP_HDR_FROM);
}

static int
end_like_invite(struct writer *w, const struct sip_msg *invite,
    const char *method, const char *out, size_t *len)
{
	put_line(w, invite, SIP_HDR_CALL_ID);
	putf(w, "CSeq: %u %s\r\nContent-Length: 0\r\n\r\n",
	    (unsigned)invite->cseq, method);
	return finish(w, out, len);
}

int
sip_ack_build(char *out, size_t size, size_t *len, const struct sip_msg *invite,
    const struct sip_msg *response)
{
	struct writer w = { .p = out, .left = size };

	put_like_invite(&w, invite, "ACK");
	put_line(&w, response, SIP_HDR_TO);
	return end_like_invite(&w, invite, "ACK", out, len);
}

int
sip_cancel_build(char *out, size_t size, size_t *len,
    const struct sip_msg *invite, struct span headers)
{
	struct writer w = { .p = out, .left = size };

	put_like_invite(&w, invite, "CANCEL");
	put_line(&w, invite, SIP_HDR_TO);
	put(&w, headers);
	return end_like_invite(&w, invite, "CANCEL", out, len);
}

const char *
sip_reason_phrase(unsigned code)
{
	static const struct {
		unsigned code;
		const char *text;
	} phrases[] = {
		{ 100, "Trying" },
		{ 180, "Ringing" },
		{ 181, "Call Is Being Forwarded" },
		{ 182, "Queued" },
		{ 183, "Session Progress" },
		{ 200, "OK" },
		{ 202, "Accepted" },
		{ 300, "Multiple Choices" },
		{ 301, "Moved Permanently" },
		{ 302, "Moved Temporarily" },
		{ 305, "Use Proxy" },
		{ 380, "Alternative Service" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 402, "Payment Required" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 406, "Not Acceptable" },
		{ 407, "Proxy Authentication Required" },
		{ 408, "Request Timeout" },
		{ 410, "Gone" },
		{ 413, "Request Entity Too Large" },
		{ 414, "Request-URI Too Long" },
		{ 415, "Unsupported Media Type" },
		{ 416, "Unsupported URI Scheme" },
		{ 420, "Bad Extension" },
		{ 421, "Extension Required" },
		{ 423, "Interval Too Brief" },
		{ 430, "Flow Failed" },
		{ 480, "Temporarily Unavailable" },
		{ 481, "Call/Transaction Does Not Exist" },
		{ 482, "Loop Detected" },
		{ 483, "Too Many Hops" },
		{ 484, "Address Incomplete" },
		{ 485, "Ambiguous" },
		{ 486, "Busy Here" },
		{ 487, "Request Terminated" },
		{ 488, "Not Acceptable Here" },
		{ 491, "Request Pending" },
		{ 493, "Undecipherable" },
		{ 500, "Server Internal Error" },
		{ 501, "Not Implemented" },
		{ 502, "Bad Gateway" },
		{ 503, "Service Unavailable" },
		{ 504, "Server Time-out" },
		{ 505, "Version Not Supported" },
		{ 513, "Message Too Large" },
		{ 600, "Busy Everywhere" },
		{ 603, "Decline" },
		{ 604, "Does Not Exist Anywhere" },
		{ 606, "Not Acceptable" },
		{ 607, "Unwanted" },
		{ 608, "Rejected" },
	};

	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
		if (phrases[i].code == code)
			return phrases[i].text;
	return "Unknown";
}
