/*
 * message_html: an HTML part as text, piece by piece; message_*.c only.
 */
#ifndef USHER_MESSAGE_HTML_H
#define USHER_MESSAGE_HTML_H

#include "message.h"
#include "message_sheet.h"
#include "message_tag.h"

/* What is known of an element, as bits. */
enum {
	/* What may end without saying so, and what such an end never leaves. */
	ELEMENT_PARAGRAPH = 1,
	ELEMENT_ITEM = 2,
	ELEMENT_TERM = 4,
	ELEMENT_CELL = 8,
	ELEMENT_ROW = 16,
	ELEMENT_TABLE = 32,
	ELEMENT_LIST = 64,
	ELEMENT_OPTION = 128,
	ELEMENT_WALL = 256,
	ELEMENT_BREAKS = 512, /* stands on lines of its own */
	ELEMENT_VOID = 1024,  /* holds nothing */
	ELEMENT_RAW = 2048,   /* what it holds is no markup */
	ELEMENT_UNSEEN = 4096,
	ELEMENT_OF_HEAD = 8192, /* may stand in one */
	ELEMENT_HEAD = 1 << 14,
	ELEMENT_BODY = 1 << 15,
	ELEMENT_LINE = 1 << 16, /* br */
	ELEMENT_STYLE = 1 << 17,
	ELEMENT_ANCHOR = 1 << 18,
	ELEMENT_PICTURE = 1 << 19,
	ELEMENT_FONT = 1 << 20,
	ELEMENT_FORM = 1 << 21
};

/* message_element.c: of an element's name, in lower case. */
unsigned usher_element_kind(const char *name);

struct element {
	char name[TAG_NAME];
	unsigned kind;
	bool hidden;	      /* with all that is inside */
	bool invisible, tiny; /* unless what is inside says otherwise */
	bool quoted;
	int64_t color, background; /* -1: not known */
};

struct html_page {
	struct tags tags; /* of `pending` */
	struct buffer pending;
	size_t wanted; /* length of `pending` that is worth a look */
	struct buffer *out;
	struct message_content *content;
	char shown; /* the character shown last, or NUL */
	bool blank; /* a blank is owed */
	bool cut;   /* all below is an earlier mail */
	/* What is passed over until it ends: */
	enum { NOTHING, COMMENT, RAW, LONG_TAG } skips;
	char raw[TAG_NAME];
	bool css_wanted;     /* of what is passed over */
	struct buffer css;   /* its beginning */
	struct sheet *sheet; /* what styles have said; NULL: nothing */
	size_t depth;	     /* of `open`; the rest is not kept */
	struct element *open;
	size_t open_room;
};

/* message_html.c: what stands at page->tags.at; moves behind it. */
void usher_html_text(struct html_page *page);
void usher_html_open(struct html_page *page);  /* behind "<" */
void usher_html_close(struct html_page *page); /* behind "</" */

/* message_page.c */
/*
 * Appends what a reader sees to `out`, which its owner may empty between two
 * calls; notes links, quotes and pixels in `content`. NULL: no memory.
 */
struct html_page *usher_page_new(struct buffer *out,
    struct message_content *content);
/* UTF-8, of whole characters; `last` ends the page. */
void usher_page_feed(struct html_page *page, const char *html, size_t length,
    bool last);
void usher_page_free(struct html_page *page);

#endif
