/*
 * zone_names: which names of the system's zones there are.
 *
 * Private to zone.c and zone_names.c.
 */
#ifndef USHER_ZONE_NAMES_H
#define USHER_ZONE_NAMES_H

struct usher_error;
struct zone_names;

#define USHER_ZONE_FOLDER "/usr/share/zoneinfo"

enum { USHER_ZONE_NAME_MOST = 64 }; /* bytes of a name */

/*
 * 0, or ENOENT for what cannot be a name in the database: paths, dots, the
 * database's own files, "posix/" and "right/", fixed offsets.
 */
int usher_zone_name_check(const char *name);

/* Reads the whole folder; NULL when there is no memory. */
struct zone_names *usher_zone_names_new(void);
void usher_zone_names_free(struct zone_names *names);

/*
 * Fills the error (EINVAL) for a name that is no zone, with the likely meant
 * one where there is one. `names` may be NULL.
 */
void usher_zone_names_explain(const struct zone_names *names, const char *name,
    struct usher_error *error);

#endif
