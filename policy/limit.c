/*
 * limit: whether the limiters of a rule are met (design.md §4).
 *
 * `during` by the clock, `at_most` by what the rule accepted from this party,
 * `requires` by what the attempt brings; and what is missing, in words.
 */
#include <string.h>
#include <strings.h>

#include "decide.h"

/* Of several hosts; what is later than that is for replay yet to come. */
enum { CLOCKS_DIFFER_S = 60 };

bool
usher_during_holds(const struct asked *asked, const struct rule *rule)
{
	if (!rule->has_during)
		return true;
	if (asked->kept != NULL && strcmp(asked->kept, rule->name) == 0)
		return true;
	if (asked->lifted != NULL && rule->then != OUTCOME_ACCEPT &&
	    rule->then != OUTCOME_REFUSE &&
	    strcmp(asked->lifted, rule->name) == 0)
		return false;
	return usher_hours_hold(&rule->during, asked->at);
}

/* Proven and merely claimed attempts count apart; "in all" counts both. */
bool
usher_cap_counts(const struct asked *asked, const struct cap *cap,
    const struct rule *rule, const struct accepted *accepted, int64_t at)
{
	if (accepted->at <= at - cap->seconds ||
	    accepted->at > at + CLOCKS_DIFFER_S ||
	    strcmp(accepted->rule, rule->name) != 0)
		return false;
	return cap->in_all ||
	    (accepted->same_party &&
		accepted->proven == usher_is_proven(asked));
}

static bool
cap_holds(const struct asked *asked, const struct cap *cap,
    const struct rule *rule, int64_t at)
{
	size_t count = 0;

	for (size_t i = 0; i < asked->memory->accepted_count; i++)
		if (usher_cap_counts(asked, cap, rule,
			&asked->memory->accepted[i], at))
			count++;
	return count < cap->count && count < USHER_COUNTED_MOST;
}

/* Whose attempt counts is known once all that may prove it was shown. */
static bool
may_be_another(const struct asked *asked, const struct cap *cap)
{
	return !cap->in_all && !asked->facts->claims_proven && !asked->proof &&
	    (asked->facts->shown & USHER_HEADERS) == 0;
}

enum tri
usher_caps_hold(struct asked *asked, const struct rule *rule)
{
	int64_t now = asked->kept != NULL ? asked->kept_at : asked->at;
	enum tri holds = YES;

	if (rule->cap_count == 0 || asked->memory == NULL)
		return YES;
	if (usher_memory_lost(asked))
		return MAYBE;
	for (size_t i = 0; i < rule->cap_count && holds != NO; i++) {
		const struct cap *cap = &rule->caps[i];

		if (may_be_another(asked, cap)) {
			asked->needs |= USHER_HEADERS;
			holds = MAYBE;
		} else if (!cap_holds(asked, cap, rule, now)) {
			holds = NO;
		}
	}
	return holds;
}

int64_t
usher_caps_edge(const struct asked *asked, const struct rule *rule, int64_t at)
{
	int64_t edge = INT64_MAX;

	if (asked->memory == NULL)
		return edge;
	for (size_t c = 0; c < rule->cap_count; c++)
		for (size_t i = 0; i < asked->memory->accepted_count; i++) {
			const struct accepted *accepted =
			    &asked->memory->accepted[i];
			int64_t lets_go = accepted->at + rule->caps[c].seconds;

			if (strcmp(accepted->rule, rule->name) == 0 &&
			    lets_go > at && lets_go < edge)
				edge = lets_go;
		}
	return edge;
}

static bool
has_ending(const struct usher_facts *facts, const char *ending)
{
	for (size_t i = 0; i < facts->attachment_count; i++)
		if (strcasecmp(facts->attachments[i].ending, ending) == 0)
			return true;
	return false;
}

static bool
has_link(const struct usher_facts *facts, const char *const *domains,
    size_t count)
{
	for (size_t i = 0; i < facts->link_count; i++)
		for (size_t k = 0; k < count; k++)
			if (usher_domain_within(facts->links[i], domains[k]))
				return true;
	return false;
}

/* Found is found; not found is known only once the body was shown. */
static enum tri
found(struct asked *asked, bool holds, unsigned shown_by)
{
	if (holds)
		return YES;
	if ((asked->facts->shown & shown_by) == shown_by)
		return NO;
	asked->needs |= shown_by & ~asked->facts->shown;
	return MAYBE;
}

