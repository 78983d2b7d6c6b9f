/*
 * dialog.c - our Record-Route, and what it proves.
 *
 * The URI we leave in a dialog carries a MAC over Call-ID and the caller's tag.
 * A request that brings it back in Route is inside that dialog, and follows its
 * route set wherever it leads; nothing else proves that (design-calls.md
 * "Inside a dialog"). No state is kept, so dialogs outlive a restart. Keeps
 * RFC 3261 §16.4, §16.6 step 4, §16.12.1.2 and RFC 5658. Called by request.c
 * and forward.c.
 */
#include <errno.h>
#include <stdio.h>

#include "proxy.h"

static uint64_t
dialog_mac(const struct proxy *proxy, struct span call_id, struct span tag)
{
	const struct span parts[] = { SPAN_LIT("dialog"), call_id, tag };

	return mac_of(proxy->key, parts, sizeof(parts) / sizeof(parts[0]));
}

int
dialog_route_text(const struct proxy *proxy, const struct sip_msg *msg,
    const char *host, enum sip_transport transport,
    const struct sip_peer *phone, bool coded, char *text, size_t size)
{
	static const char *const parameters[] = { "", ";transport=tcp",
		";transport=tls" };
	char mac[MAC_TEXT], token[FLOW_TOKEN + 1] = "";
	struct flow flow = { .until_s = 0 };
	int length;

	if (phone != NULL) {
		flow.peer = *phone;
		flow_token(proxy, &flow, token);
		strcat(token, "@");
	}
	mac_text(dialog_mac(proxy, msg->call_id, msg->from_tag), mac);
	length = snprintf(text, size, "<sip:%s%s%s;lr%s;u=%s>", token, host,
	    parameters[transport], coded ? ";c" : "", mac);
	return length < 0 || (size_t)length >= size ? EMSGSIZE : 0;
}

bool
dialog_route_at(const struct sip_msg *msg, unsigned n, struct span *value)
{
	const struct sip_hdr *hdr = sip_msg_first(msg, SIP_HDR_ROUTE);

	for (; hdr != NULL; hdr = sip_msg_next(msg, hdr)) {
		struct span rest = hdr->value;

		while (sip_value_next(&rest, value)) {
			if (n-- == 0)
				return true;
		}
	}
	return false;
}

static int
route_uri(struct span value, struct sip_uri *uri)
{
	struct sip_addr_value address;

	if (!sip_addr_split(value, &address) ||
	    sip_uri_split(uri, address.uri) != 0)
		return EBADMSG;
	return 0;
}

bool
dialog_is_coded(const struct sip_msg *msg, unsigned own_routes)
{
	struct span value, flag;
	struct sip_uri uri;

	return own_routes > 0 && dialog_route_at(msg, 0, &value) &&
	    route_uri(value, &uri) == 0 && sip_uri_param(&uri, "c", &flag);
}

/* The caller's tag is now the one side's or the other's. */
static bool
is_proof(const struct request *request, const struct sip_uri *uri)
{
	const struct sip_msg *msg = request->msg;
	struct span mac;

	if (!sip_uri_param(uri, "u", &mac))
		return false;
	return mac_is(mac,
		   dialog_mac(request->proxy, msg->call_id, msg->from_tag)) ||
	    mac_is(mac, dialog_mac(request->proxy, msg->call_id, msg->to_tag));
}

static struct sip_listener *
listener_of(const struct request *request, const struct sip_uri *uri)
{
	struct sip_transports *all = request->setup->transports;
	enum sip_transport transport = sip_uri_transport(uri);
	uint16_t port = sip_uri_port(uri);
	struct sip_listener *found = NULL;

	for (unsigned i = 0; i < sip_transport_count(all); i++) {
		struct sip_listener *l = sip_transport_at(all, i);

		if (l->port != port || l->transport != transport)
			continue;
		if (sip_host_eq(uri->host, span_of(l->host)))
			return l;
		if (self_is_any(l))
			found = l;
	}
	return found;
}

/*
 * A strict router put our Record-Route URI into the R-URI, and what was there
 * at the end of the Route (§16.4).
 */
static int
recover(struct request *request)
{
	const struct sip_msg *msg = request->msg;
	struct span value;

	if (request->uri.user.l > 0 || !sip_uri_is_lr(&request->uri) ||
	    !setup_is_self(request->setup, request->uri.host,
		request->uri.port) ||
	    !is_proof(request, &request->uri) || msg->route_count == 0)
		return 0;
	request->recover = true;
	request->dialog = msg->to_tag.p != NULL;
	request->out = listener_of(request, &request->uri);
	if (!dialog_route_at(msg, msg->route_count - 1, &value))
		return EBADMSG;
	return route_uri(value, &request->uri);
}

/*
 * Is this Route ours to take off? A listener of ours it names; and outside
 * dialogs, of what goes to a next hop anyway, a name of `domains` whatever its
 * port: callers write the site's name there, and the port they call it by.
 */
static bool
is_own_route(const struct request *request, const struct sip_uri *uri)
{
	if (setup_is_self(request->setup, uri->host, uri->port))
		return true;
	return request->msg->to_tag.p == NULL &&
	    request->origin.way != FROM_PBX &&
	    setup_is_named(request->setup, uri->host, uri->port);
}

int
dialog_read(struct request *request)
{
	const struct sip_msg *msg = request->msg;
	unsigned most = msg->route_count;
	struct sip_uri uri;
	struct span value;
	int failed;

	if (sip_uri_split(&request->uri, msg->uri) != 0)
		return EBADMSG;
	failed = recover(request);
	most -= request->recover;
	while (failed == 0 && request->own_routes < most &&
	    dialog_route_at(msg, request->own_routes, &value)) {
		failed = route_uri(value, &uri);
		if (failed != 0 || !is_own_route(request, &uri))
			break;
		request->own_routes++;
		request->out = listener_of(request, &uri);
		/* The PBX alone is told where phones are. */
		if (uri.user.l > 0 && request->origin.way == FROM_PBX &&
		    flow_read(request->proxy, request->setup, &uri,
			&request->flow))
			request->has_flow = true;
		if (msg->to_tag.p != NULL && is_proof(request, &uri))
			request->dialog = true;
	}
	return failed;
}
