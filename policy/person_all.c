/*
 * person_all: goes through all that is kept for one person, tells it, or
 * removes it: see person.h. Called by the command line.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "known.h"
#include "notes.h"
#include "person.h"
#include "standing.h"

/* One way through the store. */
struct going {
	struct person person;
	const struct person_kind *kind;
	struct arena arena;	   /* of one record */
	struct usher_notes *notes; /* NULL: nothing is removed */
	usher_person_each_h each;
	void *arg;
	struct usher_error *error;
};

static bool
is_domain(const char *text)
{
	return strpbrk(text, "@:+") == NULL && strchr(text, '.') != NULL;
}

static int
find_person(struct arena *arena, const struct usher_conf *conf,
    const struct usher_policy *policy, const char *who, struct person *person,
    struct usher_error *error)
{
	struct address address;
	int code;

	*person = (struct person){ .recipient = NULL };
	if (is_domain(who)) {
		person->domain = usher_domain_normal(arena, who);
		if (person->domain != NULL)
			return 0;
	}
	code = usher_address_parse(arena, who, &conf->dialling, &address,
	    error);
	if (code != 0)
		return code;
	person->address = address.text;
	/* An organization is more than this one of it. */
	if (address.kind == ADDRESS_NUMBER ||
	    usher_known_party(&address) == address.text)
		person->party = address.text;
	person->recipient = usher_record_recipient(arena, policy, who);
	if (person->recipient == NULL)
		return usher_error_set(error, ENOMEM, "out of memory");
	person->standing_hash = usher_standing_hash(person->recipient);
	return 0;
}

/* ---- removing ---- */

struct removing {
	struct going *going;
	const struct person_kind *kind;
	const char *key;
	size_t key_length;
};

/* What is there at the commit counts, not what was seen. */
static int
edit_gone(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	const struct removing *removing = arg;
	struct usher_notes *notes = removing->going->notes;
	struct arena *arena = &notes->arena;
	struct person_record record;
	struct buffer *buffer;
	enum person_has has;
	bool any = false;
	int code;

	if (old->bytes == NULL)
		return 0;
	record = usher_person_record(arena, removing->kind, removing->key,
	    removing->key_length, old);
	has = usher_person_has(&removing->going->person, arena, &record);
	if (has == HAS_NOTHING)
		return 0;
	if (has == HAS_ALL) {
		*fresh = (struct usher_record_value){ .bytes = NULL };
		return 0;
	}
	buffer = usher_notes_buffer(notes);
	if (buffer == NULL)
		return ENOMEM;
	code = usher_person_without(&removing->going->person, arena, &record,
	    buffer, &any);
	if (code == 0 && !any)
		*fresh = (struct usher_record_value){ .bytes = NULL };
	else if (code == 0)
		*fresh = (struct usher_record_value){ buffer->data,
			buffer->length, old->until };
	return code;
}

static int
note_gone(struct going *going, const char *key, size_t length)
{
	struct arena *arena = &going->notes->arena;
	struct removing *removing = usher_arena_alloc(arena, sizeof(*removing));
	struct record_key name = { .length = length };

	if (removing == NULL || length > sizeof(name.bytes))
		return usher_error_set(going->error, ENOMEM, "out of memory");
	memcpy(name.bytes, key, length);
	*removing = (struct removing){ going, going->kind,
		usher_arena_bytes(arena, key, length), length };
	if (removing->key == NULL)
		return usher_error_set(going->error, ENOMEM, "out of memory");
	return usher_notes_edit(going->notes, going->kind->kind, &name,
	    edit_gone, removing, going->error);
}

/* ---- going through ---- */

static int
look_at(void *arg, const char *key, size_t length,
    const struct usher_record_value *value)
{
	struct going *going = arg;
	struct person_record record;
	char *json;
	int code;

	usher_arena_reset(&going->arena);
	record = usher_person_record(&going->arena, going->kind, key, length,
	    value);
	if (usher_person_has(&going->person, &going->arena, &record) ==
	    HAS_NOTHING)
		return going->arena.failed ? ENOMEM : 0;
	json = usher_person_json(&going->person, &going->arena, &record);
	if (json == NULL)
		return ENOMEM;
	code = going->each == NULL
	    ? 0
	    : going->each(going->arg, going->kind->word, json);
	free(json);
	if (code == 0 && going->notes != NULL)
		code = note_gone(going, key, length);
	return code;
}

static int
go_through(struct going *going, struct records *records)
{
	struct record_view view;
	int code = records->engine->view(records, &view, going->error);

	if (code != 0)
		return code;
	for (size_t i = 0; i < usher_person_kind_count && code == 0; i++) {
		going->kind = &usher_person_kinds[i];
		if (view.empty || (going->notes != NULL && going->kind->stays))
			continue;
		code = records->engine->each(&view, going->kind->kind, "", 0,
		    look_at, going, going->error);
	}
	records->engine->unview(&view);
	return code;
}

static int
begin(struct going *going, struct arena *names, const struct usher_conf *conf,
    const struct usher_policy *policy, const char *who)
{
	usher_arena_init(names);
	usher_arena_init(&going->arena);
	return find_person(names, conf, policy, who, &going->person,
	    going->error);
}

int
usher_person_export(struct usher *usher, struct usher_conf *conf,
    const struct usher_policy *policy, const char *who,
    usher_person_each_h each, void *arg, struct usher_error *error)
{
	struct going going = { .each = each, .arg = arg, .error = error };
	struct arena names;
	int code = begin(&going, &names, conf, policy, who);

	if (code == 0 && usher->records != NULL)
		code = go_through(&going, usher->records);
	usher_arena_free(&going.arena);
	usher_arena_free(&names);
	return code;
}

int
usher_person_forget(struct usher *usher, struct usher_conf *conf,
    const struct usher_policy *policy, const char *who, bool dry_run,
    int wait_ms, usher_person_each_h each, void *arg, struct usher_error *error)
{
	struct going going = { .each = each, .arg = arg, .error = error };
	struct arena names;
	int code = begin(&going, &names, conf, policy, who);

	if (code == 0)
		code = usher_notes_new(usher, &going.notes, error);
	if (code == 0)
		code = go_through(&going, usher->records);
	if (code == 0 && !dry_run)
		code = usher_notes_commit(going.notes, wait_ms, error);
	usher_notes_free(going.notes);
	usher_arena_free(&going.arena);
	usher_arena_free(&names);
	return code;
}
