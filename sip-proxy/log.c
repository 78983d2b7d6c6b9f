/*
 * log.c - see log.h.
 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>

void
log_open(struct log *log, bool in_front)
{
	log->in_front = in_front;
	if (!in_front)
		openlog("usher-sip", LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

void
log_close(struct log *log)
{
	if (!log->in_front)
		closelog();
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
	if (log->in_front)
		fprintf(stderr, "usher-sip: %s\n", text);
	else
		syslog(level, "%s", text);
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

void
log_line_add(struct log_line *line, const char *key, struct span value)
{
	enum { VALUE_MOST = 256 };

	add_text(line, " ", 1);
	add_text(line, key, strlen(key));
	add_text(line, "=\"", 2);
	for (size_t i = 0; i < value.l && i < VALUE_MOST; i++)
		add_byte(line, (unsigned char)value.p[i]);
	if (value.l > VALUE_MOST)
		add_text(line, "...", 3);
	if (line->used + 1 < sizeof(line->text))
		line->text[line->used++] = '"';
}

void
log_line_end(const struct log *log, const struct log_line *line, int level)
{
	if (log->in_front)
		fprintf(stderr, "usher-sip: %.*s\n", (int)line->used,
		    line->text);
	else
		syslog(level, "%.*s", (int)line->used, line->text);
}
