/*
 * beat: the sign of life of usher-milter, and what it has counted.
 *
 * Called by main.c's loop; `usher status` reads it (usher_status.h) and says
 * so when it is missing.
 */
#include <syslog.h>
#include <time.h>

#include "beat.h"
#include "milter.h"

enum { END_WAIT_MS = 2000 };

static void
send_sign(struct beat *beat, struct milter *milter, int64_t now)
{
	struct usher_count counts[USHER_COUNTS];
	struct usher_beat sign = { .name = "usher-milter",
		.start = beat->start,
		.at = now,
		.last_fault = atomic_load(&milter->counts.last_fault),
		.count = tell_counts_list(milter, counts),
		.counts = counts };

	usher_beat_send(milter->usher, &sign);
	beat->last = now;
}

void
beat_begin(struct beat *beat, struct milter *milter)
{
	beat->start = (int64_t)time(NULL);
	send_sign(beat, milter, beat->start);
}

/* A clock that was set back must not silence it. */
void
beat_look(struct beat *beat, struct milter *milter)
{
	int64_t now = (int64_t)time(NULL);

	if (now >= beat->last + USHER_BEAT_S || now < beat->last)
		send_sign(beat, milter, now);
}

void
beat_end(struct beat *beat, struct milter *milter)
{
	struct usher_error error = { 0 };

	(void)beat;
	if (usher_beat_end(milter->usher, "usher-milter", END_WAIT_MS,
		&error) != 0)
		log_say(&milter->log, LOG_WARNING,
		    "usher status will call this program down: %s", error.text);
}
