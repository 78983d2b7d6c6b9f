/*
 * gate_value.c - inside the value of a header: lists, Via, name-addr, params.
 *
 * Readers in place, without allocation, each linear in its bytes. Called by
 * the gate and by everyone who looks into a header that the gate left whole.
 * Keeps RFC 3261 §7.3, §20.42, §25.1, RFC 3581 §3 and RFC 5118 (received with
 * and without brackets).
 */
#include "chars.h"
#include "eight.h"
#include "gate.h"

#define T CHAR_TOKEN
#define N CHAR_NOT_URI

const uint8_t sip_chars[256] = {
	[0 ... 8] = N,
	['\t'] = N | CHAR_LWS,
	['\n'] = N | CHAR_LWS,
	[11 ... 12] = N,
	['\r'] = N | CHAR_LWS,
	[14 ... 31] = N,
	[' '] = N | CHAR_LWS,
	['"'] = N,
	['<'] = N,
	['>'] = N,
	[127] = N,
	['0' ... '9'] = T | CHAR_DIGIT | CHAR_HOST | CHAR_PLAIN,
	['A' ... 'Z'] = T | CHAR_ALPHA | CHAR_HOST | CHAR_PLAIN,
	['a' ... 'z'] = T | CHAR_ALPHA | CHAR_HOST | CHAR_PLAIN,
	['-'] = T | CHAR_HOST | CHAR_PLAIN,
	['.'] = T | CHAR_HOST | CHAR_PLAIN,
	['_'] = T | CHAR_HOST | CHAR_PLAIN,
	['!'] = T,
	['%'] = T,
	['*'] = T,
	['+'] = T | CHAR_PLAIN,
	['`'] = T,
	['\''] = T,
	['~'] = T,
};

#undef T
#undef N

struct span
sip_span_trim(struct span s)
{
	while (s.l && is_char(s.p[0], CHAR_LWS)) {
		s.p++;
		s.l--;
	}
	while (s.l && is_char(s.p[s.l - 1], CHAR_LWS))
		s.l--;
	return s;
}

bool
sip_number_read(struct span s, uint32_t max, uint32_t *out)
{
	uint64_t n = 0;

	if (s.l == 0)
		return false;
	for (size_t i = 0; i < s.l; i++) {
		if (!is_char(s.p[i], CHAR_DIGIT))
			return false;
		n = n * 10 + (uint64_t)(s.p[i] - '0');
		if (n > max)
			return false;
	}
	*out = (uint32_t)n;
	return true;
}

/* Past the closing quote of the string that begins at p, or NULL. */
static const char *
quoted_end(const char *p, const char *end)
{
	for (p++; p < end; p++) {
		if (*p == '\\')
			p++;
		else if (*p == '"')
			return p + 1;
	}
	return NULL;
}

bool
sip_value_next(struct span *rest, struct span *value)
{
	const char *p = rest->p, *end;

	if (!p)
		return false;
	end = p + rest->l;
	if (memchr(p, ',', rest->l)) {
		bool angle = false;

		while (p < end && (*p != ',' || angle)) {
			const char *q = NULL;

			if (*p == '"' && !angle)
				q = quoted_end(p, end);
			else if (*p == '<')
				angle = true;
			else if (*p == '>')
				angle = false;
			p = q ? q : p + 1;
		}
	} else {
		p = end;
	}
	*value = sip_span_trim(span_between(rest->p, p));
	*rest = p < end ? span_between(p + 1, end) : (struct span){ 0 };
	return true;
}

/* One `;name[=value]` off the front: 1, 0 at the end, -1 when malformed. */
static int
param_next(struct span *rest, struct span *name, struct span *value,
    struct span *whole)
{
	const char *p = rest->p, *end = span_end(*rest), *start;

