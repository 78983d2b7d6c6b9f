/*
 * split: who is let through, and what a try has changed; see split.h.
 *
 * Called by parted.c with a record and one try. Keeps "Recipients who differ"
 * of design-mail.md. Verdicts are taken anew with every try, so a record that
 * is lost, old or another message's costs a retry and never anybody's answer.
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
split_forget(struct split *split)
{
	for (size_t i = 0; i < split->count; i++)
		free(split->members[i].who);
	free(split->members);
	memset(split, 0, sizeof *split);
}

void
split_free(struct split *split)
{
	if (split == NULL)
		return;
	split_forget(split);
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
	if (split->count > 0)
		qsort(split->members, split->count, sizeof *split->members,
		    compare_members);
}

struct split_member *
split_member_of(const struct split *split, const char *who)
{
	struct split_member wanted = { .who = (char *)(uintptr_t)who };

	if (split == NULL || split->count == 0)
		return NULL;
	return bsearch(&wanted, split->members, split->count, sizeof wanted,
	    compare_members);
}

static int
compare_names(const void *one, const void *other)
{
	const struct split_name *first = one, *second = other;

	return strcmp(first->who, second->who);
}

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
split_is_whole(const struct split *split, const struct split_try *try)
{
	size_t named = 0;

	for (size_t i = 0; i < try->count; i++)
		if (split_member_of(split, try->names[i].who) != NULL)
			named++;
	return named > 0 && named == split->count;
}

/* ---- RCPT ---- */

/* Who is turned away together is one class, whatever each would get. */
static uint64_t
class_of(const struct split *split, const struct split_member *member)
{
	if (split->together && member->class != SPLIT_ACCEPTED)
		return SPLIT_ACCEPTED + 1;
	return member->class;
}

static bool
comes_first(const struct split *split, const struct split_member *member)
{
	return (member->class == SPLIT_ACCEPTED) != split->together;
}

bool
split_later(const struct split *split, struct split_choice *choice,
    const char *who)
{
	const struct split_member *member = split_member_of(split, who);

	/* The next return ends it: all are let through to be accepted. */
	if (member == NULL || split->backs + 1 >= SPLIT_BACKS)
		return false;
	if (choice->made)
		return class_of(split, member) != choice->class;
	if (split->first && !comes_first(split, member))
		return true;
	/* Whose own answer is a 4xx comes every time: not before the others. */
	if (split->waits && member->done)
		return true;
	choice->made = true;
	choice->class = class_of(split, member);
	return false;
}

bool
split_together(const struct split *split, const char *who)
{
	const struct split_member *member = split_member_of(split, who);

	return member != NULL && split->together &&
	    member->class != SPLIT_ACCEPTED;
}

/* ---- time ---- */

int64_t
split_until(const struct split *split)
{
	return split->began + SPLIT_LIFE_S;
}

void
split_age(struct split *split, int64_t at)
{
	if (split_until(split) <= at)
		split_forget(split);
}

/* ---- a try has ended ---- */

/* What a try did. */
struct effect {
	size_t named, passed; /* members; of them, let through */
	size_t done;	      /* for the first time */
	bool again;	      /* somebody came who was done before */
	bool first;	      /* somebody came whose turn it was */
	bool answered;	      /* ... and got an answer */
	bool waits;	      /* somebody came who is not done */
};

static void
mark(const struct split *split, const struct split_try *try,
    const struct split_name *name, struct effect *effect)
{
	struct split_member *member = split_member_of(split, name->who);
	bool answered = name->answered || (try->ended && !name->later);

	if (member == NULL)
		return;
	effect->named++;
	effect->passed += !name->later;
	effect->again = effect->again || member->done;
	if (comes_first(split, member)) {
		effect->first = true;
		effect->answered = effect->answered || answered;
	}
	if (answered && !member->done) {
		member->done = true;
		effect->done++;
	}
	effect->waits = effect->waits || !member->done;
}

static bool
all_done(const struct split *split)
{
	for (size_t i = 0; i < split->count; i++)
		if (!split->members[i].done)
			return false;
	return true;
}

/*
 * A client that comes without anybody whose turn it is has delivered to them
 * or given them up, or it is another message: it is not put off twice. One
 * that brings those again who were answered cannot be told apart from a client
 * that only ever sends all.
 */
void
split_end(struct split *split, struct split_try *try)
{
	struct effect effect = { 0 };
	bool own;

	split_sort(try);
	for (size_t i = 0; i < try->count; i++)
		mark(split, try, &try->names[i], &effect);
	if (effect.named == 0)
		return;
	/* Which message it was, its end alone tells. */
	own = try->ended ? try->mail == split->mail : effect.passed > 0;
	if (!effect.first || effect.answered)
		split->first = false;
	split->waits = effect.waits;
	if (effect.named == split->count)
		split->backs += own;
	else if (effect.done > 0)
		split->backs = 0;
	if (all_done(split) && !(effect.again && effect.named == split->count))
		split_forget(split);
}
