/*
 * code_strip: access codes taken out of what is passed on (design.md §6), and
 * what a decision knows of those that were shown. See usher_code.h.
 *
 * Only valid codes go: a wrong one is answered exactly as none, and whoever
 * reads the mail sees what was written. What led to the code goes with it, so
 * that an address or a subject is what it would have been without. Where words
 * of ours would repeat a subject, all goes that has the form of a code: it may
 * be used up, somebody else's, or not looked at.
 */
#include <errno.h>
#include <gmime/gmime.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "code.h"
#include "decide.h"
#include "message.h"

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

const char *
usher_decision_codes(const struct usher_decision *decision)
{
	return decision != NULL && decision->code_count > 0
	    ? decision->shown_codes
	    : NULL;
}

static bool
is_one_of(const char *codes, const char *code)
{
	size_t length = strlen(codes), at = 0;
	struct code_token token;

	while (usher_code_next(codes, length, at, true, &token)) {
		if (strcmp(token.code, code) == 0)
			return true;
		at = token.at + token.length;
	}
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

		/* A name stands before the others. */
		if (at + (*signs[i] == ';') > length &&
		    strncasecmp(text + at - length, signs[i], length) == 0)
			return length;
	}
	return 0;
}

/* Brackets around the code alone go with it, and one of two blanks. */
static void
widen(const char *text, size_t length, size_t least, struct usher_cut *cut)
{
	static const char open[] = "[({", shut[] = "])}";
	size_t from = cut->at, until = cut->at + cut->length;
	const char *bracket;

	while (from > least && until < length &&
	    (bracket = strchr(open, text[from - 1])) != NULL &&
	    text[until] == shut[bracket - open]) {
		from--;
		until++;
	}
	if (until < length && text[until] == ' ' &&
	    (from == 0 || text[from - 1] == ' '))
		until++;
	else if (from > least && text[from - 1] == ' ' &&
	    (until == length || strchr("])},.;:!?", text[until]) != NULL))
		from--;
	*cut = (struct usher_cut){ from, until - from };
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
is_break(const char *text, size_t length, size_t at)
{
	return at == length || text[at] == '\r' || text[at] == '\n';
}

/*
 * Of a folded field a line that has nothing else goes whole: one that is empty
 * would end the header.
 */
static void
widen_line(const char *text, size_t length, size_t least, struct usher_cut *cut)
{
	size_t from = cut->at, until = cut->at + cut->length;

	while (from > least && is_blank(text[from - 1]))
		from--;
	while (until < length && is_blank(text[until]))
		until++;
	if (!is_break(text, length, until))
		return;
	if (from == 0 && until < length)
		while (until < length && strchr(" \t\r\n", text[until]) != NULL)
			until++;
	else if (from > least && text[from - 1] == '\n')
		from -= from - 1 > least && text[from - 2] == '\r' ? 2 : 1;
	else
		return;
	*cut = (struct usher_cut){ from, until - from };
}

/* What goes begins at `least` or behind it. */
static bool
next_cut(const char *codes, const char *text, size_t length, size_t from,
    size_t least, struct usher_cut *cut)
{
	struct code_token token;
	size_t sign;

	while (usher_code_next(text, length, from, true, &token)) {
		from = token.at + token.length;
		if (!is_one_of(codes, token.code))
			continue;
		*cut = (struct usher_cut){ token.at, token.length };
		sign = joined(text, token.at);
		if (sign == 0) {
			widen(text, length, least, cut);
			widen_line(text, length, least, cut);
			return true;
		}
		cut->at -= sign;
		cut->length += sign;
		return true;
	}
	return false;
}

bool
usher_codes_cut(const char *codes, const char *text, size_t length, size_t from,
    struct usher_cut *cut)
{
	return next_cut(codes, text, length, from, from, cut);
}

/* Takes them out of the text itself. */
static bool
strip(const char *codes, char *text)
{
	struct usher_cut cut;
	bool any = false;
	size_t at = 0;

	while (next_cut(codes, text, strlen(text), at, 0, &cut)) {
		at = cut.at;
		memmove(text + at, text + at + cut.length,
		    strlen(text + at + cut.length) + 1);
		any = true;
	}
	return any;
}

/* Digits alone are as often a number of the sender's own. */
static const char *
forms_in(struct arena *arena, const char *text, bool digits)
{
	size_t length = strlen(text), at = 0;
	const char *forms = NULL;
	struct code_token token;

	while (usher_code_next(text, length, at, false, &token)) {
		at = token.at + token.length;
		if (!digits && strspn(token.code, "0123456789") == CODE_LETTERS)
			continue;
		forms = usher_arena_printf(arena, "%s%s ",
		    forms == NULL ? "" : forms, token.code);
		if (forms == NULL)
			return NULL;
	}
	return forms;
}

const char *
usher_code_unsaid(struct arena *arena, const char *text, bool digits)
{
	const char *forms = forms_in(arena, text, digits);
	char *left;

	if (forms == NULL)
		return arena->failed ? NULL : text;
	left = usher_arena_string(arena, text);
	if (left != NULL)
		(void)strip(forms, left);
	return left;
}

/* A field with encoded words is decoded, and encoded anew where it changes. */
static char *
strip_encoded(const char *codes, const char *text)
{
	char *decoded, *encoded, *result = NULL;

	usher_gmime_begin();
	decoded = g_mime_utils_header_decode_text(NULL, text);
	if (decoded == NULL)
		return NULL;
	if (strip(codes, decoded)) {
		encoded = g_mime_utils_header_encode_text(NULL, decoded,
		    "utf-8");
		result = encoded == NULL ? NULL : strdup(encoded);
		g_free(encoded);
	}
	g_free(decoded);
	return result;
}

int
usher_codes_strip(const char *codes, const char *text, char **stripped)
{
	*stripped = strdup(text);
	if (*stripped == NULL)
		return ENOMEM;
	if (strip(codes, *stripped))
		return 0;
	free(*stripped);
	*stripped = strstr(text, "=?") == NULL ? NULL
					       : strip_encoded(codes, text);
	return 0;
}
