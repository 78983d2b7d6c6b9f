/*
 * reference: whoever was told one on one channel is recognised by it on the
 * other, where both sides were proven; nobody else gains by it (design.md §6).
 */
#include "promise_place.h"

#include "reference.h"
#include "usher_handle.h"

static const char number[] = "+442071234567";
static const char bob[] = "bob@vendor.example";
static const char eve[] = "eve@evil.example";
static const char reference[] = "abc234defghj";

#define WRITE(window)                                                       \
	"published = { email = \"alice@example.com\"; }; rules = ("         \
	" { name = \"met\"; if = { channel = \"phone\"; introduced ="       \
	" true; }; then = \"accept\"; }, { name = \"write\"; if = {"        \
	" channel = \"phone\"; }; then = \"redirect\"; to = [ \"email\" ];" \
	" }, { name = \"in\"; then = \"accept\"; during = \"" window "\";"  \
	" else = \"defer\"; introduces = true; } );"
#define RING(window)                                                         \
	"published = { phone = \"+14155550100\"; }; rules = ("               \
	" { name = \"call\"; if = { channel = \"email\"; }; then ="          \
	" \"redirect\"; to = [ \"phone\" ]; }, { name = \"firm\"; if = {"    \
	" organization = \"vendor.example\"; }; then = \"accept\"; during =" \
	" \"" window "\"; else = \"defer\"; }, { name = \"no\"; then ="      \
	" \"refuse\"; } );"

/* Decided and noted as the daemons do, with this reference in the words. */
static const struct usher_verdict *
come(struct door *door, int64_t at)
{
	const struct usher_verdict *verdict = door_ask(door, at);
	struct usher_error error = { .text = "" };
	struct usher_notes *notes;
	int code = usher_notes_new(door->usher, &notes, &error);

	if (code == 0 && verdict->answer == USHER_ACCEPT)
		code = usher_notes_attempt(notes, door->policy,
		    "alice@example.com", door->facts, door->decision,
		    USHER_TAKEN, &error);
	if (code == 0 && verdict->answer == USHER_ACCEPT)
		code = usher_notes_came(notes, door->policy,
		    "alice@example.com", door->facts, door->decision, &error);
	else if (code == 0)
		code = usher_notes_promise(notes, door->policy,
		    "alice@example.com", door->facts, door->decision, reference,
		    &error);
	if (code == 0)
		code = usher_notes_commit(notes, -1, &error);
	usher_notes_free(notes);
	if (code != 0)
		fail_msg("%s", error.text);
	return verdict;
}

static void
show(struct door *door, const char *subject)
{
	assert_int_equal(usher_facts_subject(door->facts, subject,
			     strlen(subject)),
	    0);
}

static enum usher_answer
mail(struct door *door, const char *who, bool proven, const char *subject,
    int64_t at)
{
	door_mail(door, who, proven ? who : NULL);
	show(door, subject);
	return come(door, at)->answer;
}

static enum usher_answer
call(struct door *door, const char *who, bool proven, const char *subject,
    int64_t at)
{
	door_call(door, who, proven);
	show(door, subject);
	return come(door, at)->answer;
}

/* A caller is told that mail opens at nine, which then moves to six. */
static void
told_to_write(struct door *door, const struct place *place, bool proven)
{
	door_open(door, place, WRITE("09:00-10:00"));
	assert_int_equal(call(door, number, proven, "", tuesday + 8 * HOUR),
	    USHER_REDIRECT);
	door_restart(door, place, WRITE("18:00-19:00"));
}

