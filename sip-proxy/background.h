/*
 * background.h - a daemon whose starter waits until it is ready.
 */
#ifndef USHER_SIP_BACKGROUND_H
#define USHER_SIP_BACKGROUND_H

/* Before anything is opened: a store may not be carried through a fork. In the
 * child -1, with the end of a pipe in *ready; in the parent its exit code. */
int background_go(int *ready);
/* Lets the parent go, and lets go of the terminal. */
void background_ready(int ready);

#endif
