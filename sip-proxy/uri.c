/*
 * uri.c - our own reading of URIs, and comparing what was read.
 *
 * The first of the two readers of uri.h; the second, libosip2, is asked in
 * uri_osip.c. Works in place and allocates nothing, so routing uses it alone.
 * Keeps RFC 3261 §19.1.1, §19.1.4 (host), RFC 3966 §3, RFC 5118 §4.
 */
#include "uri.h"

#include <errno.h>

#include "chars.h"
#include "peer.h"

static enum sip_scheme
scheme_of(struct span text)
{
	if (span_is(text, "sip"))
		return SIP_SCHEME_SIP;
	if (span_is(text, "sips"))
		return SIP_SCHEME_SIPS;
	if (span_is(text, "tel"))
		return SIP_SCHEME_TEL;
	return span_is(text, "urn") ? SIP_SCHEME_URN : SIP_SCHEME_OTHER;
}

/* Cuts s at the first c: what is before stays, the rest from c on is given. */
static struct span
cut_at(struct span *s, char c)
{
	const char *end = span_end(*s), *p = span_find(*s, c);

	if (!p)
		p = end;
	s->l = (size_t)(p - s->p);
	return span_between(p, end);
}

static int
split_host(struct sip_uri *uri, struct span s)
{
	struct span port;
	uint32_t n;

	if (s.l && s.p[0] == '[') {
		uri->host = s;
		port = cut_at(&uri->host, ']');
		if (port.l == 0 || uri->host.l < 2)
			return EINVAL;
		uri->host.l++;
		port.p++;
		port.l--;
		for (size_t i = 1; i + 1 < uri->host.l; i++)
			if (!is_char(uri->host.p[i], CHAR_HOST) &&
			    uri->host.p[i] != ':')
				return EINVAL;
	} else {
		uri->host = s;
		port = cut_at(&uri->host, ':');
		for (size_t i = 0; i < uri->host.l; i++)
			if (!is_char(uri->host.p[i], CHAR_HOST))
				return EINVAL;
	}
	if (uri->host.l == 0)
		return EINVAL;
	if (port.l == 0)
		return 0;
	if (port.p[0] != ':' ||
	    !sip_number_read((struct span){ port.p + 1, port.l - 1 }, 65535,
		&n) ||
	    n == 0)
		return EINVAL;
	uri->port = (uint16_t)n;
	return 0;
}

static int
split_sip(struct sip_uri *uri, struct span s)
{
	struct span host = s, user = s, rest = cut_at(&user, '@');

	if (rest.l) {
		host = (struct span){ rest.p + 1, rest.l - 1 };
		/* A second '@' is legal nowhere, and read both ways. */
		if (user.l == 0 || span_find(host, '@'))
			return EINVAL;
		uri->user = user;
		rest = cut_at(&uri->user, ':');
		if (rest.l)
			uri->password = (struct span){ rest.p + 1, rest.l - 1 };
		if (uri->user.l == 0)
			return EINVAL;
	}
	rest = cut_at(&host, '?');
	if (rest.l)
		uri->headers = (struct span){ rest.p + 1, rest.l - 1 };
	uri->params = cut_at(&host, ';');
	return split_host(uri, host);
}

/* The end of a plain part, or NULL: it is empty, or longer than most. */
static const char *
plain_part(const char *p, const char *end)
{
	const char *from = p;

	while (p < end && is_char(*p, CHAR_PLAIN))
		p++;
	return p == from || p - from > SIP_PLAIN_MAX ? NULL : p;
}

/* ":5060", or nothing. */
static const char *
plain_port(struct sip_uri *uri, const char *p, const char *end)
{
	const char *from = p + 1;
	unsigned port = 0;

	if (p == end || *p != ':')
		return p;
	for (p = from; p < end && is_char(*p, CHAR_DIGIT); p++) {
		port = port * 10 + (unsigned)(*p - '0');
		if (port > UINT16_MAX)
			return NULL;
	}
	uri->port = (uint16_t)port;
	return port == 0 ? NULL : p;
}

/* The user's end, or NULL. */
static const char *
plain_user(struct sip_uri *uri, struct span text)
{
	const char *p, *end = span_end(text);
	bool sips;

	if (text.l < 7 || (text.p[0] | 0x20) != 's' ||
	    (text.p[1] | 0x20) != 'i' || (text.p[2] | 0x20) != 'p')
		return NULL;
	sips = (text.p[3] | 0x20) == 's';
	p = text.p + 3 + sips;
	if (*p != ':')
		return NULL;
	uri->scheme = sips ? SIP_SCHEME_SIPS : SIP_SCHEME_SIP;
	uri->scheme_text = span_between(text.p, p);
	uri->user.p = p + 1;
	p = plain_part(p + 1, end);
	if (p == NULL || p == end || *p != '@')
		return NULL;
	uri->user.l = (size_t)(p - uri->user.p);
	return p;
}

