/*
 * notes_codes: a recipient's access codes listed and revoked, by their ids
 * (code.h). What a code is cannot be told from any of it.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "code.h"
#include "error.h"
#include "notes.h"

struct listing {
	struct arena arena;
	usher_code_each_h each;
	void *arg;
	int64_t at;
};

/* A key is the recipient and the hash, each ended by NUL. */
static const char *
hash_of(const char *key, size_t length)
{
	const char *end = memchr(key, '\0', length);

	if (end == NULL || (size_t)(key + length - end) != 1 + CODE_HASH_TEXT)
		return NULL;
	return end + 1;
}

static int
tell_one(void *arg, const char *key, size_t length,
    const struct usher_record_value *value)
{
	struct listing *listing = arg;
	const char *hash = hash_of(key, length);
	char id[CODE_ID_TEXT] = "";
	struct code code;

	if (hash == NULL || listing->at >= value->until ||
	    usher_code_unpack(&listing->arena, value, &code) != 0)
		return 0;
	memcpy(id, hash, CODE_ID_TEXT - 1);
	return listing->each(listing->arg,
	    &(struct usher_code){ .id = id,
		.party = code.party,
		.label = code.label,
		.owner = code.owner,
		.made = code.made,
		.until = value->until,
		.uses = code.uses,
		.used = code.used,
		.shared = code.shared,
		.dialled = code.dialled });
}

int
usher_code_each(struct usher *usher, const struct usher_policy *policy,
    const char *who, int64_t at, usher_code_each_h each, void *arg,
    struct usher_error *error)
{
	struct listing listing = { .each = each, .arg = arg, .at = at };
	const char *recipient;
	int code;

	usher_arena_init(&listing.arena);
	recipient = usher_record_recipient(&listing.arena, policy, who);
	code = recipient == NULL
	    ? usher_error_set(error, ENOMEM, "out of memory")
	    : usher_notes_walk(usher, recipient, RECORD_CODE, tell_one,
		  &listing, error);
	usher_arena_free(&listing.arena);
	return code;
}

/* ---- revoking ---- */

struct finding {
	const char *id;
	int64_t at;
	size_t count;
	char hash[CODE_HASH_TEXT];
};

static int
find_one(void *arg, const char *key, size_t length,
    const struct usher_record_value *value)
{
	struct finding *finding = arg;
	const char *hash = hash_of(key, length);

	if (hash == NULL || finding->at >= value->until ||
	    strncasecmp(hash, finding->id, strlen(finding->id)) != 0)
		return 0;
	memcpy(finding->hash, hash, CODE_HASH_TEXT);
	finding->count++;
	return 0;
}

/* The code itself, by its hash; an id is shorter than any code. */
static int
id_of_code(struct usher *usher, const char *recipient, const char *code,
    char hash[CODE_HASH_TEXT], struct usher_error *error)
{
	unsigned char key[CODE_KEY_BYTES];
	struct record_view view;
	bool found = false;
	int failed = usher->records->engine->view(usher->records, &view, error);

	if (failed != 0)
		return failed;
	if (!view.empty)
		failed = usher_code_secret(&view, key, &found, error);
	usher->records->engine->unview(&view);
	if (failed == 0 && !found)
		failed = usher_error_set(error, ENOENT, "there is no code");
	if (failed == 0)
		usher_code_hash(key, recipient, code, hash);
	return failed;
}

static int
edit_gone(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	const struct finding *finding = arg;

	if (old->bytes == NULL || finding->at >= old->until)
		return ENOENT;
	*fresh = (struct usher_record_value){ .bytes = NULL };
	return 0;
}

static int
find(struct usher_notes *notes, const char *recipient, const char *name,
    struct finding *finding, struct usher_error *error)
{
	char hash[CODE_HASH_TEXT], code[CODE_NORMAL];
	int failed = 0;

	finding->id = name;
	if (usher_code_normal(name, code)) {
		failed = id_of_code(notes->usher, recipient, code, hash, error);
		finding->id = hash;
	}
	if (failed == 0)
		failed = usher_notes_walk(notes->usher, recipient, RECORD_CODE,
		    find_one, finding, error);
	finding->id = NULL;
	if (failed != 0)
		return failed;
	if (finding->count == 0 || *name == '\0')
		return usher_error_set(error, ENOENT, "there is no code `%s`",
		    usher_code_is(name) ? "that was given" : name);
	if (finding->count > 1)
		return usher_error_set(error, ENOTUNIQ,
		    "several codes begin with `%s`", name);
	return 0;
}

int
usher_code_revoke(struct usher *usher, const struct usher_policy *policy,
    const char *who, const char *name, int64_t at, int wait_ms,
    struct usher_error *error)
{
	struct finding finding = { .at = at };
	struct usher_notes *notes;
	struct record_key key;
	const char *recipient;
	int code = usher_notes_new(usher, &notes, error);

	if (code != 0)
		return code;
	usher_records_tell_time(usher->records, at);
	recipient = usher_record_recipient(&notes->arena, policy, who);
	code = recipient == NULL
	    ? usher_error_set(error, ENOMEM, "out of memory")
	    : find(notes, recipient, name, &finding, error);
	if (code == 0) {
		usher_code_key(&key, recipient, finding.hash);
		code = usher_notes_edit(notes, RECORD_CODE, &key, edit_gone,
		    &finding, error);
	}
	if (code == 0)
		code = usher_notes_commit(notes, wait_ms, error);
	usher_notes_free(notes);
	return code;
}
