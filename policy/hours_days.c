/*
 * hours_days: the days of a window: "Mon-Wed,Fri", "weekdays", "not NAME".
 *
 * The half of hours_parse.c that knows day words, which may be in any case.
 * Keeps design.md §4 "Windows": day words and `not NAME` combine, and a range
 * such as Fri-Mon goes over the weekend.
 */
#include "hours_parse.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "error.h"
#include "text.h"

enum { WEEK = 7, LONGEST = 60 }; /* of a word worth a suggestion */

static const struct {
	const char *word;
	uint8_t weekdays;
} day_words[] = { { "Mon", 0x01 }, { "Tue", 0x02 }, { "Wed", 0x04 },
	{ "Thu", 0x08 }, { "Fri", 0x10 }, { "Sat", 0x20 }, { "Sun", 0x40 },
	{ "daily", 0x7f }, { "weekdays", 0x1f }, { "weekends", 0x60 } };

enum { DAY_WORDS = sizeof(day_words) / sizeof(day_words[0]) };

static int
find(struct hours_word word)
{
	for (int i = 0; i < DAY_WORDS; i++)
		if (usher_hours_same(word, day_words[i].word))
			return i;
	return -1;
}

/* A range of days: the halves, each -1 when it is no day word. */
static bool
split_range(struct hours_word item, int *from, int *until)
{
	struct hours_word first;

	if (!usher_hours_cut(&item, '-', &first) || item.text == NULL)
		return false;
	*from = find(first);
	*until = find(item);
	return true;
}

bool
usher_hours_day_word(struct hours_word word)
{
	int from, until;

	return find(word) >= 0 ||
	    (split_range(word, &from, &until) && from >= 0 && until >= 0);
}

bool
usher_hours_reserved(const char *word)
{
	struct hours_word whole = { word, strlen(word) };

	return usher_hours_same(whole, "not") || usher_hours_day_word(whole);
}

/* ---- words that are none ---- */

static const char *
suggest(const struct hours_parser *parser, struct hours_word word)
{
	const struct hours_scope *scope = parser->scope;
	const char *names[DAY_WORDS], *meant;
	char *copy;

	if (word.length > LONGEST)
		return NULL;
	for (int i = 0; i < DAY_WORDS; i++) {
		names[i] = day_words[i].word;
		/* "Monday", "Thurs": nobody means another day by them. */
		if (i < WEEK && word.length > 3 &&
		    strncasecmp(word.text, names[i], 3) == 0)
			return names[i];
	}
	copy = usher_arena_bytes(parser->arena, word.text, word.length);
	if (copy == NULL)
		return NULL;
	meant = usher_text_suggest(copy, names, DAY_WORDS);
	if (meant == NULL && scope->suggest != NULL)
		meant = scope->suggest(scope->arg, word.text, word.length);
	return meant;
}

static int
fail_unknown(struct hours_parser *parser, struct hours_word word)
{
	const char *meant = suggest(parser, word);

	if (meant != NULL)
		return usher_hours_fail(parser, word,
		    " is no word for days "
		    "and no name from hours; did you mean \"%s\"?",
		    meant);
	return usher_hours_fail(parser, word,
	    " is no word for days and no "
	    "name from hours: days are Mon, Tue, Wed, Thu, Fri, Sat, Sun, "
	    "Mon-Fri, daily, weekdays, weekends");
}

static int
fail_word(struct hours_parser *parser, struct hours_word word)
{
	const struct hours_scope *scope = parser->scope;

	if (word.length == 0)
		return usher_error_set(parser->error, EINVAL,
		    "in \"%.60s\" "
		    "a word is missing beside a comma",
		    parser->hours->text);
	if (usher_hours_digit(word))
		return usher_hours_fail(parser, word,
		    ": a blank, no comma, "
		    "stands between days and times, as in Tue,Thu "
		    "16:00-17:00");
	if (scope->hours != NULL &&
	    scope->hours(scope->arg, word.text, word.length) != NULL)
		return usher_hours_fail(parser, word,
		    " is a name from "
		    "hours: it stands alone between \";\"");
	if (scope->dates != NULL &&
	    scope->dates(scope->arg, word.text, word.length) != NULL)
		return usher_hours_fail(parser, word,
		    " is a name from days: "
		    "\"not\" before it leaves these days out; a rule for "
		    "these days alone has if = { on = \"...\"; }");
	return fail_unknown(parser, word);
}

