/*
 * memory_read: what is remembered of an attempt's party, for one question.
 *
 * Fills struct usher_memory (memory.h) from one snapshot of the records. A
 * memory in which nothing was written costs next to nothing. Called by the
 * daemons and the command line through usher_memory.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attempt.h"
#include "code.h"
#include "error.h"
#include "known.h"
#include "link.h"
#include "override.h"
#include "promise.h"
#include "reference.h"
#include "stage.h"
#include "standing.h"
#include "usher_handle.h"

/* A memory that usher_memory_read() has made. */
struct kept {
	struct usher_memory memory;
	struct arena arena;
};

static struct kept *
make_kept(struct usher_memory **memory)
{
	struct kept *kept = (struct kept *)*memory;

	if (kept == NULL) {
		kept = malloc(sizeof(*kept));
		if (kept == NULL)
			return NULL;
		usher_arena_init(&kept->arena);
	}
	usher_arena_reset(&kept->arena);
	kept->memory = (struct usher_memory){ .forgetful = true };
	*memory = &kept->memory;
	return kept;
}

void
usher_memory_free(struct usher_memory *memory)
{
	struct kept *kept = (struct kept *)memory;

	if (kept == NULL)
		return;
	usher_arena_free(&kept->arena);
	free(kept);
}

static int
read_pause(struct record_view *view, const char *recipient, int64_t at,
    struct usher_memory *memory, struct usher_error *error)
{
	struct usher_record_value value;
	struct record_key key;
	int code;

	if (usher_view_lacks(view, RECORD_PAUSE))
		return 0;
	usher_record_key_begin(&key, recipient);
	code = view->records->engine->get(view, RECORD_PAUSE, key.bytes,
	    key.length, &value, error);
	if (code == 0 && value.bytes != NULL && at < value.until &&
	    value.until > memory->paused_until)
		memory->paused_until = value.until;
	return code;
}

static void
note_known(struct remembered *remembered, const char *party, int64_t until)
{
	remembered->known = true;
	remembered->known_as = party;
	remembered->known_until = until;
}

static int
read_known(struct record_view *view, struct arena *arena, const char *recipient,
    const struct attempt_parties *parties, int64_t at,
    struct usher_memory *memory, struct usher_error *error)
{
	int code = 0;

	if (usher_view_lacks(view, RECORD_KNOWN))
		return 0;
	for (size_t i = 0; code == 0 && i < parties->count; i++) {
		const char *party = parties->list[i].party;
		int64_t until;

		code = usher_known_get(view, recipient, party, &until, error);
		if (code != 0 || at >= until)
			continue;
		party = usher_arena_string(arena, party);
		note_known(&memory->claimed, party, until);
		if (parties->list[i].proven)
			note_known(&memory->proven, party, until);
	}
	return code;
}

/* Whether anybody below asks who they are. */
static bool
asks_parties(const struct record_view *view, const struct usher_policy *policy)
{
	return !usher_view_lacks(view, RECORD_KNOWN) ||
	    (policy != NULL && policy->asks != 0);
}

static int
read_all(struct record_view *view, struct code_guard *guard, struct kept *kept,
    const struct usher_policy *policy, const char *who,
    const struct usher_facts *facts, int64_t at, struct usher_error *error)
{
	struct usher_memory *memory = &kept->memory;
	const char *recipient = usher_record_recipient(&kept->arena, policy,
	    who);
	struct attempt_parties parties;
	int code;

	if (recipient == NULL)
		return usher_error_set(error, ENOMEM, "out of memory");
	code = usher_link_read(view, &kept->arena, policy, recipient, facts, at,
	    memory, error);
	if (code == 0)
		code = usher_reference_read(view, &kept->arena, policy,
		    recipient, facts, at, memory, error);
	facts = usher_link_facts(&kept->arena, facts, memory->joined,
	    memory->joined_count);
	if (facts == NULL)
		return usher_error_set(error, ENOMEM, "out of memory");
	if (asks_parties(view, policy))
		usher_attempt_parties(facts, &parties);
	else
		parties.count = 0;
	if (code == 0)
		code = read_pause(view, "", at, memory, error);
	if (code == 0)
		code = read_pause(view, recipient, at, memory, error);
	if (code == 0)
		code = read_known(view, &kept->arena, recipient, &parties, at,
		    memory, error);
	if (code == 0)
		code = usher_attempt_read(view, &kept->arena, policy, recipient,
		    &parties, at, memory, error);
	if (code == 0)
		code = usher_override_read(view, &kept->arena, policy,
		    recipient, at, memory, error);
	if (code == 0)
		code = usher_stage_read(view, &kept->arena, recipient, facts,
		    memory, error);
	if (code == 0)
		code = usher_standing_read(view, &kept->arena, policy, &parties,
		    at, memory, error);
	if (code == 0)
		code = usher_promise_read(view, &kept->arena, recipient, facts,
		    at, memory, error);
	if (code == 0 && policy != NULL && (policy->asks & ASKS_CODE) != 0)
		code = usher_code_read(view, guard, &kept->arena, policy,
		    recipient, facts, at, memory, error);
	return code;
}

