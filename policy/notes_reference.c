/*
 * notes_reference: references that were told, and the party that comes by
 * one first, as notes: see reference.h.
 */
#include <errno.h>
#include <string.h>

#include "decide.h"
#include "error.h"
#include "known.h"
#include "link.h"
#include "notes.h"
#include "reference.h"

/* An edit's own, in the notes' memory. */
struct telling {
	struct usher_notes *notes;
	struct reference reference;
	int64_t until;
};

static int
write_reference(const struct telling *telling,
    const struct reference *reference, struct usher_record_value *fresh)
{
	struct buffer *buffer = usher_notes_buffer(telling->notes);

	if (buffer == NULL)
		return ENOMEM;
	usher_reference_pack(reference, buffer);
	*fresh = (struct usher_record_value){ buffer->data, buffer->length,
		telling->until };
	return buffer->failed ? ENOMEM : 0;
}

static int
edit_told(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	const struct telling *telling = arg;

	(void)old;
	return write_reference(telling, &telling->reference, fresh);
}

/* Who came first keeps it. */
static int
edit_taken(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	struct telling *telling = arg;
	struct reference reference;
	int code;

	if (old->bytes == NULL)
		return 0;
	code = usher_reference_unpack(&telling->notes->arena, old, &reference);
	if (code == ENOMEM)
		return code;
	if (code != 0 || *reference.taken_by != '\0')
		return 0;
	reference.taken_by = telling->reference.taken_by;
	telling->until = old->until;
	return write_reference(telling, &reference, fresh);
}

static int
note(struct usher_notes *notes, const char *recipient, const char *text,
    const struct reference *reference, int64_t until, usher_record_edit_h edit,
    struct usher_error *error)
{
	struct arena *arena = &notes->arena;
	struct telling *telling = usher_arena_alloc(arena, sizeof(*telling));
	struct record_key key;

	if (telling == NULL)
		return usher_error_set(error, ENOMEM, "out of memory");
	*telling = (struct telling){ notes,
		{ reference->channel, usher_arena_string(arena, reference->who),
		    usher_arena_string(arena, reference->taken_by) },
		until };
	if (arena->failed)
		return usher_error_set(error, ENOMEM, "out of memory");
	usher_reference_key(&key, recipient, text);
	return usher_notes_edit(notes, RECORD_REFERENCE, &key, edit, telling,
	    error);
}

int
usher_notes_told(struct usher_notes *notes, const char *recipient,
    const struct usher_facts *facts, const char *text, int64_t at,
    struct usher_error *error)
{
	const struct address *who = usher_link_who(facts);
	struct reference reference = { .channel = facts->channel,
		.taken_by = "" };

	if (who == NULL || text == NULL)
		return 0;
	reference.who = who->text;
	return note(notes, recipient, text, &reference, at + REFERENCE_S,
	    edit_told, error);
}

int
usher_notes_reference(struct usher_notes *notes, const char *recipient,
    const struct usher_facts *facts, const struct usher_decision *decision,
    struct usher_error *error)
{
	const struct address *who = usher_link_who(facts);
	struct reference reference = { .channel = facts->channel, .who = "" };
	int code = 0;

	for (size_t i = 0;
	     code == 0 && who != NULL && i < decision->joined_count; i++) {
		const struct joined *joined = &decision->joined[i];

		reference.taken_by = usher_known_party(who);
		if (joined->reference != NULL)
			code = note(notes, recipient, joined->reference,
			    &reference, 0, edit_taken, error);
	}
	return code;
}
