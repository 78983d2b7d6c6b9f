/*
 * tally: what is counted of decided attempts, and the standing that comes of
 * it, through the handle and its thread, over the store.
 */
#include "promise_place.h"

#include "tally.h"

#include <signal.h>
#include <sys/wait.h>

static const char bob[] = "bob@vendor.example";
static const char refusing[] =
    "rules = ( { name = \"n\"; then = \"refuse\"; } );";
static const char by_standing[] =
    "rules = ( { name = \"g\"; if = { standing = \"good\"; }; then ="
    " \"accept\"; }, { name = \"p\"; if = { standing = \"poor\"; }; then ="
    " \"refuse\"; }, { name = \"w\"; then = \"accept\"; during ="
    " \"09:00-10:00\"; } );";

static enum usher_answer
come_to(struct door *door, const char *who, const char *sender, bool proven,
    int64_t at, enum usher_told told)
{
	const struct usher_verdict *verdict;

	door_mail(door, sender, proven ? sender : NULL);
	verdict = door_ask(door, at);
	usher_tally(door->usher, door->policy, who, door->facts, door->decision,
	    told);
	return verdict->answer;
}

static enum usher_answer
come(struct door *door, const char *sender, bool proven, int64_t at)
{
	return come_to(door, "alice@example.com", sender, proven, at,
	    USHER_TOLD);
}

struct counted {
	unsigned long all, accepted, proven, named;
	size_t rows;
	int64_t last;
};

static int
add(void *arg, const struct usher_tallied *tallied)
{
	struct counted *counted = arg;

	counted->rows++;
	counted->all += tallied->count;
	if (tallied->answer == USHER_ACCEPT)
		counted->accepted += tallied->count;
	if (tallied->proven)
		counted->proven += tallied->count;
	if (*tallied->party != '\0')
		counted->named += tallied->count;
	counted->last = tallied->at;
	return 0;
}

static struct counted
counted_between(struct usher *usher, int64_t since, int64_t until)
{
	struct counted counted = { .all = 0 };

	assert_int_equal(usher_tally_each(usher, NULL, NULL, since, until, add,
			     &counted, NULL),
	    0);
	return counted;
}

static struct counted
counted(struct usher *usher)
{
	return counted_between(usher, INT64_MIN, INT64_MAX);
}

static enum usher_standing
standing_of(struct door *door, const char *party, int64_t at)
{
	struct usher_standing_report report;

	assert_int_equal(usher_standing_of(door->usher, door->conf, party, at,
			     &report, NULL),
	    0);
	return report.standing;
}

/* So many recipients of the site by one policy each; the last is alice. */
static void
offend(struct door *door, const struct place *place, const char *sender,
    bool proven, int recipients, int times)
{
	char text[200];

	for (int i = 0; i < recipients; i++) {
		struct usher_problems *problems = usher_problems_new();

		(void)snprintf(text, sizeof(text),
		    "addresses = [ \"r%d@example.com\" ]; %s", i, refusing);
		usher_policy_release(door->policy);
		assert_int_equal(usher_policy_compile(door->conf, "r.conf",
				     text, strlen(text), &door->policy,
				     problems),
		    0);
		usher_problems_free(problems);
		for (int k = 0; k < times; k++)
			(void)come(door, sender, proven, tuesday + k);
	}
	door_restart(door, place, by_standing);
}

static void
test_counts_are_kept_by_what_is_told_apart(void **state)
{
	struct door door;
	struct counted all;

	door_open(&door, *state, nine_to_ten);
	(void)come(&door, bob, true, tuesday + 9 * HOUR);
	(void)come(&door, bob, true, tuesday + 9 * HOUR + 899);
	(void)come(&door, bob, false, tuesday + 9 * HOUR + 900);
	(void)come(&door, "eve@other.example", false, tuesday + 12 * HOUR);
	door_restart(&door, *state, nine_to_ten);
	all = counted(door.usher);
	assert_int_equal(all.all, 4);
	assert_int_equal(all.rows, 3);
	assert_int_equal(all.accepted, 3);
	assert_int_equal(all.proven, 2);
	assert_int_equal(counted_between(door.usher, tuesday + 9 * HOUR,
			     tuesday + 10 * HOUR)
			     .all,
	    3);
	assert_int_equal(counted_between(door.usher, tuesday + 9 * HOUR + 900,
			     tuesday + 9 * HOUR + 901)
			     .all,
	    1);
	/* Counted once more, it is added. */
	(void)come(&door, bob, true, tuesday + 9 * HOUR);
	door_restart(&door, *state, nine_to_ten);
	all = counted(door.usher);
	assert_int_equal(all.all, 5);
	assert_int_equal(all.rows, 3);
	door_close(&door);
}

static void
test_a_retried_mail_counts_once(void **state)
{
	struct door door;

	door_open(&door, *state, nine_to_ten);
	for (int i = 0; i < 20; i++)
		(void)come_to(&door, "alice@example.com", bob, false,
		    tuesday + i * MINUTE, USHER_TOLD_TO_RETRY);
	(void)come(&door, bob, false, tuesday + 9 * HOUR);
	/* What comes after is another. */
	(void)come_to(&door, "alice@example.com", bob, false,
	    tuesday + 12 * HOUR, USHER_TOLD_TO_RETRY);
	door_restart(&door, *state, nine_to_ten);
	assert_int_equal(counted(door.usher).all, 3);
	door_close(&door);
}

