/*
 * text: strings as people write them.
 *
 * Folding, whole-word phrases, wildcards, likely meant words, growing
 * buffers. Text is UTF-8; bytes that are not valid UTF-8 are read as Latin-1,
 * so that no input is without a meaning.
 */
#ifndef USHER_TEXT_H
#define USHER_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "arena.h"
#include "usher.h" /* usher_text_suggest() */

/* A growing buffer; `data` always ends in NUL. Free with usher_buffer_free. */
struct buffer {
	char *data;
	size_t length, size;
	bool failed; /* memory ran out: contents are cut */
};

/* An empty one gets its first room at once, for so many bytes. */
void usher_buffer_expect(struct buffer *buffer, size_t length);
/* The same as usher_buffer_add(), where its room may be too small. */
void usher_buffer_more(struct buffer *buffer, const char *data, size_t length);

static inline void
usher_buffer_add(struct buffer *buffer, const char *data, size_t length)
{
	if (buffer->size - buffer->length <= length || buffer->failed) {
		usher_buffer_more(buffer, data, length);
		return;
	}
	if (length > 0)
		memcpy(buffer->data + buffer->length, data, length);
	buffer->length += length;
	buffer->data[buffer->length] = '\0';
}

static inline void
usher_buffer_puts(struct buffer *buffer, const char *string)
{
	usher_buffer_add(buffer, string, strlen(string));
}

void usher_buffer_printf(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void usher_buffer_free(struct buffer *buffer);

/*
 * The first character of a text (length > 0) and its length in bytes. A byte
 * that is not valid UTF-8 there is a Latin-1 character.
 */
size_t usher_text_next(const char *text, size_t length, uint32_t *character);

/*
 * Case- and accent-folded UTF-8 (NFKD, accents and invisible characters
 * removed, full case folding), in the arena; valid whatever the input was.
 * Letters stay letters: "Dokumentenmanagement-Loesung" and
 * "DOKUMENTENMANAGEMENT-LOESUNG" fold to the same bytes, "ü" to "u", "ø" to
 * "o"; vowel signs and tone marks that make another word stay. Letters of
 * other scripts within a Latin word become those they pass for, and the end of
 * a line between two characters of Han or Kana is left out. NUL becomes a
 * space. NULL when memory runs out.
 */
char *usher_text_fold(struct arena *arena, const char *text, size_t length,
    size_t *folded_length);

/* Whether it is ASCII: such a text is as long when folded. */
bool usher_text_plain(const char *text, size_t length);
/* Folds such a text to `out`, which has room for as many bytes. */
void usher_text_fold_plain(char *out, const char *text, size_t length);

/* text_unmix.c: of folded text, for usher_text_fold() alone. */
void usher_text_unmix(struct buffer *text);

/* ASCII lower case in place; the text itself. */
char *usher_text_lower(char *text);

/*
 * A phrase, folded and split into words once. It occurs in folded text where
 * its words follow each other on word boundaries with any non-letters (and at
 * least one) between them. Characters of scripts written without spaces are a
 * boundary on either side. A NUL in folded text is a border that no phrase
 * crosses: put it between texts that do not belong together.
 */
enum { USHER_PHRASE_BYTES = 1000 };
struct phrase {
	const char *text; /* as written */
	size_t count;
	const char **words; /* folded */
};
/* EINVAL without a word, E2BIG over USHER_PHRASE_BYTES, ENOMEM. */
int usher_phrase_make(struct arena *arena, const char *text,
    struct phrase *phrase); /* EINVAL when it has no word */
bool usher_phrase_occurs(const struct phrase *phrase, const char *folded,
    size_t length);

/*
 * Number of words: maximal runs without white space that hold a letter or
 * digit.
 */
size_t usher_text_words(const char *text, size_t length);
/* Length in bytes of a text up to the end of its word number `count`. */
size_t usher_text_words_length(const char *text, size_t length, size_t count);

/* `*` is any run of characters; the whole must match; bytes compare exactly. */
bool usher_text_matches(const char *pattern, const char *text);
/* The same where the case of ASCII letters is no difference. */
bool usher_text_matches_folded(const char *pattern, const char *text);

#endif
