/*
 * read_ahead: fewer system calls for what libmilter reads.
 *
 * libmilter asks the kernel five times for each packet of the protocol: is
 * there anything, again, its length, is there anything, its content. A mail is
 * twenty to fifty packets, most of which the MTA sends in one write, so that
 * a filter spends more on asking than on anything else. Here what has come is
 * taken at once, and handed out from memory. write_ahead.c does the like for
 * what is written.
 *
 * libmilter has no place to say so. But it calls accept(), poll(), read(),
 * writev() and close() by name, and the dynamic linker finds ours before those
 * of the C library, as it does with another malloc(). They differ for
 * connections that were accepted, in this process those of MTAs, and once they
 * are waited for by poll(): a libmilter that waited otherwise would not be told
 * what is in memory already. Anything else goes to the C library, and so does
 * all where the linker does it in another way.
 *
 * A connection is one thread's at a time; libmilter's mutexes hand it on.
 */
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "ahead.h"

int accept_ahead(int fd, struct sockaddr *address, socklen_t *length)
    STANDS_FOR("accept");
int close_ahead(int fd) STANDS_FOR("close");
int poll_ahead(struct pollfd *list, nfds_t length, int timeout)
    STANDS_FOR("poll");
ssize_t read_ahead(int fd, void *to, size_t room) STANDS_FOR("read");

enum {
	MOST_CONNECTIONS = 16384, /* by descriptor; those above do without */
	AT_ONCE = 8192,
	FEW = 1024,    /* most of what comes but bodies */
	SHORT_MS = 10, /* a wait that may last a tick of the kernel longer */
};

static _Atomic(struct ahead *) table[MOST_CONNECTIONS];

struct ahead_next ahead_next;
static pthread_once_t next_once = PTHREAD_ONCE_INIT;

/* ISO C has no other way from void * to a function. */
static void
find(const char *name, void *function)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (found == NULL)
		abort();
	memcpy(function, &found, sizeof found);
}

static void
find_all(void)
{
	find("accept", &ahead_next.accept);
	find("poll", &ahead_next.poll);
	find("read", &ahead_next.read);
	find("writev", &ahead_next.writev);
	find("close", &ahead_next.close);
}

/* Where there is one, what comes next was found before it was made. */
struct ahead *
ahead_of(int fd)
{
	struct ahead *ahead = NULL;

	if (fd >= 0 && fd < MOST_CONNECTIONS)
		ahead = atomic_load_explicit(&table[fd], memory_order_acquire);
	if (ahead == NULL)
		(void)pthread_once(&next_once, find_all);
	return ahead;
}

static void
forget(int fd)
{
	struct ahead *ahead = ahead_of(fd);

	if (ahead == NULL)
		return;
	atomic_store(&table[fd], NULL);
	free(ahead->bytes);
	free(ahead->kept);
	free(ahead);
}

int
accept_ahead(int fd, struct sockaddr *address, socklen_t *length)
{
	int got;

	(void)ahead_of(fd);
	got = ahead_next.accept(fd, address, length);
	if (got < 0 || got >= MOST_CONNECTIONS)
		return got;
	forget(got);
	atomic_store(&table[got], calloc(1, sizeof(struct ahead)));
	return got;
}

int
close_ahead(int fd)
{
	/* Before, as another thread may get the descriptor at once. */
	forget(fd);
	return ahead_next.close(fd);
}

/* ---- poll ---- */

static bool
holds(const struct pollfd *one)
{
	const struct ahead *ahead = ahead_of(one->fd);

	return ahead != NULL && ahead->bytes != NULL &&
	    (one->events & POLLIN) != 0;
}

static bool
wait_no_longer(struct ahead *ahead, int fd, int timeout)
{
	struct timeval longest = { .tv_usec = timeout * 1000 };

	if (timeout == ahead->short_ms)
		return true;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &longest, sizeof longest) !=
	    0)
		return false;
	ahead->short_ms = timeout;
	return true;
}

/* What there is beyond the first bytes; without memory it comes later. */
static void
hold_more(struct ahead *ahead, int fd)
{
	unsigned char *bytes = realloc(ahead->bytes, AT_ONCE);
	ssize_t more;

	if (bytes == NULL)
		return;
	ahead->bytes = bytes;
	more = recv(fd, bytes + FEW, AT_ONCE - FEW, MSG_DONTWAIT);
	ahead->length += more > 0 ? (size_t)more : 0;
}

