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
	/* In order, so that a look ends early. */
	static const struct {
		const char *name;
		unsigned kind;
	} known[] = {
		{ "a", ELEMENT_ANCHOR },
		{ "area", ELEMENT_ANCHOR | ELEMENT_VOID },
		{ "article", ELEMENT_BREAKS },
		{ "base", ELEMENT_VOID | ELEMENT_OF_HEAD },
		{ "blockquote", ELEMENT_BREAKS },
		{ "body", ELEMENT_BODY },
		{ "br", ELEMENT_BREAKS | ELEMENT_LINE | ELEMENT_VOID },
		{ "button", ELEMENT_WALL },
		{ "caption", ELEMENT_WALL },
		{ "center", ELEMENT_BREAKS },
		{ "col", ELEMENT_VOID },
		{ "datalist", ELEMENT_UNSEEN },
		{ "dd", ELEMENT_BREAKS | ELEMENT_TERM },
		{ "div", ELEMENT_BREAKS },
		{ "dl", ELEMENT_BREAKS },
		{ "dt", ELEMENT_BREAKS | ELEMENT_TERM },
		{ "embed", ELEMENT_VOID },
		{ "font", ELEMENT_FONT },
		{ "footer", ELEMENT_BREAKS },
		{ "form", ELEMENT_FORM },
		{ "h1", ELEMENT_BREAKS },
		{ "h2", ELEMENT_BREAKS },
		{ "h3", ELEMENT_BREAKS },
		{ "h4", ELEMENT_BREAKS },
		{ "h5", ELEMENT_BREAKS },
		{ "h6", ELEMENT_BREAKS },
		{ "head", ELEMENT_HEAD | ELEMENT_UNSEEN },
		{ "header", ELEMENT_BREAKS },
		{ "hr", ELEMENT_BREAKS | ELEMENT_VOID },
		{ "iframe", ELEMENT_RAW },
		{ "img", ELEMENT_PICTURE | ELEMENT_VOID },
		{ "input", ELEMENT_VOID },
		{ "li", ELEMENT_BREAKS | ELEMENT_ITEM },
		{ "link", ELEMENT_VOID | ELEMENT_OF_HEAD },
		{ "meta", ELEMENT_VOID | ELEMENT_OF_HEAD },
		{ "noframes", ELEMENT_UNSEEN },
		{ "noscript", ELEMENT_OF_HEAD },
		{ "o:p", ELEMENT_VOID },
		{ "object", ELEMENT_WALL },
		{ "ol", ELEMENT_BREAKS | ELEMENT_LIST },
		{ "option", ELEMENT_OPTION },
		{ "p", ELEMENT_BREAKS | ELEMENT_PARAGRAPH },
		{ "pre", ELEMENT_BREAKS },
		{ "script", ELEMENT_RAW | ELEMENT_OF_HEAD },
		{ "section", ELEMENT_BREAKS },
		{ "select", ELEMENT_UNSEEN },
		{ "source", ELEMENT_VOID },
		{ "style", ELEMENT_RAW | ELEMENT_STYLE | ELEMENT_OF_HEAD },
		{ "table", ELEMENT_BREAKS | ELEMENT_TABLE },
		{ "td", ELEMENT_CELL },
		{ "template", ELEMENT_UNSEEN | ELEMENT_OF_HEAD },
		{ "th", ELEMENT_CELL },
		{ "title", ELEMENT_UNSEEN | ELEMENT_OF_HEAD },
		{ "tr", ELEMENT_BREAKS | ELEMENT_ROW },
		{ "ul", ELEMENT_BREAKS | ELEMENT_LIST },
		{ "wbr", ELEMENT_VOID },
	};

	for (size_t i = 0;
	     i < sizeof(known) / sizeof(known[0]) && *known[i].name <= *name;
	     i++) {
		if (*known[i].name == *name && strcmp(known[i].name, name) == 0)
			return known[i].kind;
	}
	return 0;
}
