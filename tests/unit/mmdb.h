/*
 * mmdb: writes small geographic databases for tests.
 */
#ifndef TEST_MMDB_H
#define TEST_MMDB_H

#include <stddef.h>

#include "text.h"

struct mmdb_entry {
	const char *address; /* of a network, IPv4 or IPv6 */
	unsigned length;
	/* "JP"; "/FR": only registered there; "AS64500" */
	const char *value;
};

/* The bytes of a database of these entries, none within another. */
void mmdb_make(const struct mmdb_entry *entries, size_t count,
    struct buffer *out);

#endif
