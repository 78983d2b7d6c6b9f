/*
 * message_tag: tags of HTML, their attributes, and what stands between them.
 *
 * Moves over bytes that may be anything; an end that never comes is looked
 * for once. Called by message_html.c.
 */
#include <ctype.h>
#include <string.h>

#include "message.h"
#include "message_tag.h"
#include "text_mask.h"

/* Letters and signs of ASCII that stand for themselves: neither < nor &. */
static const bool itself[256] = {
	['!' ... '%'] = true,
	['\'' ... ';'] = true,
	['=' ... '~'] = true,
};

/* Bytes of a few at `at` that are words; *inside: the byte before them is. */
static inline unsigned
words_of_few(const char *at, bool *inside)
{
	unsigned blanks, signs = usher_few_plain(at, &blanks), length;
	unsigned words = signs |
	    (blanks & (signs << 1 | (unsigned)*inside) & signs >> 1);

	length = (unsigned)__builtin_ctz(~words); /* at most all of them */
	*inside = (signs << 1 >> length & 1) != 0;
	return length;
}

/* Of the last byte of a few it may not be known what it stands before. */
size_t
usher_tag_words(struct tags *tags)
{
	const char *at = tags->at, *begin = at, *end = tags->end;
	unsigned length = TEXT_FEW_BYTES;
	bool inside = false;

	if (at == end || !itself[(unsigned char)*at])
		return 0;
	while (length >= TEXT_FEW_BYTES - 1 && end - at >= TEXT_FEW_BYTES) {
		length = words_of_few(at, &inside);
		at += length;
	}
	while (length >= TEXT_FEW_BYTES - 1 && at < end) {
		bool sign = itself[(unsigned char)*at];

		if (!sign &&
		    (!inside || *at != ' ' || end - at < 2 ||
			!itself[(unsigned char)at[1]]))
			break;
		inside = sign;
		at++;
	}
	tags->at = at;
	return (size_t)(at - begin);
}

/* The character at tags->at, which moves behind it. */
uint32_t
usher_tag_character(struct tags *tags)
{
	unsigned char first = (unsigned char)*tags->at;
	uint32_t c = first;
	size_t more = first >= 0xf0 ? 3
	    : first >= 0xe0	    ? 2
	    : first >= 0xc0	    ? 1
				    : 0;
	size_t taken;

	if (first == '&') {
		taken = usher_html_entity(tags->at, tags->end, &c);
		tags->at += taken ? taken : 1;
		return c;
	}
	tags->at++;
	if (more > 0)
		c = first & (0x3fu >> more);
	while (more-- > 0 && tags->at < tags->end)
		c = c << 6 | ((unsigned char)*tags->at++ & 63);
	return c;
}

static void
skip_blanks(struct tags *tags)
{
	while (tags->at < tags->end &&
	    (isspace((unsigned char)*tags->at) || *tags->at == '/'))
		tags->at++;
}

/* False at the tag's end, which is passed. */
bool
usher_tag_attribute(struct tags *tags, struct attribute *out)
{
	if (usher_tag_ends(tags))
		return false;
	skip_blanks(tags);
	out->name = tags->at;
	while (tags->at < tags->end && *tags->at != '>' && *tags->at != '=' &&
	    !isspace((unsigned char)*tags->at) && *tags->at != '/')
		tags->at++;
	out->name_length = (size_t)(tags->at - out->name);
	out->value = tags->at;
	out->length = 0;
	while (tags->at < tags->end && isspace((unsigned char)*tags->at))
		tags->at++;
	if (tags->at < tags->end && *tags->at == '=') {
		char quote;

		tags->at++;
		while (
		    tags->at < tags->end && isspace((unsigned char)*tags->at))
			tags->at++;
		quote = tags->at < tags->end ? *tags->at : '\0';
		if (quote == '"' || quote == '\'') {
			const char *stop;

			out->value = ++tags->at;
			stop = memchr(tags->at, quote,
			    (size_t)(tags->end - tags->at));
			/* Unclosed: the tag ends where it seems to. */
			if (!stop)
				stop = memchr(tags->at, '>',
				    (size_t)(tags->end - tags->at));
			if (!stop)
				stop = tags->end;
			out->length = (size_t)(stop - out->value);
			tags->at = stop < tags->end && *stop == quote ? stop + 1
								      : stop;
		} else {
			out->value = tags->at;
			while (tags->at < tags->end && *tags->at != '>' &&
			    !isspace((unsigned char)*tags->at))
				tags->at++;
			out->length = (size_t)(tags->at - out->value);
		}
		return true;
	}
	if (out->name_length > 0)
		return true;
	if (tags->at < tags->end)
		tags->at++; /* '>' */
	return false;
}

bool
usher_attribute_is(const struct attribute *attribute, const char *name)
{
	return attribute->name_length == strlen(name) &&
	    strncasecmp(attribute->name, name, attribute->name_length) == 0;
}

bool
usher_attribute_holds(const struct attribute *attribute, const char *text)
{
	return memmem(attribute->value, attribute->length, text,
		   strlen(text)) != NULL;
}

/* What may stand in a name; of it, a capital becomes small by 0x20. */
static const bool of_name[256] = { ['0' ... '9'] = true,
	['A' ... 'Z'] = true,
	['a' ... 'z'] = true,
	[':'] = true,
	['-'] = true };

void
usher_tag_name(struct tags *tags, char name[TAG_NAME])
{
	const char *at = tags->at, *end = tags->end;
	size_t length = 0;

	for (; at < end && of_name[(unsigned char)*at]; at++)
		if (length < TAG_NAME - 1)
			name[length++] = (char)(*at | (*at >= 'A' ? 0x20 : 0));
	tags->at = at;
	name[length] = '\0';
}

/* What stands in these is no text; an end that never comes takes all. */
void
usher_tag_skip_raw(struct tags *tags, const char *name)
{
	size_t length = strlen(name);

	while (tags->at < tags->end) {
		const char *tag = memchr(tags->at, '<',
		    (size_t)(tags->end - tags->at));

		if (!tag) {
			tags->at = tags->end;
			return;
		}
		tags->at = tag + 1;
		if ((size_t)(tags->end - tag) > length + 2 && tag[1] == '/' &&
		    strncasecmp(tag + 2, name, length) == 0 &&
		    !isalnum((unsigned char)tag[2 + length])) {
			tags->at = tag;
			return;
		}
	}
}

const char *
usher_tag_comment_end(const char *at, const char *end)
{
	while ((at = memmem(at, (size_t)(end - at), "--", 2))) {
		if (end - at > 2 && at[2] == '>')
			return at + 3;
		if (end - at > 3 && at[2] == '!' && at[3] == '>')
			return at + 4;
		at++;
	}
	return NULL;
}

void
usher_tag_skip_declaration(struct tags *tags)
{
	size_t left = (size_t)(tags->end - tags->at);
	const char *stop;

	stop = memchr(tags->at, '>', left);
	tags->at = stop ? stop + 1 : tags->end;
}
