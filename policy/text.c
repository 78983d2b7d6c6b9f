/*
 * text: see text.h. Characters, folding, words, wildcards.
 *
 * Folding goes character by character and not through g_utf8_normalize():
 * that one sorts the marks behind a letter by exchange, so that a hostile text
 * of marks alone would cost the square of its length. As accents are dropped
 * here, their order is of no interest.
 */
#include "text.h"

#include <glib.h>
#include <string.h>

#include "text_mask.h"

size_t
usher_text_next(const char *text, size_t length, uint32_t *character)
{
	unsigned char first = (unsigned char)text[0];
	gunichar c;

	*character = first;
	if (first < 0x80)
		return 1;
	c = g_utf8_get_char_validated(text, (gssize)length);
	if (c == (gunichar)-1 || c == (gunichar)-2)
		return 1;
	*character = c;
	return (size_t)g_unichar_to_utf8(c, NULL);
}

static inline bool
is_capital(char c)
{
	return (unsigned char)(c - 'A') < 26;
}

char *
usher_text_lower(char *text)
{
	for (char *p = text; *p != '\0'; p++)
		*p = (char)(*p | (is_capital(*p) ? 0x20 : 0));
	return text;
}

/*
 * Letters that people take for others although Unicode does not decompose
 * them, and what full case folding knows beyond lower case.
 */
static const struct {
	gunichar letter;
	const char *folded;
} folds[] = {
	{ 0x00df, "ss" }, { 0x00e6, "ae" }, { 0x00f8, "o" }, { 0x0111, "d" },
	{ 0x0131, "i" }, { 0x0142, "l" }, { 0x0153, "oe" },
	{ 0x03c2, "\xcf\x83" }, /* final sigma */
};

static void
add_folded(struct buffer *out, gunichar c)
{
	char bytes[6];

	c = g_unichar_tolower(c);
	if (c >= 0xdf && c <= 0x3c2)
		for (size_t i = 0; i < G_N_ELEMENTS(folds); i++)
			if (folds[i].letter == c) {
				usher_buffer_puts(out, folds[i].folded);
				return;
			}
	usher_buffer_add(out, bytes, (size_t)g_unichar_to_utf8(c, bytes));
}

/*
 * Combining class 0 are vowel signs (but for the variation selectors and the
 * grapheme joiner), 7 to 9 and 84 to 132 what else makes another letter in
 * the scripts of South Asia and Japan. The others are accents and points.
 */
static bool
is_accent(gunichar c)
{
	int class = g_unichar_combining_class(c);

	if (class == 0)
		return c == 0x34f || (c >= 0x180b && c <= 0x180f) ||
		    (c >= 0xfe00 && c <= 0xfe0f) ||
		    (c >= 0xe0100 && c <= 0xe01ef);
	return class < 7 || (class > 9 && class < 84) || class > 132;
}

static bool
is_dropped(gunichar c)
{
	/* Fillers of Hangul are letters that nobody sees. */
	if (c == 0x115f || c == 0x1160)
		return true;
	switch (g_unichar_type(c)) {
	case G_UNICODE_FORMAT: /* soft hyphens, joiners, directions */
	case G_UNICODE_ENCLOSING_MARK: return true;
	case G_UNICODE_NON_SPACING_MARK:
	case G_UNICODE_SPACING_MARK: return is_accent(c);
	default: return false;
	}
}

static void
fold_character(struct buffer *out, gunichar c)
{
	gunichar parts[G_UNICHAR_MAX_DECOMPOSITION_LENGTH];
	gsize count = g_unichar_fully_decompose(c, TRUE, parts,
	    G_N_ELEMENTS(parts));

	for (gsize i = 0; i < count; i++)
		if (!is_dropped(parts[i]))
			add_folded(out, parts[i]);
}

/* Of ASCII: a capital becomes small, NUL becomes a space. */
static inline char
fold_byte(char byte)
{
	unsigned char c = (unsigned char)byte;
	unsigned char capital = (unsigned char)(c - 'A') < 26 ? 0x20 : 0;
	unsigned char nul = c == 0 ? 0x20 : 0;

	return (char)(c | capital | nul);
}

