/*
 * dns.c - see dns.h: c-ares on the loop.
 *
 * c-ares says which sockets to watch and when it wants to be called; each
 * socket is an event, its clock one more. When nobody answered and nothing is
 * under way, the channel is made anew: it reads resolv.conf(5) once, which may
 * not have stood there yet, or name other servers by now.
 */
#include "dns.h"

#include <ares.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>

enum { TIMEOUT_MS = 1000, TRIES = 2 };

struct watched {
	struct watched *next;
	ares_socket_t fd;
	struct event *event;
};

struct dns {
	struct event_base *base;
	ares_channel channel;
	struct event *clock;
	struct watched *watched;
	unsigned asking;
	unsigned inside; /* handlers on the stack, and c-ares below them */
	bool away;	 /* the last question found nobody */
	bool closing;	 /* no handler is called any more */
	char *servers;
};

struct question {
	struct dns *dns;
	dns_srv_h *srv;
	dns_address_h *address;
	void *arg;
};

static void
set_clock(struct dns *dns)
{
	struct timeval wait;

	if (dns->asking == 0)
		(void)event_del(dns->clock);
	else if (ares_timeout(dns->channel, NULL, &wait) != NULL)
		(void)event_add(dns->clock, &wait);
}

static void
on_clock(evutil_socket_t fd, short what, void *arg)
{
	struct dns *dns = arg;

	(void)fd;
	(void)what;
	ares_process_fd(dns->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	set_clock(dns);
}

static void
on_socket(evutil_socket_t fd, short what, void *arg)
{
	struct dns *dns = arg;

	ares_process_fd(dns->channel, what & EV_READ ? fd : ARES_SOCKET_BAD,
	    what & EV_WRITE ? fd : ARES_SOCKET_BAD);
	set_clock(dns);
}

static void
unwatch(struct dns *dns, ares_socket_t fd)
{
	struct watched **at = &dns->watched, *one;

	while (*at != NULL && (*at)->fd != fd)
		at = &(*at)->next;
	one = *at;
	if (one == NULL)
		return;
	*at = one->next;
	event_free(one->event);
	free(one);
}

static void
on_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct dns *dns = arg;
	struct watched *one;
	short what = EV_PERSIST;

	unwatch(dns, fd);
	if (!readable && !writable)
		return;
	if (readable)
		what |= EV_READ;
	if (writable)
		what |= EV_WRITE;
	one = calloc(1, sizeof(*one));
	if (one == NULL)
		return; /* its clock ends the question */
	one->fd = fd;
	one->event = event_new(dns->base, fd, what, on_socket, dns);
	if (one->event == NULL || event_add(one->event, NULL) != 0) {
		if (one->event != NULL)
			event_free(one->event);
		free(one);
		return;
	}
	one->next = dns->watched;
	dns->watched = one;
}

static int
open_channel(struct dns *dns, ares_channel *channel)
{
	struct ares_options options = { .timeout = TIMEOUT_MS,
		.tries = TRIES,
		.sock_state_cb = on_state,
		.sock_state_cb_data = dns };
	int status = ares_init_options(channel, &options,
	    ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);

	if (status != ARES_SUCCESS)
		return status == ARES_ENOMEM ? ENOMEM : EIO;
	if (dns->servers == NULL ||
	    ares_set_servers_ports_csv(*channel, dns->servers) == ARES_SUCCESS)
		return 0;
	ares_destroy(*channel);
	return EINVAL;
}

static void
renew(struct dns *dns)
{
	ares_channel fresh;

	if (!dns->away || dns->asking > 0 || dns->inside > 0 ||
	    open_channel(dns, &fresh) != 0)
		return;
	ares_destroy(dns->channel);
	dns->channel = fresh;
	dns->away = false;
}

int
dns_new(struct dns **dp, struct event_base *base, const char *servers)
{
	struct dns *dns = calloc(1, sizeof(*dns));
	int failed;

	if (dns == NULL)
		return ENOMEM;
	dns->base = base;
	dns->clock = evtimer_new(base, on_clock, dns);
	dns->servers = servers == NULL ? NULL : strdup(servers);
	failed = dns->clock == NULL || (servers != NULL && dns->servers == NULL)
	    ? ENOMEM
	    : 0;
	if (failed == 0 && ares_library_init(ARES_LIB_INIT_ALL) != 0)
		failed = EIO;
	if (failed == 0) {
		failed = open_channel(dns, &dns->channel);
		if (failed != 0)
			ares_library_cleanup();
	}
	if (failed != 0) {
		if (dns->clock != NULL)
			event_free(dns->clock);
		free(dns->servers);
		free(dns);
		return failed;
	}
	*dp = dns;
	return 0;
}

