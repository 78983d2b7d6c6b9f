/*
 * split_begin: a message whose recipients differ is given turns; see split.h.
 *
 * Called by parted.c before the 451. Keeps the limits of "Recipients who
 * differ" in design-mail.md: 15 recipients with a 4xx, three whole returns.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "split_parts.h"

static struct split_batch *
batch_for(struct split *split, uint64_t mail)
{
	for (size_t i = 0; i < split->batch_count; i++)
		if (split->batches[i].mail == mail)
			return &split->batches[i];
	return NULL;
}

static struct split_batch *
new_batch(struct split *split, uint64_t mail, int64_t at)
{
	unsigned id = 0;

	/* The oldest stands first. */
	if (split->batch_count == SPLIT_BATCHES)
		split_drop(split, 0);
	for (size_t i = 0; i < split->batch_count; i++)
		if (split->batches[i].id >= id)
			id = split->batches[i].id + 1;
	split->batches[split->batch_count] = (struct split_batch){ .id = id,
		.mail = mail,
		.began = at };
	return &split->batches[split->batch_count++];
}

/* Whether all of a batch came with this try. */
static bool
is_whole(const struct split *split, const struct split_batch *batch,
    const struct split_try *try)
{
	size_t named = 0;

	for (size_t i = 0; i < split->count; i++) {
		if (split->members[i].batch != batch->id)
			continue;
		if (split_name_in(try, split->members[i].who) == NULL)
			return false;
		named++;
	}
	return named > 0;
}

static bool
takes_part(const struct split_name *name)
{
	return !name->later && !name->answered;
}

/* One answer, and how many get it. */
struct group {
	const char *answer;
	size_t size;
	unsigned turn;
};

struct plan {
	size_t accepted, away;
	size_t count;
	struct group *groups;
	bool together;
	unsigned accept_turn, last_turn;
};

static struct group *
group_of(struct plan *plan, const char *answer)
{
	for (size_t i = 0; i < plan->count; i++)
		if (strcmp(plan->groups[i].answer, answer) == 0)
			return &plan->groups[i];
	return NULL;
}

/* Past these, groups do not matter: all are answered together. */
enum { MOST_GROUPS = 2 * SPLIT_MOST_LATER + 2 };

static void
count_groups(struct plan *plan, const struct split_try *try)
{
	struct group *group;

	for (size_t i = 0; i < try->count; i++) {
		const struct split_name *name = &try->names[i];

		if (!takes_part(name))
			continue;
		if (name->answer == NULL) {
			plan->accepted++;
			continue;
		}
		plan->away++;
		group = group_of(plan, name->answer);
		if (group == NULL && plan->count < MOST_GROUPS) {
			group = &plan->groups[plan->count++];
			group->answer = name->answer;
		}
		if (group != NULL)
			group->size++;
	}
}

/* The larger first: the fewest have to wait. */
static int
compare_groups(const void *one, const void *other)
{
	const struct group *first = one, *second = other;

	if (first->size != second->size)
		return first->size < second->size ? 1 : -1;
	return strcmp(first->answer, second->answer);
}

/*
 * Accepted copies come first. Where the others are too many to be put off,
 * they come first instead, with one answer for all.
 */
static enum split_way
choose(struct plan *plan, size_t room)
{
	unsigned turn = 1;

	qsort(plan->groups, plan->count, sizeof *plan->groups, compare_groups);
	if (plan->accepted == 0 && plan->count > 0 &&
	    plan->away - plan->groups[0].size > room)
		return SPLIT_TOGETHER;
	plan->together = plan->accepted > 0 && plan->away > room;
	if (plan->together && plan->accepted > room)
		return SPLIT_ACCEPT;
	if (plan->together) {
		plan->accept_turn = plan->last_turn = 2;
		return SPLIT_APART;
	}
	if (plan->accepted > 0)
		plan->accept_turn = turn++;
	for (size_t i = 0; i < plan->count; i++)
		plan->groups[i].turn = turn++;
	plan->last_turn = turn - 1;
	return SPLIT_APART;
}

static unsigned
turn_of(struct plan *plan, const struct split_name *name)
{
	const struct group *group;

	if (name->answer == NULL)
		return plan->accept_turn;
	if (plan->together)
		return 1;
	group = group_of(plan, name->answer);
	return group == NULL ? plan->last_turn : group->turn;
}

