/*
 * memory_place: a handle with a store in a site_place, and notes in a word or
 * two, for the tests of memory.
 */
#ifndef MEMORY_PLACE_H
#define MEMORY_PLACE_H

#include "site_place.h"

static inline struct usher *
open_memory(const struct place *place)
{
	struct usher_error error;
	struct usher *usher;

	if (usher_open(&usher, place->conf, USHER_STORE, NULL, &error) != 0) {
		(void)fprintf(stderr, "%s\n", error.text);
		abort();
	}
	return usher;
}

/* What an edit writes: `text`, or nothing when it is NULL. */
struct writing {
	const char *text;
	int64_t until;
	int refuses;
};

static inline int
write_text(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	const struct writing *writing = arg;

	(void)old;
	*fresh = (struct usher_record_value){ writing->text,
		writing->text == NULL ? 0 : strlen(writing->text),
		writing->until };
	return writing->refuses;
}

/* Notes one text under a key and commits; the commit's answer. */
static inline int
remember_within(struct usher *usher, const char *key, const char *text,
    int64_t until, int wait_ms)
{
	struct writing writing = { text, until, 0 };
	struct usher_error error = { .text = "" };
	struct usher_notes *notes;
	int code = usher_notes_new(usher, &notes, &error);

	if (code == 0)
		code = usher_notes_record(notes, USHER_RECORD_OUTBOX, key,
		    write_text, &writing, &error);
	if (code == 0)
		code = usher_notes_commit(notes, wait_ms, &error);
	usher_notes_free(notes);
	return code;
}

static inline int
remember(struct usher *usher, const char *key, const char *text, int64_t until)
{
	return remember_within(usher, key, text, until, -1);
}

/* Whether a key holds this text at an instant; NULL: nothing. */
static inline bool
recalls(struct usher *usher, const char *key, int64_t at, const char *text)
{
	size_t length = 0;
	void *bytes = NULL;
	int code = usher_record_read(usher, USHER_RECORD_OUTBOX, key, at,
	    &bytes, &length, NULL);
	bool same = text == NULL ? code == ENOENT
				 : code == 0 && strcmp(bytes, text) == 0;

	free(bytes);
	return same;
}

/* So many long records of a letter, and whether they can be read; a code. */
static inline int
fill(struct usher *usher, char letter, int count)
{
	char key[16], *text = malloc(20000);
	int code = 0;

	memset(text, letter, 19999);
	text[19999] = '\0';
	for (int i = 0; code == 0 && i < count; i++) {
		(void)snprintf(key, sizeof(key), "%c%d", letter, i);
		code = remember(usher, key, text, INT64_MAX);
	}
	for (int i = 0; code == 0 && i < count; i++) {
		(void)snprintf(key, sizeof(key), "%c%d", letter, i);
		if (!recalls(usher, key, 0, text))
			code = ENOENT;
	}
	free(text);
	return code;
}

#endif
