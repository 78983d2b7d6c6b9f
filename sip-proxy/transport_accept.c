/*
 * transport_accept.c - streams that come in: who may, and how many.
 *
 * Owns the listening sockets of TCP and TLS. Without a free descriptor the
 * listener rests a while: what waits in its backlog would wake the loop for
 * ever, and nobody would be served. Called by transport.c and the event loop.
 */
#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <unistd.h>

#include "transport_int.h"

enum { BACKLOG = 256, REST_US = 200000 };

static void
on_accept(struct evconnlistener *acceptor, evutil_socket_t fd,
    struct sockaddr *address, int length, void *arg)
{
	struct listener *ln = arg;
	struct sip_transports *t = ln->transports;
	struct sip_peer src = { .transport = ln->shown.transport,
		.listener = &ln->shown };

	(void)acceptor;
	(void)length;
	if (sip_addr_set(&src.addr, address) == 0 &&
	    t->stats.streams < t->terms.connections &&
	    (!t->handlers.admit ||
		t->handlers.admit(&src, streams_beside(t, &src.addr),
		    t->handlers.arg)) &&
	    stream_accept(ln, fd, &src) == 0) {
		t->stats.streams_in++;
		return;
	}
	t->stats.streams_refused++;
	(void)close(fd);
}

static void
on_failure(struct evconnlistener *acceptor, void *arg)
{
	const struct timeval rest = { .tv_usec = REST_US };
	struct listener *ln = arg;

	ln->transports->stats.streams_refused++;
	if (ln->event && evtimer_add(ln->event, &rest) == 0)
		(void)evconnlistener_disable(acceptor);
}

static void
on_rested(evutil_socket_t fd, short what, void *arg)
{
	struct listener *ln = arg;

	(void)fd;
	(void)what;
	(void)evconnlistener_enable(ln->acceptor);
}

int
stream_listen(struct listener *ln)
{
	struct sip_transports *t = ln->transports;
	union sip_addr *addr = &ln->shown.addr;
	socklen_t len = sizeof(*addr);

	errno = 0;
	ln->acceptor = evconnlistener_new_bind(t->base, on_accept, ln,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE |
		(addr->sa.sa_family == AF_INET6 ? LEV_OPT_BIND_IPV6ONLY : 0),
	    BACKLOG, &addr->sa, (int)sip_addr_len(addr));
	if (!ln->acceptor)
		return errno != 0 ? errno : ENOMEM;
	evconnlistener_set_error_cb(ln->acceptor, on_failure);
	ln->event = evtimer_new(t->base, on_rested, ln);
	if (!ln->event)
		return ENOMEM;
	if (getsockname(evconnlistener_get_fd(ln->acceptor), &addr->sa, &len))
		return errno;
	return 0;
}

void
stream_unlisten(struct listener *ln)
{
	if (ln->event)
		event_free(ln->event);
	if (ln->acceptor)
		evconnlistener_free(ln->acceptor);
	ln->event = NULL;
	ln->acceptor = NULL;
}
