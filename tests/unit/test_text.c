/*
 * Text: folding, phrases, words, wildcards, likely meant words, buffers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arena.h"
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
		{ "Mu\xcc\x88ller", "muller" },		/* decomposed */
		{ "M\xfcller", "muller" },		/* Latin-1 */
		{ "STRASSE", "strasse" }, { "Straße", "strasse" },
		{ "STRA\xe1\xba\x9e" "E", "strasse" },	/* capital */
		{ "Øresund Łódź Æsir", "oresund lodz aesir" },
		{ "DIŞ dış İl", "dis dis il" },
		{ "ΟΔΟΣ", "οδοσ" }, { "οδός", "οδοσ" },
		{ "ЁЛКА", "елка" },
		{ "ｆｕｌｌ　ｗｉｄｔｈ", "full width" },
		{ "𝐃ocument 𝓈torage", "document storage" },
		{ "docu\xc2\xadment", "document" },	/* soft hyphen */
		{ "docu\xe2\x80\x8bment", "document" },	/* zero width */
		{ "o\xef\xac\x83" "ce", "office" },	/* ligature ffi */
		{ "\xe2\x80\xa6", "..." },
		{ "\xff\xc3", "ya" },	/* neither is UTF-8 */
		{ "caf\xc3", "cafa" },			/* cut short */
		{ "가각", "\xe1\x84\x80\xe1\x85\xa1"
		    "\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8" },
		{ "कि", "कि" },		/* a vowel sign is no accent */
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

		if (g_unichar_ismark(c)
		    || g_unichar_type(c) == G_UNICODE_FORMAT)
			return true;
	}
	return false;
}

/* Cherokee folds to capitals there, old Cyrillic forms to today's. */
static bool
is_old_script(gunichar c)
{
	return (c >= 0x13a0 && c <= 0x13fd) || (c >= 0xab70 && c <= 0xabbf)
	    || (c >= 0x1c80 && c <= 0x1c8f);
}

/* All of Unicode: stable, and what GLib says where no mark is concerned. */
static void
folding_agrees_with_unicode(void **state)
{
	size_t differences = 0;

	(void)state;
	for (gunichar c = 1; c <= 0x10ffff; c++) {
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
		if (!has_mark_or_format(plain) && !is_old_script(c)
		    && strcmp(wanted, folded) != 0)
			differences++;
		g_free(plain);
		g_free(wanted);
		usher_arena_reset(&arena);
	}
	/* Both cases of five letters, dotless i, and compounds of them. */
	assert_in_range(differences, 11, 11 + 10);
}

static bool
occurs(const char *words, const char *text)
{
	struct phrase phrase;
	size_t length;
	char *folded = usher_text_fold(&arena, text, strlen(text), &length);
	char *tight = malloc(length + 1);
	bool result;

	assert_int_equal(usher_phrase_make(&arena, words, &phrase), 0);
	assert_string_equal(phrase.text, words);
	/* Nothing behind the length may be looked at. */
	memcpy(tight, folded, length);
	tight = realloc(tight, length == 0 ? 1 : length);
	result = usher_phrase_occurs(&phrase, tight, length);
	free(tight);
	return result;
}

