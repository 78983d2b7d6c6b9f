/*
 * link: numbers that are one party with an organization: which numbers a text
 * names, what joins them, and what nobody gains (design.md §1, §6).
 */
#include "promise_place.h"

#include "attempt.h"
#include "link.h"
#include "usher_handle.h"

#include <errno.h>

static const char bob[] = "bob@vendor.example";
static const char number[] = "+442071234567";
static const char other[] = "+442079999999";

static const char introducing[] =
    "rules = ( { name = \"call\"; if = { channel = \"phone\"; introduced ="
    " true; }; then = \"accept\"; at_most = \"2 per 1d\"; },"
    " { name = \"write\"; if = { channel = \"phone\"; }; then = \"redirect\";"
    " to = [ \"email\" ]; }, { name = \"intro\"; then = \"accept\";"
    " introduces = true; } ); published = { email = \"alice@example.com\"; };";

/* ---- finding ---- */

static const struct dialling british = { "44", "00", "0" };
static const struct dialling american = { "1", "011", "1" };

static void
assert_found(const char *text, const struct dialling *dialling,
    const char *wanted)
{
	struct link_numbers found = { .count = 0 };
	char all[200] = "";

	usher_link_find(text, strlen(text), dialling, &found);
	for (size_t i = 0; i < found.count; i++) {
		strcat(all, i == 0 ? "" : " ");
		strcat(all, found.numbers[i]);
	}
	if (strcmp(all, wanted) != 0)
		fail_msg("\"%s\": found \"%s\", not \"%s\"", text, all, wanted);
}

static void
test_numbers_are_found_with_care(void **state)
{
	static const struct {
		const char *text, *wanted;
	} british_texts[] = {
		{ "Call +44 20 7123 4567.", "+442071234567" },
		{ "(+44 (0)20 7123-4567)", "+442071234567" },
		{ "+44\xc2\xa0"
		  "20\xc2\xa0"
		  "7123\xe2\x80\x91"
		  "4567",
		    "+442071234567" },
		{ "tel:+442071234567", "+442071234567" },
		{ "Ph 020 7123 4567", "+442071234567" },
		{ "0049 30 1234567", "+49301234567" },
		{ "Tel: 2071234567", "+442071234567" },
		{ "2071234567", "" },
		{ "order 0201234567", "" },
		{ "01.02.2026 10:00", "" },
		{ "02-03-2026", "" },
		{ "Fax: +44 20 7123 4568", "" },
		{ "Tel +44 20 7123 4567 Fax +44 20 7123 4568",
		    "+442071234567" },
		{ "+44 20 7123 4567\nTelefax +44 20 7123 4568\n",
		    "+442071234567" },
		{ "id=+442071234567", "" },
		{ "x+442071234567@example.com", "" },
		{ "sales+442071234567", "" },
		{ "+442071234567@example.com", "" },
		{ "+44 112", "" },
		{ "+1234567", "" },
		{ "+12345678", "+12345678" },
		{ "+123456789012345", "+123456789012345" },
		{ "+1234567890123456", "" },
		{ "+0442071234567", "" },
		{ "020 7123 4567 EUR", "" },
		{ "0,207 123 456", "" },
		{ "+442071234567 and 020 7123 4567", "+442071234567" },
		{ "+44201111111, +44202222222, +44203333333, +44204444444",
		    "+44201111111 +44202222222 +44203333333" },
		{ "12345678901234567890123456789012345678901234567890"
		  " +44 20 7123 4567",
		    "+442071234567" },
		{ "+ + ( - +", "" },
		{ "", "" },
	};
	static const struct {
		const char *text, *wanted;
	} american_texts[] = {
		{ "(415) 555-0100", "+14155550100" },
		{ "1-415-555-0100", "+14155550100" },
		{ "415.555.0100", "+14155550100" },
		{ "4155550100", "" },
		{ "cell 4155550100", "+14155550100" },
		{ "115-555-0100", "" },
		{ "415-055-0100", "" },
		{ "2026-11-24", "" },
		{ "$415.555.0100", "" },
		{ "011 44 20 7123 4567", "+442071234567" },
		{ "call 911", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(british_texts) / sizeof(*british_texts);
	     i++)
		assert_found(british_texts[i].text, &british,
		    british_texts[i].wanted);
	for (size_t i = 0; i < sizeof(american_texts) / sizeof(*american_texts);
	     i++)
		assert_found(american_texts[i].text, &american,
		    american_texts[i].wanted);
	assert_found("+44 20 7123 4567 and 020 7123 4568", NULL,
	    "+442071234567");
}

/* ---- joining ---- */

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
	return code;
}

