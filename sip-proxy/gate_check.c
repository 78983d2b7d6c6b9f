/*
 * gate_check.c - the gate's checks of the start line and of single values.
 *
 * One small function a check, each returning the reason to refuse. Called by
 * gate.c once the lines stand. Keeps RFC 3261 §7.1, §7.2, §8.1.1, §20 and, for
 * Date, the one form of §20.17.
 */
#include "gate_check.h"

#include "chars.h"

static bool
version_like(struct span s)
{
	size_t i = 4, dots = 0;

	if (s.l < 7 || strncasecmp(s.p, "SIP/", 4) != 0)
		return false;
	for (; i < s.l; i++) {
		if (s.p[i] == '.' && is_char(s.p[i - 1], CHAR_DIGIT))
			dots++;
		else if (!is_char(s.p[i], CHAR_DIGIT))
			return false;
	}
	return dots == 1 && s.p[s.l - 1] != '.';
}

static enum sip_gate
version(struct span s)
{
	if (span_is(s, "SIP/2.0"))
		return SIP_GATE_OK;
	return version_like(s) ? SIP_GATE_VERSION : SIP_GATE_START_LINE;
}

static bool
uri_has_headers(struct span uri)
{
	const char *at, *end = span_end(uri);

	if (uri.l < 5 || strncasecmp(uri.p, "sip", 3) != 0)
		return false;
	if (uri.p[3] != ':' && (uri.p[4] != ':' || (uri.p[3] | 0x20) != 's'))
		return false;
	at = memchr(uri.p, '@', uri.l);
	if (!at)
		at = uri.p;
	return memchr(at, '?', (size_t)(end - at)) != NULL;
}

static enum sip_gate
status_line(struct sip_msg *msg, struct span line)
{
	const char *p = line.p + 8, *end = line.p + line.l;
	struct span digits;
	uint32_t code;

	/* "SIP/2.0 200 OK": the last space stands even without a phrase. */
	digits.p = p;
	digits.l = end - p >= 4 && p[3] == ' ' ? 3 : 0;
	if (!sip_number_read(digits, 699, &code) || code < 100)
		return SIP_GATE_STATUS;
	msg->code = code;
	msg->reason = span_between(p + 4, end);
	return SIP_GATE_OK;
}

static enum sip_gate
request_line(struct sip_msg *msg, const char *p, const char *end)
{
	const char *uri, *after;

	uri = p + 1;
	after = memchr(uri, ' ', (size_t)(end - uri));
	if (!after)
		return SIP_GATE_START_LINE;
	msg->uri = span_between(uri, after);
	if (!sip_uri_bytes_ok(msg->uri) || uri_has_headers(msg->uri))
		return SIP_GATE_URI;
	return version(span_between(after + 1, end));
}

static bool
mentions_sip(struct span line)
{
	const char *p = line.p, *end = p + line.l;

	while ((p = memchr(p, '/', (size_t)(end - p)))) {
		if (p - line.p >= 3 && strncasecmp(p - 3, "SIP", 3) == 0)
			return true;
		p++;
	}
	return false;
}

enum sip_gate
gate_start_line(struct sip_msg *msg, struct span line)
{
	const char *p = line.p, *end = p + line.l;
	enum sip_gate why;

	if (line.l >= 8 && strncasecmp(p, "SIP/", 4) == 0) {
		const char *sp = memchr(p, ' ', line.l);

		why = version(span_between(p, sp ? sp : end));
		return why ? why : status_line(msg, line);
	}
	msg->request = true;
	while (p < end && is_char(*p, CHAR_TOKEN))
		p++;
	if (p == end || *p != ' ' || p == line.p)
		return mentions_sip(line) ? SIP_GATE_START_LINE
					  : SIP_GATE_NOT_SIP;
	msg->method_text = span_between(line.p, p);
	msg->method = sip_method_id(msg->method_text);
	why = request_line(msg, p, end);
	return why && !mentions_sip(line) ? SIP_GATE_NOT_SIP : why;
}

static enum sip_gate
check_list(const struct gate *g, enum sip_header id, unsigned *count,
    enum sip_gate broken)
{
	const struct sip_hdr *hdr = sip_msg_first(g->msg, id);
	struct span rest, value;

	for (; hdr; hdr = sip_msg_next(g->msg, hdr)) {
		rest = hdr->value;
		while (sip_value_next(&rest, &value)) {
			if (value.l == 0)
				return broken;
			if (++*count > g->lim->values)
				return SIP_GATE_TOO_MANY_VALUES;
		}
	}
	return SIP_GATE_OK;
}

static enum sip_gate
check_via(struct gate *g)
{
	struct sip_msg *msg = g->msg;
	const struct sip_hdr *hdr = sip_msg_first(msg, SIP_HDR_VIA);
	struct span rest, top;

	if (!hdr)
		return SIP_GATE_MISSING;
	rest = hdr->value;
	if (!sip_value_next(&rest, &top) || !sip_via_read(top, &msg->via))
		return SIP_GATE_VIA;
	return check_list(g, SIP_HDR_VIA, &msg->via_count, SIP_GATE_VIA);
}

static enum sip_gate
check_routes(struct gate *g)
{
	struct sip_msg *msg = g->msg;
	const struct sip_hdr *hdr = sip_msg_first(msg, SIP_HDR_ROUTE);
	struct sip_addr_value addr;
	struct span rest, value;
	enum sip_gate why;

	why = check_list(g, SIP_HDR_ROUTE, &msg->route_count, SIP_GATE_ROUTE);
	if (!why)
		why = check_list(g, SIP_HDR_RECORD_ROUTE,
		    &msg->record_route_count, SIP_GATE_ROUTE);
	if (!why)
		why = check_list(g, SIP_HDR_PATH, &msg->path_count,
		    SIP_GATE_ROUTE);
	for (; !why && hdr && msg->request; hdr = sip_msg_next(msg, hdr)) {
		rest = hdr->value;
		while (!why && sip_value_next(&rest, &value))
			if (!sip_addr_split(value, &addr))
				why = SIP_GATE_ROUTE;
	}
	return why;
}

