/*
 * session: one SMTP connection, the message under way, libmilter's callbacks.
 *
 * libmilter calls in whenever the MTA tells something; it may call close
 * alone, a new MAIL without an abort before it, and many messages a
 * connection. Every path ends in session_end_mail() before the next message.
 * A fault here lets mail pass (design-mail.md "When something fails").
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <netinet/in.h>

#include <libmilter/mfdef.h>

#include "codes.h"
#include "known.h"
#include "milter.h"
#include "parted.h"
#include "path.h"
#include "reply.h"

/* libmilter hands its callbacks nothing else to find the daemon by. */
static struct milter *the_milter;

int64_t
milter_now(const struct milter *milter)
{
	return milter->clock_fixed ? milter->clock_at : (int64_t)time(NULL);
}

struct session *
session_new(struct milter *milter)
{
	/* Unlike calloc(), malloc() takes what a thread has at hand. */
	struct session *session = malloc(sizeof *session);

	if (session == NULL)
		return NULL;
	*session = (struct session){ .milter = milter,
		.body_comes = true,
		.edit_offered = true,
		.move_offered = true };
	usher_reference_make(session->id);
	atomic_fetch_add(&milter->sessions, 1);
	return session;
}

/*
 * Made at negotiation; once more where an MTA opens a new connection on a
 * link it has negotiated before.
 */
struct session *
session_of(SMFICTX *ctx)
{
	struct session *session = smfi_getpriv(ctx);

	if (session == NULL) {
		session = session_new(the_milter);
		if (session != NULL)
			(void)smfi_setpriv(ctx, session);
	}
	return session;
}

sfsistat
session_go_on(const struct session *session, unsigned long step)
{
	return (session->unanswered & step) != 0 ? SMFIS_NOREPLY
						 : SMFIS_CONTINUE;
}

static void
tell_rest(struct session *session)
{
	struct mail *mail = &session->mail;
	struct recipient *recipient;
	size_t i;

	for (i = 0; i < mail->count; i++) {
		recipient = &mail->recipients[i];
		if (!recipient->logged && judge_verdict(recipient) != NULL)
			tell_decision(session, recipient, "none",
			    "the client gave up");
	}
}

void
session_end_mail(struct session *session)
{
	struct mail *mail = &session->mail;
	struct recipient *recipient;
	size_t i;

	if (session->has_turn)
		turn_give(&session->milter->turns);
	session->has_turn = false;
	if (mail->conf == NULL)
		return;
	tell_rest(session);
	parted_end(session, false);
	codes_free(mail);
	while (mail->count > 0) {
		recipient = &mail->recipients[--mail->count];
		if (session->spare == NULL) {
			session->spare = recipient->decision;
			recipient->decision = NULL;
		}
		recipient_free(recipient);
	}
	for (i = 0; i <= USHER_ALL; i++)
		usher_facts_free(mail->facts[i]);
	if (session->content != NULL)
		usher_message_reset(session->content);
	usher_conf_release(mail->conf);
	usher_policy_release(mail->writer);
	free(mail->solicitation);
	free(mail->origin);
	free(mail->recipients);
	free(mail->sender);
	free(mail->queue_id);
	memset(mail, 0, sizeof *mail);
}

void
session_note_queue_id(SMFICTX *ctx, struct session *session)
{
	static char macro[] = "i";
	const char *id;

	if (session->mail.queue_id != NULL)
		return;
	id = smfi_getsymval(ctx, macro);
	if (id != NULL && *id != '\0')
		session->mail.queue_id = strdup(id);
}

/* ---- connection ---- */

static void
keep_client(struct session *session, const struct sockaddr *client)
{
	size_t length = 0;

	if (client != NULL && client->sa_family == AF_INET)
		length = sizeof(struct sockaddr_in);
	else if (client != NULL && client->sa_family == AF_INET6)
		length = sizeof(struct sockaddr_in6);
	memset(&session->client, 0, sizeof session->client);
	session->client.ss_family = AF_UNSPEC;
	if (length > 0)
		memcpy(&session->client, client, length);
}

/*
 * Mail that nobody sent us by SMTP: Sendmail shows its standard input as
 * localhost without an address, Postfix's cleanup as 127.0.0.1 at port 0. A
 * remote client whose address the MTA does not know has another name.
 */
