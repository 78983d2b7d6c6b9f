/*
 * address: mail addresses, telephone numbers, SIP addresses, domains, networks.
 *
 * One normal form for each, so that patterns, keys of the store and joins of
 * parties compare bytes. Public suffixes by libpsl, whose list is read once a
 * process; no other I/O, no clock.
 */
#ifndef USHER_ADDRESS_H
#define USHER_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "arena.h"

struct usher_error;

enum address_kind { ADDRESS_NONE, ADDRESS_MAIL, ADDRESS_NUMBER, ADDRESS_SIP };

/*
 * The dialling habits of a site (usher.conf `site`), for numbers without +.
 * NULL or "" for country_code: only numbers with + are numbers.
 */
struct dialling {
	const char *country_code;	  /* "1", "44" */
	const char *international_prefix; /* "011", "00" */
	const char *national_prefix;	  /* "1", "0" */
};

/*
 * What an identity or a recipient is. `text` is the normal form:
 *   ADDRESS_MAIL    local@domain, domain in lower case A-labels (RFC 5890), the
 *                   local part in lower case too (its case is no difference
 *                   between persons anywhere we know); quotes removed where
 *                   not needed; address literals as [192.0.2.1], [2001:db8::1]
 *   ADDRESS_NUMBER  +digits (E.164, 1 to 15 digits)
 *   ADDRESS_SIP     user@host, host lower case without port and parameters;
 *                   the user up to `;` and unescaped, its case kept
 */
struct address {
	enum address_kind kind;
	const char *text;
	const char *domain;	  /* behind the @, or NULL for a number */
	const char *organization; /* registrable domain, or NULL */
};

/*
 * Reads "a@b", "<a@b>", "Name <a@b>", "+1 (415) 555-0100", "tel:+1...",
 * "sip:u@h", "sips:", "mailto:". A user part that is a number (`+` and 1 to 15
 * digits; in sip: URIs after usher_number_normal) makes it an ADDRESS_NUMBER
 * without organization. Bare words, empty local parts, control bytes, over 320
 * bytes (without the name in front): EINVAL with a sentence. Everything lives
 * in the arena.
 */
int usher_address_parse(struct arena *arena, const char *text,
    const struct dialling *dialling, struct address *address,
    struct usher_error *error);

/*
 * The same address with its delimiter part ("+x") cut, or itself. Mail only.
 */
const char *usher_address_undelimited(struct arena *arena, const char *text,
    char delimiter);

/*
 * The rules of design-calls.md "Numbers": user part up to `;`, `-.()` and
 * spaces off ("(0)" behind a country code too), then + / international prefix /
 * phone-context / national prefix followed by 7 digits or more / 7 or more
 * digits: national, or E.164 when `e164`. NULL: an extension or no number.
 * Result "+digits" in `out` (17 bytes).
 */
enum { USHER_NUMBER_TEXT = 17 };
const char *usher_number_normal(const char *text, size_t length,
    const struct dialling *dialling, bool e164, char out[USHER_NUMBER_TEXT]);
/* `+` and 1 to 15 digits. */
bool usher_number_is(const char *text, size_t length);

/* ISO country of an E.164 number ("US"; by area code in +1 and +7), or NULL. */
const char *usher_number_country(const char *number);

/*
 * Registrable domain of a host (libpsl; default rule for unlisted ends), or
 * NULL.
 */
const char *usher_domain_organization(struct arena *arena, const char *host);
/* Lower case A-labels; NULL when it is no domain name (an IP is none). */
const char *usher_domain_normal(struct arena *arena, const char *host);
/* `host` is `domain` or below it. Both normal. */
bool usher_domain_within(const char *host, const char *domain);

/* A pattern of `from`, `addresses`, `phones` or `organizations`. */
enum pattern_kind {
	PATTERN_ADDRESS,     /* whole address, * wildcards; * alone: all */
	PATTERN_DOMAIN,	     /* bare domain, * wildcards: it, all below */
	PATTERN_NUMBER,	     /* +digits, * wildcards */
	PATTERN_ORGANIZATION /* registrable domain, * wildcards */
};
struct pattern {
	enum pattern_kind kind;
	const char *text;    /* normal form */
	const char *written; /* as the source has it */
};
/* `organization`: read as PATTERN_ORGANIZATION. EINVAL with a sentence. */
int usher_pattern_make(struct arena *arena, const char *text, bool organization,
    const struct dialling *dialling, struct pattern *pattern,
    struct usher_error *error);
bool usher_pattern_matches(const struct pattern *pattern,
    const struct address *address);

/* A network in CIDR, or one address. v4-mapped IPv6 is IPv4. */
struct network {
	uint8_t address[16];
	uint8_t family_bits; /* 32 or 128 */
	uint8_t length;
};
int usher_network_parse(const char *text, struct network *network,
    struct usher_error *error);
bool usher_network_holds(const struct network *network,
    const struct sockaddr *address);

#endif
