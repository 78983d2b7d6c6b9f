/*
 * frame.c - where one message of a stream ends.
 *
 * Content-Length alone tells (RFC 3261 §18.3); where it is doubled, no number
 * or too large, or hides behind half a line end, framing is lost and the stream
 * with it. Without one the body
 * is empty. Double CRLF between messages is a keepalive (RFC 5626 §4.4.1). A
 * line that begins no message stands alone, so that the next message is found
 * behind a body whose length nobody told (RFC 4475 §3.4.1).
 * Called by transport_stream.c for every read; the gate checks the message.
 */
#include "frame.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "span.h"

enum { DIGITS_MOST = 9 };

/* White space and the line ends of folding. */
static const char *
skip_blank(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
		p++;
	return p;
}

/* The value's length in bytes; false: it is no length. */
static bool
read_length(const char *p, const char *end, size_t *value)
{
	const char *digits = p = skip_blank(p, end);

	*value = 0;
	while (p < end && *p >= '0' && *p <= '9') {
		if (p - digits == DIGITS_MOST)
			return false;
		*value = *value * 10 + (size_t)(*p++ - '0');
	}
	return p > digits && skip_blank(p, end) == end;
}

/* Whether this line names the body's length; *value is behind its colon. */
static bool
names_length(const char *line, const char *end, const char **value)
{
	const char *colon = memchr(line, ':', (size_t)(end - line));
	size_t name;

	if (colon == NULL)
		return false;
	*value = colon + 1;
	while (colon > line && (colon[-1] == ' ' || colon[-1] == '\t'))
		colon--;
	name = (size_t)(colon - line);
	return (name == 14 && strncasecmp(line, "Content-Length", name) == 0) ||
	    (name == 1 && (*line == 'l' || *line == 'L'));
}

/*
 * A CR or LF by itself ends a line for some readers and not for others, who
 * then see another length: what follows could be a request in their name.
 */
static bool
lines_are_plain(const char *head, const char *end)
{
	const char *p = head;

	for (; (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
		if (p == head || p[-1] != '\r')
			return false;
	for (p = head; (p = memchr(p, '\r', (size_t)(end - p))) != NULL; p++)
		if (p + 1 == end || p[1] != '\n')
			return false;
	return true;
}

/* The end of the line with its folding, behind its CRLF. */
static const char *
line_end(const char *p, const char *end)
{
	while ((p = memmem(p, (size_t)(end - p), "\r\n", 2)) != NULL) {
		p += 2;
		if (p == end || (*p != ' ' && *p != '\t'))
			return p;
	}
	return end;
}

static bool
body_length(const char *head, const char *end, size_t *body)
{
	const char *line = line_end(head, end), *next, *value;
	bool known = false;
	size_t length;

	*body = 0;
	for (; line < end; line = next) {
		next = line_end(line, end);
		if (!names_length(line, next, &value))
			continue;
		if (known || !read_length(value, next, &length))
			return false;
		known = true;
		*body = length;
	}
	return true;
}

/* The version ends a request's first line and begins a response's. */
static bool
begins_message(const char *line, const char *end)
{
	const char *slash = line;

	while ((slash = memchr(slash, '/', (size_t)(end - slash))) != NULL) {
		if (slash - line >= 3 && strncasecmp(slash - 3, "SIP", 3) == 0)
			return true;
		slash++;
	}
	return false;
}

enum sip_frame
sip_frame_find(const char *bytes, size_t available, size_t head, size_t message,
    size_t *length)
{
	const char *end;
	size_t body, whole;

	if (available == 0)
		return SIP_FRAME_MORE;
	if (*bytes == '\r' || *bytes == '\n') {
		if (available < 4 && memcmp(bytes, "\r\n\r", available) == 0)
			return SIP_FRAME_MORE;
		*length = *bytes == '\r' && bytes[1] == '\n' ? 2 : 1;
		if (available < 4 || memcmp(bytes, "\r\n\r\n", 4) != 0)
			return SIP_FRAME_SKIP;
		*length = 4;
		return SIP_FRAME_PING;
	}
	end = memmem(bytes, available < head ? available : head, "\r\n", 2);
	if (end != NULL && !begins_message(bytes, end)) {
		*length = (size_t)(end + 2 - bytes);
		return SIP_FRAME_MESSAGE;
	}
	end = memmem(bytes, available < head ? available : head, "\r\n\r\n", 4);
	if (end == NULL)
		return available < head ? SIP_FRAME_MORE : SIP_FRAME_BROKEN;
	end += 4;
	if (!lines_are_plain(bytes, end) || !body_length(bytes, end, &body))
		return SIP_FRAME_BROKEN;
	whole = (size_t)(end - bytes) + body;
	if (whole > message)
		return SIP_FRAME_BROKEN;
	if (whole > available)
		return SIP_FRAME_MORE;
	*length = whole;
	return SIP_FRAME_MESSAGE;
}
