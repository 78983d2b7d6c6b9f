/*
 * identity.c - who calls, and what proves it.
 *
 * Of a trusted peer P-Asserted-Identity proves, else Remote-Party-ID; From too
 * where its terms say so; and where it shows verstat at all, only a passed one
 * does. From is a claim otherwise (design-calls.md "Identity"; RFC 3325, RFC
 * 3323, RFC 8225 with 3GPP TS 24.229 verstat). Called by request.c for screened
 * requests.
 */
#include <errno.h>
#include <stdio.h>

#include "phones.h"

enum verstat { VERSTAT_NONE, VERSTAT_PASSED, VERSTAT_OTHER };

/* One value of an identity header, read. */
struct reading {
	struct sip_value value;
	enum verstat verstat;
};

/* A parameter of the URI, or of a number in its user part. */
static bool
any_param(const struct sip_uri *uri, const char *name, struct span *value)
{
	const char *semicolon;

	if (sip_uri_param(uri, name, value))
		return true;
	semicolon = span_find(uri->user, ';');
	return semicolon != NULL &&
	    sip_param_get(span_between(semicolon, span_end(uri->user)), name,
		value);
}

static enum verstat
verstat_of(const struct sip_uri *uri)
{
	static const struct span passed = SPAN_LIT("TN-Validation-Passed");
	struct span value, head;

	if (!any_param(uri, "verstat", &value))
		return VERSTAT_NONE;
	head = (struct span){ value.p, passed.l };
	if (value.l < passed.l || !span_caseeq(head, passed))
		return VERSTAT_OTHER;
	/* "-A" and the like name the attestation behind it. */
	return value.l == passed.l || value.p[passed.l] == '-' ? VERSTAT_PASSED
							       : VERSTAT_OTHER;
}

static struct span
user_before_params(const struct sip_uri *uri)
{
	struct span user = uri->user;
	const char *semicolon = span_find(user, ';');

	if (semicolon != NULL)
		user.l = (size_t)(semicolon - user.p);
	return user;
}

static bool
sip_text(char text[ID_TEXT], struct span user, struct span host)
{
	static const struct span scheme = SPAN_LIT("sip:");
	char *p = text;

	if (scheme.l + user.l + 1 + host.l >= ID_TEXT)
		return false;
	p = span_copy(p, scheme);
	p = span_copy(p, user);
	*p++ = '@';
	p = span_copy(p, host);
	*p = '\0';
	return true;
}

bool
identity_text(const struct setup *setup, const struct usher_sip_terms *terms,
    const struct sip_uri *uri, char text[ID_TEXT], bool *number)
{
	char user[SIP_USER_MAX], context[64], *known = NULL;
	struct span param, raw = user_before_params(uri);
	size_t length;

	*number = false;
	if (raw.l == 0 || sip_uri_user(uri, user, sizeof(user), &length) != 0)
		return false;
	if (any_param(uri, "phone-context", &param) &&
	    param.l < sizeof(context)) {
		*span_copy(context, param) = '\0';
		known = context;
	}
	if (usher_sip_number(setup->conf, terms, user, length, known, text)) {
		*number = true;
		return true;
	}
	if (uri->scheme == SIP_SCHEME_TEL)
		return false; /* an extension of who knows whom */
	/* As written: whoever reads it takes the escapes off. */
	return sip_text(text, raw, uri->host);
}

static bool
ends_in(struct span text, const char *end)
{
	size_t length = strlen(end);

	return text.l >= length &&
	    span_caseeq((struct span){ text.p + text.l - length, length },
		span_of(end));
}

/* The names that networks give to those who withhold theirs. */
static bool
is_nobody(const struct sip_uri *uri)
{
	static const char *const words[] = { "anonymous", "unavailable",
		"unknown", "restricted", "private", "blocked" };
	struct span user;

	if (ends_in(uri->host, ".invalid") || span_is(uri->host, "invalid"))
		return true;
	if (uri->scheme != SIP_SCHEME_TEL && uri->user.l == 0)
		return true;
	user = user_before_params(uri);
	for (size_t i = 0; user.l > 0 && i < sizeof(words) / sizeof(words[0]);
	     i++) {
		if ((user.p[0] | 0x20) == words[i][0] &&
		    span_is(user, words[i]))
			return true;
	}
	return false;
}

