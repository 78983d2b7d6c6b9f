/*
 * network: CIDR networks of clients, see struct network in address.h.
 *
 * RFC 4632 and RFC 4291 texts. What an IPv6 socket shows of an IPv4 client
 * (::ffff:a.b.c.d) is that IPv4 client, in networks and in clients.
 */
#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "error.h"

enum { MAPPED_BITS = 96, LONGEST_TEXT = INET6_ADDRSTRLEN + 4 };

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

static bool
parse_length(const char *text, unsigned most, unsigned *length)
{
	unsigned value = 0;

	if (text[0] == '\0' || strlen(text) > 3 ||
	    (text[0] == '0' && text[1] != '\0'))
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (unsigned)(*text - '0');
	}
	*length = value;
	return value <= most;
}

static bool
clear_host_bits(struct network *network)
{
	bool any = false;

	for (unsigned bit = network->length; bit < network->family_bits;
	     bit++) {
		uint8_t mask = (uint8_t)(0x80 >> bit % 8);

		if ((network->address[bit / 8] & mask) == 0)
			continue;
		network->address[bit / 8] &= (uint8_t)~mask;
		any = true;
	}
	return any;
}

static void
print_network(const struct network *network, char text[LONGEST_TEXT])
{
	char address[INET6_ADDRSTRLEN];

	inet_ntop(network->family_bits == 32 ? AF_INET : AF_INET6,
	    network->address, address, sizeof(address));
	snprintf(text, LONGEST_TEXT, "%s/%u", address,
	    (unsigned)network->length);
}

/* IPv4 in IPv6 clothes becomes IPv4; false when it reaches beyond that. */
static bool
undress(struct network *network)
{
	if (network->family_bits != 128 ||
	    memcmp(network->address, mapped, sizeof(mapped)) != 0)
		return true;
	if (network->length < MAPPED_BITS)
		return false;
	memmove(network->address, network->address + sizeof(mapped), 4);
	memset(network->address + 4, 0, 12);
	network->family_bits = 32;
	network->length = (uint8_t)(network->length - MAPPED_BITS);
	return true;
}

static int
finish(const char *text, struct network *network, struct usher_error *error)
{
	char right[LONGEST_TEXT];

	if (!undress(network))
		return usher_error_set(error, EINVAL,
		    "\"%s\" is a network of IPv4 in IPv6 form and reaches "
		    "beyond it: write it as IPv4, as in 192.0.2.0/24",
		    text);
	if (clear_host_bits(network)) {
		print_network(network, right);
		return usher_error_set(error, EINVAL,
		    "\"%s\" has bits set behind its length: the network is "
		    "%s; for the one address leave the /%u out",
		    text, right, (unsigned)network->length);
	}
	return 0;
}

int
usher_network_parse(const char *text, struct network *network,
    struct usher_error *error)
{
	size_t length = strcspn(text, "/");
	char address[INET6_ADDRSTRLEN];
	unsigned bits;

	memset(network, 0, sizeof(*network));
	if (length >= sizeof(address))
		return usher_error_set(error, EINVAL,
		    "\"%.60s\" is no "
		    "network: write 192.0.2.0/24, 2001:db8::/32, or one "
		    "address",
		    text);
	memcpy(address, text, length);
	address[length] = '\0';
	if (inet_pton(AF_INET, address, network->address) == 1)
		network->family_bits = 32;
	else if (inet_pton(AF_INET6, address, network->address) == 1)
		network->family_bits = 128;
	else
		return usher_error_set(error, EINVAL,
		    "\"%.60s\" is no "
		    "network: write 192.0.2.0/24, 2001:db8::/32, or one "
		    "address",
		    text);
	bits = network->family_bits;
	if (text[length] == '/' &&
	    !parse_length(text + length + 1, bits, &bits))
		return usher_error_set(error, EINVAL,
		    "\"%.60s\" has no "
		    "length from 0 to %u behind the /",
		    text, (unsigned)network->family_bits);
	network->length = (uint8_t)bits;
	return finish(text, network, error);
}

/* The bytes of a client and how many bits they are; 0: no IP client. */
static unsigned
client_bytes(const struct sockaddr *client, const uint8_t **bytes)
{
	if (client == NULL)
		return 0;
	if (client->sa_family == AF_INET) {
		*bytes = (const uint8_t *)&((const struct sockaddr_in *)client)
			     ->sin_addr;
		return 32;
	}
	if (client->sa_family != AF_INET6)
		return 0;
	*bytes = ((const struct sockaddr_in6 *)client)->sin6_addr.s6_addr;
	if (memcmp(*bytes, mapped, sizeof(mapped)) != 0)
		return 128;
	*bytes += sizeof(mapped);
	return 32;
}

bool
usher_network_holds(const struct network *network,
    const struct sockaddr *address)
{
	const uint8_t *bytes = NULL;
	unsigned whole = network->length / 8, rest = network->length % 8;

	if (client_bytes(address, &bytes) != network->family_bits)
		return false;
	if (memcmp(network->address, bytes, whole) != 0)
		return false;
	return rest == 0 ||
	    ((network->address[whole] ^ bytes[whole]) >> (8 - rest)) == 0;
}
