/*
 * source_scan: see source_scan.h.
 *
 * A small automaton over tokens with a stack of brackets, so that depth is
 * bounded and every error knows what stands open.
 */
#include "source_scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "source_token.h"

enum awaits {
	AWAITS_NAME, /* in a group */
	AWAITS_EQUALS,
	AWAITS_VALUE,	    /* of a setting */
	AWAITS_SETTING_END, /* or the next name: its sign may be left out */
	AWAITS_FIRST,	    /* entry of a list, or its end */
	AWAITS_ENTRY,
	AWAITS_COMMA /* or the end of the list */
};

struct bracket {
	char sign; /* 0: the file itself */
	unsigned line;
	unsigned group; /* tells groups apart */
};

struct scan {
	struct tokens tokens;
	struct token token, before; /* this one and the one before */
	struct token name;	    /* of the latest setting */
	enum awaits awaits;
	size_t depth, settings;
	unsigned groups;
	struct bracket brackets[USHER_SOURCE_DEPTH + 1];
	struct usher_error *error;
};

/* A token for a message: short, and on one line. */
static const char *
shown(const struct token *token, char text[48])
{
	size_t length = token->length;
	const char *line_end = memchr(token->text, '\n', length);

	if (token->kind == TOKEN_END)
		return "the end of the file";
	if (line_end != NULL)
		length = (size_t)(line_end - token->text);
	if (length > 40)
		length = 40;
	memcpy(text, token->text, length);
	memcpy(text + length, length < token->length ? "..." : "",
	    length < token->length ? 4 : 1);
	return text;
}

#define WRONG(scan, token, ...)                                     \
	(usher_error_at((scan)->error, EINVAL, NULL, (token)->line, \
	     __VA_ARGS__),                                          \
	    false)

static char
closing(char sign)
{
	return sign == '{' ? '}' : sign == '[' ? ']' : ')';
}

static bool
wrong_token(struct scan *scan)
{
	const struct token *token = &scan->token;
	char text[48];

	if (token->length == 1 && *token->text == '@' &&
	    scan->tokens.end - token->text >= 8 &&
	    memcmp(token->text, "@include", 8) == 0)
		return WRONG(scan, token,
		    "@include is not allowed: a source reads no other file");
	if (token->length == 1)
		return WRONG(scan, token, "`%s` %s; texts stand in \"quotes\"",
		    shown(token, text), token->wrong);
	if (token->length == 2)
		return WRONG(scan, token, "%s", token->wrong);
	return WRONG(scan, token, "%s: %s", shown(token, text), token->wrong);
}

static bool
check_number(struct scan *scan)
{
	const struct token *token = &scan->token;
	char text[48], *end;

	if (token->length < 40) {
		memcpy(text, token->text, token->length);
		text[token->length] = '\0';
		(void)strtod(text, &end);
		if (end > text && end[strspn(end, "L")] == '\0' &&
		    strspn(end, "L") <= 2)
			return true;
	}
	return WRONG(scan, token,
	    "%s is no number; times, dates, lengths of"
	    " time and telephone numbers stand in \"quotes\"",
	    shown(token, text));
}

static bool
open_bracket(struct scan *scan)
{
	struct bracket *outer = &scan->brackets[scan->depth];
	char sign = *scan->token.text;

	if (scan->awaits != AWAITS_VALUE && outer->sign == '[')
		return WRONG(scan, &scan->token,
		    "`%c` inside [ ]: what holds"
		    " more than plain values is a list in ( )",
		    sign);
	if (scan->depth == USHER_SOURCE_DEPTH)
		return WRONG(scan, &scan->token,
		    "brackets are nested deeper than %d", USHER_SOURCE_DEPTH);
	scan->depth++;
	scan->brackets[scan->depth] = (struct bracket){ sign, scan->token.line,
		++scan->groups };
	scan->awaits = sign == '{' ? AWAITS_NAME : AWAITS_FIRST;
	return true;
}

