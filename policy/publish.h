/*
 * publish: inside of usher_publish(): publish.c walks over the sources and
 * writes the result, publish_file.c looks after one of them.
 */
#ifndef USHER_PUBLISH_H
#define USHER_PUBLISH_H

#include "usher_handle.h"

/* What happened, to be told once it is in force. */
struct publish_event {
	struct publish_event *next;
	const char *what, *path, *name; /* name of the recipient, or NULL */
};

struct publish_run {
	struct usher_conf *conf;
	struct store *store;
	const struct store_engine *engine;
	struct usher_problems *problems; /* of this run */
	struct usher_error *error;
	bool recheck;	    /* what is published may not pass any more */
	bool dirty;	    /* something was written */
	bool swapping;	    /* this one was taken out a moment ago */
	struct arena arena; /* events */
	struct publish_event *events, **last;
	struct usher_publication publication;
};

/* An outcome besides errno values: another file owns a name, for now. */
enum { PUBLISH_LATER = -1 };

/*
 * Publishes a file when it has changed. `last_try`: a name that another file
 * owns is an error now, else PUBLISH_LATER.
 */
int usher_publish_file(struct publish_run *run, const char *path,
    bool last_try);
/* The names that a good source asks for, in the arena. */
int usher_publish_names(struct publish_run *run, const char *path,
    struct arena *arena, const char ***names, size_t *count);
/*
 * Publishes those of the files that wait for each other alone, and leaves the
 * others in `list`. An error other than ENOMEM is in run->error.
 */
int usher_publish_swap(struct publish_run *run, const char **list,
    size_t *count);
/* Takes a file's recipient out of the store. */
int usher_publish_remove(struct publish_run *run, const char *path);
void usher_publish_event(struct publish_run *run, const char *what,
    const char *path, const char *name);

#endif
