/*
 * background: the start of a daemon that its starter waits for.
 */
#ifndef USHER_MILTER_BACKGROUND_H
#define USHER_MILTER_BACKGROUND_H

/* Exit codes of design.md §10. */
enum { EXIT_USAGE = 2, EXIT_SYSTEM = 3 };

/*
 * -1: this is the daemon, and *ready its pipe to whoever waits; else the
 * starter, and what it exits with.
 */
int background_go(int *ready);
/* Leaves the terminal and lets the starter go. */
void background_ready(int ready);

#endif
