/*
 * refusal.c - what the unproven get: one datagram, never longer than theirs.
 *
 * Anybody can forge the source of a datagram, so a refusal to a UDP source
 * that is no phone, PBX or trunk is sent once, without 100, and kept in a
 * fixed table for 32 s: a retransmission gets the first answer again, whatever
 * has changed since. The To tag is a MAC of the request; ACK and CANCEL are
 * dropped by request.c (design-calls.md "Unproven"; RFC 3261 §8.2.7). The
 * oldest falls out when the table is full, or no room is left for its bytes,
 * which lie one behind the other and begin anew where the room ends. An answer
 * without headers of ours has no bytes there: the same request makes it again.
 */
#include <stdlib.h>

#include "hash.h"
#include "proxy.h"

enum {
	KEPT_MS = 32000,
	SLOTS = 4096,
	BUCKETS = 8192,
	ANSWER_MOST = 4096,
	BYTES = SLOTS * 768 /* of all answers */
};

struct refused {
	uint64_t key;
	uint64_t until_ms;
	uint32_t at;   /* its answer, in `bytes`; of length 0: its code */
	uint16_t next; /* in its bucket: slot + 1, 0: none */
	uint16_t length;
};

struct refusals {
	unsigned oldest, count; /* the next is put behind them */
	unsigned bare;		/* so many of the oldest have no bytes */
	uint32_t free;		/* where its answer goes in `bytes` */
	struct refused slots[SLOTS];
	uint16_t buckets[BUCKETS];
	char bytes[BYTES];
};

struct refusals *
refusals_new(void)
{
	return calloc(1, sizeof(struct refusals));
}

void
refusals_free(struct refusals *refusals)
{
	free(refusals);
}

unsigned
refusals_kept(const struct refusals *refusals, uint64_t now_ms)
{
	unsigned count = 0;

	for (unsigned i = 0; i < refusals->count; i++)
		count +=
		    refusals->slots[(refusals->oldest + i) % SLOTS].until_ms >
		    now_ms;
	return count;
}

/* What a retransmission has in common with the first. */
static uint64_t
key_of(const struct request *request)
{
	const struct sip_msg *msg = request->msg;
	const struct span parts[] = { sip_addr_bytes(&request->src->addr),
		msg->via.value, msg->call_id, msg->from_tag, msg->to_tag,
		msg->uri, msg->cseq_method };
	struct hash hash;

	hash_begin(&hash, request->proxy->key);
	hash_number(&hash,
	    (uint64_t)sip_addr_port(&request->src->addr) << 32 | msg->cseq);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		hash_add(&hash, parts[i]);
	return hash_end(&hash);
}

static void
drop_oldest(struct refusals *refusals)
{
	unsigned slot = refusals->oldest;
	struct refused *one = &refusals->slots[slot];
	uint16_t *at = &refusals->buckets[one->key % BUCKETS];

	while (*at != 0 && *at != slot + 1)
		at = &refusals->slots[*at - 1].next;
	if (*at != 0)
		*at = one->next;
	refusals->oldest = (slot + 1) % SLOTS;
	refusals->count--;
	if (refusals->bare > 0)
		refusals->bare--;
}

/* Whether the oldest answer that has bytes lies between there and there. */
static bool
is_oldest_in(struct refusals *refusals, size_t from, size_t to)
{
	const struct refused *one = NULL;

	for (; refusals->bare < refusals->count; refusals->bare++) {
		one = &refusals
			   ->slots[(refusals->oldest + refusals->bare) % SLOTS];
		if (one->length > 0)
			return one->at < to && one->at + one->length > from;
	}
	return false;
}

/* Room for an answer, at the expense of the oldest. */
static uint32_t
make_room(struct refusals *refusals, size_t length)
{
	size_t at = refusals->free;

	if (at + length > BYTES) {
		while (is_oldest_in(refusals, at, BYTES))
			drop_oldest(refusals);
		at = 0;
	}
	while (is_oldest_in(refusals, at, at + length))
		drop_oldest(refusals);
	refusals->free = (uint32_t)(at + length);
	return (uint32_t)at;
}

