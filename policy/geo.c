/*
 * geo: see geo.h. The databases of GeoLite2 and GeoIP2, and all that name
 * their values like those do.
 *
 * Look-ups read a mapped file and allocate nothing; one geo serves all
 * threads. What libmaxminddb finds wrong in a look-up is "not known".
 */
#include "geo.h"

#include <errno.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

struct base {
	bool open;
	MMDB_s mmdb;
};

struct geo {
	struct base country, network;
};

static int
open_base(struct base *base, const char *path, const char *what,
    struct usher_error *error)
{
	int status, cause;

	if (path == NULL || path[0] == '\0')
		return 0;
	status = MMDB_open(path, MMDB_MODE_MMAP, &base->mmdb);
	cause = errno;
	if (status == MMDB_SUCCESS) {
		base->open = true;
		return 0;
	}
	if (status == MMDB_OUT_OF_MEMORY_ERROR)
		return usher_error_set(error, ENOMEM, "%s: out of memory",
		    path);
	if (status == MMDB_FILE_OPEN_ERROR || status == MMDB_IO_ERROR)
		return usher_error_set(error, cause != 0 ? cause : EIO,
		    "the %s database %s cannot be read: %s", what, path,
		    strerror(cause != 0 ? cause : EIO));
	return usher_error_set(error, EINVAL,
	    "%s is no sound %s database (%s): fetch it again", path, what,
	    MMDB_strerror(status));
}

int
usher_geo_open(struct geo **geo, const char *country_path,
    const char *network_path, struct usher_error *error)
{
	struct geo *made = calloc(1, sizeof(*made));
	int result;

	*geo = NULL;
	if (made == NULL)
		return usher_error_set(error, ENOMEM, "out of memory");
	result = open_base(&made->country, country_path, "country", error);
	if (result == 0)
		result = open_base(&made->network, network_path, "network",
		    error);
	if (result != 0) {
		usher_geo_close(made);
		return result;
	}
	*geo = made;
	return 0;
}

void
usher_geo_close(struct geo *geo)
{
	if (geo == NULL)
		return;
	if (geo->country.open)
		MMDB_close(&geo->country.mmdb);
	if (geo->network.open)
		MMDB_close(&geo->network.mmdb);
	free(geo);
}

/* The IPv4 client behind ::ffff:a.b.c.d, as databases may lack that alias. */
static const struct sockaddr *
unmapped(const struct sockaddr *address, struct sockaddr_in *v4)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;

	if (address->sa_family != AF_INET6 ||
	    !IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
		return address;
	memset(v4, 0, sizeof(*v4));
	v4->sin_family = AF_INET;
	memcpy(&v4->sin_addr, v6->sin6_addr.s6_addr + 12, 4);
	return (const struct sockaddr *)v4;
}

static bool
find(const struct base *base, const struct sockaddr *address,
    MMDB_lookup_result_s *found)
{
	struct sockaddr_in v4;
	int status;

	if (!base->open || address == NULL ||
	    (address->sa_family != AF_INET && address->sa_family != AF_INET6))
		return false;
	*found = MMDB_lookup_sockaddr(&base->mmdb, unmapped(address, &v4),
	    &status);
	return status == MMDB_SUCCESS && found->found_entry;
}

static bool
read_code(MMDB_lookup_result_s *found, const char *group, char out[3])
{
	MMDB_entry_data_s data;

	if (MMDB_get_value(&found->entry, &data, group, "iso_code", NULL) !=
		MMDB_SUCCESS ||
	    !data.has_data || data.type != MMDB_DATA_TYPE_UTF8_STRING ||
	    data.data_size != 2)
		return false;
	for (int i = 0; i < 2; i++)
		if (data.utf8_string[i] < 'A' || data.utf8_string[i] > 'Z')
			return false;
	memcpy(out, data.utf8_string, 2);
	out[2] = '\0';
	return true;
}

bool
usher_geo_country(const struct geo *geo, const struct sockaddr *address,
    char out[3])
{
	MMDB_lookup_result_s found;

	return geo != NULL && find(&geo->country, address, &found) &&
	    (read_code(&found, "country", out) ||
		read_code(&found, "registered_country", out));
}

uint32_t
usher_geo_network(const struct geo *geo, const struct sockaddr *address)
{
	MMDB_lookup_result_s found;
	MMDB_entry_data_s data;

	if (geo == NULL || !find(&geo->network, address, &found) ||
	    MMDB_get_value(&found.entry, &data, "autonomous_system_number",
		NULL) != MMDB_SUCCESS ||
	    !data.has_data)
		return 0;
	switch (data.type) {
	case MMDB_DATA_TYPE_UINT16: return data.uint16;
	case MMDB_DATA_TYPE_UINT32: return data.uint32;
	default: return 0;
	}
}
