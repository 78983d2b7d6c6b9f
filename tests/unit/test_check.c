/*
 * check: what is said of rules that never decide and of what they ask: it is
 * said where it should be, at its line, and not where the same words are right.
 */
#include "check_world.h"

/* ---- rules that never decide ---- */

static void
test_conditions_that_contradict(void **state)
{
	static const struct vector vectors[] = {
		{ WHO RULES("{ if = { channel = \"phone\"; attachment ="
			    " \"pdf\"; }; then = \"refuse\"; }"),
		    { { 3,
			"`channel = phone` and `attachment = pdf` never"
			" hold together" } } },
		{ WHO RULES("{ if = { channel = [ \"phone\", \"email\" ];"
			    " attachment = \"pdf\"; }; then = \"refuse\"; }"),
		    { { 0, NULL } } },
		{ WHO RULES("{ if = { channel = \"phone\"; words = \">10\"; };"
			    " then = \"refuse\"; }"),
		    { { 3, "never hold together" } } },
		{ WHO RULES("{ if = { channel = \"phone\"; words = \"<=10\";"
			    " }; then = \"refuse\"; }"),
		    { { 0, NULL } } },
		{ WHO RULES("{ if = { channel = \"email\"; words = \"<0\"; };"
			    " then = \"refuse\"; }"),
		    { { 3, "nothing meets `words = <0`" } } },
		{ WHO "parties = { p = { organizations = [ \"p.example\" ];"
		      " }; };\n" RULES(
			  "{ if = { stranger = true; party = \"p\"; };"
			  " then = \"accept\"; }"),
		    { { 4, "can never match" }, { 4, "memory is empty" } } },
		{ WHO "parties = { p = { organizations = [ \"p.example\" ];"
		      " }; };\n" RULES(
			  "{ if = { stranger = false; party = \"p\"; };"
			  " then = \"accept\"; }"),
		    { { 4, "memory is empty" } } },
	};

	DOUBT(state, vectors);
}

static void
test_exceptions_that_always_hold(void **state)
{
	static const struct vector vectors[] = {
		{ WHO RULES("{ if = { channel = \"phone\"; };"
			    " unless = { channel = [ \"phone\", \"fax\" ]; };"
			    " then = \"refuse\"; }"),
		    { { 3, "its `unless` holds whenever its `if` does" } } },
		{ WHO RULES("{ if = { channel = [ \"phone\", \"fax\" ]; };"
			    " unless = { channel = \"phone\"; };"
			    " then = \"refuse\"; }"),
		    { { 0, NULL } } },
		{ WHO RULES("{ if = { from = \"bo@x.example\"; channel ="
			    " \"phone\"; }; unless = { from = \"x.example\";"
			    " }; then = \"refuse\"; }"),
		    { { 3, "its `unless` holds" } } },
		{ WHO RULES("{ if = { from = \"x.example\"; channel ="
			    " \"phone\"; }; unless = { from ="
			    " \"bo@x.example\"; }; then = \"refuse\"; }"),
		    { { 0, NULL } } },
		{ WHO RULES("{ if = { channel = \"fax\"; }; unless = { };"
			    " then = \"refuse\"; }"),
		    { { 3, "an empty `unless` always holds" } } },
	};

	DOUBT(state, vectors);
}

static void
test_dates_that_are_past(void **state)
{
	static const struct vector vectors[] = {
		{ WHO RULES("{ if = { channel = \"phone\"; on ="
			    " \"2026-11-23\"; }; then = \"refuse\"; }"),
		    { { 3, "every date of `on = 2026-11-23` is past" } } },
		{ WHO RULES("{ if = { channel = \"phone\"; on ="
			    " \"2026-11-24\"; }; then = \"refuse\"; }"),
		    { { 0, NULL } } },
		{ WHO RULES("{ if = { channel = \"phone\"; on = \"02-29\"; };"
			    " then = \"refuse\"; }"),
		    { { 0, NULL } } },
	};

	DOUBT(state, vectors);
}

