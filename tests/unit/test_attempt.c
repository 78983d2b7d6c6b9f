/*
 * attempt: what is remembered of who came, and what caps, `tried` and
 * introductions make of it (design.md §4, §6).
 */
#include "promise_place.h"

#include "attempt.h"
#include "usher_handle.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static const char bob[] = "bob@vendor.example";
static const char two_a_day[] = "rules = ( { name = \"c\"; then = \"accept\";"
				" at_most = \"2 per 1d\"; } );";
static const char two_in_all[] = "rules = ( { name = \"c\"; then = \"accept\";"
				 " at_most = \"2 per 1d in all\"; } );";
static const char tried_three[] =
    "rules = ( { name = \"t\"; if = { tried = \"3 per 1d\"; }; then ="
    " \"refuse\"; }, { name = \"o\"; then = \"defer\"; } );";
static const char introducing[] =
    "rules = ( { name = \"k\"; if = { introduced = true; }; then = \"accept\";"
    " }, { name = \"i\"; if = { channel = \"email\"; }; then = \"accept\";"
    " introduces = true; }, { name = \"n\"; then = \"refuse\"; } );";

/* Who comes, and by which Message-ID; `proven`: who they are. */
static void
arrive(struct door *door, const char *sender, bool proven, const char *id)
{
	door_mail(door, sender, proven ? sender : NULL);
	if (id != NULL)
		assert_int_equal(usher_facts_attempt(door->facts, id), 0);
}

static int
note(struct door *door, enum usher_became became)
{
	struct usher_error error = { .text = "" };
	struct usher_notes *notes;
	int code = usher_notes_new(door->usher, &notes, &error);

	if (code == 0)
		code = usher_notes_attempt(notes, door->policy,
		    "alice@example.com", door->facts, door->decision, became,
		    &error);
	if (code == 0)
		code = usher_notes_commit(notes, -1, &error);
	usher_notes_free(notes);
	if (code != 0 && code != EDQUOT)
		fail_msg("%s", error.text);
	return code;
}

/* As a mail is answered: 250 is remembered before it is given. */
static enum usher_answer
come(struct door *door, const char *sender, bool proven, const char *id,
    int64_t at)
{
	const struct usher_verdict *verdict;

	arrive(door, sender, proven, id);
	verdict = door_ask(door, at);
	if (verdict->answer == USHER_ACCEPT)
		assert_int_equal(note(door, USHER_TAKING), 0);
	else
		(void)note(door, USHER_ENDED);
	return verdict->answer;
}

static void
test_a_cap_counts_what_was_accepted(void **state)
{
	struct door door;

	door_open(&door, *state, two_a_day);
	assert_int_equal(come(&door, bob, true, "a", tuesday), USHER_ACCEPT);
	assert_int_equal(come(&door, bob, true, "b", tuesday + HOUR),
	    USHER_ACCEPT);
	door_restart(&door, *state, two_a_day);
	assert_int_equal(come(&door, bob, true, "c", tuesday + 2 * HOUR),
	    USHER_DEFER);
	assert_int_equal(usher_decision_verdict(door.decision)->opening.from -
		tuesday,
	    DAY);
	assert_int_equal(come(&door, bob, true, "d", tuesday + DAY - 1),
	    USHER_DEFER);
	assert_int_equal(come(&door, bob, true, "e", tuesday + DAY),
	    USHER_ACCEPT);
	assert_int_equal(come(&door, bob, true, "f", tuesday + DAY + 1),
	    USHER_DEFER);
	door_close(&door);
}

static void
test_the_firm_is_one_party_and_free_mail_is_not(void **state)
{
	struct door door;

	door_open(&door, *state, two_a_day);
	(void)come(&door, bob, true, "a", tuesday);
	(void)come(&door, "ann@mail.vendor.example", true, "b", tuesday);
	assert_int_equal(come(&door, "cid@vendor.example", true, "c", tuesday),
	    USHER_DEFER);
	(void)come(&door, "a@gmail.com", true, "d", tuesday);
	(void)come(&door, "a@gmail.com", true, "e", tuesday);
	assert_int_equal(come(&door, "a@gmail.com", true, "f", tuesday),
	    USHER_DEFER);
	assert_int_equal(come(&door, "b@gmail.com", true, "g", tuesday),
	    USHER_ACCEPT);
	door_close(&door);
}

