/*
 * peer.c - addresses as values and as text, and where responses go.
 *
 * Called by everything that sends. Literals only: names are the resolver's.
 * Keeps RFC 3261 §18.2.2, RFC 3581 §4 and RFC 5118 (brackets in received).
 */
#include "peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

socklen_t
sip_addr_len(const union sip_addr *a)
{
	if (a->sa.sa_family == AF_INET6)
		return (socklen_t)sizeof(a->in6);
	return a->sa.sa_family == AF_INET ? (socklen_t)sizeof(a->in) : 0;
}

int
sip_addr_set(union sip_addr *a, const struct sockaddr *sa)
{
	memset(a, 0, sizeof(*a));
	if (sa->sa_family == AF_INET)
		memcpy(&a->in, sa, sizeof(a->in));
	else if (sa->sa_family == AF_INET6)
		memcpy(&a->in6, sa, sizeof(a->in6));
	else
		return EINVAL;
	return 0;
}

/* As inet_pton(3) reads it: four numbers without leading zeros. */
static bool
read_four(struct span host, uint8_t bytes[4])
{
	size_t i = 0;

	for (int n = 0; n < 4; n++) {
		unsigned value = 0;
		size_t from = i;

		while (i < host.l && i - from < 4 && host.p[i] >= '0' &&
		    host.p[i] <= '9')
			value = value * 10 + (unsigned)(host.p[i++] - '0');
		if (i == from || value > 255 ||
		    (host.p[from] == '0' && i - from > 1))
			return false;
		bytes[n] = (uint8_t)value;
		if (n < 3 && (i == host.l || host.p[i++] != '.'))
			return false;
	}
	return i == host.l;
}

/* Asked of every host that a call names, nearly all of them names or plain
 * IPv4: these are read here, at a tenth of the library's cost. */
int
sip_addr_parse(union sip_addr *a, struct span host, uint16_t port)
{
	char text[SIP_ADDR_TEXT];
	uint8_t four[4];
	bool brackets = host.l > 2 && host.p[0] == '[' &&
	    host.p[host.l - 1] == ']';

	memset(a, 0, sizeof(*a));
	if (brackets) {
		host.p++;
		host.l -= 2;
	}
	if (host.l == 0 || host.l >= sizeof(text))
		return EINVAL;
	if (!brackets && read_four(host, four)) {
		memcpy(&a->in.sin_addr, four, sizeof(four));
		a->in.sin_family = AF_INET;
		a->in.sin_port = htons(port);
		return 0;
	}
	if (!span_find(host, ':') || span_find(host, '\0'))
		return EINVAL;
	*span_copy(text, host) = '\0';
	if (inet_pton(AF_INET6, text, &a->in6.sin6_addr) == 1) {
		a->in6.sin6_family = AF_INET6;
		a->in6.sin6_port = htons(port);
		return 0;
	}
	return EINVAL;
}

uint16_t
sip_addr_port(const union sip_addr *a)
{
	return ntohs(
	    a->sa.sa_family == AF_INET6 ? a->in6.sin6_port : a->in.sin_port);
}

void
sip_addr_set_port(union sip_addr *a, uint16_t port)
{
	if (a->sa.sa_family == AF_INET6)
		a->in6.sin6_port = htons(port);
	else
		a->in.sin_port = htons(port);
}

bool
sip_addr_same_host(const union sip_addr *a, const union sip_addr *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
	return a->sa.sa_family == AF_INET6 &&
	    memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, 16) == 0 &&
	    a->in6.sin6_scope_id == b->in6.sin6_scope_id;
}

bool
sip_addr_same(const union sip_addr *a, const union sip_addr *b)
{
	return sip_addr_same_host(a, b) && sip_addr_port(a) == sip_addr_port(b);
}

struct span
sip_addr_bytes(const union sip_addr *a)
{
	if (a->sa.sa_family == AF_INET6)
		return (struct span){ (const char *)&a->in6.sin6_addr,
			sizeof(a->in6.sin6_addr) };
	return (struct span){ (const char *)&a->in.sin_addr,
		sizeof(a->in.sin_addr) };
}

