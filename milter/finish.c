/*
 * finish: end of message: one answer for all recipients, and the header.
 *
 * SMTP has one reply here. When all recipients get the same, that is it; when
 * they differ the message is accepted for all, logged and counted
 * (design-mail.md "Recipients who differ"; taking them apart is `mixed`).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>

#include "milter.h"
#include "reply.h"

enum { FORGED_UNSEEN = 10 };

enum agreement { ALL_ACCEPTED, ALL_TURNED_AWAY, DIFFERENT };

/* Whether this recipient alone would be turned away. */
static bool
turns_away(const struct mail *mail, const struct recipient *recipient)
{
	const struct usher_verdict *verdict = judge_verdict(recipient);

	return verdict != NULL && verdict->answer != USHER_ACCEPT &&
	    recipient->enforce && !mail->relay;
}

/* Recipients of one answer share one reference: the first one's. */
static void
reply_for(const struct mail *mail, struct recipient *recipient,
    struct reply *reply)
{
	struct reply_terms terms = {
		.reference = mail->recipients[0].reference,
		.at = recipient->at,
		.patience_s = usher_conf_mail(mail->conf)->patience_s,
		.final = mail->deferred + mail->count > MOST_DEFERRED,
	};

	memcpy(recipient->reference, mail->recipients[0].reference,
	    sizeof recipient->reference);
	reply_make(reply, recipient->decision, &terms);
}

static enum agreement
agree(struct mail *mail, struct reply *reply)
{
	struct reply other;
	size_t i, away = 0;

	for (i = 0; i < mail->count; i++)
		if (turns_away(mail, &mail->recipients[i]))
			away++;
	if (away == 0)
		return ALL_ACCEPTED;
	if (away < mail->count)
		return DIFFERENT;
	reply_for(mail, &mail->recipients[0], reply);
	for (i = 1; i < mail->count; i++) {
		reply_for(mail, &mail->recipients[i], &other);
		if (!reply_same(reply, &other))
			return DIFFERENT;
	}
	return ALL_TURNED_AWAY;
}

static void
tell_all(struct session *session, const char *answer, const char *because)
{
	struct mail *mail = &session->mail;
	struct recipient *recipient;
	size_t i;

	for (i = 0; i < mail->count; i++) {
		recipient = &mail->recipients[i];
		tell_decision(session, recipient, answer,
		    turns_away(mail, recipient) ? because : NULL);
	}
}

/* From the last down: deleting one renumbers those behind it. */
static void
remove_forged(SMFICTX *ctx, unsigned forged)
{
	static char name[] = "Usher-Verdict";
	unsigned i;

	if (forged == 0)
		return;
	/* Some may have come where this milter does not see them. */
	for (i = forged > FORGED_UNSEEN ? forged : FORGED_UNSEEN; i > 0; i--)
		(void)smfi_chgheader(ctx, name, (int)i, NULL);
}

static void
write_header(SMFICTX *ctx, struct session *session)
{
	static char name[] = "Usher-Verdict";
	struct mail *mail = &session->mail;
	const struct usher_verdict *verdict;
	char value[64];

	if (!session->edit_offered || !recipient_any_enforced(mail))
		return;
	remove_forged(ctx, mail->forged);
	if (!recipient_only_one(mail) || !mail->recipients[0].enforce)
		return;
	verdict = judge_verdict(&mail->recipients[0]);
	if (verdict == NULL)
		return;
	(void)snprintf(value, sizeof value, "%s; reference=%s",
	    usher_answer_word(verdict->answer), mail->recipients[0].reference);
	if (smfi_addheader(ctx, name, value) != MI_SUCCESS)
		tell_fault(session, mail->recipients[0].address, NULL);
}

/* Where the rule that accepted has a mail delivered, or NULL. */
static const char *
place_of(const struct recipient *recipient)
{
	const struct usher_verdict *verdict = judge_verdict(recipient);

	if (verdict == NULL || verdict->answer != USHER_ACCEPT ||
	    !recipient->enforce)
		return NULL;
	return verdict->deliver_to;
}

static bool
is_recipient(const struct mail *mail, const char *address)
{
	for (size_t i = 0; i < mail->count; i++)
		if (strcasecmp(mail->recipients[i].address, address) == 0)
			return true;
	return false;
}

/*
 * `deliver_to`: added first, then the original is deleted by the exact string
 * of the envelope; both MTAs drop a mail that is left without a recipient.
 * Never both on one address: who is a recipient already is left alone, and
 * so is the original.
 */
static void
move_recipients(SMFICTX *ctx, struct session *session)
{
	struct mail *mail = &session->mail;

	for (size_t i = 0; i < mail->count; i++) {
		struct recipient *recipient = &mail->recipients[i];
		const char *place = place_of(recipient);
		struct usher_error error = {
			.code = EIO,
			.text = "deliver_to: the MTA does not move a recipient"
		};
		char path[512];

		if (place == NULL || is_recipient(mail, place))
			continue;
		if (!session->move_offered ||
		    snprintf(path, sizeof path, "<%s>", place) >=
			(int)sizeof path ||
		    smfi_addrcpt(ctx, path) != MI_SUCCESS ||
		    smfi_delrcpt(ctx, recipient->path) != MI_SUCCESS)
			tell_fault(session, recipient->address, &error);
	}
}

sfsistat
finish_mail(SMFICTX *ctx)
{
	struct session *session = session_of(ctx);
	enum agreement agreement;
	struct milter *milter;
	struct reply reply;

	if (session == NULL || session->mail.conf == NULL)
		return SMFIS_CONTINUE;
	milter = session->milter;
	session_note_queue_id(ctx, session);
	judge_pending(session, USHER_ALL);
	atomic_fetch_add(&milter->counts.messages, 1);
	agreement = agree(&session->mail, &reply);
	if (agreement == ALL_TURNED_AWAY) {
		atomic_fetch_add(&milter->counts.turned_away,
		    session->mail.count);
		tell_all(session, reply_code(&reply), NULL);
		session_end_mail(session);
		return reply_send(ctx, &reply);
	}
	if (agreement == DIFFERENT)
		atomic_fetch_add(&milter->counts.differed, 1);
	tell_all(session, "250",
	    agreement == DIFFERENT ? "recipients differ" : NULL);
	write_header(ctx, session);
	move_recipients(ctx, session);
	session_end_mail(session);
	return SMFIS_CONTINUE;
}
