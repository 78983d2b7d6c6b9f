/*
 * tally_count: one decided attempt into the counts: see tally.h.
 *
 * Takes a lock for some ten nanoseconds, finds the row by a hash of what it
 * was given, and adds one; names are made for a new row alone. Called by the
 * daemons where an attempt has its answer.
 */
#include <stdlib.h>
#include <string.h>

#include "decide.h"
#include "known.h"
#include "tally.h"
#include "usher_handle.h"

enum { DAY_S = 24 * 3600 };

/* Eight bytes a step: it is made for every attempt. */
static uint64_t
hash_text(uint64_t hash, const char *text)
{
	size_t left = strlen(text);
	uint64_t step = left;

	do {
		hash = (hash ^ step) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 32;
		step = 0;
		memcpy(&step, text, left < 8 ? left : 8);
		text += left < 8 ? left : 8;
		left -= left < 8 ? left : 8;
	} while (step != 0 || left > 0);
	return hash;
}

static void
hash_row(const struct tally *tally, struct tally_row *row)
{
	const struct tally_what *what = &row->entry.what;
	uint64_t hash = tally->seed ^
	    ((uint64_t)what->quarter << 24 | (uint64_t)what->channel << 16 |
		(uint64_t)what->answer << 8 | what->proven);

	hash = hash_text(hash, row->raw_who);
	hash = hash_text(hash, row->raw_party);
	row->hash = hash ^ hash >> 32;
}

/* ---- one attempt ---- */

static const struct address *
main_party(const struct usher_facts *facts, bool *proven)
{
	*proven = false;
	if (facts == NULL)
		return NULL;
	*proven = facts->proven_count > 0 ||
	    (facts->claims_proven && facts->claim_count > 0);
	if (facts->proven_count > 0)
		return &facts->proven[0];
	return facts->claim_count > 0 ? &facts->claims[0] : NULL;
}

/* As told: names of the store are made when they are needed. */
static const char *
raw_who(const struct usher_policy *policy, const char *who)
{
	if (policy != policy->conf->fallback && policy->address_count > 0)
		return policy->addresses[0].text;
	return who;
}

static void
count_new(struct tally *tally, struct tally_row **slot, struct tally_row *row,
    const struct usher_policy *policy, const char *who,
    const struct address *party)
{
	struct tally_batch *batch = tally->now;

	if (batch->row_count >= MOST_ROWS && *row->raw_party != '\0') {
		row->raw_party = "";
		row->entry.what.proven = false;
		party = NULL;
		hash_row(tally, row);
		slot = usher_tally_find(batch, row);
		if (*slot != NULL) {
			(*slot)->entry.count++;
			return;
		}
	}
	if (!usher_tally_has_room(batch))
		return;
	row->recipient = usher_record_recipient(&batch->arena, policy, who);
	row->entry.what.party = party == NULL ? "" : usher_known_party(party);
	usher_tally_put(batch, slot, row);
}

static void
count(struct tally *tally, const struct usher_policy *policy, const char *who,
    const struct usher_facts *facts, const struct usher_decision *decision)
{
	int64_t at = decision->at < 0 ? 0 : decision->at;
	bool proven;
	const struct address *party = main_party(facts, &proven);
	struct tally_row row = { .raw_who = raw_who(policy, who),
		.raw_party = party == NULL ? "" : party->text,
		.day = at / DAY_S,
		.entry = {
		    .what = { .quarter = (unsigned char)(at % DAY_S /
				  TALLY_QUARTER_S),
			.channel = (unsigned char)decision->channel,
			.answer = (unsigned char)decision->verdict.answer,
			.proven = proven },
		    .count = 1 } };
	struct tally_row **slot;

	hash_row(tally, &row);
	slot = usher_tally_find(tally->now, &row);
	if (*slot != NULL)
		(*slot)->entry.count++;
	else
		count_new(tally, slot, &row, policy, who, party);
}

/* ---- standing ---- */

