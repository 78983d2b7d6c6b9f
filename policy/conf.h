/*
 * conf: one immutable snapshot of usher.conf.
 *
 * Read by site.c, held by the handle, by every policy and by facts. What the
 * site's rules compile to is opaque here: rule.h knows it.
 */
#ifndef USHER_CONF_H
#define USHER_CONF_H

#include <stdatomic.h>

#include "address.h"
#include "arena.h"
#include "geo.h"
#include "usher.h"

struct zone;
struct zones;
struct evidence;
struct words;
struct scope; /* site topics, parties, hours, days and rules: rule.h */

enum { USHER_SCOPE_HASH = 32 };

/* One snapshot of usher.conf; immutable once built. */
struct usher_conf {
	atomic_uint references;
	unsigned long serial; /* of the handle: tells snapshots apart */
	struct arena arena;
	struct zones *zones; /* the handle's, outlives the snapshot */
	struct geo *geo;     /* NULL: none configured */
	struct dialling dialling;
	const struct zone *zone; /* the site's */
	struct usher_site site;
	struct usher_mail mail;
	struct usher_sip *sip;
	size_t internal_count, relay_count;
	struct network *internal, *relays;
	size_t stage_count; /* the four and the site's */
	const char *const *stages;
	const char *store;   /* "lmdb:..." or "redis://..." */
	int64_t retention_s; /* of who came, and of who is known */
	size_t source_count; /* globs of `preferences` */
	const char *const *sources;
	const char *default_text; /* site.default's text, or NULL */
	size_t default_length;
	const char *default_file;
	/* Of `site`: what every recipient may name, before, after. */
	const struct scope *scope;
	struct evidence *evidence; /* of the site's own file, or NULL */
	/* Without one: ours, read when it is first asked for. */
	bool has_built_in;
	_Atomic(struct evidence *) built_in;
	struct words *words;
	/* Of all in `site` that a recipient's policy rests on. */
	unsigned char scope_hash[USHER_SCOPE_HASH];
	struct usher_policy *fallback; /* compiled site.default, or NULL */
};

/* How long something is kept of which the site may keep less. */
static inline int64_t
usher_conf_kept(const struct usher_conf *conf, int64_t seconds)
{
	return seconds < conf->retention_s ? seconds : conf->retention_s;
}

#endif
