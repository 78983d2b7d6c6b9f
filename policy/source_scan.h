/*
 * source_scan: the structure of a libconfig source, looked over before
 * libconfig sees it.
 *
 * source.c calls it. It knows the grammar as libconfig 1.5 reads it and is
 * stricter where libconfig would do harm (@include) or guess (a comma missing
 * in a list, a number cut, a comment without end).
 */
#ifndef USHER_SOURCE_SCAN_H
#define USHER_SOURCE_SCAN_H

#include <stdbool.h>
#include <stddef.h>

struct usher_error;

enum {
	USHER_SOURCE_DEPTH = 16,      /* { ( [ within each other */
	USHER_SOURCE_SETTINGS = 10000 /* libconfig searches them linearly */
};

/*
 * Whether libconfig may read the text; else `error` says what is wrong and
 * at which line, and what is likely meant.
 */
bool usher_source_scan(const char *text, size_t length,
    struct usher_error *error);

/* Of the first name that a group has twice: error says both lines. */
void usher_source_scan_twice(const char *text, size_t length,
    struct usher_error *error);

#endif
