/*
 * negotiate: what is asked of the MTA for one connection.
 *
 * Called by libmilter before everything else. Steps that no published policy
 * can need are left out, and what needs no answer gets none: round trips cost
 * more than policy (design.md §12). Headers always come: only they tell a
 * report from a pitch with a null sender, and which Usher-Verdict is forged.
 * DATA always comes: without it Postfix stalls 40 ms a message on an inet:
 * socket (Nagle meets delayed ACK), and ACCEPT at DATA spares all the rest.
 */
#include <libmilter/mfdef.h>

#include "milter.h"

#define EDIT (SMFIF_ADDHDRS | SMFIF_CHGHDRS)
#define HOLD SMFIF_QUARANTINE
#define MOVE (SMFIF_ADDRCPT | SMFIF_DELRCPT)
#define UNANSWERED \
	(SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_MAIL | SMFIP_NR_HDR)

/* The language of a reply is that of the text. */
static void
ask_conf(const struct milter *milter, bool *holds, unsigned *needs)
{
	struct usher_conf *conf = usher_conf_hold(milter->usher);
	const struct usher_mail *mail = usher_conf_mail(conf);

	*holds = mail->defer_hold;
	if (mail->redirect_reply || mail->mixed_aside)
		*needs |= USHER_BODY;
	usher_conf_release(conf);
}

sfsistat
negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
    unsigned long unused_2, unsigned long unused_3, unsigned long *want_actions,
    unsigned long *want_steps, unsigned long *want_2, unsigned long *want_3)
{
	struct session *session = session_of(ctx);
	unsigned needs;
	bool holds;

	(void)unused_2;
	(void)unused_3;
	*want_actions = actions & (EDIT | MOVE);
	*want_steps = steps & (UNANSWERED | SMFIP_SKIP | SMFIP_NOUNKNOWN);
	*want_2 = *want_3 = 0;
	if (session == NULL)
		return SMFIS_CONTINUE;
	needs = usher_store_needs(session->milter->usher);
	ask_conf(session->milter, &holds, &needs);
	if (holds)
		*want_actions |= actions & HOLD;
	if (needs == 0)
		*want_steps |= steps & SMFIP_NOHELO;
	if ((needs & USHER_BODY) == 0)
		*want_steps |= steps & SMFIP_NOBODY;
	session->body_comes = (*want_steps & SMFIP_NOBODY) == 0;
	session->skip_offered = (*want_steps & SMFIP_SKIP) != 0;
	session->unanswered = *want_steps & UNANSWERED;
	session->edit_offered = (*want_actions & EDIT) == EDIT;
	session->move_offered = (*want_actions & MOVE) == MOVE;
	session->hold_offered = (*want_actions & HOLD) == HOLD;
	return SMFIS_CONTINUE;
}
