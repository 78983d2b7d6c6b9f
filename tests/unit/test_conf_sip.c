/*
 * usher.conf's group `sip`: every key's default, every form of its values, and
 * a sentence for what is wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf_sip.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static struct usher *
open_with(const char *text, struct usher_problems *problems, int *failed)
{
	char path[] = "/tmp/usher-conf-sip-XXXXXX";
	struct usher_error error;
	struct usher *usher = NULL;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	*failed = usher_open(&usher, path, 0, problems, &error);
	unlink(path);
	return usher;
}

static struct usher *
open_well(const char *text)
{
	struct usher_problems *problems = usher_problems_new();
	int failed;
	struct usher *usher = open_with(text, problems, &failed);

	for (size_t i = 0; i < usher_problems_count(problems); i++)
		print_message("%s\n", usher_problems_get(problems, i)->text);
	assert_int_equal(failed, 0);
	usher_problems_free(problems);
	return usher;
}

static void
defaults_are_those_of_the_design(void **state)
{
	struct usher *usher = open_well("");
	struct usher_conf *conf = usher_conf_hold(usher);
	const struct usher_sip *sip = usher_conf_sip(conf);

	(void)state;
	assert_true(sip->listen_default);
	assert_int_equal(sip->listen_count, 2);
	assert_int_equal(sip->listen[1].transport, USHER_SIP_TCP);
	assert_int_equal(sip->place, USHER_SIP_BEFORE_PBX);
	assert_int_equal(sip->hop_count, 0);
	assert_true(sip->screen_others);
	assert_true(sip->record_route);
	assert_int_equal(sip->registers, USHER_SIP_REGISTER_AUTO);
	assert_int_equal(sip->tls_verify, USHER_SIP_VERIFY_GIVEN);
	assert_int_equal(sip->terms.identity, USHER_SIP_ASSERTED);
	assert_false(sip->terms.e164);
	assert_true(sip->terms.asks);
	assert_false(sip->terms.follows_302);
	assert_int_equal(sip->terms.refuse, 603);
	assert_int_equal(sip->terms.max_diversions, 3);
	assert_int_equal(sip->emergency_count, 4);
	assert_string_equal(sip->emergency_numbers[0], "112");
	assert_int_equal(sip->emergency_callback_s, 7200);
	assert_int_equal(sip->timers.t1, 500);
	assert_int_equal(sip->timers.c, 185000);
	assert_int_equal(sip->timers.drain, 20000);
	assert_int_equal(sip->limits.message, 65535);
	assert_int_equal(sip->limits.headers, 128);
	assert_int_equal(sip->limits.transactions, 100000);
	assert_int_equal(sip->limits.ban_s, 600);
	usher_conf_release(conf);
	usher_close(usher);
}

static void
refusing_before_phones_is_480(void **state)
{
	struct usher *usher = open_well("sip = { place = \"phones\"; };");
	struct usher_conf *conf = usher_conf_hold(usher);

	(void)state;
	assert_int_equal(usher_conf_sip(conf)->terms.refuse, 480);
	usher_conf_release(conf);
	usher_close(usher);
}

static void
peers_begin_with_what_the_site_says(void **state)
{
	struct usher *usher = open_well(
	    "sip = {\n"
	    "refuse = 486; numbers = \"e164\"; follows_302 = true;\n"
	    "next_hops = ( \"sip:10.0.0.5\",\n"
	    "  { uri = \"sip:pbx.example:5070\"; priority = 2;\n"
	    "    weight = 7; } );\n"
	    "peers = ( { name = \"one\"; from = [ \"192.0.2.0/24:5061\" ];\n"
	    "  side = \"inside\"; refuse = 603; follows_302 = false; } );\n"
	    "emergency = { numbers = [ \"110\" ]; callback = 60; };\n"
	    "timers = { t1 = 100; }; limits = { ban = 5; };\n"
	    "domains = [ \"sip.example.com\" ];\n"
	    "};\nsite = { domains = [ \"example.com\" ]; };");
	struct usher_conf *conf = usher_conf_hold(usher);
	const struct usher_sip *sip = usher_conf_sip(conf);
	const struct usher_sip_peer *peer = &sip->peers[0];

	(void)state;
	assert_int_equal(sip->peer_count, 1);
	assert_string_equal(peer->name, "one");
	assert_true(peer->inside);
	assert_int_equal(peer->terms.refuse, 603);
	assert_false(peer->terms.follows_302);
	assert_true(peer->terms.e164);
	assert_int_equal(peer->from[0].length, 24);
	assert_int_equal(peer->from[0].port, 5061);
	assert_int_equal(sip->hop_count, 2);
	assert_string_equal(sip->hops[1].host, "pbx.example");
	assert_int_equal(sip->hops[1].port, 5070);
	assert_int_equal(sip->hops[1].weight, 7);
	assert_int_equal(sip->timers.t1, 100);
	assert_int_equal(sip->timers.t2, 4000);
	assert_int_equal(sip->limits.ban_s, 5);
	assert_int_equal(sip->domain_count, 2);
	assert_string_equal(sip->emergency_numbers[0], "110");
	usher_conf_release(conf);
	usher_close(usher);
}

static void
what_is_wrong_is_told_in_a_sentence(void **state)
{
	static const struct {
		const char *sip, *told;
	} cases[] = {
		{ "listne = [ ];", "listen" },
		{ "place = \"phone\";", "phones" },
		{ "refuse = 404;", "480, 486, 603 or 608" },
		{ "refuse = \"603\";", "refuse" },
		{ "listen = [ ];", "needs an entry" },
		{ "listen = [ \"10.0.0.1\" ];", "does not begin with" },
		{ "listen = [ \"sctp:10.0.0.1\" ];", "does not begin with" },
		{ "listen = [ \"udp:10.0.0.1:70000\" ];", "port" },
		{ "listen = [ \"udp:::1:5060\" ];", "IPv6" },
		{ "listen = [ \"udp:10.0.0.1/a b\" ];", "public name" },
		{ "listen = [ \"tls:10.0.0.1\" ];", "certificate" },
		{ "trusted = [ \"10.0.0.0/33\" ];", "no source" },
		{ "trusted = [ \"2001:db8::1\" ];", "no source" },
		{ "trusted = [ \"tls:a b\" ];", "certificate" },
		{ "next_hops = [ \"pbx\" ];", "no next hop" },
		{ "next_hops = [ \"sip:pbx;transport=sctp\" ];",
		    "no next hop" },
		{ "next_hops = [ 5 ];", "next_hops" },
		{ "next_hops = ( { priority = 1; } );", "needs its uri" },
		{ "peers = ( { name = \"x\"; } );", "`from`" },
		{ "peers = ( { from = [ \"10.0.0.1\" ]; reffuse = 1; } );",
		    "refuse" },
		{ "peers = { };", "list of groups" },
		{ "timers = { t1 = 0; };", "t1" },
		{ "timers = { t9 = 1; };", "t9" },
		{ "limits = { headers = 500; };", "headers" },
		{ "emergency = [ \"112\" ];", "emergency is a group" },
		{ "tls = \"x\";", "tls is a group" },
		{ "defer_to = \"mailto:x\";", "begins with sip:" },
		{ "card = \"http://x\";", "begins with https:" },
		{ "max_diversions = 1000;", "max_diversions" },
		{ "record_route = 1;", "record_route" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct usher_problems *problems = usher_problems_new();
		char text[512];
		bool told = false;
		int failed;
		struct usher *usher;

		snprintf(text, sizeof(text), "sip = { %s };\n", cases[i].sip);
		usher = open_with(text, problems, &failed);
		assert_null(usher);
		if (failed != EINVAL)
			fail_msg("%s: %d", text, failed);
		for (size_t j = 0; j < usher_problems_count(problems); j++) {
			const struct usher_problem *p =
			    usher_problems_get(problems, j);

			told |= strstr(p->text, cases[i].told) != NULL;
		}
		if (!told)
			fail_msg("%s: \"%s\" is not told", text, cases[i].told);
		usher_problems_free(problems);
	}
}

static void
listeners_have_a_public_name_and_ports(void **state)
{
	static const struct {
		const char *text, *public_host;
		enum usher_sip_transport transport;
		int family, port, public_port;
	} cases[] = {
		{ "udp:0.0.0.0", "", USHER_SIP_UDP, AF_INET, 5060, 0 },
		{ "TLS:10.0.0.1", "", USHER_SIP_TLS, AF_INET, 5061, 0 },
		{ "udp:10.0.0.1:0", "", USHER_SIP_UDP, AF_INET, 0, 0 },
		{ "tcp:10.0.0.1:5070/sip.example.com", "sip.example.com",
		    USHER_SIP_TCP, AF_INET, 5070, 0 },
		{ "udp:[::1]:5070/[2001:db8::1]:6000", "[2001:db8::1]",
		    USHER_SIP_UDP, AF_INET6, 5070, 6000 },
		{ "udp:[::]/192.0.2.1:5080", "192.0.2.1", USHER_SIP_UDP,
		    AF_INET6, 5060, 5080 },
	};
	struct arena arena;

	(void)state;
	usher_arena_init(&arena);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct usher_sip_listen l;
		struct usher_error error;
		const struct sockaddr_in *in;

		assert_int_equal(usher_sip_listen_parse(&arena, cases[i].text,
				     &l, &error),
		    0);
		in = (const struct sockaddr_in *)&l.address;
		assert_int_equal(l.transport, cases[i].transport);
		assert_int_equal(l.address.ss_family, cases[i].family);
		assert_int_equal(ntohs(in->sin_port), cases[i].port);
		assert_string_equal(l.public_host, cases[i].public_host);
		assert_int_equal(l.public_port, cases[i].public_port);
	}
	usher_arena_free(&arena);
}

static void
numbers_are_read_in_the_order_of_the_design(void **state)
{
	static const struct {
		const char *user, *context, *number;
		bool e164;
	} cases[] = {
		{ "+1-415-555-0100", NULL, "+14155550100", false },
		{ "011442071234567", NULL, "+442071234567", false },
		{ "2071234567", "+44", "+442071234567", false },
		{ "+14155550100", "+44", "+14155550100", false },
		{ "011442071234567", "+33", "+442071234567", false },
		{ "14155550100", NULL, "+14155550100", false },
		{ "4155550100", NULL, "+14155550100", false },
		{ "442071234567", NULL, "+442071234567", true },
		{ "1001", NULL, NULL, false },
		{ "1001", "example.com", NULL, false },
		{ "911", NULL, NULL, true },
		{ "+14155550100;npdi", NULL, "+14155550100", false },
		{ "alice", NULL, NULL, false },
		{ "", NULL, NULL, false },
		{ "+", NULL, NULL, false },
	};
	struct usher *usher = open_well("site = { country_code = \"1\"; };");
	struct usher_conf *conf = usher_conf_hold(usher);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct usher_sip_terms terms = { .e164 = cases[i].e164 };
		char number[USHER_SIP_NUMBER];
		bool is = usher_sip_number(conf, &terms, cases[i].user,
		    strlen(cases[i].user), cases[i].context, number);

		if (is != (cases[i].number != NULL) ||
		    (is && strcmp(number, cases[i].number) != 0))
			fail_msg("%s: %s", cases[i].user,
			    is ? number : "no number");
	}
	usher_conf_release(conf);
	usher_close(usher);
}

static void
patterns_of_extensions_and_allow(void **state)
{
	static const char *const extensions[] = { "10*", "2??" };
	static const char *const allow[] = { "*.example.com", "192.0.2.*" };
	const struct usher_sip_terms terms = { .extensions = extensions,
		.extension_count = 2 };
	const struct usher_sip sip = { .allow = allow, .allow_count = 2 };

	(void)state;
	assert_true(usher_sip_is_extension(&terms, "1001", 4));
	assert_true(usher_sip_is_extension(&terms, "1001;x=y", 8));
	assert_false(usher_sip_is_extension(&terms, "2001", 4));
	assert_false(usher_sip_is_extension(&terms, "10\0", 3));
	assert_false(usher_sip_is_extension(&terms, "", 0));
	assert_true(usher_sip_allows(&sip, "PBX.Example.com"));
	assert_true(usher_sip_allows(&sip, "192.0.2.9"));
	assert_false(usher_sip_allows(&sip, "example.net"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_of_the_design),
		cmocka_unit_test(refusing_before_phones_is_480),
		cmocka_unit_test(peers_begin_with_what_the_site_says),
		cmocka_unit_test(what_is_wrong_is_told_in_a_sentence),
		cmocka_unit_test(listeners_have_a_public_name_and_ports),
		cmocka_unit_test(numbers_are_read_in_the_order_of_the_design),
		cmocka_unit_test(patterns_of_extensions_and_allow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
