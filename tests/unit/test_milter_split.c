/*
 * Splits: a client and a server played over records, try by try.
 *
 * The server answers as usher-milter does: RCPT by the record, the end of the
 * message by verdicts that never change. The client sends its recipients in
 * any order and comes again with whom it got a 4xx for, or with all of them.
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

enum { MOST = 200, NOW = 1800000000 };

struct player {
	const char *who, *wish; /* the answer they would give; NULL: accept */
	int copies;		/* accepted */
	char got[64];		/* the last final answer, or "" */
	bool settled;		/* the client has an end */
};

struct game {
	size_t count;
	struct player players[MOST];
	char *record;
	size_t length;
	uint64_t mail;
	unsigned seed;
	bool whole;    /* the client always sends all */
	bool gives_up; /* ... and no message after a 4xx at RCPT */
	int tries, most_later;
	bool accepted_for_all;
	int64_t at;
};

static void
play_begin(struct game *game)
{
	memset(game, 0, sizeof *game);
	game->mail = 42;
	game->seed = 1;
	game->at = NOW;
}

static void
play_end(struct game *game)
{
	free(game->record);
	for (size_t i = 0; i < game->count; i++)
		free((char *)(uintptr_t)game->players[i].who);
}

static void
join(struct game *game, const char *wish)
{
	char who[32];

	(void)snprintf(who, sizeof who, "p%03zu@example.com",
	    (game->count * 37) % 199);
	game->players[game->count++] = (struct player){ .who = strdup(who),
		.wish = wish };
}

static struct split *
load(const struct game *game)
{
	struct split *split = NULL;

	if (game->record == NULL)
		return split_new();
	assert_int_equal(split_read(game->record, game->length, &split), 0);
	return split;
}

static void
store(struct game *game, struct split *split)
{
	free(game->record);
	assert_int_equal(split_write(split, &game->record, &game->length), 0);
	split_free(split);
}

static void
shuffle(struct game *game, struct player **order, size_t count)
{
	for (size_t i = count; i > 1; i--) {
		size_t j;
		struct player *swap;

		game->seed = game->seed * 1103515245u + 12345u;
		j = (game->seed >> 8) % i;
		swap = order[i - 1];
		order[i - 1] = order[j];
		order[j] = swap;
	}
}

/* All in it got one answer at the end of the message. */
static void
answer_all(struct player **in, size_t count, const char *answer)
{
	for (size_t i = 0; i < count; i++) {
		if (answer == NULL)
			in[i]->copies++;
		(void)snprintf(in[i]->got, sizeof in[i]->got, "%s",
		    answer == NULL ? "250" : answer);
		in[i]->settled = true;
	}
}

static bool
agree(struct player **in, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		const char *one = in[0]->wish, *other = in[i]->wish;

		if ((one == NULL) != (other == NULL) ||
		    (one != NULL && strcmp(one, other) != 0))
			return false;
	}
	return true;
}

static bool
all_together(const struct split *split, struct player **in, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (in[i]->wish == NULL || !split_together(split, in[i]->who))
			return false;
	return true;
}

static bool
all_away(struct player **in, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (in[i]->wish == NULL)
			return false;
	return true;
}

/* The end of a message with these let through. */
static void
end_message(struct game *game, struct split *split, struct split_try *try,
    struct player **in, size_t count)
{
	bool together = all_together(split, in, count);
	enum split_way way = SPLIT_APART;

	if (agree(in, count) || together) {
		try->ended = true;
		split_end(split, try);
		answer_all(in, count, together ? "550 together" : in[0]->wish);
		return;
	}
	assert_int_equal(split_begin(split, try, SPLIT_MOST_LATER, game->at,
			     &way),
	    0);
	if (way == SPLIT_ACCEPT) {
		game->accepted_for_all = true;
		answer_all(in, count, NULL);
	} else if (way == SPLIT_TOGETHER) {
		assert_true(all_away(in, count));
		answer_all(in, count, "550 together");
	}
}

static void
one_try(struct game *game)
{
	struct player *order[MOST], *in[MOST];
	struct split_name names[MOST];
	struct split_try try = { .mail = game->mail, .names = names };
	struct split *split = load(game);
	struct split_choice choice = { .made = false };
	size_t count = 0, let = 0, later = 0;

	for (size_t i = 0; i < game->count; i++)
		if (game->whole || !game->players[i].settled)
			order[count++] = &game->players[i];
	shuffle(game, order, count);
	game->tries++;
	for (size_t i = 0; i < count; i++) {
		bool put_off = later < SPLIT_MOST_LATER &&
		    split_later(split, &choice, order[i]->who);

		names[try.count++] = (struct split_name){
			.who = order[i]->who,
			.answer = order[i]->wish,
			.later = put_off,
		};
		if (put_off)
			later++;
		else
			in[let++] = order[i];
	}
	if ((int)later > game->most_later)
		game->most_later = (int)later;
	if (let == 0 || (game->gives_up && later > 0))
		split_end(split, &try);
	else
		end_message(game, split, &try, in, let);
	store(game, split);
}

static bool
is_over(const struct game *game)
{
	for (size_t i = 0; i < game->count; i++)
		if (!game->players[i].settled)
			return false;
	return true;
}

static void
play(struct game *game, int most)
{
	while (!is_over(game) && game->tries < most)
		one_try(game);
	assert_true(is_over(game));
}

/* Each their own answer, and each accepted copy once. */
static void
assert_own_answers(const struct game *game)
{
	for (size_t i = 0; i < game->count; i++) {
		const struct player *player = &game->players[i];

		assert_int_equal(player->copies, player->wish == NULL);
		assert_string_equal(player->got,
		    player->wish == NULL ? "250" : player->wish);
	}
	assert_false(game->accepted_for_all);
	assert_null(game->record);
	assert_true(game->most_later <= SPLIT_MOST_LATER);
}

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
