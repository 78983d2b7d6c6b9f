/*
 * standing: what recipients say of a party, its figure, its bytes: see
 * standing.h.
 */
#include "standing.h"

#include <errno.h>
#include <string.h>

#include "record_bytes.h"

enum { FORM = 1, NUMBERS = 7, ENTRY = NUMBERS * 8, THOUSAND = 1000 };

/* Of the scale from -1 to 1: what one recipient has a say in. */
static const double tenth = 0.1;
/* Doubt: the fewer attempts, the less they say. */
static const double doubt = 0.5;
/* From here on it is good, or below its negative poor. */
static const double enough = 0.2;
/* What is left of a count is nothing below this. */
static const double nothing = 0.01;
static const double daily = 0.97715996843425; /* thirty of them: a half */
enum { DAY_S = 24 * 3600, MOST_COUNT = 50, MOST_HALVES = 40 };

/* Stays the same from one program and host to the next: FNV-1a. */
uint64_t
usher_standing_hash(const char *text)
{
	uint64_t hash = 14695981039346656037u;

	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * 1099511628211u;
	return hash != 0 ? hash : 1;
}

void
usher_standing_key(struct record_key *key, const char *party)
{
	usher_record_key_begin(key, party);
}

/* ---- bytes ---- */

void
usher_standing_pack(const struct standing_list *list, struct buffer *buffer)
{
	usher_record_put_form(buffer, FORM);
	for (size_t i = 0; i < list->count; i++) {
		const struct standing_entry *entry = &list->entries[i];

		usher_record_put_number(buffer, (int64_t)entry->recipient);
		usher_record_put_number(buffer,
		    (int64_t)(entry->in * THOUSAND + 0.5));
		usher_record_put_number(buffer,
		    (int64_t)(entry->out * THOUSAND + 0.5));
		usher_record_put_number(buffer, entry->at);
		usher_record_put_number(buffer, (int64_t)entry->from);
		usher_record_put_number(buffer, entry->from_at);
		usher_record_put_number(buffer, entry->open | entry->first * 2);
	}
}

static double
count_of(struct record_reader *reader)
{
	int64_t number = usher_record_get_number(reader);

	if (number < 0 || number > (int64_t)MOST_COUNT * THOUSAND)
		return 0;
	return (double)number / THOUSAND;
}

static void
unpack_one(struct record_reader *reader, struct standing_entry *entry)
{
	int64_t bits;

	entry->recipient = (uint64_t)usher_record_get_number(reader);
	entry->in = count_of(reader);
	entry->out = count_of(reader);
	entry->at = usher_record_get_number(reader);
	entry->from = (uint64_t)usher_record_get_number(reader);
	entry->from_at = usher_record_get_number(reader);
	bits = usher_record_get_number(reader);
	entry->open = (bits & 1) != 0;
	entry->first = (bits & 2) != 0;
}

int
usher_standing_unpack(struct arena *arena,
    const struct usher_record_value *value, struct standing_list *list)
{
	struct record_reader reader = usher_record_reader(arena, value, FORM);
	int code;

	*list = (struct standing_list){ .count = 0 };
	list->entries = usher_arena_array(arena, reader.left / ENTRY + 1,
	    sizeof(*list->entries));
	if (list->entries == NULL)
		return ENOMEM;
	while (!reader.wrong && reader.left >= ENTRY)
		unpack_one(&reader, &list->entries[list->count++]);
	code = usher_record_read_end(&reader);
	if (code != 0)
		list->count = 0;
	return code;
}

/* ---- figures ---- */

/* What a count is worth so many seconds later. */
static double
halved(double count, int64_t seconds)
{
	if (seconds <= 0)
		return count;
	if (seconds / STANDING_HALF_S > MOST_HALVES)
		return 0;
	for (; seconds >= STANDING_HALF_S; seconds -= STANDING_HALF_S)
		count /= 2;
	for (; seconds >= DAY_S; seconds -= DAY_S)
		count *= daily;
	return count * (1 - (1 - daily) * (double)seconds / DAY_S);
}

static void
bring_up(struct standing_entry *entry, int64_t at)
{
	if (at <= entry->at)
		return;
	entry->in = halved(entry->in, at - entry->at);
	entry->out = halved(entry->out, at - entry->at);
	entry->at = at;
}

static double
weight_at(const struct standing_entry *entry, int64_t at)
{
	struct standing_entry then = *entry;

	bring_up(&then, at);
	return then.in + then.out;
}

struct standing_sum
usher_standing_sum(const struct standing_list *list, int64_t at)
{
	struct standing_sum sum = { .standing = USHER_NEW };

	for (size_t i = 0; i < list->count; i++) {
		struct standing_entry entry = list->entries[i];

		bring_up(&entry, at);
		if (entry.in + entry.out < nothing)
			continue;
		sum.recipients++;
		sum.in += entry.in;
		sum.out += entry.out;
		sum.figure += tenth * (entry.in - entry.out) /
		    (entry.in + entry.out + doubt);
	}
	if (sum.figure > 1)
		sum.figure = 1;
	if (sum.figure < -1)
		sum.figure = -1;
	if (sum.figure >= enough)
		sum.standing = USHER_GOOD;
	else if (sum.figure <= -enough)
		sum.standing = USHER_POOR;
	return sum;
}

/* ---- what comes in ---- */

/*
 * The place of a recipient who says something for the first time. Those whose
 * word counts least go first, so that strangers do not wash out who was
 * annoyed; NULL when all others say more than nothing.
 */
static struct standing_entry *
place_for(struct standing_list *list, int64_t at)
{
	struct standing_entry *least = NULL;
	double least_weight = 0;

	if (list->count < STANDING_RECIPIENTS)
		return &list->entries[list->count++];
	for (size_t i = 0; i < list->count; i++) {
		struct standing_entry *entry = &list->entries[i];
		double weight = weight_at(entry, at);

		if (least != NULL &&
		    (weight > least_weight ||
			(weight == least_weight &&
			    entry->from_at >= least->from_at)))
			continue;
		least = entry;
		least_weight = weight;
	}
	return least_weight < nothing * 10 ? least : NULL;
}

static struct standing_entry *
find(const struct standing_list *list, uint64_t recipient)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->entries[i].recipient == recipient)
			return &list->entries[i];
	return NULL;
}

static void
add(double *count)
{
	*count = *count + 1 < MOST_COUNT ? *count + 1 : MOST_COUNT;
}

static bool
comes_again(const struct standing_entry *entry,
    const struct standing_event *event)
{
	return entry->open && event->from != 0 && entry->from == event->from &&
	    event->at < entry->from_at + ATTEMPT_RETRIED_S;
}

/* The first contact, however often its mail is tried again, says nothing. */
void
usher_standing_note(struct standing_list *list,
    const struct standing_event *event)
{
	struct standing_entry *entry = find(list, event->recipient);
	bool again = entry != NULL && comes_again(entry, event);

	if (entry == NULL) {
		entry = place_for(list, event->at);
		if (entry == NULL)
			return;
		*entry = (struct standing_entry){ .recipient = event->recipient,
			.at = event->at,
			.first = true };
	} else if (!again) {
		entry->first = false;
	}
	bring_up(entry, event->at);
	if (event->in && !entry->first)
		add(&entry->in);
	if (event->outside && !again && !entry->first)
		add(&entry->out);
	if (!again) {
		entry->from = event->from;
		entry->from_at = event->at;
	}
	entry->open = event->open;
}
