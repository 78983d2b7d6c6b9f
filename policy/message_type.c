/*
 * message_type: a Content-Type field, read.
 *
 * Nearly all are written so plainly that no two readers could differ; those
 * are read here, for GMime makes objects of each, at the price of two
 * kilobytes of text. All others are GMime's. Called by message_part.c. Keeps
 * RFC 2045 §5.1; RFC 2231 and what RFC 2047 forbids there, by GMime.
 */
#include <ctype.h>
#include <string.h>

#include "message_part.h"

/* Of names and bare values: signs that no reader takes for anything else. */
static bool
is_plain(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '.' ||
	    c == '+';
}

static const char *
take_word(struct arena *arena, const char **at)
{
	const char *begin = *at;

	while (is_plain(**at))
		++*at;
	return *at == begin
	    ? NULL
	    : usher_arena_bytes(arena, begin, (size_t)(*at - begin));
}

/* Blanks in quotes stay; what is escaped or encoded is for GMime. */
static const char *
take_value(struct arena *arena, const char **at)
{
	const char *begin = *at + 1;

	if (**at != '"')
		return take_word(arena, at);
	for (++*at; **at != '"'; ++*at)
		if (**at < ' ' || **at > '~' || **at == '\\' ||
		    (**at == '=' && (*at)[1] == '?'))
			return NULL;
	++*at;
	return *at - begin < 2
	    ? NULL
	    : usher_arena_bytes(arena, begin, (size_t)(*at - begin - 1));
}

static void
skip_blanks(const char **at)
{
	while (**at == ' ' || **at == '\t')
		++*at;
}

/* One parameter behind its `;`; one given twice is for GMime. */
static bool
take_parameter(struct arena *arena, const char **at, struct mime_type *type)
{
	const struct {
		const char *name;
		const char **value;
	} known[] = {
		{ "boundary", &type->boundary },
		{ "charset", &type->charset },
		{ "name", &type->name },
	};
	const char *name, *value;

	skip_blanks(at);
	name = take_word(arena, at);
	if (!name || **at != '=')
		return false;
	++*at;
	value = take_value(arena, at);
	if (!value)
		return false;
	skip_blanks(at);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcasecmp(name, known[i].name) != 0)
			continue;
		if (*known[i].value)
			return false;
		*known[i].value = value;
	}
	return **at == ';' || **at == '\0';
}

bool
usher_type_plain(struct arena *arena, const char *value, struct mime_type *type)
{
	const char *at = value;

	*type = (struct mime_type){ 0 };
	skip_blanks(&at);
	type->type = take_word(arena, &at);
	if (!type->type || *at++ != '/')
		return false;
	type->subtype = take_word(arena, &at);
	if (!type->subtype)
		return false;
	skip_blanks(&at);
	while (*at == ';') {
		at++;
		if (!take_parameter(arena, &at, type))
			return false;
	}
	return *at == '\0';
}

static const char *
kept(struct arena *arena, const char *string)
{
	return string ? usher_arena_string(arena, string) : NULL;
}

void
usher_type_read(struct arena *arena, const char *value, struct mime_type *type)
{
	GMimeContentType *read;

	if (usher_type_plain(arena, value, type))
		return;
	read = g_mime_content_type_parse(NULL, value);
	*type = (struct mime_type){
		.type = kept(arena, g_mime_content_type_get_media_type(read)),
		.subtype = kept(arena,
		    g_mime_content_type_get_media_subtype(read)),
		.charset = kept(arena,
		    g_mime_content_type_get_parameter(read, "charset")),
		.boundary = kept(arena,
		    g_mime_content_type_get_parameter(read, "boundary")),
		.name = kept(arena,
		    g_mime_content_type_get_parameter(read, "name")),
	};
	g_object_unref(read);
}

bool
usher_type_is(const struct mime_type *type, const char *wanted,
    const char *subtype)
{
	return type->type && strcasecmp(type->type, wanted) == 0 &&
	    (*subtype == '*' ||
		(type->subtype && strcasecmp(type->subtype, subtype) == 0));
}
