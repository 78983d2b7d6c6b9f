/*
 * evidence_phrase: the phrases of conf/evidence.conf, each found by its first
 * words. They are many and stay as long as the configuration does, so none
 * takes more room than its words. `a|b` in a phrase is either word, and `...`
 * up to three words more, so that one phrase finds what is said in many ways.
 * Called by evidence_read.c.
 */
#include <errno.h>
#include <string.h>

#include <glib.h>

#include "evidence_item.h"

/* What stands for the signs of a phrase while its words are looked for. */
#define SIGN_GAP " 0gap0 "
#define SIGN_OR " 0or0 "

static bool
is_sign(const struct evidence_words *words, size_t at, const char *sign)
{
	size_t length = strlen(sign) - 2; /* without its blanks */

	return at < words->count && words->lengths[at] == length &&
	    memcmp(words->at[at], sign + 1, length) == 0;
}

/* `...` and `|` as words, which no text is likely to have. */
static const char *
with_signs(struct arena *arena, const char *text)
{
	GString *signs = g_string_new(NULL);
	const char *kept;

	for (; *text; text++) {
		if (strncmp(text, "...", 3) == 0) {
			g_string_append(signs, SIGN_GAP);
			text += 2;
		} else if (*text == '|') {
			g_string_append(signs, SIGN_OR);
		} else {
			g_string_append_c(signs, *text);
		}
	}
	kept = usher_arena_bytes(arena, signs->str, signs->len);
	g_string_free(signs, TRUE);
	return kept;
}

/* A sign stands between two words. */
static bool
signs_are_right(const struct evidence_words *words)
{
	bool was = true;

	for (size_t i = 0; i < words->count; i++) {
		bool sign = is_sign(words, i, SIGN_GAP) ||
		    is_sign(words, i, SIGN_OR);

		if (sign && was)
			return false;
		was = sign;
	}
	return !was;
}

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
	phrase->count = 0;
	for (size_t i = 0; i < count; i++) {
		if (is_sign(words, i, SIGN_OR)) {
			lengths[phrase->count - 1] |= PHRASE_OR;
			continue;
		}
		at[phrase->count] = is_sign(words, i, SIGN_GAP)
		    ? NULL
		    : text + (words->at[i] - first);
		lengths[phrase->count++] = words->lengths[i];
	}
	phrase->words = at;
	phrase->lengths = lengths;
	return true;
}

static void
enter(struct evidence *evidence, const struct evidence_phrase *phrase,
    unsigned slot)
{
	struct evidence_phrase *entry = usher_arena_alloc(&evidence->arena,
	    sizeof(*entry));

	if (!entry)
		return; /* the arena is marked */
	*entry = *phrase;
	entry->next = evidence->phrases[slot];
	evidence->phrases[slot] = entry;
	evidence->filled[slot / 8] |= (unsigned char)(1u << slot % 8);
}

/* The places of the words that may stand where `at` does: its end. */
static size_t
alternatives(const struct evidence_words *words, size_t at)
{
	while (is_sign(words, at + 1, SIGN_OR))
		at += 2;
	return at + 1;
}

/* Once for each pair of words that it may begin with. */
static void
enter_all(struct evidence *evidence, const struct evidence_phrase *phrase,
    const struct evidence_words *words)
{
	size_t end = alternatives(words, 0), last = end;
	bool two = end < words->count && !is_sign(words, end, SIGN_GAP);
	unsigned hashes[2] = { 0, 0 };
	const struct evidence_words begin = { .hashes = hashes };

	if (two)
		last = alternatives(words, end);
	for (size_t i = 0; i < end; i += 2) {
		hashes[0] = words->hashes[i];
		for (size_t k = end; two && k < last; k += 2) {
			hashes[1] = words->hashes[k];
			enter(evidence, phrase,
			    usher_evidence_slot(&begin, 0, true));
		}
		if (!two)
			enter(evidence, phrase,
			    usher_evidence_slot(&begin, 0, false));
	}
}

int
usher_evidence_phrase(struct evidence *evidence, unsigned item,
    const char *text)
{
	struct evidence_phrase phrase = { .item = item };
	struct evidence_words words;
	struct arena scratch;
	int code = 0;

	usher_arena_init(&scratch);
	text = with_signs(&scratch, text);
	if (!text || usher_evidence_words(&scratch, text, strlen(text), &words))
		code = ENOMEM;
	else if (words.count == 0 || !signs_are_right(&words))
		code = EINVAL;
	else if (evidence->phrase_count == EVIDENCE_PHRASES)
		code = ENOSPC;
	else if (!keep_words(&evidence->arena, &words, &phrase))
		code = ENOMEM;
	if (code == 0) {
		phrase.number = (unsigned)evidence->phrase_count++;
		enter_all(evidence, &phrase, &words);
	}
	if (code == ENOMEM)
		evidence->arena.failed = true;
	usher_arena_free(&scratch);
	return code;
}
