/*
 * stopped_disk: to be preloaded; a disk that stops. While the file
 * $STOPPED_DISK_WHILE exists, whoever writes to a file below $STOPPED_DISK, or
 * has one made durable, waits until it is gone. For tests: what has begun
 * cannot be interrupted, just as on a disk that no longer answers.
 *
 * What a program reads through a map, as LMDB does, is not stopped: that needs
 * a file system of its own, and with it rights that a test does not have.
 */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { STEP_MS = 5 };

static int
lies_there(int file)
{
	const char *disk = getenv("STOPPED_DISK");
	char link[64], path[PATH_MAX];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
	length = readlink(link, path, sizeof(path) - 1);
	if (disk == NULL || length < 0)
		return 0;
	path[length] = '\0';
	return strncmp(path, disk, strlen(disk)) == 0;
}

static void
wait_for_disk(int file)
{
	const struct timespec step = { 0, STEP_MS * 1000000L };
	const char *stopped = getenv("STOPPED_DISK_WHILE");
	int before = errno;

	while (
	    stopped != NULL && access(stopped, F_OK) == 0 && lies_there(file))
		(void)nanosleep(&step, NULL);
	errno = before;
}

/* A call of this name, once the disk goes. */
#define STOPPABLE(type, name, parameters, ...)                     \
	type name parameters                                       \
	{                                                          \
		static type(*next) parameters;                     \
		if (next == NULL)                                  \
			*(void **)&next = dlsym(RTLD_NEXT, #name); \
		wait_for_disk(file);                               \
		return next(__VA_ARGS__);                          \
	}

STOPPABLE(ssize_t, write, (int file, const void *bytes, size_t length), file,
    bytes, length)
STOPPABLE(ssize_t, writev, (int file, const struct iovec *parts, int count),
    file, parts, count)
STOPPABLE(ssize_t, pwrite,
    (int file, const void *bytes, size_t length, off_t at), file, bytes, length,
    at)
STOPPABLE(ssize_t, pwrite64,
    (int file, const void *bytes, size_t length, off_t at), file, bytes, length,
    at)
STOPPABLE(ssize_t, pwritev,
    (int file, const struct iovec *parts, int count, off_t at), file, parts,
    count, at)
STOPPABLE(ssize_t, pwritev64,
    (int file, const struct iovec *parts, int count, off_t at), file, parts,
    count, at)
STOPPABLE(int, ftruncate, (int file, off_t length), file, length)
STOPPABLE(int, ftruncate64, (int file, off_t length), file, length)
STOPPABLE(int, fsync, (int file), file)
STOPPABLE(int, fdatasync, (int file), file)
