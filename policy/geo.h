/*
 * geo: country and network of a client address, by libmaxminddb.
 *
 * Databases are opened once and kept as long as the configuration that named
 * them. A database that is missing, corrupt or lacks an entry answers "not
 * known"; opening a bad one is an error with its file name.
 */
#ifndef USHER_GEO_H
#define USHER_GEO_H

#include <stdint.h>
#include <sys/socket.h>

struct usher_error;
struct geo;

/* Either path may be NULL or "". */
int usher_geo_open(struct geo **geo, const char *country_path,
    const char *network_path, struct usher_error *error);
void usher_geo_close(struct geo *geo);

/* ISO 3166 alpha-2 in `out`; false when not known. geo may be NULL. */
_Bool usher_geo_country(const struct geo *geo, const struct sockaddr *address,
    char out[3]);
/* Autonomous system number, or 0 when not known. */
uint32_t usher_geo_network(const struct geo *geo,
    const struct sockaddr *address);

#endif
