/*
 * promise_party: who came, as promises see them: see promise.h.
 *
 * A mail comes from its envelope sender, and the tries of one mail may differ
 * in what VERP puts there. A null sender stands for the address in From. A
 * call comes from the party that is proven, else from the one that is claimed.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "domain_shared.h"
#include "promise.h"

enum { LONG_TOKEN = 8 };

static bool
has_digit(const char *token, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (isdigit((unsigned char)token[i]))
			return true;
	return false;
}

/* A token that varies as a whole, or the runs of digits in it. */
static void
fold_token(struct buffer *buffer, const char *token, size_t length)
{
	if (length >= LONG_TOKEN && has_digit(token, length)) {
		usher_buffer_puts(buffer, "#");
		return;
	}
	for (size_t i = 0; i < length; i++) {
		if (!isdigit((unsigned char)token[i]))
			usher_buffer_add(buffer, token + i, 1);
		else if (i == 0 || !isdigit((unsigned char)token[i - 1]))
			usher_buffer_puts(buffer, "#");
	}
}

/* Length of a local part without an extension and an encoded recipient. */
static size_t
plain_length(const char *local, size_t length)
{
	const char *plus = memchr(local + 1, '+', length - 1);
	const char *equals = memchr(local + 1, '=', length - 1);
	size_t end = plus == NULL ? length : (size_t)(plus - local);
	size_t kept;

	if (equals == NULL || (size_t)(equals - local) > end)
		return end;
	kept = 1 + strcspn(local + 1, "-_.=");
	return kept < end ? kept : end;
}

const char *
usher_promise_fold(struct arena *arena, const char *address)
{
	const char *at = strrchr(address, '@'), *folded;
	struct buffer buffer = { .data = NULL };
	size_t length, i = 0;

	if (at == NULL || at == address)
		return address;
	length = plain_length(address, (size_t)(at - address));
	while (i < length) {
		size_t token = strcspn(address + i, "-_.=+/@");

		if (i + token > length)
			token = length - i;
		fold_token(&buffer, address + i, token);
		i += token;
		if (i < length)
			usher_buffer_add(&buffer, address + i++, 1);
	}
	usher_buffer_puts(&buffer, at);
	folded = buffer.failed
	    ? NULL
	    : usher_arena_bytes(arena, buffer.data, buffer.length);
	usher_buffer_free(&buffer);
	return folded;
}

const char *
usher_promise_domain(const struct address *address)
{
	if (address->organization != NULL)
		return address->organization;
	return address->domain != NULL ? address->domain : address->text;
}

static int
of_sender(struct arena *arena, const struct usher_facts *facts,
    struct promise_party *party)
{
	const struct address *sender = &facts->sender;

	if (sender->text == NULL && !facts->null_sender &&
	    facts->claim_count > 0)
		sender = &facts->claims[0]; /* an envelope was not told of */
	if (sender->text != NULL) {
		party->exact = sender->text;
		/* Where people have mailboxes, digits tell them apart. */
		if (sender->organization == NULL ||
		    !usher_domain_is_free_mail(sender->organization))
			party->varied = sender->text;
		party->domain = usher_promise_domain(sender);
		party->alone = sender->organization == NULL ||
		    usher_domain_is_shared(sender->organization);
		return 0;
	}
	if (facts->claim_count == 0)
		return 0;
	party->exact = usher_arena_printf(arena, "<>%s", facts->claims[0].text);
	party->domain = usher_promise_domain(&facts->claims[0]);
	party->alone = true;
	return party->exact == NULL ? ENOMEM : 0;
}

static int
of_caller(struct arena *arena, const struct usher_facts *facts,
    struct promise_party *party)
{
	const struct address *caller = facts->proven_count > 0 ? facts->proven
	    : facts->claim_count > 0			       ? facts->claims
							       : NULL;

	if (caller == NULL)
		return 0;
	party->exact = caller->text;
	/* What was promised to who proved it is for who proves it. */
	if (facts->proven_count > 0) {
		party->exact = usher_arena_printf(arena, "=%s", caller->text);
		party->varied = caller->text;
	}
	party->domain = usher_promise_domain(caller);
	party->alone = true;
	return party->exact == NULL ? ENOMEM : 0;
}

static void
prove(struct promise_party *party, const struct address *who)
{
	party->proven = who->text;
	party->proven_domain = usher_promise_domain(who);
}

int
usher_promise_party(struct arena *arena, const struct usher_facts *facts,
    struct promise_party *party)
{
	*party = (struct promise_party){ .exact = NULL };
	if (facts->channel != USHER_EMAIL)
		return of_caller(arena, facts, party);
	if (facts->proven_count > 0)
		prove(party, &facts->proven[facts->proven_count - 1]);
	return of_sender(arena, facts, party);
}

void
usher_promise_key(struct record_key *key, const char *recipient,
    enum usher_channel channel, const char *domain)
{
	usher_record_key_begin(key, recipient);
	usher_record_key_channel(key, channel);
	usher_record_key_add(key, domain);
}
