/*
 * flow.c - tokens: the way to a phone as the user part of a URI of ours.
 *
 * Hexadecimal digits: form, listener, transport, address and port, stream,
 * expiry, and a MAC over these and the AOR beside them. Only who knows the
 * site's key can make one (RFC 5626 §5.2). See phones.h.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>

#include "proxy.h"

/* PATH_MOST: what registrars are known to keep. */
enum { FORM = 1, PATH_MOST = 200, BODY_MOST = FLOW_TOKEN - MAC_TEXT };

static uint64_t
sign(const struct proxy *proxy, struct span body, const char *aor)
{
	const struct span parts[] = { SPAN_LIT("flow"), body, span_of(aor) };

	return mac_of(proxy->key, parts, sizeof(parts) / sizeof(parts[0]));
}

static size_t
address_bytes(const union sip_addr *address, const uint8_t **bytes)
{
	*bytes = address->sa.sa_family == AF_INET6
	    ? (const uint8_t *)&address->in6.sin6_addr
	    : (const uint8_t *)&address->in.sin_addr;
	return address->sa.sa_family == AF_INET6 ? 16 : 4;
}

void
flow_token(const struct proxy *proxy, const struct flow *flow,
    char text[FLOW_TOKEN])
{
	const struct sip_peer *peer = &flow->peer;
	const uint8_t *bytes;
	size_t count = address_bytes(&peer->addr, &bytes);
	char mac[MAC_TEXT];
	int at = snprintf(text, BODY_MOST, "f%x%02x%x%x", FORM,
	    peer->listener->index & 0xff, (unsigned)peer->transport,
	    count == 16 ? 6 : 4);

	for (size_t i = 0; i < count; i++)
		at += snprintf(text + at, (size_t)(BODY_MOST - at), "%02x",
		    bytes[i]);
	at += snprintf(text + at, (size_t)(BODY_MOST - at), "%04x%016llx%08llx",
	    (unsigned)sip_addr_port(&peer->addr),
	    (unsigned long long)peer->connection,
	    (unsigned long long)flow->until_s & 0xffffffffULL);
	mac_text(sign(proxy, (struct span){ text, (size_t)at }, flow->aor),
	    mac);
	memcpy(text + at, mac, MAC_TEXT);
}

/* What may not stand in a URI parameter is escaped. */
static bool
escape(const char *from, char *to, size_t size)
{
	size_t used = 0;

	for (; *from != '\0'; from++) {
		bool plain = isalnum((unsigned char)*from) ||
		    strchr("-_.!~*'()+:", *from) != NULL;
		int n = snprintf(to + used, size - used,
		    plain ? "%c" : "%%%02x", (unsigned char)*from);

		if (n < 0 || (size_t)n >= size - used)
			return false;
		used += (size_t)n;
	}
	return true;
}

int
flow_path(const struct proxy *proxy, const struct flow *flow, const char *host,
    enum sip_transport transport, bool outbound, char *text, size_t size)
{
	static const char *const transports[] = { "", ";transport=tcp",
		";transport=tls" };
	struct flow named = *flow;
	char token[FLOW_TOKEN], aor[80] = "";
	int length = PATH_MOST;

	if (!escape(flow->aor, aor, sizeof(aor)))
		named.aor[0] = aor[0] = '\0';
	/* Once more without the AOR where it makes it too long. */
	for (int i = 0; i < 2 && length >= PATH_MOST; i++) {
		if (i > 0)
			named.aor[0] = aor[0] = '\0';
		flow_token(proxy, &named, token);
		length = snprintf(text, size, "<sip:%s@%s%s;lr%s%s%s>", token,
		    host, transports[transport], outbound ? ";ob" : "",
		    aor[0] != '\0' ? ";a=" : "", aor);
	}
	return length < 0 || (size_t)length >= size ? EMSGSIZE : 0;
}

