/*
 * arena: see arena.h.
 */
#include "arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Most arenas hold a few names. With what malloc() adds, the first two blocks
 * are of sizes that it hands out without a lock.
 */
enum { FIRST_BLOCK = 480, LARGEST_KEPT = 4096, LARGEST_STEP = 1 << 20 };

struct arena_block {
	struct arena_block *older;
	size_t size;
	alignas(max_align_t) unsigned char data[];
};

void
usher_arena_init(struct arena *arena)
{
	arena->block = NULL;
	arena->used = 0;
	arena->failed = false;
}

void
usher_arena_free(struct arena *arena)
{
	struct arena_block *block = arena->block;

	while (block != NULL) {
		struct arena_block *older = block->older;

		free(block);
		block = older;
	}
	usher_arena_init(arena);
}

/* One block is kept, the largest that is not too large to lie idle. */
void
usher_arena_reset(struct arena *arena)
{
	struct arena_block *block = arena->block, *kept = NULL;

	while (block != NULL) {
		struct arena_block *older = block->older;

		if (kept == NULL &&
		    (block->size <= LARGEST_KEPT || older == NULL))
			kept = block;
		else
			free(block);
		block = older;
	}
	if (kept != NULL)
		kept->older = NULL;
	arena->block = kept;
	arena->used = 0;
	arena->failed = false;
}

static bool
grow(struct arena *arena, size_t size)
{
	size_t step = arena->block == NULL ? FIRST_BLOCK
					   : arena->block->size * 2;
	struct arena_block *block;

	if (step > LARGEST_STEP)
		step = LARGEST_STEP;
	if (step < size)
		step = size;
	block = malloc(sizeof(*block) + step);
	if (block == NULL)
		return false;
	block->older = arena->block;
	block->size = step;
	arena->block = block;
	arena->used = 0;
	return true;
}

void *
usher_arena_room(struct arena *arena, size_t size)
{
	const size_t align = alignof(max_align_t);
	void *memory;

	if (size > SIZE_MAX / 2)
		goto failed;
	size = (size + align - 1) / align * align;
	if (arena->block == NULL || arena->block->size - arena->used < size)
		if (!grow(arena, size))
			goto failed;
	memory = arena->block->data + arena->used;
	arena->used += size;
	return memory;
failed:
	arena->failed = true;
	return NULL;
}

void *
usher_arena_alloc(struct arena *arena, size_t size)
{
	void *memory = usher_arena_room(arena, size);

	return memory == NULL ? NULL : memset(memory, 0, size);
}

void *
usher_arena_array(struct arena *arena, size_t count, size_t size)
{
	if (size != 0 && count > SIZE_MAX / size) {
		arena->failed = true;
		return NULL;
	}
	return usher_arena_alloc(arena, count * size);
}

char *
usher_arena_bytes(struct arena *arena, const char *data, size_t length)
{
	char *copy = usher_arena_room(arena, length + 1);

	if (copy == NULL)
		return NULL;
	if (length > 0)
		memcpy(copy, data, length);
	copy[length] = '\0';
	return copy;
}

char *
usher_arena_string(struct arena *arena, const char *string)
{
	return usher_arena_bytes(arena, string, strlen(string));
}

char *
usher_arena_vprintf(struct arena *arena, const char *format, va_list arguments)
{
	char most[256]; /* what is longer is formatted twice */
	va_list again;
	char *text;
	int length;

	va_copy(again, arguments);
	length = vsnprintf(most, sizeof(most), format, again);
	va_end(again);
	if (length < 0) {
		arena->failed = true;
		return NULL;
	}
	if ((size_t)length < sizeof(most))
		return usher_arena_bytes(arena, most, (size_t)length);
	text = usher_arena_alloc(arena, (size_t)length + 1);
	if (text != NULL)
		(void)vsnprintf(text, (size_t)length + 1, format, arguments);
	return text;
}

char *
usher_arena_printf(struct arena *arena, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = usher_arena_vprintf(arena, format, arguments);
	va_end(arguments);
	return text;
}
