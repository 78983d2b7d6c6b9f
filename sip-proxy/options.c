/*
 * options.c - OPTIONS to ourselves: are calls taken here?
 *
 * 200 while a next hop lives, else 503 (design-calls.md "OPTIONS"; RFC 3261
 * §11). OPTIONS about a published recipient is a question, and request.c's.
 */
#include "proxy.h"

bool
options_is_ours(const struct request *request)
{
	const struct sip_uri *uri = &request->uri;

	if (request->msg->method != SIP_METHOD_OPTIONS)
		return false;
	if (request->msg->max_forwards == 0)
		return true;
	return uri->user.l == 0 &&
	    setup_is_self(request->setup, uri->host, uri->port);
}

void
options_answer(const struct request *request)
{
	static const struct span headers = SPAN_LIT(
	    "Accept: application/sdp\r\n"
	    "Supported:\r\n"
	    "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, MESSAGE, PRACK, "
	    "UPDATE, INFO, REFER, SUBSCRIBE, NOTIFY\r\n");
	struct hop *order[HOPS_MOST];

	if (hop_order(&request->setup->hops, 0, order) == 0)
		reply_unavailable(request);
	else
		reply_final(request, 200, headers);
}
