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

/* Letters and signs of ASCII that stand for themselves: neither < nor &. */
static const bool itself[256] = {
	['!' ... '%'] = true,
	['\'' ... ';'] = true,
	['=' ... '~'] = true,
};

size_t
usher_tag_words(struct tags *tags)
{
	const unsigned char *begin = (const unsigned char *)tags->at;
	const unsigned char *end = (const unsigned char *)tags->end;
	const unsigned char *at = begin;

	while (at < end && itself[*at]) {
		do
			at++;
		while (at < end && itself[*at]);
		if (end - at > 1 && *at == ' ' && itself[at[1]])
			at++;
	}
	tags->at += at - begin;
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

void
usher_tag_name(struct tags *tags, char name[TAG_NAME])
{
	size_t length = 0;

	while (tags->at < tags->end &&
	    (isalnum((unsigned char)*tags->at) || *tags->at == ':' ||
		*tags->at == '-')) {
		if (length < TAG_NAME - 1)
			name[length++] = (char)tolower(
			    (unsigned char)*tags->at);
		tags->at++;
	}
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
