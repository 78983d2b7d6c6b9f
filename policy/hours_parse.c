/*
 * hours_parse: windows from the words that people write (hours.h).
 *
 *	[days] HH:MM-HH:MM[,HH:MM-HH:MM] [zone] [; ...]
 *
 * Called by the policy compiler for `during` and `hours`. Keeps design.md §4
 * "Windows"; hours_days.c reads the days. A piece between ";" is squeezed
 * first, so that its words are what blanks leave. Each error says what is
 * wrong and what to write instead.
 */
#include "hours_parse.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "error.h"

enum { MINUTE = 60, HOUR = 3600, DAY = 86400, SHOWN = 60 };

int
usher_hours_fail(struct hours_parser *parser, struct hours_word word,
    const char *format, ...)
{
	int shown = word.length > SHOWN ? SHOWN : (int)word.length;
	va_list arguments;
	char *sentence;

	va_start(arguments, format);
	sentence = usher_arena_vprintf(parser->arena, format, arguments);
	va_end(arguments);
	if (sentence == NULL)
		return usher_hours_no_memory(parser);
	return usher_error_set(parser->error, EINVAL, "\"%.*s\"%s", shown,
	    word.text, sentence);
}

int
usher_hours_no_memory(struct hours_parser *parser)
{
	return usher_error_set(parser->error, ENOMEM, "no memory");
}

/* ---- words ---- */

static bool
is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

/* One blank between words, none at the ends and around commas. */
static char *
squeeze(struct arena *arena, struct hours_word text)
{
	char *squeezed = usher_arena_bytes(arena, text.text, text.length);
	size_t used = 0;

	if (squeezed == NULL)
		return NULL;
	for (size_t i = 0; i < text.length; i++) {
		char byte = text.text[i];

		if (is_blank(byte)) {
			if (used > 0 && squeezed[used - 1] != ' ' &&
			    squeezed[used - 1] != ',')
				squeezed[used++] = ' ';
			continue;
		}
		if (byte == ',' && used > 0 && squeezed[used - 1] == ' ')
			used--;
		squeezed[used++] = byte;
	}
	if (used > 0 && squeezed[used - 1] == ' ')
		used--;
	squeezed[used] = '\0';
	return squeezed;
}

struct hours_word
usher_hours_peek(const struct hours_parser *parser)
{
	struct hours_word word = { parser->rest, strcspn(parser->rest, " ") };

	return word;
}

struct hours_word
usher_hours_next(struct hours_parser *parser)
{
	struct hours_word word = usher_hours_peek(parser);

	parser->rest += word.length;
	if (*parser->rest == ' ')
		parser->rest++;
	return word;
}

bool
usher_hours_cut(struct hours_word *rest, char separator,
    struct hours_word *part)
{
	const char *end;

	if (rest->text == NULL)
		return false;
	end = memchr(rest->text, separator, rest->length);
	*part = *rest;
	if (end == NULL) {
		rest->text = NULL;
		rest->length = 0;
	} else {
		part->length = (size_t)(end - rest->text);
		rest->text = end + 1;
		rest->length -= part->length + 1;
	}
	return true;
}

bool
usher_hours_same(struct hours_word word, const char *text)
{
	return strlen(text) == word.length &&
	    strncasecmp(word.text, text, word.length) == 0;
}

bool
usher_hours_digit(struct hours_word word)
{
	return word.length > 0 && isdigit((unsigned char)word.text[0]);
}

/* ---- times ---- */

static bool
read_time(const char *text, int32_t *seconds)
{
	for (int i = 0; i < 5; i++)
		if (i == 2 ? text[i] != ':' : !isdigit((unsigned char)text[i]))
			return false;
	*seconds = ((text[0] - '0') * 10 + (text[1] - '0')) * HOUR +
	    ((text[3] - '0') * 10 + (text[4] - '0')) * MINUTE;
	return text[3] < '6';
}

static int
fail_range(struct hours_parser *parser, struct hours_word item)
{
	if (item.length == 0)
		return usher_error_set(parser->error, EINVAL,
		    "in \"%.60s\" "
		    "a range of times is missing beside a comma",
		    parser->hours->text);
	if (usher_hours_day_word(item))
		return usher_hours_fail(parser, item,
		    ": days stand before "
		    "the times, as in Mon-Fri 09:00-12:00");
	if (item.length >= 10 && item.text[4] == '-' && item.text[7] == '-')
		return usher_hours_fail(parser, item,
		    ": windows have days "
		    "of the week; dates stand in days, to be left out by "
		    "\"not NAME\" or asked for by if = { on = \"...\"; }");
	return usher_hours_fail(parser, item,
	    " is no range of times: write "
	    "two on the 24-hour clock with two digits each, as in "
	    "09:00-17:30");
}

static int
parse_range(struct hours_parser *parser, struct hours_word item)
{
	struct window *window = &parser->window;

	if (item.length != 11 || item.text[5] != '-' ||
	    !read_time(item.text, &window->from) ||
	    !read_time(item.text + 6, &window->until))
		return fail_range(parser, item);
	if (window->from > DAY || window->until > DAY)
		return usher_hours_fail(parser, item,
		    ": times go from 00:00 "
		    "to 24:00");
	if (window->from == DAY)
		return usher_hours_fail(parser, item,
		    ": 24:00 can only end "
		    "a range; a day begins at 00:00");
	if (window->from == window->until)
		return usher_hours_fail(parser, item,
		    " ends as it begins: "
		    "for the whole day write 00:00-24:00");
	return 0;
}

