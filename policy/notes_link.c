/*
 * notes_link: numbers that introductions name, as notes, and what the
 * recipient cuts: see link.h (design.md §6).
 *
 * Who else holds a number is asked when the introduction is noted; whether
 * another joined it meanwhile is asked again in the writer's transaction.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "attempt.h"
#include "decide.h"
#include "error.h"
#include "known.h"
#include "link.h"
#include "notes.h"

/* An edit's own, in the notes' memory. */
struct linking {
	struct usher_notes *notes;
	struct link link;
};

static int
no_memory(struct usher_error *error)
{
	return usher_error_set(error, ENOMEM, "out of memory");
}

static int
write_link(struct usher_notes *notes, const struct link *link,
    struct usher_record_value *fresh, int64_t until)
{
	struct buffer *buffer = usher_notes_buffer(notes);

	if (buffer == NULL)
		return ENOMEM;
	usher_link_pack(link, buffer);
	*fresh = (struct usher_record_value){ buffer->data, buffer->length,
		until };
	return buffer->failed ? ENOMEM : 0;
}

/* Who holds a number keeps it, and so does who cut it from this party. */
static int
edit_link(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	const struct linking *linking = arg;
	const struct link *link = &linking->link;
	struct link before;

	if (old->bytes != NULL && link->given < old->until) {
		int code = usher_link_unpack(&linking->notes->arena, old,
		    &before);
		bool own = code == 0 && strcmp(before.party, link->party) == 0;

		if (code == ENOMEM)
			return code;
		if (code == 0 && before.cut == own)
			return 0;
	}
	return write_link(linking->notes, link, fresh,
	    link->given + INTRODUCED_S);
}

/* ---- who else holds a number ---- */

/* A party of its own, or another's. */
static int
is_somebody(struct usher_notes *notes, const char *recipient,
    const char *number, const char *party, int64_t at, bool *held,
    struct usher_error *error)
{
	struct records *records = notes->usher->records;
	struct record_view view;
	bool free = true;
	int code = records->engine->view(records, &view, error);

	if (code != 0)
		return code;
	if (!view.empty)
		code = usher_link_is_free(&view, &notes->arena, recipient,
		    number, party, at, &free, error);
	records->engine->unview(&view);
	*held = !free;
	return code;
}

/* A number at which the site itself is called. */
static int
is_of_the_site(struct usher_notes *notes, const struct usher_policy *policy,
    const char *number, bool *held, struct usher_error *error)
{
	struct usher_policy *other = NULL;
	int code;

	if (usher_policy_owns(policy, number)) {
		*held = true;
		return 0;
	}
	code = usher_policy_find(notes->usher, policy->conf, number, &other,
	    error);
	if (other != NULL && other != policy->conf->fallback)
		*held = true;
	usher_policy_release(other);
	return code;
}

static int
is_held(struct usher_notes *notes, const struct usher_policy *policy,
    const char *recipient, const char *number, const char *party, int64_t at,
    bool *held, struct usher_error *error)
{
	int code = 0;

	*held = usher_link_is_listed(policy, number);
	if (!*held)
		code = is_of_the_site(notes, policy, number, held, error);
	if (code == 0 && !*held)
		code = is_somebody(notes, recipient, number, party, at, held,
		    error);
	return code;
}

/* ---- notes ---- */

static int
note_number(struct usher_notes *notes, const char *recipient,
    const struct address *who, const char *number, int64_t at,
    struct usher_error *error)
{
	struct arena *arena = &notes->arena;
	struct linking *linking = usher_arena_alloc(arena, sizeof(*linking));
	struct record_key key;

	if (linking == NULL)
		return no_memory(error);
	*linking = (struct linking){ notes,
		{ usher_arena_string(arena, usher_known_party(who)),
		    usher_arena_string(arena, who->text), at, false } };
	if (arena->failed)
		return no_memory(error);
	usher_link_key(&key, recipient, number);
	return usher_notes_edit(notes, RECORD_LINK, &key, edit_link, linking,
	    error);
}

