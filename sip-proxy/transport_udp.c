/*
 * transport_udp.c - datagrams: read in batches, sent at once, or answers
 * together behind the batch that asked for them.
 *
 * One non-blocking socket a listener, IPv6 ones for IPv6 alone. A socket bound
 * to all addresses learns by IP_PKTINFO which one was asked and answers from
 * it. ICMP errors come by IP_RECVERR with the bytes that were sent back.
 * Called by transport.c and the event loop. Keeps RFC 3261 §18.1, §18.4.
 */
#include "transport_int.h"

#include <errno.h>
#include <event2/event.h>
#include <linux/errqueue.h>
#include <stdlib.h>
#include <unistd.h>

#define BATCH 32
#define DATAGRAM 65536 /* one more than any can have */
#define CONTROL 256
#define BATCHES_A_TURN 4 /* then timers and the other sockets */
#define SOCKET_BUFFER (4 << 20)
#define OUT 16 /* datagrams that leave together */
#define OUT_BYTES 16384
#define TRIES 3 /* to send; the errors may be those of earlier datagrams */

struct udp_batch {
	struct mmsghdr headers[BATCH];
	struct iovec iovecs[BATCH];
	union sip_addr from[BATCH];
	_Alignas(struct cmsghdr) char control[BATCH][CONTROL];
	char bytes[BATCH][DATAGRAM];
};

/* What leaves together, by one listener. */
struct udp_out {
	struct listener *listener;
	unsigned count;
	size_t used; /* of bytes */
	struct mmsghdr headers[OUT];
	struct iovec iovecs[OUT];
	union sip_addr to[OUT];
	_Alignas(struct cmsghdr) char control[OUT][CONTROL];
	char bytes[OUT_BYTES];
};

void
udp_batch_free(struct udp_batch *batch)
{
	free(batch);
}

void
udp_out_free(struct udp_out *out)
{
	free(out);
}

static void
local_of(const struct msghdr *h, const struct listener *ln,
    union sip_addr *local)
{
	struct cmsghdr *c;

	*local = ln->shown.addr;
	if (!ln->wildcard)
		return;
	for (c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR((struct msghdr *)h, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			local->in.sin_addr = info.ipi_spec_dst;
		} else if (c->cmsg_level == IPPROTO_IPV6 &&
		    c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			local->in6.sin6_addr = info.ipi6_addr;
		}
	}
}

static void
deliver(struct listener *ln, const struct mmsghdr *m)
{
	struct sip_transports *t = ln->transports;
	const union sip_addr *from = m->msg_hdr.msg_name;
	struct sip_peer src = {
		.transport = SIP_OVER_UDP,
		.listener = &ln->shown,
		.addr = *from,
	};

	if (m->msg_hdr.msg_flags & MSG_TRUNC) {
		t->stats.truncated++;
		return;
	}
	/* Port 0 cannot be answered, and no socket can have it. */
	if (sip_addr_port(&src.addr) == 0)
		return;
	local_of(&m->msg_hdr, ln, &src.local);
	t->stats.received++;
	t->handlers.recv(m->msg_hdr.msg_iov->iov_base, m->msg_len, &src,
	    t->handlers.arg);
}

static void
prepare(struct udp_batch *b)
{
	for (unsigned i = 0; i < BATCH; i++) {
		struct msghdr *h = &b->headers[i].msg_hdr;

		b->iovecs[i].iov_base = b->bytes[i];
		b->iovecs[i].iov_len = DATAGRAM;
		h->msg_name = &b->from[i];
		h->msg_namelen = sizeof(b->from[i]);
		h->msg_iov = &b->iovecs[i];
		h->msg_iovlen = 1;
		h->msg_control = b->control[i];
		h->msg_controllen = CONTROL;
		h->msg_flags = 0;
	}
}

/* False: it will not pass. What waits on the socket as the ICMP error of an
 * earlier datagram is told once: after that it may. */
static bool
may_pass(int error, int *tries)
{
	if (error == EINTR)
		return true;
	return --*tries > 0 &&
	    (error == ECONNREFUSED || error == EHOSTUNREACH ||
		error == ENETUNREACH || error == EPROTO);
}

static bool
is_full(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK;
}

