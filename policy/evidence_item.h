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
	EVIDENCE_ENTRIES = 4 * EVIDENCE_PHRASES,
	PHRASE_SLOTS = 32768, /* a power of two */
	PHRASE_FILTER = 2048, /* the same */
	PAIR_SLOTS = 512,     /* the same */
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

/*
 * Items of one kind beside each other, as few bytes as tell whether a mail may
 * meet them: the items themselves lie too far apart to be gone through.
 */
struct evidence_test_of {
	uint16_t item, test;
};
struct evidence_header_of {
	unsigned hash; /* of its name, or of how that begins or ends */
	uint16_t item;
	uint16_t header : 14;
	uint16_t by : 2; /* enum evidence_name */
};
enum evidence_name { NAME_WHOLE, NAME_BEGINS, NAME_ENDS, NAME_ANY };
struct evidence_pattern_of {
	uint16_t item, pattern;
	uint16_t pair; /* of bytes that must be there, or PAIR_NONE */
	uint16_t next; /* of those of senders, in the same slot: place + 1 */
};
struct evidence_index {
	size_t test_count, header_count, link_count, from_count;
	struct evidence_test_of *tests;
	struct evidence_header_of *headers;
	struct evidence_pattern_of *links, *froms;
	uint16_t slots[PAIR_SLOTS]; /* of `froms`, by pair: place + 1 */
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

/* In the text of a phrase: before another word for the same; a gap. */
#define PHRASE_OR '|'
#define PHRASE_ANY '.'

/*
 * A phrase. They are thousands and stay in memory, so eight bytes and its text
 * are all of it: its words, a blank between two, or PHRASE_OR; the word
 * PHRASE_ANY is a gap of up to PHRASE_GAP words.
 */
struct evidence_phrase {
	uint32_t text; /* its place in `texts` */
	uint16_t item;
};

/*
 * A phrase in the table by its first two words, or its only one: once for
 * each that may stand there.
 */
struct evidence_entry {
	uint16_t phrase;
	uint16_t next; /* of the same slot: its place + 1, or 0 */
	uint16_t tag;  /* of its words: others of the slot have another */
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
	struct evidence_index index;	/* of the items without phrases */
	uint64_t filter[PHRASE_FILTER]; /* two bits of each entry, at hand */
	uint16_t slots[PHRASE_SLOTS];	/* place + 1 of an entry */
	struct evidence_entry entries[EVIDENCE_ENTRIES];
	size_t entered;
	struct evidence_phrase phrases[EVIDENCE_PHRASES];
	char *texts; /* of phrases, each ended by NUL */
	size_t texts_length, texts_room;
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
	uint16_t hits[EVIDENCE_ITEMS];		      /* phrases are no more */
	unsigned char said[EVIDENCE_PHRASES / 8 + 1]; /* phrases met */
};

/*
 * evidence_words.c: the words of a text, folded: runs of letters and digits,
 * and single signs of scripts written without spaces. Bounded.
 */
int usher_evidence_words(struct arena *arena, const char *text, size_t length,
    struct evidence_words *words);
/* The same of a text that is folded already, which has to outlive them. */
int usher_evidence_split(struct arena *arena, const char *folded, size_t length,
    struct evidence_words *words);

/* Of two words that follow each other, from theirs. */
static inline unsigned
usher_evidence_pair(unsigned first, unsigned second)
{
	return first * 31 + second;
}

/* Where phrases stand that begin with the word, or the two, of that hash. */
static inline unsigned
usher_evidence_slot(unsigned hash)
{
	return (hash ^ hash >> 15) % PHRASE_SLOTS;
}

static inline uint16_t
usher_evidence_tag(unsigned hash)
{
	return (uint16_t)(hash >> 16);
}

/* The bits of `filter[hash % PHRASE_FILTER]` if any stand there. */
static inline unsigned
usher_evidence_bit(unsigned hash)
{
	return hash >> 11 & 63;
}

static inline unsigned
usher_evidence_other_bit(unsigned hash)
{
	return hash >> 20 & 63;
}

/* Counts the phrases of `where` that are met in what the view shows. */
int usher_evidence_phrases(struct evidence_weighing *weighing,
    struct arena *arena);

/* evidence_match.c: items of header, link, from and structure. */
int usher_evidence_patterns(struct evidence_weighing *weighing,
    struct arena *arena);

/* evidence_index.c: once all items are read. ENOMEM. */
int usher_evidence_index(struct evidence *evidence);

/* evidence_phrase.c */
/*
 * A phrase of this item. EINVAL: it has no word, or a `...` or `|` that no
 * word stands beside; ENOSPC: there are too many; ENOMEM, and the arena is
 * marked.
 */
int usher_evidence_phrase(struct evidence *evidence, unsigned item,
    const char *text);
/* There are no more of them: room that was left is given back. */
void usher_evidence_phrases_end(struct evidence *evidence);
/* An item's texts are the evidence's own from here, or the arena is marked. */
void usher_evidence_keep(struct evidence *evidence, struct evidence_rule *item);

#endif
