/*
 * conf_sip_place: addresses as the group `sip` writes them.
 *
 * Listeners, sources and next hops are read here from one string each, with a
 * sentence for whatever cannot be one. Addresses of listeners and sources are
 * numeric; only next hops may be names. Called by conf_sip*.c; design-calls.md
 * "Configuration".
 */
#include "conf_sip.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "error.h"
#include "text.h"

enum { SIP_PORT = 5060, SIPS_PORT = 5061 };

/* Digits alone, at most `most`. */
static bool
read_digits(const char *text, unsigned long most, unsigned long *value)
{
	char *end;

	if (text[0] < '0' || text[0] > '9' || strlen(text) > 6)
		return false;
	*value = strtoul(text, &end, 10);
	return *end == '\0' && *value <= most;
}

static bool
read_port(const char *text, uint16_t *port)
{
	unsigned long value;

	if (!read_digits(text, 65535, &value))
		return false;
	*port = (uint16_t)value;
	return true;
}

/*
 * Cuts "HOST[:PORT]" in place; an IPv6 address keeps its brackets. The port
 * stays 0 when none is given.
 */
static bool
cut_port(char *text, uint16_t *port)
{
	char *colon = strrchr(text, ':');
	const char *bracket = strrchr(text, ']');

	*port = 0;
	if (colon == NULL || (bracket != NULL && colon < bracket))
		return true;
	if (bracket == NULL && strchr(text, ':') != colon)
		return false; /* IPv6 without brackets */
	*colon = '\0';
	return read_port(colon + 1, port);
}

static bool
read_address(const char *text, uint16_t port, struct sockaddr_storage *address)
{
	struct sockaddr_in *in = (struct sockaddr_in *)address;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;
	char plain[INET6_ADDRSTRLEN];
	size_t length = strlen(text);

	memset(address, 0, sizeof(*address));
	if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		return true;
	}
	if (length < 4 || text[0] != '[' || text[length - 1] != ']' ||
	    length - 2 >= sizeof(plain))
		return false;
	memcpy(plain, text + 1, length - 2);
	plain[length - 2] = '\0';
	if (inet_pton(AF_INET6, plain, &in6->sin6_addr) != 1)
		return false;
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	return true;
}

