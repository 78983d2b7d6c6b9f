/*
 * notes_stage: `usher relate`, as notes (stage.h).
 */
#include <errno.h>
#include <string.h>

#include "error.h"
#include "known.h"
#include "notes.h"
#include "stage.h"

/* An edit's own; `stage` is the notes', NULL: all. */
struct change {
	struct usher_notes *notes;
	const char *stage;
	bool removed;
};

static int
edit_stages(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	const struct change *change = arg;
	struct buffer *buffer = usher_notes_buffer(change->notes);
	struct stage_list list;
	size_t count = 0;
	int code = usher_stage_unpack(&change->notes->arena, old, &list);

	if (buffer == NULL || code == ENOMEM)
		return ENOMEM;
	for (size_t i = 0; i < list.count; i++)
		if (change->stage != NULL &&
		    strcmp(list.stages[i], change->stage) != 0)
			list.stages[count++] = list.stages[i];
	if (!change->removed && count == MOST_STAGES)
		return ENOSPC;
	if (!change->removed)
		list.stages[count++] = change->stage;
	list.count = count;
	*fresh = (struct usher_record_value){ .until = INT64_MAX };
	if (count == 0)
		return 0;
	usher_stage_pack(&list, buffer);
	fresh->bytes = buffer->data;
	fresh->length = buffer->length;
	return buffer->failed ? ENOMEM : 0;
}

static int
check_stage(const struct usher_conf *conf, const char *stage,
    struct usher_error *error)
{
	const char *meant;

	for (size_t i = 0; i < conf->stage_count; i++)
		if (strcmp(conf->stages[i], stage) == 0)
			return 0;
	meant = usher_text_suggest(stage, conf->stages, conf->stage_count);
	return usher_error_set(error, EINVAL,
	    "`%s` is no stage of this site%s%s%s", stage,
	    meant == NULL ? "; `site.stages` may add it" : "; did you mean `",
	    meant == NULL ? "" : meant, meant == NULL ? "" : "`?");
}

/* As whom a party is remembered; "vendor.example" is a party as it is. */
static int
party_of(struct arena *arena, const struct usher_policy *policy,
    const char *text, const char **party, struct usher_error *error)
{
	struct address address;
	int code;

	if (strpbrk(text, "@:+") == NULL && strchr(text, '.') != NULL) {
		const char *host = usher_domain_normal(arena, text);
		const char *organization = host == NULL
		    ? NULL
		    : usher_domain_organization(arena, host);

		if (organization != NULL) {
			*party = organization;
			return 0;
		}
	}
	code = usher_address_parse(arena, text, &policy->conf->dialling,
	    &address, error);
	if (code == 0)
		*party = usher_known_party(&address);
	return code;
}

int
usher_notes_stage(struct usher_notes *notes, const struct usher_policy *policy,
    const char *who, const char *party, const char *stage, bool removed,
    struct usher_error *error)
{
	struct arena *arena = &notes->arena;
	const char *recipient = usher_record_recipient(arena, policy, who);
	struct change *change = usher_arena_alloc(arena, sizeof(*change));
	struct record_key key;
	const char *known;
	int code = stage == NULL ? 0 : check_stage(policy->conf, stage, error);

	if (code != 0)
		return code;
	if (recipient == NULL || change == NULL)
		return usher_error_set(error, ENOMEM, "out of memory");
	*change = (struct change){ .notes = notes, .removed = removed };
	if (stage != NULL) {
		change->stage = usher_arena_string(arena, stage);
		if (change->stage == NULL)
			return usher_error_set(error, ENOMEM, "out of memory");
	}
	code = party_of(arena, policy, party, &known, error);
	if (code != 0)
		return code;
	usher_known_key(&key, recipient, known);
	return usher_notes_edit(notes, RECORD_STAGE, &key, edit_stages, change,
	    error);
}

struct telling {
	struct arena *arena;
	usher_stage_each_h each;
	void *arg;
};

/* A key is the recipient and the party, each ended by NUL. */
static int
tell_one(void *arg, const char *key, size_t length,
    const struct usher_record_value *value)
{
	const struct telling *telling = arg;
	const char *party = memchr(key, '\0', length);
	struct stage_list list;
	int code = usher_stage_unpack(telling->arena, value, &list);

	for (size_t i = 0; party != NULL && code == 0 && i < list.count; i++)
		code = telling->each(telling->arg, party + 1, list.stages[i]);
	return code;
}

int
usher_stage_each(struct usher *usher, const struct usher_policy *policy,
    const char *who, usher_stage_each_h each, void *arg,
    struct usher_error *error)
{
	struct telling telling = { .each = each, .arg = arg };
	struct arena arena;
	const char *recipient;
	int code;

	usher_arena_init(&arena);
	telling.arena = &arena;
	recipient = usher_record_recipient(&arena, policy, who);
	code = recipient == NULL
	    ? usher_error_set(error, ENOMEM, "out of memory")
	    : usher_notes_walk(usher, recipient, RECORD_STAGE, tell_one,
		  &telling, error);
	usher_arena_free(&arena);
	return code;
}
