/*
 * stun.c - a phone's keepalive on UDP: a STUN Binding request and its answer.
 *
 * RFC 5626 §4.4.2 with RFC 8489 §5, §14.1 and §14.2: the answer tells where the
 * request came from. A request with attributes that must be understood, or in
 * the old form without the magic cookie, gets none. Called by request.c for
 * datagrams that are no SIP; the answer is at most 24 bytes longer.
 */
#include "proxy.h"

enum {
	HEAD = 20,
	COOKIE_AT = 4,
	ID_AT = 8,
	ID = 12,
	BINDING = 0x0001,
	BINDING_SUCCESS = 0x0101,
	XOR_MAPPED_ADDRESS = 0x0020,
	OPTIONAL_FROM = 0x8000
};

static const uint8_t cookie[4] = { 0x21, 0x12, 0xa4, 0x42 };

static unsigned
read16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static void
write16(uint8_t *p, unsigned value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

/* Attributes whose number is below OPTIONAL_FROM must be understood. */
static bool
is_binding(const uint8_t *p, size_t length)
{
	size_t at = HEAD;

	if (length < HEAD || read16(p) != BINDING ||
	    memcmp(p + COOKIE_AT, cookie, sizeof(cookie)) != 0 ||
	    read16(p + 2) != length - HEAD || length % 4 != 0)
		return false;
	while (at + 4 <= length) {
		if (read16(p + at) < OPTIONAL_FROM)
			return false;
		at += 4 + (read16(p + at + 2) + 3u) / 4 * 4;
	}
	return at == length;
}

static size_t
put_address(uint8_t *out, const uint8_t *request, const union sip_addr *from)
{
	bool six = from->sa.sa_family == AF_INET6;
	const uint8_t *bytes = six ? (const uint8_t *)&from->in6.sin6_addr
				   : (const uint8_t *)&from->in.sin_addr;
	size_t count = six ? 16 : 4;

	write16(out, XOR_MAPPED_ADDRESS);
	write16(out + 2, (unsigned)count + 4);
	out[4] = 0;
	out[5] = six ? 2 : 1;
	write16(out + 6, sip_addr_port(from) ^ read16(cookie));
	/* The cookie and the transaction id stand side by side. */
	for (size_t i = 0; i < count; i++)
		out[8 + i] = bytes[i] ^ request[COOKIE_AT + i];
	return 8 + count;
}

bool
stun_answer(struct proxy *proxy, const char *bytes, size_t length,
    const struct sip_peer *src)
{
	const uint8_t *request = (const uint8_t *)bytes;
	uint8_t out[HEAD + 24];
	size_t used;

	if (src->transport != SIP_OVER_UDP || !is_binding(request, length))
		return false;
	bindings_alive(proxy->bindings, src);
	write16(out, BINDING_SUCCESS);
	memcpy(out + COOKIE_AT, cookie, sizeof(cookie));
	memcpy(out + ID_AT, request + ID_AT, ID);
	used = put_address(out + HEAD, request, &src->addr);
	write16(out + 2, (unsigned)used);
	(void)sip_transport_send(src, (const char *)out, HEAD + used,
	    proxy->transports);
	return true;
}