static bool
is_host(const char *text)
{
	struct sockaddr_storage address;

	if (text[0] == '[')
		return read_address(text, 0, &address);
	return text[0] != '\0' && strlen(text) < 254 &&
	    strspn(text,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789-._") == strlen(text);
}

static bool
read_transport(const char *word, enum usher_sip_transport *transport)
{
	static const char *const words[] = { "udp", "tcp", "tls" };

	for (unsigned i = 0; i < 3; i++) {
		if (strcasecmp(word, words[i]) == 0) {
			*transport = (enum usher_sip_transport)i;
			return true;
		}
	}
	return false;
}

/* The part behind the slash. */
static int
read_public(struct usher_sip_listen *listen, char *text, const char *whole,
    struct usher_error *error)
{
	if (!cut_port(text, &listen->public_port) || !is_host(text))
		return usher_error_set(error, EINVAL,
		    "\"%s\": what follows / "
		    "is the public name or address, as in "
		    "\"udp:10.0.0.2:5060/sip.example.com\"",
		    whole);
	listen->public_host = text;
	return 0;
}

int
usher_sip_listen_parse(struct arena *arena, const char *text,
    struct usher_sip_listen *listen, struct usher_error *error)
{
	char *copy = usher_arena_string(arena, text);
	char *colon, *slash;
	uint16_t port;
	bool ported;

	memset(listen, 0, sizeof(*listen));
	listen->public_host = "";
	if (copy == NULL)
		return usher_error_set(error, ENOMEM, "out of memory");
	slash = strchr(copy, '/');
	if (slash != NULL)
		*slash = '\0';
	colon = strchr(copy, ':');
	if (colon != NULL)
		*colon = '\0';
	if (colon == NULL || !read_transport(copy, &listen->transport))
		return usher_error_set(error, EINVAL,
		    "\"%s\" does not begin "
		    "with a transport: \"udp:\", \"tcp:\" or \"tls:\"",
		    text);
	/* A port of 0 asks the system for one; none at all is the usual. */
	ported = strrchr(colon + 1, ':') > strrchr(colon + 1, ']');
	if (!cut_port(colon + 1, &port))
		return usher_error_set(error, EINVAL,
		    "\"%s\": its port is no "
		    "number up to 65535 (an IPv6 address stands in [])",
		    text);
	if (!ported)
		port = listen->transport == USHER_SIP_TLS ? SIPS_PORT
							  : SIP_PORT;
	if (!read_address(colon + 1, port, &listen->address))
		return usher_error_set(error, EINVAL,
		    "\"%s\": \"%s\" is no "
		    "address of this host; write it in figures, IPv6 in []",
		    text, colon + 1);
	return slash == NULL ? 0 : read_public(listen, slash + 1, text, error);
}

static int
read_tls_name(struct arena *arena, const char *text,
    struct usher_sip_from *from, struct usher_error *error)
{
	if (!is_host(text + 4))
		return usher_error_set(error, EINVAL,
		    "\"%s\": \"tls:\" is followed by the name in the peer's "
		    "certificate",
		    text);
	from->tls_name = usher_arena_string(arena, text + 4);
	return from->tls_name != NULL
	    ? 0
	    : usher_error_set(error, ENOMEM, "out of memory");
}

int
usher_sip_from_parse(struct arena *arena, const char *text,
    struct usher_sip_from *from, struct usher_error *error)
{
	char *copy, *slash;
	unsigned long bits = 0;
	bool ok;

	memset(from, 0, sizeof(*from));
	if (strncasecmp(text, "tls:", 4) == 0)
		return read_tls_name(arena, text, from, error);
	copy = usher_arena_string(arena, text);
	if (copy == NULL)
		return usher_error_set(error, ENOMEM, "out of memory");
	ok = cut_port(copy, &from->port);
	slash = strchr(copy, '/');
	if (slash != NULL)
		*slash = '\0';
	ok = ok && read_address(copy, 0, &from->address);
	if (ok) {
		bits = from->address.ss_family == AF_INET ? 32 : 128;
		if (slash != NULL)
			ok = read_digits(slash + 1, bits, &bits);
	}
	if (!ok)
		return usher_error_set(error, EINVAL,
		    "\"%s\" is no source; "
		    "write \"192.0.2.0/24\", \"192.0.2.7:5060\", "
		    "\"[2001:db8::]/32\" or \"tls:sbc.example.net\"",
		    text);
	from->length = (unsigned)bits;
	return 0;
}

/* ";transport=tcp" is all that a next hop's parameters may say. */
static bool
read_hop_params(char *params, bool secure, struct usher_sip_hop *hop)
{
	char *rest = params;
	char *param;

	hop->transport = secure ? USHER_SIP_TLS : USHER_SIP_UDP;
	hop->any_transport = !secure;
	while ((param = strsep(&rest, ";")) != NULL) {
		if (param[0] == '\0' || strcasecmp(param, "lr") == 0)
			continue;
		if (strncasecmp(param, "transport=", 10) != 0 ||
		    !read_transport(param + 10, &hop->transport))
			return false;
		hop->any_transport = false;
		if (secure)
			hop->transport = USHER_SIP_TLS;
	}
	return true;
}

int
usher_sip_hop_parse(struct arena *arena, const char *uri,
    struct usher_sip_hop *hop, struct usher_error *error)
{
	char *copy = usher_arena_string(arena, uri);
	char *host, *params;
	bool secure;

	memset(hop, 0, sizeof(*hop));
	hop->priority = hop->weight = 1;
	if (copy == NULL)
		return usher_error_set(error, ENOMEM, "out of memory");
	secure = strncasecmp(copy, "sips:", 5) == 0;
	if (!secure && strncasecmp(copy, "sip:", 4) != 0)
		return usher_error_set(error, EINVAL,
		    "\"%s\" is no next hop; "
		    "write a SIP URI as \"sip:10.0.0.5:5060\"",
		    uri);
	host = copy + (secure ? 5 : 4);
	params = strchr(host, ';');
	if (params != NULL)
		*params++ = '\0';
	if (!read_hop_params(params, secure, hop) ||
	    !cut_port(host, &hop->port) || !is_host(host))
		return usher_error_set(error, EINVAL,
		    "\"%s\" is no next hop: "
		    "it needs a host, and may have a port and "
		    ";transport=udp, tcp or tls",
		    uri);
	hop->uri = usher_arena_string(arena, uri);
	hop->host = host;
	return hop->uri != NULL
	    ? 0
	    : usher_error_set(error, ENOMEM, "out of memory");
}
