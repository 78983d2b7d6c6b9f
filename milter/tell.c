/*
 * tell: the log lines about mails.
 *
 * One line a decision (design-mail.md "Operation"), one a fault, one of the
 * counts. Both ids stand in each, so that either finds the other.
 */
#include <stdio.h>
#include <syslog.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "milter.h"

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

void
tell_decision(struct session *session, struct recipient *recipient,
    const char *answer, const char *because)
{
	const struct usher_verdict *verdict = judge_verdict(recipient);
	char client[INET6_ADDRSTRLEN], opening[USHER_INSTANT_TEXT];
	struct log_line line;

	if (verdict == NULL || recipient->logged)
		return;
	recipient->logged = true;
	atomic_fetch_add(&session->milter->counts.decisions, 1);
	begin(&line, "decision", session);
	log_field(&line, "from", session->mail.sender);
	log_field(&line, "to", recipient->address);
	log_field(&line, "client", client_text(session, client));
	log_field(&line, "verdict", usher_answer_word(verdict->answer));
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
	begin(&line, "fault", session);
	log_field(&line, "to", recipient);
	log_field(&line, "what", what);
	log_field(&line, "answer", "accepted");
	log_send(&session->milter->log, LOG_WARNING, &line);
}

void
tell_counts(struct milter *milter)
{
	struct counts *counts = &milter->counts;
	struct log_line line;

	log_begin(&line, "counts");
	log_number(&line, "messages", atomic_load(&counts->messages));
	log_number(&line, "decisions", atomic_load(&counts->decisions));
	log_number(&line, "turned-away", atomic_load(&counts->turned_away));
	log_number(&line, "split", atomic_load(&counts->split));
	log_number(&line, "differed", atomic_load(&counts->differed));
	log_number(&line, "held", atomic_load(&counts->held));
	log_number(&line, "aside", atomic_load(&counts->aside));
	log_number(&line, "unkept", atomic_load(&counts->unkept));
	log_number(&line, "faults", atomic_load(&counts->faults));
	log_send(&milter->log, LOG_INFO, &line);
}
