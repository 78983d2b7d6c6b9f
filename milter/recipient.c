/*
 * recipient: one RCPT, and its verdict where envelope and connection do.
 *
 * Keeps "Who is judged, and when" of design-mail.md. Never ACCEPT or DISCARD
 * from here: they would free the whole message. Whoever is turned away is
 * forgotten at once; the others stay until the end of the message.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "milter.h"
#include "path.h"
#include "reply.h"

enum { MOST_RECIPIENTS = 10000 };

void
recipient_free(struct recipient *recipient)
{
	usher_policy_release(recipient->policy);
	usher_decision_free(recipient->decision);
	free(recipient->address);
	free(recipient->path);
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

	if (mail->count == MOST_RECIPIENTS)
		return NULL;
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
	mail->count++;
	return recipient;
}

/*
 * MTAs take other spellings of an address, and deliver them to the same person:
 * in quotes, with comments, user%domain, domain!user, no domain. They tell the
 * plain one, which no alias has been applied to.
 */
static const char *
plain_address(SMFICTX *ctx, const struct recipient *recipient)
{
	static char macro[] = "{rcpt_addr}";
	const char *told;

	if (path_is_plain(recipient->address))
		return recipient->address;
	told = smfi_getsymval(ctx, macro);
	return told != NULL && strchr(told, '@') != NULL ? told
							 : recipient->address;
}

/* Finds the policy and who is always accepted. */
static void
look_up(SMFICTX *ctx, struct session *session, struct recipient *recipient)
{
	struct mail *mail = &session->mail;
	struct usher_error error = { 0 };
	enum usher_mode mode;
	char *who = path_undelimited(plain_address(ctx, recipient));

	if (who == NULL) {
		mail->blind = true;
		return;
	}
	recipient->safety = mail->safety;
	if (recipient->safety == NULL)
		recipient->safety = path_role(who);
	if (usher_policy_find(session->milter->usher, mail->conf, who,
		&recipient->policy, &error) != 0) {
		recipient->policy = NULL;
		tell_fault(session, recipient->address, &error);
	}
	free(who);
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
	atomic_fetch_add(&session->milter->counts.turned_away, 1);
	session_note_queue_id(ctx, session);
	tell_decision(session, recipient, reply_code(&reply), NULL);
	session->spare = recipient->decision;
	recipient->decision = NULL;
	recipient_free(recipient);
	mail->count--;
	return reply_send(ctx, &reply);
}

sfsistat
recipient_given(SMFICTX *ctx, char **argv)
{
	struct session *session = session_of(ctx);
	const struct usher_verdict *verdict;
	struct recipient *recipient;
	struct mail *mail;

	if (session == NULL || session->mail.conf == NULL)
		return SMFIS_CONTINUE;
	mail = &session->mail;
	recipient = add(mail, argv[0]);
	if (recipient == NULL) {
		mail->blind = true;
		tell_fault(session, argv[0], NULL);
		return SMFIS_CONTINUE;
	}
	look_up(ctx, session, recipient);
	if (recipient->policy == NULL || mail->blind)
		return SMFIS_CONTINUE;
	/* A null sender at RCPT is a callback or a report: never answered. */
	if (*mail->sender == '\0' && recipient->safety == NULL) {
		recipient->pending = true;
		return SMFIS_CONTINUE;
	}
	judge_envelope(session, recipient);
	verdict = judge_verdict(recipient);
	if (verdict == NULL || verdict->answer == USHER_ACCEPT ||
	    !recipient->enforce || mail->relay)
		return SMFIS_CONTINUE;
	return turn_away(ctx, session, recipient);
}
