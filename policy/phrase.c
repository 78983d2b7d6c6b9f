/*
 * phrase: topics in text, see struct phrase in text.h and design.md §4.
 *
 * A word is a run of letters, digits and the marks that fold leaves on them.
 * The first word is found by memmem(); from there the phrase is followed
 * without ever going back: between two words stand non-letters only, so a
 * later occurrence of a word offers its followers nothing that the first does
 * not. Scripts written without spaces have a word boundary at every letter.
 */
#include "text.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

struct spot { /* a character and where it ends */
	uint32_t character;
	size_t end;
};

static bool
is_mark(uint32_t c)
{
	/* Vowels and finals of decomposed Hangul belong to a syllable. */
	return g_unichar_ismark(c) || (c >= 0x1160 && c <= 0x11ff);
}

static bool
is_word(uint32_t c)
{
	if (c < 0x80)
		return g_ascii_isalnum((char)c);
	return g_unichar_isalnum(c) || is_mark(c);
}

static bool
is_letter(uint32_t c)
{
	return is_word(c) && !g_unichar_isdigit(c);
}

static bool
is_unspaced(uint32_t c)
{
	if (c < 0xe00)
		return false;
	switch (g_unichar_get_script(c)) {
	case G_UNICODE_SCRIPT_HAN:
	case G_UNICODE_SCRIPT_HANGUL:
	case G_UNICODE_SCRIPT_HIRAGANA:
	case G_UNICODE_SCRIPT_KATAKANA:
	case G_UNICODE_SCRIPT_BOPOMOFO:
	case G_UNICODE_SCRIPT_THAI:
	case G_UNICODE_SCRIPT_LAO:
	case G_UNICODE_SCRIPT_KHMER:
	case G_UNICODE_SCRIPT_MYANMAR: return true;
	default: return c == 0x30fc; /* the long vowel of Kana */
	}
}

static struct spot
spot_at(const char *text, size_t length, size_t at)
{
	struct spot spot;

	spot.end = at +
	    usher_text_next(text + at, length - at, &spot.character);
	return spot;
}

static uint32_t
character_before(const char *text, size_t at)
{
	size_t start = at - 1;

	while (start > 0 && at - start < 4 &&
	    ((unsigned char)text[start] & 0xc0) == 0x80)
		start--;
	return spot_at(text, at, start).character;
}

/* Between two characters of text, `at` neither 0 nor its length. */
static bool
is_boundary(const char *text, size_t length, size_t at)
{
	uint32_t before = character_before(text, at);
	uint32_t after = spot_at(text, length, at).character;

	if (!is_word(before) || !is_word(after))
		return true;
	return !is_mark(after) && (is_unspaced(before) || is_unspaced(after));
}

static bool
stands_alone(const char *text, size_t length, size_t from, size_t until)
{
	return (from == 0 || is_boundary(text, length, from)) &&
	    (until == length || is_boundary(text, length, until));
}

/* Where non-letters that begin at `at` end. */
static size_t
gap_end(const char *text, size_t length, size_t at)
{
	while (at < length && text[at] != '\0') {
		struct spot spot = spot_at(text, length, at);

		if (is_letter(spot.character))
			break;
		at = spot.end;
	}
	return at;
}

static bool
has_word_at(const char *text, size_t length, size_t at, const char *word,
    size_t word_length)
{
	return length - at >= word_length &&
	    memcmp(text + at, word, word_length) == 0 &&
	    stands_alone(text, length, at, at + word_length);
}

/*
 * The end of `word` behind the gap from `at` to `gap`, or 0. Digits of the gap
 * may be its beginning, hence every place there is tried.
 */
static size_t
next_word(const char *text, size_t length, size_t at, size_t gap,
    const char *word)
{
	size_t word_length = strlen(word);

	if (at == gap)
		return 0;
	for (at = spot_at(text, length, at).end; at <= gap && at < length;
	     at = spot_at(text, length, at).end)
		if (text[at] == word[0] &&
		    has_word_at(text, length, at, word, word_length))
			return at + word_length;
	return 0;
}

/*
 * Follows the phrase from behind its first word, which ends at `at`. When it
 * breaks off in the gap behind that word, *broken is where this gap ends.
 */
static bool
follows(const struct phrase *phrase, const char *text, size_t length, size_t at,
    size_t *broken)
{
	size_t gap = 0, first_gap = 0;

	for (size_t i = 1; i < phrase->count; i++) {
		if (at >= gap)
			gap = gap_end(text, length, at);
		if (i == 1)
			first_gap = gap;
		at = next_word(text, length, at, gap, phrase->words[i]);
		if (at == 0) {
			if (gap == first_gap)
				*broken = gap;
			return false;
		}
	}
	return true;
}

static size_t
next_boundary(const char *text, size_t length, size_t at)
{
	do
		at = spot_at(text, length, at).end;
	while (at < length && !is_boundary(text, length, at));
	return at;
}

static bool
is_number(const char *word)
{
	size_t length = strlen(word);

	return gap_end(word, length, 0) == length;
}

/*
 * A first word of digits alone may stand many times in one gap; where the
 * phrase broke off in that gap, it would from each of them.
 */
bool
usher_phrase_occurs(const struct phrase *phrase, const char *folded,
    size_t length)
{
	const char *word = phrase->words[0];
	size_t word_length = strlen(word), at = 0;
	bool skips = is_number(word);

	while (at < length) {
		const char *found = memmem(folded + at, length - at, word,
		    word_length);
		size_t start, end, broken = 0;

		if (found == NULL)
			return false;
		start = (size_t)(found - folded);
		end = start + word_length;
		if (stands_alone(folded, length, start, end) &&
		    follows(phrase, folded, length, end, &broken))
			return true;
		at = skips && broken > start
		    ? broken
		    : next_boundary(folded, length, start);
	}
	return false;
}

/* Cuts folded text at its first word; NULL: there is none. */
static const char *
take_word(struct arena *arena, const char **text, size_t *length)
{
	size_t start = 0, end;

	while (start < *length) {
		struct spot spot = spot_at(*text, *length, start);

		if (is_word(spot.character))
			break;
		start = spot.end;
	}
	for (end = start; end < *length;) {
		struct spot spot = spot_at(*text, *length, end);

		if (!is_word(spot.character))
			break;
		end = spot.end;
	}
	if (start == end)
		return NULL;
	*text += end;
	*length -= end;
	return usher_arena_bytes(arena, *text - (end - start), end - start);
}

int
usher_phrase_make(struct arena *arena, const char *text, struct phrase *phrase)
{
	size_t length = strlen(text), folded_length;
	const char *folded, *word;

	if (length > USHER_PHRASE_BYTES)
		return E2BIG;
	folded = usher_text_fold(arena, text, length, &folded_length);
	if (folded == NULL)
		return ENOMEM;
	phrase->count = 0;
	phrase->text = usher_arena_string(arena, text);
	/* Words have a non-word between them. */
	phrase->words = usher_arena_array(arena, folded_length / 2 + 1,
	    sizeof(*phrase->words));
	if (phrase->words == NULL)
		return ENOMEM;
	while ((word = take_word(arena, &folded, &folded_length)) != NULL)
		phrase->words[phrase->count++] = word;
	if (arena->failed)
		return ENOMEM;
	return phrase->count == 0 ? EINVAL : 0;
}
