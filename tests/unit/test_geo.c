/*
 * Geography: country and network of clients, over databases written here.
 * With USHER_DATA naming a folder that holds MaxMind's test data in mmdb/,
 * those are asked too; without it that test says that it was skipped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "error.h"
#include "geo.h"
#include "mmdb.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void
write_file(const char *path, const char *data, size_t length)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

struct folder {
	char path[64], country[80], network[80], bad[80];
	struct buffer bytes; /* of the country database */
};

static const struct mmdb_entry countries[] = {
	{ "192.0.2.0", 24, "JP" }, { "198.51.100.0", 25, "GB" },
	{ "198.51.100.128", 25, "/FR" }, { "203.0.113.7", 32, "US" },
	{ "2001:db8::", 32, "DE" }, { "2001:db9::1", 128, "SE" },
	{ "10.0.0.0", 24, "jp" }, { "10.0.1.0", 24, "JPN" },
	{ "10.0.2.0", 24, "AS1" },
}, networks[] = {
	{ "192.0.2.0", 24, "AS64500" }, { "2001:db8::", 32, "AS4200000001" },
	{ "198.51.100.0", 24, "JP" },
};

static void
write_database(const char *path, const struct mmdb_entry *entries, size_t count,
    struct buffer *bytes)
{
	struct buffer out = { 0 };

	mmdb_make(entries, count, &out);
	write_file(path, out.data, out.length);
	if (bytes != NULL)
		*bytes = out;
	else
		usher_buffer_free(&out);
}

static int
setup(void **state)
{
	struct folder *folder = calloc(1, sizeof(*folder));
	const char *base = getenv("TMPDIR");

	if (base == NULL || strlen(base) > 40)
		base = "/tmp";
	snprintf(folder->path, sizeof(folder->path), "%s/usher-geo-XXXXXX",
	    base);
	if (mkdtemp(folder->path) == NULL)
		return -1;
	snprintf(folder->country, sizeof(folder->country), "%s/c.mmdb",
	    folder->path);
	snprintf(folder->network, sizeof(folder->network), "%s/n.mmdb",
	    folder->path);
	snprintf(folder->bad, sizeof(folder->bad), "%s/bad.mmdb", folder->path);
	write_database(folder->country, countries, COUNT(countries),
	    &folder->bytes);
	write_database(folder->network, networks, COUNT(networks), NULL);
	*state = folder;
	return 0;
}

static int
teardown(void **state)
{
	struct folder *folder = *state;

	unlink(folder->country);
	unlink(folder->network);
	unlink(folder->bad);
	rmdir(folder->path);
	usher_buffer_free(&folder->bytes);
	free(folder);
	return 0;
}

static struct sockaddr_storage
client(const char *text)
{
	struct sockaddr_storage storage = { 0 };

	if (inet_pton(AF_INET, text,
		&((struct sockaddr_in *)&storage)->sin_addr) == 1) {
		storage.ss_family = AF_INET;
		return storage;
	}
	assert_int_equal(inet_pton(AF_INET6, text,
			     &((struct sockaddr_in6 *)&storage)->sin6_addr),
	    1);
	storage.ss_family = AF_INET6;
	return storage;
}

static const char *
country(const struct geo *geo, const char *address, char out[3])
{
	struct sockaddr_storage from = client(address);

	return usher_geo_country(geo, (const struct sockaddr *)&from, out)
	    ? out
	    : NULL;
}

static uint32_t
network(const struct geo *geo, const char *address)
{
	struct sockaddr_storage from = client(address);

	return usher_geo_network(geo, (const struct sockaddr *)&from);
}

static void
clients_have_a_country(void **state)
{
	static const struct {
		const char *address, *country;
	} table[] = {
		{ "192.0.2.0", "JP" },
		{ "192.0.2.255", "JP" },
		{ "192.0.3.0", NULL },
		{ "198.51.100.127", "GB" },
		{ "198.51.100.128", "FR" }, /* registered there */
		{ "203.0.113.7", "US" },
		{ "203.0.113.8", NULL },
		{ "::ffff:192.0.2.1", "JP" },
		{ "2001:db8::1", "DE" },
		{ "2001:db9::1", "SE" },
		{ "2001:db9::2", NULL },
		{ "127.0.0.1", NULL },
		{ "255.255.255.255", NULL },
		{ "10.0.1.1", "ZZ" }, /* no code: where it is registered */
		{ "10.0.0.1", "ZZ" },
		{ "10.0.2.1", NULL },
	};
	struct folder *folder = *state;
	struct geo *geo;
	char out[3];

	assert_int_equal(usher_geo_open(&geo, folder->country, "", NULL), 0);
	for (size_t i = 0; i < COUNT(table); i++) {
		const char *found = country(geo, table[i].address, out);

		if (table[i].country == NULL)
			assert_null(found);
		else if (found == NULL)
			fail_msg("%s has none", table[i].address);
		else
			assert_string_equal(found, table[i].country);
		assert_int_equal(network(geo, table[i].address), 0);
	}
	usher_geo_close(geo);
}

static void
clients_have_a_network(void **state)
{
	struct folder *folder = *state;
	struct geo *geo;
	char out[3];

	assert_int_equal(usher_geo_open(&geo, NULL, folder->network, NULL), 0);
	assert_int_equal(network(geo, "192.0.2.77"), 64500);
	assert_int_equal(network(geo, "::ffff:192.0.2.77"), 64500);
	assert_int_equal(network(geo, "2001:db8:1::"), 4200000001);
	assert_int_equal(network(geo, "192.0.3.1"), 0);
	assert_int_equal(network(geo, "198.51.100.1"), 0);
	assert_null(country(geo, "192.0.2.77", out));
	usher_geo_close(geo);
}

