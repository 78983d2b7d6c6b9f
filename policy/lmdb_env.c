/*
 * lmdb_env: see lmdb_env.h.
 *
 * LMDB reads its file through a map, and a page past the file's end is
 * SIGBUS. A crash of the file system may leave such; but a few pages at the
 * end may be missing rightly, given back before they were ever written. So
 * those are made, empty: where they are missed LMDB says that the file is
 * damaged (design.md §6).
 *
 * Whoever opens an environment alone resets LMDB's lock file, and sets the
 * last transaction in it once the map is there. Where the map fails, another
 * process that waited finds the reset file and takes the last transaction for
 * 0: it would read an old state, and write over the new one. So only one
 * process opens at a time, by a lock on the folder.
 */
#include "lmdb_env.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TAIL_PAGES = 16 };

static const size_t map_least = (size_t)64 << 20;

/*
 * fallocate() alone does no harm to another process that writes meanwhile:
 * it neither shortens a file nor overwrites anything.
 */
static void
lengthen(MDB_env *env, off_t wanted)
{
	const char *folder;
	char path[4096];
	int file;

	if (mdb_env_get_path(env, &folder) != 0 ||
	    snprintf(path, sizeof(path), "%s/data.mdb", folder) >=
		(int)sizeof(path))
		return;
	file = open(path, O_WRONLY | O_CLOEXEC);
	if (file < 0)
		return;
	(void)fallocate(file, 0, 0, wanted);
	(void)close(file);
}

static bool
is_whole(MDB_env *env)
{
	mdb_filehandle_t file;
	struct stat found;
	MDB_envinfo info;
	MDB_stat pages;
	uint64_t wanted;

	if (mdb_env_info(env, &info) != 0 || mdb_env_stat(env, &pages) != 0 ||
	    mdb_env_get_fd(env, &file) != 0 || fstat(file, &found) < 0)
		return false;
	wanted = ((uint64_t)info.me_last_pgno + 1) * pages.ms_psize;
	if ((uint64_t)found.st_size >= wanted)
		return true;
	if (wanted - (uint64_t)found.st_size >
	    (uint64_t)TAIL_PAGES * pages.ms_psize)
		return false;
	lengthen(env, (off_t)wanted);
	return true;
}

static void
shut(MDB_env **env)
{
	mdb_env_close(*env);
	*env = NULL;
}

/* The largest map that the machine bears, from what is asked downward. */
static int
open_mapped(MDB_env **env, const struct lmdb_place *place)
{
	unsigned flags = MDB_NOTLS | (place->write ? 0 : MDB_RDONLY);
	size_t bytes = place->map_bytes;
	int code;

	for (;;) {
		code = mdb_env_create(env);
		if (code != 0) {
			*env = NULL;
			return code;
		}
		(void)mdb_env_set_maxdbs(*env, place->tables);
		(void)mdb_env_set_maxreaders(*env, LMDB_MOST_READERS);
		code = mdb_env_set_mapsize(*env, bytes);
		if (code == 0)
			code = mdb_env_open(*env, place->directory, flags,
			    place->mode);
		if (code == 0)
			return 0;
		shut(env);
		/* Valgrind says EINVAL where the kernel says ENOMEM. */
		if ((code != ENOMEM && code != EINVAL) || bytes <= map_least)
			return code;
		bytes /= 2;
	}
}

/* -1 where the folder cannot be locked; LMDB then says what is wrong. */
static int
lock_folder(const char *directory)
{
	int folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	while (folder >= 0 && flock(folder, LOCK_EX) < 0 && errno == EINTR)
		continue;
	return folder;
}

int
usher_lmdb_env_open(MDB_env **env, const struct lmdb_place *place)
{
	int folder = lock_folder(place->directory);
	int dead, code = open_mapped(env, place);

	if (folder >= 0)
		(void)close(folder);
	if (code != 0)
		return code;
	/* Readers that were killed hold pages back. */
	(void)mdb_reader_check(*env, &dead);
	if (is_whole(*env))
		return 0;
	shut(env);
	return MDB_CORRUPTED;
}

bool
usher_lmdb_env_is_there(const char *directory)
{
	struct stat now;
	char *path;
	int code;

	if (asprintf(&path, "%s/data.mdb", directory) < 0)
		return true;
	/* Only a plain "no" counts; all else is for LMDB to tell. */
	code = stat(path, &now) < 0 ? errno : 0;
	free(path);
	if (code == 0 && S_ISREG(now.st_mode) && now.st_size == 0)
		return false; /* another process is about to fill it */
	return code != ENOENT;
}

static int
make_folder(const char *path, mode_t mode)
{
	struct stat now;

	if (mkdir(path, mode) == 0)
		return chmod(path, mode | S_ISGID) < 0 ? errno : 0;
	if (errno != EEXIST)
		return errno;
	if (stat(path, &now) < 0)
		return errno;
	return S_ISDIR(now.st_mode) ? 0 : ENOTDIR;
}

int
usher_lmdb_env_make_folders(const char *directory, mode_t mode)
{
	char *outer = strdup(directory);
	int code;

	if (outer == NULL)
		return ENOMEM;
	*strrchr(outer, '/') = '\0';
	code = *outer == '\0' ? 0 : make_folder(outer, 0750);
	free(outer);
	return code == 0 ? make_folder(directory, mode) : code;
}
