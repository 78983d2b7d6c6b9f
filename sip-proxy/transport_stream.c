/*
 * transport_stream.c - TCP and TLS: streams that come in, and those we open.
 *
 * A stream is a bufferevent with a number that is never used again. It is found
 * by that number (answers go back where they were asked) and by its far end
 * (requests use the one that lives; RFC 3261 §18.1.1). Each has its own bounded
 * buffers, a time for its handshake and one for silence, so none can hold up
 * another. Framing is frame.c's. Called by transport.c and the event loop.
 */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include "frame.h"
#include "transport_int.h"

#define PENDING_MOST (1u << 20) /* bytes waiting for a slow far end */
enum {
	MESSAGES_A_TURN = 32,
	PROBE_AFTER_S = 60,
	PROBE_EVERY_S = 15,
	PROBES = 4,
	UNTAKEN_MS = 120000
};

static void
free_stream(struct stream *s)
{
	if (s->clock)
		event_free(s->clock);
	if (s->bev)
		bufferevent_free(s->bev);
	free(s);
}

static void
sweep(evutil_socket_t fd, short what, void *arg)
{
	struct sip_transports *t = arg;

	(void)fd;
	(void)what;
	while (t->over) {
		struct stream *s = t->over;

		t->over = s->next_over;
		free_stream(s);
	}
}

/*
 * Nobody finds it from now on. Its memory goes when the loop is back: its own
 * callbacks may be on the stack.
 */
static void
end_stream(struct stream *s, int err)
{
	struct sip_transports *t = s->transports;
	uint64_t id = s->peer.connection;

	if (s->over)
		return;
	s->over = true;
	stream_unlink(s);
	bufferevent_disable(s->bev, EV_READ | EV_WRITE);
	s->next_over = t->over;
	t->over = s;
	event_active(t->sweep, EV_TIMEOUT, 0);
	/* Nothing waits on the others, and finding that out is work. */
	if (s->used && t->handlers.lost)
		t->handlers.lost(id, err, t->handlers.arg);
}

static void
set_clock(struct stream *s, uint32_t ms)
{
	struct timeval wait = { .tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	s->active = false;
	evtimer_add(s->clock, &wait);
}

static bool
is_kept(const struct stream *s)
{
	const struct sip_transport_handlers *h = &s->transports->handlers;

	return !s->last && h->keeps && h->keeps(s->peer.connection, h->arg);
}

static void
on_clock(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;

	(void)fd;
	(void)what;
	if (!s->open || (!s->active && !is_kept(s)))
		end_stream(s, ETIMEDOUT);
	else
		set_clock(s, s->transports->terms.idle_ms);
}

/*
 * A kept stream may be silent for hours: the kernel finds out when the far end
 * is gone, or takes nothing of what waits for it.
 */
static void
set_options(int fd)
{
	const struct {
		int level, name, value;
	} options[] = { { IPPROTO_TCP, TCP_NODELAY, 1 },
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, PROBE_AFTER_S },
		{ IPPROTO_TCP, TCP_KEEPINTVL, PROBE_EVERY_S },
		{ IPPROTO_TCP, TCP_KEEPCNT, PROBES },
		{ IPPROTO_TCP, TCP_USER_TIMEOUT, UNTAKEN_MS } };

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		(void)setsockopt(fd, options[i].level, options[i].name,
		    &options[i].value, sizeof(options[i].value));
}

/* What was sent is still written; nothing more is read. */
static void
close_when_written(struct stream *s)
{
	s->last = true;
	bufferevent_disable(s->bev, EV_READ);
	if (evbuffer_get_length(bufferevent_get_output(s->bev)) == 0)
		end_stream(s, EPROTO);
}

static void
deliver(struct stream *s, const char *bytes, size_t length)
{
	struct sip_transports *t = s->transports;
	struct sip_peer src = s->peer;

	t->stats.received++;
	s->used = true;
	t->handlers.recv(bytes, length, &src, t->handlers.arg);
}

/* The gate says what is wrong with it, if it can be said at all. */
static void
give_up(struct stream *s, const char *bytes, size_t available)
{
	s->transports->stats.streams_broken++;
	deliver(s, bytes, available);
	if (!s->over)
		close_when_written(s);
}

