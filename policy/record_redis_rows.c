/*
 * record_redis_rows: the records that a transaction has read, by name, as its
 * notes leave them one after the other. See record_redis.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "record_redis.h"

static guint
hash(gconstpointer key)
{
	const struct row_name *name = key;
	guint sum = 5381;

	for (size_t i = 0; i < name->length; i++)
		sum = sum * 33 + (unsigned char)name->bytes[i];
	return sum;
}

static gboolean
same(gconstpointer left, gconstpointer right)
{
	const struct row_name *a = left, *b = right;

	return a->length == b->length &&
	    memcmp(a->bytes, b->bytes, a->length) == 0;
}

static void
free_row(gpointer data)
{
	struct redis_row *row = data;

	free((void *)(uintptr_t)row->now.bytes);
	free(row);
}

GHashTable *
usher_memory_rows_new(void)
{
	return g_hash_table_new_full(hash, same, NULL, free_row);
}

struct redis_row *
usher_memory_row_of(GHashTable *rows, const struct record_edit *edit)
{
	struct redis_row *row;
	struct row_name name = { .length = 0 };

	usher_memory_row_name(&name, edit->kind, edit->key, edit->key_length);
	row = g_hash_table_lookup(rows, &name);
	if (row != NULL)
		return row;
	row = calloc(1, sizeof(*row));
	if (row == NULL)
		return NULL;
	row->name = name;
	row->kind = edit->kind;
	(void)g_hash_table_insert(rows, &row->name, row);
	return row;
}

int
usher_memory_row_set(struct redis_row *row,
    const struct usher_record_value *value)
{
	void *copy = NULL;

	if (value->bytes != NULL) {
		copy = malloc(value->length + 1);
		if (copy == NULL)
			return ENOMEM;
		memcpy(copy, value->bytes, value->length);
	}
	free((void *)(uintptr_t)row->now.bytes);
	row->now = *value;
	row->now.bytes = copy;
	return 0;
}
