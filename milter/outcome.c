/*
 * outcome: what each recipient would get at the end of the message.
 *
 * Called by finish.c once all verdicts stand, and at RCPT for those that wait
 * for the end although the envelope decided. Keeps the table of design-mail.md,
 * its "Relays", "Hold" and "Aside and reply". Two outcomes are the same when
 * their `answer` is: the words without names, which name no other recipient.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "outcome.h"

enum { HOUR_S = 3600, DAY_S = 86400 };

/* ---- what is possible ---- */

static bool
can_hold(const struct session *session, const struct recipient *recipient)
{
	const struct usher_verdict *verdict = judge_verdict(recipient);
	const struct usher_mail *conf = usher_conf_mail(session->mail.conf);
	const struct usher_opening *opening = &verdict->opening;

	/* What is open now waits for something to be brought. */
	return conf->defer_hold && session->hold_offered &&
	    verdict->answer == USHER_DEFER && opening->exists &&
	    opening->from > recipient->at &&
	    opening->from - recipient->at <= (int64_t)conf->hold_days * DAY_S;
}

static bool
can_move(const struct session *session, const struct recipient *recipient)
{
	return session->move_offered &&
	    usher_policy_aside(recipient->policy) != NULL;
}

bool
outcome_waits(const struct session *session, const struct recipient *recipient)
{
	const struct usher_verdict *verdict = judge_verdict(recipient);
	const struct usher_mail *conf = usher_conf_mail(session->mail.conf);

	if (can_hold(session, recipient))
		return true;
	return conf->redirect_reply && verdict->answer == USHER_REDIRECT &&
	    can_move(session, recipient);
}

struct usher_reply
outcome_letter(struct session *session, struct recipient *recipient)
{
	struct usher_reply letter = {
		.conf = session->mail.conf,
		.policy = recipient->policy,
		.recipient = recipient->who,
		.mail_from = session->mail.sender,
		.message = judge_content(session),
		.facts = judge_facts(session),
		.decision = recipient->decision,
		.reference = recipient->reference,
		.sent_at = (int64_t)time(NULL),
	};

	return letter;
}

/* ---- one recipient ---- */

/* The reply mail: for whom it is not meant, the mail is not turned away. */
static enum outcome
by_reply(struct session *session, struct recipient *recipient)
{
	struct usher_reply letter;

	if (!can_move(session, recipient) || session->milter->outbox == NULL)
		return OUTCOME_AWAY;
	letter = outcome_letter(session, recipient);
	if (letter.message == NULL || letter.facts == NULL)
		return OUTCOME_PASS;
	switch (usher_reply_allowed(&letter, NULL)) {
	case USHER_REPLY_SEND: return OUTCOME_REPLY;
	case USHER_REPLY_TELL: return OUTCOME_AWAY;
	case USHER_REPLY_PASS: break;
	}
	recipient->passed = "no reply to lists and automatic mail";
	return OUTCOME_PASS;
}

/* Queue and bounce would be the relay's. */
static enum outcome
of_relay(struct session *session, struct recipient *recipient)
{
	if (judge_verdict(recipient)->answer == USHER_DEFER) {
		if (can_hold(session, recipient) &&
		    session->mail.queue_id != NULL)
			return OUTCOME_HELD;
	} else if (can_move(session, recipient)) {
		return OUTCOME_ASIDE;
	}
	recipient->passed = "relay";
	return OUTCOME_PASS;
}

static enum outcome
outcome_of(struct session *session, struct recipient *recipient)
{
	const struct usher_mail *conf = usher_conf_mail(session->mail.conf);

	if (!recipient_turns_away(recipient) || recipient->passed != NULL)
		return OUTCOME_PASS;
	if (session->mail.relay)
		return of_relay(session, recipient);
	if (can_hold(session, recipient) && session->mail.queue_id != NULL)
		return OUTCOME_HELD;
	if (conf->redirect_reply &&
	    judge_verdict(recipient)->answer == USHER_REDIRECT)
		return by_reply(session, recipient);
	return OUTCOME_AWAY;
}

/* ---- what it is called ---- */

static struct reply_terms
terms_of(const struct mail *mail, const struct recipient *recipient)
{
	struct reply_terms terms = {
		.at = recipient->at,
		.patience_s = usher_conf_mail(mail->conf)->patience_s,
		.solicitation = mail->solicitation,
	};

	return terms;
}

static char *
words_of(const struct mail *mail, const struct recipient *recipient)
{
	struct reply_terms terms = terms_of(mail, recipient);
	struct reply reply;
	char *words = NULL;

	terms.unnamed = true;
	reply_make(&reply, recipient->decision, &terms);
	while (reply.count < USHER_WORDS_LINES)
		reply.lines[reply.count++][0] = '\0';
	if (asprintf(&words, "%s %s\n%s\n%s", reply_code(&reply),
		reply.lines[0], reply.lines[1], reply.lines[2]) < 0)
		return NULL;
	return words;
}

