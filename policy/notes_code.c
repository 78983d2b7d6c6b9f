/*
 * notes_code: access codes made, used, listed and revoked (code.h).
 *
 * Whether a code is worth anything still is asked again in the writer's
 * transaction: of two that come at once with its last use, one has it.
 */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "code.h"
#include "decide.h"
#include "error.h"
#include "link.h"
#include "notes.h"

static int
no_memory(struct usher_error *error)
{
	return usher_error_set(error, ENOMEM, "out of memory");
}

/* ---- using ---- */

struct using
{
	struct usher_notes *notes;
	struct attempt attempt;
	struct attempt_parties parties;
	enum usher_became became;
};

static int
made(struct usher_notes *notes, const struct code *code,
    struct usher_record_value *fresh)
{
	struct buffer *buffer = usher_notes_buffer(notes);

	if (buffer == NULL)
		return ENOMEM;
	usher_code_pack(code, buffer);
	fresh->bytes = buffer->data;
	fresh->length = buffer->length;
	return buffer->failed ? ENOMEM : 0;
}

static void
count(struct code *code, const struct attempt *now)
{
	struct code_use *use = usher_code_use(code, now);

	if (use != NULL) {
		use->again++;
		return;
	}
	code->used++;
	if (code->use_count == CODE_USES_KEPT) {
		memmove(&code->list[0], &code->list[1],
		    (CODE_USES_KEPT - 1) * sizeof(code->list[0]));
		code->use_count--;
	}
	code->list[code->use_count++] = (struct code_use){ .from = now->from,
		.what = now->what,
		.at = now->at };
}

static const char *
first_proven(const struct attempt_parties *parties)
{
	for (size_t i = 0; i < parties->count; i++)
		if (parties->list[i].proven)
			return parties->list[i].party;
	return "";
}

static int
edit_use(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	struct using *using = arg;
	int gone = using->became == USHER_TAKING ? EDQUOT : 0;
	struct code code;
	int failed;

	if (old->bytes == NULL || using->attempt.at >= old->until)
		return gone;
	failed = usher_code_unpack(&using->notes->arena, old, &code);
	if (failed != 0)
		return failed == ENOMEM ? ENOMEM : gone;
	if (!usher_code_admits(&code, &using->parties, &using->attempt))
		return gone;
	count(&code, &using->attempt);
	if (!code.shared && *code.owner == '\0')
		code.owner = first_proven(&using->parties);
	return made(using->notes, &code, fresh);
}

/* The parties' names are the facts', which end before the notes may. */
static bool
keep_names(struct arena *arena, struct attempt_parties *parties)
{
	for (size_t i = 0; i < parties->count; i++) {
		const char *name = usher_arena_string(arena,
		    parties->list[i].party);

		if (name == NULL)
			return false;
		parties->list[i].party = name;
	}
	return true;
}

int
usher_notes_code(struct usher_notes *notes, const struct usher_policy *policy,
    const char *who, const struct usher_facts *facts,
    const struct usher_decision *decision, enum usher_became became,
    struct usher_error *error)
{
	const char *recipient;
	struct using *using;
	int code = 0;

	if (!usher_decision_shows_code(decision))
		return 0;
	facts = usher_link_facts(&notes->arena, facts, decision->joined,
	    decision->joined_count);
	if (facts == NULL)
		return no_memory(error);
	recipient = usher_record_recipient(&notes->arena, policy, who);
	using = usher_arena_alloc(&notes->arena, sizeof(*using));
	if (recipient == NULL || using == NULL)
		return no_memory(error);
	*using = (struct using){ .notes = notes,
		.attempt = usher_attempt_of(facts, decision->at),
		.became = became };
	usher_attempt_parties(facts, &using->parties);
	if (!keep_names(&notes->arena, &using->parties))
		return no_memory(error);
	usher_records_tell_time(notes->usher->records, decision->at);
	for (size_t i = 0; code == 0 && i < decision->code_count; i++) {
		struct record_key key;

		usher_code_key(&key, recipient, decision->codes[i].hash);
		code = usher_notes_edit(notes, RECORD_CODE, &key, edit_use,
		    using, error);
	}
	return code;
}

/* ---- making ---- */

struct making {
	struct usher_notes *notes;
	struct code code;
	int64_t until;
};

static int
edit_new(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	struct making *making = arg;

	if (old->bytes != NULL && making->code.made < old->until)
		return EEXIST;
	fresh->until = making->until;
	return made(making->notes, &making->code, fresh);
}

/* Whoever is first has made it. */
static int
edit_key(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	if (old->bytes == NULL)
		*fresh = (struct usher_record_value){ arg, CODE_KEY_BYTES,
			INT64_MAX };
	return 0;
}

static int
random_bytes(void *bytes, size_t length, struct usher_error *error)
{
	if (getrandom(bytes, length, 0) == (ssize_t)length)
		return 0;
	return usher_error_set(error, EIO, "the system has no random bytes");
}

