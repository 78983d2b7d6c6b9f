/*
 * split: recipients of one message who differ, over several tries.
 *
 * SMTP has one answer at the end of a message. When recipients would get
 * different ones the client is asked to come again, and each time only those
 * who share an answer are let through RCPT, in turns. What a sender's next try
 * may bring is kept as a record of the store between tries; here is only what
 * such a record means, without MTA, store or clock.
 *
 * A record holds a few messages of one sender (batches), so that one cannot
 * hold up another for more than a retry.
 */
#ifndef USHER_MILTER_SPLIT_H
#define USHER_MILTER_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SPLIT_MOST_LATER = 15, /* recipients of a try that may get a 4xx */
	SPLIT_WAITS = 1,       /* tries that a message makes way in vain */
	SPLIT_BACKS = 3,       /* whole returns that end a split */
	SPLIT_BATCHES = 4,     /* messages of one sender */
	SPLIT_LIFE_S = 2 * 86400,
	SPLIT_BYTES = 512 * 1024 /* of a record */
};

struct split_batch {
	unsigned id;
	uint64_t mail;	/* which message; see split_mail.c */
	int64_t began;	/* instant */
	unsigned turn;	/* whose turn it is: this one and those before */
	unsigned backs; /* how often all of them came again */
	unsigned waits; /* how often another message made way for it */
	bool together;	/* turn 1 is answered at once, whatever each gets */
};

struct split_member {
	char *who; /* own memory */
	unsigned batch, turn;
	bool done; /* accepted, or got an answer of their own */
};

struct split {
	size_t batch_count;
	struct split_batch batches[SPLIT_BATCHES];
	size_t count;
	struct split_member *members; /* ascending by who */
};

/* A recipient that a try named. */
struct split_name {
	const char *who;
	const char *answer; /* what they would get; NULL: accept */
	bool later;	    /* got 452 at RCPT */
	bool answered;	    /* got an answer of their own at RCPT */
};

struct split_try {
	uint64_t mail;
	bool ended; /* the end of the message was answered; `mail` is known */
	size_t count;
	struct split_name *names;
};

enum split_way {
	SPLIT_APART,	/* ask them to come again */
	SPLIT_TOGETHER, /* turn all away at once: too many for turns */
	SPLIT_ACCEPT	/* accept for all: turns would lead nowhere */
};

struct split *split_new(void);
void split_free(struct split *split);

/* split_text.c: EBADMSG: not ours, or damaged; ENOMEM. */
int split_read(const void *bytes, size_t length, struct split **split);
/* The caller frees *bytes; *bytes NULL: nothing is left to remember. */
int split_write(const struct split *split, char **bytes, size_t *length);

/* Whether this recipient has to come again. */
bool split_later(const struct split *split, const char *who);
/* Whether this recipient's turn is answered at once, whatever each gets. */
bool split_together(const struct split *split, const char *who);
/* The instant at which the last batch is forgotten. */
int64_t split_until(const struct split *split);
/* Batches that have had their time go. */
void split_age(struct split *split, int64_t at);

/*
 * A message's recipients differ: names without `later` and `answered` are
 * given turns, `room` of them may get a 4xx. Sorts the names.
 */
int split_begin(struct split *split, struct split_try *try, size_t room,
    int64_t at, enum split_way *way);
/*
 * A try has ended without a split anew: who was answered is done, and turns
 * go on. Sorts the names.
 */
void split_end(struct split *split, struct split_try *try);

#endif