static void
test_a_mail_is_recognised_by_it(void **state)
{
	struct door door;
	const int64_t nine = tuesday + 9 * HOUR;

	told_to_write(&door, *state, true);
	assert_int_equal(mail(&door, bob, true, "Storage", nine), USHER_DEFER);
	door_restart(&door, *state, WRITE("18:00-19:00"));
	assert_int_equal(mail(&door, eve, true, "Re: [abc234defghk]", nine),
	    USHER_DEFER);
	assert_int_equal(mail(&door, "ann@vendor.example", true,
			     "Re: ABC234defghj", nine - 1),
	    USHER_DEFER);
	assert_int_equal(mail(&door, "cid@vendor.example", true,
			     "Storage (Ref. abc234defghj)", nine),
	    USHER_ACCEPT);
	assert_string_equal(usher_reason_word(
				usher_decision_verdict(door.decision)->reason),
	    "promise");
	/* Who introduced himself by it is who called. */
	assert_int_equal(call(&door, number, true, "", nine), USHER_ACCEPT);
	door_close(&door);
}

static void
test_it_is_kept_no_longer_than_its_promise(void **state)
{
	struct door door;
	const int64_t end = tuesday + 9 * HOUR + 5 * DAY;

	told_to_write(&door, *state, true);
	assert_int_equal(mail(&door, bob, true, reference, end), USHER_DEFER);
	door_close(&door);
	told_to_write(&door, *state, true);
	assert_int_equal(mail(&door, "ann@vendor.example", true, reference,
			     end - 1),
	    USHER_ACCEPT);
	door_close(&door);
}

static void
test_both_sides_must_be_proven(void **state)
{
	struct door door;
	const int64_t nine = tuesday + 9 * HOUR;

	told_to_write(&door, *state, true);
	assert_int_equal(mail(&door, bob, false, reference, nine), USHER_DEFER);
	door_close(&door);
}

static void
test_who_was_not_proven_when_told_is_nobody(void **state)
{
	struct door door;

	told_to_write(&door, *state, false);
	assert_int_equal(mail(&door, bob, true, reference, tuesday + 9 * HOUR),
	    USHER_DEFER);
	door_close(&door);
}

/* Overheard in a log, after who was meant has come. */
static void
test_who_comes_first_keeps_it(void **state)
{
	struct door door;
	const int64_t nine = tuesday + 9 * HOUR;

	told_to_write(&door, *state, true);
	assert_int_equal(mail(&door, bob, true, reference, nine), USHER_ACCEPT);
	assert_int_equal(mail(&door, eve, true, reference, nine), USHER_DEFER);
	assert_int_equal(mail(&door, "ann@gmail.com", true, reference, nine),
	    USHER_DEFER);
	door_close(&door);
}

static void
test_a_number_that_is_anybodys_is_not_joined(void **state)
{
	struct door door;
	struct usher_notes *notes;

	told_to_write(&door, *state, true);
	assert_int_equal(usher_notes_new(door.usher, &notes, NULL), 0);
	assert_int_equal(usher_notes_known(notes, door.policy,
			     "alice@example.com", number, tuesday, NULL),
	    0);
	assert_int_equal(usher_notes_commit(notes, -1, NULL), 0);
	usher_notes_free(notes);
	assert_int_equal(mail(&door, eve, true, reference, tuesday + 9 * HOUR),
	    USHER_DEFER);
	door_close(&door);
}

/* What the headers may still show is waited for at RCPT. */
static void
test_nobody_is_turned_away_before_it_could_be_shown(void **state)
{
	struct door door;

	told_to_write(&door, *state, true);
	usher_facts_free(door.facts);
	assert_int_equal(usher_facts_new(door.conf, USHER_EMAIL, &door.facts),
	    0);
	assert_int_equal(usher_facts_sender(door.facts, bob), 0);
	(void)door_ask(&door, tuesday + 9 * HOUR);
	assert_true(usher_memory_promised(door.memory));
	(void)door_ask(&door, tuesday + 9 * HOUR - 1);
	assert_false(usher_memory_promised(door.memory));
	door_close(&door);
}