	p = skip_lws(p, end);
	if (p == end)
		return 0;
	if (*p != ';')
		return -1;
	whole->p = p;
	p = start = skip_lws(p + 1, end);
	while (p < end && is_char(*p, CHAR_TOKEN))
		p++;
	while (p < end && !is_char(*p, CHAR_LWS) && *p != ';' && *p != '=' &&
	    *p != ',' && *p != '"' && *p != '<' && *p != '>')
		p++;
	if (p == start)
		return -1;
	*name = span_between(start, p);
	*value = (struct span){ p, 0 };
	whole->l = (size_t)(p - whole->p);
	p = skip_lws(p, end);
	if (p < end && *p == '=') {
		p = start = skip_lws(p + 1, end);
		while (p < end && is_char(*p, CHAR_TOKEN))
			p++;
		if (p == start && p < end && *p == '"')
			p = quoted_end(p, end);
		else
			while (p < end && !is_char(*p, CHAR_NOT_URI) &&
			    *p != ';' && *p != ',')
				p++;
		if (!p || p == start)
			return -1;
		*value = span_between(start, p);
		whole->l = (size_t)(p - whole->p);
		p = skip_lws(p, end);
	}
	if (p < end && *p != ';')
		return -1;
	*rest = span_between(p, end);
	return 1;
}

bool
sip_param_get(struct span params, const char *name, struct span *value)
{
	struct span n, v, whole;

	if (!params.p)
		return false;
	while (param_next(&params, &n, &v, &whole) == 1) {
		if (span_is(n, name)) {
			*value = v;
			return true;
		}
	}
	return false;
}

bool
sip_tag_read(struct span params, struct span *tag)
{
	struct span n, v, whole;
	int more;

	*tag = (struct span){ 0 };
	while ((more = param_next(&params, &n, &v, &whole)) == 1) {
		if (!span_is(n, "tag"))
			continue;
		if (tag->p || v.l == 0 || v.p[0] == '"')
			return false;
		*tag = v;
	}
	return more == 0;
}

static bool
via_param(struct sip_via *via, struct span name, struct span value,
    struct span whole)
{
	struct span *slot = NULL;

	switch (name.l) {
	case 6:
		if (span_is(name, "branch"))
			slot = &via->branch;
		break;
	case 8:
		if (span_is(name, "received")) {
			slot = &via->received;
			via->received_param = whole;
		}
		break;
	case 5:
		if (span_is(name, "rport")) {
			if (via->rport.p)
				return false;
			via->rport = value;
			via->rport_param = whole;
		} else if (span_is(name, "maddr")) {
			slot = &via->maddr;
		}
		break;
	default: break;
	}
	if (!slot)
		return true;
	if (slot->p || value.l == 0)
		return false;
	*slot = value;
	return true;
}

/* LWS, then the given byte, then LWS. */
static const char *
expect(const char *p, const char *end, char c)
{
	p = skip_lws(p, end);
	if (p == end || *p != c)
		return NULL;
	return skip_lws(p + 1, end);
}

static const char *
word(const char *p, const char *end, struct span *out)
{
	const char *start = p;

	while (p < end && is_char(*p, CHAR_TOKEN))
		p++;
	*out = span_between(start, p);
	return p == start ? NULL : p;
}

static const char *
via_protocol(const char *p, const char *end, struct sip_via *via)
{
	struct span protocol, version;

	if (!(p = word(p, end, &protocol)) || !(p = expect(p, end, '/')) ||
	    !(p = word(p, end, &version)) || !(p = expect(p, end, '/')) ||
	    !(p = word(p, end, &via->transport)))
		return NULL;
	if (!span_is(protocol, "SIP") || !span_is(version, "2.0"))
		return NULL;
	return p < end && is_char(*p, CHAR_LWS) ? skip_lws(p, end) : NULL;
}

static const char *
via_host(const char *p, const char *end, struct sip_via *via)
{
	const char *start = p;

	if (p < end && *p == '[') {
		for (p++; p < end && *p != ']'; p++)
			if (!is_char(*p, CHAR_HOST) && *p != ':')
				return NULL;
		if (p == end || p == start + 1)
			return NULL;
		p++;
	} else {
		while (p < end && is_char(*p, CHAR_HOST))
			p++;
		if (p == start)
			return NULL;
	}
	via->host = span_between(start, p);
	return p;
}

