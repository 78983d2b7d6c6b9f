/*
 * hold: a message put into the MTA's own quarantine.
 *
 * Called by finish.c. Keeps "Hold" of design-mail.md: what is listed is
 * released by `usher release`, and nothing is held that is not listed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hold.h"
#include "parted.h"

static struct usher_opening
latest_opening(const struct mail *mail)
{
	struct usher_opening latest = { .exists = false };

	for (size_t i = 0; i < mail->count; i++) {
		const struct usher_verdict *verdict = judge_verdict(
		    &mail->recipients[i]);

		if (verdict != NULL && verdict->opening.exists &&
		    (!latest.exists || verdict->opening.from > latest.from))
			latest = verdict->opening;
	}
	return latest;
}

static int
list_it(SMFICTX *ctx, struct session *session, const char **recipients,
    size_t count, const struct usher_opening *opening,
    struct usher_error *error)
{
	static char version[] = "v";
	struct mail *mail = &session->mail;
	const char *mta = smfi_getsymval(ctx, version);
	struct usher_held held = {
		.queue_id = mail->queue_id,
		.mta = mta == NULL ? "" : mta,
		.sender = mail->sender,
		.recipient_count = count,
		.recipients = recipients,
		.opening = *opening,
		.arrival = mail->arrival,
		.bytes = mail->bytes > mail->seen ? mail->bytes : mail->seen,
	};
	struct usher_notes *notes = NULL;
	int code = usher_notes_new(session->milter->usher, &notes, error);

	if (code == 0)
		code = usher_notes_held(notes, &held, error);
	if (code == 0) {
		usher_notes_own(notes, NULL, NULL);
		code = usher_notes_commit(notes, COMMIT_WAIT_MS, error);
	}
	usher_notes_free(notes);
	return code;
}

static void
unlist(struct session *session)
{
	struct usher_notes *notes = NULL;

	if (usher_notes_new(session->milter->usher, &notes, NULL) != 0)
		return;
	if (usher_notes_released(notes, session->mail.queue_id, NULL) == 0)
		usher_notes_commit_later(notes);
	else
		usher_notes_free(notes);
}

static bool
quarantine(SMFICTX *ctx, const struct usher_opening *opening)
{
	char from[USHER_INSTANT_TEXT], reason[80];

	usher_instant_text(opening->from, from);
	(void)snprintf(reason, sizeof reason,
	    "usher: held until the opening at %s", from);
	return smfi_quarantine(ctx, reason) == MI_SUCCESS;
}

int
hold_message(SMFICTX *ctx, struct session *session, struct usher_error *error)
{
	struct mail *mail = &session->mail;
	struct usher_opening opening = latest_opening(mail);
	size_t most = mail->count < USHER_HELD_RECIPIENTS
	    ? mail->count
	    : USHER_HELD_RECIPIENTS;
	const char **recipients = calloc(most + 1, sizeof *recipients);
	int code = recipients == NULL ? ENOMEM : 0;

	for (size_t i = 0; code == 0 && i < most; i++)
		recipients[i] = mail->recipients[i].address;
	if (code == 0)
		code = list_it(ctx, session, recipients, most, &opening, error);
	free(recipients);
	if (code == 0 && !quarantine(ctx, &opening)) {
		unlist(session);
		code = EIO;
	} else if (code == EINPROGRESS) {
		unlist(session); /* should it be written after all */
	}
	if (code == 0)
		atomic_fetch_add(&session->milter->counts.held, 1);
	return code;
}
