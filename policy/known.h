/*
 * known: whom a recipient wrote to or called by hand, as records
 * (design.md §1).
 *
 * A record for each recipient and party: an address at a free-mail domain or
 * without an organization, a number, else the organization. It ends two years
 * after the last time.
 */
#ifndef USHER_KNOWN_H
#define USHER_KNOWN_H

#include "facts.h"
#include "record_key.h"

enum { KNOWN_S = 730 * 24 * 3600, KNOWN_ANEW_S = 24 * 3600 };

/* As whom a party is known; the address's own string. */
const char *usher_known_party(const struct address *address);
void usher_known_key(struct record_key *key, const char *recipient,
    const char *party);
/* *until: when it is forgotten; 0: not known. */
int usher_known_get(struct record_view *view, const char *recipient,
    const char *party, int64_t *until, struct usher_error *error);
/* Whether anybody knows anybody. */
int usher_known_any(struct records *records, bool *any,
    struct usher_error *error);

#endif
