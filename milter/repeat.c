/*
 * repeat: retries of what was turned away, counted instead of logged.
 *
 * A sender's server tries a deferred message for days: the first try is logged
 * as it is, those within an hour of it only as a count (design-mail.md
 * "Operation"). The table is bounded; who is driven out of it by others is
 * logged again early. Called by tell.c and main.c.
 */
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "milter.h"
#include "repeat.h"

enum { HOUR_S = 3600, BESIDE = 8, LOOK_S = 10 };

void
repeats_begin(struct repeats *repeats)
{
	(void)pthread_mutex_init(&repeats->lock, NULL);
	/* Without memory every retry is logged. */
	repeats->table = calloc(REPEAT_PLACES, sizeof *repeats->table);
}

static uint64_t
hash(uint64_t sum, const char *text)
{
	for (; *text != '\0'; text++)
		sum = (sum ^ (unsigned char)*text) * 1099511628211u;
	return (sum ^ 0xff) * 1099511628211u;
}

uint64_t
repeat_key(const char *sender, const char *recipient, const char *verdict,
    const char *answer)
{
	uint64_t sum = 14695981039346656037u;

	sum = hash(hash(sum, sender), recipient);
	sum = hash(hash(sum, verdict), answer);
	return sum == 0 ? 1 : sum;
}

static void
tell(const struct milter *milter, struct repeat *place)
{
	struct log_line line;

	if (place->count == 0 || place->what == NULL)
		return;
	log_begin(&line, "repeats");
	log_number(&line, "count", place->count);
	log_fields(&line, place->what);
	log_send(&milter->log, LOG_INFO, &line);
}

static void
clear(struct repeat *place)
{
	free(place->what);
	memset(place, 0, sizeof *place);
}

/* The place of a key, or the one to be taken for it. */
static struct repeat *
place_of(struct repeats *repeats, uint64_t key)
{
	struct repeat *oldest = NULL;

	for (size_t i = 0; i < BESIDE; i++) {
		struct repeat *place =
		    &repeats->table[(key + i) % REPEAT_PLACES];

		if (place->key == key)
			return place;
		if (oldest == NULL || place->logged < oldest->logged)
			oldest = place;
	}
	return oldest;
}

bool
repeat_is_news(struct repeats *repeats, uint64_t key, const char *what,
    int64_t now, unsigned long *count)
{
	struct repeat *place;
	bool news;

	*count = 0;
	if (repeats->table == NULL)
		return true;
	(void)pthread_mutex_lock(&repeats->lock);
	place = place_of(repeats, key);
	/* A clock that was set back must not silence anybody. */
	news = place->key != key || now >= place->logged + HOUR_S ||
	    now < place->logged;
	if (!news) {
		place->count++;
	} else {
		if (place->key == key)
			*count = place->count;
		clear(place);
		place->key = key;
		place->logged = now;
		place->what = strdup(what);
	}
	(void)pthread_mutex_unlock(&repeats->lock);
	return news;
}

void
repeats_look(struct milter *milter, int64_t now, bool all)
{
	struct repeats *repeats = &milter->repeats;

	if (repeats->table == NULL ||
	    (!all && now < repeats->looked + LOOK_S && now >= repeats->looked))
		return;
	(void)pthread_mutex_lock(&repeats->lock);
	repeats->looked = now;
	for (size_t i = 0; i < REPEAT_PLACES; i++) {
		struct repeat *place = &repeats->table[i];

		if (place->key == 0 || (!all && now < place->logged + HOUR_S))
			continue;
		tell(milter, place);
		clear(place);
	}
	(void)pthread_mutex_unlock(&repeats->lock);
}
