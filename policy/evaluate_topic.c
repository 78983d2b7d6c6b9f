/*
 * evaluate_topic: whether a topic is spoken of (design.md §4).
 *
 * The dear condition: phrases are looked for in all that is shown, and a
 * search for an opening asks again at every edge. What is shown is the same
 * throughout a decision, so one answer a topic is kept in asked->topics.
 */
#include <string.h>

#include "decide.h"

enum { NOT_ASKED, NOT_SPOKEN_OF, SPOKEN_OF };

size_t
usher_topics_kept(const struct usher_policy *policy)
{
	size_t count = 0;

	for (const struct scope *scope = &policy->scope; scope != NULL;
	     scope = scope->site)
		count += scope->topic_count;
	return count;
}

/* Where the answer about a topic is kept, or NULL. */
static unsigned char *
kept(const struct asked *asked, const struct topic *topic)
{
	const struct scope *scope = &asked->policy->scope;
	unsigned char *answers = asked->topics;

	for (; answers != NULL && scope != NULL; scope = scope->site) {
		uintptr_t first = (uintptr_t)scope->topics;
		uintptr_t one = (uintptr_t)topic;

		if (one >= first &&
		    one < first + scope->topic_count * sizeof(*topic))
			return answers + (one - first) / sizeof(*topic);
		answers += scope->topic_count;
	}
	return NULL;
}

static bool
spoken_of(const struct usher_facts *facts, const struct topic *topic)
{
	for (size_t i = 0; i < facts->topic_count; i++)
		if (strcmp(facts->topics[i], topic->name) == 0)
			return true;
	for (size_t i = 0; facts->folded_length > 0 && i < topic->count; i++)
		if (usher_phrase_occurs(&topic->phrases[i], facts->folded,
			facts->folded_length))
			return true;
	return false;
}

bool
usher_topic_holds(const struct asked *asked, const struct condition *condition)
{
	for (size_t i = 0; i < condition->count; i++) {
		const struct topic *topic = condition->topics[i];
		unsigned char *answer = kept(asked, topic);
		bool holds;

		if (answer != NULL && *answer != NOT_ASKED)
			holds = *answer == SPOKEN_OF;
		else
			holds = spoken_of(asked->facts, topic);
		if (answer != NULL)
			*answer = holds ? SPOKEN_OF : NOT_SPOKEN_OF;
		if (holds)
			return true;
	}
	return false;
}
