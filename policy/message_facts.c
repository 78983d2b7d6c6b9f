/*
 * message_facts: puts what a mail shows into the facts of an attempt.
 *
 * Claims are the envelope sender, without the tags of BATV and SRS, and each
 * address in From; the one address of the one From field may be proven.
 * Called at the end of the headers and again at the end of the message: what
 * was put in is not put in twice. Keeps design-mail.md "Proof of a mail".
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "conf.h"
#include "error.h"
#include "message.h"
#include "proof.h"

/* draft-levine-smtp-batv: prvs=TAG=local@domain; also btv1==TAG==local. */
static const char *
without_batv(const char *address)
{
	const char *begin = address, *at = strchr(address, '@');

	if (strncasecmp(address, "prvs=", 5) == 0)
		begin = strchr(address + 5, '=');
	else if (strncasecmp(address, "btv1==", 6) == 0)
		begin = strstr(address + 6, "==");
	else
		return address;
	if (!begin || !at || begin > at)
		return address;
	begin += strspn(begin, "=");
	return begin < at ? begin : address;
}

/*
 * SRS0=hash=time=domain=local@forwarder, and SRS1=hash=host==hash=time=...:
 * the last two parts are whose mail it was.
 */
static const char *
without_srs(struct arena *arena, const char *address)
{
	const char *at = strrchr(address, '@'), *part = address;
	const char *domain, *local;
	char first;

	if (!at ||
	    (strncasecmp(address, "SRS0", 4) != 0 &&
		strncasecmp(address, "SRS1", 4) != 0))
		return address;
	first = address[4];
	if (first != '=' && first != '+' && first != '-')
		return address;
	if (address[3] == '1') {
		part = strstr(address + 5, "==");
		if (!part)
			return address;
		part += 1;
	} else {
		part = address + 4;
	}
	for (int i = 0; i < 2 && part; i++)
		part = strchr(part + 1, '=');
	domain = part ? part + 1 : NULL;
	local = domain ? strchr(domain, '=') : NULL;
	if (!local || local == domain || local + 1 >= at)
		return address;
	return usher_arena_printf(arena, "%.*s@%.*s", (int)(at - local - 1),
	    local + 1, (int)(local - domain), domain);
}

/* What cannot be read as an identity is no claim; only memory is a fault. */
static int
claim(struct usher_facts *facts, const char *who)
{
	int code = usher_facts_claim(facts, who, NULL);

	return code == ENOMEM ? ENOMEM : 0;
}

static int
put_claims(struct usher_message *message, const struct usher_envelope *envelope,
    const struct message_head *head, struct usher_facts *facts)
{
	int code = 0;

	if (envelope->mail_from) {
		const char *sender = without_srs(&message->arena,
		    without_batv(envelope->mail_from));

		if (!sender)
			return ENOMEM;
		code = usher_facts_sender(facts, sender);
	}
	for (size_t i = 0; code == 0 && i < head->from_count; i++)
		code = claim(facts, head->from[i]);
	return code;
}

/*
 * Fields beyond mail.keep may hold a second From, so a mail whose header was
 * cut proves nothing.
 */
static int
put_proof(struct usher_message *message, const struct usher_envelope *envelope,
    const struct message_head *head, struct usher_facts *facts)
{
	const struct usher_conf *conf = message->conf;
	struct proof_source source;
	int code;

	if (!conf)
		return 0;
	if (conf->mail.trust_claimed)
		usher_facts_prove_claims(facts);
	if (head->from_fields != 1 || head->from_count != 1 ||
	    message->headers_cut)
		return 0;
	source = (struct proof_source){
		.id_count = conf->mail.authserv_count,
		.ids = conf->mail.authserv_ids,
		.stripped = conf->mail.authserv_stripped,
		.queue_id = envelope->queue_id,
		.stored = !envelope->queue_id && !envelope->client,
		.domain_count = conf->site.domain_count,
		.domains = conf->site.domains,
		.null_sender = envelope->mail_from && !*envelope->mail_from,
	};
	if (!usher_proof_holds(&message->arena, &source, message->fields,
		message->field_count, head->from[0]))
		return 0;
	code = usher_facts_prove(facts, head->from[0], NULL);
	return code == ENOMEM ? ENOMEM : 0;
}

