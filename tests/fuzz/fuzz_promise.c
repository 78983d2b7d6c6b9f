/*
 * Promises come back from the store as bytes, and senders as whatever a client
 * wrote: what was read can be written, and a folded name stays as it is.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "promise.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool good)
{
	if (!good)
		abort();
}

static void
read_promises(struct arena *arena, const struct usher_record_value *value)
{
	struct promise_list list, again;
	struct buffer buffer = { 0 };
	struct usher_record_value fresh = { .bytes = NULL };

	if (usher_promise_unpack(arena, value, &list) != 0) {
		require(list.count == 0);
		return;
	}
	require(list.count <= PROMISE_MOST);
	usher_promise_pack(&list, &buffer, &fresh.until);
	fresh.bytes = buffer.data;
	fresh.length = buffer.length;
	require(usher_promise_unpack(arena, &fresh, &again) == 0 &&
	    again.count == list.count);
	for (size_t i = 0; i < list.count; i++) {
		require(strcmp(list.entries[i].party, again.entries[i].party) ==
			0 &&
		    list.entries[i].used_at == again.entries[i].used_at);
		(void)usher_promise_lives(&list.entries[i],
		    list.entries[0].party, list.entries[0].proven,
		    list.entries[0].from);
	}
	usher_buffer_free(&buffer);
}

static void
read_proof(struct arena *arena, const struct usher_record_value *value)
{
	struct proof_list list;
	struct buffer buffer = { 0 };
	int64_t until;

	if (usher_proof_unpack(arena, value, &list) == 0) {
		require(list.count <= PROMISE_MOST);
		usher_proof_pack(&list, &buffer, &until);
	}
	usher_buffer_free(&buffer);
}

static void
fold(struct arena *arena, const uint8_t *data, size_t size)
{
	char *address = strndup((const char *)data, size);
	const char *once;

	require(address != NULL);
	once = usher_promise_fold(arena, address);
	require(once != NULL && strlen(once) <= strlen(address));
	free(address);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct usher_record_value value = { .bytes = data,
		.length = size,
		.until = INT64_MAX };
	struct arena arena;

	usher_arena_init(&arena);
	read_promises(&arena, &value);
	read_proof(&arena, &value);
	fold(&arena, data, size);
	usher_arena_free(&arena);
	return 0;
}
