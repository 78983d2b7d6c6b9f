/*
 * Splits, played over records try by try (split_game.h).
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "split.h"
#include "split_game.h"

/* ---- clients that come again with whom they got a 4xx for ---- */

static void
test_ten_recipients_with_ten_wishes_in_any_order(void **state)
{
	static const char *const wishes[] = { NULL, "550 a", "550 b", "450 c",
		NULL, "550 d", "550 e", NULL, "550 f", "550 g" };

	(void)state;
	for (unsigned seed = 0; seed < 50; seed++) {
		struct game game;

		play_begin(&game);
		game.seed = seed * 7919 + 1;
		for (size_t i = 0; i < 10; i++)
			join(&game, wishes[i]);
		play(&game, 9);
		assert_own_answers(&game);
		assert_int_equal(game.tries, 9);
		play_end(&game);
	}
}

/* A 4xx of their own brings them again with every try, in any place. */
static void
test_who_is_deferred_holds_up_nobody(void **state)
{
	static const char *const wishes[] = { "450 a", NULL, "550 b", "450 c",
		"550 d", "550 e", NULL, "450 f" };

	(void)state;
	for (unsigned seed = 0; seed < 200; seed++) {
		struct game game;

		play_begin(&game);
		game.seed = seed * 7919 + 1;
		game.returns = true;
		for (size_t i = 0; i < 8; i++)
			join(&game, wishes[i]);
		play(&game, 8);
		for (size_t i = 0; i < 8; i++) {
			assert_int_equal(game.players[i].copies,
			    wishes[i] == NULL);
			assert_string_equal(game.players[i].got,
			    wishes[i] == NULL ? "250" : wishes[i]);
		}
		play_end(&game);
	}
}

static void
test_forty_recipients_with_25_turned_away(void **state)
{
	char wishes[25][16];

	(void)state;
	for (unsigned seed = 0; seed < 50; seed++) {
		struct game game;

		play_begin(&game);
		game.seed = seed * 104729 + 1;
		for (size_t i = 0; i < 40; i++) {
			if (i < 25)
				(void)snprintf(wishes[i], sizeof wishes[i],
				    "550 %zu", i);
			join(&game, i < 25 ? wishes[i] : NULL);
		}
		play(&game, 3);
		for (size_t i = 0; i < 40; i++) {
			assert_int_equal(game.players[i].copies, i >= 25);
			assert_string_equal(game.players[i].got,
			    i < 25 ? "550 together" : "250");
		}
		assert_int_equal(game.most_later, 15);
		assert_null(game.record);
		play_end(&game);
	}
}

static void
test_more_than_15_on_both_sides_are_accepted(void **state)
{
	struct game game;

	(void)state;
	play_begin(&game);
	for (size_t i = 0; i < 32; i++)
		join(&game, i % 2 ? "550 no" : NULL);
	play(&game, 1);
	assert_true(game.accepted_for_all);
	play_end(&game);
	play_begin(&game);
	for (size_t i = 0; i < 31; i++)
		join(&game, i % 2 ? "550 no" : NULL);
	play(&game, 3);
	assert_own_answers(&game);
	play_end(&game);
}

static void
test_many_turned_away_differently_are_answered_at_once(void **state)
{
	char wishes[40][16];
	struct game game;

	(void)state;
	play_begin(&game);
	for (size_t i = 0; i < 40; i++) {
		(void)snprintf(wishes[i], sizeof wishes[i], "550 %zu", i);
		join(&game, wishes[i]);
	}
	play(&game, 1);
	assert_string_equal(game.players[7].got, "550 together");
	assert_false(game.accepted_for_all);
	play_end(&game);
}

/* ---- other clients ---- */

static void
test_whoever_always_sends_all_is_accepted_in_the_end(void **state)
{
	struct game game;

	(void)state;
	play_begin(&game);
	game.whole = true;
	for (size_t i = 0; i < 6; i++)
		join(&game, i % 2 ? "550 no" : NULL);
	while (!game.accepted_for_all && game.tries < 10)
		one_try(&game);
	assert_int_equal(game.tries, 4);
	assert_null(game.record);
	play_end(&game);
}

