/*
 * show: a recipient's week as a table (design.md §10, `usher show`).
 *
 * Asks how every channel answers at every instant of seven local days at
 * which an answer may change, for a typical stranger who sells: identity
 * proven, nothing remembered, nothing brought. Where only substance is
 * missing the door is open to whoever brings it, and the table says so.
 * show_table.c prints. Called by the command line through usher.h.
 */
#include "show.h"

#include <errno.h>
#include <string.h>

#include "decide.h"
#include "error.h"

/* Nobody's: RFC 2606 keeps the name free, and no country has +999. */
#define SELLER_ADDRESS "sales@seller.example"
#define SELLER_NUMBER "+99955501000"

struct showing {
	struct usher *usher;
	const struct usher_policy *policy;
	const struct usher_memory *memory;
	struct show_week *week;
	struct usher_facts *facts[USHER_CHANNELS];
	struct usher_decision *decision;
	struct usher_error *error;
};

bool
usher_show_same(const struct show_cell *a, const struct show_cell *b)
{
	if (a->answer != b->answer || a->bring != b->bring ||
	    a->target_count != b->target_count)
		return false;
	if (a->target_count == 0)
		return true;
	return a->target == b->target &&
	    (a->target != USHER_URI || strcmp(a->scheme, b->scheme) == 0);
}

void
usher_instant_local(const struct usher_policy *policy, int64_t at,
    char text[USHER_INSTANT_TEXT])
{
	usher_time_format(at, policy == NULL ? NULL : policy->zone, text);
}

static int
make_facts(struct showing *showing)
{
	int code = 0;

	for (int i = 0; code == 0 && i < USHER_CHANNELS; i++) {
		struct usher_facts **facts = &showing->facts[i];

		code = usher_facts_new(showing->policy->conf,
		    (enum usher_channel)i, facts);
		if (code != 0)
			break;
		usher_facts_purpose(*facts, USHER_SALES);
		usher_facts_shown(*facts, USHER_ALL);
		code = usher_facts_prove(*facts,
		    i == USHER_EMAIL ? SELLER_ADDRESS : SELLER_NUMBER,
		    showing->error);
	}
	return code;
}

static void
note_target(struct show_week *week, const char *word, const char *uri)
{
	for (size_t i = 0; i < week->target_count; i++)
		if (strcmp(week->targets[i].word, word) == 0)
			return;
	if (week->target_count < SHOW_NOTES)
		week->targets[week->target_count++] = (struct show_target){
			word,
			usher_arena_string(&week->arena, uri == NULL ? "" : uri)
		};
}

static void
note_bring(struct show_week *week, const char *what)
{
	for (size_t i = 0; i < week->bring_count; i++)
		if (strcmp(week->bring[i], what) == 0)
			return;
	if (week->bring_count == SHOW_NOTES)
		return;
	what = usher_arena_string(&week->arena, what);
	if (what != NULL)
		week->bring[week->bring_count++] = what;
}

static void
take_targets(struct showing *showing, const struct usher_verdict *verdict,
    struct show_cell *cell)
{
	struct show_week *week = showing->week;

	cell->target_count = verdict->target_count;
	for (size_t i = 0; i < verdict->target_count; i++) {
		const struct usher_target *target = &verdict->targets[i];
		const char *word = usher_channel_word(target->channel);

		if (target->channel == USHER_URI && target->uri != NULL)
			word = usher_arena_bytes(&week->arena, target->uri,
			    strcspn(target->uri, ":"));
		if (word == NULL)
			return;
		if (i == 0) {
			cell->target = target->channel;
			cell->scheme = word;
		}
		note_target(week, word, target->uri);
	}
}

/* Only a redirect needs all of a verdict: openings cost a search each. */
static int
ask_targets(struct showing *showing, const struct asked *asked,
    struct show_cell *cell)
{
	struct usher_question question = { .policy = asked->policy,
		.facts = asked->facts,
		.memory = showing->memory,
		.at = asked->at };
	int code = usher_decide(showing->usher, &question, &showing->decision,
	    showing->error);

	if (code == 0)
		take_targets(showing, usher_decision_verdict(showing->decision),
		    cell);
	return code;
}

static void
take_bring(struct showing *showing, struct asked *asked)
{
	const char *missing[MOST_MISSING];
	struct outcome_of outcome = usher_evaluate(asked);
	bool asked_for = false;
	size_t count = 0;

	asked->brought = false;
	if (outcome.rule != NULL)
		count = usher_requires_missing(asked, &showing->week->arena,
		    outcome.rule, missing, &asked_for);
	for (size_t i = 0; i < count; i++)
		note_bring(showing->week, missing[i]);
}

