/*
 * message_stream: finds the parts of a mail in its body as it comes by.
 *
 * The body is looked at line by line and not kept: each line is a boundary, a
 * field of a part that begins, or goes to the leaf that is open. Bounds keep
 * the work linear: past them the rest is not looked at, which is said. Called
 * by message.c and message_mime.c. Keeps RFC 2046 §5.1.1, RFC 2183, and
 * tolerates what mail programs write: LF alone, boundaries that never come.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "message_part.h"

/* ---- what follows the fields of a part ---- */

static void
begin_content(struct message_stream *stream, const struct part_fields *fields)
{
	struct part *part = stream->open;
	const char *charset = usher_part_read(stream->arena, part, fields);

	stream->state = BETWEEN;
	if (part->kind == PART_MAIL && ++stream->mails > MOST_NESTED_MAILS) {
		stream->ended = stream->cut = true;
	} else if (part->kind == PART_LEAF) {
		stream->state = IN_LEAF;
		usher_leaf_begin(stream, part, fields->encoding, charset);
	}
}

/* ---- fields ---- */

/* The value of the first field of that name in `fields`, ended by NUL. */
static const char *
value_of(const struct buffer *fields, const char *name)
{
	const char *at = fields->data;
	const char *end = at ? at + fields->length : at;
	size_t length = strlen(name);

	for (; at < end; at += strlen(at) + 1) {
		const char *value = at + length;

		if (strncasecmp(at, name, length) != 0)
			continue;
		value += strspn(value, " \t");
		if (*value == ':')
			return value + 1 + strspn(value + 1, " \t");
	}
	return NULL;
}

static void
end_fields(struct message_stream *stream)
{
	const struct part_fields fields = {
		.type = value_of(&stream->fields, "Content-Type"),
		.encoding = value_of(&stream->fields,
		    "Content-Transfer-Encoding"),
		.disposition = value_of(&stream->fields, "Content-Disposition"),
		.has_id = value_of(&stream->fields, "Content-ID") != NULL,
	};

	begin_content(stream, &fields);
	stream->fields.length = 0;
}

/* RFC 5322 §2.2: a name of printable ASCII, and a colon. */
static bool
is_field(const char *line, size_t length)
{
	size_t i = 0;

	while (i < length && line[i] > ' ' && line[i] < 127 && line[i] != ':')
		i++;
	if (i == 0)
		return false;
	while (i < length && (line[i] == ' ' || line[i] == '\t'))
		i++;
	return i < length && line[i] == ':';
}

static size_t
without_end(const char *line, size_t length)
{
	while (length > 0 &&
	    (line[length - 1] == '\n' || line[length - 1] == '\r'))
		length--;
	return length;
}

/* Kept unfolded, each behind a NUL; only fields that say something. */
static void
note_field(struct message_stream *stream, const char *line, size_t length)
{
	struct buffer *fields = &stream->fields;
	bool folded = *line == ' ' || *line == '\t';
	size_t before;
	char *nul;

	length = without_end(line, length);
	if (length + fields->length > MOST_PART_FIELDS)
		return;
	if (folded && fields->length > 0)
		fields->length--;
	before = fields->length;
	usher_buffer_add(fields, line, length);
	while (before < fields->length &&
	    (nul = memchr(fields->data + before, '\0',
		 fields->length - before)) != NULL)
		*nul = ' ';
	usher_buffer_add(fields, "", 1);
}

/* False when the line is no field: the content begins with it. */
static bool
take_field(struct message_stream *stream, const char *line, size_t length)
{
	static const char content[] = "Content-";
	bool folded = length > 0 && (*line == ' ' || *line == '\t');

	if (without_end(line, length) == 0) {
		end_fields(stream);
		return true;
	}
	if (folded || is_field(line, length)) {
		if (folded ||
		    strncasecmp(line, content, sizeof(content) - 1) == 0)
			note_field(stream, line, length);
		/* A fold belongs to the field above it, kept or not. */
		else if (stream->fields.length > 0 &&
		    stream->fields.length < MOST_PART_FIELDS)
			usher_buffer_add(&stream->fields, "", 1);
		return true;
	}
	end_fields(stream);
	return false;
}

/* ---- parts ---- */

static void
end_leaf(struct message_stream *stream)
{
	if (stream->state == IN_FIELDS)
		end_fields(stream);
	if (stream->state == IN_LEAF)
		usher_leaf_end(stream, stream->cut);
	stream->state = BETWEEN;
}

static void
begin_part(struct message_stream *stream, struct part *parent)
{
	struct part *part = usher_arena_alloc(stream->arena, sizeof(*part));

	if (!part) {
		stream->ended = stream->failed = true;
		return;
	}
	part->parent = parent;
	part->depth = parent ? parent->depth + 1 : 0;
	if (parent && parent->last)
		parent->last->next = part;
	else if (parent)
		parent->first = part;
	if (parent)
		parent->last = part;
	else
		stream->root = part;
	stream->open = part;
	stream->state = IN_FIELDS;
	stream->fields.length = 0;
}

static bool
is_boundary(const struct part *part, const char *line, size_t length,
    bool *last)
{
	size_t rest = 2 + part->boundary_length;

	if (length < rest ||
	    memcmp(line + 2, part->boundary, part->boundary_length) != 0)
		return false;
	*last = length >= rest + 2 && memcmp(line + rest, "--", 2) == 0;
	if (*last)
		rest += 2;
	while (rest < length && strchr(" \t\r\n", line[rest]) && line[rest])
		rest++;
	return rest == length;
}

