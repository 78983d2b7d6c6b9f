/*
 * check: what is said of doors that never open, of parties before closed
 * doors, and of mail that is turned away; and where nothing is said.
 */
#include "check_world.h"

/* ---- doors ---- */

static void
test_redirects_to_doors_that_never_open(void **state)
{
	static const struct vector vectors[] = {
		{ WHO RULES("{ if = { channel = \"email\"; purpose ="
			    " \"sales\"; }; then = \"redirect\"; to = ["
			    " \"phone\" ]; },\n{ if = { channel = \"phone\";"
			    " }; then = \"refuse\"; }"),
		    { { 3, "from email to phone, which never opens" } } },
		/* open at times */
		{ WHO RULES("{ if = { channel = \"email\"; purpose ="
			    " \"sales\"; }; then = \"redirect\"; to = ["
			    " \"phone\" ]; },\n{ if = { channel = \"phone\";"
			    " on = \"12-31\"; }; then = \"accept\"; },\n{ if ="
			    " { channel = \"phone\"; }; then = \"refuse\"; }"),
		    { { 0, NULL } } },
		/* open to whoever brings what it takes */
		{ WHO RULES("{ if = { channel = \"fax\"; }; then ="
			    " \"redirect\"; to = [ \"email\" ]; },\n{ if = {"
			    " channel = \"email\"; purpose = \"sales\"; "
			    "attachment = \"pdf\"; }; then = \"accept\"; },\n"
			    "{ if = { channel = \"email\"; purpose = ["
			    " \"sales\", \"unknown\", \"bulk\" ]; }; then ="
			    " \"refuse\"; }"),
		    { { 0, NULL } } },
		/* open once introduced, which a mail can bring about */
		{ WHO RULES("{ if = { channel = \"phone\"; introduced ="
			    " true; }; then = \"accept\"; },\n{ if = { channel"
			    " = \"phone\"; }; then = \"redirect\"; to = ["
			    " \"email\" ]; },\n{ if = { channel = \"fax\"; };"
			    " then = \"redirect\"; to = [ \"phone\" ]; },\n"
			    "{ if = { channel = \"email\"; purpose ="
			    " \"sales\"; }; then = \"accept\"; introduces ="
			    " true; }"),
		    { { 0, NULL } } },
		/* the channel they came by */
		{ WHO RULES("{ if = { channel = \"phone\"; }; then ="
			    " \"redirect\"; }"),
		    { { 3, "redirects without `to`" } } },
		{ WHO RULES("{ if = { channel = \"phone\"; }; then ="
			    " \"redirect\"; during = \"00:00-12:00\"; }"),
		    { { 0, NULL } } },
		{ WHO RULES("{ if = { channel = \"phone\"; }; then ="
			    " \"redirect\"; to = [ \"phone\" ]; }"),
		    { { 3, "the channel they came by, and that never" } } },
	};

	DOUBT(state, vectors);
}

static void
test_circles_of_redirects(void **state)
{
	static const struct vector vectors[] = {
		{ WHO RULES("{ if = { channel = \"phone\"; }; then ="
			    " \"redirect\"; to = [ \"email\" ]; },\n{ if = {"
			    " channel = \"email\"; }; unless = { purpose = ["
			    " \"list\", \"transactional\" ]; }; then ="
			    " \"redirect\"; to = [ \"phone\" ]; }"),
		    { { 4, "in a circle: from email to phone" } } },
		{ WHO RULES("{ if = { channel = \"phone\"; purpose = ["
			    " \"sales\", \"unknown\" ]; }; then ="
			    " \"redirect\"; to = [ \"email\" ]; },\n{ if = {"
			    " channel = \"email\"; purpose = [ \"sales\","
			    " \"unknown\" ]; }; then = \"redirect\"; to = ["
			    " \"phone\" ]; }"),
		    { { 3, "in a circle: from phone to email" },
			{ 4, "in a circle: from email to phone" } } },
		/* a door on the way is open at times */
		{ WHO RULES("{ if = { channel = \"phone\"; purpose = ["
			    " \"sales\", \"unknown\" ]; }; then ="
			    " \"redirect\"; to = [ \"email\" ]; },\n{ if = {"
			    " channel = \"email\"; purpose = [ \"sales\","
			    " \"unknown\" ]; }; then = \"accept\"; during ="
			    " \"11:00-13:00\"; }"),
		    { { 0, NULL } } },
	};

	DOUBT(state, vectors);
}

