/*
 * Phrases in folded text: where they are found, and at what cost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
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
		{ "365", "a 365 b", true },
		{ "365", "3655", false },
		{ "24 7", "24/7", true },
		{ "24 7", "24 24 8 7", true },
		{ "24 7 support", "24 7 24/7 support", true },
		{ "24 7 support", "24 8 24 support", false },
		{ "1 1 b", "1 2 1 b", true },
		{ "1 1 b", "1 2 b", false },
		{ "a 1x", "a 1 1x", true },
		{ "a 1x", "a 1 x", false },
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
		{ "CRM", "CRMのご紹介", true },
		{ "CRM", "XCRMの", false },
		{ "문서보관", "문서보관을 제안", true },
		{ "가", "각", false }, /* another syllable */
		{ "データ", "データベース", true },
		{ "か", "が", false },
		{ "เอกสาร", "จัดเก็บเอกสารของคุณ", true },
		/* others keep words apart */
		{ "क", "कि", false },
		{ "архив", "архивы", false },
		{ "архив", "АРХИВ,", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		if (occurs(table[i].phrase, table[i].text) != table[i].occurs)
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
			} else if (word == 0 ||
			    tokens[i][strspn(tokens[i], "0123456789")] !=
				'\0') {
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
	for (int round = 0; round < 50000 / brief(); round++) {
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
	assert_in_range(found, 5000 / brief(), 45000 / brief());
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
		{ "\xcc\x81\xcc\xa3", "a" }, /* marks out of order */
		{ "1 ", "1 x" },
		{ "24 ", "24 7 support" },
		{ "1 ", "1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 x" },
		{ "a ", "a a a a a a a a b" },
		{ "a", "aaaaaaaa b" },
		{ "漢", "漢漢漢漢漢漢 x" },
		{ " ", "a b" },
		{ "a 1 ", "a 1 1 x" },
		{ "\xff", "y" },
		{ "\xe0\xb8\xb4", "ก" },
	};
	enum { SMALL = 1 << 16, LARGE = SMALL * 8 };

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		double spent[2];

		for (int large = 0; large < 2; large++) {
			char *text = repeated(table[i].piece,
			    (size_t)((large ? LARGE : SMALL) / brief()));
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_phrase_is_found_on_word_boundaries),
		TEST(a_phrase_does_not_cross_a_border),
		TEST(a_phrase_without_words_is_refused),
		TEST(phrases_agree_with_a_plain_search),
		TEST(hostile_text_costs_its_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
