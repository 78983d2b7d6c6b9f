/*
 * replying: a mail to Alice, who is called rather than written to, and all
 * that a reply to it is made from. For the tests of reply_*.c.
 */
#ifndef REPLYING_H
#define REPLYING_H

#include "deciding.h"

#include <glib.h>

#include <stdio.h>
#include <stdlib.h>

#include "conf.h"
#include "decide.h"
#include "facts.h"
#include "message.h"

#define PREFERENCES                                                            \
	"name = \"Alice Ng\"; aside = \"alice+aside@example.com\";"            \
	"published = { phone = \"+14155550100\"; page ="                       \
	" \"https://reach.example.com/alice\"; };"                             \
	"addresses = [ \"alice@example.com\", \"a.ng@example.com\" ];"         \
	"phones = [ \"+14155550177\" ];"                                       \
	"rules = ( { name = \"calls at four\"; if = { channel = \"phone\"; };" \
	" then = \"accept\"; during = \"16:00-17:00\";"                        \
	" requires = { reason = true; }; },"                                   \
	" { name = \"call me\"; if = { channel = \"email\"; };"                \
	" then = \"redirect\"; to = [ \"phone\", \"page\" ]; } );"

/* As the sample file of the other tests, but with its own addresses. */
static inline void
prefer(struct fixture *fixture)
{
	struct usher_problems *problems = usher_problems_new();

	deciding_forget(fixture);
	if (usher_policy_compile(fixture->conf, "alice.conf", PREFERENCES,
		strlen(PREFERENCES), &fixture->policy, problems) != 0)
		fail_msg("%s", usher_problems_get(problems, 0)->text);
	usher_problems_free(problems);
}

struct answering {
	struct fixture *fixture;
	struct usher_message *message;
	struct usher_reply reply;
	const char *why;
};

static inline void
take(struct answering *answering, struct fixture *fixture, const char *header,
    const char *body, const char *mail_from, const char *proven)
{
	char mail[6000];
	int length = snprintf(mail, sizeof(mail), "%s\r\n%s", header, body);

	assert_true(length > 0 && (size_t)length < sizeof(mail));
	*answering = (struct answering){ .fixture = fixture };
	prefer(fixture);
	assert_int_equal(usher_message_new(fixture->conf, &answering->message),
	    0);
	assert_int_equal(usher_message_read(answering->message, mail,
			     (size_t)length),
	    0);
	deciding_approach(fixture, USHER_EMAIL, "nobody@sender.example", false,
	    USHER_ALL);
	if (proven != NULL)
		assert_int_equal(usher_facts_prove(fixture->facts, proven,
				     NULL),
		    0);
	answering->reply = (struct usher_reply){ .conf = fixture->conf,
		.policy = fixture->policy,
		.recipient = "alice@example.com",
		.mail_from = mail_from,
		.message = answering->message,
		.facts = fixture->facts,
		.reference = "abcdefghjkmn",
		.sent_at = tuesday };
}

static inline void
leave(struct answering *answering)
{
	usher_message_free(answering->message);
}

#define FROM "From: Bob <bob@sender.example>\r\n"
#define TO "To: Alice <alice@example.com>\r\n"
#define BOB "bob@sender.example"

#endif