/* A mail that introduces `sender`, with its body. */
static void
introduce(struct door *door, const char *sender, const char *proven,
    const char *text, int64_t at)
{
	door_mail(door, sender, proven);
	assert_int_equal(usher_facts_set(door->facts, "text", text, NULL), 0);
	assert_int_equal(door_ask(door, at)->answer, USHER_ACCEPT);
	assert_int_equal(note(door, USHER_TAKING), 0);
}

static enum usher_answer
call(struct door *door, const char *from, bool proven, int64_t at)
{
	door_call(door, from, proven);
	return door_ask(door, at)->answer;
}

static int
cut(struct door *door, const char *what, int64_t at)
{
	struct usher_notes *notes;
	int code = usher_notes_new(door->usher, &notes, NULL);

	if (code == 0)
		code = usher_notes_link_cut(notes, door->policy,
		    "alice@example.com", what, at, NULL);
	if (code == 0)
		code = usher_notes_commit(notes, -1, NULL);
	usher_notes_free(notes);
	return code;
}

static int
gather(void *arg, const struct usher_link *link)
{
	char *all = arg;

	(void)snprintf(all + strlen(all), 400 - strlen(all), "%s %s %s;",
	    link->number, link->party, link->named_by);
	return 0;
}

static void
assert_links(struct door *door, int64_t at, const char *wanted)
{
	char all[400] = "";

	assert_int_equal(usher_link_each(door->usher, door->policy,
			     "alice@example.com", at, gather, all, NULL),
	    0);
	assert_string_equal(all, wanted);
}

static void
test_a_number_that_an_introduction_names_is_its_sender(void **state)
{
	struct door door;

	door_open(&door, *state, introducing);
	assert_int_equal(call(&door, number, true, tuesday), USHER_REDIRECT);
	introduce(&door, bob, bob, "Call me: +44 20 7123 4567", tuesday);
	door_restart(&door, *state, introducing);
	assert_int_equal(call(&door, number, true, tuesday), USHER_ACCEPT);
	assert_int_equal(call(&door, other, true, tuesday), USHER_REDIRECT);
	assert_links(&door, tuesday,
	    "+442071234567 vendor.example bob@vendor.example;");
	door_close(&door);
}

static void
test_a_number_counts_only_on_calls_that_prove_it(void **state)
{
	struct door door;

	door_open(&door, *state, introducing);
	introduce(&door, bob, bob, "+44 20 7123 4567", tuesday);
	assert_int_equal(call(&door, number, false, tuesday), USHER_REDIRECT);
	assert_int_equal(call(&door, number, true, tuesday), USHER_ACCEPT);
	door_close(&door);
}

static void
test_a_sender_who_is_not_proven_joins_nothing(void **state)
{
	struct door door;

	door_open(&door, *state, introducing);
	introduce(&door, bob, NULL, "+44 20 7123 4567", tuesday);
	assert_links(&door, tuesday, "");
	introduce(&door, "forger@evil.example", bob, "", tuesday);
	introduce(&door, bob, NULL, "+44 20 7123 4567", tuesday);
	assert_int_equal(call(&door, number, true, tuesday), USHER_REDIRECT);
	door_close(&door);
}

