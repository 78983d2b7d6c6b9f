/*
 * message_mime: the parts of a mail, what they show and what they bring.
 *
 * GMime parses the body (streamed, without copies); this file walks the parts:
 * of alternatives the last that can be shown, as readers do; of related parts
 * the first; attached mails are attachments and are not opened. Bodies whose
 * shape would make the parser slow or deep are looked at up to that place.
 * Keeps RFC 2046 §5.1 and §5.2, RFC 2183, RFC 2387.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <gmime/gmime.h>

#include "message.h"

void
usher_content_free(struct message_content *content)
{
	if (!content)
		return;
	usher_buffer_free(&content->text);
	usher_arena_free(content->arena);
	free(content->arena);
	free(content);
}

static struct message_content *
content_new(void)
{
	struct message_content *content = calloc(1, sizeof(*content));

	if (!content)
		return NULL;
	content->arena = calloc(1, sizeof(*content->arena));
	if (!content->arena) {
		free(content);
		return NULL;
	}
	usher_arena_init(content->arena);
	usher_strings_init(&content->links, content->arena, MOST_LINKS);
	usher_strings_init(&content->urls, content->arena, MOST_URLS);
	return content;
}

/* A line that may open a mail within the mail: "message/" stands in it. */
static bool
names_mail(const char *at, const char *end)
{
	const char *slash = at;

	while ((slash = memchr(slash, '/', (size_t)(end - slash)))) {
		if (slash - at >= 7 &&
		    strncasecmp(slash - 7, "message", 7) == 0)
			return true;
		slash++;
	}
	return false;
}

/*
 * Where to stop: a line that may be a boundary costs GMime a comparison with
 * every open boundary and may open an object; an attached mail one recursion.
 */
static size_t
safe_length(const char *data, size_t length)
{
	const char *at = data, *end = data + length;
	size_t boundaries = 0, mails = 0;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *next = newline ? newline + 1 : end;

		if (end - at >= 2 && at[0] == '-' && at[1] == '-' &&
		    ++boundaries > MOST_BOUNDARIES)
			break;
		if (names_mail(at, next) && ++mails > MOST_NESTED_MAILS)
			break;
		at = next;
	}
	return (size_t)(at - data);
}

static GByteArray *
decoded(GMimePart *part)
{
	GMimeDataWrapper *wrapper = g_mime_part_get_content(part);
	GMimeStream *stream;
	GByteArray *bytes = g_byte_array_new();

	if (!wrapper)
		return bytes;
	stream = g_mime_stream_mem_new();
	g_mime_stream_mem_set_byte_array(GMIME_STREAM_MEM(stream), bytes);
	/* A broken encoding shows what could be decoded. */
	(void)g_mime_data_wrapper_write_to_stream(wrapper, stream);
	g_object_unref(stream);
	return bytes;
}

/* UTF-8 of a text part; g_free. What its charset cannot say becomes Latin-1. */
static char *
utf8(GMimePart *part, const GByteArray *bytes, size_t *length)
{
	const char *charset =
	    g_mime_object_get_content_type_parameter(GMIME_OBJECT(part),
		"charset");
	const char *data = bytes->data ? (const char *)bytes->data : "";
	char *text = NULL;
	iconv_t converter;

	if (charset && strcasecmp(charset, "us-ascii") != 0 &&
	    strcasecmp(charset, "utf-8") != 0) {
		converter = g_mime_iconv_open("utf-8", charset);
		if (converter != (iconv_t)-1) {
			text = g_mime_iconv_strndup(converter, data,
			    bytes->len);
			g_mime_iconv_close(converter);
		}
	}
	if (!text && g_utf8_validate_len(data, bytes->len, NULL)) {
		*length = bytes->len;
		return g_strndup(data, bytes->len);
	}
	if (!text && (!charset || strcasecmp(charset, "utf-8") != 0)) {
		converter = g_mime_iconv_open("utf-8", "windows-1252");
		if (converter != (iconv_t)-1) {
			text = g_mime_iconv_strndup(converter, data,
			    bytes->len);
			g_mime_iconv_close(converter);
		}
	}
	if (!text)
		text = g_utf8_make_valid(data, bytes->len);
	*length = strlen(text);
	return text;
}

static void
plain_text(const char *text, size_t length, struct message_content *content)
{
	size_t at = content->text.length;

	if (usher_shown_text(text, length, &content->text))
		content->quoted = true;
	usher_links_of_text(content->text.data ? content->text.data + at : "",
	    content->text.length - at, content);
}

static void
show_text(GMimePart *part, bool html, struct message_content *content)
{
	GByteArray *bytes = decoded(part);
	struct buffer seen = { 0 };
	size_t length;
	char *text = utf8(part, bytes, &length);

	g_byte_array_unref(bytes);
	if (html) {
		usher_shown_html(text, length, &seen, content);
		plain_text(seen.data ? seen.data : "", seen.length, content);
		usher_buffer_free(&seen);
	} else {
		plain_text(text, length, content);
	}
	usher_buffer_puts(&content->text, "\n");
	g_free(text);
}

static void
attach(GMimeObject *object, const char *name, struct message_content *content)
{
	struct attachment *attachment;
	char ending[ENDING_TEXT] = "";
	GByteArray *bytes;

	if (content->attachment_count == MOST_ATTACHMENTS)
		return;
	attachment = &content->attachments[content->attachment_count];
	if (GMIME_IS_PART(object)) {
		bytes = decoded(GMIME_PART(object));
		usher_attachment_ending(name ? name : "", bytes->data,
		    bytes->len, content->cut, ending);
		g_byte_array_unref(bytes);
	} else {
		strcpy(ending, "eml");
	}
	attachment->name = usher_arena_string(content->arena, name ? name : "");
	attachment->ending = usher_arena_string(content->arena, ending);
	if (attachment->name && attachment->ending)
		content->attachment_count++;
}

