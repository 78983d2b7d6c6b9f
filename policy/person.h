/*
 * person: all that is kept of one person, for `usher export` and `usher
 * forget` (usher_report.h).
 *
 * person.c has a table of what each kind of record names whom by, and says
 * which records speak of a person; person_json.c tells them; person_all.c goes
 * through the store and removes. A new kind of record is one line of the
 * table, and a case where names stand in its bytes.
 */
#ifndef USHER_PERSON_H
#define USHER_PERSON_H

#include "record_key.h"
#include "usher_handle.h"

/* Whom it is about, in all the names they have here; NULL: none such. */
struct person {
	const char *recipient;	/* as whom they are remembered */
	uint64_t standing_hash; /* of that name */
	const char *party;	/* as known: an address, a number, a domain */
	const char *address;	/* this very one */
	const char *domain;	/* everybody there and below */
};

enum { PERSON_PARTS = 3 };

/* How names stand in a record's bytes. */
enum person_value {
	VALUE_NAMELESS,
	VALUE_TEXT, /* somewhere, as text */
	VALUE_PROMISES,
	VALUE_LINK,
	VALUE_CODE,
	VALUE_STAGES,
	VALUE_STANDING,
	VALUE_TALLY
};

struct person_kind {
	unsigned char kind;
	const char *word;
	/* What the parts of its key are, in their order; or NULL. */
	const char *parts[PERSON_PARTS];
	enum person_value value;
	bool stays; /* is told, and is not ours to remove */
};
extern const struct person_kind usher_person_kinds[];
extern const size_t usher_person_kind_count;

/* A record as it is seen. */
struct person_record {
	const struct person_kind *kind;
	const char
	    *parts[PERSON_PARTS]; /* of its key; "" where there is none */
	struct usher_record_value value;
};
struct person_record usher_person_record(struct arena *arena,
    const struct person_kind *kind, const char *key, size_t length,
    const struct usher_record_value *value);

enum person_has { HAS_NOTHING, HAS_PART, HAS_ALL };
/* Whether a record is about the person; part: among others. */
enum person_has usher_person_has(const struct person *person,
    struct arena *arena, const struct person_record *record);
/* What is left of a record without them; HAS_PART alone. ENOMEM, EILSEQ. */
int usher_person_without(const struct person *person, struct arena *arena,
    const struct person_record *record, struct buffer *buffer, bool *any);
/* Whether a name is one of theirs. */
bool usher_person_is(const struct person *person, const char *name);

/* person_json.c: one object, to be freed; NULL: no memory. */
char *usher_person_json(const struct person *person, struct arena *arena,
    const struct person_record *record);

#endif
