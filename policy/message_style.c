/*
 * message_style: whether a style hides what it stands on.
 *
 * Reads the few CSS properties by which mail hides text from its reader: the
 * last declaration counts, an important one before others, and a value that
 * CSS does not know is none. One pass over the declarations. Called for style
 * attributes by message_html.c and for sheets by message_sheet.c. Keeps
 * design.md §4 ("shown, not hidden by style").
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"

struct word {
	const char *at;
	size_t length;
};

static struct word
trimmed(const char *at, size_t length)
{
	struct word word = { at, length };

	while (word.length > 0 && isspace((unsigned char)*word.at))
		word.at++, word.length--;
	while (
	    word.length > 0 && isspace((unsigned char)word.at[word.length - 1]))
		word.length--;
	return word;
}

static bool
is(struct word word, const char *text)
{
	return word.length == strlen(text) &&
	    strncasecmp(word.at, text, word.length) == 0;
}

static bool
begins(struct word word, const char *text)
{
	return word.length >= strlen(text) &&
	    strncasecmp(word.at, text, strlen(text)) == 0;
}

static int64_t
hex(const char *text, size_t digits)
{
	int64_t value = 0;

	for (size_t i = 0; i < digits; i++) {
		int c = tolower((unsigned char)text[i]);

		if (!isxdigit(c))
			return -1;
		value = value * 16 + (c <= '9' ? c - '0' : c - 'a' + 10);
	}
	return value;
}

static int64_t
hex_color(struct word word)
{
	int64_t value;

	if (word.length == 7)
		return hex(word.at + 1, 6);
	if (word.length != 4)
		return -1;
	value = hex(word.at + 1, 3);
	if (value < 0)
		return -1;
	return (value >> 8) * 0x110000 + (value >> 4 & 15) * 0x1100 +
	    (value & 15) * 0x11;
}

static int64_t
rgb_color(struct word word)
{
	char copy[64], *alpha;
	int red, green, blue;

	if (word.length >= sizeof(copy))
		return -1;
	memcpy(copy, word.at, word.length);
	copy[word.length] = '\0';
	if (sscanf(strchr(copy, '(') + 1, "%d ,%d ,%d", &red, &green, &blue) !=
	    3)
		return -1;
	/* What shines through has no colour of its own. */
	alpha = strrchr(copy, ',');
	if (begins(word, "rgba(") && alpha && strtod(alpha + 1, NULL) < 1)
		return -1;
	return (int64_t)((red & 255) << 16 | (green & 255) << 8 | (blue & 255));
}

int64_t
usher_html_color(const char *text, size_t length)
{
	static const struct {
		const char *name;
		int64_t color;
	} names[] = {
		{ "white", 0xffffff },
		{ "black", 0 },
		{ "red", 0xff0000 },
		{ "green", 0x008000 },
		{ "blue", 0x0000ff },
		{ "gray", 0x808080 },
		{ "grey", 0x808080 },
		{ "silver", 0xc0c0c0 },
		{ "yellow", 0xffff00 },
		{ "navy", 0x000080 },
	};
	struct word word = trimmed(text, length);

	if (word.length > 0 && *word.at == '#')
		return hex_color(word);
	if (begins(word, "rgb(") || begins(word, "rgba("))
		return rgb_color(word);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (is(word, names[i].name))
			return names[i].color;
	}
	return -1;
}

/*
 * A length of at most `most` px or pt; of other units when it is 0. *is_length
 * tells whether it is one at all, *relative whether it counts in em or %.
 */
static bool
at_most(struct word word, double most, bool *is_length, bool *relative)
{
	static const char *const units[] = { "", "px", "pt", "em", "rem", "%",
		"ex", "ch", "vw", "vh", "mm", "cm", "in", "pc", NULL };
	char copy[32], *end;
	double value;
	size_t unit = 0;

	*is_length = *relative = false;
	if (word.length == 0 || word.length >= sizeof(copy))
		return false;
	memcpy(copy, word.at, word.length);
	copy[word.length] = '\0';
	if (!isdigit((unsigned char)*copy) && *copy != '.')
		return false;
	value = strtod(copy, &end);
	while (units[unit] && strcasecmp(end, units[unit]) != 0)
		unit++;
	if (!units[unit])
		return false;
	*is_length = true;
	*relative = strcmp(units[unit], "em") == 0 ||
	    strcmp(units[unit], "%") == 0 || strcmp(units[unit], "ex") == 0;
	return value <= (unit < 3 ? most : 0);
}

/* What the declarations have said so far. */
struct reading {
	bool nothing, clipped;
	bool fixed_display, fixed_visibility, fixed_size; /* important ones */
};

static void
read_background(struct word value, struct html_style *out)
{
	/* The shorthand's first word is the colour nearly always. */
	size_t first = 0;

	if (memmem(value.at, value.length, "url(", 4) ||
	    memmem(value.at, value.length, "gradient", 8)) {
		out->picture = true;
		return;
	}
	if (begins(value, "rgb"))
		first = value.length;
	while (first < value.length && !isspace((unsigned char)value.at[first]))
		first++;
	out->background = usher_html_color(value.at, first);
	out->picture = out->background < 0;
}

