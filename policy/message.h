/*
 * message: what the files message_*.c share of one mail.
 *
 * A message keeps the header fields in order, unfolded. Its body streams by:
 * of its parts what they show is kept, not what they hold. Both are looked at
 * up to `mail.keep`. What they say is read once and kept: `head` from the
 * fields, `content` from the parts. One thread at a time. Public functions are
 * in usher.h.
 */
#ifndef USHER_MESSAGE_H
#define USHER_MESSAGE_H

#include <strings.h>

#include "arena.h"
#include "evidence.h"
#include "facts.h"
#include "text.h"
#include "usher.h"

/*
 * Bounds on what is read of one mail, far above what people send. They keep
 * the work linear in its bytes and the memory of GMime's objects small.
 */
enum {
	MOST_LINKS = 200,
	MOST_URLS = 400,
	MOST_ATTACHMENTS = 100,
	MOST_FROM = 16,
	MOST_FIELDS = 2000,
	MOST_ADDRESS_FIELD = 16384,
	MOST_BOUNDARIES = 1000,
	MOST_NESTED_MAILS = 50,
	MOST_NESTING = 50,
	/* Of shown text is kept: its beginning and its end. */
	KEEP_TEXT = 16384,
	KEEP_TAIL = 4096,
	KEEP_BESIDE = 1024
};

/* From the header fields alone. */
struct message_head {
	size_t from_fields; /* fields of that name */
	size_t from_count;
	const char *from[MOST_FROM]; /* addresses, as written */
	size_t recipients;	     /* addresses in To and Cc, to 100 */
	const char *first_recipient; /* or NULL */
	const char *reply_to;	     /* first address, or NULL */
	const char *subject;	     /* decoded, UTF-8, or NULL */
	struct usher_traits traits;
};

/* Strings of a mail, without repeats, up to a bound. */
struct string_list {
	size_t count, most;
	const char **strings;
	const char **seen; /* hash table of them */
	size_t slots;
};
void usher_strings_add(struct string_list *list, struct arena *arena,
    const char *string);

/* From the body; or from one text part of it. */
struct message_content {
	struct arena *arena;   /* the message's */
	struct buffer text;    /* shown, no quotes, no signature, bounded */
	struct buffer beside;  /* signature and numbers of links, bounded */
	size_t words_left_out; /* of the text beyond the bound */
	bool quoted;	       /* a quote was left out */
	bool calendar, pixel;
	bool html, plain; /* forms it comes in, shown or not */
	size_t raw_bytes; /* in no charset that is known */
	size_t pictures, tables, fonts, forms; /* of what is shown */
	bool cut;			       /* the end was not looked at */
	const char *language;	  /* told for so much text: message_language */
	size_t language_of;	  /* ... bytes and one; 0: not yet */
	struct string_list links; /* hosts of what is shown */
	struct string_list urls;  /* all, as "host/path" */
	size_t attachment_count;
	struct attachment *attachments;
};
struct message_content *usher_content_new(struct arena *arena);

struct message_stream; /* message_part.h */

struct usher_message {
	struct usher_conf *conf; /* held */
	size_t keep_headers, keep_body;
	struct arena arena;
	size_t field_count, field_room, field_bytes;
	struct evidence_field *fields;
	bool headers_cut;  /* fields beyond the bound were left out */
	size_t body_bytes; /* looked at */
	bool body_cut;	   /* there was more */
	bool failed;	   /* memory ran out while building */
	struct message_stream *stream; /* once the body has begun */
	struct message_head *head;     /* once read */
	struct message_content *content;
};

/* The first field of a name, or NULL. Case of names is no difference. */
const char *usher_message_field(const struct usher_message *message,
    const char *name);

/* The first letter tells most names apart; their case is no difference. */
static inline bool
usher_field_is(const struct evidence_field *field, const char *name)
{
	return ((*field->name ^ *name) & ~0x20) == 0 &&
	    strcasecmp(field->name, name) == 0;
}

/* message_head.c */
void usher_gmime_begin(void);
int usher_message_head(struct usher_message *message,
    const struct message_head **head);
/* message_mime.c */
int usher_message_content(struct usher_message *message,
    const struct message_content **content);
/* message_test*.c: structure tests as bits of enum evidence_test. */
uint64_t usher_message_tests(struct usher_message *message,
    const struct message_head *head, const struct message_content *content,
    const char *mail_from);

/*
 * message_text.c: appends what was written to `out`, by the same hand. All
 * zero at first; `last` ends the text; `pending` is freed by the caller.
 */
struct shown_text {
	struct buffer pending; /* lines not judged yet */
	struct buffer *out;
	struct buffer *beside; /* takes the signature */
	bool signing;	       /* it has begun */
	bool begun;	       /* something was written */
	bool over;	       /* the rest is a signature, or somebody else's */
	bool midline;	       /* within a line of great length */
	bool quoted; /* a quote (as opposed to a signature) was left out */
};
void usher_shown_feed(struct shown_text *shown, const char *text, size_t length,
    bool last, struct buffer *out);
/* message_entity.c: reads "&...;" at `at`; bytes taken, 0 when it is none. */
size_t usher_html_entity(const char *at, const char *end, uint32_t *character);
/* The same for a whole value, into `room` bytes; the bytes written. */
size_t usher_html_resolve(const char *value, size_t length, char *out,
    size_t room);
/* message_style.c: adds to `out` what a style says. */
enum html_said { HTML_UNSAID, HTML_SHOWS, HTML_HIDES };
struct html_style {
	/* Elements inside may say otherwise of the last two. */
	enum html_said display, visibility, size;
	bool faint, clipped;	   /* not to be seen, nor what is inside */
	int64_t color, background; /* 0xrrggbb, or -1: not said */
	bool picture;		   /* a background that is no plain colour */
};
void usher_html_style(const char *style, size_t length, struct html_style *out);
bool usher_html_style_hides(const struct html_style *style);
int64_t usher_html_color(const char *text, size_t length);

/* message_link.c: http and https URLs of a text, or one of an attribute. */
void usher_links_of_text(const char *text, size_t length,
    struct message_content *content);
void usher_link_note(const char *url, size_t length, bool shown,
    struct message_content *content);

enum { ENDING_TEXT = 16 };

/* proof.h has what proves a mail. */

#endif
