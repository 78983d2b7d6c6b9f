/*
 * message_sniff: whether a file is what its name says; message_*.c only.
 */
#ifndef USHER_MESSAGE_SNIFF_H
#define USHER_MESSAGE_SNIFF_H

#include "message.h"

enum { SNIFF_HEAD = 1024, SNIFF_CARRY = 64 };

/* One file, as its bytes come. */
struct sniff {
	char ending[ENDING_TEXT]; /* of its name, in lower case, or "" */
	int known;		  /* what is known of it: a row, or -1 */
	bool enough;		  /* further bytes change nothing */
	bool inside;		  /* what the container must hold was seen */
	bool other;		  /* ... what another kind holds was */
	bool foreign;		  /* ... a name that no such zip begins with */
	bool book;		  /* ... an old table's stream was */
	size_t length;		  /* of all that came */
	size_t head_length, carry_length;
	unsigned char head[SNIFF_HEAD], carry[SNIFF_CARRY];
};

void usher_sniff_begin(struct sniff *sniff, const char *name);
void usher_sniff_feed(struct sniff *sniff, const unsigned char *data,
    size_t length);
/*
 * The ending of the name in `out` when the content does not belie it, else
 * "". `cut`: the content's end is missing.
 */
void usher_sniff_end(struct sniff *sniff, bool cut, char out[ENDING_TEXT]);

#endif
