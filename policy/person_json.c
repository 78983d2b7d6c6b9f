/*
 * person_json: a record that speaks of a person, as JSON: see person.h.
 *
 * Of a record about many only what is theirs is told; of a code its label and
 * party, and never the code, which nobody has.
 */
#include <glib.h>
#include <jansson.h>
#include <string.h>

#include "attempt.h"
#include "code.h"
#include "link.h"
#include "person.h"
#include "promise.h"
#include "stage.h"
#include "standing.h"
#include "tally.h"

enum { DAY_S = 24 * 3600 };

static json_t *
text_json(const char *text)
{
	char *valid = g_utf8_make_valid(text, -1);
	json_t *json = json_string(valid);

	g_free(valid);
	return json;
}

static json_t *
instant_json(int64_t at)
{
	char text[USHER_INSTANT_TEXT];

	if (at == INT64_MAX || at == 0)
		return json_null();
	usher_instant_text(at, text);
	return json_string(text);
}

static void
set_text(json_t *json, const char *name, const char *text)
{
	(void)json_object_set_new(json, name, text_json(text));
}

/* What was not given is null, as in `usher code list`. */
static void
set_given(json_t *json, const char *name, const char *text)
{
	(void)json_object_set_new(json, name,
	    *text == '\0' ? json_null() : text_json(text));
}

/* The day of a count, "2026-11-24" for its key's number. */
static void
set_day(json_t *json, int64_t day)
{
	char text[USHER_INSTANT_TEXT];

	usher_instant_text(day * DAY_S, text);
	text[strcspn(text, "T")] = '\0';
	set_text(json, "day", text);
}

static void
set_instant(json_t *json, const char *name, int64_t at)
{
	(void)json_object_set_new(json, name, instant_json(at));
}

static void
add_promises(json_t *json, const struct person *person, struct arena *arena,
    const struct person_record *record, bool all)
{
	struct promise_list *list = usher_arena_alloc(arena, sizeof(*list));
	json_t *array = json_array();

	if (list == NULL ||
	    usher_promise_unpack(arena, &record->value, list) != 0)
		list = NULL;
	for (size_t i = 0; list != NULL && i < list->count; i++) {
		const struct promise_entry *entry = &list->entries[i];
		json_t *one;

		if (!all && !usher_person_is(person, entry->party) &&
		    !usher_person_is(person, entry->proven))
			continue;
		one = json_object();
		set_text(one, "party", entry->party);
		set_text(one, "rule", entry->rule);
		set_text(one, "reference", entry->reference);
		set_instant(one, "from", entry->from);
		set_instant(one, "until", entry->until);
		set_instant(one, "used", entry->used_at);
		(void)json_array_append_new(array, one);
	}
	(void)json_object_set_new(json, "promises", array);
}

static void
add_tally(json_t *json, const struct person *person, struct arena *arena,
    const struct person_record *record, bool all)
{
	json_t *array = json_array();
	struct tally_list list = { .count = 0 };
	int64_t day;

	if (usher_tally_day(record->parts[1], &day)) {
		set_day(json, day);
		(void)usher_tally_unpack(arena, &record->value, 0, &list);
	}
	for (size_t i = 0; i < list.count; i++) {
		const struct tally_what *what = &list.entries[i].what;
		json_t *one;

		if (!all && !usher_person_is(person, what->party))
			continue;
		one = json_object();
		set_text(one, "party", what->party);
		set_instant(one, "from",
		    day * DAY_S + what->quarter * TALLY_QUARTER_S);
		set_text(one, "channel",
		    usher_channel_word((enum usher_channel)what->channel));
		set_text(one, "verdict",
		    usher_answer_word((enum usher_answer)what->answer));
		(void)json_object_set_new(one, "proven",
		    json_boolean(what->proven));
		(void)json_object_set_new(one, "count",
		    json_integer((json_int_t)list.entries[i].count));
		(void)json_array_append_new(array, one);
	}
	(void)json_object_set_new(json, "counts", array);
}