/*
 * A picture in the text is none, though it has a name; any other part with a
 * name, or said to be one, is an attachment, and so is what cannot be shown.
 */
static bool
is_attachment(GMimeObject *object, const char *name, bool showable,
    bool related)
{
	GMimeContentType *type = g_mime_object_get_content_type(object);
	const char *disposition = g_mime_object_get_disposition(object);

	if (disposition && strcasecmp(disposition, "attachment") == 0)
		return true;
	if (g_mime_content_type_is_type(type, "image", "*"))
		return !related && !g_mime_object_get_content_id(object) &&
		    (!disposition || strcasecmp(disposition, "inline") != 0) &&
		    name;
	if (related && !showable)
		return false;
	return name || !showable;
}

static void
read_leaf(GMimePart *part, bool related, struct message_content *content)
{
	GMimeObject *object = GMIME_OBJECT(part);
	GMimeContentType *type = g_mime_object_get_content_type(object);
	bool html = g_mime_content_type_is_type(type, "text", "html");
	bool showable = html ||
	    g_mime_content_type_is_type(type, "text", "plain") ||
	    g_mime_content_type_is_type(type, "text", "enriched");
	const char *name = g_mime_part_get_filename(part);

	if (g_mime_content_type_is_type(type, "text", "calendar"))
		content->calendar = true;
	if (is_attachment(object, name, showable, related))
		attach(object, name, content);
	else if (showable)
		show_text(part, html, content);
}

static void read_part(GMimeObject *object, int depth, bool related,
    struct message_content *content);

static bool
can_show(GMimeObject *object, int depth)
{
	GMimeContentType *type = g_mime_object_get_content_type(object);

	if (g_mime_content_type_is_type(type, "text", "plain") ||
	    g_mime_content_type_is_type(type, "text", "html"))
		return true;
	if (!GMIME_IS_MULTIPART(object) || depth > MOST_NESTING ||
	    g_mime_multipart_get_count(GMIME_MULTIPART(object)) == 0)
		return false;
	return can_show(g_mime_multipart_get_part(GMIME_MULTIPART(object), 0),
	    depth + 1);
}

/* RFC 2046 §5.1.4: the last that can be shown; files among them count. */
static void
read_alternatives(GMimeMultipart *multipart, int depth,
    struct message_content *content)
{
	int count = g_mime_multipart_get_count(multipart), shown = -1;
	size_t before = content->text.length;

	for (int i = count - 1; i >= 0; i--) {
		GMimeObject *part = g_mime_multipart_get_part(multipart, i);

		if (can_show(part, depth)) {
			read_part(part, depth, false, content);
			shown = i;
			/* An empty alternative shows nothing to anybody. */
			if (content->text.length > before &&
			    usher_text_words(content->text.data + before,
				content->text.length - before) > 0)
				break;
		}
	}
	for (int i = 0; i < count; i++) {
		GMimeObject *part = g_mime_multipart_get_part(multipart, i);

		if (i != shown && !can_show(part, depth))
			read_part(part, depth, true, content);
	}
}

static void
read_multipart(GMimeMultipart *multipart, int depth,
    struct message_content *content)
{
	GMimeContentType *type = g_mime_object_get_content_type(
	    GMIME_OBJECT(multipart));
	bool related = g_mime_content_type_is_type(type, "multipart",
	    "related");
	int count = g_mime_multipart_get_count(multipart);

	if (g_mime_content_type_is_type(type, "multipart", "alternative")) {
		read_alternatives(multipart, depth, content);
		return;
	}
	for (int i = 0; i < count; i++)
		read_part(g_mime_multipart_get_part(multipart, i), depth,
		    related && i > 0, content);
}

static void
read_part(GMimeObject *object, int depth, bool related,
    struct message_content *content)
{
	if (depth > MOST_NESTING || !object)
		return;
	if (GMIME_IS_MULTIPART(object))
		read_multipart(GMIME_MULTIPART(object), depth + 1, content);
	else if (GMIME_IS_PART(object))
		read_leaf(GMIME_PART(object), related, content);
	else if (GMIME_IS_MESSAGE_PART(object))
		attach(object, NULL, content);
}

static void
read_body(struct usher_message *message, struct message_content *content)
{
	size_t body = message->raw.length - message->body_at;
	size_t length = message->body_at +
	    safe_length(message->raw.data + message->body_at, body);
	GByteArray *bytes = g_byte_array_new_take((guint8 *)message->raw.data,
	    length);
	GMimeStream *stream = g_mime_stream_mem_new();
	GMimeParser *parser;
	GMimeObject *object;

	content->cut = message->body_cut || length < message->raw.length;
	g_mime_stream_mem_set_byte_array(GMIME_STREAM_MEM(stream), bytes);
	parser = g_mime_parser_new_with_stream(stream);
	object = g_mime_parser_construct_part(parser, NULL);
	if (object) {
		read_part(object, 0, false, content);
		g_object_unref(object);
	}
	g_object_unref(parser);
	g_object_unref(stream);
	/* The bytes stay the message's. */
	(void)g_byte_array_free(bytes, FALSE);
}

int
usher_message_content(struct usher_message *message,
    const struct message_content **out)
{
	struct message_content *content = message->content;
	const struct message_head *head;

	/* Reading the head starts GMime. */
	if (usher_message_head(message, &head))
		return ENOMEM;
	if (!content) {
		content = content_new();
		if (!content)
			return ENOMEM;
		if (message->body_begun)
			read_body(message, content);
		if (content->text.failed || content->arena->failed) {
			usher_content_free(content);
			return ENOMEM;
		}
		message->content = content;
	}
	*out = content;
	return 0;
}