static bool
close_bracket(struct scan *scan)
{
	const struct bracket *inner = &scan->brackets[scan->depth];
	char sign = *scan->token.text;

	if (inner->sign == '\0')
		return WRONG(scan, &scan->token,
		    "`%c` closes nothing: one too many, or an opening bracket"
		    " is missing above",
		    sign);
	if (closing(inner->sign) != sign)
		return WRONG(scan, &scan->token,
		    "`%c` where the `%c` of line %u should first be closed by"
		    " `%c`",
		    sign, inner->sign, inner->line, closing(inner->sign));
	if (scan->awaits == AWAITS_ENTRY)
		return WRONG(scan, &scan->before,
		    "one `,` too many before `%c`", sign);
	scan->depth--;
	scan->awaits = scan->brackets[scan->depth].sign == '\0' ||
		scan->brackets[scan->depth].sign == '{'
	    ? AWAITS_SETTING_END
	    : AWAITS_COMMA;
	return true;
}

static bool
want_name(struct scan *scan)
{
	const struct token *token = &scan->token;
	char text[48], name[48];

	if (token->kind == TOKEN_NAME) {
		if (++scan->settings > USHER_SOURCE_SETTINGS)
			return WRONG(scan, token, "more than %d settings",
			    USHER_SOURCE_SETTINGS);
		scan->name = *token;
		scan->awaits = AWAITS_EQUALS;
		return true;
	}
	if (token->kind == TOKEN_SEMICOLON)
		return WRONG(scan, token, "one `;` too many");
	if (token->kind == TOKEN_BOOL)
		return WRONG(scan, token, "`%s` cannot be a setting's name",
		    shown(token, text));
	if (scan->before.kind == TOKEN_COMMA &&
	    (token->kind == TOKEN_STRING || token->kind == TOKEN_NUMBER))
		return WRONG(scan, token,
		    "%s follows the value of `%s`:"
		    " several values stand in brackets, %s = [ ..., %s ]",
		    shown(token, text), shown(&scan->name, name), name, text);
	return WRONG(scan, token,
	    "%s where the name of a setting should"
	    " stand",
	    shown(token, text));
}

static bool
want_equals(struct scan *scan)
{
	char text[48], name[48];

	if (scan->token.kind != TOKEN_EQUALS)
		return WRONG(scan, &scan->name,
		    "`=` is missing after `%s`"
		    " (there is %s)",
		    shown(&scan->name, name), shown(&scan->token, text));
	scan->awaits = AWAITS_VALUE;
	return true;
}

static bool
no_value(struct scan *scan)
{
	char text[48], name[48];

	if (scan->token.kind == TOKEN_NAME)
		return WRONG(scan, &scan->token,
		    "words stand in quotes: \"%s\"", shown(&scan->token, text));
	if (scan->awaits != AWAITS_VALUE)
		return WRONG(scan, &scan->token,
		    "%s where an entry of the list begun in line %u should"
		    " stand",
		    shown(&scan->token, text),
		    scan->brackets[scan->depth].line);
	return WRONG(scan, &scan->name, "`%s` has no value (there is %s)",
	    shown(&scan->name, name), shown(&scan->token, text));
}

/* A value, of a setting or in a list. */
static bool
want_value(struct scan *scan)
{
	bool entry = scan->awaits != AWAITS_VALUE;

	switch (scan->token.kind) {
	case TOKEN_STRING:
	case TOKEN_BOOL: break;
	case TOKEN_NUMBER:
		if (!check_number(scan))
			return false;
		break;
	case TOKEN_OPEN: return open_bracket(scan);
	case TOKEN_CLOSE: return entry ? close_bracket(scan) : no_value(scan);
	default: return no_value(scan);
	}
	scan->awaits = entry ? AWAITS_COMMA : AWAITS_SETTING_END;
	return true;
}

static bool
want_setting_end(struct scan *scan)
{
	scan->awaits = AWAITS_NAME;
	switch (scan->token.kind) {
	case TOKEN_SEMICOLON:
	case TOKEN_COMMA: return true;
	case TOKEN_CLOSE: return close_bracket(scan);
	case TOKEN_STRING: /* texts side by side are one */
		scan->awaits = AWAITS_SETTING_END;
		if (scan->before.kind == TOKEN_STRING)
			return true;
		/* fallthrough */
	default: return want_name(scan);
	}
}

