/*
 * message_test_text: the shape of the text a mail shows, as evidence.
 *
 * How it is broken into lines, how loud it is, what it speaks of in figures,
 * and lines that machines wrote. One pass over the lines and one over the
 * characters. Called by message_test.c.
 */
#include <ctype.h>
#include <string.h>

#include "message_test.h"
#include "text_mask.h"

enum { LONGEST_LOOKED_AT = 256 * 1024 };

/* Openings are rare, and so are their first signs. */
static const char *
find_opening(const char *at, const char *end, const char *open, size_t length)
{
	while ((at = memchr(at, *open, (size_t)(end - at))) != NULL) {
		if ((size_t)(end - at) < length)
			return NULL;
		if (memcmp(at, open, length) == 0)
			return at;
		at++;
	}
	return NULL;
}

bool
usher_has_merge_tag(const char *text, size_t length)
{
	static const struct {
		const char *open, *close;
	} tags[] = {
		{ "{{", "}}" },
		{ "{!", "}" },
		{ "[[", "]]" },
		{ "<%=", "%>" },
		{ "*|", "|*" },
		{ "%%", "%%" },
	};

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		const char *at = text, *end = text + length;
		size_t open = strlen(tags[i].open);
		int tries = 0;

		while (tries++ < 100 &&
		    (at = find_opening(at, end, tags[i].open, open)) != NULL) {
			size_t run = 0;

			at += open;
			while (at + run < end && run < 40 &&
			    (isalpha((unsigned char)at[run]) ||
				at[run] == '_' || at[run] == '.' ||
				at[run] == ' ' || at[run] == '|'))
				run++;
			if (run > 2 &&
			    (size_t)(end - at) >= run + strlen(tags[i].close) &&
			    memcmp(at + run, tags[i].close,
				strlen(tags[i].close)) == 0)
				return true;
		}
	}
	return false;
}

struct lines {
	size_t machine; /* marks of patches, logs, source */
	size_t wrapped, longest, rules, shouted;
};

static bool
is_rule(const char *line, size_t size)
{
	size_t run = 1;

	if (size < 12 || !strchr("-=*_~#+", *line))
		return false;
	while (run < size && line[run] == *line)
		run++;
	return run >= 12;
}

/* Two words or more in capitals, and no small letter. */
static bool
is_shouted(const char *line, size_t size)
{
	size_t capitals = 0, blanks = 0;

	for (size_t i = 0; i < size; i++) {
		if (islower((unsigned char)line[i]))
			return false;
		capitals += isupper((unsigned char)line[i]) != 0;
		blanks += line[i] == ' ';
	}
	return capitals >= 10 && blanks > 0 && capitals * 2 > size;
}

static size_t
machine_marks(const char *at, size_t size)
{
	char last = size > 0 ? at[size - 1] : '\0';

	if (last == ';' || last == '{' || last == '}')
		return 1;
	if (size > 4 &&
	    (memcmp(at, "+++ ", 4) == 0 || memcmp(at, "@@ ", 3) == 0 ||
		memcmp(at, "$ ", 2) == 0))
		return 2;
	return size > 10 && *at == '[' &&
	    isdigit((unsigned char)at[size > 6 ? 5 : 1]);
}

static void
see_lines(const char *at, const char *end, struct lines *lines)
{
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t size = (size_t)((newline ? newline : end) - at);

		while (
		    size > 0 && (at[size - 1] == '\r' || at[size - 1] == ' '))
			size--;
		lines->machine += machine_marks(at, size);
		lines->rules += is_rule(at, size);
		lines->shouted += is_shouted(at, size);
		lines->wrapped += size >= 60 && size <= 80;
		if (size > lines->longest)
			lines->longest = size;
		at = newline ? newline + 1 : end;
	}
}

struct voice {
	size_t letters, capitals, exclaims, sums, words;
	size_t apart, most_apart; /* single letters in a row */
	bool in_word, begun;	  /* so the last byte was, and began one */
};

/* "$ 5", "$5", "5 EUR" and their like. */
static bool
is_sum(const char *at, const char *end)
{
	const char *next = at;

	if (*at == '$')
		next = at + 1;
	else if (end - at > 3 && memcmp(at, "\xe2\x82\xac", 3) == 0)
		next = at + 3; /* the euro's sign */
	else if (end - at > 2 && memcmp(at, "\xc2\xa3", 2) == 0)
		next = at + 2; /* the pound's */
	else
		return false;
	while (next < end && *next == ' ')
		next++;
	return next < end && isdigit((unsigned char)*next);
}

static void
end_word(struct voice *voice, bool single)
{
	voice->words++;
	voice->apart = single ? voice->apart + 1 : 0;
	if (voice->apart > voice->most_apart)
		voice->most_apart = voice->apart;
}

static void
hear_byte(const char *at, const char *end, struct voice *voice)
{
	unsigned char c = (unsigned char)*at;
	bool letter = (c | 32u) - 'a' < 26u, in_word = letter || c >= 0x80;

	voice->letters += letter;
	voice->capitals += c >= 'A' && c <= 'Z';
	voice->exclaims += c == '!';
	if (c == '$' || c >= 0xc2)
		voice->sums += is_sum(at, end);
	if (voice->in_word && !in_word)
		end_word(voice, voice->begun);
	voice->begun = in_word && !voice->in_word;
	voice->in_word = in_word;
}

