/*
 * redis_server: a Redis of the test's own, where USHER_TEST_STORE=redis asks
 * for that engine: on a socket in a temporary folder, emptied before each test,
 * ended with the test.
 */
#ifndef REDIS_SERVER_H
#define REDIS_SERVER_H

#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
	char folder[64];
	pid_t process, owner;
} redis_server;

static inline bool
redis_is_tested(void)
{
	const char *store = getenv("USHER_TEST_STORE");

	return store != NULL && strcmp(store, "redis") == 0;
}

/* A test machine may stand still for seconds: its limits are long. */
static inline void
redis_url(char *url, size_t size)
{
	(void)snprintf(url, size,
	    "redis+unix://%s/socket?read_ms=20000&commit_ms=20000",
	    redis_server.folder);
}

/* One command as the tests' own; whether Redis took it. */
static inline bool
redis_says(const char *command)
{
	char path[96];
	redisContext *context;
	redisReply *reply;
	bool good;

	(void)snprintf(path, sizeof(path), "%s/socket", redis_server.folder);
	context = redisConnectUnix(path);
	reply = context == NULL || context->err != 0
	    ? NULL
	    : redisCommand(context, command);
	good = reply != NULL && reply->type != REDIS_REPLY_ERROR;
	if (reply != NULL)
		freeReplyObject(reply);
	if (context != NULL)
		redisFree(context);
	return good;
}

static inline void
redis_end(void)
{
	char path[96];

	if (redis_server.owner != getpid())
		return;
	if (redis_server.process != 0) {
		(void)kill(redis_server.process, SIGKILL);
		(void)waitpid(redis_server.process, NULL, 0);
	}
	redis_server.process = 0;
	(void)snprintf(path, sizeof(path), "%s/socket", redis_server.folder);
	(void)unlink(path);
	(void)rmdir(redis_server.folder);
}

static inline void
redis_run(pid_t parent)
{
	char path[96];

	(void)snprintf(path, sizeof(path), "%s/socket", redis_server.folder);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || freopen("/dev/null", "w", stdout) == NULL)
		_exit(1);
	(void)execlp("redis-server", "redis-server", "--port", "0",
	    "--unixsocket", path, "--save", "", "--appendonly", "no", "--dir",
	    redis_server.folder, "--databases", "1", NULL);
	_exit(127);
}

/* The same for one that is started again. */
static inline bool
redis_folder(void)
{
	if (redis_server.folder[0] != '\0')
		return true;
	(void)strcpy(redis_server.folder, "/tmp/test_redis.XXXXXX");
	return mkdtemp(redis_server.folder) != NULL && atexit(redis_end) == 0;
}

/* Starts it for the first test; empty for each. */
static inline bool
redis_begin(void)
{
	if (redis_server.process == 0) {
		pid_t parent = getpid();

		if (!redis_folder())
			return false;
		redis_server.owner = parent;
		redis_server.process = fork();
		if (redis_server.process < 0)
			return false;
		if (redis_server.process == 0)
			redis_run(parent);
	}
	for (int i = 0; i < 3000; i++) {
		if (redis_says("FLUSHALL"))
			return true;
		if (waitpid(redis_server.process, NULL, WNOHANG) != 0)
			break;
		(void)usleep(10000);
	}
	(void)fprintf(stderr, "redis-server does not run\n");
	return false;
}

#endif
