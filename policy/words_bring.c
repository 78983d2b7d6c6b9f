/*
 * words_bring: what to bring, in the words of a language.
 *
 * The part of `requires` that an attempt lacks (design.md §4), as a sentence's
 * object; JSON and the trace have their own, in English (limit.c). Called by
 * words_lines.c.
 */
#include "decide.h"
#include "words.h"

#include <string.h>

struct bringing {
	struct arena *arena;
	const struct words_set *set;
	const char *text; /* what was added so far */
};

static void
add(struct bringing *bringing, enum word word, const char *what,
    const char *target)
{
	const struct filling fillings[] = { { "what", what },
		{ "target", target } };
	const char *one;

	if (what == NULL || target == NULL || bringing->text == NULL)
		return;
	one = usher_words_fill(bringing->arena, bringing->set->templates[word],
	    fillings, 2);
	if (one == NULL)
		return;
	bringing->text = *bringing->text == '\0'
	    ? one
	    : usher_arena_printf(bringing->arena, "%s, %s", bringing->text,
		  one);
}

/* "a, b or c" */
static const char *
any_of(const struct bringing *bringing, const char *const *words, size_t count)
{
	const char *text = "";

	for (size_t i = 0; i < count && text != NULL; i++)
		text = usher_arena_printf(bringing->arena, "%s%s%s", text,
		    i == 0		 ? ""
			: i + 1 == count ? bringing->set->templates[WORD_OR]
					 : ", ",
		    words[i]);
	return text;
}

static void
add_attachment(struct bringing *bringing, const struct requirement *requires)
{
	const char *endings = any_of(bringing, requires->attachments,
	    requires->attachment_count);

	if (requires->or_link_count == 0)
		add(bringing, WORD_BRING_ATTACHMENT, endings, "");
	else
		add(bringing, WORD_BRING_OR_LINK, endings,
		    any_of(bringing, requires->or_links,
			requires->or_link_count));
}

static void
add_words(struct bringing *bringing, const struct requirement *requires)
{
	static const enum word words[] = { [AT_MOST] = WORD_BRING_AT_MOST,
		[AT_LEAST] = WORD_BRING_AT_LEAST,
		[LESS] = WORD_BRING_FEWER,
		[MORE] = WORD_BRING_MORE,
		[EQUAL] = WORD_BRING_EXACTLY };

	for (size_t i = 0; i < requires->comparison_count; i++)
		add(bringing, words[requires->comparisons[i].how],
		    usher_arena_printf(bringing->arena, "%zu",
			requires->comparisons[i].number),
		    "");
}

const char *
usher_words_bring(struct usher_decision *decision, const struct words_set *set)
{
	struct bringing bringing = { &decision->arena, set, "" };
	bool missing = decision->missing_parts != 0;
	const struct rule *rule = missing ? decision->rule
					  : decision->bring_rule;
	unsigned parts = missing ? decision->missing_parts
				 : decision->bring_parts;
	const struct requirement *requires;

	if (rule == NULL || parts == 0)
		return "";
	requires = &rule->requires;
	if ((parts & LACKS_ATTACHMENT) != 0)
		add_attachment(&bringing, requires);
	if ((parts & LACKS_LINK) != 0)
		add(&bringing, WORD_BRING_LINK,
		    any_of(&bringing, requires->links, requires->link_count),
		    "");
	if ((parts & LACKS_WORDS) != 0)
		add_words(&bringing, requires);
	if ((parts & LACKS_REASON) != 0)
		add(&bringing, WORD_BRING_REASON, "", "");
	if (bringing.text == NULL || *bringing.text == '\0')
		return "";
	return usher_words_fill(&decision->arena, set->templates[WORD_BRING],
	    &(struct filling){ "what", bringing.text }, 1);
}
