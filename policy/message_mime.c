/*
 * message_mime: of the parts of a mail, what they show and what they bring.
 *
 * Chooses once the body is over: of alternatives the last that can be shown,
 * as readers do; of related parts the first; attached mails are attachments
 * and are not opened. Keeps RFC 2046 §5.1 and §5.2, RFC 2183, RFC 2387.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "message_part.h"

struct message_content *
usher_content_new(struct arena *arena)
{
	struct message_content *content = usher_arena_alloc(arena,
	    sizeof(*content));

	if (content) {
		content->arena = arena;
		content->links.most = MOST_LINKS;
		content->urls.most = MOST_URLS;
	}
	return content;
}

static void
add_strings(struct message_content *content, struct string_list *into,
    const struct string_list *from)
{
	for (size_t i = 0; i < from->count; i++)
		usher_strings_add(into, content->arena, from->strings[i]);
}

/* The text of the only part that is shown, nearly always, is taken over. */
static void
show_text(struct part *part, struct message_content *content)
{
	struct message_content *shown = part->shown;

	if (!shown)
		return;
	usher_leaf_show(part);
	if (content->text.length == 0) {
		usher_buffer_free(&content->text);
		content->text = shown->text;
		shown->text = (struct buffer){ 0 };
	} else if (content->text.length < KEEP_TEXT + KEEP_TAIL) {
		usher_buffer_add(&content->text, shown->text.data,
		    shown->text.length);
	} else {
		content->words_left_out += usher_text_words(shown->text.data,
		    shown->text.length);
	}
	usher_buffer_puts(&content->text, "\n");
	if (shown->beside.length > 0)
		usher_buffer_add(&content->beside, shown->beside.data,
		    shown->beside.length);
	content->text.failed |= shown->text.failed;
	content->words_left_out += shown->words_left_out;
	content->quoted |= shown->quoted;
	content->pixel |= shown->pixel;
	content->raw_bytes += shown->raw_bytes;
	content->html |= part->type == TYPE_HTML;
	content->plain |= part->type != TYPE_HTML;
	content->pictures += shown->pictures;
	content->tables += shown->tables;
	content->fonts += shown->fonts;
	content->forms += shown->forms;
	add_strings(content, &content->links, &shown->links);
	add_strings(content, &content->urls, &shown->urls);
}

/* Room doubles; what it held stays in the arena. */
static bool
room_for_attachment(struct message_content *content)
{
	size_t count = content->attachment_count;
	struct attachment *more;

	if (count == MOST_ATTACHMENTS)
		return false;
	if ((count & (count - 1)) != 0)
		return true;
	more = usher_arena_array(content->arena, count == 0 ? 1 : 2 * count,
	    sizeof(*more));
	if (!more)
		return false;
	if (count > 0)
		memcpy(more, content->attachments, count * sizeof(*more));
	content->attachments = more;
	return true;
}

static void
attach(struct part *part, struct message_content *content)
{
	struct attachment *attachment;

	if (!room_for_attachment(content))
		return;
	attachment = &content->attachments[content->attachment_count++];
	attachment->name = part->name ? part->name : "";
	attachment->ending = part->kind == PART_MAIL ? "eml" : part->ending;
}

static bool
is_showable(const struct part *part)
{
	return part->type == TYPE_PLAIN || part->type == TYPE_HTML ||
	    part->type == TYPE_ENRICHED;
}

/*
 * A picture in the text is none, though it has a name; any other part with a
 * name, or said to be one, is an attachment, and so is what cannot be shown.
 */
static bool
is_attachment(const struct part *part, bool related)
{
	if (part->place == PLACE_ATTACHMENT)
		return true;
	if (part->type == TYPE_IMAGE)
		return !related && !part->has_id &&
		    part->place != PLACE_INLINE && part->name;
	if (related && !is_showable(part))
		return false;
	return part->name || !is_showable(part);
}

static void
read_leaf(struct part *part, bool related, struct message_content *content)
{
	if (part->type == TYPE_CALENDAR)
		content->calendar = true;
	if (is_attachment(part, related))
		attach(part, content);
	else if (is_showable(part))
		show_text(part, content);
}

static void read_part(struct part *part, bool related,
    struct message_content *content);

/* Parts are nested MOST_NESTING deep at most. */
static bool
can_show(const struct part *part)
{
	while (part && part->kind == PART_MULTIPART)
		part = part->first;
	return part && part->kind == PART_LEAF &&
	    (part->type == TYPE_PLAIN || part->type == TYPE_HTML);
}

static struct part *
before(const struct part *parent, const struct part *stop)
{
	struct part *part = parent->first;

	if (part == stop)
		return NULL;
	while (part->next != stop)
		part = part->next;
	return part;
}

static bool
shows_words(const struct message_content *content, size_t from)
{
	return content->text.length > from &&
	    usher_text_words_length(content->text.data + from,
		content->text.length - from, 1) > 0;
}

/* RFC 2046 §5.1.4: the last that can be shown; files among them count. */
static void
read_alternatives(struct part *multipart, struct message_content *content)
{
	size_t length = content->text.length;
	struct part *shown = NULL, *part = multipart->last;

	for (int tries = 0; part && tries < MOST_ALTERNATIVES; tries++) {
		if (can_show(part)) {
			read_part(part, false, content);
			shown = part;
			/* An empty alternative shows nothing to anybody. */
			if (shows_words(content, length))
				break;
		}
		part = before(multipart, part);
	}
	/* Plainer parts stand first. */
	content->plain |= shown && shown != multipart->first;
	for (part = multipart->first; part; part = part->next)
		if (part != shown && !can_show(part))
			read_part(part, true, content);
}

static void
read_multipart(struct part *multipart, struct message_content *content)
{
	if (multipart->alternative) {
		read_alternatives(multipart, content);
		return;
	}
	for (struct part *part = multipart->first; part; part = part->next)
		read_part(part, multipart->related && part != multipart->first,
		    content);
}

static void
read_part(struct part *part, bool related, struct message_content *content)
{
	if (part->kind == PART_MULTIPART)
		read_multipart(part, content);
	else if (part->kind == PART_LEAF)
		read_leaf(part, related, content);
	else
		attach(part, content);
}

int
usher_message_content(struct usher_message *message,
    const struct message_content **out)
{
	struct message_content *content = message->content;
	struct message_stream *stream = message->stream;
	bool failed;

	if (!content) {
		content = usher_content_new(&message->arena);
		if (!content)
			return ENOMEM;
		if (stream) {
			usher_stream_end(stream, message->body_cut);
			content->cut = stream->cut;
			read_part(stream->root, false, content);
		}
		failed = content->text.failed || message->arena.failed ||
		    (stream && stream->failed);
		message->content = content;
		message->failed |= failed;
	}
	*out = content;
	return message->failed ? ENOMEM : 0;
}
