/*
 * beat.h - the sign of life of usher-sip, for `usher status`.
 */
#ifndef USHER_SIP_BEAT_H
#define USHER_SIP_BEAT_H

#include <stdint.h>

struct proxy;

/* Sends it and never waits; `start` and `now` are the system's clock's. */
void beat_send(struct proxy *proxy, int64_t start, int64_t now);
/* The program ends well: takes it away, within two seconds. */
void beat_end(struct proxy *proxy);

#endif
