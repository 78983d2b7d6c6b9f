/*
 * message_element: what is known of the elements of HTML by their names.
 *
 * Found once a tag, instead of in one list after the other. Called by
 * message_html.c.
 */
#include <string.h>

#include "message_html.h"

unsigned
usher_element_kind(const char *name)
{
	/* The most frequent first, be they of interest or not. */
	static const struct {
		const char *name;
		unsigned kind;
	} known[] = {
		{ "p", ELEMENT_BREAKS | ELEMENT_PARAGRAPH },
		{ "br", ELEMENT_BREAKS | ELEMENT_LINE | ELEMENT_VOID },
		{ "div", ELEMENT_BREAKS },
		{ "td", ELEMENT_CELL },
		{ "tr", ELEMENT_BREAKS | ELEMENT_ROW },
		{ "span", 0 },
		{ "a", ELEMENT_ANCHOR },
		{ "table", ELEMENT_BREAKS | ELEMENT_TABLE },
		{ "b", 0 },
		{ "strong", 0 },
		{ "img", ELEMENT_PICTURE | ELEMENT_VOID },
		{ "font", ELEMENT_FONT },
		{ "li", ELEMENT_BREAKS | ELEMENT_ITEM },
		{ "i", 0 },
		{ "u", 0 },
		{ "em", 0 },
		{ "ul", ELEMENT_BREAKS | ELEMENT_LIST },
		{ "tbody", 0 },
		{ "style", ELEMENT_RAW | ELEMENT_STYLE | ELEMENT_OF_HEAD },
		{ "body", ELEMENT_BODY },
		{ "head", ELEMENT_HEAD | ELEMENT_UNSEEN },
		{ "html", 0 },
		{ "meta", ELEMENT_VOID | ELEMENT_OF_HEAD },
		{ "area", ELEMENT_ANCHOR | ELEMENT_VOID },
		{ "article", ELEMENT_BREAKS },
		{ "base", ELEMENT_VOID | ELEMENT_OF_HEAD },
		{ "blockquote", ELEMENT_BREAKS },
		{ "button", ELEMENT_WALL },
		{ "caption", ELEMENT_WALL },
		{ "center", ELEMENT_BREAKS },
		{ "col", ELEMENT_VOID },
		{ "datalist", ELEMENT_UNSEEN },
		{ "dd", ELEMENT_BREAKS | ELEMENT_TERM },
		{ "dl", ELEMENT_BREAKS },
		{ "dt", ELEMENT_BREAKS | ELEMENT_TERM },
		{ "embed", ELEMENT_VOID },
		{ "footer", ELEMENT_BREAKS },
		{ "form", ELEMENT_FORM },
		{ "h1", ELEMENT_BREAKS },
		{ "h2", ELEMENT_BREAKS },
		{ "h3", ELEMENT_BREAKS },
		{ "h4", ELEMENT_BREAKS },
		{ "h5", ELEMENT_BREAKS },
		{ "h6", ELEMENT_BREAKS },
		{ "header", ELEMENT_BREAKS },
		{ "hr", ELEMENT_BREAKS | ELEMENT_VOID },
		{ "iframe", ELEMENT_RAW },
		{ "input", ELEMENT_VOID },
		{ "link", ELEMENT_VOID | ELEMENT_OF_HEAD },
		{ "noframes", ELEMENT_UNSEEN },
		{ "noscript", ELEMENT_OF_HEAD },
		{ "o:p", ELEMENT_VOID },
		{ "object", ELEMENT_WALL },
		{ "ol", ELEMENT_BREAKS | ELEMENT_LIST },
		{ "option", ELEMENT_OPTION },
		{ "pre", ELEMENT_BREAKS },
		{ "script", ELEMENT_RAW | ELEMENT_OF_HEAD },
		{ "section", ELEMENT_BREAKS },
		{ "select", ELEMENT_UNSEEN },
		{ "source", ELEMENT_VOID },
		{ "template", ELEMENT_UNSEEN | ELEMENT_OF_HEAD },
		{ "th", ELEMENT_CELL },
		{ "title", ELEMENT_UNSEEN | ELEMENT_OF_HEAD },
		{ "wbr", ELEMENT_VOID },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (*known[i].name == *name && strcmp(known[i].name, name) == 0)
			return known[i].kind;
	}
	return 0;
}
