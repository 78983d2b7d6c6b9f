/*
 * log: lines of words and key=value fields, to syslog or standard error.
 *
 * Called from every thread: a line is built by its caller and leaves in one
 * write, so lines never mix. Keeps the log line of design-mail.md "Operation".
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

#include "log.h"

#define NAME "usher-milter"

void
log_open(struct log *log, bool foreground)
{
	log->foreground = foreground;
	if (!foreground)
		openlog(NAME, LOG_PID | LOG_NDELAY, LOG_MAIL);
}

static void
put(struct log_line *line, const char *text, size_t length)
{
	size_t room = sizeof line->text - 1 - line->length;

	if (length > room)
		length = room;
	memcpy(line->text + line->length, text, length);
	line->length += length;
	line->text[line->length] = '\0';
}

void
log_begin(struct log_line *line, const char *word)
{
	line->length = 0;
	put(line, word, strlen(word));
}

static bool
is_plain(const char *value)
{
	static const bool plain[256] = { ['a' ... 'z'] = true,
		['A' ... 'Z'] = true,
		['0' ... ':'] = true,
		['?' ... '@'] = true,
		['#' ... '&'] = true,
		['*' ... '/'] = true,
		['!'] = true,
		['_'] = true,
		['~'] = true };
	const unsigned char *at = (const unsigned char *)value;

	while (plain[*at])
		at++;
	return *value != '\0' && *at == '\0';
}

/* One byte inside quotes; returns how many bytes it became. */
static size_t
quoted(unsigned char byte, char out[4])
{
	static const char hex[] = "0123456789abcdef";

	if (byte == '"' || byte == '\\') {
		out[0] = '\\';
		out[1] = (char)byte;
		return 2;
	}
	if (byte >= 0x20 && byte < 0x7f) {
		out[0] = (char)byte;
		return 1;
	}
	out[0] = '\\';
	out[1] = 'x';
	out[2] = hex[byte >> 4];
	out[3] = hex[byte & 15];
	return 4;
}

void
log_field(struct log_line *line, const char *key, const char *value)
{
	size_t length, used = 0, i, more;
	char bytes[4];

	if (value == NULL)
		return;
	put(line, " ", 1);
	put(line, key, strlen(key));
	put(line, "=", 1);
	length = strnlen(value, LOG_VALUE + 1);
	if (length <= LOG_VALUE && is_plain(value)) {
		put(line, value, length);
		return;
	}
	put(line, "\"", 1);
	for (i = 0; i < length; i++) {
		more = quoted((unsigned char)value[i], bytes);
		used += more;
		if (used > LOG_VALUE)
			break;
		put(line, bytes, more);
	}
	if (i < length)
		put(line, "...", 3);
	put(line, "\"", 1);
}

void
log_fields(struct log_line *line, const char *fields)
{
	put(line, fields, strlen(fields));
}

void
log_number(struct log_line *line, const char *key, unsigned long value)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%lu", value);
	log_field(line, key, text);
}

void
log_send(const struct log *log, int priority, const struct log_line *line)
{
	struct iovec parts[3];

	if (!log->foreground) {
		syslog(priority, "%s", line->text);
		return;
	}
	parts[0] = (struct iovec){ NAME ": ", sizeof NAME + 1 };
	parts[1] = (struct iovec){ (char *)(uintptr_t)line->text,
		line->length };
	parts[2] = (struct iovec){ "\n", 1 };
	/* Nobody can be told that the log cannot be written. */
	if (writev(STDERR_FILENO, parts, 3) < 0)
		return;
}

void
log_say(const struct log *log, int priority, const char *format, ...)
{
	struct log_line line;
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(line.text, sizeof line.text, format, args);
	va_end(args);
	line.length = length < 0 ? 0 : (size_t)length;
	if (line.length >= sizeof line.text)
		line.length = sizeof line.text - 1;
	log_send(log, priority, &line);
}