static void
test_rules_that_come_too_late(void **state)
{
	static const struct vector vectors[] = {
		/* an accept behind a refusal */
		{ WHO RULES("{ name = \"a\"; if = { channel = \"phone\"; };"
			    " then = \"refuse\"; },\n{ name = \"b\"; if = {"
			    " channel = \"phone\"; country = \"US\"; };"
			    " then = \"accept\"; }"),
		    { { 4,
			"rule \"b\" never accepts: rule \"a\" (line 3)"
			" refuses" } } },
		{ WHO RULES("{ name = \"b\"; if = { channel = \"phone\";"
			    " country = \"US\"; }; then = \"accept\"; },\n"
			    "{ name = \"a\"; if = { channel = \"phone\"; };"
			    " then = \"refuse\"; }"),
		    { { 0, NULL } } },
		/* the refusal steps aside for it */
		{ WHO RULES("{ if = { channel = \"phone\"; }; unless = {"
			    " country = [ \"US\", \"CA\" ]; }; then ="
			    " \"refuse\"; },\n{ if = { channel = \"phone\";"
			    " country = \"US\"; }; then = \"accept\"; }"),
		    { { 0, NULL } } },
		/* ... for others than the rule means */
		{ WHO RULES("{ if = { channel = \"phone\"; }; unless = {"
			    " country = \"CA\"; }; then = \"refuse\"; },\n"
			    "{ if = { channel = \"phone\"; country ="
			    " \"US\"; }; then = \"accept\"; }"),
		    { { 4, "never accepts" } } },
		/* two rules take it between them */
		{ WHO RULES("{ name = \"a\"; if = { channel = \"phone\"; };"
			    " then = \"refuse\"; },\n{ name = \"b\"; if = {"
			    " channel = \"video\"; }; then = \"refuse\"; },\n"
			    "{ if = { channel = [ \"phone\", \"video\" ]; };"
			    " then = \"refuse\"; }"),
		    { { 5, "from \"a\" (line 3) to \"b\" (line 4)" } } },
		{ WHO RULES("{ if = { channel = \"phone\"; };"
			    " then = \"refuse\"; },\n{ if = { channel = ["
			    " \"phone\", \"video\" ]; }; then = \"refuse\"; }"),
		    { { 0, NULL } } },
		/* limiters that go on to later rules */
		{ WHO RULES("{ if = { channel = \"phone\"; }; then ="
			    " \"defer\"; during = \"00:00-15:00\"; },\n{ if ="
			    " { channel = \"phone\"; }; then = \"refuse\"; }"),
		    { { 3, "no time of the coming year" } } },
		{ WHO RULES("{ if = { channel = \"fax\"; }; then = \"accept\";"
			    " during = \"daily 09:00-12:00\"; },\n{ if = {"
			    " channel = \"fax\"; country = \"US\"; }; then ="
			    " \"refuse\"; }"),
		    { { 4, "is never reached" } } },
		{ WHO RULES("{ if = { channel = \"fax\"; }; then = \"accept\";"
			    " during = \"daily 09:00-12:00\"; else = \"next\";"
			    " },\n{ if = { channel = \"fax\"; country ="
			    " \"US\"; }; then = \"refuse\"; }"),
		    { { 0, NULL } } },
	};

	DOUBT(state, vectors);
}

static void
test_hours_within_those_of_a_refusal(void **state)
{
	static const struct vector vectors[] = {
		{ WHO RULES("{ name = \"a\"; if = { channel = \"phone\"; };"
			    " then = \"defer\"; during = \"00:00-15:00\"; },\n"
			    "{ name = \"b\"; if = { channel = \"phone\";"
			    " country = \"US\"; }; then = \"accept\"; during ="
			    " \"Mon-Fri 09:00-12:00\"; }"),
		    { { 4,
			  "within its hours rule \"a\" (line 3) defers"
			  " first" },
			{ 4, "no time of the coming year" } } },
		{ WHO RULES("{ name = \"a\"; if = { channel = \"phone\"; };"
			    " then = \"defer\"; during = \"00:00-15:00\"; },\n"
			    "{ name = \"b\"; if = { channel = \"phone\";"
			    " country = \"US\"; }; then = \"accept\"; during ="
			    " \"Mon-Fri 09:00-15:01\"; }"),
		    { { 0, NULL } } },
	};

	DOUBT(state, vectors);
}

