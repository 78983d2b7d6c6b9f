/*
 * notes_attempt: attempts as notes (design.md §6): what became of one, for
 * caps, `tried` and introductions.
 *
 * Whether a cap is reached is asked again in the writer's transaction, since
 * two that came at once have both seen the last place free.
 */
#include <errno.h>
#include <string.h>

#include "attempt.h"
#include "decide.h"
#include "error.h"
#include "known.h"
#include "link.h"
#include "notes.h"

enum { COUNTED_ABOVE_S = 3600 /* a clock that is put back */ };

/* What the edits of one attempt look at, in the notes' own memory. */
struct coming {
	struct usher_notes *notes;
	struct attempt attempt;
	enum usher_became became;
	size_t most;	/* attempts that are kept of a party */
	int64_t kept_s; /* and how long */
	int64_t introduced_s;
	size_t cap_count;
	struct cap *caps; /* of the rule that accepts */
	bool in_all;	  /* on the record of everybody */
	bool counts, introduces;
};

static int
no_memory(struct usher_error *error)
{
	return usher_error_set(error, ENOMEM, "out of memory");
}

bool
usher_attempt_counts(const struct usher_policy *policy,
    const struct usher_decision *decision)
{
	const struct rule *rule = decision->let_in_by;

	if (policy == NULL)
		return false;
	if ((policy->asks & ASKS_TRIED) != 0)
		return true;
	return decision->verdict.answer == USHER_ACCEPT && rule != NULL &&
	    (rule->cap_count > 0 || rule->introduces);
}

static bool
is_taken(enum usher_became became)
{
	return became == USHER_TAKEN || became == USHER_TAKING;
}

/* ---- edits ---- */

static struct attempt *
find(const struct attempt_list *list, const struct attempt *now)
{
	for (size_t i = list->count; i-- > 0;)
		if (usher_attempt_same(&list->entries[i], now))
			return &list->entries[i];
	return NULL;
}

static bool
has_room(const struct coming *coming, const struct attempt_list *list,
    const struct attempt *own)
{
	for (size_t c = 0; c < coming->cap_count; c++) {
		const struct cap *cap = &coming->caps[c];
		size_t count = 0;

		if (cap->in_all != coming->in_all)
			continue;
		for (size_t i = 0; i < list->count; i++) {
			const struct attempt *other = &list->entries[i];

			if (other != own && other->took != 0 &&
			    other->took > coming->attempt.at - cap->seconds &&
			    strcmp(other->rule, coming->attempt.rule) == 0)
				count++;
		}
		if (count >= cap->count || count >= USHER_COUNTED_MOST)
			return false;
	}
	return true;
}

static void
put(const struct coming *coming, struct attempt *attempt)
{
	const struct attempt *now = &coming->attempt;

	if (!attempt->open && attempt->again < ATTEMPT_AGAIN &&
	    !is_taken(coming->became))
		attempt->again++;
	if (is_taken(coming->became) && attempt->took != 0)
		attempt->again++;
	attempt->last = now->at;
	attempt->answer = now->answer;
	attempt->open = coming->became == USHER_CAME;
	if (now->what != 0)
		attempt->what = now->what;
	if (is_taken(coming->became) && attempt->took == 0) {
		attempt->took = now->at;
		attempt->rule = now->rule;
	}
}

static int
made(struct coming *coming, const struct attempt_list *list,
    struct usher_record_value *fresh)
{
	struct buffer *buffer = usher_notes_buffer(coming->notes);

	if (buffer == NULL)
		return ENOMEM;
	usher_attempt_pack(list, buffer);
	*fresh = (struct usher_record_value){ .bytes = buffer->data,
		.length = buffer->length,
		.until = fresh->until };
	if (fresh->until < coming->attempt.at + coming->kept_s ||
	    fresh->until == INT64_MAX)
		fresh->until = coming->attempt.at + coming->kept_s;
	return buffer->failed ? ENOMEM : 0;
}

/* Also while it is under way, in the thread of whoever reads. */
static void
come(const void *what, struct attempt_list *list)
{
	const struct coming *coming = what;
	const struct attempt *now = &coming->attempt;
	struct attempt *own = find(list, now);

	if (own != NULL) {
		put(coming, own);
		return;
	}
	usher_attempt_room(list, now->at - coming->kept_s, coming->most);
	own = &list->entries[list->count++];
	*own = *now;
	own->open = coming->became == USHER_CAME;
	if (is_taken(coming->became))
		own->took = now->at;
	else
		own->rule = "";
}

static int
edit_attempt(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	struct coming *coming = arg;
	const struct attempt *now = &coming->attempt;
	struct attempt_list list;
	int code = usher_attempt_unpack(&coming->notes->arena, old, &list);

	/* What cannot be read is worth no more than nothing. */
	if (code == ENOMEM)
		return code;
	if (coming->became == USHER_TAKING &&
	    !has_room(coming, &list, find(&list, now)))
		return EDQUOT;
	come(coming, &list);
	return made(coming, &list, fresh);
}

static int
edit_introduced(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	const struct coming *coming = arg;
	int64_t until = coming->attempt.at + coming->introduced_s;

	/* A day more or less is not worth a write. */
	if (old->bytes != NULL && old->until > until - INTRODUCED_ANEW_S)
		return 0;
	*fresh = (struct usher_record_value){ "", 0, until };
	return 0;
}

/* ---- notes ---- */

static size_t
kept_most(const struct usher_policy *policy)
{
	size_t most = policy->counted_most + ATTEMPTS_LEAST;

	return most < USHER_COUNTED_MOST ? most : USHER_COUNTED_MOST;
}

