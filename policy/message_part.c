/*
 * message_part: what the fields of a part say of it.
 *
 * Type, place and name, in GMime's reading of their parameters. Called by
 * message_stream.c at the end of a part's fields. Keeps RFC 2045 §5, RFC 2046
 * §5, RFC 2183, RFC 2231.
 */
#include <string.h>

#include "message_part.h"

static enum part_type
type_of(GMimeContentType *type)
{
	static const struct {
		const char *type, *subtype;
		enum part_type is;
	} table[] = {
		{ "text", "plain", TYPE_PLAIN },
		{ "text", "html", TYPE_HTML },
		{ "text", "enriched", TYPE_ENRICHED },
		{ "text", "calendar", TYPE_CALENDAR },
		{ "image", "*", TYPE_IMAGE },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (g_mime_content_type_is_type(type, table[i].type,
			table[i].subtype))
			return table[i].is;
	return TYPE_OTHER;
}

static bool
is_mail(GMimeContentType *type)
{
	return g_mime_content_type_is_type(type, "message", "rfc822") ||
	    g_mime_content_type_is_type(type, "message", "news") ||
	    g_mime_content_type_is_type(type, "message", "global");
}

/* Raw bytes of no encoding are read as people have long written them. */
static void
read_name(struct arena *arena, struct part *part, const char *name)
{
	char *text;

	if (!name || part->name)
		return;
	if (g_utf8_validate(name, -1, NULL)) {
		part->name = usher_arena_string(arena, name);
		return;
	}
	text = g_mime_utils_decode_8bit(NULL, name, strlen(name));
	part->name = usher_arena_string(arena, text);
	g_free(text);
}

static void
read_place(struct arena *arena, struct part *part, const char *value)
{
	GMimeContentDisposition *place = value
	    ? g_mime_content_disposition_parse(NULL, value)
	    : NULL;
	const char *word;

	if (!place)
		return;
	word = g_mime_content_disposition_get_disposition(place);
	if (word && strcasecmp(word, "attachment") == 0)
		part->place = PLACE_ATTACHMENT;
	else if (word && strcasecmp(word, "inline") == 0)
		part->place = PLACE_INLINE;
	else if (word)
		part->place = PLACE_OTHER;
	read_name(arena, part,
	    g_mime_content_disposition_get_parameter(place, "filename"));
	g_object_unref(place);
}

static void
read_multipart(struct arena *arena, struct part *part, GMimeContentType *type)
{
	const char *boundary = g_mime_content_type_get_parameter(type,
	    "boundary");

	part->kind = PART_MULTIPART;
	part->alternative = g_mime_content_type_is_type(type, "multipart",
	    "alternative");
	part->related = g_mime_content_type_is_type(type, "multipart",
	    "related");
	part->digest = g_mime_content_type_is_type(type, "multipart", "digest");
	if (!boundary || part->depth > MOST_NESTING)
		return;
	part->boundary = usher_arena_string(arena, boundary);
	part->boundary_length = part->boundary ? strlen(boundary) : 0;
}

/* RFC 2046 §5.1.5: what a digest's parts are when they do not say. */
static GMimeContentType *
type_given(const struct part *part, const char *value)
{
	if (value)
		return g_mime_content_type_parse(NULL, value);
	if (part->parent && part->parent->digest)
		return g_mime_content_type_new("message", "rfc822");
	return g_mime_content_type_new("text", "plain");
}

/*
 * Text that stands first, or is an alternative, is what readers show, whatever
 * name it has: a name makes no file of the letter itself.
 */
static bool
is_letter(const struct part *part)
{
	const struct part *parent = part->parent;

	if (part->place == PLACE_ATTACHMENT ||
	    (part->type != TYPE_PLAIN && part->type != TYPE_HTML))
		return false;
	return !parent || parent->alternative || !parent->first ||
	    parent->first == part;
}

GMimeContentType *
usher_part_read(struct arena *arena, struct part *part,
    const struct part_fields *fields)
{
	GMimeContentType *type = type_given(part, fields->type);

	part->has_id = fields->has_id;
	part->type = type_of(type);
	read_place(arena, part, fields->disposition);
	if (g_mime_content_type_is_type(type, "multipart", "*"))
		read_multipart(arena, part, type);
	else if (is_mail(type))
		part->kind = PART_MAIL;
	else
		read_name(arena, part,
		    g_mime_content_type_get_parameter(type, "name"));
	if (is_letter(part))
		part->name = NULL;
	return type;
}