/* inet_ntop would print by sprintf, at a tenth of a refusal's cost. */
char *
sip_put_decimal(char *out, unsigned value)
{
	char digits[12], *p = digits + sizeof(digits);

	do
		*--p = (char)('0' + value % 10);
	while ((value /= 10) > 0);
	return mempcpy(out, p, (size_t)(digits + sizeof(digits) - p));
}

static const char *
four_text(const union sip_addr *a, char *out)
{
	const uint8_t *bytes = (const uint8_t *)&a->in.sin_addr;
	char *p = out;

	for (int i = 0; i < 4; i++) {
		p = sip_put_decimal(p, bytes[i]);
		*p++ = '.';
	}
	p[-1] = '\0';
	return out;
}

const char *
sip_addr_host(const union sip_addr *a, char text[SIP_ADDR_TEXT])
{
	if (a->sa.sa_family == AF_INET)
		return four_text(a, text);
	if (sip_addr_len(a) == 0 ||
	    !inet_ntop(AF_INET6, &a->in6.sin6_addr, text, SIP_ADDR_TEXT))
		text[0] = '\0';
	return text;
}

const char *
sip_addr_text(const union sip_addr *a, char text[SIP_ADDR_TEXT])
{
	bool six = a->sa.sa_family == AF_INET6;
	size_t l;

	if (*sip_addr_host(a, text + six) == '\0') {
		text[0] = '\0';
		return text;
	}
	l = strlen(text + six) + six;
	if (six) {
		text[0] = '[';
		text[l++] = ']';
		text[l] = '\0';
	}
	if (sip_addr_port(a)) {
		text[l++] = ':';
		*sip_put_decimal(text + l, sip_addr_port(a)) = '\0';
	}
	return text;
}

bool
sip_transport_reliable(enum sip_transport t)
{
	return t != SIP_OVER_UDP;
}

const char *
sip_transport_name(enum sip_transport t)
{
	static const char *const names[] = { "UDP", "TCP", "TLS" };

	return names[t];
}

enum sip_transport
sip_uri_transport(const struct sip_uri *uri)
{
	struct span transport;

	if (uri->scheme == SIP_SCHEME_SIPS)
		return SIP_OVER_TLS;
	if (!sip_uri_param(uri, "transport", &transport))
		return SIP_OVER_UDP;
	if (span_is(transport, "tls"))
		return SIP_OVER_TLS;
	return span_is(transport, "tcp") ? SIP_OVER_TCP : SIP_OVER_UDP;
}

uint16_t
sip_uri_port(const struct sip_uri *uri)
{
	if (uri->port != 0)
		return uri->port;
	return sip_uri_transport(uri) == SIP_OVER_TLS ? 5061 : 5060;
}

static uint16_t
default_port(const struct sip_via *via)
{
	if (via->port)
		return via->port;
	return span_is(via->transport, "TLS") ? 5061 : 5060;
}

/* A Via that cannot be read, or that tells of another transport, has no port
 * for this one but what it names itself. */
static bool
has_port(const struct sip_via *via, const struct sip_peer *src)
{
	return via->port != 0 ||
	    (via->whole &&
		span_is(via->transport, sip_transport_name(src->transport)));
}

void
sip_peer_reply(struct sip_peer *dst, const struct sip_via *via,
    const struct sip_peer *src)
{
	*dst = *src;
	/* A stream answers where it was asked. */
	if (sip_transport_reliable(src->transport) || via->rport.p ||
	    !has_port(via, src))
		return;
	sip_addr_set_port(&dst->addr, default_port(via));
}

bool
sip_peer_return(struct sip_peer *dst, const struct sip_via *via)
{
	if (!has_port(via, dst))
		return false;
	dst->connection = 0;
	sip_addr_set_port(&dst->addr, default_port(via));
	return true;
}

int
sip_peer_from_via(struct sip_peer *dst, const struct sip_via *via)
{
	struct span host = via->received.p ? via->received : via->host;
	uint16_t port = default_port(via);
	uint32_t rport;

	*dst = (struct sip_peer){ 0 };
	if (span_is(via->transport, "TCP"))
		dst->transport = SIP_OVER_TCP;
	else if (span_is(via->transport, "TLS"))
		dst->transport = SIP_OVER_TLS;
	if (via->rport.l && sip_number_read(via->rport, 65535, &rport) && rport)
		port = (uint16_t)rport;
	return sip_addr_parse(&dst->addr, host, port) ? ENOENT : 0;
}
