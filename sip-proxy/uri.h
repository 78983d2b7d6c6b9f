/*
 * uri.h - URIs and name-addrs of the headers that decide something.
 *
 * Two readers see each value of a screened request: our splitter, on the bytes
 * in place, and libosip2 (osip_uri_parse, osip_from_parse) on a copy. Only
 * where both find the same scheme, user and host is there a reading at all;
 * everything else is 400 to the caller (design-calls.md "Bytes"). Keeps
 * RFC 3261 §19.1, §25.1, RFC 3966 and RFC 5118.
 */
#ifndef USHER_SIP_URI_H
#define USHER_SIP_URI_H

#include "gate.h"

#define SIP_USER_MAX 256   /* bytes of an unescaped user part */
#define SIP_VALUE_MAX 2048 /* bytes of a value that libosip2 is shown */
#define SIP_PARAMS_MAX 64  /* it is quadratic in them */
#define SIP_PLAIN_MAX 128  /* bytes of a part that is not read twice */

enum sip_scheme {
	SIP_SCHEME_OTHER,
	SIP_SCHEME_SIP,
	SIP_SCHEME_SIPS,
	SIP_SCHEME_TEL,
	SIP_SCHEME_URN
};

struct sip_uri {
	struct span all;
	enum sip_scheme scheme;
	struct span scheme_text;
	/* As written, with its own ;params, without the password; of tel the
	 * number; p NULL: none. */
	struct span user;
	struct span password;
	struct span host;    /* IPv6 with its brackets; empty for tel, urn */
	uint16_t port;	     /* 0: none given */
	struct span params;  /* from the first ';', may be empty */
	struct span headers; /* after '?', may be empty */
	struct span opaque;  /* what follows ':' of other schemes and urn */
};

/* A sip or sips URI of plain parts: letters, digits and ".-_+", in user, host
 * and at most one parameter. It has one reading, made in one go; false: it is
 * another, or none, and nothing of `uri` is of use. */
bool sip_uri_split_plain(struct sip_uri *uri, struct span text);
/* Our reading alone. EINVAL: not a URI. */
int sip_uri_split(struct sip_uri *uri, struct span text);
/* The same of what sip_uri_bytes_ok() was said of. */
int sip_uri_split_checked(struct sip_uri *uri, struct span text);

/* The user part without its %-escapes. EINVAL: a broken escape, %00 or a NUL;
 * EMSGSIZE: does not fit. buf is not terminated. */
int sip_uri_user(const struct sip_uri *uri, char *buf, size_t size,
    size_t *len);

/* A name-addr value or URI that both readers agree on. */
struct sip_value {
	struct span display; /* as written, with quotes; p NULL: none */
	struct sip_uri uri;
	struct span params; /* of the header, from the first ';' */
	struct span tag;    /* p NULL: none */
	size_t user_len;
	char user[SIP_USER_MAX]; /* without escapes, no NUL in it */
};

/* Once, before the first of the two below (libosip2 fills static tables and
 * would write to stdout). ENOMEM or 0. */
int sip_uri_init(void);
/* EBADMSG: not readable, or the readers differ: 400. ENOMEM. */
int sip_uri_read(struct sip_value *out, struct span uri);
int sip_value_read(struct sip_value *out, struct span value);
/* From or To, as the gate has split it. */
int sip_party_read(struct sip_value *out, const struct sip_msg *msg,
    enum sip_header id);

/* Display name without quotes and backslashes; EMSGSIZE: does not fit. */
int sip_display_text(struct span display, char *buf, size_t size, size_t *len);

/* RFC 3261 §19.1.4 for the host alone: names without case and final dot,
 * addresses by value (::1 is 0:0::1), never a name with an address. */
bool sip_host_eq(struct span a, struct span b);
/* A URI parameter by name, %-escapes as written. */
bool sip_uri_param(const struct sip_uri *uri, const char *name,
    struct span *value);
bool sip_uri_is_lr(const struct sip_uri *uri);

#endif
