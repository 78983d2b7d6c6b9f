/*
 * letters: replies of one message, before they are on their way.
 *
 * Called by finish.c before a copy goes aside: no aside without its reply
 * (design-mail.md "When something fails"). The outbox sends them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "letters.h"
#include "outbox_letter.h"
#include "outcome.h"
#include "parted.h"
#include "promise.h"

/* A message to more is told in the session, which costs the sender no mail. */
enum { MOST_LETTERS = 20 };

/* Two addresses of one recipient: one reply. */
static bool
is_first(const struct mail *mail, size_t index)
{
	const char *own = usher_policy_address(mail->recipients[index].policy,
	    0);

	for (size_t i = 0; i < index; i++) {
		const struct recipient *other = &mail->recipients[i];

		if (other->outcome == OUTCOME_REPLY && own != NULL &&
		    usher_policy_owns(other->policy, own))
			return false;
	}
	return true;
}

static int
reserve_one(struct session *session, struct usher_notes *notes,
    struct recipient *recipient, struct outbox_letter **letter,
    struct usher_error *error)
{
	struct usher_reply reply = outcome_letter(session, recipient);
	size_t length = 0;
	char *bytes = NULL;
	int code = usher_reply_compose(&reply, &bytes, &length, error);

	if (code == 0)
		code = outbox_letter_new(letter, recipient->who,
		    session->mail.sender, bytes, length, recipient->at);
	free(bytes);
	if (code == 0)
		code = outbox_reserve(session->milter->outbox, notes, *letter,
		    error);
	if (code == 0)
		code = promise_note(session, notes, recipient, error);
	return code;
}

static size_t
count_replies(const struct mail *mail)
{
	size_t count = 0;

	for (size_t i = 0; i < mail->count; i++)
		if (mail->recipients[i].outcome == OUTCOME_REPLY)
			count++;
	return count;
}

/* The letters of a message, which the notes of them own. */
struct letters {
	size_t count;
	struct outbox_letter *list[];
};

static void
free_letters(void *owned)
{
	struct letters *letters = owned;

	for (size_t i = 0; letters != NULL && i < letters->count; i++)
		outbox_letter_free(letters->list[i]);
	free(letters);
}

/* What was left behind on a disk that stopped has a mail that went its way. */
static void
withdraw(struct usher_notes *notes, int code)
{
	if (notes != NULL && code == EINPROGRESS)
		usher_notes_commit_later(notes);
	else
		usher_notes_free(notes);
}

static int
commit(struct session *session, struct usher_notes *notes,
    const struct letters *letters, struct usher_error *error)
{
	struct usher_notes *against = NULL;
	int code = usher_notes_new(session->milter->usher, &against, error);

	for (size_t i = 0; code == 0 && i < letters->count; i++)
		if (letters->list[i] != NULL)
			code = outbox_letter_withdraw(against, letters->list[i],
			    error);
	if (code == 0)
		code = usher_notes_commit(notes, COMMIT_WAIT_MS, error);
	withdraw(against, code);
	return code;
}

static int
reserve_all(struct session *session, struct letters *letters,
    struct usher_error *error)
{
	struct mail *mail = &session->mail;
	struct outbox_letter **letter = letters->list;
	struct usher_notes *notes = NULL;
	int code = usher_notes_new(session->milter->usher, &notes, error);

	if (code != 0) {
		free_letters(letters);
		return code;
	}
	usher_notes_own(notes, free_letters, letters);
	for (size_t i = 0; code == 0 && i < mail->count; i++)
		if (mail->recipients[i].outcome == OUTCOME_REPLY &&
		    is_first(mail, i))
			code = reserve_one(session, notes, &mail->recipients[i],
			    letter++, error);
	if (code == 0)
		code = commit(session, notes, letters, error);
	usher_notes_free(notes);
	return code;
}

int
letters_reserve(struct session *session, struct usher_error *error)
{
	size_t count = count_replies(&session->mail);
	struct letters *letters;

	if (count == 0)
		return 0;
	if (count > MOST_LETTERS)
		return ENOSPC;
	letters = calloc(1, sizeof *letters + count * sizeof *letters->list);
	if (letters == NULL)
		return ENOMEM;
	letters->count = count;
	return reserve_all(session, letters, error);
}
