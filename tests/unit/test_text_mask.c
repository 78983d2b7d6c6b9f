/*
 * Texts that are looked at 64 bytes at a time: words, folding and evidence are
 * what they are byte for byte, wherever a block begins and ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "evidence_item.h"
#include "message_test.h"
#include "text.h"
#include "text_mask.h"

enum { LONGEST = 300, TRIES = 4000 };

/* Mostly ASCII; every try takes other signs, so that some are frequent. */
static size_t
make_text(char out[LONGEST + 2], bool ascii, unsigned *seed)
{
	static const char *const signs[] = { "a", "Z", "9", "e", "t", " ", " ",
		".", "-", "\n", "!", "$", "\t", "_", "x", "\xc3\xa9",
		"\xe4\xb8\xad", "\xe2\x80\x93", "\xff" };
	size_t kinds = sizeof(signs) / sizeof(signs[0]) - (ascii ? 4 : 0);
	size_t some = 1 + (size_t)rand_r(seed) % kinds, length = 0;
	size_t wanted = (size_t)rand_r(seed) % LONGEST;

	while (length < wanted) {
		const char *sign = signs[(size_t)rand_r(seed) %
		    (rand_r(seed) % 8 > 0 ? some : kinds)];

		memcpy(out + length, sign, strlen(sign));
		length += strlen(sign);
	}
	out[length] = '\0';
	return length;
}

/* Where word number `most` ends, byte for byte; *words: how many there are. */
static size_t
words_of(const char *text, size_t length, size_t most, size_t *words)
{
	bool in_word = false;
	size_t end = 0;

	*words = 0;
	for (size_t i = 0; i < length && (in_word || *words < most); i++) {
		unsigned char c = (unsigned char)text[i];

		if (isspace(c)) {
			in_word = false;
		} else if (!in_word && isalnum(c)) {
			in_word = true;
			++*words;
		}
		if (in_word)
			end = i + 1;
	}
	return end;
}

/* What compares sixteen bytes at once finds what plain arithmetic does. */
static void
test_masks_alike(void **state)
{
	char text[LONGEST + 4];
	unsigned seed = 4, blanks, other_blanks;

	(void)state;
	for (int i = 0; i < TRIES; i++) {
		bool ascii = i % 4 > 0;

		if (make_text(text, ascii, &seed) < TEXT_MASK_BYTES)
			continue;
		assert_true(
		    usher_mask_high(text) == usher_mask_high_by_eight(text));
		assert_int_equal(usher_few_plain(text, &blanks),
		    usher_few_plain_by_eight(text, &other_blanks));
		assert_int_equal(blanks, other_blanks);
		if (!ascii)
			continue;
		assert_true(usher_mask_within(text, 0x20, 'a', 'z') ==
		    usher_mask_within_by_eight(text, 0x20, 'a', 'z'));
		assert_true(usher_mask_alnum(text) ==
		    (usher_mask_within_by_eight(text, 0x20, 'a', 'z') |
			usher_mask_within_by_eight(text, 0, '0', '9')));
		assert_true(usher_mask_space(text) ==
		    (usher_mask_within_by_eight(text, 0, '\t', '\r') |
			usher_mask_within_by_eight(text, 0, ' ', ' ')));
		assert_int_equal(usher_mask_count(usher_mask_alnum(text)),
		    __builtin_popcountll(usher_mask_alnum(text)));
		assert_true(usher_mask_within(text, 0, '\t', '\r') ==
		    usher_mask_within_by_eight(text, 0, '\t', '\r'));
		assert_true(usher_mask_within(text, 0, ' ', ' ') ==
		    usher_mask_within_by_eight(text, 0, ' ', ' '));
	}
}

static void
test_counts_words(void **state)
{
	char text[LONGEST + 4];
	unsigned seed = 1;
	size_t words, end;

	(void)state;
	for (int i = 0; i < TRIES; i++) {
		size_t length = make_text(text, true, &seed);
		size_t most = (size_t)rand_r(&seed) % 40;

		(void)words_of(text, length, SIZE_MAX, &words);
		assert_int_equal(usher_text_words(text, length), words);
		end = words_of(text, length, most, &words);
		assert_int_equal(usher_text_words_length(text, length, most),
		    end);
	}
}

static void
test_counts_words_beside_other_scripts(void **state)
{
	static const char words[] = "\xc3\xa9t\xc3\xa9 -- na\xc3\xafve \x93 b";
	char text[200];

	(void)state;
	for (size_t before = 0; before < 130; before++) {
		memset(text, ' ', before);
		memcpy(text + before, words, sizeof(words));
		assert_int_equal(usher_text_words(text,
				     before + sizeof(words) - 1),
		    3);
	}
}

