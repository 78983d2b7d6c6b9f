/*
 * evidence_item: the read form of evidence.conf, shared by evidence_read.c,
 * which makes it, and evidence.c, which weighs with it.
 */
#ifndef USHER_EVIDENCE_ITEM_H
#define USHER_EVIDENCE_ITEM_H

#include "evidence.h"

enum {
	EVIDENCE_ITEMS = 500,
	EVIDENCE_PHRASES = 5000,
	EVIDENCE_GROUPS = 32,
	EVIDENCE_PURPOSES = USHER_PERSONAL + 1,
	PHRASE_SLOTS = 4096 /* a power of two */
};

enum evidence_where {
	WHERE_SUBJECT = 1,
	WHERE_TEXT = 2,
	WHERE_HEADER = 4,
	WHERE_LINK = 8,
	WHERE_FROM = 16,
	WHERE_STRUCTURE = 32,
	WHERE_CALL = 64
};

struct evidence_rule {
	const char *name, *where_text;
	unsigned where;	    /* enum evidence_where */
	const char *header; /* WHERE_HEADER; may end in `*` */
	size_t pattern_count;
	const char *const *patterns; /* lower case, `*` wildcards */
	size_t phrase_count;
	enum evidence_test test;
	enum usher_purpose purpose;
	unsigned against; /* 1 << purpose: weighs against it */
	double weight;
	unsigned times; /* distinct phrases that count */
	unsigned group; /* place in the table of groups */
};

/* A phrase in the table by its first word. */
struct evidence_phrase {
	struct evidence_phrase *next; /* of the same slot */
	unsigned item;
	unsigned number; /* of all phrases */
	size_t count;
	const char **words;
	size_t *lengths;
};

struct evidence_outcome {
	enum usher_purpose purpose;
	double least;
	unsigned groups; /* independent ones it takes */
};

struct evidence {
	struct arena arena;
	size_t item_count, outcome_count, phrase_count, group_count;
	struct evidence_rule items[EVIDENCE_ITEMS];
	struct evidence_outcome outcomes[EVIDENCE_PURPOSES];
	const char *groups[EVIDENCE_GROUPS];
	struct evidence_phrase *phrases[PHRASE_SLOTS];
};

struct evidence_words {
	size_t count;
	const char **at;
	size_t *lengths;
};

/* The words of a text, folded: runs of letters and digits. Bounded. */
int usher_evidence_words(struct arena *arena, const char *text, size_t length,
    struct evidence_words *words);
unsigned usher_evidence_slot(const char *word, size_t length);

#endif
