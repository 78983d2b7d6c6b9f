/*
 * Items of evidence.conf that are found by few bytes of what a mail has:
 * fields by their names, senders by pairs of letters, texts folded before.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "evidence.h"

#define ITEM "for = \"bulk\"; weight = 1; source = \"s\"; date = \"2026-11\" }"
#define OUTCOMES "outcomes = ( { purpose = \"bulk\"; least = 1; } );\n"

static struct arena arena;

static struct evidence *
parse(const char *text)
{
	struct evidence *evidence = NULL;

	assert_int_equal(usher_evidence_parse(&evidence, "evidence.conf", text,
			     strlen(text), NULL),
	    0);
	return evidence;
}

static size_t
items_met(const struct evidence *evidence, const struct evidence_view *view)
{
	struct evidence_finding finding;

	usher_arena_reset(&arena);
	assert_int_equal(usher_evidence_weigh(evidence, &arena, view, &finding),
	    0);
	return finding.count;
}

static struct evidence *
with_header(const char *header)
{
	char text[500];

	(void)snprintf(text, sizeof(text),
	    "items = ( { name = \"a\"; where = \"header\";"
	    " header = \"%s\"; " ITEM " );\n" OUTCOMES,
	    header);
	return parse(text);
}

/* A field is found whatever stands before it, also behind many others. */
static void
fields_are_found_by_their_names(void **state)
{
	static const struct {
		const char *header, *name;
		bool met;
	} table[] = {
		{ "X-Tool", "X-Tool", true },
		{ "X-Tool", "x-tOOL", true },
		{ "X-Tool", "X-Tools", false },
		{ "X-Tool", "X-Too", false },
		{ "Id", "iD", true },
		{ "Id", "Ids", false },
		{ "X-Mailing-List-Of-Firms", "X-MAILING-LIST-OF-FIRMS", true },
		{ "X-Mailing-List-Of-Firms", "X-Mailing-Lost-Of-Firms", false },
		{ "X-Camp*", "x-campaign", true },
		{ "X-Camp*", "X-Camp", true },
		{ "X-Camp*", "X-Cam", false },
		{ "X-*", "X-Any", true },
		{ "X-*", "Y-Any", false },
		{ "*-Mailer", "x-mailer", true },
		{ "*-Mailer", "A-Long-Mailer", true },
		{ "*-Mailer", "Mailer", false },
		{ "*-Mailer", "X-Mailers", false },
		{ "*ID", "X-id", true },
		{ "*ID", "D", false },
	};
	static const size_t places[] = { 0, 7, 63, 64, 90 };
	struct evidence_field fields[91];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct evidence *evidence = with_header(table[i].header);

		for (size_t k = 0; k < sizeof(places) / sizeof(places[0]);
		     k++) {
			struct evidence_view view = { .fields = fields,
				.field_count = places[k] + 1 };

			for (size_t n = 0; n < places[k]; n++)
				fields[n] = (struct evidence_field){ "Other",
					"x" };
			fields[places[k]] = (struct evidence_field){
				table[i].name, "x"
			};
			if (items_met(evidence, &view) != table[i].met)
				fail_msg("%s, %s at %zu", table[i].header,
				    table[i].name, places[k]);
		}
		usher_evidence_free(evidence);
	}
}

static void
senders_are_found_by_any_of_their_letters(void **state)
{
	struct evidence *evidence = parse(
	    "items = ( { name = \"a\"; where = \"from\";"
	    " pattern = [ \"*@news.*\", \"q*\", \"*.biz\" ]; " ITEM
	    " );\n" OUTCOMES);
	static const struct {
		const char *from;
		bool met;
	} table[] = {
		{ "ann@news.example", true },
		{ "@news.", true },
		{ "ann@newsexample", false },
		{ "quill@a.example", true },
		{ "q", true },
		{ "aq@a.example", false },
		{ "sam@a.biz", true },
		{ "sam@a.biz.example", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct evidence_view view = { .from = table[i].from };

		if (items_met(evidence, &view) != table[i].met)
			fail_msg("%s", table[i].from);
	}
	usher_evidence_free(evidence);
}

/* What is folded already is split as if it had been folded here. */
static void
folded_texts_say_the_same(void **state)
{
	struct evidence *evidence = parse(
	    "items = ( { name = \"a\"; where = \"text\";"
	    " phrases = [ \"we offer\", \"prices\" ]; " ITEM ",\n"
	    "{ name = \"b\"; where = \"subject\";"
	    " phrases = \"caf\xc3\xa9\"; " ITEM " );\n" OUTCOMES);
	struct evidence_view view = { .subject = "CAF\xc3\x89",
		.subject_length = 5,
		.text = "Today WE\r\nOffer",
		.text_length = 15 };

	(void)state;
	assert_int_equal(items_met(evidence, &view), 2);
	view.folded_subject = "cafe";
	view.folded_subject_length = 4;
	view.folded_text = "today we\r\noffer";
	view.folded_text_length = 15;
	assert_int_equal(items_met(evidence, &view), 2);
	view.folded_text_length = 14;
	assert_int_equal(items_met(evidence, &view), 1);
	view.folded_text = "prices";
	view.folded_text_length = 6;
	assert_int_equal(items_met(evidence, &view), 2);
	usher_evidence_free(evidence);
}

static int
begin(void **state)
{
	(void)state;
	usher_arena_init(&arena);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	usher_arena_free(&arena);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_found_by_their_names),
		cmocka_unit_test(senders_are_found_by_any_of_their_letters),
		cmocka_unit_test(folded_texts_say_the_same),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
