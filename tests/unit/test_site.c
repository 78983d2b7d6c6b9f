/*
 * site: usher.conf into a snapshot: every key, every default, every error at
 * its line.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "error.h"
#include "evidence.h"
#include "policy.h"
#include "rule.h"
#include "site.h"
#include "zone.h"

struct place {
	char folder[64], conf[96];
	struct zones *zones;
	struct usher_problems *problems;
	struct usher_error error;
	struct usher_conf *read;
};

static void
write_file(const struct place *place, const char *name, const char *text)
{
	char path[128];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", place->folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	(void)fputs(text, file);
	(void)fclose(file);
}

static int
read_conf(struct place *place, const char *text)
{
	usher_conf_release(place->read);
	usher_problems_free(place->problems);
	place->problems = usher_problems_new();
	memset(&place->error, 0, sizeof(place->error));
	write_file(place, "usher.conf", text);
	return usher_conf_read(&place->read, place->zones, place->conf,
	    place->problems, &place->error);
}

static void
reads(struct place *place, const char *text)
{
	int code = read_conf(place, text);

	for (size_t i = 0; i < usher_problems_count(place->problems); i++)
		print_error("%u: %s\n",
		    usher_problems_get(place->problems, i)->line,
		    usher_problems_get(place->problems, i)->text);
	assert_int_equal(code, 0);
	assert_int_equal(usher_problems_count(place->problems), 0);
}

static int
set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	(void)strcpy(place->folder, "/tmp/test_site.XXXXXX");
	if (mkdtemp(place->folder) == NULL)
		return -1;
	(void)snprintf(place->conf, sizeof(place->conf), "%s/usher.conf",
	    place->folder);
	place->zones = usher_zones_new();
	*state = place;
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const names[] = { "usher.conf", "default.conf" };
	struct place *place = *state;
	char path[128];

	usher_conf_release(place->read);
	usher_problems_free(place->problems);
	usher_zones_free(place->zones);
	for (size_t i = 0; i < 2; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", place->folder,
		    names[i]);
		(void)unlink(path);
	}
	(void)rmdir(place->folder);
	free(place);
	return 0;
}

static struct sockaddr *
client(const char *address)
{
	static struct sockaddr_in6 v6;
	static struct sockaddr_in v4;

	v6.sin6_family = AF_INET6;
	v4.sin_family = AF_INET;
	if (inet_pton(AF_INET, address, &v4.sin_addr) == 1)
		return (struct sockaddr *)&v4;
	assert_int_equal(inet_pton(AF_INET6, address, &v6.sin6_addr), 1);
	return (struct sockaddr *)&v6;
}

static void
test_defaults(void **state)
{
	struct place *place = *state;
	const struct evidence *evidence, *again;
	const struct usher_conf *conf;

	reads(place, "");
	conf = place->read;
	assert_int_equal(conf->site.domain_count, 0);
	assert_string_equal(conf->site.timezone, "UTC");
	assert_int_equal(conf->site.mode, USHER_ENFORCE);
	assert_string_equal(conf->dialling.country_code, "");
	assert_string_equal(conf->dialling.international_prefix, "00");
	assert_string_equal(conf->dialling.national_prefix, "0");
	assert_true(usher_conf_internal(conf, client("127.0.0.9")));
	assert_true(usher_conf_internal(conf, client("::1")));
	assert_false(usher_conf_internal(conf, client("192.0.2.1")));
	assert_false(usher_conf_relay(conf, client("127.0.0.1")));
	assert_int_equal(conf->stage_count, 4);
	assert_string_equal(conf->store, "lmdb:/var/lib/usher");
	assert_int_equal(conf->source_count, 1);
	assert_int_equal(conf->sources[0][0], '/');
	assert_string_equal(strstr(conf->sources[0], "/preferences"),
	    "/preferences/*.conf");
	assert_string_equal(conf->site.page_url, "");
	assert_null(conf->fallback);
	assert_null(conf->geo);
	assert_non_null(conf->sip);
	assert_null(conf->evidence);
	assert_int_equal(usher_evidence_of(place->read, &evidence), 0);
	assert_non_null(evidence);
	assert_int_equal(usher_evidence_of(place->read, &again), 0);
	assert_ptr_equal(evidence, again);
	assert_non_null(conf->words);
}

static void
test_defaults_of_mail(void **state)
{
	struct place *place = *state;
	const struct usher_mail *mail;

	reads(place, "");
	mail = usher_conf_mail(place->read);
	assert_string_equal(mail->socket,
	    "unix:/var/spool/postfix/usher/milter.sock");
	assert_int_equal(mail->socket_mode, 0660);
	assert_string_equal(mail->socket_group, "postfix");
	assert_int_equal(mail->authserv_count, 0);
	assert_false(mail->authserv_stripped);
	assert_false(mail->trust_claimed);
	assert_false(mail->defer_hold);
	assert_false(mail->redirect_reply);
	assert_false(mail->mixed_aside);
	assert_string_equal(mail->aside, "");
	assert_int_equal(mail->patience_s, 79200);
	assert_int_equal(mail->hold_days, 5);
	assert_string_equal(mail->submit, "127.0.0.1:25");
	assert_string_equal(mail->from, "");
	assert_int_equal(mail->keep_headers, 65536);
	assert_int_equal(mail->keep_body, 1048576);
}

static void
test_no_file_is_all_defaults(void **state)
{
	struct place *place = *state;

	assert_int_equal(usher_conf_read(&place->read, place->zones, NULL, NULL,
			     NULL),
	    0);
	assert_string_equal(place->read->site.file, "");
	assert_string_equal(place->read->site.timezone, "UTC");
	assert_int_equal(place->read->mail.patience_s, 79200);
}

static void
test_every_key(void **state)
{
	struct place *place = *state;
	const struct usher_conf *conf;
	char path[128];

	reads(place,
	    "site = { domains = [ \"Example.COM\", \"b\xc3\xbc"
	    "cher.example\""
	    " ];\n timezone = \"Asia/Kolkata\"; country_code = \"1\";\n"
	    " internal = [ ]; stages = [ \"renewal\" ];\n"
	    " allow = [ \"*.Partner.example\" ];\n"
	    " topics = { storage = [ \"document storage\" ]; };\n"
	    " parties = { vendors = { organizations = [ \"a.example\" ]; };"
	    " };\n hours = { office = \"09:00-17:00\"; };\n"
	    " days = { holidays = [ \"07-04\" ]; };\n"
	    " before = ( { name = \"x\"; if = { party = \"vendors\"; };"
	    " then = \"accept\"; } );\n after = ( { then = \"refuse\"; } );"
	    " };\n"
	    "preferences = [ \"a/*.conf\", \"/b/c.conf\" ];\n"
	    "store = \"lmdb:data\"; mode = \"observe\";\n"
	    "page = { url = \"https://r.example.com/\"; directory = \"w\"; };"
	    "mail = { socket = \"inet:127.0.0.1:8899\"; socket_mode ="
	    " \"0600\"; socket_group = \"\"; authserv_ids = [ \"mx\" ];"
	    " authserv = \"stripped\"; trust = \"claimed\"; defer = \"hold\";"
	    " redirect = \"reply\"; mixed = \"aside\"; aside ="
	    " \"Aside@example.com\"; patience = \"2d\"; hold_days = 3;"
	    " relays = [ \"192.0.2.0/24\" ]; submit = \"[::1]:2525\";"
	    " from = \"usher@example.com\";"
	    " keep = { headers = 8192; body = 16384; }; };");
	conf = place->read;
	assert_string_equal(conf->site.domains[0], "example.com");
	assert_string_equal(conf->site.domains[1], "xn--bcher-kva.example");
	assert_string_equal(usher_zone_name(conf->zone), "Asia/Kolkata");
	assert_string_equal(conf->dialling.international_prefix, "011");
	assert_string_equal(conf->dialling.national_prefix, "1");
	assert_false(usher_conf_internal(conf, client("127.0.0.1")));
	assert_string_equal(conf->stages[4], "renewal");
	assert_string_equal(conf->site.allow[0], "*.partner.example");
	assert_int_equal(conf->scope->before_count, 1);
	assert_int_equal(conf->scope->after_count, 1);
	assert_string_equal(conf->scope->before[0].name, "before/x");
	assert_non_null(usher_scope_topic(conf->scope, "storage"));
	assert_non_null(usher_scope_party(conf->scope, "vendors"));
	assert_int_equal(conf->source_count, 2);
	(void)snprintf(path, sizeof(path), "%s/a/*.conf", place->folder);
	assert_string_equal(conf->sources[0], path);
	assert_string_equal(conf->sources[1], "/b/c.conf");
	(void)snprintf(path, sizeof(path), "lmdb:%s/data", place->folder);
	assert_string_equal(conf->store, path);
	assert_int_equal(conf->site.mode, USHER_OBSERVE);
	assert_string_equal(conf->site.page_url, "https://r.example.com");
	assert_string_equal(conf->mail.socket, "inet:8899@127.0.0.1");
	assert_int_equal(conf->mail.socket_mode, 0600);
	assert_true(conf->mail.authserv_stripped && conf->mail.trust_claimed &&
	    conf->mail.defer_hold && conf->mail.redirect_reply &&
	    conf->mail.mixed_aside);
	assert_string_equal(conf->mail.aside, "aside@example.com");
	assert_int_equal(conf->mail.patience_s, 172800);
	assert_int_equal(conf->mail.hold_days, 3);
	assert_true(usher_conf_relay(conf, client("192.0.2.7")));
	assert_string_equal(conf->mail.submit, "[::1]:2525");
	assert_int_equal(conf->mail.keep_headers, 8192);
	assert_int_equal(conf->mail.keep_body, 16384);
}

static const struct {
	const char *text, *says;
} wrongs[] = {
	{ "sit = { };", "sit: unknown key; did you mean `site`?" },
	{ "site = [ ];", "site: should be a group" },
	{ "mode = \"enforced\";", "did you mean \"enforce\"?" },
	{ "store = \"sqlite:x\";", "is no store" },
	{ "store = \"lmdb:\";", "is no store" },
	{ "store = \"redis://\";", "is no store" },
	{ "store = \"redis://h:99999/0\";", "is no store" },
	{ "store = \"redis://h:6379/x\";", "is no store" },
	{ "site = { domain = [ ]; };", "did you mean `domains`?" },
	{ "site = { domains = [ \"no domain\" ]; };", "is no domain" },
	{ "site = { timezone = \"Amercia/New_York\"; };", "America/New_York" },
	{ "site = { country_code = \"+1\"; };", "without the +" },
	{ "site = { country_code = 1; };", "is a number, should be a text" },
	{ "site = { internal = [ \"127.0.0.1/99\" ]; };", "127.0.0.1/99" },
	{ "site = { stages = [ \"customer\" ]; };", "is a stage already" },
	{ "site = { stages = [ \"two words\" ]; };", "is no word" },
	{ "site = { allow = [ \"sip:x@y\" ]; };", "is no host pattern" },
	{ "site = { default = \"absent.conf\"; };", "cannot be read" },
	{ "site = { before = ( { then = \"acept\"; } ); };",
	    "site.before[0].then: \"acept\"" },
	{ "site = { hours = { a = \"25:00-26:00\"; }; };", "site.hours.a" },
	{ "geo = { country = \"absent.mmdb\"; };", "absent.mmdb" },
	{ "page = { url = \"reach.example.com\"; };", "is no web address" },
	{ "preferences = [ \"\" ];", "names no file" },
	{ "mail = { sockt = \"\"; };", "did you mean `socket`?" },
	{ "mail = { socket = \"/run/x\"; };", "is no socket" },
	{ "mail = { socket = \"inet:x\"; };", "is no socket" },
	{ "mail = { socket = \"inet:0@localhost\"; };", "is no socket" },
	{ "mail = { socket_mode = 660; };", "in quotes, as in \"0660\"" },
	{ "mail = { socket_mode = \"0999\"; };", "is no file mode" },
	{ "mail = { authserv_ids = [ \"a/b\" ]; };", "is no authserv-id" },
	{ "mail = { authserv = \"queueid\"; };", "did you mean \"queue-id\"?" },
	{ "mail = { trust = \"all\"; };", "none of verified or claimed" },
	{ "mail = { defer = \"later\"; };", "none of retry or hold" },
	{ "mail = { aside = \"a@b.example\"; };", "site.domains" },
	{ "mail = { aside = \"aside\"; };", "mail.aside" },
	{ "mail = { patience = \"22\"; };", "no length of time" },
	{ "mail = { hold_days = 0; };", "should be from 1 to 30" },
	{ "mail = { relays = [ \"mx\" ]; };", "mail.relays" },
	{ "mail = { submit = \"localhost\"; };", "HOST:PORT" },
	{ "mail = { keep = { body = -1; }; };", "should be from 256" },
	{ "mail = { keep = { boddy = 1; }; };", "did you mean `body`?" },
};

static void
test_errors_are_told_at_their_line(void **state)
{
	struct place *place = *state;
	char text[256];

	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		const struct usher_problem *problem;
		bool told = false;

		(void)snprintf(text, sizeof(text), "# one\n# two\n%s",
		    wrongs[i].text);
		assert_int_equal(read_conf(place, text), EINVAL);
		assert_null(place->read);
		for (size_t p = 0;
		     (problem = usher_problems_get(place->problems, p)) != NULL;
		     p++)
			if (problem->line == 3 &&
			    strstr(problem->text, wrongs[i].says) != NULL &&
			    strcmp(problem->file, place->conf) == 0)
				told = true;
		if (!told)
			print_error("%s\nsays: %s\n", wrongs[i].text,
			    place->error.text);
		assert_true(told);
		assert_true(place->error.text[0] != '\0');
	}
}

static void
test_several_errors_in_one_run(void **state)
{
	struct place *place = *state;

	assert_int_equal(
	    read_conf(place,
		"mode = 1;\nstor = \"x\";\n"
		"mail = { patience = \"x\"; };\nsip = { plase = 1; };\n"),
	    EINVAL);
	assert_int_equal(usher_problems_errors(place->problems), 4);
	assert_int_equal(place->error.line, 1);
}

static void
test_unreadable_file(void **state)
{
	struct place *place = *state;

	assert_int_equal(usher_conf_read(&place->read, place->zones,
			     "/nowhere/usher.conf", NULL, &place->error),
	    ENOENT);
	assert_string_equal(place->error.file, "/nowhere/usher.conf");
	assert_non_null(strstr(place->error.text, "No such file"));
}

static void
test_default_speaks_for_anybody(void **state)
{
	struct place *place = *state;

	write_file(place, "default.conf",
	    "rules = ( { if = { channel ="
	    " \"phone\"; }; then = \"refuse\"; } );");
	reads(place, "site = { default = \"default.conf\"; };");
	assert_non_null(place->read->fallback);
	assert_int_equal(place->read->fallback->rule_count, 1);
	write_file(place, "default.conf", "\nrules = ( { then = \"no\"; } );");
	assert_int_equal(read_conf(place,
			     "site = { default = \"default.conf\"; };"),
	    EINVAL);
	assert_int_equal(usher_problems_get(place->problems, 0)->line, 2);
	assert_non_null(strstr(usher_problems_get(place->problems, 0)->file,
	    "default.conf"));
}

static void
hash_of(struct place *place, const char *text, unsigned char hash[32])
{
	reads(place, text);
	memcpy(hash, place->read->scope_hash, 32);
}

static void
test_scope_hash_follows_what_policies_rest_on(void **state)
{
	struct place *place = *state;
	unsigned char one[32], other[32];

	hash_of(place, "site = { stages = [ \"a\" ]; };", one);
	hash_of(place,
	    "# c\nsite = {\n stages = [ \"a\" ] };"
	    " mail = { hold_days = 3; };",
	    other);
	assert_memory_equal(one, other, 32);
	hash_of(place, "site = { stages = [ \"b\" ]; };", other);
	assert_memory_not_equal(one, other, 32);
	hash_of(place, "", other);
	assert_memory_not_equal(one, other, 32);
}

static void
test_sockets(void **state)
{
	static const char *const sockets[][2] = {
		{ "unix:/a/b", "unix:/a/b" },
		{ "inet:8899@localhost", "inet:8899@localhost" },
		{ "inet:localhost:8899", "inet:8899@localhost" },
		{ "inet6:[::1]:8899", "inet6:8899@::1" },
		{ "inet6:8899@::1", "inet6:8899@::1" },
	};
	struct place *place = *state;
	char text[128];

	for (size_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++) {
		(void)snprintf(text, sizeof(text),
		    "mail = { socket = \"%s\";"
		    " };",
		    sockets[i][0]);
		reads(place, text);
		assert_string_equal(place->read->mail.socket, sockets[i][1]);
	}
}

/* Run from the tree, as make check does. */
static void
test_example_is_good_and_shows_the_defaults(void **state)
{
	struct place *place = *state;

	assert_int_equal(usher_conf_read(&place->read, place->zones,
			     "conf/usher.conf", place->problems, &place->error),
	    0);
	assert_string_equal(place->read->site.timezone, "America/New_York");
	assert_string_equal(place->read->store, "lmdb:/var/lib/usher");
	assert_int_equal(place->read->mail.keep_body, 1048576);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_defaults),
		TEST(test_defaults_of_mail),
		TEST(test_no_file_is_all_defaults),
		TEST(test_every_key),
		TEST(test_errors_are_told_at_their_line),
		TEST(test_several_errors_in_one_run),
		TEST(test_unreadable_file),
		TEST(test_default_speaks_for_anybody),
		TEST(test_scope_hash_follows_what_policies_rest_on),
		TEST(test_sockets),
		TEST(test_example_is_good_and_shows_the_defaults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
