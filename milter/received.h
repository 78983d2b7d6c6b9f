/*
 * received: who handed a message over, as a Received field tells.
 */
#ifndef USHER_MILTER_RECEIVED_H
#define USHER_MILTER_RECEIVED_H

#include <stdbool.h>
#include <sys/socket.h>

enum { RECEIVED_NAME = 256 };

struct received {
	struct sockaddr_storage client;
	char name[RECEIVED_NAME]; /* "" when the server knew none */
	char helo[RECEIVED_NAME];
};

/* false: the field tells no address; *received is undefined then. */
bool received_read(const char *value, struct received *received);

#endif
