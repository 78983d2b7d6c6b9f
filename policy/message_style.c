/*
 * message_style: whether a style attribute hides what it stands on.
 *
 * Reads the few CSS properties by which mail hides text from its reader. One
 * pass over the declarations. Keeps design.md §4 ("shown, not hidden by
 * style"). Style sheets in <style> are not applied.
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
	char copy[64];
	int red, green, blue;

	if (word.length >= sizeof(copy))
		return -1;
	memcpy(copy, word.at, word.length);
	copy[word.length] = '\0';
	if (sscanf(strchr(copy, '(') + 1, "%d ,%d ,%d", &red, &green, &blue) !=
	    3)
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

/* A length of at most `most` px or pt; em and % when they are 0. */
static bool
at_most(struct word word, double most)
{
	char copy[32], *end;
	double value;

	if (word.length == 0 || word.length >= sizeof(copy))
		return false;
	memcpy(copy, word.at, word.length);
	copy[word.length] = '\0';
	if (!isdigit((unsigned char)*copy) && *copy != '.')
		return false;
	value = strtod(copy, &end);
	while (isspace((unsigned char)*end))
		end++;
	if (*end == '\0' || strncasecmp(end, "px", 2) == 0 ||
	    strncasecmp(end, "pt", 2) == 0 || *end == '!')
		return value <= most;
	return value <= 0;
}

struct sizes {
	bool nothing, clipped;
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
read_declaration(struct word name, struct word value, struct html_style *out,
    struct sizes *sizes)
{
	if (is(name, "display"))
		out->hides |= begins(value, "none");
	else if (is(name, "visibility"))
		out->hides |= begins(value, "hidden") ||
		    begins(value, "collapse");
	else if (is(name, "mso-hide"))
		/* Outlook alone obeys: all others show it. */
		return;
	else if (is(name, "font-size"))
		out->hides |= at_most(value, 1.0);
	else if (is(name, "opacity"))
		out->hides |= at_most(value, 0.02);
	else if (is(name, "height") || is(name, "max-height") ||
	    is(name, "width") || is(name, "max-width"))
		sizes->nothing |= at_most(value, 1.0);
	else if (is(name, "overflow"))
		sizes->clipped |= begins(value, "hidden");
	else if (is(name, "color"))
		out->color = usher_html_color(value.at, value.length);
	else if (is(name, "background") || is(name, "background-color"))
		read_background(value, out);
}

void
usher_html_style(const char *style, size_t length, struct html_style *out)
{
	const char *at = style, *end = style + length;
	struct sizes sizes = { false, false };

	while (at < end) {
		const char *stop = memchr(at, ';', (size_t)(end - at));
		const char *colon;

		if (!stop)
			stop = end;
		colon = memchr(at, ':', (size_t)(stop - at));
		if (colon)
			read_declaration(trimmed(at, (size_t)(colon - at)),
			    trimmed(colon + 1, (size_t)(stop - colon - 1)), out,
			    &sizes);
		at = stop < end ? stop + 1 : end;
	}
	out->hides |= sizes.nothing && sizes.clipped;
}
