/*
 * ahead: to be preloaded; time(2) is $AHEAD seconds ahead of the clock. For
 * tests of what a daemon does by the system's clock alone: its waits must stay
 * what they are, which libfaketime does not grant to condition variables.
 */
#include <stdlib.h>
#include <time.h>

time_t
time(time_t *out)
{
	const char *ahead = getenv("AHEAD");
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (ahead != NULL)
		now.tv_sec += atol(ahead);
	if (out != NULL)
		*out = now.tv_sec;
	return now.tv_sec;
}