void
dns_free(struct dns *dns)
{
	if (dns == NULL)
		return;
	dns->closing = true;
	ares_destroy(dns->channel);
	ares_library_cleanup();
	while (dns->watched != NULL)
		unwatch(dns, dns->watched->fd);
	event_free(dns->clock);
	free(dns->servers);
	free(dns);
}

static enum dns_end
end_of(struct dns *dns, int status)
{
	switch (status) {
	case ARES_SUCCESS: return DNS_FOUND;
	case ARES_ENODATA:
	case ARES_ENOTFOUND:
	case ARES_EBADNAME: return DNS_NONE;
	default: dns->away = true; return DNS_AWAY;
	}
}

static struct question *
ask(struct dns *dns, void *arg)
{
	struct question *question = calloc(1, sizeof(*question));

	if (question == NULL)
		return NULL;
	renew(dns);
	question->dns = dns;
	question->arg = arg;
	dns->asking++;
	return question;
}

static void
on_srv(void *arg, int status, int timeouts, unsigned char *bytes, int length)
{
	struct question *question = arg;
	struct dns *dns = question->dns;
	enum dns_end end = end_of(dns, status);
	struct dns_srvs srvs;

	(void)timeouts;
	dns->asking--;
	if (end == DNS_FOUND) {
		int failed = dns_srv_read(&srvs, bytes, (size_t)length);

		if (failed != 0)
			end = failed == ENOENT ? DNS_NONE : DNS_AWAY;
	}
	dns->inside++;
	if (!dns->closing)
		question->srv(end, end == DNS_FOUND ? &srvs : NULL,
		    question->arg);
	dns->inside--;
	free(question);
}

void
dns_find_srv(struct dns *dns, const char *name, dns_srv_h *handler, void *arg)
{
	struct question *question = ask(dns, arg);

	if (question == NULL) {
		handler(DNS_AWAY, NULL, arg);
		return;
	}
	question->srv = handler;
	ares_query(dns->channel, name, 1, 33, on_srv, question);
	set_clock(dns);
}

static void
read_addresses(struct dns_addresses *found, const struct ares_addrinfo *info)
{
	const struct ares_addrinfo_node *node = info->nodes;
	const struct ares_addrinfo_cname *alias = info->cnames;

	found->count = 0;
	found->ttl_s = UINT32_MAX;
	for (; node != NULL && found->count < DNS_MOST; node = node->ai_next) {
		if (sip_addr_set(&found->list[found->count], node->ai_addr) !=
		    0)
			continue;
		sip_addr_set_port(&found->list[found->count], 0);
		found->count++;
		if ((uint32_t)node->ai_ttl < found->ttl_s)
			found->ttl_s = (uint32_t)node->ai_ttl;
	}
	for (; alias != NULL; alias = alias->next) {
		if ((uint32_t)alias->ttl < found->ttl_s)
			found->ttl_s = (uint32_t)alias->ttl;
	}
}

static void
on_addresses(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
	struct question *question = arg;
	struct dns *dns = question->dns;
	enum dns_end end = end_of(dns, status);
	struct dns_addresses found = { .count = 0 };

	(void)timeouts;
	dns->asking--;
	if (end == DNS_FOUND) {
		read_addresses(&found, info);
		if (found.count == 0)
			end = DNS_NONE;
	}
	if (info != NULL)
		ares_freeaddrinfo(info);
	dns->inside++;
	if (!dns->closing)
		question->address(end, end == DNS_FOUND ? &found : NULL,
		    question->arg);
	dns->inside--;
	free(question);
}

void
dns_find_addresses(struct dns *dns, const char *name, int family,
    dns_address_h *handler, void *arg)
{
	const struct ares_addrinfo_hints hints = { .ai_family = family,
		.ai_socktype = SOCK_DGRAM,
		.ai_flags = ARES_AI_NOSORT };
	struct question *question = ask(dns, arg);

	if (question == NULL) {
		handler(DNS_AWAY, NULL, arg);
		return;
	}
	question->address = handler;
	ares_getaddrinfo(dns->channel, name, NULL, &hints, on_addresses,
	    question);
	set_clock(dns);
}
