/*
 * error: sentences for people, and lists of them.
 *
 * usher_error_set() fills one struct usher_error; struct usher_problems
 * collects the errors and warnings of source texts, so that one run tells
 * all. Both cut what is too long with "..." at a character's boundary.
 */
#ifndef USHER_ERROR_H
#define USHER_ERROR_H

#include "usher.h"

/* Returns `code`. A NULL error is legal. */
int usher_error_set(struct usher_error *error, int code, const char *format,
    ...) __attribute__((format(printf, 3, 4)));
int usher_error_at(struct usher_error *error, int code, const char *file,
    unsigned line, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* A NULL list is legal. At most 1,000 are kept, then a last word. */
void usher_problems_add(struct usher_problems *problems, bool warning,
    const char *file, unsigned line, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

#endif
