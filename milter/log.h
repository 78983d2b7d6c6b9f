/*
 * log: lines of words and key=value fields, to syslog or standard error.
 *
 * A line begins with a word that says what it is about; values are quoted
 * when they hold more than letters, digits and plain signs, so that no sender
 * can write a line or a field of ours.
 */
#ifndef USHER_MILTER_LOG_H
#define USHER_MILTER_LOG_H

#include <stdbool.h>
#include <stddef.h>

struct log {
	bool foreground; /* standard error, else syslog "mail" */
};

enum { LOG_LINE = 4096, LOG_VALUE = 512 };

struct log_line {
	char text[LOG_LINE];
	size_t length;
};

/* Before the first line; `name` is not copied. */
void log_open(struct log *log, bool foreground);

void log_begin(struct log_line *line, const char *word);
/*
 * A NULL value adds nothing. Over LOG_VALUE bytes, as written, it is cut with
 * "...": no sender's address may push the verdict off the line.
 */
void log_field(struct log_line *line, const char *key, const char *value);
void log_number(struct log_line *line, const char *key, unsigned long value);
/* Fields as another line has them. */
void log_fields(struct log_line *line, const char *fields);
/* `priority` as syslog's. */
void log_send(const struct log *log, int priority, const struct log_line *line);

/* A sentence for the administrator. */
void log_say(const struct log *log, int priority, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
