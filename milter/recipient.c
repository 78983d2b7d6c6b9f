/*
 * recipient: one RCPT, and its verdict where envelope and connection do.
 *
 * Keeps "Who is judged, and when" of design-mail.md. Never ACCEPT or DISCARD
 * from here: they would free the whole message. Whoever is turned away is
 * forgotten at once; the others stay until the end of the message.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "attempt.h"
#include "codes.h"
#include "milter.h"
#include "outcome.h"
#include "parted.h"
#include "path.h"
#include "promise.h"
#include "reply.h"

enum { MOST_RECIPIENTS = 10000 };

void
recipient_free(struct recipient *recipient)
{
	usher_policy_release(recipient->policy);
	usher_decision_free(recipient->decision);
	free(recipient->address);
	free(recipient->tag);
	free(recipient->path);
	free(recipient->answer);
	free(recipient->who);
}

bool
recipient_any_pending(const struct mail *mail)
{
	size_t i;

	for (i = 0; i < mail->count; i++)
		if (mail->recipients[i].pending)
			return true;
	return false;
}

bool
recipient_turns_away(const struct recipient *recipient)
{
	const struct usher_verdict *verdict = judge_verdict(recipient);

	return verdict != NULL && verdict->answer != USHER_ACCEPT &&
	    recipient->enforce;
}

bool
recipient_any_waiting(const struct mail *mail)
{
	size_t i;

	for (i = 0; i < mail->count; i++)
		if (mail->recipients[i].pending ||
		    recipient_turns_away(&mail->recipients[i]))
			return true;
	return false;
}

bool
recipient_any_enforced(const struct mail *mail)
{
	size_t i;

	for (i = 0; i < mail->count; i++)
		if (mail->recipients[i].enforce)
			return true;
	return false;
}

bool
recipient_only_one(const struct mail *mail)
{
	size_t i;

	for (i = 1; i < mail->count; i++)
		if (strcasecmp(mail->recipients[i].address,
			mail->recipients[0].address) != 0)
			return false;
	return mail->count > 0;
}

static struct recipient *
add(struct mail *mail, const char *path)
{
	struct recipient *recipients = mail->recipients, *recipient;
	size_t room = mail->room == 0 ? 4 : mail->room * 2;

	if (mail->count == mail->room) {
		recipients = reallocarray(recipients, room, sizeof *recipients);
		if (recipients == NULL)
			return NULL;
		mail->recipients = recipients;
		mail->room = room;
	}
	recipient = &recipients[mail->count];
	memset(recipient, 0, sizeof *recipient);
	recipient->address = path_address(path);
	recipient->path = strdup(path);
	if (recipient->address == NULL || recipient->path == NULL) {
		free(recipient->address);
		free(recipient->path);
		return NULL;
	}
	codes_hide(recipient);
	mail->count++;
	return recipient;
}

/*
 * MTAs take other spellings of an address, and deliver them to the same person:
 * in quotes, with comments, user%domain, domain!user, no domain. Postfix tells
 * the plain one, which no alias has been applied to; Sendmail a bare user.
 */
static char *
plain_address(SMFICTX *ctx, const struct mail *mail,
    const struct recipient *recipient)
{
	const struct usher_site *site = usher_conf_site(mail->conf);
	static char macro[] = "{rcpt_addr}";
	const char *told;

	if (path_is_plain(recipient->address))
		return strdup(recipient->address);
	told = smfi_getsymval(ctx, macro);
	if (told != NULL && path_is_plain(told))
		return strdup(told);
	return path_plain(recipient->address,
	    site->domain_count > 0 ? site->domains[0] : "");
}

/* Finds the policy and who is always accepted. */
static void
look_up(SMFICTX *ctx, struct session *session, struct recipient *recipient)
{
	struct mail *mail = &session->mail;
	struct usher_error error = { 0 };
	enum usher_mode mode;
	char *plain = plain_address(ctx, mail, recipient);
	const char *who;

	recipient->who = plain == NULL ? NULL : path_undelimited(plain);
	free(plain);
	if (recipient->who == NULL) {
		mail->blind = true;
		return;
	}
	for (char *at = recipient->who; *at != '\0'; at++)
		*at = (char)tolower((unsigned char)*at);
	who = recipient->who;
	recipient->safety = mail->safety;
	if (recipient->safety == NULL)
		recipient->safety = path_role(who);
	if (usher_policy_find(session->milter->usher, mail->conf, who,
		&recipient->policy, &error) != 0) {
		recipient->policy = NULL;
		tell_fault(session, recipient->address, &error);
	}
	codes_know(mail, recipient);
	if (recipient->policy == NULL)
		return;
	mode = usher_policy_mode(recipient->policy);
	if (mode == USHER_OFF) {
		usher_policy_release(recipient->policy);
		recipient->policy = NULL;
		return;
	}
	/* Our own clients' mail keeps the header it may have got before. */
	recipient->enforce = mode == USHER_ENFORCE && mail->safety == NULL;
	usher_reference_make(recipient->reference);
}

