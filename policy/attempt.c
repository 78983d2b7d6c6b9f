/*
 * attempt: lists of attempts as bytes, and back: see attempt.h.
 *
 * Each entry is six numbers, the last of which holds four small ones, and the
 * rule (record_bytes.h).
 */
#include "attempt.h"

#include <endian.h>
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "known.h"
#include "record_bytes.h"

enum { FORM = 1, NUMBERS = 6, LEAST = NUMBERS * 8 + 2 };

/* ---- bytes ---- */

static uint64_t
small_numbers(const struct attempt *attempt)
{
	return (uint64_t)attempt->channel | (uint64_t)attempt->answer << 8 |
	    (uint64_t)attempt->open << 16 | (uint64_t)attempt->again << 24;
}

void
usher_attempt_pack(const struct attempt_list *list, struct buffer *buffer)
{
	usher_record_put_form(buffer, FORM);
	for (size_t i = 0; i < list->count; i++) {
		const struct attempt *attempt = &list->entries[i];

		usher_record_put_number(buffer, attempt->at);
		usher_record_put_number(buffer, attempt->last);
		usher_record_put_number(buffer, attempt->took);
		usher_record_put_number(buffer, (int64_t)attempt->from);
		usher_record_put_number(buffer, (int64_t)attempt->what);
		usher_record_put_number(buffer,
		    (int64_t)small_numbers(attempt));
		usher_record_put_string(buffer, attempt->rule);
	}
}

static void
unpack_one(struct record_reader *reader, struct attempt *attempt)
{
	uint64_t small;

	attempt->at = usher_record_get_number(reader);
	attempt->last = usher_record_get_number(reader);
	attempt->took = usher_record_get_number(reader);
	attempt->from = (uint64_t)usher_record_get_number(reader);
	attempt->what = (uint64_t)usher_record_get_number(reader);
	small = (uint64_t)usher_record_get_number(reader);
	attempt->channel = small & 0xff;
	attempt->answer = small >> 8 & 0xff;
	attempt->open = (small >> 16 & 1) != 0;
	attempt->again = small >> 24 & 0xff;
	attempt->rule = usher_record_get_string(reader);
}

int
usher_attempt_unpack(struct arena *arena,
    const struct usher_record_value *value, struct attempt_list *list)
{
	struct record_reader reader = usher_record_reader(arena, value, FORM);
	int code;

	/* Room for one more than there can be: what is added. */
	*list = (struct attempt_list){ .count = 0 };
	list->entries = usher_arena_array(arena, reader.left / LEAST + 1,
	    sizeof(*list->entries));
	if (list->entries == NULL)
		return ENOMEM;
	while (!reader.wrong && reader.left >= LEAST)
		unpack_one(&reader, &list->entries[list->count++]);
	code = usher_record_read_end(&reader);
	if (code != 0)
		list->count = 0;
	return code;
}

/* ---- which is which ---- */

bool
usher_attempt_same(const struct attempt *before, const struct attempt *now)
{
	if (before->open && before->from != 0 && before->from == now->from &&
	    now->at < before->at + ATTEMPT_RETRIED_S)
		return true;
	return now->what != 0 && before->what == now->what &&
	    now->at < before->last + ATTEMPT_AGAIN_S &&
	    before->again < ATTEMPT_AGAIN;
}

static void
drop(struct attempt_list *list, size_t index)
{
	list->count--;
	memmove(&list->entries[index], &list->entries[index + 1],
	    (list->count - index) * sizeof(list->entries[0]));
}

void
usher_attempt_room(struct attempt_list *list, int64_t before, size_t most)
{
	size_t kept = 0, oldest = 0;

	for (size_t i = 0; i < list->count; i++)
		if (list->entries[i].at > before ||
		    list->entries[i].took > before)
			list->entries[kept++] = list->entries[i];
	list->count = kept;
	while (list->count >= most) {
		/* Whom a cap counts is the last to go. */
		for (oldest = 0; oldest < list->count; oldest++)
			if (list->entries[oldest].took == 0)
				break;
		drop(list, oldest == list->count ? 0 : oldest);
	}
}

static uint64_t
hash(const char *kind, const char *text)
{
	GChecksum *context = g_checksum_new(G_CHECKSUM_SHA256);
	unsigned char digest[32];
	gsize length = sizeof(digest);
	uint64_t number;

	g_checksum_update(context, (const guchar *)kind, (gssize)strlen(kind));
	g_checksum_update(context, (const guchar *)text, (gssize)strlen(text));
	g_checksum_get_digest(context, digest, &length);
	g_checksum_free(context);
	memcpy(&number, digest, sizeof(number));
	number = le64toh(number);
	return number != 0 ? number : 1;
}

struct attempt
usher_attempt_of(const struct usher_facts *facts, int64_t at)
{
	struct attempt attempt = { .at = at,
		.last = at,
		.channel = (unsigned char)facts->channel,
		.rule = "" };

	if (facts->channel == USHER_EMAIL && facts->sender.text != NULL)
		attempt.from = hash("from ", facts->sender.text);
	else if (facts->null_sender && facts->claim_count > 0)
		attempt.from = hash("null ", facts->claims[0].text);
	if (facts->identity != NULL)
		attempt.what = hash("what ", facts->identity);
	return attempt;
}

/* Who is proven has mostly been claimed, by the same address: found at once. */
static size_t
find_text(const struct attempt_parties *parties, const char *text)
{
	size_t i = 0;

	while (i < parties->count && strcmp(parties->list[i].text, text) != 0)
		i++;
	return i;
}

static size_t
find_party(const struct attempt_parties *parties, const char *party)
{
	size_t i = 0;

	while (i < parties->count && strcmp(parties->list[i].party, party) != 0)
		i++;
	return i;
}

static void
add_party(struct attempt_parties *parties, const struct address *address,
    bool proven)
{
	size_t i = find_text(parties, address->text);
	const char *party = NULL;

	if (i == parties->count) {
		party = usher_known_party(address);
		i = find_party(parties, party);
	}
	if (i == parties->count) {
		parties->list[i].party = party;
		parties->list[i].text = address->text;
		parties->list[i].proven = false;
		parties->count++;
	}
	parties->list[i].proven = parties->list[i].proven || proven;
}

void
usher_attempt_parties(const struct usher_facts *facts,
    struct attempt_parties *parties)
{
	parties->facts = facts;
	parties->count = 0;
	parties->proven = facts->proven_count > 0 ||
	    (facts->claims_proven && facts->claim_count > 0);
	for (size_t i = 0; i < facts->claim_count; i++)
		add_party(parties, &facts->claims[i], facts->claims_proven);
	for (size_t i = 0; i < facts->proven_count; i++)
		add_party(parties, &facts->proven[i], true);
}

void
usher_attempt_key(struct record_key *key, const char *recipient,
    const char *party, bool proven)
{
	usher_record_key_begin(key, recipient);
	usher_record_key_add(key, party);
	usher_record_key_add(key, proven ? "proven" : "claimed");
}

void
usher_attempt_count_key(struct record_key *key, const char *recipient,
    const char *rule)
{
	usher_record_key_begin(key, recipient);
	usher_record_key_add(key, rule);
}