/* Nobody asked how it went: it is as if it was lost on its way. */
static void
flush(struct sip_transports *t)
{
	struct udp_out *out = t->out;
	unsigned done = 0;
	int tries = TRIES;

	while (out != NULL && done < out->count) {
		int sent = sendmmsg(out->listener->fd, out->headers + done,
		    out->count - done, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent >= 0) {
			t->stats.sent += (unsigned)sent;
			done += (unsigned)sent;
		} else if (is_full(errno)) {
			t->stats.send_full += out->count - done;
			break;
		} else if (!may_pass(errno, &tries)) {
			t->stats.send_errors++;
			done++;
			tries = TRIES;
		}
	}
	if (out != NULL)
		out->count = 0;
}

static int
read_batch(struct listener *ln)
{
	struct udp_batch *b = ln->transports->batch;
	int n;

	prepare(b);
	n = recvmmsg(ln->fd, b->headers, BATCH, MSG_DONTWAIT, NULL);
	ln->transports->together = n > 1;
	for (int i = 0; i < n; i++)
		deliver(ln, &b->headers[i]);
	ln->transports->together = false;
	flush(ln->transports);
	return n;
}

static const struct sock_extended_err *
extended_error(struct msghdr *h, struct sock_extended_err *copy)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if ((c->cmsg_level == IPPROTO_IP &&
			c->cmsg_type == IP_RECVERR) ||
		    (c->cmsg_level == IPPROTO_IPV6 &&
			c->cmsg_type == IPV6_RECVERR)) {
			memcpy(copy, CMSG_DATA(c), sizeof(*copy));
			return copy;
		}
	}
	return NULL;
}

