/*
 * gate.c - the gate: framing one datagram and refusing what is ambiguous.
 *
 * Called for every datagram, and by our own builders to read back what we
 * sent. Owns nothing; everything found is a span of the caller's bytes. It
 * reads on after a refusal, so that the refusal can be answered. What it keeps
 * stands in gate.h; the checks of single values are in gate_check.c.
 */
#include "gate_check.h"

#include "chars.h"
#include "sixteen.h"

static const struct sip_limits widest = {
	.message = 1u << 20,
	.head = 1u << 20,
	.line = 1u << 20,
	.headers = SIP_HEADERS_MAX - 1,
	.values = 1024,
};

/* The first reason stays: it is nearest to what went wrong. */
static void
refuse(struct gate *g, enum sip_gate why)
{
	if (g->why == SIP_GATE_OK)
		g->why = why;
}

static void
clear(struct sip_msg *msg)
{
	/* Not the header table: 14 kB that count already guards. */
	memset(msg, 0, offsetof(struct sip_msg, headers));
	msg->max_forwards = -1;
	msg->content_length = -1;
}

/* NUL is legal as a quoted pair inside a quoted string, nowhere else. */
static bool
nul_legal(struct span line)
{
	bool quoted = false;

	for (size_t i = 0; i < line.l; i++) {
		if (quoted && line.p[i] == '\\')
			i++;
		else if (line.p[i] == '"')
			quoted = !quoted;
		else if (line.p[i] == '\0')
			return false;
	}
	return true;
}

/*
 * The end of the line that begins at p, its folding included, or NULL when
 * the bytes end first. *bad: it holds a bare CR or LF.
 */
static const char *
line_end(const char *p, const char *end, bool *bad)
{
	const char *q = p;

	while ((q = sixteen_cr_lf(q, end))) {
		if (*q++ == '\n') {
			*bad = true;
			continue;
		}
		if (q == end)
			return NULL;
		if (*q != '\n') {
			*bad = true;
			continue;
		}
		q++;
		if (q == end || (*q != ' ' && *q != '\t'))
			return q;
	}
	return NULL;
}

static bool
line_clean(struct gate *g, struct span line, bool bad)
{
	if (bad)
		refuse(g, SIP_GATE_BARE_CR_LF);
	if (g->has_nul && memchr(line.p, 0, line.l) && !nul_legal(line)) {
		refuse(g, SIP_GATE_NUL);
		bad = true;
	}
	if (line.l > g->lim->line) {
		refuse(g, SIP_GATE_LINE_TOO_LONG);
		bad = true;
	}
	return !bad;
}

static bool
single(enum sip_header id)
{
	return (id >= SIP_HDR_FROM && id <= SIP_HDR_CONTENT_TYPE);
}

static void
link_header(struct sip_msg *msg, uint8_t i, enum sip_header id)
{
	if (msg->last[id])
		msg->headers[msg->last[id]].next = i;
	else
		msg->first[id] = i;
	msg->last[id] = i;
}

/* The colon, behind a name that is known, or perhaps behind another. */
static const char *
name_end(struct span line, struct span *name, enum sip_header *id)
{
	const char *p, *end = line.p + line.l - 2;

	p = line.l > 16 ? sixteen_find(line.p, ':') : NULL;
	*name = span_between(line.p, p != NULL ? p : line.p);
	*id = sip_header_id(*name);
	if (*id != SIP_HDR_OTHER)
		return p;
	for (p = line.p; p < end && is_char(*p, CHAR_TOKEN); p++)
		;
	*name = span_between(line.p, p);
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	*id = sip_header_id(*name);
	return name->l == 0 || p == end || *p != ':' ? NULL : p;
}

static void
take_header(struct gate *g, struct span line)
{
	struct sip_msg *msg = g->msg;
	struct sip_hdr *hdr = &msg->headers[msg->count + 1];
	enum sip_header id;
	const char *p = name_end(line, &hdr->name, &id);

	if (p == NULL) {
		refuse(g, SIP_GATE_HEADER_NAME);
		return;
	}
	if (single(id) && msg->first[id]) {
		refuse(g, SIP_GATE_DOUBLED);
		return;
	}
	hdr->value = sip_span_trim(span_between(p + 1, span_end(line) - 2));
	hdr->line = line;
	hdr->id = (uint8_t)id;
	hdr->next = 0;
	link_header(msg, (uint8_t)++msg->count, id);
}

