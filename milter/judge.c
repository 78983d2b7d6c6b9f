/*
 * judge: facts from what the MTA has shown, and verdicts on them.
 *
 * Called at RCPT with connection and envelope, at the end of the headers and
 * at the end of the message. A verdict once given stays: a window that closes
 * while a message is under way harms nobody. A fault leaves a recipient
 * without a verdict, and the mail passes.
 */
#include <errno.h>
#include <string.h>

#include "milter.h"

/* Its limits and its trust are those of one snapshot of usher.conf. */
struct usher_message *
judge_content(struct session *session)
{
	struct usher_conf *conf = session->mail.conf;

	if (session->content != NULL && session->content_conf == conf)
		return session->content;
	usher_message_free(session->content);
	session->content = NULL;
	session->content_conf = conf;
	if (usher_message_new(conf, &session->content) != 0)
		session->content = NULL;
	return session->content;
}

const struct usher_verdict *
judge_verdict(const struct recipient *recipient)
{
	if (recipient->decision == NULL || recipient->pending)
		return NULL;
	return usher_decision_verdict(recipient->decision);
}

static void
give_up(struct session *session, struct recipient *recipient,
    const struct usher_error *error)
{
	tell_fault(session, recipient->address, error);
	usher_decision_free(recipient->decision);
	recipient->decision = NULL;
	recipient->pending = false;
}

/*
 * What cannot be read is as good as nothing for most; the core knows for whom
 * it is not (design.md §6).
 */
static const struct usher_memory *
remember(struct session *session, struct recipient *recipient,
    const struct usher_facts *facts, struct usher_error *error)
{
	if (recipient->safety != NULL)
		return NULL;
	if (usher_memory_read(session->milter->usher, recipient->policy,
		recipient->who, facts, recipient->at, &session->memory,
		error) != 0)
		tell_fault(session, recipient->address, error);
	if (usher_memory_mode(session->memory, USHER_ENFORCE) !=
	    USHER_ENFORCE) {
		recipient->enforce = false;
		recipient->paused = true;
	}
	return session->memory;
}

/* A hundred threads do this at once: `error`, a kilobyte, is the caller's. */
static void
judge(struct session *session, struct recipient *recipient,
    struct usher_facts *facts, struct usher_error *error)
{
	struct usher_question question = {
		.policy = recipient->policy,
		.facts = facts,
		.at = milter_now(session->milter),
		.safety = recipient->safety != NULL,
	};

	if (recipient->decision == NULL) {
		recipient->decision = session->spare;
		session->spare = NULL;
	}
	recipient->at = question.at;
	memset(error, 0, sizeof *error);
	if (usher_facts_tag(facts, recipient->tag) != 0) {
		give_up(session, recipient, NULL);
		return;
	}
	question.memory = remember(session, recipient, facts, error);
	if (usher_decide(session->milter->usher, &question,
		&recipient->decision, error) != 0) {
		give_up(session, recipient, error);
		return;
	}
	recipient->pending =
	    usher_decision_verdict(recipient->decision)->answer ==
	    USHER_PENDING;
}

bool
judge_promised(const struct session *session)
{
	return session->memory != NULL &&
	    usher_memory_promised(session->memory);
}

/*
 * Of a relay's mail, the client is the one that it says it has it from. Where
 * the MTA tells no queue id, our session's, which nobody outside can know
 * either, stands for it: without any, the core takes a mail for a stored one.
 */
static struct usher_envelope
envelope_of(const struct session *session)
{
	const struct origin *origin = session->mail.origin;
	const struct sockaddr *client =
	    (const struct sockaddr *)&session->client;
	struct usher_envelope envelope = {
		.mail_from = session->mail.sender,
		.queue_id = session->mail.queue_id != NULL
		    ? session->mail.queue_id
		    : session->id,
	};

	if (!session->mail.relay) {
		envelope.client = client->sa_family != AF_UNSPEC ? client
								 : NULL;
		envelope.client_name = session->client_name;
		envelope.helo = session->helo;
	} else if (origin != NULL && origin->known) {
		envelope.client =
		    (const struct sockaddr *)&origin->received.client;
		envelope.client_name = origin->received.name;
		envelope.helo = origin->received.helo;
	}
	return envelope;
}

/* No verdict stands on what was shown so far: words need none of it. */
static bool
nothing_stands(const struct mail *mail)
{
	for (size_t i = 0; i < mail->count; i++)
		if (mail->recipients[i].decision != NULL &&
		    !mail->recipients[i].pending)
			return false;
	return true;
}

/* Facts for what is shown now: those of an earlier stage grow, or new ones. */
static int
begin_facts(struct session *session, unsigned shown, struct usher_facts **kept)
{
	struct mail *mail = &session->mail;

	for (unsigned i = shown; i-- > 0 && nothing_stands(mail);) {
		if (mail->facts[i] == NULL)
			continue;
		*kept = mail->facts[i];
		mail->facts[i] = NULL;
		return 0;
	}
	return usher_facts_new(mail->conf, USHER_EMAIL, kept);
}

