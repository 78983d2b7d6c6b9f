/*
 * path: addresses as MAIL and RCPT name them.
 */
#ifndef USHER_MILTER_PATH_H
#define USHER_MILTER_PATH_H

#include <stdbool.h>

/*
 * The address of a path: brackets, a source route and ESMTP parameters behind
 * the brackets off, nothing else changed; "" for the null sender. The caller
 * frees. NULL: no memory.
 */
char *path_address(const char *path);
/*
 * The address to look up: the local part cut at its first +. A quoted local
 * part has no delimiter, and one that begins with + is a number. The caller
 * frees. NULL: no memory.
 */
char *path_undelimited(const char *address);
/*
 * Whether it is local@domain without quotes, comments, blanks or a route in the
 * local part (user%domain, domain!user): its only spelling, but for case.
 */
bool path_is_plain(const char *address);
/*
 * Another spelling made plain, as MTAs read it: comments, blanks and quotes
 * off, user%domain and domain!user turned, domain added where there is none.
 * The caller frees. NULL: no memory.
 */
char *path_plain(const char *address, const char *domain);
/* "postmaster" or "abuse", at any domain or none; else NULL. */
const char *path_role(const char *address);

#endif