/* Nothing of what questions are asked of. */
static bool
holds_nothing(const struct record_view *view)
{
	return view->empty || ~view->lacks == 0;
}

static int
read_view(struct usher *usher, struct record_view *view, struct kept *kept,
    const struct usher_policy *policy, const char *who,
    const struct usher_facts *facts, int64_t at, struct usher_error *error)
{
	int code = holds_nothing(view) && !view->underway
	    ? usher_link_read(NULL, &kept->arena, policy, who, facts, at,
		  &kept->memory, error)
	    : read_all(view, usher->guard, kept, policy, who, facts, at, error);

	usher->records->engine->unview(view);
	return code;
}

/* What an answer that is torn told is forgotten, and all read as one. */
static int
read_store(struct usher *usher, bool underway, struct kept *kept,
    const struct usher_policy *policy, const char *who,
    const struct usher_facts *facts, int64_t at, struct usher_error *error)
{
	const struct record_engine *engine = usher->records->engine;
	struct usher_memory *memory = &kept->memory;
	struct record_view view;
	int code = engine->ask(usher->records, &view, error);

	memory->forgetful = false;
	view.underway = underway;
	if (code == 0)
		code = read_view(usher, &view, kept, policy, who, facts, at,
		    error);
	if (!view.torn)
		return code;
	(void)make_kept(&memory);
	memory->forgetful = false;
	code = engine->view(usher->records, &view, error);
	view.underway = underway;
	return code == 0
	    ? read_view(usher, &view, kept, policy, who, facts, at, error)
	    : code;
}

int
usher_memory_read(struct usher *usher, const struct usher_policy *policy,
    const char *who, const struct usher_facts *facts, int64_t at,
    struct usher_memory **memory, struct usher_error *error)
{
	struct kept *kept = make_kept(memory);
	bool underway;
	int code;

	if (kept == NULL)
		return usher_error_set(error, ENOMEM, "out of memory");
	if (usher->records == NULL)
		return usher_link_read(NULL, &kept->arena, policy, who, facts,
		    at, &kept->memory, error);
	usher_records_tell_time(usher->records, at);
	underway = usher_underway_begin(&usher->records->underway);
	code = read_store(usher, underway, kept, policy, who, facts, at, error);
	if (underway)
		usher_underway_end(&usher->records->underway);
	if (code != 0)
		kept->memory = (struct usher_memory){ .unreadable = true,
			.forgetful = true };
	return code;
}

int
usher_memory_missed(struct usher_memory **memory)
{
	struct kept *kept = make_kept(memory);

	if (kept == NULL)
		return ENOMEM;
	kept->memory.unreadable = true;
	return 0;
}

bool
usher_memory_has_promise(const struct usher_memory *memory)
{
	return memory != NULL && memory->promise_count > 0;
}

bool
usher_memory_at_hand(const struct usher *usher)
{
	struct records *records = usher->records;

	return records == NULL || records->engine->at_hand(records);
}

bool
usher_memory_knows(struct usher *usher)
{
	struct records *records = usher == NULL ? NULL : usher->records;
	bool any = false;

	if (usher == NULL || (records == NULL && usher->path == NULL))
		return false;
	if (records == NULL) {
		const struct record_options options = { .patient = true };
		struct usher_conf *conf = usher_conf_hold(usher);

		(void)usher_records_open(&records, conf->store, &options, NULL);
		usher_conf_release(conf);
	}
	if (records != NULL && usher_known_any(records, &any, NULL) != 0)
		any = false;
	if (records != usher->records)
		usher_records_close(records);
	return any;
}

enum usher_mode
usher_memory_mode(const struct usher_memory *memory, enum usher_mode mode)
{
	if (memory == NULL || memory->paused_until == 0)
		return mode;
	return mode < USHER_OBSERVE ? mode : USHER_OBSERVE;
}

int64_t
usher_memory_paused(const struct usher_memory *memory)
{
	return memory == NULL ? 0 : memory->paused_until;
}

bool
usher_memory_promised(const struct usher_memory *memory)
{
	return memory != NULL && memory->promised;
}
