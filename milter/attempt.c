/*
 * attempt: what became of each recipient's attempt, for caps, `tried` and
 * introductions (design.md §6).
 *
 * Called at RCPT by recipient.c for who is turned away there, and at the end
 * of the message by finish.c. Policies that count nothing cost a look at a
 * flag. An acceptance that counts is durable before its 250; all else is
 * written in the background.
 */
#include <errno.h>

#include "attempt.h"
#include "parted.h"

static bool
counts(const struct recipient *recipient)
{
	return recipient->policy != NULL && recipient->safety == NULL &&
	    judge_verdict(recipient) != NULL &&
	    (usher_attempt_counts(recipient->policy, recipient->decision) ||
		usher_decision_shows_code(recipient->decision));
}

static bool
is_accepted(const struct recipient *recipient)
{
	return judge_verdict(recipient)->answer == USHER_ACCEPT;
}

static int
note(struct session *session, const struct recipient *recipient,
    enum usher_became became, struct usher_notes **notes,
    struct usher_error *error)
{
	int code = usher_notes_new(session->milter->usher, notes, error);

	if (code == 0)
		code = usher_notes_attempt(*notes, recipient->policy,
		    recipient->who, judge_latest(session), recipient->decision,
		    became, error);
	if (code == 0)
		code = usher_notes_code(*notes, recipient->policy,
		    recipient->who, judge_latest(session), recipient->decision,
		    became, error);
	if (code == 0)
		return 0;
	usher_notes_free(*notes);
	*notes = NULL;
	return code;
}

static int
commit(struct session *session, const struct recipient *recipient,
    enum usher_became became, struct usher_error *error)
{
	struct usher_notes *notes;
	int code = note(session, recipient, became, &notes, error);

	if (code == 0) {
		usher_notes_own(notes, NULL, NULL);
		code = usher_notes_commit(notes, COMMIT_WAIT_MS, error);
	}
	usher_notes_free(notes);
	return code;
}

static void
commit_later(struct session *session, const struct recipient *recipient,
    enum usher_became became)
{
	struct usher_error error = { 0 };
	struct usher_notes *notes;

	if (note(session, recipient, became, &notes, &error) == 0)
		usher_notes_commit_later(notes);
	else
		tell_fault(session, recipient->address, &error);
}

/* Two addresses of one person are one attempt. */
static bool
is_taken_already(const struct mail *mail, const struct recipient *recipient)
{
	for (const struct recipient *other = mail->recipients;
	     other != recipient; other++)
		if (other->taken && other->policy == recipient->policy &&
		    usher_policy_owns(other->policy, other->who) &&
		    usher_policy_owns(recipient->policy, recipient->who))
			return true;
	return false;
}

static int
take(struct session *session, struct recipient *recipient,
    struct usher_error *error)
{
	int code = 0;

	if (!is_taken_already(&session->mail, recipient) ||
	    usher_decision_shows_code(recipient->decision))
		code = commit(session, recipient, USHER_TAKING, error);
	recipient->taken = code == 0;
	if (code == EDQUOT)
		judge_anew(session, recipient);
	return code;
}

int
attempt_take(struct session *session, struct usher_error *error)
{
	struct mail *mail = &session->mail;
	int result = 0;

	for (size_t i = 0; i < mail->count; i++) {
		struct recipient *recipient = &mail->recipients[i];
		int code = 0;

		if (counts(recipient) && is_accepted(recipient))
			code = take(session, recipient, error);
		if (code != 0 && code != EDQUOT)
			return code;
		if (code != 0)
			result = code;
	}
	return result;
}

/* What was turned away and passes all the same is over. */
void
attempt_accepted(struct session *session)
{
	struct mail *mail = &session->mail;

	for (size_t i = 0; i < mail->count; i++) {
		struct recipient *recipient = &mail->recipients[i];
		struct usher_error error = { 0 };

		if (recipient->taken || !counts(recipient))
			continue;
		if (!is_accepted(recipient)) {
			commit_later(session, recipient, USHER_ENDED);
		} else if (commit(session, recipient, USHER_TAKEN, &error) !=
		    0) {
			tell_fault(session, recipient->address, &error);
			/* It is let in, and counts once that can be written. */
			commit_later(session, recipient, USHER_TAKEN);
		}
	}
}

void
attempt_turned_away(struct session *session, struct recipient *recipient,
    bool temporary)
{
	if (counts(recipient))
		commit_later(session, recipient,
		    temporary ? USHER_CAME : USHER_ENDED);
}