static uint64_t
sender_of(const struct usher_facts *facts)
{
	if (facts == NULL || facts->channel != USHER_EMAIL)
		return 0;
	if (facts->sender.text != NULL)
		return usher_standing_hash(facts->sender.text);
	if (facts->null_sender && facts->claim_count > 0)
		return usher_standing_hash(facts->claims[0].text);
	return 0;
}

/* Inside an opening that was promised nothing is an offence. */
static bool
is_outside(const struct usher_decision *decision)
{
	const struct promise *own = decision->standing;

	if (decision->verdict.answer == USHER_ACCEPT ||
	    decision->verdict.reason == USHER_NO_MEMORY)
		return false;
	return own == NULL || decision->at < own->from ||
	    decision->at >= own->kept_until;
}

static void
move_standing(struct tally_batch *batch, const struct usher_policy *policy,
    const char *who, const struct usher_facts *facts,
    const struct usher_decision *decision, enum usher_told told)
{
	struct standing_event event = { .from = sender_of(facts),
		.at = decision->at,
		.in = decision->verdict.answer == USHER_ACCEPT,
		.outside = is_outside(decision),
		.open = told == USHER_TOLD_TO_RETRY };
	struct attempt_parties parties;
	const char *recipient;

	usher_attempt_parties(facts, &parties);
	if (!parties.proven || decision->verdict.reason == USHER_FOR_SAFETY)
		return;
	recipient = usher_record_recipient(&batch->arena, policy, who);
	if (recipient == NULL)
		return;
	event.recipient = usher_standing_hash(recipient);
	for (size_t i = 0; i < parties.count; i++)
		if (parties.list[i].proven)
			usher_tally_put_event(batch, parties.list[i].party,
			    &event);
}

/* ---- mails that come again ---- */

/* Whether it is the retry of one that was counted; notes what it is. */
static bool
comes_again(struct tally *tally, const struct usher_policy *policy,
    const char *who, const struct usher_facts *facts, int64_t at,
    enum usher_told told)
{
	uint64_t hash = sender_of(facts);
	struct tally_seen *seen;
	bool again;

	if (hash == 0 || (tally->seen == NULL && told != USHER_TOLD_TO_RETRY))
		return false;
	if (tally->seen == NULL)
		tally->seen = calloc(TALLY_SEEN, sizeof(*tally->seen));
	if (tally->seen == NULL)
		return false;
	hash = hash_text(hash ^ tally->seed, raw_who(policy, who)) | 1;
	seen = &tally->seen[(hash >> 32) % TALLY_SEEN];
	again = seen->hash == hash && at < seen->at + ATTEMPT_RETRIED_S;
	if (told == USHER_TOLD_TO_RETRY && again)
		return true;
	if (told == USHER_TOLD_TO_RETRY)
		*seen = (struct tally_seen){ hash, at };
	else if (again)
		seen->hash = 0;
	return false;
}

/* ---- what the daemons call ---- */

void
usher_tally(struct usher *usher, const struct usher_policy *policy,
    const char *who, const struct usher_facts *facts,
    const struct usher_decision *decision, enum usher_told told)
{
	struct tally *tally = usher->tally;
	bool wakes;

	if (tally == NULL || policy == NULL || decision == NULL ||
	    decision->verdict.answer == USHER_PENDING)
		return;
	(void)pthread_mutex_lock(&tally->lock);
	if (!usher_tally_start(tally))
		goto out;
	if (comes_again(tally, policy, who, facts, decision->at, told))
		goto out;
	wakes = !usher_tally_has_any(tally->now);
	tally->now->at = decision->at;
	tally->now->kept_s = policy->conf->retention_s;
	count(tally, policy, who, facts, decision);
	if (told != USHER_UNTOLD && facts != NULL)
		move_standing(tally->now, policy, who, facts, decision, told);
	if (wakes || usher_tally_is_half_full(tally->now))
		(void)pthread_cond_signal(&tally->came);
out:
	(void)pthread_mutex_unlock(&tally->lock);
}
