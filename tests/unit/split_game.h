/*
 * split_game: a client and a server played over records of splits.
 *
 * The server answers as usher-milter does: RCPT by the record, the end of the
 * message by verdicts that never change. The client sends its recipients in
 * any order and comes again with whom it got a 4xx for, or with all of them.
 */
#ifndef USHER_TEST_SPLIT_GAME_H
#define USHER_TEST_SPLIT_GAME_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
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
	bool returns;  /* ... and so does who got a 450 of their own */
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
		if (game->whole || !game->players[i].settled ||
		    (game->returns && game->players[i].got[0] == '4'))
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

#endif