/* The same of eight bytes at once. */
static inline uint64_t
fold_eight(uint64_t eight)
{
	uint64_t capital = usher_text_within(eight, 'A', 'Z');
	uint64_t nul = ~usher_text_from(eight, 1) & TEXT_HIGH;

	return eight | (capital | nul) >> 2;
}

/* `out` may be `text`. */
void
usher_text_fold_plain(char *out, const char *text, size_t length)
{
	size_t i = 0;
	uint64_t eight;

#ifdef __SSE2__
	for (; length - i >= 16; i += 16) {
		__m128i some = _mm_loadu_si128((const void *)(text + i));
		__m128i changed = _mm_or_si128(usher_mask_span(some, 'A',
						   'Z' - 'A'),
		    _mm_cmpeq_epi8(some, _mm_setzero_si128()));

		changed = _mm_and_si128(changed, _mm_set1_epi8(0x20));
		_mm_storeu_si128((void *)(out + i),
		    _mm_or_si128(some, changed));
	}
#endif
	for (; length - i >= sizeof(eight); i += sizeof(eight)) {
		memcpy(&eight, text + i, sizeof(eight));
		eight = fold_eight(eight);
		memcpy(out + i, &eight, sizeof(eight));
	}
	for (; i < length; i++)
		out[i] = fold_byte(text[i]);
}

static size_t
ascii_length(const char *text, size_t length)
{
	size_t i = 0;

	while (length - i >= TEXT_MASK_BYTES && !usher_mask_any_high(text + i))
		i += TEXT_MASK_BYTES;
	while (length - i >= 8 && (usher_text_eight(text + i) & TEXT_HIGH) == 0)
		i += 8;
	while (i < length && (text[i] & 0x80) == 0)
		i++;
	return i;
}

bool
usher_text_plain(const char *text, size_t length)
{
	return ascii_length(text, length) == length;
}

/* Han and Kana are written without blanks: a new line there parts nothing. */
static bool
is_unbroken(uint32_t c)
{
	return (c >= 0x3040 && c <= 0x30ff) || (c >= 0x3400 && c <= 0x4dbf) ||
	    (c >= 0x4e00 && c <= 0x9fff) || (c >= 0xf900 && c <= 0xfaff) ||
	    (c >= 0x20000 && c <= 0x3ffff);
}

/* Bytes of one end of line with blanks around, when more of such follows. */
static size_t
break_length(const char *text, size_t length)
{
	size_t i = 0, lines = 0;
	uint32_t c;

	for (; i < length && text[i] != '\0' && strchr(" \t\r\n", text[i]); i++)
		lines += text[i] == '\n';
	if (lines != 1 || i == length)
		return 0;
	(void)usher_text_next(text + i, length - i, &c);
	return is_unbroken(c) ? i : 0;
}

/* Runs of ASCII are folded in place in the buffer: most text is that. */
static void
fold_mixed(struct buffer *out, const char *text, size_t length)
{
	while (length > 0) {
		size_t run = ascii_length(text, length);
		size_t start = out->length;
		uint32_t c;

		usher_buffer_add(out, text, run);
		if (out->length > start)
			usher_text_fold_plain(out->data + start,
			    out->data + start, out->length - start);
		if (run == 0) {
			run = usher_text_next(text, length, &c);
			fold_character(out, c);
			if (is_unbroken(c))
				run += break_length(text + run, length - run);
		}
		text += run;
		length -= run;
	}
}

char *
usher_text_fold(struct arena *arena, const char *text, size_t length,
    size_t *folded_length)
{
	struct buffer out = { 0 };
	char *folded = NULL;

	*folded_length = 0;
	if (usher_text_plain(text, length)) {
		folded = usher_arena_room(arena, length + 1);
		if (folded == NULL)
			return NULL;
		usher_text_fold_plain(folded, text, length);
		folded[length] = '\0';
		*folded_length = length;
		return folded;
	}
	fold_mixed(&out, text, length);
	usher_text_unmix(&out);
	if (!out.failed)
		folded = usher_arena_bytes(arena, out.data, out.length);
	if (folded != NULL)
		*folded_length = out.length;
	else
		arena->failed = true;
	usher_buffer_free(&out);
	return folded;
}

