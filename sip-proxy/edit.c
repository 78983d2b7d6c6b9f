/*
 * edit.c - the list of edits, and writing it out.
 *
 * The floor under edit_sip.c, which knows headers: here there are only offsets
 * and bytes. Called by whoever forwards. Owns the text to insert, in the struct
 * itself, so nothing is allocated on the way of a message.
 */
#include "edit.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

void
sip_edit_begin(struct sip_edit *e, const struct sip_msg *msg)
{
	e->msg = msg;
	e->error = 0;
	e->count = 0;
	e->used = 0;
}

static void
fail(struct sip_edit *e, int error)
{
	if (!e->error)
		e->error = error;
}

/*
 * Kept sorted by offset; at one offset in the order given, but an insertion
 * stands before a deletion that begins there, so that what is put "before" a
 * removed line does not depend on who came first.
 */
static void
add(struct sip_edit *e, const char *at, size_t cut, size_t text,
    size_t text_len)
{
	const struct span *all = &e->msg->all;
	struct sip_edit_item item;
	unsigned i = e->count;

	if (e->error)
		return;
	if (!at || at < all->p || cut > all->l ||
	    (size_t)(at - all->p) > all->l - cut) {
		fail(e, EINVAL);
		return;
	}
	if (e->count == SIP_EDITS_MAX) {
		fail(e, ENOSPC);
		return;
	}
	item.at = (uint32_t)(at - all->p);
	item.cut = (uint32_t)cut;
	item.text = (uint16_t)text;
	item.text_len = (uint16_t)text_len;
	for (; i > 0; i--) {
		const struct sip_edit_item *b = &e->items[i - 1];

		if (b->at < item.at ||
		    (b->at == item.at && !(cut == 0 && b->cut > 0)))
			break;
		e->items[i] = *b;
	}
	e->items[i] = item;
	e->count++;
}

static size_t
keep(struct sip_edit *e, struct span text)
{
	size_t at = e->used;

	if (text.l > SIP_EDIT_TEXT - e->used) {
		fail(e, ENOSPC);
		return 0;
	}
	if (text.l)
		memcpy(e->text + at, text.p, text.l);
	e->used += text.l;
	return at;
}

void
sip_edit_insert(struct sip_edit *e, const char *at, struct span text)
{
	add(e, at, 0, keep(e, text), text.l);
}

void
sip_edit_delete(struct sip_edit *e, struct span what)
{
	if (what.l)
		add(e, what.p, what.l, 0, 0);
}

void
sip_edit_replace(struct sip_edit *e, struct span what, struct span text)
{
	add(e, what.p, what.l, keep(e, text), text.l);
}

void
sip_edit_insertf(struct sip_edit *e, const char *at, const char *fmt, ...)
{
	size_t room = SIP_EDIT_TEXT - e->used, start = e->used;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(e->text + start, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room) {
		fail(e, ENOSPC);
		return;
	}
	e->used += (size_t)n;
	add(e, at, 0, start, (size_t)n);
}

struct out {
	char *p;
	size_t left;
	bool full;
};

static void
put(struct out *o, const char *bytes, size_t len)
{
	if (len > o->left)
		o->full = true;
	if (o->full || len == 0)
		return;
	memcpy(o->p, bytes, len);
	o->p += len;
	o->left -= len;
}

int
sip_edit_apply(struct sip_edit *e, char *out, size_t size, size_t *len)
{
	struct out o = { .p = out, .left = size };
	const struct span *all = &e->msg->all;
	size_t at = 0;

	for (unsigned i = 0; i < e->count && !e->error; i++) {
		const struct sip_edit_item *item = &e->items[i];

		if (item->at < at) {
			fail(e, EINVAL);
			break;
		}
		put(&o, all->p + at, item->at - at);
		put(&o, e->text + item->text, item->text_len);
		at = (size_t)item->at + item->cut;
	}
	if (e->error)
		return e->error;
	put(&o, all->p + at, all->l - at);
	if (o.full)
		return EMSGSIZE;
	*len = (size_t)(o.p - out);
	return 0;
}
