/*
 * notes_promise: promises given, as notes (design.md §5, design-mail.md
 * "Promises by mail").
 *
 * What is promised was settled by the decision; whether there is room for one
 * more is settled in the writer's transaction.
 */
#include <errno.h>
#include <string.h>

#include "decide.h"
#include "error.h"
#include "notes.h"
#include "promise.h"

/* An edit's own: what it adds. */
struct giving {
	struct usher_notes *notes;
	struct promise_entry entry;
	struct proof_entry proof;
};

static int
no_memory(struct usher_error *error)
{
	return usher_error_set(error, ENOMEM, "out of memory");
}

static int
made(struct usher_notes *notes, const struct promise_list *list,
    struct usher_record_value *fresh)
{
	struct buffer *buffer = usher_notes_buffer(notes);

	if (buffer == NULL)
		return ENOMEM;
	*fresh = (struct usher_record_value){ .bytes = NULL };
	if (list->count == 0)
		return 0;
	usher_promise_pack(list, buffer, &fresh->until);
	fresh->bytes = buffer->data;
	fresh->length = buffer->length;
	return buffer->failed ? ENOMEM : 0;
}

/* ---- given ---- */

/* Over, or used up: kept as long as there is room, to know whose it was. */
static bool
is_spent(const struct promise_entry *entry, int64_t at)
{
	return strcmp(entry->used_by, entry->party) == 0
	    ? at >= entry->used_at + PROMISE_ONCE_MORE_S
	    : at >= entry->kept_until;
}

static void
drop(struct promise_list *list, size_t index)
{
	list->count--;
	memmove(&list->entries[index], &list->entries[index + 1],
	    (list->count - index) * sizeof(list->entries[0]));
}

/* By the same name, and no less proven: an envelope may be forged. */
static bool
replaces(const struct promise_entry *entry, const struct promise_entry *old)
{
	return strcmp(old->party, entry->party) == 0 &&
	    (*old->proven == '\0' || strcmp(old->proven, entry->proven) == 0);
}

/* False when there are as many as may be, all of them alive. */
static bool
make_room(struct promise_list *list, const struct promise_entry *entry)
{
	for (size_t i = list->count; i-- > 0;)
		if (replaces(entry, &list->entries[i]) ||
		    entry->given >= list->entries[i].kept_until)
			drop(list, i);
	for (size_t i = 0; list->count == PROMISE_MOST && i < list->count; i++)
		if (is_spent(&list->entries[i], entry->given)) {
			drop(list, i);
			break;
		}
	return list->count < PROMISE_MOST;
}

static int
edit_given(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	struct giving *giving = arg;
	struct promise_list list;
	int code = usher_promise_unpack(&giving->notes->arena, old, &list);

	/* What cannot be read is worth no more than nothing. */
	if (code == ENOMEM)
		return code;
	if (!make_room(&list, &giving->entry))
		return 0;
	list.entries[list.count++] = giving->entry;
	return made(giving->notes, &list, fresh);
}

static int
edit_proof(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	struct giving *giving = arg;
	struct proof_list list;
	struct buffer *buffer = usher_notes_buffer(giving->notes);
	size_t kept = 0;
	int code = usher_proof_unpack(&giving->notes->arena, old, &list);

	if (buffer == NULL || code == ENOMEM)
		return ENOMEM;
	for (size_t i = 0; i < list.count; i++)
		if (giving->entry.given < list.entries[i].kept_until)
			list.entries[kept++] = list.entries[i];
	if (kept == PROMISE_MOST) {
		memmove(&list.entries[0], &list.entries[1],
		    (kept - 1) * sizeof(list.entries[0]));
		kept--;
	}
	list.entries[kept++] = giving->proof;
	list.count = kept;
	usher_proof_pack(&list, buffer, &fresh->until);
	fresh->bytes = buffer->data;
	fresh->length = buffer->length;
	return buffer->failed ? ENOMEM : 0;
}

static int64_t
kept_until(enum usher_channel channel, const struct usher_opening *opening)
{
	if (channel == USHER_EMAIL)
		return opening->from + PROMISE_DAYS_S;
	if (opening->until == INT64_MAX)
		return opening->from + OPENING_WITHIN;
	return opening->until;
}

struct gift {
	enum usher_channel channel;
	struct usher_opening opening;
	const char *rule;
};

/* All that the edits of a gift look at, in the notes' own memory. */
static struct giving *
make_giving(struct usher_notes *notes, const struct promise_party *party,
    const struct usher_decision *decision, const struct gift *gift,
    const char *reference)
{
	struct arena *arena = &notes->arena;
	struct giving *giving = usher_arena_alloc(arena, sizeof(*giving));
	const char *proven = party->proven == NULL ? "" : party->proven;
	char *id = usher_arena_alloc(arena, PROMISE_ID);

	if (giving == NULL || id == NULL)
		return NULL;
	usher_reference_make(id);
	giving->notes = notes;
	giving->entry = (struct promise_entry){ .id = id,
		.party = usher_arena_string(arena, party->exact),
		.proven = usher_arena_string(arena, proven),
		.rule = usher_arena_string(arena,
		    gift->rule == NULL ? "" : gift->rule),
		.turner = usher_arena_string(arena, decision->verdict.rule),
		.reference = usher_arena_string(arena,
		    reference == NULL ? "" : reference),
		.used_by = "",
		.came_as = "",
		.from = gift->opening.from,
		.until = gift->opening.until,
		.given = decision->at,
		.kept_until = kept_until(gift->channel, &gift->opening) };
	giving->proof = (struct proof_entry){
		.domain = usher_arena_string(arena, party->domain),
		.id = id,
		.from = giving->entry.from,
		.kept_until = giving->entry.kept_until
	};
	return arena->failed ? NULL : giving;
}