static void
test_a_forger_uses_up_nobodys_cap(void **state)
{
	struct door door;

	door_open(&door, *state, two_a_day);
	(void)come(&door, bob, false, "a", tuesday);
	(void)come(&door, bob, false, "b", tuesday);
	assert_int_equal(come(&door, bob, false, "c", tuesday), USHER_DEFER);
	assert_int_equal(come(&door, bob, true, "d", tuesday), USHER_ACCEPT);
	door_close(&door);
}

/* Before the headers nobody knows whose cap it is. */
static void
test_a_cap_waits_for_proof(void **state)
{
	struct door door;
	const struct usher_verdict *verdict;

	door_open(&door, *state, two_a_day);
	(void)come(&door, bob, true, "a", tuesday);
	usher_facts_free(door.facts);
	assert_int_equal(usher_facts_new(door.conf, USHER_EMAIL, &door.facts),
	    0);
	assert_int_equal(usher_facts_sender(door.facts, bob), 0);
	verdict = door_ask(&door, tuesday);
	assert_int_equal(verdict->answer, USHER_PENDING);
	assert_int_equal(verdict->needs & USHER_HEADERS, USHER_HEADERS);
	door_close(&door);
}

static void
test_in_all_counts_everybody_once(void **state)
{
	struct door door;

	door_open(&door, *state, two_in_all);
	(void)come(&door, bob, true, "a", tuesday);
	assert_int_equal(come(&door, bob, true, "a", tuesday + 1),
	    USHER_ACCEPT);
	assert_int_equal(come(&door, "x@other.example", false, "b", tuesday),
	    USHER_ACCEPT);
	assert_int_equal(come(&door, "y@third.example", true, "c", tuesday),
	    USHER_DEFER);
	assert_int_equal(come(&door, "y@third.example", true, "c",
			     tuesday + DAY),
	    USHER_ACCEPT);
	door_close(&door);
}

/* The 250 was lost: the same mail comes again, an hour long and not for ever.
 */
static void
test_the_same_mail_counts_once(void **state)
{
	struct door door;

	door_open(&door, *state, two_a_day);
	(void)come(&door, bob, true, "a", tuesday);
	for (int i = 1; i <= ATTEMPT_AGAIN; i++)
		assert_int_equal(come(&door, bob, true, "a", tuesday + i),
		    USHER_ACCEPT);
	assert_int_equal(come(&door, bob, true, "b", tuesday + 60),
	    USHER_ACCEPT);
	assert_int_equal(come(&door, bob, true, "b",
			     tuesday + 59 + ATTEMPT_AGAIN_S),
	    USHER_ACCEPT);
	assert_int_equal(come(&door, bob, true, "c", tuesday + 2 * HOUR),
	    USHER_DEFER);
	assert_int_equal(come(&door, bob, true, "a", tuesday + 60),
	    USHER_DEFER);
	door_close(&door);
}

/* ---- tried ---- */

static enum usher_answer
try(struct door *door, const char *id, int64_t at, enum usher_became became)
{
	enum usher_answer answer;

	arrive(door, bob, true, id);
	answer = door_ask(door, at)->answer;
	assert_int_equal(note(door, became), 0);
	return answer;
}

static void
test_tried_counts_what_was_turned_away(void **state)
{
	struct door door;

	door_open(&door, *state, tried_three);
	for (int i = 0; i < 3; i++) {
		char id[] = { (char)('a' + i), '\0' };

		assert_int_equal(try(&door, id, tuesday + i, USHER_ENDED),
		    USHER_DEFER);
	}
	assert_int_equal(try(&door, "d", tuesday + DAY - 1, USHER_ENDED),
	    USHER_REFUSE);
	door_restart(&door, *state, tried_three);
	arrive(&door, bob, true, "e");
	assert_int_equal(door_ask(&door, tuesday + DAY - 1)->answer,
	    USHER_REFUSE);
	/* The first two are older than a day. */
	assert_int_equal(door_ask(&door, tuesday + DAY + 1)->answer,
	    USHER_DEFER);
	door_close(&door);
}

