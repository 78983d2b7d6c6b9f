/*
 * usher_status: signs of life of the daemons, for `usher status`; included
 * by usher.h.
 *
 * Each daemon says every USHER_BEAT_S seconds that it lives, and what it has
 * counted. Who has not been heard of for USHER_BEAT_LATE_S is down; who ended
 * well has taken its sign away. Instants are the system's clock's, whatever
 * --at says.
 */
#ifndef USHER_STATUS_PUBLIC_H
#define USHER_STATUS_PUBLIC_H

#ifndef USHER_H
#error "include usher.h"
#endif

enum { USHER_BEAT_S = 10, USHER_BEAT_LATE_S = 30, USHER_COUNTS = 32 };

struct usher_count {
	const char *name; /* "turned-away" */
	unsigned long value;
};

struct usher_beat {
	const char *name; /* "usher-milter" */
	int64_t start, at;
	int64_t last_fault; /* of ours; 0: none */
	size_t count;	    /* USHER_COUNTS at most */
	const struct usher_count *counts;
};
/* In the background; a store that takes nothing loses it. Copies all. */
USHER_API void usher_beat_send(struct usher *usher,
    const struct usher_beat *beat);
/* The daemon ends well: its sign is taken away, within wait_ms. */
USHER_API int usher_beat_end(struct usher *usher, const char *name, int wait_ms,
    struct usher_error *error);

struct usher_daemon {
	const char *host;
	int64_t pid;
	bool alive; /* heard of lately */
	struct usher_beat last;
};
/*
 * Every daemon whose sign is there; one that is down and was started again on
 * its host is left out. Ends at an answer that is not 0.
 */
typedef int (
    *usher_daemon_each_h)(void *arg, const struct usher_daemon *daemon);
USHER_API int usher_daemon_each(struct usher *usher, int64_t at,
    usher_daemon_each_h each, void *arg, struct usher_error *error);

#endif