static int
give(struct usher_notes *notes, const char *recipient,
    const struct promise_party *party, const struct usher_decision *decision,
    const struct gift *gift, const char *reference, struct usher_error *error)
{
	struct giving *giving = make_giving(notes, party, decision, gift,
	    reference);
	struct record_key key;
	int code;

	if (giving == NULL)
		return no_memory(error);
	usher_promise_key(&key, recipient, gift->channel, party->domain);
	code = usher_notes_edit(notes, RECORD_PROMISE, &key, edit_given, giving,
	    error);
	if (code != 0 || party->proven == NULL || gift->channel != USHER_EMAIL)
		return code;
	usher_promise_key(&key, recipient, gift->channel, party->proven);
	return usher_notes_edit(notes, RECORD_PROOF, &key, edit_proof, giving,
	    error);
}

/*
 * The recipient's other channels that a redirect told the opening of. A mail
 * alone that nobody proved is of nobody who could call.
 */
static int
give_targets(struct usher_notes *notes, const char *recipient,
    const struct promise_party *party, const struct usher_facts *facts,
    const struct usher_decision *decision, const char *reference,
    struct usher_error *error)
{
	const struct usher_verdict *verdict = &decision->verdict;
	struct promise_party there = *party;
	bool told = false;
	int code = 0;

	if (facts->channel == USHER_EMAIL) {
		if (party->proven == NULL)
			return 0;
		there.exact = usher_arena_printf(&notes->arena, "=%s",
		    party->proven);
		/* Where they are looked for who are joined with them. */
		there.domain = party->proven_domain;
		there.proven = NULL;
	} else if (facts->proven_count > 0) {
		/* A mail may yet prove to be theirs, by its reference. */
		there.proven = there.exact;
	}
	for (size_t i = 0; code == 0 && i < verdict->target_count; i++) {
		const struct usher_target *target = &verdict->targets[i];
		struct gift gift = { target->channel, target->opening,
			decision->target_rules == NULL
			    ? NULL
			    : decision->target_rules[i] };

		if (gift.rule == NULL || target->channel >= USHER_CHANNELS ||
		    target->channel == facts->channel || !gift.opening.exists)
			continue;
		code = give(notes, recipient, &there, decision, &gift,
		    reference, error);
		told = true;
	}
	if (code != 0 || !told)
		return code;
	return usher_notes_told(notes, recipient, facts, reference,
	    decision->at, error);
}

/*
 * The opening of the channel they came by, once they are introduced: to whom
 * is proven, since nobody else can be.
 */
static int
give_introduced(struct usher_notes *notes, const char *recipient,
    const struct promise_party *party, const struct usher_facts *facts,
    const struct usher_decision *decision, const char *reference,
    struct usher_error *error)
{
	const struct gift gift = { facts->channel, decision->verdict.introduced,
		decision->introduced_rule };
	struct promise_party once = *party;
	const struct address *who;

	if (gift.rule == NULL || facts->proven_count == 0)
		return 0;
	who = &facts->proven[facts->channel == USHER_EMAIL
		? facts->proven_count - 1
		: 0];
	once.exact = usher_arena_printf(&notes->arena, PROMISE_AWAITS "=%s",
	    who->text);
	once.domain = usher_promise_domain(who);
	once.proven = NULL;
	if (once.exact == NULL)
		return no_memory(error);
	return give(notes, recipient, &once, decision, &gift, reference, error);
}

int
usher_notes_promise(struct usher_notes *notes,
    const struct usher_policy *policy, const char *who,
    const struct usher_facts *facts, const struct usher_decision *decision,
    const char *reference, struct usher_error *error)
{
	const struct usher_verdict *verdict = &decision->verdict;
	const struct gift gift = { facts->channel, verdict->opening,
		decision->opening_rule };
	const char *recipient = usher_record_recipient(&notes->arena, policy,
	    who);
	struct promise_party party;
	int code = usher_promise_party(&notes->arena, facts, &party);

	if (code != 0 || recipient == NULL)
		return no_memory(error);
	usher_records_tell_time(notes->usher->records, decision->at);
	if (party.exact == NULL ||
	    (verdict->answer != USHER_DEFER &&
		verdict->answer != USHER_REDIRECT))
		return 0;
	if (verdict->opening.exists && decision->standing == NULL)
		code = give(notes, recipient, &party, decision, &gift,
		    reference, error);
	if (code == 0)
		code = give_targets(notes, recipient, &party, facts, decision,
		    reference, error);
	if (code == 0)
		code = give_introduced(notes, recipient, &party, facts,
		    decision, reference, error);
	return code;
}
