/*
 * store: what is published, behind one interface (design.md §6).
 *
 * The store keeps the checked source text of every recipient and finds it by
 * each address and number; a policy is compiled when it is first asked for
 * (cache.c), so no image of a policy has a version to keep. An engine is a
 * struct of functions. The generation grows with every publication and is
 * cheap to ask for: whoever keeps answers compares it before using them.
 *
 * Reading is free to all threads. Publishing (begin to commit or abort) is one
 * thread's; a second publisher waits in begin. Opened once a process, never
 * kept across fork().
 */
#ifndef USHER_STORE_H
#define USHER_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "arena.h"
#include "conf.h"
#include "usher.h"

enum {
	STORE_LONGEST_PATH = 480, /* of a source file: a key */
	STORE_LONGEST_NAME = 480
};

/*
 * How a file was when it was read. All zero: not settled, read it again.
 * `device` STORE_FLAWED and the rest zero: what is published would not pass
 * now, check it again.
 */
#define STORE_FLAWED UINT64_MAX
struct store_stamp {
	uint64_t device, inode, size;
	int64_t modified_ns, changed_ns;
};

/* A published source, found by address or number. */
struct store_found {
	bool exists;
	bool same;	     /* the one the caller knows: no text */
	uint64_t generation; /* this answer is of */
	uint64_t id, version;
	char *text; /* free this; path lies behind it */
	size_t length;
	const char *path;
};

/* What is published of a path. */
struct store_file {
	bool exists;
	uint64_t id;
	struct store_stamp stamp;
};

/* What is to be published. Names are in the form of usher_store_name(). */
struct store_source {
	const char *path;
	struct store_stamp stamp;
	const char *text;
	size_t length;
	unsigned needs; /* USHER_HEADERS | USHER_BODY */
	size_t name_count;
	const char *const *names;
};

struct store_summary {
	uint64_t generation;
	uint64_t sources;
	uint64_t headers, body; /* how many of them may need these */
	bool scoped;		/* `scope` is known */
	unsigned char scope[USHER_SCOPE_HASH]; /* of the last whole run */
};

struct store;
typedef int (*store_each_h)(const char *path, void *arg);

struct store_engine {
	void (*close)(struct store *store);
	/* 0: nothing was ever published. */
	int (*generation)(struct store *store, uint64_t *generation,
	    struct usher_error *error);
	/*
	 * The same without waiting for anything: EAGAIN when it might.
	 * `recent`: what was heard a moment ago will do, for the rest of a
	 * question that began with asking.
	 */
	int (*generation_at_hand)(struct store *store, bool recent,
	    uint64_t *generation);
	/* `found` holds what the caller knows (id, version), or zeroes. */
	int (*find)(struct store *store, const char *name,
	    struct store_found *found, struct usher_error *error);
	int (*summary)(struct store *store, struct store_summary *summary,
	    struct usher_error *error);

	/*
	 * Publishing. After an error other than ENOENT the caller aborts; when
	 * it was EAGAIN there is room now and all may be done again.
	 */
	int (*begin)(struct store *store, struct store_summary *summary,
	    struct usher_error *error);
	int (*file)(struct store *store, const char *path,
	    struct store_file *file, struct usher_error *error);
	/* Whether what is published as `id` has this text. */
	int (*holds)(struct store *store, uint64_t id, const char *text,
	    size_t length, bool *holds, struct usher_error *error);
	/* The same with its needs and names. */
	int (*equals)(struct store *store, uint64_t id,
	    const struct store_source *source, bool *equals,
	    struct usher_error *error);
	/* The path that owns a name ("" when nobody does), in the arena. */
	int (*owner)(struct store *store, const char *name, struct arena *arena,
	    const char **path, struct usher_error *error);
	int (*put)(struct store *store, const struct store_source *source,
	    struct usher_error *error);
	int (*restamp)(struct store *store, const char *path,
	    const struct store_stamp *stamp, struct usher_error *error);
	int (*remove)(struct store *store, const char *path,
	    struct usher_error *error);
	/* Paths in order of their bytes; ends at a code that is not 0. */
	int (*each)(struct store *store, store_each_h each, void *arg,
	    struct usher_error *error);
	int (*set_scope)(struct store *store,
	    const unsigned char scope[USHER_SCOPE_HASH],
	    struct usher_error *error);
	int (*commit)(struct store *store, struct usher_error *error);
	void (*abort)(struct store *store);
};

struct store { /* an engine's own begins with this */
	const struct store_engine *engine;
};

struct store_options {
	bool write;	  /* make it when it is not there */
	bool patient;	  /* a person waits, and no protocol */
	size_t map_bytes; /* of LMDB, for tests; 0: plenty */
};

/*
 * "lmdb:DIRECTORY". A store that is not there yet is empty, and looked for
 * again with every question; one that is broken, of a later version or not
 * ours to read is an error that says what to do. "redis://..."
 * (redis_place.h): one that is away is asked again later, and is an error
 * (EHOSTDOWN) of whoever would write.
 */
int usher_store_open(struct store **store, const char *url,
    const struct store_options *options, struct usher_error *error);
void usher_store_close(struct store *store);

/* The key of an address or number; NULL when memory is out. */
const char *usher_store_name(struct arena *arena,
    const struct address *address);

/* store_lmdb.c */
int usher_store_open_lmdb(struct store **store, const char *directory,
    const struct store_options *options, struct usher_error *error);
/* store_redis.c */
int usher_store_open_redis(struct store **store, const char *url,
    const struct store_options *options, struct usher_error *error);

#endif