static void
without_databases_nothing_is_known(void **state)
{
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	struct folder *folder = *state;
	struct geo *geo;
	char out[3];

	assert_int_equal(usher_geo_open(&geo, NULL, "", NULL), 0);
	assert_null(country(geo, "192.0.2.1", out));
	assert_int_equal(network(geo, "192.0.2.1"), 0);
	usher_geo_close(geo);
	assert_null(country(NULL, "192.0.2.1", out));
	assert_int_equal(network(NULL, "192.0.2.1"), 0);
	usher_geo_close(NULL);
	assert_int_equal(usher_geo_open(&geo, folder->country, folder->network,
			     NULL),
	    0);
	assert_false(
	    usher_geo_country(geo, (const struct sockaddr *)&local, out));
	assert_int_equal(usher_geo_network(geo, NULL), 0);
	usher_geo_close(geo);
}

static void
a_database_that_cannot_be_opened_is_named(void **state)
{
	struct folder *folder = *state;
	struct usher_error error = { 0 };
	struct geo *geo;

	assert_int_equal(usher_geo_open(&geo, "/nonexistent/c.mmdb", NULL,
			     &error),
	    ENOENT);
	assert_non_null(strstr(error.text, "/nonexistent/c.mmdb"));
	assert_null(geo);
	write_file(folder->bad, "no database", 11);
	assert_int_equal(usher_geo_open(&geo, folder->country, folder->bad,
			     &error),
	    EINVAL);
	assert_non_null(strstr(error.text, folder->bad));
	assert_null(geo);
	write_file(folder->bad, "", 0);
	assert_int_not_equal(usher_geo_open(&geo, folder->bad, NULL, &error),
	    0);
	assert_int_not_equal(usher_geo_open(&geo, folder->path, NULL, NULL), 0);
}

/* Asks for many clients; only that it comes back is of interest. */
static void
ask(const char *path)
{
	static const char *const clients[] = { "0.0.0.0", "1.1.1.1", "10.0.0.1",
		"192.0.2.1", "198.51.100.200", "255.255.255.255",
		"::", "2001:db8::1", "ffff::" };
	struct geo *geo;
	char out[3];

	if (usher_geo_open(&geo, path, path, NULL) != 0)
		return;
	for (size_t i = 0; i < COUNT(clients); i++) {
		country(geo, clients[i], out);
		network(geo, clients[i]);
	}
	usher_geo_close(geo);
}

/* Each byte once wrong, each length once short. */
static void
corrupt_databases_do_no_harm(void **state)
{
	struct folder *folder = *state;
	struct buffer *bytes = &folder->bytes;

	for (size_t i = 0; i < bytes->length; i++) {
		char old = bytes->data[i];

		/* Most of the tree is alike. */
		if (i < bytes->length / 2 && i % 31 != 0)
			continue;
		bytes->data[i] = (char)(old ^ (1 << i % 8));
		write_file(folder->bad, bytes->data, bytes->length);
		ask(folder->bad);
		bytes->data[i] = (char)~old;
		write_file(folder->bad, bytes->data, bytes->length);
		ask(folder->bad);
		bytes->data[i] = old;
		write_file(folder->bad, bytes->data, i);
		ask(folder->bad);
	}
}

/* ---- MaxMind's own ---- */

static void
maxminds_test_data_is_read(const char *folder)
{
	char c[512], n[512], out[3];
	struct geo *geo;

	snprintf(c, sizeof(c), "%s/mmdb/test-data/GeoLite2-Country-Test.mmdb",
	    folder);
	snprintf(n, sizeof(n), "%s/mmdb/test-data/GeoLite2-ASN-Test.mmdb",
	    folder);
	assert_int_equal(usher_geo_open(&geo, c, n, NULL), 0);
	assert_string_equal(country(geo, "2001:218::1", out), "JP");
	assert_string_equal(country(geo, "2.125.160.216", out), "GB");
	assert_string_equal(country(geo, "81.2.69.142", out), "GB");
	assert_int_equal(network(geo, "1.128.0.1"), 1221);
	assert_int_equal(network(geo, "127.0.0.1"), 0);
	usher_geo_close(geo);
}

static void
foreign_databases_do_no_harm(void **state)
{
	static const char *const parts[] = { "bad", "test-data" };
	const char *folder = getenv("USHER_DATA");

	(void)state;
	if (folder == NULL) {
		print_message("USHER_DATA is not set: MaxMind's test data "
			      "is not asked\n");
		skip();
	}
	maxminds_test_data_is_read(folder);
	for (size_t i = 0; i < COUNT(parts); i++) {
		char path[1024];
		struct dirent *entry;
		DIR *directory;

		snprintf(path, sizeof(path), "%s/mmdb/%s", folder, parts[i]);
		directory = opendir(path);
		assert_non_null(directory);
		while ((entry = readdir(directory)) != NULL) {
			snprintf(path, sizeof(path), "%s/mmdb/%s/%s", folder,
			    parts[i], entry->d_name);
			ask(path);
		}
		closedir(directory);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clients_have_a_country),
		cmocka_unit_test(clients_have_a_network),
		cmocka_unit_test(without_databases_nothing_is_known),
		cmocka_unit_test(a_database_that_cannot_be_opened_is_named),
		cmocka_unit_test(corrupt_databases_do_no_harm),
		cmocka_unit_test(foreign_databases_do_no_harm),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
