/*
 * notify: tells a service manager how the program fares.
 */
#ifndef USHER_MILTER_NOTIFY_H
#define USHER_MILTER_NOTIFY_H

/* "READY=1", "STOPPING=1"; nothing where no manager asked for it. */
void notify_manager(const char *state);

#endif
