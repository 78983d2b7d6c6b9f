/*
 * code_strip: access codes taken out of what is passed on (design.md §6), and
 * what a decision knows of those that were shown. See usher_code.h.
 *
 * Only valid codes go: a wrong one is answered exactly as none, and whoever
 * reads the mail sees what was written. What led to the code goes with it, so
 * that an address or a subject is what it would have been without.
 */
#include <errno.h>
#include <gmime/gmime.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "code.h"
#include "decide.h"

struct cut {
	size_t from, until;
};

bool
usher_decision_shows_code(const struct usher_decision *decision)
{
	return decision != NULL && decision->code_count > 0 &&
	    decision->verdict.answer == USHER_ACCEPT;
}

void
usher_memory_drop_codes(struct usher_memory *memory)
{
	if (memory != NULL)
		memory->code_count = 0;
}

static bool
is_valid(const struct usher_decision *decision, const char *code)
{
	for (size_t i = 0; i < decision->code_count; i++)
		if (strcmp(decision->codes[i].code, code) == 0)
			return true;
	return false;
}

/* How long what joins a code to a name is, before `at`; 0: nothing does. */
static size_t
joined(const char *text, size_t at)
{
	static const char *const signs[] = { ";code=", "?code=", "&code=",
		"%2b", "%2a", "%23", "+", "*", "#" };

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		size_t length = strlen(signs[i]);

		if (at > length &&
		    strncasecmp(text + at - length, signs[i], length) == 0)
			return length;
	}
	return 0;
}

/* Brackets around the code alone go with it, and one of two blanks. */
static void
widen(const char *text, size_t length, struct cut *cut)
{
	static const char open[] = "[({", shut[] = "])}";
	const char *bracket;

	while (cut->from > 0 && cut->until < length &&
	    (bracket = strchr(open, text[cut->from - 1])) != NULL &&
	    text[cut->until] == shut[bracket - open]) {
		cut->from--;
		cut->until++;
	}
	if (cut->until < length && text[cut->until] == ' ' &&
	    (cut->from == 0 || text[cut->from - 1] == ' '))
		cut->until++;
	else if (cut->until == length && cut->from > 0 &&
	    text[cut->from - 1] == ' ')
		cut->from--;
}

static struct cut
cut_of(const char *text, size_t length, const struct code_token *token)
{
	struct cut cut = { token->at, token->at + token->length };
	size_t sign = joined(text, token->at);

	if (sign > 0)
		cut.from -= sign;
	else
		widen(text, length, &cut);
	return cut;
}

/* Takes them out of the text itself. */
static bool
strip(const struct usher_decision *decision, char *text)
{
	struct code_token token;
	bool any = false;
	size_t at = 0;

	while (usher_code_next(text, strlen(text), at, true, &token)) {
		struct cut cut;

		if (!is_valid(decision, token.code)) {
			at = token.at + token.length;
			continue;
		}
		cut = cut_of(text, strlen(text), &token);
		memmove(text + cut.from, text + cut.until,
		    strlen(text + cut.until) + 1);
		at = cut.from;
		any = true;
	}
	return any;
}

/* A field with encoded words is decoded, and encoded anew where it changes. */
static char *
strip_encoded(const struct usher_decision *decision, const char *text)
{
	char *decoded = g_mime_utils_header_decode_text(NULL, text);
	char *encoded, *result = NULL;

	if (decoded == NULL)
		return NULL;
	if (strip(decision, decoded)) {
		encoded = g_mime_utils_header_encode_text(NULL, decoded,
		    "utf-8");
		result = encoded == NULL ? NULL : strdup(encoded);
		g_free(encoded);
	}
	g_free(decoded);
	return result;
}

int
usher_decision_strip(const struct usher_decision *decision, const char *text,
    bool encoded, char **stripped)
{
	*stripped = NULL;
	if (decision == NULL || decision->code_count == 0)
		return 0;
	*stripped = strdup(text);
	if (*stripped == NULL)
		return ENOMEM;
	if (strip(decision, *stripped))
		return 0;
	free(*stripped);
	*stripped = encoded && strstr(text, "=?") != NULL
	    ? strip_encoded(decision, text)
	    : NULL;
	return 0;
}
