/*
 * known: whom our own recipients write to.
 *
 * Called for mail of authenticated and internal clients. It is their own when
 * the login, or an internal client's envelope sender and From, is an address of
 * published preferences (design-mail.md "Who is judged, and when"), and by hand
 * when nothing says that a program wrote it (design.md §1 "known"). Nothing is
 * answered on it, so it is written in the background.
 */
#include <string.h>
#include <strings.h>

#include "known.h"
#include "path.h"

static struct usher_policy *
policy_of(struct session *session, const char *who)
{
	struct usher_policy *policy = NULL;
	struct usher_error error = { 0 };

	if (who == NULL || strchr(who, '@') == NULL)
		return NULL;
	if (usher_policy_find(session->milter->usher, session->mail.conf, who,
		&policy, &error) != 0) {
		tell_fault(session, NULL, &error);
		return NULL;
	}
	/* The site's default is nobody's own. */
	if (policy != NULL &&
	    (!usher_policy_owns(policy, who) ||
		usher_policy_mode(policy) == USHER_OFF)) {
		usher_policy_release(policy);
		policy = NULL;
	}
	return policy;
}

void
known_look(SMFICTX *ctx, struct session *session)
{
	static char macro[] = "{auth_authen}";
	struct mail *mail = &session->mail;
	const char *login = smfi_getsymval(ctx, macro);

	if (mail->safety == NULL || mail->writer != NULL ||
	    mail->sender == NULL || *mail->sender == '\0')
		return;
	mail->logged_in = login != NULL && *login != '\0';
	mail->writer = policy_of(session,
	    mail->logged_in ? login : mail->sender);
}

/* Of an internal client the From has to agree with the envelope. */
static bool
is_own(struct session *session)
{
	const char *from;

	if (session->mail.logged_in)
		return true;
	from = usher_message_from(session->content);
	return from != NULL && usher_policy_owns(session->mail.writer, from);
}

static bool
is_by_hand(struct session *session)
{
	struct usher_traits traits = usher_message_traits(session->content);

	return !traits.automatic && !traits.report && !traits.list;
}

/* Mailboxes of programs: to write there is to leave or to join a list. */
static bool
is_program(const char *who)
{
	static const char *const parts[] = { "unsubscribe", "subscribe",
		"-request", "-leave", "-join", "-confirm", "bounce", "noreply",
		"no-reply", "mailer-daemon" };
	size_t length = strcspn(who, "@");
	const char *found;

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		found = strcasestr(who, parts[i]);
		if (found != NULL && found < who + length)
			return true;
	}
	return false;
}

static bool
is_inside(const struct mail *mail, const char *who)
{
	const struct usher_site *site = usher_conf_site(mail->conf);
	const char *at = strrchr(who, '@');

	for (size_t i = 0; at != NULL && i < site->domain_count; i++)
		if (strcasecmp(at + 1, site->domains[i]) == 0)
			return true;
	return at == NULL;
}

static int
note_all(struct session *session, struct usher_notes *notes, size_t *count,
    struct usher_error *error)
{
	struct mail *mail = &session->mail;
	int64_t at = milter_now(session->milter);
	int code = 0;

	for (size_t i = 0; code == 0 && i < mail->count; i++) {
		const char *who = mail->recipients[i].who;

		if (who == NULL || is_inside(mail, who) || is_program(who))
			continue;
		code = usher_notes_known(notes, mail->writer,
		    usher_policy_address(mail->writer, 0), who, at, error);
		(*count)++;
	}
	return code;
}

void
known_note(struct session *session)
{
	struct usher_error error = { 0 };
	struct usher_notes *notes = NULL;
	size_t count = 0;
	int code;

	if (session->mail.writer == NULL || session->content == NULL ||
	    session->mail.blind || !is_own(session) || !is_by_hand(session))
		return;
	code = usher_notes_new(session->milter->usher, &notes, &error);
	if (code == 0)
		code = note_all(session, notes, &count, &error);
	if (code == 0 && count > 0) {
		usher_notes_commit_later(notes);
		return;
	}
	if (code != 0)
		tell_fault(session, NULL, &error);
	usher_notes_free(notes);
}
