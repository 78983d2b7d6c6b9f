/*
 * Any bytes are a mail that may be answered: the guard holds, and the header
 * of the reply has no field that we did not write.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "usher.h"

static const char preferences[] =
    "name = \"Alice\"; addresses = [ \"alice@example.com\" ];"
    "aside = \"alice+aside@example.com\";"
    "rules = ( { name = \"r\"; then = \"redirect\"; to = [ \"phone\" ]; } );";

static struct usher *usher;
static struct usher_conf *conf;
static struct usher_policy *policy;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool good)
{
	if (!good)
		abort();
}

static void
begin(void)
{
	struct usher_problems *problems = usher_problems_new();

	require(usher_open(&usher, NULL, 0, problems, NULL) == 0);
	conf = usher_conf_hold(usher);
	require(usher_policy_compile(conf, "alice.conf", preferences,
		    sizeof(preferences) - 1, &policy, problems) == 0);
	usher_problems_free(problems);
}

/* Each of ours once, no other, and every line ends in CRLF. */
static void
look_at(const char *reply, size_t length)
{
	static const char *const names[] = { "From", "To", "Subject", "Date",
		"Message-Id", "In-Reply-To", "References", "Auto-Submitted",
		"Content-Language", "MIME-Version", "Content-Type",
		"Content-Transfer-Encoding" };
	unsigned seen = 0;

	require(strlen(reply) == length);
	while (strncmp(reply, "\r\n", 2) != 0) {
		size_t name = strcspn(reply, ":\r\n"), i = 0;
		const char *end = strchr(reply, '\n');

		require(end != NULL && end > reply && end[-1] == '\r');
		if (*reply != ' ' && *reply != '\t') {
			while (i < 12 &&
			    (strlen(names[i]) != name ||
				strncasecmp(names[i], reply, name) != 0))
				i++;
			require(i < 12 && (seen & 1u << i) == 0);
			seen |= 1u << i;
		}
		reply = end + 1;
	}
	require((seen & 0x87) == 0x87);
}

static void
answer(struct usher_message *message, struct usher_facts *facts)
{
	struct usher_decision *decision = NULL;
	struct usher_question question = { .policy = policy,
		.facts = facts,
		.at = 1795478400 };
	struct usher_reply reply = { .conf = conf,
		.policy = policy,
		.recipient = "alice@example.com",
		.mail_from = usher_message_from(message),
		.message = message,
		.facts = facts,
		.reference = "abcdefghjkmn",
		.sent_at = 1795478400 };
	struct usher_traits traits = usher_message_traits(message);
	const char *why = NULL;
	char *bytes;
	size_t length;

	if (reply.mail_from == NULL)
		reply.mail_from = "bob@sender.example";
	require(usher_decide(NULL, &question, &decision, NULL) == 0);
	reply.decision = decision;
	if (usher_reply_allowed(&reply, &why) == USHER_REPLY_SEND) {
		require(!traits.report && !traits.automatic && !traits.list);
		require(
		    usher_reply_compose(&reply, &bytes, &length, NULL) == 0);
		look_at(bytes, length);
		free(bytes);
	} else {
		require(why != NULL);
	}
	usher_decision_free(decision);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct usher_envelope envelope = { .mail_from = "bob@sender.example",
		.queue_id = "Q1" };
	struct usher_message *message = NULL;
	struct usher_facts *facts = NULL;
	const char *from;

	if (usher == NULL)
		begin();
	require(usher_message_new(conf, &message) == 0 &&
	    usher_facts_new(conf, USHER_EMAIL, &facts) == 0 &&
	    usher_message_read(message, (const char *)data, size) == 0 &&
	    usher_message_facts(message, &envelope, USHER_ALL, facts, NULL) ==
		0);
	usher_facts_shown(facts, USHER_ALL);
	/* As if a filter of ours had proven whoever it says it is. */
	from = usher_message_from(message);
	(void)usher_facts_prove(facts,
	    from == NULL ? "bob@sender.example" : from, NULL);
	answer(message, facts);
	usher_facts_free(facts);
	usher_message_free(message);
	return 0;
}