static enum sip_gate
check_party(const struct sip_msg *msg, enum sip_header id,
    struct sip_addr_value *party, struct span *tag)
{
	const struct sip_hdr *hdr = sip_msg_first(msg, id);

	if (!hdr)
		return SIP_GATE_MISSING;
	if (!sip_addr_split(hdr->value, party) ||
	    !sip_tag_read(party->params, tag))
		return SIP_GATE_FROM_TO;
	return SIP_GATE_OK;
}

static enum sip_gate
check_call_id(struct sip_msg *msg)
{
	struct span v = sip_msg_value(msg, SIP_HDR_CALL_ID);

	if (!v.p)
		return SIP_GATE_MISSING;
	for (size_t i = 0; i < v.l; i++)
		if ((unsigned char)v.p[i] <= ' ' || v.p[i] == 127)
			return SIP_GATE_CALL_ID;
	if (v.l == 0)
		return SIP_GATE_CALL_ID;
	msg->call_id = v;
	return SIP_GATE_OK;
}

static enum sip_gate
check_cseq(struct sip_msg *msg)
{
	struct span v = sip_msg_value(msg, SIP_HDR_CSEQ);
	const char *p, *end, *method;

	if (!v.p)
		return SIP_GATE_MISSING;
	p = v.p;
	end = p + v.l;
	while (p < end && is_char(*p, CHAR_DIGIT))
		p++;
	method = skip_lws(p, end);
	/* Below 2**31 (RFC 3261 §8.1.1.5). */
	if (method == p || method == end ||
	    !sip_number_read(span_between(v.p, p), INT32_MAX, &msg->cseq))
		return SIP_GATE_CSEQ;
	msg->cseq_method = span_between(method, end);
	for (p = method; p < end; p++)
		if (!is_char(*p, CHAR_TOKEN))
			return SIP_GATE_CSEQ;
	if (!msg->request) {
		msg->method_text = msg->cseq_method;
		msg->method = sip_method_id(msg->cseq_method);
	} else if (msg->method_text.p &&
	    !span_eq(msg->method_text, msg->cseq_method)) {
		return SIP_GATE_CSEQ_METHOD;
	}
	return SIP_GATE_OK;
}

static enum sip_gate
check_numbers(struct sip_msg *msg)
{
	struct span v = sip_msg_value(msg, SIP_HDR_MAX_FORWARDS);
	uint32_t n;

	if (v.p) {
		if (!sip_number_read(v, 255, &n))
			return SIP_GATE_MAX_FORWARDS;
		msg->max_forwards = (int)n;
	}
	v = sip_msg_value(msg, SIP_HDR_CONTENT_LENGTH);
	if (v.p) {
		if (!sip_number_read(v, UINT32_MAX, &n))
			return SIP_GATE_CONTENT_LENGTH;
		msg->content_length = n;
	}
	return SIP_GATE_OK;
}

/* Without <>, ';' and '?' after the URI could be its own or the header's. */
static enum sip_gate
check_contact(const struct sip_msg *msg)
{
	const struct sip_hdr *hdr = sip_msg_first(msg, SIP_HDR_CONTACT);

	for (; hdr; hdr = sip_msg_next(msg, hdr))
		if (hdr->value.l && memchr(hdr->value.p, '?', hdr->value.l) &&
		    !memchr(hdr->value.p, '<', hdr->value.l))
			return SIP_GATE_CONTACT;
	return SIP_GATE_OK;
}

/* "Sat, 13 Nov 2010 23:29:00 GMT" and no other form. */
static enum sip_gate
check_date(const struct sip_msg *msg)
{
	static const char form[] = "aaa, 00 aaa 0000 00:00:00 GMT";
	struct span v = sip_msg_value(msg, SIP_HDR_DATE);

	/* Who sends a response of a sloppy clock still answers the call. */
	if (!v.p || !msg->request)
		return SIP_GATE_OK;
	if (v.l != sizeof(form) - 1)
		return SIP_GATE_DATE;
	for (size_t i = 0; i < v.l; i++) {
		bool fits = form[i] == 'a' ? is_char(v.p[i], CHAR_ALPHA)
		    : form[i] == '0'	   ? is_char(v.p[i], CHAR_DIGIT)
					   : v.p[i] == form[i];

		if (!fits)
			return SIP_GATE_DATE;
	}
	return SIP_GATE_OK;
}

void
gate_values(struct gate *g)
{
	struct sip_msg *msg = g->msg;
	/* All of them run: an answer wants what can be had. */
	const enum sip_gate found[] = {
		check_via(g),
		check_party(msg, SIP_HDR_FROM, &msg->from, &msg->from_tag),
		check_party(msg, SIP_HDR_TO, &msg->to, &msg->to_tag),
		check_call_id(msg),
		check_cseq(msg),
		check_numbers(msg),
		check_routes(g),
		check_contact(msg),
		check_date(msg),
	};

	for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++)
		if (g->why == SIP_GATE_OK)
			g->why = found[i];
	/* Even a broken Via names its sender to itself. */
	msg->answerable = msg->request && msg->method != SIP_METHOD_ACK &&
	    msg->first[SIP_HDR_VIA];
}