static bool
is_local(const char *name, const struct sockaddr *client)
{
	const struct sockaddr_in *in;

	if (client == NULL)
		return name != NULL && strcasecmp(name, "localhost") == 0;
	if (client->sa_family == AF_UNIX)
		return true;
	if (client->sa_family != AF_INET)
		return false;
	in = (const struct sockaddr_in *)(const void *)client;
	return in->sin_port == 0 &&
	    in->sin_addr.s_addr == htonl(INADDR_LOOPBACK);
}

static sfsistat
on_connect(SMFICTX *ctx, char *name, _SOCK_ADDR *client)
{
	struct session *session = session_of(ctx);

	if (session == NULL)
		return SMFIS_ACCEPT;
	session_end_mail(session);
	free(session->client_name);
	session->client_name = name == NULL ? NULL : strdup(name);
	keep_client(session, client);
	session->local = is_local(name, client);
	return session_go_on(session, SMFIP_NR_CONN);
}

static sfsistat
on_helo(SMFICTX *ctx, char *name)
{
	struct session *session = session_of(ctx);

	if (session == NULL)
		return SMFIS_ACCEPT;
	free(session->helo);
	session->helo = strdup(name);
	return session_go_on(session, SMFIP_NR_HELO);
}

static sfsistat
on_close(SMFICTX *ctx)
{
	struct session *session = smfi_getpriv(ctx);

	if (session == NULL)
		return SMFIS_CONTINUE;
	(void)smfi_setpriv(ctx, NULL);
	session_end_mail(session);
	usher_decision_free(session->spare);
	usher_memory_free(session->memory);
	usher_message_free(session->content);
	free(session->client_name);
	free(session->helo);
	atomic_fetch_sub(&session->milter->sessions, 1);
	free(session);
	return SMFIS_CONTINUE;
}

/* ---- message ---- */

static const char *
client_safety(SMFICTX *ctx, const struct session *session)
{
	static char macro[] = "{auth_authen}";
	const struct sockaddr *client =
	    (const struct sockaddr *)&session->client;
	const char *login = smfi_getsymval(ctx, macro);

	if (login != NULL && *login != '\0')
		return "authenticated";
	if (session->local)
		return "submitted here";
	if (client->sa_family != AF_UNSPEC &&
	    usher_conf_internal(session->mail.conf, client))
		return "internal client";
	return NULL;
}

/* SIZE= of RFC 1870, as the client says. */
static uint64_t
told_size(char **argv)
{
	for (size_t i = 1; argv[i] != NULL; i++)
		if (strncasecmp(argv[i], "SIZE=", 5) == 0)
			return strtoull(argv[i] + 5, NULL, 10);
	return 0;
}

static sfsistat
on_mail(SMFICTX *ctx, char **argv)
{
	struct session *session = session_of(ctx);
	const struct sockaddr *client;
	struct mail *mail;

	if (session == NULL)
		return SMFIS_ACCEPT;
	session_end_mail(session);
	mail = &session->mail;
	client = (const struct sockaddr *)&session->client;
	mail->conf = usher_conf_hold(session->milter->usher);
	mail->sender = path_address(argv[0]);
	if (mail->sender == NULL)
		mail->blind = true;
	mail->safety = client_safety(ctx, session);
	mail->relay = client->sa_family != AF_UNSPEC &&
	    usher_conf_relay(mail->conf, client);
	mail->arrival = (int64_t)time(NULL);
	mail->bytes = told_size(argv);
	parted_look(session);
	known_look(ctx, session);
	return session_go_on(session, SMFIP_NR_MAIL);
}

static void
tell_all_accepted(struct session *session)
{
	size_t i;

	for (i = 0; i < session->mail.count; i++)
		tell_decision(session, &session->mail.recipients[i], "250",
		    NULL);
}

/* Whether its end is of interest whatever becomes of it. */
static bool
is_followed(const struct mail *mail)
{
	return mail->parted != NULL || mail->writer != NULL;
}

static sfsistat
on_data(SMFICTX *ctx)
{
	struct session *session = session_of(ctx);
	struct mail *mail;

	if (session == NULL || session->mail.conf == NULL)
		return SMFIS_ACCEPT;
	mail = &session->mail;
	session_note_queue_id(ctx, session);
	/* The rest may yet be turned away together. */
	if (recipient_any_waiting(mail))
		return SMFIS_CONTINUE;
	if (mail->parted == NULL)
		tell_all_accepted(session);
	if (recipient_any_enforced(mail) || is_followed(mail))
		return SMFIS_CONTINUE;
	session_end_mail(session);
	return SMFIS_ACCEPT;
}

static bool
is_read(const struct mail *mail)
{
	return recipient_any_waiting(mail) || mail->writer != NULL;
}