static int
put_content(const struct message_content *content, struct usher_facts *facts)
{
	int code = usher_facts_text(facts,
	    content->text.data ? content->text.data : "", content->text.length);

	facts->beside = content->beside.data;
	facts->beside_length = content->beside.length;
	if (!facts->words_given)
		facts->words += content->words_left_out;
	for (size_t i = 0; code == 0 && i < content->links.count; i++)
		code = usher_facts_link(facts, content->links.strings[i]);
	for (size_t i = 0; code == 0 && i < content->attachment_count; i++)
		code = usher_facts_attachment(facts,
		    content->attachments[i].name,
		    content->attachments[i].ending);
	return code;
}

static int
put_purpose(struct usher_message *message,
    const struct usher_envelope *envelope, const struct message_head *head,
    const struct message_content *content, struct usher_facts *facts)
{
	struct evidence_finding finding;
	struct evidence_view view = {
		.subject = head->subject,
		.subject_length = head->subject ? strlen(head->subject) : 0,
		.text = content->text.data,
		.text_length = content->text.length,
		.folded_subject = head->subject ? facts->folded_subject : NULL,
		.folded_subject_length = facts->folded_subject_length,
		.folded_text = facts->folded_text,
		.folded_text_length = facts->folded_text_length,
		.field_count = message->field_count,
		.fields = message->fields,
		.url_count = content->urls.count,
		.urls = content->urls.strings,
		.tests = usher_message_tests(message, head, content,
		    envelope->mail_from),
	};
	const struct evidence *evidence;
	char *from;
	int code;

	if (facts->purpose_given || !message->conf)
		return 0;
	code = usher_evidence_of(message->conf, &evidence);
	if (code || !evidence)
		return code;
	if (head->from_count > 0) {
		from = usher_arena_string(&message->arena, head->from[0]);
		if (!from)
			return ENOMEM;
		view.from = usher_text_lower(from);
	}
	code = usher_evidence_weigh(evidence, &facts->arena, &view, &finding);
	if (code)
		return code;
	facts->purpose = finding.purpose;
	facts->evidence = finding.items;
	facts->evidence_count = finding.count;
	return 0;
}

/* RFC 3865 §2.2: a class begins with a letter. */
static bool
solicits(const struct usher_message *message)
{
	for (size_t i = 0; i < message->field_count; i++) {
		const char *value = message->fields[i].value;

		if (usher_field_is(&message->fields[i], "Solicitation") &&
		    isalpha((unsigned char)value[strspn(value, " \t,")]))
			return true;
	}
	return false;
}

static int
put_headers(struct usher_message *message,
    const struct usher_envelope *envelope, const struct message_head *head,
    struct usher_facts *facts)
{
	int code = put_claims(message, envelope, head, facts);

	if (code == 0)
		code = put_proof(message, envelope, head, facts);
	facts->solicits = solicits(message);
	facts->identity = usher_message_field(message, "Message-ID");
	/* A family that is not known leaves the client unknown. */
	if (code == 0 && envelope->client)
		(void)usher_facts_client(facts, envelope->client);
	if (code == 0 && head->subject)
		code = usher_facts_subject(facts, head->subject,
		    strlen(head->subject));
	return code;
}

int
usher_message_facts(struct usher_message *message,
    const struct usher_envelope *envelope, unsigned shown,
    struct usher_facts *facts, struct usher_error *error)
{
	static const struct usher_envelope nothing = { NULL, NULL, NULL, NULL,
		NULL };
	const struct message_content *content;
	const struct message_head *head;
	int code = message->failed ? ENOMEM
				   : usher_message_head(message, &head);

	if (!envelope)
		envelope = &nothing;
	if (code == 0)
		code = put_headers(message, envelope, head, facts);
	if (code == 0 && (shown & USHER_BODY)) {
		code = usher_message_content(message, &content);
		if (code == 0)
			code = put_content(content, facts);
		if (code == 0)
			code = put_purpose(message, envelope, head, content,
			    facts);
	}
	if (code)
		return usher_error_set(error, code, "no memory to read a mail");
	usher_facts_shown(facts, shown | USHER_HEADERS);
	return 0;
}