static void
test_retries_are_one_attempt(void **state)
{
	struct door door;

	door_open(&door, *state, tried_three);
	for (int i = 0; i < 9; i++)
		assert_int_equal(try(&door, NULL, tuesday + i, USHER_CAME),
		    USHER_DEFER);
	assert_int_equal(try(&door, NULL, tuesday + 9, USHER_ENDED),
	    USHER_DEFER);
	(void)try(&door, NULL, tuesday + 10, USHER_ENDED);
	assert_int_equal(try(&door, NULL, tuesday + 11, USHER_ENDED),
	    USHER_DEFER);
	assert_int_equal(try(&door, NULL, tuesday + 12, USHER_ENDED),
	    USHER_REFUSE);
	door_close(&door);
}

/* ---- introductions ---- */

static void
test_an_accepted_introduction_introduces(void **state)
{
	struct door door;

	door_open(&door, *state, introducing);
	assert_int_equal(come(&door, bob, true, "a", tuesday), USHER_ACCEPT);
	assert_true(usher_decision_verdict(door.decision)->introduces);
	door_restart(&door, *state, introducing);
	assert_int_equal(come(&door, bob, true, "b", tuesday + 1),
	    USHER_ACCEPT);
	assert_string_equal(usher_decision_verdict(door.decision)->rule, "k");
	/* A forger is not let in by it. */
	(void)come(&door, bob, false, "c", tuesday + 2);
	assert_string_equal(usher_decision_verdict(door.decision)->rule, "i");
	arrive(&door, bob, true, "d");
	assert_string_equal(door_ask(&door, tuesday + INTRODUCED_S - 1)->rule,
	    "k");
	assert_string_equal(door_ask(&door, tuesday + INTRODUCED_S)->rule, "i");
	door_close(&door);
}

static void
test_nobody_is_introduced_by_a_claim(void **state)
{
	struct door door;

	door_open(&door, *state, introducing);
	(void)come(&door, bob, false, "a", tuesday);
	(void)come(&door, bob, true, "b", tuesday + 1);
	assert_string_equal(usher_decision_verdict(door.decision)->rule, "i");
	door_close(&door);
}

/* ---- two at once, kill -9, and what is over ---- */

static void
test_the_last_place_is_given_once(void **state)
{
	struct door one, other;

	door_open(&one, *state, two_a_day);
	door_open(&other, *state, two_a_day);
	(void)come(&one, bob, true, "a", tuesday);
	arrive(&one, bob, true, "b");
	arrive(&other, bob, true, "c");
	assert_int_equal(door_ask(&one, tuesday)->answer, USHER_ACCEPT);
	assert_int_equal(door_ask(&other, tuesday)->answer, USHER_ACCEPT);
	assert_int_equal(note(&one, USHER_TAKING), 0);
	assert_int_equal(note(&other, USHER_TAKING), EDQUOT);
	assert_int_equal(door_ask(&other, tuesday)->answer, USHER_DEFER);
	door_close(&one);
	door_close(&other);
}

static const char forty[] = "rules = ( { name = \"c\"; then = \"accept\";"
			    " at_most = \"40 per 1d in all\"; } );";

/* Takes what it can, and tells of each in a byte. */
static void
take_many(const struct place *place, int tell, char name)
{
	struct door door;

	door_open(&door, place, forty);
	for (int i = 0; i < 60; i++) {
		char id[16];

		(void)snprintf(id, sizeof(id), "%c%d", name, i);
		arrive(&door, bob, true, id);
		if (door_ask(&door, tuesday)->answer == USHER_ACCEPT &&
		    note(&door, USHER_TAKING) == 0 &&
		    write(tell, &name, 1) != 1)
			_exit(1);
	}
	door_close(&door);
}

static pid_t
fork_taker(const struct place *place, int tell, char name)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		take_many(place, tell, name);
		_exit(0);
	}
	return child;
}