/* Its end, or NULL; "+" is plain, but of no host. */
static const char *
plain_host(struct sip_uri *uri, const char *p, const char *end)
{
	const char *from = p;

	while (p < end && is_char(*p, CHAR_HOST))
		p++;
	uri->host = span_between(from, p);
	return p == from || p - from > SIP_PLAIN_MAX ? NULL : p;
}

bool
sip_uri_split_plain(struct sip_uri *uri, struct span text)
{
	const char *p, *end = span_end(text);

	*uri = (struct sip_uri){ .all = text };
	p = plain_user(uri, text);
	if (p != NULL)
		p = plain_host(uri, p + 1, end);
	if (p != NULL)
		p = plain_port(uri, p, end);
	if (p == NULL)
		return false;
	uri->params = span_between(p, end);
	if (p == end)
		return true;
	p = *p == ';' ? plain_part(p + 1, end) : NULL;
	if (p != NULL && p < end)
		p = *p == '=' ? plain_part(p + 1, end) : NULL;
	return p == end;
}

int
sip_uri_split(struct sip_uri *uri, struct span text)
{
	if (sip_uri_split_plain(uri, text))
		return 0;
	if (sip_uri_bytes_ok(text))
		return sip_uri_split_checked(uri, text);
	*uri = (struct sip_uri){ .all = text };
	return EINVAL;
}

int
sip_uri_split_checked(struct sip_uri *uri, struct span text)
{
	struct span rest;

	*uri = (struct sip_uri){ .all = text };
	uri->scheme_text = text;
	rest = cut_at(&uri->scheme_text, ':');
	rest.p++;
	rest.l--;
	uri->scheme = scheme_of(uri->scheme_text);
	switch (uri->scheme) {
	case SIP_SCHEME_SIP:
	case SIP_SCHEME_SIPS: return split_sip(uri, rest);
	case SIP_SCHEME_TEL:
		uri->user = rest;
		uri->params = cut_at(&uri->user, ';');
		return uri->user.l ? 0 : EINVAL;
	default: uri->opaque = rest; return 0;
	}
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int
sip_uri_user(const struct sip_uri *uri, char *buf, size_t size, size_t *len)
{
	struct span u = uri->user;
	size_t n = 0;

	while (n < u.l && is_char(u.p[n], CHAR_PLAIN))
		n++;
	if (n > size)
		return EMSGSIZE;
	if (n > 0)
		memcpy(buf, u.p, n);
	for (size_t i = n; i < u.l; i++) {
		int c = (unsigned char)u.p[i];

		if (c == '%') {
			int high = i + 2 < u.l ? hex(u.p[i + 1]) : -1;
			int low = high >= 0 ? hex(u.p[i + 2]) : -1;

			if (low < 0)
				return EINVAL;
			c = high * 16 + low;
			i += 2;
		}
		/* NUL ends strings, the others lines of logs and headers. */
		if (c < ' ' || c == 127)
			return EINVAL;
		if (n == size)
			return EMSGSIZE;
		buf[n++] = (char)c;
	}
	*len = n;
	return 0;
}

int
sip_display_text(struct span display, char *buf, size_t size, size_t *len)
{
	struct span d = display;
	bool quoted = d.l >= 2 && d.p[0] == '"';
	size_t n = 0;

	if (quoted) {
		d.p++;
		d.l -= 2;
	}
	for (size_t i = 0; i < d.l; i++) {
		if (quoted && d.p[i] == '\\' && i + 1 < d.l)
			i++;
		/* Folding is white space to who reads it. */
		if (d.p[i] == '\r' || d.p[i] == '\n')
			continue;
		if (n == size)
			return EMSGSIZE;
		buf[n++] = d.p[i];
	}
	*len = n;
	return 0;
}

static struct span
without_dot(struct span host)
{
	if (host.l > 1 && host.p[host.l - 1] == '.')
		host.l--;
	return host;
}

bool
sip_host_eq(struct span a, struct span b)
{
	union sip_addr x, y;
	bool x_is, y_is;

	if (a.l && span_caseeq(a, b))
		return true;
	x_is = sip_addr_parse(&x, a, 0) == 0;
	y_is = sip_addr_parse(&y, b, 0) == 0;
	if (x_is != y_is)
		return false;
	if (x_is)
		return sip_addr_same_host(&x, &y);
	return a.l && span_caseeq(without_dot(a), without_dot(b));
}

bool
sip_uri_param(const struct sip_uri *uri, const char *name, struct span *value)
{
	return sip_param_get(uri->params, name, value);
}

bool
sip_uri_is_lr(const struct sip_uri *uri)
{
	struct span value;

	return sip_uri_param(uri, "lr", &value);
}
