/*
 * attempt_read: which attempts a decision may rest on: see attempt.h.
 *
 * What is asked for again, as the try of a mail that was put off, is not held
 * against itself. Of who is proven only proven attempts are looked at; a claim
 * is believed to be all that its name did.
 */
#include <errno.h>
#include <string.h>

#include "attempt.h"
#include "error.h"

struct identity {
	uint64_t from, what;
};

struct finding {
	struct record_view *view;
	struct arena *arena;
	const struct usher_policy *policy;
	const char *recipient;
	int64_t at;
	struct usher_memory *memory;
	struct usher_error *error;
	struct attempt own; /* the one that asks */
	size_t accepted_room, identity_room, proven_room, claimed_room;
	struct accepted *accepted;
	struct identity *identities; /* of accepted, by their index */
	int64_t *proven, *claimed;   /* instants of attempts */
	bool by_proof;		     /* a proven attempt asks */
};

/* Room for one more of an array in the arena; NULL: none. */
static void *
grown(struct finding *finding, void *old, size_t count, size_t *room,
    size_t size)
{
	void *fresh;

	if (count < *room)
		return old;
	*room = *room == 0 ? 16 : *room * 2;
	fresh = usher_arena_array(finding->arena, *room, size);
	if (fresh != NULL && count > 0)
		memcpy(fresh, old, count * size);
	return fresh;
}

static void
add_instant(struct finding *finding, struct remembered *remembered,
    int64_t **list, size_t *room, int64_t at)
{
	size_t i;

	*list = grown(finding, *list, remembered->attempt_count, room,
	    sizeof(**list));
	remembered->attempts = *list;
	if (*list == NULL) {
		remembered->attempt_count = 0;
		return;
	}
	for (i = remembered->attempt_count++; i > 0 && (*list)[i - 1] > at; i--)
		(*list)[i] = (*list)[i - 1];
	(*list)[i] = at;
}

/* The same under two names, or for the party and for everybody: once. */
static struct accepted *
find_accepted(struct finding *finding, const struct attempt *attempt)
{
	struct usher_memory *memory = finding->memory;

	for (size_t i = 0; i < memory->accepted_count; i++) {
		struct accepted *accepted = &finding->accepted[i];
		const struct identity *identity = &finding->identities[i];

		if (accepted->at == attempt->took &&
		    identity->from == attempt->from &&
		    identity->what == attempt->what &&
		    strcmp(accepted->rule, attempt->rule) == 0)
			return accepted;
	}
	return NULL;
}

static void
add_accepted(struct finding *finding, const struct attempt *attempt,
    bool same_party, bool proven)
{
	struct usher_memory *memory = finding->memory;
	struct accepted *accepted = find_accepted(finding, attempt);
	size_t count = memory->accepted_count;

	if (accepted != NULL) {
		accepted->same_party = accepted->same_party || same_party;
		return;
	}
	finding->accepted = grown(finding, finding->accepted, count,
	    &finding->accepted_room, sizeof(*finding->accepted));
	finding->identities = grown(finding, finding->identities, count,
	    &finding->identity_room, sizeof(*finding->identities));
	memory->accepted = finding->accepted;
	if (finding->accepted == NULL || finding->identities == NULL) {
		memory->accepted_count = 0;
		return;
	}
	finding->identities[count] = (struct identity){ attempt->from,
		attempt->what };
	finding->accepted[count] = (struct accepted){ .rule = attempt->rule,
		.at = attempt->took,
		.same_party = same_party,
		.proven = proven };
	memory->accepted_count++;
}

/* Room for one more, and its words where they stay: its notes end soon. */
static int
add_one(struct finding *finding, const struct underway *one,
    struct attempt_list *list)
{
	struct attempt *entries = usher_arena_array(finding->arena,
	    list->count + 1, sizeof(*entries));

	if (entries == NULL)
		return ENOMEM;
	if (list->count > 0)
		memcpy(entries, list->entries, list->count * sizeof(*entries));
	list->entries = entries;
	one->come(one->what, list);
	for (size_t i = 0; i < list->count; i++)
		entries[i].rule = usher_arena_string(finding->arena,
		    entries[i].rule);
	return finding->arena->failed ? ENOMEM : 0;
}

static int
add_underway(struct finding *finding, unsigned char kind,
    const struct record_key *key, struct attempt_list *list)
{
	const struct underways *all = &finding->view->records->underway;
	const struct underway *one = NULL;
	int code = 0;

	if (!finding->view->underway)
		return 0;
	while (code == 0 &&
	    (one = usher_underway_next(all, one, kind, key->bytes,
		 key->length)) != NULL)
		if (one->come != NULL)
			code = add_one(finding, one, list);
	return code;
}

static int
read_list(struct finding *finding, unsigned char kind,
    const struct record_key *key, struct attempt_list *list)
{
	struct usher_record_value value;
	int code;

	*list = (struct attempt_list){ .count = 0 };
	code = finding->view->records->engine->get(finding->view, kind,
	    key->bytes, key->length, &value, finding->error);
	if (code != 0)
		return code;
	if (value.bytes != NULL && finding->at < value.until)
		code = usher_attempt_unpack(finding->arena, &value, list);
	if (code == 0)
		code = add_underway(finding, kind, key, list);
	if (code == 0)
		return 0;
	return usher_error_set(finding->error, code,
	    "an attempt in the memory cannot be read%s",
	    code == EILSEQ ? ": it is damaged, or of a later version" : "");
}

