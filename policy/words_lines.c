/*
 * words_lines: a verdict as at most three whole sentences' lines.
 *
 * What is asked; when the door opens, where else, and what to bring; where
 * to read more, with the reference. Nothing else may be told (design.md §7):
 * no names of rules, parties or topics, no other windows.
 */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "decide.h"
#include "random.h"
#include "words.h"

enum { LINE_BYTES = 900 }; /* SMTP bears 980 with code and CRLF */

struct telling {
	struct usher_decision *decision;
	const struct words_set *set;
	const char *name, *page, *reference;
};

/* A number of at least so many digits: printf costs ten times that. */
static const char *
digits(char *end, unsigned value, int least)
{
	*--end = '\0';
	while (value > 0 || least > 0) {
		*--end = (char)('0' + value % 10);
		value /= 10;
		least--;
	}
	return end;
}

static const char *
time_text(char out[6], int32_t second)
{
	(void)digits(out + 3, (unsigned)(second / 3600), 2);
	(void)digits(out + 6, (unsigned)(second / 60 % 60), 2);
	out[2] = ':';
	return out;
}

static const char *
instant_text(const struct telling *telling, int64_t at)
{
	struct arena *arena = &telling->decision->arena;
	const struct zone *zone = telling->decision->policy->zone;
	struct zone_time local = usher_zone_local(zone, at);
	char date[12], year_text[12], time[6];
	const char *first = telling->set->templates[WORD_FIRST];
	int year, month, day;

	usher_date_of_day(local.day, &year, &month, &day);
	{
		const struct filling fillings[] = {
			{ "day",
			    telling->set
				->days[usher_weekday_of_day(local.day)] },
			{ "date",
			    day == 1 ? first
				     : digits(date + sizeof(date),
					   (unsigned)day, 1) },
			{ "month", telling->set->months[month - 1] },
			{ "year",
			    digits(year_text + sizeof(year_text),
				(unsigned)year, 1) },
			{ "time", time_text(time, local.second) }
		};

		return usher_words_fill(arena,
		    telling->set->templates[WORD_INSTANT], fillings, 5);
	}
}

/* "17:00" on the same day, else the whole instant. */
static const char *
end_text(const struct telling *telling, int64_t from, int64_t until)
{
	const struct zone *zone = telling->decision->policy->zone;
	struct zone_time start = usher_zone_local(zone, from);
	struct zone_time end = usher_zone_local(zone, until);
	char time[6];

	if (start.day != end.day)
		return instant_text(telling, until);
	return usher_arena_string(&telling->decision->arena,
	    time_text(time, end.second));
}

static const char *
opening_text(const struct telling *telling, const struct usher_opening *opening,
    enum word with_end, enum word without_end, const char *what)
{
	struct usher_decision *decision = telling->decision;
	bool ends = opening->until != INT64_MAX;
	char utc[USHER_INSTANT_TEXT];

	usher_instant_text(opening->from, utc);
	{
		const struct filling fillings[] = {
			{ "from", instant_text(telling, opening->from) },
			{ "until",
			    ends ? end_text(telling, opening->from,
				       opening->until)
				 : "" },
			{ "zone", usher_zone_name(decision->policy->zone) },
			{ "utc", utc }, { "what", what }
		};

		return usher_words_fill(&decision->arena,
		    telling->set->templates[ends ? with_end : without_end],
		    fillings, 5);
	}
}

static const char *
append(const struct telling *telling, const char *text, const char *more)
{
	if (text == NULL || more == NULL || *more == '\0')
		return text;
	if (strlen(text) + strlen(more) + 1 > LINE_BYTES)
		return text;
	return *text == '\0' ? more
			     : usher_arena_printf(&telling->decision->arena,
				   "%s %s", text, more);
}

/* "mailto:alice@example.com" as people write it. */
static const char *
bare_target(const char *uri)
{
	return strncmp(uri, "mailto:", 7) == 0 ? uri + 7
	    : strncmp(uri, "tel:", 4) == 0     ? uri + 4
					       : uri;
}

static const char *
target_text(const struct telling *telling, const struct usher_target *target)
{
	struct arena *arena = &telling->decision->arena;
	const char *text;
	enum word word = target->uri == NULL ? WORD_TARGET_BARE
	    : target->channel == USHER_PAGE  ? WORD_TARGET_LINK
					     : WORD_TARGET;
	const struct filling fillings[] = {
		{ "what", telling->set->channels[target->channel] },
		{ "target",
		    target->uri == NULL ? "" : bare_target(target->uri) }
	};

	text = usher_words_fill(arena, telling->set->templates[word], fillings,
	    2);
	if (target->channel >= USHER_CHANNELS)
		return text;
	if (!target->opening.exists)
		return append(telling, text,
		    telling->set->templates[WORD_NO_OPENING]);
	if (target->opening.from <= telling->decision->at)
		return text;
	return append(telling, text,
	    opening_text(telling, &target->opening, WORD_OPENS_UNTIL,
		WORD_OPENS, ""));
}

