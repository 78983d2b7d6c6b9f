/*
 * decide_joined: who an attempt is from besides, as memory has it, among its
 * identities (design.md §1 "party").
 */
#include <errno.h>
#include <string.h>

#include "decide.h"
#include "link.h"

/* The memory may be read anew while the decision lives. */
static int
copy_joined(struct usher_decision *decision, const struct usher_memory *memory)
{
	struct arena *arena = &decision->arena;

	if (memory == NULL || memory->joined_count == 0)
		return 0;
	decision->joined = usher_arena_array(arena, memory->joined_count,
	    sizeof(*decision->joined));
	if (decision->joined == NULL)
		return ENOMEM;
	for (size_t i = 0; i < memory->joined_count; i++) {
		struct joined *joined = &decision->joined[i];
		struct address *party = &joined->party;

		*joined = memory->joined[i];
		joined->number = usher_arena_string(arena, joined->number);
		joined->by = usher_arena_string(arena, joined->by);
		if (joined->reference != NULL)
			joined->reference = usher_arena_string(arena,
			    joined->reference);
		party->text = usher_arena_string(arena, party->text);
		if (party->domain != NULL)
			party->domain = usher_arena_string(arena,
			    party->domain);
		if (party->organization != NULL)
			party->organization = usher_arena_string(arena,
			    party->organization);
	}
	decision->joined_count = memory->joined_count;
	return arena->failed ? ENOMEM : 0;
}

const struct usher_facts *
usher_decision_join(struct usher_decision *decision,
    const struct usher_question *question)
{
	if (copy_joined(decision, question->memory) != 0)
		return NULL;
	return usher_link_facts(&decision->arena, question->facts,
	    decision->joined, decision->joined_count);
}