static void
test_windows_that_never_open(void **state)
{
	static const struct vector vectors[] = {
		{ WHO "days = { year = [ \"01-01..12-31\" ]; };\n" RULES(
		      "{ if = { channel = \"fax\"; }; then = \"accept\";"
		      " during = \"daily not year 09:00-10:00\"; }"),
		    { { 4, "are not open once within two years" } } },
		{ WHO "days = { year = [ \"01-01..12-30\" ]; };\n" RULES(
		      "{ if = { channel = \"fax\"; }; then = \"accept\";"
		      " during = \"daily not year 09:00-10:00\"; }"),
		    { { 0, NULL } } },
		{ WHO "days = { h = [ \"12-24\" ]; };\n" RULES(
		      "{ if = { channel = \"fax\"; on = \"h\"; }; then ="
		      " \"accept\"; during = \"daily not h"
		      " 09:00-10:00\"; }"),
		    { { 4, "hold on none of its days (`on`)" } } },
		{ WHO "days = { h = [ \"12-24\" ]; };\n" RULES(
		      "{ if = { channel = \"fax\"; on = \"h\"; }; then ="
		      " \"accept\"; during = \"Thu,Fri 09:00-10:00\"; }"),
		    { { 0, NULL } } },
	};

	DOUBT(state, vectors);
}

/* ---- what a rule asks ---- */

static void
test_calls_that_ask_for_sales_alone(void **state)
{
	static const struct vector vectors[] = {
		{ WHO RULES("{ if = { channel = \"phone\"; purpose ="
			    " \"sales\"; }; then = \"refuse\"; }"),
		    { { 3, "write purpose = [ \"sales\", \"unknown\" ]" } } },
		{ WHO RULES("{ if = { channel = \"phone\"; purpose = ["
			    " \"sales\", \"unknown\" ]; }; then ="
			    " \"refuse\"; }"),
		    { { 0, NULL } } },
		{ WHO RULES("{ if = { channel = \"email\"; purpose ="
			    " \"sales\"; }; then = \"refuse\"; }"),
		    { { 0, NULL } } },
		/* who says nothing has a rule too */
		{ WHO RULES("{ if = { channel = \"phone\"; purpose ="
			    " \"sales\"; }; then = \"refuse\"; },\n{ if = {"
			    " channel = \"phone\"; purpose = \"unknown\"; };"
			    " then = \"defer\"; during ="
			    " \"00:00-09:00\"; }"),
		    { { 0, NULL } } },
	};

	DOUBT(state, vectors);
}

static void
test_organizations(void **state)
{
	static const struct vector vectors[] = {
		{ WHO RULES("{ if = { channel = \"phone\"; organization ="
			    " \"mail.x.example\"; }; then = \"accept\"; }"),
		    { { 3, "write \"x.example\"" } } },
		{ WHO RULES("{ if = { channel = \"phone\"; organization ="
			    " [ \"x.example\", \"*.example\" ]; }; then ="
			    " \"accept\"; }"),
		    { { 0, NULL } } },
		{ WHO RULES("{ if = { channel = \"phone\"; organization ="
			    " \"co.uk\"; }; then = \"accept\"; }"),
		    { { 3, "is nobody's organization" } } },
		{ WHO "parties = {\np = { organizations = [ \"a.b.example\" ];"
		      " };\n};\n",
		    { { 3, "organization \"a.b.example\" never matches" } } },
		{ WHO "parties = {\np = { organizations = [ \"b.example\" ];"
		      " addresses = [ \"*@a.b.example\" ]; };\n};\n",
		    { { 0, NULL } } },
	};

	DOUBT(state, vectors);
}

static void
test_substance_that_calls_cannot_carry(void **state)
{
	static const struct vector vectors[] = {
		{ WHO RULES("{ if = { purpose = \"sales\"; }; then ="
			    " \"accept\"; requires = { attachment = [ \"pdf\""
			    " ]; };\n}"),
		    { { 3, "meets few calls" },
			{ 3, "no call can carry (`attachment`)" } } },
		{ WHO RULES("{ if = { purpose = [ \"sales\", \"unknown\" ];"
			    " }; unless = { channel = \"phone\"; }; then ="
			    " \"accept\"; requires = { attachment = [ \"pdf\""
			    " ]; };\n}"),
		    { { 0, NULL } } },
		{ "addresses = [ \"a@example.com\" ];\n" RULES(
		      "{ if = { purpose = \"sales\"; }; then = \"accept\";"
		      " requires = { attachment = [ \"pdf\" ]; }; }"),
		    { { 0, NULL } } },
		{ WHO RULES("{ if = { purpose = [ \"sales\", \"unknown\" ];"
			    " }; then = \"accept\"; requires = { reason ="
			    " true; }; }"),
		    { { 0, NULL } } },
	};

	DOUBT(state, vectors);
}

