/*
 * message_sheet: what the style sheets of an HTML mail hide, for
 * message_html.c alone.
 */
#ifndef USHER_MESSAGE_SHEET_H
#define USHER_MESSAGE_SHEET_H

#include "message.h"

enum { SHEET_NAME = 32, SHEET_MARKS = 64 }; /* what is more is not hidden */

struct sheet {
	size_t count;
	struct {
		char name[SHEET_NAME]; /* ".class" or "#id" */
		struct html_style style;
	} marks[SHEET_MARKS];
};

/* The content of one <style>. */
void usher_sheet_read(struct sheet *sheet, const char *css, size_t length);
/*
 * Adds to `style` what the sheets say of the elements with one of `names`:
 * kind '.' is a list of classes, '#' an id. What the style says itself stays.
 */
void usher_sheet_apply(const struct sheet *sheet, char kind, const char *names,
    size_t length, struct html_style *style);

#endif
