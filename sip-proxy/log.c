/*
 * log.c - see log.h.
 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>

#include "eight.h"
#include "log_writer.h"
#include "sixteen.h"

void
log_open(struct log *log, bool in_front)
{
	log->in_front = in_front;
	if (!in_front)
		openlog("usher-sip", LOG_PID | LOG_NDELAY, LOG_DAEMON);
	log->writer = log_writer_new(in_front);
}

void
log_close(struct log *log)
{
	log_writer_free(log->writer);
	log->writer = NULL;
}

void
log_write(const struct log *log, int level, const char *format, ...)
{
	char text[2048];
	va_list arguments;

	va_start(arguments, format);
	if (vsnprintf(text, sizeof(text), format, arguments) < 0)
		text[0] = '\0';
	va_end(arguments);
	if (log->writer != NULL) {
		log_writer_put(log->writer, level, text, strlen(text), true);
	} else if (log->in_front) {
		fprintf(stderr, "usher-sip: %s\n", text);
		fflush(stderr);
	} else {
		syslog(level, "%s", text);
	}
}

static void
add_text(struct log_line *line, const char *text, size_t length)
{
	/* Room for the closing quote, "..." and the NUL. */
	if (line->used + length + 5 > sizeof(line->text))
		return;
	memcpy(line->text + line->used, text, length);
	line->used += length;
}

void
log_line_begin(struct log_line *line, const char *what)
{
	line->used = 0;
	add_text(line, what, strlen(what));
}

static void
add_byte(struct log_line *line, unsigned char byte)
{
	static const char digits[] = "0123456789abcdef";
	char text[4] = { '\\', 'x', digits[byte >> 4], digits[byte & 15] };

	if (byte == '"' || byte == '\\') {
		text[1] = (char)byte;
		add_text(line, text, 2);
	} else if (byte < 0x20 || byte == 0x7f) {
		add_text(line, text, 4);
	} else {
		text[0] = (char)byte;
		add_text(line, text, 1);
	}
}

enum { VALUE_MOST = 256 };

/* Eight bytes that need no escape. */
static bool
is_plain(const char *bytes)
{
	uint64_t eight = eight_at(bytes);

	return (eight_below(eight, 0x20) | eight_is(eight, 0x7f) |
		   eight_is(eight, '"') | eight_is(eight, '\\')) == 0;
}

/* Which nothing is done to, as nearly all are. */
static size_t
plain_bytes(const char *bytes, size_t most)
{
	size_t i = 0;

	while (most - i >= 8 && is_plain(bytes + i))
		i += 8;
	/* The last eight may lie over what was looked at. */
	if (i > 0 && most - i < 8 && is_plain(bytes + most - 8))
		return most;
	while (i < most && (unsigned char)bytes[i] >= 0x20 &&
	    bytes[i] != 0x7f && bytes[i] != '"' && bytes[i] != '\\')
		i++;
	return i;
}

/* Nearly every value: false where there is more to do about it. */
static bool
add_plain(struct log_line *line, struct span key, struct span value)
{
	char *p = line->text + line->used;

	/* Room to look at sixteen bytes as long as any is left. */
	if (value.l > VALUE_MOST ||
	    line->used + key.l + value.l + 24 > sizeof(line->text))
		return false;
	*p++ = ' ';
	p = mempcpy(p, key.p, key.l);
	*p++ = '=';
	*p++ = '"';
	(void)span_copy(p, value);
	for (size_t left = value.l; left > 0;) {
		size_t some = left < 16 ? left : 16;

		if (!sixteen_plain(p, some))
			return false;
		p += some;
		left -= some;
	}
	*p++ = '"';
	line->used = (size_t)(p - line->text);
	return true;
}

void
log_line_put(struct log_line *line, struct span key, struct span value)
{
	size_t shown = value.l < VALUE_MOST ? value.l : VALUE_MOST, plain;

	if (add_plain(line, key, value))
		return;
	add_text(line, " ", 1);
	add_text(line, key.p, key.l);
	add_text(line, "=\"", 2);
	for (size_t i = 0; i < shown; i += plain) {
		plain = plain_bytes(value.p + i, shown - i);
		if (plain > 0)
			add_text(line, value.p + i, plain);
		else
			add_byte(line, (unsigned char)value.p[i]), plain = 1;
	}
	if (value.l > VALUE_MOST)
		add_text(line, "...", 3);
	if (line->used + 1 < sizeof(line->text))
		line->text[line->used++] = '"';
}

void
log_line_end(const struct log *log, const struct log_line *line, int level)
{
	if (log->writer != NULL)
		log_writer_put(log->writer, level, line->text, line->used,
		    false);
	else
		log_write(log, level, "%.*s", (int)line->used, line->text);
}