static int
ask(struct showing *showing, enum usher_channel channel, int64_t at,
    struct show_cell *cell)
{
	struct asked asked = { .policy = showing->policy,
		.facts = showing->facts[channel],
		.memory = showing->memory,
		.at = at,
		.channel = channel };

	*cell = (struct show_cell){ .answer = usher_evaluate(&asked).answer };
	if (cell->answer == USHER_ACCEPT)
		return 0;
	asked.brought = true;
	if (usher_accepts(&asked) == YES) {
		cell->answer = USHER_ACCEPT;
		cell->bring = true;
		take_bring(showing, &asked);
		return 0;
	}
	asked.brought = false;
	return cell->answer == USHER_REDIRECT
	    ? ask_targets(showing, &asked, cell)
	    : 0;
}

static struct show_row *
add_row(struct showing *showing, struct show_day *day)
{
	if (day->count == day->size) {
		size_t size = day->size == 0 ? 16 : day->size * 2;
		struct show_row *rows = usher_arena_array(&showing->week->arena,
		    size, sizeof(*rows));

		if (rows == NULL)
			return NULL;
		if (day->count > 0)
			memcpy(rows, day->rows, day->count * sizeof(*rows));
		day->rows = rows;
		day->size = size;
	}
	return &day->rows[day->count++];
}

static bool
same_cells(const struct show_row *a, const struct show_row *b)
{
	for (int i = 0; i < USHER_CHANNELS; i++)
		if (!usher_show_same(&a->cells[i], &b->cells[i]))
			return false;
	return true;
}

/* One more interval of a day, joined to the last where nothing differs. */
static int
add_interval(struct showing *showing, struct show_day *day, int64_t from,
    int64_t until, bool last)
{
	const struct zone *zone = showing->policy->zone;
	struct show_row row, *added;
	int code = 0;

	row.from = usher_zone_local(zone, from).second;
	row.until = last ? 24 * 3600 : usher_zone_local(zone, until).second;
	for (int i = 0; code == 0 && i < USHER_CHANNELS; i++)
		code = ask(showing, (enum usher_channel)i, from, &row.cells[i]);
	if (code != 0)
		return code;
	if (day->count > 0 && same_cells(&day->rows[day->count - 1], &row)) {
		day->rows[day->count - 1].until = row.until;
		return 0;
	}
	added = add_row(showing, day);
	if (added == NULL)
		return ENOMEM;
	*added = row;
	return 0;
}

static int
show_day(struct showing *showing, struct show_day *day)
{
	const struct usher_policy *policy = showing->policy;
	int64_t at = usher_zone_instant(policy->zone, day->day, 0);
	int64_t end = usher_zone_instant(policy->zone, day->day + 1, 0);
	struct asked asked = { .policy = policy,
		.facts = showing->facts[USHER_EMAIL],
		.memory = showing->memory };
	int code = 0;

	day->odd = end - at != 24 * 3600;
	while (code == 0 && at < end) {
		int64_t next = usher_policy_edge(&asked, at, end);

		asked.at = at;
		if (next > end)
			next = end;
		code = add_interval(showing, day, at, next, next == end);
		at = next;
	}
	return code;
}

static int
show_week(struct showing *showing, int64_t at)
{
	const struct zone *zone = showing->policy->zone;
	struct show_week *week = showing->week;
	int32_t today = usher_zone_local(zone, at).day;
	int code = 0;

	week->name = showing->policy->name;
	week->zone = usher_zone_name(zone);
	for (int i = 0; code == 0 && i < SHOW_DAYS; i++) {
		week->days[i].day = today + i;
		code = show_day(showing, &week->days[i]);
	}
	return week->arena.failed ? ENOMEM : code;
}

int
usher_show(struct usher *usher, const struct usher_policy *policy,
    const struct usher_memory *memory, int64_t at, FILE *out,
    struct usher_error *error)
{
	struct show_week week = { .name = NULL };
	struct showing showing = { .usher = usher,
		.policy = policy,
		.memory = memory,
		.week = &week,
		.error = error };
	int code;

	usher_arena_init(&week.arena);
	code = make_facts(&showing);
	if (code == 0)
		code = show_week(&showing, at);
	if (code == 0)
		usher_show_print(&week,
		    "a stranger who sells: " SELLER_ADDRESS
		    ", or a call from " SELLER_NUMBER
		    "; identity proven, nothing remembered of them",
		    out);
	else if (code == ENOMEM)
		(void)usher_error_set(error, code, "no memory for the week");
	for (int i = 0; i < USHER_CHANNELS; i++)
		usher_facts_free(showing.facts[i]);
	usher_decision_free(showing.decision);
	usher_arena_free(&week.arena);
	return code;
}
