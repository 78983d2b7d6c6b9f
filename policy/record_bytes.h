/*
 * record_bytes: numbers and strings as the bytes of a record, and back, the
 * same on every machine; for whatever keeps lists in memory.
 *
 * A byte for the form; then numbers in eight bytes, the lowest first, and
 * strings behind their length in two.
 */
#ifndef USHER_RECORD_BYTES_H
#define USHER_RECORD_BYTES_H

#include "arena.h"
#include "text.h"

struct record_reader {
	const unsigned char *at;
	size_t left;
	struct arena *arena; /* of the strings */
	bool wrong;
};

/* No bytes: nothing to read. Another form than `form` is wrong. */
struct record_reader usher_record_reader(struct arena *arena,
    const struct usher_record_value *value, char form);
/* 0 and "" where there are too few bytes, which is wrong. */
int64_t usher_record_get_number(struct record_reader *reader);
const char *usher_record_get_string(struct record_reader *reader);
/* EILSEQ when it was wrong or something is left; ENOMEM. */
int usher_record_read_end(const struct record_reader *reader);

void usher_record_put_form(struct buffer *buffer, char form);
void usher_record_put_number(struct buffer *buffer, int64_t number);
/* NULL is ""; longer than 65,535 bytes is cut. */
void usher_record_put_string(struct buffer *buffer, const char *string);

#endif