/* The last recipient goes: it has got its answer. */
static void
forget(struct session *session, struct recipient *recipient)
{
	if (session->spare == NULL) {
		session->spare = recipient->decision;
		recipient->decision = NULL;
	}
	recipient_free(recipient);
	session->mail.count--;
}

static sfsistat
turn_away(SMFICTX *ctx, struct session *session, struct recipient *recipient)
{
	struct mail *mail = &session->mail;
	struct reply reply;
	struct reply_terms terms = {
		.reference = recipient->reference,
		.at = recipient->at,
		.patience_s = usher_conf_mail(mail->conf)->patience_s,
		.final = mail->deferred >= MOST_DEFERRED,
	};

	reply_make(&reply, recipient->decision, &terms);
	if (reply.temporary)
		mail->deferred++;
	parted_answered(session, recipient);
	attempt_turned_away(session, recipient, reply.temporary);
	atomic_fetch_add(&session->milter->counts.turned_away, 1);
	session_note_queue_id(ctx, session);
	tell_decision(session, recipient, reply_code(&reply), NULL);
	forget(session, recipient);
	return reply_send(ctx, &reply);
}

/* What the envelope decided is answered here: not later, and not at all. */
static bool
is_answered_now(struct session *session, struct recipient *recipient)
{
	struct usher_error error = { 0 };

	if (!recipient_turns_away(recipient) ||
	    outcome_waits(session, recipient))
		return false;
	if (judge_promised(session)) {
		recipient->pending = true;
		return false;
	}
	if (promise_give(session, recipient, &error) == 0)
		return true;
	tell_fault(session, recipient->address, &error);
	recipient->passed = "no promise could be kept";
	atomic_fetch_add(&session->milter->counts.unkept, 1);
	return false;
}

static sfsistat
put_off(SMFICTX *ctx, struct session *session, struct recipient *recipient)
{
	static char code[] = "452", extended[] = "4.5.3";
	static char text[] = "Not all recipients of this message can be "
			     "answered at once, please send it to this one "
			     "again.";

	session_note_queue_id(ctx, session);
	tell_later(session, recipient->address, code);
	forget(session, recipient);
	(void)smfi_setreply(ctx, code, extended, text);
	return SMFIS_TEMPFAIL;
}

static sfsistat
answer(SMFICTX *ctx, struct session *session, struct recipient *recipient)
{
	struct mail *mail = &session->mail;

	if (recipient->policy != NULL && recipient->safety == NULL &&
	    (*mail->sender == '\0' || mail->relay)) {
		/* A null sender at RCPT is a callback or a report, and of a
		 * relay's mail only the header tells the client. */
		recipient->pending = true;
		return SMFIS_CONTINUE;
	}
	if (recipient->policy != NULL)
		judge_envelope(session, recipient);
	if (is_answered_now(session, recipient))
		return turn_away(ctx, session, recipient);
	if (parted_later(session, recipient))
		return put_off(ctx, session, recipient);
	return SMFIS_CONTINUE;
}

/*
 * RFC 5321 §4.5.3.1.10: the client sends the rest by itself. Whose mail is
 * never turned away has no limit, and is not looked at beyond.
 */
static sfsistat
too_many(SMFICTX *ctx, const struct mail *mail)
{
	static char code[] = "452", extended[] = "4.5.3";
	static char text[] = "Too many recipients.";

	if (mail->safety != NULL || mail->relay)
		return SMFIS_CONTINUE;
	(void)smfi_setreply(ctx, code, extended, text);
	return SMFIS_TEMPFAIL;
}

sfsistat
recipient_given(SMFICTX *ctx, char **argv)
{
	struct session *session = session_of(ctx);
	struct recipient *recipient;
	struct mail *mail;

	if (session == NULL || session->mail.conf == NULL)
		return SMFIS_CONTINUE;
	mail = &session->mail;
	if (mail->count == MOST_RECIPIENTS)
		return too_many(ctx, mail);
	recipient = add(mail, argv[0]);
	if (recipient == NULL) {
		mail->blind = true;
		tell_fault(session, argv[0], NULL);
		return SMFIS_CONTINUE;
	}
	look_up(ctx, session, recipient);
	if (mail->blind)
		return SMFIS_CONTINUE;
	return answer(ctx, session, recipient);
}
