/*
 * Networks in CIDR and the clients they hold.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "address.h"
#include "error.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static struct sockaddr_storage
client(const char *text)
{
	struct sockaddr_storage storage = { 0 };
	struct sockaddr_in *v4 = (struct sockaddr_in *)&storage;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&storage;

	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		storage.ss_family = AF_INET;
		return storage;
	}
	assert_int_equal(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
	storage.ss_family = AF_INET6;
	return storage;
}

static void
a_network_holds_its_clients(void **state)
{
	static const struct {
		const char *network, *client;
		bool holds;
	} table[] = {
		{ "192.0.2.0/24", "192.0.2.255", true },
		{ "192.0.2.0/24", "192.0.3.0", false },
		{ "192.0.2.0/23", "192.0.3.255", true },
		{ "192.0.2.128/25", "192.0.2.127", false },
		{ "192.0.2.4/30", "192.0.2.7", true },
		{ "192.0.2.4/30", "192.0.2.8", false },
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "0.0.0.0/0", "255.255.255.255", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "0.0.0.0/0", "::ffff:10.0.0.1", true },
		{ "127.0.0.0/8", "::ffff:127.1.2.3", true },
		{ "::ffff:192.0.2.0/120", "192.0.2.9", true },
		{ "::ffff:192.0.2.1", "192.0.2.1", true },
		{ "::ffff:192.0.2.1", "::ffff:192.0.2.1", true },
		{ "2001:db8::/32", "2001:db8:ffff::1", true },
		{ "2001:db8::/32", "2001:db9::1", false },
		{ "2001:db8::/33", "2001:db8:8000::1", false },
		{ "2001:DB8::1", "2001:db8::1", true },
		{ "::1", "::1", true },
		{ "::1", "127.0.0.1", false },
		{ "::/0", "2001:db8::1", true },
		{ "::/0", "192.0.2.1", false },
		{ "::/0", "::ffff:192.0.2.1", false },
		{ "fe80::/10", "febf::1", true },
		{ "fe80::/10", "fec0::1", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct sockaddr_storage from = client(table[i].client);
		struct network network;
		struct usher_error error = { 0 };

		if (usher_network_parse(table[i].network, &network, &error) !=
		    0)
			fail_msg("%s", error.text);
		if (usher_network_holds(&network,
			(const struct sockaddr *)&from) != table[i].holds)
			fail_msg("%s and %s", table[i].network,
			    table[i].client);
	}
}

static void
only_ip_clients_are_held(void **state)
{
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	struct network network;

	(void)state;
	assert_int_equal(usher_network_parse("0.0.0.0/0", &network, NULL), 0);
	assert_false(
	    usher_network_holds(&network, (const struct sockaddr *)&local));
	assert_false(usher_network_holds(&network, NULL));
}

static void
host_bits_are_an_error_that_names_the_network(void **state)
{
	static const struct {
		const char *text, *right;
	} table[] = {
		{ "192.0.2.1/24", "192.0.2.0/24" },
		{ "192.0.2.255/25", "192.0.2.128/25" },
		{ "10.1.2.3/0", "0.0.0.0/0" },
		{ "2001:db8::1/32", "2001:db8::/32" },
		{ "::ffff:192.0.2.1/120", "192.0.2.0/24" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct usher_error error = { 0 };
		struct network network;

		assert_int_equal(usher_network_parse(table[i].text, &network,
				     &error),
		    EINVAL);
		assert_non_null(strstr(error.text, table[i].right));
	}
}

static void
what_is_no_network_is_refused(void **state)
{
	static const char *const table[] = {
		"",
		"/",
		"/24",
		"192.0.2.0/",
		"192.0.2.0/33",
		"192.0.2.0/-1",
		"192.0.2.0/+8",
		"192.0.2.0/024",
		"192.0.2.0/8 ",
		" 10.0.0.0",
		"192.0.2.0/24/24",
		"192.0.2",
		"192.0.2.0.1",
		"192.0.2.256",
		"192.0.2.0/4294967304",
		"example.com",
		"[::1]",
		"::1%lo",
		"::/129",
		"2001:db8::/",
		":::",
		"::ffff:192.0.2.0/90",
		"::ffff:0:0/0",
		"1",
		"1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct usher_error error = { 0 };
		struct network network;

		if (usher_network_parse(table[i], &network, &error) != EINVAL)
			fail_msg("%s", table[i]);
		assert_true(strlen(error.text) > 20);
		assert_int_equal(usher_network_parse(table[i], &network, NULL),
		    EINVAL);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_network_holds_its_clients),
		cmocka_unit_test(only_ip_clients_are_held),
		cmocka_unit_test(host_bits_are_an_error_that_names_the_network),
		cmocka_unit_test(what_is_no_network_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
