/*
 * lmdb_env: an LMDB environment as the store's policies and its memory both
 * have it: its folders made, opened by one process at a time, whole; for
 * store_lmdb_env.c and record_lmdb_env.c.
 */
#ifndef USHER_LMDB_ENV_H
#define USHER_LMDB_ENV_H

#include <lmdb.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { LMDB_MOST_READERS = 2048 };

struct lmdb_place {
	const char *directory;
	size_t map_bytes; /* at most; address space only */
	unsigned tables;
	mode_t mode; /* of its files */
	bool write;
};

/* 0 or a code of LMDB's; MDB_CORRUPTED when pages are missing at the end. */
int usher_lmdb_env_open(MDB_env **env, const struct lmdb_place *place);
/* False when there are no files, or empty ones that another process fills. */
bool usher_lmdb_env_is_there(const char *directory);
/*
 * The folder and the one above it, which is 0750, set-group-id both; what was
 * there already keeps its mode. Returns an errno value.
 */
int usher_lmdb_env_make_folders(const char *directory, mode_t mode);

#endif
