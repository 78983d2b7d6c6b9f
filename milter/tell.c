/*
 * tell: the log lines about mails.
 *
 * One line a decision (design-mail.md "Operation"), one a fault, one of the
 * counts. Both ids stand in each, so that either finds the other.
 */
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "milter.h"
#include "outbox.h"

static const char *
client_text(const struct session *session, char out[INET6_ADDRSTRLEN])
{
	const struct sockaddr_storage *client = &session->client;
	const void *address;

	if (client->ss_family == AF_INET)
		address = &((const struct sockaddr_in *)(const void *)client)
			       ->sin_addr;
	else if (client->ss_family == AF_INET6)
		address = &((const struct sockaddr_in6 *)(const void *)client)
			       ->sin6_addr;
	else
		return session->local ? "local" : "unknown";
	return inet_ntop(client->ss_family, address, out, INET6_ADDRSTRLEN);
}

static void
begin(struct log_line *line, const char *word, const struct session *session)
{
	log_begin(line, word);
	log_field(line, "session", session->id);
	log_field(line, "queue",
	    session->mail.queue_id == NULL ? "NOQUEUE"
					   : session->mail.queue_id);
}

/* What became of the message for this recipient, besides the answer. */
static const char *
outcome_text(const struct recipient *recipient)
{
	switch (recipient->outcome) {
	case OUTCOME_HELD: return "held";
	case OUTCOME_ASIDE: return "aside";
	case OUTCOME_REPLY: return "reply";
	case OUTCOME_PASS:
	case OUTCOME_AWAY: break;
	}
	return NULL;
}

/* Why a verdict was not answered as it is. */
static const char *
why_passed(const struct recipient *recipient, const char *because)
{
	const struct usher_verdict *verdict = judge_verdict(recipient);

	if (because != NULL || verdict->answer == USHER_ACCEPT)
		return because;
	return recipient->enforce ? NULL : "observe";
}

static const char *
sender_of(const struct session *session)
{
	return session->mail.sender == NULL ? "" : session->mail.sender;
}

/*
 * Of whoever was let in the MTA's own log says who it was, under the queue id:
 * here the domain does. Who was turned away will be asked for by address.
 */
static void
add_sender(struct log_line *line, const struct session *session, bool let_in)
{
	const char *sender = sender_of(session);
	const char *at = strrchr(sender, '@');
	char client[INET6_ADDRSTRLEN];

	log_field(line, "from", let_in && at != NULL ? at : sender);
	if (!let_in)
		log_field(line, "client", client_text(session, client));
}

/* Whether a line is to be written; retries within an hour are counted. */
static bool
is_news(struct session *session, struct log_line *line, const char *verdict,
    const char *recipient, const char *answer)
{
	struct milter *milter = session->milter;
	unsigned long count;

	if (answer[0] != '4' && answer[0] != '5')
		return true;
	if (!repeat_is_news(&milter->repeats,
		repeat_key(sender_of(session), recipient, verdict, answer),
		line->text + strcspn(line->text, " "), (int64_t)time(NULL),
		&count)) {
		atomic_fetch_add(&milter->counts.repeats, 1);
		return false;
	}
	if (count > 0)
		log_number(line, "repeats", count);
	return true;
}

/* Two addresses of one person are one attempt. */
static bool
is_counted_already(const struct mail *mail, const struct recipient *recipient)
{
	for (const struct recipient *other = mail->recipients;
	     other < mail->recipients + mail->count; other++)
		if (other != recipient && other->counted &&
		    other->policy == recipient->policy &&
		    usher_policy_owns(other->policy, other->who) &&
		    usher_policy_owns(recipient->policy, recipient->who))
			return true;
	return false;
}

/* For `usher report`, and the standing of who proved who they are. */
static void
count(struct session *session, struct recipient *recipient, const char *answer)
{
	bool turned_away = *answer == '4' || *answer == '5';
	bool accepts = judge_verdict(recipient)->answer == USHER_ACCEPT;
	enum usher_told told = USHER_UNTOLD;

	/* Who is to come again for others' sake has no answer yet. */
	if (recipient->policy == NULL || recipient->safety != NULL ||
	    strcmp(answer, "451") == 0 || strcmp(answer, "none") == 0 ||
	    is_counted_already(&session->mail, recipient))
		return;
	if (turned_away && !accepts)
		told = *answer == '4' ? USHER_TOLD_TO_RETRY : USHER_TOLD;
	else if (accepts || recipient->outcome == OUTCOME_REPLY)
		told = USHER_TOLD;
	recipient->counted = true;
	usher_tally(session->milter->usher, recipient->policy, recipient->who,
	    judge_latest(session), recipient->decision, told);
}

