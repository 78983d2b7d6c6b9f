/*
 * message: what the files message_*.c share of one mail.
 *
 * A message keeps the header fields in order, unfolded, and the body as it
 * came, both bounded by `mail.keep`; what it says is read from them once and
 * kept: `head` from the fields alone, `content` from the MIME parts. One
 * thread at a time. Public functions are in usher.h.
 */
#ifndef USHER_MESSAGE_H
#define USHER_MESSAGE_H

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
	MOST_NESTING = 50
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
	unsigned long tests; /* 1ul << enum evidence_test */
};

/* Strings of a mail, without repeats, up to a bound. */
struct string_list {
	size_t count, most;
	const char **strings;
	char **seen; /* hash table of them */
	size_t slots;
};
void usher_strings_init(struct string_list *list, struct arena *arena,
    size_t most);
void usher_strings_add(struct string_list *list, struct arena *arena,
    const char *string);

/* From the body. */
struct message_content {
	struct arena *arena;
	struct buffer text; /* shown, no quotes, no signature */
	bool quoted;	    /* a quote was left out */
	bool calendar, pixel;
	bool cut;		  /* the end was not looked at */
	struct string_list links; /* hosts of what is shown */
	struct string_list urls;  /* all, as "host/path" */
	size_t attachment_count;
	struct attachment attachments[MOST_ATTACHMENTS];
};

struct usher_message {
	struct usher_conf *conf; /* held */
	size_t keep_headers, keep_body;
	struct arena arena;
	size_t field_count, field_room, field_bytes;
	struct evidence_field *fields;
	bool headers_cut; /* fields beyond the bound were left out */
	/* The fields that say how to read the body, an empty line, the body. */
	struct buffer raw;
	size_t body_at;
	bool body_begun, body_cut;
	bool failed;		   /* memory ran out while building */
	struct message_head *head; /* once read */
	struct message_content *content;
};

/* The first field of a name, or NULL. Case of names is no difference. */
const char *usher_message_field(const struct usher_message *message,
    const char *name);

/* message_head.c */
int usher_message_head(struct usher_message *message,
    const struct message_head **head);
/* message_mime.c */
int usher_message_content(struct usher_message *message,
    const struct message_content **content);
void usher_content_free(struct message_content *content);
/* message_test.c: structure tests, those of head among them. */
unsigned long usher_message_tests(struct usher_message *message,
    const struct message_head *head, const struct message_content *content,
    const char *mail_from);

/* message_text.c: appends what was written to `out`, by the same hand. */
bool usher_shown_text(const char *text, size_t length, struct buffer *out);
/* message_html.c: appends what a reader sees; notes links and pixels. */
void usher_shown_html(const char *html, size_t length, struct buffer *out,
    struct message_content *content);
/* message_entity.c: reads "&...;" at `at`; bytes taken, 0 when it is none. */
size_t usher_html_entity(const char *at, const char *end, uint32_t *character);
/* message_style.c: what a style attribute does, in lower case. */
struct html_style {
	bool hides;
	int64_t color, background; /* 0xrrggbb, or -1: not said */
	bool picture;		   /* a background that is no plain colour */
};
void usher_html_style(const char *style, size_t length, struct html_style *out);
int64_t usher_html_color(const char *text, size_t length);

/* message_link.c: http and https URLs of a text, or one of an attribute. */
void usher_links_of_text(const char *text, size_t length,
    struct message_content *content);
void usher_link_note(const char *url, size_t length, bool shown,
    struct message_content *content);

/*
 * message_sniff.c: the ending of `name` in `out` (16 bytes, lower case) when
 * the content does not belie it, else "". `cut`: the content's end is missing.
 */
enum { ENDING_TEXT = 16 };
void usher_attachment_ending(const char *name, const unsigned char *data,
    size_t length, bool cut, char out[ENDING_TEXT]);

/* proof.h has what proves a mail. */

#endif
