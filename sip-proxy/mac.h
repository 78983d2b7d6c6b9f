/*
 * mac.h - what signs bytes of a message, and the key it needs.
 *
 * SipHash-2-4 over a list of spans, each with its length, so that no two lists
 * hash alike by moving bytes between them. It signs our Record-Route URIs
 * (dialog.c), marks our branches against loops (forward.c) and spreads hops;
 * tables have hash.h.
 */
#ifndef USHER_SIP_MAC_H
#define USHER_SIP_MAC_H

#include <stdint.h>

#include "span.h"

enum { MAC_KEY = 16, MAC_TEXT = 17 };

struct mac {
	uint64_t v[4];
	uint64_t word;
	uint64_t total;
};

void mac_begin(struct mac *mac, const uint8_t key[MAC_KEY]);
void mac_add(struct mac *mac, struct span bytes);
void mac_add_number(struct mac *mac, uint64_t number);
uint64_t mac_end(struct mac *mac);

/* All of a list at once. */
uint64_t mac_of(const uint8_t key[MAC_KEY], const struct span *spans,
    size_t count);
/* Sixteen hexadecimal digits and a NUL. Returns text. */
const char *mac_text(uint64_t value, char text[MAC_TEXT]);
/* In constant time. */
bool mac_is(struct span text, uint64_t value);

/*
 * The key of this site, kept in a file of `directory` so that what it signed
 * outlives a restart; made by whoever comes first. An errno value when it can
 * be neither read nor made: the key is then random, and the caller warns.
 * directory NULL: ENOENT.
 */
int mac_key_load(const char *directory, uint8_t key[MAC_KEY]);

#endif
