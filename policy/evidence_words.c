/*
 * evidence_words: the words of a mail against the phrases of evidence.conf.
 *
 * A text is folded and split into words once, and each word is looked up in
 * one table of all phrases by their first two words, so the work is linear in
 * the text, however many phrases there are. Scripts without spaces have a
 * word at every sign, in texts and phrases alike. Called by evidence.c, and by
 * evidence_read.c for the phrases. Keeps design-mail.md "Purpose".
 */
#include <errno.h>
#include <string.h>

#include <glib.h>

#include "evidence_item.h"
#include "text.h"

enum { MOST_WORDS = 20000, LONGEST_TEXT = 256 * 1024 };

static unsigned
hash_of(const char *word, size_t length)
{
	unsigned hash = 2166136261u;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)word[i]) * 16777619u;
	return hash;
}

unsigned
usher_evidence_slot(const struct evidence_words *words, size_t at, bool two)
{
	unsigned hash = words->hashes[at];

	if (two)
		hash = hash * 31 + words->hashes[at + 1];
	return (hash ^ hash >> 15) % PHRASE_SLOTS;
}

/* Thai, Lao, Burmese and Khmer; Kana; the signs of Chinese. */
static bool
is_unspaced(gunichar c)
{
	return (c >= 0xe00 && c < 0x1100) || (c >= 0x1780 && c < 0x1800) ||
	    (c >= 0x3040 && c < 0x3100) || (c >= 0x3400 && c < 0xa000) ||
	    (c >= 0xf900 && c < 0xfb00) || (c >= 0x20000 && c < 0x32000);
}

static bool
is_ascii_word(unsigned char c)
{
	return (unsigned)c - '0' < 10 || ((unsigned)c | 32) - 'a' < 26;
}

/*
 * Bytes of the letter or digit at `at`, or 0. `at` is valid UTF-8; *alone: it
 * is a word by itself.
 */
static size_t
letter(const char *at, const char *end, bool *alone)
{
	unsigned char first = (unsigned char)*at;
	size_t length;
	gunichar c;

	*alone = false;
	if (first < 0x80)
		return is_ascii_word(first) ? 1 : 0;
	length = (size_t)g_utf8_skip[first];
	if ((size_t)(end - at) < length)
		return 0;
	c = g_utf8_get_char(at);
	*alone = is_unspaced(c);
	return g_unichar_isalnum(c) ? length : 0;
}

static size_t
character(const char *at, const char *end)
{
	size_t length = (size_t)g_utf8_skip[(unsigned char)*at];

	return (size_t)(end - at) < length ? (size_t)(end - at) : length;
}

static size_t
word_length(const char *at, const char *end)
{
	const char *begin = at;
	bool alone;
	size_t step;

	while (at < end && is_ascii_word((unsigned char)*at))
		at++;
	if (at == end || (unsigned char)*at < 0x80)
		return (size_t)(at - begin);
	step = letter(at, end, &alone);
	if (alone && at == begin)
		return step;
	while (step > 0 && !alone) {
		at += step;
		step = at < end ? letter(at, end, &alone) : 0;
	}
	return (size_t)(at - begin);
}

/* Room for every word there can be: each takes a byte and one between. */
static size_t
most_words(const char *text, size_t length)
{
	size_t high = 0;

	for (size_t i = 0; i < length; i++)
		high += (unsigned char)text[i] >= 0xc0;
	length = length / 2 + high + 1;
	return length < MOST_WORDS ? length : MOST_WORDS;
}

int
usher_evidence_words(struct arena *arena, const char *text, size_t length,
    struct evidence_words *words)
{
	const char *at, *end;
	size_t size = 0, most;

	words->count = 0;
	if (!text || length == 0)
		return 0;
	if (length > LONGEST_TEXT)
		length = LONGEST_TEXT;
	at = usher_text_fold(arena, text, length, &size);
	if (!at)
		return ENOMEM;
	end = at + size;
	most = most_words(at, size);
	words->at = usher_arena_array(arena, most, sizeof(char *));
	words->lengths = usher_arena_array(arena, most, sizeof(size_t));
	words->hashes = usher_arena_array(arena, most, sizeof(unsigned));
	if (!words->at || !words->lengths || !words->hashes)
		return ENOMEM;
	while (at < end && words->count < most) {
		size_t run = word_length(at, end);

		if (run > 0) {
			words->at[words->count] = at;
			words->hashes[words->count] = hash_of(at, run);
			words->lengths[words->count++] = run;
			at += run;
		} else {
			at += character(at, end);
		}
	}
	return 0;
}

static bool
phrase_at(const struct evidence_phrase *phrase,
    const struct evidence_words *words, size_t at)
{
	if (words->count - at < phrase->count)
		return false;
	for (size_t i = 0; i < phrase->count; i++) {
		if (words->lengths[at + i] != phrase->lengths[i] ||
		    memcmp(words->at[at + i], phrase->words[i],
			phrase->lengths[i]) != 0)
			return false;
	}
	return true;
}

static void
look_up_at(struct evidence_weighing *weighing, unsigned where,
    const struct evidence_words *words, size_t at, bool two)
{
	const struct evidence *evidence = weighing->evidence;
	unsigned slot = usher_evidence_slot(words, at, two);
	const struct evidence_phrase *phrase;

	if (!(evidence->filled[slot / 8] >> slot % 8 & 1))
		return;
	phrase = evidence->phrases[slot];
	for (; phrase; phrase = phrase->next) {
		unsigned char *said = &weighing->said[phrase->number / 8];
		unsigned char bit = (unsigned char)(1u << phrase->number % 8);

		if (!(evidence->items[phrase->item].where & where) ||
		    (*said & bit) || !phrase_at(phrase, words, at))
			continue;
		*said |= bit;
		weighing->hits[phrase->item]++;
	}
}

static void
look_up(struct evidence_weighing *weighing, unsigned where,
    const struct evidence_words *words)
{
	for (size_t i = 0; i < words->count; i++) {
		look_up_at(weighing, where, words, i, false);
		if (i + 1 < words->count)
			look_up_at(weighing, where, words, i, true);
	}
}

/* All that is said of a call is one text, as long as a subject. */
int
usher_evidence_phrases(struct evidence_weighing *weighing, struct arena *arena)
{
	const struct evidence_view *view = weighing->view;
	struct evidence_words words = { 0, NULL, NULL, NULL };
	unsigned call = view->call ? WHERE_CALL : 0;
	int code = usher_evidence_words(arena, view->subject,
	    view->subject_length, &words);

	if (code)
		return code;
	look_up(weighing, WHERE_SUBJECT | call, &words);
	code = usher_evidence_words(arena, view->text, view->text_length,
	    &words);
	if (code == 0)
		look_up(weighing, WHERE_TEXT | call, &words);
	return code;
}
