/*
 * reload: usher.conf, fit for the milter, at the start and later.
 */
#ifndef USHER_MILTER_RELOAD_H
#define USHER_MILTER_RELOAD_H

#include <sys/stat.h>

#include "milter.h"

/* What this milter cannot do yet, or must not: EINVAL with a sentence. */
int reload_fit(const struct usher_conf *conf, struct usher_error *error);

struct reload {
	struct milter *milter;
	const char *path;
	struct stat in_force, before; /* the file as read, as seen last */
};

void reload_begin(struct reload *reload, struct milter *milter,
    const char *path);
/* Once a second, and when SIGUSR1 has asked. */
void reload_look(struct reload *reload, bool asked);

/* Errors and warnings of a source, one a line. */
void reload_tell(const struct log *log, const struct usher_problems *problems);

#endif
