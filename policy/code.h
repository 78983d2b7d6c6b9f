/*
 * code: access codes (design.md §6), as text and as records.
 *
 * Whoever shows a valid code is in its party, and nothing more. A code is
 * twelve letters or digits; what is kept of it is an HMAC under a key of the
 * store's own, by which it is found, so that neither the records nor the time
 * that a look-up takes tell of it. RECORD_CODE holds, for a recipient and
 * such a hash, struct code; RECORD_CODE_KEY the key; each ends with the code.
 * code.c has the text, code_record.c the bytes and who may use one,
 * code_read.c finds what an attempt shows, code_guard.c slows guesses down,
 * code_strip.c takes codes out of what is passed on, and notes_code.c makes,
 * lists, uses and revokes them.
 */
#ifndef USHER_CODE_INSIDE_H
#define USHER_CODE_INSIDE_H

#include "attempt.h"
#include "facts.h"
#include "memory.h"
#include "record_key.h"

enum {
	CODE_LETTERS = 12,
	CODE_NORMAL = CODE_LETTERS + 1, /* without dashes, upper case, NUL */
	CODE_GROUPED = CODE_LETTERS + 2,
	CODE_MOST_TRIED = 3, /* of an attempt */
	CODE_KEY_BYTES = 32,
	CODE_HASH_TEXT = 33, /* 128 bits in hex */
	CODE_ID_TEXT = 9,    /* its beginning, by which people name it */
	CODE_USES_KEPT = 8
};

/* ---- code.c ---- */

/* Something in the form of a code, in a text. */
struct code_token {
	size_t at, length;
	char code[CODE_NORMAL];
};

/*
 * The first at or behind `from`; false: none. It stands by itself. `plain`:
 * its dashes may be left out, as digits alone always may.
 */
bool usher_code_next(const char *text, size_t length, size_t from, bool plain,
    struct code_token *token);
/* Whether a text is a code and nothing else. */
bool usher_code_normal(const char *text, char code[CODE_NORMAL]);

struct code_tried {
	size_t count;
	char codes[CODE_MOST_TRIED][CODE_NORMAL];
};
/* What an attempt shows: its tag first, then its subject. */
void usher_code_tried(const struct usher_facts *facts,
    struct code_tried *tried);
bool usher_code_any_tried(const struct usher_facts *facts);

/* A code of `recipient` as it is kept. */
void usher_code_hash(const unsigned char key[CODE_KEY_BYTES],
    const char *recipient, const char *code, char hash[CODE_HASH_TEXT]);
void usher_code_key(struct record_key *key, const char *recipient,
    const char *hash);

/* ---- code_strip.c ---- */

/*
 * A text without what has the form of a code, with dashes or of digits alone:
 * itself, or a copy in the arena. NULL: no memory.
 */
const char *usher_code_unsaid(struct arena *arena, const char *text,
    bool digits);

/* ---- code_record.c ---- */

/* An attempt that was counted; it may come again for a while. */
struct code_use {
	uint64_t from, what;
	int64_t at;
	int64_t again;
};

struct code {
	const char *party, *label;
	const char *owner; /* the party that it belongs to, or "" */
	int64_t made;
	int64_t uses; /* 0: no limit */
	int64_t used;
	bool shared, dialled;
	size_t use_count;
	struct code_use list[CODE_USES_KEPT]; /* the latest last */
};

/* Strings are put into the arena. EILSEQ, ENOMEM. */
int usher_code_unpack(struct arena *arena,
    const struct usher_record_value *value, struct code *code);
void usher_code_pack(const struct code *code, struct buffer *buffer);
/* The use that an attempt was counted by, or NULL. */
struct code_use *usher_code_use(struct code *code, const struct attempt *now);
/* Whether it is worth anything to an attempt of these parties. */
bool usher_code_admits(struct code *code, const struct attempt_parties *parties,
    const struct attempt *now);

/* ---- code_guard.c ---- */

struct code_guard;
struct code_guard *usher_code_guard_new(void);
void usher_code_guard_free(struct code_guard *guard);
/* Whether what comes from there is not looked at for now. */
bool usher_code_guard_shut(struct code_guard *guard,
    const struct sockaddr *client, int64_t at);
/*
 * A wrong one; the same one again is no new guess. `unsure`: it has the form of
 * a reference as well.
 */
void usher_code_guard_note(struct code_guard *guard,
    const struct sockaddr *client, const char *hash, bool unsure, int64_t at);

/* ---- code_read.c ---- */

/* The key, or *found false when no code was ever made. */
int usher_code_secret(struct record_view *view,
    unsigned char key[CODE_KEY_BYTES], bool *found, struct usher_error *error);
/* Fills memory->codes with what is valid of what the attempt shows. */
int usher_code_read(struct record_view *view, struct code_guard *guard,
    struct arena *arena, const struct usher_policy *policy,
    const char *recipient, const struct usher_facts *facts, int64_t at,
    struct usher_memory *memory, struct usher_error *error);

#endif
