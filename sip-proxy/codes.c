/*
 * codes.c - see codes.h.
 *
 * A code follows the user part behind one of + * # ("sip:alice+CODE@..."), or
 * is the parameter `code` of a URI or of To, escaped or not, or stands in the
 * Subject, where libusher finds it. We keep no state of dialogs: our
 * Record-Route says that To is to be looked at in each of its requests. Called
 * by recipient.c, decide_call.c, answer.c, divert.c, forward.c and response.c;
 * calls to nobody who takes codes cost a look at the length of a name.
 */
#include "codes.h"

#include <stdlib.h>

enum { LONGEST = USHER_CODE_TEXT - 1, SHORTEST = 12, MOST_CUTS = 8 };

static const enum sip_header shown_in[] = { SIP_HDR_TO,
	SIP_HDR_P_CALLED_PARTY_ID };

/*
 * A code as it is meant, which may be written with %-escapes; or a reference of
 * ours, which is none of the name either.
 */
static bool
read_code(struct span shown, char word[LONGEST + 1])
{
	const struct sip_uri one = { .user = shown };
	size_t length;

	if (shown.l < SHORTEST || shown.l > 3 * LONGEST ||
	    sip_uri_user(&one, word, LONGEST, &length) != 0)
		return false;
	word[length] = '\0';
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

/* What the user part is without what is shown behind its last sign. */
struct shown {
	struct span name, code;
	char word[LONGEST + 1];
};

static bool
split_user(struct span user, struct shown *shown)
{
	const char *semicolon = user.l > SHORTEST ? memchr(user.p, ';', user.l)
						  : NULL;
	size_t end, sign = 0;

	if (semicolon != NULL)
		user.l = (size_t)(semicolon - user.p);
	if (user.l < SHORTEST + 2)
		return false;
	for (end = user.l - SHORTEST; end > 1 && sign == 0; end -= sign == 0)
		sign = sign_before(user, end);
	if (sign == 0)
		return false;
	shown->name = (struct span){ user.p, end - sign };
	shown->code = (struct span){ user.p + end, user.l - end };
	return read_code(shown->code, shown->word);
}

bool
codes_cut(const struct sip_uri *uri, struct sip_uri *bare)
{
	struct shown shown;

	if (uri->user.l < SHORTEST + 2 || !split_user(uri->user, &shown))
		return false;
	*bare = *uri;
	bare->user = shown.name;
	return true;
}

/* Mostly To shows again what the R-URI did. */
static void
add(struct recipient *recipient, const char *word)
{
	size_t used = strlen(recipient->tag), length = strlen(word);

	if (strstr(recipient->tag, word) != NULL ||
	    used + length + 2 > sizeof(recipient->tag))
		return;
	if (used > 0)
		recipient->tag[used++] = ' ';
	memcpy(recipient->tag + used, word, length + 1);
}

static void
find_param(struct recipient *recipient, struct span params)
{
	char word[LONGEST + 1];
	struct span code;

	if (params.l > 0 && sip_param_get(params, "code", &code) &&
	    read_code(code, word))
		add(recipient, word);
}

static void
find_in(struct recipient *recipient, struct span text)
{
	const char *semicolon;
	struct shown shown;
	struct sip_uri uri;

	if (sip_uri_split(&uri, text) != 0)
		return;
	if (split_user(uri.user, &shown))
		add(recipient, shown.word);
	find_param(recipient, uri.params);
	semicolon = uri.user.l > 0 ? memchr(uri.user.p, ';', uri.user.l) : NULL;
	if (semicolon != NULL)
		find_param(recipient,
		    span_between(semicolon, span_end(uri.user)));
}

void
codes_find(struct recipient *recipient, const struct sip_msg *msg)
{
	struct sip_addr_value address;

	find_in(recipient, msg->uri);
	for (size_t i = 0; i < sizeof(shown_in) / sizeof(shown_in[0]); i++) {
		if (sip_msg_first(msg, shown_in[i]) == NULL ||
		    !sip_addr_split(sip_msg_value(msg, shown_in[i]), &address))
			continue;
		find_in(recipient, address.uri);
		/* Without brackets they are the header's. */
		find_param(recipient, address.params);
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

/* What goes from one value, in the order in which it stands there. */
struct cuts {
	unsigned count;
	struct span list[MOST_CUTS];
};

static void
note_cut(struct cuts *cuts, struct span what)
{
	if (cuts->count < MOST_CUTS)
		cuts->list[cuts->count++] = what;
}

static void
note_text(struct cuts *cuts, const char *codes, struct span text)
{
	struct usher_cut cut;
	size_t at = 0;

	while (cuts->count < MOST_CUTS && text.l > 0 &&
	    usher_codes_cut(codes, text.p, text.l, at, &cut)) {
		note_cut(cuts, (struct span){ text.p + cut.at, cut.length });
		at = cut.at + cut.length;
	}
}

/* What stands before a parameter `code`, and it; what is behind is the rest. */
static void
note_param(struct cuts *cuts, const char *codes, struct span params,
    struct span *rest)
{
	static const struct span sign = SPAN_LIT(";code=");
	char word[LONGEST + 1];
	struct span code;
	const char *at;

	if (params.l == 0 || !sip_param_get(params, "code", &code) ||
	    !read_code(code, word))
		return;
	at = code.p - sign.l;
	if (!span_caseeq((struct span){ at, sign.l }, sign))
		return;
	note_text(cuts, codes, span_between(rest->p, at));
	note_cut(cuts, span_between(at, span_end(code)));
	*rest = span_between(span_end(code), span_end(*rest));
}

/* Behind the name a reference goes as well, whose letters are no code's. */
static void
note_uri(struct cuts *cuts, const char *codes, struct span text)
{
	struct span rest = text;
	const char *semicolon;
	struct shown shown;
	struct sip_uri uri;

	if (sip_uri_split(&uri, text) != 0) {
		note_text(cuts, codes, text);
		return;
	}
	if (uri.user.l > 0 && split_user(uri.user, &shown)) {
		rest = span_between(span_end(shown.code), span_end(text));
		note_cut(cuts, span_between(span_end(shown.name), rest.p));
	}
	semicolon = uri.user.l > 0 ? span_find(uri.user, ';') : NULL;
	if (semicolon != NULL)
		note_param(cuts, codes,
		    span_between(semicolon, span_end(uri.user)), &rest);
	note_param(cuts, codes, uri.params, &rest);
	note_text(cuts, codes, rest);
}

static void
note_value(struct cuts *cuts, const char *codes, struct span value)
{
	struct sip_addr_value address;

	if (!sip_addr_split(value, &address)) {
		note_text(cuts, codes, value);
		return;
	}
	note_text(cuts, codes, span_between(value.p, address.uri.p));
	note_uri(cuts, codes, address.uri);
	note_text(cuts, codes,
	    span_between(span_end(address.uri), span_end(value)));
}

static void
delete_all(struct sip_edit *edit, const struct cuts *cuts)
{
	for (unsigned i = 0; i < cuts->count; i++)
		sip_edit_delete(edit, cuts->list[i]);
}

static void
edit_header(struct sip_edit *edit, const char *codes, enum sip_header id)
{
	const struct sip_hdr *hdr = sip_msg_first(edit->msg, id);
	struct span rest, value;

	for (; hdr != NULL; hdr = sip_msg_next(edit->msg, hdr)) {
		rest = hdr->value;
		while (sip_value_next(&rest, &value)) {
			struct cuts cuts = { .count = 0 };

			note_value(&cuts, codes, value);
			delete_all(edit, &cuts);
		}
	}
}

void
codes_edit(struct sip_edit *edit, const char *codes, bool uri)
{
	/* The last two, since who diverts a call says whom it was for. */
	static const enum sip_header headers[] = { SIP_HDR_TO,
		SIP_HDR_P_CALLED_PARTY_ID, SIP_HDR_DIVERSION,
		SIP_HDR_HISTORY_INFO };
	struct cuts cuts = { .count = 0 };

	if (uri)
		note_uri(&cuts, codes, edit->msg->uri);
	if (sip_msg_first(edit->msg, SIP_HDR_SUBJECT) != NULL)
		note_text(&cuts, codes,
		    sip_msg_value(edit->msg, SIP_HDR_SUBJECT));
	delete_all(edit, &cuts);
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		edit_header(edit, codes, headers[i]);
}

bool
codes_bare(const char *codes, struct span uri, char *text, size_t size)
{
	struct cuts cuts = { .count = 0 };
	const char *from = uri.p;
	char *to = text;

	if (uri.l >= size)
		return false;
	if (codes != NULL)
		note_uri(&cuts, codes, uri);
	for (unsigned i = 0; i < cuts.count; i++) {
		to = mempcpy(to, from, (size_t)(cuts.list[i].p - from));
		from = span_end(cuts.list[i]);
	}
	to = mempcpy(to, from, (size_t)(span_end(uri) - from));
	*to = '\0';
	return true;
}

void
codes_restore(struct sip_edit *edit, const struct sip_buf *request)
{
	struct span value = sip_msg_value(edit->msg, SIP_HDR_TO);
	struct sip_addr_value theirs, ours;
	struct span theirs_code, ours_code;
	struct sip_msg msg;

	if (request == NULL ||
	    sip_gate_read(&msg, request->data, request->len, NULL) !=
		SIP_GATE_OK ||
	    !sip_addr_split(sip_msg_value(&msg, SIP_HDR_TO), &theirs) ||
	    !sip_addr_split(value, &ours))
		return;
	if (!span_eq(theirs.uri, ours.uri))
		sip_edit_replace(edit, ours.uri, theirs.uri);
	if (sip_param_get(theirs.params, "code", &theirs_code) &&
	    !sip_param_get(ours.params, "code", &ours_code))
		sip_edit_insertf(edit, span_end(value), ";code=%.*s",
		    SPAN_ARG(theirs_code));
}
