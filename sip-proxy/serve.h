/*
 * serve.h - the loop of usher-sip, and what signals do to it.
 */
#ifndef USHER_SIP_SERVE_H
#define USHER_SIP_SERVE_H

#include "proxy.h"

struct service;

/* For a proxy that has started. `file` is read again when it changes. NULL: no
 * memory, or signals cannot be watched. */
struct service *service_new(struct proxy *proxy, const char *file);
void service_free(struct service *service);
/* Until it is told to stop. */
void service_run(struct service *service);
/* Problems of a configuration, a line each. */
void service_tell(const struct log *log, const struct usher_problems *problems);

#endif
