/*
 * trace_memory: the remembered facts that a decision used, and when they end,
 * in words for trace.c (design.md §5 "Trace").
 */
#include <string.h>

#include "decide.h"

static const char nothing[] = "nothing is remembered";

static const struct remembered *
of_proof_first(const struct usher_memory *memory, bool of_proof)
{
	return of_proof ? &memory->proven : &memory->claimed;
}

static const char *
ending(struct arena *arena, const char *party, const char *what, int64_t until)
{
	char text[USHER_INSTANT_TEXT];

	if (party == NULL)
		return "remembered";
	usher_instant_text(until, text);
	return usher_arena_printf(arena, "%s is %s until %s", party, what,
	    text);
}

static const char *
known_text(struct arena *arena, const struct usher_memory *memory)
{
	const struct remembered *remembered = of_proof_first(memory,
	    memory->proven.known);

	return !remembered->known ? NULL
				  : ending(arena, remembered->known_as, "known",
					remembered->known_until);
}

static const char *
introduced_text(struct arena *arena, const struct usher_memory *memory)
{
	const struct remembered *remembered = of_proof_first(memory,
	    memory->proven.introduced);

	return !remembered->introduced
	    ? NULL
	    : ending(arena, remembered->introduced_as, "introduced",
		  remembered->introduced_until);
}

/* "2 attempts, the first of them until 2026-11-25T09:00:00Z" */
static const char *
count_text(struct arena *arena, size_t count, const char *what, int64_t until)
{
	char text[USHER_INSTANT_TEXT];

	if (count == 0)
		return nothing;
	usher_instant_text(until, text);
	return usher_arena_printf(arena, "%zu %s%s, %suntil %s", count, what,
	    count == 1 || strcmp(what, "accepted") == 0 ? "" : "s",
	    count == 1 ? "" : "the first of them ", text);
}

static const char *
tried_text(struct arena *arena, const struct asked *asked,
    const struct condition *condition)
{
	bool proven = usher_is_proven(asked);
	const struct remembered *remembered = of_proof_first(asked->memory,
	    proven);
	const char *text = NULL;

	for (size_t c = 0; c < condition->count; c++) {
		const struct cap *cap = &condition->caps[c];
		int64_t first = INT64_MAX;
		size_t count = 0;

		for (size_t i = 0; i < remembered->attempt_count; i++) {
			int64_t at = remembered->attempts[i];

			if (at <= asked->at - cap->seconds || at > asked->at)
				continue;
			first = at < first ? at : first;
			count++;
		}
		if (text == NULL || count > 0)
			text = count_text(arena, count, "attempt",
			    first + (count > 0 ? cap->seconds : 0));
	}
	return text == NULL ? nothing : text;
}

const char *
usher_trace_counted(struct arena *arena, const struct asked *asked,
    const struct rule *rule, const struct cap *cap)
{
	const struct usher_memory *memory = asked->memory;
	int64_t now = asked->kept != NULL ? asked->kept_at : asked->at;
	int64_t first = INT64_MAX;
	size_t count = 0;

	if (memory == NULL)
		return nothing;
	if (memory->unreadable)
		return "memory is unreadable";
	for (size_t i = 0; i < memory->accepted_count; i++) {
		const struct accepted *accepted = &memory->accepted[i];

		if (!usher_cap_counts(asked, cap, rule, accepted, now))
			continue;
		first = accepted->at < first ? accepted->at : first;
		count++;
	}
	return count_text(arena, count, "accepted",
	    first + (count > 0 ? cap->seconds : 0));
}

/* The marks of whoever is proven, else claimed. */
static const char *
stages_text(struct arena *arena, const struct usher_memory *memory)
{
	const struct remembered *remembered = of_proof_first(memory,
	    memory->proven.stage_count > 0);
	const char *text = "remembered:";

	if (remembered->stage_count == 0)
		return NULL;
	for (size_t i = 0; i < remembered->stage_count && text != NULL; i++)
		text = usher_arena_printf(arena, "%s %s", text,
		    remembered->stages[i]);
	return text == NULL ? "remembered" : text;
}

