/*
 * cache: answers are kept as long as they are good and no longer; through the
 * handle, as the daemons ask.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "brief.h"
#include "cache_table.h"
#include "policy.h"
#include "site_place.h"
#include "usher_handle.h"

static const char refuse[] = "{ then = \"refuse\"; }";

static struct usher *
open_usher(const struct place *place, unsigned flags)
{
	struct usher_error error;
	struct usher *usher;

	if (usher_open(&usher, place->conf, flags, NULL, &error) != 0) {
		(void)fprintf(stderr, "%s\n", error.text);
		abort();
	}
	return usher;
}

/* In the handle that asks: no second environment in one process. */
static void
publish(struct usher *usher)
{
	struct usher_publication publication;

	(void)usher_publish(usher, NULL, &publication, NULL, NULL, NULL, NULL);
}

static struct usher_policy *
find(struct usher *usher, const char *who)
{
	struct usher_conf *conf = usher_conf_hold(usher);
	struct usher_policy *policy;

	assert_int_equal(usher_policy_find(usher, conf, who, &policy, NULL), 0);
	usher_conf_release(conf);
	return policy;
}

static void
test_same_object_until_its_source_changes(void **state)
{
	struct place *place = *state;
	struct usher *usher = open_usher(place, USHER_STORE);
	struct usher_policy *first, *other, *again;

	assert_null(find(usher, "a@x.example"));
	place_prefer(place, "a.conf", "a@x.example", refuse);
	publish(usher);
	first = find(usher, "a@x.example");
	assert_non_null(first);
	again = find(usher, "A@X.EXAMPLE");
	assert_ptr_equal(first, again);
	usher_policy_release(again);
	/* Another's publication: looked up, not compiled again. */
	place_prefer(place, "b.conf", "b@x.example", refuse);
	publish(usher);
	again = find(usher, "a@x.example");
	assert_ptr_equal(first, again);
	usher_policy_release(again);
	other = find(usher, "b@x.example");
	assert_non_null(other);
	usher_policy_release(other);
	place_prefer(place, "a.conf", "a@x.example", "");
	publish(usher);
	again = find(usher, "a@x.example");
	assert_ptr_not_equal(first, again);
	assert_int_equal(first->rule_count, 1);
	assert_int_equal(again->rule_count, 0);
	usher_policy_release(again);
	usher_policy_release(first);
	place_unlink(place, "preferences/a.conf");
	publish(usher);
	assert_null(find(usher, "a@x.example"));
	usher_close(usher);
}

static void
test_default_answers_for_the_others(void **state)
{
	struct place *place = *state;
	struct usher_policy *policy;
	struct usher *usher;

	place_write(place, "default.conf", "name = \"anybody\";");
	place_configure(place, " site = { default = \"default.conf\"; };");
	place_prefer(place, "a.conf", "a@x.example", refuse);
	usher = open_usher(place, USHER_STORE);
	publish(usher);
	policy = find(usher, "nobody@x.example");
	assert_string_equal(usher_policy_name(policy), "anybody");
	usher_policy_release(policy);
	policy = find(usher, "a@x.example");
	assert_string_equal(usher_policy_name(policy), "a.conf");
	usher_policy_release(policy);
	usher_close(usher);
}

static void
test_reload_compiles_anew_and_keeps_the_last_good(void **state)
{
	static const char with[] =
	    "site = { parties ="
	    " { friends = { organizations = [ \"f.example\" ]; }; }; };";
	struct place *place = *state;
	struct usher_policy *first, *again;
	struct usher_error error;
	struct usher_conf *conf;
	struct usher *usher;

	place_configure(place, with);
	place_prefer(place, "a.conf", "a@x.example",
	    "{ if = { party = \"friends\"; }; then = \"refuse\"; }");
	usher = open_usher(place, USHER_STORE);
	publish(usher);
	first = find(usher, "a@x.example");
	assert_int_equal(usher_reload(usher, NULL, NULL), 0);
	again = find(usher, "a@x.example");
	assert_ptr_not_equal(first, again);
	usher_policy_release(first);
	/* The party is gone: what was good goes on. */
	place_configure(place, "");
	assert_int_equal(usher_reload(usher, NULL, NULL), 0);
	first = find(usher, "a@x.example");
	assert_ptr_equal(first, again);
	usher_policy_release(first);
	usher_policy_release(again);
	usher_close(usher);
	/* Nothing good is known: an error, so that the caller fails open. */
	usher = open_usher(place, USHER_STORE);
	conf = usher_conf_hold(usher);
	assert_int_equal(usher_policy_find(usher, conf, "a@x.example", &first,
			     &error),
	    EINVAL);
	assert_null(first);
	assert_non_null(strstr(error.text, "friends"));
	usher_conf_release(conf);
	/* And known again once the site names it. */
	place_configure(place, with);
	assert_int_equal(usher_reload(usher, NULL, NULL), 0);
	first = find(usher, "a@x.example");
	assert_non_null(first);
	usher_policy_release(first);
	usher_close(usher);
}

