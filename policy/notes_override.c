/*
 * notes_override: `usher open` and `usher close`, as notes (override.h).
 */
#include <errno.h>
#include <string.h>

#include "error.h"
#include "notes.h"
#include "override.h"
#include "rule.h"

/* An edit's own; strings are the notes'. */
struct change {
	struct usher_notes *notes;
	struct usher_override override;
};

static bool
same_name(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
same_scope(const struct usher_override *a, const struct usher_override *b)
{
	return a->channels == b->channels && same_name(a->party, b->party) &&
	    same_name(a->topic, b->topic);
}

static int
write_out(const struct change *change, const struct override_list *list,
    struct usher_record_value *fresh)
{
	struct buffer *buffer = usher_notes_buffer(change->notes);

	if (buffer == NULL)
		return ENOMEM;
	*fresh = (struct usher_record_value){ .bytes = NULL };
	if (list->count == 0)
		return 0;
	usher_override_pack(list, buffer, &fresh->until);
	fresh->bytes = buffer->data;
	fresh->length = buffer->length;
	return buffer->failed ? ENOMEM : 0;
}

static int
edit_list(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	const struct change *change = arg;
	const struct usher_override *new = &change->override;
	struct override_list list;
	size_t count = 0;
	int code = usher_override_unpack(&change->notes->arena, old, &list);

	if (code == ENOMEM)
		return code;
	for (size_t i = 0; i < list.count; i++)
		if (!same_scope(&list.entries[i], new) &&
		    new->given < list.entries[i].until)
			list.entries[count++] = list.entries[i];
	if (new->until != 0) {
		if (count == USHER_OVERRIDES)
			return ENOSPC;
		list.entries[count++] = *new;
	}
	list.count = count;
	return write_out(change, &list, fresh);
}

/* Nobody's record: its end alone says something. */
static int
edit_words(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	const struct change *change = arg;

	if (old->bytes != NULL && old->until >= change->override.until)
		return 0;
	*fresh = (struct usher_record_value){ "", 0, change->override.until };
	return 0;
}

static int
unknown_name(const char *what, const char *name, const char *const *names,
    size_t count, struct usher_error *error)
{
	const char *meant = usher_text_suggest(name, names, count);

	return usher_error_set(error, EINVAL,
	    "neither the recipient nor the site has a %s `%s`%s%s%s", what,
	    name, meant == NULL ? "" : "; did you mean `",
	    meant == NULL ? "" : meant, meant == NULL ? "" : "`?");
}

static int
check_party(struct arena *arena, const struct usher_policy *policy,
    const char *name, struct usher_error *error)
{
	const struct scope *scope = &policy->scope;
	size_t inner = scope->party_count, count = inner;
	const struct party *pattern;
	const char **names;
	int code;

	if (error != NULL)
		error->text[0] = '\0';
	code = name == NULL
	    ? 0
	    : usher_override_party(arena, policy, name, &pattern, error);
	if (code != EINVAL || (error != NULL && error->text[0] != '\0'))
		return code;
	if (scope->site != NULL)
		count += scope->site->party_count;
	names = usher_arena_array(arena, count + 1, sizeof(*names));
	if (names == NULL)
		return usher_error_set(error, ENOMEM, "out of memory");
	for (size_t i = 0; i < count; i++)
		names[i] = i < inner ? scope->parties[i].name
				     : scope->site->parties[i - inner].name;
	return unknown_name("party", name, names, count, error);
}

static int
check_topic(struct arena *arena, const struct scope *scope, const char *name,
    struct usher_error *error)
{
	size_t inner = scope->topic_count, count = inner;
	const char **names;

	if (name == NULL || usher_scope_topic(scope, name) != NULL)
		return 0;
	if (scope->site != NULL)
		count += scope->site->topic_count;
	names = usher_arena_array(arena, count + 1, sizeof(*names));
	if (names == NULL)
		return usher_error_set(error, ENOMEM, "out of memory");
	for (size_t i = 0; i < count; i++)
		names[i] = i < inner ? scope->topics[i].name
				     : scope->site->topics[i - inner].name;
	return unknown_name("topic", name, names, count, error);
}

static const char *
own(struct arena *arena, const char *name)
{
	return name == NULL ? NULL : usher_arena_string(arena, name);
}

int
usher_notes_override(struct usher_notes *notes,
    const struct usher_policy *policy, const char *who,
    const struct usher_override *override, struct usher_error *error)
{
	struct arena *arena = &notes->arena;
	const char *recipient = usher_record_recipient(arena, policy, who);
	struct change *change = usher_arena_alloc(arena, sizeof(*change));
	struct record_key key;
	int code;

	if (recipient == NULL || change == NULL)
		return usher_error_set(error, ENOMEM, "out of memory");
	*change = (struct change){ .notes = notes, .override = *override };
	change->override.party = own(arena, override->party);
	change->override.topic = own(arena, override->topic);
	code = check_party(arena, policy, override->party, error);
	if (code == 0)
		code = check_topic(arena, &policy->scope, override->topic,
		    error);
	if (code == 0 && arena->failed)
		code = usher_error_set(error, ENOMEM, "out of memory");
	if (code != 0)
		return code;
	usher_records_tell_time(notes->usher->records, override->given);
	usher_record_key_begin(&key, recipient);
	code = usher_notes_edit(notes, RECORD_OVERRIDE, &key, edit_list, change,
	    error);
	if (code != 0 || override->topic == NULL || override->until == 0)
		return code;
	usher_record_key_begin(&key, "");
	return usher_notes_edit(notes, RECORD_OVERRIDE, &key, edit_words,
	    change, error);
}
