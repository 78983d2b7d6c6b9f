/*
 * split: who comes next, and when turns have come to nothing; see split.h.
 *
 * Called by split_mail.c with a record and one try. Keeps "Recipients who
 * differ" of design-mail.md. Verdicts are taken anew with every try, so a
 * record that is lost, old or another message's costs a retry and never
 * anybody's answer.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "split_parts.h"

struct split *
split_new(void)
{
	return calloc(1, sizeof(struct split));
}

void
split_free(struct split *split)
{
	if (split == NULL)
		return;
	for (size_t i = 0; i < split->count; i++)
		free(split->members[i].who);
	free(split->members);
	free(split);
}

/* ---- finding ---- */

static int
compare_members(const void *one, const void *other)
{
	const struct split_member *first = one, *second = other;

	return strcmp(first->who, second->who);
}

void
split_sort_members(struct split *split)
{
	qsort(split->members, split->count, sizeof *split->members,
	    compare_members);
}

static int
compare_names(const void *one, const void *other)
{
	const struct split_name *first = one, *second = other;

	return strcmp(first->who, second->who);
}

static struct split_member *
member_of(const struct split *split, const char *who)
{
	struct split_member wanted = { .who = (char *)(uintptr_t)who };

	if (split == NULL || split->count == 0)
		return NULL;
	return bsearch(&wanted, split->members, split->count, sizeof wanted,
	    compare_members);
}

struct split_name *
split_name_in(const struct split_try *try, const char *who)
{
	struct split_name wanted = { .who = who };

	if (try->count == 0)
		return NULL;
	return bsearch(&wanted, try->names, try->count, sizeof wanted,
	    compare_names);
}

static const struct split_batch *
batch_of(const struct split *split, unsigned id)
{
	for (size_t i = 0; i < split->batch_count; i++)
		if (split->batches[i].id == id)
			return &split->batches[i];
	return NULL;
}

/* Sorted, and each once: what is sent twice to one is answered once. */
void
split_sort(struct split_try *try)
{
	size_t kept = 0;

	if (try->count == 0)
		return;
	qsort(try->names, try->count, sizeof *try->names, compare_names);
	for (size_t i = 1; i < try->count; i++) {
		if (strcmp(try->names[i].who, try->names[kept].who) != 0)
			try->names[++kept] = try->names[i];
	}
	try->count = kept + 1;
}

bool
split_later(const struct split *split, const char *who)
{
	const struct split_member *member = member_of(split, who);
	const struct split_batch *batch;

	if (member == NULL || member->done)
		return false;
	batch = batch_of(split, member->batch);
	/* The next return ends it: all are let through to be accepted. */
	return batch != NULL && batch->backs + 1 < SPLIT_BACKS &&
	    member->turn > batch->turn;
}

bool
split_together(const struct split *split, const char *who)
{
	const struct split_member *member = member_of(split, who);
	const struct split_batch *batch;

	if (member == NULL || member->turn != 1)
		return false;
	batch = batch_of(split, member->batch);
	return batch != NULL && batch->together;
}

int64_t
split_until(const struct split *split)
{
	int64_t last = 0;

	for (size_t i = 0; i < split->batch_count; i++)
		if (split->batches[i].began > last)
			last = split->batches[i].began;
	return last + SPLIT_LIFE_S;
}

/* ---- members and batches come and go ---- */

static void
drop_members(struct split *split, unsigned batch)
{
	size_t kept = 0;

	for (size_t i = 0; i < split->count; i++) {
		if (split->members[i].batch == batch)
			free(split->members[i].who);
		else
			split->members[kept++] = split->members[i];
	}
	split->count = kept;
}

void
split_drop(struct split *split, size_t index)
{
	drop_members(split, split->batches[index].id);
	split->batch_count--;
	memmove(&split->batches[index], &split->batches[index + 1],
	    (split->batch_count - index) * sizeof *split->batches);
}

void
split_age(struct split *split, int64_t at)
{
	for (size_t i = split->batch_count; i-- > 0;)
		if (split->batches[i].began + SPLIT_LIFE_S <= at)
			split_drop(split, i);
}

unsigned
split_least(const struct split *split, unsigned batch)
{
	unsigned least = 0;

	for (size_t i = 0; i < split->count; i++) {
		const struct split_member *member = &split->members[i];

		if (member->batch == batch && !member->done &&
		    (least == 0 || member->turn < least))
			least = member->turn;
	}
	return least;
}

/* ---- a try has ended ---- */

/* What a try did to one batch. */
struct effect {
	size_t members, named, later, passed, done;
	unsigned next; /* the least turn of those put off */
};

static void
mark(struct split_member *member, const struct split_batch *batch,
    const struct split_try *try, struct effect *effect)
{
	const struct split_name *name = split_name_in(try, member->who);

	effect->members++;
	if (name == NULL)
		return;
	effect->named++;
	if (name->later) {
		if (effect->later++ == 0 || member->turn < effect->next)
			effect->next = member->turn;
		return;
	}
	effect->passed++;
	if (name->answered || (try->ended && try->mail == batch->mail)) {
		member->done = true;
		effect->done++;
	}
}

/*
 * A client that comes without anybody whose turn it is has delivered to them
 * or given them up; who comes instead is not put off twice.
 */
static bool
go_on(struct split *split, struct split_batch *batch,
    const struct split_try *try)
{
	/* Another message's end says nothing of this one. */
	bool unknown = !try->ended || try->mail == batch->mail;
	struct effect effect = { 0 };
	unsigned least;

	for (size_t i = 0; i < split->count; i++)
		if (split->members[i].batch == batch->id)
			mark(&split->members[i], batch, try, &effect);
	if (effect.named == 0)
		return true;
	if (effect.done > 0)
		batch->waits = 0;
	if (effect.named == effect.members)
		batch->backs += unknown;
	else if (effect.done > 0)
		batch->backs = 0;
	else if (effect.later > 0 && effect.passed > 0)
		batch->backs += unknown;
	if (effect.later > 0 && effect.passed == 0)
		batch->turn = effect.next;
	least = split_least(split, batch->id);
	if (least > batch->turn)
		batch->turn = least;
	return least != 0;
}

void
split_end(struct split *split, struct split_try *try)
{
	split_sort(try);
	for (size_t i = split->batch_count; i-- > 0;)
		if (!go_on(split, &split->batches[i], try))
			split_drop(split, i);
}
