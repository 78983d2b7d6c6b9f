/*
 * resident: memory that the start alone needed, given back: see resident.c.
 */
#ifndef USHER_MILTER_RESIDENT_H
#define USHER_MILTER_RESIDENT_H

#include "usher.h"

/*
 * Once all is read, and before the service begins: reads a mail of its own as
 * the first, and then gives back what nobody will look at again.
 */
void resident_started(struct usher_conf *conf);

#endif