/* Whether the line was a boundary of an open multipart; the innermost wins. */
static bool
take_boundary(struct message_stream *stream, const char *line, size_t length)
{
	struct part *part = stream->open;
	bool last;

	if (length < 2 || line[0] != '-' || line[1] != '-')
		return false;
	while (part &&
	    (!part->boundary || !is_boundary(part, line, length, &last)))
		part = part->parent;
	if (!part)
		return false;
	end_leaf(stream);
	for (struct part *one = stream->open; one != part; one = one->parent)
		one->boundary = NULL;
	stream->open = part;
	if (last)
		part->boundary = NULL;
	else
		begin_part(stream, part);
	return true;
}

static bool
in_multipart(const struct message_stream *stream)
{
	return stream->root->kind == PART_MULTIPART;
}

static void
take_line(struct message_stream *stream, const char *line, size_t length)
{
	bool begins = !stream->midline;

	stream->midline = line[length - 1] != '\n';
	if (begins && length >= 2 && line[0] == '-' && line[1] == '-' &&
	    in_multipart(stream)) {
		if (++stream->boundaries > MOST_BOUNDARIES) {
			stream->ended = stream->cut = true;
			return;
		}
		if (take_boundary(stream, line, length))
			return;
	}
	if (begins && stream->state == IN_FIELDS &&
	    take_field(stream, line, length))
		return;
	if (stream->state == IN_LEAF)
		usher_leaf_feed(stream, line, length);
}

/* A line that may be a boundary or a field is waited for, within bounds. */
static bool
must_be_whole(const struct message_stream *stream, const char *line,
    size_t length)
{
	if (stream->midline)
		return false;
	if (stream->state == IN_FIELDS)
		return length < MOST_PART_FIELDS;
	return line[0] == '-' && (length == 1 || line[1] == '-') &&
	    length < LONGEST_BOUNDARY_LINE && in_multipart(stream);
}

/* The end of a line that is held already; bytes taken of `data`. */
static size_t
take_held(struct message_stream *stream, const char *data, size_t length)
{
	struct buffer *held = &stream->held;
	const char *newline = memchr(data, '\n', length);
	size_t size = newline ? (size_t)(newline + 1 - data) : length;

	usher_buffer_add(held, data, size);
	if (held->failed) {
		stream->ended = stream->failed = true;
	} else if (newline ||
	    !must_be_whole(stream, held->data, held->length)) {
		take_line(stream, held->data, held->length);
		held->length = 0;
	}
	return size;
}

/* In a leaf nobody looks at single lines, but for the next boundary. */
static size_t
run_of_lines(const struct message_stream *stream, const char *data,
    size_t length)
{
	const char *at = data, *end = data + length;

	if (stream->state == IN_FIELDS)
		return 0;
	if (stream->midline && !(at = memchr(at, '\n', length)))
		return length;
	at += stream->midline;
	if (!in_multipart(stream))
		return length;
	while (at < end && *at != '-') {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		if (!newline)
			return length;
		at = newline + 1;
	}
	return (size_t)(at - data);
}

static void
take_run(struct message_stream *stream, const char *data, size_t length)
{
	stream->midline = data[length - 1] != '\n';
	if (stream->state == IN_LEAF)
		usher_leaf_feed(stream, data, length);
}

void
usher_stream_feed(struct message_stream *stream, const char *data,
    size_t length)
{
	const char *at = data, *end = data + length;

	while (at < end && !stream->ended) {
		size_t left = (size_t)(end - at), run;
		const char *newline;

		if (stream->held.length > 0) {
			at += take_held(stream, at, left);
			continue;
		}
		run = run_of_lines(stream, at, left);
		if (run > 0) {
			take_run(stream, at, run);
			at += run;
			continue;
		}
		newline = memchr(at, '\n', left);
		if (!newline && must_be_whole(stream, at, left)) {
			at += take_held(stream, at, left);
			continue;
		}
		run = newline ? (size_t)(newline + 1 - at) : left;
		take_line(stream, at, run);
		at += run;
	}
}

void
usher_stream_end(struct message_stream *stream, bool cut)
{
	if (stream->held.length > 0 && !stream->ended)
		take_line(stream, stream->held.data, stream->held.length);
	stream->cut |= cut;
	end_leaf(stream);
	stream->ended = true;
	usher_buffer_free(&stream->held);
	usher_buffer_free(&stream->fields);
}

int
usher_stream_begin(struct usher_message *message)
{
	const struct part_fields fields = {
		.type = usher_message_field(message, "Content-Type"),
		.encoding = usher_message_field(message,
		    "Content-Transfer-Encoding"),
		.disposition = usher_message_field(message,
		    "Content-Disposition"),
		.has_id = usher_message_field(message, "Content-ID") != NULL,
	};
	struct message_stream *stream = malloc(sizeof(*stream));

	if (!stream)
		return ENOMEM;
	/* The rest is set when a leaf begins, and not read before. */
	memset(stream, 0, offsetof(struct message_stream, leaf.stage));
	usher_gmime_begin();
	stream->arena = &message->arena;
	message->stream = stream;
	begin_part(stream, NULL);
	if (!stream->failed)
		begin_content(stream, &fields);
	return stream->failed ? ENOMEM : 0;
}

static void
free_texts(struct part *part)
{
	/* Parts lie in the arena: no recursion, a walk over the tree. */
	while (part) {
		usher_buffer_free(&part->waiting.pending);
		if (part->shown) {
			usher_buffer_free(&part->shown->text);
			usher_buffer_free(&part->shown->beside);
		}
		if (part->first) {
			part = part->first;
			continue;
		}
		while (part && !part->next)
			part = part->parent;
		part = part ? part->next : NULL;
	}
}

void
usher_stream_free(struct message_stream *stream)
{
	if (!stream)
		return;
	usher_leaf_free(&stream->leaf);
	usher_buffer_free(&stream->held);
	usher_buffer_free(&stream->fields);
	free_texts(stream->root);
	free(stream);
}
