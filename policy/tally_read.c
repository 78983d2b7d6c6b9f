/*
 * tally_read: what was counted, and a party's standing, for whoever asks
 * (usher_report.h). Called by the command line.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "known.h"
#include "tally.h"
#include "usher_handle.h"

enum { DAY_S = 24 * 3600 };

struct telling {
	struct arena arena;
	int64_t since, until;
	usher_tally_each_h each;
	void *arg;
};

static int
tell_entry(const struct telling *telling, const char *recipient, int64_t day,
    const struct tally_entry *entry)
{
	struct usher_tallied tallied = { .recipient = recipient,
		.party = entry->what.party,
		.proven = entry->what.proven,
		.channel = (enum usher_channel)entry->what.channel,
		.answer = (enum usher_answer)entry->what.answer,
		.at = day * DAY_S + entry->what.quarter * TALLY_QUARTER_S,
		.count = (unsigned long)entry->count };

	if (tallied.at < telling->since || tallied.at >= telling->until)
		return 0;
	return telling->each(telling->arg, &tallied);
}

/* A key is the recipient and the day, each ended by NUL. */
static int
tell_day(void *arg, const char *key, size_t length,
    const struct usher_record_value *value)
{
	struct telling *telling = arg;
	size_t recipient = strnlen(key, length);
	struct tally_list list;
	int64_t day;
	int code;

	if (recipient + 1 >= length || key[length - 1] != '\0' ||
	    !usher_tally_day(key + recipient + 1, &day) ||
	    (day + 1) * DAY_S <= telling->since ||
	    day * DAY_S >= telling->until)
		return 0;
	usher_arena_reset(&telling->arena);
	code = usher_tally_unpack(&telling->arena, value, 0, &list);
	for (size_t i = 0; code == 0 && i < list.count; i++)
		code = tell_entry(telling, key, day, &list.entries[i]);
	return code;
}

int
usher_tally_each(struct usher *usher, const struct usher_policy *policy,
    const char *who, int64_t since, int64_t until, usher_tally_each_h each,
    void *arg, struct usher_error *error)
{
	struct telling telling = { .since = since,
		.until = until,
		.each = each,
		.arg = arg };
	struct record_view view;
	struct record_key key = { .length = 0 };
	int code;

	if (usher->records == NULL)
		return 0;
	usher_arena_init(&telling.arena);
	if (who != NULL)
		usher_record_key_begin(&key,
		    usher_record_recipient(&telling.arena, policy, who));
	code = usher->records->engine->view(usher->records, &view, error);
	if (code == 0) {
		if (!view.empty)
			code = usher->records->engine->each(&view, RECORD_TALLY,
			    key.bytes, key.length, tell_day, &telling, error);
		usher->records->engine->unview(&view);
	}
	usher_arena_free(&telling.arena);
	if (code == EILSEQ)
		(void)usher_error_set(error, code,
		    "a count in the memory cannot be read: it is damaged, or"
		    " of a later version");
	return code;
}

/* ---- standing ---- */

const char *
usher_standing_word(enum usher_standing standing)
{
	static const char *const words[] = { "new", "good", "poor" };

	return words[standing];
}

/* "vendor.example" is a party as it is. */
static int
party_of(struct arena *arena, const struct usher_conf *conf, const char *text,
    const char **party, struct usher_error *error)
{
	struct address address;
	int code;

	if (strpbrk(text, "@:+") == NULL && strchr(text, '.') != NULL) {
		const char *host = usher_domain_normal(arena, text);

		*party = host == NULL ? NULL
				      : usher_domain_organization(arena, host);
		if (*party != NULL)
			return 0;
	}
	code = usher_address_parse(arena, text, &conf->dialling, &address,
	    error);
	if (code == 0)
		*party = usher_known_party(&address);
	return code;
}

static int
sum_of(struct usher *usher, struct arena *arena, const char *party, int64_t at,
    struct standing_sum *sum, struct usher_error *error)
{
	struct standing_list list = { .count = 0 };
	struct record_view view;
	int code = 0;

	*sum = (struct standing_sum){ .standing = USHER_NEW };
	if (usher->records == NULL)
		return 0;
	code = usher->records->engine->view(usher->records, &view, error);
	if (code != 0)
		return code;
	if (!view.empty)
		code = usher_standing_get(&view, arena, party, at, &list,
		    error);
	usher->records->engine->unview(&view);
	if (code == 0)
		*sum = usher_standing_sum(&list, at);
	return code;
}

int
usher_standing_of(struct usher *usher, struct usher_conf *conf,
    const char *party, int64_t at, struct usher_standing_report *report,
    struct usher_error *error)
{
	struct standing_sum sum;
	struct arena arena;
	const char *name;
	int code;

	usher_arena_init(&arena);
	code = party_of(&arena, conf, party, &name, error);
	if (code == 0)
		code = sum_of(usher, &arena, name, at, &sum, error);
	if (code == 0) {
		*report = (struct usher_standing_report){
			.standing = sum.standing,
			.figure = sum.figure,
			.recipients = sum.recipients,
			.kept = sum.in,
			.ignored = sum.out,
			.half_s = STANDING_HALF_S,
		};
		(void)snprintf(report->party, sizeof(report->party), "%s",
		    name);
	}
	usher_arena_free(&arena);
	return code;
}
