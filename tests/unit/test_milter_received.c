/*
 * Received fields: who handed a message over.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>

#include "received.h"

static const struct {
	const char *value;
	const char *client; /* NULL: none */
	const char *name, *helo;
} rows[] = {
	/* Postfix, Sendmail, Exim, Exchange, qmail */
	{ "from mail.x.example (mx.x.example [192.0.2.1])\r\n\tby here",
	    "192.0.2.1", "mx.x.example", "mail.x.example" },
	{ " from x (unknown [192.0.2.1]) by here", "192.0.2.1", "", "x" },
	{ "from x (mx.x.example [IPv6:2001:db8::1])\n\t(using TLSv1.3) by y",
	    "2001:db8::1", "mx.x.example", "x" },
	{ "from x (ident@mx.x.example [192.0.2.1] (may be forged)) by y",
	    "192.0.2.1", "mx.x.example", "x" },
	{ "from mx.x.example ([192.0.2.1] helo=x) by y", "192.0.2.1", "",
	    "mx.x.example" },
	{ "from x (y [192.0.2.1])\n\t(using TLSv1.3)\n\tby z ([192.0.2.9])",
	    "192.0.2.1", "y", "x" },
	{ "from MX.x.example (192.0.2.1) by y with Microsoft SMTP Server",
	    "192.0.2.1", "", "MX.x.example" },
	{ "from [198.51.100.1] (mx.x.example [192.0.2.1]) by y", "192.0.2.1",
	    "mx.x.example", "[198.51.100.1]" },
	{ "from x(198.51.100.1) (mx.x.example [192.0.2.1]) by y", "192.0.2.1",
	    "mx.x.example", "x(198.51.100.1)" },
	/* What only the client says, or nobody. */
	{ "from [198.51.100.1] by y", NULL, NULL, NULL },
	{ "from x(mx.x.example [198.51.100.1]) (y [192.0.2.1]) by z", NULL,
	    NULL, NULL },
	{ "from x (mx.x.example [198.51.100.1]) (y [192.0.2.1]) by z", NULL,
	    NULL, NULL },
	{ "from unknown (HELO [198.51.100.1]) (192.0.2.1) by y", NULL, NULL,
	    NULL },
	{ "from [192.0.2.1] (helo=[198.51.100.1]) by y", NULL, NULL, NULL },
	{ "from [192.0.2.1] (port=5 helo=[198.51.100.1]) by y", NULL, NULL,
	    NULL },
	{ "from x by y (z [192.0.2.1])", NULL, NULL, NULL },
	{ "by y with HTTP", NULL, NULL, NULL },
	{ "from", NULL, NULL, NULL },
	{ "fromage (x [192.0.2.1])", NULL, NULL, NULL },
	{ "from x (", NULL, NULL, NULL },
	{ "from x ([", NULL, NULL, NULL },
	{ "from x ([])", NULL, NULL, NULL },
	{ "from x (y [192.0.2.256])", NULL, NULL, NULL },
	{ "from x (y [192.0.2.1", NULL, NULL, NULL },
	{ "from x (y) (z [192.0.2.1]) by y", NULL, NULL, NULL },
	{ "", NULL, NULL, NULL },
};

static void
test_forms_of_servers(void **state)
{
	struct received received;
	char text[INET6_ADDRSTRLEN];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct sockaddr_storage *client = &received.client;
		const void *address =
		    &((struct sockaddr_in *)(void *)&received.client)->sin_addr;

		if (rows[i].client == NULL) {
			assert_false(received_read(rows[i].value, &received));
			continue;
		}
		assert_true(received_read(rows[i].value, &received));
		if (client->ss_family == AF_INET6)
			address = &(
			    (struct sockaddr_in6 *)(void *)&received.client)
				       ->sin6_addr;
		assert_non_null(
		    inet_ntop(client->ss_family, address, text, sizeof text));
		assert_string_equal(text, rows[i].client);
		assert_string_equal(received.name, rows[i].name);
		assert_string_equal(received.helo, rows[i].helo);
	}
}

static void
test_long_names_are_left_out(void **state)
{
	char value[2048] = "from ";
	struct received received;

	(void)state;
	memset(value + 5, 'x', 1000);
	strcpy(value + 1005, " (y [192.0.2.1]) by z");
	assert_true(received_read(value, &received));
	assert_string_equal(received.helo, "");
	assert_string_equal(received.name, "y");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms_of_servers),
		cmocka_unit_test(test_long_names_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
