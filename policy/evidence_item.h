/*
 * evidence_item: the read form of evidence.conf, shared by the files
 * evidence_*.c: _read makes it, _words and _match say which items a mail
 * meets, and evidence.c weighs them.
 */
#ifndef USHER_EVIDENCE_ITEM_H
#define USHER_EVIDENCE_ITEM_H

#include "evidence.h"

enum {
	EVIDENCE_ITEMS = 500,
	EVIDENCE_PHRASES = 8000,
	EVIDENCE_GROUPS = 128,
	EVIDENCE_PURPOSES = USHER_PERSONAL + 1,
	EVIDENCE_OUTCOMES = 2 * EVIDENCE_PURPOSES,
	PHRASE_SLOTS = 32768, /* a power of two */
	PHRASE_GAP = 3
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

/* A pattern, and what of it no `*` stands for: most are passed over by it. */
struct evidence_pattern {
	const char *text; /* lower case, `*` wildcards */
	const char *part; /* its longest run without `*`, in `text` */
	size_t part_length;
};

struct evidence_rule {
	const char *name, *where_text;
	unsigned where; /* enum evidence_where */
	size_t header_count;
	const char *const *headers; /* WHERE_HEADER; `*` at one end */
	size_t pattern_count;
	const struct evidence_pattern *patterns;
	size_t phrase_count;
	enum evidence_test test;
	enum usher_purpose purpose;
	double weight;			   /* for `purpose` */
	double weights[EVIDENCE_PURPOSES]; /* of `for` and `against` */
	double also[EVIDENCE_PURPOSES];	   /* what it adds to, of a mail */
	unsigned times;			   /* distinct phrases that count */
	unsigned group;			   /* place in the table of groups */
};

/* In the length of a word: instead of it the next one may stand there. */
#define PHRASE_OR (SIZE_MAX ^ SIZE_MAX >> 1)

/*
 * A phrase in the table by its first two words, or its only one: once for
 * each that may stand there. A word of NULL is a gap of up to PHRASE_GAP.
 */
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
	bool calls;	 /* of calls alone */
};

struct evidence {
	struct arena arena;
	size_t item_count, outcome_count, phrase_count, group_count;
	struct evidence_rule items[EVIDENCE_ITEMS];
	struct evidence_outcome outcomes[EVIDENCE_OUTCOMES];
	const char *groups[EVIDENCE_GROUPS];
	unsigned char filled[PHRASE_SLOTS / 8]; /* slots: small, so at hand */
	struct evidence_phrase *phrases[PHRASE_SLOTS];
};

struct evidence_words {
	size_t count;
	const char **at;
	size_t *lengths;
	unsigned *hashes;
};

struct evidence_weighing {
	const struct evidence *evidence;
	const struct evidence_view *view;
	unsigned hits[EVIDENCE_ITEMS];
	unsigned char said[EVIDENCE_PHRASES / 8 + 1]; /* phrases met */
};

/*
 * evidence_words.c: the words of a text, folded: runs of letters and digits,
 * and single signs of scripts written without spaces. Bounded.
 */
int usher_evidence_words(struct arena *arena, const char *text, size_t length,
    struct evidence_words *words);
/* Where phrases stand that begin with the word, or with these two. */
unsigned usher_evidence_slot(const struct evidence_words *words, size_t at,
    bool two);
/* Counts the phrases of `where` that are met in what the view shows. */
int usher_evidence_phrases(struct evidence_weighing *weighing,
    struct arena *arena);

/* evidence_match.c: items of header, link, from and structure. */
int usher_evidence_patterns(struct evidence_weighing *weighing,
    struct arena *arena);

/* evidence_phrase.c */
/*
 * A phrase of this item. EINVAL: it has no word, or a `...` or `|` that no
 * word stands beside; ENOSPC: there are too many; ENOMEM, and the arena is
 * marked.
 */
int usher_evidence_phrase(struct evidence *evidence, unsigned item,
    const char *text);

#endif
