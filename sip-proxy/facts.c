/*
 * facts.c - what a request shows, as facts for libusher.
 *
 * Identities with their proof, the client, subject and call reason (RFC 9796),
 * the text of a MESSAGE, and the purpose that display name and organization
 * hint at. Called by decide_call.c.
 */
#include <errno.h>
#include <stdlib.h>

#include "screen.h"

enum {
	TEXT_MOST = 1024,
	SAID_MOST = 8192 /* of a MESSAGE; a datagram's worth costs 1 ms */
};

/* A value without its folding, as a string; NUL bytes end it. */
static const char *
unfold(struct span value, char text[TEXT_MOST])
{
	size_t used = 0;

	for (size_t i = 0; i < value.l && used < TEXT_MOST - 1; i++) {
		char c = value.p[i];

		if (c == '\r' || c == '\n')
			continue;
		text[used++] = c == '\t' ? ' ' : c;
	}
	text[used] = '\0';
	return text;
}

/* call-reason="..." of the first Call-Info that has one, its quotes off. */
static bool
call_reason(const struct sip_msg *msg, char text[TEXT_MOST])
{
	const struct sip_hdr *hdr = sip_msg_first(msg, SIP_HDR_CALL_INFO);
	struct sip_addr_value address;
	struct span rest, value, reason;
	size_t length;

	for (; hdr != NULL; hdr = sip_msg_next(msg, hdr)) {
		rest = hdr->value;
		while (sip_value_next(&rest, &value)) {
			if (!sip_addr_split(value, &address) ||
			    !sip_param_get(address.params, "call-reason",
				&reason) ||
			    sip_display_text(reason, text, TEXT_MOST - 1,
				&length) != 0)
				continue;
			text[length] = '\0';
			return length > 0;
		}
	}
	return false;
}

static int
add_identities(struct usher_facts *facts, const struct caller *caller)
{
	struct usher_error error;
	int failed = 0;

	for (unsigned i = 0; i < caller->count; i++) {
		const struct caller_id *id = &caller->ids[i];

		failed = id->proven
		    ? usher_facts_prove(facts, id->text, &error)
		    : usher_facts_claim(facts, id->text, &error);
		/* What libusher cannot read as an identity is none. */
		if (failed != 0 && failed != EINVAL)
			return failed;
	}
	if (caller->anonymous)
		usher_facts_anonymous(facts);
	return 0;
}

static int
add_purpose(struct usher_facts *facts, const struct sip_msg *msg,
    const struct caller *caller)
{
	char organization[TEXT_MOST];

	unfold(sip_msg_value(msg, SIP_HDR_ORGANIZATION), organization);
	return usher_facts_purpose_of_call(facts, caller->display,
	    organization);
}

static int
add_words(struct usher_facts *facts, const struct sip_msg *msg)
{
	char text[TEXT_MOST];
	struct span subject = sip_msg_value(msg, SIP_HDR_SUBJECT);
	int failed = 0;

	if (subject.p != NULL) {
		unfold(subject, text);
		failed = usher_facts_subject(facts, text, strlen(text));
	}
	if (failed == 0 && call_reason(msg, text))
		failed = usher_facts_reason(facts, text, strlen(text));
	return failed;
}

static bool
begins(struct span text, const char *with)
{
	size_t length = strlen(with);

	return text.l >= length &&
	    span_is((struct span){ text.p, length }, with);
}

/* Cuts rest behind its next empty line; head is what stands before it. */
static bool
cut_head(struct span *rest, struct span *head)
{
	const char *end = span_end(*rest);
	const char *p = rest->l == 0 ? NULL
				     : memmem(rest->p, rest->l, "\r\n\r\n", 4);

	if (p == NULL)
		return false;
	*head = span_between(rest->p, p + 2);
	*rest = span_between(p + 4, end);
	return true;
}

/* message/cpim: its own headers, those of the part, the part (RFC 3862). */
static struct span
open_cpim(struct span body, struct span *type)
{
	static const char name[] = "content-type:";
	const struct span none = { NULL, 0 };
	struct span head;

	*type = none;
	if (!cut_head(&body, &head) || !cut_head(&body, &head))
		return none;
	while (!begins(head, name)) {
		const char *end = span_find(head, '\n');

		if (end == NULL)
			return none;
		head = span_between(end + 1, span_end(head));
		if (head.l == 0)
			return none;
	}
	*type = sip_span_trim((struct span){ head.p + sizeof(name) - 1,
	    head.l - (sizeof(name) - 1) });
	return body;
}

/* What a MESSAGE carries, and of what type it is. */
static struct span
content_of(const struct sip_msg *msg, struct span *type)
{
	*type = sip_msg_value(msg, SIP_HDR_CONTENT_TYPE);
	return begins(*type, "message/cpim") ? open_cpim(msg->body, type)
					     : msg->body;
}

bool
message_is_notice(const struct sip_msg *msg)
{
	static const char *const types[] = { "application/im-iscomposing+xml",
		"message/imdn+xml" };
	struct span type;

	if (msg->method != SIP_METHOD_MESSAGE)
		return false;
	(void)content_of(msg, &type);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (begins(type, types[i]))
			return true;
	}
	return false;
}

/* Text is what a MESSAGE says; other types only have their verdict. */
static int
add_text(struct usher_facts *facts, const struct sip_msg *msg)
{
	struct usher_error error;
	struct span type, said;
	char *text;
	int failed;

	if (msg->method != SIP_METHOD_MESSAGE)
		return 0;
	said = content_of(msg, &type);
	if (said.l == 0 || !begins(type, "text/"))
		return 0;
	if (said.l > SAID_MOST) {
		said.l = SAID_MOST;
		/* Not within a character of UTF-8. */
		while (said.l > 0 && (said.p[said.l] & 0xc0) == 0x80)
			said.l--;
	}
	text = strndup(said.p, said.l);
	if (text == NULL)
		return ENOMEM;
	failed = usher_facts_set(facts, "text", text, &error);
	free(text);
	return failed == EINVAL ? 0 : failed;
}

struct usher_facts *
facts_of(const struct setup *setup, const struct sip_msg *msg,
    const struct sip_peer *src, const struct caller *caller,
    const struct usher_policy *policy, enum usher_channel channel,
    struct usher_facts **spare)
{
	struct usher_facts *facts = *spare;

	*spare = NULL;
	if (facts != NULL)
		usher_facts_renew(facts, setup->conf, channel);
	else if (usher_facts_new(setup->conf, channel, &facts) != 0)
		return NULL;
	if (add_identities(facts, caller) != 0 ||
	    usher_facts_client(facts, &src->addr.sa) != 0 ||
	    add_text(facts, msg) != 0 || add_words(facts, msg) != 0 ||
	    (usher_policy_weighs(policy) &&
		add_purpose(facts, msg, caller) != 0)) {
		usher_facts_free(facts);
		return NULL;
	}
	return facts;
}
