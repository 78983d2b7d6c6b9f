/*
 * reply_guard: whether a mail may be answered by the automatic reply.
 *
 * Keeps RFC 3834 §2 and RFC 5230 §4.5 and §4.6, and is stricter: only who was
 * proven is answered, since a reply to a forged sender is one more unasked
 * mail (RFC 8601 §7.5). Called by the milter before mail is put aside
 * (design-mail.md "Aside and reply"); how often one sender is answered, the
 * outbox knows.
 */
#include <string.h>

#include <glib.h>

#include "message.h"
#include "policy.h"

enum { MOST_TOKENS = 1000 };

struct guard {
	const struct usher_reply *reply;
	struct arena arena;
	struct address sender; /* read by is_no_address() */
};

typedef bool bar_h(struct guard *guard);

/* Whether some field of this name has `word` among its words. */
static bool
field_says(const struct usher_message *message, const char *name,
    const char *word)
{
	static const char between[] = " \t,;()";

	for (size_t i = 0; i < message->field_count; i++) {
		const char *at = message->fields[i].value;

		if (strcasecmp(message->fields[i].name, name) != 0)
			continue;
		for (; *at != '\0'; at += strcspn(at, between)) {
			at += strspn(at, between);
			if (strncasecmp(at, word, strlen(word)) == 0 &&
			    strcspn(at, between) == strlen(word))
				return true;
		}
	}
	return false;
}

static bool
is_report(struct guard *guard)
{
	return usher_message_traits(guard->reply->message).report;
}

/* A second field might say what the first does not. */
static bool
is_automatic(struct guard *guard)
{
	const struct usher_message *message = guard->reply->message;

	for (size_t i = 0; i < message->field_count; i++) {
		const char *value = message->fields[i].value;

		if (strcasecmp(message->fields[i].name, "Auto-Submitted") != 0)
			continue;
		value += strspn(value, " \t");
		if (strncasecmp(value, "no", 2) != 0 ||
		    strchr(" \t;(", value[2]) == NULL)
			return true;
	}
	return false;
}

static bool
is_list(struct guard *guard)
{
	return usher_message_traits(guard->reply->message).list ||
	    field_says(guard->reply->message, "Precedence", "list") ||
	    usher_message_field(guard->reply->message, "Mailing-List") != NULL;
}

static bool
is_bulk(struct guard *guard)
{
	return field_says(guard->reply->message, "Precedence", "bulk") ||
	    field_says(guard->reply->message, "Precedence", "junk");
}

/* Microsoft's field; DR, RN and NRN speak of receipts only. */
static bool
wants_none(struct guard *guard)
{
	static const char name[] = "X-Auto-Response-Suppress";
	const struct usher_message *message = guard->reply->message;

	return field_says(message, name, "All") ||
	    field_says(message, name, "OOF") ||
	    field_says(message, name, "AutoReply");
}

static bool
is_null(struct guard *guard)
{
	return guard->reply->mail_from == NULL ||
	    *guard->reply->mail_from == '\0';
}

static bool
is_no_address(struct guard *guard)
{
	for (const char *at = guard->reply->mail_from; *at != '\0'; at++)
		if ((unsigned char)*at <= ' ' || strchr("<>\",;:\\", *at) ||
		    *at == 0x7f)
			return true;
	return !g_utf8_validate(guard->reply->mail_from, -1, NULL) ||
	    usher_address_parse(&guard->arena, guard->reply->mail_from, NULL,
		&guard->sender, NULL) != 0 ||
	    guard->sender.kind != ADDRESS_MAIL;
}

/* Lower case, without the signs people put between: "no.reply" is "noreply". */
static void
plain_local(const char *address, char out[64])
{
	size_t length = 0;

	for (; *address != '@' && *address != '\0' && length < 63; address++)
		if (*address != '.' && *address != '_')
			out[length++] = *address;
	out[length] = '\0';
}

