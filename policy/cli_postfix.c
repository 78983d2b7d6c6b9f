/*
 * cli_postfix: lets a message go that Postfix holds (design-mail.md "Hold").
 *
 * Short queue ids are used anew, so sender and arrival are compared with what
 * `postqueue -j` tells first. Postfix gives up on old mail: from half of its
 * patience on the message is queued anew instead. A private instance is named
 * by MAIL_CONFIG in the environment, Postfix's own way.
 */
#include "cli_release.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

/* Between MAIL, as Postfix notes it, and our own note of it. */
enum { ARRIVAL_WITHIN_S = 900, DAY_S = 24 * 3600, LIFETIME_S = 5 * DAY_S };

struct cli_queued {
	char id[32];
	bool held;
	int64_t arrival;
	char *sender;
};

static bool
add_queued(struct cli_mta *mta, const json_t *json)
{
	struct cli_queued *queued;
	const char *id, *queue, *sender;
	json_int_t arrival;

	if (json_unpack((json_t *)(uintptr_t)json, "{s:s,s:s,s:I,s:s}",
		"queue_id", &id, "queue_name", &queue, "arrival_time", &arrival,
		"sender", &sender) != 0)
		return true; /* not what we know */
	if (mta->count == mta->room) {
		size_t room = mta->room == 0 ? 64 : 2 * mta->room;

		queued = reallocarray(mta->queued, room, sizeof(*queued));
		if (queued == NULL)
			return false;
		mta->queued = queued;
		mta->room = room;
	}
	queued = &mta->queued[mta->count];
	(void)snprintf(queued->id, sizeof(queued->id), "%s", id);
	queued->held = strcmp(queue, "hold") == 0;
	queued->arrival = arrival;
	queued->sender = strdup(sender);
	if (queued->sender == NULL)
		return false;
	mta->count++;
	return true;
}

static bool
read_queue(struct cli_mta *mta, const char *lines)
{
	bool done = true;

	while (done && *lines != '\0') {
		size_t length = strcspn(lines, "\n");
		json_t *json = json_loadb(lines, length, 0, NULL);

		if (json != NULL)
			done = add_queued(mta, json);
		json_decref(json);
		lines += length + (lines[length] == '\n');
	}
	return done;
}

/* "5d", "432000s"; a number alone is days. */
static int64_t
read_lifetime(const char *text)
{
	char *end;
	long number = strtol(text, &end, 10);
	int64_t unit = *end == 's' ? 1
	    : *end == 'm'	   ? 60
	    : *end == 'h'	   ? 3600
	    : *end == 'w'	   ? 7 * DAY_S
				   : DAY_S;

	return number > 0 && number < 100000 * (DAY_S / unit) ? number * unit
							      : LIFETIME_S;
}

static bool
ask(struct cli_mta *mta)
{
	static const char *const list[] = { "postqueue", "-j", NULL };
	static const char *const lifetime[] = { "postconf", "-h",
		"maximal_queue_lifetime", NULL };
	char *output = NULL;
	bool done;

	if (mta->asked)
		return true;
	if (cli_run(lifetime, &output) != 0)
		return false;
	mta->lifetime_s = read_lifetime(output);
	free(output);
	output = NULL;
	if (cli_run(list, &output) != 0)
		return false;
	done = read_queue(mta, output);
	free(output);
	if (!done)
		(void)cli_failed("out of memory");
	mta->asked = done;
	return done;
}

/* Other than ASCII comes as each program could write it: any is as good. */
static bool
same_sender(const char *one, const char *other)
{
	while (*one != '\0' && *other != '\0') {
		size_t wild = 0, more = 0;

		while ((unsigned char)one[wild] >= 0x80 || one[wild] == '?')
			wild++;
		while ((unsigned char)other[more] >= 0x80 || other[more] == '?')
			more++;
		if ((wild > 0) != (more > 0))
			return false;
		if (wild == 0 && *one != *other)
			return false;
		one += wild == 0 ? 1 : wild;
		other += more == 0 ? 1 : more;
	}
	return *one == *other;
}

/* Postfix writes the null sender out. */
static bool
is_same(const struct cli_queued *queued, const struct usher_held *held)
{
	const char *sender = held->sender[0] == '\0' ? "MAILER-DAEMON"
						     : held->sender;

	return same_sender(sender, queued->sender) &&
	    queued->arrival >= held->arrival - ARRIVAL_WITHIN_S &&
	    queued->arrival <= held->arrival + ARRIVAL_WITHIN_S;
}

static enum cli_release
let_go(const struct cli_mta *mta, const struct usher_held *held)
{
	const char *const off_hold[] = { "postsuper", "-H", held->queue_id,
		NULL };
	const char *const anew[] = { "postsuper", "-r", held->queue_id, NULL };
	const char *const now[] = { "postqueue", "-i", held->queue_id, NULL };

	if (mta->at - held->arrival >= mta->lifetime_s / 2)
		return cli_run(anew, NULL) == 0 ? CLI_RELEASED
						: CLI_NOT_RELEASED;
	if (cli_run(off_hold, NULL) != 0)
		return CLI_NOT_RELEASED;
	/* It is in the queue again; that it goes at once is a kindness. */
	(void)cli_run(now, NULL);
	return CLI_RELEASED;
}

enum cli_release
cli_postfix_release(struct cli_mta *mta, const struct usher_held *held)
{
	enum cli_release outcome = CLI_GONE;

	for (const char *at = held->queue_id; *at != '\0'; at++)
		if (!isalnum((unsigned char)*at))
			return CLI_GONE; /* "ALL" and "-" are more than one */
	if (strcmp(held->queue_id, "ALL") == 0)
		return CLI_GONE;
	if (!ask(mta))
		return CLI_NOT_RELEASED;
	for (size_t i = 0; i < mta->count; i++) {
		const struct cli_queued *queued = &mta->queued[i];

		if (strcmp(queued->id, held->queue_id) != 0)
			continue;
		if (!is_same(queued, held))
			outcome = CLI_ANOTHER;
		else if (!queued->held)
			return CLI_NOT_HELD;
		else
			return let_go(mta, held);
	}
	return outcome;
}

void
cli_postfix_end(struct cli_mta *mta)
{
	for (size_t i = 0; i < mta->count; i++)
		free(mta->queued[i].sender);
	free(mta->queued);
}