static void
say(enum html_said *what, bool *fixed, bool important, enum html_said value)
{
	if (value == HTML_UNSAID || (*fixed && !important))
		return;
	*what = value;
	*fixed = important;
}

static enum html_said
said_display(struct word value)
{
	static const char *const shown[] = { "block", "inline", "inline-block",
		"table", "table-cell", "table-row", "inline-table", "flex",
		"inline-flex", "grid", "list-item", "contents", "initial",
		"revert", NULL };

	if (is(value, "none"))
		return HTML_HIDES;
	for (size_t i = 0; shown[i]; i++)
		if (is(value, shown[i]))
			return HTML_SHOWS;
	return HTML_UNSAID;
}

static enum html_said
said_visibility(struct word value)
{
	if (is(value, "hidden") || is(value, "collapse"))
		return HTML_HIDES;
	return is(value, "visible") || is(value, "initial") ? HTML_SHOWS
							    : HTML_UNSAID;
}

/* Part of a size of nothing is nothing. */
static enum html_said
said_size(struct word value)
{
	static const char *const names[] = { "xx-small", "x-small", "small",
		"medium", "large", "x-large", "xx-large", "initial", NULL };
	bool is_length, relative, tiny;

	for (size_t i = 0; names[i]; i++)
		if (is(value, names[i]))
			return HTML_SHOWS;
	tiny = at_most(value, 1.0, &is_length, &relative);
	if (!is_length || (relative && !tiny))
		return HTML_UNSAID;
	return tiny ? HTML_HIDES : HTML_SHOWS;
}

/* Takes "!important" from the value. */
static bool
is_important(struct word *value)
{
	const char *mark = memrchr(value->at, '!', value->length);
	struct word rest;

	if (!mark)
		return false;
	rest = trimmed(mark + 1,
	    value->length - (size_t)(mark + 1 - value->at));
	if (!is(rest, "important"))
		return false;
	*value = trimmed(value->at, (size_t)(mark - value->at));
	return true;
}

static void
read_declaration(struct word name, struct word value, struct html_style *out,
    struct reading *reading)
{
	bool important = is_important(&value), is_length, relative;

	/* mso-hide is left alone: only Outlook obeys, all others show it. */
	if (is(name, "display"))
		say(&out->display, &reading->fixed_display, important,
		    said_display(value));
	else if (is(name, "visibility"))
		say(&out->visibility, &reading->fixed_visibility, important,
		    said_visibility(value));
	else if (is(name, "font-size"))
		say(&out->size, &reading->fixed_size, important,
		    said_size(value));
	else if (is(name, "opacity"))
		out->faint = at_most(value, 0.02, &is_length, &relative);
	else if (is(name, "height") || is(name, "max-height") ||
	    is(name, "width") || is(name, "max-width"))
		reading->nothing |= at_most(value, 1.0, &is_length, &relative);
	else if (is(name, "overflow"))
		reading->clipped = is(value, "hidden") || is(value, "clip");
	else if (is(name, "color"))
		out->color = usher_html_color(value.at, value.length);
	else if (is(name, "background") || is(name, "background-color"))
		read_background(value, out);
}

/* Comments may stand anywhere in CSS, within a word of it as well. */
static size_t
without_comments(const char *style, size_t length, char *out, size_t room)
{
	size_t n = 0;

	for (size_t i = 0; i < length && n < room; i++) {
		if (style[i] == '/' && i + 1 < length && style[i + 1] == '*') {
			const char *stop = memmem(style + i + 2, length - i - 2,
			    "*/", 2);

			if (!stop)
				break;
			i = (size_t)(stop - style) + 1;
			out[n++] = ' ';
		} else {
			out[n++] = style[i];
		}
	}
	return n;
}

void
usher_html_style(const char *style, size_t length, struct html_style *out)
{
	char clean[1000];
	const char *at, *end;
	struct reading reading = { .nothing = false };

	if (memmem(style, length, "/*", 2)) {
		length = without_comments(style, length, clean, sizeof(clean));
		style = clean;
	}
	for (at = style, end = style + length; at < end;) {
		const char *stop = memchr(at, ';', (size_t)(end - at));
		const char *colon;

		if (!stop)
			stop = end;
		colon = memchr(at, ':', (size_t)(stop - at));
		if (colon)
			read_declaration(trimmed(at, (size_t)(colon - at)),
			    trimmed(colon + 1, (size_t)(stop - colon - 1)), out,
			    &reading);
		at = stop < end ? stop + 1 : end;
	}
	out->clipped |= reading.nothing && reading.clipped;
}

bool
usher_html_style_hides(const struct html_style *style)
{
	return style->display == HTML_HIDES ||
	    style->visibility == HTML_HIDES || style->size == HTML_HIDES ||
	    style->faint || style->clipped;
}
