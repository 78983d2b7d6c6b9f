/*
 * Any bytes are a mail: the whole way from them to facts.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "conf.h"
#include "evidence.h"
#include "facts.h"
#include "message.h"

static const char *const ids[] = { "mx.example.com" };
static struct usher_conf conf = {
	.references = 1,
	.mail = { .authserv_count = 1, .authserv_ids = ids },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct usher_envelope envelope = { .mail_from = "a@b.example",
		.queue_id = "Q1" };
	struct usher_message *message;
	struct usher_facts *facts;
	int64_t at;

	if (!conf.evidence && usher_evidence_read(&conf.evidence, NULL, NULL))
		abort();
	if (usher_message_new(&conf, &message) ||
	    usher_facts_new(&conf, USHER_EMAIL, &facts) ||
	    usher_message_read(message, (const char *)data, size) ||
	    usher_message_facts(message, &envelope, USHER_HEADERS, facts,
		NULL) ||
	    usher_message_facts(message, &envelope, USHER_ALL, facts, NULL))
		abort();
	(void)usher_message_traits(message);
	(void)usher_message_from(message);
	(void)usher_message_time(message, &at);
	/* All that was said of a mail is counted. */
	if (facts->words > size || facts->link_count > MOST_LINKS)
		abort();
	usher_facts_free(facts);
	usher_message_free(message);
	return 0;
}
