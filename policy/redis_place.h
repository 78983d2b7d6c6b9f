/*
 * redis_place: where a Redis is and how long it may take, from the `store` of
 * usher.conf (design.md §11).
 *
 *	redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE][?OPTIONS]
 *	redis+unix://[USER:PASSWORD@]/SOCKET[?OPTIONS]
 *
 * Options are db, read_ms, commit_ms and again_ms (how long one that did not
 * answer is left alone), with & between. USER may be left
 * out; what stands in a user, password or socket may be written as %XX.
 */
#ifndef USHER_REDIS_PLACE_H
#define USHER_REDIS_PLACE_H

struct redis_place {
	char *host; /* or the path of a socket */
	int port;   /* 0: a socket */
	int database;
	char *user, *password; /* or NULL */
	int read_ms, commit_ms, again_ms;
	char *shown; /* for sentences: no password in it */
};

/* EINVAL: it is no such place, *why says what to do. ENOMEM. */
int usher_redis_place_read(struct redis_place *place, const char *url,
    const char **why);
void usher_redis_place_free(struct redis_place *place);

#endif
