/*
 * reply: a verdict as the lines of an SMTP reply.
 *
 * Called at RCPT and at end of message. Keeps the answers of design-mail.md's
 * table, RFC 5321 §4.2.1 (lines of a reply) and RFC 3463 (codes). Every line
 * stays a sentence by itself, because bounces run them together.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "reply.h"

/* Longest sentence of a mail's words with the time put in. */
enum { SENTENCE = 2048, MOST_CLASSES = 200 };

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
 * A word for machines goes inside the sentence it belongs to: before its
 * full stop, or behind a link, which has none.
 */
static void
line_with(char out[REPLY_LINE + 1], const char *sentence, const char *key,
    const char *value)
{
	char text[SENTENCE];
	size_t length = strlen(sentence);
	size_t most = REPLY_LINE - strlen(key) - strlen(value) - 8;
	bool stop = length > 0 && sentence[length - 1] == '.';

	if (stop)
		length--;
	if (length > most)
		length = most;
	(void)snprintf(text, sizeof text, "%.*s (%s=%s)%s", (int)length,
	    sentence, key, value, stop ? "." : "");
	reply_line(out, text);
}

static void
make_line(struct reply *reply, size_t index, const char *sentence,
    const struct usher_verdict *verdict, const struct reply_terms *terms)
{
	/* The second sentence is the one about the door; see usher.h. */
	size_t timed = reply->count > 1 ? 1 : 0;
	char instant[USHER_INSTANT_TEXT];

	if (index == timed && verdict->answer == USHER_DEFER &&
	    verdict->opening.exists) {
		usher_instant_text(verdict->opening.from, instant);
		line_with(reply->lines[index], sentence, "retry", instant);
	} else if (index == 0 && !reply->temporary &&
	    terms->solicitation != NULL) {
		line_with(reply->lines[index], sentence, "SOLICIT",
		    terms->solicitation);
	} else {
		reply_line(reply->lines[index], sentence);
	}
}

void
reply_make(struct reply *reply, struct usher_decision *decision,
    const struct reply_terms *terms)
{
	const struct usher_verdict *verdict = usher_decision_verdict(decision);
	const struct usher_opening *opening = &verdict->opening;
	const char *lines[USHER_WORDS_LINES];
	size_t i;

	reply->count = terms->unnamed
	    ? usher_words_unnamed(decision, terms->reference, true, lines)
	    : usher_words_lines(decision, terms->reference, true, lines);
	/* Where it is open now something is missing: the same mail never has
	 * it, however often it comes. */
	reply->temporary = verdict->answer == USHER_DEFER && !terms->final &&
	    opening->exists && opening->from > terms->at &&
	    opening->from - terms->at <= terms->patience_s;
	/* Nor does a store stay away for good that could not be read. */
	if (verdict->answer == USHER_DEFER && !opening->exists &&
	    verdict->reason == USHER_NO_MEMORY)
		reply->temporary = !terms->final;
	for (i = 0; i < reply->count; i++)
		make_line(reply, i, lines[i], verdict, terms);
}

static bool
is_keyword(const char *word, size_t length)
{
	static const char others[] = ".-_:";

	if (length == 0 || !isascii((unsigned char)*word) ||
	    !isalpha((unsigned char)*word))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isascii((unsigned char)word[i]) ||
		    (!isalnum((unsigned char)word[i]) &&
			strchr(others, word[i]) == NULL))
			return false;
	return true;
}

char *
reply_solicitation(const char *value)
{
	static const char between[] = ", \t\r\n";
	char classes[MOST_CLASSES + 1];
	size_t used = 0, length;

	for (value += strspn(value, between); *value != '\0';
	     value += length + strspn(value + length, between)) {
		length = strcspn(value, between);
		if (!is_keyword(value, length) ||
		    used + length + 1 > MOST_CLASSES)
			continue;
		if (used > 0)
			classes[used++] = ',';
		memcpy(classes + used, value, length);
		used += length;
	}
	classes[used] = '\0';
	return used == 0 ? NULL : strdup(classes);
}

void
reply_for_all(struct reply *reply, const char *reference)
{
	static const char *const lines[] = {
		"These recipients do not take this message as it is.",
		"Please send it to each of them alone to learn how they wish "
		"to be approached.",
	};

	reply->temporary = false;
	reply->count = USHER_WORDS_LINES;
	for (size_t i = 0; i < 2; i++)
		reply_line(reply->lines[i], lines[i]);
	(void)snprintf(reply->lines[2], sizeof reply->lines[2], "Reference %s.",
	    reference);
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
