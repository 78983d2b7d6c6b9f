/*
 * source_token: see source_token.h.
 */
#include "source_token.h"

#include <string.h>
#include <strings.h>

enum { MOST_DIGITS = 9 }; /* libconfig cuts what exceeds an int */

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '*';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The place behind a comment's end, or NULL when it has none. */
static const char *
skip_comment(struct tokens *tokens, const char *at)
{
	while (tokens->end - at >= 2 && !(at[0] == '*' && at[1] == '/')) {
		if (*at == '\n')
			tokens->line++;
		at++;
	}
	return tokens->end - at >= 2 ? at + 2 : NULL;
}

static bool
begins(const char *at, const char *end, char first, char second)
{
	return end - at >= 2 && at[0] == first && at[1] == second;
}

/* Blanks and comments; false when a comment does not end. */
static bool
skip_blanks(struct tokens *tokens)
{
	const char *at = tokens->next, *end = tokens->end;

	while (at < end) {
		if (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\f') {
			at++;
		} else if (*at == '\n') {
			tokens->line++;
			at++;
		} else if (*at == '#' || begins(at, end, '/', '/')) {
			at = memchr(at, '\n', (size_t)(end - at));
			if (at == NULL)
				at = end;
		} else if (begins(at, end, '/', '*')) {
			tokens->next = at;
			at = skip_comment(tokens, at + 2);
			if (at == NULL)
				return false;
		} else {
			break;
		}
	}
	tokens->next = at;
	return true;
}

/* At a backslash: the last byte that belongs to it. */
static const char *
read_escape(const char *at, const char *end, struct token *token)
{
	if (end - at >= 4 && strncasecmp(at + 1, "x00", 3) == 0) {
		token->kind = TOKEN_WRONG;
		token->wrong = "\\x00 cannot be part of a text";
	}
	return at + 1 < end && (at[1] == '"' || at[1] == '\\') ? at + 1 : at;
}

static void
read_string(struct tokens *tokens, struct token *token)
{
	const char *at = token->text + 1, *end = tokens->end;

	token->kind = TOKEN_STRING;
	for (; at < end && *at != '"'; at++)
		if (*at == '\n')
			tokens->line++;
		else if (*at == '\\')
			at = read_escape(at, end, token);
	if (at < end) {
		tokens->next = at + 1;
		return;
	}
	token->kind = TOKEN_WRONG;
	token->wrong = "the text that begins here has no closing \"";
	tokens->next = end;
}

static void
read_name(struct tokens *tokens, struct token *token)
{
	const char *at = token->text;

	while (at < tokens->end &&
	    (is_letter(*at) || is_digit(*at) || *at == '-' || *at == '_'))
		at++;
	tokens->next = at;
	token->length = (size_t)(at - token->text);
	token->kind = TOKEN_NAME;
	if ((token->length == 4 && strncasecmp(token->text, "true", 4) == 0) ||
	    (token->length == 5 && strncasecmp(token->text, "false", 5) == 0))
		token->kind = TOKEN_BOOL;
}

static void
read_number(struct tokens *tokens, struct token *token)
{
	const char *at = token->text;
	size_t digits = 0;

	while (at < tokens->end &&
	    (is_letter(*at) || is_digit(*at) || strchr("+-._:", *at) != NULL)) {
		digits += is_digit(*at);
		at++;
	}
	tokens->next = at;
	token->kind = TOKEN_NUMBER;
	if (digits > MOST_DIGITS) {
		token->kind = TOKEN_WRONG;
		token->wrong = "is too large for a number; if it is a"
			       " telephone number, put it in quotes";
	}
}

static enum token_kind
sign_kind(char sign)
{
	switch (sign) {
	case '=':
	case ':': return TOKEN_EQUALS;
	case ',': return TOKEN_COMMA;
	case ';': return TOKEN_SEMICOLON;
	case '{':
	case '[':
	case '(': return TOKEN_OPEN;
	case '}':
	case ']':
	case ')': return TOKEN_CLOSE;
	default: return TOKEN_WRONG;
	}
}

struct token
usher_source_token(struct tokens *tokens)
{
	struct token token = { .kind = TOKEN_END };
	bool blanks_end = skip_blanks(tokens);

	token.text = tokens->next;
	token.line = tokens->line;
	if (!blanks_end) {
		token.kind = TOKEN_WRONG;
		token.length = 2;
		token.wrong = "the comment has no closing */";
		return token;
	}
	if (tokens->next == tokens->end)
		return token;
	if (*token.text == '"') {
		read_string(tokens, &token);
	} else if (is_letter(*token.text)) {
		read_name(tokens, &token);
	} else if (is_digit(*token.text) || *token.text == '+' ||
	    *token.text == '-' || *token.text == '.') {
		read_number(tokens, &token);
	} else {
		token.kind = sign_kind(*token.text);
		token.wrong = "does not belong here";
		tokens->next = token.text + 1;
	}
	token.length = (size_t)(tokens->next - token.text);
	return token;
}