static const char *
first_line(const struct telling *telling)
{
	static const enum word words[] = { [USHER_REFUSE] = WORD_REFUSE,
		[USHER_REDIRECT] = WORD_REDIRECT,
		[USHER_DEFER] = WORD_DEFER };
	const struct usher_verdict *verdict = &telling->decision->verdict;

	if (verdict->say != NULL)
		return verdict->say;
	return usher_words_fill(&telling->decision->arena,
	    telling->set->templates[words[verdict->answer]],
	    &(struct filling){ "name", telling->name }, 1);
}

/* The link of a page goes last: a full stop behind it would break it. */
static const char *
second_line(const struct telling *telling)
{
	const struct usher_verdict *verdict = &telling->decision->verdict;
	const char *text = "", *link = "";

	if (verdict->answer == USHER_REFUSE)
		return "";
	for (size_t i = 0; i < verdict->target_count; i++) {
		const char *one = target_text(telling, &verdict->targets[i]);

		if (verdict->targets[i].channel == USHER_PAGE)
			link = one;
		else
			text = append(telling, text, one);
	}
	if (verdict->answer == USHER_DEFER && verdict->opening.exists)
		text = append(telling, text,
		    opening_text(telling, &verdict->opening, WORD_OPENS_UNTIL,
			WORD_OPENS, ""));
	else if (verdict->answer == USHER_DEFER)
		text = append(telling, text,
		    telling->set->templates[WORD_NO_OPENING]);
	text = append(telling, text,
	    usher_words_bring(telling->decision, telling->set));
	if (verdict->introduced.exists)
		text = append(telling, text,
		    opening_text(telling, &verdict->introduced, WORD_INTRODUCED,
			WORD_INTRODUCED,
			telling->set->channels[telling->decision->channel]));
	return append(telling, text, link);
}

static const char *
last_line(const struct telling *telling)
{
	const struct filling fillings[] = { { "reference", telling->reference },
		{ "page", telling->page } };

	if (telling->reference == NULL)
		return telling->page;
	return usher_words_fill(&telling->decision->arena,
	    telling->set
		->templates[telling->page == NULL ? WORD_REFERENCE : WORD_MORE],
	    fillings, 2);
}

/* ASCII as the language writes it; control characters become spaces. */
static const char *
clean(struct arena *arena, const char *text, const char *language, bool ascii)
{
	char *copy, *converted = NULL;

	if (ascii)
		converted = g_str_to_ascii(text, language);
	copy = usher_arena_string(arena, converted == NULL ? text : converted);
	g_free(converted);
	for (char *at = copy; copy != NULL && *at != '\0'; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f ||
		    (ascii && (unsigned char)*at > 0x7f))
			*at = ' ';
	return copy;
}

const struct words_set *
usher_words_of(const struct usher_decision *decision)
{
	const struct words *words = decision->policy->conf->words;
	const struct words_set *set = usher_words_find(words,
	    decision->language);

	if (set == NULL)
		set = usher_words_find(words, decision->policy->language);
	return set == NULL ? usher_words_find(words, "en") : set;
}

static size_t
make_lines(struct usher_decision *decision, bool named, const char *reference,
    bool ascii, const char *lines[USHER_WORDS_LINES])
{
	struct telling telling = { .decision = decision,
		.reference = reference };
	const char *made[USHER_WORDS_LINES];
	size_t count = 0;

	if (decision->policy == NULL ||
	    decision->verdict.answer >= USHER_ACCEPT ||
	    decision->policy->conf->words == NULL)
		return 0;
	telling.set = usher_words_of(decision);
	telling.name = named ? decision->policy->name
			     : telling.set->templates[WORD_NOBODY];
	telling.page = decision->policy->published[USHER_PAGE];
	if (telling.page == NULL &&
	    decision->policy->conf->site.page_url[0] != '\0')
		telling.page = decision->policy->conf->site.page_url;
	made[0] = first_line(&telling);
	made[1] = second_line(&telling);
	made[2] = last_line(&telling);
	for (size_t i = 0; i < USHER_WORDS_LINES; i++) {
		if (made[i] == NULL || *made[i] == '\0')
			continue;
		lines[count] = clean(&decision->arena, made[i],
		    telling.set->language, ascii);
		if (lines[count] != NULL)
			count++;
	}
	return count;
}

size_t
usher_words_lines(struct usher_decision *decision, const char *reference,
    bool ascii, const char *lines[USHER_WORDS_LINES])
{
	return make_lines(decision, true, reference, ascii, lines);
}

size_t
usher_words_unnamed(struct usher_decision *decision, const char *reference,
    bool ascii, const char *lines[USHER_WORDS_LINES])
{
	return make_lines(decision, false, reference, ascii, lines);
}

void
usher_reference_make(char out[USHER_REFERENCE_TEXT])
{
	static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
	unsigned char bytes[USHER_REFERENCE_TEXT - 1];

	usher_random_bytes(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		out[i] = letters[bytes[i] % 32];
	out[sizeof(bytes)] = '\0';
}

void
usher_instant_text(int64_t at, char text[USHER_INSTANT_TEXT])
{
	usher_time_format(at, NULL, text);
}
