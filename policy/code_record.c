/*
 * code_record: an access code's record as bytes, and back, and whose it is.
 * See code.h.
 */
#include <errno.h>
#include <string.h>

#include "code.h"
#include "record_bytes.h"

enum { FORM = 1, IS_SHARED = 1, IS_DIALLED = 2 };

void
usher_code_pack(const struct code *code, struct buffer *buffer)
{
	usher_record_put_form(buffer, FORM);
	usher_record_put_string(buffer, code->party);
	usher_record_put_string(buffer, code->label);
	usher_record_put_string(buffer, code->owner);
	usher_record_put_number(buffer, code->made);
	usher_record_put_number(buffer, code->uses);
	usher_record_put_number(buffer, code->used);
	usher_record_put_number(buffer,
	    (code->shared ? IS_SHARED : 0) | (code->dialled ? IS_DIALLED : 0));
	for (size_t i = 0; i < code->use_count; i++) {
		const struct code_use *use = &code->list[i];

		usher_record_put_number(buffer, (int64_t)use->from);
		usher_record_put_number(buffer, (int64_t)use->what);
		usher_record_put_number(buffer, use->at);
		usher_record_put_number(buffer, use->again);
	}
}

int
usher_code_unpack(struct arena *arena, const struct usher_record_value *value,
    struct code *code)
{
	struct record_reader reader = usher_record_reader(arena, value, FORM);
	int64_t flags;

	*code = (struct code){ .party = usher_record_get_string(&reader) };
	code->label = usher_record_get_string(&reader);
	code->owner = usher_record_get_string(&reader);
	code->made = usher_record_get_number(&reader);
	code->uses = usher_record_get_number(&reader);
	code->used = usher_record_get_number(&reader);
	flags = usher_record_get_number(&reader);
	code->shared = (flags & IS_SHARED) != 0;
	code->dialled = (flags & IS_DIALLED) != 0;
	while (!reader.wrong && reader.left > 0 &&
	    code->use_count < CODE_USES_KEPT) {
		struct code_use *use = &code->list[code->use_count++];

		use->from = (uint64_t)usher_record_get_number(&reader);
		use->what = (uint64_t)usher_record_get_number(&reader);
		use->at = usher_record_get_number(&reader);
		use->again = usher_record_get_number(&reader);
	}
	return usher_record_read_end(&reader);
}

/*
 * The same attempt by its own identity, and by the same envelope sender: for
 * an hour and a few times, since whoever sends may choose both.
 */
struct code_use *
usher_code_use(struct code *code, const struct attempt *now)
{
	for (size_t i = code->use_count; now->what != 0 && i-- > 0;) {
		struct code_use *use = &code->list[i];

		if (use->what == now->what && use->from == now->from &&
		    now->at < use->at + ATTEMPT_AGAIN_S &&
		    use->again < ATTEMPT_AGAIN)
			return use;
	}
	return NULL;
}

static bool
is_theirs(const struct code *code, const struct attempt_parties *parties)
{
	if (code->shared || *code->owner == '\0')
		return true;
	for (size_t i = 0; i < parties->count; i++)
		if (parties->list[i].proven &&
		    strcmp(parties->list[i].party, code->owner) == 0)
			return true;
	return false;
}

bool
usher_code_admits(struct code *code, const struct attempt_parties *parties,
    const struct attempt *now)
{
	return is_theirs(code, parties) &&
	    (code->uses == 0 || code->used < code->uses ||
		usher_code_use(code, now) != NULL);
}
