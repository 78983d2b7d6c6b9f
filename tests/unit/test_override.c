/*
 * override: what a recipient opens and closes, as the store keeps it: how
 * many, until when, and what a milter has to ask for because of it.
 */
#include "memory_place.h"

enum { NOON = 1795521600 };

static struct usher_policy *
policy_of(struct usher *usher, struct usher_conf *conf)
{
	struct usher_policy *policy = NULL;

	if (usher_policy_find(usher, conf, "a@x.example", &policy, NULL) != 0 ||
	    policy == NULL)
		abort();
	return policy;
}

static void
publish_all(struct usher *usher)
{
	struct usher_publication publication;

	if (usher_publish(usher, NULL, &publication, NULL, NULL, NULL, NULL) !=
	    0)
		abort();
}

static struct usher *
open_published(const struct place *place)
{
	struct usher *usher = open_memory(place);

	place_prefer(place, "a.conf", "a@x.example",
	    "{ if = { channel = \"phone\"; }; then = \"refuse\"; }");
	publish_all(usher);
	return usher;
}

static int
override(struct usher *usher, const char *party, const char *topic,
    int64_t given, int64_t until)
{
	struct usher_override one = { .opens = true,
		.party = party,
		.topic = topic,
		.given = given,
		.until = until };
	struct usher_conf *conf = usher_conf_hold(usher);
	struct usher_policy *policy = policy_of(usher, conf);
	struct usher_notes *notes = NULL;
	int code = usher_notes_new(usher, &notes, NULL);

	if (code == 0)
		code = usher_notes_override(notes, policy, "a@x.example", &one,
		    NULL);
	if (code == 0)
		code = usher_notes_commit(notes, -1, NULL);
	usher_notes_free(notes);
	usher_policy_release(policy);
	usher_conf_release(conf);
	return code;
}

static size_t
count_at(struct usher *usher, int64_t at)
{
	struct usher_conf *conf = usher_conf_hold(usher);
	struct usher_policy *policy = policy_of(usher, conf);
	struct usher_memory *memory = NULL;
	struct usher_facts *facts;
	size_t count = 0;

	assert_int_equal(usher_facts_new(conf, USHER_EMAIL, &facts), 0);
	assert_int_equal(usher_memory_read(usher, policy, "a@x.example", facts,
			     at, &memory, NULL),
	    0);
	while (usher_memory_override(memory, count) != NULL)
		count++;
	usher_memory_free(memory);
	usher_facts_free(facts);
	usher_policy_release(policy);
	usher_conf_release(conf);
	return count;
}

static void
test_only_so_many_are_in_force_at_once(void **state)
{
	struct usher *usher = open_published(*state);
	char party[32];

	for (int i = 0; i < USHER_OVERRIDES; i++) {
		(void)snprintf(party, sizeof(party), "p%d.example", i);
		assert_int_equal(override(usher, party, NULL, NOON, NOON + 60),
		    0);
	}
	assert_int_equal(override(usher, "more.example", NULL, NOON, NOON + 90),
	    ENOSPC);
	assert_int_equal(override(usher, "p7.example", NULL, NOON, NOON + 90),
	    0);
	assert_int_equal(count_at(usher, NOON + 59), USHER_OVERRIDES);
	assert_int_equal(count_at(usher, NOON + 60), 1);
	/* Those that have ended make room. */
	assert_int_equal(override(usher, "more.example", NULL, NOON + 60,
			     NOON + 90),
	    0);
	assert_int_equal(count_at(usher, NOON + 60), 2);
	assert_int_equal(override(usher, "more.example", NULL, NOON + 60, 0),
	    0);
	assert_int_equal(count_at(usher, NOON + 60), 1);
	usher_close(usher);
}

static void
test_it_is_there_for_the_next_process(void **state)
{
	struct usher *usher = open_published(*state);

	assert_int_equal(override(usher, NULL, NULL, NOON, NOON + 60), 0);
	usher_close(usher);
	usher = open_memory(*state);
	assert_int_equal(count_at(usher, NOON), 1);
	usher_close(usher);
}

/* The words of a mail are asked for while somebody opened by a topic. */
static void
test_a_topic_needs_the_words(void **state)
{
	struct place *place = *state;
	struct usher *usher;

	place_write(place, "preferences/a.conf",
	    "addresses = [ \"a@x.example\" ];"
	    " topics = { t = [ \"storage\" ]; };"
	    " rules = ( { if = { channel = \"phone\"; };"
	    " then = \"refuse\"; } );\n");
	usher = open_memory(place);
	publish_all(usher);
	assert_int_equal(override(usher, "b.example", NULL, NOON, NOON + 60),
	    0);
	assert_int_equal(usher_store_needs(usher), 0);
	assert_int_equal(override(usher, NULL, "none", NOON, NOON + 60),
	    EINVAL);
	assert_int_equal(override(usher, NULL, "t", NOON, NOON + 60), 0);
	assert_int_equal(usher_store_needs(usher), USHER_ALL);
	(void)count_at(usher, NOON + 60);
	assert_int_equal(usher_store_needs(usher), 0);
	usher_close(usher);
}

int
main(void)
{
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_only_so_many_are_in_force_at_once),
		TEST(test_it_is_there_for_the_next_process),
		TEST(test_a_topic_needs_the_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
