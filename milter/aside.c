/*
 * aside: recipients moved at the end of a message.
 *
 * Called by finish.c once nothing can turn the message away any more. Keeps
 * "Aside and reply" of design-mail.md and its traps: the new place is added
 * first, then the original deleted by the exact string of the envelope; both
 * MTAs answer 250 and drop a mail that is left without a recipient, and both
 * report success for a delete that matched nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "aside.h"

static bool
goes_aside(const struct recipient *recipient)
{
	return recipient->outcome == OUTCOME_ASIDE ||
	    recipient->outcome == OUTCOME_REPLY;
}

/* Where this recipient's copy goes instead, or NULL: it stays. */
static const char *
place_of(const struct recipient *recipient)
{
	const struct usher_verdict *verdict = judge_verdict(recipient);
	const char *place;

	if (goes_aside(recipient)) {
		place = usher_policy_aside(recipient->policy);
		/* Who wrote to the aside mailbox itself is there already. */
		return strcasecmp(place, recipient->address) == 0 ? NULL
								  : place;
	}
	if (verdict == NULL || verdict->answer != USHER_ACCEPT ||
	    !recipient->enforce)
		return NULL;
	return verdict->deliver_to;
}

/* Whether the address gets its copy as a recipient who is not moved. */
static bool
stays(const struct mail *mail, const char *address)
{
	for (size_t i = 0; i < mail->count; i++)
		if (strcasecmp(mail->recipients[i].address, address) == 0 &&
		    place_of(&mail->recipients[i]) == NULL)
			return true;
	return false;
}

/* Whether the address is a recipient, moved or not. */
static bool
is_named(const struct mail *mail, const char *address)
{
	for (size_t i = 0; i < mail->count; i++)
		if (strcasecmp(mail->recipients[i].address, address) == 0)
			return true;
	return false;
}

static bool
was_added(const struct mail *mail, size_t before, const char *place)
{
	for (size_t i = 0; i < before; i++) {
		const char *other = place_of(&mail->recipients[i]);

		if (other != NULL && strcasecmp(other, place) == 0)
			return true;
	}
	return false;
}

static bool
add(SMFICTX *ctx, const char *place)
{
	char path[512];

	return snprintf(path, sizeof path, "<%s>", place) < (int)sizeof path &&
	    smfi_addrcpt(ctx, path) == MI_SUCCESS;
}

/*
 * Never both on one address. A copy put aside that arrives there anyway is
 * only deleted; one delivered elsewhere (`deliver_to`) then stays, and so does
 * one whose place is being moved itself.
 */
static bool
is_left_alone(const struct mail *mail, const struct recipient *recipient)
{
	const char *place = place_of(recipient);

	if (place == NULL)
		return true;
	return is_named(mail, place) &&
	    (!goes_aside(recipient) || !stays(mail, place));
}

static bool
move(SMFICTX *ctx, const struct mail *mail, size_t index)
{
	const struct recipient *recipient = &mail->recipients[index];
	const char *place = place_of(recipient);

	if (!is_named(mail, place) && !was_added(mail, index, place) &&
	    !add(ctx, place))
		return false;
	return smfi_delrcpt(ctx, recipient->path) == MI_SUCCESS;
}

void
aside_move(SMFICTX *ctx, struct session *session)
{
	struct mail *mail = &session->mail;
	struct usher_error error = { .code = EIO,
		.text = "the MTA does not move a recipient" };

	for (size_t i = 0; i < mail->count; i++) {
		if (is_left_alone(mail, &mail->recipients[i]))
			continue;
		if (!session->move_offered || !move(ctx, mail, i)) {
			tell_fault(session, mail->recipients[i].address,
			    &error);
			return;
		}
		if (goes_aside(&mail->recipients[i]))
			atomic_fetch_add(&session->milter->counts.aside, 1);
	}
}
