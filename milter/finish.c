/*
 * finish: the end of a message: one answer for all recipients.
 *
 * SMTP has one reply here. When all recipients get the same, that is it; when
 * they differ the client is asked to come again (design-mail.md "Recipients
 * who differ"). What an answer rests on is durable before it is given; when it
 * cannot be, the message is accepted (design-mail.md "When something fails").
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "aside.h"
#include "attempt.h"
#include "codes.h"
#include "hold.h"
#include "known.h"
#include "letters.h"
#include "milter.h"
#include "outcome.h"
#include "parted.h"
#include "promise.h"
#include "reply.h"

enum { FORGED_UNSEEN = 10 };

static void
tell_all(struct session *session, const char *answer)
{
	struct mail *mail = &session->mail;

	for (size_t i = 0; i < mail->count; i++)
		tell_decision(session, &mail->recipients[i], answer,
		    mail->recipients[i].passed);
}

/* ---- the header ---- */

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

/* ---- answers ---- */

/* 250: whoever is moved is moved, and what was promised is used up. */
static sfsistat
accept_all(SMFICTX *ctx, struct session *session)
{
	parted_end(session, true);
	promise_used(session);
	attempt_accepted(session);
	known_note(session);
	tell_all(session, "250");
	write_header(ctx, session);
	codes_strip(ctx, session);
	aside_move(ctx, session);
	session_end_mail(session);
	return SMFIS_CONTINUE;
}

/* Something that had to come first did not. */
static sfsistat
let_pass(SMFICTX *ctx, struct session *session, const char *because,
    const struct usher_error *error)
{
	if (error != NULL) {
		tell_fault(session, NULL, error);
		atomic_fetch_add(&session->milter->counts.unkept, 1);
	}
	outcome_let_pass(&session->mail, because);
	return accept_all(ctx, session);
}

static int
promise_all(struct session *session, struct usher_error *error)
{
	struct mail *mail = &session->mail;
	struct usher_notes *notes = NULL;
	int code = usher_notes_new(session->milter->usher, &notes, error);

	for (size_t i = 0; code == 0 && i < mail->count; i++)
		if (recipient_turns_away(&mail->recipients[i]))
			code = promise_note(session, notes,
			    &mail->recipients[i], error);
	if (code == 0) {
		usher_notes_own(notes, NULL, NULL);
		code = usher_notes_commit(notes, COMMIT_WAIT_MS, error);
	}
	usher_notes_free(notes);
	return code;
}

static sfsistat
turn_away(SMFICTX *ctx, struct session *session, const struct reply *reply)
{
	struct usher_error error = { 0 };

	if (promise_all(session, &error) != 0)
		return let_pass(ctx, session, "no promise could be kept",
		    &error);
	parted_end(session, true);
	for (size_t i = 0; i < session->mail.count; i++)
		attempt_turned_away(session, &session->mail.recipients[i],
		    reply->temporary);
	atomic_fetch_add(&session->milter->counts.turned_away,
	    session->mail.count);
	tell_all(session, reply_code(reply));
	session_end_mail(session);
	return reply_send(ctx, reply);
}

static sfsistat
turn_all_away(SMFICTX *ctx, struct session *session)
{
	struct mail *mail = &session->mail;
	struct reply reply;

	for (size_t i = 1; i < mail->count; i++)
		memcpy(mail->recipients[i].reference,
		    mail->recipients[0].reference,
		    sizeof mail->recipients[i].reference);
	reply_for_all(&reply, mail->recipients[0].reference);
	return turn_away(ctx, session, &reply);
}

static sfsistat
hold(SMFICTX *ctx, struct session *session)
{
	struct usher_error error = { .code = EIO,
		.text = "the MTA does not take a message into quarantine" };

	if (hold_message(ctx, session, &error) != 0)
		return let_pass(ctx, session, "not held", &error);
	return accept_all(ctx, session);
}

static sfsistat
come_again(SMFICTX *ctx, struct session *session)
{
	static char code[] = "451", extended[] = "4.5.3";
	static char text[] = "The recipients of this message are answered "
			     "apart, please send it again.";

	atomic_fetch_add(&session->milter->counts.split, 1);
	parted_free(session->mail.parted);
	session->mail.parted = NULL;
	tell_all(session, code);
	session_end_mail(session);
	(void)smfi_setreply(ctx, code, extended, text);
	return SMFIS_TEMPFAIL;
}

static sfsistat
differ(SMFICTX *ctx, struct session *session)
{
	struct usher_error error = { 0 };
	enum split_way way = SPLIT_ACCEPT;

	if (parted_together(&session->mail))
		return turn_all_away(ctx, session);
	if (*session->mail.sender != '\0' &&
	    parted_begin(session, &way, &error) != 0) {
		atomic_fetch_add(&session->milter->counts.differed, 1);
		return let_pass(ctx, session, "recipients differ", &error);
	}
	if (way == SPLIT_APART)
		return come_again(ctx, session);
	if (way == SPLIT_TOGETHER && outcome_all_away(&session->mail))
		return turn_all_away(ctx, session);
	atomic_fetch_add(&session->milter->counts.differed, 1);
	return let_pass(ctx, session, "recipients differ", NULL);
}

static sfsistat
settle(SMFICTX *ctx, struct session *session)
{
	struct reply reply;

	switch (outcome_agree(&session->mail)) {
	case ALL_AWAY:
		outcome_reply(&session->mail, &reply);
		return turn_away(ctx, session, &reply);
	case ALL_HELD: return hold(ctx, session);
	case DIFFERENT: return differ(ctx, session);
	case ALL_PASS: break;
	}
	return accept_all(ctx, session);
}

/* What a cap counts comes before letters, since it may change the answer. */
static int
take_all(struct session *session, struct usher_error *error)
{
	int code = attempt_take(session, error);

	if (code == EDQUOT)
		outcome_settle(session);
	return code == EDQUOT ? 0 : code;
}

/*
 * Letters are reserved once nothing else can change: whom one cannot be sent
 * to is told in the session, which may make recipients differ.
 */
static sfsistat
answer(SMFICTX *ctx, struct session *session)
{
	struct usher_error error = { 0 };
	int code;

	outcome_settle(session);
	if (outcome_agree(&session->mail) != ALL_PASS)
		return settle(ctx, session);
	code = take_all(session, &error);
	if (code != 0)
		return let_pass(ctx, session, "no attempt could be kept",
		    &error);
	if (outcome_agree(&session->mail) != ALL_PASS)
		return settle(ctx, session);
	code = letters_reserve(session, &error);
	if (code == EEXIST || code == ENOSPC) {
		outcome_no_reply(session);
		return settle(ctx, session);
	}
	if (code != 0)
		return let_pass(ctx, session, "no reply could be kept", &error);
	return accept_all(ctx, session);
}

sfsistat
finish_mail(SMFICTX *ctx)
{
	struct session *session = session_of(ctx);

	if (session == NULL || session->mail.conf == NULL)
		return SMFIS_CONTINUE;
	session_note_queue_id(ctx, session);
	judge_pending(session, USHER_ALL);
	atomic_fetch_add(&session->milter->counts.messages, 1);
	return answer(ctx, session);
}
