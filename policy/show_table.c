/*
 * show_table: prints the week that show.c has found, in 80 columns.
 *
 * Days that are alike stand together, a row for each range of hours, a column
 * for each channel, and below what the words mean. An arrow where the locale
 * has UTF-8, "->" elsewhere; colours on a terminal alone, and not against
 * NO_COLOR.
 */
#include "show.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LABEL = 15, COLUMN = 13, WIDTH = 79, CELL_TEXT = 48 };

struct table {
	const struct show_week *week;
	FILE *out;
	bool utf8, colour;
};

static const char *const day_words[] = { "Mon", "Tue", "Wed", "Thu", "Fri",
	"Sat", "Sun" };
static const char *const month_words[] = { "Jan", "Feb", "Mar", "Apr", "May",
	"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

static bool
has_utf8(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool has;

	if (locale == (locale_t)0)
		return false;
	has = strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
	freelocale(locale);
	return has;
}

static bool
wants_colour(FILE *out)
{
	const char *none = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fileno(out)) && (none == NULL || *none == '\0') &&
	    term != NULL && strcmp(term, "dumb") != 0;
}

static const char *
colour_of(enum usher_answer answer)
{
	switch (answer) {
	case USHER_ACCEPT: return "\033[32m";
	case USHER_DEFER: return "\033[33m";
	case USHER_REDIRECT: return "\033[36m";
	default: return "\033[31m";
	}
}

/* Text of a cell without its arrow; the columns are ASCII's. */
static void
cell_text(const struct show_cell *cell, char text[CELL_TEXT])
{
	const char *word = usher_answer_word(cell->answer);
	char more[24] = "";

	if (cell->target_count > 1)
		(void)snprintf(more, sizeof(more), " +%zu",
		    cell->target_count - 1 < 9 ? cell->target_count - 1 : 9);
	if (cell->target_count > 0)
		word = cell->target == USHER_URI
		    ? cell->scheme
		    : usher_channel_word(cell->target);
	(void)snprintf(text, CELL_TEXT, "%.7s%s%s", word,
	    cell->bring ? " *" : "", more);
}

static void
print_cell(const struct table *table, const struct show_cell *cell, bool last)
{
	char text[CELL_TEXT];
	int width = 0;

	cell_text(cell, text);
	if (table->colour)
		fputs(colour_of(cell->answer), table->out);
	if (cell->target_count > 0) {
		fputs(table->utf8 ? "\xe2\x86\x92 " : "->", table->out);
		width = 2;
	}
	fputs(text, table->out);
	width += (int)strlen(text);
	if (table->colour)
		fputs("\033[0m", table->out);
	if (!last)
		fprintf(table->out, "%*s", COLUMN - width, "");
}

static bool
same_day(const struct show_day *a, const struct show_day *b)
{
	if (a->count != b->count || a->odd != b->odd)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct show_row *x = &a->rows[i], *y = &b->rows[i];

		if (x->from != y->from || x->until != y->until)
			return false;
		for (int c = 0; c < USHER_CHANNELS; c++)
			if (!usher_show_same(&x->cells[c], &y->cells[c]))
				return false;
	}
	return true;
}

static void
print_date(const struct table *table, int32_t day, bool month)
{
	int year, month_number, month_day;

	usher_date_of_day(day, &year, &month_number, &month_day);
	fprintf(table->out, "%s %d", day_words[usher_weekday_of_day(day)],
	    month_day);
	if (month)
		fprintf(table->out, " %s %d", month_words[month_number - 1],
		    year);
}

/* "Mon 23, Wed 25, Fri 27": this day and those behind it that are alike. */
static void
print_days(const struct table *table, size_t first, bool printed[SHOW_DAYS])
{
	const struct show_day *days = table->week->days;

	fputc('\n', table->out);
	for (size_t i = first; i < SHOW_DAYS; i++) {
		if (printed[i] || !same_day(&days[first], &days[i]))
			continue;
		printed[i] = true;
		if (i > first)
			fputs(", ", table->out);
		print_date(table, days[i].day, false);
	}
	fputs(days[first].odd ? " (the clocks change)\n" : "\n", table->out);
}

static void
print_rows(const struct table *table, const struct show_day *day)
{
	for (size_t i = 0; i < day->count; i++) {
		const struct show_row *row = &day->rows[i];
		char label[32] = "all day";

		if (day->count > 1)
			(void)snprintf(label, sizeof(label),
			    "%02d:%02d-%02d:%02d", row->from / 3600,
			    row->from / 60 % 60, row->until / 3600,
			    row->until / 60 % 60);
		fprintf(table->out, "  %-*s", LABEL - 2, label);
		for (int c = 0; c < USHER_CHANNELS; c++)
			print_cell(table, &row->cells[c],
			    c == USHER_CHANNELS - 1);
		fputc('\n', table->out);
	}
}

