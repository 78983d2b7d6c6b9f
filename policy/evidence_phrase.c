/*
 * evidence_phrase: the phrases of conf/evidence.conf, each found by its first
 * words. They are many and stay as long as the configuration does, so none
 * takes more room than its words. Called by evidence_read.c.
 */
#include <errno.h>
#include <string.h>

#include "evidence_item.h"

/* The words of a phrase, in no more room than they take. */
static bool
keep_words(struct arena *arena, const struct evidence_words *words,
    struct evidence_phrase *phrase)
{
	size_t count = words->count;
	const char **at = usher_arena_array(arena, count, sizeof(*at));
	size_t *lengths = usher_arena_array(arena, count, sizeof(*lengths));
	const char *first = words->at[0], *text;

	text = usher_arena_bytes(arena, first,
	    (size_t)(words->at[count - 1] - first) + words->lengths[count - 1]);
	if (!at || !lengths || !text)
		return false;
	for (size_t i = 0; i < count; i++) {
		at[i] = text + (words->at[i] - first);
		lengths[i] = words->lengths[i];
	}
	phrase->count = count;
	phrase->words = at;
	phrase->lengths = lengths;
	return true;
}

static void
keep(struct evidence *evidence, unsigned item,
    const struct evidence_words *words)
{
	struct evidence_phrase *phrase = usher_arena_alloc(&evidence->arena,
	    sizeof(*phrase));
	unsigned slot;

	if (!phrase || !keep_words(&evidence->arena, words, phrase))
		return; /* the arena is marked */
	slot = usher_evidence_slot(words, 0, words->count > 1);
	phrase->next = evidence->phrases[slot];
	phrase->item = item;
	phrase->number = (unsigned)evidence->phrase_count++;
	evidence->phrases[slot] = phrase;
	evidence->filled[slot / 8] |= (unsigned char)(1u << slot % 8);
}

int
usher_evidence_phrase(struct evidence *evidence, unsigned item,
    const char *text)
{
	struct evidence_words words;
	struct arena scratch;
	int code = 0;

	usher_arena_init(&scratch);
	if (usher_evidence_words(&scratch, text, strlen(text), &words))
		code = ENOMEM;
	else if (words.count == 0)
		code = EINVAL;
	else if (evidence->phrase_count == EVIDENCE_PHRASES)
		code = ENOSPC;
	else
		keep(evidence, item, &words);
	if (code == ENOMEM)
		evidence->arena.failed = true;
	usher_arena_free(&scratch);
	return code;
}
