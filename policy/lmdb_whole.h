/*
 * lmdb_whole: whether an LMDB file has all its pages; for store_lmdb_env.c and
 * record_lmdb_env.c.
 */
#ifndef USHER_LMDB_WHOLE_H
#define USHER_LMDB_WHOLE_H

#include <stdbool.h>

#include <lmdb.h>

/* Before the first transaction: a page that is not there ends the program. */
bool usher_lmdb_is_whole(MDB_env *env);

#endif
