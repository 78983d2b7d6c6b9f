/*
 * redis_link: inside of a connection: redis_pool.c lends it, redis_connect.c
 * makes it, redis_talk.c speaks through it.
 */
#ifndef USHER_REDIS_LINK_H
#define USHER_REDIS_LINK_H

#include "redis_pool.h"

struct redis_link {
	struct redis_pool *pool;
	const struct redis_place *place; /* the pool's */
	redisContext *context;		 /* not blocking */
	/* What was said and is not on its way yet. */
	char *out;
	size_t out_begin, out_end, out_room;
	struct redis_link *next;
};

/* Connects and introduces itself; waits, so the pool's thread alone calls. */
int usher_redis_connect(struct redis_link **link,
    const struct redis_place *place, struct usher_error *error);
void usher_redis_close(struct redis_link *link);
/* Waits for what poll() waits for; ETIMEDOUT. */
int usher_redis_wait(const struct redis_link *link, short events,
    int64_t until_ms);
/*
 * It did not do what it should: closes the gate, and says so. `code`
 * ETIMEDOUT: for again_ms, else until the thread has tried once. EHOSTDOWN.
 */
int usher_redis_fail(const struct redis_link *link, int code, const char *what,
    struct usher_error *error);

#endif
