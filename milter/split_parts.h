/*
 * split_parts: what split.c and split_begin.c share.
 */
#ifndef USHER_MILTER_SPLIT_PARTS_H
#define USHER_MILTER_SPLIT_PARTS_H

#include "split.h"

/* Sorted, and each once: what is sent twice to one is answered once. */
void split_sort(struct split_try *try);
void split_sort_members(struct split *split);
/* A recipient among the sorted names, or NULL. */
struct split_name *split_name_in(const struct split_try *try, const char *who);
/* A batch and its members go. */
void split_drop(struct split *split, size_t index);
/* The first turn that somebody is still waited for in; 0: none. */
unsigned split_least(const struct split *split, unsigned batch);

#endif
