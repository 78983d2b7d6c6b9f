/*
 * brief: fewer of many like cases where each is slow. The runner sets
 * $USHER_BRIEF under valgrind; every build runs all of them without it.
 */
#ifndef BRIEF_H
#define BRIEF_H

#include <stdlib.h>

/* One case in so many is enough now. */
static inline int
brief(void)
{
	return getenv("USHER_BRIEF") != NULL ? 20 : 1;
}

#endif