static void
test_a_link_ends_with_its_introduction(void **state)
{
	struct door door;

	door_open(&door, *state, introducing);
	introduce(&door, bob, bob, "+44 20 7123 4567", tuesday);
	assert_int_equal(call(&door, number, true, tuesday + INTRODUCED_S - 1),
	    USHER_ACCEPT);
	assert_int_equal(call(&door, number, true, tuesday + INTRODUCED_S),
	    USHER_REDIRECT);
	assert_links(&door, tuesday + INTRODUCED_S, "");
	/* Whoever comes then may have it. */
	introduce(&door, "ann@rival.example", "ann@rival.example",
	    "+44 20 7123 4567", tuesday + INTRODUCED_S);
	assert_links(&door, tuesday + INTRODUCED_S,
	    "+442071234567 rival.example ann@rival.example;");
	door_close(&door);
}

static void
test_three_numbers_are_named_at_most(void **state)
{
	struct door door;

	door_open(&door, *state, introducing);
	introduce(&door, bob, bob,
	    "+44 20 1111 1111, +44 20 2222 2222, +44 20 3333 3333"
	    " and +44 20 7123 4567",
	    tuesday);
	assert_int_equal(call(&door, "+442033333333", true, tuesday),
	    USHER_ACCEPT);
	assert_int_equal(call(&door, number, true, tuesday), USHER_REDIRECT);
	door_close(&door);
}

static void
test_a_number_that_another_holds_is_not_joined(void **state)
{
	struct door door;
	struct usher_notes *notes;

	door_open(&door, *state, introducing);
	introduce(&door, bob, bob, "+44 20 7123 4567", tuesday);
	introduce(&door, "eve@evil.example", "eve@evil.example",
	    "+44 20 7123 4567, +44 20 7999 9999, +1 415 555 0100", tuesday);
	assert_links(&door, tuesday,
	    "+442071234567 vendor.example bob@vendor.example;"
	    "+442079999999 evil.example eve@evil.example;");
	/* Whom the recipient called is somebody already. */
	assert_int_equal(usher_notes_new(door.usher, &notes, NULL), 0);
	assert_int_equal(usher_notes_known(notes, door.policy,
			     "alice@example.com", "+442073333333", tuesday,
			     NULL),
	    0);
	assert_int_equal(usher_notes_commit(notes, -1, NULL), 0);
	usher_notes_free(notes);
	assert_int_equal(cut(&door, other, tuesday), 0);
	introduce(&door, "eve@evil.example", "eve@evil.example",
	    "+44 20 7333 3333", tuesday);
	assert_links(&door, tuesday,
	    "+442071234567 vendor.example bob@vendor.example;");
	door_close(&door);
}

static void
test_what_is_cut_stays_cut_for_its_party(void **state)
{
	struct door door;

	door_open(&door, *state, introducing);
	assert_int_equal(cut(&door, number, tuesday), ENOENT);
	introduce(&door, bob, bob, "+44 20 7123 4567", tuesday);
	assert_int_equal(cut(&door, number, tuesday), 0);
	assert_int_equal(cut(&door, number, tuesday), ENOENT);
	assert_links(&door, tuesday, "");
	assert_int_equal(call(&door, number, true, tuesday), USHER_REDIRECT);
	introduce(&door, bob, bob, "+44 20 7123 4567", tuesday + 1);
	assert_int_equal(call(&door, number, true, tuesday + 1),
	    USHER_REDIRECT);
	introduce(&door, "ann@rival.example", "ann@rival.example",
	    "+44 20 7123 4567", tuesday + 1);
	assert_int_equal(call(&door, number, true, tuesday + 1), USHER_ACCEPT);
	door_close(&door);
}

static void
test_free_mail_stays_one_address(void **state)
{
	struct door door;

	door_open(&door, *state, introducing);
	introduce(&door, "bob@gmail.com", "bob@gmail.com", "+44 20 7123 4567",
	    tuesday);
	assert_links(&door, tuesday,
	    "+442071234567 bob@gmail.com bob@gmail.com;");
	assert_int_equal(call(&door, number, true, tuesday), USHER_ACCEPT);
	door_close(&door);
}

