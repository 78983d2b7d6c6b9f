/*
 * transport.c - the listeners, and which of them a message leaves by.
 *
 * What every kind of transport shares; transport_udp.c does the datagrams,
 * transport_stream.c and transport_tls.c the streams.
 * Called by the daemon at start and by the transaction layer to send. Keeps
 * RFC 3261 §18: a response leaves by the listener its request came to.
 */
#include "transport_int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

void
sip_transports_terms(struct sip_transports *t,
    const struct sip_transport_terms *terms)
{
	t->terms = *terms;
	if (t->terms.head == 0)
		t->terms.head = 16384;
	if (t->terms.message == 0)
		t->terms.message = 65535;
	if (t->terms.connections == 0)
		t->terms.connections = 4096;
	if (t->terms.handshake_ms == 0)
		t->terms.handshake_ms = 5000;
	if (t->terms.idle_ms == 0)
		t->terms.idle_ms = 120000;
}

int
sip_transports_new(struct sip_transports **tp, struct event_base *base,
    const struct sip_transport_handlers *handlers)
{
	struct sip_transports *t;

	if (!base || !handlers->recv)
		return EINVAL;
	t = calloc(1, sizeof(*t));
	if (!t)
		return ENOMEM;
	t->base = base;
	t->handlers = *handlers;
	sip_transports_terms(t, &(struct sip_transport_terms){ 0 });
	/* A number that a token of an earlier run names is none of ours. */
	if (getrandom(&t->last_id, sizeof(t->last_id), 0) < 0) {
		free(t);
		return EIO;
	}
	t->last_id &= UINT64_MAX >> 8;
	*tp = t;
	return 0;
}

static int
open_listener(struct listener *ln)
{
	return ln->shown.transport == SIP_OVER_UDP ? udp_open(ln)
						   : stream_listen(ln);
}

static void
close_listener(struct listener *ln)
{
	if (ln->shown.transport == SIP_OVER_UDP)
		udp_close(ln);
	else
		stream_unlisten(ln);
}

void
sip_transports_free(struct sip_transports *t)
{
	if (!t)
		return;
	while (t->first) {
		struct listener *ln = t->first;

		t->first = ln->next;
		close_listener(ln);
		free(ln);
	}
	streams_free(t);
	tls_free(t);
	udp_batch_free(t->batch);
	udp_out_free(t->out);
	free(t);
}

static bool
is_wildcard(const union sip_addr *a)
{
	if (a->sa.sa_family == AF_INET6)
		return IN6_IS_ADDR_UNSPECIFIED(&a->in6.sin6_addr);
	return a->in.sin_addr.s_addr == htonl(INADDR_ANY);
}

static int
name_it(struct sip_listener *shown, const char *public_host,
    uint16_t public_port)
{
	union sip_addr bare = shown->addr;
	char text[SIP_ADDR_TEXT];
	int n;

	sip_addr_set_port(&bare, 0);
	if (!public_host || !*public_host)
		public_host = sip_addr_text(&bare, text);
	n = snprintf(shown->host, sizeof(shown->host), "%s", public_host);
	if (n < 0 || (size_t)n >= sizeof(shown->host))
		return ENAMETOOLONG;
	shown->port = public_port ? public_port : sip_addr_port(&shown->addr);
	return 0;
}

int
sip_transport_listen(struct sip_transports *t, enum sip_transport transport,
    const union sip_addr *addr, const char *public_host, uint16_t public_port,
    struct sip_listener **lp)
{
	struct listener *ln;
	int err;

	if (transport == SIP_OVER_TLS && t->tls_server == NULL)
		return ENOTSUP;
	ln = calloc(1, sizeof(*ln));
	if (!ln)
		return ENOMEM;
	ln->fd = -1;
	ln->transports = t;
	ln->shown.transport = transport;
	ln->shown.addr = *addr;
	ln->shown.index = t->count;
	ln->wildcard = is_wildcard(addr);
	err = open_listener(ln);
	if (!err)
		err = name_it(&ln->shown, public_host, public_port);
	if (err) {
		close_listener(ln);
		free(ln);
		return err;
	}
	if (t->last)
		t->last->next = ln;
	else
		t->first = ln;
	t->last = ln;
	t->count++;
	if (lp)
		*lp = &ln->shown;
	return 0;
}

unsigned
sip_transport_count(const struct sip_transports *t)
{
	return t->count;
}

struct sip_listener *
sip_transport_at(struct sip_transports *t, unsigned index)
{
	struct listener *ln = t->first;

	while (ln && ln->shown.index != index)
		ln = ln->next;
	return ln ? &ln->shown : NULL;
}

static bool
is_loopback(const union sip_addr *a)
{
	if (a->sa.sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&a->in6.sin6_addr);
	return ntohl(a->in.sin_addr.s_addr) >> 24 == 127;
}

/* 0: cannot reach it; the larger the better. */
static int
fitness(const struct listener *ln, const struct sip_peer *dst)
{
	const union sip_addr *bound = &ln->shown.addr;

	if (ln->shown.transport != dst->transport ||
	    bound->sa.sa_family != dst->addr.sa.sa_family)
		return 0;
	if (dst->local.sa.sa_family && sip_addr_same_host(bound, &dst->local))
		return 4;
	if (ln->wildcard)
		return 2;
	return is_loopback(bound) == is_loopback(&dst->addr) ? 3 : 1;
}

struct sip_listener *
sip_transport_route(struct sip_transports *t, const struct sip_peer *dst)
{
	struct listener *best = NULL;
	int most = 0;

	for (struct listener *ln = t->first; ln; ln = ln->next) {
		int n = fitness(ln, dst);

		if (n > most) {
			most = n;
			best = ln;
		}
	}
	return best ? &best->shown : NULL;
}

int
sip_transport_reach(struct sip_transports *t, struct sip_peer *dst)
{
	if (!sip_transport_reliable(dst->transport))
		return 0;
	if (!dst->listener)
		dst->listener = sip_transport_route(t, dst);
	return dst->listener ? stream_reach(t, dst) : EHOSTUNREACH;
}

int
sip_transport_send(const struct sip_peer *dst, const char *bytes, size_t len,
    void *arg)
{
	struct sip_transports *t = arg;
	struct sip_listener *by = dst->listener;
	int err;

	if (!by)
		by = sip_transport_route(t, dst);
	if (!by)
		return EHOSTUNREACH;
	if (sip_transport_reliable(dst->transport))
		err = stream_send(t, dst, bytes, len);
	else
		err = udp_send((struct listener *)by, dst, bytes, len);
	if (err == 0)
		t->stats.sent++;
	else if (err == EAGAIN)
		t->stats.send_full++;
	else
		t->stats.send_errors++;
	return err;
}

int
sip_transport_send_soon(const struct sip_peer *dst, const char *bytes,
    size_t len, void *arg)
{
	if (dst->transport == SIP_OVER_UDP && dst->listener != NULL &&
	    udp_send_soon((struct listener *)dst->listener, dst, bytes, len))
		return 0;
	return sip_transport_send(dst, bytes, len, arg);
}

const struct sip_transport_stats *
sip_transport_stats(const struct sip_transports *t)
{
	return &t->stats;
}
