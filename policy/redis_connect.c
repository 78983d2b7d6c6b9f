/*
 * redis_connect: a new connection: looked up, connected, introduced.
 *
 * See redis_link.h. The one place that may wait for seconds: the pool's thread
 * is the only caller. What was written there by a later Usher is left alone.
 */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "redis_link.h"

enum { CONNECT_MS = 2000 };

void
usher_redis_close(struct redis_link *link)
{
	if (link == NULL)
		return;
	if (link->context != NULL)
		redisFree(link->context);
	free(link->out);
	free(link);
}

static int
failed(const struct redis_place *place, const char *why,
    struct usher_error *error)
{
	return usher_error_set(error, EHOSTDOWN, "%s is not there: %s",
	    place->shown, why);
}

/* Until it is connected, or that has failed. */
static int
await(struct redis_link *link, int64_t until_ms, struct usher_error *error)
{
	socklen_t size = sizeof(int);
	int code;

	if (link->context == NULL)
		return usher_error_set(error, ENOMEM, "out of memory");
	if (link->context->err != 0)
		return failed(link->place, link->context->errstr, error);
	code = usher_redis_wait(link, POLLOUT, until_ms);
	if (code == 0 &&
	    getsockopt(link->context->fd, SOL_SOCKET, SO_ERROR, &code, &size) <
		0)
		code = errno;
	return code == 0 ? 0 : failed(link->place, strerror(code), error);
}

static int
try_address(struct redis_link *link, const struct addrinfo *address,
    int64_t until_ms, struct usher_error *error)
{
	char text[NI_MAXHOST];

	if (link->context != NULL)
		redisFree(link->context);
	link->context = NULL;
	if (getnameinfo(address->ai_addr, address->ai_addrlen, text,
		sizeof(text), NULL, 0, NI_NUMERICHOST) != 0)
		return failed(link->place, "its address is none", error);
	link->context = redisConnectNonBlock(text, link->place->port);
	return await(link, until_ms, error);
}

static int
connect_network(struct redis_link *link, int64_t until_ms,
    struct usher_error *error)
{
	const struct addrinfo wanted = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *all;
	int code = getaddrinfo(link->place->host, NULL, &wanted, &all);

	if (code != 0)
		return failed(link->place, gai_strerror(code), error);
	code = EHOSTDOWN;
	for (const struct addrinfo *at = all; code != 0 && at != NULL;
	     at = at->ai_next)
		code = try_address(link, at, until_ms, error);
	freeaddrinfo(all);
	return code;
}

static int
ask(struct redis_link *link, const struct redis_word *words, size_t count,
    int64_t until_ms, redisReply **reply, struct usher_error *error)
{
	int code = usher_redis_say(link, words, count, error);

	*reply = NULL;
	if (code == 0)
		code = usher_redis_hear(link, until_ms, reply, error);
	if (code == 0)
		code = usher_redis_wrong(link, *reply, error);
	return code;
}

static int
log_in(struct redis_link *link, int64_t until_ms, struct usher_error *error)
{
	const struct redis_place *place = link->place;
	struct redis_word words[3] = { usher_redis_text("AUTH") };
	size_t count = 1;
	redisReply *reply;
	int code;

	if (place->password == NULL)
		return 0;
	if (place->user != NULL)
		words[count++] = usher_redis_text(place->user);
	words[count++] = usher_redis_text(place->password);
	code = ask(link, words, count, until_ms, &reply, error);
	freeReplyObject(reply);
	return code;
}

static int
choose_database(struct redis_link *link, int64_t until_ms,
    struct usher_error *error)
{
	struct redis_word words[2] = { usher_redis_text("SELECT") };
	char number[16];
	redisReply *reply;
	int code;

	if (link->place->database == 0)
		return 0;
	(void)snprintf(number, sizeof(number), "%d", link->place->database);
	words[1] = usher_redis_text(number);
	code = ask(link, words, 2, until_ms, &reply, error);
	freeReplyObject(reply);
	return code;
}

static int
check_format(struct redis_link *link, int64_t until_ms,
    struct usher_error *error)
{
	const struct redis_word words[] = { usher_redis_text("GET"),
		usher_redis_text("usher:format") };
	redisReply *reply;
	int code = ask(link, words, 2, until_ms, &reply, error);

	if (code == 0 && reply->type == REDIS_REPLY_STRING &&
	    strtol(reply->str, NULL, 10) != REDIS_FORMAT)
		code = usher_error_set(error, ENOTSUP,
		    "what is in %s has format %.20s, this version of Usher"
		    " knows %d: use the Usher that wrote it, or another"
		    " database",
		    link->place->shown, reply->str, REDIS_FORMAT);
	freeReplyObject(reply);
	return code;
}

int
usher_redis_connect(struct redis_link **result, const struct redis_place *place,
    struct usher_error *error)
{
	struct redis_link *link = calloc(1, sizeof(*link));
	int64_t until_ms = usher_redis_now_ms() + CONNECT_MS;
	int code;

	*result = NULL;
	if (link == NULL)
		return usher_error_set(error, ENOMEM, "out of memory");
	link->place = place;
	if (place->port != 0) {
		code = connect_network(link, until_ms, error);
	} else {
		link->context = redisConnectUnixNonBlock(place->host);
		code = await(link, until_ms, error);
	}
	if (code == 0)
		code = log_in(link, until_ms, error);
	if (code == 0)
		code = choose_database(link, until_ms, error);
	if (code == 0)
		code = check_format(link, until_ms, error);
	if (code == 0)
		*result = link;
	else
		usher_redis_close(link);
	return code;
}
