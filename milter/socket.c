/*
 * socket: where the MTA finds the milter.
 *
 * Called by main.c. libmilter removes no socket as root, so after a kill -9
 * nobody could bind: whoever stands there without listening is removed here
 * (design-mail.md "When something fails").
 */
#include <errno.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <libmilter/mfapi.h>

#include "socket.h"

/* Postfix connects without waiting, so a full queue would be a failure. */
enum { BACKLOG = 1024, MOST_DESCRIPTORS = 1024 };

static int wrong(struct usher_error *error, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int
wrong(struct usher_error *error, int code, const char *format, ...)
{
	va_list args;

	if (error != NULL) {
		memset(error, 0, sizeof *error);
		error->code = code;
		va_start(args, format);
		(void)vsnprintf(error->text, sizeof error->text, format, args);
		va_end(args);
	}
	return code;
}

/* 0, or why nobody answers there. */
static int
knock(const struct sockaddr_storage *address, socklen_t length)
{
	int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int code = 0;

	if (fd < 0)
		return errno;
	if (connect(fd, (const struct sockaddr *)address, length) != 0)
		code = errno;
	(void)close(fd);
	return code;
}

/* 0: nobody stands there any more. */
static int
clear_stale(const char *path, struct usher_error *error)
{
	struct sockaddr_storage address = { .ss_family = AF_UNIX };
	struct sockaddr_un *name = (struct sockaddr_un *)&address;
	struct stat there;
	int code;

	if (lstat(path, &there) != 0)
		return errno == ENOENT
		    ? 0
		    : wrong(error, errno, "%s: %s", path, strerror(errno));
	if (!S_ISSOCK(there.st_mode))
		return wrong(error, EEXIST,
		    "%s is there and is no socket: remove it, or give "
		    "mail.socket another path",
		    path);
	memcpy(name->sun_path, path, strlen(path) + 1);
	code = knock(&address, sizeof *name);
	if (code != ECONNREFUSED)
		return wrong(error, EADDRINUSE,
		    "another program answers on %s: end it, or give "
		    "mail.socket another path",
		    path);
	if (unlink(path) != 0)
		return wrong(error, errno, "cannot remove the stale %s: %s",
		    path, strerror(errno));
	return 0;
}

static int
check_directory(const char *path, struct usher_error *error)
{
	struct stat there;
	char *directory = strdup(path);
	int code = 0;

	if (directory == NULL)
		return wrong(error, ENOMEM, "out of memory");
	*strrchr(directory, '/') = '\0';
	if (stat(*directory == '\0' ? "/" : directory, &there) != 0)
		code = wrong(error, errno,
		    "the directory of mail.socket, %s: %s: create it first, "
		    "for the MTA's group to enter",
		    directory, strerror(errno));
	else if (!S_ISDIR(there.st_mode))
		code = wrong(error, ENOTDIR,
		    "%s, the directory of mail.socket, is no directory",
		    directory);
	free(directory);
	return code;
}

static int
find_group(const char *name, gid_t *group, struct usher_error *error)
{
	struct group *found;

	*group = (gid_t)-1;
	if (name == NULL || *name == '\0')
		return 0;
	/* cppcheck-suppress getgrnamCalled; no other thread runs yet */
	found = getgrnam(name);
	if (found == NULL)
		return wrong(error, EINVAL,
		    "mail.socket_group \"%s\" is no group of this host: "
		    "write the MTA's, or \"\" for none",
		    name);
	*group = found->gr_gid;
	return 0;
}

/*
 * libmilter keeps its descriptor to itself, but it is the only one here that
 * listens. It writes a header edit and its answer apart, and over TCP Nagle's
 * algorithm would hold the second back for 40 ms: connections inherit
 * TCP_NODELAY. Where to knock when it is to stop is learnt here too.
 */
static void
adopt_listener(struct socket_place *place)
{
	int fd, listens, on = 1;
	socklen_t length;

	for (fd = 3; fd < MOST_DESCRIPTORS; fd++) {
		length = sizeof listens;
		if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens,
			&length) != 0 ||
		    listens == 0)
			continue;
		place->length = sizeof place->address;
		if (getsockname(fd, (struct sockaddr *)&place->address,
			&place->length) != 0)
			place->length = 0;
		else if (place->address.ss_family != AF_UNIX)
			(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on,
			    sizeof on);
		return;
	}
}

static int
open_quietly(struct socket_place *place, struct usher_error *error)
{
	mode_t before = umask(0177);
	bool opened = smfi_setconn(place->name) == MI_SUCCESS &&
	    smfi_setbacklog(BACKLOG) == MI_SUCCESS &&
	    smfi_opensocket(false) == MI_SUCCESS;
	int code = errno;

	(void)umask(before);
	if (opened)
		adopt_listener(place);
	return opened ? 0
		      : wrong(error, code == 0 ? EADDRNOTAVAIL : code,
			    "cannot listen on %s: %s", place->name,
			    strerror(code == 0 ? EADDRNOTAVAIL : code));
}

static int
open_unix(struct socket_place *place, const struct usher_mail *mail,
    struct usher_error *error)
{
	struct sockaddr_un limit;
	gid_t group;
	int code;

	place->path = place->name + strlen("unix:");
	if (strlen(place->path) >= sizeof limit.sun_path)
		return wrong(error, ENAMETOOLONG,
		    "mail.socket is longer than the %zu bytes a socket's "
		    "path may have",
		    sizeof limit.sun_path - 1);
	code = find_group(mail->socket_group, &group, error);
	if (code == 0)
		code = check_directory(place->path, error);
	if (code == 0)
		code = clear_stale(place->path, error);
	if (code == 0)
		code = open_quietly(place, error);
	if (code != 0)
		return code;
	if (group != (gid_t)-1 && chown(place->path, (uid_t)-1, group) != 0)
		return wrong(error, errno,
		    "cannot give %s to group %s: %s: run as root or as a "
		    "member of that group",
		    place->path, mail->socket_group, strerror(errno));
	if (chmod(place->path, (mode_t)mail->socket_mode) != 0 ||
	    lstat(place->path, &place->made) != 0)
		return wrong(error, errno, "%s: %s", place->path,
		    strerror(errno));
	return 0;
}

int
socket_open(struct socket_place *place, const struct usher_mail *mail,
    struct usher_error *error)
{
	memset(place, 0, sizeof *place);
	place->name = strdup(mail->socket);
	if (place->name == NULL)
		return wrong(error, ENOMEM, "out of memory");
	if (strncmp(place->name, "unix:", 5) == 0)
		return open_unix(place, mail, error);
	return open_quietly(place, error);
}

void
socket_wake(const struct socket_place *place)
{
	if (place->length > 0)
		(void)knock(&place->address, place->length);
}

void
socket_close(struct socket_place *place)
{
	struct stat there;

	if (place->path != NULL && place->made.st_ino != 0 &&
	    lstat(place->path, &there) == 0 &&
	    there.st_ino == place->made.st_ino &&
	    there.st_dev == place->made.st_dev)
		(void)unlink(place->path);
	free(place->name);
	memset(place, 0, sizeof *place);
}