static void
take(struct finding *finding, const struct attempt *attempt,
    bool party_is_proven, bool proven)
{
	struct usher_memory *memory = finding->memory;

	if (usher_attempt_same(attempt, &finding->own))
		return;
	if ((finding->policy->asks & ASKS_TRIED) != 0) {
		if (proven && party_is_proven)
			add_instant(finding, &memory->proven, &finding->proven,
			    &finding->proven_room, attempt->at);
		add_instant(finding, &memory->claimed, &finding->claimed,
		    &finding->claimed_room, attempt->at);
	}
	if (attempt->took != 0 && proven == finding->by_proof &&
	    party_is_proven == finding->by_proof)
		add_accepted(finding, attempt, true, proven);
}

static int
read_party(struct finding *finding, const char *party, bool party_is_proven,
    bool proven)
{
	struct attempt_list list;
	struct record_key key;
	int code;

	usher_attempt_key(&key, finding->recipient, party, proven);
	code = read_list(finding, RECORD_ATTEMPT, &key, &list);
	for (size_t i = 0; i < list.count; i++)
		take(finding, &list.entries[i], party_is_proven, proven);
	return code;
}

static int
read_parties(struct finding *finding, const struct attempt_parties *parties)
{
	int code = 0;

	for (size_t i = 0; code == 0 && i < parties->count; i++) {
		const char *party = parties->list[i].party;
		bool proven = parties->list[i].proven;

		code = read_party(finding, party, proven, true);
		/* What others did in a name is not its owner's. */
		if (code == 0 && !proven)
			code = read_party(finding, party, false, false);
	}
	return code;
}

static bool
counts_all(const struct rule *rule)
{
	for (size_t i = 0; i < rule->cap_count; i++)
		if (rule->caps[i].in_all)
			return true;
	return false;
}

static int
read_counted(struct finding *finding, const struct rule *rules, size_t count)
{
	int code = 0;

	for (size_t i = 0; code == 0 && i < count; i++) {
		struct attempt_list list;
		struct record_key key;

		if (!counts_all(&rules[i]))
			continue;
		usher_attempt_count_key(&key, finding->recipient,
		    rules[i].name);
		code = read_list(finding, RECORD_COUNTED, &key, &list);
		for (size_t k = 0; k < list.count; k++)
			if (!usher_attempt_same(&list.entries[k],
				&finding->own))
				add_accepted(finding, &list.entries[k], false,
				    false);
	}
	return code;
}

/* INT64_MIN: it is not. */
static int64_t
until_underway(const struct finding *finding, const struct record_key *key)
{
	const struct underway *one = NULL;

	if (finding->view->underway)
		one = usher_underway_next(&finding->view->records->underway,
		    NULL, RECORD_INTRODUCED, key->bytes, key->length);
	return one == NULL ? INT64_MIN : one->until;
}

static int
read_introduced(struct finding *finding, const struct attempt_parties *parties)
{
	struct usher_memory *memory = finding->memory;
	int code = 0;

	for (size_t i = 0; code == 0 && i < parties->count; i++) {
		const char *party = parties->list[i].party;
		struct usher_record_value value;
		struct record_key key;

		usher_record_key_begin(&key, finding->recipient);
		usher_record_key_add(&key, party);
		code = finding->view->records->engine->get(finding->view,
		    RECORD_INTRODUCED, key.bytes, key.length, &value,
		    finding->error);
		if (code == 0 && value.bytes == NULL)
			value.until = until_underway(finding, &key);
		if (code != 0 || finding->at >= value.until)
			continue;
		memory->claimed.introduced = true;
		memory->claimed.introduced_as =
		    usher_arena_string(finding->arena, party);
		memory->claimed.introduced_until = value.until;
		if (!parties->list[i].proven)
			continue;
		memory->proven.introduced = true;
		memory->proven.introduced_as = memory->claimed.introduced_as;
		memory->proven.introduced_until = value.until;
	}
	return code;
}

int
usher_attempt_read(struct record_view *view, struct arena *arena,
    const struct usher_policy *policy, const char *recipient,
    const struct attempt_parties *parties, int64_t at,
    struct usher_memory *memory, struct usher_error *error)
{
	struct finding finding = { .view = view,
		.arena = arena,
		.policy = policy,
		.recipient = recipient,
		.at = at,
		.memory = memory,
		.error = error };
	const struct scope *scope;
	int code = 0;

	if (policy == NULL || (policy->asks & ~(unsigned)ASKS_STANDING) == 0)
		return 0;
	scope = &policy->scope;
	finding.by_proof = parties->proven;
	if ((policy->asks & (ASKS_CAPS | ASKS_IN_ALL | ASKS_TRIED)) != 0)
		finding.own = usher_attempt_of(parties->facts, at);
	if ((policy->asks & (ASKS_CAPS | ASKS_TRIED)) != 0)
		code = read_parties(&finding, parties);
	if (code == 0 && (policy->asks & ASKS_IN_ALL) != 0) {
		code = read_counted(&finding, scope->before,
		    scope->before_count);
		if (code == 0)
			code = read_counted(&finding, policy->rules,
			    policy->rule_count);
		if (code == 0)
			code = read_counted(&finding, scope->after,
			    scope->after_count);
	}
	if (code == 0 && (policy->asks & ASKS_INTRODUCED) != 0)
		code = read_introduced(&finding, parties);
	if (code == 0 && arena->failed)
		return usher_error_set(error, ENOMEM, "out of memory");
	return code;
}
