/*
 * redis_pool: connections to a Redis, kept and shared by a program's threads.
 *
 * A thread of the pool's own looks the host up, connects and introduces
 * itself, so that whoever asks waits for an answer alone, and no longer than
 * he says. One connection serves one thread at a time; a busy program has
 * several, so that none waits behind another's. Who did not answer in time is
 * not asked again for again_ms: all are told so at once (design-mail.md "When
 * something fails"). EHOSTDOWN is that answer. Used by record_redis*.c and
 * store_redis*.c.
 */
#ifndef USHER_REDIS_POOL_H
#define USHER_REDIS_POOL_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "redis_place.h"
#include "usher.h"

enum { REDIS_FORMAT = 1 };

struct redis_pool;
struct redis_link; /* a connection, taken by one thread */

/* Takes the place over, whatever the answer. Nothing is connected yet. */
int usher_redis_pool_new(struct redis_pool **pool, struct redis_place *place);
void usher_redis_pool_free(struct redis_pool *pool);
const struct redis_place *usher_redis_pool_place(const struct redis_pool *pool);

/* By a clock that only goes on. */
int64_t usher_redis_now_ms(void);

/*
 * A connection, until then at the latest. Everything that was asked must have
 * been answered before it is given back.
 */
int usher_redis_take(struct redis_pool *pool, int64_t until_ms,
    struct redis_link **link, struct usher_error *error);
void usher_redis_give(struct redis_link *link);
/* Closes one that nothing is known of. */
void usher_redis_drop(struct redis_link *link);

/* One word of a command. */
struct redis_word {
	const void *bytes;
	size_t length;
};
static inline struct redis_word
usher_redis_text(const char *text)
{
	return (struct redis_word){ text, __builtin_strlen(text) };
}

/* Adds a command to what is sent with the next reply that is asked for. */
int usher_redis_say(struct redis_link *link, const struct redis_word *words,
    size_t count, struct usher_error *error);
/*
 * The next reply, the caller's to free. After an error that is EHOSTDOWN or
 * ENOMEM the connection is of no more use: drop it.
 */
int usher_redis_hear(struct redis_link *link, int64_t until_ms,
    redisReply **reply, struct usher_error *error);
/* A sentence for what Redis says is wrong; 0 when it is no error. */
int usher_redis_wrong(const struct redis_link *link, const redisReply *reply,
    struct usher_error *error);

#endif
