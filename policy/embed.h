/*
 * The files of conf/ that the library carries with it: evidence.conf and
 * words/LANGUAGE.conf, so that it works before anything is installed.  The
 * table is made at build time by packaging/embed from what lies in conf/.
 * Read by evidence and words; the lowest floor, includes nothing of ours.
 */
#ifndef USHER_EMBED_H
#define USHER_EMBED_H

#include <stddef.h>

struct usher_embedded {
	const char *name; /* below conf/, as in "words/en.conf" */
	const char *data; /* length bytes, then a NUL not counted */
	size_t length;
};

/* Ends with an entry whose name is NULL. */
extern const struct usher_embedded usher_embedded_files[];

#endif