static void
test_broken_reload_keeps_the_old(void **state)
{
	struct place *place = *state;
	struct usher *usher = open_usher(place, USHER_STORE);
	struct usher_conf *before = usher_conf_hold(usher), *after;
	struct usher_error error;

	place_write(place, "usher.conf", "mode = \"nonsense\";");
	assert_int_equal(usher_reload(usher, NULL, &error), EINVAL);
	assert_non_null(strstr(error.text, "nonsense"));
	after = usher_conf_hold(usher);
	assert_ptr_equal(before, after);
	usher_conf_release(after);
	usher_conf_release(before);
	usher_close(usher);
}

static void
publishing_child(const struct place *place, int in, int out)
{
	struct usher *usher = open_usher(place, 0);

	place_hear(in);
	place_prefer(place, "a.conf", "a@x.example", "");
	publish(usher);
	place_say(out);
	usher_close(usher);
}

static void
test_other_process_publishes(void **state)
{
	struct place *place = *state;
	struct usher_policy *policy;
	struct usher *usher;
	int to, from;
	pid_t child = place_fork(publishing_child, place, &to, &from);

	place_prefer(place, "a.conf", "a@x.example", refuse);
	usher = open_usher(place, USHER_STORE);
	publish(usher);
	policy = find(usher, "a@x.example");
	assert_int_equal(policy->rule_count, 1);
	usher_policy_release(policy);
	place_say(to);
	place_hear(from);
	policy = find(usher, "a@x.example");
	assert_int_equal(policy->rule_count, 0);
	usher_policy_release(policy);
	assert_true(place_reap(child, to, from));
	usher_close(usher);
}

static void
test_table_is_bounded(void **state)
{
	struct cache_table *table = usher_cache_table_new(640, 64);
	struct cache_answer answer = { .id = 1 };
	char name[32];
	size_t kept = 0;
	int length;

	(void)state;
	for (int i = 0; i < 20000 / brief(); i++) {
		length = snprintf(name, sizeof(name), "%d@x", i);
		usher_cache_table_put(table, name, (size_t)length, &answer);
		/* One that is asked for all the time stays. */
		usher_cache_table_put(table, "kept", 4, &answer);
		assert_true(usher_cache_table_get(table, "kept", 4, &answer));
	}
	for (int i = 0; i < 20000 / brief(); i++) {
		length = snprintf(name, sizeof(name), "%d@x", i);
		kept += usher_cache_table_get(table, name, (size_t)length,
		    &answer);
	}
	assert_in_range(kept, 320, 704);
	usher_cache_table_free(table);
}

struct crowd {
	struct usher *usher;
	atomic_bool stop;
	atomic_uint found;
};

static void *
ask_on(void *arg)
{
	struct crowd *crowd = arg;

	while (!atomic_load(&crowd->stop))
		for (int i = 0; i < 20; i++) {
			struct usher_conf *conf = usher_conf_hold(crowd->usher);
			struct usher_policy *policy;
			char who[32];

			(void)snprintf(who, sizeof(who), "%d@x.example", i);
			if (usher_policy_find(crowd->usher, conf, who, &policy,
				NULL) != 0)
				abort();
			if (policy != NULL)
				atomic_fetch_add(&crowd->found, 1);
			(void)usher_store_needs(crowd->usher);
			usher_policy_release(policy);
			usher_conf_release(conf);
		}
	return NULL;
}

/* For the thread sanitizer: asking, publishing and reloading at once. */
static void
test_threads(void **state)
{
	struct place *place = *state;
	struct crowd crowd = { .usher = open_usher(place, USHER_STORE) };
	pthread_t threads[4];
	char name[32], who[32];

	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_on,
				     &crowd),
		    0);
	for (int i = 0; i < 20; i += (brief() + 4) / 5) {
		(void)snprintf(name, sizeof(name), "%d.conf", i);
		(void)snprintf(who, sizeof(who), "%d@x.example", i);
		place_prefer(place, name, who, refuse);
		publish(crowd.usher);
		if (i % 5 == 0)
			assert_int_equal(usher_reload(crowd.usher, NULL, NULL),
			    0);
	}
	while (atomic_load(&crowd.found) < 1000U / (unsigned)brief())
		(void)usleep(1000);
	atomic_store(&crowd.stop, true);
	for (size_t i = 0; i < 4; i++)
		(void)pthread_join(threads[i], NULL);
	usher_close(crowd.usher);
}

int
main(void)
{
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_same_object_until_its_source_changes),
		TEST(test_default_answers_for_the_others),
		TEST(test_reload_compiles_anew_and_keeps_the_last_good),
		TEST(test_broken_reload_keeps_the_old),
		TEST(test_other_process_publishes),
		cmocka_unit_test(test_table_is_bounded),
		TEST(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