/* Who is put off already, and not part of it, comes after the new turns. */
static void
make_way(struct split *split, const struct split_batch *batch,
    const struct split_try *try, unsigned turns)
{
	size_t kept = 0;

	for (size_t i = 0; i < split->count; i++) {
		struct split_member *member = &split->members[i];
		const struct split_name *name = split_name_in(try, member->who);

		if (name != NULL && takes_part(name)) {
			free(member->who);
			continue;
		}
		if (member->batch == batch->id && !member->done)
			member->turn += turns;
		split->members[kept++] = *member;
	}
	split->count = kept;
}

static int
add_members(struct split *split, const struct split_batch *batch,
    const struct split_try *try, struct plan *plan)
{
	struct split_member *members = reallocarray(split->members,
	    split->count + try->count + 1, sizeof *members);

	if (members == NULL)
		return ENOMEM;
	split->members = members;
	for (size_t i = 0; i < try->count; i++) {
		if (!takes_part(&try->names[i]))
			continue;
		members[split->count] = (struct split_member){
			.who = strdup(try->names[i].who),
			.batch = batch->id,
			.turn = turn_of(plan, &try->names[i]),
		};
		if (members[split->count].who == NULL)
			return ENOMEM;
		split->count++;
	}
	split_sort_members(split);
	return 0;
}

static bool
shares(const struct split *split, const struct split_batch *batch,
    const struct split_try *try)
{
	for (size_t i = 0; i < split->count; i++) {
		const struct split_member *member = &split->members[i];
		const struct split_name *name;

		if (member->batch != batch->id || member->done)
			continue;
		name = split_name_in(try, member->who);
		if (name != NULL && takes_part(name))
			return true;
	}
	return false;
}

static void
drop_empty(struct split *split)
{
	for (size_t i = split->batch_count; i-- > 0;)
		if (split_least(split, split->batches[i].id) == 0)
			split_drop(split, i);
}

static int
take_turns(struct split *split, struct split_try *try, struct plan *plan,
    int64_t at)
{
	struct split_batch *batch = batch_for(split, try->mail);
	int code;

	if (batch == NULL)
		batch = new_batch(split, try->mail, at);
	batch->turn = 1;
	batch->waits = 0;
	batch->together = plan->together;
	make_way(split, batch, try, plan->last_turn);
	code = add_members(split, batch, try, plan);
	if (code == 0)
		drop_empty(split);
	return code;
}

/*
 * Two messages that differ over the same recipients take turns one after the
 * other, or neither would get anywhere. One that does not come any more is
 * not waited for.
 */
static bool
makes_way(struct split *split, const struct split_try *try)
{
	bool waits = false;

	for (size_t i = 0; i < split->batch_count; i++) {
		struct split_batch *batch = &split->batches[i];

		if (batch->mail != try->mail && shares(split, batch, try) &&
		    batch->waits++ < SPLIT_WAITS)
			waits = true;
	}
	return waits;
}

/* Whether the same message has come back whole often enough. */
static bool
has_come_back(struct split *split, const struct split_try *try)
{
	struct split_batch *batch = batch_for(split, try->mail);

	if (batch == NULL || !is_whole(split, batch, try))
		return false;
	return ++batch->backs >= SPLIT_BACKS;
}

static void
forget(struct split *split, uint64_t mail)
{
	for (size_t i = split->batch_count; i-- > 0;)
		if (split->batches[i].mail == mail)
			split_drop(split, i);
}

int
split_begin(struct split *split, struct split_try *try, size_t room, int64_t at,
    enum split_way *way)
{
	struct group groups[MOST_GROUPS] = { 0 };
	struct plan plan = { .groups = groups };
	int code = 0;

	split_sort(try);
	split_age(split, at);
	count_groups(&plan, try);
	*way = has_come_back(split, try) ? SPLIT_ACCEPT : choose(&plan, room);
	if (*way == SPLIT_APART && !makes_way(split, try))
		code = take_turns(split, try, &plan, at);
	else if (*way != SPLIT_APART)
		forget(split, try->mail);
	return code;
}
