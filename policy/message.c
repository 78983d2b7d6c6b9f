/*
 * message: one mail, as a milter or a file shows it.
 *
 * Builds it from fields and pieces of body in their order, or from a whole
 * message. What is beyond `mail.keep` is left out and marked. Keeps
 * design-mail.md (`keep`) and RFC 5322 §2.2 (fields, folding), tolerantly: any
 * bytes make a message.
 */
#include "message_part.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"

enum { KEEP_HEADERS = 65536, KEEP_BODY = 1048576 };

int
usher_message_new(struct usher_conf *conf, struct usher_message **out)
{
	struct usher_message *message = calloc(1, sizeof(*message));

	if (!message)
		return ENOMEM;
	usher_arena_init(&message->arena);
	message->keep_headers = KEEP_HEADERS;
	message->keep_body = KEEP_BODY;
	message->conf = conf;
	if (conf) {
		atomic_fetch_add(&conf->references, 1);
		if (conf->mail.keep_headers > 0)
			message->keep_headers = conf->mail.keep_headers;
		if (conf->mail.keep_body > 0)
			message->keep_body = conf->mail.keep_body;
	}
	*out = message;
	return 0;
}

static void
forget(struct usher_message *message)
{
	if (message->content) {
		usher_buffer_free(&message->content->text);
		usher_buffer_free(&message->content->beside);
	}
	usher_stream_free(message->stream);
	message->content = NULL;
	message->stream = NULL;
	message->head = NULL;
}

void
usher_message_reset(struct usher_message *message)
{
	forget(message);
	usher_arena_reset(&message->arena);
	message->fields = NULL;
	message->field_count = message->field_room = 0;
	message->field_bytes = 0;
	message->body_bytes = 0;
	message->headers_cut = message->body_cut = message->failed = false;
}

void
usher_message_free(struct usher_message *message)
{
	if (!message)
		return;
	forget(message);
	usher_arena_free(&message->arena);
	if (message->conf)
		usher_conf_release(message->conf);
	free(message);
}

const char *
usher_message_field(const struct usher_message *message, const char *name)
{
	for (size_t i = 0; i < message->field_count; i++)
		if (usher_field_is(&message->fields[i], name))
			return message->fields[i].value;
	return NULL;
}

static bool
room_for_field(struct usher_message *message)
{
	size_t room = message->field_room ? 2 * message->field_room : 32;
	struct evidence_field *fields;

	if (message->field_count < message->field_room)
		return true;
	fields = usher_arena_array(&message->arena, room, sizeof(*fields));
	if (!fields)
		return false;
	if (message->field_count > 0)
		memcpy(fields, message->fields,
		    message->field_count * sizeof(*fields));
	message->fields = fields;
	message->field_room = room;
	return true;
}

static void
replace(char *text, size_t length, char what)
{
	char *at;

	while (length > 0 && (at = memchr(text, what, length)) != NULL) {
		*at = ' ';
		length -= (size_t)(at - text);
		text = at;
	}
}

/* Line by line, without its end; how many bytes. */
static size_t
join_lines(char *out, const char *value, size_t length)
{
	const char *end = value + length;
	size_t used = 0;

	while (value < end) {
		const char *newline = memchr(value, '\n',
		    (size_t)(end - value));
		const char *stop = newline ? newline : end;
		size_t run = (size_t)(stop - value);

		if (run > 0 && stop[-1] == '\r')
			run--;
		memcpy(out + used, value, run);
		used += run;
		value = newline ? newline + 1 : end;
	}
	return used;
}

/*
 * Line ends go, the white space behind them stays: RFC 5322 §2.2.3. A value
 * may begin on its second line. A CR that ends no line must not join two words.
 */
static char *
unfolded(struct arena *arena, const char *value, size_t length)
{
	size_t blank = 0, used;
	char *copy;

	while (blank < length && strchr(" \t\r\n", value[blank]) != NULL)
		blank++;
	value += blank;
	length -= blank;
	copy = usher_arena_room(arena, length + 1);
	if (!copy)
		return NULL;
	used = join_lines(copy, value, length);
	replace(copy, used, '\r');
	replace(copy, used, '\0');
	while (used > 0 && (copy[used - 1] == ' ' || copy[used - 1] == '\t'))
		used--;
	copy[used] = '\0';
	return copy;
}

