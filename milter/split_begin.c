/*
 * split_begin: a message whose recipients differ gets classes; see split.h.
 *
 * Called by parted.c before the 451. Keeps the limits of "Recipients who
 * differ" in design-mail.md: 15 recipients with a 4xx, three whole returns.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "split_parts.h"

/* Whether it is let through, and part of what differs. */
static bool
takes_part(const struct split_name *name)
{
	return !name->later && !name->answered;
}

/* FNV-1a: two answers that meet in it would cost a retry. */
static uint64_t
hash(uint64_t before, const void *bytes, size_t length)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < length; i++)
		before = (before ^ at[i]) * 0x100000001b3;
	return before;
}

static uint64_t
class_of(const char *answer)
{
	uint64_t class;

	if (answer == NULL)
		return SPLIT_ACCEPTED;
	class = hash(0xcbf29ce484222325, answer, strlen(answer));
	return class == SPLIT_ACCEPTED ? 1 : class;
}

/* ---- how ---- */

struct counts {
	size_t accepted, away, largest; /* group of one answer */
};

/* Past these, groups do not matter: all are answered together. */
enum { MOST_GROUPS = 2 * SPLIT_MOST_LATER + 2 };

static void
count_all(const struct split_try *try, struct counts *counts)
{
	struct {
		uint64_t class;
		size_t size;
	} groups[MOST_GROUPS] = { { 0, 0 } };
	size_t known = 0, k;

	for (size_t i = 0; i < try->count; i++) {
		const struct split_name *name = &try->names[i];
		uint64_t class = class_of(name->answer);

		if (!takes_part(name))
			continue;
		if (class == SPLIT_ACCEPTED) {
			counts->accepted++;
			continue;
		}
		counts->away++;
		for (k = 0; k < known && groups[k].class != class; k++)
			continue;
		if (k == known && known < MOST_GROUPS)
			groups[known++].class = class;
		if (k < MOST_GROUPS && ++groups[k].size > counts->largest)
			counts->largest = groups[k].size;
	}
}

/*
 * Accepted copies come first. Where the others are too many to be put off,
 * they come first instead, with one answer for all.
 */
static enum split_way
choose(const struct counts *counts, size_t room, bool *together)
{
	*together = false;
	if (counts->accepted == 0)
		return counts->away - counts->largest > room ? SPLIT_TOGETHER
							     : SPLIT_APART;
	if (counts->away <= room)
		return SPLIT_APART;
	*together = true;
	return counts->accepted > room ? SPLIT_ACCEPT : SPLIT_APART;
}

/* ---- classes ---- */

/*
 * Who was remembered with another answer, of this message or of another, gets
 * a class of both: all of one class then agree in either.
 */
static void
refine(struct split_member *member, uint64_t class)
{
	member->done = false;
	if (member->class == class)
		return;
	class = hash(member->class * 31 + 7, &class, sizeof class);
	member->class = class == SPLIT_ACCEPTED ? 1 : class;
}

static int
add(struct split *split, const struct split_name *name)
{
	struct split_member *member = &split->members[split->count];

	/* No line of a record; whoever it is passes as if unknown. */
	if (*name->who == '\0' || strlen(name->who) > SPLIT_WHO ||
	    strchr(name->who, '\n') != NULL)
		return 0;
	member->who = strdup(name->who);
	if (member->who == NULL)
		return ENOMEM;
	member->class = class_of(name->answer);
	member->done = false;
	split->count++;
	return 0;
}

static int
remember(struct split *split, const struct split_try *try)
{
	size_t before = split->count;
	struct split_member *members = reallocarray(split->members,
	    before + try->count + 1, sizeof *members);
	int code = members == NULL ? ENOMEM : 0;

	if (code == 0)
		split->members = members;
	for (size_t i = 0; code == 0 && i < try->count; i++) {
		struct split known = { .count = before,
			.members = split->members };
		struct split_member *member = split_member_of(&known,
		    try->names[i].who);

		if (!takes_part(&try->names[i]))
			continue;
		if (member != NULL)
			refine(member, class_of(try->names[i].answer));
		else
			code = add(split, &try->names[i]);
	}
	split_sort_members(split);
	return code;
}

/* Whether the same message has come back whole often enough. */
static bool
has_come_back(struct split *split, const struct split_try *try)
{
	if (split->count == 0 || split->mail != try->mail)
		return false;
	if (split_is_whole(split, try))
		return ++split->backs >= SPLIT_BACKS;
	split->backs = 0;
	return false;
}

int
split_begin(struct split *split, struct split_try *try, size_t room, int64_t at,
    enum split_way *way)
{
	struct counts counts = { 0, 0, 0 };
	bool together;

	split_sort(try);
	split_age(split, at);
	count_all(try, &counts);
	*way = choose(&counts, room, &together);
	if (has_come_back(split, try))
		*way = SPLIT_ACCEPT;
	if (*way != SPLIT_APART) {
		split_forget(split);
		return 0;
	}
	if (split->mail != try->mail)
		split->backs = 0;
	split->mail = try->mail;
	split->began = at;
	split->together = together;
	split->first = true;
	return remember(split, try);
}
