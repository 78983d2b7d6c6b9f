/*
 * The words to whoever is turned away, in every language there is.
 */
#include "deciding.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>

#include "conf.h"
#include "decide.h"
#include "words.h"

static const char *const languages[] = { "de", "en", "es", "fr" };

/* A name of a template between braces that nothing is filled into. */
static const char *
unfilled(const char *text)
{
	const char *open = strchr(text, '{');

	return open != NULL && strchr(open, '}') != NULL ? open : NULL;
}

static size_t
tell(struct fixture *fixture, const char *language, int64_t at, bool ascii,
    const char *lines[USHER_WORDS_LINES])
{
	const struct usher_question question = { .policy = fixture->policy,
		.facts = fixture->facts,
		.at = at,
		.language = language };

	assert_int_equal(usher_decide(NULL, &question, &fixture->decision,
			     NULL),
	    0);
	return usher_words_lines(fixture->decision, "abcdefghjkmn", ascii,
	    lines);
}

static void
approach(struct fixture *fixture, enum usher_purpose purpose)
{
	deciding_approach(fixture, USHER_EMAIL, "bob@sender.example", false,
	    USHER_ALL);
	usher_facts_purpose(fixture->facts, purpose);
}

static void
test_every_language_says_all_of_an_answer(void **state)
{
	static const char *const preferences[] = {
		"rules = ( { if = { channel = \"email\"; }; then = \"accept\";"
		" during = \"11:00-13:00\"; requires = { attachment ="
		" [ \"pptx\", \"pdf\" ]; or_link = [ \"slideshare.net\" ];"
		" link = [ \"a.example\" ]; words = \"<=300\";"
		" reason = true; }; else = \"defer\"; } );",
		"rules = ( { if = { channel = \"email\"; };"
		" then = \"redirect\";"
		" to = [ \"phone\", \"post\", \"page\" ]; },"
		" { if = { channel = \"phone\"; }; then = \"accept\";"
		" during = \"16:00-17:00\"; } );"
		"published = { phone = \"+14155550100\"; page ="
		" \"https://reach.example.com/alice\"; };",
		"rules = ( { if = { channel = \"email\"; };"
		" then = \"refuse\"; } );",
		"rules = ( { if = { channel = \"email\"; }; then = \"defer\";"
		" } );",
		"rules = ( { if = { channel = \"email\"; }; then = \"accept\";"
		" during = \"22:00-06:00\"; } );",
	};
	const char *lines[USHER_WORDS_LINES];
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(preferences); i++)
		for (size_t k = 0; k < COUNT(languages); k++) {
			char rest[2000];
			size_t count;

			(void)snprintf(rest, sizeof(rest),
			    "name = \"Alice Ng\"; %s", preferences[i]);
			deciding_prefer(fixture, rest);
			approach(fixture, USHER_SALES);
			count = tell(fixture, languages[k], tuesday + 9 * HOUR,
			    false, lines);
			assert_true(count >= 2);
			for (size_t n = 0; n < count; n++)
				if (unfilled(lines[n]) != NULL ||
				    !g_utf8_validate(lines[n], -1, NULL))
					fail_msg("%s: %s", languages[k],
					    lines[n]);
			assert_non_null(strstr(lines[0], "Alice Ng"));
			assert_non_null(
			    strstr(lines[count - 1], "abcdefghjkmn"));
		}
}

static void
test_what_to_bring_is_in_the_language(void **state)
{
	static const struct {
		const char *language, *line;
	} cases[] = {
		{ "en",
		    "The next opening is Tue 24 Nov 2026 11:00 to 13:00 UTC "
		    "(2026-11-24T11:00:00Z). Please bring an attachment (pptx "
		    "or pdf) or a link to slideshare.net, at most 300 words." },
		{ "de",
		    "Das nächste Zeitfenster: Dienstag, 24. November 2026, "
		    "11:00 bis 13:00 Uhr (UTC; 2026-11-24T11:00:00Z). Erwartet "
		    "wird: ein Anhang (pptx oder pdf) oder ein Link zu "
		    "slideshare.net, höchstens 300 Wörter." },
		{ "fr",
		    "Prochain créneau : mardi 24 novembre 2026, 11:00 - 13:00 "
		    "(UTC ; 2026-11-24T11:00:00Z). Merci de prévoir : une "
		    "pièce jointe (pptx ou pdf) ou un lien vers "
		    "slideshare.net, 300 mots au maximum." },
		{ "es",
		    "Próximo horario disponible: martes 24 de noviembre de "
		    "2026, 11:00 - 13:00 (UTC; 2026-11-24T11:00:00Z). Se pide "
		    "lo siguiente: un archivo adjunto (pptx o pdf) o un enlace "
		    "a slideshare.net, 300 palabras como máximo." },
	};
	const char *lines[USHER_WORDS_LINES];
	struct fixture *fixture = *state;

	deciding_prefer(fixture,
	    "rules = ( { if = { channel = \"email\"; }; then = \"accept\";"
	    " during = \"11:00-13:00\"; requires = { attachment ="
	    " [ \"pptx\", \"pdf\" ]; or_link = [ \"slideshare.net\" ];"
	    " words = \"<=300\"; }; else = \"defer\"; } );");
	approach(fixture, USHER_SALES);
	assert_int_equal(usher_facts_set(fixture->facts, "words", "400", NULL),
	    0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(tell(fixture, cases[i].language, tuesday, false,
				lines) >= 2);
		assert_string_equal(lines[1], cases[i].line);
	}
}

