/*
 * write_ahead: fewer system calls for what libmilter writes.
 *
 * Before each packet it asks the kernel whether there is room for it, and it
 * sends every edit of a mail by itself, which wakes the MTA up each time. Here
 * a packet is tried at once, and edits wait for the answer behind them: no MTA
 * acts on them before it, and they go out before the MTA is waited for. Called
 * by libmilter for writev(), as read_ahead.c tells, which calls it too.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libmilter/mfdef.h>

#include "ahead.h"

ssize_t write_ahead(int fd, const struct iovec *parts, int count)
    STANDS_FOR("writev");

enum {
	MOST_PARTS = 4,
	MOST_KEPT = 900 /* of edits that wait for their answer */
};

/* libmilter sees to what was not taken. */
static ssize_t
send_parts(const struct ahead *ahead, int fd, struct iovec *parts, size_t count)
{
	struct pollfd room = { .fd = fd, .events = POLLOUT };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = count };
	ssize_t sent = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (sent >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
		return sent;
	if (ahead_next.poll(&room, 1, ahead->patience_ms) == 1)
		return sendmsg(fd, &message, MSG_NOSIGNAL);
	errno = ETIMEDOUT;
	return -1;
}

/* What is kept, and behind it `parts`; the bytes of these that were taken. */
static ssize_t
send_with_kept(struct ahead *ahead, int fd, const struct iovec *parts,
    size_t count)
{
	struct iovec all[MOST_PARTS + 1];
	ssize_t sent;

	if (count > 0)
		memcpy(all + 1, parts, count * sizeof *parts);
	while (ahead->kept != NULL) {
		all[0] = (struct iovec){ ahead->kept, ahead->kept_length };
		sent = send_parts(ahead, fd, all, count + 1);
		if (sent < 0)
			return sent;
		if ((size_t)sent < ahead->kept_length) {
			ahead->kept_length -= (size_t)sent;
			memmove(ahead->kept, ahead->kept + sent,
			    ahead->kept_length);
			continue;
		}
		sent -= (ssize_t)ahead->kept_length;
		free(ahead->kept);
		ahead->kept = NULL;
		if (sent > 0 || count == 0)
			return sent;
	}
	return send_parts(ahead, fd, all + 1, count);
}

void
ahead_send_kept(struct ahead *ahead, int fd)
{
	if (ahead->kept != NULL)
		(void)send_with_kept(ahead, fd, NULL, 0);
}

static bool
is_edit(const struct iovec *first)
{
	static const char edits[] = { SMFIR_ADDHEADER, SMFIR_CHGHEADER,
		SMFIR_ADDRCPT, SMFIR_DELRCPT, SMFIR_QUARANTINE };
	const char *packet = first->iov_base;

	/* Its length in four bytes comes before its letter. */
	return first->iov_len >= 5 &&
	    memchr(edits, packet[4], sizeof edits) != NULL;
}

/* Whether the packet now waits for the next; false: it has to be sent. */
static bool
keep(struct ahead *ahead, const struct iovec *parts, size_t count, size_t size)
{
	size_t before = ahead->kept == NULL ? 0 : ahead->kept_length;
	unsigned char *kept;

	if (before + size > MOST_KEPT)
		return false;
	kept = realloc(ahead->kept, before + size);
	if (kept == NULL)
		return false;
	ahead->kept = kept;
	for (size_t i = 0; i < count; i++) {
		memcpy(kept + before, parts[i].iov_base, parts[i].iov_len);
		before += parts[i].iov_len;
	}
	ahead->kept_length = before;
	return true;
}

ssize_t
write_ahead(int fd, const struct iovec *parts, int count)
{
	struct ahead *ahead = ahead_of(fd);
	size_t size = 0;

	if (ahead == NULL || !ahead->polled || count < 1 || count > MOST_PARTS)
		return ahead_next.writev(fd, parts, count);
	for (int i = 0; i < count; i++)
		size += parts[i].iov_len;
	if (is_edit(parts) && keep(ahead, parts, (size_t)count, size))
		return (ssize_t)size;
	return send_with_kept(ahead, fd, parts, (size_t)count);
}