/* By its reference: the caller who was told it proves the number. */
static void
take_told(const struct usher_decision *decision, struct link_numbers *found)
{
	for (size_t i = 0; i < decision->joined_count; i++) {
		const struct joined *joined = &decision->joined[i];

		if (joined->reference != NULL &&
		    joined->party.kind == ADDRESS_NUMBER &&
		    found->count < LINKS_NAMED)
			(void)snprintf(found->numbers[found->count++],
			    USHER_NUMBER_TEXT, "%s", joined->party.text);
	}
}

int
usher_notes_links(struct usher_notes *notes, const struct usher_policy *policy,
    const char *recipient, const struct usher_facts *facts,
    const struct usher_decision *decision, struct usher_error *error)
{
	const struct dialling *dialling = &policy->conf->dialling;
	const struct address *who = usher_link_who(facts);
	struct link_numbers found = { .count = 0 };
	int code = 0;

	if (facts->channel != USHER_EMAIL || who == NULL)
		return 0;
	take_told(decision, &found);
	usher_link_find(facts->text, facts->text_length, dialling, &found);
	usher_link_find(facts->beside, facts->beside_length, dialling, &found);
	for (size_t i = 0; code == 0 && i < found.count; i++) {
		const char *number = found.numbers[i];
		bool held;

		code = is_held(notes, policy, recipient, number,
		    usher_known_party(who), decision->at, &held, error);
		if (code == 0 && !held)
			code = note_number(notes, recipient, who, number,
			    decision->at, error);
	}
	return code;
}

/* ---- cut ---- */

static int
edit_cut(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	const struct linking *linking = arg;
	struct link link;
	int code;

	if (old->bytes == NULL || linking->link.given >= old->until)
		return ENOENT;
	code = usher_link_unpack(&linking->notes->arena, old, &link);
	if (code != 0)
		return code;
	if (link.cut)
		return ENOENT;
	link.cut = true;
	return write_link(linking->notes, &link, fresh, old->until);
}

int
usher_notes_link_cut(struct usher_notes *notes,
    const struct usher_policy *policy, const char *who, const char *number,
    int64_t at, struct usher_error *error)
{
	struct arena *arena = &notes->arena;
	const char *recipient = usher_record_recipient(arena, policy, who);
	struct linking *linking = usher_arena_alloc(arena, sizeof(*linking));
	struct address address;
	struct record_key key;
	int code;

	if (recipient == NULL || linking == NULL)
		return no_memory(error);
	code = usher_address_parse(arena, number, &policy->conf->dialling,
	    &address, error);
	if (code != 0)
		return code;
	if (address.kind != ADDRESS_NUMBER)
		return usher_error_set(error, EINVAL,
		    "`%s` is no telephone number", number);
	*linking = (struct linking){ notes, { NULL, NULL, at, false } };
	usher_link_key(&key, recipient, address.text);
	return usher_notes_edit(notes, RECORD_LINK, &key, edit_cut, linking,
	    error);
}

/* ---- list ---- */

struct telling {
	struct arena *arena;
	int64_t at;
	usher_link_each_h each;
	void *arg;
};

/* A key is the recipient and the number, each ended by NUL. */
static int
tell_one(void *arg, const char *key, size_t length,
    const struct usher_record_value *value)
{
	const struct telling *telling = arg;
	const char *number = memchr(key, '\0', length);
	struct usher_link told = { .until = value->until };
	struct link link;
	int code;

	if (number == NULL || telling->at >= value->until)
		return 0;
	code = usher_link_unpack(telling->arena, value, &link);
	if (code != 0 || link.cut)
		return code;
	told.number = number + 1;
	told.party = link.party;
	told.named_by = link.address;
	told.given = link.given;
	return telling->each(telling->arg, &told);
}

int
usher_link_each(struct usher *usher, const struct usher_policy *policy,
    const char *who, int64_t at, usher_link_each_h each, void *arg,
    struct usher_error *error)
{
	struct telling telling = { .at = at, .each = each, .arg = arg };
	struct arena arena;
	const char *recipient;
	int code;

	usher_arena_init(&arena);
	telling.arena = &arena;
	recipient = usher_record_recipient(&arena, policy, who);
	code = recipient == NULL
	    ? usher_error_set(error, ENOMEM, "out of memory")
	    : usher_notes_walk(usher, recipient, RECORD_LINK, tell_one,
		  &telling, error);
	usher_arena_free(&arena);
	return code;
}
