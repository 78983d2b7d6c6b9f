/*
 * record_wait: until when somebody waits for a commit of record_commit.c, and
 * what he hears who waited in vain.
 */
#include <errno.h>

#include "error.h"
#include "record.h"

struct timespec
usher_record_in_ms(int wait_ms)
{
	struct timespec at;

	(void)clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += wait_ms / 1000;
	at.tv_nsec += (long)(wait_ms % 1000) * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_nsec -= 1000000000;
		at.tv_sec++;
	}
	return at;
}

int
usher_record_not_written(int code, int wait_ms, struct usher_error *error)
{
	return usher_error_set(error, code,
	    "the memory was not free for writing within %d ms; does %s",
	    wait_ms,
	    code == EINPROGRESS ? "its disk stand still? It may yet be written"
				: "another process hold it?");
}
