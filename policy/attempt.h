/*
 * attempt: attempts as records (design.md §4 "at_most", "tried", §6).
 *
 * RECORD_ATTEMPT holds, for a recipient and a party, who came: proven and
 * merely claimed attempts in two records, so that nobody pushes another's out.
 * RECORD_COUNTED holds, for a recipient and a rule that counts everybody, whom
 * it accepted; RECORD_INTRODUCED who was introduced. Only what the
 * recipient's policy asks for is written, and kept as long as it counts.
 * attempt.c has the lists and says which two attempts are one,
 * attempt_read.c finds what a decision may rest on, notes_attempt.c writes.
 */
#ifndef USHER_ATTEMPT_H
#define USHER_ATTEMPT_H

#include "facts.h"
#include "memory.h"
#include "record_key.h"

enum {
	ATTEMPTS_LEAST = 32,
	ATTEMPT_RETRIED_S = 5 * 24 * 3600, /* as long as mail is retried */
	ATTEMPT_AGAIN_S = 3600,		   /* after a reply was lost */
	ATTEMPT_AGAIN = 3,		   /* ... and so often */
	INTRODUCED_S = 730 * 24 * 3600,
	INTRODUCED_ANEW_S = 24 * 3600
};

struct attempt {
	int64_t at, last;    /* it came first, and last */
	int64_t took;	     /* it was accepted; 0: it was not */
	uint64_t from, what; /* its identity; 0: not told */
	unsigned char channel, answer;
	bool open; /* it was asked to come again */
	unsigned char again;
	const char *rule; /* that accepted and counts, or "" */
};

struct attempt_list {
	size_t count;
	struct attempt *entries; /* in the order they came, room for 1 more */
};

/* Strings and entries are put into the arena. EILSEQ, ENOMEM. */
int usher_attempt_unpack(struct arena *arena,
    const struct usher_record_value *value, struct attempt_list *list);
void usher_attempt_pack(const struct attempt_list *list, struct buffer *buffer);
/*
 * Whether an attempt that comes now is one that came before: a mail that was
 * asked to come again, by its envelope sender; any, by its own identity, for
 * an hour and a few times, since whoever sends may choose it.
 */
bool usher_attempt_same(const struct attempt *before,
    const struct attempt *now);
/* Room for one more; what is over at `before` goes, then the oldest. */
void usher_attempt_room(struct attempt_list *list, int64_t before, size_t most);

/* The identity of an attempt at an instant, all else empty. */
struct attempt usher_attempt_of(const struct usher_facts *facts, int64_t at);

/* Whose attempt it is; party: as known (known.h). */
struct attempt_parties {
	const struct usher_facts *facts;
	bool proven; /* somebody is */
	size_t count;
	struct {
		const char *party, *text; /* the first address of it */
		bool proven;
	} list[MOST_CLAIMS + MOST_PROVEN];
};
void usher_attempt_parties(const struct usher_facts *facts,
    struct attempt_parties *parties);

void usher_attempt_key(struct record_key *key, const char *recipient,
    const char *party, bool proven);
void usher_attempt_count_key(struct record_key *key, const char *recipient,
    const char *rule);

/* ---- attempt_read.c ---- */

/* Fills what the policy asks for; all in the arena. */
int usher_attempt_read(struct record_view *view, struct arena *arena,
    const struct usher_policy *policy, const char *recipient,
    const struct attempt_parties *parties, int64_t at,
    struct usher_memory *memory, struct usher_error *error);

#endif
