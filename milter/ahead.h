/*
 * ahead: what read_ahead.c and write_ahead.c share: a connection of an MTA,
 * and the functions of the C library that they stand before.
 */
#ifndef USHER_MILTER_AHEAD_H
#define USHER_MILTER_AHEAD_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

/* C's own names would bring what headers know of the C library's functions. */
#define STANDS_FOR(name) __asm__(name) __attribute__((visibility("default")))

struct ahead {
	bool polled;	      /* poll() is what tells when to read */
	bool ready;	      /* the kernel has just said so */
	int short_ms;	      /* how long the kernel lets a read wait, or 0 */
	int patience_ms;      /* to wait for room to write */
	size_t at, length;    /* of what is held */
	unsigned char *bytes; /* NULL: nothing is held */
	size_t kept_length;
	unsigned char *kept; /* edits of a mail, to be sent; or NULL */
};

/* The C library's, or those of whoever else stands before it. */
struct ahead_next {
	int (*accept)(int, struct sockaddr *, socklen_t *);
	int (*poll)(struct pollfd *, nfds_t, int);
	ssize_t (*read)(int, void *, size_t);
	ssize_t (*writev)(int, const struct iovec *, int);
	int (*close)(int);
};

/* Found by the first call of ahead_of(). */
extern struct ahead_next ahead_next;

/* NULL: no connection that was accepted. */
struct ahead *ahead_of(int fd);
/* Nothing of ours waits while the MTA is waited for. */
void ahead_send_kept(struct ahead *ahead, int fd);

#endif