static void
test_whoever_stops_at_a_4xx_is_accepted_in_the_end(void **state)
{
	struct game game;

	(void)state;
	play_begin(&game);
	game.whole = game.gives_up = true;
	for (size_t i = 0; i < 6; i++)
		join(&game, i % 2 ? "550 no" : NULL);
	while (!game.accepted_for_all && game.tries < 10)
		one_try(&game);
	assert_int_equal(game.tries, 4);
	play_end(&game);
}

static void
test_turns_go_on_without_whom_the_client_gave_up(void **state)
{
	struct game game;

	(void)state;
	play_begin(&game);
	join(&game, NULL);
	join(&game, "550 a");
	join(&game, "550 b");
	one_try(&game);
	game.players[0].settled = true;
	play(&game, 5);
	assert_string_equal(game.players[1].got, "550 a");
	assert_string_equal(game.players[2].got, "550 b");
	play_end(&game);
}

static void
test_another_message_loses_one_retry_at_most(void **state)
{
	struct game one, other;

	(void)state;
	play_begin(&one);
	join(&one, NULL);
	join(&one, "550 a");
	one_try(&one);
	assert_non_null(one.record);
	/* To the one who has to come again. */
	play_begin(&other);
	other.mail = 43;
	join(&other, "unused");
	join(&other, "550 a");
	other.players[0].settled = true;
	other.record = one.record;
	other.length = one.length;
	one.record = NULL;
	play(&other, 2);
	assert_string_equal(other.players[1].got, "550 a");
	one.record = other.record;
	one.length = other.length;
	other.record = NULL;
	play(&one, 6);
	assert_own_answers(&one);
	play_end(&one);
	play_end(&other);
}

/* Passes the record of the sender from one game to another. */
static void
hand_over(struct game *from, struct game *to)
{
	to->record = from->record;
	to->length = from->length;
	from->record = NULL;
}

static void
test_messages_of_one_sender_all_end(void **state)
{
	static const char *const wishes[] = { NULL, "550 a", "550 b" };
	enum { GAMES = 8 };

	(void)state;
	for (unsigned seed = 1; seed <= 50; seed++) {
		struct game games[GAMES], sender = { 0 };
		unsigned turn = seed;
		int left = GAMES;

		for (size_t k = 0; k < GAMES; k++) {
			play_begin(&games[k]);
			games[k].mail = 42 + k;
			games[k].seed = seed * 31 + (unsigned)k;
			for (size_t i = 0; i < 6; i++)
				join(&games[k], wishes[(i + k % 4) % 3]);
		}
		while (left > 0) {
			struct game *game;

			turn = turn * 1103515245u + 12345u;
			game = &games[(turn >> 8) % GAMES];
			if (is_over(game))
				continue;
			hand_over(&sender, game);
			one_try(game);
			hand_over(game, &sender);
			left -= is_over(game);
			assert_true(game->tries < 20);
		}
		for (size_t k = 0; k < GAMES; k++) {
			assert_own_answers(&games[k]);
			play_end(&games[k]);
		}
		free(sender.record);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_ten_recipients_with_ten_wishes_in_any_order),
		cmocka_unit_test(test_who_is_deferred_holds_up_nobody),
		cmocka_unit_test(test_forty_recipients_with_25_turned_away),
		cmocka_unit_test(test_more_than_15_on_both_sides_are_accepted),
		cmocka_unit_test(
		    test_many_turned_away_differently_are_answered_at_once),
		cmocka_unit_test(
		    test_whoever_always_sends_all_is_accepted_in_the_end),
		cmocka_unit_test(
		    test_whoever_stops_at_a_4xx_is_accepted_in_the_end),
		cmocka_unit_test(
		    test_turns_go_on_without_whom_the_client_gave_up),
		cmocka_unit_test(test_another_message_loses_one_retry_at_most),
		cmocka_unit_test(test_messages_of_one_sender_all_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