static void
test_a_flood_of_names_is_counted_and_bounded(void **state)
{
	struct door door;
	struct counted all;
	char sender[64];

	door_open(&door, *state, refusing);
	for (int i = 0; i < 20000; i++) {
		(void)snprintf(sender, sizeof(sender), "x%d@n%d.example", i, i);
		(void)come(&door, sender, false, tuesday);
	}
	door_restart(&door, *state, refusing);
	all = counted(door.usher);
	assert_int_equal(all.all, 20000);
	assert_int_equal(all.named, TALLY_NAMED);
	assert_true(all.rows <= TALLY_NAMED + 1);
	door_close(&door);
}

static void
test_standing_decides_and_a_forger_has_none(void **state)
{
	struct door door;

	door_open(&door, *state, by_standing);
	offend(&door, *state, bob, true, 4, 3);
	assert_int_equal(standing_of(&door, "vendor.example", tuesday),
	    USHER_POOR);
	assert_int_equal(standing_of(&door, "ann@sub.vendor.example", tuesday),
	    USHER_POOR);
	assert_int_equal(come(&door, bob, true, tuesday), USHER_REFUSE);
	/* Whom they are forged against is no better off by it. */
	assert_int_equal(come(&door, "x@other.example", true, tuesday),
	    USHER_DEFER);
	assert_int_equal(standing_of(&door, "vendor.example",
			     tuesday + 400 * (int64_t)DAY),
	    USHER_NEW);
	door_close(&door);
}

static void
test_claims_move_no_standing(void **state)
{
	struct door door;

	door_open(&door, *state, by_standing);
	offend(&door, *state, bob, false, 6, 10);
	assert_int_equal(standing_of(&door, bob, tuesday), USHER_NEW);
	assert_int_equal(come(&door, bob, true, tuesday), USHER_DEFER);
	door_close(&door);
}

static void
test_good_standing_is_for_who_is_proven(void **state)
{
	struct door door;

	door_open(&door, *state, by_standing);
	for (int i = 0; i < 4; i++) {
		char who[64];

		(void)snprintf(who, sizeof(who), "p%d@example.com", i);
		for (int k = 0; k < 4; k++) {
			struct usher_problems *problems = usher_problems_new();
			char text[200];

			(void)snprintf(text, sizeof(text),
			    "addresses = [ \"%s\" ]; %s", who, nine_to_ten);
			usher_policy_release(door.policy);
			assert_int_equal(usher_policy_compile(door.conf, "p",
					     text, strlen(text), &door.policy,
					     problems),
			    0);
			usher_problems_free(problems);
			assert_int_equal(come(&door, bob, true,
					     tuesday + 9 * HOUR + k),
			    USHER_ACCEPT);
		}
	}
	door_restart(&door, *state, by_standing);
	assert_int_equal(standing_of(&door, bob, tuesday + 9 * HOUR),
	    USHER_GOOD);
	assert_int_equal(come(&door, bob, true, tuesday + 12 * HOUR),
	    USHER_ACCEPT);
	assert_int_equal(come(&door, bob, false, tuesday + 12 * HOUR),
	    USHER_DEFER);
	door_close(&door);
}

static void
test_what_nobody_was_told_is_no_offence(void **state)
{
	struct door door;

	door_open(&door, *state, refusing);
	for (int i = 0; i < 8; i++)
		(void)come_to(&door, "alice@example.com", bob, true,
		    tuesday + i, USHER_UNTOLD);
	door_restart(&door, *state, refusing);
	assert_int_equal(counted(door.usher).all, 8);
	assert_int_equal(standing_of(&door, bob, tuesday), USHER_NEW);
	door_close(&door);
}

/* Each process counts, closes and ends. */
static void
count_and_exit(const struct place *place, int times)
{
	struct door door;

	door_open(&door, place, refusing);
	for (int i = 0; i < times; i++)
		(void)come(&door, bob, true, tuesday + i);
	door_close(&door);
	_exit(0);
}

static void
test_two_processes_count_together(void **state)
{
	struct door door;
	pid_t children[2];

	for (int i = 0; i < 2; i++) {
		children[i] = fork();
		if (children[i] == 0)
			count_and_exit(*state, 300);
	}
	for (int i = 0; i < 2; i++) {
		int status;

		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	door_open(&door, *state, refusing);
	assert_int_equal(counted(door.usher).all, 600);
	door_close(&door);
}

/* Waits until the thread has added so many; nobody closed anything. */
static void
wait_for(struct usher *usher, unsigned long wanted)
{
	for (int i = 0; i < 6000 && counted(usher).all < wanted; i++)
		(void)usleep(10000);
	assert_int_equal(counted(usher).all, wanted);
}

static void
test_what_was_added_outlives_kill_9(void **state)
{
	struct door door;
	pid_t child = fork();

	if (child == 0) {
		door_open(&door, *state, refusing);
		(void)come(&door, bob, true, tuesday);
		(void)come(&door, bob, true, tuesday + 1);
		for (;;)
			(void)pause();
	}
	door_open(&door, *state, refusing);
	wait_for(door.usher, 2);
	assert_int_equal(kill(child, SIGKILL), 0);
	(void)waitpid(child, NULL, 0);
	door_restart(&door, *state, refusing);
	assert_int_equal(counted(door.usher).all, 2);
	door_close(&door);
}

#define test(name)                                                 \
	cmocka_unit_test_setup_teardown(test_##name, place_set_up, \
	    place_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(counts_are_kept_by_what_is_told_apart),
		test(a_retried_mail_counts_once),
		test(a_flood_of_names_is_counted_and_bounded),
		test(standing_decides_and_a_forger_has_none),
		test(claims_move_no_standing),
		test(good_standing_is_for_who_is_proven),
		test(what_nobody_was_told_is_no_offence),
		test(two_processes_count_together),
		test(what_was_added_outlives_kill_9),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
