/*
 * redis_place: see redis_place.h.  Called by site.c, which only asks whether it
 * is well written, and by whoever opens the store.
 */
#include "redis_place.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	DEFAULT_PORT = 6379,
	READ_MS = 20, /* design-mail.md "When something fails" */
	COMMIT_MS = 200,
	AGAIN_MS = 5000,
	MOST_MS = 60000,
	MOST_DATABASE = 9999
};

static const char tls[] = "TLS to Redis is not built: reach it through a"
			  " tunnel (stunnel, WireGuard), or write redis://";
static const char form[] = "write \"redis://host:6379/0\" or"
			   " \"redis+unix:///run/redis/redis.sock\"";

/* Digits up to `length` as a number within most; -1: they are none. */
static int
number_of(const char *text, size_t length, int most)
{
	long number = 0;

	if (length == 0 || length > 5)
		return -1;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		number = number * 10 + (text[i] - '0');
	}
	return number > most ? -1 : (int)number;
}

static int
hex_of(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *at = c == '\0' ? NULL : strchr(digits, c);

	return at == NULL ? -1 : (int)((at - digits) % 16);
}

/* A copy with %XX read; NULL: no memory, or not well written. */
static char *
decoded(const char *text, size_t length)
{
	char *copy = malloc(length + 1), *to = copy;

	for (size_t i = 0; copy != NULL && i < length; i++) {
		int high = -1, low = -1;

		if (text[i] != '%') {
			*to++ = text[i];
			continue;
		}
		if (i + 2 < length) {
			high = hex_of(text[i + 1]);
			low = hex_of(text[i + 2]);
		}
		if (high < 0 || low < 0 || high + low == 0) {
			free(copy);
			return NULL;
		}
		*to++ = (char)(high * 16 + low);
		i += 2;
	}
	if (copy != NULL)
		*to = '\0';
	return copy;
}

/* [USER:PASSWORD@], which ends at the last @ of what it stands in. */
static bool
read_who(struct redis_place *place, const char **at, size_t *length)
{
	const char *end = memrchr(*at, '@', *length), *colon;

	if (end == NULL)
		return true;
	colon = memchr(*at, ':', (size_t)(end - *at));
	if (colon == NULL || colon + 1 == end)
		return false;
	place->password = decoded(colon + 1, (size_t)(end - colon) - 1);
	if (colon != *at)
		place->user = decoded(*at, (size_t)(colon - *at));
	*length -= (size_t)(end + 1 - *at);
	if (place->password == NULL || (colon != *at && place->user == NULL))
		return false;
	*at = end + 1;
	return true;
}

static bool
read_option(struct redis_place *place, const char *at, size_t length)
{
	const struct {
		const char *name;
		int *value, least, most;
	} options[] = { { "db=", &place->database, 0, MOST_DATABASE },
		{ "read_ms=", &place->read_ms, 1, MOST_MS },
		{ "commit_ms=", &place->commit_ms, 1, MOST_MS },
		{ "again_ms=", &place->again_ms, 1, MOST_MS } };

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		size_t name = strlen(options[i].name);

		if (length <= name || memcmp(at, options[i].name, name) != 0)
			continue;
		*options[i].value = number_of(at + name, length - name,
		    options[i].most);
		return *options[i].value >= options[i].least;
	}
	return false;
}

/* All behind the question mark, if there is one. */
static bool
read_options(struct redis_place *place, const char *at)
{
	bool good = true;

	while (good && *at != '\0') {
		size_t length = strcspn(++at, "&");

		good = read_option(place, at, length);
		at += length;
	}
	return good;
}

/* HOST[:PORT], an IPv6 host in [ ]; then a slash or the end. */
static bool
read_host(struct redis_place *place, const char *at, size_t length)
{
	size_t host = 0, port;

	if (length > 0 && *at == '[') {
		const char *end = memchr(at, ']', length);

		if (end == NULL || end == at + 1)
			return false;
		host = (size_t)(end - at) - 1;
		place->host = strndup(at + 1, host);
		host += 2;
	} else {
		while (host < length && at[host] != ':')
			host++;
		place->host = strndup(at, host);
	}
	place->port = DEFAULT_PORT;
	if (host == 0 || (host < length && at[host] != ':'))
		return false;
	port = length - host;
	if (port > 0)
		place->port = number_of(at + host + 1, port - 1, 65535);
	return place->port > 0;
}

static bool
read_network(struct redis_place *place, const char *at)
{
	size_t all = strcspn(at, "?"), length = strcspn(at, "/?"), database;
	const char *rest;

	/* A password may hold a slash. */
	rest = memrchr(at, '@', all);
	if (rest != NULL)
		length = (size_t)(rest - at) + strcspn(rest, "/?");
	rest = at + length;
	if (!read_who(place, &at, &length) || !read_host(place, at, length))
		return false;
	if (*rest == '/') {
		database = strcspn(++rest, "?");
		if (database > 0)
			place->database = number_of(rest, database,
			    MOST_DATABASE);
		rest += database;
	}
	return place->database >= 0 && read_options(place, rest);
}

static bool
read_socket(struct redis_place *place, const char *at)
{
	size_t length = strcspn(at, "?");
	const char *rest = at + length;

	if (!read_who(place, &at, &length) || length < 2 || *at != '/')
		return false;
	place->host = decoded(at, length);
	return place->host != NULL && read_options(place, rest);
}

static bool
show(struct redis_place *place)
{
	int length;

	if (place->port == 0)
		length = asprintf(&place->shown, "Redis at %s", place->host);
	else
		length = asprintf(&place->shown,
		    strchr(place->host, ':') == NULL ? "Redis at %s:%d"
						     : "Redis at [%s]:%d",
		    place->host, place->port);
	if (length < 0)
		place->shown = NULL;
	return length >= 0;
}

int
usher_redis_place_read(struct redis_place *place, const char *url,
    const char **why)
{
	bool good = false;

	*place = (struct redis_place){ .read_ms = READ_MS,
		.commit_ms = COMMIT_MS,
		.again_ms = AGAIN_MS };
	*why = form;
	if (strncmp(url, "rediss:", 7) == 0)
		*why = tls;
	else if (strpbrk(url, " \t\r\n#") != NULL)
		good = false;
	else if (strncmp(url, "redis://", 8) == 0)
		good = read_network(place, url + 8);
	else if (strncmp(url, "redis+unix://", 13) == 0)
		good = read_socket(place, url + 13);
	if (!good) {
		usher_redis_place_free(place);
		return EINVAL;
	}
	if (place->host == NULL || !show(place)) {
		usher_redis_place_free(place);
		return ENOMEM;
	}
	return 0;
}

void
usher_redis_place_free(struct redis_place *place)
{
	free(place->host);
	free(place->user);
	free(place->password);
	free(place->shown);
	*place = (struct redis_place){ .host = NULL };
}
