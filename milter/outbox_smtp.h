/*
 * outbox_smtp: hands one letter over to the mail server of mail.submit.
 *
 * A client of our own, since it must know whether the server can have taken a
 * letter, ask for SMTPUTF8 and let go at once when the daemon ends; the
 * packaged libesmtp does none of the three.
 */
#ifndef USHER_MILTER_OUTBOX_SMTP_H
#define USHER_MILTER_OUTBOX_SMTP_H

#include <stddef.h>

enum outbox_outcome {
	OUTBOX_SENT,	/* the server answers for it now */
	OUTBOX_LATER,	/* it certainly did not take it: try again */
	OUTBOX_NEVER,	/* it will not take it */
	OUTBOX_PERHAPS, /* nobody knows: not to be sent again */
};

enum { OUTBOX_WHY = 200 };

/*
 * `submit` is HOST:PORT; `to` gets it, from the null sender; `message` has CRLF
 * line ends. `stop`: a descriptor that is readable when the daemon ends, or -1.
 * `wait_s` is the patience with each answer, ten times that with all. Why it
 * was not sent, in `why`.
 */
enum outbox_outcome outbox_hand_over(const char *submit, const char *to,
    const char *message, size_t length, int stop, int wait_s,
    char why[OUTBOX_WHY]);

#endif
