/*
 * phones.c - requests to phones and of phones.
 *
 * In place "phones" a call of the PBX for a phone is screened, unless it is an
 * inside one: it takes over a call (Replaces, Join), comes of a phone whose own
 * INVITE is under way through us, or from a number that the site says no
 * outside caller wears. What phones send goes to a next hop, whatever its
 * R-URI (design-calls.md "Inside calls", "Phones"). See phones.h.
 */
#include <errno.h>
#include <stdio.h>

#include "proxy.h"
#include "remember.h"

static const struct span no_headers = { "", 0 };

/* ---- inside or not ---- */

static bool
is_calling(const struct proxy *proxy, const char *aor)
{
	const struct call *call = proxy->calls;

	while (call != NULL &&
	    (call->answered || !call->invite || call->phone == NULL ||
		strcasecmp(call->phone, aor) != 0))
		call = call->next;
	return call != NULL;
}

/* The PBX may know a phone by another name of ours than the phone itself. */
static bool
is_calling_phone(const struct request *r, const struct sip_uri *uri)
{
	const struct bindings *table = r->proxy->bindings;
	const struct binding *b = NULL;
	bool ours = setup_is_ours(r->setup, uri->host);
	struct span host;

	while ((b = bindings_of_user(table, b, uri->user)) != NULL) {
		host = bindings_aor_host(b->flow.aor);
		if ((sip_host_eq(host, uri->host) ||
			(ours && setup_is_ours(r->setup, host))) &&
		    is_calling(r->proxy, b->flow.aor))
			return true;
	}
	return false;
}

/* The URI of a name-addr is that of a phone which is calling, or inside. */
static bool
is_inside_uri(const struct request *r, struct span value, bool extensions)
{
	struct sip_addr_value address;
	char user[SIP_USER_MAX];
	struct sip_uri uri;
	size_t length;

	if (!sip_addr_split(value, &address) ||
	    sip_uri_split(&uri, address.uri) != 0)
		return false;
	if (is_calling_phone(r, &uri))
		return true;
	return extensions &&
	    sip_uri_user(&uri, user, sizeof(user), &length) == 0 &&
	    usher_sip_is_extension(r->origin.terms, user, length);
}

static bool
is_inside(const struct request *r)
{
	const struct sip_hdr *hdr = sip_msg_first(r->msg, SIP_HDR_FROM);
	struct span rest, value;

	if (sip_msg_first(r->msg, SIP_HDR_REPLACES) != NULL ||
	    sip_msg_first(r->msg, SIP_HDR_JOIN) != NULL)
		return true;
	if (hdr != NULL && is_inside_uri(r, hdr->value, true))
		return true;
	hdr = sip_msg_first(r->msg, SIP_HDR_P_ASSERTED_IDENTITY);
	for (; hdr != NULL; hdr = sip_msg_next(r->msg, hdr)) {
		for (rest = hdr->value; sip_value_next(&rest, &value);) {
			if (is_inside_uri(r, value, true))
				return true;
		}
	}
	hdr = sip_msg_first(r->msg, SIP_HDR_REFERRED_BY);
	return hdr != NULL && is_inside_uri(r, hdr->value, false);
}

/* ---- to a phone ---- */

/* By the token in our Route, else by the Contact in the R-URI. */
static bool
find_phone(struct request *r)
{
	const struct binding *binding;

	if (r->has_flow) {
		if (r->flow.aor[0] == '\0') {
			binding = bindings_by_contact(r->proxy->bindings,
			    &r->uri);
			if (binding != NULL)
				memcpy(r->flow.aor, binding->flow.aor,
				    sizeof(r->flow.aor));
		}
		return true;
	}
	binding = bindings_by_contact(r->proxy->bindings, &r->uri);
	if (binding == NULL)
		return false;
	r->flow = binding->flow;
	r->has_flow = true;
	return true;
}

static void
screen_for_phone(struct request *r, const struct forwarding *how)
{
	struct screening s = { .request = r,
		.proxy = r->proxy,
		.setup = r->setup,
		.origin = &r->origin,
		.msg = r->msg,
		.src = r->src };
	struct decision *decision = NULL;
	int failed = caller_read(&s.caller, r->setup, &r->origin, r->msg);

	if (failed == 0)
		failed = waiting_recipient(r, r->flow.aor, &s.recipient);
	if (failed == EINPROGRESS)
		return;
	if (failed == EBADMSG) {
		reply_final(r, 400, no_headers);
		return;
	}
	if (failed == 0) {
		decision = screen(&s, message_is_notice(r->msg),
		    safety_is_callback(r, &s.recipient));
		recipient_done(&s.recipient);
	} else {
		r->proxy->counters.faults++;
	}
	if (decision != NULL)
		request_follow(r, decision, how);
	else
		call_begin(r, how);
	decision_release(decision);
}

bool
phones_take(struct request *r)
{
	struct forwarding how = { .toward = TO_PEER, .to_phone = true };

	if (!find_phone(r))
		return false;
	if (!flow_lives(r->proxy, &r->flow)) {
		reply_final(r, 430, no_headers);
		return true;
	}
	how.peer = &r->flow.peer;
	if (r->setup->sip->place == USHER_SIP_BEFORE_PHONES &&
	    (r->msg->method == SIP_METHOD_INVITE ||
		r->msg->method == SIP_METHOD_MESSAGE) &&
	    !is_inside(r))
		screen_for_phone(r, &how);
	else
		call_begin(r, &how);
	return true;
}

/* ---- of a phone ---- */

/* Whom a recipient calls is known to them from now on. */
static void
note_known(const struct request *r)
{
	const struct binding *binding = bindings_by_flow(r->proxy->bindings,
	    r->src);
	char called[ID_TEXT];
	bool number;

	if (binding != NULL &&
	    identity_text(r->setup, r->origin.terms, &r->uri, called, &number))
		remember_known(r, binding->flow.aor, called);
}

void
phones_from(struct request *r)
{
	struct forwarding how = { .toward = TO_HOPS };

	bindings_alive(r->proxy->bindings, r->src);
	if (r->own_routes + r->recover < r->msg->route_count) {
		reply_final(r, 403, no_headers);
		return;
	}
	if ((r->msg->method == SIP_METHOD_INVITE ||
		r->msg->method == SIP_METHOD_MESSAGE) &&
	    safety_is_emergency(r))
		safety_remember(r);
	if (r->msg->method == SIP_METHOD_INVITE)
		note_known(r);
	call_begin(r, &how);
}
