/*
 * Text: folding, words, wildcards, likely meant words, buffers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arena.h"
#include "brief.h"
#include "text.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static struct arena arena;

static int
setup(void **state)
{
	(void)state;
	usher_arena_init(&arena);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	usher_arena_free(&arena);
	return 0;
}

static char *
fold(const char *text)
{
	size_t length;
	char *folded = usher_text_fold(&arena, text, strlen(text), &length);

	assert_non_null(folded);
	assert_int_equal(strlen(folded), length);
	return folded;
}

static void
folding_makes_one_of_what_people_take_for_one(void **state)
{
	static const struct {
		const char *text, *folded;
	} table[] = {
		{ "", "" },
		{ "Document STORAGE", "document storage" },
		{ "Müller", "muller" },
		{ "Mu\xcc\x88ller", "muller" }, /* decomposed */
		{ "M\xfcller", "muller" },	/* Latin-1 */
		{ "STRASSE", "strasse" },
		{ "Straße", "strasse" },
		{ "STRA\xe1\xba\x9e"
		  "E",
		    "strasse" }, /* capital */
		{ "Øresund Łódź Æsir", "oresund lodz aesir" },
		{ "DIŞ dış İl", "dis dis il" },
		{ "ΟΔΟΣ", "οδοσ" },
		{ "οδός", "οδοσ" },
		{ "ЁЛКА", "елка" },
		{ "ｆｕｌｌ　ｗｉｄｔｈ", "full width" },
		{ "𝐃ocument 𝓈torage", "document storage" },
		{ "docu\xc2\xadment", "document" },	/* soft hyphen */
		{ "docu\xe2\x80\x8bment", "document" }, /* zero width */
		{ "o\xef\xac\x83"
		  "ce",
		    "office" }, /* ligature ffi */
		{ "\xe2\x80\xa6", "..." },
		{ "docu\xe3\x85\xa4ment", "document" },	    /* filler */
		{ "dосumеnt Ѕtοrage", "document storage" }, /* mixed scripts */
		{ "Вest рricе", "best price" },
		{ "5 μm", "5 μm" },
		{ "цена CRMсистемы сору", "цена crmсистемы сору" },
		{ "采购成\r\n  本，\n本\n\n本 本\nx",
		    "采购成本,\n本\n\n本 本\nx" },
		{ "\xff\xc3", "ya" },  /* neither is UTF-8 */
		{ "caf\xc3", "cafa" }, /* cut short */
		{ "가각",
		    "\xe1\x84\x80\xe1\x85\xa1"
		    "\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8" },
		{ "कि", "कि" }, /* a vowel sign is no accent */
		{ "ガ", "カ\xe3\x82\x99" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		assert_string_equal(fold(table[i].text), table[i].folded);
}

static void
folding_gives_a_nul_no_power(void **state)
{
	size_t length;
	char *folded;

	(void)state;
	folded = usher_text_fold(&arena, "A\0B", 3, &length);
	assert_int_equal(length, 3);
	assert_memory_equal(folded, "a b", 4);
	folded = usher_text_fold(&arena, "\xc3\x84\0B", 4, &length);
	assert_int_equal(length, 3);
	assert_memory_equal(folded, "a b", 4);
}

static bool
has_mark_or_format(const char *text)
{
	for (; *text != '\0'; text = g_utf8_next_char(text)) {
		gunichar c = g_utf8_get_char(text);

		if (g_unichar_ismark(c) ||
		    g_unichar_type(c) == G_UNICODE_FORMAT)
			return true;
	}
	return false;
}

/* Cherokee folds to capitals there, old Cyrillic forms to today's. */
static bool
is_old_script(gunichar c)
{
	return (c >= 0x13a0 && c <= 0x13fd) || (c >= 0xab70 && c <= 0xabbf) ||
	    (c >= 0x1c80 && c <= 0x1c8f);
}

/* All of Unicode: stable, and what GLib says where no mark is concerned. */
static void
folding_agrees_with_unicode(void **state)
{
	size_t differences = 0;

	(void)state;
	for (gunichar c = 1; c <= 0x10ffff; c += (gunichar)brief()) {
		char bytes[7] = { 0 }, *plain, *wanted;
		const char *folded;

		if (!g_unichar_validate(c))
			continue;
		g_unichar_to_utf8(c, bytes);
		folded = fold(bytes);
		assert_true(g_utf8_validate(folded, -1, NULL));
		assert_string_equal(fold(folded), folded);
		plain = g_utf8_normalize(bytes, -1, G_NORMALIZE_ALL);
		wanted = g_utf8_casefold(plain, -1);
		if (!has_mark_or_format(plain) && !is_old_script(c) &&
		    strcmp(wanted, folded) != 0)
			differences++;
		g_free(plain);
		g_free(wanted);
		usher_arena_reset(&arena);
	}
	/* Both cases of five letters, dotless i, compounds, four fillers. */
	if (brief() == 1)
		assert_in_range(differences, 11, 11 + 10);
	assert_in_range(differences, 0, 11 + 10);
}

static double
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static char *
repeated(const char *piece, size_t size)
{
	char *text = malloc(size + 1);
	size_t length = strlen(piece);

	for (size_t i = 0; i < size; i++)
		text[i] = piece[i % length];
	text[size] = '\0';
	return text;
}

