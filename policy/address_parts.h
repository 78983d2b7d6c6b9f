/*
 * address_parts: what reading an address and reading a pattern share.
 *
 * Internal to address.c and pattern.c. Results live in the arena; NULL means
 * "is none" or that memory ran out, which the arena remembers.
 */
#ifndef USHER_ADDRESS_PARTS_H
#define USHER_ADDRESS_PARTS_H

#include "address.h"

enum { ADDRESS_BYTES = 320 }; /* RFC 3696 erratum: 64 + 1 + 255 */

enum address_scheme { SCHEME_NONE, SCHEME_MAILTO, SCHEME_TEL, SCHEME_SIP };

/* The scheme, cut off the text. */
enum address_scheme usher_address_scheme(const char **text);

/* Without blanks at both ends; NULL when it holds control bytes. */
const char *usher_address_trim(struct arena *arena, const char *text);

/* A text as an error may quote it: cut, printable, valid UTF-8. */
const char *usher_address_shown(struct arena *arena, const char *text);

/* Where `c` stands outside of "quoted strings", or NULL. */
const char *usher_address_unquoted(const char *text, char c);

/* %XX undone (RFC 3986). NULL on a bad one, control bytes or bad UTF-8. */
const char *usher_address_unescape(struct arena *arena, const char *text,
    size_t length);

/* A local part in lower case, NFC, quoted only where it must be. */
const char *usher_address_local(struct arena *arena, const char *text,
    size_t length);

/* A domain, an IPv4 address, or either in []: normal. */
const char *usher_address_host(struct arena *arena, const char *text);

/* Cuts port, parameters and headers off the host of a SIP URI. */
const char *usher_address_sip_host(struct arena *arena, const char *text);

#endif
