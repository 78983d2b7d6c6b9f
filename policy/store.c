/*
 * store: see store.h.  Chooses the engine by the configured name.
 */
#include "store.h"

#include <errno.h>
#include <string.h>

#include "error.h"

int
usher_store_open(struct store **store, const char *url,
    const struct store_options *options, struct usher_error *error)
{
	static const struct store_options none;

	*store = NULL;
	if (strncmp(url, "lmdb:", 5) == 0)
		return usher_store_open_lmdb(store, url + 5,
		    options == NULL ? &none : options, error);
	if (strncmp(url, "redis", 5) == 0)
		return usher_store_open_redis(store, url,
		    options == NULL ? &none : options, error);
	return usher_error_set(error, EINVAL,
	    "\"%s\" is no store; write \"lmdb:DIRECTORY\" or"
	    " \"redis://HOST:6379/0\"",
	    url);
}

void
usher_store_close(struct store *store)
{
	if (store != NULL)
		store->engine->close(store);
}

const char *
usher_store_name(struct arena *arena, const struct address *address)
{
	/* a@b as a SIP address is not the mailbox a@b. */
	static const char scheme[] = "sip:";
	size_t length;
	char *name;

	if (address->kind != ADDRESS_SIP)
		return address->text;
	length = strlen(address->text);
	name = usher_arena_room(arena, sizeof(scheme) + length);
	if (name != NULL)
		memcpy(mempcpy(name, scheme, sizeof(scheme) - 1), address->text,
		    length + 1);
	return name;
}
