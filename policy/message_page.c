/*
 * message_page: an HTML part, read as its pieces come.
 *
 * What is not whole yet, a tag or a reference, is waited for within bounds;
 * comments, scripts and pictures written into a tag are passed over without
 * being kept. Called by message_leaf.c.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "message_html.h"

/*
 * A tag is read once it is whole, or longer than any that people write (what
 * is longer holds a picture); a look waits for AT_ONCE new bytes, so that what
 * is not whole is not gone through again with every byte.
 */
enum {
	LONGEST_TAG = 8192,
	AT_ONCE = 2048,
	LONGEST_ENTITY = 40,
	LONGEST_SHEET = 65536
};

/*
 * Past the end of the tag at `at`, or NULL when it has not come yet. Quotes
 * count behind a `=` alone, as usher_tag_attribute() reads them.
 */
static const char *
tag_end(const char *at, const char *end)
{
	char before = '\0';

	for (at++; at < end; at++) {
		if (*at == '>')
			return at + 1;
		if (before == '=' && (*at == '"' || *at == '\'')) {
			at = memchr(at + 1, *at, (size_t)(end - at - 1));
			if (!at)
				return NULL;
		}
		if (!isspace((unsigned char)*at))
			before = *at;
	}
	return NULL;
}

/* Of what is passed over a style sheet is read, when its end has come. */
static void
keep_css(struct html_page *page, const char *css, size_t length, bool whole)
{
	struct buffer *kept = &page->css;

	if (!page->css_wanted)
		return;
	if (length > LONGEST_SHEET - kept->length)
		length = LONGEST_SHEET - kept->length;
	usher_buffer_add(kept, css, length);
	if (whole && !page->sheet)
		page->sheet = calloc(1, sizeof(*page->sheet));
	if (kept->failed || (whole && !page->sheet))
		page->out->failed = true;
	else if (whole)
		usher_sheet_read(page->sheet, kept->data, kept->length);
	if (whole)
		usher_buffer_free(kept);
}

/* False: the end of what is passed over has not come yet. */
static bool
pass_over(struct html_page *page)
{
	struct tags *tags = &page->tags;
	size_t left = (size_t)(tags->end - tags->at), keep = 0;
	const char *begin = tags->at, *found = NULL;

	if (page->skips == COMMENT) {
		found = usher_tag_comment_end(tags->at, tags->end);
		keep = 3;
	} else if (page->skips == LONG_TAG) {
		found = memchr(tags->at, '>', left);
		found = found ? found + 1 : NULL;
	} else {
		usher_tag_skip_raw(tags, page->raw);
		found = tags->at < tags->end ? tags->at : NULL;
		tags->at = tags->end - left;
		keep = strlen(page->raw) + 2;
	}
	tags->at = found ? found : tags->end - (left < keep ? left : keep);
	if (page->skips == RAW)
		keep_css(page, begin, (size_t)(tags->at - begin),
		    found != NULL);
	if (found)
		page->skips = NOTHING;
	return found != NULL;
}

/* Whether what begins with `<` is whole; one too long is cut off. */
static bool
is_whole(struct html_page *page, bool last)
{
	const struct tags *tags = &page->tags;
	size_t left = (size_t)(tags->end - tags->at);

	if (last)
		return true;
	if (left < 4)
		return false;
	/* <p> and </p>, as most are */
	if (tags->at[tags->at[1] == '/' ? 3 : 2] == '>')
		return true;
	if (memcmp(tags->at, "<!--", 4) == 0)
		return left > 5;
	if (tag_end(tags->at, tags->end))
		return true;
	if (left < LONGEST_TAG)
		return false;
	page->skips = LONG_TAG;
	return true;
}

/* A reference that is not whole is waited for. */
static const char *
text_end(const struct tags *tags, bool last)
{
	size_t left = (size_t)(tags->end - tags->at);
	size_t tail = left < LONGEST_ENTITY ? left : LONGEST_ENTITY;
	const char *begin;

	if (last)
		return tags->end;
	begin = memrchr(tags->end - tail, '&', tail);
	if (!begin || memchr(begin, '<', (size_t)(tags->end - begin)) ||
	    memchr(begin, ';', (size_t)(tags->end - begin)))
		return tags->end;
	return begin;
}

static bool
step_text(struct html_page *page, bool last)
{
	const char *end = page->tags.end;
	const char *stop = text_end(&page->tags, last);

	if (stop == page->tags.at)
		return false;
	page->tags.end = stop;
	usher_html_text(page);
	page->tags.end = end;
	return true;
}

/* HTML reads "<!-->" and "<!--->" as whole comments. */
static void
begin_comment(struct html_page *page, const char *at)
{
	size_t left = (size_t)(page->tags.end - at);
	size_t short_one = left > 0 && at[0] == '>'    ? 1
	    : left > 1 && at[0] == '-' && at[1] == '>' ? 2
						       : 0;

	page->tags.at = at + short_one;
	if (short_one == 0)
		page->skips = COMMENT;
}

static bool
step_tag(struct html_page *page, bool last)
{
	const char *at = page->tags.at;
	bool was_cut;

	if (!is_whole(page, last))
		return false;
	was_cut = page->skips == LONG_TAG;
	page->skips = NOTHING;
	if (page->tags.end - at >= 4 && memcmp(at, "<!--", 4) == 0) {
		begin_comment(page, at + 4);
	} else if (at[1] == '!' || at[1] == '?') {
		usher_tag_skip_declaration(&page->tags);
	} else if (at[1] == '/') {
		page->tags.at += 2;
		usher_html_close(page);
	} else {
		page->tags.at += 1;
		usher_html_open(page);
	}
	if (was_cut)
		page->skips = LONG_TAG;
	return true;
}

static bool
step(struct html_page *page, bool last)
{
	const char *at = page->tags.at;
	size_t left = (size_t)(page->tags.end - at);

	if (page->skips != NOTHING)
		return pass_over(page);
	if (*at != '<')
		return step_text(page, last);
	if (left < 2 && !last)
		return false;
	if (left >= 2 &&
	    (at[1] == '/' || at[1] == '!' || at[1] == '?' ||
		isalpha((unsigned char)at[1])))
		return step_tag(page, last);
	return step_text(page, last);
}

void
usher_page_feed(struct html_page *page, const char *html, size_t length,
    bool last)
{
	struct buffer *pending = &page->pending;

	usher_buffer_add(pending, html, length);
	if (pending->failed)
		page->out->failed = true;
	if (pending->failed || (pending->length < page->wanted && !last))
		return;
	/* What is shown of it is no longer than it is. */
	usher_buffer_expect(page->out, pending->length + 1);
	page->tags.at = pending->data;
	page->tags.end = pending->data + pending->length;
	while (page->tags.at < page->tags.end && step(page, last))
		;
	pending->length = (size_t)(page->tags.end - page->tags.at);
	memmove(pending->data, page->tags.at, pending->length);
	page->wanted = pending->length + AT_ONCE;
	if (last)
		usher_buffer_puts(page->out, "\n");
	if (page->cut)
		page->content->quoted = true;
}

struct html_page *
usher_page_new(struct buffer *out, struct message_content *content)
{
	struct html_page *page = calloc(1, sizeof(*page));

	if (page) {
		page->out = out;
		page->content = content;
		page->wanted = AT_ONCE;
	}
	return page;
}

void
usher_page_free(struct html_page *page)
{
	if (!page)
		return;
	usher_buffer_free(&page->pending);
	usher_buffer_free(&page->css);
	free(page->sheet);
	free(page->open);
	free(page);
}
