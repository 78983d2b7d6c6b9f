/*
 * json: a decision as the stable JSON of the command line (design.md §10),
 * and as text for a person.
 */
#include <glib.h>
#include <jansson.h>
#include <string.h>

#include "decide.h"

static const char *const tri_words[] = { "no", "yes", "unknown" };

/* Strings of a mail may be no UTF-8; JSON must. */
static json_t *
text_json(const char *text)
{
	json_t *json;
	char *valid;

	if (text == NULL)
		return json_null();
	json = json_string(text);
	if (json != NULL)
		return json;
	valid = g_utf8_make_valid(text, -1);
	json = json_string(valid);
	g_free(valid);
	return json;
}

static json_t *
instant_json(int64_t at, const struct zone *zone)
{
	char text[USHER_TIME_TEXT];

	usher_time_format(at, zone, text);
	return json_string(text);
}

static json_t *
opening_json(const struct usher_opening *opening)
{
	json_t *json;

	if (!opening->exists)
		return json_null();
	json = json_object();
	(void)json_object_set_new(json, "from",
	    instant_json(opening->from, NULL));
	(void)json_object_set_new(json, "until",
	    opening->until == INT64_MAX ? json_null()
					: instant_json(opening->until, NULL));
	return json;
}

static json_t *
targets_json(const struct usher_verdict *verdict)
{
	json_t *list = json_array();

	for (size_t i = 0; i < verdict->target_count; i++) {
		const struct usher_target *target = &verdict->targets[i];
		json_t *json = json_object();

		(void)json_object_set_new(json, "channel",
		    json_string(usher_channel_word(target->channel)));
		(void)json_object_set_new(json, "uri", text_json(target->uri));
		(void)json_object_set_new(json, "opening",
		    opening_json(&target->opening));
		(void)json_array_append_new(list, json);
	}
	return list;
}

static json_t *
strings_json(const char *const *strings, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(list, text_json(strings[i]));
	return list;
}

static json_t *
evidence_json(const struct usher_decision *decision)
{
	json_t *list = json_array();

	for (size_t i = 0; i < decision->evidence_count; i++) {
		const struct evidence_item *item = &decision->evidence[i];
		json_t *json = json_object();

		(void)json_object_set_new(json, "name", text_json(item->name));
		(void)json_object_set_new(json, "where",
		    text_json(item->where));
		(void)json_object_set_new(json, "weight",
		    json_real(item->weight));
		(void)json_array_append_new(list, json);
	}
	return list;
}

static json_t *
trace_json(const struct usher_decision *decision)
{
	json_t *list = json_array();

	for (size_t i = 0; i < decision->step_count; i++) {
		const struct step *step = &decision->steps[i];
		json_t *json = json_object();

		(void)json_object_set_new(json, "rule", text_json(step->rule));
		(void)json_object_set_new(json, "part",
		    json_string(step->part));
		(void)json_object_set_new(json, "condition",
		    text_json(step->condition));
		(void)json_object_set_new(json, "fact", text_json(step->fact));
		(void)json_object_set_new(json, "proven",
		    json_string(tri_words[step->proven]));
		(void)json_object_set_new(json, "claimed",
		    json_string(tri_words[step->claimed]));
		(void)json_array_append_new(list, json);
	}
	return list;
}

static void
set_verdict(json_t *json, const struct usher_decision *decision)
{
	const struct usher_verdict *verdict = &decision->verdict;

	(void)json_object_set_new(json, "verdict",
	    json_string(usher_answer_word(verdict->answer)));
	(void)json_object_set_new(json, "rule", text_json(verdict->rule));
	(void)json_object_set_new(json, "reason",
	    json_string(usher_reason_word(verdict->reason)));
	(void)json_object_set_new(json, "opening",
	    opening_json(&verdict->opening));
	(void)json_object_set_new(json, "to", targets_json(verdict));
	(void)json_object_set_new(json, "missing",
	    strings_json(verdict->missing, verdict->missing_count));
	(void)json_object_set_new(json, "say", text_json(verdict->say));
	(void)json_object_set_new(json, "introduces",
	    json_boolean(verdict->introduces));
	(void)json_object_set_new(json, "trace", trace_json(decision));
	(void)json_object_set_new(json, "why_not",
	    strings_json(decision->why_not, decision->why_count));
}

