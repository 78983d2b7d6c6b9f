/*
 * decide_promise: openings that were promised (design.md §5 "Promise").
 *
 * A promise lifts the time alone: the preferences in force now, the clock at
 * the opening's beginning, `during` of the rule that gave it counted as met.
 * A rule that turns away by `during`, and let go at the opening, is counted as
 * having let go, so that its moved window keeps the word as well.
 */
#include "decide.h"

static struct asked
as_promised(const struct asked *asked, const struct promise *promise)
{
	struct asked then = *asked;

	then.at = promise->from;
	then.kept = promise->rule;
	then.lifted = promise->turner;
	then.kept_at = asked->at;
	return then;
}

/* It is for who is introduced, and nobody has accepted that yet. */
static bool
is_too_early(const struct asked *asked, const struct promise *promise)
{
	return promise->awaits && !asked->introduced &&
	    !asked->memory->proven.introduced;
}

/* The memory may be read anew while the decision lives. */
static const struct promise *
copy(struct usher_decision *decision, const struct promise *promise)
{
	struct arena *arena = &decision->arena;
	struct promise *made = usher_arena_alloc(arena, sizeof(*made));

	if (made == NULL)
		return NULL;
	*made = *promise;
	made->rule = usher_arena_string(arena, promise->rule);
	made->turner = NULL;
	if (promise->id != NULL) {
		made->id = usher_arena_string(arena, promise->id);
		made->domain = usher_arena_string(arena, promise->domain);
		made->party = usher_arena_string(arena, promise->party);
		made->proven = usher_arena_string(arena, promise->proven);
	}
	return made;
}

enum tri
usher_promise_keep(struct usher_decision *decision, struct asked *asked,
    struct outcome_of *outcome)
{
	const struct usher_memory *memory = asked->memory;
	enum tri kept = NO;

	if (memory == NULL ||
	    (outcome->answer != USHER_DEFER &&
		outcome->answer != USHER_REDIRECT) ||
	    outcome->reason == USHER_BY_OVERRIDE)
		return NO;
	for (size_t i = 0; i < memory->promise_count; i++) {
		const struct promise *promise = &memory->promises[i];
		struct asked then = as_promised(asked, promise);
		struct outcome_of end;

		if (promise->channel != then.channel ||
		    is_too_early(asked, promise) || asked->at < promise->from ||
		    asked->at >= promise->kept_until)
			continue;
		end = usher_evaluate(&then);
		if (end.answer == USHER_PENDING) {
			asked->needs |= then.needs;
			kept = MAYBE;
		} else if (end.answer == USHER_ACCEPT) {
			*outcome = end;
			outcome->reason = USHER_BY_PROMISE;
			decision->kept = copy(decision, promise);
			return YES;
		}
	}
	return kept;
}

/* With what they can still bring, as openings are found. */
const struct promise *
usher_promise_again(struct usher_decision *decision, const struct asked *asked)
{
	const struct usher_memory *memory = asked->memory;

	for (size_t i = 0; memory != NULL && i < memory->promise_count; i++) {
		const struct promise *promise = &memory->promises[i];
		struct asked then = as_promised(asked, promise);

		then.brought = true;
		if (!promise->own || promise->used ||
		    promise->channel != then.channel ||
		    is_too_early(asked, promise) ||
		    asked->at >= promise->kept_until ||
		    usher_accepts(&then) != YES)
			continue;
		if (promise->from > asked->at)
			decision->verdict.opening = (struct usher_opening){
				true, promise->from, promise->until
			};
		return copy(decision, promise);
	}
	return NULL;
}

bool
usher_promise_awaiting(const struct asked *asked, int64_t introduced,
    struct usher_opening *opening)
{
	const struct usher_memory *memory = asked->memory;

	for (size_t i = 0; memory != NULL && i < memory->promise_count; i++) {
		const struct promise *promise = &memory->promises[i];
		struct asked then = as_promised(asked, promise);

		then.brought = true;
		if (!promise->awaits || promise->used ||
		    promise->channel != then.channel ||
		    introduced >= promise->kept_until ||
		    usher_accepts(&then) != YES)
			continue;
		*opening = (struct usher_opening){ true,
			promise->from > introduced ? promise->from : introduced,
			promise->until };
		return true;
	}
	return false;
}
