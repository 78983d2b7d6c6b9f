/*
 * socket: where the MTA finds the milter.
 */
#ifndef USHER_MILTER_SOCKET_H
#define USHER_MILTER_SOCKET_H

#include <sys/socket.h>
#include <sys/stat.h>

#include "usher.h"

struct socket_place {
	char *name;			 /* for libmilter */
	const char *path;		 /* in it, or NULL: not unix: */
	struct stat made;		 /* what stands there is ours */
	struct sockaddr_storage address; /* to connect to */
	socklen_t length;		 /* of it; 0: not known */
};

/*
 * Opens it through libmilter, which has been given its functions; a stale
 * socket is removed before, one that answers is EADDRINUSE. Mode and group
 * are set before anybody else can connect.
 */
int socket_open(struct socket_place *place, const struct usher_mail *mail,
    struct usher_error *error);
/* A connection that says nothing: libmilter looks whether it is to stop. */
void socket_wake(const struct socket_place *place);
/* Removes the socket if it is still ours. */
void socket_close(struct socket_place *place);

#endif
