/*
 * reply: a verdict as the lines of an SMTP reply.
 */
#ifndef USHER_MILTER_REPLY_H
#define USHER_MILTER_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libmilter/mfapi.h>

#include "usher.h"

/* libmilter takes 980 bytes a line, each % doubled. */
enum { REPLY_LINE = 980 };

struct reply {
	bool temporary; /* 450 4.2.1, else 550 5.7.1 */
	size_t count;
	char lines[USHER_WORDS_LINES][REPLY_LINE + 1];
};

struct reply_terms {
	const char *reference;
	int64_t at;	    /* of the decision */
	int64_t patience_s; /* an opening later than this is final */
	bool final;	    /* too many were deferred: 550 whatever it is */
	bool unnamed;	    /* for several: it names nobody */
	const char *solicitation; /* classes that the mail claims, or NULL */
};

/* `decision` is neither accept nor pending. */
void reply_make(struct reply *reply, struct usher_decision *decision,
    const struct reply_terms *terms);
/* One line as libmilter takes it: ASCII, no controls, % doubled, cut. */
void reply_line(char out[REPLY_LINE + 1], const char *text);
/*
 * The classes of a Solicitation field (RFC 3865 §2.2), as a refusal repeats
 * them, or NULL when they are none; the caller frees.
 */
char *reply_solicitation(const char *value);
/* One 550 for recipients whose answers differ; it names nobody. */
void reply_for_all(struct reply *reply, const char *reference);
/* "450" or "550". */
const char *reply_code(const struct reply *reply);
/*
 * What the callback returns. A reply that libmilter does not take leaves
 * the MTA's own words to the same code.
 */
sfsistat reply_send(SMFICTX *ctx, const struct reply *reply);

#endif