/* The cap of the rule counts the firm, whichever number it calls from. */
static void
test_caps_count_the_joined_as_one(void **state)
{
	struct door door;

	door_open(&door, *state, introducing);
	introduce(&door, bob, bob, "+44 20 7123 4567 +44 20 7999 9999",
	    tuesday);
	introduce(&door, bob, bob, "or +44 20 7999 9999", tuesday);
	assert_int_equal(call(&door, number, true, tuesday), USHER_ACCEPT);
	assert_int_equal(note(&door, USHER_TAKEN), 0);
	assert_int_equal(call(&door, other, true, tuesday + 1), USHER_ACCEPT);
	assert_int_equal(note(&door, USHER_TAKEN), 0);
	assert_int_equal(call(&door, number, true, tuesday + 2), USHER_DEFER);
	assert_int_equal(call(&door, number, true, tuesday + DAY),
	    USHER_ACCEPT);
	door_close(&door);
}

/* ---- the recipient's lists ---- */

static const char listing[] =
    "parties = { vendors = { organizations = [ \"vendor.example\" ]; phones ="
    " [ \"+44207123*\" ]; }; two = { organizations = [ \"a.example\","
    " \"b.example\" ]; phones = [ \"+44207999*\" ]; };"
    " far = { organizations = [ \"c.example\" ]; phones = [ \"+33*\" ]; }; };"
    "rules = ( { name = \"org\"; if = { organization = [ \"vendor.example\","
    " \"a.example\", \"b.example\", \"c.example\" ]; };"
    " then = \"accept\"; }, { name = \"known\"; if = { channel = \"email\";"
    " known = true; }; then = \"accept\"; }, { name = \"no\"; then ="
    " \"refuse\"; } );";

static void
test_listed_numbers_are_their_organization(void **state)
{
	struct door door;

	door_open(&door, *state, listing);
	assert_int_equal(call(&door, number, true, tuesday), USHER_ACCEPT);
	assert_int_equal(call(&door, number, false, tuesday), USHER_REFUSE);
	/* Of two organizations nobody knows which; a country is no list. */
	assert_int_equal(call(&door, other, true, tuesday), USHER_REFUSE);
	assert_int_equal(call(&door, "+33123456789", true, tuesday),
	    USHER_REFUSE);
	door_close(&door);
}

static void
test_a_listed_number_is_not_joined_elsewhere(void **state)
{
	static const char rules[] =
	    "parties = { vendors = { organizations = [ \"vendor.example\" ];"
	    " phones = [ \"+44207123*\" ]; }; }; rules = ( { name = \"i\";"
	    " then = \"accept\"; introduces = true; } );";
	struct door door;

	door_open(&door, *state, rules);
	introduce(&door, "eve@evil.example", "eve@evil.example",
	    "+44 20 7123 4567", tuesday);
	assert_links(&door, tuesday, "");
	door_close(&door);
}

int
main(void)
{
#define ON_A_PLACE(test) \
	cmocka_unit_test_setup_teardown(test, place_set_up, place_tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_are_found_with_care),
		ON_A_PLACE(
		    test_a_number_that_an_introduction_names_is_its_sender),
		ON_A_PLACE(test_a_number_counts_only_on_calls_that_prove_it),
		ON_A_PLACE(test_a_sender_who_is_not_proven_joins_nothing),
		ON_A_PLACE(test_a_link_ends_with_its_introduction),
		ON_A_PLACE(test_three_numbers_are_named_at_most),
		ON_A_PLACE(test_a_number_that_another_holds_is_not_joined),
		ON_A_PLACE(test_what_is_cut_stays_cut_for_its_party),
		ON_A_PLACE(test_free_mail_stays_one_address),
		ON_A_PLACE(test_caps_count_the_joined_as_one),
		ON_A_PLACE(test_listed_numbers_are_their_organization),
		ON_A_PLACE(test_a_listed_number_is_not_joined_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
