/*
 * register.c - REGISTER on its way to the registrar, and what comes of it.
 *
 * It leaves with our Path on top, whether or not the phone says that it
 * supports it (a documented deviation from RFC 3327 §5.1), its Contact
 * untouched. Bindings are made from the registrar's 2xx alone: of the Contacts
 * it lists, those that this request named (design-calls.md "Phones"). Called by
 * request.c, forward.c and response.c. See phones.h.
 */
#include <errno.h>
#include <stdio.h>

#include "proxy.h"
#include "saved.h"

/* What a registrar and we may differ by, and a call on its way. */
enum { EXPIRES = 3600, LONGEST = 7 * 86400, SLACK_S = 3 };

bool
register_is_ours(const struct request *r)
{
	const struct usher_sip *sip = r->setup->sip;

	if (r->msg->method != SIP_METHOD_REGISTER ||
	    (r->origin.way != FROM_PHONE && r->origin.way != FROM_OTHER))
		return false;
	return sip->registers == USHER_SIP_REGISTER_PATH ||
	    (sip->registers == USHER_SIP_REGISTER_AUTO &&
		sip->place == USHER_SIP_BEFORE_PHONES);
}

void
register_forward(struct request *r)
{
	struct forwarding how = { .toward = TO_HOPS, .registers = true };

	call_begin(r, &how);
}

/* A count of seconds of `expires`, or of the header Expires; else `known`. */
static uint32_t
expires_of(const struct sip_msg *msg, struct span params, uint32_t known)
{
	struct span value = sip_msg_value(msg, SIP_HDR_EXPIRES);
	uint32_t seconds;

	if (sip_param_get(params, "expires", &value) || value.p != NULL) {
		if (sip_number_read(value, UINT32_MAX, &seconds))
			known = seconds;
	}
	return known < LONGEST ? known : LONGEST;
}

/* "sip:USER@HOST" of To. */
static bool
aor_of(const struct sip_msg *msg, char aor[ID_TEXT])
{
	struct sip_addr_value to;
	struct sip_uri uri;
	int length;

	if (!sip_addr_split(sip_msg_value(msg, SIP_HDR_TO), &to) ||
	    sip_uri_split(&uri, to.uri) != 0 || uri.user.l == 0)
		return false;
	length = snprintf(aor, ID_TEXT, "sip:%.*s@%.*s", SPAN_ARG(uri.user),
	    SPAN_ARG(uri.host));
	return length > 0 && length < ID_TEXT;
}

static bool
next_contact(const struct sip_msg *msg, const struct sip_hdr **hdr,
    struct span *rest, struct sip_addr_value *contact)
{
	struct span value;

	while (*hdr != NULL) {
		if (sip_value_next(rest, &value)) {
			if (sip_addr_split(value, contact))
				return true;
			/* All of them, which is no URI (RFC 3261 §10.2.2). */
			if (!span_is(value, "*"))
				continue;
			*contact = (struct sip_addr_value){ .uri = value };
			return true;
		}
		*hdr = sip_msg_next(msg, *hdr);
		if (*hdr != NULL)
			*rest = (*hdr)->value;
	}
	return false;
}

static struct span
first_contact(const struct sip_msg *msg, const struct sip_hdr **hdr)
{
	*hdr = sip_msg_first(msg, SIP_HDR_CONTACT);
	return *hdr != NULL ? (*hdr)->value : (struct span){ "", 0 };
}

/* Whether the registrar's list has it, and for how long it said. */
static bool
is_granted(const struct sip_msg *response, const struct sip_uri *wanted,
    uint32_t asked, uint32_t *seconds)
{
	const struct sip_hdr *hdr;
	struct span rest = first_contact(response, &hdr);
	struct sip_addr_value contact;
	struct sip_uri uri;

	while (next_contact(response, &hdr, &rest, &contact)) {
		if (sip_uri_split(&uri, contact.uri) != 0 ||
		    !span_eq(uri.user, wanted->user) ||
		    !sip_host_eq(uri.host, wanted->host) ||
		    sip_uri_port(&uri) != sip_uri_port(wanted))
			continue;
		*seconds = expires_of(response, contact.params, asked);
		return *seconds > 0;
	}
	return false;
}

static void
flow_of(const struct sip_msg *msg, const struct sip_peer *src,
    struct flow *flow)
{
	const struct sip_hdr *hdr;
	struct span rest = first_contact(msg, &hdr);
	struct sip_addr_value contact;
	uint32_t longest = 0, seconds;

