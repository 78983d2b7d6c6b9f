/*
 * codes.c - see codes.h.
 *
 * A code follows the user part behind one of + * # ("sip:alice+CODE@..."), or
 * is the parameter `code` of a URI, or stands in the Subject, where libusher
 * finds it. Within dialogs To stays as the caller has it: we keep no state of
 * them. Called by recipient.c, decide_call.c, forward.c and response.c; calls
 * to nobody who takes codes cost a look at the length of a name.
 */
#include "codes.h"

#include <stdlib.h>

enum { LONGEST = USHER_CODE_TEXT - 1, SHORTEST = 12, MOST_CUTS = 4 };

static const enum sip_header shown_in[] = { SIP_HDR_TO,
	SIP_HDR_P_CALLED_PARTY_ID };

/* Or a reference of ours, which is none of the name either. */
static bool
is_code(struct span text)
{
	char word[LONGEST + 1];

	if (text.l < SHORTEST || text.l > LONGEST)
		return false;
	memcpy(word, text.p, text.l);
	word[text.l] = '\0';
	return usher_code_is(word) || usher_reference_is(word);
}

/* The length of the sign that ends at `end`, as written or escaped. */
static size_t
sign_before(struct span user, size_t end)
{
	static const struct span escaped[] = { SPAN_LIT("%2b"), SPAN_LIT("%2a"),
		SPAN_LIT("%23") };

	if (end > 1 && strchr("+*#", user.p[end - 1]) != NULL &&
	    user.p[end - 1] != '\0')
		return 1;
	for (size_t i = 0; i < 3 && end > 3; i++)
		if (span_caseeq((struct span){ user.p + end - 3, 3 },
			escaped[i]))
			return 3;
	return 0;
}

/* The user part without its parameters, and the code it ends in. */
static bool
split_user(struct span user, struct span *name, struct span *code)
{
	const char *semicolon = user.l > SHORTEST ? memchr(user.p, ';', user.l)
						  : NULL;
	size_t length = LONGEST;

	if (semicolon != NULL)
		user.l = (size_t)(semicolon - user.p);
	if (user.l < SHORTEST + 2)
		return false;
	for (; length >= SHORTEST; length -= LONGEST - SHORTEST) {
		size_t sign = user.l > length + 1
		    ? sign_before(user, user.l - length)
		    : 0;

		*code = (struct span){ user.p + user.l - length, length };
		if (sign == 0 || !is_code(*code))
			continue;
		*name = (struct span){ user.p, user.l - length - sign };
		return true;
	}
	return false;
}

bool
codes_cut(const struct sip_uri *uri, struct sip_uri *bare)
{
	struct span name, code;

	if (uri->user.l < SHORTEST + 2 || !split_user(uri->user, &name, &code))
		return false;
	*bare = *uri;
	bare->user = name;
	return true;
}

static void
add(struct recipient *recipient, struct span code)
{
	size_t used = strlen(recipient->tag);

	if (used + code.l + 2 > sizeof(recipient->tag))
		return;
	if (used > 0)
		recipient->tag[used++] = ' ';
	memcpy(recipient->tag + used, code.p, code.l);
	recipient->tag[used + code.l] = '\0';
}

static void
find_in(struct recipient *recipient, struct span text)
{
	struct span name, code;
	struct sip_uri uri;
	const char *semicolon;

	if (sip_uri_split(&uri, text) != 0)
		return;
	if (split_user(uri.user, &name, &code))
		add(recipient, code);
	if (sip_param_get(uri.params, "code", &code) && is_code(code))
		add(recipient, code);
	semicolon = uri.user.l > 0 ? memchr(uri.user.p, ';', uri.user.l) : NULL;
	if (semicolon != NULL &&
	    sip_param_get(span_between(semicolon, uri.user.p + uri.user.l),
		"code", &code) &&
	    is_code(code))
		add(recipient, code);
}

void
codes_find(struct recipient *recipient, const struct sip_msg *msg)
{
	struct sip_addr_value address;

	find_in(recipient, msg->uri);
	for (size_t i = 0; i < sizeof(shown_in) / sizeof(shown_in[0]); i++) {
		if (sip_msg_first(msg, shown_in[i]) != NULL &&
		    sip_addr_split(sip_msg_value(msg, shown_in[i]), &address))
			find_in(recipient, address.uri);
	}
}

void
codes_keep(struct decision *decision, const struct recipient *recipient,
    const struct usher_decision *asked)
{
	const char *valid = asked == NULL ? NULL : usher_decision_codes(asked);
	size_t tagged = strlen(recipient->tag);
	size_t length = valid == NULL ? 0 : strlen(valid);

	free(decision->codes);
	decision->codes = NULL;
	if (tagged + length == 0)
		return;
	/* Without memory they stay where they are. */
	decision->codes = calloc(1, tagged + length + 2);
	if (decision->codes == NULL)
		return;
	memcpy(decision->codes, recipient->tag, tagged);
	decision->codes[tagged] = ' ';
	if (length > 0)
		memcpy(decision->codes + tagged + 1, valid, length);
}

/* ---- edits ---- */

static void
cut_from(struct sip_edit *edit, const char *codes, struct span text)
{
	struct usher_cut cut;
	size_t at = 0;

	for (unsigned i = 0; i < MOST_CUTS && text.l > 0 &&
	     usher_codes_cut(codes, text.p, text.l, at, &cut);
	     i++) {
		sip_edit_delete(edit,
		    (struct span){ text.p + cut.at, cut.length });
		at = cut.at + cut.length;
	}
}

void
codes_edit(struct sip_edit *edit, const char *codes, bool uri)
{
	static const enum sip_header headers[] = { SIP_HDR_TO,
		SIP_HDR_P_CALLED_PARTY_ID, SIP_HDR_SUBJECT };
	struct sip_uri own;

	if (uri && sip_uri_split(&own, edit->msg->uri) == 0) {
		cut_from(edit, codes, own.user);
		cut_from(edit, codes, own.params);
	}
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		if (sip_msg_first(edit->msg, headers[i]) != NULL)
			cut_from(edit, codes,
			    sip_msg_value(edit->msg, headers[i]));
	}
}

void
codes_restore(struct sip_edit *edit, const struct sip_buf *request)
{
	struct sip_addr_value theirs, ours;
	struct sip_msg msg;

	if (request == NULL ||
	    sip_gate_read(&msg, request->data, request->len, NULL) !=
		SIP_GATE_OK ||
	    !sip_addr_split(sip_msg_value(&msg, SIP_HDR_TO), &theirs) ||
	    !sip_addr_split(sip_msg_value(edit->msg, SIP_HDR_TO), &ours))
		return;
	if (!span_eq(theirs.uri, ours.uri))
		sip_edit_replace(edit, ours.uri, theirs.uri);
}
