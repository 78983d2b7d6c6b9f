/*
 * message_sheet: what the style sheets of an HTML mail hide.
 *
 * Words are salted with letters that a class hides, so sheets count. Hidden is
 * what a selector of one class or id hides, alone or behind the name of an
 * element; any other rule that names the same and shows it wins, whatever its
 * place: text that some reader may see is rather read than not. Rules within
 * @media and its like are left out, as they do not hold for everybody. One
 * pass. Keeps design.md §4 ("shown, not hidden by style").
 */
#include <ctype.h>
#include <string.h>

#include "message_sheet.h"

struct span {
	const char *at, *end;
};

static bool
is_name(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_' ||
	    ((unsigned char)c & 0x80) != 0;
}

/* Behind the comment at `at`, or `at` when none stands there. */
static const char *
behind_comment(const char *at, const char *end)
{
	const char *stop;

	if (end - at < 2 || at[0] != '/' || at[1] != '*')
		return at;
	stop = memmem(at + 2, (size_t)(end - at - 2), "*/", 2);
	return stop ? stop + 2 : end;
}

/* Behind the at-rule at `at`, with its block if it has one. */
static const char *
behind_at_rule(const char *at, const char *end)
{
	size_t depth = 0;

	while (at < end) {
		const char *behind = behind_comment(at, end);

		if (behind != at) {
			at = behind;
			continue;
		}
		if (*at == ';' && depth == 0)
			return at + 1;
		if (*at == '{')
			depth++;
		else if (*at == '}' && (depth == 0 || --depth == 0))
			return at + 1;
		at++;
	}
	return at;
}

static struct html_style *
mark(struct sheet *sheet, const char *name, size_t length)
{
	if (length < 2 || length >= SHEET_NAME)
		return NULL;
	for (size_t i = 0; i < sheet->count; i++) {
		if (strncasecmp(sheet->marks[i].name, name, length) == 0 &&
		    sheet->marks[i].name[length] == '\0')
			return &sheet->marks[i].style;
	}
	if (sheet->count == SHEET_MARKS)
		return NULL;
	memcpy(sheet->marks[sheet->count].name, name, length);
	sheet->marks[sheet->count].name[length] = '\0';
	sheet->marks[sheet->count].style = (struct html_style){ .color = -1,
		.background = -1 };
	return &sheet->marks[sheet->count++].style;
}

static void
merge(enum html_said *known, enum html_said said, bool simple)
{
	if (said == HTML_SHOWS ||
	    (said == HTML_HIDES && simple && *known == HTML_UNSAID))
		*known = said;
}

static void
note(struct sheet *sheet, struct span name, const struct html_style *style,
    bool simple)
{
	struct html_style *known = mark(sheet, name.at,
	    (size_t)(name.end - name.at));

	if (!known)
		return;
	merge(&known->display, style->display, simple);
	merge(&known->visibility, style->visibility, simple);
	merge(&known->size, style->size, simple);
	known->faint |= simple && style->faint;
	known->clipped |= simple && style->clipped;
	known->picture |= style->picture || style->background >= 0;
}

/* One of the selectors: every class and id in it is told of. */
static void
read_selector(struct sheet *sheet, struct span selector,
    const struct html_style *style)
{
	const char *at, *stop, *element_end;
	bool simple;

	while (
	    selector.at < selector.end && isspace((unsigned char)*selector.at))
		selector.at++;
	while (selector.end > selector.at &&
	    isspace((unsigned char)selector.end[-1]))
		selector.end--;
	for (element_end = selector.at;
	     element_end < selector.end && is_name(*element_end);)
		element_end++;
	for (at = element_end; at < selector.end; at = stop) {
		for (stop = at + 1; stop < selector.end && is_name(*stop);)
			stop++;
		if (*at != '.' && *at != '#')
			continue;
		simple = at == element_end && stop == selector.end;
		note(sheet, (struct span){ at, stop }, style, simple);
	}
}

static bool
says_something(const struct html_style *style)
{
	return style->display != HTML_UNSAID ||
	    style->visibility != HTML_UNSAID || style->size != HTML_UNSAID ||
	    style->faint || style->clipped || style->picture ||
	    style->background >= 0;
}

static void
read_rule(struct sheet *sheet, struct span selectors, struct span declarations)
{
	struct html_style style = { .color = -1, .background = -1 };

	usher_html_style(declarations.at,
	    (size_t)(declarations.end - declarations.at), &style);
	if (!says_something(&style))
		return;
	while (selectors.at < selectors.end) {
		const char *comma = memchr(selectors.at, ',',
		    (size_t)(selectors.end - selectors.at));
		const char *stop = comma ? comma : selectors.end;

		read_selector(sheet, (struct span){ selectors.at, stop },
		    &style);
		selectors.at = comma ? comma + 1 : selectors.end;
	}
}

void
usher_sheet_read(struct sheet *sheet, const char *css, size_t length)
{
	const char *at = css, *end = length > 0 ? css + length : css;
	const char *open, *close;

	while (at < end) {
		const char *behind = behind_comment(at, end);

		if (behind != at) {
			at = behind;
		} else if (end - at >= 4 && memcmp(at, "<!--", 4) == 0) {
			at += 4;
		} else if (end - at >= 3 && memcmp(at, "-->", 3) == 0) {
			at += 3;
		} else if (isspace((unsigned char)*at) || *at == '}') {
			at++;
		} else if (*at == '@') {
			at = behind_at_rule(at, end);
		} else {
			open = memchr(at, '{', (size_t)(end - at));
			if (!open)
				return;
			close = memchr(open, '}', (size_t)(end - open));
			if (!close)
				close = end;
			read_rule(sheet, (struct span){ at, open },
			    (struct span){ open + 1, close });
			at = close;
		}
	}
}

static void
add(enum html_said *said, enum html_said more)
{
	if (*said == HTML_UNSAID)
		*said = more;
}

void
usher_sheet_apply(const struct sheet *sheet, char kind, const char *names,
    size_t length, struct html_style *style)
{
	const char *at = names, *end, *stop;

	/* Names that were not given are no string, not even an empty one. */
	if (length == 0)
		return;
	for (end = names + length; at < end; at = stop + (stop < end)) {
		for (stop = at; stop < end && !isspace((unsigned char)*stop);)
			stop++;
		for (size_t i = 0; i < sheet->count; i++) {
			const char *name = sheet->marks[i].name;
			const struct html_style *known = &sheet->marks[i].style;

			if (*name != kind ||
			    strlen(name + 1) != (size_t)(stop - at) ||
			    strncasecmp(name + 1, at, (size_t)(stop - at)) != 0)
				continue;
			add(&style->display, known->display);
			add(&style->visibility, known->visibility);
			add(&style->size, known->size);
			style->faint |= known->faint;
			style->clipped |= known->clipped;
			style->picture |= known->picture &&
			    style->background < 0;
		}
	}
}
