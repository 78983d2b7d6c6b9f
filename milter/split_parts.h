/*
 * split_parts: what split.c and split_begin.c share.
 */
#ifndef USHER_MILTER_SPLIT_PARTS_H
#define USHER_MILTER_SPLIT_PARTS_H

#include "split.h"

/* Sorted, and each once: what is sent twice to one is answered once. */
void split_sort(struct split_try *try);
void split_sort_members(struct split *split);
struct split_member *split_member_of(const struct split *split,
    const char *who);
/* Whether all that are remembered came with this try. */
bool split_is_whole(const struct split *split, const struct split_try *try);
void split_forget(struct split *split);

#endif
