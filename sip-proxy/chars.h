/*
 * chars.h - classes of bytes in SIP's grammar (RFC 3261 §25.1).
 *
 * Private to the readers of the wire half. LWS here includes CR and LF: the
 * gate has proven that they occur only as folding.
 */
#ifndef USHER_SIP_CHARS_H
#define USHER_SIP_CHARS_H

#include <stdbool.h>
#include <stdint.h>

#include "span.h"

enum {
	CHAR_TOKEN = 1,
	CHAR_DIGIT = 2,
	CHAR_ALPHA = 4,
	CHAR_HOST = 8, /* hostname and, in brackets, IPv6 */
	CHAR_LWS = 16,
	CHAR_NOT_URI = 32, /* controls, space, <, >, " */
	CHAR_PLAIN = 64	   /* letters, digits, ".-_+" */
};

extern const uint8_t sip_chars[256];

static inline bool
is_char(char c, unsigned classes)
{
	return (sip_chars[(unsigned char)c] & classes) != 0;
}

static inline const char *
skip_lws(const char *p, const char *end)
{
	while (p < end && is_char(*p, CHAR_LWS))
		p++;
	return p;
}

/* gate_value.c, for the gate and uri.c */

/* The tag of From or To; false when params are malformed or it is doubled. */
bool sip_tag_read(struct span params, struct span *tag);
/* A URI's bytes: a scheme, a colon, and nothing that ends it elsewhere. */
bool sip_uri_bytes_ok(struct span uri);

#endif
