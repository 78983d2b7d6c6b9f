/*
 * message_tag: reads tags for message_html.c. Names are in lower case.
 */
#ifndef USHER_MESSAGE_TAG_H
#define USHER_MESSAGE_TAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TAG_NAME = 16 }; /* longer names are cut */

struct tags {
	const char *at, *end;
};

struct attribute {
	const char *name, *value;
	size_t name_length, length;
};

/* The character at tags->at, a reference resolved; tags->at < tags->end. */
uint32_t usher_tag_character(struct tags *tags);
/* Past words of plain ASCII with one blank between; how many bytes. */
size_t usher_tag_words(struct tags *tags);
/* An element's name, behind `<` or `</`. */
void usher_tag_name(struct tags *tags, char name[TAG_NAME]);
/* Whether the tag ends here, as most do; its end is passed. */
static inline bool
usher_tag_ends(struct tags *tags)
{
	if (tags->at == tags->end || *tags->at != '>')
		return false;
	tags->at++;
	return true;
}
/* False at the tag's end, which is passed. */
bool usher_tag_attribute(struct tags *tags, struct attribute *out);
bool usher_attribute_is(const struct attribute *attribute, const char *name);
bool usher_attribute_holds(const struct attribute *attribute, const char *text);
/* Up to the end tag of an element whose content is no markup. */
void usher_tag_skip_raw(struct tags *tags, const char *name);
/* Behind the end of a comment, "--!>" too; NULL: it is not there. */
const char *usher_tag_comment_end(const char *at, const char *end);
/* <!doctype> or <?x>. */
void usher_tag_skip_declaration(struct tags *tags);

#endif