/* Made once a mail and stage, for all recipients. */
static int
facts_of(struct session *session, unsigned shown, struct usher_facts **facts,
    struct usher_error *error)
{
	struct usher_envelope envelope = envelope_of(session);
	struct usher_message *content = judge_content(session);
	struct usher_facts **kept = &session->mail.facts[shown];
	int code = content == NULL ? ENOMEM : 0;

	if (code == 0 && *kept == NULL) {
		code = begin_facts(session, shown, kept);
		if (code == 0)
			code = usher_message_facts(content, &envelope, shown,
			    *kept, error);
		if (code == 0)
			usher_facts_shown(*kept, shown);
		if (code != 0) {
			usher_facts_free(*kept);
			*kept = NULL;
		}
	}
	*facts = *kept;
	return code;
}

struct usher_facts *
judge_facts(struct session *session)
{
	struct usher_error error = { 0 };
	struct usher_facts *facts = NULL;

	if (session->mail.blind ||
	    facts_of(session, USHER_ALL, &facts, &error) != 0)
		return NULL;
	return facts;
}

struct usher_facts *
judge_latest(const struct session *session)
{
	for (size_t i = USHER_ALL + 1; i-- > 0;)
		if (session->mail.facts[i] != NULL)
			return session->mail.facts[i];
	return NULL;
}

void
judge_envelope(struct session *session, struct recipient *recipient)
{
	struct usher_error error = { 0 };
	struct usher_facts *facts;

	if (facts_of(session, 0, &facts, &error) != 0)
		give_up(session, recipient, &error);
	else
		judge(session, recipient, facts, &error);
}

/*
 * A null sender proves nothing, but a report must arrive: one recipient, and
 * the form of a report or an automatic answer.
 */
static bool
is_report(struct session *session)
{
	struct usher_traits traits;

	if (*session->mail.sender != '\0' ||
	    !recipient_only_one(&session->mail))
		return false;
	traits = usher_message_traits(session->content);
	return traits.report || traits.automatic;
}

/* Published while the connection was open: the body was not asked for. */
static bool
came_too_late(const struct session *session, const struct recipient *recipient)
{
	return !session->body_comes &&
	    (usher_policy_needs(recipient->policy) & USHER_BODY) != 0;
}

/* To whoever wrote, in their language; only the turned away are spoken to. */
static void
speak(struct session *session, struct recipient *recipient)
{
	const struct usher_verdict *verdict = judge_verdict(recipient);

	if (verdict != NULL && verdict->answer != USHER_ACCEPT)
		usher_decision_language(recipient->decision,
		    usher_message_language(session->content));
}

static void
judge_one(struct session *session, struct recipient *recipient,
    struct usher_facts *facts, unsigned shown, struct usher_error *error)
{
	static const struct usher_error late = { .code = ENODATA,
		.text = "the policy was published after the MTA opened this "
			"connection, and needs the body" };

	judge(session, recipient, facts, error);
	if (shown == USHER_ALL)
		speak(session, recipient);
	if (shown == USHER_ALL && came_too_late(session, recipient) &&
	    judge_verdict(recipient) != NULL && recipient->safety == NULL)
		give_up(session, recipient, &late);
}

/* Words are made from the facts of a verdict, of no others. */
static void
forget_facts(struct mail *mail, unsigned before)
{
	for (unsigned i = 0; i < before; i++) {
		usher_facts_free(mail->facts[i]);
		mail->facts[i] = NULL;
	}
}

void
judge_pending(struct session *session, unsigned shown)
{
	struct mail *mail = &session->mail;
	struct usher_error error = { 0 };
	struct usher_facts *facts = NULL;
	struct recipient *recipient;
	bool report, all = true;
	int code;
	size_t i;

	if (!recipient_any_pending(mail))
		return;
	code = mail->blind ? ENOMEM : facts_of(session, shown, &facts, &error);
	report = code == 0 && is_report(session);
	for (i = 0; i < mail->count; i++) {
		recipient = &mail->recipients[i];
		if (!recipient->pending) {
			all = all && recipient->decision == NULL;
			continue;
		}
		if (report)
			recipient->safety = "report";
		if (code != 0)
			give_up(session, recipient, &error);
		else
			judge_one(session, recipient, facts, shown, &error);
	}
	if (code == 0 && all)
		forget_facts(mail, shown);
}

void
judge_anew(struct session *session, struct recipient *recipient)
{
	struct usher_facts *facts = judge_latest(session);
	struct usher_error error;

	recipient->passed = NULL;
	if (facts != NULL) {
		judge(session, recipient, facts, &error);
		speak(session, recipient);
	}
	judge_pending(session, USHER_ALL);
}
