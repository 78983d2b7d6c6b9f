/*
 * divert.c - what a verdict changes in a request, and what the untrusted may
 * not say.
 *
 * A call that is sent elsewhere carries Diversion (RFC 5806) and History-Info
 * (RFC 7044, causes of RFC 4458); from untrusted trunks and others the headers
 * that only trusted peers may set are taken off (design-calls.md "One decision
 * a call", "Identity"; RFC 3325 §5). Edits for forward.c.
 */
#include <stdio.h>

#include "codes.h"

enum { VALUE_MOST = 4096 };

static void
add_diversion(struct sip_edit *edit, const char *from, const char *reason)
{
	char text[VALUE_MOST];
	int length = snprintf(text, sizeof(text), "<%s>;reason=%s;counter=1",
	    from, reason);

	if (length > 0 && (size_t)length < sizeof(text))
		sip_edit_header_before(edit, SIP_HDR_DIVERSION, "Diversion",
		    span_of(text));
}

/* The index of the last entry; false: there is none. */
static bool
last_index(const struct sip_msg *msg, struct span *index)
{
	const struct sip_hdr *hdr = sip_msg_first(msg, SIP_HDR_HISTORY_INFO);
	struct sip_addr_value address;
	struct span rest, value;
	bool found = false;

	for (; hdr != NULL; hdr = sip_msg_next(msg, hdr)) {
		rest = hdr->value;
		while (sip_value_next(&rest, &value)) {
			if (sip_addr_split(value, &address) &&
			    sip_param_get(address.params, "index", index))
				found = true;
		}
	}
	return found;
}

static void
add_history(struct sip_edit *edit, const char *from,
    const struct decision *decision)
{
	const char *cause = strcmp(decision->diversion, "deflection") == 0
	    ? "480"
	    : "302";
	struct span index = SPAN_LIT("1");
	char text[VALUE_MOST];
	bool before = last_index(edit->msg, &index);
	int length;

	if (before)
		length = snprintf(text, sizeof(text),
		    "<%s;cause=%s>;index=%.*s.1", decision->target, cause,
		    SPAN_ARG(index));
	else
		length = snprintf(text, sizeof(text),
		    "<%s>;index=1, <%s;cause=%s>;index=1.1", from,
		    decision->target, cause);
	if (length > 0 && (size_t)length < sizeof(text))
		sip_edit_header_after(edit, SIP_HDR_HISTORY_INFO,
		    "History-Info", span_of(text));
}

void
divert_edit(struct sip_edit *edit, const struct decision *decision)
{
	char from[VALUE_MOST];

	if (decision->target == NULL || decision->diversion == NULL ||
	    !codes_bare(decision->codes, edit->msg->uri, from, sizeof(from)))
		return;
	add_diversion(edit, from, decision->diversion);
	add_history(edit, from, decision);
}

static bool
is_verstat(struct span param)
{
	static const struct span name = SPAN_LIT("verstat");
	struct span rest = sip_span_trim(param);

	if (rest.l <= name.l ||
	    !span_caseeq((struct span){ rest.p, name.l }, name))
		return false;
	return memchr("= \t\r\n", rest.p[name.l], 5) != NULL;
}

/*
 * Each verstat of these parameters, also behind what is none: readers differ
 * in which one they take, and in where they stop.
 */
static void
strip_params(struct sip_edit *edit, struct span params)
{
	static const struct span none = SPAN_LIT("No-TN-Validation");
	const char *end = span_end(params), *at = params.p;
	struct span value;

	if (params.l == 0)
		return;
	for (; (at = memchr(at, ';', (size_t)(end - at))) != NULL; at++) {
		if (is_verstat(span_between(at + 1, end)) &&
		    sip_param_get(span_between(at, end), "verstat", &value) &&
		    value.l > 0)
			sip_edit_replace(edit, value, none);
	}
}

/* verstat where it stands: in the URI, or in its user part. */
static void
strip_verstat(struct sip_edit *edit)
{
	struct sip_addr_value address;
	struct sip_uri uri;
	const char *semicolon;

	if (!sip_addr_split(sip_msg_value(edit->msg, SIP_HDR_FROM), &address) ||
	    sip_uri_split(&uri, address.uri) != 0)
		return;
	strip_params(edit, uri.params);
	semicolon = span_find(uri.user, ';');
	if (semicolon != NULL)
		strip_params(edit, span_between(semicolon, span_end(uri.user)));
}

void
strip_edit(struct sip_edit *edit)
{
	static const enum sip_header removed[] = { SIP_HDR_P_ASSERTED_IDENTITY,
		SIP_HDR_REMOTE_PARTY_ID, SIP_HDR_RESOURCE_PRIORITY,
		SIP_HDR_CALL_INFO };
	const struct sip_hdr *hdr = sip_msg_first(edit->msg, SIP_HDR_PRIORITY);

	for (size_t i = 0; i < sizeof(removed) / sizeof(removed[0]); i++)
		sip_edit_header_remove_all(edit, removed[i]);
	for (; hdr != NULL; hdr = sip_msg_next(edit->msg, hdr)) {
		if (span_is(hdr->value, "psap-callback"))
			sip_edit_header_remove(edit, hdr);
	}
	strip_verstat(edit);
}
