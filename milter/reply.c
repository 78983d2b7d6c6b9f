/*
 * reply: a verdict as the lines of an SMTP reply.
 *
 * Called at RCPT and at end of message. Keeps the answers of design-mail.md's
 * table, RFC 5321 §4.2.1 (lines of a reply) and RFC 3463 (codes). Every line
 * stays a sentence by itself, because bounces run them together.
 */
#include <stdio.h>
#include <string.h>

#include "reply.h"

/* Longest sentence of a mail's words with the time put in. */
enum { SENTENCE = 2048 };

void
reply_line(char out[REPLY_LINE + 1], const char *text)
{
	size_t length = 0;
	unsigned char byte;

	for (; *text != '\0'; text++) {
		byte = (unsigned char)*text;
		if (byte < 0x20 || byte > 0x7e)
			byte = byte < 0x20 ? ' ' : '?';
		/* Room for "%%" and, behind it, for the mark of a cut. */
		if (length + 2 + 3 > REPLY_LINE) {
			memcpy(out + length, "...", 3);
			length += 3;
			break;
		}
		out[length++] = (char)byte;
		if (byte == '%')
			out[length++] = '%';
	}
	out[length] = '\0';
}

/*
 * The time for machines goes inside the sentence it belongs to: before its
 * full stop, or behind a link, which has none.
 */
static void
line_with_time(char out[REPLY_LINE + 1], const char *sentence, int64_t from)
{
	char instant[USHER_INSTANT_TEXT], text[SENTENCE];
	size_t length = strlen(sentence);
	bool stop = length > 0 && sentence[length - 1] == '.';

	usher_instant_text(from, instant);
	if (stop)
		length--;
	if (length > REPLY_LINE - 64)
		length = REPLY_LINE - 64;
	(void)snprintf(text, sizeof text, "%.*s (retry=%s)%s", (int)length,
	    sentence, instant, stop ? "." : "");
	reply_line(out, text);
}

void
reply_make(struct reply *reply, struct usher_decision *decision,
    const struct reply_terms *terms)
{
	const struct usher_verdict *verdict = usher_decision_verdict(decision);
	const struct usher_opening *opening = &verdict->opening;
	const char *lines[USHER_WORDS_LINES];
	size_t i, timed;

	reply->count = usher_words_lines(decision, terms->reference, true,
	    lines);
	reply->temporary = verdict->answer == USHER_DEFER && !terms->final &&
	    opening->exists && opening->from - terms->at <= terms->patience_s;
	/* The second sentence is the one about the door; see usher.h. */
	timed = reply->count > 1 ? 1 : 0;
	for (i = 0; i < reply->count; i++) {
		if (i == timed && verdict->answer == USHER_DEFER &&
		    opening->exists)
			line_with_time(reply->lines[i], lines[i],
			    opening->from);
		else
			reply_line(reply->lines[i], lines[i]);
	}
}

bool
reply_same(const struct reply *one, const struct reply *other)
{
	size_t i;

	if (one->temporary != other->temporary || one->count != other->count)
		return false;
	for (i = 0; i < one->count; i++)
		if (strcmp(one->lines[i], other->lines[i]) != 0)
			return false;
	return true;
}

const char *
reply_code(const struct reply *reply)
{
	return reply->temporary ? "450" : "550";
}

sfsistat
reply_send(SMFICTX *ctx, const struct reply *reply)
{
	const char *lines[USHER_WORDS_LINES] = { NULL, NULL, NULL };
	size_t i;

	/* libmilter's arguments end with the first NULL. */
	for (i = 0; i < reply->count; i++)
		lines[i] = reply->lines[i];
	if (reply->count > 0)
		(void)smfi_setmlreply(ctx, reply_code(reply),
		    reply->temporary ? "4.2.1" : "5.7.1", lines[0], lines[1],
		    lines[2], NULL);
	return reply->temporary ? SMFIS_TEMPFAIL : SMFIS_REJECT;
}
