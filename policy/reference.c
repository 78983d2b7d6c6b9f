/*
 * reference: see reference.h.
 */
#include "reference.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "error.h"
#include "known.h"
#include "link.h"
#include "promise.h"
#include "record_bytes.h"

enum { FORM = 1, LETTERS = USHER_REFERENCE_TEXT - 1 };

/* ---- records ---- */

int
usher_reference_unpack(struct arena *arena,
    const struct usher_record_value *value, struct reference *reference)
{
	struct record_reader reader = usher_record_reader(arena, value, FORM);

	reference->channel = (enum usher_channel)usher_record_get_number(
	    &reader);
	reference->who = usher_record_get_string(&reader);
	reference->taken_by = usher_record_get_string(&reader);
	return usher_record_read_end(&reader);
}

void
usher_reference_pack(const struct reference *reference, struct buffer *buffer)
{
	usher_record_put_form(buffer, FORM);
	usher_record_put_number(buffer, reference->channel);
	usher_record_put_string(buffer, reference->who);
	usher_record_put_string(buffer, reference->taken_by);
}

void
usher_reference_key(struct record_key *key, const char *recipient,
    const char *reference)
{
	usher_record_key_begin(key, recipient);
	usher_record_key_add(key, reference);
}

/* ---- what an attempt shows ---- */

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

/* "Ref", "Referenz", "Référence" and their like. */
static bool
is_label(const char *word, size_t length)
{
	return (length >= 3 && strncasecmp(word, "ref", 3) == 0) ||
	    (length >= 4 &&
		strncasecmp(word,
		    "r\xc3\xa9"
		    "f",
		    4) == 0);
}

/* One word of a text, if it may be a reference; lower case into `out`. */
static bool
may_be_one(const char *word, size_t length, bool labelled,
    char out[USHER_REFERENCE_TEXT])
{
	bool digit = false;

	if (length != LETTERS)
		return false;
	for (size_t i = 0; i < LETTERS; i++) {
		char c = (char)tolower((unsigned char)word[i]);

		if (strchr("abcdefghijkmnpqrstuvwxyz23456789", c) == NULL ||
		    c == '\0')
			return false;
		digit = digit || isdigit((unsigned char)c);
		out[i] = c;
	}
	out[LETTERS] = '\0';
	return digit || labelled;
}

bool
usher_reference_is(const char *text)
{
	char reference[USHER_REFERENCE_TEXT];

	return may_be_one(text, strlen(text), true, reference);
}

static void
find_in(const char *text, bool labelled, struct references *found)
{
	while (
	    text != NULL && *text != '\0' && found->count < REFERENCES_TRIED) {
		size_t length = 0;

		while (is_word(text[length]))
			length++;
		if (length == 0) {
			text++;
			continue;
		}
		if (may_be_one(text, length, labelled,
			found->list[found->count]))
			found->count++;
		labelled = is_label(text, length);
		text += length;
	}
}

void
usher_references_find(const struct usher_facts *facts, struct references *found)
{
	found->count = 0;
	find_in(facts->tag, true, found);
	find_in(facts->subject, false, found);
}

/* ---- reading ---- */

struct finding {
	struct record_view *view;
	struct arena *arena;
	const struct usher_policy *policy;
	const char *recipient;
	const struct usher_facts *facts;
	int64_t at;
	struct usher_memory *memory;
	struct usher_error *error;
	const struct address *came; /* who is proven now */
};

static int
get(struct finding *finding, unsigned char kind, const struct record_key *key,
    struct usher_record_value *value)
{
	return finding->view->records->engine->get(finding->view, kind,
	    key->bytes, key->length, value, finding->error);
}

/*
 * Whether a promise to whom it was told is to be kept on this channel now: the
 * one it was told with, or one that took its place.
 */
static int
keeps(struct finding *finding, const struct address *who, int64_t *until)
{
	struct usher_record_value value;
	struct promise_list list;
	struct record_key key;
	int code;

	*until = 0;
	usher_promise_key(&key, finding->recipient, finding->facts->channel,
	    usher_promise_domain(who));
	code = get(finding, RECORD_PROMISE, &key, &value);
	if (code == 0)
		code = usher_promise_unpack(finding->arena, &value, &list);
	if (code != 0)
		return usher_error_set(finding->error, code,
		    "a promise in the memory cannot be read");
	for (size_t i = 0; i < list.count; i++) {
		const struct promise_entry *entry = &list.entries[i];

		if (*entry->party == '=' &&
		    strcmp(entry->party + 1, who->text) == 0 &&
		    finding->at >= entry->from &&
		    finding->at < entry->kept_until)
			*until = entry->kept_until;
	}
	return 0;
}

/* A number that is anybody's already is joined with nobody by a reference. */
static int
is_free(struct finding *finding, const struct address *one,
    const struct address *other, bool *free)
{
	const struct address *number = one->kind == ADDRESS_NUMBER ? one
								   : other;
	const char *party = usher_known_party(number == one ? other : one);

	*free = false;
	if (number->kind != ADDRESS_NUMBER ||
	    usher_link_is_listed(finding->policy, number->text))
		return 0;
	return usher_link_is_free(finding->view, finding->arena,
	    finding->recipient, number->text, party, finding->at, free,
	    finding->error);
}

static int
join(struct finding *finding, const char *text, const struct address *who,
    int64_t until)
{
	struct joined joined = { .party = *who, .until = until };

	joined.reference = usher_arena_string(finding->arena, text);
	joined.number = who->text;
	joined.by = who->text;
	if (joined.reference == NULL)
		return ENOMEM;
	return usher_link_add(finding->arena, finding->memory, &joined);
}

static int
try_one(struct finding *finding, const char *text)
{
	struct usher_record_value value;
	struct reference reference;
	struct address who;
	struct record_key key;
	int64_t until = 0;
	bool free;
	int code;

	usher_reference_key(&key, finding->recipient, text);
	code = get(finding, RECORD_REFERENCE, &key, &value);
	if (code != 0 || value.bytes == NULL || finding->at >= value.until)
		return code;
	code = usher_reference_unpack(finding->arena, &value, &reference);
	if (code != 0)
		return usher_error_set(finding->error, code,
		    "a reference in the memory cannot be read");
	if (reference.channel == finding->facts->channel ||
	    (*reference.taken_by != '\0' &&
		strcmp(reference.taken_by, usher_known_party(finding->came)) !=
		    0) ||
	    usher_address_parse(finding->arena, reference.who, NULL, &who,
		NULL) != 0)
		return 0;
	code = is_free(finding, &who, finding->came, &free);
	if (code == 0 && free)
		code = keeps(finding, &who, &until);
	if (code != 0 || !free || until == 0)
		return code;
	return join(finding, text, &who, until);
}

int
usher_reference_read(struct record_view *view, struct arena *arena,
    const struct usher_policy *policy, const char *recipient,
    const struct usher_facts *facts, int64_t at, struct usher_memory *memory,
    struct usher_error *error)
{
	struct finding finding = { .view = view,
		.arena = arena,
		.policy = policy,
		.recipient = recipient,
		.facts = facts,
		.at = at,
		.memory = memory,
		.error = error };
	struct references found;
	int code = 0;

	finding.came = usher_link_who(facts);
	if (policy == NULL || finding.came == NULL ||
	    memory->joined_count > 0 ||
	    usher_view_lacks(view, RECORD_REFERENCE))
		return 0;
	usher_references_find(facts, &found);
	for (size_t i = 0;
	     code == 0 && memory->joined_count == 0 && i < found.count; i++)
		code = try_one(&finding, found.list[i]);
	return code;
}