static bool
is_aor(const struct setup *setup, struct span user, struct span host)
{
	char aor[ID_TEXT];
	int length = snprintf(aor, sizeof(aor), "sip:%.*s@%.*s", SPAN_ARG(user),
	    SPAN_ARG(host));

	return length > 0 && (size_t)length < sizeof(aor) &&
	    bindings_by_aor(setup->bindings, aor) != NULL;
}

/* A phone that is registered here, under any of our names. */
static bool
is_bound(const struct setup *setup, const struct sip_uri *uri)
{
	struct span user = user_before_params(uri);

	if (setup->bindings == NULL || user.l == 0 || uri->host.l == 0 ||
	    bindings_count(setup->bindings) == 0)
		return false;
	if (is_aor(setup, user, uri->host))
		return true;
	for (size_t i = 0; i < setup->host_count; i++) {
		if (setup_is_ours(setup, uri->host) &&
		    is_aor(setup, user, span_of(setup->hosts[i])))
			return true;
	}
	return false;
}

/* From outside nobody wears an inside number or the name of a phone of ours. */
static bool
is_inside(const struct setup *setup, const struct origin *origin,
    const struct sip_uri *uri)
{
	char user[SIP_USER_MAX];
	size_t length;

	if (setup->sip->place != USHER_SIP_BEFORE_PBX ||
	    origin->way == FROM_PBX || origin->way == FROM_PHONE)
		return false;
	if (sip_uri_user(uri, user, sizeof(user), &length) != 0)
		return false;
	return usher_sip_is_extension(origin->terms, user, length) ||
	    is_bound(setup, uri);
}

static void
add(struct caller *caller, const struct setup *setup,
    const struct origin *origin, const struct sip_uri *uri, bool proven)
{
	struct caller_id *id = &caller->ids[caller->count];
	bool number;

	if (is_nobody(uri))
		return;
	if (is_inside(setup, origin, uri)) {
		caller->anonymous = true;
		return;
	}
	if (caller->count == IDS_MOST ||
	    !identity_text(setup, origin->terms, uri, id->text, &number))
		return;
	for (unsigned i = 0; i < caller->count; i++) {
		if (strcmp(caller->ids[i].text, id->text) == 0) {
			caller->ids[i].proven |= proven;
			return;
		}
	}
	id->proven = proven;
	caller->count++;
}

/* A quoted NUL is legal, and the end of the name to who is written in C. */
static bool
has_nul(struct span text)
{
	return span_find(text, '\0') != NULL;
}

/* The values of all headers of an id. */
static int
read_header(const struct sip_msg *msg, enum sip_header id,
    struct reading *readings, unsigned most, unsigned *count)
{
	const struct sip_hdr *hdr = sip_msg_first(msg, id);
	struct span rest, value;

	for (; hdr != NULL; hdr = sip_msg_next(msg, hdr)) {
		rest = hdr->value;
		while (*count < most && sip_value_next(&rest, &value)) {
			struct reading *reading = &readings[*count];
			int failed = sip_value_read(&reading->value, value);

			if (failed != 0)
				return failed;
			if (has_nul(reading->value.display))
				return EBADMSG;
			reading->verstat = verstat_of(&reading->value.uri);
			(*count)++;
		}
	}
	return 0;
}

static bool
has_privacy(const struct sip_msg *msg, const struct reading *asserted,
    unsigned count)
{
	const struct sip_hdr *hdr = sip_msg_first(msg, SIP_HDR_PRIVACY);
	struct span value;

	for (; hdr != NULL; hdr = sip_msg_next(msg, hdr)) {
		const char *p = hdr->value.p, *end = p + hdr->value.l;

		while (p < end) {
			size_t length = 0;

			while (p + length < end && p[length] != ';' &&
			    p[length] != ',')
				length++;
			value = sip_span_trim((struct span){ p, length });
			if (span_is(value, "id") || span_is(value, "user"))
				return true;
			p += length + 1;
		}
	}
	/* Remote-Party-ID says it in a parameter of its own. */
	for (unsigned i = 0; i < count; i++) {
		if (sip_param_get(asserted[i].value.params, "privacy",
			&value) &&
		    span_is(value, "full"))
			return true;
	}
	return false;
}

