/*
 * code_read: which of the codes that an attempt shows are valid. See code.h.
 *
 * Called by memory_read.c for policies that take codes. A wrong code leaves
 * the memory exactly as none does. A reference that the recipient's words told
 * may stand where a code does, and is no guess at one.
 */
#include <errno.h>
#include <string.h>

#include "code.h"
#include "error.h"
#include "reference.h"

struct looking {
	struct record_view *view;
	struct code_guard *guard;
	struct arena *arena;
	const struct usher_policy *policy;
	const char *recipient;
	const struct usher_facts *facts;
	const struct sockaddr *client;
	int64_t at;
	struct usher_memory *memory;
	struct usher_error *error;
	struct attempt_parties parties;
	struct attempt own;
	unsigned char key[CODE_KEY_BYTES];
	struct shown_code *found;
};

int
usher_code_secret(struct record_view *view, unsigned char key[CODE_KEY_BYTES],
    bool *found, struct usher_error *error)
{
	struct usher_record_value value;
	struct record_key name;
	int code;

	*found = false;
	usher_record_key_begin(&name, "");
	code = view->records->engine->get(view, RECORD_CODE_KEY, name.bytes,
	    name.length, &value, error);
	if (code != 0 || value.bytes == NULL)
		return code;
	if (value.length != CODE_KEY_BYTES)
		return usher_error_set(error, EILSEQ,
		    "the key of the access codes is damaged");
	memcpy(key, value.bytes, CODE_KEY_BYTES);
	*found = true;
	return 0;
}

static int
add(struct looking *looking, const char *shown, const char *hash,
    const struct code *code, int64_t until)
{
	struct usher_memory *memory = looking->memory;
	struct shown_code *one = &looking->found[memory->code_count];

	*one = (struct shown_code){ .party = code->party,
		.label = code->label,
		.code = usher_arena_string(looking->arena, shown),
		.hash = usher_arena_string(looking->arena, hash),
		.until = until };
	if (one->code == NULL || one->hash == NULL)
		return ENOMEM;
	memory->codes = looking->found;
	memory->code_count++;
	return 0;
}

static bool
is_party(const struct looking *looking, const char *name)
{
	const struct party *party = usher_scope_party(&looking->policy->scope,
	    name);

	return party != NULL && party->code;
}

/* What was shown, when it has the form of a reference as well. */
static const char *
reference_in(const struct references *references, const char *shown)
{
	for (size_t i = 0; i < references->count; i++) {
		char code[CODE_NORMAL];

		if (usher_code_normal(references->list[i], code) &&
		    strcmp(code, shown) == 0)
			return references->list[i];
	}
	return NULL;
}

/* No code of theirs: a guess, or a reference that they were told once. */
static int
turn_down(struct looking *looking, const char *shown, const char *hash)
{
	struct usher_record_value value = { NULL, 0, 0 };
	struct references references;
	struct record_key key;
	const char *reference;
	int code = 0;

	usher_references_find(looking->facts, &references);
	reference = reference_in(&references, shown);
	if (reference != NULL) {
		usher_reference_key(&key, looking->recipient, reference);
		code = looking->view->records->engine->get(looking->view,
		    RECORD_REFERENCE, key.bytes, key.length, &value,
		    looking->error);
	}
	if (code == 0 && value.bytes == NULL)
		usher_code_guard_note(looking->guard, looking->client, hash,
		    reference != NULL, looking->at);
	return code;
}

static int
look_at(struct looking *looking, const char *shown)
{
	struct usher_record_value value;
	char hash[CODE_HASH_TEXT];
	struct record_key key;
	struct code one;
	int code;

	usher_code_hash(looking->key, looking->recipient, shown, hash);
	usher_code_key(&key, looking->recipient, hash);
	code = looking->view->records->engine->get(looking->view, RECORD_CODE,
	    key.bytes, key.length, &value, looking->error);
	if (code != 0)
		return code;
	if (value.bytes == NULL || looking->at >= value.until)
		return turn_down(looking, shown, hash);
	code = usher_code_unpack(looking->arena, &value, &one);
	if (code != 0)
		return usher_error_set(looking->error, code,
		    "an access code in the memory cannot be read");
	if (!is_party(looking, one.party) ||
	    !usher_code_admits(&one, &looking->parties, &looking->own))
		return 0;
	return add(looking, shown, hash, &one, value.until);
}

int
usher_code_read(struct record_view *view, struct code_guard *guard,
    struct arena *arena, const struct usher_policy *policy,
    const char *recipient, const struct usher_facts *facts, int64_t at,
    struct usher_memory *memory, struct usher_error *error)
{
	struct looking looking = { .view = view,
		.guard = guard,
		.arena = arena,
		.policy = policy,
		.recipient = recipient,
		.facts = facts,
		.client = (const struct sockaddr *)&facts->client,
		.at = at,
		.memory = memory,
		.error = error };
	struct code_tried tried;
	bool any;
	int code;

	if (policy == NULL || (policy->asks & ASKS_CODE) == 0)
		return 0;
	usher_code_tried(facts, &tried);
	if (tried.count == 0 ||
	    usher_code_guard_shut(guard, looking.client, at))
		return 0;
	code = usher_code_secret(view, looking.key, &any, error);
	if (code != 0 || !any)
		return code;
	looking.found = usher_arena_array(arena, tried.count,
	    sizeof(*looking.found));
	if (looking.found == NULL)
		return usher_error_set(error, ENOMEM, "out of memory");
	usher_attempt_parties(facts, &looking.parties);
	looking.own = usher_attempt_of(facts, at);
	for (size_t i = 0; code == 0 && i < tried.count; i++)
		code = look_at(&looking, tried.codes[i]);
	return code;
}
