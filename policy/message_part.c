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
type_of(const struct mime_type *type)
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
		if (usher_type_is(type, table[i].type, table[i].subtype))
			return table[i].is;
	return TYPE_OTHER;
}

static bool
is_mail(const struct mime_type *type)
{
	return usher_type_is(type, "message", "rfc822") ||
	    usher_type_is(type, "message", "news") ||
	    usher_type_is(type, "message", "global");
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
read_multipart(struct part *part, const struct mime_type *type)
{
	part->kind = PART_MULTIPART;
	part->alternative = usher_type_is(type, "multipart", "alternative");
	part->related = usher_type_is(type, "multipart", "related");
	part->digest = usher_type_is(type, "multipart", "digest");
	if (!type->boundary || part->depth > MOST_NESTING)
		return;
	part->boundary = type->boundary;
	part->boundary_length = strlen(type->boundary);
}

/* RFC 2046 §5.1.5: what a digest's parts are when they do not say. */
static struct mime_type
type_given(struct arena *arena, const struct part *part, const char *value)
{
	struct mime_type type = { .type = "text", .subtype = "plain" };

	if (value)
		usher_type_read(arena, value, &type);
	else if (part->parent && part->parent->digest)
		type = (struct mime_type){ .type = "message",
			.subtype = "rfc822" };
	return type;
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

const char *
usher_part_read(struct arena *arena, struct part *part,
    const struct part_fields *fields)
{
	const struct mime_type type = type_given(arena, part, fields->type);

	part->has_id = fields->has_id;
	part->type = type_of(&type);
	read_place(arena, part, fields->disposition);
	if (usher_type_is(&type, "multipart", "*"))
		read_multipart(part, &type);
	else if (is_mail(&type))
		part->kind = PART_MAIL;
	else
		read_name(arena, part, type.name);
	if (is_letter(part))
		part->name = NULL;
	return type.charset;
}