/* False: the queue is empty. */
static bool
read_error(struct listener *ln)
{
	struct sip_transports *t = ln->transports;
	_Alignas(struct cmsghdr) char control[512];
	char bytes[2048];
	struct sip_peer dst = {
		.transport = SIP_OVER_UDP,
		.listener = &ln->shown,
	};
	struct iovec iov = { bytes, sizeof(bytes) };
	struct msghdr h = {
		.msg_name = &dst.addr,
		.msg_namelen = sizeof(dst.addr),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct sock_extended_err copy;
	const struct sock_extended_err *e;
	ssize_t n = recvmsg(ln->fd, &h, MSG_ERRQUEUE | MSG_DONTWAIT);

	if (n < 0)
		return false;
	e = extended_error(&h, &copy);
	/* Too large for the path: the kernel fragments the next copy. */
	if (!e || e->ee_errno == EMSGSIZE ||
	    (e->ee_origin != SO_EE_ORIGIN_ICMP &&
		e->ee_origin != SO_EE_ORIGIN_ICMP6))
		return true;
	t->stats.icmp++;
	if (t->handlers.error)
		t->handlers.error(&dst, (int)e->ee_errno, bytes, (size_t)n,
		    t->handlers.arg);
	return true;
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct listener *ln = arg;
	struct sip_transports *t = ln->transports;
	int n = 0;

	(void)fd;
	(void)what;
	if (t->handlers.turn)
		t->handlers.turn(t->handlers.arg);
	for (int i = 0; i < BATCHES_A_TURN; i++) {
		n = read_batch(ln);
		if (n < BATCH)
			break;
	}
	/* Nothing more to read, yet we were called: errors are queued. */
	if (n <= 0)
		for (int i = 0; i < BATCH && read_error(ln); i++)
			;
}

static int
set_options(const struct listener *ln)
{
	bool six = ln->shown.addr.sa.sa_family == AF_INET6;
	int on = 1, size = SOCKET_BUFFER;
	int level = six ? IPPROTO_IPV6 : IPPROTO_IP;

	if (six && setsockopt(ln->fd, level, IPV6_V6ONLY, &on, sizeof(on)))
		return errno;
	if (setsockopt(ln->fd, level, six ? IPV6_RECVERR : IP_RECVERR, &on,
		sizeof(on)))
		return errno;
	if (ln->wildcard &&
	    setsockopt(ln->fd, level, six ? IPV6_RECVPKTINFO : IP_PKTINFO, &on,
		sizeof(on)))
		return errno;
	/* A wish: without the privilege the system's limit holds. */
	if (setsockopt(ln->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		(void)setsockopt(ln->fd, SOL_SOCKET, SO_RCVBUF, &size,
		    sizeof(size));
	(void)setsockopt(ln->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return 0;
}

int
udp_open(struct listener *ln)
{
	struct sip_transports *t = ln->transports;
	union sip_addr *addr = &ln->shown.addr;
	socklen_t len = sizeof(*addr);
	int err;

	if (!t->batch)
		t->batch = calloc(1, sizeof(*t->batch));
	if (!t->batch)
		return ENOMEM;
	ln->fd = socket(addr->sa.sa_family,
	    SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (ln->fd < 0)
		return errno;
	err = set_options(ln);
	if (err)
		return err;
	if (bind(ln->fd, &addr->sa, sip_addr_len(addr)) ||
	    getsockname(ln->fd, &addr->sa, &len))
		return errno;
	ln->event = event_new(t->base, ln->fd, EV_READ | EV_PERSIST,
	    on_readable, ln);
	if (!ln->event || event_add(ln->event, NULL))
		return ENOMEM;
	return 0;
}

void
udp_close(struct listener *ln)
{
	if (ln->event)
		event_free(ln->event);
	if (ln->fd >= 0)
		(void)close(ln->fd);
	ln->event = NULL;
	ln->fd = -1;
}

/* Leaves from the address that the far end knows. */
static void
from_local(struct msghdr *h, char *control, size_t size,
    const struct sip_peer *dst)
{
	struct cmsghdr *c = (struct cmsghdr *)(void *)control;

	memset(control, 0, size);
	h->msg_control = control;
	if (dst->local.sa.sa_family == AF_INET) {
		struct in_pktinfo info = {
			.ipi_spec_dst = dst->local.in.sin_addr
		};

		c->cmsg_level = IPPROTO_IP;
		c->cmsg_type = IP_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(c), &info, sizeof(info));
		h->msg_controllen = CMSG_SPACE(sizeof(info));
	} else {
		struct in6_pktinfo info = {
			.ipi6_addr = dst->local.in6.sin6_addr
		};

		c->cmsg_level = IPPROTO_IPV6;
		c->cmsg_type = IPV6_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(c), &info, sizeof(info));
		h->msg_controllen = CMSG_SPACE(sizeof(info));
	}
}

static bool
names_local(const struct listener *ln, const struct sip_peer *dst)
{
	return ln->wildcard &&
	    dst->local.sa.sa_family == ln->shown.addr.sa.sa_family;
}

int
udp_send(struct listener *ln, const struct sip_peer *dst, const char *bytes,
    size_t len)
{
	_Alignas(struct cmsghdr) char control[CONTROL];
	struct iovec iov = { (void *)(uintptr_t)bytes, len };
	struct msghdr h = {
		.msg_name = (void *)(uintptr_t)&dst->addr,
		.msg_namelen = sip_addr_len(&dst->addr),
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};
	int tries = TRIES;

	if (names_local(ln, dst))
		from_local(&h, control, sizeof(control), dst);
	while (sendmsg(ln->fd, &h, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		if (is_full(errno))
			return EAGAIN;
		if (!may_pass(errno, &tries))
			return errno;
	}
	return 0;
}

bool
udp_send_soon(struct listener *ln, const struct sip_peer *dst,
    const char *bytes, size_t len)
{
	struct sip_transports *t = ln->transports;
	struct udp_out *out = t->out;
	struct msghdr *h;

	if (!t->together || len > OUT_BYTES)
		return false;
	if (out == NULL)
		out = t->out = calloc(1, sizeof(*out));
	if (out == NULL)
		return false;
	if (out->count == OUT || out->listener != ln ||
	    out->used + len > OUT_BYTES)
		flush(t);
	if (out->count == 0) {
		out->listener = ln;
		out->used = 0;
	}
	out->to[out->count] = dst->addr;
	out->iovecs[out->count] = (struct iovec){
		memcpy(out->bytes + out->used, bytes, len), len
	};
	h = &out->headers[out->count].msg_hdr;
	*h = (struct msghdr){ .msg_name = &out->to[out->count],
		.msg_namelen = sip_addr_len(&dst->addr),
		.msg_iov = &out->iovecs[out->count],
		.msg_iovlen = 1 };
	if (names_local(ln, dst))
		from_local(h, out->control[out->count], CONTROL, dst);
	out->used += len;
	out->count++;
	return true;
}