static void
test_deferrals_to_no_time(void **state)
{
	static const struct vector vectors[] = {
		{ WHO RULES("{ if = { channel = \"phone\"; }; then ="
			    " \"defer\"; }"),
		    { { 3, "no time of the coming year" } } },
		{ WHO RULES("{ if = { channel = \"phone\"; }; then ="
			    " \"defer\"; during = \"00:00-15:00\"; }"),
		    { { 0, NULL } } },
		{ WHO RULES("{ if = { channel = \"phone\"; on ="
			    " \"2026-11-24..2027-06-30\"; }; then ="
			    " \"defer\"; }"),
		    { { 0, NULL } } },
	};

	DOUBT(state, vectors);
}

/* ---- parties ---- */

static void
test_parties_that_are_turned_away_everywhere(void **state)
{
	static const struct vector vectors[] = {
		/* closed on the phone alone */
		{ WHO
		    "parties = { p = { phones = [ \"+4477*\" ]; }; };\n" RULES(
			"{ if = { channel = \"phone\"; party = \"p\"; };"
			" then = \"refuse\"; }"),
		    { { 0, NULL } } },
		{ WHO "parties = {\np = { phones = [ \"+4477*\" ]; };\n"
		      "q = { organizations = [ \"q.example\" ]; };\n};\n" RULES(
			  "{ if = { party = \"p\"; purpose = [ \"sales\","
			  " \"unknown\", \"bulk\", \"list\", \"personal\","
			  " \"transactional\" ]; }; then = \"refuse\"; }"),
		    { { 3, "party \"p\" is turned away on every channel" } } },
		/* told a page; let in as a customer */
		{ "addresses = [ \"a@example.com\" ]; published = { page ="
		  " \"https://x.example/\"; };\nparties = { p = { phones ="
		  " [ \"+4477*\" ]; }; };\n" RULES(
		      "{ if = { party = \"p\"; }; unless = { purpose = ["
		      " \"list\", \"transactional\" ]; channel ="
		      " \"fax\"; }; then = \"redirect\"; to = ["
		      " \"page\" ]; }"),
		    { { 4, "whatever it is about" } } },
		{ WHO "parties = {\np = { code = true; };\n};\n" RULES(
		      "{ if = { party = \"p\"; stage = \"customer\"; };"
		      " then = \"accept\"; },\n{ if = { party = \"p\"; };"
		      " then = \"refuse\"; }"),
		    { { 0, NULL } } },
		{ WHO "otherwise = \"refuse\";\n",
		    { { 2, "a stranger is turned away on every channel" } } },
		{ WHO RULES("{ if = { channel = \"phone\"; }; then ="
			    " \"accept\"; },\n{ if = { channel = \"email\";"
			    " purpose = [ \"transactional\", \"list\" ]; };"
			    " then = \"accept\"; }") "otherwise ="
						     " \"refuse\";\n",
		    { { 0, NULL } } },
	};

	DOUBT(state, vectors);
}

/* ---- mail ---- */

static void
test_codes_receipts_and_lists(void **state)
{
	static const struct vector vectors[] = {
		{ WHO RULES("{ if = { channel = \"email\"; country ="
			    " \"US\"; }; then = \"refuse\"; }"),
		    { { 3, "codes, receipts and mailing lists" } } },
		{ WHO RULES("{ if = { channel = \"email\"; country ="
			    " \"US\"; }; unless = { purpose = ["
			    " \"transactional\", \"list\" ]; }; then ="
			    " \"refuse\"; }"),
		    { { 0, NULL } } },
		{ WHO RULES("{ if = { channel = \"email\"; country ="
			    " \"US\"; }; unless = { purpose = \"list\"; };"
			    " then = \"refuse\"; }"),
		    { { 3, "codes, receipts and mailing lists" } } },
		{ WHO RULES("{ if = { channel = \"email\"; }; then ="
			    " \"accept\"; during = \"11:00-13:00\"; }"),
		    { { 3, "codes, receipts and mailing lists" } } },
		/* about something; on the phone; after a rule that accepts */
		{ WHO RULES("{ if = { channel = \"email\"; country = \"US\";"
			    " purpose = \"sales\"; }; then = \"refuse\"; }"),
		    { { 0, NULL } } },
		{ WHO RULES("{ if = { channel = \"phone\"; country = \"US\";"
			    " }; then = \"refuse\"; }"),
		    { { 0, NULL } } },
		{ WHO RULES("{ if = { purpose = [ \"list\", \"transactional\""
			    " ]; }; then = \"accept\"; },\n{ if = { channel ="
			    " \"email\"; country = \"US\"; }; then ="
			    " \"refuse\"; }"),
		    { { 0, NULL } } },
		{ WHO "otherwise = \"refuse\";\n" RULES(
		      "{ if = { channel = \"phone\"; }; then ="
		      " \"accept\"; }"),
		    { { 2, "`otherwise` turns away mail" } } },
	};

	DOUBT(state, vectors);
}

