/*
 * refusal.c - what the unproven get: one datagram, never longer than theirs.
 *
 * Anybody can forge the source of a datagram, so a refusal to a UDP source
 * that is no phone, PBX or trunk is sent once, without 100, and kept in a
 * fixed table for 32 s: a retransmission gets the first answer again, whatever
 * has changed since. The To tag is a MAC of the request; ACK and CANCEL are
 * dropped by request.c (design-calls.md "Unproven"; RFC 3261 §8.2.7). The
 * oldest falls out when the table is full.
 */
#include <stdlib.h>

#include "proxy.h"

enum { KEPT_MS = 32000, SLOTS = 4096, BUCKETS = 8192, ANSWER_MOST = 4096 };

struct refused {
	uint64_t key;
	uint64_t until_ms;
	uint16_t next; /* in its bucket: slot + 1, 0: none */
	uint16_t length;
	char *answer; /* NULL: the slot is free */
};

struct refusals {
	unsigned oldest;
	struct refused slots[SLOTS];
	uint16_t buckets[BUCKETS];
};

struct refusals *
refusals_new(void)
{
	return calloc(1, sizeof(struct refusals));
}

void
refusals_free(struct refusals *refusals)
{
	if (refusals == NULL)
		return;
	for (unsigned i = 0; i < SLOTS; i++)
		free(refusals->slots[i].answer);
	free(refusals);
}

unsigned
refusals_kept(const struct refusals *refusals, uint64_t now_ms)
{
	unsigned count = 0;

	for (unsigned i = 0; i < SLOTS; i++)
		count += refusals->slots[i].answer != NULL &&
		    refusals->slots[i].until_ms > now_ms;
	return count;
}

/* What a retransmission has in common with the first. */
static uint64_t
key_of(const struct request *request)
{
	const struct sip_msg *msg = request->msg;
	const struct span parts[] = { SPAN_LIT("refusal"),
		sip_addr_bytes(&request->src->addr), msg->via.value,
		msg->call_id, msg->from_tag, msg->to_tag, msg->uri,
		msg->cseq_method };
	struct mac mac;

	mac_begin(&mac, request->proxy->key);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		mac_add(&mac, parts[i]);
	mac_add_number(&mac, sip_addr_port(&request->src->addr));
	mac_add_number(&mac, msg->cseq);
	return mac_end(&mac);
}

static void
unlink_slot(struct refusals *refusals, unsigned slot)
{
	struct refused *one = &refusals->slots[slot];
	uint16_t *at = &refusals->buckets[one->key % BUCKETS];

	while (*at != 0 && *at != slot + 1)
		at = &refusals->slots[*at - 1].next;
	if (*at != 0)
		*at = one->next;
	free(one->answer);
	one->answer = NULL;
}

static void
keep(struct refusals *refusals, uint64_t key, uint64_t now_ms,
    const char *bytes, size_t length)
{
	unsigned slot = refusals->oldest;
	struct refused *one = &refusals->slots[slot];

	if (one->answer != NULL)
		unlink_slot(refusals, slot);
	if (length > ANSWER_MOST || (one->answer = malloc(length)) == NULL)
		return; /* it would be decided again */
	memcpy(one->answer, bytes, length);
	one->length = (uint16_t)length;
	one->key = key;
	one->until_ms = now_ms + KEPT_MS;
	one->next = refusals->buckets[key % BUCKETS];
	refusals->buckets[key % BUCKETS] = (uint16_t)(slot + 1);
	refusals->oldest = (slot + 1) % SLOTS;
}

static void
put(const struct request *request, const char *bytes, size_t length)
{
	struct sip_peer dst;

	sip_peer_reply(&dst, &request->msg->via, request->src);
	(void)sip_txn_send(request->proxy->txns, &dst, bytes, length);
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
		put(request, one->answer, one->length);
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
	char tag[MAC_TEXT], room[ANSWER_MOST], bytes[ANSWER_MOST * 2];
	struct sip_reply reply = { .code = code,
		.to_tag = span_of(mac_text(key, tag)),
		.src = &request->src->addr };

	if (sip_reply_build(bytes, sizeof(bytes), &length, request->msg,
		&reply) != 0 ||
	    length > most) {
		proxy->counters.dropped++;
		return;
	}
	if (answer != NULL)
		headers = (struct span){ room,
			answer_headers(answer, room, sizeof(room),
			    most - length) };
	sip_reply_add(bytes, sizeof(bytes), &length,
	    first_lines(headers, most - length));
	keep(proxy->refusals, key, sip_timers_now(proxy->timers), bytes,
	    length);
	put(request, bytes, length);
}
