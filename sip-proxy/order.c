/*
 * order.c - which of several comes first: RFC 2782, RFC 3263 §4.2.
 *
 * The weighted choice is made by a hash instead of a die, so that all requests
 * of a call, and its retransmissions, choose alike. Called by hop.c and by
 * calls that go to a name.
 */
#include "resolve.h"

/* One of those at `from` to `to` in order[]. */
static unsigned
pick(const struct rank *ranks, const uint8_t *order, unsigned from, unsigned to,
    uint64_t hash)
{
	uint64_t total = 0, mark;

	for (unsigned i = from; i < to; i++)
		total += ranks[order[i]].weight;
	if (total == 0)
		return from + (unsigned)(hash % (to - from));
	mark = hash % total;
	for (unsigned i = from; i < to; i++) {
		if (mark < ranks[order[i]].weight)
			return i;
		mark -= ranks[order[i]].weight;
	}
	return from;
}

/* By priority, the order given within one. */
static void
sort(const struct rank *ranks, unsigned count, uint8_t *order)
{
	for (unsigned i = 0; i < count; i++) {
		unsigned j = i;

		for (;
		     j > 0 && ranks[order[j - 1]].priority > ranks[i].priority;
		     j--)
			order[j] = order[j - 1];
		order[j] = (uint8_t)i;
	}
}

void
rank_order(const struct rank *ranks, unsigned count, uint64_t hash,
    uint8_t *order)
{
	sort(ranks, count, order);
	for (unsigned i = 0; i < count; i++) {
		unsigned end = i + 1, chosen;
		uint8_t first = order[i];

		while (end < count &&
		    ranks[order[end]].priority == ranks[first].priority)
			end++;
		chosen = pick(ranks, order, i, end, hash);
		order[i] = order[chosen];
		order[chosen] = first;
		hash = hash * 0x9e3779b97f4a7c15ULL + 1;
	}
}
