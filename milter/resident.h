/*
 * resident: memory that the start alone needed, given back: see resident.c.
 */
#ifndef USHER_MILTER_RESIDENT_H
#define USHER_MILTER_RESIDENT_H

/* Once all that reads at length is done, and before the service begins. */
void resident_started(void);

#endif
