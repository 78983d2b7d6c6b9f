/*
 * message_html: what a reader sees of an HTML mail, as text.
 *
 * One tag, or the text up to the next, after the other, with a bounded stack
 * of what is open; tolerant of anything. What is hidden by style, and quotes of
 * earlier mails, are left out; links shown and pixels loaded are noted. Called
 * by message_page.c. Keeps design.md §4 ("shown, not hidden by
 * style, not quoted").
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "message_html.h"
#include "message_tag.h"

enum { DEEPEST = 200, LONGEST_ATTRIBUTE = 1000 };

static const struct element *
top(const struct html_page *page)
{
	static const struct element none = { .color = -1, .background = -1 };

	return page->depth > 0 ? &page->open[page->depth - 1] : &none;
}

static bool
is_shown(const struct html_page *page, const struct element *element)
{
	return !element->hidden && !element->invisible && !element->tiny &&
	    !element->quoted && !page->cut &&
	    (element->color < 0 || element->color != element->background);
}

static void
line_end(struct html_page *page)
{
	page->blank = false;
	if (page->shown != '\0' && page->shown != '\n')
		usher_buffer_puts(page->out, "\n");
	if (page->shown != '\0')
		page->shown = '\n';
}

/* Characters that nobody sees are left out, or words would be cut by them. */
static bool
is_invisible(uint32_t c)
{
	return c == 0xad || (c >= 0x200b && c <= 0x200f) ||
	    (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || c == 0x34f ||
	    c == 0x61c || c == 0x180e || (c >= 0x202a && c <= 0x202e) ||
	    (c >= 0xfe00 && c <= 0xfe0f) || (c >= 0xe0000 && c <= 0xe0fff);
}

static bool
is_blank(uint32_t c)
{
	return c <= ' ' || c == 0xa0;
}

static void
owed_blank(struct html_page *page)
{
	if (page->blank && page->shown != '\0' && page->shown != '\n')
		usher_buffer_puts(page->out, " ");
	page->blank = false;
}

static void
put(struct html_page *page, uint32_t c)
{
	char bytes[4];
	size_t n = 0;

	if (c < 0x80) {
		bytes[n++] = (char)c;
	} else if (c < 0x800) {
		bytes[n++] = (char)(0xc0 | c >> 6);
	} else if (c < 0x10000) {
		bytes[n++] = (char)(0xe0 | c >> 12);
		bytes[n++] = (char)(0x80 | (c >> 6 & 63));
	} else {
		bytes[n++] = (char)(0xf0 | c >> 18);
		bytes[n++] = (char)(0x80 | (c >> 12 & 63));
		bytes[n++] = (char)(0x80 | (c >> 6 & 63));
	}
	if (c >= 0x80)
		bytes[n++] = (char)(0x80 | (c & 63));
	owed_blank(page);
	page->shown = bytes[n - 1];
	usher_buffer_add(page->out, bytes, n);
}

/* Most text is words of ASCII, which are taken many at a time. */
static bool
put_run(struct html_page *page, bool shown)
{
	const char *begin = page->tags.at;
	size_t length = usher_tag_words(&page->tags);

	if (!shown || length == 0)
		return length > 0;
	owed_blank(page);
	page->shown = begin[length - 1];
	usher_buffer_add(page->out, begin, length);
	return true;
}

static void
put_character(struct html_page *page, uint32_t c, bool shown)
{
	if (shown && is_blank(c))
		page->blank = true;
	else if (shown && !is_invisible(c))
		put(page, c);
}

/* At least one character: a "<" that opens no tag is text. */
void
usher_html_text(struct html_page *page)
{
	bool shown = is_shown(page, top(page));
	bool in_head = (top(page)->kind & ELEMENT_HEAD) != 0;
	struct tags *tags = &page->tags;

	do {
		uint32_t c;

		if (!in_head && put_run(page, shown))
			continue;
		c = usher_tag_character(tags);
		/* Text ends a head that was not closed. */
		if (in_head && !is_blank(c)) {
			page->depth = 0;
			shown = is_shown(page, top(page));
			in_head = false;
		}
		put_character(page, c, shown);
	} while (tags->at < tags->end && *tags->at != '<');
}

static bool
marks_quote(const char *element, const struct attribute *one)
{
	if (usher_attribute_is(one, "type"))
		return strcmp(element, "blockquote") == 0 && one->length == 4 &&
		    strncasecmp(one->value, "cite", 4) == 0;
	if (!usher_attribute_is(one, "class"))
		return false;
	return usher_attribute_holds(one, "gmail_quote") ||
	    usher_attribute_holds(one, "yahoo_quoted") ||
	    usher_attribute_holds(one, "moz-cite-prefix") ||
	    usher_attribute_holds(one, "gmail_attr") ||
	    usher_attribute_holds(one, "protonmail_quote") ||
	    usher_attribute_holds(one, "zmail_extra");
}

/* Outlook and others mark where the earlier mail begins, not where it ends. */
static bool
marks_cut(const struct attribute *one)
{
	return usher_attribute_is(one, "id") &&
	    (usher_attribute_holds(one, "divRplyFwdMsg") ||
		usher_attribute_holds(one, "appendonsend") ||
		usher_attribute_holds(one,
		    "mail-editor-reference-message-container"));
}

static bool
is_pixel_size(const struct attribute *one)
{
	return (one->length == 1 ||
		   (one->length == 3 &&
		       strncasecmp(one->value + 1, "px", 2) == 0)) &&
	    (*one->value == '0' || *one->value == '1');
}

struct seen { /* of one tag's attributes */
	struct html_style style;
	bool styled, hidden, quoted, zero_width, zero_height;
	bool picture;
	int64_t color, background; /* which a style overrules */
	struct attribute class, id, href, src, media;
};

static void
see_style(const struct attribute *one, struct seen *seen)
{
	char value[LONGEST_ATTRIBUTE];
	size_t length;

	/* Of an attribute given twice the first counts. */
	if (seen->styled)
		return;
	seen->styled = true;
	if (!memchr(one->value, '&', one->length)) {
		usher_html_style(one->value, one->length, &seen->style);
		return;
	}
	length = usher_html_resolve(one->value, one->length, value,
	    sizeof(value));
	usher_html_style(value, length, &seen->style);
}

static void
see(struct html_page *page, const char *element, struct seen *seen)
{
	struct attribute one;

	while (usher_tag_attribute(&page->tags, &one)) {
		if (usher_attribute_is(&one, "style"))
			see_style(&one, seen);
		else if (usher_attribute_is(&one, "hidden"))
			seen->hidden = true;
		else if (usher_attribute_is(&one, "bgcolor"))
			seen->background = usher_html_color(one.value,
			    one.length);
		else if (usher_attribute_is(&one, "color"))
			seen->color = usher_html_color(one.value, one.length);
		else if (usher_attribute_is(&one, "background"))
			seen->picture = true;
		else if (usher_attribute_is(&one, "class"))
			seen->class = one;
		else if (usher_attribute_is(&one, "id"))
			seen->id = one;
		else if (usher_attribute_is(&one, "media"))
			seen->media = one;
		else if (usher_attribute_is(&one, "href"))
			seen->href = one;
		else if (usher_attribute_is(&one, "src"))
			seen->src = one;
		else if (usher_attribute_is(&one, "width"))
			seen->zero_width = is_pixel_size(&one);
		else if (usher_attribute_is(&one, "height"))
			seen->zero_height = is_pixel_size(&one);
		if (marks_quote(element, &one))
			seen->quoted = true;
		if (marks_cut(&one))
			page->cut = true;
	}
	if (page->sheet) {
		usher_sheet_apply(page->sheet, '.', seen->class.value,
		    seen->class.length, &seen->style);
		usher_sheet_apply(page->sheet, '#', seen->id.value,
		    seen->id.length, &seen->style);
	}
	if (seen->hidden && seen->style.display == HTML_UNSAID)
		seen->style.display = HTML_HIDES;
}

static void
note_link(struct html_page *page, const struct attribute *link, bool shown)
{
	char value[LONGEST_ATTRIBUTE];
	size_t length;

	if (!memchr(link->value, '&', link->length)) {
		usher_link_note(link->value, link->length, shown,
		    page->content);
		return;
	}
	length = usher_html_resolve(link->value, link->length, value,
	    sizeof(value));
	usher_link_note(value, length, shown, page->content);
}

static void
note_links(struct html_page *page, const struct seen *seen,
    const struct element *inside)
{
	bool anchor = (inside->kind & ELEMENT_ANCHOR) != 0;

	if (seen->href.length > 0)
		note_link(page, &seen->href, anchor && is_shown(page, inside));
	if (!(inside->kind & ELEMENT_PICTURE) || seen->src.length == 0)
		return;
	note_link(page, &seen->src, false);
	if (((seen->zero_width && seen->zero_height) ||
		usher_html_style_hides(&seen->style)) &&
	    seen->src.length > 4 &&
	    strncasecmp(seen->src.value, "http", 4) == 0)
		page->content->pixel = true;
}

/* What holds inside the element: its own, over what is around it. */
static void
inherit(struct element *element, unsigned kind, const struct seen *seen)
{
	const struct html_style *style = &seen->style;

	element->kind = kind;
	if (style->color >= 0)
		element->color = style->color;
	else if (seen->color >= 0)
		element->color = seen->color;
	if (style->picture || seen->picture)
		element->background = -1;
	else if (style->background >= 0)
		element->background = style->background;
	else if (seen->background >= 0)
		element->background = seen->background;
	element->hidden |= style->display == HTML_HIDES || style->faint ||
	    style->clipped || (kind & ELEMENT_UNSEEN);
	if (style->visibility != HTML_UNSAID)
		element->invisible = style->visibility == HTML_HIDES;
	if (style->size != HTML_UNSAID)
		element->tiny = style->size == HTML_HIDES;
	element->quoted |= seen->quoted;
}

void
usher_html_close(struct html_page *page)
{
	char name[TAG_NAME];
	struct attribute ignored;
	size_t depth = page->depth;
	unsigned kind;

	usher_tag_name(&page->tags, name);
	kind = usher_element_kind(name);
	while (usher_tag_attribute(&page->tags, &ignored))
		;
	while (depth > 0 &&
	    (*page->open[depth - 1].name != *name ||
		strcmp(page->open[depth - 1].name, name) != 0))
		depth--;
	/* A cell's end closes what was left open in it, and no more. */
	if (depth > 0)
		page->depth = depth - 1;
	if ((kind & ELEMENT_BREAKS) && !top(page)->hidden)
		line_end(page);
	else if (kind & ELEMENT_CELL)
		page->blank = true;
}

/* Closes the innermost of `ends`, unless one of `walls` stands before it. */
static void
close_innermost(struct html_page *page, unsigned ends, unsigned walls)
{
	for (size_t depth = page->depth; depth > 0; depth--) {
		unsigned kind = page->open[depth - 1].kind;

		if (kind & ends)
			page->depth = depth - 1;
		if (kind & (ends | walls))
			return;
	}
}

/* Ends that HTML lets writers leave out. */
static void
close_implied(struct html_page *page, unsigned kind)
{
	const unsigned walls = ELEMENT_CELL | ELEMENT_TABLE | ELEMENT_WALL;

	if ((kind & ELEMENT_BODY) ||
	    ((top(page)->kind & ELEMENT_HEAD) && !(kind & ELEMENT_OF_HEAD)))
		page->depth = 0;
	else if (kind & (ELEMENT_CELL | ELEMENT_ROW))
		close_innermost(page, kind & (ELEMENT_CELL | ELEMENT_ROW),
		    ELEMENT_TABLE);
	else if (kind & ELEMENT_TERM)
		close_innermost(page, ELEMENT_TERM, walls);
	else if (kind & ELEMENT_ITEM)
		close_innermost(page, ELEMENT_ITEM,
		    ELEMENT_LIST | ELEMENT_CELL | ELEMENT_TABLE);
	else if (kind & ELEMENT_OPTION & top(page)->kind)
		page->depth--;
	if ((kind & ELEMENT_BREAKS) &&
	    !(kind & (ELEMENT_ROW | ELEMENT_TERM | ELEMENT_LINE)))
		close_innermost(page, ELEMENT_PARAGRAPH, walls);
}

static bool
is_sheet(unsigned kind, const struct seen *seen)
{
	const struct attribute *media = &seen->media;

	if (!(kind & ELEMENT_STYLE))
		return false;
	return media->length == 0 ||
	    (media->length == 3 && memcmp(media->value, "all", 3) == 0) ||
	    (media->length == 6 && memcmp(media->value, "screen", 6) == 0);
}

static bool
has_room(struct html_page *page)
{
	size_t room = page->open_room ? 2 * page->open_room : 16;
	struct element *open;

	if (page->depth < page->open_room)
		return true;
	open = realloc(page->open, room * sizeof(*open));
	if (!open) {
		page->out->failed = true;
		return false;
	}
	page->open = open;
	page->open_room = room;
	return true;
}

static void
count_element(struct message_content *content, unsigned kind)
{
	content->pictures += (kind & ELEMENT_PICTURE) != 0;
	content->tables += (kind & ELEMENT_TABLE) != 0;
	content->fonts += (kind & ELEMENT_FONT) != 0;
	content->forms += (kind & ELEMENT_FORM) != 0;
}

/* What an element is once its attributes have been seen. */
static void
open_element(struct html_page *page, const char *name, unsigned kind,
    const struct seen *seen)
{
	struct element element;

	close_implied(page, kind);
	element = *top(page);
	memcpy(element.name, name, sizeof(element.name));
	inherit(&element, kind, seen);
	note_links(page, seen, &element);
	if (element.quoted && !top(page)->quoted)
		page->content->quoted = true;
	if ((kind & ELEMENT_BREAKS) && !top(page)->hidden)
		line_end(page);
	if (kind & ELEMENT_RAW) {
		page->skips = RAW;
		memcpy(page->raw, name, sizeof(page->raw));
		page->css_wanted = is_sheet(kind, seen);
		return;
	}
	if (!(kind & ELEMENT_VOID) && page->depth < DEEPEST && has_room(page))
		page->open[page->depth++] = element;
}

#define NOTHING_SEEN                                                     \
	{                                                                \
		.style = { .color = -1, .background = -1 }, .color = -1, \
		.background = -1,                                        \
	}

static void
open_seen(struct html_page *page, const char *name, unsigned kind)
{
	struct seen seen = NOTHING_SEEN;

	see(page, name, &seen);
	open_element(page, name, kind, &seen);
}

/* Most tags of most mails have no attributes. */
void
usher_html_open(struct html_page *page)
{
	static const struct seen nothing = NOTHING_SEEN;
	char name[TAG_NAME] = "";
	unsigned kind;

	usher_tag_name(&page->tags, name);
	kind = usher_element_kind(name);
	count_element(page->content, kind);
	if (usher_tag_ends(&page->tags))
		open_element(page, name, kind, &nothing);
	else
		open_seen(page, name, kind);
}
