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
#include "text_mask.h"

#define HASH_BY UINT64_C(0x9e3779b97f4a7c15)

enum { MOST_WORDS = 20000, LONGEST_TEXT = 256 * 1024 };

static inline uint64_t
mixed(uint64_t hash, uint64_t eight)
{
	return (hash ^ eight) * HASH_BY;
}

/* The first `length` bytes, fewer than eight, and noughts. */
static uint64_t
last_bytes(const char *word, size_t length)
{
	uint64_t eight = 0;

	for (size_t i = length; i-- > 0;)
		eight = eight << 8 | (unsigned char)word[i];
	return eight;
}

/* Eight bytes at a time; what stands behind the word is not looked at. */
static inline unsigned
hash_of(const char *word, size_t length, const char *end)
{
	uint64_t hash = length, eight;

	while (length >= sizeof(eight)) {
		hash = mixed(hash, usher_text_eight(word));
		hash ^= hash >> 32;
		word += sizeof(eight);
		length -= sizeof(eight);
	}
	if (end - word >= (ptrdiff_t)sizeof(eight))
		eight = usher_text_eight(word) & ~(~UINT64_C(0) << 8 * length);
	else
		eight = last_bytes(word, length);
	return (unsigned)(mixed(hash, eight) >> 32);
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

/* Bytes that a character of more than one begins with. */
static size_t
high_starts(const char *text, size_t length)
{
	size_t count = 0, i = 0;

	while (i < length) {
		if (length - i >= TEXT_MASK_BYTES &&
		    !usher_mask_any_high(text + i))
			i += TEXT_MASK_BYTES;
		else
			count += (unsigned char)text[i++] >= 0xc0;
	}
	return count;
}

/* Room for every word there can be: each takes a byte and one between. */
static size_t
most_words(const char *text, size_t length)
{
	size_t most = length / 2 + high_starts(text, length) + 1;

	return most < MOST_WORDS ? most : MOST_WORDS;
}

/* Letters and digits among 64 bytes; false unless all are ASCII. */
static bool
letters_of(const char *at, uint64_t *letters)
{
	*letters = usher_mask_alnum(at);
	return !usher_mask_any_high(at);
}

static inline void
add_word(struct evidence_words *words, const char *at, size_t length,
    const char *end)
{
	size_t count = words->count;

	words->at[count] = at;
	words->hashes[count] = hash_of(at, length, end);
	words->lengths[count] = length;
	words->count = count + 1;
}

/*
 * The words that lie within 64 bytes at `at`; how far they were looked at: to
 * where a word begins that may go on behind them.
 */
static size_t
add_words(struct evidence_words *to, const char *at, uint64_t letters,
    const char *end, size_t most)
{
	struct evidence_words words = *to; /* nothing written changes it */
	size_t taken = TEXT_MASK_BYTES;

	if (letters == ~UINT64_C(0))
		return 0;
	while (letters != 0 && words.count < most) {
		unsigned from = (unsigned)__builtin_ctzll(letters);
		uint64_t others = ~(letters >> from);
		unsigned length = (unsigned)__builtin_ctzll(others);

		if (from + length >= TEXT_MASK_BYTES) {
			taken = from;
			break;
		}
		add_word(&words, at + from, length, end);
		letters &= ~UINT64_C(0) << (from + length);
	}
	to->count = words.count;
	return taken;
}

/* One word, or what stands between two; its bytes. */
static size_t
step(struct evidence_words *words, const char *at, const char *end)
{
	size_t run = word_length(at, end);

	if (run == 0)
		return character(at, end);
	add_word(words, at, run, end);
	return run;
}

static void
split(struct evidence_words *words, const char *at, const char *end,
    size_t most)
{
	uint64_t letters;
	size_t taken;

	while (at < end && words->count < most) {
		taken = end - at >= TEXT_MASK_BYTES && letters_of(at, &letters)
		    ? add_words(words, at, letters, end, most)
		    : 0;
		if (taken == 0)
			taken = step(words, at, end);
		at += taken;
	}
}

int
usher_evidence_split(struct arena *arena, const char *folded, size_t length,
    struct evidence_words *words)
{
	size_t most = most_words(folded, length);

	words->count = 0;
	words->at = usher_arena_room(arena, most * sizeof(char *));
	words->lengths = usher_arena_room(arena, most * sizeof(size_t));
	words->hashes = usher_arena_room(arena, most * sizeof(unsigned));
	if (!words->at || !words->lengths || !words->hashes)
		return ENOMEM;
	split(words, folded, folded + length, most);
	return 0;
}

int
usher_evidence_words(struct arena *arena, const char *text, size_t length,
    struct evidence_words *words)
{
	const char *folded;
	size_t size = 0;

	words->count = 0;
	if (!text || length == 0)
		return 0;
	if (length > LONGEST_TEXT)
		length = LONGEST_TEXT;
	folded = usher_text_fold(arena, text, length, &size);
	return folded ? usher_evidence_split(arena, folded, size, words)
		      : ENOMEM;
}

/*
 * Behind the words of a phrase that may stand here, if one of them is `word`;
 * else NULL. No word holds the signs that end those of a phrase.
 */
static const char *
behind(const char *text, const char *word, size_t length)
{
	static const char ends[] = { ' ', PHRASE_OR, '\0' };

	while (strncmp(text, word, length) != 0 ||
	    (text[length] != '\0' && !strchr(ends, text[length]))) {
		text += strcspn(text, ends);
		if (*text++ != PHRASE_OR)
			return NULL;
	}
	return text + strcspn(text, " ");
}

static bool
phrase_at(const char *text, const struct evidence_words *words, size_t at)
{
	for (; *text != PHRASE_ANY; at++) {
		if (at == words->count)
			return false;
		text = behind(text, words->at[at], words->lengths[at]);
		if (!text || *text == '\0')
			return text != NULL;
		text++;
	}
	for (size_t gap = 0; gap <= PHRASE_GAP; gap++) {
		if (phrase_at(text + 2, words, at + gap))
			return true;
		if (at + gap == words->count)
			break;
	}
	return false;
}

static void
meet(struct evidence_weighing *weighing, unsigned where,
    const struct evidence_words *words, size_t at, unsigned hash)
{
	const struct evidence *evidence = weighing->evidence;
	unsigned next = evidence->slots[usher_evidence_slot(hash)];
	uint16_t tag = usher_evidence_tag(hash);

	while (next != 0) {
		const struct evidence_entry *entry =
		    &evidence->entries[next - 1];
		const struct evidence_phrase *phrase =
		    &evidence->phrases[entry->phrase];
		unsigned char *said = &weighing->said[entry->phrase / 8];
		unsigned char bit = (unsigned char)(1u << entry->phrase % 8);

		next = entry->next;
		if (entry->tag != tag ||
		    !(evidence->items[phrase->item].where & where) ||
		    (*said & bit) ||
		    !phrase_at(evidence->texts + phrase->text, words, at))
			continue;
		*said |= bit;
		weighing->hits[phrase->item]++;
	}
}

/* Few pairs of words begin a phrase, and one bit tells most of them apart. */
static inline bool
may_begin(const struct evidence *evidence, unsigned hash)
{
	uint64_t bits = evidence->filter[hash % PHRASE_FILTER];

	return (bits >> usher_evidence_bit(hash) & 1) != 0 &&
	    (bits >> usher_evidence_other_bit(hash) & 1) != 0;
}

static void
look_up(struct evidence_weighing *weighing, unsigned where,
    const struct evidence_words *words)
{
	const struct evidence *evidence = weighing->evidence;
	const unsigned *hashes = words->hashes;
	size_t count = words->count;

	for (size_t i = 0; i < count; i++) {
		unsigned pair;

		if (may_begin(evidence, hashes[i]))
			meet(weighing, where, words, i, hashes[i]);
		if (i + 1 == count)
			break;
		pair = usher_evidence_pair(hashes[i], hashes[i + 1]);
		if (may_begin(evidence, pair))
			meet(weighing, where, words, i, pair);
	}
}

/* All that is said of a call is one text, as long as a subject. */
int
usher_evidence_phrases(struct evidence_weighing *weighing, struct arena *arena)
{
	const struct evidence_view *view = weighing->view;
	struct evidence_words words = { 0, NULL, NULL, NULL };
	unsigned call = view->call ? WHERE_CALL : 0;
	int code;

	if (view->folded_subject)
		code = usher_evidence_split(arena, view->folded_subject,
		    view->folded_subject_length, &words);
	else
		code = usher_evidence_words(arena, view->subject,
		    view->subject_length, &words);
	if (code)
		return code;
	look_up(weighing, WHERE_SUBJECT | call, &words);
	if (view->folded_text)
		code = usher_evidence_split(arena, view->folded_text,
		    view->folded_text_length, &words);
	else
		code = usher_evidence_words(arena, view->text,
		    view->text_length, &words);
	if (code == 0)
		look_up(weighing, WHERE_TEXT | call, &words);
	return code;
}
