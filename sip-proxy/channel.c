/*
 * channel.c - by which channel a call comes: phone, video or fax.
 *
 * The session description is scanned for its media lines, not parsed: live
 * media only (port not 0, not inactive), in application/sdp or that part of a
 * multipart (design-calls.md "Channel"; RFC 8866, RFC 2046). MESSAGE is its own
 * channel. Works on the bytes in place.
 */
#include "screen.h"

struct media {
	unsigned audio, video, image, other;
};

/* The next line, without its end. */
static bool
next_line(struct span *rest, struct span *line)
{
	const char *end;

	if (rest->l == 0)
		return false;
	end = memchr(rest->p, '\n', rest->l);
	if (end == NULL) {
		*line = *rest;
		rest->p += rest->l;
		rest->l = 0;
	} else {
		*line = span_between(rest->p, end);
		*rest = span_between(end + 1, rest->p + rest->l);
	}
	if (line->l > 0 && line->p[line->l - 1] == '\r')
		line->l--;
	return true;
}

static bool
begins(struct span text, const char *with)
{
	size_t length = strlen(with);

	return text.l >= length &&
	    span_caseeq((struct span){ text.p, length }, span_of(with));
}

static bool
holds(struct span text, const char *what)
{
	size_t length = strlen(what);

	for (size_t i = 0; i + length <= text.l; i++) {
		if (span_caseeq((struct span){ text.p + i, length },
			span_of(what)))
			return true;
	}
	return false;
}

/* "m=image 4000 udptl t38": a port of 0 is refused media. */
static bool
is_open(struct span line)
{
	const char *space = span_find(line, ' ');
	const char *end = span_end(line);

	if (space == NULL || space + 1 == end)
		return false;
	return space[1] != '0' ||
	    (space + 2 < end && space[2] >= '0' && space[2] <= '9');
}

static void
count_media(struct media *media, struct span line)
{
	if (begins(line, "m=audio "))
		media->audio++;
	else if (begins(line, "m=video "))
		media->video++;
	else if (begins(line, "m=image ") && holds(line, " t38"))
		media->image++;
	else
		media->other++;
}

static void
scan(struct span sdp, struct media *media)
{
	struct span line, open = { NULL, 0 };
	bool inactive = false, session_inactive = false, in_media = false;

	while (next_line(&sdp, &line)) {
		bool is_media = line.l >= 2 && (line.p[0] | 0x20) == 'm' &&
		    line.p[1] == '=';

		if (is_media && open.p != NULL && !inactive)
			count_media(media, open);
		if (is_media) {
			in_media = true;
			inactive = session_inactive;
			open = is_open(line) ? line : (struct span){ NULL, 0 };
		} else if (line.l != sizeof("a=inactive") - 1) {
			continue; /* the four below are as long as that */
		} else if (span_is(line, "a=inactive")) {
			inactive = true;
			session_inactive |= !in_media;
		} else if (span_is(line, "a=sendrecv") ||
		    span_is(line, "a=sendonly") ||
		    span_is(line, "a=recvonly")) {
			inactive = false;
		}
	}
	if (open.p != NULL && !inactive)
		count_media(media, open);
}

/* A part of a multipart: its head ends at the first empty line. */
static void
scan_part(struct span part, struct media *media)
{
	struct span line;
	bool sdp = false;

	while (next_line(&part, &line) && line.l > 0) {
		if (begins(line, "content-type:") || begins(line, "c:"))
			sdp = holds(line, "application/sdp");
	}
	if (sdp)
		scan(part, media);
}

static void
scan_parts(struct span body, struct span boundary, struct media *media)
{
	const char *from = NULL;
	struct span line, rest = body;

	while (next_line(&rest, &line)) {
		if (line.l < boundary.l + 2 || line.p[0] != '-' ||
		    line.p[1] != '-' ||
		    memcmp(line.p + 2, boundary.p, boundary.l) != 0)
			continue;
		if (from != NULL)
			scan_part(span_between(from, line.p), media);
		from = rest.p;
	}
}

static void
scan_body(const struct sip_msg *msg, struct media *media)
{
	struct span type = sip_msg_value(msg, SIP_HDR_CONTENT_TYPE);
	struct span boundary;
	const char *params;

	if (msg->body.l == 0)
		return;
	if (begins(type, "application/sdp")) {
		scan(msg->body, media);
		return;
	}
	params = span_find(type, ';');
	if (!begins(type, "multipart/") || params == NULL ||
	    !sip_param_get(span_between(params, span_end(type)), "boundary",
		&boundary))
		return;
	if (boundary.l >= 2 && boundary.p[0] == '"') {
		boundary.p++;
		boundary.l -= 2;
	}
	if (boundary.l > 0)
		scan_parts(msg->body, boundary, media);
}

enum usher_channel
channel_of(const struct sip_msg *msg, const struct recipient *recipient)
{
	const struct usher_policy *policy = recipient->policy;
	struct media media = { 0 };

	if (msg->method == SIP_METHOD_MESSAGE)
		return USHER_MESSAGE;
	if (policy != NULL && recipient->numbered &&
	    usher_policy_is_fax(policy, recipient->text))
		return USHER_FAX;
	scan_body(msg, &media);
	if (media.image > 0 && media.audio + media.video + media.other == 0)
		return USHER_FAX;
	if (media.video > 0 && policy != NULL &&
	    usher_policy_names_channel(policy, USHER_VIDEO))
		return USHER_VIDEO;
	return USHER_PHONE;
}
