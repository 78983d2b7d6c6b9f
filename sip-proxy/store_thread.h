/*
 * store_thread.h - the thread that waits on the store, so that the loop never
 * does.
 *
 * Jobs are done in their order by one thread, and their end is told on the
 * loop. Whoever waits for a job has a time limit of his own: when it is over he
 * lets the job go and leaves it to free itself (design-calls.md "Next hops":
 * the loop neither commits nor faults).
 */
#ifndef USHER_SIP_STORE_THREAD_H
#define USHER_SIP_STORE_THREAD_H

#include <stdbool.h>

struct event_base;
struct store_thread;

struct store_job {
	struct store_job *next; /* the thread's own */
	/* In the thread; NULL: nothing is to be done there. */
	void (*work)(struct store_job *job);
	/* On the loop, once; frees the job. `late`: the loop has ended, and it
	 * does nothing else; in any thread, if the job was expected. */
	void (*done)(struct store_job *job, bool late);
};

/* NULL: no memory, or no thread. */
struct store_thread *store_thread_new(struct event_base *base);
/* False when too many wait already: the job is still the caller's. */
bool store_thread_ask(struct store_thread *thread, struct store_job *job);
/*
 * What another thread does and will tell: between the two calls the store
 * thread's struct lives on. Tell from any thread; work is not called.
 */
void store_thread_expect(struct store_thread *thread);
void store_thread_tell(struct store_thread *thread, struct store_job *job);
/* What was expected and will not come. */
void store_thread_forget(struct store_thread *thread);
/*
 * What is being written of a part of the memory (any number): between begin
 * and end, which may come from any thread, who asks about that part waits.
 */
void store_thread_write_begins(struct store_thread *thread, unsigned part);
void store_thread_write_ends(struct store_thread *thread, unsigned part);
bool store_thread_is_writing(struct store_thread *thread, unsigned part);
/*
 * Does what was asked for, and ends, all jobs late. False: it hangs on the
 * store, and is left behind with all it looks at, which must stay.
 */
bool store_thread_free(struct store_thread *thread);

#endif
