/*
 * recipient.c - whose policy a request is for.
 *
 * The first of R-URI, P-Called-Party-ID and To that a published policy lists;
 * from others the R-URI alone (design-calls.md "The recipient"). Numbers
 * compare normalised; SIP URIs are the same when their users are and both
 * hosts are ours, so a user is asked for at each of our hosts. Called by
 * request.c and phones.c on the loop, where what must be read is `missing`, and
 * by waiting.c in the store thread.
 */
#include <errno.h>
#include <stdio.h>

#include "codes.h"

static int
look(const struct recipient *recipient, struct proxy *proxy,
    const struct setup *setup, const char *who, struct usher_policy **policy,
    struct usher_error *error)
{
	return recipient->looking == LOOK_IN_STORE
	    ? usher_policy_find(proxy->usher, setup->conf, who, policy, error)
	    : usher_policy_at_hand(proxy->usher, setup->conf, who, policy,
		  error);
}

/* One question to libusher. True: the search is over. */
static bool
ask(struct recipient *recipient, struct proxy *proxy, const struct setup *setup,
    const char *who)
{
	struct usher_policy *policy = NULL;
	struct usher_error error = { .code = 0 };
	int failed = look(recipient, proxy, setup, who, &policy, &error);

	if (failed == EAGAIN && recipient->looking == LOOK_AT_HAND) {
		recipient->missing = true;
		return true;
	}
	if (failed != 0) {
		/* Of what came too late has been told. */
		if (recipient->looking != LOOK_NO_MORE)
			log_write(&proxy->log, LOG_ERR,
			    "the policy of %s cannot be "
			    "read, its calls pass: %s",
			    who, error.text);
		recipient->faulty = true;
		return true;
	}
	if (policy == NULL)
		return false;
	if (usher_policy_owns(policy, who)) {
		usher_policy_release(recipient->policy);
		recipient->policy = policy;
		recipient->published = true;
		/* Ends in it: both are ID_TEXT long. */
		memccpy(recipient->text, who, '\0', sizeof(recipient->text));
		return true;
	}
	/* The site's default speaks for those who published nothing. */
	if (recipient->policy == NULL)
		recipient->policy = policy;
	else
		usher_policy_release(policy);
	return false;
}

/* The user at every host of ours, its own first. */
static bool
ask_everywhere(struct recipient *recipient, struct proxy *proxy,
    const struct setup *setup, const struct sip_uri *uri, const char *text)
{
	const char *at = strchr(text, '@');
	char who[ID_TEXT], *host;

	if (at == NULL || !setup_is_ours(setup, uri->host))
		return false;
	if (ask(recipient, proxy, setup, text))
		return true;
	host = mempcpy(who, text, (size_t)(at + 1 - text));
	for (size_t i = 0; i < setup->host_count; i++) {
		struct span name = span_of(setup->hosts[i]);

		if (span_caseeq(uri->host, name) ||
		    name.l >= (size_t)(who + sizeof(who) - host))
			continue;
		*span_copy(host, name) = '\0';
		if (ask(recipient, proxy, setup, who))
			return true;
	}
	return false;
}

static bool
try_as(struct recipient *recipient, struct proxy *proxy,
    const struct setup *setup, const struct origin *origin,
    const struct sip_uri *uri)
{
	char text[ID_TEXT];
	bool number;

	if (!identity_text(setup, origin->terms, uri, text, &number))
		return false;
	if (recipient->text[0] == '\0') {
		memcpy(recipient->text, text, sizeof(text));
		recipient->numbered = number;
	}
	if (number ? ask(recipient, proxy, setup, text)
		   : ask_everywhere(recipient, proxy, setup, uri, text)) {
		recipient->numbered = number;
		return true;
	}
	return false;
}

/* A code beside the name is none of it. */
static bool
try_uri(struct recipient *recipient, struct proxy *proxy,
    const struct setup *setup, const struct origin *origin,
    const struct sip_uri *uri)
{
	struct sip_uri bare;

	if (!codes_cut(uri, &bare))
		return try_as(recipient, proxy, setup, origin, uri);
	recipient->coded = true;
	return try_as(recipient, proxy, setup, origin, &bare);
}

static void
note_codes(struct recipient *recipient, const struct sip_msg *msg)
{
	if (recipient->policy != NULL &&
	    (recipient->coded || usher_policy_takes_codes(recipient->policy)))
		codes_find(recipient, msg);
}

int
recipient_find(struct recipient *recipient, enum looking looking,
    struct proxy *proxy, const struct setup *setup, const struct origin *origin,
    const struct sip_msg *msg)
{
	static const enum sip_header rest[] = { SIP_HDR_P_CALLED_PARTY_ID,
		SIP_HDR_TO };
	struct sip_value value;
	int failed = sip_uri_read(&value, msg->uri);
	/* To is read for everybody: a bad one is 400, whoever sends it. */
	size_t count = sizeof(rest) / sizeof(rest[0]);
	bool found;

	memset(recipient, 0, sizeof(*recipient));
	recipient->looking = looking;
	if (failed != 0)
		return failed;
	found = try_uri(recipient, proxy, setup, origin, &value.uri);
	for (size_t i = 0; i < count; i++) {
		const struct sip_hdr *hdr = sip_msg_first(msg, rest[i]);

		if (hdr == NULL)
			continue;
		failed = rest[i] == SIP_HDR_TO
		    ? sip_party_read(&value, msg, SIP_HDR_TO)
		    : sip_value_read(&value, hdr->value);
		if (failed != 0)
			break;
		if (!found && origin->way == FROM_TRUNK)
			found = try_uri(recipient, proxy, setup, origin,
			    &value.uri);
	}
	if (failed != 0)
		recipient_done(recipient);
	note_codes(recipient, msg);
	return failed;
}

/* The AOR's user at its own host and at ours, then what the PBX says. */
int
recipient_of_phone(struct recipient *recipient, enum looking looking,
    struct proxy *proxy, const struct setup *setup, const struct origin *origin,
    const struct sip_msg *msg, const char *aor)
{
	static const enum sip_header rest[] = { SIP_HDR_P_CALLED_PARTY_ID,
		SIP_HDR_TO };
	struct sip_value value;
	struct sip_uri uri;
	int failed = 0;

	memset(recipient, 0, sizeof(*recipient));
	recipient->looking = looking;
	if (aor[0] != '\0' && sip_uri_split(&uri, span_of(aor)) == 0 &&
	    try_uri(recipient, proxy, setup, origin, &uri)) {
		note_codes(recipient, msg);
		return 0;
	}
	for (size_t i = 0; i < sizeof(rest) / sizeof(rest[0]); i++) {
		const struct sip_hdr *hdr = sip_msg_first(msg, rest[i]);

		if (hdr == NULL)
			continue;
		failed = rest[i] == SIP_HDR_TO
		    ? sip_party_read(&value, msg, SIP_HDR_TO)
		    : sip_value_read(&value, hdr->value);
		if (failed != 0 ||
		    try_uri(recipient, proxy, setup, origin, &value.uri))
			break;
	}
	if (failed != 0)
		recipient_done(recipient);
	note_codes(recipient, msg);
	return failed;
}

void
recipient_done(struct recipient *recipient)
{
	usher_policy_release(recipient->policy);
	recipient->policy = NULL;
}
