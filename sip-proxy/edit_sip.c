/*
 * edit_sip.c - the edits a proxy makes, in the words of RFC 3261 §16.
 *
 * Via, Max-Forwards, Route, Record-Route and single headers, each turned into
 * insertions and deletions of edit.c. Lines that are not named here leave as
 * they came. Keeps RFC 3261 §16.6, §16.7 step 3, §18.2.1 and RFC 3581 §4.
 */
#include <errno.h>
#include <stdio.h>

#include "edit.h"

void
sip_edit_uri(struct sip_edit *e, struct span uri)
{
	sip_edit_replace(e, e->msg->uri, uri);
}

static void
insert_line(struct sip_edit *e, const char *at, const char *name,
    struct span value)
{
	/* One edit, not four: a value may hold any bytes but folding. */
	char line[SIP_EDIT_TEXT];
	size_t n = strlen(name);

	if (n + value.l + 4 > sizeof(line)) {
		if (!e->error)
			e->error = ENOSPC;
		return;
	}
	memcpy(line, name, n);
	memcpy(line + n, ": ", 2);
	if (value.l)
		memcpy(line + n + 2, value.p, value.l);
	memcpy(line + n + 2 + value.l, "\r\n", 2);
	sip_edit_insert(e, at, (struct span){ line, n + value.l + 4 });
}

void
sip_edit_header_add(struct sip_edit *e, const char *name, struct span value)
{
	insert_line(e, e->msg->head_end.p, name, value);
}

void
sip_edit_header_before(struct sip_edit *e, enum sip_header id, const char *name,
    struct span value)
{
	const struct sip_hdr *hdr = sip_msg_first(e->msg, id);

	insert_line(e, hdr ? hdr->line.p : e->msg->head_end.p, name, value);
}

void
sip_edit_header_after(struct sip_edit *e, enum sip_header id, const char *name,
    struct span value)
{
	uint8_t last = e->msg->last[id];
	const struct span *line = &e->msg->headers[last].line;

	insert_line(e, last ? line->p + line->l : e->msg->head_end.p, name,
	    value);
}

void
sip_edit_header_remove(struct sip_edit *e, const struct sip_hdr *hdr)
{
	sip_edit_delete(e, hdr->line);
}

void
sip_edit_header_remove_all(struct sip_edit *e, enum sip_header id)
{
	const struct sip_hdr *hdr = sip_msg_first(e->msg, id);

	for (; hdr; hdr = sip_msg_next(e->msg, hdr))
		sip_edit_delete(e, hdr->line);
}

void
sip_edit_values_remove(struct sip_edit *e, const struct sip_hdr *hdr,
    unsigned first, unsigned n)
{
	struct span rest = hdr->value, value;
	const char *from = NULL, *to = NULL, *before = NULL;

	for (unsigned i = 0; sip_value_next(&rest, &value); i++) {
		if (i < first)
			before = value.p + value.l;
		else if (i == first)
			from = value.p;
		if (i >= first && i < first + n)
			to = value.p + value.l;
		else if (i >= first + n) {
			/* Something follows: cut up to it. */
			sip_edit_delete(e, span_between(from, value.p));
			return;
		}
	}
	if (!from || !to)
		return;
	if (before)
		sip_edit_delete(e, span_between(before, to));
	else
		sip_edit_header_remove(e, hdr);
}

static unsigned
count_values(const struct sip_hdr *hdr, unsigned max)
{
	struct span rest = hdr->value, value;
	unsigned n = 0;

	while (n < max && sip_value_next(&rest, &value))
		n++;
	return n;
}

static void
pop(struct sip_edit *e, enum sip_header id, unsigned n)
{
	const struct sip_hdr *hdr = sip_msg_first(e->msg, id);

	for (; hdr && n > 0; hdr = sip_msg_next(e->msg, hdr)) {
		unsigned here = count_values(hdr, n);

		sip_edit_values_remove(e, hdr, 0, here);
		n -= here;
	}
}

void
sip_edit_via_push(struct sip_edit *e, struct span value)
{
	sip_edit_header_before(e, SIP_HDR_VIA, "Via", value);
}

void
sip_edit_via_pop(struct sip_edit *e)
{
	pop(e, SIP_HDR_VIA, 1);
}

void
sip_edit_route_pop(struct sip_edit *e, unsigned n)
{
	pop(e, SIP_HDR_ROUTE, n);
}

void
sip_edit_record_route(struct sip_edit *e, struct span value)
{
	const struct sip_hdr *hdr = sip_msg_first(e->msg, SIP_HDR_RECORD_ROUTE);

	/* Near the top, below the Vias: where others expect it. */
	if (hdr)
		insert_line(e, hdr->line.p, "Record-Route", value);
	else
		sip_edit_header_after(e, SIP_HDR_VIA, "Record-Route", value);
}

void
sip_edit_max_forwards(struct sip_edit *e, unsigned absent)
{
	const struct sip_hdr *hdr = sip_msg_first(e->msg, SIP_HDR_MAX_FORWARDS);
	char text[16];
	int now = e->msg->max_forwards;

	(void)snprintf(text, sizeof(text), "%u",
	    hdr ? (unsigned)(now > 0 ? now - 1 : 0) : absent);
	if (hdr)
		sip_edit_replace(e, hdr->value, span_of(text));
	else
		sip_edit_header_after(e, SIP_HDR_VIA, "Max-Forwards",
		    span_of(text));
}

void
sip_edit_via_stamp(struct sip_edit *e, const union sip_addr *src)
{
	const struct sip_via *via = &e->msg->via;
	const char *end = span_end(via->value);
	char host[SIP_ADDR_TEXT], text[SIP_ADDR_TEXT + 16];
	union sip_addr sent_by;
	bool same;

	if (!via->host.p)
		return;
	same = sip_addr_parse(&sent_by, via->host, 0) == 0 &&
	    sip_addr_same_host(&sent_by, src);
	(void)sip_addr_host(src, host);
	if (via->rport.p) {
		(void)snprintf(text, sizeof(text), ";rport=%u",
		    (unsigned)sip_addr_port(src));
		sip_edit_replace(e, via->rport_param, span_of(text));
	}
	/* With rport always (RFC 3581 §4), else when sent-by is not it; and a
	 * received that the sender wrote itself is never left standing. */
	(void)snprintf(text, sizeof(text), ";received=%s", host);
	if (via->received.p)
		sip_edit_replace(e, via->received_param, span_of(text));
	else if (via->rport.p || !same)
		sip_edit_insert(e, end, span_of(text));
}
