/*
 * stage: see stage.h.
 */
#include "stage.h"

#include <errno.h>
#include <string.h>

#include "error.h"
#include "known.h"
#include "record_bytes.h"

enum { FORM = 1 };

int
usher_stage_unpack(struct arena *arena, const struct usher_record_value *value,
    struct stage_list *list)
{
	struct record_reader reader = usher_record_reader(arena, value, FORM);
	int code;

	list->count = 0;
	while (!reader.wrong && reader.left > 0 && list->count < MOST_STAGES)
		list->stages[list->count++] = usher_record_get_string(&reader);
	code = usher_record_read_end(&reader);
	if (code != 0)
		list->count = 0;
	return code;
}

void
usher_stage_pack(const struct stage_list *list, struct buffer *buffer)
{
	usher_record_put_form(buffer, FORM);
	for (size_t i = 0; i < list->count; i++)
		usher_record_put_string(buffer, list->stages[i]);
}

/* ---- reading ---- */

struct reading_stages {
	struct record_view *view;
	struct arena *arena;
	const char *recipient;
	struct usher_error *error;
};

static int
read_one(const struct reading_stages *reading, const struct address *identity,
    struct stage_list *list)
{
	struct usher_record_value value;
	struct record_key key;
	int code;

	usher_known_key(&key, reading->recipient, usher_known_party(identity));
	code = reading->view->records->engine->get(reading->view, RECORD_STAGE,
	    key.bytes, key.length, &value, reading->error);
	if (code == 0)
		code = usher_stage_unpack(reading->arena, &value, list);
	return code == 0
	    ? 0
	    : usher_error_set(reading->error, code,
		  "the stage of %s cannot be read from memory", identity->text);
}

static int
add(struct arena *arena, struct remembered *remembered,
    const struct stage_list *list)
{
	size_t count = remembered->stage_count;
	const char **stages;

	if (list->count == 0)
		return 0;
	stages = usher_arena_array(arena, count + list->count, sizeof(*stages));
	if (stages == NULL)
		return ENOMEM;
	if (count > 0)
		memcpy(stages, remembered->stages, count * sizeof(*stages));
	memcpy(stages + count, list->stages, list->count * sizeof(*stages));
	remembered->stages = stages;
	remembered->stage_count = count + list->count;
	return 0;
}

static int
read_each(const struct reading_stages *reading,
    const struct address *identities, size_t count,
    struct remembered *remembered)
{
	int code = 0;

	for (size_t i = 0; code == 0 && i < count; i++) {
		struct stage_list list;

		code = read_one(reading, &identities[i], &list);
		if (code == 0)
			code = add(reading->arena, remembered, &list);
	}
	return code;
}

int
usher_stage_read(struct record_view *view, struct arena *arena,
    const char *recipient, const struct usher_facts *facts,
    struct usher_memory *memory, struct usher_error *error)
{
	const struct reading_stages reading = { view, arena, recipient, error };
	int code;

	if (usher_view_lacks(view, RECORD_STAGE))
		return 0;
	code = read_each(&reading, facts->claims, facts->claim_count,
	    &memory->claimed);
	/* Claims that are trusted are their own proof. */
	if (code == 0 && facts->claims_proven)
		memory->proven.stages = memory->claimed.stages;
	if (code == 0 && facts->claims_proven)
		memory->proven.stage_count = memory->claimed.stage_count;
	else if (code == 0)
		code = read_each(&reading, facts->proven, facts->proven_count,
		    &memory->proven);
	return code;
}