char *
usher_decision_json(const struct usher_decision *decision,
    const char *recipient, const char *from, const char *file)
{
	json_t *json = json_object();
	char *text;

	if (file != NULL)
		(void)json_object_set_new(json, "file", text_json(file));
	(void)json_object_set_new(json, "recipient", text_json(recipient));
	(void)json_object_set_new(json, "from", text_json(from));
	(void)json_object_set_new(json, "channel",
	    json_string(usher_channel_word(decision->channel)));
	(void)json_object_set_new(json, "purpose",
	    json_string(usher_purpose_word(decision->purpose)));
	(void)json_object_set_new(json, "evidence", evidence_json(decision));
	(void)json_object_set_new(json, "at",
	    instant_json(decision->at,
		decision->policy == NULL ? NULL : decision->policy->zone));
	set_verdict(json, decision);
	text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(6));
	json_decref(json);
	return text;
}

static void
add_opening(struct buffer *buffer, const struct usher_opening *opening,
    const struct zone *zone)
{
	char from[USHER_TIME_TEXT], until[USHER_TIME_TEXT];

	if (!opening->exists) {
		usher_buffer_puts(buffer, "none");
		return;
	}
	usher_time_format(opening->from, zone, from);
	if (opening->until == INT64_MAX) {
		usher_buffer_printf(buffer, "from %s on", from);
		return;
	}
	usher_time_format(opening->until, zone, until);
	usher_buffer_printf(buffer, "%s to %s", from, until);
}

static void
add_verdict(struct buffer *buffer, const struct usher_decision *decision)
{
	const struct usher_verdict *verdict = &decision->verdict;
	const struct zone *zone = decision->policy == NULL
	    ? NULL
	    : decision->policy->zone;

	usher_buffer_printf(buffer,
	    "  verdict  %s\n  rule     %s\n"
	    "  reason   %s\n",
	    usher_answer_word(verdict->answer), verdict->rule,
	    usher_reason_word(verdict->reason));
	if (verdict->answer == USHER_DEFER ||
	    verdict->answer == USHER_REDIRECT) {
		usher_buffer_puts(buffer, "  opening  ");
		add_opening(buffer, &verdict->opening, zone);
		usher_buffer_puts(buffer, "\n");
	}
	for (size_t i = 0; i < verdict->target_count; i++) {
		const struct usher_target *target = &verdict->targets[i];

		usher_buffer_printf(buffer, "  to       %s %s, open ",
		    usher_channel_word(target->channel),
		    target->uri == NULL ? "(no address published)"
					: target->uri);
		add_opening(buffer, &target->opening, zone);
		usher_buffer_puts(buffer, "\n");
	}
	for (size_t i = 0; i < verdict->missing_count; i++)
		usher_buffer_printf(buffer, "  missing  %s\n",
		    verdict->missing[i]);
	if (verdict->say != NULL)
		usher_buffer_printf(buffer, "  say      %s\n", verdict->say);
}

static void
add_trace(struct buffer *buffer, const struct usher_decision *decision)
{
	const char *rule = "";

	for (size_t i = 0; i < decision->step_count; i++) {
		const struct step *step = &decision->steps[i];

		if (strcmp(rule, step->rule) != 0)
			usher_buffer_printf(buffer, "  rule \"%s\"\n",
			    step->rule);
		rule = step->rule;
		usher_buffer_printf(buffer, "    %-8s %s: %s", step->part,
		    step->condition, tri_words[step->proven]);
		if (step->claimed != step->proven)
			usher_buffer_printf(buffer, " (claimed: %s)",
			    tri_words[step->claimed]);
		if (*step->fact != '\0')
			usher_buffer_printf(buffer, "  [%s]", step->fact);
		usher_buffer_puts(buffer, "\n");
	}
	for (size_t i = 0; i < decision->evidence_count; i++)
		usher_buffer_printf(buffer, "  evidence %s in %s, %+.2f\n",
		    decision->evidence[i].name, decision->evidence[i].where,
		    decision->evidence[i].weight);
	for (size_t i = 0; i < decision->why_count; i++)
		usher_buffer_printf(buffer, "  why not: %s\n",
		    decision->why_not[i]);
}

char *
usher_decision_text(const struct usher_decision *decision,
    const char *recipient, const char *from)
{
	struct buffer buffer = { .data = NULL };
	char at[USHER_TIME_TEXT];

	usher_time_format(decision->at,
	    decision->policy == NULL ? NULL : decision->policy->zone, at);
	usher_buffer_printf(&buffer, "%s to %s by %s, %s, at %s\n",
	    from == NULL ? "somebody" : from, recipient,
	    usher_channel_word(decision->channel),
	    usher_purpose_word(decision->purpose), at);
	add_verdict(&buffer, decision);
	add_trace(&buffer, decision);
	if (!buffer.failed)
		return buffer.data;
	usher_buffer_free(&buffer);
	return NULL;
}