static void
add_standing(json_t *json, const struct person *person, struct arena *arena,
    const struct person_record *record, bool all)
{
	struct standing_list list;
	json_t *array = json_array();

	if (usher_standing_unpack(arena, &record->value, &list) != 0)
		list.count = 0;
	for (size_t i = 0; i < list.count; i++) {
		const struct standing_entry *entry = &list.entries[i];
		json_t *one;

		if (!all && entry->recipient != person->standing_hash)
			continue;
		one = json_object();
		(void)json_object_set_new(one, "inside", json_real(entry->in));
		(void)json_object_set_new(one, "outside",
		    json_real(entry->out));
		set_instant(one, "at", entry->at);
		(void)json_array_append_new(array, one);
	}
	(void)json_object_set_new(json, "recipients", array);
}

static void
add_attempts(json_t *json, struct arena *arena,
    const struct person_record *record)
{
	struct attempt_list list;
	json_t *array = json_array();

	if (usher_attempt_unpack(arena, &record->value, &list) != 0)
		list.count = 0;
	for (size_t i = 0; i < list.count; i++) {
		const struct attempt *attempt = &list.entries[i];
		json_t *one = json_object();

		set_text(one, "channel",
		    usher_channel_word((enum usher_channel)attempt->channel));
		set_instant(one, "at", attempt->at);
		set_instant(one, "accepted", attempt->took);
		set_text(one, "rule", attempt->rule);
		(void)json_array_append_new(array, one);
	}
	(void)json_object_set_new(json, "attempts", array);
}

static void
add_stages(json_t *json, struct arena *arena,
    const struct person_record *record)
{
	struct stage_list list;
	json_t *array = json_array();

	if (usher_stage_unpack(arena, &record->value, &list) != 0)
		list.count = 0;
	for (size_t i = 0; i < list.count; i++)
		(void)json_array_append_new(array, text_json(list.stages[i]));
	(void)json_object_set_new(json, "stages", array);
}

static void
add_link(json_t *json, struct arena *arena, const struct person_record *record)
{
	struct link link;

	if (usher_link_unpack(arena, &record->value, &link) != 0)
		return;
	set_text(json, "linked_to", link.party);
	set_text(json, "named_by", link.address);
	set_instant(json, "given", link.given);
	(void)json_object_set_new(json, "cut", json_boolean(link.cut));
}

static void
add_code(json_t *json, struct arena *arena, const struct person_record *record)
{
	struct code *code = usher_arena_alloc(arena, sizeof(*code));

	if (code == NULL || usher_code_unpack(arena, &record->value, code) != 0)
		return;
	set_text(json, "code_for", code->party);
	set_given(json, "label", code->label);
	set_given(json, "owner", code->owner);
	(void)json_object_set_new(json, "used",
	    json_integer((json_int_t)code->used));
}

char *
usher_person_json(const struct person *person, struct arena *arena,
    const struct person_record *record)
{
	bool all = usher_person_has(person, arena, record) == HAS_ALL;
	json_t *json = json_object();
	char *text;

	set_text(json, "record", record->kind->word);
	for (size_t i = 0; i < PERSON_PARTS; i++)
		if (record->kind->parts[i] != NULL)
			set_text(json, record->kind->parts[i],
			    record->parts[i]);
	switch (record->kind->value) {
	case VALUE_PROMISES:
		add_promises(json, person, arena, record, all);
		break;
	case VALUE_TALLY: add_tally(json, person, arena, record, all); break;
	case VALUE_STANDING:
		add_standing(json, person, arena, record, all);
		break;
	case VALUE_STAGES: add_stages(json, arena, record); break;
	case VALUE_LINK: add_link(json, arena, record); break;
	case VALUE_CODE: add_code(json, arena, record); break;
	case VALUE_NAMELESS:
	case VALUE_TEXT: break;
	}
	if (record->kind->kind == RECORD_ATTEMPT)
		add_attempts(json, arena, record);
	set_instant(json, "until", record->value.until);
	text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(6));
	json_decref(json);
	return text;
}
