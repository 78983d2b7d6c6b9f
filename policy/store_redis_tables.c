/*
 * store_redis_tables: what a publication has read, and what it is to write.
 * See store_redis.h; memory is GLib's.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "store_redis.h"

static void
free_file(gpointer data)
{
	struct redis_file *file = data;

	g_free(file->path);
	g_free(file);
}

static void
free_source(gpointer data)
{
	struct redis_source *source = data;

	g_free(source->bytes);
	g_free(source);
}

int
usher_redis_tables_new(struct store_redis *redis)
{
	redis->files = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
	    free_file);
	redis->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
	    g_free);
	redis->sources = g_hash_table_new_full(g_int64_hash, g_int64_equal,
	    NULL, free_source);
	return 0;
}

void
usher_redis_tables_clear(struct store_redis *redis)
{
	if (redis->files == NULL)
		return;
	g_hash_table_remove_all(redis->files);
	g_hash_table_remove_all(redis->names);
	g_hash_table_remove_all(redis->sources);
	redis->all_files = redis->scoped = redis->bare = false;
}

void
usher_redis_tables_free(struct store_redis *redis)
{
	if (redis->files == NULL)
		return;
	g_hash_table_destroy(redis->files);
	g_hash_table_destroy(redis->names);
	g_hash_table_destroy(redis->sources);
}

void
usher_redis_table_file(struct store_redis *redis, const struct redis_file *file)
{
	struct redis_file *copy = g_memdup2(file, sizeof(*file));

	copy->path = g_strdup(file->path);
	(void)g_hash_table_replace(redis->files, copy->path, copy);
}

void
usher_redis_table_name(struct store_redis *redis, const char *name, uint64_t id)
{
	(void)g_hash_table_replace(redis->names, g_strdup(name),
	    g_memdup2(&id, sizeof(id)));
}

void
usher_redis_table_source(struct store_redis *redis, struct redis_source *source)
{
	(void)g_hash_table_replace(redis->sources, &source->id, source);
}

bool
usher_redis_file_read(struct redis_file *file, const char *text)
{
	struct store_stamp *stamp = &file->stamp;

	return sscanf(text,
		   "%" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNd64
		   " %" SCNd64,
		   &file->id, &stamp->device, &stamp->inode, &stamp->size,
		   &stamp->modified_ns, &stamp->changed_ns) == 6;
}

void
usher_redis_file_write(const struct redis_file *file, char text[160])
{
	const struct store_stamp *stamp = &file->stamp;

	(void)snprintf(text, 160,
	    "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRId64
	    " %" PRId64,
	    file->id, stamp->device, stamp->inode, stamp->size,
	    stamp->modified_ns, stamp->changed_ns);
}
