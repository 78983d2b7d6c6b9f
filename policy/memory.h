/*
 * memory: what the store remembers of a party with a recipient, as deciding
 * reads it.
 *
 * Plain data, filled by the store before a decision. Proven and merely
 * claimed attempts are remembered apart. NULL stands for an empty memory.
 */
#ifndef USHER_MEMORY_H
#define USHER_MEMORY_H

#include "address.h"
#include "usher.h"

/* What is remembered of one party; instants ascending. */
struct remembered {
	bool known, introduced;
	const char *known_as; /* address or organization; or NULL */
	int64_t known_until;
	const char *introduced_as; /* the same; or NULL */
	int64_t introduced_until;
	size_t stage_count;
	const char *const *stages;
	enum usher_standing standing;
	const char *standing_of; /* the party, or NULL */
	double standing_figure;	 /* -1 to 1 */
	size_t standing_from;	 /* so many recipients */
	size_t attempt_count;
	const int64_t *attempts;
};

/* An attempt that a rule with a cap accepted. No cap counts more of them. */
enum { USHER_COUNTED_MOST = 4000 };
struct accepted {
	const char *rule;
	int64_t at;
	bool same_party;
	bool proven;
};

struct promise {
	enum usher_channel channel;
	int64_t from, until; /* the opening that was told */
	int64_t kept_until;
	const char *rule;   /* that gave it, by name: accepts at the opening */
	const char *turner; /* that turned away then, or NULL */
	/* Its place in memory, whose it is, and who was proven then. */
	const char *id, *domain, *party, *proven;
	bool own;    /* theirs who ask, not a colleague's: told again */
	bool used;   /* and good for a while more */
	bool awaits; /* that they be introduced */
};

/* Who a proven number is besides: by the recipient's lists, or linked. */
enum { MOST_JOINED = 4 };
struct joined {
	struct address party;
	const char *number;
	const char *by; /* name of the party that lists it; or who named it */
	const char
	    *reference; /* shown by it, for this attempt alone; or NULL */
	bool listed;
	int64_t until; /* INT64_MAX: as long as it is listed */
};

/*
 * Whether the store remembers that anybody at the site knows anybody; memory
 * of a handle that reads none is looked for. memory_read.c
 */
bool usher_memory_knows(struct usher *usher);

/* An access code that the attempt shows, and that is valid (code.h). */
struct shown_code {
	const char *party, *label;
	const char *code; /* in normal form: never told, never logged */
	const char *hash; /* as it is kept */
	int64_t until;
};

struct usher_memory {
	bool unreadable; /* the store could not be read */
	bool forgetful;	 /* introductions are not remembered */
	bool promised;	 /* a promise may yet match by proof */
	int64_t paused_until;
	struct remembered proven, claimed;
	size_t joined_count;
	struct joined *joined;
	size_t accepted_count;
	const struct accepted *accepted;
	size_t override_count;
	const struct usher_override *overrides; /* in the order given */
	/* Of each whose party is no name but a pattern; or NULL. */
	const struct party *const *override_parties;
	size_t promise_count;
	const struct promise *promises;
	size_t code_count;
	const struct shown_code *codes;
};

#endif