/* Ends of words in 64 bytes, and which words are of a single letter. */
static void
hear_ends(struct voice *voice, uint64_t in_words)
{
	uint64_t before = in_words << 1 | voice->in_word;
	uint64_t begun = in_words & ~before;
	uint64_t ends = before & ~in_words;
	uint64_t single = ends & (begun << 1 | voice->begun);

	for (uint64_t left = single == 0 ? 0 : ends; left != 0;
	     left &= left - 1)
		end_word(voice, (single & left & -left) != 0);
	if (single == 0 && ends != 0) {
		voice->words += usher_mask_count(ends);
		voice->apart = 0;
	}
	voice->begun = begun >> 63 != 0;
	voice->in_word = in_words >> 63 != 0;
}

/* The same as hear_byte() of 64 bytes, if all are ASCII and no sign of sums. */
static bool
hear_block(const char *at, struct voice *voice)
{
	uint64_t letters, capitals, exclaims;

	if (usher_mask_any_high(at) || usher_mask_within(at, 0, '$', '$') != 0)
		return false;
	letters = usher_mask_letters(at);
	capitals = usher_mask_within(at, 0, 'A', 'Z');
	exclaims = usher_mask_within(at, 0, '!', '!');
	voice->letters += usher_mask_count(letters);
	if (capitals != 0)
		voice->capitals += usher_mask_count(capitals);
	if (exclaims != 0)
		voice->exclaims += usher_mask_count(exclaims);
	hear_ends(voice, letters);
	return true;
}

static void
hear(const char *at, const char *end, struct voice *voice)
{
	const char *next_block = at;

	while (at < end) {
		if (at >= next_block && end - at >= TEXT_MASK_BYTES) {
			if (hear_block(at, voice)) {
				at += TEXT_MASK_BYTES;
				continue;
			}
			next_block = at + TEXT_MASK_BYTES;
		}
		hear_byte(at++, end, voice);
	}
}

/* Among the last lines a question, and no statement of length behind it. */
static bool
asks_last(const char *text, const char *end)
{
	const char *at = memrchr(text, '?', (size_t)(end - text));
	size_t letters = 0, before = 0;

	if (!at || (at + 1 < end && !isspace((unsigned char)at[1])))
		return false;
	for (const char *c = at; c < end; c++)
		letters += isalpha((unsigned char)*c) != 0;
	for (const char *c = text; c < at; c++)
		before += isalpha((unsigned char)*c) != 0;
	return letters < 90 && before > 2 * letters;
}

static bool
has_markup(const char *text, size_t length)
{
	static const char *const marks[] = { "&nbsp;", "<html", "<HTML",
		"<body", "<BODY", "<br>", "<BR>", "<table", "<TABLE", "<font",
		"<FONT", "<p>", "<P>", "</a>", "</A>" };
	size_t found = 0;

	if (!memchr(text, '<', length) && !memchr(text, '&', length))
		return false;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		found += memmem(text, length, marks[i], strlen(marks[i])) !=
		    NULL;
	return found > 1 || (length > 0 && memmem(text, length, "&nbsp;", 6));
}

static uint64_t
tests_of_lines(const struct message_content *content, const char *text,
    const char *end)
{
	struct lines lines = { 0 };
	uint64_t tests;

	see_lines(text, end, &lines);
	tests = usher_test_bit(TEST_CODE, lines.machine >= 4);
	tests |= usher_test_bit(TEST_RULES, lines.rules >= 2);
	tests |= usher_test_bit(TEST_SHOUTING, lines.shouted >= 2);
	if (content->html)
		return tests;
	tests |= usher_test_bit(TEST_LONG_LINES, lines.longest > 200);
	tests |= usher_test_bit(TEST_WRAPPED,
	    lines.wrapped >= 4 && lines.longest <= 100);
	tests |= usher_test_bit(TEST_HTML_AS_TEXT,
	    has_markup(text, (size_t)(end - text)));
	return tests;
}

uint64_t
usher_tests_of_text(const struct message_content *content)
{
	const char *text = content->text.data;
	size_t length = content->text.length;
	struct voice voice = { 0 };
	uint64_t tests;

	if (!text)
		return 0;
	if (length > LONGEST_LOOKED_AT)
		length = LONGEST_LOOKED_AT;
	hear(text, text + length, &voice);
	tests = tests_of_lines(content, text, text + length);
	tests |= usher_test_bit(TEST_BRIEF,
	    !content->html && voice.words >= 15 && voice.words <= 200);
	tests |= usher_test_bit(TEST_SHOUTING,
	    voice.capitals >= 40 && voice.capitals * 6 > voice.letters);
	tests |= usher_test_bit(TEST_SPACED_OUT, voice.most_apart >= 5);
	tests |= usher_test_bit(TEST_RAW_BYTES, content->raw_bytes >= 16);
	tests |= usher_test_bit(TEST_EXCLAIMING, voice.exclaims >= 3);
	tests |= usher_test_bit(TEST_PRICES, voice.sums >= 3);
	tests |= usher_test_bit(TEST_ASKS_LAST, asks_last(text, text + length));
	if (!(tests >> TEST_CODE & 1))
		tests |= usher_test_bit(TEST_MERGE_TAG,
		    usher_has_merge_tag(text, length));
	return tests;
}