static enum tri
attachment_holds(struct asked *asked, const struct requirement *requires)
{
	bool holds = requires->attachment_count == 0;

	for (size_t i = 0; i < requires->attachment_count && !holds; i++)
		holds = has_ending(asked->facts, requires->attachments[i]);
	holds = holds ||
	    has_link(asked->facts, requires->or_links, requires->or_link_count);
	return found(asked, holds, USHER_ALL);
}

static enum tri
link_holds(struct asked *asked, const struct requirement *requires)
{
	return found(asked,
	    requires->link_count == 0 ||
		has_link(asked->facts, requires->links, requires->link_count),
	    USHER_ALL);
}

static enum tri
words_hold(struct asked *asked, const struct requirement *requires)
{
	if (requires->comparison_count == 0)
		return YES;
	if ((asked->facts->shown & USHER_ALL) != USHER_ALL)
		return found(asked, false, USHER_ALL);
	for (size_t i = 0; i < requires->comparison_count; i++)
		if (usher_comparison_holds(&requires->comparisons[i],
			asked->facts->words))
			return YES;
	return NO;
}

static enum tri
reason_holds(struct asked *asked, const struct requirement *requires)
{
	const struct usher_facts *facts = asked->facts;

	return found(asked,
	    !requires->reason ||
		(facts->subject != NULL && facts->subject[0] != '\0') ||
		(facts->reason != NULL && facts->reason[0] != '\0'),
	    USHER_HEADERS);
}

enum tri
usher_requires_hold(struct asked *asked, const struct rule *rule)
{
	const struct requirement *requires = &rule->requires;

	if (!requires->given || asked->brought)
		return YES;
	return tri_and(tri_and(attachment_holds(asked, requires),
			   link_holds(asked, requires)),
	    tri_and(words_hold(asked, requires),
		reason_holds(asked, requires)));
}

static const char *
joined(struct arena *arena, const char *before, const char *const *words,
    size_t count, const char *after)
{
	const char *text = before;

	for (size_t i = 0; i < count && text != NULL; i++)
		text = usher_arena_printf(arena, "%s%s%s", text,
		    i == 0		 ? ""
			: i + 1 == count ? " or "
					 : ", ",
		    words[i]);
	return text == NULL ? NULL
			    : usher_arena_printf(arena, "%s%s", text, after);
}

static const char *
comparison_text(struct arena *arena, const struct comparison *comparison)
{
	static const char *const how[] = { [AT_MOST] = "at most",
		[AT_LEAST] = "at least",
		[LESS] = "fewer than",
		[MORE] = "more than",
		[EQUAL] = "exactly" };

	return usher_arena_printf(arena, "%s %zu words", how[comparison->how],
	    comparison->number);
}

static const char *
attachment_text(struct arena *arena, const struct requirement *requires)
{
	const char *text = joined(arena, "an attachment (",
	    requires->attachments, requires->attachment_count, ")");

	if (requires->or_link_count == 0 || text == NULL)
		return text;
	return joined(arena,
	    usher_arena_printf(arena, "%s or a link to ", text),
	    requires->or_links, requires->or_link_count, "");
}

unsigned
usher_requires_lacking(struct asked *asked, const struct rule *rule,
    bool *asked_for)
{
	static enum tri (*const holds[])(struct asked *,
	    const struct requirement *) = { attachment_holds, link_holds,
		words_hold, reason_holds };
	unsigned lacking = 0;

	if (!rule->requires.given)
		return 0;
	for (size_t i = 0; i < sizeof(holds) / sizeof(holds[0]); i++) {
		enum tri held = holds[i](asked, &rule->requires);

		if (held != YES)
			lacking |= 1u << i;
		*asked_for = *asked_for || held == MAYBE;
	}
	return lacking;
}

size_t
usher_requires_missing(struct asked *asked, struct arena *arena,
    const struct rule *rule, const char *missing[MOST_MISSING], bool *asked_for)
{
	const struct requirement *requires = &rule->requires;
	unsigned lacking = usher_requires_lacking(asked, rule, asked_for);
	size_t count = 0;

	if ((lacking & LACKS_ATTACHMENT) != 0)
		missing[count++] = attachment_text(arena, requires);
	if ((lacking & LACKS_LINK) != 0)
		missing[count++] = joined(arena, "a link to ", requires->links,
		    requires->link_count, "");
	for (size_t i = 0; (lacking & LACKS_WORDS) != 0 &&
	     i < requires->comparison_count && count + 1 < MOST_MISSING;
	     i++)
		missing[count++] = comparison_text(arena,
		    &requires->comparisons[i]);
	if ((lacking & LACKS_REASON) != 0)
		missing[count++] = "a subject or reason";
	return count;
}
