/*
 * tally: who came and how it ended, counted in memory until a thread adds it
 * to the store (usher_report.h).
 *
 * tally_count.c counts into a batch (tally_batch.c), tally.c owns the thread
 * that takes it, tally_write.c makes edits of it, tally_rows.c has the bytes
 * of RECORD_TALLY (a recipient and a day), tally_read.c reads them. Memory is
 * bounded: beyond MOST_ROWS a batch counts by recipient alone, beyond
 * MOST_EVENTS it forgets.
 */
#ifndef USHER_TALLY_H
#define USHER_TALLY_H

#include <pthread.h>

#include "record_key.h"
#include "standing.h"

enum {
	TALLY_QUARTER_S = 900,
	TALLY_QUARTERS = 96, /* of a day */
	TALLY_NAMED = 500,   /* entries with a party, of a recipient's day */
	MOST_ROWS = 4096,
	MOST_EVENTS = 4096,
	/* Half of them for who is counted with the others. */
	TALLY_SLOTS = MOST_ROWS * 2,
	TALLY_SEEN = 4096
};

/* What is told apart. */
struct tally_what {
	const char *party; /* "": nobody, or the others */
	unsigned char quarter, channel, answer;
	bool proven;
};

/* Of one recipient and day. */
struct tally_entry {
	struct tally_what what;
	int64_t count;
};
struct tally_list {
	size_t count;
	struct tally_entry *entries; /* in the order of tally_compare() */
};

struct tally_row {
	uint64_t hash;
	const char *raw_who, *raw_party; /* as they were given */
	const char *recipient;
	int64_t day; /* since 1970 */
	struct tally_entry entry;
};

struct tally_event {
	const char *party;
	size_t order;
	struct standing_event event;
};

struct tally_batch {
	struct arena arena;
	size_t row_count, event_count;
	struct tally_row *slots[TALLY_SLOTS];
	struct tally_row *rows[TALLY_SLOTS];
	struct tally_event *events; /* room for MOST_EVENTS */
	int64_t at;		    /* the last, by the clock of decisions */
	int64_t kept_s;		    /* how long it is kept in the store */
};

/* A mail that was asked to come again. */
struct tally_seen {
	uint64_t hash; /* 0: none */
	int64_t at;    /* it came first */
};

struct tally {
	struct records *records;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t came;
	pthread_t thread;
	bool started, stopping;
	uint64_t seed;
	struct tally_batch *now, *spare; /* spare: the thread's own */
	struct tally_seen *seen;	 /* NULL until there is one */
};

/* The thread begins with the first count. NULL: no memory. */
struct tally *usher_tally_new(struct records *records);
/*
 * Adds what is left. False when the store hangs: the thread is left behind
 * with all it looks at.
 */
bool usher_tally_free(struct tally *tally);
/* The thread runs, and there are batches; the lock is held. */
bool usher_tally_start(struct tally *tally);

/* ---- tally_batch.c ---- */

void usher_tally_empty(struct tally_batch *batch);
void usher_tally_free_batch(struct tally_batch *batch);
/* The row's place, or where it would be; there is always a free one. */
struct tally_row **usher_tally_find(struct tally_batch *batch,
    const struct tally_row *wanted);
/* A copy of a row at its free place; where memory is out it is lost. */
void usher_tally_put(struct tally_batch *batch, struct tally_row **slot,
    const struct tally_row *row);
bool usher_tally_has_room(const struct tally_batch *batch);
void usher_tally_put_event(struct tally_batch *batch, const char *party,
    const struct standing_event *event);
/* What could not be written is counted with what came since. */
void usher_tally_put_back(struct tally_batch *batch,
    const struct tally_batch *failed);
bool usher_tally_is_half_full(const struct tally_batch *batch);
bool usher_tally_has_any(const struct tally_batch *batch);

/* ---- tally_write.c ---- */

/* Adds a batch to the store; an error: nothing of it was written. */
int usher_tally_write(struct records *records, struct tally_batch *batch,
    int wait_ms);

/* ---- tally_rows.c ---- */

int usher_tally_compare(const struct tally_what *a, const struct tally_what *b);
/* EILSEQ, ENOMEM. `more`: room for so many behind them. */
int usher_tally_unpack(struct arena *arena,
    const struct usher_record_value *value, size_t more,
    struct tally_list *list);
void usher_tally_pack(const struct tally_list *list, struct buffer *buffer);
/* Adds entries to a list that has room for them. */
void usher_tally_add(struct tally_list *list,
    const struct tally_entry *const *entries, size_t count);
void usher_tally_key(struct record_key *key, const char *recipient,
    int64_t day);
/* The day of a key's second part; false: it is none. */
bool usher_tally_day(const char *text, int64_t *day);

#endif
