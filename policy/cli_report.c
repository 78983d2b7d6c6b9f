/*
 * cli_report: `usher report`: who came, when, and how it ended.
 *
 * The library tells single counts; here they are added by what was asked for.
 * cli_report_put.c prints them.
 */
#include "cli_report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *const cli_report_dimensions[REPORT_DIMENSIONS] = { "channel",
	"hour", "verdict", "party" };

/* ---- adding ---- */

/* The hour of a quarter, by the clock that the report is for. */
static int64_t
hour_of(const struct cli_report *report, int64_t at)
{
	char text[USHER_INSTANT_TEXT];

	usher_instant_local(report->recipient.policy, at, text);
	return at - at % 60 - 60 * strtol(text + 14, NULL, 10);
}

static int
compare(const void *a, const void *b)
{
	const struct report_row *x = a, *y = b;
	int order = strcmp(x->recipient, y->recipient);

	if (order == 0 && x->hour != y->hour)
		order = x->hour < y->hour ? -1 : 1;
	if (order == 0)
		order = (int)x->channel - (int)y->channel;
	if (order == 0)
		order = (int)x->answer - (int)y->answer;
	if (order == 0)
		order = strcmp(x->party, y->party);
	return order != 0 ? order : (int)x->proven - (int)y->proven;
}

static const char *
kept(struct cli_report *report, const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL || report->text_count == report->text_room) {
		size_t room = report->text_room * 2 + 64;
		char **texts = copy == NULL
		    ? NULL
		    : realloc(report->texts, room * sizeof(*texts));

		if (texts == NULL) {
			free(copy);
			return NULL;
		}
		report->texts = texts;
		report->text_room = room;
	}
	report->texts[report->text_count++] = copy;
	return copy;
}

/* Counts come by recipient and party: most names are those of the last. */
static const char *
kept_like(struct cli_report *report, const char *before, const char *text)
{
	if (before != NULL && strcmp(before, text) == 0)
		return before;
	return *text == '\0' ? "" : kept(report, text);
}

static bool
asks(const struct cli_report *report, enum report_dimension dimension)
{
	return (report->by & 1u << dimension) != 0;
}

static int
add(void *arg, const struct usher_tallied *tallied)
{
	struct cli_report *report = arg;
	struct report_row row = { .recipient = "",
		.party = "",
		.count = tallied->count };
	const struct report_row *last = report->count == 0
	    ? NULL
	    : &report->rows[report->count - 1];

	if (report->count == report->room) {
		size_t room = report->room * 2 + 256;
		struct report_row *rows = realloc(report->rows,
		    room * sizeof(*rows));

		if (rows == NULL)
			return ENOMEM;
		last = report->count == 0 ? NULL : &rows[report->count - 1];
		report->rows = rows;
		report->room = room;
	}
	report->total += tallied->count;
	row.recipient = kept_like(report, last == NULL ? NULL : last->recipient,
	    tallied->recipient);
	if (asks(report, BY_CHANNEL))
		row.channel = tallied->channel;
	if (asks(report, BY_VERDICT))
		row.answer = tallied->answer;
	if (asks(report, BY_HOUR))
		row.hour = hour_of(report, tallied->at);
	if (asks(report, BY_PARTY)) {
		row.proven = tallied->proven;
		row.party = kept_like(report, last == NULL ? NULL : last->party,
		    tallied->party);
	}
	if (row.recipient == NULL || row.party == NULL)
		return ENOMEM;
	report->rows[report->count++] = row;
	return 0;
}

static void
join(struct cli_report *report)
{
	size_t count = 0;

	if (report->count > 0)
		qsort(report->rows, report->count, sizeof(*report->rows),
		    compare);
	for (size_t i = 0; i < report->count; i++) {
		struct report_row *row = &report->rows[i];

		if (count > 0 && compare(&report->rows[count - 1], row) == 0)
			report->rows[count - 1].count += row->count;
		else
			report->rows[count++] = *row;
	}
	report->count = count;
}

/* ---- what is asked ---- */

static int
read_by(const char *text, unsigned *by)
{
	char meant[CLI_MEANT];

	*by = 0;
	for (;;) {
		size_t length = strcspn(text, ","), i = 0;

		while (i < REPORT_DIMENSIONS &&
		    (strlen(cli_report_dimensions[i]) != length ||
			memcmp(cli_report_dimensions[i], text, length) != 0))
			i++;
		if (i == REPORT_DIMENSIONS)
			return cli_usage("report",
			    "--by: `%.*s` is none of channel, hour, verdict"
			    " and party%s",
			    (int)length, text,
			    cli_meant(text, cli_report_dimensions,
				REPORT_DIMENSIONS, meant));
		*by |= 1u << i;
		if (text[length] == '\0')
			return 0;
		text += length + 1;
	}
}

/* "30d" is so long ago. */
static bool
read_ago(const char *text, int64_t *at)
{
	static const char signs[] = "mhdw";
	static const int64_t seconds[] = { 60, 3600, 86400, 604800 };
	char *end;
	long number = strtol(text, &end, 10);
	const char *sign = *end == '\0' ? NULL : strchr(signs, *end);

	if (end == text || sign == NULL || end[1] != '\0' || number < 0 ||
	    number > 100000)
		return false;
	*at = (int64_t)time(NULL) - number * seconds[sign - signs];
	return true;
}

static int
read_time(const struct cli_recipient *recipient, const char *name,
    const char *text, int64_t *at)
{
	struct usher_error error = { .text = "" };

	if (text == NULL || read_ago(text, at) ||
	    usher_time_read(recipient->conf, recipient->policy, text, at,
		&error) == 0)
		return 0;
	return cli_wrong("%s: %s", name, error.text);
}

static int
gather(struct cli_report *report, const struct cli_arguments *arguments)
{
	struct usher_error error = { .text = "out of memory" };
	int64_t since = INT64_MIN, until = INT64_MAX;
	int code = read_time(&report->recipient, "--since", arguments->since,
	    &since);

	if (code == 0)
		code = read_time(&report->recipient, "--until",
		    arguments->until, &until);
	if (code != 0)
		return code;
	if (usher_tally_each(report->recipient.usher, report->recipient.policy,
		report->recipient.who, since, until, add, report, &error) != 0)
		return cli_failed("%s", error.text);
	join(report);
	return 0;
}

static void
free_report(struct cli_report *report)
{
	for (size_t i = 0; i < report->text_count; i++)
		free(report->texts[i]);
	free(report->texts);
	free(report->rows);
	cli_recipient_close(&report->recipient);
}

int
cli_report(const struct cli_arguments *arguments)
{
	const char *who = arguments->word_count > 0 ? arguments->words[0]
						    : NULL;
	struct cli_report report = { .by = (1u << REPORT_DIMENSIONS) - 1,
		.json = arguments->json };
	int code = 0;

	if (arguments->word_count > 1)
		return cli_usage("report", "one recipient at a time");
	if (arguments->by != NULL)
		code = read_by(arguments->by, &report.by);
	if (code == 0)
		code = cli_recipient_open(arguments, who, &report.recipient);
	if (code != 0)
		return code;
	code = gather(&report, arguments);
	if (code == 0)
		code = cli_report_put(&report);
	free_report(&report);
	return code;
}