static void
a_phrase_is_found_on_word_boundaries(void **state)
{
	static const struct {
		const char *phrase, *text;
		bool occurs;
	} table[] = {
		{ "document storage", "document storage", true },
		{ "document storage", "Our DOCUMENT Storage!", true },
		{ "document storage", "document – storage", true },
		{ "document storage", "document\nstorage", true },
		{ "document storage", "document\r\n > storage", true },
		{ "document storage", "document 2 storage", true },
		{ "document storage", "document (2019, 24/7): storage", true },
		{ "document-storage", "document storage", true },
		{ "  document, storage.", "document_storage", true },
		{ "document storage", "documentstorage", false },
		{ "document storage", "document2storage", false },
		{ "document storage", "document 2storage", false },
		{ "document storage", "document cold storage", false },
		{ "document storage", "documents storage", false },
		{ "document storage", "document storages", false },
		{ "document storage", "predocument storage", false },
		{ "document storage", "document", false },
		{ "document storage", "storage document", false },
		{ "document storage", "", false },
		{ "document storage", "document document storage", true },
		{ "document storage",
		    "predocument x document storages document storage", true },
		{ "office 365", "Office 365", true },
		{ "office 365", "office-365", true },
		{ "office 365", "office365", false },
		{ "office 365", "office 3650", false },
		{ "office 365", "office 12 365 now", true },
		{ "office365", "OFFICE365.", true },
		{ "365", "a 365 b", true }, { "365", "3655", false },
		{ "24 7", "24/7", true }, { "24 7", "24 24 8 7", true },
		{ "24 7 support", "24 7 24/7 support", true },
		{ "24 7 support", "24 8 24 support", false },
		{ "1 1 b", "1 2 1 b", true }, { "1 1 b", "1 2 b", false },
		{ "a 1x", "a 1 1x", true }, { "a 1x", "a 1 x", false },
		{ "a a b", "a a a b", true },
		{ "gestion électronique", "Gestion E\xcc\x81lectronique",
		    true },
		{ "größe", "GRÖSSE", true },
		{ "l'offre", "l’offre", true },
		{ "c", "C++ and C#", true },
		/* scripts without spaces */
		{ "文書管理", "弊社の文書管理システム", true },
		{ "文書管理", "PDF文書管理", true },
		{ "文書 管理", "文書・管理", true },
		{ "文書 管理", "文書管理", false },
		{ "文書管理", "文書の管理", false },
		{ "漢漢 x", "漢漢漢 x", true },
		{ "CRM", "CRMのご紹介", true }, { "CRM", "XCRMの", false },
		{ "문서보관", "문서보관을 제안", true },
		{ "가", "각", false },		/* another syllable */
		{ "データ", "データベース", true },
		{ "か", "が", false },
		{ "เอกสาร", "จัดเก็บเอกสารของคุณ", true },
		/* others keep words apart */
		{ "क", "कि", false }, { "архив", "архивы", false },
		{ "архив", "АРХИВ,", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		if (occurs(table[i].phrase, table[i].text)
		    != table[i].occurs)
			fail_msg("\"%s\" in \"%s\"", table[i].phrase,
			    table[i].text);
}

static void
a_phrase_does_not_cross_a_border(void **state)
{
	struct phrase phrase;

	(void)state;
	assert_int_equal(usher_phrase_make(&arena, "a b", &phrase), 0);
	assert_true(usher_phrase_occurs(&phrase, "a . b", 5));
	assert_false(usher_phrase_occurs(&phrase, "a\0b", 3));
	assert_true(usher_phrase_occurs(&phrase, "a\0a b", 5));
}

static void
a_phrase_without_words_is_refused(void **state)
{
	struct phrase phrase;
	char *big = calloc(1, USHER_PHRASE_BYTES + 2);

	(void)state;
	assert_int_equal(usher_phrase_make(&arena, "", &phrase), EINVAL);
	assert_int_equal(usher_phrase_make(&arena, " - …", &phrase), EINVAL);
	memset(big, 'x', USHER_PHRASE_BYTES);
	assert_int_equal(usher_phrase_make(&arena, big, &phrase), 0);
	big[USHER_PHRASE_BYTES] = 'x';
	assert_int_equal(usher_phrase_make(&arena, big, &phrase), E2BIG);
	free(big);
}

/* The slow and plain way, in terms of tokens, for ASCII text. */
static bool
occurs_by_tokens(const struct phrase *phrase, char **tokens, size_t count)
{
	for (size_t start = 0; start < count; start++) {
		size_t word = 0;

		for (size_t i = start; i < count; i++) {
			if (strcmp(tokens[i], phrase->words[word]) == 0) {
				if (++word == phrase->count)
					return true;
			} else if (word == 0 || tokens[i][strspn(tokens[i],
			    "0123456789")] != '\0') {
				break;
			}
		}
	}
	return false;
}

/* Greedy following and the jump behind a gap lose nothing. */
static void
phrases_agree_with_a_plain_search(void **state)
{
	static const char *const words[] = { "a", "b", "1", "2", "1a", "11" };
	unsigned found = 0;

	(void)state;
	srand(1);
	for (int round = 0; round < 50000; round++) {
		char *tokens[12], text[128] = "", name[32] = "";
		struct phrase phrase;
		size_t count = (size_t)rand() % 12;
		bool wanted;

		for (size_t i = 0; i < count; i++) {
			tokens[i] = (char *)(uintptr_t)words[rand() % 6];
			strcat(text, tokens[i]);
			strcat(text, rand() % 2 ? " " : ", ");
		}
		for (int i = rand() % 4; i >= 0; i--)
			strcat(strcat(name, words[rand() % 6]), " ");
		assert_int_equal(usher_phrase_make(&arena, name, &phrase), 0);
		wanted = occurs_by_tokens(&phrase, tokens, count);
		found += wanted;
		if (usher_phrase_occurs(&phrase, text, strlen(text)) != wanted)
			fail_msg("\"%s\" in \"%s\"", name, text);
		usher_arena_reset(&arena);
	}
	assert_in_range(found, 5000, 45000);
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

/*
 * Eight times the text costs about eight times the time, whatever it holds:
 * the square would be 64 times. (The sanitizers look at all of a text whenever
 * memmem() is given it: hence the two seconds.)
 */
static void
hostile_text_costs_its_length(void **state)
{
	static const struct {
		const char *piece, *phrase;
	} table[] = {
		{ "\xcc\x81\xcc\xa3", "a" },	/* marks out of order */
		{ "1 ", "1 x" }, { "24 ", "24 7 support" },
		{ "1 ", "1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 x" },
		{ "a ", "a a a a a a a a b" }, { "a", "aaaaaaaa b" },
		{ "漢", "漢漢漢漢漢漢 x" }, { " ", "a b" },
		{ "a 1 ", "a 1 1 x" }, { "\xff", "y" },
		{ "\xe0\xb8\xb4", "ก" },
	};
	enum { SMALL = 1 << 16, LARGE = SMALL * 8 };

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		double spent[2];

		for (int large = 0; large < 2; large++) {
			char *text = repeated(table[i].piece,
			    large ? LARGE : SMALL);
			double start = seconds();

			occurs(table[i].phrase, text);
			spent[large] = seconds() - start;
			free(text);
			usher_arena_reset(&arena);
		}
		if (spent[1] > spent[0] * 30 + 2)
			fail_msg("\"%s\": %f s, then %f s", table[i].phrase,
			    spent[0], spent[1]);
	}
}

static void
words_are_counted_by_white_space(void **state)
{
	static const struct {
		const char *text;
		size_t words, first_two;
	} table[] = {
		{ "", 0, 0 }, { " \t\r\n", 0, 0 }, { "one", 1, 3 },
		{ "one two three", 3, 7 }, { " one  two ", 2, 9 },
		{ "it's e-mail, no?", 3, 12 },
		{ "-- * -- word", 1, 12 },
		{ "a\xc2\xa0" "b", 2, 4 },	/* no-break space */
		{ "a\xe2\x80\x83" "b", 2, 5 },
		{ "h\xe9 l\xe9", 2, 5 },	/* Latin-1 */
		{ "3 % of 10", 3, 6 },
		{ "(a) b", 2, 5 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		size_t length = strlen(table[i].text);

		assert_int_equal(usher_text_words(table[i].text, length),
		    table[i].words);
		assert_int_equal(usher_text_words_length(table[i].text,
		    length, 2), table[i].first_two);
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
		{ "", "", true }, { "*", "", true }, { "*", "abc", true },
		{ "**", "abc", true }, { "abc", "abc", true },
		{ "abc", "ab", false }, { "ab", "abc", false },
		{ "", "a", false }, { "a*", "abc", true },
		{ "*c", "abc", true }, { "*c", "abcd", false },
		{ "a*c", "abcbc", true }, { "a*b*c", "axxbyyc", true },
		{ "a*b*c", "axxcyyb", false }, { "*ab", "aab", true },
		{ "*a*", "bbb", false }, { "?", "a", false },
		{ "A", "a", false }, { "[a]", "a", false },
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
		{ "chanel", "channel" }, { "channels", "channel" },
		{ "hcannel", "channel" }, { "Channel", "channel" },
		{ "PARTY", "party" }, { "topics", "topic" },
		{ "orgnization", "organization" }, { "org", "organization" },
		{ "at-most", "at_most" }, { "form", "from" },
		{ "america/new_york", "America/New_York" },
		{ "purpos", "purpose" }, { "weather", NULL }, { "", NULL },
		{ "x", NULL }, { "channel", NULL }, { "kwon", NULL },
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
	struct buffer buffer = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++) {
		usher_buffer_puts(&buffer, "ab");
		usher_buffer_add(&buffer, "c\0", 2);
		usher_buffer_printf(&buffer, "%04d", i);
		assert_int_equal(buffer.data[buffer.length], 0);
	}
	assert_int_equal(buffer.length, 8000);
	assert_memory_equal(buffer.data + 7992, "abc\0" "0999", 9);
	assert_false(buffer.failed);
	usher_buffer_add(&buffer, "", SIZE_MAX / 2);
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
		TEST(a_phrase_is_found_on_word_boundaries),
		TEST(a_phrase_does_not_cross_a_border),
		TEST(a_phrase_without_words_is_refused),
		TEST(phrases_agree_with_a_plain_search),
		TEST(hostile_text_costs_its_length),
		TEST(words_are_counted_by_white_space),
		TEST(a_star_is_any_run),
		TEST(the_likely_meant_word_is_suggested),
		TEST(a_buffer_grows_and_ends_in_nul),
		TEST(lower_case_is_ascii_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
