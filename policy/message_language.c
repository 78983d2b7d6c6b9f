/*
 * message_language: the language a mail is written in.
 *
 * Content-Language (RFC 3282) says it; else the small words do that every
 * sentence has, counted over the subject and the first words shown, each
 * language by words that the others do not write. For the words to whoever is
 * turned away: a wrong guess is read in the wrong language, so it must lead
 * clearly.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "message.h"

enum { LANGUAGES = 4, LOOKED_AT = 4000, LEAST_HITS = 3, LONGEST_WORD = 12 };

/* Folded: without accents, in lower case; between blanks. */
static const struct {
	const char *name, *words;
} languages[LANGUAGES] = {
	{ "en",
	    " the and you your with this that have are our would they of is "
	    "been from we for what which can their there about were hello "
	    "please thanks " },
	{ "de",
	    " der das und ist nicht ich sie wir mit fur auf ein eine einen "
	    "zu ihnen ihr ihre ihrem ihren unser unsere haben werden auch bei "
	    "von dem wie oder uber wurde konnen hallo danke bitte " },
	{ "fr",
	    " des du et est nous vous votre vos notre nos pour avec une dans "
	    "qui pas cette je au aux sont etre ou sur bonjour merci ce il "
	    "ont leur " },
	{ "es",
	    " el los las del y su sus para con una por como pero esta este "
	    "nuestro nuestra nuestros usted ustedes mas hola gracias muy "
	    "que lo ha son " },
};

struct hits {
	size_t of[LANGUAGES];
};

static void
count_word(const char *word, size_t length, struct hits *hits)
{
	char wanted[LONGEST_WORD + 3];

	if (length == 0 || length > LONGEST_WORD)
		return;
	wanted[0] = ' ';
	memcpy(wanted + 1, word, length);
	memcpy(wanted + 1 + length, " ", 2);
	for (size_t i = 0; i < LANGUAGES; i++)
		if (strstr(languages[i].words, wanted) != NULL)
			hits->of[i]++;
}

static bool
is_letter(char c)
{
	return isalpha((unsigned char)c) || (unsigned char)c >= 0x80;
}

static int
count_words(struct arena *arena, const char *text, size_t length,
    struct hits *hits)
{
	size_t folded_length = 0, begin = 0;
	char *folded = usher_text_fold(arena, text,
	    length > LOOKED_AT ? LOOKED_AT : length, &folded_length);

	if (folded == NULL)
		return ENOMEM;
	for (size_t i = 0; i <= folded_length; i++) {
		if (i < folded_length && is_letter(folded[i]))
			continue;
		count_word(folded + begin, i - begin, hits);
		begin = i + 1;
	}
	return 0;
}

static const char *
leader(const struct hits *hits)
{
	size_t best = 0, second = 0, which = 0;

	for (size_t i = 0; i < LANGUAGES; i++) {
		if (hits->of[i] > best) {
			second = best;
			best = hits->of[i];
			which = i;
		} else if (hits->of[i] > second) {
			second = hits->of[i];
		}
	}
	return best >= LEAST_HITS && best * 2 >= second * 3
	    ? languages[which].name
	    : NULL;
}

/* The first tag's language: "de" of "de-AT, en". */
static const char *
declared(struct usher_message *message)
{
	const char *value = usher_message_field(message, "Content-Language");
	size_t length = 0;
	char *tag;

	if (value == NULL)
		return NULL;
	value += strspn(value, " \t");
	while (isalpha((unsigned char)value[length]))
		length++;
	if (length < 2 || length > 3 ||
	    strchr("-, \t;(", value[length]) == NULL)
		return NULL; /* the end of the string is among them */
	tag = usher_arena_bytes(&message->arena, value, length);
	return tag == NULL ? NULL : usher_text_lower(tag);
}

const char *
usher_message_language(struct usher_message *message)
{
	const char *language = declared(message);
	const struct message_content *content;
	const struct message_head *head;
	struct message_content *told;
	struct hits hits = { { 0 } };

	if (language != NULL)
		return language;
	if (usher_message_head(message, &head) != 0 ||
	    usher_message_content(message, &content) != 0)
		return NULL;
	told = message->content;
	if (told->language_of == content->text.length + 1)
		return told->language;
	if (head->subject != NULL &&
	    count_words(&message->arena, head->subject, strlen(head->subject),
		&hits) != 0)
		return NULL;
	if (content->text.data != NULL &&
	    count_words(&message->arena, content->text.data,
		content->text.length, &hits) != 0)
		return NULL;
	told->language = leader(&hits);
	told->language_of = content->text.length + 1;
	return told->language;
}