static const struct vector weekdays = {
	WHO RULES("{ if = { channel = \"email\"; purpose = \"sales\"; }; then ="
		  " \"accept\"; during = \"weekdays 09:00-12:00\"; }"),
	{ { 3, "what comes on Friday 12:00 waits 69 hours" } }
};

static void
test_waits_beyond_patience(void **state)
{
	struct place *place = *state;
	static const struct vector vectors[] = {
		/* 22 hours, also when the clock is set back */
		{ WHO RULES("{ if = { channel = \"email\"; purpose ="
			    " \"sales\"; }; then = \"accept\"; during ="
			    " \"11:00-13:00\"; }"),
		    { { 0, NULL } } },
		{ WHO RULES("{ if = { channel = \"email\"; purpose ="
			    " \"sales\"; }; then = \"accept\"; during ="
			    " \"11:00-12:59\"; }"),
		    { { 3, "waits 22 hours" } } },
		/* nobody waits for a redirect; calls do not wait */
		{ WHO RULES("{ if = { channel = \"email\"; purpose ="
			    " \"sales\"; }; then = \"accept\"; during ="
			    " \"weekdays 09:00-12:00\"; else ="
			    " \"redirect\"; }"),
		    { { 0, NULL } } },
		{ WHO RULES("{ if = { channel = \"phone\"; }; then ="
			    " \"accept\"; during = \"Mon 09:00-12:00\"; }"),
		    { { 0, NULL } } },
	};
	struct vector patient = weekdays;

	doubts(place, &weekdays, "a.conf");
	DOUBT(state, vectors);
	patient.wanted[0].says = NULL;
	use_site(place, "mail = { patience = \"3d\"; };\n");
	doubts(place, &patient, "a.conf");
	use_site(place, "mail = { defer = \"hold\"; };\n");
	doubts(place, &patient, "a.conf");
}

#define PITCHES                                                       \
	RULES("{ if = { channel = \"email\"; purpose = \"sales\"; };" \
	      " then = \"refuse\"; }")

#define REPLIES                                                       \
	RULES("{ if = { channel = \"email\"; purpose = \"sales\"; };" \
	      " then = \"redirect\"; to = \"https://a.example\"; }")

static void
test_aside_is_asked_for(void **state)
{
	struct place *place = *state;
	static const struct vector without = { WHO PITCHES,
		{ { 1, "!there is no mailbox for it" } } };
	static const struct vector nobody = { WHO, { { 0, NULL } } };
	static const struct vector with = { WHO
		"aside = \"a+aside@example.com\";\n" PITCHES,
		{ { 0, NULL } } };
	static const struct vector abroad = { WHO
		"aside = \"a@elsewhere.example\";\n" PITCHES,
		{ { 1, "!is at no domain of site.domains" } } };

	use_site(place,
	    "site = { domains = [ \"example.com\" ]; };\n"
	    "mail = { mixed = \"aside\"; };\n");
	doubts(place, &without, "a.conf");
	doubts(place, &nobody, "a.conf");
	doubts(place, &with, "a.conf");
	doubts(place, &abroad, "a.conf");
	use_site(place,
	    "site = { domains = [ \"example.com\" ]; };\nmail ="
	    " { mixed = \"aside\"; aside = \"x@example.com\"; };"
	    "\n");
	doubts(place, &(struct vector){ WHO PITCHES, { { 0, NULL } } },
	    "a.conf");
	/* A reply is sent to who is redirected; a refusal needs none. */
	use_site(place,
	    "site = { domains = [ \"example.com\" ]; };\n"
	    "mail = { redirect = \"reply\"; };\n");
	doubts(place, &nobody, "a.conf");
	doubts(place, &(struct vector){ WHO PITCHES, { { 0, NULL } } },
	    "a.conf");
	doubts(place,
	    &(struct vector){ WHO REPLIES,
		{ { 1, "!there is no mailbox for it" } } },
	    "a.conf");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(test_redirects_to_doors_that_never_open),
		TEST(test_circles_of_redirects),
		TEST(test_deferrals_to_no_time),
		TEST(test_parties_that_are_turned_away_everywhere),
		TEST(test_codes_receipts_and_lists),
		TEST(test_waits_beyond_patience),
		TEST(test_aside_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
