/*
 * forward.c - a request as it leaves: RFC 3261 §16.6, by editing its bytes.
 *
 * R-URI, Via, Max-Forwards, Route and Record-Route; what a verdict changes is
 * in divert.c, what the untrusted may not say in strip.c. Called by call.c for
 * each branch, and by request.c for ACK.
 */
#include <errno.h>
#include <stdio.h>

#include "codes.h"

enum { ABSENT_FORWARDS = 70, DATAGRAM_MOST = 65507 };

/* The last Route value's URI, which a strict router put there. */
static bool
last_route(const struct sip_msg *msg, struct span *uri)
{
	struct sip_addr_value address;
	struct span value;

	if (msg->route_count == 0 ||
	    !dialog_route_at(msg, msg->route_count - 1, &value) ||
	    !sip_addr_split(value, &address))
		return false;
	*uri = address.uri;
	return true;
}

/* How many values the header `hdr` holds. */
static unsigned
values_of(const struct sip_hdr *hdr)
{
	struct span rest = hdr->value, value;
	unsigned count = 0;

	while (sip_value_next(&rest, &value))
		count++;
	return count;
}

static void
remove_last_route(struct sip_edit *edit)
{
	const struct sip_hdr *hdr =
	    &edit->msg->headers[edit->msg->last[SIP_HDR_ROUTE]];
	unsigned count = values_of(hdr);

	if (count == 1)
		sip_edit_header_remove(edit, hdr);
	else
		sip_edit_values_remove(edit, hdr, count - 1, 1);
}

/* Host and port alone: what else stands in the URI is the caller's. */
static void
edit_host(struct sip_edit *edit, const struct sip_uri *uri, const char *host)
{
	const char *end = span_end(uri->host);
	struct span old;

	while (end < span_end(uri->all) && *end != ';' && *end != '?')
		end++;
	old = span_between(uri->host.p, end);
	sip_edit_replace(edit, old, span_of(host));
}

/*
 * A next Route without lr is a strict router's: it wants itself in the R-URI
 * and the R-URI at the end of the Route (§16.6 step 6).
 */
static bool
edit_strict(struct sip_edit *edit, const struct forward *f)
{
	const struct sip_msg *msg = edit->msg;
	struct sip_addr_value address;
	struct sip_uri uri;
	struct span value;
	char line[2048];
	int length;

	if (f->own_routes + f->recover >= msg->route_count ||
	    !dialog_route_at(msg, f->own_routes, &value) ||
	    !sip_addr_split(value, &address) ||
	    sip_uri_split(&uri, address.uri) != 0 || sip_uri_is_lr(&uri))
		return false;
	length = snprintf(line, sizeof(line), "<%.*s>", SPAN_ARG(msg->uri));
	if (length < 0 || (size_t)length >= sizeof(line)) {
		edit->error = EMSGSIZE;
		return true;
	}
	sip_edit_uri(edit, address.uri);
	sip_edit_header_after(edit, SIP_HDR_ROUTE, "Route",
	    (struct span){ line, (size_t)length });
	return true;
}

static void
edit_uri(struct sip_edit *edit, const struct forward *f, bool *strict)
{
	struct sip_uri uri;
	struct span last;

	*strict = false;
	if (f->recover) {
		if (last_route(edit->msg, &last))
			sip_edit_uri(edit, last);
		if (f->own_routes + 1 < edit->msg->route_count)
			remove_last_route(edit);
		return;
	}
	if (f->decision != NULL && f->decision->target != NULL) {
		sip_edit_uri(edit, span_of(f->decision->target));
		return;
	}
	if (f->hop == NULL) {
		*strict = edit_strict(edit, f);
		return;
	}
	if (!f->dialog && sip_uri_split(&uri, edit->msg->uri) == 0 &&
	    uri.host.l > 0 && setup_is_ours(f->setup, uri.host))
		edit_host(edit, &uri, f->hop->host);
}

static bool
forms_dialog(const struct sip_msg *msg)
{
	return msg->to_tag.p == NULL &&
	    (msg->method == SIP_METHOD_INVITE ||
		msg->method == SIP_METHOD_SUBSCRIBE ||
		msg->method == SIP_METHOD_REFER ||
		msg->method == SIP_METHOD_NOTIFY);
}

/*
 * The way out on top, and below it the way in where that is another. Towards a
 * phone, and from it, with its flow: that is where its dialog comes back.
 */
