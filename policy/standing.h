/*
 * standing: how well a party has kept to preferences here, as records
 * (design.md §1).
 *
 * RECORD_STANDING holds, for a party, what each recipient of the site has to
 * say of it: attempts in an opening and attempts outside one, both halved
 * every thirty days. A recipient moves the figure, from -1 to 1, by less than
 * a tenth, whatever was tried there, so three at least make a standing; the
 * first contact with each says nothing. Recipients stand as hashes. standing.c
 * has the figures and the bytes, standing_read.c finds what a decision rests
 * on, tally_write.c writes.
 */
#ifndef USHER_STANDING_H
#define USHER_STANDING_H

#include "attempt.h"

enum {
	STANDING_HALF_S = 30 * 24 * 3600,
	STANDING_KEPT_S = 365 * 24 * 3600, /* after twelve halvings: nothing */
	STANDING_RECIPIENTS = 64	   /* that are kept of a party */
};

/* What one recipient says. Figures are of the instant `at`. */
struct standing_entry {
	uint64_t recipient;
	double in, out;
	int64_t at;
	/* The attempt last seen: whose it was and when it came first. */
	uint64_t from;
	int64_t from_at;
	bool open;  /* it was asked to come again */
	bool first; /* it is the first contact */
};

struct standing_list {
	size_t count;
	struct standing_entry *entries; /* room for one more */
};

/* An attempt whose end is known. */
struct standing_event {
	uint64_t recipient, from; /* from 0: not told */
	int64_t at;
	bool in;      /* it was accepted */
	bool outside; /* it was turned away, and told so */
	bool open;    /* and asked to come again by itself */
};

uint64_t usher_standing_hash(const char *text);
void usher_standing_key(struct record_key *key, const char *party);
/* EILSEQ, ENOMEM. */
int usher_standing_unpack(struct arena *arena,
    const struct usher_record_value *value, struct standing_list *list);
void usher_standing_pack(const struct standing_list *list,
    struct buffer *buffer);
/* The list must have room for one more. */
void usher_standing_note(struct standing_list *list,
    const struct standing_event *event);

struct standing_sum {
	enum usher_standing standing;
	double figure;	   /* -1 to 1 */
	size_t recipients; /* who say anything */
	double in, out;	   /* over all of them, halved until `at` */
};
struct standing_sum usher_standing_sum(const struct standing_list *list,
    int64_t at);

/* ---- standing_read.c ---- */

/* Fills what the policy asks for. */
int usher_standing_read(struct record_view *view, struct arena *arena,
    const struct usher_policy *policy, const struct attempt_parties *parties,
    int64_t at, struct usher_memory *memory, struct usher_error *error);
/* One party's list; none: an empty one. */
int usher_standing_get(struct record_view *view, struct arena *arena,
    const char *party, int64_t at, struct standing_list *list,
    struct usher_error *error);

#endif
