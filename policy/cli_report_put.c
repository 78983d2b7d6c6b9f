/*
 * cli_report_put: the tables and JSON of `usher report`.
 *
 * A table a dimension, with a column for each verdict, since how it ended is
 * what is asked of all of them; JSON has all dimensions in one row.
 */
#include "cli_report.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

enum { MOST_PARTIES = 40, ANSWERS = USHER_PENDING, HOURS = 24, WIDTH = 32 };

/* A line of a table: a name, and how often each verdict. */
struct line {
	const char *name;
	int number; /* in place of a name, for its order */
	unsigned long counts[ANSWERS];
};

static const enum usher_answer columns[ANSWERS] = { USHER_ACCEPT, USHER_DEFER,
	USHER_REDIRECT, USHER_REFUSE };

static bool
asks(const struct cli_report *report, enum report_dimension dimension)
{
	return (report->by & 1u << dimension) != 0;
}

/* ---- JSON ---- */

static int
put_object(const struct cli_report *report, const struct report_row *row)
{
	json_t *json = json_object();
	char *text, hour[USHER_INSTANT_TEXT];

	(void)json_object_set_new(json, "recipient",
	    json_string(row->recipient));
	if (asks(report, BY_CHANNEL))
		(void)json_object_set_new(json, "channel",
		    json_string(usher_channel_word(row->channel)));
	if (asks(report, BY_HOUR)) {
		usher_instant_local(report->recipient.policy, row->hour, hour);
		(void)json_object_set_new(json, "hour", json_string(hour));
	}
	if (asks(report, BY_VERDICT))
		(void)json_object_set_new(json, "verdict",
		    json_string(usher_answer_word(row->answer)));
	if (asks(report, BY_PARTY)) {
		(void)json_object_set_new(json, "party",
		    *row->party == '\0' ? json_null()
					: json_string(row->party));
		(void)json_object_set_new(json, "proven",
		    json_boolean(row->proven));
	}
	(void)json_object_set_new(json, "count",
	    json_integer((json_int_t)row->count));
	text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
	json_decref(json);
	if (text == NULL)
		return cli_failed("out of memory");
	puts(text);
	free(text);
	return 0;
}

/* ---- tables ---- */

static int
by_name(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int order = x->number - y->number;

	return order != 0 || x->name == NULL ? order : strcmp(x->name, y->name);
}

static unsigned long
sum_of(const struct line *line)
{
	unsigned long sum = 0;

	for (int i = 0; i < ANSWERS; i++)
		sum += line->counts[i];
	return sum;
}

static int
by_count(const void *a, const void *b)
{
	unsigned long x = sum_of(a), y = sum_of(b);

	return x == y ? by_name(a, b) : x < y ? 1 : -1;
}

static void
name_line(const struct cli_report *report, const struct report_row *row,
    enum report_dimension dimension, struct line *line)
{
	char text[USHER_INSTANT_TEXT];

	*line = (struct line){ .name = NULL };
	if (dimension == BY_CHANNEL)
		line->number = (int)row->channel;
	else if (dimension == BY_HOUR) {
		usher_instant_local(report->recipient.policy, row->hour, text);
		line->number = (int)strtol(text + 11, NULL, 10);
	} else if (dimension == BY_PARTY) {
		line->name = row->party;
		line->number = row->proven ? 0 : 1;
	}
}

/* All rows by one dimension; how many lines. */
static size_t
add_lines(const struct cli_report *report, enum report_dimension dimension,
    struct line *lines)
{
	size_t count = 0;

	for (size_t i = 0; i < report->count; i++) {
		name_line(report, &report->rows[i], dimension, &lines[i]);
		lines[i].counts[report->rows[i].answer] = report->rows[i].count;
	}
	qsort(lines, report->count, sizeof(*lines), by_name);
	for (size_t i = 0; i < report->count; i++) {
		if (count == 0 || by_name(&lines[count - 1], &lines[i]) != 0) {
			lines[count++] = lines[i];
			continue;
		}
		for (int k = 0; k < ANSWERS; k++)
			lines[count - 1].counts[k] += lines[i].counts[k];
	}
	return count;
}

static void
put_name(enum report_dimension dimension, const struct line *line)
{
	int width = 0;

	if (dimension == BY_HOUR)
		width = printf("%02d:00", line->number);
	else if (dimension == BY_CHANNEL)
		width = printf("%s",
		    usher_channel_word((enum usher_channel)line->number));
	else if (dimension == BY_VERDICT)
		width = printf("all");
	else if (*line->name == '\0')
		width = printf("(nobody, or others)");
	else {
		cli_put(line->name, stdout);
		width = (int)strlen(line->name);
		if (line->number != 0)
			width += printf(" (claimed)");
	}
	printf("%*s", width < WIDTH ? WIDTH - width : 1, "");
}

static void
put_line(const struct cli_report *report, enum report_dimension dimension,
    const struct line *line)
{
	put_name(dimension, line);
	for (int i = 0; asks(report, BY_VERDICT) && i < ANSWERS; i++)
		printf(" %8lu", line->counts[columns[i]]);
	printf(" %8lu\n", sum_of(line));
}

static void
put_head(const struct cli_report *report, enum report_dimension dimension)
{
	printf("\n%-*s", WIDTH, cli_report_dimensions[dimension]);
	for (int i = 0; asks(report, BY_VERDICT) && i < ANSWERS; i++)
		printf(" %8s", usher_answer_word(columns[i]));
	printf(" %8s\n", "all");
}

static void
put_table(const struct cli_report *report, enum report_dimension dimension,
    struct line *lines)
{
	size_t count = add_lines(report, dimension, lines);
	size_t shown = count;

	if (dimension == BY_PARTY) {
		qsort(lines, count, sizeof(*lines), by_count);
		shown = count < MOST_PARTIES ? count : MOST_PARTIES;
	}
	put_head(report, dimension);
	for (size_t i = 0; i < shown; i++)
		put_line(report, dimension, &lines[i]);
	if (shown < count)
		printf("... and %zu more; --json tells all\n", count - shown);
}

static int
put_tables(const struct cli_report *report)
{
	struct line *lines = calloc(report->count, sizeof(*lines));
	bool any = false;

	if (lines == NULL)
		return cli_failed("out of memory");
	for (int d = 0; d < REPORT_DIMENSIONS; d++)
		if (d != BY_VERDICT && asks(report, (enum report_dimension)d)) {
			put_table(report, (enum report_dimension)d, lines);
			any = true;
		}
	if (!any)
		put_table(report, BY_VERDICT, lines);
	free(lines);
	return 0;
}

static void
put_who(const struct cli_report *report)
{
	if (report->recipient.who == NULL)
		fputs("the site", stdout);
	else
		cli_put(report->recipient.who, stdout);
}

int
cli_report_put(const struct cli_report *report)
{
	int code = 0;

	for (size_t i = 0; report->json && code == 0 && i < report->count; i++)
		code = put_object(report, &report->rows[i]);
	if (report->json)
		return code;
	if (report->count == 0)
		fputs("No attempts on ", stdout);
	else
		printf("%lu attempt%s on ", report->total,
		    report->total == 1 ? "" : "s");
	put_who(report);
	puts(report->count == 0 ? " are counted." : "");
	return report->count == 0 ? 0 : put_tables(report);
}
