/*
 * lock_holder FOLDER: takes LMDB's write lock of an environment, says so, and
 * keeps it until standard input ends. For tests: a publisher that hangs.
 *
 * An environment that is only being made is waited for.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include <lmdb.h>

enum { TRIES = 1000, STEP_MS = 20 };

static MDB_txn *
lock_open(MDB_env **env, const char *folder)
{
	MDB_txn *txn;

	if (mdb_env_create(env) != 0)
		return NULL;
	if (mdb_env_set_maxdbs(*env, 16) == 0 &&
	    mdb_env_open(*env, folder, MDB_NOTLS, 0640) == 0 &&
	    mdb_txn_begin(*env, NULL, 0, &txn) == 0)
		return txn;
	mdb_env_close(*env);
	return NULL;
}

/* Openings take turns by a lock on the folder (policy/lmdb_env.c). */
static MDB_txn *
lock(MDB_env **env, const char *folder)
{
	int turn = open(folder, O_RDONLY | O_DIRECTORY);
	MDB_txn *txn = NULL;

	if (turn < 0)
		return NULL;
	if (flock(turn, LOCK_EX) == 0 &&
	    faccessat(turn, "data.mdb", F_OK, 0) == 0)
		txn = lock_open(env, folder);
	close(turn);
	return txn;
}

int
main(int argc, char **argv)
{
	MDB_env *env = NULL;
	MDB_txn *txn = NULL;
	char byte;

	for (int i = 0; argc == 2 && txn == NULL && i < TRIES; i++) {
		txn = lock(&env, argv[1]);
		if (txn == NULL)
			nanosleep(&(struct timespec){ 0, STEP_MS * 1000000L },
			    NULL);
	}
	if (txn == NULL)
		return 1;
	puts("locked");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	mdb_txn_abort(txn);
	mdb_env_close(env);
	return 0;
}
