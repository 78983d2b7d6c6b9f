/*
 * source_token: cuts a libconfig source into tokens, as libconfig 1.5 does.
 *
 * Used by source_scan.c alone. Strings know their escapes, comments of all
 * three kinds are skipped.
 */
#ifndef USHER_SOURCE_TOKEN_H
#define USHER_SOURCE_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

enum token_kind {
	TOKEN_END,
	TOKEN_NAME,
	TOKEN_BOOL,
	TOKEN_NUMBER,
	TOKEN_STRING,
	TOKEN_EQUALS,
	TOKEN_COMMA,
	TOKEN_SEMICOLON,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_WRONG /* `wrong` says why */
};

struct token {
	enum token_kind kind;
	unsigned line; /* it begins on */
	const char *text;
	size_t length;
	const char *wrong;
};

struct tokens {
	const char *next, *end;
	unsigned line;
};

struct token usher_source_token(struct tokens *tokens);

#endif