static void
test_folds(void **state)
{
	char text[LONGEST + 4];
	struct arena arena;
	unsigned seed = 2;

	(void)state;
	usher_arena_init(&arena);
	for (int i = 0; i < TRIES; i++) {
		size_t length = make_text(text, true, &seed), size;
		const char *folded;

		if (length > 0 && i % 3 == 0)
			text[(size_t)rand_r(&seed) % length] = '\0';
		folded = usher_text_fold(&arena, text, length, &size);
		assert_int_equal(size, length);
		for (size_t k = 0; k < length; k++)
			assert_int_equal(folded[k],
			    text[k] == '\0' ? ' '
					    : tolower((unsigned char)text[k]));
		usher_arena_reset(&arena);
	}
	usher_arena_free(&arena);
}

/* A text of other letters is split the same as in pieces short of a block. */
static void
test_splits_into_words(void **state)
{
	char text[LONGEST + 4], alone[LONGEST + 4];
	struct evidence_words all, one;
	struct arena arena;
	unsigned seed = 3;

	(void)state;
	usher_arena_init(&arena);
	for (int i = 0; i < TRIES; i++) {
		size_t length = make_text(text, i % 2 == 0, &seed);

		assert_int_equal(usher_evidence_words(&arena, text, length,
				     &all),
		    0);
		for (size_t k = 0; k < all.count; k++) {
			memcpy(alone, all.at[k], all.lengths[k]);
			assert_int_equal(usher_evidence_words(&arena, alone,
					     all.lengths[k], &one),
			    0);
			assert_int_equal(one.count, 1);
			assert_int_equal(one.lengths[0], all.lengths[k]);
			assert_int_equal(one.hashes[0], all.hashes[k]);
			if (k > 0)
				assert_true(all.at[k] >=
				    all.at[k - 1] + all.lengths[k - 1]);
		}
		usher_arena_reset(&arena);
	}
	usher_arena_free(&arena);
}

static void
test_misses_no_letter(void **state)
{
	char text[LONGEST + 4];
	struct evidence_words words;
	struct arena arena;
	unsigned seed = 4;

	(void)state;
	usher_arena_init(&arena);
	for (int i = 0; i < TRIES; i++) {
		size_t length = make_text(text, true, &seed), wanted = 0;
		size_t count = 0, got = 0;

		for (size_t k = 0; k < length; k++) {
			bool letter = isalnum((unsigned char)text[k]);

			wanted += letter;
			count += letter &&
			    (k == 0 || !isalnum((unsigned char)text[k - 1]));
		}
		assert_int_equal(usher_evidence_words(&arena, text, length,
				     &words),
		    0);
		for (size_t k = 0; k < words.count; k++)
			got += words.lengths[k];
		assert_int_equal(got, wanted);
		assert_int_equal(words.count, count);
		usher_arena_reset(&arena);
	}
	usher_arena_free(&arena);
}

/* The shape of a text, with `sign` behind so many words. */
static uint64_t
tests_behind(size_t before, const char *sign)
{
	char text[400];
	struct message_content content = { .html = true,
		.text = { .data = text } };
	size_t length = strlen(sign);

	for (size_t i = 0; i < before; i++)
		text[i] = i % 5 == 4 ? ' ' : 'x';
	memcpy(text + before, sign, length);
	memset(text + before + length, '.', 130);
	content.text.length = before + length + 130;
	text[content.text.length] = '\0';
	return usher_tests_of_text(&content);
}

static void
test_hears_signs_at_the_ends_of_blocks(void **state)
{
	static const struct {
		const char *sign;
		enum evidence_test test;
		bool wanted;
	} rows[] = {
		{ " s p a c e d ", TEST_SPACED_OUT, true },
		{ " s p a ced ", TEST_SPACED_OUT, false },
		{ " s p a cc e d g ", TEST_SPACED_OUT, false },
		{ " now! now! now!", TEST_EXCLAIMING, true },
		{ " now! now!", TEST_EXCLAIMING, false },
		{ " $5 $ 6 \xe2\x82\xac 7 ", TEST_PRICES, true },
		{ " $5 $ 6 \xe2\x82\xac x ", TEST_PRICES, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t before = 0; before < 140; before++)
			assert_int_equal(tests_behind(before, rows[i].sign) >>
				    rows[i].test &
				1,
			    rows[i].wanted);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_masks_alike),
		cmocka_unit_test(test_counts_words),
		cmocka_unit_test(test_counts_words_beside_other_scripts),
		cmocka_unit_test(test_folds),
		cmocka_unit_test(test_splits_into_words),
		cmocka_unit_test(test_misses_no_letter),
		cmocka_unit_test(test_hears_signs_at_the_ends_of_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