/* False: the rest has not come, or there is no more of this stream. */
static bool
take_one(struct stream *s, struct evbuffer *in)
{
	const struct sip_transport_terms *terms = &s->transports->terms;
	size_t available = evbuffer_get_length(in), length = 0;
	const char *bytes;

	if (available > terms->message + 1)
		available = terms->message + 1;
	bytes = (const char *)evbuffer_pullup(in, (ev_ssize_t)available);
	if (bytes == NULL)
		return false;
	switch (sip_frame_find(bytes, available, terms->head, terms->message,
	    &length)) {
	case SIP_FRAME_MORE: return false;
	case SIP_FRAME_PING:
		if (bufferevent_write(s->bev, "\r\n", 2) != 0)
			end_stream(s, ENOMEM);
		break;
	case SIP_FRAME_SKIP: break;
	case SIP_FRAME_MESSAGE: deliver(s, bytes, length); break;
	case SIP_FRAME_BROKEN: give_up(s, bytes, available); return false;
	}
	return !s->over && evbuffer_drain(in, length) == 0;
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct stream *s = arg;
	struct sip_transports *t = s->transports;
	struct evbuffer *in = bufferevent_get_input(bev);
	int left = MESSAGES_A_TURN;

	s->active = true;
	if (t->handlers.turn)
		t->handlers.turn(t->handlers.arg);
	while (left > 0 && !s->over && take_one(s, in))
		left--;
	/* The others' turn; what is left is looked at again in the next. */
	if (left == 0 && !s->over && evbuffer_get_length(in) > 0)
		bufferevent_trigger(bev, EV_READ,
		    BEV_TRIG_IGNORE_WATERMARKS | BEV_TRIG_DEFER_CALLBACKS);
}

static void
on_written(struct bufferevent *bev, void *arg)
{
	struct stream *s = arg;

	(void)bev;
	s->active = true;
	if (s->last)
		end_stream(s, EPROTO);
}

static void
note_local(struct stream *s)
{
	socklen_t length = sizeof(s->peer.local);

	if (getsockname(bufferevent_getfd(s->bev), &s->peer.local.sa,
		&length) != 0)
		s->peer.local.sa.sa_family = AF_UNSPEC;
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct stream *s = arg;
	int err = EVUTIL_SOCKET_ERROR();

	(void)bev;
	if (s->transports->handlers.turn)
		s->transports->handlers.turn(s->transports->handlers.arg);
	if ((what & BEV_EVENT_CONNECTED) != 0) {
		s->open = true;
		note_local(s);
		set_clock(s, s->transports->terms.idle_ms);
		return;
	}
	if ((what & BEV_EVENT_EOF) != 0)
		err = s->open ? ECONNRESET : ECONNREFUSED;
	else if (err == 0)
		err = s->open ? ECONNRESET : EPROTO; /* TLS said no */
	end_stream(s, err);
}

static struct stream *
new_stream(struct sip_transports *t, const struct sip_peer *peer,
    struct bufferevent *bev)
{
	struct stream *s = calloc(1, sizeof(*s));

	if (s && !t->sweep)
		t->sweep = evtimer_new(t->base, sweep, t);
	if (s)
		s->clock = evtimer_new(t->base, on_clock, s);
	if (!s || !s->clock || !t->sweep) {
		if (s && s->clock)
			event_free(s->clock);
		free(s);
		bufferevent_free(bev);
		return NULL;
	}
	s->transports = t;
	s->peer = *peer;
	s->peer.connection = ++t->last_id;
	s->bev = bev;
	stream_link(s);
	bufferevent_setcb(bev, on_read, on_written, on_event, s);
	bufferevent_setwatermark(bev, EV_READ, 0, t->terms.message + 4096);
	set_clock(s, t->terms.handshake_ms);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
	return s;
}

