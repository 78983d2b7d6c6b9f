/*
 * text_unmix: letters of other scripts that pass for Latin ones.
 *
 * Whoever hides a word from programs writes some of its letters in Cyrillic,
 * Greek or Armenian: people read it all the same, and no language mixes them
 * within a word. Called by text.c for folded text, where such words become
 * Latin. Words with a letter that looks like none of Latin stay as they are,
 * and so do words wholly of the other script. Keeps design.md §4.
 */
#include <glib.h>
#include <string.h>

#include "text.h"

/* Folded, so that what only the capitals share counts too. */
static const struct {
	uint32_t letter;
	char latin;
} lookalikes[] = {
	/* Greek */
	{ 0x3b1, 'a' },
	{ 0x3b2, 'b' },
	{ 0x3b5, 'e' },
	{ 0x3b6, 'z' },
	{ 0x3b7, 'h' },
	{ 0x3b9, 'i' },
	{ 0x3ba, 'k' },
	{ 0x3bd, 'v' },
	{ 0x3bf, 'o' },
	{ 0x3c1, 'p' },
	{ 0x3c4, 't' },
	{ 0x3c5, 'u' },
	{ 0x3c7, 'x' },
	{ 0x3f2, 'c' },
	{ 0x3f3, 'j' },
	/* Cyrillic */
	{ 0x430, 'a' },
	{ 0x432, 'b' },
	{ 0x435, 'e' },
	{ 0x43a, 'k' },
	{ 0x43c, 'm' },
	{ 0x43d, 'h' },
	{ 0x43e, 'o' },
	{ 0x440, 'p' },
	{ 0x441, 'c' },
	{ 0x442, 't' },
	{ 0x443, 'y' },
	{ 0x445, 'x' },
	{ 0x455, 's' },
	{ 0x456, 'i' },
	{ 0x458, 'j' },
	{ 0x475, 'v' },
	{ 0x4af, 'y' },
	{ 0x4bb, 'h' },
	{ 0x4cf, 'l' },
	{ 0x501, 'd' },
	{ 0x51b, 'q' },
	{ 0x51d, 'w' },
	/* Armenian */
	{ 0x570, 'h' },
	{ 0x578, 'n' },
	{ 0x57d, 'u' },
	{ 0x581, 'g' },
	{ 0x585, 'o' },
};

static char
latin(uint32_t c)
{
	for (size_t i = 0; i < G_N_ELEMENTS(lookalikes); i++)
		if (lookalikes[i].letter == c)
			return lookalikes[i].latin;
	return '\0';
}

/* The first byte of a letter of those scripts, in UTF-8. */
static bool
may_pass(char c)
{
	return (unsigned char)c >= 0xcd && (unsigned char)c <= 0xd6;
}

static bool
has_any(const char *text, size_t length)
{
	bool any = false;

	for (size_t i = 0; i < length; i++)
		any |= may_pass(text[i]);
	return any;
}

struct found { /* in a word */
	bool latin, passing, other;
};

/* The end of the word at `at`, or `at` where none begins. */
static size_t
word_end(const struct buffer *text, size_t at, struct found *found)
{
	*found = (struct found){ .latin = false };
	while (at < text->length) {
		uint32_t c;
		size_t step = usher_text_next(text->data + at,
		    text->length - at, &c);

		if (c < 0x80 ? !g_ascii_isalnum((char)c)
			     : !g_unichar_isalnum(c))
			break;
		if (c < 0x80)
			found->latin |= g_ascii_isalpha((char)c);
		else if (latin(c) != '\0')
			found->passing = true;
		else
			found->other = true;
		at += step;
	}
	return at;
}

/* Copies what stands from `from` to `until` down to `to`; the new end. */
static size_t
copy(struct buffer *text, size_t from, size_t until, size_t to, bool as_latin)
{
	while (as_latin && from < until) {
		uint32_t c;

		from += usher_text_next(text->data + from, until - from, &c);
		text->data[to++] = c < 0x80 ? (char)c : latin(c);
	}
	memmove(text->data + to, text->data + from, until - from);
	return to + (until - from);
}

void
usher_text_unmix(struct buffer *text)
{
	size_t at = 0, to = 0;

	if (text->failed || !has_any(text->data, text->length))
		return;
	while (at < text->length) {
		struct found found;
		size_t end = word_end(text, at, &found);
		uint32_t c;

		if (end == at)
			end += usher_text_next(text->data + at,
			    text->length - at, &c);
		to = copy(text, at, end, to,
		    found.latin && found.passing && !found.other);
		at = end;
	}
	text->length = to;
	text->data[to] = '\0';
}
