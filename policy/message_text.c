/*
 * message_text: what the writer of a plain text wrote now.
 *
 * Leaves out quoted lines with the line that introduces them, forwarded or
 * answered mails below it, and the signature, in one pass over the lines as
 * they come, of which the next few are waited for. Keeps design.md §4 ("shown
 * text without quotes and signature"), RFC 3676 §4.3 ("-- ").
 */
#include <ctype.h>
#include <string.h>

#include "message.h"

/* A line is judged when AHEAD bytes behind it are known, or the end is. */
enum {
	SHORT_SIGNATURE = 15,
	LONGEST_ATTRIBUTION = 400,
	AHEAD = 2048,
	AT_ONCE = 2048
};

struct line {
	const char *at;
	size_t length; /* without its end */
};

static bool
take_line(const char **at, const char *end, struct line *line)
{
	const char *newline;

	if (*at >= end)
		return false;
	newline = memchr(*at, '\n', (size_t)(end - *at));
	line->at = *at;
	line->length = (size_t)((newline ? newline : end) - *at);
	*at = newline ? newline + 1 : end;
	if (line->length > 0 && line->at[line->length - 1] == '\r')
		line->length--;
	return true;
}

/* Nearly every line is decided by its first letter. */
static inline bool
starts(struct line line, const char *with)
{
	return line.length > 0 && ((*line.at ^ *with) & 0xdf) == 0 &&
	    line.length >= strlen(with) &&
	    strncasecmp(line.at, with, strlen(with)) == 0;
}

/* The letter that a line begins with, as a bit; 0: none of ASCII. */
static uint32_t
initial(struct line line)
{
	unsigned letter;

	if (line.length == 0)
		return 0;
	letter = ((unsigned char)*line.at | 0x20u) - 'a';
	return letter < 26 ? 1u << letter : 0;
}

#define LETTER(c) (1u << ((c) - 'a'))

static bool
ends(struct line line, const char *with)
{
	size_t length = strlen(with);

	while (
	    line.length > 0 && isspace((unsigned char)line.at[line.length - 1]))
		line.length--;
	return line.length >= length &&
	    strncasecmp(line.at + line.length - length, with, length) == 0;
}

static bool
is_quote(struct line line)
{
	return line.length > 0 &&
	    (line.at[0] == '>' ||
		(line.at[0] == ' ' && line.length > 1 && line.at[1] == '>'));
}

static bool
is_blank(struct line line)
{
	for (size_t i = 0; i < line.length; i++) {
		if (!isspace((unsigned char)line.at[i]))
			return false;
	}
	return true;
}

/* "On Monday, Ann wrote:" and its like. */
static bool
begins_attribution(struct line line)
{
	static const char *const starters[] = {
		"On ",
		"Am ",
		"Le ",
		"El ",
		"W dniu ",
		"Op ",
		"Il ",
		"Em ",
		"Den ",
		"Dnia ",
	};
	const uint32_t initials = LETTER('o') | LETTER('a') | LETTER('l') |
	    LETTER('e') | LETTER('w') | LETTER('i') | LETTER('d');

	if (!(initial(line) & initials))
		return false;
	for (size_t i = 0; i < sizeof(starters) / sizeof(*starters); i++) {
		if (starts(line, starters[i]))
			return true;
	}
	return false;
}

static bool
ends_attribution(struct line line)
{
	static const char *const enders[] = {
		"wrote:",
		"schrieb:",
		"geschrieben:",
		"écrit :",
		"écrit:",
		"escribió:",
		"pisze:",
		"napisał:",
		"napisał(a):",
		"napisała:",
		"schreef:",
		"scritto:",
		"escreveu:",
		"skrev:",
		"writes:",
	};

	/* All of them end so, and few lines do. */
	if (!ends(line, ":"))
		return false;
	for (size_t i = 0; i < sizeof(enders) / sizeof(*enders); i++) {
		if (ends(line, enders[i]))
			return true;
	}
	return false;
}

/* "Am ... schrieb Ann:" names the writer behind the verb. */
static bool
names_writer(struct line line)
{
	return starts(line, "Am ") && ends(line, ":") &&
	    memmem(line.at, line.length, " schrieb ", 9);
}

/* At most three lines; *at moves past them when they are one. */
static bool
skip_attribution(struct line line, const char **at, const char *end)
{
	const char *ahead = *at;
	size_t length = line.length;

	if (!begins_attribution(line))
		return false;
	for (int i = 0; i < 3 && length < LONGEST_ATTRIBUTION; i++) {
		if (ends_attribution(line) || names_writer(line)) {
			*at = ahead;
			return true;
		}
		if (!take_line(&ahead, end, &line) || is_blank(line) ||
		    is_quote(line))
			return false;
		length += line.length;
	}
	return false;
}

/* "-----Original Message-----", in the words of several programs. */
static bool
is_divider(struct line line)
{
	static const char *const words[] = {
		"Original Message",
		"Forwarded message",
		"Original-Nachricht",
		"rsprüngliche Nachricht",
		"Weitergeleitete Nachricht",
		"Message d'origine",
		"Message original",
		"Message transféré",
		"Mensaje original",
		"Mensaje reenviado",
		"Oryginalna wiadomość",
		"Wiadomość oryginalna",
		"iadomość przekazana",
		"Messaggio originale",
		"Begin forwarded message",
	};

	if (!starts(line, "--") && !starts(line, "Begin forwarded"))
		return false;
	if (line.length > 100)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		struct line rest = line;

		while (rest.length > 0 && (*rest.at == '-' || *rest.at == ' '))
			rest.at++, rest.length--;
		if (starts(rest, words[i]) ||
		    (rest.length > 2 &&
			memmem(rest.at, rest.length, words[i],
			    strlen(words[i]))))
			return true;
	}
	return false;
}

