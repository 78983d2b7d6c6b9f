/*
 * notes_came: promises used up, as notes (design-mail.md "Promises by mail").
 *
 * The promise that a decision rested on; or without one the party's own, when
 * the rule that gave it has accepted them inside its time. Most mails have
 * none, and cost a look into the memory and no transaction.
 */
#include <errno.h>
#include <string.h>

#include "decide.h"
#include "error.h"
#include "link.h"
#include "notes.h"
#include "promise.h"

/* One promise, by its place. Strings are the notes' own. */
struct use {
	struct usher_notes *notes;
	const char *id, *party, *proven;
	int64_t at;
};

struct coming {
	struct usher_notes *notes;
	const char *recipient;
	const struct usher_facts *facts;
	const struct usher_decision *decision;
	struct promise_party party;
	struct usher_error *error;
};

static int
no_memory(struct usher_error *error)
{
	return usher_error_set(error, ENOMEM, "out of memory");
}

static int
edit_used(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	const struct use *use = arg;
	struct arena *arena = &use->notes->arena;
	struct buffer *buffer = usher_notes_buffer(use->notes);
	struct promise_list list;
	bool any = false;
	int code = usher_promise_unpack(arena, old, &list);

	if (buffer == NULL || code == ENOMEM)
		return ENOMEM;
	for (size_t i = 0; code == 0 && i < list.count; i++) {
		struct promise_entry *entry = &list.entries[i];

		bool owned = usher_promise_owned(entry, use->party,
		    use->proven);

		/* The first use counts, and the owner's. */
		if (strcmp(entry->id, use->id) != 0 ||
		    (*entry->used_by != '\0' &&
			(!owned || strcmp(entry->used_by, entry->party) == 0)))
			continue;
		entry->used_by = owned ? entry->party : use->party;
		entry->came_as = use->party;
		entry->used_at = use->at;
		any = true;
	}
	if (!any)
		return 0;
	usher_promise_pack(&list, buffer, &fresh->until);
	fresh->bytes = buffer->data;
	fresh->length = buffer->length;
	return buffer->failed ? ENOMEM : 0;
}

/* For the hour that it is good for who used it, it is still found by proof. */
static int
edit_proof(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	const struct use *use = arg;
	struct buffer *buffer = usher_notes_buffer(use->notes);
	struct proof_list list;
	int64_t end = use->at + PROMISE_ONCE_MORE_S;
	bool any = false;
	int code = usher_proof_unpack(&use->notes->arena, old, &list);

	if (buffer == NULL || code == ENOMEM)
		return ENOMEM;
	for (size_t i = 0; code == 0 && i < list.count; i++) {
		struct proof_entry *entry = &list.entries[i];

		if (strcmp(entry->id, use->id) != 0 || entry->kept_until <= end)
			continue;
		entry->kept_until = end;
		any = true;
	}
	if (!any)
		return 0;
	usher_proof_pack(&list, buffer, &fresh->until);
	fresh->bytes = buffer->data;
	fresh->length = buffer->length;
	return buffer->failed ? ENOMEM : 0;
}

static int
use_up(struct coming *coming, const struct promise *promise)
{
	const struct promise_party *party = &coming->party;
	const struct promise_entry entry = { .party = promise->party,
		.proven = promise->proven };
	struct arena *arena = &coming->notes->arena;
	struct use *use = usher_arena_alloc(arena, sizeof(*use));
	struct record_key key;
	int code;

	if (use == NULL)
		return no_memory(coming->error);
	*use = (struct use){ .notes = coming->notes,
		.id = usher_arena_string(arena, promise->id),
		.party = usher_arena_string(arena,
		    party->exact == NULL ? "" : party->exact),
		.proven = usher_arena_string(arena,
		    party->proven == NULL ? "" : party->proven),
		.at = coming->decision->at };
	if (use->id == NULL || use->party == NULL || use->proven == NULL)
		return no_memory(coming->error);
	usher_promise_key(&key, coming->recipient, coming->facts->channel,
	    promise->domain);
	code = usher_notes_edit(coming->notes, RECORD_PROMISE, &key, edit_used,
	    use, coming->error);
	if (code != 0 || promise->proven == NULL || *promise->proven == '\0' ||
	    !usher_promise_owned(&entry, party->exact, party->proven))
		return code;
	usher_promise_key(&key, coming->recipient, coming->facts->channel,
	    promise->proven);
	return usher_notes_edit(coming->notes, RECORD_PROOF, &key, edit_proof,
	    use, coming->error);
}

/* Accepted without it: by the rule that it was given for, in its time. */
static bool
would_have_let_in(const struct coming *coming, const struct promise *promise)
{
	return promise->own && coming->decision->at >= promise->from &&
	    strcmp(promise->rule, coming->decision->verdict.rule) == 0;
}

static int
use_up_own(struct coming *coming, struct record_view *view)
{
	struct usher_memory memory = { .promise_count = 0 };
	int code = usher_promise_read(view, &coming->notes->arena,
	    coming->recipient, coming->facts, coming->decision->at, &memory,
	    coming->error);

	for (size_t i = 0; code == 0 && i < memory.promise_count; i++) {
		const struct promise *promise = &memory.promises[i];

		if (would_have_let_in(coming, promise) && !promise->used)
			code = use_up(coming, promise);
	}
	return code;
}

static int
look(struct coming *coming)
{
	struct records *records = coming->notes->usher->records;
	struct record_view view;
	int code = records->engine->view(records, &view, coming->error);

	if (code != 0)
		return code;
	if (!view.empty)
		code = use_up_own(coming, &view);
	records->engine->unview(&view);
	return code;
}

int
usher_notes_came(struct usher_notes *notes, const struct usher_policy *policy,
    const char *who, const struct usher_facts *facts,
    const struct usher_decision *decision, struct usher_error *error)
{
	struct coming coming = { .notes = notes,
		.recipient = usher_record_recipient(&notes->arena, policy, who),
		.facts = facts,
		.decision = decision,
		.error = error };
	const struct promise *kept = decision->kept;

	coming.facts = usher_link_facts(&notes->arena, facts, decision->joined,
	    decision->joined_count);
	if (coming.recipient == NULL || coming.facts == NULL ||
	    usher_promise_party(&notes->arena, facts, &coming.party) != 0)
		return no_memory(error);
	usher_records_tell_time(notes->usher->records, decision->at);
	if (decision->verdict.answer == USHER_ACCEPT &&
	    usher_notes_reference(notes, coming.recipient, facts, decision,
		error) != 0)
		return no_memory(error);
	if (kept != NULL && kept->id != NULL)
		return kept->used ? 0 : use_up(&coming, kept);
	if (decision->verdict.answer != USHER_ACCEPT)
		return 0;
	return look(&coming);
}