/*
 * To wait and to read is one call where the wait is short: the kernel counts
 * it in ticks. A connection at its end says so once more when it is read.
 */
static int
wait_and_read(struct ahead *ahead, struct pollfd *one, unsigned char *bytes)
{
	ssize_t got = recv(one->fd, bytes, FEW, 0);

	int code = got < 0 ? errno : 0;

	if (got <= 0) {
		free(bytes);
		errno = code;
		if (code == EAGAIN || code == EWOULDBLOCK)
			return 0;
		if (code == EINTR)
			return -1;
	} else {
		ahead->bytes = bytes;
		ahead->at = 0;
		ahead->length = (size_t)got;
	}
	if (got == FEW)
		hold_more(ahead, one->fd);
	one->revents = POLLIN;
	return 1;
}

/* What the kernel said stays so until somebody reads. */
static int
poll_one(struct ahead *ahead, struct pollfd *one, int timeout)
{
	unsigned char *bytes;
	int count;

	ahead->polled = true;
	one->revents = 0;
	if (one->events == POLLOUT) {
		ahead->patience_ms = timeout;
		one->revents = POLLOUT;
		return 1;
	}
	if (ahead->kept != NULL)
		ahead_send_kept(ahead, one->fd);
	if ((one->events & POLLIN) != 0 &&
	    (ahead->ready || ahead->bytes != NULL)) {
		one->revents = POLLIN;
		return 1;
	}
	if (one->events == POLLIN && timeout > 0 && timeout <= SHORT_MS &&
	    wait_no_longer(ahead, one->fd, timeout) &&
	    (bytes = malloc(FEW)) != NULL)
		return wait_and_read(ahead, one, bytes);
	count = ahead_next.poll(one, 1, timeout);
	ahead->ready = count == 1 && one->revents == POLLIN;
	return count;
}

int
poll_ahead(struct pollfd *list, nfds_t length, int timeout)
{
	struct ahead *ahead = length == 1 ? ahead_of(list->fd) : ahead_of(-1);
	bool any = false;
	int count;

	if (ahead != NULL)
		return poll_one(ahead, list, timeout);
	for (nfds_t i = 0; i < length; i++)
		any |= holds(&list[i]);
	count = ahead_next.poll(list, length, any ? 0 : timeout);
	if (!any || count < 0)
		return count;
	for (nfds_t i = 0; i < length; i++) {
		if (!holds(&list[i]))
			continue;
		count += list[i].revents == 0;
		list[i].revents |= POLLIN;
	}
	return count;
}

/* ---- read ---- */

static size_t
hand_out(struct ahead *ahead, void *to, size_t room)
{
	size_t left = ahead->length - ahead->at;

	if (room > left)
		room = left;
	memcpy(to, ahead->bytes + ahead->at, room);
	ahead->at += room;
	if (room == left) {
		free(ahead->bytes);
		ahead->bytes = NULL;
	}
	return room;
}

/* Memory is held from here until libmilter has seen all of it. */
static ssize_t
fill(struct ahead *ahead, int fd, void *to, size_t room)
{
	unsigned char *bytes = malloc(AT_ONCE);
	ssize_t got;

	if (bytes == NULL)
		return ahead_next.read(fd, to, room);
	got = ahead_next.read(fd, bytes, AT_ONCE);
	if (got <= 0) {
		free(bytes);
		return got;
	}
	ahead->bytes = bytes;
	ahead->at = 0;
	ahead->length = (size_t)got;
	return (ssize_t)hand_out(ahead, to, room);
}

ssize_t
read_ahead(int fd, void *to, size_t room)
{
	struct ahead *ahead = ahead_of(fd);

	if (ahead == NULL || room == 0)
		return ahead_next.read(fd, to, room);
	if (ahead->bytes != NULL)
		return (ssize_t)hand_out(ahead, to, room);
	ahead->ready = false;
	if (!ahead->polled || room >= AT_ONCE)
		return ahead_next.read(fd, to, room);
	return fill(ahead, fd, to, room);
}
