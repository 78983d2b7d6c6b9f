/*
 * beat: the sign of life of usher-milter.
 */
#ifndef USHER_MILTER_BEAT_H
#define USHER_MILTER_BEAT_H

#include <stdbool.h>
#include <stdint.h>

struct milter;

struct beat {
	int64_t start, last;
};

void beat_begin(struct beat *beat, struct milter *milter);
/* Called about once a second; never waits. */
void beat_look(struct beat *beat, struct milter *milter);
/* The program ends well. */
void beat_end(struct beat *beat, struct milter *milter);

#endif