static char *
hour_of(const struct recipient *recipient)
{
	char *hour = NULL;

	if (asprintf(&hour, "held %lld",
		(long long)(judge_verdict(recipient)->opening.from / HOUR_S)) <
	    0)
		return NULL;
	return hour;
}

static void
name_answer(struct session *session, struct recipient *recipient)
{
	free(recipient->answer);
	recipient->answer = NULL;
	if (recipient->outcome == OUTCOME_AWAY)
		recipient->answer = words_of(&session->mail, recipient);
	else if (recipient->outcome == OUTCOME_HELD)
		recipient->answer = hour_of(recipient);
	else
		return;
	if (recipient->answer != NULL)
		return;
	tell_fault(session, recipient->address, NULL);
	recipient->passed = "out of memory";
	recipient->outcome = OUTCOME_PASS;
}

/* ---- all of them ---- */

enum agreement
outcome_agree(const struct mail *mail)
{
	const char *answer = mail->count == 0 ? NULL
					      : mail->recipients[0].answer;

	for (size_t i = 1; i < mail->count; i++) {
		const char *other = mail->recipients[i].answer;

		if ((answer == NULL) != (other == NULL) ||
		    (answer != NULL && strcmp(answer, other) != 0))
			return DIFFERENT;
	}
	if (answer == NULL)
		return ALL_PASS;
	return mail->recipients[0].outcome == OUTCOME_HELD ? ALL_HELD
							   : ALL_AWAY;
}

bool
outcome_all_away(const struct mail *mail)
{
	for (size_t i = 0; i < mail->count; i++)
		if (mail->recipients[i].outcome != OUTCOME_AWAY)
			return false;
	return mail->count > 0;
}

static void
change(struct session *session, struct recipient *recipient,
    enum outcome outcome)
{
	recipient->outcome = outcome;
	name_answer(session, recipient);
}

/* A relay's mail is held whole or not at all. */
static void
settle_relay(struct session *session)
{
	struct mail *mail = &session->mail;

	if (outcome_agree(mail) != DIFFERENT)
		return;
	for (size_t i = 0; i < mail->count; i++) {
		if (mail->recipients[i].outcome != OUTCOME_HELD)
			continue;
		mail->recipients[i].passed = "relay";
		change(session, &mail->recipients[i], OUTCOME_PASS);
	}
}

/* mixed = "aside": rewritten instead of coming again, where a reply may go. */
static void
settle_mixed(struct session *session)
{
	struct mail *mail = &session->mail;

	if (outcome_agree(mail) != DIFFERENT)
		return;
	for (size_t i = 0; i < mail->count; i++)
		if (mail->recipients[i].outcome == OUTCOME_AWAY)
			change(session, &mail->recipients[i],
			    by_reply(session, &mail->recipients[i]));
}

void
outcome_settle(struct session *session)
{
	struct mail *mail = &session->mail;

	for (size_t i = 0; i < mail->count; i++)
		change(session, &mail->recipients[i],
		    outcome_of(session, &mail->recipients[i]));
	if (mail->relay)
		settle_relay(session);
	else if (usher_conf_mail(mail->conf)->mixed_aside)
		settle_mixed(session);
}

void
outcome_no_reply(struct session *session)
{
	struct mail *mail = &session->mail;

	for (size_t i = 0; i < mail->count; i++)
		if (mail->recipients[i].outcome == OUTCOME_REPLY)
			change(session, &mail->recipients[i], OUTCOME_AWAY);
}

void
outcome_let_pass(struct mail *mail, const char *because)
{
	for (size_t i = 0; i < mail->count; i++) {
		struct recipient *recipient = &mail->recipients[i];

		if (recipient->outcome == OUTCOME_PASS)
			continue;
		free(recipient->answer);
		recipient->answer = NULL;
		recipient->passed = because;
		recipient->outcome = OUTCOME_PASS;
	}
}

void
outcome_reply(struct mail *mail, struct reply *reply)
{
	struct recipient *first = &mail->recipients[0];
	struct reply_terms terms = terms_of(mail, first);

	for (size_t i = 1; i < mail->count; i++)
		memcpy(mail->recipients[i].reference, first->reference,
		    sizeof first->reference);
	terms.reference = first->reference;
	terms.final = mail->deferred + mail->count > MOST_DEFERRED;
	terms.unnamed = !recipient_only_one(mail);
	reply_make(reply, first->decision, &terms);
}
