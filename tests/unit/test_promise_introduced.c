/*
 * promises for whoever introduces himself: the opening of the channel that
 * they came by, told with a redirect, and kept once they are introduced
 * (design.md §5).
 */
#include "promise_place.h"

static const char number[] = "+442071234567";
static const char bob[] = "bob@vendor.example";

#define RULES(window)                                                          \
	"published = { email = \"alice@example.com\"; }; rules = ("            \
	" { name = \"met\"; if = { channel = \"phone\"; introduced = true; };" \
	" then = \"accept\"; during = \"" window "\"; else = \"defer\"; },"    \
	" { name = \"write\"; if = { channel = \"phone\"; }; then ="           \
	" \"redirect\"; to = [ \"email\" ]; }, { name = \"intro\"; then ="     \
	" \"accept\"; introduces = true; } );"

static const char at_four[] = RULES("16:00-17:00");
static const char at_six[] = RULES("18:00-19:00");

static const struct usher_verdict *
call(struct door *door, const char *from, bool proven, int64_t at)
{
	door_call(door, from, proven);
	return door_try(door, at);
}

static void
introduce(struct door *door, const char *sender, bool proven, const char *text,
    int64_t at)
{
	struct usher_notes *notes;

	door_mail(door, sender, proven ? sender : NULL);
	assert_int_equal(usher_facts_set(door->facts, "text", text, NULL), 0);
	assert_int_equal(door_ask(door, at)->answer, USHER_ACCEPT);
	assert_int_equal(usher_notes_new(door->usher, &notes, NULL), 0);
	assert_int_equal(usher_notes_attempt(notes, door->policy,
			     "alice@example.com", door->facts, door->decision,
			     USHER_TAKING, NULL),
	    0);
	assert_int_equal(usher_notes_commit(notes, -1, NULL), 0);
	usher_notes_free(notes);
}

static void
told_at_ten(struct door *door)
{
	const struct usher_verdict *verdict = call(door, number, true,
	    tuesday + 10 * HOUR);

	assert_int_equal(verdict->answer, USHER_REDIRECT);
	assert_true(verdict->introduced.exists);
	assert_int_equal(verdict->introduced.from, tuesday + 16 * HOUR);
	assert_int_equal(verdict->introduced.until, tuesday + 17 * HOUR);
}

static void
test_it_is_kept_once_they_are_introduced(void **state)
{
	struct door door;

	door_open(&door, *state, at_four);
	told_at_ten(&door);
	door_restart(&door, *state, at_six);
	assert_int_equal(call(&door, number, true, tuesday + 16 * HOUR)->answer,
	    USHER_REDIRECT);
	introduce(&door, bob, true, "+44 20 7123 4567", tuesday + 12 * HOUR);
	assert_deferred(call(&door, number, true, tuesday + 16 * HOUR - 1));
	assert_kept(call(&door, number, true, tuesday + 16 * HOUR));
	assert_deferred(call(&door, number, true, tuesday + 17 * HOUR));
	door_close(&door);
}

static void
test_whoever_is_not_proven_has_none_of_it(void **state)
{
	struct door door;

	door_open(&door, *state, at_four);
	told_at_ten(&door);
	door_restart(&door, *state, at_six);
	introduce(&door, bob, false, "+44 20 7123 4567", tuesday + 12 * HOUR);
	assert_int_equal(call(&door, number, true, tuesday + 16 * HOUR)->answer,
	    USHER_REDIRECT);
	introduce(&door, bob, true, "+44 20 7123 4567", tuesday + 12 * HOUR);
	assert_int_equal(call(&door, number, false, tuesday + 16 * HOUR)
			     ->answer,
	    USHER_REDIRECT);
	assert_int_equal(call(&door, "+442079999999", true, tuesday + 16 * HOUR)
			     ->answer,
	    USHER_REDIRECT);
	door_close(&door);
}

static void
test_whoever_asks_again_is_told_the_same(void **state)
{
	struct door door;
	const struct usher_verdict *verdict;

	door_open(&door, *state, at_four);
	told_at_ten(&door);
	door_restart(&door, *state, at_six);
	verdict = call(&door, number, true, tuesday + 11 * HOUR);
	assert_int_equal(verdict->introduced.from, tuesday + 16 * HOUR);
	verdict = call(&door, number, true, tuesday + 17 * HOUR - 1);
	assert_int_equal(verdict->introduced.from, tuesday + 17 * HOUR - 1);
	assert_int_equal(verdict->introduced.until, tuesday + 17 * HOUR);
	/* Once it has ended the next is told, and promised. */
	verdict = call(&door, number, true, tuesday + 17 * HOUR);
	assert_int_equal(verdict->introduced.from, tuesday + 18 * HOUR);
	door_close(&door);
}

/* What a mail was promised for calls holds for the numbers it named. */
static void
test_a_mails_promise_is_for_its_numbers(void **state)
{
	static const char calls_at_four[] =
	    "published = { phone = \"+14155550100\"; }; rules = ("
	    " { name = \"met\"; if = { channel = \"phone\"; introduced ="
	    " true; }; then = \"accept\"; during = \"16:00-17:00\"; else ="
	    " \"defer\"; }, { name = \"call\"; if = { channel = \"email\";"
	    " introduced = true; }; then = \"redirect\"; to = [ \"phone\" ]; },"
	    " { name = \"intro\"; if = { channel = \"email\"; }; then ="
	    " \"accept\"; introduces = true; }, { name = \"no\"; then ="
	    " \"refuse\"; } );";
	struct door door;

	door_open(&door, *state, calls_at_four);
	introduce(&door, bob, true, "+44 20 7123 4567", tuesday + 9 * HOUR);
	door_mail(&door, bob, bob);
	assert_int_equal(door_try(&door, tuesday + 10 * HOUR)->answer,
	    USHER_REDIRECT);
	door_restart(&door, *state, at_six);
	assert_deferred(call(&door, number, true, tuesday + 16 * HOUR - 1));
	assert_kept(call(&door, number, true, tuesday + 16 * HOUR));
	assert_deferred(call(&door, number, true, tuesday + 17 * HOUR));
	door_close(&door);
}

#define test(name)                                                 \
	cmocka_unit_test_setup_teardown(test_##name, place_set_up, \
	    place_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(it_is_kept_once_they_are_introduced),
		test(whoever_is_not_proven_has_none_of_it),
		test(whoever_asks_again_is_told_the_same),
		test(a_mails_promise_is_for_its_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
