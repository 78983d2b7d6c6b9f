/*
 * override: see override.h.
 */
#include "override.h"

#include <errno.h>
#include <string.h>

#include "error.h"
#include "policy.h"
#include "record_bytes.h"

enum { FORM = 1 };

static const char *
name_or_null(const char *name)
{
	return *name == '\0' ? NULL : name;
}

int
usher_override_unpack(struct arena *arena,
    const struct usher_record_value *value, struct override_list *list)
{
	struct record_reader reader = usher_record_reader(arena, value, FORM);
	int code;

	list->count = 0;
	while (
	    !reader.wrong && reader.left > 0 && list->count < USHER_OVERRIDES) {
		struct usher_override *one = &list->entries[list->count++];

		one->opens = usher_record_get_number(&reader) != 0;
		one->channels = (unsigned)usher_record_get_number(&reader);
		one->given = usher_record_get_number(&reader);
		one->until = usher_record_get_number(&reader);
		one->party = name_or_null(usher_record_get_string(&reader));
		one->topic = name_or_null(usher_record_get_string(&reader));
	}
	code = usher_record_read_end(&reader);
	if (code != 0)
		list->count = 0;
	return code;
}

void
usher_override_pack(const struct override_list *list, struct buffer *buffer,
    int64_t *until)
{
	*until = 0;
	usher_record_put_form(buffer, FORM);
	for (size_t i = 0; i < list->count; i++) {
		const struct usher_override *one = &list->entries[i];

		usher_record_put_number(buffer, one->opens);
		usher_record_put_number(buffer, one->channels);
		usher_record_put_number(buffer, one->given);
		usher_record_put_number(buffer, one->until);
		usher_record_put_string(buffer, one->party);
		usher_record_put_string(buffer, one->topic);
		if (one->until > *until)
			*until = one->until;
	}
}

/* A word without these is a mistyped name. */
static bool
may_be_pattern(const char *name)
{
	return strpbrk(name, ".@*") != NULL || *name == '+' ||
	    (*name >= '0' && *name <= '9');
}

int
usher_override_party(struct arena *arena, const struct usher_policy *policy,
    const char *name, const struct party **result, struct usher_error *error)
{
	struct pattern *pattern;
	struct party *party;
	int code;

	*result = NULL;
	if (usher_scope_party(&policy->scope, name) != NULL)
		return 0;
	if (!may_be_pattern(name))
		return EINVAL;
	party = usher_arena_alloc(arena, sizeof(*party));
	pattern = usher_arena_alloc(arena, sizeof(*pattern));
	if (party == NULL || pattern == NULL)
		return usher_error_set(error, ENOMEM, "out of memory");
	code = usher_pattern_make(arena, name, false, &policy->conf->dialling,
	    pattern, error);
	*party = (struct party){ .name = name,
		.count = 1,
		.patterns = pattern };
	if (code == 0)
		*result = party;
	return code;
}

/* A name that was taken out of the preferences since matches nobody. */
static int
take_parties(struct arena *arena, const struct usher_policy *policy,
    struct usher_memory *memory)
{
	const struct party **parties = usher_arena_array(arena,
	    memory->override_count + 1, sizeof(*parties));

	if (parties == NULL)
		return ENOMEM;
	for (size_t i = 0; i < memory->override_count; i++) {
		const char *name = memory->overrides[i].party;

		parties[i] = NULL;
		if (name != NULL &&
		    usher_override_party(arena, policy, name, &parties[i],
			NULL) == ENOMEM)
			return ENOMEM;
	}
	memory->override_parties = parties;
	return 0;
}

int
usher_override_read(struct record_view *view, struct arena *arena,
    const struct usher_policy *policy, const char *recipient, int64_t at,
    struct usher_memory *memory, struct usher_error *error)
{
	struct usher_record_value value;
	struct usher_override *kept;
	struct override_list *list;
	struct record_key key;
	size_t count = 0;
	int code;

	if (usher_view_lacks(view, RECORD_OVERRIDE))
		return 0;
	usher_record_key_begin(&key, recipient);
	code = view->records->engine->get(view, RECORD_OVERRIDE, key.bytes,
	    key.length, &value, error);
	if (code != 0 || value.bytes == NULL || at >= value.until ||
	    policy == NULL)
		return code;
	list = usher_arena_alloc(arena, sizeof(*list));
	code = list == NULL ? ENOMEM
			    : usher_override_unpack(arena, &value, list);
	if (code != 0)
		return usher_error_set(error, code,
		    "what %s opened or closed cannot be read from memory",
		    recipient);
	kept = usher_arena_array(arena, list->count + 1, sizeof(*kept));
	if (kept == NULL)
		return usher_error_set(error, ENOMEM, "out of memory");
	for (size_t i = 0; i < list->count; i++)
		if (at < list->entries[i].until)
			kept[count++] = list->entries[i];
	memory->overrides = kept;
	memory->override_count = count;
	code = take_parties(arena, policy, memory);
	return code == 0 ? 0 : usher_error_set(error, code, "out of memory");
}

bool
usher_override_asks_words(struct records *records)
{
	struct usher_record_value value = { .bytes = NULL };
	struct record_view view;
	struct record_key key;
	int code = records->engine->view(records, &view, NULL);

	if (code != 0)
		return true;
	usher_record_key_begin(&key, "");
	if (!view.empty)
		code = view.records->engine->get(&view, RECORD_OVERRIDE,
		    key.bytes, key.length, &value, NULL);
	records->engine->unview(&view);
	return code != 0 ||
	    (value.bytes != NULL && atomic_load(&records->now) < value.until);
}

const struct usher_override *
usher_memory_override(const struct usher_memory *memory, size_t index)
{
	return memory == NULL || index >= memory->override_count
	    ? NULL
	    : &memory->overrides[index];
}