static size_t
remembered_of(const struct place *place)
{
	struct door door;
	size_t count;

	door_open(&door, place, forty);
	arrive(&door, "z@last.example", true, "z");
	(void)door_ask(&door, tuesday);
	count = door.memory->accepted_count;
	door_close(&door);
	return count;
}

static void
test_two_processes_share_a_cap(void **state)
{
	int pipes[2], status;
	char told[200];
	size_t count = 0;
	ssize_t got;
	pid_t one, other;

	assert_int_equal(pipe(pipes), 0);
	one = fork_taker(*state, pipes[1], 'a');
	other = fork_taker(*state, pipes[1], 'b');
	(void)close(pipes[1]);
	while ((got = read(pipes[0], told, sizeof(told))) > 0)
		count += (size_t)got;
	(void)close(pipes[0]);
	assert_int_equal(waitpid(one, &status, 0), one);
	assert_int_equal(status, 0);
	assert_int_equal(waitpid(other, &status, 0), other);
	assert_int_equal(status, 0);
	assert_int_equal(count, 40);
	assert_int_equal(remembered_of(*state), 40);
}

static void
test_what_was_told_outlives_kill_9(void **state)
{
	int pipes[2], status;
	size_t told = 0, kept;
	char byte;
	pid_t child;

	assert_int_equal(pipe(pipes), 0);
	child = fork_taker(*state, pipes[1], 'a');
	(void)close(pipes[1]);
	while (told < 5 && read(pipes[0], &byte, 1) == 1)
		told++;
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	while (read(pipes[0], &byte, 1) == 1)
		told++;
	(void)close(pipes[0]);
	kept = remembered_of(*state);
	assert_true(kept == told || kept == told + 1);
}

struct leftover {
	size_t count;
};

static int
count_one(void *arg, const char *key, size_t length,
    const struct usher_record_value *value)
{
	(void)key, (void)length, (void)value;
	((struct leftover *)arg)->count++;
	return 0;
}

static size_t
records_of(struct door *door, unsigned char kind)
{
	struct leftover left = { 0 };
	struct record_view view;
	struct records *records = door->usher->records;

	assert_int_equal(records->engine->view(records, &view, NULL), 0);
	assert_int_equal(records->engine->each(&view, kind, "", 0, count_one,
			     &left, NULL),
	    0);
	records->engine->unview(&view);
	return left.count;
}

static void
test_what_counts_no_more_is_removed(void **state)
{
	struct door door;

	door_open(&door, *state, two_a_day);
	(void)come(&door, bob, true, "a", tuesday);
	assert_int_equal(records_of(&door, RECORD_ATTEMPT), 1);
	(void)come(&door, "x@other.example", true, "b",
	    tuesday + ATTEMPT_RETRIED_S + DAY);
	assert_int_equal(records_of(&door, RECORD_ATTEMPT), 1);
	door_close(&door);
}

static void
test_what_counts_nothing_writes_nothing(void **state)
{
	struct door door;

	door_open(&door, *state, nine_to_ten);
	(void)come(&door, bob, true, "a", tuesday);
	(void)come(&door, bob, true, "b", tuesday + 9 * HOUR);
	assert_int_equal(records_of(&door, RECORD_ATTEMPT), 0);
	door_close(&door);
}

#define test(name)                                                 \
	cmocka_unit_test_setup_teardown(test_##name, place_set_up, \
	    place_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_cap_counts_what_was_accepted),
		test(the_firm_is_one_party_and_free_mail_is_not),
		test(a_forger_uses_up_nobodys_cap),
		test(a_cap_waits_for_proof),
		test(in_all_counts_everybody_once),
		test(the_same_mail_counts_once),
		test(tried_counts_what_was_turned_away),
		test(retries_are_one_attempt),
		test(an_accepted_introduction_introduces),
		test(nobody_is_introduced_by_a_claim),
		test(the_last_place_is_given_once),
		test(two_processes_share_a_cap),
		test(what_was_told_outlives_kill_9),
		test(what_counts_no_more_is_removed),
		test(what_counts_nothing_writes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
