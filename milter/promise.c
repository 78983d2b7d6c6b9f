/*
 * promise: what is remembered of an answer, before and after it is given.
 *
 * Called at RCPT and at the end of the message. No 450 leaves without its
 * promise (design-mail.md "When something fails"); whom an accept was promised
 * to uses it up with the 250 that ends the message, never at RCPT.
 */
#include <stddef.h>

#include "parted.h"
#include "promise.h"

int
promise_note(struct session *session, struct usher_notes *notes,
    struct recipient *recipient, struct usher_error *error)
{
	if (judge_verdict(recipient)->answer == USHER_REFUSE)
		return 0;
	return usher_notes_promise(notes, recipient->policy, recipient->who,
	    judge_latest(session), recipient->decision, recipient->reference,
	    error);
}

int
promise_give(struct session *session, struct recipient *recipient,
    struct usher_error *error)
{
	struct usher_notes *notes = NULL;
	int code;

	if (judge_verdict(recipient)->answer == USHER_REFUSE)
		return 0;
	code = usher_notes_new(session->milter->usher, &notes, error);
	if (code == 0)
		code = promise_note(session, notes, recipient, error);
	if (code == 0) {
		usher_notes_own(notes, NULL, NULL);
		code = usher_notes_commit(notes, COMMIT_WAIT_MS, error);
	}
	usher_notes_free(notes);
	return code;
}

static bool
uses_up(const struct recipient *recipient)
{
	const struct usher_verdict *verdict = judge_verdict(recipient);

	return verdict != NULL && verdict->answer == USHER_ACCEPT &&
	    recipient->enforce && recipient->safety == NULL;
}

static int
note_used(struct session *session, struct usher_notes *notes,
    struct usher_error *error)
{
	struct usher_facts *facts = judge_latest(session);
	struct mail *mail = &session->mail;
	int code = 0;

	for (size_t i = 0; code == 0 && i < mail->count; i++)
		if (uses_up(&mail->recipients[i]))
			code = usher_notes_came(notes,
			    mail->recipients[i].policy, mail->recipients[i].who,
			    facts, mail->recipients[i].decision, error);
	return code;
}

static bool
any_uses_up(const struct mail *mail)
{
	for (size_t i = 0; i < mail->count; i++)
		if (uses_up(&mail->recipients[i]))
			return true;
	return false;
}

void
promise_used(struct session *session)
{
	struct usher_error error = { 0 };
	struct usher_notes *notes = NULL;
	int code;

	if (!any_uses_up(&session->mail))
		return;
	code = usher_notes_new(session->milter->usher, &notes, &error);
	if (code == 0)
		code = note_used(session, notes, &error);
	if (code == 0) {
		usher_notes_own(notes, NULL, NULL);
		code = usher_notes_commit(notes, COMMIT_WAIT_MS, &error);
	}
	if (code != 0)
		tell_fault(session, NULL, &error);
	usher_notes_free(notes);
}
