/*
 * person: who stands in the records of others is taken out of them alone.
 */
#include "promise_place.h"

static const char bob[] = "bob@gmail.com";

struct told {
	int promises, counts, standings, all;
	char last[2000];
};

static int
note(void *arg, const char *kind, const char *json)
{
	struct told *told = arg;

	told->all++;
	told->promises += strcmp(kind, "promise") == 0;
	told->counts += strcmp(kind, "count") == 0;
	told->standings += strcmp(kind, "standing") == 0;
	(void)snprintf(told->last, sizeof(told->last), "%s", json);
	return 0;
}

static struct told export(struct door *door, const char *who)
{
	struct usher_policy *policy = strcmp(who, "alice@example.com") == 0
	    ? door->policy
	    : NULL;
	struct told told = { .all = 0 };

	assert_int_equal(usher_person_export(door->usher, door->conf, policy,
			     who, note, &told, NULL),
	    0);
	return told;
}

static void
forget(struct door *door, const char *who)
{
	struct usher_policy *policy = strcmp(who, "alice@example.com") == 0
	    ? door->policy
	    : NULL;
	struct usher_error error = { .text = "" };

	if (usher_person_forget(door->usher, door->conf, policy, who, false, -1,
		NULL, NULL, &error) != 0)
		fail_msg("%s", error.text);
}

static void
come(struct door *door, const char *who, int64_t at)
{
	door_mail(door, who, who);
	(void)door_try(door, at);
	usher_tally(door->usher, door->policy, "alice@example.com", door->facts,
	    door->decision, USHER_TOLD);
}

static int
add(void *arg, const struct usher_tallied *tallied)
{
	*(unsigned long *)arg += tallied->count;
	return 0;
}

static unsigned long
counted(struct door *door)
{
	unsigned long count = 0;

	assert_int_equal(usher_tally_each(door->usher, NULL, NULL, INT64_MIN,
			     INT64_MAX, add, &count, NULL),
	    0);
	return count;
}

static void
fill_in(struct door *door, const struct place *place)
{
	door_open(door, place, nine_to_ten);
	for (int i = 0; i < 3; i++) {
		come(door, bob, tuesday + i);
		come(door, "eve@gmail.com", tuesday + i);
	}
	door_restart(door, place, nine_to_ten);
}

static void
test_who_came_is_nobody_in_what_others_keep(void **state)
{
	struct door door;
	struct told told;

	fill_in(&door, *state);
	told = export(&door, bob);
	assert_true(told.promises >= 1);
	assert_int_equal(told.counts, 1);
	assert_int_equal(told.standings, 1);
	forget(&door, bob);
	assert_int_equal(export(&door, bob).all, 0);
	/* The recipient's sums stay, and so does whoever came besides. */
	assert_int_equal(counted(&door), 6);
	told = export(&door, "eve@gmail.com");
	assert_true(told.promises >= 1);
	assert_int_equal(told.counts, 1);
	assert_int_equal(told.standings, 1);
	assert_null(strstr(told.last, bob));
	door_mail(&door, "eve@gmail.com", "eve@gmail.com");
	assert_kept(door_ask(&door, tuesday + DAY + 10 * HOUR));
	door_mail(&door, bob, bob);
	assert_deferred(door_ask(&door, tuesday + DAY + 10 * HOUR));
	door_close(&door);
}

static void
test_a_recipient_has_no_say_any_more(void **state)
{
	struct usher_standing_report report;
	struct door door;

	fill_in(&door, *state);
	assert_int_equal(usher_standing_of(door.usher, door.conf, bob, tuesday,
			     &report, NULL),
	    0);
	assert_int_equal(report.recipients, 1);
	assert_true(export(&door, "alice@example.com").all >= 4);
	forget(&door, "alice@example.com");
	assert_int_equal(export(&door, "alice@example.com").all, 0);
	assert_int_equal(counted(&door), 0);
	assert_int_equal(usher_standing_of(door.usher, door.conf, bob, tuesday,
			     &report, NULL),
	    0);
	assert_int_equal(report.recipients, 0);
	door_close(&door);
}

#define test(name)                                                 \
	cmocka_unit_test_setup_teardown(test_##name, place_set_up, \
	    place_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(who_came_is_nobody_in_what_others_keep),
		test(a_recipient_has_no_say_any_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