/* From the first header on. Returns the body's beginning, or NULL. */
static const char *
read_headers(struct gate *g, const char *p, const char *end)
{
	struct sip_msg *msg = g->msg;
	unsigned max = g->lim->headers < SIP_HEADERS_MAX - 1
	    ? g->lim->headers
	    : SIP_HEADERS_MAX - 1;

	while (end - p >= 2) {
		bool bad = false;
		const char *next;

		if (p[0] == '\r' && p[1] == '\n') {
			msg->head_end = (struct span){ p, 2 };
			return p + 2;
		}
		next = line_end(p, end, &bad);
		if (!next)
			break;
		if (msg->count == max) {
			/* Reading on would be work for nothing. */
			refuse(g, SIP_GATE_TOO_MANY_HEADERS);
			return NULL;
		}
		if (line_clean(g, span_between(p, next), bad))
			take_header(g, span_between(p, next));
		p = next;
	}
	if (g->cut)
		refuse(g, SIP_GATE_HEAD_TOO_LONG);
	else if (p < end && memchr(p, '\n', (size_t)(end - p)))
		refuse(g, SIP_GATE_BARE_CR_LF);
	else
		refuse(g, SIP_GATE_NO_HEAD_END);
	return NULL;
}

static const char *
read_start(struct gate *g, const char *p, const char *end)
{
	struct sip_msg *msg = g->msg;
	bool bad = false;
	const char *next = line_end(p, end, &bad);

	if (!next) {
		/* Nothing to answer, and hardly meant as SIP. */
		g->why = SIP_GATE_NOT_SIP;
		return NULL;
	}
	msg->start_line = span_between(p, next);
	if (!line_clean(g, msg->start_line, bad)) {
		msg->request = msg->start_line.l < 4 ||
		    memcmp(p, "SIP/", 4) != 0;
		return next;
	}
	refuse(g, gate_start_line(msg, span_between(p, next - 2)));
	return g->why == SIP_GATE_NOT_SIP ? NULL : next;
}

static void
read_body(struct gate *g, const char *p, const char *end)
{
	struct sip_msg *msg = g->msg;
	size_t left = (size_t)(end - p);

	if (msg->content_length >= 0) {
		if ((uint64_t)msg->content_length > left)
			refuse(g, SIP_GATE_CONTENT_LENGTH);
		else
			left = (size_t)msg->content_length;
	}
	msg->body = (struct span){ p, left };
	msg->all = span_between(msg->start_line.p, p + left);
}

/* Before and between messages: CRLF pings, and the stray zero bytes that some
 * phones send to hold a NAT binding open. */
static const char *
skip_keepalive(const char *p, const char *end)
{
	while (p < end && (*p == '\r' || *p == '\n'))
		p++;
	if (p < end && *p == '\0') {
		const char *q = p;

		while (q < end && (*q == '\0' || is_char(*q, CHAR_LWS)))
			q++;
		if (q == end)
			return end;
	}
	return p;
}

enum sip_gate
sip_gate_read(struct sip_msg *msg, const char *bytes, size_t len,
    const struct sip_limits *lim)
{
	struct gate g = { .msg = msg, .lim = lim ? lim : &widest };
	const char *end = bytes + len, *p, *head_end;

	clear(msg);
	p = len ? skip_keepalive(bytes, end) : end;
	if (p == end)
		return SIP_GATE_KEEPALIVE;
	if (!is_char(*p, CHAR_TOKEN))
		return SIP_GATE_NOT_SIP;
	head_end = end;
	if ((size_t)(end - p) > g.lim->head) {
		head_end = p + g.lim->head;
		g.cut = true;
	}
	g.has_nul = memchr(p, 0, (size_t)(head_end - p)) != NULL;
	if (len > g.lim->message)
		refuse(&g, SIP_GATE_TOO_LONG);
	p = read_start(&g, p, head_end);
	if (!p)
		return g.why;
	p = read_headers(&g, p, head_end);
	gate_values(&g);
	if (p)
		read_body(&g, p, end);
	return g.why;
}