static int
read_key(struct usher *usher, unsigned char key[CODE_KEY_BYTES], bool *found,
    struct usher_error *error)
{
	struct record_view view;
	int code = usher->records->engine->view(usher->records, &view, error);

	*found = false;
	if (code != 0)
		return code;
	if (!view.empty)
		code = usher_code_secret(&view, key, found, error);
	usher->records->engine->unview(&view);
	return code;
}

static int
make_key(struct usher *usher, int wait_ms, struct usher_error *error)
{
	unsigned char key[CODE_KEY_BYTES];
	struct usher_notes *notes;
	struct record_key name;
	int code = random_bytes(key, sizeof(key), error);

	if (code == 0)
		code = usher_notes_new(usher, &notes, error);
	if (code != 0)
		return code;
	usher_record_key_begin(&name, "");
	code = usher_notes_edit(notes, RECORD_CODE_KEY, &name, edit_key, key,
	    error);
	if (code == 0)
		code = usher_notes_commit(notes, wait_ms, error);
	usher_notes_free(notes);
	return code;
}

static int
secret(struct usher *usher, int wait_ms, unsigned char key[CODE_KEY_BYTES],
    struct usher_error *error)
{
	bool found;
	int code;

	if (usher->records == NULL)
		return usher_error_set(error, ENOTSUP,
		    "nothing can be remembered without a store");
	code = read_key(usher, key, &found, error);
	if (code != 0 || found)
		return code;
	code = make_key(usher, wait_ms, error);
	if (code == 0)
		code = read_key(usher, key, &found, error);
	if (code == 0 && !found)
		code = usher_error_set(error, EIO,
		    "the store does not keep the key of the access codes");
	return code;
}

/* 60 random bits, or twelve digits of which none is likelier. */
static int
make_text(bool dialled, char text[CODE_NORMAL], struct usher_error *error)
{
	static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	unsigned char byte;
	size_t length = 0;
	int code = 0;

	while (code == 0 && length < CODE_LETTERS) {
		code = random_bytes(&byte, 1, error);
		if (dialled && byte < 250)
			text[length++] = letters[byte % 10];
		else if (!dialled)
			text[length++] = letters[byte % 32];
	}
	text[length] = '\0';
	return code;
}

static int
put_new(struct usher *usher, const struct usher_policy *policy, const char *who,
    const struct usher_code *order, const unsigned char *key, const char *text,
    int wait_ms, struct usher_error *error)
{
	char hash[CODE_HASH_TEXT];
	struct usher_notes *notes;
	struct record_key name;
	struct making making;
	const char *recipient;
	int code = usher_notes_new(usher, &notes, error);

	if (code != 0)
		return code;
	making = (struct making){ .notes = notes,
		.until = order->until,
		.code = { .party = order->party,
		    .label = order->label == NULL ? "" : order->label,
		    .owner = "",
		    .made = order->made,
		    .uses = order->uses,
		    .shared = order->shared,
		    .dialled = order->dialled } };
	recipient = usher_record_recipient(&notes->arena, policy, who);
	if (recipient == NULL)
		code = no_memory(error);
	if (code == 0) {
		usher_records_tell_time(usher->records, order->made);
		usher_code_hash(key, recipient, text, hash);
		usher_code_key(&name, recipient, hash);
		code = usher_notes_edit(notes, RECORD_CODE, &name, edit_new,
		    &making, error);
	}
	if (code == 0)
		code = usher_notes_commit(notes, wait_ms, error);
	usher_notes_free(notes);
	return code;
}

static int
check_party(const struct usher_policy *policy, const char *name,
    struct usher_error *error)
{
	const struct party *party = usher_scope_party(&policy->scope, name);

	if (party == NULL)
		return usher_error_set(error, EINVAL,
		    "neither the recipient nor the site has a party `%s`",
		    name);
	if (!party->code)
		return usher_error_set(error, EINVAL,
		    "no code admits to the party `%s`: it would need "
		    "`code = true` in `parties`",
		    name);
	return 0;
}

static void
write_text(const char *code, bool dialled, char text[USHER_CODE_TEXT])
{
	size_t length = 0;

	for (size_t i = 0; i < CODE_LETTERS; i++) {
		if (!dialled && (i == 4 || i == 8))
			text[length++] = '-';
		text[length++] = code[i];
	}
	text[length] = '\0';
}

int
usher_code_make(struct usher *usher, const struct usher_policy *policy,
    const char *who, const struct usher_code *order, int wait_ms,
    char text[USHER_CODE_TEXT], struct usher_error *error)
{
	unsigned char key[CODE_KEY_BYTES];
	char made_text[CODE_NORMAL];
	int code = check_party(policy, order->party, error);

	if (code == 0)
		code = secret(usher, wait_ms, key, error);
	if (code != 0)
		return code;
	do {
		code = make_text(order->dialled, made_text, error);
		if (code == 0)
			code = put_new(usher, policy, who, order, key,
			    made_text, wait_ms, error);
	} while (code == EEXIST);
	if (code == 0)
		write_text(made_text, order->dialled, text);
	return code;
}
