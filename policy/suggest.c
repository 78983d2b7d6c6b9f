/*
 * suggest: the name that a person likely meant, for error texts.
 *
 * Like enough is: up to a third of the letters mistyped, case and - _ no
 * difference, or the beginning of a name. The word itself is no suggestion.
 *
 * Optimal string alignment (insert, delete, replace, exchange of neighbours)
 * over bytes without case, as the names of the languages are ASCII.
 */
#include "text.h"

#include <string.h>

enum { LONGEST = 64, SHORTEST_PREFIX = 3 };

static char
plain(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c == '_' ? '-' : c;
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t
distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t rows[3][LONGEST + 1];
	size_t *older = rows[0], *old = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b_length; j++)
		old[j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t *spare = older;

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			char x = plain(a[i - 1]), y = plain(b[j - 1]);

			row[j] = least(least(old[j], row[j - 1]) + 1,
			    old[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == plain(b[j - 2]) &&
			    y == plain(a[i - 2]))
				row[j] = least(row[j], older[j - 2] + 1);
		}
		older = old;
		old = row;
		row = spare;
	}
	return old[b_length];
}

static bool
is_prefix(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t shorter = least(a_length, b_length);

	if (shorter < SHORTEST_PREFIX)
		return false;
	for (size_t i = 0; i < shorter; i++)
		if (plain(a[i]) != plain(b[i]))
			return false;
	return true;
}

/* 0 same letters ... LONGEST: only begins alike; more: not alike. */
static size_t
unlikeness(const char *word, size_t length, const char *name)
{
	size_t name_length = strlen(name);
	size_t longer = length > name_length ? length : name_length;
	size_t allowed = longer / 3 > 0 ? longer / 3 : 1, found;

	if (name_length == 0 || name_length > LONGEST)
		return LONGEST + 1;
	found = distance(word, length, name, name_length);
	if (found <= allowed && found < longer)
		return found;
	return is_prefix(word, length, name, name_length) ? LONGEST
							  : LONGEST + 1;
}

const char *
usher_text_suggest(const char *word, const char *const *names, size_t count)
{
	size_t length = strlen(word), best = LONGEST + 1;
	const char *suggested = NULL;

	if (length == 0 || length > LONGEST)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t found;

		if (names[i] == NULL || strcmp(names[i], word) == 0)
			continue;
		found = unlikeness(word, length, names[i]);
		if (found < best) {
			best = found;
			suggested = names[i];
		}
	}
	return suggested;
}