const char *
usher_trace_acquainted(struct arena *arena, const struct asked *asked)
{
	const struct usher_memory *memory = asked->memory;
	const char *text;

	if (memory == NULL || memory->unreadable)
		return NULL;
	text = known_text(arena, memory);
	return text != NULL ? text : introduced_text(arena, memory);
}

const char *
usher_trace_joined(struct arena *arena, const struct joined *joined)
{
	char until[USHER_INSTANT_TEXT];

	if (joined->reference != NULL)
		return usher_arena_printf(arena, "reference %s is of %s",
		    joined->reference, joined->party.text);
	if (joined->listed)
		return usher_arena_printf(arena, "%s is %s", joined->number,
		    joined->party.text);
	usher_instant_text(joined->until, until);
	return usher_arena_printf(arena, "%s is %s until %s", joined->number,
	    joined->party.organization != NULL ? joined->party.organization
					       : joined->party.text,
	    until);
}

/* "code \"fair\" for preferred until 2026-11-25T09:00:00Z" */
const char *
usher_trace_codes(struct arena *arena, const struct asked *asked)
{
	const struct usher_facts *facts = asked->facts;
	const struct usher_memory *memory = asked->memory;
	const char *text = NULL;

	for (size_t i = 0; i < facts->code_count; i++)
		text = usher_arena_printf(arena, "%s%scode for %s: given",
		    text == NULL ? "" : text, text == NULL ? "" : "; ",
		    facts->codes[i]);
	for (size_t i = 0; memory != NULL && i < memory->code_count; i++) {
		const struct shown_code *code = &memory->codes[i];
		char until[USHER_INSTANT_TEXT];

		usher_instant_text(code->until, until);
		text = usher_arena_printf(arena,
		    "%s%scode%s%s%s for %s until %s", text == NULL ? "" : text,
		    text == NULL ? "" : "; ", *code->label == '\0' ? "" : " \"",
		    code->label, *code->label == '\0' ? "" : "\"", code->party,
		    until);
	}
	return text;
}

/* "vendor.example is good: 0.31 from 4 recipients" */
static const char *
standing_text(struct arena *arena, const struct usher_memory *memory)
{
	static const char *const words[] = { "new", "good", "poor" };
	const struct remembered *remembered = of_proof_first(memory,
	    memory->proven.standing_of != NULL);

	if (remembered->standing_of == NULL)
		return NULL;
	return usher_arena_printf(arena, "%s is %s: %.2f from %zu recipient%s",
	    remembered->standing_of, words[remembered->standing],
	    remembered->standing_figure, remembered->standing_from,
	    remembered->standing_from == 1 ? "" : "s");
}

static bool
is_given(const struct remembered_facts *given, enum condition_kind kind)
{
	return (kind == ON_KNOWN && given->known >= 0) ||
	    (kind == ON_INTRODUCED && given->introduced >= 0) ||
	    (kind == ON_STAGE && given->stage_count > 0) ||
	    (kind == ON_STANDING && given->standing >= 0);
}

const char *
usher_trace_remembered(struct arena *arena, const struct asked *asked,
    const struct condition *condition)
{
	const struct remembered_facts *given = &asked->facts->remembered;
	const struct usher_memory *memory = asked->memory;
	const char *text = NULL;

	if (condition->kind == ON_TRIED && given->tried >= 0)
		return usher_arena_printf(arena, "%ld attempts", given->tried);
	if (is_given(given, condition->kind))
		return "given";
	if (memory == NULL)
		return nothing;
	if (memory->unreadable)
		return "memory is unreadable";
	if (condition->kind == ON_TRIED)
		text = tried_text(arena, asked, condition);
	else if (condition->kind == ON_KNOWN)
		text = known_text(arena, memory);
	else if (condition->kind == ON_INTRODUCED)
		text = introduced_text(arena, memory);
	else if (condition->kind == ON_STAGE)
		text = stages_text(arena, memory);
	else if (condition->kind == ON_STANDING)
		text = standing_text(arena, memory);
	return text == NULL ? nothing : text;
}
