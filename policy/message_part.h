/*
 * message_part: the parts of a body while it streams by; message_*.c only.
 *
 * message_stream.c finds where parts begin and end, message_leaf.c takes what
 * stands in one, message_mime.c chooses afterwards what readers are shown.
 * Of a body only this is kept: the shown text of its text parts up to a bound,
 * their links, and of attachments their names and what their bytes are.
 */
#ifndef USHER_MESSAGE_PART_H
#define USHER_MESSAGE_PART_H

#include <gmime/gmime.h>

#include "message.h"
#include "message_html.h"
#include "message_sniff.h"

enum part_kind { PART_LEAF, PART_MULTIPART, PART_MAIL };
enum part_type {
	TYPE_OTHER,
	TYPE_PLAIN,
	TYPE_HTML,
	TYPE_ENRICHED,
	TYPE_CALENDAR,
	TYPE_IMAGE
};
enum part_place { PLACE_NOT_SAID, PLACE_INLINE, PLACE_ATTACHMENT, PLACE_OTHER };

struct part {
	struct part *parent, *first, *last, *next;
	enum part_kind kind;
	enum part_type type;
	enum part_place place; /* Content-Disposition */
	bool alternative, related, digest;
	bool has_id; /* Content-ID */
	size_t depth;
	const char *boundary; /* of a multipart that is open, else NULL */
	size_t boundary_length;
	const char *name; /* of a file, or NULL */
	char ending[ENDING_TEXT];
	struct message_content *shown; /* of a text part, or NULL */
	bool waits;		       /* what it shows is not looked at yet */
	struct shown_text waiting;     /* that */
};

/* What takes the bytes of the one leaf that is open. */
struct leaf {
	struct part *part;
	enum { LEAF_SKIPPED, LEAF_TEXT, LEAF_FILE } use;
	GMimeEncoding encoding;
	bool uu_awaited; /* "begin ..." has not come yet */
	size_t staged;
	unsigned char stage[2048]; /* decoded, not yet converted */
	iconv_t converter;	   /* (iconv_t)-1: UTF-8, or nearly */
	bool says_utf8;		   /* what is not UTF-8 is broken */
	struct html_page *page;	   /* of HTML */
	struct buffer seen;	   /* what the page showed, on its way */
	struct shown_text text;
	struct sniff sniff;
};

enum {
	LONGEST_BOUNDARY_LINE = 300,
	MOST_PART_FIELDS = 16384,
	MOST_ALTERNATIVES = 20
};

struct message_stream {
	struct arena *arena;
	struct part *root, *open;
	enum { IN_FIELDS, IN_LEAF, BETWEEN } state;
	bool midline; /* the last piece did not end its line */
	bool ended;   /* nothing more is looked at */
	bool cut;     /* ... of what there was */
	bool failed;  /* memory ran out */
	size_t parts, boundaries, mails;
	struct buffer held;   /* of a line whose end is awaited */
	struct buffer fields; /* of the part that begins */
	struct leaf leaf;
};

struct part_fields {
	const char *type, *encoding, *disposition; /* values, or NULL */
	bool has_id;
};

/* Strings of the arena; parameters NULL where there are none. */
struct mime_type {
	const char *type, *subtype;
	const char *charset, *boundary, *name;
};

/* message_type.c */
void usher_type_read(struct arena *arena, const char *value,
    struct mime_type *type);
/* False: it takes GMime to read that. */
bool usher_type_plain(struct arena *arena, const char *value,
    struct mime_type *type);
/* Whether it is that type; a subtype of "*" stands for any. */
bool usher_type_is(const struct mime_type *type, const char *wanted,
    const char *subtype);

/* message_part.c: the charset, or NULL. */
const char *usher_part_read(struct arena *arena, struct part *part,
    const struct part_fields *fields);

/* message_stream.c */
int usher_stream_begin(struct usher_message *message);
void usher_stream_feed(struct message_stream *stream, const char *data,
    size_t length);
void usher_stream_end(struct message_stream *stream, bool cut);
void usher_stream_free(struct message_stream *stream);

/* message_leaf.c: `part->type`, `place` and the like are known. */
void usher_leaf_begin(struct message_stream *stream, struct part *part,
    const char *encoding, const char *charset);
void usher_leaf_feed(struct message_stream *stream, const char *data,
    size_t length);
void usher_leaf_end(struct message_stream *stream, bool cut);
/* Of an alternative what it shows is looked at when it is chosen. */
void usher_leaf_show(struct part *part);
void usher_leaf_free(struct leaf *leaf);

#endif
