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
	WORD_BRING_ATTACHMENT,
	WORD_BRING_OR_LINK,
	WORD_BRING_LINK,
	WORD_BRING_AT_MOST,
	WORD_BRING_AT_LEAST,
	WORD_BRING_FEWER,
	WORD_BRING_MORE,
	WORD_BRING_EXACTLY,
	WORD_BRING_REASON,
	WORD_OR,
	WORD_MORE,
	WORD_REFERENCE,
	WORD_INSTANT,
	WORD_FIRST,
	WORD_REPLY_SUBJECT,
	WORD_REPLY_YOUR_MESSAGE,
	WORD_REPLY_HELLO,
	WORD_REPLY_AUTOMATIC,
	WORD_REPLY_ONCE,
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

/* The set of a language ("de-AT" finds "de"), or of the first in a list as
 * "nl,de" that has one; NULL. */
const struct words_set *usher_words_find(const struct words *words,
    const char *languages);

/* The set that a decision is told in: the sender's, the recipient's, "en". */
const struct words_set *usher_words_of(const struct usher_decision *decision);
/* What to bring as a sentence, or "". */
const char *usher_words_bring(struct usher_decision *decision,
    const struct words_set *set);

/* One value for each {name} of a template. */
struct filling {
	const char *name, *value;
};
/* Unknown names stay as written. NULL: no memory. */
const char *usher_words_fill(struct arena *arena, const char *template_text,
    const struct filling *fillings, size_t count);

#endif