/* The block of fields that Outlook puts above what it quotes. */
static bool
is_field_block(struct line line, const char *at, const char *end)
{
	static const char *const first[] = {
		"From:",
		"Von:",
		"De :",
		"De:",
		"Od:",
		"Da:",
		"Van:",
	};
	static const char *const second[] = {
		"Sent:",
		"Date:",
		"Gesendet:",
		"Datum:",
		"Envoyé",
		"Enviado",
		"Fecha:",
		"Wysłano:",
		"Data:",
		"Inviato:",
		"Verzonden:",
	};
	const uint32_t initials = LETTER('f') | LETTER('v') | LETTER('d') |
	    LETTER('o');
	struct line next;

	while (line.length > 0 && *line.at == '*')
		line.at++, line.length--; /* bold, as text has it */
	if (!(initial(line) & initials))
		return false;
	for (size_t i = 0; i < sizeof(first) / sizeof(*first); i++) {
		if (!starts(line, first[i]))
			continue;
		if (!take_line(&at, end, &next))
			return false;
		while (next.length > 0 && *next.at == '*')
			next.at++, next.length--;
		for (size_t k = 0; k < sizeof(second) / sizeof(*second); k++) {
			if (starts(next, second[k]))
				return true;
		}
	}
	return false;
}

/* Programs that lose the blank of "-- " are believed near the end only. */
static bool
is_signature(struct line line, const char *at, const char *end, bool last)
{
	struct line next;
	int below = 0;

	if (line.length == 3 && memcmp(line.at, "-- ", 3) == 0)
		return true;
	if (line.length != 2 || memcmp(line.at, "--", 2) != 0 || !last)
		return false;
	while (below <= SHORT_SIGNATURE && take_line(&at, end, &next))
		below++;
	return below <= SHORT_SIGNATURE;
}

/* A quote that an attribution introduces; without marks it runs to the end. */
static bool
quote_follows(const char *at, const char *end)
{
	struct line next = { "", 0 };

	while (take_line(&at, end, &next) && is_blank(next))
		;
	return is_quote(next);
}

/* What signs is no text, but tells how to reach who wrote it. */
static void
put_beside(struct shown_text *shown, struct line line)
{
	struct buffer *beside = shown->beside;
	size_t room = KEEP_BESIDE;

	room = beside->length < room ? room - beside->length : 0;
	shown->over = line.length + 1 > room;
	if (shown->over)
		return;
	usher_buffer_add(beside, line.at, line.length);
	usher_buffer_puts(beside, "\n");
}

/* One line of `text`, from *at on; what is left out is passed. */
static void
judge_line(struct shown_text *shown, struct line line, const char **at,
    const char *end, bool last)
{
	if (is_quote(line)) {
		shown->quoted = shown->quoted || !shown->signing;
		return;
	}
	/* A signature below nothing signs nothing. */
	if ((shown->begun || shown->quoted) &&
	    is_signature(line, *at, end, last)) {
		shown->signing = true;
		return;
	}
	if (is_divider(line) || is_field_block(line, *at, end)) {
		shown->quoted = shown->quoted || !shown->signing;
		shown->over = true;
		return;
	}
	if (skip_attribution(line, at, end)) {
		shown->quoted = shown->quoted || !shown->signing;
		shown->over = shown->signing || !quote_follows(*at, end);
		return;
	}
	if (shown->signing) {
		put_beside(shown, line);
		return;
	}
	shown->begun |= !is_blank(line);
	usher_buffer_add(shown->out, line.at, line.length);
	usher_buffer_puts(shown->out, "\n");
}

/* A line longer than all that is waited for is nothing but text. */
static void
pass_piece(struct shown_text *shown, const char **at, const char *end)
{
	const char *newline = memchr(*at, '\n', (size_t)(end - *at));
	const char *stop = newline ? newline + 1 : end;

	shown->over = shown->signing;
	if (shown->over)
		return;
	usher_buffer_add(shown->out, *at, (size_t)(stop - *at));
	shown->midline = newline == NULL;
	shown->begun = true;
	*at = stop;
}

static void
judge_lines(struct shown_text *shown, bool last)
{
	struct buffer *pending = &shown->pending;
	const char *at = pending->data, *end = at + pending->length;
	struct line line;

	if (!shown->signing && pending->length > 0)
		usher_buffer_expect(shown->out, pending->length + 1);
	while (
	    !shown->over && at < end && (last || (size_t)(end - at) > AHEAD)) {
		if (shown->midline ||
		    (!last && !memchr(at, '\n', (size_t)(end - at)))) {
			pass_piece(shown, &at, end);
			continue;
		}
		(void)take_line(&at, end, &line);
		judge_line(shown, line, &at, end, last);
	}
	pending->length = shown->over ? 0 : (size_t)(end - at);
	memmove(pending->data, at, pending->length);
}

void
usher_shown_feed(struct shown_text *shown, const char *text, size_t length,
    bool last, struct buffer *out)
{
	if (shown->over)
		return;
	shown->out = out;
	usher_buffer_add(&shown->pending, length > 0 ? text : "", length);
	if (shown->pending.failed)
		out->failed = true;
	if (!shown->pending.failed &&
	    (last || shown->pending.length >= AHEAD + AT_ONCE))
		judge_lines(shown, last);
}