static void
edit_route_set(struct sip_edit *edit, const struct forward *f, const char *out)
{
	char in[HOST_TEXT], one[PATH_TEXT], two[PATH_TEXT];
	enum sip_transport from = f->src.transport, to = f->dst.transport;
	const struct sip_peer *caller = f->from_phone ? &f->src : NULL;
	const struct sip_peer *callee = f->to_phone ? &f->dst : NULL;
	char both[2 * sizeof(one) + 2];
	bool together, coded = f->codes != NULL;

	if (!f->setup->sip->record_route || !forms_dialog(edit->msg))
		return;
	if (self_text(f->src.listener, &f->src.addr, in) != 0) {
		edit->error = EMSGSIZE;
		return;
	}
	together = from == to && strcmp(in, out) == 0;
	if (together && callee == NULL)
		callee = caller;
	if (dialog_route_text(f->proxy, edit->msg, out, to, callee, coded, one,
		sizeof(one)) != 0 ||
	    dialog_route_text(f->proxy, edit->msg, in, from, caller, coded, two,
		sizeof(two)) != 0) {
		edit->error = EMSGSIZE;
		return;
	}
	if (together)
		snprintf(both, sizeof(both), "%s", one);
	else
		snprintf(both, sizeof(both), "%s, %s", one, two);
	sip_edit_record_route(edit, span_of(both));
}

int
forward_build(char *out, size_t size, size_t *length, const struct sip_msg *msg,
    const struct forward *f)
{
	struct sip_edit edit;
	char self[HOST_TEXT], via[HOST_TEXT + 128];
	unsigned routes;
	bool strict;
	int failed = self_text(f->dst.listener, &f->dst.addr, self);

	if (failed != 0)
		return failed;
	snprintf(via, sizeof(via), "SIP/2.0/%s %s;branch=%.*s",
	    sip_transport_name(f->dst.transport), self, SPAN_ARG(f->branch));
	sip_edit_begin(&edit, msg);
	edit_uri(&edit, f, &strict);
	sip_edit_via_push(&edit, span_of(via));
	sip_edit_via_stamp(&edit, &f->src.addr);
	sip_edit_max_forwards(&edit, ABSENT_FORWARDS);
	routes = f->own_routes + strict;
	/* The last, now the R-URI, stands next to ours: one cut takes all. */
	if (f->recover && routes + 1 == msg->route_count)
		routes++;
	if (routes > 0)
		sip_edit_route_pop(&edit, routes);
	edit_route_set(&edit, f, self);
	if (f->registers)
		register_edit(&edit, f, self);
	if (f->untrusted)
		strip_edit(&edit);
	if (f->codes != NULL)
		codes_edit(&edit, f->codes,
		    !f->recover && !strict &&
			(f->decision == NULL || f->decision->target == NULL));
	else if (f->dialog && dialog_is_coded(msg, f->own_routes))
		codes_edit(&edit, "", false);
	if (f->decision != NULL)
		divert_edit(&edit, f->decision);
	if (size > DATAGRAM_MOST)
		size = DATAGRAM_MOST;
	return sip_edit_apply(&edit, out, size, length);
}

/* What decides the way of a request, as it came in (RFC 5393 §4.2.1). */
static uint64_t
loop_mac(const struct proxy *proxy, const struct sip_msg *msg)
{
	const struct span parts[] = { SPAN_LIT("loop"), msg->uri, msg->call_id,
		msg->from_tag, msg->to_tag, sip_msg_value(msg, SIP_HDR_ROUTE),
		sip_msg_value(msg, SIP_HDR_PROXY_REQUIRE),
		sip_msg_value(msg, SIP_HDR_PROXY_AUTHORIZATION),
		msg->cseq_method };
	struct mac mac;

	mac_begin(&mac, proxy->key);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		mac_add(&mac, parts[i]);
	mac_add_number(&mac, msg->cseq);
	return mac_end(&mac);
}

struct span
forward_branch(struct proxy *proxy, const struct sip_msg *msg, char *text,
    size_t size)
{
	char unique[SIP_BRANCH_TEXT], mark[MAC_TEXT];
	int length = snprintf(text, size, "%s.%s",
	    sip_branch_new(proxy->txns, unique),
	    mac_text(loop_mac(proxy, msg), mark));

	return (struct span){ text, (size_t)length };
}

/* ".0123456789abcdef" at the end, as forward_branch() writes them. */
static bool
has_mark(struct span branch)
{
	return branch.l >= MAC_TEXT && branch.p[branch.l - MAC_TEXT] == '.';
}

static bool
is_own_via(const struct request *request, const struct sip_via *via)
{
	const size_t mark = MAC_TEXT - 1;
	struct span tail;

	if (!has_mark(via->branch) ||
	    !setup_is_self(request->setup, via->host, via->port))
		return false;
	tail = (struct span){ span_end(via->branch) - mark, mark };
	return mac_is(tail, loop_mac(request->proxy, request->msg));
}

bool
forward_is_loop(const struct request *request)
{
	const struct sip_hdr *hdr = sip_msg_first(request->msg, SIP_HDR_VIA);
	struct span rest, value;
	struct sip_via via;

	if (request->msg->via_count == 1)
		return is_own_via(request, &request->msg->via);
	for (; hdr != NULL; hdr = sip_msg_next(request->msg, hdr)) {
		rest = hdr->value;
		while (sip_value_next(&rest, &value)) {
			if (sip_via_read(value, &via) &&
			    is_own_via(request, &via))
				return true;
		}
	}
	return false;
}
