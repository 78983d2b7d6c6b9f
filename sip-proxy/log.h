/*
 * log.h - lines for the operator, to stderr or to syslog.
 *
 * LOG_ERR: something does not work and a person must act. LOG_WARNING: it
 * works, but not as configured. LOG_NOTICE: start, stop, reload, hops.
 * LOG_INFO: one line a decision. Bytes that came over the network are quoted
 * by log_quote().
 */
#ifndef USHER_SIP_LOG_H
#define USHER_SIP_LOG_H

#include <stdbool.h>
#include <syslog.h>

#include "span.h"

/* A line that is put together piece by piece; too long ones end in "...". */
struct log_line {
	size_t used;
	char text[2048];
};

struct log_writer;

struct log {
	bool in_front;		   /* to stderr, without time stamps */
	struct log_writer *writer; /* NULL: each line is written at once */
};

/* Before the first line that may not wait for whoever reads the log. */
void log_open(struct log *log, bool in_front);
void log_close(struct log *log);
void log_write(const struct log *log, int level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void log_line_begin(struct log_line *line, const char *what);
/* ` key="value"`: quotes and backslashes escaped, other bytes that are not
 * printable ASCII or UTF-8 as \xNN. */
void log_line_put(struct log_line *line, struct span key, struct span value);
static inline void
log_line_add(struct log_line *line, const char *key, struct span value)
{
	log_line_put(line, span_of(key), value);
}
void log_line_end(const struct log *log, const struct log_line *line,
    int level);
#endif