static bool
starts_with(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool
ends_with(const char *text, const char *with)
{
	size_t length = strlen(text), end = strlen(with);

	return length >= end && strcmp(text + length - end, with) == 0;
}

/* Nobody reads there, or a program does. */
static bool
is_machine(struct guard *guard)
{
	static const char *const whole[] = { "mailer-daemon", "mailerdaemon",
		"listserv", "majordomo", "mailman", "postmaster", "root",
		"daemon", "bounce", "bounces", "nobody", "www-data" };
	static const char *const first[] = { "owner-", "noreply", "no-reply",
		"donotreply", "do-not-reply", "dontreply", "dont-reply",
		"neverreply", "nicht-antworten", "nepasrepondre",
		"ne-pas-repondre", "noresponder", "no-responder", "bounce-",
		"bounces-", "bounce+", "bounces+", "srs0", "srs1" };
	static const char *const last[] = { "-request", "-owner", "-bounces",
		"-bounce", "-noreply", "-no-reply", "-errors", "-confirm",
		"-donotreply" };
	char local[64];

	plain_local(guard->sender.text, local);
	for (size_t i = 0; i < sizeof(whole) / sizeof(*whole); i++)
		if (strcmp(local, whole[i]) == 0)
			return true;
	for (size_t i = 0; i < sizeof(first) / sizeof(*first); i++)
		if (starts_with(local, first[i]))
			return true;
	for (size_t i = 0; i < sizeof(last) / sizeof(*last); i++)
		if (ends_with(local, last[i]))
			return true;
	return false;
}

static bool
same_mailbox(struct guard *guard, const char *one, const char *other)
{
	struct address a, b;

	if (one == NULL || other == NULL || *one == '\0' || *other == '\0' ||
	    usher_address_parse(&guard->arena, one, NULL, &a, NULL) != 0 ||
	    usher_address_parse(&guard->arena, other, NULL, &b, NULL) != 0)
		return false;
	return strcmp(usher_address_undelimited(&guard->arena, a.text, '+'),
		   usher_address_undelimited(&guard->arena, b.text, '+')) == 0;
}

/* The recipient, whose mail is put aside there, who replies come from. */
static bool
is_ourselves(struct guard *guard)
{
	const struct usher_reply *reply = guard->reply;
	const struct usher_mail *mail = &reply->conf->mail;
	const char *sender = guard->sender.text;

	return usher_policy_owns(reply->policy, sender) ||
	    same_mailbox(guard, sender, reply->recipient) ||
	    same_mailbox(guard, sender, usher_policy_aside(reply->policy)) ||
	    same_mailbox(guard, sender, mail->aside) ||
	    same_mailbox(guard, sender, mail->from);
}

/* "prvs=0123abcdef=bob@..." (BATV) is bob's. */
static const char *
untagged(const char *sender)
{
	const char *tag = sender + 5, *end;

	if (strncasecmp(sender, "prvs=", 5) != 0)
		return sender;
	end = strchr(tag, '=');
	return end == NULL || end > strchr(sender, '@') ? sender : end + 1;
}

/*
 * The proof is of the From field, the reply goes to the envelope's sender:
 * they must be one. A site's trust in claims is no proof.
 */
static bool
is_unproven(struct guard *guard)
{
	const struct usher_facts *facts = guard->reply->facts;
	const char *sender = untagged(guard->sender.text);

	if (facts == NULL || facts->claims_proven)
		return true;
	for (size_t i = 0; i < facts->proven_count; i++)
		if (facts->proven[i].kind == ADDRESS_MAIL &&
		    strcmp(facts->proven[i].text, sender) == 0)
			return false;
	return true;
}

static bool
names_us(struct guard *guard, const char *value, size_t *tokens)
{
	static const char between[] = " \t\r\n,;:<>()\"";
	const struct usher_reply *reply = guard->reply;

	for (; *value != '\0' && *tokens < MOST_TOKENS;
	     value += strcspn(value, between)) {
		char *token;

		value += strspn(value, between);
		token = usher_arena_bytes(&guard->arena, value,
		    strcspn(value, between));
		if (token == NULL)
			return false;
		if (strchr(token, '@') == NULL)
			continue;
		++*tokens;
		if (usher_policy_owns(reply->policy, token) ||
		    same_mailbox(guard, token, reply->recipient))
			return true;
	}
	return false;
}

/* RFC 3834 §2: who is not among those it is addressed to did not get it. */
static bool
is_for_others(struct guard *guard)
{
	static const char *const names[] = { "To", "Cc", "Bcc", "Resent-To",
		"Resent-Cc", "Resent-Bcc" };
	const struct usher_message *message = guard->reply->message;
	size_t tokens = 0;

	for (size_t i = 0; i < message->field_count; i++)
		for (size_t k = 0; k < sizeof(names) / sizeof(*names); k++)
			if (strcasecmp(message->fields[i].name, names[k]) ==
				0 &&
			    names_us(guard, message->fields[i].value, &tokens))
				return false;
	return true;
}

/* In this order: later ones rest on what earlier ones have read. */
static const struct {
	bar_h *bars;
	enum usher_reply_answer answer;
	const char *why;
} bars[] = {
	{ is_report, USHER_REPLY_PASS, "a report" },
	{ is_automatic, USHER_REPLY_PASS, "an automatic message" },
	{ is_list, USHER_REPLY_PASS, "mail of a list" },
	{ is_bulk, USHER_REPLY_TELL, "bulk mail" },
	{ wants_none, USHER_REPLY_TELL, "wants no automatic answer" },
	{ is_null, USHER_REPLY_TELL, "the null sender" },
	{ is_no_address, USHER_REPLY_TELL, "no address to answer to" },
	{ is_machine, USHER_REPLY_TELL, "nobody reads at the sender" },
	{ is_ourselves, USHER_REPLY_TELL, "the recipient's own address" },
	{ is_unproven, USHER_REPLY_TELL, "the sender is not proven" },
	{ is_for_others, USHER_REPLY_TELL, "not addressed to the recipient" },
};

enum usher_reply_answer
usher_reply_allowed(const struct usher_reply *reply, const char **why)
{
	struct guard guard = { .reply = reply };
	enum usher_reply_answer answer = USHER_REPLY_SEND;

	usher_arena_init(&guard.arena);
	for (size_t i = 0; i < sizeof(bars) / sizeof(*bars); i++) {
		if (!bars[i].bars(&guard))
			continue;
		answer = bars[i].answer;
		if (why != NULL)
			*why = bars[i].why;
		break;
	}
	/* What could not be looked at might have said no. */
	if (answer == USHER_REPLY_SEND &&
	    (guard.arena.failed || reply->message->failed ||
		reply->message->headers_cut)) {
		answer = USHER_REPLY_TELL;
		if (why != NULL)
			*why = "its header could not be read to the end";
	}
	usher_arena_free(&guard.arena);
	return answer;
}
