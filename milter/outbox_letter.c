/*
 * outbox_letter: see outbox_letter.h.
 *
 * Two records a letter: the letter itself, by the instant it was made, and
 * that its sender got one from its recipient, under a hash of both, for 7
 * days (RFC 3834 §2, RFC 5230 §4.1).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <glib.h>
#include <jansson.h>

#include "outbox_letter.h"

struct outbox_letter {
	char key[64];
	char *bytes;
	char replied[80];
	int64_t at;
};

/* ---- the record ---- */

static char *
write_record(const char *recipient, const char *sender, const char *message,
    size_t length, bool marked, int64_t made, int64_t since, int tries)
{
	json_t *json = json_pack("{s:b,s:I,s:I,s:i,s:s,s:s,s:s%}", "marked",
	    marked, "made", (json_int_t)made, "since", (json_int_t)since,
	    "tries", tries, "recipient", recipient, "sender", sender, "message",
	    message, length);
	char *bytes = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);

	json_decref(json);
	return bytes;
}

int
outbox_read(struct outbox_read *read, const void *bytes, size_t length)
{
	json_int_t made, since;
	int marked;

	*read = (struct outbox_read){ .json = json_loadb(bytes, length, 0,
					  NULL) };
	if (json_unpack(read->json, "{s:b,s:I,s:I,s:i,s:s,s:s,s:s%}", "marked",
		&marked, "made", &made, "since", &since, "tries", &read->tries,
		"recipient", &read->recipient, "sender", &read->sender,
		"message", &read->message, &read->length) != 0)
		return EINVAL;
	read->marked = marked != 0;
	read->made = made;
	read->since = since;
	return 0;
}

void
outbox_read_end(struct outbox_read *read)
{
	json_decref(read->json);
	read->json = NULL;
}

char *
outbox_read_again(const struct outbox_read *read, bool marked, int64_t since,
    int tries)
{
	return write_record(read->recipient, read->sender, read->message,
	    read->length, marked, read->made, since, tries);
}

/* ---- making ---- */

/* No address is to be read from it. */
static void
replied_key(const char *recipient, const char *sender, char out[80])
{
	char *both = g_strdup_printf("%s\n%s", recipient, sender);
	char *lower = g_ascii_strdown(both, -1);
	char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, lower,
	    -1);

	(void)snprintf(out, 80, "%s", hash);
	g_free(hash);
	g_free(lower);
	g_free(both);
}

int
outbox_letter_make(struct outbox_letter **result, const char *recipient,
    const char *sender, const char *message, size_t length, int64_t at,
    int64_t now)
{
	struct outbox_letter *letter = calloc(1, sizeof(*letter));
	char unique[USHER_REFERENCE_TEXT];

	*result = NULL;
	if (letter == NULL)
		return ENOMEM;
	letter->bytes = write_record(recipient, sender, message, length, false,
	    now, now + OUTBOX_REST_S + OUTBOX_COMMIT_S, 0);
	if (letter->bytes == NULL) { /* not UTF-8, or no memory */
		free(letter);
		return EINVAL;
	}
	usher_reference_make(unique);
	(void)snprintf(letter->key, sizeof(letter->key), "%016llx.%s",
	    (unsigned long long)now, unique);
	replied_key(recipient, sender, letter->replied);
	letter->at = at;
	*result = letter;
	return 0;
}

int
outbox_letter_new(struct outbox_letter **letter, const char *recipient,
    const char *sender, const char *message, size_t length, int64_t at)
{
	return outbox_letter_make(letter, recipient, sender, message, length,
	    at, (int64_t)time(NULL));
}

void
outbox_letter_free(struct outbox_letter *letter)
{
	if (letter == NULL)
		return;
	free(letter->bytes);
	free(letter);
}

/* ---- edits ---- */

static int
add_letter(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	const struct outbox_letter *letter = arg;

	if (old->bytes != NULL)
		return EEXIST;
	fresh->bytes = letter->bytes;
	fresh->length = strlen(letter->bytes);
	fresh->until = INT64_MAX;
	return 0;
}

static int
add_replied(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	const struct outbox_letter *letter = arg;

	if (old->bytes != NULL && old->until > letter->at)
		return EEXIST;
	fresh->bytes = "1";
	fresh->length = 1;
	fresh->until = letter->at + OUTBOX_ONCE_S;
	return 0;
}

int
outbox_letter_note(struct usher_notes *notes, struct outbox_letter *letter,
    struct usher_error *error)
{
	int code = usher_notes_record(notes, USHER_RECORD_REPLIED,
	    letter->replied, add_replied, letter, error);

	if (code != 0)
		return code;
	return usher_notes_record(notes, USHER_RECORD_OUTBOX, letter->key,
	    add_letter, letter, error);
}

static int
remove_letter(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	(void)arg;
	(void)old;
	fresh->bytes = NULL;
	return 0;
}

int
outbox_letter_withdraw(struct usher_notes *notes,
    const struct outbox_letter *letter, struct usher_error *error)
{
	return usher_notes_record(notes, USHER_RECORD_OUTBOX, letter->key,
	    remove_letter, NULL, error);
}

int
outbox_change(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	const struct outbox_change *change = arg;

	if (old->bytes == NULL || old->length != change->was_length ||
	    memcmp(old->bytes, change->was, old->length) != 0)
		return ECANCELED;
	fresh->bytes = change->fresh;
	fresh->length = change->fresh == NULL ? 0 : strlen(change->fresh);
	fresh->until = INT64_MAX;
	return 0;
}
