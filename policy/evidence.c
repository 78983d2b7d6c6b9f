/*
 * evidence: weighs what an attempt shows.
 *
 * Each item that is met adds its weights to the purposes it speaks for and
 * takes them from those it speaks against; the first outcome, in the order of
 * evidence.conf, whose sum and whose number of independent groups are reached
 * decides, else the purpose is unknown. Which items are met is found by
 * evidence_words.c and evidence_match.c, linear in the text. Called by facts.c
 * and message_facts.c through evidence.h. Keeps design-mail.md "Purpose".
 */
#include <errno.h>
#include <string.h>

#include "evidence_item.h"

static unsigned
counted(const struct evidence_rule *item, unsigned hits)
{
	return hits < item->times ? hits : item->times;
}

struct sum {
	double weight;
	unsigned groups; /* that witness for it, never against it */
	bool heard[EVIDENCE_GROUPS];
};

static void
add(struct sum *sum, double weight, unsigned group)
{
	sum->weight += weight;
	if (weight > 0 && !sum->heard[group]) {
		sum->heard[group] = true;
		sum->groups++;
	}
}

/* Items that are met, in their order: they are large and lie apart. */
struct met {
	size_t count;
	uint16_t items[EVIDENCE_ITEMS];
};

static void
list_met(const struct evidence_weighing *weighing, struct met *met)
{
	met->count = 0;
	for (size_t i = 0; i < weighing->evidence->item_count; i++)
		if (weighing->hits[i] > 0)
			met->items[met->count++] = (uint16_t)i;
}

static enum usher_purpose
conclude(const struct evidence_weighing *weighing, const struct met *met)
{
	const struct evidence *evidence = weighing->evidence;
	struct sum sums[EVIDENCE_PURPOSES] = { 0 };

	for (size_t i = 0; i < met->count; i++) {
		const struct evidence_rule *item =
		    &evidence->items[met->items[i]];
		unsigned times = counted(item, weighing->hits[met->items[i]]);

		for (unsigned p = 0; p < EVIDENCE_PURPOSES; p++) {
			double weight = item->weights[p];

			/* `also` is measured on mails. */
			if (!weighing->view->call)
				weight += item->also[p];
			add(&sums[p], weight * times, item->group);
		}
	}
	for (size_t i = 0; i < evidence->outcome_count; i++) {
		const struct evidence_outcome *outcome = &evidence->outcomes[i];
		const struct sum *sum = &sums[outcome->purpose];

		/* Sums of decimal weights reach a decimal bound. */
		if (outcome->calls <= weighing->view->call &&
		    sum->weight + 1e-9 >= outcome->least &&
		    sum->groups >= outcome->groups)
			return outcome->purpose;
	}
	return USHER_PURPOSE_UNKNOWN;
}

static int
report(const struct evidence_weighing *weighing, const struct met *met,
    struct arena *arena, struct evidence_finding *finding)
{
	struct evidence_item *items = usher_arena_array(arena, met->count + 1,
	    sizeof(*items));

	if (!items)
		return ENOMEM;
	for (size_t i = 0; i < met->count; i++) {
		const struct evidence_rule *item =
		    &weighing->evidence->items[met->items[i]];

		items[i].name = usher_arena_string(arena, item->name);
		items[i].where = usher_arena_string(arena, item->where_text);
		items[i].weight = item->weights[item->purpose] *
		    counted(item, weighing->hits[met->items[i]]);
	}
	finding->count = met->count;
	finding->items = items;
	return arena->failed ? ENOMEM : 0;
}

/* Most callers say nothing: then there is nothing to go through. */
static bool
none_met(const struct evidence_weighing *weighing)
{
	const uint16_t *hits = weighing->hits;
	size_t count = weighing->evidence->item_count;

	return count == 0 ||
	    (hits[0] == 0 &&
		memcmp(hits, hits + 1, (count - 1) * sizeof(*hits)) == 0);
}

int
usher_evidence_weigh(const struct evidence *evidence, struct arena *arena,
    const struct evidence_view *view, struct evidence_finding *finding)
{
	struct evidence_weighing weighing = { .evidence = evidence,
		.view = view };
	struct met met;
	int code;

	*finding = (struct evidence_finding){ USHER_PURPOSE_UNKNOWN, 0, NULL };
	code = usher_evidence_phrases(&weighing, arena);
	if (code == 0 && !view->call)
		code = usher_evidence_patterns(&weighing, arena);
	if (code || none_met(&weighing))
		return code;
	list_met(&weighing, &met);
	finding->purpose = conclude(&weighing, &met);
	return report(&weighing, &met, arena, finding);
}
