/*
 * message_html: an HTML part as text, piece by piece; message_*.c only.
 */
#ifndef USHER_MESSAGE_HTML_H
#define USHER_MESSAGE_HTML_H

#include "message.h"
#include "message_sheet.h"
#include "message_tag.h"

struct element {
	char name[TAG_NAME];
	unsigned kind;	      /* which ends it may have left out */
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