static int
add_field(struct usher_message *message, const char *name, size_t name_length,
    const char *value, size_t length)
{
	struct evidence_field *field;
	size_t bytes = name_length + length + 4;

	if (message->headers_cut || message->field_count >= MOST_FIELDS ||
	    message->field_bytes + bytes > message->keep_headers) {
		message->headers_cut = true;
		return 0;
	}
	if (!room_for_field(message))
		goto failed;
	field = &message->fields[message->field_count];
	field->name = usher_arena_bytes(&message->arena, name, name_length);
	field->value = unfolded(&message->arena, value, length);
	if (!field->name || !field->value)
		goto failed;
	message->field_bytes += bytes;
	message->field_count++;
	message->head = NULL;
	return 0;
failed:
	message->failed = true;
	return ENOMEM;
}

int
usher_message_header(struct usher_message *message, const char *name,
    const char *value)
{
	return add_field(message, name, strlen(name), value, strlen(value));
}

int
usher_message_body(struct usher_message *message, const unsigned char *data,
    size_t length)
{
	size_t room = message->keep_body - message->body_bytes;

	if (!message->stream && !message->failed &&
	    usher_stream_begin(message) != 0)
		message->failed = true;
	if (message->failed)
		return ENOMEM;
	if (length > room) {
		message->body_cut = true;
		length = room;
	}
	message->body_bytes += length;
	usher_stream_feed(message->stream, (const char *)data, length);
	if (message->stream->failed)
		message->failed = true;
	return message->failed ? ENOMEM : 0;
}

bool
usher_message_full(const struct usher_message *message)
{
	return message->body_bytes >= message->keep_body ||
	    (message->stream && message->stream->ended);
}

/* Past the line at `at`, its LF included. */
static const char *
next_line(const char *at, const char *end)
{
	const char *newline = memchr(at, '\n', (size_t)(end - at));

	return newline ? newline + 1 : end;
}

static bool
is_empty_line(const char *at, const char *end)
{
	return at < end &&
	    (*at == '\n' || (*at == '\r' && at + 1 < end && at[1] == '\n'));
}

/* RFC 5322 §3.6.8: printable ASCII but the colon; §4.5: blanks before it. */
static size_t
name_length(const char *at, const char *end)
{
	const char *colon = at;

	while (colon<end && * colon> ' ' && *colon < 127 && *colon != ':')
		colon++;
	size_t length = (size_t)(colon - at);
	while (colon < end && (*colon == ' ' || *colon == '\t'))
		colon++;
	return colon < end && *colon == ':' ? length : 0;
}

/* One field with its folded lines; NULL when none begins here. */
static const char *
read_field(struct usher_message *message, const char *at, const char *end,
    int *code)
{
	size_t length = name_length(at, end);
	const char *value, *stop;

	if (length == 0)
		return NULL;
	value = memchr(at + length, ':', (size_t)(end - at) - length);
	value++;
	stop = next_line(at, end);
	while (stop < end && (*stop == ' ' || *stop == '\t'))
		stop = next_line(stop, end);
	*code = add_field(message, at, length, value, (size_t)(stop - value));
	return stop;
}

int
usher_message_read(struct usher_message *message, const char *data,
    size_t length)
{
	const char *at = data, *end = data + length;
	int code = 0;

	if (length >= 5 && memcmp(at, "From ", 5) == 0)
		at = next_line(at, end);
	while (at < end && code == 0) {
		const char *stop;

		if (is_empty_line(at, end)) {
			at = next_line(at, end);
			break;
		}
		stop = read_field(message, at, end, &code);
		if (!stop)
			break; /* no field: the body begins here */
		at = stop;
	}
	if (code)
		return code;
	/* A body of no bytes is a body. */
	return usher_message_body(message, (const unsigned char *)at,
	    (size_t)(end - at));
}
