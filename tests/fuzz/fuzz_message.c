/*
 * Any bytes are a mail: the whole way from them to facts, and the same facts
 * whatever pieces the body comes in.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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

static void
require(bool good)
{
	if (!good)
		abort();
}

/* Fields as an MTA cuts them, here simply; then the body by `piece` bytes. */
static struct usher_message *
read_mail(const uint8_t *data, size_t size, size_t piece)
{
	const uint8_t *body = memmem(data, size, "\n\n", 2);
	struct usher_message *message = NULL;
	size_t head = body == NULL ? size : (size_t)(body - data) + 2;

	require(usher_message_new(&conf, &message) == 0 &&
	    usher_message_read(message, (const char *)data, head) == 0);
	for (size_t at = head; at < size; at += piece)
		require(usher_message_body(message, data + at,
			    size - at < piece ? size - at : piece) == 0);
	return message;
}

static struct usher_facts *
facts_of(struct usher_message *message, size_t size)
{
	struct usher_envelope envelope = { .mail_from = "a@b.example",
		.queue_id = "Q1" };
	struct usher_facts *facts = NULL;
	int64_t at;

	require(usher_facts_new(&conf, USHER_EMAIL, &facts) == 0 &&
	    usher_message_facts(message, &envelope, USHER_HEADERS, facts,
		NULL) == 0 &&
	    usher_message_facts(message, &envelope, USHER_ALL, facts, NULL) ==
		0);
	(void)usher_message_traits(message);
	(void)usher_message_from(message);
	(void)usher_message_language(message);
	(void)usher_message_time(message, &at);
	/* All that was said of a mail is counted. */
	require(facts->words <= size && facts->link_count <= MOST_LINKS);
	return facts;
}

static void
compare(const struct usher_facts *one, const struct usher_facts *other)
{
	bool whole = one->text_length < KEEP_TEXT;

	/* Where the middle is left out, a word or link may be cut in two. */
	require((!whole || one->words == other->words) &&
	    one->text_length == other->text_length &&
	    memcmp(one->text, other->text, one->text_length) == 0 &&
	    (!whole || one->link_count == other->link_count) &&
	    one->attachment_count == other->attachment_count &&
	    one->purpose == other->purpose);
	for (size_t i = 0; whole && i < one->link_count; i++)
		require(strcmp(one->links[i], other->links[i]) == 0);
	for (size_t i = 0; i < one->attachment_count; i++)
		require(strcmp(one->attachments[i].ending,
			    other->attachments[i].ending) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct usher_message *whole, *pieces;
	struct usher_facts *one, *other;

	if (!conf.evidence && usher_evidence_built_in(&conf.evidence, NULL))
		abort();
	whole = read_mail(data, size, size + 1);
	pieces = read_mail(data, size, 1 + size % 61);
	one = facts_of(whole, size);
	other = facts_of(pieces, size);
	compare(one, other);
	usher_facts_free(one);
	usher_facts_free(other);
	usher_message_free(whole);
	usher_message_free(pieces);
	return 0;
}
