/*
 * words: reply texts, one set a language (design.md §7).
 *
 * Read from words/LANGUAGE.conf beside usher.conf, or as built in. The
 * same sets fill SMTP, SIP, mail and pages.
 */
#ifndef USHER_WORDS_H
#define USHER_WORDS_H

#include "arena.h"
#include "usher.h"

enum word {
	WORD_DEFER,
	WORD_REDIRECT,
	WORD_REFUSE,
	WORD_NOBODY,
	WORD_OPENS_UNTIL,
	WORD_OPENS,
	WORD_OPEN_NOW,
	WORD_NO_OPENING,
	WORD_TARGET,
	WORD_TARGET_BARE,
	WORD_TARGET_LINK,
	WORD_INTRODUCED,
	WORD_BRING,
	WORD_MORE,
	WORD_REFERENCE,
	WORD_INSTANT,
	WORD_COUNT
};

struct words_set {
	const char *language;
	const char *templates[WORD_COUNT];
	const char *channels[USHER_URI];
	const char *days[7], *months[12];
};

struct words;

/*
 * Every language built in, each replaced by a file of the same name under
 * DIRECTORY/words (NULL: none). A set that lacks an entry is refused, with
 * problems. Free with usher_words_free, which takes NULL.
 */
int usher_words_read(struct words **words, const char *directory,
    struct usher_problems *problems);
void usher_words_free(struct words *words);

/* The set of a language ("de-AT" finds "de"), or NULL. */
const struct words_set *usher_words_find(const struct words *words,
    const char *language);

/* One value for each {name} of a template. */
struct filling {
	const char *name, *value;
};
/* Unknown names stay as written. NULL: no memory. */
const char *usher_words_fill(struct arena *arena, const char *template_text,
    const struct filling *fillings, size_t count);

#endif
