/*
 * repeat: retries of what was turned away, counted instead of logged.
 */
#ifndef USHER_MILTER_REPEAT_H
#define USHER_MILTER_REPEAT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { REPEAT_PLACES = 4096 };

struct repeats {
	pthread_mutex_t lock;
	int64_t looked; /* when the table was last gone through */
	struct repeat {
		uint64_t key;	/* 0: free */
		int64_t logged; /* by the system's clock */
		unsigned long count;
		char *what; /* fields for the line that tells the count */
	} * table;
};

struct milter;

void repeats_begin(struct repeats *repeats);
/*
 * Whether a line about this key (hashed by repeat_key) is to be written now;
 * else it was counted. *count is how many went unlogged before it. `what` is
 * copied: fields as a line has them.
 */
bool repeat_is_news(struct repeats *repeats, uint64_t key, const char *what,
    int64_t now, unsigned long *count);
uint64_t repeat_key(const char *sender, const char *recipient,
    const char *verdict, const char *answer);
/*
 * Called about once a second: counts whose hour is over are logged. `all`: at
 * the end, every one.
 */
void repeats_look(struct milter *milter, int64_t now, bool all);

#endif