/*
 * The topmost field is the relay's. Where that names another host of ours,
 * the next is that one's, and so on.
 */
static void
note_origin(struct mail *mail, const char *value)
{
	const struct sockaddr *client;
	struct origin *origin;

	if (mail->origin == NULL)
		mail->origin = calloc(1, sizeof *mail->origin);
	origin = mail->origin;
	if (origin == NULL || origin->closed)
		return;
	origin->known = received_read(value, &origin->received);
	client = (const struct sockaddr *)&origin->received.client;
	origin->closed = !origin->known ||
	    !(usher_conf_relay(mail->conf, client) ||
		usher_conf_internal(mail->conf, client));
}

/* What the fields tell besides what the core reads in them. */
static void
note_header(struct mail *mail, const char *name, const char *value)
{
	if (strcasecmp(name, "Usher-Verdict") == 0)
		mail->forged++;
	else if (mail->relay && strcasecmp(name, "Received") == 0)
		note_origin(mail, value);
	else if (mail->solicitation == NULL &&
	    strcasecmp(name, "Solicitation") == 0)
		mail->solicitation = reply_solicitation(value);
	else if (mail->count > 1 || mail->parted != NULL)
		parted_header(mail, name, value);
}

static sfsistat
on_header(SMFICTX *ctx, char *name, char *value)
{
	struct session *session = session_of(ctx);
	struct usher_message *content;

	if (session == NULL)
		return SMFIS_ACCEPT;
	note_header(&session->mail, name, value);
	if (session->mail.takes_codes)
		codes_header(&session->mail, name, value);
	if (is_read(&session->mail)) {
		content = judge_content(session);
		if (content == NULL ||
		    usher_message_header(content, name, value) != 0)
			session->mail.blind = true;
	}
	return session_go_on(session, SMFIP_NR_HDR);
}

static sfsistat
on_headers_end(SMFICTX *ctx)
{
	struct session *session = session_of(ctx);
	struct mail *mail;

	if (session == NULL || session->mail.conf == NULL)
		return SMFIS_CONTINUE;
	mail = &session->mail;
	session_note_queue_id(ctx, session);
	judge_pending(session, USHER_HEADERS);
	if (session->body_comes && recipient_any_pending(mail))
		session->has_turn = turn_take(&session->milter->turns);
	/* What is turned away, or gets a header, waits for the end. */
	if (recipient_any_waiting(mail) || mail->forged > 0 ||
	    recipient_any_enforced(mail) || is_followed(mail))
		return SMFIS_CONTINUE;
	tell_all_accepted(session);
	session_end_mail(session);
	return SMFIS_ACCEPT;
}

static sfsistat
on_body(SMFICTX *ctx, unsigned char *data, size_t length)
{
	struct session *session = session_of(ctx);
	struct usher_message *content;
	sfsistat enough;

	if (session == NULL)
		return SMFIS_CONTINUE;
	enough = session->skip_offered ? SMFIS_SKIP : SMFIS_CONTINUE;
	session->mail.seen += length;
	if (!recipient_any_waiting(&session->mail))
		return enough;
	content = judge_content(session);
	if (content == NULL || usher_message_body(content, data, length) != 0) {
		session->mail.blind = true;
		return enough;
	}
	return usher_message_full(content) ? enough : SMFIS_CONTINUE;
}

static sfsistat
on_abort(SMFICTX *ctx)
{
	struct session *session = smfi_getpriv(ctx);

	if (session != NULL)
		session_end_mail(session);
	return SMFIS_CONTINUE;
}

void
session_describe(struct smfiDesc *desc, struct milter *milter)
{
	static char name[] = "usher-milter";

	the_milter = milter;
	memset(desc, 0, sizeof *desc);
	desc->xxfi_name = name;
	desc->xxfi_version = SMFI_VERSION;
	desc->xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_ADDRCPT |
	    SMFIF_DELRCPT | SMFIF_QUARANTINE;
	desc->xxfi_negotiate = negotiate;
	desc->xxfi_connect = on_connect;
	desc->xxfi_helo = on_helo;
	desc->xxfi_envfrom = on_mail;
	desc->xxfi_envrcpt = recipient_given;
	desc->xxfi_data = on_data;
	desc->xxfi_header = on_header;
	desc->xxfi_eoh = on_headers_end;
	desc->xxfi_body = on_body;
	desc->xxfi_eom = finish_mail;
	desc->xxfi_abort = on_abort;
	desc->xxfi_close = on_close;
}