	memset(flow, 0, sizeof(*flow));
	flow->peer = *src;
	if (!aor_of(msg, flow->aor))
		flow->aor[0] = '\0';
	while (next_contact(msg, &hdr, &rest, &contact)) {
		seconds = expires_of(msg, contact.params, EXPIRES);
		if (seconds > longest)
			longest = seconds;
	}
	flow->until_s = proxy_real_ms() / 1000 + longest + SLACK_S;
}

static bool
has_reg_id(const struct sip_msg *msg)
{
	const struct sip_hdr *hdr;
	struct span rest = first_contact(msg, &hdr), value;
	struct sip_addr_value contact;

	while (next_contact(msg, &hdr, &rest, &contact)) {
		if (sip_param_get(contact.params, "reg-id", &value))
			return true;
	}
	return false;
}

void
register_edit(struct sip_edit *edit, const struct forward *f, const char *host)
{
	char text[PATH_TEXT];
	struct flow flow;

	flow_of(edit->msg, &f->src, &flow);
	/* RFC 5626 §5.1: only who hears the phone itself vouches for it. */
	if (flow_path(f->proxy, &flow, host, f->dst.transport,
		has_reg_id(edit->msg) && edit->msg->via_count == 1, text,
		sizeof(text)) != 0)
		edit->error = EMSGSIZE;
	else
		sip_edit_header_before(edit, SIP_HDR_PATH, "Path",
		    span_of(text));
}

/* A binding is found by another spelling of its Contact too. */
static void
unbind(struct proxy *proxy, const char *aor, struct span contact)
{
	const struct binding *b = bindings_at(proxy->bindings, aor, contact);

	if (b == NULL)
		return;
	saved_unbound(proxy, &b->flow, span_of(b->contact));
	bindings_remove(proxy->bindings, aor, contact);
}

static void
unbind_all(struct proxy *proxy, const char *aor)
{
	const struct binding *b;

	while ((b = bindings_by_aor(proxy->bindings, aor)) != NULL)
		unbind(proxy, aor, span_of(b->contact));
}

static void
bind_phone(struct proxy *proxy, const struct flow *flow, struct span contact,
    uint32_t seconds)
{
	const struct binding *b = bindings_at(proxy->bindings, flow->aor,
	    contact);

	/* The record of another listener or spelling would come back. */
	if (b != NULL &&
	    (b->flow.peer.listener != flow->peer.listener ||
		!span_eq(span_of(b->contact), contact)))
		saved_unbound(proxy, &b->flow, span_of(b->contact));
	if (bindings_put(proxy->bindings, flow, contact, seconds) != 0)
		proxy->counters.faults++;
	saved_binding(proxy, flow, contact, seconds);
}

static void
confirm(struct call *call, const struct sip_msg *request,
    const struct sip_msg *response, const struct flow *flow)
{
	const struct sip_hdr *hdr;
	struct span rest = first_contact(request, &hdr);
	struct sip_addr_value contact;
	struct sip_uri uri;
	uint32_t asked, seconds;

	while (next_contact(request, &hdr, &rest, &contact)) {
		if (span_is(contact.uri, "*")) {
			unbind_all(call->proxy, flow->aor);
			continue;
		}
		if (sip_uri_split(&uri, contact.uri) != 0)
			continue;
		asked = expires_of(request, contact.params, EXPIRES);
		if (asked == 0 || !is_granted(response, &uri, asked, &seconds))
			unbind(call->proxy, flow->aor, contact.uri);
		else
			bind_phone(call->proxy, flow, contact.uri,
			    seconds + SLACK_S);
	}
}

void
register_confirm(struct call *call, const struct sip_msg *response)
{
	const struct sip_buf *buf = call->st == NULL
	    ? NULL
	    : sip_server_request(call->st);
	struct sip_msg request;
	struct flow flow;

	if (buf == NULL ||
	    sip_gate_read(&request, buf->data, buf->len, NULL) != SIP_GATE_OK)
		return;
	flow_of(&request, sip_server_source(call->st), &flow);
	if (flow.aor[0] == '\0')
		return;
	confirm(call, &request, response, &flow);
	/* Found by its Contact alone then. */
	if (sip_msg_first(response, SIP_HDR_PATH) == NULL &&
	    bindings_by_aor(call->proxy->bindings, flow.aor) != NULL &&
	    bindings_note_pathless(call->proxy->bindings, flow.aor))
		log_write(&call->proxy->log, LOG_WARNING,
		    "the registrar's answer for %s has no Path: if it does "
		    "not keep ours (RFC 3327), the phone is found by its "
		    "Contact alone, of calls that the PBX sends by us",
		    flow.aor);
}
