/*
 * notes: what is to be remembered, gathered and committed whole; and records
 * read one by one. See usher_memory.h; what promises, acquaintance and pauses
 * are is in notes_promise.c and notes_known.c.
 */
#include "notes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

int
usher_notes_new(struct usher *usher, struct usher_notes **result,
    struct usher_error *error)
{
	struct usher_notes *notes;

	*result = NULL;
	if (usher->records == NULL)
		return usher_error_set(error, ENOTSUP,
		    "nothing can be remembered without a store");
	notes = calloc(1, sizeof(*notes));
	if (notes == NULL)
		return usher_error_set(error, ENOMEM, "out of memory");
	usher_arena_init(&notes->arena);
	notes->usher = usher;
	*result = notes;
	return 0;
}

static void
list_underway(struct usher_notes *notes)
{
	usher_underway_add(&notes->usher->records->underway, notes->underway);
	notes->is_listed = true;
}

static void
unlist_underway(struct usher_notes *notes)
{
	if (notes->is_listed)
		usher_underway_remove(&notes->usher->records->underway,
		    notes->underway);
	notes->is_listed = false;
}

static void
free_all(struct usher_notes *notes)
{
	unlist_underway(notes);
	for (struct made_bytes *made = notes->made; made != NULL;
	     made = made->next)
		usher_buffer_free(&made->buffer);
	if (notes->release != NULL)
		notes->release(notes->owned);
	usher_arena_free(&notes->arena);
	free(notes);
}

void
usher_notes_free(struct usher_notes *notes)
{
	if (notes == NULL ||
	    (notes->is_left && !atomic_exchange(&notes->let_go, true)))
		return;
	free_all(notes);
}

/* The committer is through with what was left behind. */
static void
left(struct record_note *note)
{
	struct usher_notes *notes = (struct usher_notes *)note;

	if (atomic_exchange(&notes->let_go, true))
		free_all(notes);
}

void
usher_notes_own(struct usher_notes *notes, void (*release)(void *owned),
    void *owned)
{
	notes->release = release;
	notes->owned = owned;
	notes->note.left = left;
}

struct buffer *
usher_notes_buffer(struct usher_notes *notes)
{
	struct made_bytes *made = usher_arena_alloc(&notes->arena,
	    sizeof(*made));

	if (made == NULL)
		return NULL;
	made->next = notes->made;
	notes->made = made;
	return &made->buffer;
}

int
usher_notes_edit(struct usher_notes *notes, unsigned char kind,
    const struct record_key *key, usher_record_edit_h edit, void *arg,
    struct usher_error *error)
{
	struct record_edit *made = usher_arena_alloc(&notes->arena,
	    sizeof(*made));

	if (made == NULL)
		return usher_error_set(error, ENOMEM, "out of memory");
	made->kind = kind;
	made->key = usher_arena_bytes(&notes->arena, key->bytes, key->length);
	made->key_length = key->length;
	made->edit = edit;
	made->arg = arg;
	if (made->key == NULL)
		return usher_error_set(error, ENOMEM, "out of memory");
	if (notes->last == NULL)
		notes->first = made;
	else
		notes->last->next = made;
	notes->last = made;
	return 0;
}

int
usher_notes_commit(struct usher_notes *notes, int wait_ms,
    struct usher_error *error)
{
	int code;

	if (notes->first == NULL)
		return 0;
	notes->note.edits = notes->first;
	code = usher_records_commit(notes->usher->records, &notes->note,
	    wait_ms, error);
	notes->is_left = code == EINPROGRESS;
	return code;
}

static void
ended(struct record_note *note)
{
	usher_notes_free((struct usher_notes *)note);
}

void
usher_notes_commit_later(struct usher_notes *notes)
{
	if (notes == NULL)
		return;
	notes->note.edits = notes->first;
	notes->note.ended = ended;
	notes->note.kept = true;
	if (notes->first == NULL ||
	    usher_records_later(notes->usher->records, &notes->note) != 0)
		usher_notes_free(notes);
}

static void
ended_then(struct record_note *note)
{
	struct usher_notes *notes = (struct usher_notes *)note;

	if (notes->done != NULL)
		notes->done(notes->done_arg, note->code, &note->error);
	usher_notes_free(notes);
}

