/*
 * mmdb: see mmdb.h. MaxMind DB 2.0, records of 24 bits, one IPv6 tree.
 */
#include "mmdb.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_NODES = 2048, LEAF = 1 << 24 };

struct tree {
	unsigned count;
	/* 0: nothing; another node; LEAF + place in data */
	unsigned records[MOST_NODES][2];
	struct buffer data;
};

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static void
put_string(struct buffer *out, const char *string)
{
	size_t length = strlen(string);
	char control = (char)(0x40 | length); /* below 29 bytes */

	usher_buffer_add(out, &control, 1);
	usher_buffer_add(out, string, length);
}

static void
put_map(struct buffer *out, unsigned pairs)
{
	char control = (char)(0xe0 | pairs);

	usher_buffer_add(out, &control, 1);
}

/* Type 5, 6 (16, 32 bits) or 9 (64 bits). */
static void
put_number(struct buffer *out, unsigned type, uint64_t value)
{
	unsigned size = type == 5 ? 2 : type == 6 ? 4 : 8;
	char bytes[10];
	unsigned used = 0;

	bytes[used++] = (char)(type > 7 ? size : type << 5 | size);
	if (type > 7)
		bytes[used++] = (char)(type - 7);
	for (unsigned i = size; i > 0; i--)
		bytes[used++] = (char)(value >> (i - 1) * 8);
	usher_buffer_add(out, bytes, used);
}

/* "JP", or "/FR": registered there only, or "AS64500". */
static void
put_value(struct buffer *out, const char *value)
{
	if (strncmp(value, "AS", 2) == 0 && value[2] != '\0') {
		put_map(out, 1);
		put_string(out, "autonomous_system_number");
		put_number(out, 6, strtoul(value + 2, NULL, 10));
		return;
	}
	put_map(out, value[0] == '/' ? 1 : 2);
	put_string(out, "registered_country");
	put_map(out, 1);
	put_string(out, "iso_code");
	put_string(out, value[0] == '/' ? value + 1 : "ZZ");
	if (value[0] == '/')
		return;
	put_string(out, "country");
	put_map(out, 1);
	put_string(out, "iso_code");
	put_string(out, value);
}

/* All as IPv6; IPv4 lies at ::/96. */
static void
insert(struct tree *tree, const char *address, unsigned length,
    const char *value)
{
	unsigned char bytes[16] = { 0 };
	unsigned node = 0, bit;

	if (inet_pton(AF_INET, address, bytes + 12) == 1)
		length += 96;
	else
		require(inet_pton(AF_INET6, address, bytes) == 1);
	for (unsigned i = 0;; i++) {
		bit = bytes[i / 8] >> (7 - i % 8) & 1;
		if (i + 1 == length)
			break;
		if (tree->records[node][bit] == 0)
			tree->records[node][bit] = tree->count++;
		node = tree->records[node][bit];
		require(tree->count < MOST_NODES && node < LEAF);
	}
	tree->records[node][bit] = LEAF + (unsigned)tree->data.length;
	put_value(&tree->data, value);
}

static void
put_metadata(struct buffer *out, unsigned nodes)
{
	usher_buffer_puts(out, "\xab\xcd\xefMaxMind.com");
	put_map(out, 9);
	put_string(out, "languages");
	usher_buffer_add(out, "\1\4", 2); /* an array of one */
	put_string(out, "en");
	put_string(out, "description");
	put_map(out, 1);
	put_string(out, "en");
	put_string(out, "of a test");
	put_string(out, "node_count");
	put_number(out, 6, nodes);
	put_string(out, "record_size");
	put_number(out, 5, 24);
	put_string(out, "ip_version");
	put_number(out, 5, 6);
	put_string(out, "database_type");
	put_string(out, "Usher-Test");
	put_string(out, "binary_format_major_version");
	put_number(out, 5, 2);
	put_string(out, "binary_format_minor_version");
	put_number(out, 5, 0);
	put_string(out, "build_epoch");
	put_number(out, 9, 1700000000);
}

static void
serialize(const struct tree *tree, struct buffer *out)
{
	for (unsigned node = 0; node < tree->count; node++)
		for (int bit = 0; bit < 2; bit++) {
			unsigned record = tree->records[node][bit];
			char bytes[3];

			if (record == 0)
				record = tree->count;
			else if (record >= LEAF)
				record += tree->count + 16 - LEAF;
			bytes[0] = (char)(record >> 16);
			bytes[1] = (char)(record >> 8);
			bytes[2] = (char)record;
			usher_buffer_add(out, bytes, 3);
		}
	usher_buffer_add(out, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	usher_buffer_add(out, tree->data.data, tree->data.length);
	put_metadata(out, tree->count);
}

void
mmdb_make(const struct mmdb_entry *entries, size_t count, struct buffer *out)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	require(tree != NULL);
	tree->count = 1;
	for (size_t i = 0; i < count; i++)
		insert(tree, entries[i].address, entries[i].length,
		    entries[i].value);
	serialize(tree, out);
	usher_buffer_free(&tree->data);
	free(tree);
}