/* ---- day words ---- */

static int
add_range(struct hours_parser *parser, struct hours_word item, int from,
    int until)
{
	if (from < 0 || until < 0)
		return fail_unknown(parser, item);
	if (from >= WEEK || until >= WEEK)
		return usher_hours_fail(parser, item,
		    ": a range goes from "
		    "one day to another, as in Mon-Fri");
	for (int day = from; day != until; day = (day + 1) % WEEK)
		parser->window.weekdays |= day_words[day].weekdays;
	parser->window.weekdays |= day_words[until].weekdays;
	return 0;
}

int
usher_hours_days(struct hours_parser *parser, struct hours_word list)
{
	struct hours_word item;
	int result = 0;

	while (result == 0 && usher_hours_cut(&list, ',', &item)) {
		int found = find(item), from, until;

		if (found >= 0)
			parser->window.weekdays |= day_words[found].weekdays;
		else if (split_range(item, &from, &until) &&
		    (from >= 0 || until >= 0))
			result = add_range(parser, item, from, until);
		else
			result = fail_word(parser, item);
	}
	return result;
}

/* ---- not NAME ---- */

static int
add_excepted(struct hours_parser *parser, const struct dates *dates)
{
	struct window *window = &parser->window;
	size_t count = window->excepted_count;
	const struct dates **excepted;

	for (size_t i = 0; i < count; i++)
		if (window->excepted[i] == dates)
			return 0;
	excepted = usher_arena_array(parser->arena, count + 1,
	    sizeof(const struct dates *));
	if (excepted == NULL)
		return usher_hours_no_memory(parser);
	if (count > 0)
		memcpy(excepted, window->excepted,
		    count * sizeof(const struct dates *));
	excepted[count] = dates;
	window->excepted = excepted;
	window->excepted_count = count + 1;
	return 0;
}

static int
fail_not(struct hours_parser *parser, struct hours_word name)
{
	const struct hours_scope *scope = parser->scope;
	const char *meant = NULL;

	if (memchr(name.text, ',', name.length) != NULL)
		return usher_hours_fail(parser, name,
		    " after \"not\": only "
		    "one name, so repeat it, as in \"not holidays not "
		    "vacation\"");
	if (usher_hours_digit(name))
		return usher_hours_fail(parser, name,
		    " after \"not\": give "
		    "the dates a name in days, and write the name");
	if (usher_hours_day_word(name))
		return usher_hours_fail(parser, name,
		    " after \"not\": name "
		    "the days that are meant instead; not takes a name from "
		    "days");
	if (scope->suggest != NULL && name.length <= LONGEST)
		meant = scope->suggest(scope->arg, name.text, name.length);
	if (meant != NULL)
		return usher_hours_fail(parser, name,
		    " after \"not\" is no "
		    "name from days; did you mean \"%s\"?",
		    meant);
	return usher_hours_fail(parser, name,
	    " after \"not\" is no name "
	    "from days: declare it there");
}

int
usher_hours_not(struct hours_parser *parser)
{
	const struct hours_scope *scope = parser->scope;
	struct hours_word name = usher_hours_next(parser);
	const struct dates *dates = NULL;

	if (name.length == 0)
		return usher_error_set(parser->error, EINVAL,
		    "a name from "
		    "days is missing after \"not\"");
	if (scope->dates != NULL && !usher_hours_day_word(name))
		dates = scope->dates(scope->arg, name.text, name.length);
	return dates != NULL ? add_excepted(parser, dates)
			     : fail_not(parser, name);
}