static void
away(struct record_note *note)
{
	struct usher_notes *notes = (struct usher_notes *)note;

	notes->done(notes->done_arg, note->code, &note->error);
	notes->done = NULL;
}

void
usher_notes_keep(struct usher_notes *notes)
{
	notes->note.kept = true;
	notes->note.away = away;
}

int
usher_notes_commit_then(struct usher_notes *notes, usher_notes_done_h done,
    void *arg, struct usher_error *error)
{
	static const struct usher_error none;
	int code = 0;

	notes->done = done;
	notes->done_arg = arg;
	notes->note.edits = notes->first;
	notes->note.ended = ended_then;
	if (notes->first == NULL) {
		done(arg, 0, &none);
		usher_notes_free(notes);
		return 0;
	}
	list_underway(notes);
	code = usher_records_later(notes->usher->records, &notes->note);
	if (code == 0)
		return 0;
	unlist_underway(notes);
	return usher_error_set(error, code,
	    "too much waits to be written, or nothing can be: %s",
	    strerror(code));
}

/* ---- records by name ---- */

static int
key_of(struct record_key *key, enum usher_record kind, const char *name,
    struct usher_error *error)
{
	size_t length = strlen(name);

	if (kind < USHER_RECORD_SPLIT || kind >= USHER_RECORDS)
		return usher_error_set(error, EINVAL, "no such record");
	if (length > sizeof(key->bytes))
		return usher_error_set(error, ENAMETOOLONG,
		    "the key of a record is longer than %d bytes",
		    USHER_RECORD_KEY);
	memcpy(key->bytes, name, length);
	key->length = length;
	return 0;
}

int
usher_notes_record(struct usher_notes *notes, enum usher_record kind,
    const char *name, usher_record_edit_h edit, void *arg,
    struct usher_error *error)
{
	struct record_key key;
	int code = key_of(&key, kind, name, error);

	if (code != 0)
		return code;
	return usher_notes_edit(notes, (unsigned char)kind, &key, edit, arg,
	    error);
}

static int
copy_out(const struct usher_record_value *value, int64_t at, void **bytes,
    size_t *length)
{
	if (value->bytes == NULL || at >= value->until)
		return ENOENT;
	*bytes = malloc(value->length + 1);
	if (*bytes == NULL)
		return ENOMEM;
	memcpy(*bytes, value->bytes, value->length);
	((char *)*bytes)[value->length] = '\0';
	*length = value->length;
	return 0;
}

int
usher_record_read(struct usher *usher, enum usher_record kind, const char *name,
    int64_t at, void **bytes, size_t *length, struct usher_error *error)
{
	struct usher_record_value value;
	struct record_view view;
	struct record_key key;
	int code = key_of(&key, kind, name, error);

	*bytes = NULL;
	*length = 0;
	if (code != 0)
		return code;
	if (usher->records == NULL)
		return usher_error_set(error, ENOENT, "there is no store");
	usher_records_tell_time(usher->records, at);
	code = usher->records->engine->view(usher->records, &view, error);
	if (code != 0)
		return code;
	code = usher->records->engine->get(&view, (unsigned char)kind,
	    key.bytes, key.length, &value, error);
	if (code == 0) {
		code = copy_out(&value, at, bytes, length);
		if (code != 0)
			(void)usher_error_set(error, code,
			    code == ENOENT ? "no such record"
					   : "out of memory");
	}
	usher->records->engine->unview(&view);
	return code;
}

struct telling {
	usher_record_each_h each;
	void *arg;
};

static int
tell(void *arg, const char *key, size_t length,
    const struct usher_record_value *value)
{
	const struct telling *telling = arg;
	char name[USHER_RECORD_KEY + 1];

	memcpy(name, key, length);
	name[length] = '\0';
	return telling->each(telling->arg, name, value->bytes, value->length,
	    value->until);
}

int
usher_record_each(struct usher *usher, enum usher_record kind,
    usher_record_each_h each, void *arg, struct usher_error *error)
{
	struct telling telling = { each, arg };
	struct record_view view;
	int code;

	if (usher->records == NULL)
		return 0;
	code = usher->records->engine->view(usher->records, &view, error);
	if (code != 0)
		return code;
	code = usher->records->engine->each(&view, (unsigned char)kind, "", 0,
	    tell, &telling, error);
	usher->records->engine->unview(&view);
	return code;
}
