/*
 * promise_place: alice, whose door is open from nine to ten UTC, and whoever
 * tries, as a milter sees them: remembered, decided, noted, committed.
 */
#ifndef PROMISE_PLACE_H
#define PROMISE_PLACE_H

#include "facts.h"
#include "memory_place.h"

enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };

/* Tuesday 2026-11-24, 00:00 UTC. */
static const int64_t tuesday = 1795478400;

static const char nine_to_ten[] =
    "rules = ( { name = \"w\"; if = { channel = \"email\"; }; then ="
    " \"accept\"; during = \"09:00-10:00\"; } );";

struct door {
	struct usher *usher;
	struct usher_conf *conf;
	struct usher_policy *policy;
	struct usher_memory *memory;
	struct usher_decision *decision;
	struct usher_facts *facts;
};

static inline void
door_prefer(struct door *door, const char *rest)
{
	struct usher_problems *problems = usher_problems_new();
	char text[4000];

	(void)snprintf(text, sizeof(text),
	    "addresses = [ \"alice@example.com\", \"a@example.com\" ];"
	    " phones = [ \"+14155550100\" ]; timezone = \"UTC\"; %s",
	    rest);
	usher_policy_release(door->policy);
	if (usher_policy_compile(door->conf, "alice.conf", text, strlen(text),
		&door->policy, problems) != 0)
		fail_msg("%s", usher_problems_get(problems, 0)->text);
	usher_problems_free(problems);
}

static inline void
door_open(struct door *door, const struct place *place, const char *rest)
{
	*door = (struct door){ .usher = open_memory(place) };
	door->conf = usher_conf_hold(door->usher);
	door_prefer(door, rest);
}

static inline void
door_close(struct door *door)
{
	usher_facts_free(door->facts);
	usher_memory_free(door->memory);
	usher_decision_free(door->decision);
	usher_policy_release(door->policy);
	usher_conf_release(door->conf);
	usher_close(door->usher);
}

/* A restart: all but the store is gone. */
static inline void
door_restart(struct door *door, const struct place *place, const char *rest)
{
	door_close(door);
	door_open(door, place, rest);
}

/* Who comes by mail: an envelope sender, and a proven From or NULL. */
static inline void
door_mail(struct door *door, const char *sender, const char *proven)
{
	usher_facts_free(door->facts);
	assert_int_equal(usher_facts_new(door->conf, USHER_EMAIL, &door->facts),
	    0);
	assert_int_equal(usher_facts_sender(door->facts, sender), 0);
	if (proven != NULL)
		assert_int_equal(usher_facts_prove(door->facts, proven, NULL),
		    0);
	usher_facts_shown(door->facts, USHER_ALL);
}

static inline void
door_call(struct door *door, const char *number, bool proven)
{
	usher_facts_free(door->facts);
	assert_int_equal(usher_facts_new(door->conf, USHER_PHONE, &door->facts),
	    0);
	assert_int_equal(proven ? usher_facts_prove(door->facts, number, NULL)
				: usher_facts_claim(door->facts, number, NULL),
	    0);
}

/* What is answered now, with what is remembered; nothing is noted. */
static inline const struct usher_verdict *
door_ask(struct door *door, int64_t at)
{
	struct usher_question question = { .policy = door->policy,
		.facts = door->facts,
		.at = at };
	struct usher_error error;

	if (usher_memory_read(door->usher, door->policy, "alice@example.com",
		door->facts, at, &door->memory, &error) != 0)
		fail_msg("%s", error.text);
	question.memory = door->memory;
	assert_int_equal(usher_decide(door->usher, &question, &door->decision,
			     &error),
	    0);
	return usher_decision_verdict(door->decision);
}

/* The same, and it is noted as a milter notes it. */
static inline const struct usher_verdict *
door_try(struct door *door, int64_t at)
{
	const struct usher_verdict *verdict = door_ask(door, at);
	struct usher_error error = { .text = "" };
	struct usher_notes *notes;
	int code = usher_notes_new(door->usher, &notes, &error);

	if (code == 0 && verdict->answer == USHER_ACCEPT)
		code = usher_notes_came(notes, door->policy,
		    "alice@example.com", door->facts, door->decision, &error);
	else if (code == 0)
		code = usher_notes_promise(notes, door->policy,
		    "alice@example.com", door->facts, door->decision, "abc",
		    &error);
	if (code == 0)
		code = usher_notes_commit(notes, -1, &error);
	usher_notes_free(notes);
	if (code != 0)
		fail_msg("%s", error.text);
	return verdict;
}

static inline const struct usher_verdict *
door_mails(struct door *door, const char *sender, int64_t at)
{
	door_mail(door, sender, NULL);
	return door_try(door, at);
}

static inline void
assert_deferred(const struct usher_verdict *verdict)
{
	assert_string_equal(usher_answer_word(verdict->answer), "defer");
}

static inline void
assert_kept(const struct usher_verdict *verdict)
{
	assert_string_equal(usher_answer_word(verdict->answer), "accept");
	assert_string_equal(usher_reason_word(verdict->reason), "promise");
}

#endif
