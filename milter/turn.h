/*
 * turn: how many bodies are read at once.
 */
#ifndef USHER_MILTER_TURN_H
#define USHER_MILTER_TURN_H

#include <pthread.h>
#include <stdbool.h>

struct turns {
	pthread_mutex_t lock;
	pthread_cond_t given;
	unsigned free;
};

/* As many as keep the processors busy. */
void turns_begin(struct turns *turns);
/*
 * Waits for a turn, a second at most: then it goes on without, and what is
 * false need not be given back.
 */
bool turn_take(struct turns *turns);
void turn_give(struct turns *turns);

#endif