static const char *
via_port(const char *p, const char *end, struct sip_via *via)
{
	const char *start, *q = expect(p, end, ':');
	uint32_t n;

	if (!q)
		return p;
	for (start = q; q < end && is_char(*q, CHAR_DIGIT); q++)
		;
	via->port_text = span_between(start, q);
	if (!sip_number_read(via->port_text, 65535, &n) || n == 0)
		return NULL;
	via->port = (uint16_t)n;
	return q;
}

bool
sip_via_read(struct span value, struct sip_via *via)
{
	const char *p = value.p, *end = span_end(value);
	struct span rest, n, v, whole;
	int more;

	*via = (struct sip_via){ .value = value };
	if (!(p = via_protocol(p, end, via)) || !(p = via_host(p, end, via)) ||
	    !(p = via_port(p, end, via)))
		return false;
	rest = span_between(p, end);
	while ((more = param_next(&rest, &n, &v, &whole)) == 1)
		if (!via_param(via, n, v, whole))
			return false;
	via->whole = more == 0;
	return via->whole;
}

/* No controls, space, <, > or ": CHAR_NOT_URI. */
static bool
eight_in_uri(const char *bytes)
{
	uint64_t eight = eight_at(bytes);

	return (eight_below(eight, 0x21) | eight_is(eight, 0x7f) |
		   eight_is(eight, '"') |
		   eight_is(eight | EIGHT_OF(2), '<' | 2)) == 0;
}

bool
sip_uri_bytes_ok(struct span uri)
{
	size_t i = 0;

	if (uri.l < 2 || !is_char(uri.p[0], CHAR_ALPHA))
		return false;
	while (i < uri.l &&
	    (is_char(uri.p[i], CHAR_ALPHA | CHAR_DIGIT) || uri.p[i] == '+' ||
		uri.p[i] == '-' || uri.p[i] == '.'))
		i++;
	if (i + 1 >= uri.l || uri.p[i] != ':')
		return false;
	for (; uri.l - i >= 8; i += 8)
		if (!eight_in_uri(uri.p + i))
			return false;
	/* The last eight may lie over what was looked at. */
	if (uri.l >= 8)
		return eight_in_uri(uri.p + uri.l - 8);
	for (; i < uri.l; i++)
		if (is_char(uri.p[i], CHAR_NOT_URI))
			return false;
	return true;
}

/* Up to what an unquoted display name or an addr-spec ends with. */
static const char *
plain_end(const char *p, const char *end)
{
	while (p < end && *p != '<' && *p != '"' && *p != ',' && *p != ';')
		p++;
	return p;
}

bool
sip_addr_split(struct span value, struct sip_addr_value *out)
{
	const char *p, *q, *end;

	value = sip_span_trim(value);
	p = value.p;
	end = span_end(value);
	*out = (struct sip_addr_value){ 0 };
	if (p < end && *p == '"') {
		q = quoted_end(p, end);
		if (!q)
			return false;
		out->display = span_between(p, q);
		p = skip_lws(q, end);
		if (p == end || *p != '<')
			return false;
	} else {
		q = plain_end(p, end);
		if (q < end && (*q == '"' || *q == ','))
			return false;
		if (q < end && *q == '<' && q > p)
			out->display = sip_span_trim(span_between(p, q));
		if (q == end || *q == ';') {
			out->uri = sip_span_trim(span_between(p, q));
			out->params = span_between(q, end);
			return sip_uri_bytes_ok(out->uri);
		}
		p = q;
	}
	q = span_find(span_between(p, end), '>');
	if (!q)
		return false;
	out->bracketed = true;
	out->uri = span_between(p + 1, q);
	out->params = sip_span_trim(span_between(q + 1, end));
	return sip_uri_bytes_ok(out->uri) &&
	    (out->params.l == 0 || out->params.p[0] == ';');
}
