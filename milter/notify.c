/*
 * notify: the sd_notify(3) protocol: one datagram to the socket that
 * NOTIFY_SOCKET names.
 *
 * Called by main.c. By hand, because libsystemd brings four libraries of
 * compression and ciphers into a daemon that is measured by its memory.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "notify.h"

void
notify_manager(const char *state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	size_t length = path == NULL ? 0 : strlen(path);
	socklen_t size;
	int fd;

	if (length < 2 || length >= sizeof address.sun_path)
		return;
	memcpy(address.sun_path, path, length);
	/* A name that begins with @ is in the abstract namespace. */
	if (*path == '@')
		address.sun_path[0] = '\0';
	size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	/* Nobody could be told that the manager does not listen. */
	(void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL,
	    (const struct sockaddr *)&address, size);
	(void)close(fd);
}