/* Room for `count` more windows. */
static int
reserve(struct hours_parser *parser, size_t count)
{
	struct hours *hours = parser->hours;
	size_t wanted = hours->count + count;
	struct window *windows;

	if (wanted > USHER_HOURS_MOST)
		return usher_error_set(parser->error, EINVAL,
		    "more than %d "
		    "windows in one text: join days, as in Mon-Fri",
		    USHER_HOURS_MOST);
	if (wanted <= parser->size)
		return 0;
	if (wanted < parser->size * 2)
		wanted = parser->size * 2;
	windows = usher_arena_array(parser->arena, wanted, sizeof(*windows));
	if (windows == NULL)
		return usher_hours_no_memory(parser);
	if (hours->count > 0)
		memcpy(windows, hours->windows,
		    hours->count * sizeof(*windows));
	hours->windows = windows;
	parser->size = wanted;
	return 0;
}

static int
parse_times(struct hours_parser *parser, struct hours_word list)
{
	struct hours *hours = parser->hours;
	struct hours_word item;
	int result = 0;

	while (result == 0 && usher_hours_cut(&list, ',', &item)) {
		result = parse_range(parser, item);
		if (result == 0)
			result = reserve(parser, 1);
		if (result == 0)
			hours->windows[hours->count++] = parser->window;
	}
	return result;
}

/* The zone behind the times, for the windows from `first` on. */
static int
parse_zone(struct hours_parser *parser, size_t first)
{
	struct hours_word word = usher_hours_next(parser);
	struct hours_word behind = usher_hours_peek(parser);
	struct usher_error why;
	const struct zone *zone;
	char *name;

	if (usher_hours_digit(word))
		return usher_hours_fail(parser, word,
		    ": a comma stands "
		    "between ranges of times, as in 09:00-12:00,13:00-17:00");
	if (usher_hours_same(word, "not") || usher_hours_day_word(word))
		return usher_hours_fail(parser, word,
		    " stands before the "
		    "times, as in weekdays not holidays 09:00-12:00");
	name = usher_arena_bytes(parser->arena, word.text, word.length);
	if (name == NULL)
		return usher_hours_no_memory(parser);
	zone = usher_zone_find(parser->scope->zones, name, &why);
	if (zone == NULL)
		return usher_error_set(parser->error, why.code, "%s", why.text);
	if (behind.length > 0)
		return usher_hours_fail(parser, behind,
		    " stands behind the "
		    "zone: \";\" parts windows, and nothing else follows");
	for (size_t i = first; i < parser->hours->count; i++)
		parser->hours->windows[i].zone = zone;
	return 0;
}

/* ---- pieces ---- */

static int
parse_window(struct hours_parser *parser)
{
	struct hours_word word = usher_hours_next(parser);
	size_t first = parser->hours->count;
	int result;

	while (word.length > 0 && !usher_hours_digit(word)) {
		result = usher_hours_same(word, "not")
		    ? usher_hours_not(parser)
		    : usher_hours_days(parser, word);
		if (result != 0)
			return result;
		word = usher_hours_next(parser);
	}
	if (word.length == 0)
		return usher_error_set(parser->error, EINVAL,
		    "\"%.60s\" "
		    "lacks times behind the days: for the whole day write "
		    "00:00-24:00",
		    parser->hours->text);
	if (parser->window.weekdays == 0)
		parser->window.weekdays = 0x7f;
	result = parse_times(parser, word);
	if (result == 0 && usher_hours_peek(parser).length > 0)
		result = parse_zone(parser, first);
	return result;
}

static int
add_named(struct hours_parser *parser, const struct hours *named)
{
	struct hours *hours = parser->hours;
	int result = reserve(parser, named->count);

	if (result != 0 || named->count == 0)
		return result;
	memcpy(hours->windows + hours->count, named->windows,
	    named->count * sizeof(*named->windows));
	hours->count += named->count;
	return 0;
}

static int
parse_piece(struct hours_parser *parser)
{
	const struct hours_scope *scope = parser->scope;
	struct hours_word word = usher_hours_peek(parser);
	const struct hours *named = NULL;

	if (word.length == 0)
		return usher_error_set(parser->error, EINVAL,
		    "a window is "
		    "missing: write one such as Mon-Fri 09:00-12:00, and "
		    "\";\" only between two");
	memset(&parser->window, 0, sizeof(parser->window));
	parser->window.zone = scope->zone;
	if (word.text[word.length] == '\0' && scope->hours != NULL &&
	    !usher_hours_day_word(word))
		named = scope->hours(scope->arg, word.text, word.length);
	return named != NULL ? add_named(parser, named) : parse_window(parser);
}

int
usher_hours_parse(struct arena *arena, const char *text,
    const struct hours_scope *scope, struct hours *hours,
    struct usher_error *error)
{
	struct hours_parser parser = { .arena = arena,
		.scope = scope,
		.error = error,
		.hours = hours };
	struct hours_word rest, piece;
	int result = 0;

	memset(hours, 0, sizeof(*hours));
	hours->text = usher_arena_string(arena, text);
	if (hours->text == NULL)
		return usher_hours_no_memory(&parser);
	rest.text = hours->text;
	rest.length = strlen(hours->text);
	while (result == 0 && usher_hours_cut(&rest, ';', &piece)) {
		parser.rest = squeeze(arena, piece);
		result = parser.rest == NULL ? usher_hours_no_memory(&parser)
					     : parse_piece(&parser);
	}
	return result;
}
