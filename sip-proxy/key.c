/*
 * key.c - the site's secret, in a file beside the store.
 *
 * Instances that share a store share the key: each then knows the other's
 * Record-Route. The file appears whole or not at all: it is written aside and
 * linked, and whoever finds it there already reads it. See mac.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mac.h"

static int
read_whole(const char *path, uint8_t key[MAC_KEY])
{
	uint8_t bytes[MAC_KEY + 1];
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int result;

	if (fd < 0)
		return errno;
	got = read(fd, bytes, sizeof(bytes));
	result = got < 0 ? errno : got == MAC_KEY ? 0 : EBADMSG;
	close(fd);
	if (result == 0)
		memcpy(key, bytes, MAC_KEY);
	return result;
}

static int
write_aside(const char *path, const uint8_t key[MAC_KEY])
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int result = 0;

	if (fd < 0)
		return errno;
	if (write(fd, key, MAC_KEY) != MAC_KEY || fsync(fd) != 0)
		result = errno != 0 ? errno : EIO;
	close(fd);
	return result;
}

static int
make_file(const char *path, const uint8_t key[MAC_KEY])
{
	char aside[4200];
	int result;

	if (snprintf(aside, sizeof(aside), "%s.%ld", path, (long)getpid()) >=
	    (int)sizeof(aside))
		return ENAMETOOLONG;
	result = write_aside(aside, key);
	if (result == 0 && link(aside, path) != 0)
		result = errno;
	unlink(aside);
	return result;
}

int
mac_key_load(const char *directory, uint8_t key[MAC_KEY])
{
	uint8_t fresh[MAC_KEY];
	char path[4096];
	int result;

	if (getrandom(key, MAC_KEY, 0) != MAC_KEY)
		return EIO;
	if (directory == NULL)
		return ENOENT;
	if (snprintf(path, sizeof(path), "%s/sip.key", directory) >=
	    (int)sizeof(path))
		return ENAMETOOLONG;
	result = read_whole(path, key);
	if (result != ENOENT)
		return result;
	memcpy(fresh, key, MAC_KEY);
	result = make_file(path, fresh);
	return result == EEXIST ? read_whole(path, key) : result;
}