/* count hexadecimal digits as a number. */
static bool
take(struct span *rest, size_t count, uint64_t *number)
{
	*number = 0;
	if (rest->l < count)
		return false;
	for (size_t i = 0; i < count; i++) {
		char c = rest->p[i];

		if (c >= '0' && c <= '9')
			*number = *number << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			*number = *number << 4 | (uint64_t)(c - 'a' + 10);
		else
			return false;
	}
	rest->p += count;
	rest->l -= count;
	return true;
}

static bool
take_address(struct span *rest, union sip_addr *address)
{
	uint64_t family, byte, port;
	uint8_t *bytes;
	size_t count;

	memset(address, 0, sizeof(*address));
	if (!take(rest, 1, &family) || (family != 4 && family != 6))
		return false;
	address->sa.sa_family = family == 6 ? AF_INET6 : AF_INET;
	bytes = family == 6 ? (uint8_t *)&address->in6.sin6_addr
			    : (uint8_t *)&address->in.sin_addr;
	count = family == 6 ? 16 : 4;
	for (size_t i = 0; i < count; i++) {
		if (!take(rest, 2, &byte))
			return false;
		bytes[i] = (uint8_t)byte;
	}
	if (!take(rest, 4, &port))
		return false;
	sip_addr_set_port(address, (uint16_t)port);
	return true;
}

static bool
read_body(struct span body, const struct setup *setup, struct flow *flow)
{
	uint64_t form, listener, transport, connection, until;
	struct sip_peer *peer = &flow->peer;

	body.p++;
	body.l--;
	if (!take(&body, 1, &form) || form != FORM ||
	    !take(&body, 2, &listener) || !take(&body, 1, &transport) ||
	    transport > SIP_OVER_TLS || !take_address(&body, &peer->addr) ||
	    !take(&body, 16, &connection) || !take(&body, 8, &until) ||
	    body.l != 0)
		return false;
	peer->transport = (enum sip_transport)transport;
	peer->connection = connection;
	flow->until_s = (int64_t)until;
	peer->listener = sip_transport_at(setup->transports,
	    (unsigned)listener);
	/* Made under another configuration: the next best. */
	if (peer->listener == NULL ||
	    peer->listener->transport != peer->transport ||
	    peer->listener->addr.sa.sa_family != peer->addr.sa.sa_family)
		peer->listener = sip_transport_route(setup->transports, peer);
	return peer->listener != NULL;
}

static bool
unescape(struct span from, char *to, size_t size)
{
	size_t used = 0;
	uint64_t byte;

	for (size_t i = 0; i < from.l; i++) {
		struct span digits = { from.p + i + 1, from.l - i - 1 };
		char c = from.p[i];

		if (c == '%') {
			if (!take(&digits, 2, &byte) || byte == 0)
				return false;
			c = (char)byte;
			i += 2;
		}
		if (used + 1 >= size)
			return false;
		to[used++] = c;
	}
	to[used] = '\0';
	return true;
}

bool
flow_read(const struct proxy *proxy, const struct setup *setup,
    const struct sip_uri *uri, struct flow *flow)
{
	struct span body = uri->user, mac, aor = { "", 0 };

	if (body.l < MAC_TEXT || body.l >= FLOW_TOKEN || *body.p != 'f')
		return false;
	body.l -= MAC_TEXT - 1;
	mac = (struct span){ body.p + body.l, MAC_TEXT - 1 };
	memset(flow, 0, sizeof(*flow));
	(void)sip_uri_param(uri, "a", &aor);
	return unescape(aor, flow->aor, sizeof(flow->aor)) &&
	    mac_is(mac, sign(proxy, body, flow->aor)) &&
	    read_body(body, setup, flow);
}

bool
flow_lives(const struct proxy *proxy, const struct flow *flow)
{
	const struct binding *binding = bindings_by_flow(proxy->bindings,
	    &flow->peer);

	/* A registrar may grant longer than the phone asked for. */
	if (binding == NULL && flow->until_s != 0 &&
	    proxy_real_ms() / 1000 > flow->until_s)
		return false;
	if (sip_transport_reliable(flow->peer.transport))
		return sip_transport_lives(proxy->transports,
		    flow->peer.connection);
	return binding == NULL || !binding->dead;
}
