/*
 * arena: memory that is given back all at once.
 *
 * One arena serves one message, one decision or one compiled policy. Blocks
 * grow by doubling; usher_arena_reset() keeps one block, so an arena that is
 * used again need not allocate. A failed allocation returns NULL and marks the
 * arena, so that a builder may check once at its end.
 */
#ifndef USHER_ARENA_H
#define USHER_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *block; /* newest block, or NULL */
	size_t used;		   /* bytes used of the newest block */
	bool failed;		   /* an allocation has failed */
};

void usher_arena_init(struct arena *arena);
void usher_arena_reset(struct arena *arena);
void usher_arena_free(struct arena *arena);

/* Zeroed memory, aligned for any type; NULL when there is none. */
void *usher_arena_alloc(struct arena *arena, size_t size);

/* The same, of whatever bytes: for what is written before it is read. */
void *usher_arena_room(struct arena *arena, size_t size);

/* `count` zeroed objects of `size` bytes; NULL on overflow as well. */
void *usher_arena_array(struct arena *arena, size_t count, size_t size);

/* Copies with a NUL behind them. */
char *usher_arena_string(struct arena *arena, const char *string);
char *usher_arena_bytes(struct arena *arena, const char *data, size_t length);
char *usher_arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *usher_arena_vprintf(struct arena *arena, const char *format,
    va_list arguments) __attribute__((format(printf, 2, 0)));

#endif