enum kind { SIGN, ALNUM = 1, SPACE = 2 };

static const unsigned char kinds[128] = { ['\t' ... '\r'] = SPACE,
	[' '] = SPACE,
	['0' ... '9'] = ALNUM,
	['A' ... 'Z'] = ALNUM,
	['a' ... 'z'] = ALNUM };

static enum kind
kind_of(uint32_t c)
{
	if (c < 0x80)
		return kinds[c];
	if (g_unichar_isspace(c))
		return SPACE;
	return g_unichar_isalnum(c) ? ALNUM : SIGN;
}

/* How far words have been counted. */
struct counting {
	size_t words;
	size_t end;   /* of what belongs to a word */
	bool in_word; /* which is counted at its first letter or digit */
};

/* One character at `at`, of a text; how many bytes it has. */
static size_t
count_character(struct counting *counting, const char *text, size_t at,
    size_t length)
{
	uint32_t c = (unsigned char)text[at];
	size_t step = 1;
	enum kind kind;

	if (c >= 0x80)
		step = usher_text_next(text + at, length - at, &c);
	kind = kind_of(c);
	if (kind == SPACE) {
		counting->in_word = false;
	} else if (!counting->in_word && kind == ALNUM) {
		counting->in_word = true;
		counting->words++;
	}
	if (counting->in_word)
		counting->end = at + step;
	return step;
}

/*
 * The same for 64 bytes at `at`, if all are ASCII and their words are no more
 * than `most`. Added to its run of bytes that are no spaces, the first letter
 * of a word carries through to the run's end: all other letters are added to
 * what has become nought.
 */
static bool
count_block(struct counting *counting, const char *text, size_t at, size_t most)
{
	uint64_t letters, sum, in_words, others;
	size_t words;

	if (usher_mask_any_high(text + at))
		return false;
	letters = usher_mask_alnum(text + at);
	others = ~usher_mask_space(text + at);
	sum = others + letters + counting->in_word;
	words = usher_mask_count(letters & ~sum);
	if (counting->words + words > most)
		return false;
	in_words = others & (~sum | letters);
	counting->words += words;
	if (in_words != 0)
		counting->end = at + 64 - (size_t)__builtin_clzll(in_words);
	counting->in_word = in_words >> 63 != 0;
	return true;
}

/* Up to the end of the text, or of the word number `most`. */
static struct counting
count(const char *text, size_t length, size_t most)
{
	struct counting counting = { 0 };
	size_t at = 0, next_block = 0;

	while (at < length && (counting.in_word || counting.words < most)) {
		if (at >= next_block && length - at >= TEXT_MASK_BYTES) {
			if (count_block(&counting, text, at, most)) {
				at += TEXT_MASK_BYTES;
				continue;
			}
			next_block = at + TEXT_MASK_BYTES;
		}
		at += count_character(&counting, text, at, length);
	}
	return counting;
}

size_t
usher_text_words(const char *text, size_t length)
{
	return count(text, length, SIZE_MAX).words;
}

size_t
usher_text_words_length(const char *text, size_t length, size_t most)
{
	return count(text, length, most).end;
}

static inline bool
same(char a, char b, bool folded)
{
	return a == b ||
	    (folded && ((a ^ b) & ~0x20) == 0 && is_capital((char)(a & ~0x20)));
}

/*
 * Only the last star is ever widened: what an earlier one took can stay, as
 * the later took the first chance. So the cost is pattern times text at most.
 */
static inline bool
matches(const char *pattern, const char *text, bool folded)
{
	const char *star = NULL, *retry = NULL;

	while (*text != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			while (*text != '\0' && *star != '*' &&
			    !same(*star, *text, folded))
				text++;
			retry = text;
		} else if (*pattern != '\0' && same(*pattern, *text, folded)) {
			pattern++;
			text++;
		} else if (star != NULL) {
			pattern = star;
			text = ++retry;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

bool
usher_text_matches(const char *pattern, const char *text)
{
	return matches(pattern, text, false);
}

bool
usher_text_matches_folded(const char *pattern, const char *text)
{
	return matches(pattern, text, true);
}
