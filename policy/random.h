/*
 * random: bytes nobody can guess, for names: references, promises, letters.
 *
 * From the system in portions, because asking it for each name cost a refused
 * call a thirtieth of its time. Keys and secrets are asked of the system
 * itself: what was handed out here may have lain in memory for a while.
 */
#ifndef USHER_RANDOM_H
#define USHER_RANDOM_H

#include <stddef.h>

/* size: at most 64. Zeros when the system has none to give. */
void usher_random_bytes(void *out, size_t size);

#endif
