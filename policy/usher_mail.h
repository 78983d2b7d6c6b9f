/*
 * usher_mail: what mail needs besides deciding; included by usher.h.
 *
 * The language of a message, the automatic reply of `redirect = "reply"` with
 * the guard that keeps it from going astray, and the list of messages that lie
 * in the MTA's quarantine (design-mail.md "Hold", "Aside and reply").
 */
#ifndef USHER_MAIL_PUBLIC_H
#define USHER_MAIL_PUBLIC_H

#ifndef USHER_H
#error "include usher.h"
#endif

/*
 * The language a message is written in, as in "de": its Content-Language, else
 * by the common words of what is shown. NULL: it cannot be told. For
 * usher_question.language and for the reply; lives as long as the message.
 */
USHER_API const char *usher_message_language(struct usher_message *message);
/*
 * The words of a decision from now on in this language where there is a set
 * for it, else in the recipient's; it must outlive the decision.
 */
USHER_API void usher_decision_language(struct usher_decision *decision,
    const char *language);

/* ---- the automatic reply (RFC 3834, RFC 5230) ---- */

/* All a reply is made from; nothing of it is kept. */
struct usher_reply {
	struct usher_conf *conf;
	const struct usher_policy *policy; /* of the recipient */
	const char *recipient; /* as approached, delimiter part cut */
	const char *mail_from; /* without <>; who would get the reply */
	struct usher_message *message;
	const struct usher_facts *facts; /* of the whole message */
	struct usher_decision *decision; /* turned away; for compose */
	const char *reference;		 /* the one in the words */
	int64_t sent_at;		 /* of Date, by the system's clock */
};

enum usher_reply_answer {
	USHER_REPLY_SEND, /* one may be sent */
	USHER_REPLY_TELL, /* none: say it in the session (550) */
	USHER_REPLY_PASS  /* none: list, automatic or report mail: accept */
};
/*
 * Whether a reply may be sent. *why (may be NULL) says why not, for the log.
 * Whether the sender got one within 7 days, the outbox knows.
 */
USHER_API enum usher_reply_answer usher_reply_allowed(const struct usher_reply
							  *reply,
    const char **why);
/*
 * The reply as an RFC 5322 message with CRLF; the caller frees *bytes. The
 * words are in the language of the message where there is a set for it.
 */
USHER_API int usher_reply_compose(const struct usher_reply *reply, char **bytes,
    size_t *length, struct usher_error *error);

/* ---- held mail ---- */

enum {
	USHER_HELD_RECIPIENTS = 100, /* kept of one message */
	/* Beyond these the oldest is released, due or not. */
	USHER_HELD_MOST = 5000
};
#define USHER_HELD_MOST_BYTES ((uint64_t)4 << 30)

/* One message in the MTA's quarantine. */
struct usher_held {
	const char *queue_id;
	const char *mta;    /* macro {v}: "Postfix 3.7.11"; "" when unknown */
	const char *sender; /* without <>; "" is the null sender */
	size_t recipient_count;
	const char *const *recipients;
	struct usher_opening opening; /* the latest of its recipients' */
	int64_t arrival;	      /* at MAIL, by the system's clock */
	uint64_t bytes;		      /* as the MTA shows it; about */
};
/*
 * Notes that a message is about to be held; committed before the MTA is
 * asked to, so that nothing is held that nobody would release. ENOSPC: far
 * more is held than is let be; do not hold.
 */
USHER_API int usher_notes_held(struct usher_notes *notes,
    const struct usher_held *held, struct usher_error *error);
/* It is held no more. */
USHER_API int usher_notes_released(struct usher_notes *notes,
    const char *queue_id, struct usher_error *error);
/*
 * All that is held on this host, oldest first; ends at an answer that is not
 * 0. `due`: it is to be released at `at`: its opening has begun, mail.hold_days
 * are over, or too much is held.
 */
typedef int (
    *usher_held_each_h)(void *arg, const struct usher_held *held, bool due);
USHER_API int usher_held_each(struct usher *usher, int64_t at,
    usher_held_each_h each, void *arg, struct usher_error *error);

#endif
