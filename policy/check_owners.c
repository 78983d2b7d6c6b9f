/*
 * check_owners: that no address or number stands in two files, told before
 * `usher publish` refuses the second of them (design.md §4, "Limits").
 *
 * Called by `usher check` for every source of a site, in the order in which
 * they are published. Names are those of the store, so that both agree on
 * what is one.
 */
#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "error.h"
#include "store.h"

struct usher_owners {
	struct arena arena;
	GHashTable *paths; /* by name */
};

struct usher_owners *
usher_owners_new(void)
{
	struct usher_owners *owners = calloc(1, sizeof(*owners));

	if (owners == NULL)
		return NULL;
	usher_arena_init(&owners->arena);
	owners->paths = g_hash_table_new(g_str_hash, g_str_equal);
	return owners;
}

void
usher_owners_free(struct usher_owners *owners)
{
	if (owners == NULL)
		return;
	g_hash_table_destroy(owners->paths);
	usher_arena_free(&owners->arena);
	free(owners);
}

static int
add_name(struct usher_owners *owners, const char *name, const char *path,
    struct usher_problems *problems)
{
	const char *shown = strncmp(name, "sip:", 4) == 0 ? name + 4 : name;
	const char *owner = g_hash_table_lookup(owners->paths, name);
	char *own_name, *own_path;

	if (owner == NULL) {
		own_name = usher_arena_string(&owners->arena, name);
		own_path = usher_arena_string(&owners->arena, path);
		if (own_name == NULL || own_path == NULL)
			return ENOMEM;
		g_hash_table_insert(owners->paths, own_name, own_path);
	} else if (strcmp(owner, path) != 0)
		usher_problems_add(problems, false, path, 1,
		    "%s belongs to %s already: an address or number belongs"
		    " to one file",
		    shown, owner);
	return 0;
}

int
usher_owners_add(struct usher_owners *owners, const struct usher_policy *policy,
    const char *path, struct usher_problems *problems)
{
	int code = 0;

	for (size_t i = 0; code == 0 && i < policy->address_count; i++) {
		const char *name = usher_store_name(&owners->arena,
		    &policy->addresses[i]);

		code = name == NULL ? ENOMEM
				    : add_name(owners, name, path, problems);
	}
	for (size_t i = 0; code == 0 && i < policy->fax_count; i++)
		code = add_name(owners, policy->faxes[i], path, problems);
	return code;
}