/* What counts nowhere is known as long as its mail may come again. */
static int64_t
kept_for(const struct usher_policy *policy)
{
	if (policy->counted_s + COUNTED_ABOVE_S > ATTEMPT_RETRIED_S)
		return policy->counted_s + COUNTED_ABOVE_S;
	return ATTEMPT_RETRIED_S;
}

static struct coming *
make_coming(struct usher_notes *notes, const struct usher_policy *policy,
    const struct usher_facts *facts, const struct usher_decision *decision,
    enum usher_became became)
{
	struct arena *arena = &notes->arena;
	struct coming *coming = usher_arena_alloc(arena, sizeof(*coming));
	const struct rule *rule = decision->let_in_by;

	if (coming == NULL)
		return NULL;
	*coming = (struct coming){ .notes = notes,
		.attempt = usher_attempt_of(facts, decision->at),
		.became = became,
		.most = kept_most(policy),
		.kept_s = usher_conf_kept(policy->conf, kept_for(policy)),
		.introduced_s = usher_conf_kept(policy->conf, INTRODUCED_S),
		.counts = (policy->asks & ASKS_TRIED) != 0,
		.introduces = rule != NULL && rule->introduces &&
		    is_taken(became) };
	coming->attempt.answer = (unsigned char)decision->verdict.answer;
	if (rule == NULL || rule->cap_count == 0 || !is_taken(became))
		return coming;
	coming->attempt.rule = usher_arena_string(arena, rule->name);
	coming->counts = true;
	coming->cap_count = rule->cap_count;
	coming->caps = usher_arena_array(arena, rule->cap_count,
	    sizeof(*coming->caps));
	if (coming->attempt.rule == NULL || coming->caps == NULL)
		return NULL;
	memcpy(coming->caps, rule->caps, rule->cap_count * sizeof(*rule->caps));
	return coming;
}

/* An edit that counts until it is written, where it is written later. */
static int
note_edit(struct coming *coming, unsigned char kind,
    const struct record_key *key, usher_record_edit_h edit,
    struct usher_error *error)
{
	struct usher_notes *notes = coming->notes;
	struct underway *underway;
	int code = usher_notes_edit(notes, kind, key, edit, coming, error);

	if (code != 0 || coming->became == USHER_TAKING)
		return code;
	underway = usher_arena_alloc(&notes->arena, sizeof(*underway));
	if (underway == NULL)
		return no_memory(error);
	*underway = (struct underway){ .next = notes->underway,
		.kind = kind,
		.key = notes->last->key,
		.key_length = notes->last->key_length,
		.come = edit == edit_attempt ? come : NULL,
		.what = coming,
		.until = coming->attempt.at + coming->introduced_s };
	notes->underway = underway;
	return 0;
}

/* On the records of the proven parties, else of the claimed ones. */
static int
note_parties(struct coming *coming, const struct attempt_parties *parties,
    const char *recipient, struct usher_error *error)
{
	struct record_key key;
	int code = 0;

	for (size_t i = 0; code == 0 && i < parties->count; i++) {
		const char *party = parties->list[i].party;
		bool proven = parties->list[i].proven;

		if (proven != parties->proven)
			continue;
		usher_attempt_key(&key, recipient, party, proven);
		if (coming->counts)
			code = note_edit(coming, RECORD_ATTEMPT, &key,
			    edit_attempt, error);
		if (code != 0 || !proven || !coming->introduces)
			continue;
		usher_record_key_begin(&key, recipient);
		usher_record_key_add(&key, party);
		code = note_edit(coming, RECORD_INTRODUCED, &key,
		    edit_introduced, error);
	}
	return code;
}

static bool
counts_all(const struct coming *coming)
{
	for (size_t i = 0; i < coming->cap_count; i++)
		if (coming->caps[i].in_all)
			return true;
	return false;
}

static int
note_everybody(const struct coming *coming, const char *recipient,
    struct usher_error *error)
{
	struct coming *all;
	struct record_key key;

	if (!counts_all(coming))
		return 0;
	all = usher_arena_alloc(&coming->notes->arena, sizeof(*all));
	if (all == NULL)
		return no_memory(error);
	*all = *coming;
	all->in_all = true;
	usher_attempt_count_key(&key, recipient, coming->attempt.rule);
	return note_edit(all, RECORD_COUNTED, &key, edit_attempt, error);
}

int
usher_notes_attempt(struct usher_notes *notes,
    const struct usher_policy *policy, const char *who,
    const struct usher_facts *facts, const struct usher_decision *decision,
    enum usher_became became, struct usher_error *error)
{
	const struct usher_facts *came;
	struct attempt_parties parties;
	const char *recipient;
	struct coming *coming;
	int code;

	if (!usher_attempt_counts(policy, decision))
		return 0;
	came = facts;
	facts = usher_link_facts(&notes->arena, facts, decision->joined,
	    decision->joined_count);
	if (facts == NULL)
		return no_memory(error);
	recipient = usher_record_recipient(&notes->arena, policy, who);
	coming = make_coming(notes, policy, facts, decision, became);
	if (recipient == NULL || coming == NULL)
		return no_memory(error);
	usher_records_tell_time(notes->usher->records, decision->at);
	usher_attempt_parties(facts, &parties);
	code = note_parties(coming, &parties, recipient, error);
	if (code == 0 && coming->introduces)
		code = usher_notes_links(notes, policy, recipient, came,
		    decision, error);
	return code == 0 ? note_everybody(coming, recipient, error) : code;
}