/* JSON is for programs, and stable: its texts stay as they are. */
static void
test_json_keeps_its_words(void **state)
{
	struct fixture *fixture = *state;
	const char *lines[USHER_WORDS_LINES];
	const struct usher_verdict *verdict;

	deciding_prefer(fixture,
	    "rules = ( { if = { channel = \"email\"; }; then = \"accept\";"
	    " requires = { attachment = [ \"pdf\" ]; }; } );");
	approach(fixture, USHER_SALES);
	(void)tell(fixture, "de", tuesday, false, lines);
	verdict = usher_decision_verdict(fixture->decision);
	assert_int_equal(verdict->missing_count, 1);
	assert_string_equal(verdict->missing[0], "an attachment (pdf)");
}

static void
test_smtp_hears_ascii_as_the_language_writes_it(void **state)
{
	const char *lines[USHER_WORDS_LINES];
	struct fixture *fixture = *state;

	deciding_prefer(fixture,
	    "name = \"J\xc3\xb6rg\"; rules = ( { if = { channel = \"email\"; };"
	    " then = \"refuse\"; } );");
	approach(fixture, USHER_SALES);
	for (size_t i = 0; i < COUNT(languages); i++) {
		size_t count = tell(fixture, languages[i], tuesday, true,
		    lines);

		for (size_t n = 0; n < count; n++)
			for (const char *at = lines[n]; *at != '\0'; at++)
				assert_true(*at >= ' ' && *at < 0x7f);
		assert_null(strchr(lines[0], '?'));
	}
	(void)tell(fixture, "de", tuesday, true, lines);
	assert_string_equal(lines[0],
	    "Joerg moechte hierzu nicht kontaktiert werden.");
	(void)tell(fixture, "fr", tuesday, true, lines);
	assert_string_equal(lines[0],
	    "Jorg ne souhaite pas recevoir de sollicitations a ce sujet.");
}

static void
test_a_decision_changes_its_language(void **state)
{
	const char *lines[USHER_WORDS_LINES];
	struct fixture *fixture = *state;

	deciding_prefer(fixture,
	    "rules = ( { if = { channel = \"email\"; }; then = \"refuse\";"
	    " say = { en = \"No, thank you.\"; fr = \"Non merci.\"; }; } );");
	approach(fixture, USHER_SALES);
	(void)tell(fixture, NULL, tuesday, false, lines);
	assert_string_equal(lines[0], "No, thank you.");
	usher_decision_language(fixture->decision, "fr");
	(void)usher_words_lines(fixture->decision, "r", false, lines);
	assert_string_equal(lines[0], "Non merci.");
	assert_string_equal(lines[1], "Référence r.");
	usher_decision_language(fixture->decision, "pl");
	(void)usher_words_lines(fixture->decision, "r", false, lines);
	assert_string_equal(lines[0], "No, thank you.");
}

static void
test_the_first_of_a_month_is_written_as_people_do(void **state)
{
	const char *lines[USHER_WORDS_LINES];
	struct fixture *fixture = *state;

	deciding_prefer(fixture,
	    "rules = ( { if = { channel = \"email\"; }; then = \"accept\";"
	    " during = \"11:00-13:00\"; unless = { on ="
	    " \"2026-11-24..2026-11-30\"; }; },"
	    " { then = \"defer\"; } );");
	approach(fixture, USHER_SALES);
	(void)tell(fixture, "fr", tuesday, false, lines);
	assert_non_null(strstr(lines[1], "mardi 1er décembre 2026"));
	(void)tell(fixture, "de", tuesday, false, lines);
	assert_non_null(strstr(lines[1], "Dienstag, 1. Dezember 2026"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(test_every_language_says_all_of_an_answer),
		WITH_FIXTURE(test_what_to_bring_is_in_the_language),
		WITH_FIXTURE(test_json_keeps_its_words),
		WITH_FIXTURE(test_smtp_hears_ascii_as_the_language_writes_it),
		WITH_FIXTURE(test_a_decision_changes_its_language),
		WITH_FIXTURE(test_the_first_of_a_month_is_written_as_people_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