static void
test_a_caller_is_recognised_by_it_for_the_promise(void **state)
{
	struct door door;
	const int64_t four = tuesday + 16 * HOUR;

	door_open(&door, *state, RING("16:00-17:00"));
	assert_int_equal(mail(&door, bob, true, "", tuesday + 8 * HOUR),
	    USHER_REDIRECT);
	door_restart(&door, *state, RING("18:00-19:00"));
	assert_int_equal(call(&door, number, true, "", four), USHER_REFUSE);
	assert_int_equal(call(&door, number, false, reference, four),
	    USHER_REFUSE);
	assert_int_equal(call(&door, number, true, reference, four - 1),
	    USHER_REFUSE);
	assert_int_equal(call(&door, number, true, reference, four),
	    USHER_ACCEPT);
	assert_int_equal(call(&door, "+442079999999", true, reference, four),
	    USHER_REFUSE);
	assert_int_equal(call(&door, number, true, "", four), USHER_REFUSE);
	assert_int_equal(call(&door, number, true, reference,
			     tuesday + 17 * HOUR),
	    USHER_REFUSE);
	door_close(&door);
}

static void
test_references_are_found_in_what_people_write(void **state)
{
	static const struct {
		const char *tag, *subject, *wanted;
	} texts[] = {
		{ NULL, "Re: storage [abc234defghj]", "abc234defghj" },
		{ NULL, "Reference abcdefghijkm.", "abcdefghijkm" },
		{ NULL,
		    "R\xc3\xa9"
		    "f\xc3\xa9rence: ABCDEFGHIJKM",
		    "abcdefghijkm" },
		{ NULL, "abcdefghijkm", "" },
		{ "abcdefghijkm", NULL, "abcdefghijkm" },
		{ "ref=abc234defghj", "", "abc234defghj" },
		{ NULL, "abc234defghjk", "" },
		{ NULL, "xabc234defghj", "" },
		{ NULL, "abc234defgh", "" },
		{ NULL, "abc234def0hj", "" },
		{ NULL, "ref:abc234defghj,", "abc234defghj" },
		{ "a2cdefghijkm", "b2cdefghijkm c2cdefghijkm d2cdefghijkm",
		    "a2cdefghijkm b2cdefghijkm c2cdefghijkm" },
		{ NULL, "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct usher_facts facts = { .subject = texts[i].subject,
			.tag = texts[i].tag };
		struct references found;
		char all[100] = "";

		usher_references_find(&facts, &found);
		for (size_t k = 0; k < found.count; k++) {
			strcat(all, k == 0 ? "" : " ");
			strcat(all, found.list[k]);
		}
		assert_string_equal(all, texts[i].wanted);
	}
}

static int
count_reference(void *arg, const char *kind, const char *json)
{
	(void)json;
	*(int *)arg += strcmp(kind, "reference") == 0;
	return 0;
}

static int
references_of(struct door *door, const char *who)
{
	int count = 0;

	assert_int_equal(usher_person_export(door->usher, door->conf, NULL, who,
			     count_reference, &count, NULL),
	    0);
	return count;
}

static void
test_it_is_forgotten_with_whom_it_was_told(void **state)
{
	struct door door;

	told_to_write(&door, *state, true);
	assert_int_equal(references_of(&door, number), 1);
	assert_int_equal(usher_person_forget(door.usher, door.conf, NULL,
			     number, false, -1, NULL, NULL, NULL),
	    0);
	assert_int_equal(references_of(&door, number), 0);
	assert_int_equal(mail(&door, bob, true, reference, tuesday + 9 * HOUR),
	    USHER_DEFER);
	door_close(&door);
}

#define test(name)                                                 \
	cmocka_unit_test_setup_teardown(test_##name, place_set_up, \
	    place_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_mail_is_recognised_by_it),
		test(it_is_kept_no_longer_than_its_promise),
		test(both_sides_must_be_proven),
		test(who_was_not_proven_when_told_is_nobody),
		test(who_comes_first_keeps_it),
		test(a_number_that_is_anybodys_is_not_joined),
		test(nobody_is_turned_away_before_it_could_be_shown),
		test(a_caller_is_recognised_by_it_for_the_promise),
		test(it_is_forgotten_with_whom_it_was_told),
		cmocka_unit_test(
		    test_references_are_found_in_what_people_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
