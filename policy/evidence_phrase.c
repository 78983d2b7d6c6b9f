/*
 * evidence_phrase: what stays of conf/evidence.conf: its phrases, each found
 * by its first words, and the texts of its items. They are many and stay as
 * long as the configuration does, so none takes more room than it needs.
 * `a|b` in a phrase is either word, and `...` up to three words more, so that
 * one phrase finds what is said in many ways. Called by evidence_read.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "evidence_item.h"

enum { FIRST_ROOM = 4096 };

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

/* Room for so many bytes behind the texts, or NULL. */
static char *
room_for(struct evidence *evidence, size_t length)
{
	size_t room = evidence->texts_room * 2 + FIRST_ROOM;
	char *texts;

	if (evidence->texts_room - evidence->texts_length < length) {
		if (room - evidence->texts_length < length)
			room = evidence->texts_length + length;
		texts = room <= UINT32_MAX ? realloc(evidence->texts, room)
					   : NULL;
		if (!texts)
			return NULL;
		evidence->texts = texts;
		evidence->texts_room = room;
	}
	return evidence->texts + evidence->texts_length;
}

struct word {
	const char *at;
	size_t length;
};

/* What a word is in the text of a phrase. */
static struct word
word_of(const struct evidence_words *words, size_t at)
{
	static const char gap[] = { PHRASE_ANY };

	if (is_sign(words, at, SIGN_GAP))
		return (struct word){ gap, sizeof(gap) };
	return (struct word){ words->at[at], words->lengths[at] };
}

/* The words of a phrase, in no more room than they take. */
static bool
keep_words(struct evidence *evidence, const struct evidence_words *words)
{
	size_t length = words->count;
	char *text, *begin;

	for (size_t i = 0; i < words->count; i++)
		length += words->lengths[i];
	text = begin = room_for(evidence, length);
	if (!text)
		return false;
	for (size_t i = 0; i < words->count; i++) {
		struct word word = word_of(words, i);

		if (is_sign(words, i, SIGN_OR)) {
			text[-1] = PHRASE_OR;
			continue;
		}
		memcpy(text, word.at, word.length);
		text += word.length;
		*text++ = ' ';
	}
	text[-1] = '\0';
	evidence->texts_length += (size_t)(text - begin);
	return true;
}

static int
enter(struct evidence *evidence, unsigned hash)
{
	unsigned slot = usher_evidence_slot(hash);
	struct evidence_entry *entry = &evidence->entries[evidence->entered];

	if (evidence->entered == EVIDENCE_ENTRIES)
		return ENOSPC;
	evidence->entered++;
	entry->phrase = (uint16_t)evidence->phrase_count;
	entry->tag = usher_evidence_tag(hash);
	entry->next = evidence->slots[slot];
	evidence->slots[slot] = (uint16_t)evidence->entered;
	evidence->filter[hash % PHRASE_FILTER] |= UINT64_C(1)
		<< usher_evidence_bit(hash) |
	    UINT64_C(1) << usher_evidence_other_bit(hash);
	return 0;
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
static int
enter_all(struct evidence *evidence, const struct evidence_words *words)
{
	size_t end = alternatives(words, 0), last = end;
	bool two = end < words->count && !is_sign(words, end, SIGN_GAP);
	int code = 0;

	if (two)
		last = alternatives(words, end);
	for (size_t i = 0; code == 0 && i < end; i += 2) {
		unsigned first = words->hashes[i];

		for (size_t k = end; two && code == 0 && k < last; k += 2)
			code = enter(evidence,
			    usher_evidence_pair(first, words->hashes[k]));
		if (!two)
			code = enter(evidence, first);
	}
	return code;
}

static int
keep(struct evidence *evidence, unsigned item,
    const struct evidence_words *words)
{
	struct evidence_phrase *phrase =
	    &evidence->phrases[evidence->phrase_count];
	int code;

	if (words->count == 0 || !signs_are_right(words))
		return EINVAL;
	if (evidence->phrase_count == EVIDENCE_PHRASES)
		return ENOSPC;
	phrase->text = (uint32_t)evidence->texts_length;
	phrase->item = (uint16_t)item;
	if (!keep_words(evidence, words))
		return ENOMEM;
	code = enter_all(evidence, words);
	evidence->phrase_count++;
	return code;
}

int
usher_evidence_phrase(struct evidence *evidence, unsigned item,
    const char *text)
{
	struct evidence_words words;
	struct arena scratch;
	int code = ENOMEM;

	usher_arena_init(&scratch);
	text = with_signs(&scratch, text);
	if (text &&
	    usher_evidence_words(&scratch, text, strlen(text), &words) == 0)
		code = keep(evidence, item, &words);
	if (code == ENOMEM)
		evidence->arena.failed = true;
	usher_arena_free(&scratch);
	return code;
}

void
usher_evidence_phrases_end(struct evidence *evidence)
{
	size_t length = evidence->texts_length;
	char *texts = length > 0 ? realloc(evidence->texts, length) : NULL;

	if (!texts)
		return;
	evidence->texts = texts;
	evidence->texts_room = length;
}

/* Those of an item that were read from the source, which goes. */
static const char *const *
keep_texts(struct arena *arena, const char *const *texts, size_t count)
{
	const char **kept = usher_arena_array(arena, count, sizeof(*kept));

	for (size_t i = 0; kept && i < count; i++)
		kept[i] = usher_arena_string(arena, texts[i]);
	return kept;
}

static const struct evidence_pattern *
keep_patterns(struct arena *arena, const struct evidence_pattern *patterns,
    size_t count)
{
	struct evidence_pattern *kept = usher_arena_array(arena, count,
	    sizeof(*kept));

	for (size_t i = 0; kept && i < count; i++) {
		const char *text = usher_arena_string(arena, patterns[i].text);

		if (!text)
			break; /* the arena is marked */
		kept[i] = patterns[i];
		kept[i].text = text;
		kept[i].part = text + (patterns[i].part - patterns[i].text);
	}
	return kept;
}

void
usher_evidence_keep(struct evidence *evidence, struct evidence_rule *item)
{
	struct arena *arena = &evidence->arena;

	item->name = usher_arena_string(arena, item->name);
	if (item->header_count > 0)
		item->headers = keep_texts(arena, item->headers,
		    item->header_count);
	if (item->pattern_count > 0)
		item->patterns = keep_patterns(arena, item->patterns,
		    item->pattern_count);
}
