/*
 * publish_swap: files that wait for each other's names, as two do whose
 * recipients change places. Called by publish.c when no single one of them can
 * be published; those that can together are taken out and put in again, in the
 * same transaction.
 */
#include "publish.h"

#include <errno.h>
#include <string.h>

struct part { /* one that waits */
	const char *path;
	const char **names; /* it asks for */
	size_t count;
	bool fits;
};

struct swap {
	struct publish_run *run;
	struct arena arena;
	struct part *parts;
	size_t count;
};

static bool
asks_for(const struct part *part, const char *name)
{
	for (size_t i = 0; i < part->count; i++)
		if (strcmp(part->names[i], name) == 0)
			return true;
	return false;
}

/* Whether one that was tried before, and still fits, asks for it too. */
static bool
is_taken(const struct swap *swap, const struct part *part, const char *name)
{
	for (const struct part *one = swap->parts; one < part; one++)
		if (one->fits && asks_for(one, name))
			return true;
	return false;
}

/* Whether its owner gives the name away in this publication. */
static bool
is_given(const struct swap *swap, const char *owner, const char *name)
{
	for (size_t i = 0; i < swap->count; i++)
		if (strcmp(swap->parts[i].path, owner) == 0)
			return swap->parts[i].fits &&
			    !asks_for(&swap->parts[i], name);
	return false;
}

static int
try_part(struct swap *swap, struct part *part, bool *changed)
{
	struct publish_run *run = swap->run;

	for (size_t i = 0; i < part->count; i++) {
		const char *name = part->names[i], *owner;
		int code = run->engine->owner(run->store, name, &swap->arena,
		    &owner, run->error);

		if (code != 0)
			return code;
		if (strcmp(owner, part->path) == 0)
			continue;
		if ((*owner != '\0' && !is_given(swap, owner, name)) ||
		    is_taken(swap, part, name)) {
			part->fits = false;
			*changed = true;
			return 0;
		}
	}
	return 0;
}

/* Leaves those whose names are all free once these are out of the way. */
static int
choose(struct swap *swap)
{
	bool changed = true;
	int code = 0;

	while (code == 0 && changed) {
		changed = false;
		for (size_t i = 0; code == 0 && i < swap->count; i++)
			if (swap->parts[i].fits)
				code = try_part(swap, &swap->parts[i],
				    &changed);
	}
	return code;
}

static int
take_out(struct swap *swap)
{
	struct publish_run *run = swap->run;
	int code = 0;

	for (size_t i = 0; code == 0 && i < swap->count; i++) {
		const struct part *part = &swap->parts[i];
		struct store_file file = { .exists = false };

		if (part->fits)
			code = run->engine->file(run->store, part->path, &file,
			    run->error);
		if (code == 0 && file.exists)
			code = run->engine->remove(run->store, part->path,
			    run->error);
	}
	return code;
}

static int
put_in(struct swap *swap, size_t *kept, const char **list)
{
	struct publish_run *run = swap->run;
	size_t broken = run->publication.broken;
	int code = 0;

	*kept = 0;
	for (size_t i = 0; code == 0 && i < swap->count; i++) {
		run->swapping = swap->parts[i].fits;
		if (run->swapping)
			code = usher_publish_file(run, swap->parts[i].path,
			    true);
		else
			list[(*kept)++] = swap->parts[i].path;
	}
	run->swapping = false;
	/* Changed since it was chosen, and its last good is out: begin anew. */
	return code == 0 && run->publication.broken > broken ? EAGAIN : code;
}

int
usher_publish_swap(struct publish_run *run, const char **list, size_t *count)
{
	struct swap swap = { .run = run, .count = *count };
	int code = 0;

	usher_arena_init(&swap.arena);
	swap.parts = usher_arena_array(&swap.arena, *count,
	    sizeof(*swap.parts));
	if (swap.parts == NULL)
		code = ENOMEM;
	for (size_t i = 0; code == 0 && i < *count; i++) {
		struct part *part = &swap.parts[i];

		part->path = list[i];
		code = usher_publish_names(run, list[i], &swap.arena,
		    &part->names, &part->count);
		part->fits = part->count > 0;
	}
	if (code == 0)
		code = choose(&swap);
	if (code == 0)
		code = take_out(&swap);
	if (code == 0)
		code = put_in(&swap, count, list);
	usher_arena_free(&swap.arena);
	return code;
}