static void
print_head(const struct table *table)
{
	const struct show_week *week = table->week;

	if (week->name != NULL && *week->name != '\0')
		fprintf(table->out, "%s: ", week->name);
	print_date(table, week->days[0].day, true);
	fputs(" to ", table->out);
	print_date(table, week->days[SHOW_DAYS - 1].day, true);
	fprintf(table->out, ",\nhours of %s\n\n%*s", week->zone, LABEL, "");
	for (int c = 0; c < USHER_CHANNELS; c++)
		fprintf(table->out, c == USHER_CHANNELS - 1 ? "%s\n" : "%-13s",
		    usher_channel_word((enum usher_channel)c));
}

/* "  left  text", the text folded at blanks below itself. */
static void
print_note(const struct table *table, const char *left, int left_width,
    const char *text)
{
	int column = LABEL;

	fprintf(table->out, "  %s%*s", left,
	    left_width < LABEL - 2 ? LABEL - 2 - left_width : 1, "");
	while (*text != '\0') {
		size_t length = strcspn(text, " ");

		if (column > LABEL && column + 1 + (int)length > WIDTH) {
			fprintf(table->out, "\n%*s", LABEL, "");
			column = LABEL;
		} else if (column > LABEL) {
			fputc(' ', table->out);
			column++;
		}
		fprintf(table->out, "%.*s", (int)length, text);
		column += (int)length;
		text += length;
		text += strspn(text, " ");
	}
	fputc('\n', table->out);
}

struct seen {
	bool answers[USHER_PENDING + 1];
	bool here, bring, more;
};

static void
look(const struct show_week *week, struct seen *seen)
{
	for (size_t d = 0; d < SHOW_DAYS; d++)
		for (size_t r = 0; r < week->days[d].count; r++)
			for (int c = 0; c < USHER_CHANNELS; c++) {
				const struct show_cell *cell =
				    &week->days[d].rows[r].cells[c];

				if (cell->bring)
					seen->bring = true;
				else if (cell->answer == USHER_REDIRECT &&
				    cell->target_count == 0)
					seen->here = true;
				else
					seen->answers[cell->answer] = true;
				seen->more |= cell->target_count > 1;
			}
}

static void
print_bring(const struct table *table)
{
	const struct show_week *week = table->week;
	char text[2048] = "let through with what is asked for: ";
	size_t used = strlen(text);

	for (size_t i = 0; i < week->bring_count && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
		    "%s%s", i == 0 ? "" : "; ", week->bring[i]);
	print_note(table, "accept *", 8, text);
}

static void
print_targets(const struct table *table)
{
	const struct show_week *week = table->week;
	char left[64], text[1024];

	for (size_t i = 0; i < week->target_count; i++) {
		const struct show_target *target = &week->targets[i];

		(void)snprintf(left, sizeof(left), "%s%.12s",
		    table->utf8 ? "\xe2\x86\x92 " : "->", target->word);
		(void)snprintf(text, sizeof(text),
		    "redirect: turned away, "
		    "and told to use %s%s%s",
		    target->word,
		    target->uri == NULL || *target->uri == '\0' ? "" : ", ",
		    target->uri == NULL ? "" : target->uri);
		print_note(table, left,
		    (int)strlen(left) - (table->utf8 ? 2 : 0), text);
	}
}

static void
print_legend(const struct table *table, const char *who)
{
	struct seen seen = { .here = false };
	char text[512];

	look(table->week, &seen);
	fputc('\n', table->out);
	(void)snprintf(text, sizeof(text), "%s.", who);
	print_note(table, "for", 3, text);
	if (seen.answers[USHER_ACCEPT])
		print_note(table, "accept", 6, "let through");
	if (seen.bring)
		print_bring(table);
	if (seen.answers[USHER_DEFER])
		print_note(table, "defer", 5,
		    "turned away for now, and told "
		    "when the door opens");
	print_targets(table);
	if (seen.more)
		print_note(table, "+1", 2, "and told of so many other ways");
	if (seen.here)
		print_note(table, "redirect", 8,
		    "turned away, and told what "
		    "to change before coming back the same way");
	if (seen.answers[USHER_REFUSE])
		print_note(table, "refuse", 6, "turned away for good");
}

void
usher_show_print(const struct show_week *week, const char *who, FILE *out)
{
	struct table table = { .week = week,
		.out = out,
		.utf8 = has_utf8(),
		.colour = wants_colour(out) };
	bool printed[SHOW_DAYS] = { false };

	print_head(&table);
	for (size_t i = 0; i < SHOW_DAYS; i++) {
		if (printed[i])
			continue;
		print_days(&table, i, printed);
		print_rows(&table, &week->days[i]);
	}
	print_legend(&table, who);
}
