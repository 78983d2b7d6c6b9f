/*
 * domain_shared: which registrable domains are no firm's own. The lists are
 * searched by halving, so the ends and the middles are asked for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "domain_shared.h"

static void
test_free_mail(void **state)
{
	static const char *const domains[] = { "126.com", "aol.com",
		"gmail.com", "gmx.net", "hotmail.fr", "icloud.com",
		"outlook.com", "t-online.de", "web.de", "yahoo.co.uk",
		"zohomail.com" };

	(void)state;
	for (size_t i = 0; i < sizeof(domains) / sizeof(domains[0]); i++) {
		assert_true(usher_domain_is_free_mail(domains[i]));
		assert_true(usher_domain_is_shared(domains[i]));
	}
}

static void
test_providers_are_shared_and_no_free_mail(void **state)
{
	static const char *const domains[] = { "acemsrvc.com", "amazonses.com",
		"ccsend.com", "exacttarget.com", "mailgun.org", "mcsv.net",
		"onmicrosoft.com", "sendgrid.net", "sparkpostmail.com",
		"zohocampaigns.com" };

	(void)state;
	for (size_t i = 0; i < sizeof(domains) / sizeof(domains[0]); i++) {
		assert_false(usher_domain_is_free_mail(domains[i]));
		assert_true(usher_domain_is_shared(domains[i]));
	}
}

static void
test_a_firms_own_is_neither(void **state)
{
	static const char *const domains[] = { "vendor.example", "",
		"mail.gmail.com", "gmail.co", "zzz.zz" };

	(void)state;
	for (size_t i = 0; i < sizeof(domains) / sizeof(domains[0]); i++) {
		assert_false(usher_domain_is_free_mail(domains[i]));
		assert_false(usher_domain_is_shared(domains[i]));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_free_mail),
		cmocka_unit_test(test_providers_are_shared_and_no_free_mail),
		cmocka_unit_test(test_a_firms_own_is_neither),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
