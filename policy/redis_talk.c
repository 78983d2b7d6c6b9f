/*
 * redis_talk: commands and replies of one connection, each within its time.
 *
 * See redis_pool.h. hiredis writes and reads the protocol (RESP2); sending and
 * waiting is done here, since its own time limits count each system call anew,
 * and a connection that was closed must not end a program by a signal.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "error.h"
#include "redis_link.h"

enum { MOST_WORDS = 12 };

int64_t
usher_redis_now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int
usher_redis_wait(const struct redis_link *link, short events, int64_t until_ms)
{
	struct pollfd fd = { .fd = link->context->fd, .events = events };

	for (;;) {
		int64_t left = until_ms - usher_redis_now_ms();
		int ready = poll(&fd, 1,
		    left < 0		? 0
			: left > 100000 ? 100000
					: (int)left);

		if (ready > 0)
			return 0;
		if (ready == 0 && left <= 0)
			return ETIMEDOUT;
		if (ready < 0 && errno != EINTR)
			return errno;
	}
}

static int
broken(const struct redis_link *link, int code, struct usher_error *error)
{
	if (link->context->err == REDIS_ERR_OOM)
		return usher_error_set(error, ENOMEM, "out of memory");
	if (code == 0)
		code = link->context->err == REDIS_ERR_EOF ? ECONNRESET : EIO;
	return usher_redis_fail(link, code,
	    code == ETIMEDOUT		  ? "it did not answer in time"
		: link->context->err == 0 ? strerror(code)
					  : link->context->errstr,
	    error);
}

/* Room for so much more behind what waits to be sent. */
static bool
make_room(struct redis_link *link, size_t length)
{
	size_t room = link->out_room == 0 ? 1024 : link->out_room;
	char *out;

	while (room - link->out_end < length)
		room *= 2;
	if (room == link->out_room)
		return true;
	out = realloc(link->out, room);
	if (out == NULL)
		return false;
	link->out = out;
	link->out_room = room;
	return true;
}

int
usher_redis_say(struct redis_link *link, const struct redis_word *words,
    size_t count, struct usher_error *error)
{
	const char *bytes[MOST_WORDS];
	size_t lengths[MOST_WORDS];
	char *command = NULL;
	int length;
	bool good;

	if (count > MOST_WORDS)
		return usher_error_set(error, E2BIG, "a command is too long");
	for (size_t i = 0; i < count; i++) {
		bytes[i] = words[i].bytes;
		lengths[i] = words[i].length;
	}
	length = redisFormatCommandArgv(&command, (int)count, bytes, lengths);
	good = length > 0 && make_room(link, (size_t)length);
	if (good) {
		memcpy(link->out + link->out_end, command, (size_t)length);
		link->out_end += (size_t)length;
	}
	if (length > 0)
		redisFreeCommand(command);
	return good ? 0 : usher_error_set(error, ENOMEM, "out of memory");
}

/* All that was said is on its way. */
static int
flush(struct redis_link *link, int64_t until_ms, struct usher_error *error)
{
	while (link->out_begin < link->out_end) {
		ssize_t sent = send(link->context->fd,
		    link->out + link->out_begin,
		    link->out_end - link->out_begin, MSG_NOSIGNAL);
		int code;

		if (sent > 0)
			link->out_begin += (size_t)sent;
		if (sent >= 0 || errno == EINTR)
			continue;
		code = errno == EAGAIN
		    ? usher_redis_wait(link, POLLOUT, until_ms)
		    : errno;
		if (code != 0)
			return broken(link, code, error);
	}
	link->out_begin = link->out_end = 0;
	return 0;
}

int
usher_redis_hear(struct redis_link *link, int64_t until_ms, redisReply **reply,
    struct usher_error *error)
{
	void *found = NULL;
	int code;

	*reply = NULL;
	for (;;) {
		if (redisGetReplyFromReader(link->context, &found) != REDIS_OK)
			return broken(link, 0, error);
		if (found != NULL)
			break;
		if ((code = flush(link, until_ms, error)) != 0)
			return code;
		code = usher_redis_wait(link, POLLIN, until_ms);
		if (code != 0)
			return broken(link, code, error);
		if (redisBufferRead(link->context) != REDIS_OK)
			return broken(link, 0, error);
	}
	*reply = found;
	return 0;
}

int
usher_redis_wrong(const struct redis_link *link, const redisReply *reply,
    struct usher_error *error)
{
	static const struct {
		const char *word;
		int code;
		const char *advice;
	} known[] = {
		{ "LOADING", EAGAIN, "it reads its data; wait for it" },
		{ "NOAUTH", EACCES,
		    "write the user and password into `store`" },
		{ "WRONGPASS", EACCES,
		    "mend the user and password in `store`" },
		{ "NOPERM", EACCES,
		    "its user needs the keys usher:* and these commands" },
		{ "READONLY", EROFS,
		    "`store` must name the primary, not a replica" },
		{ "OOM", ENOSPC, "give it more memory (maxmemory)" },
		{ "MISCONF", ENOSPC, "it cannot save to its disk" },
		{ "NOREPLICAS", EROFS, "too few replicas are there" },
	};
	const char *advice = "see its log";
	int code = EIO;

	if (reply->type != REDIS_REPLY_ERROR)
		return 0;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t length = strlen(known[i].word);

		if (reply->len >= length &&
		    memcmp(reply->str, known[i].word, length) == 0) {
			code = known[i].code;
			advice = known[i].advice;
		}
	}
	/* EAGAIN is a race lost, to others. */
	return usher_error_set(error, code == EAGAIN ? EHOSTDOWN : code,
	    "%s says \"%.200s\": %s", link->place->shown, reply->str, advice);
}