static struct bufferevent *
buffer_for(struct sip_transports *t, const struct sip_peer *peer, int fd)
{
	enum bufferevent_ssl_state state = fd < 0 ? BUFFEREVENT_SSL_CONNECTING
						  : BUFFEREVENT_SSL_ACCEPTING;
	struct bufferevent *bev;
	SSL *ssl;

	if (peer->transport == SIP_OVER_TCP)
		return bufferevent_socket_new(t->base, fd,
		    BEV_OPT_CLOSE_ON_FREE);
	ssl = fd < 0 ? tls_connecting(t, peer) : tls_accepting(t);
	if (!ssl)
		return NULL;
	bev = bufferevent_openssl_socket_new(t->base, fd, ssl, state,
	    BEV_OPT_CLOSE_ON_FREE);
	/* Peers end a stream without the alert more often than with it. */
	if (bev)
		bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	return bev;
}

int
stream_accept(struct listener *ln, int fd, const struct sip_peer *src)
{
	struct sip_transports *t = ln->transports;
	struct bufferevent *bev = buffer_for(t, src, fd);
	struct stream *s;

	if (!bev)
		return ENOMEM;
	set_options(fd);
	s = new_stream(t, src, bev);
	if (s && src->transport == SIP_OVER_TCP) {
		s->open = true;
		note_local(s);
		set_clock(s, t->terms.idle_ms);
	}
	return 0;
}

/* From the address that the far end knows us by, where that is one. */
static int
connect_from(struct stream *s, const struct listener *ln)
{
	union sip_addr from = ln->shown.addr;
	const union sip_addr *to = &s->peer.addr;
	int fd;

	fd = socket(to->sa.sa_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	sip_addr_set_port(&from, 0);
	set_options(fd);
	if ((!ln->wildcard && bind(fd, &from.sa, sip_addr_len(&from)) != 0) ||
	    bufferevent_setfd(s->bev, fd) != 0) {
		int err = errno;

		(void)close(fd);
		return err;
	}
	if (bufferevent_socket_connect(s->bev, &to->sa,
		(int)sip_addr_len(to)) != 0)
		return errno != 0 ? errno : ECONNREFUSED;
	return 0;
}

int
stream_reach(struct sip_transports *t, struct sip_peer *dst)
{
	struct stream *s = stream_by_far_end(t, dst);
	struct bufferevent *bev;
	int err;

	if (s) {
		dst->connection = s->peer.connection;
		return 0;
	}
	if (t->stats.streams >= t->terms.connections)
		return ENOSPC;
	bev = buffer_for(t, dst, -1);
	s = bev ? new_stream(t, dst, bev) : NULL;
	if (!s)
		return ENOMEM;
	err = connect_from(s, (struct listener *)dst->listener);
	if (!err && s->over) /* refused at once, from inside the call */
		err = ECONNREFUSED;
	if (err) {
		end_stream(s, err);
		return err;
	}
	t->stats.streams_out++;
	dst->connection = s->peer.connection;
	return 0;
}

int
stream_send(struct sip_transports *t, const struct sip_peer *dst,
    const char *bytes, size_t len)
{
	struct sip_peer peer = *dst;
	struct stream *s;
	int err;

	if (peer.connection == 0) {
		err = sip_transport_reach(t, &peer);
		if (err)
			return err;
	}
	s = stream_by_id(t, peer.connection);
	if (!s || s->last)
		return ENOTCONN;
	s->used = true;
	if (evbuffer_get_length(bufferevent_get_output(s->bev)) + len >
	    PENDING_MOST) {
		end_stream(s, ENOBUFS);
		return ENOBUFS;
	}
	return bufferevent_write(s->bev, bytes, len) == 0 ? 0 : ENOMEM;
}

const SSL *
stream_ssl(struct sip_transports *t, uint64_t connection)
{
	struct stream *s = stream_by_id(t, connection);

	if (!s || s->peer.transport != SIP_OVER_TLS)
		return NULL;
	return bufferevent_openssl_get_ssl(s->bev);
}

void
streams_free(struct sip_transports *t)
{
	t->handlers.lost = NULL;
	for (size_t i = 0; i < STREAM_BUCKETS; i++) {
		while (t->by_id[i])
			end_stream(t->by_id[i], ECANCELED);
	}
	if (t->sweep) {
		sweep(-1, 0, t);
		event_free(t->sweep);
	}
}
