/*
 * stage: how far a recipient has come with a party, as records (design.md §1,
 * §4 `stage`): what `usher relate` writes (notes_stage.c), and memory_read.c
 * reads.
 *
 * A record for each recipient and party, as `known` has it: the organization,
 * else the address or number. It lasts until it is removed.
 */
#ifndef USHER_STAGE_H
#define USHER_STAGE_H

#include "facts.h"
#include "memory.h"
#include "record_key.h"

enum { MOST_STAGES = 16 };

struct stage_list {
	size_t count;
	const char *stages[MOST_STAGES];
};

/* Strings are put into the arena. EILSEQ, ENOMEM: empty. */
int usher_stage_unpack(struct arena *arena,
    const struct usher_record_value *value, struct stage_list *list);
void usher_stage_pack(const struct stage_list *list, struct buffer *buffer);

/* Fills the stages of whoever is claimed and proven; in the arena. */
int usher_stage_read(struct record_view *view, struct arena *arena,
    const char *recipient, const struct usher_facts *facts,
    struct usher_memory *memory, struct usher_error *error);

#endif