static bool
want_comma(struct scan *scan)
{
	const struct bracket *list = &scan->brackets[scan->depth];
	char text[48];

	if (scan->token.kind == TOKEN_COMMA) {
		scan->awaits = AWAITS_ENTRY;
		return true;
	}
	if (scan->token.kind == TOKEN_CLOSE)
		return close_bracket(scan);
	if (scan->token.kind == TOKEN_SEMICOLON ||
	    scan->token.kind == TOKEN_EQUALS)
		return WRONG(scan, &scan->token,
		    "`%s` in the list begun in"
		    " line %u: its `%c` is missing",
		    shown(&scan->token, text), list->line, closing(list->sign));
	return WRONG(scan, &scan->token,
	    "`,` or `%c` is missing before %s"
	    " (list begun in line %u)",
	    closing(list->sign), shown(&scan->token, text), list->line);
}

static bool
want_end(struct scan *scan)
{
	const struct bracket *inner = &scan->brackets[scan->depth];

	if (inner->sign != '\0') {
		struct token where = { .line = inner->line };

		return WRONG(scan, &where,
		    "the `%c` opened here is never"
		    " closed: `%c` is missing",
		    inner->sign, closing(inner->sign));
	}
	if (scan->awaits == AWAITS_EQUALS)
		return want_equals(scan);
	if (scan->awaits == AWAITS_VALUE)
		return want_value(scan);
	return true;
}

static bool
step(struct scan *scan)
{
	if (scan->token.kind == TOKEN_WRONG)
		return wrong_token(scan);
	if (scan->token.kind == TOKEN_END)
		return want_end(scan);
	switch (scan->awaits) {
	case AWAITS_NAME:
		return scan->token.kind == TOKEN_CLOSE ? close_bracket(scan)
						       : want_name(scan);
	case AWAITS_EQUALS: return want_equals(scan);
	case AWAITS_VALUE:
	case AWAITS_FIRST:
	case AWAITS_ENTRY: return want_value(scan);
	case AWAITS_SETTING_END: return want_setting_end(scan);
	case AWAITS_COMMA: return want_comma(scan);
	}
	return false;
}

static void
begin(struct scan *scan, const char *text, size_t length,
    struct usher_error *error)
{
	*scan = (struct scan){ .error = error, .awaits = AWAITS_NAME };
	scan->tokens.next = text;
	scan->tokens.end = text + length;
	scan->tokens.line = 1;
}

static unsigned
line_of(const char *text, const char *place)
{
	unsigned line = 1;

	for (; text < place; text++)
		line += *text == '\n';
	return line;
}

bool
usher_source_scan(const char *text, size_t length, struct usher_error *error)
{
	const char *nul = length == 0 ? NULL : memchr(text, '\0', length);
	struct scan scan;

	begin(&scan, text, length, error);
	if (nul != NULL) {
		struct token where = { .line = line_of(text, nul) };

		return WRONG(&scan, &where,
		    "a zero byte: this is no text file");
	}
	do {
		scan.before = scan.token;
		scan.token = usher_source_token(&scan.tokens);
		if (!step(&scan))
			return false;
	} while (scan.token.kind != TOKEN_END);
	return true;
}

struct seen {
	unsigned group, line;
	struct token name;
};

static const struct seen *
seen_before(const struct seen *list, size_t count, const struct seen *one)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].group == one->group &&
		    list[i].name.length == one->name.length &&
		    memcmp(list[i].name.text, one->name.text,
			one->name.length) == 0)
			return &list[i];
	return NULL;
}

void
usher_source_scan_twice(const char *text, size_t length,
    struct usher_error *error)
{
	struct seen *list = calloc(USHER_SOURCE_SETTINGS, sizeof(*list));
	const struct seen *first = NULL;
	struct scan scan;
	size_t count = 0;
	char name[48];

	begin(&scan, text, length, error);
	while (list != NULL && first == NULL && count < USHER_SOURCE_SETTINGS) {
		scan.before = scan.token;
		scan.token = usher_source_token(&scan.tokens);
		if (!step(&scan) || scan.token.kind == TOKEN_END)
			break;
		if (scan.awaits != AWAITS_EQUALS)
			continue;
		list[count] = (struct seen){
			.group = scan.brackets[scan.depth].group,
			.line = scan.name.line,
			.name = scan.name
		};
		first = seen_before(list, count, &list[count]);
		if (first != NULL)
			(void)WRONG(&scan, &scan.name,
			    "`%s` is given twice:"
			    " first in line %u",
			    shown(&scan.name, name), first->line);
		count++;
	}
	free(list);
}
