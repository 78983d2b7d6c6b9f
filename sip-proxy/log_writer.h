/*
 * log_writer.h - a thread that writes the log, so that the loop never does.
 *
 * Whoever reads the log, a journal or a disk, may stop: lines are gathered
 * meanwhile, up to a bound, and what finds no room is counted and told of
 * once it is read again.
 */
#ifndef USHER_SIP_LOG_WRITER_H
#define USHER_SIP_LOG_WRITER_H

#include <stdbool.h>
#include <stddef.h>

struct log_writer;

/* To stderr, or to a syslog that is open. NULL: no memory, or no thread. */
struct log_writer *log_writer_new(bool in_front);
/*
 * Waits a second for what is not written yet; where it cannot be, the thread
 * and all it looks at are left behind.
 */
void log_writer_free(struct log_writer *writer);

/* A line without its end; `level` is syslog's. `soon`: somebody may wait. */
void log_writer_put(struct log_writer *writer, int level, const char *text,
    size_t length, bool soon);

#endif