void
tell_decision(struct session *session, struct recipient *recipient,
    const char *answer, const char *because)
{
	const struct usher_verdict *verdict = judge_verdict(recipient);
	const char *word;
	char opening[USHER_INSTANT_TEXT];
	struct log_line line;

	if (verdict == NULL || recipient->logged)
		return;
	recipient->logged = true;
	count(session, recipient, answer);
	word = usher_answer_word(verdict->answer);
	atomic_fetch_add(&session->milter->counts.decisions, 1);
	atomic_fetch_add(&session->milter->counts.verdicts[verdict->answer], 1);
	begin(&line, "decision", session);
	log_field(&line, "to", recipient->address);
	add_sender(&line, session,
	    verdict->answer == USHER_ACCEPT && *answer == '2');
	log_field(&line, "verdict", word);
	log_field(&line, "rule", verdict->rule);
	log_field(&line, "reason", usher_reason_word(verdict->reason));
	log_field(&line, "safety", recipient->safety);
	if (verdict->opening.exists) {
		usher_instant_text(verdict->opening.from, opening);
		log_field(&line, "opening", opening);
	}
	if (verdict->answer == USHER_ACCEPT && recipient->enforce)
		log_field(&line, "deliver-to", verdict->deliver_to);
	log_field(&line, "answer", answer);
	log_field(&line, "outcome", outcome_text(recipient));
	log_field(&line, "because", why_passed(recipient, because));
	log_field(&line, "id", recipient->reference);
	if (is_news(session, &line, word, recipient->address, answer))
		log_send(&session->milter->log, LOG_INFO, &line);
}

void
tell_later(struct session *session, const char *recipient, const char *answer)
{
	struct log_line line;

	begin(&line, "later", session);
	log_field(&line, "from", session->mail.sender);
	log_field(&line, "to", recipient);
	log_field(&line, "answer", answer);
	if (is_news(session, &line, "later", recipient, answer))
		log_send(&session->milter->log, LOG_INFO, &line);
}

void
tell_fault(struct session *session, const char *recipient,
    const struct usher_error *error)
{
	struct log_line line;
	const char *what = "out of memory";

	if (error != NULL && error->text[0] != '\0')
		what = error->text;
	atomic_fetch_add(&session->milter->counts.faults, 1);
	atomic_store(&session->milter->counts.last_fault,
	    (long long)time(NULL));
	begin(&line, "fault", session);
	log_field(&line, "to", recipient);
	log_field(&line, "what", what);
	log_field(&line, "answer", "accepted");
	log_send(&session->milter->log, LOG_WARNING, &line);
}

size_t
tell_counts_list(struct milter *milter, struct usher_count out[USHER_COUNTS])
{
	struct counts *counts = &milter->counts;
	const struct {
		const char *name;
		atomic_ulong *value;
	} table[] = {
		{ "messages", &counts->messages },
		{ "decisions", &counts->decisions },
		{ "accept", &counts->verdicts[USHER_ACCEPT] },
		{ "defer", &counts->verdicts[USHER_DEFER] },
		{ "redirect", &counts->verdicts[USHER_REDIRECT] },
		{ "refuse", &counts->verdicts[USHER_REFUSE] },
		{ "turned-away", &counts->turned_away },
		{ "repeats", &counts->repeats },
		{ "split", &counts->split },
		{ "differed", &counts->differed },
		{ "held", &counts->held },
		{ "aside", &counts->aside },
		{ "unkept", &counts->unkept },
		{ "faults", &counts->faults },
	};
	size_t count = sizeof table / sizeof table[0];

	for (size_t i = 0; i < count; i++)
		out[i] = (struct usher_count){ table[i].name,
			atomic_load(table[i].value) };
	return count + outbox_counts(milter->outbox, out + count);
}

void
tell_counts(struct milter *milter)
{
	struct usher_count counts[USHER_COUNTS];
	size_t count = tell_counts_list(milter, counts);
	struct log_line line;

	log_begin(&line, "counts");
	for (size_t i = 0; i < count; i++)
		log_number(&line, counts[i].name, counts[i].value);
	log_send(&milter->log, LOG_INFO, &line);
}
