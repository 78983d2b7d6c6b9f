/*
 * site: reads usher.conf into a snapshot (conf.h).
 */
#ifndef USHER_SITE_H
#define USHER_SITE_H

#include "conf.h"
#include "source.h"

/*
 * usher.conf of a path, or the defaults when NULL. EINVAL with problems when
 * it has errors: the caller keeps the snapshot it has. The result has one
 * reference; usher_conf_release() of the last frees it.
 */
int usher_conf_read(struct usher_conf **conf, struct zones *zones,
    const char *path, struct usher_problems *problems,
    struct usher_error *error);

/* The groups `mail` and `sip` (conf_mail.c, conf_sip.c); NULL: defaults. */
void usher_conf_read_mail(struct usher_conf *conf, struct source *source,
    const config_setting_t *group);
void usher_conf_read_sip(struct usher_conf *conf, struct source *source,
    const config_setting_t *group);

#endif