/* bytes NULL: the code says all. */
static void
keep(struct refusals *refusals, uint64_t key, uint64_t now_ms, unsigned code,
    const char *bytes, size_t length)
{
	struct refused *one;
	unsigned slot;
	uint32_t at = code;

	if (length > ANSWER_MOST)
		return; /* it would be decided again */
	if (refusals->count == SLOTS)
		drop_oldest(refusals);
	if (bytes != NULL) {
		at = make_room(refusals, length);
		memcpy(refusals->bytes + at, bytes, length);
	}
	slot = (refusals->oldest + refusals->count++) % SLOTS;
	one = &refusals->slots[slot];
	*one = (struct refused){ .key = key,
		.until_ms = now_ms + KEPT_MS,
		.at = at,
		.next = refusals->buckets[key % BUCKETS],
		.length = (uint16_t)(bytes != NULL ? length : 0) };
	refusals->buckets[key % BUCKETS] = (uint16_t)(slot + 1);
}

static void
put(const struct request *request, const char *bytes, size_t length)
{
	struct sip_peer dst;

	sip_peer_reply(&dst, &request->msg->via, request->src);
	(void)sip_txn_answer(request->proxy->txns, &dst, bytes, length);
}

/* Code, lines of the request and To tag: what is the same each time. */
static bool
make(const struct request *request, uint64_t key, unsigned code, char *bytes,
    size_t size, size_t *length)
{
	char tag[MAC_TEXT];
	struct sip_reply reply = { .code = code,
		.to_tag = { mac_text(key, tag), MAC_TEXT - 1 },
		.src = &request->src->addr };

	return sip_reply_build(bytes, size, length, request->msg, &reply) ==
	    0 &&
	    *length <= request->msg->all.l;
}

/* A copy of a request has the lines that were answered. */
static void
put_again(const struct request *request, const struct refused *one)
{
	const char *kept = request->proxy->refusals->bytes + one->at;
	char bytes[ANSWER_MOST];
	size_t length;

	if (one->length > 0)
		put(request, kept, one->length);
	else if (make(request, one->key, one->at, bytes, sizeof(bytes),
		     &length))
		put(request, bytes, length);
}

bool
refusal_again(struct request *request)
{
	struct refusals *refusals = request->proxy->refusals;
	uint64_t key = request->refusal = key_of(request);
	uint64_t now_ms = sip_timers_now(request->proxy->timers);
	uint16_t at = refusals->buckets[key % BUCKETS];

	for (; at != 0; at = refusals->slots[at - 1].next) {
		const struct refused *one = &refusals->slots[at - 1];

		if (one->key != key || one->until_ms <= now_ms)
			continue;
		put_again(request, one);
		return true;
	}
	return false;
}

/* As many whole lines as fit. */
static struct span
first_lines(struct span headers, size_t most)
{
	size_t length = headers.l < most ? headers.l : most;

	while (length > 0 && headers.p[length - 1] != '\n')
		length--;
	headers.l = length;
	return headers;
}

void
refusal_send(const struct request *request, unsigned code,
    const struct answer *answer, struct span headers)
{
	struct proxy *proxy = request->proxy;
	uint64_t key = request->refusal ? request->refusal : key_of(request);
	size_t most = request->msg->all.l, length;
	char room[ANSWER_MOST], bytes[ANSWER_MOST * 2];

	if (!make(request, key, code, bytes, sizeof(bytes), &length)) {
		proxy->counters.dropped++;
		return;
	}
	/* Never without its card (RFC 8688 §3.1). */
	if (code == 608 && answer != NULL &&
	    answer->call_info.l > most - length) {
		refusal_send(request, 603, answer, headers);
		return;
	}
	if (answer != NULL)
		headers = (struct span){ room,
			answer_headers(answer, room, sizeof(room),
			    most - length) };
	headers = first_lines(headers, most - length);
	sip_reply_add(bytes, sizeof(bytes), &length, headers);
	keep(proxy->refusals, key, sip_timers_now(proxy->timers), code,
	    headers.l > 0 ? bytes : NULL, length);
	put(request, bytes, length);
}
