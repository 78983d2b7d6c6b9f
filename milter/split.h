/*
 * split: recipients of one message who differ, over several tries.
 *
 * SMTP has one answer at the end of a message. When recipients would get
 * different ones the client is asked to come again, and each time only those
 * who share an answer are let through RCPT. What each would have got is kept
 * as a record of the store, by sender; here is only what such a record means,
 * without MTA, store or clock.
 *
 * A try takes the class of the first recipient it names, so whatever else the
 * sender sends meanwhile gets on as well: every try that lets somebody
 * through has one answer for all of them.
 */
#ifndef USHER_MILTER_SPLIT_H
#define USHER_MILTER_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SPLIT_MOST_LATER = 15, /* recipients of a try that may get a 4xx */
	SPLIT_BACKS = 3,       /* whole returns that end a split */
	SPLIT_LIFE_S = 2 * 86400,
	SPLIT_WHO = 512,	 /* bytes of an address */
	SPLIT_BYTES = 512 * 1024 /* of a record */
};

struct split_member {
	char *who;	/* own memory */
	uint64_t class; /* of one answer; SPLIT_ACCEPTED: accept */
	bool done;	/* accepted, or got an answer of their own */
};

enum { SPLIT_ACCEPTED = 0 };

struct split {
	uint64_t mail;	/* that was split last; see parted.c */
	int64_t began;	/* at this instant */
	unsigned backs; /* how often all of it came again */
	bool together;	/* who is turned away is answered at once, as one */
	bool first;	/* whose turn it is has not come yet: the accepted, */
			/* or, where together, the others */
	bool waits;	/* the last try named some who are not done */
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

/* The class that a try under way has taken. */
struct split_choice {
	bool made;
	uint64_t class;
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

/* Whether this recipient has to come again; the first makes the choice. */
bool split_later(const struct split *split, struct split_choice *choice,
    const char *who);
/* Whether this recipient is answered at once, whatever each gets. */
bool split_together(const struct split *split, const char *who);
/* The instant at which it is forgotten. */
int64_t split_until(const struct split *split);
/* Forgets what has had its time. */
void split_age(struct split *split, int64_t at);

/*
 * split_begin.c: a message's recipients differ. Names without `later` and
 * `answered` get classes; `room` of them may get a 4xx. Sorts the names.
 */
int split_begin(struct split *split, struct split_try *try, size_t room,
    int64_t at, enum split_way *way);
/* A try has ended without a split anew: who was answered is done. */
void split_end(struct split *split, struct split_try *try);

#endif
