/*
 * lmdb_whole: see lmdb_whole.h.
 *
 * LMDB reads its file through a map, and a page past the file's end is
 * SIGBUS. A crash of the file system may leave such; but a few pages at the
 * end may be missing rightly, given back before they were ever written. So
 * those are made, empty: where they are missed LMDB says that the file is
 * damaged (design.md §6).
 */
#include "lmdb_whole.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TAIL_PAGES = 16 };

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

bool
usher_lmdb_is_whole(MDB_env *env)
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