static void
prove(struct caller *caller, const struct setup *setup,
    const struct origin *origin, const struct reading *asserted, unsigned count,
    const struct reading *from)
{
	enum usher_sip_identity rule = origin->terms->identity;
	enum verstat verstat = from->verstat;
	bool passed;

	for (unsigned i = 0; verstat == VERSTAT_NONE && i < count; i++)
		verstat = asserted[i].verstat;
	for (unsigned i = 0; i < count; i++) {
		if (asserted[i].verstat == VERSTAT_OTHER)
			verstat = VERSTAT_OTHER;
	}
	passed = verstat == VERSTAT_PASSED ||
	    (verstat == VERSTAT_NONE && rule != USHER_SIP_VERSTAT);
	for (unsigned i = 0; i < count; i++)
		add(caller, setup, origin, &asserted[i].value.uri, passed);
	add(caller, setup, origin, &from->value.uri,
	    passed &&
		(rule == USHER_SIP_FROM ||
		    (rule == USHER_SIP_VERSTAT && count == 0)));
}

/* Where the other side would answer to: both readers must agree on it too. */
static int
read_contacts(const struct sip_msg *msg)
{
	const struct sip_hdr *hdr = sip_msg_first(msg, SIP_HDR_CONTACT);
	struct sip_value read;
	struct span rest, value;
	int failed = 0;

	if (msg->method != SIP_METHOD_INVITE)
		return 0;
	for (; hdr != NULL; hdr = sip_msg_next(msg, hdr)) {
		rest = hdr->value;
		while (failed == 0 && sip_value_next(&rest, &value))
			failed = sip_value_read(&read, value);
	}
	return failed;
}

int
caller_read(struct caller *caller, const struct setup *setup,
    const struct origin *origin, const struct sip_msg *msg)
{
	struct reading asserted[2], from = { .verstat = VERSTAT_NONE };
	unsigned count = 0;
	size_t length;
	int failed = sip_party_read(&from.value, msg, SIP_HDR_FROM);

	if (failed == 0 && has_nul(from.value.display))
		failed = EBADMSG;
	if (failed == 0)
		failed = read_contacts(msg);
	memset(caller, 0, offsetof(struct caller, ids));
	caller->display[0] = '\0';
	if (failed == 0 && origin->trusted)
		failed = read_header(msg, SIP_HDR_P_ASSERTED_IDENTITY, asserted,
		    2, &count);
	if (failed == 0 && origin->trusted && count == 0)
		failed = read_header(msg, SIP_HDR_REMOTE_PARTY_ID, asserted, 2,
		    &count);
	if (failed != 0)
		return failed;
	from.verstat = verstat_of(&from.value.uri);
	caller->has_user = from.value.uri.user.l > 0;
	if (sip_display_text(from.value.display, caller->display,
		sizeof(caller->display) - 1, &length) == 0)
		caller->display[length] = '\0';
	else
		caller->display[0] = '\0';
	if (origin->trusted)
		prove(caller, setup, origin, asserted, count, &from);
	else
		add(caller, setup, origin, &from.value.uri, false);
	caller->hidden = has_privacy(msg, asserted, count);
	if (caller->hidden || caller->count == 0)
		caller->anonymous = true;
	return 0;
}

const struct caller_id *
caller_main(const struct caller *caller)
{
	for (unsigned i = 0; i < caller->count; i++) {
		if (caller->ids[i].proven)
			return &caller->ids[i];
	}
	return caller->count > 0 ? &caller->ids[0] : NULL;
}

const char *
caller_shown(const struct caller *caller)
{
	const struct caller_id *id = caller_main(caller);

	return caller->hidden || id == NULL ? "anonymous" : id->text;
}
