/*
 * site_parts: what the readers of usher.conf share.
 *
 * Between site.c, site_group.c and conf_mail.c.
 */
#ifndef USHER_SITE_PARTS_H
#define USHER_SITE_PARTS_H

#include "site.h"

/* The group `site` (design.md §11), NULL: defaults; compiles its rules. */
void usher_site_read_group(struct usher_conf *conf, struct source *source,
    const config_setting_t *group);
/* The site's `default`, once all else is read. */
void usher_site_read_default(struct usher_conf *conf, struct source *source,
    const config_setting_t *group);

/* `path` as seen from usher.conf's folder; NULL when memory is out. */
const char *usher_site_path(struct usher_conf *conf, const char *path);

/* A member that names networks; absent leaves what is there. */
void usher_site_networks(struct usher_conf *conf, struct source *source,
    const config_setting_t *group, const char *name, struct network **networks,
    size_t *count);
/* A member that names words among `words`, as their place. */
size_t usher_site_word(struct source *source, const config_setting_t *group,
    const char *name, const char *const *words, size_t count, size_t otherwise);

/* SHA-256 over a group but for the members named in `but`. */
void usher_site_hash(const config_setting_t *group, const char *but,
    unsigned char hash[USHER_SCOPE_HASH]);

#endif
