/*
 * decide_code: what access codes mean for a decision besides their party
 * (design.md §6). Called by decide.c.
 */
#include <errno.h>

#include "decide.h"

bool
usher_code_spares(const struct asked *asked, struct outcome_of *outcome)
{
	if (outcome->answer != USHER_REFUSE || !asked->unchecked)
		return false;
	outcome->answer = USHER_DEFER;
	outcome->reason = USHER_NO_MEMORY;
	return true;
}

/* Headers prove whose it becomes, and tell this mail from others. */
bool
usher_code_awaits(struct asked *asked)
{
	if (asked->memory == NULL || asked->memory->code_count == 0 ||
	    (asked->facts->shown & USHER_HEADERS) != 0)
		return false;
	asked->needs |= USHER_HEADERS;
	return true;
}

/* The memory may be read anew while the decision lives. */
int
usher_code_keep(struct usher_decision *decision,
    const struct usher_memory *memory)
{
	struct arena *arena = &decision->arena;
	const char *all = "";
	struct shown_code *codes;

	if (memory == NULL || memory->code_count == 0)
		return 0;
	codes = usher_arena_array(arena, memory->code_count, sizeof(*codes));
	if (codes == NULL)
		return ENOMEM;
	for (size_t i = 0; i < memory->code_count && !arena->failed; i++) {
		codes[i] = memory->codes[i];
		codes[i].party = usher_arena_string(arena, codes[i].party);
		codes[i].label = usher_arena_string(arena, codes[i].label);
		codes[i].code = usher_arena_string(arena, codes[i].code);
		codes[i].hash = usher_arena_string(arena, codes[i].hash);
		all = usher_arena_printf(arena, "%s%s%s", all,
		    i == 0 ? "" : " ", memory->codes[i].code);
	}
	if (arena->failed)
		return ENOMEM;
	decision->codes = codes;
	decision->code_count = memory->code_count;
	decision->shown_codes = all;
	return 0;
}