static void
test_memory_is_empty_is_said_once(void **state)
{
	static const struct vector vectors[] = {
		{ WHO RULES("{ if = { channel = \"phone\"; known = true; };"
			    " then = \"accept\"; },\n{ if = { channel ="
			    " \"phone\"; stranger = true; }; then ="
			    " \"redirect\"; to = [ \"email\" ]; }"),
		    { { 3, "memory is empty" } } },
		{ WHO RULES("{ if = { channel = \"phone\"; }; unless = {"
			    " stranger = false; }; then = \"redirect\"; to ="
			    " [ \"email\" ]; }"),
		    { { 3, "memory is empty" } } },
		{ WHO RULES("{ if = { channel = \"phone\"; verified = false;"
			    " }; then = \"redirect\"; to = [ \"email\" ]; }"),
		    { { 0, NULL } } },
	};

	DOUBT(state, vectors);
}

static void
test_a_rule_shows_no_more_than_its_file(void **state)
{
	static const struct vector vectors[] = {
		{ WHO "listing = \"code\";\n" RULES(
		      "{ if = { channel = \"fax\"; }; then = \"accept\";"
		      " listing = \"public\"; }"),
		    { { 4, "a rule can only show less" } } },
		{ WHO "listing = \"code\";\n" RULES(
		      "{ if = { channel = \"fax\"; }; then = \"accept\";"
		      " listing = \"hidden\"; }"),
		    { { 0, NULL } } },
	};

	DOUBT(state, vectors);
}

static void
test_targets_that_are_not_published(void **state)
{
	struct place *place = *state;
	static const struct vector vectors[] = {
		{ WHO RULES("{ if = { channel = \"fax\"; };\nthen ="
			    " \"redirect\";\nto = [ \"phone\", \"video\" ];"
			    " }"),
		    { { 5, "`published` has no video" } } },
		{ WHO RULES("{ if = { channel = \"fax\"; };\nthen ="
			    " \"redirect\";\nto = [ \"email\", \"phone\","
			    " \"https://x.example/\" ]; }"),
		    { { 0, NULL } } },
		{ WHO "otherwise = \"redirect\";\nto = [ \"page\" ];\n",
		    { { 2, "`otherwise` turns away mail" },
			{ 3, "`published` has no page" } } },
	};
	static const struct vector with_page = {
		WHO RULES(
		    "{ if = { channel = \"fax\"; }; then = \"redirect\"; to ="
		    " [ \"page\" ]; }"),
		{ { 0, NULL } }
	};

	DOUBT(state, vectors);
	use_site(place, "page = { url = \"https://reach.example.com\"; };\n");
	doubts(place, &with_page, "a.conf");
}

static void
test_rules_of_the_site_come_first(void **state)
{
	struct place *place = *state;
	static const struct vector vector = {
		WHO RULES(
		    "{ if = { channel = \"phone\"; }; then = \"accept\"; }"),
		{ { 3,
		    "rule \"before/no calls\" (of the site, in"
		    " usher.conf) refuses" } }
	};

	use_site(place,
	    "site = { before = ( { name = \"no calls\"; if = {"
	    " channel = \"phone\"; }; then = \"refuse\"; } );"
	    " };\n");
	doubts(place, &vector, "a.conf");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(test_conditions_that_contradict),
		TEST(test_exceptions_that_always_hold),
		TEST(test_dates_that_are_past),
		TEST(test_rules_that_come_too_late),
		TEST(test_hours_within_those_of_a_refusal),
		TEST(test_windows_that_never_open),
		TEST(test_calls_that_ask_for_sales_alone),
		TEST(test_organizations),
		TEST(test_substance_that_calls_cannot_carry),
		TEST(test_memory_is_empty_is_said_once),
		TEST(test_a_rule_shows_no_more_than_its_file),
		TEST(test_targets_that_are_not_published),
		TEST(test_rules_of_the_site_come_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