static void
words_are_counted_by_white_space(void **state)
{
	static const struct {
		const char *text;
		size_t words, first_two;
	} table[] = {
		{ "", 0, 0 },
		{ " \t\r\n", 0, 0 },
		{ "one", 1, 3 },
		{ "one two three", 3, 7 },
		{ " one  two ", 2, 9 },
		{ "it's e-mail, no?", 3, 12 },
		{ "-- * -- word", 1, 12 },
		{ "a\xc2\xa0"
		  "b",
		    2, 4 }, /* no-break space */
		{ "a\xe2\x80\x83"
		  "b",
		    2, 5 },
		{ "h\xe9 l\xe9", 2, 5 }, /* Latin-1 */
		{ "3 % of 10", 3, 6 },
		{ "(a) b", 2, 5 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		size_t length = strlen(table[i].text);

		assert_int_equal(usher_text_words(table[i].text, length),
		    table[i].words);
		assert_int_equal(usher_text_words_length(table[i].text, length,
				     2),
		    table[i].first_two);
	}
	assert_int_equal(usher_text_words_length("one two", 7, 0), 0);
	assert_int_equal(usher_text_words_length("one two", 7, 1), 3);
}

static void
a_star_is_any_run(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} table[] = {
		{ "", "", true },
		{ "*", "", true },
		{ "*", "abc", true },
		{ "**", "abc", true },
		{ "abc", "abc", true },
		{ "abc", "ab", false },
		{ "ab", "abc", false },
		{ "", "a", false },
		{ "a*", "abc", true },
		{ "*c", "abc", true },
		{ "*c", "abcd", false },
		{ "a*c", "abcbc", true },
		{ "a*b*c", "axxbyyc", true },
		{ "a*b*c", "axxcyyb", false },
		{ "*ab", "aab", true },
		{ "*a*", "bbb", false },
		{ "?", "a", false },
		{ "A", "a", false },
		{ "[a]", "a", false },
	};
	char *text = repeated("a", 20000), *pattern = repeated("*a", 2000);
	double start = seconds();

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		assert_true(usher_text_matches(table[i].pattern,
				table[i].text) == table[i].matches);
	assert_true(usher_text_matches_folded("aLICE@*", "Alice@Example"));
	assert_false(usher_text_matches_folded("bob@*", "Alice@Example"));
	assert_true(usher_text_matches(pattern, text));
	pattern[1999] = 'b';
	assert_false(usher_text_matches(pattern, text));
	assert_true(seconds() - start < 5);
	free(text);
	free(pattern);
}

static void
the_likely_meant_word_is_suggested(void **state)
{
	static const char *const names[] = { "channel", "purpose", "topic",
		"party", "organization", "from", "stranger", "known", "at_most",
		"America/New_York" };
	static const struct {
		const char *word, *suggested;
	} table[] = {
		{ "chanel", "channel" },
		{ "channels", "channel" },
		{ "hcannel", "channel" },
		{ "Channel", "channel" },
		{ "PARTY", "party" },
		{ "topics", "topic" },
		{ "orgnization", "organization" },
		{ "org", "organization" },
		{ "at-most", "at_most" },
		{ "form", "from" },
		{ "america/new_york", "America/New_York" },
		{ "purpos", "purpose" },
		{ "weather", NULL },
		{ "", NULL },
		{ "x", NULL },
		{ "channel", NULL },
		{ "kwon", NULL },
	};
	char *big = repeated("channel", 100000);

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const char *found = usher_text_suggest(table[i].word, names,
		    COUNT(names));

		if (table[i].suggested == NULL)
			assert_null(found);
		else if (found == NULL)
			fail_msg("nothing for %s", table[i].word);
		else
			assert_string_equal(found, table[i].suggested);
	}
	assert_null(usher_text_suggest(big, names, COUNT(names)));
	assert_null(usher_text_suggest("channel", names, 0));
	free(big);
}

static void
a_buffer_grows_and_ends_in_nul(void **state)
{
	volatile size_t too_many = SIZE_MAX / 2; /* compilers warn of it */
	struct buffer buffer = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++) {
		usher_buffer_puts(&buffer, "ab");
		usher_buffer_add(&buffer, "c\0", 2);
		usher_buffer_printf(&buffer, "%04d", i);
		assert_int_equal(buffer.data[buffer.length], 0);
	}
	assert_int_equal(buffer.length, 8000);
	assert_memory_equal(buffer.data + 7992,
	    "abc\0"
	    "0999",
	    9);
	assert_false(buffer.failed);
	usher_buffer_add(&buffer, "", too_many);
	assert_true(buffer.failed);
	assert_int_equal(buffer.length, 8000);
	usher_buffer_free(&buffer);
	assert_null(buffer.data);
}

static void
lower_case_is_ascii_only(void **state)
{
	char text[] = "ABC-Ä";

	(void)state;
	assert_string_equal(usher_text_lower(text), "abc-Ä");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(folding_makes_one_of_what_people_take_for_one),
		TEST(folding_gives_a_nul_no_power),
		TEST(folding_agrees_with_unicode),
		TEST(words_are_counted_by_white_space),
		TEST(a_star_is_any_run),
		TEST(the_likely_meant_word_is_suggested),
		TEST(a_buffer_grows_and_ends_in_nul),
		TEST(lower_case_is_ascii_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
