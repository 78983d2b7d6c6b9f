/*
 * self.c - what we call ourselves in Via, Record-Route and responses.
 *
 * See setup.h; design-calls.md "Configuration", `listen`.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "setup.h"

static bool
is_any_address(const union sip_addr *address)
{
	if (address->sa.sa_family == AF_INET)
		return address->in.sin_addr.s_addr == htonl(INADDR_ANY);
	return IN6_IS_ADDR_UNSPECIFIED(&address->in6.sin6_addr);
}

bool
self_is_any(const struct sip_listener *listener)
{
	union sip_addr named;

	return is_any_address(&listener->addr) &&
	    (listener->host[0] == '\0' ||
		(sip_addr_parse(&named, span_of(listener->host), 0) == 0 &&
		    is_any_address(&named)));
}

/* The address the system would send from: nothing is sent to learn it. */
static int
local_address(const union sip_addr *dst, union sip_addr *local)
{
	socklen_t length = sizeof(*local);
	int fd = socket(dst->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int result = 0;

	if (fd < 0)
		return errno;
	if (connect(fd, &dst->sa, sip_addr_len(dst)) != 0 ||
	    getsockname(fd, &local->sa, &length) != 0)
		result = errno;
	close(fd);
	return result;
}

int
self_text(const struct sip_listener *listener, const union sip_addr *dst,
    char text[HOST_TEXT])
{
	char address[SIP_ADDR_TEXT];
	union sip_addr local;
	int result;

	if (!self_is_any(listener)) {
		char *end = stpcpy(text, listener->host);

		*end++ = ':';
		*sip_put_decimal(end, listener->port) = '\0';
		return 0;
	}
	result = local_address(dst, &local);
	if (result != 0)
		return result;
	sip_addr_set_port(&local, listener->port);
	snprintf(text, HOST_TEXT, "%s", sip_addr_text(&local, address));
	return 0;
}
