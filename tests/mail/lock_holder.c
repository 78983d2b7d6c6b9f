/*
 * lock_holder FOLDER: takes LMDB's write lock of an environment, says so, and
 * keeps it until standard input ends. For tests: a publisher that hangs.
 */
#include <stdio.h>
#include <unistd.h>

#include <lmdb.h>

int
main(int argc, char **argv)
{
	MDB_env *env;
	MDB_txn *txn;
	char byte;

	if (argc != 2 || mdb_env_create(&env) != 0 ||
	    mdb_env_set_maxdbs(env, 16) != 0 ||
	    mdb_env_open(env, argv[1], MDB_NOTLS, 0640) != 0 ||
	    mdb_txn_begin(env, NULL, 0, &txn) != 0)
		return 1;
	puts("locked");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	mdb_txn_abort(txn);
	mdb_env_close(env);
	return 0;
}
