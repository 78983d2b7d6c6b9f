/*
 * defence.c - how much a stranger may ask, and when one is not heard any more.
 *
 * A fixed table of sources, by address or by the /64 of an IPv6 one: a bucket
 * of requests (`limits.rate` a second, `limits.burst` at once), and how often
 * one of them was bad: malformed, or answered 401 or 407 to credentials, 403
 * or 404 by the PBX. `limits.bad` of these within `limits.ban` seconds ban the
 * source for as long, with one line in the log for fail2ban. Phones, PBX,
 * trunks and emergencies never come here (design-calls.md "Defence"). The
 * source that was heard longest ago falls out when the table is full, the
 * banned ones last.
 */
#include <stdlib.h>

#include "hash.h"
#include "proxy.h"

enum { WAYS = 8, SETS = 1024, THOUSAND = 1000 };

struct source {
	uint64_t key[2]; /* zeroes: free */
	uint64_t heard_ms;
	uint64_t counted_ms; /* since when `bad` counts */
	uint64_t banned_ms;  /* until then; 0: not */
	uint32_t tokens;     /* thousandths of a request */
	uint32_t bad;
};

struct defence {
	struct source sources[SETS][WAYS];
};

struct defence *
defence_new(void)
{
	return calloc(1, sizeof(struct defence));
}

void
defence_free(struct defence *defence)
{
	free(defence);
}

static void
key_of(const union sip_addr *address, uint64_t key[2])
{
	key[0] = key[1] = 0;
	if (address->sa.sa_family == AF_INET6) {
		memcpy(key, &address->in6.sin6_addr, 8);
		key[1] = AF_INET6;
	} else {
		memcpy(key, &address->in.sin_addr, 4);
		key[1] = AF_INET;
	}
}

static struct source *
set_of(struct defence *defence, const struct proxy *proxy,
    const uint64_t key[2])
{
	struct hash hash;

	/* Keyed: nobody can aim at one set. */
	hash_begin(&hash, proxy->key);
	hash_number(&hash, key[0]);
	hash_number(&hash, key[1]);
	return defence->sources[hash_end(&hash) % SETS];
}

static bool
worth_less(const struct source *a, const struct source *b, uint64_t now_ms)
{
	bool a_banned = a->banned_ms > now_ms, b_banned = b->banned_ms > now_ms;

	if (a_banned != b_banned)
		return b_banned;
	return a->heard_ms < b->heard_ms;
}

/* make false: NULL when it is not known. */
static struct source *
find(struct proxy *proxy, const union sip_addr *address, bool make)
{
	uint64_t now_ms = sip_timers_now(proxy->timers), key[2];
	struct source *set, *worst;

	key_of(address, key);
	set = worst = set_of(proxy->defence, proxy, key);
	for (unsigned i = 0; i < WAYS; i++) {
		if (set[i].key[0] == key[0] && set[i].key[1] == key[1])
			return &set[i];
		if (worth_less(&set[i], worst, now_ms))
			worst = &set[i];
	}
	if (!make)
		return NULL;
	*worst = (struct source){ .key = { key[0], key[1] },
		.heard_ms = now_ms,
		.counted_ms = now_ms,
		.tokens = proxy->setup->sip->limits.burst * THOUSAND };
	return worst;
}

static bool
take_token(struct source *source, const struct usher_sip_limits *limits,
    uint64_t now_ms)
{
	uint64_t most = (uint64_t)limits->burst * THOUSAND;
	uint64_t tokens = source->tokens +
	    (now_ms - source->heard_ms) * limits->rate;

	source->heard_ms = now_ms;
	if (tokens > most)
		tokens = most;
	if (tokens < THOUSAND) {
		source->tokens = (uint32_t)tokens;
		return false;
	}
	source->tokens = (uint32_t)(tokens - THOUSAND);
	return true;
}

static bool
calls_for_help(const struct proxy *proxy, const struct sip_msg *msg)
{
	static const char help[] = "urn:service:sos";

	return proxy->setup->sip->place == USHER_SIP_BEFORE_PHONES &&
	    msg->uri.l >= sizeof(help) - 1 &&
	    span_is((struct span){ msg->uri.p, sizeof(help) - 1 }, help);
}

bool
defence_admits(struct proxy *proxy, const struct sip_msg *msg,
    const struct sip_peer *src)
{
	uint64_t now_ms = sip_timers_now(proxy->timers);
	struct source *source;

	/* An ACK spares us repeats; neither of them is ever answered. */
	if (msg->method == SIP_METHOD_ACK || msg->method == SIP_METHOD_CANCEL ||
	    calls_for_help(proxy, msg))
		return true;
	source = find(proxy, &src->addr, true);
	if (source->banned_ms > now_ms)
		return false;
	if (msg->method == SIP_METHOD_BYE) /* what ends is never too much */
		return true;
	return take_token(source, &proxy->setup->sip->limits, now_ms);
}

bool
defence_bans(struct proxy *proxy, const union sip_addr *address)
{
	const struct source *source = find(proxy, address, false);

	return source != NULL &&
	    source->banned_ms > sip_timers_now(proxy->timers);
}

void
defence_note_bad(struct proxy *proxy, const union sip_addr *address)
{
	const struct usher_sip_limits *limits = &proxy->setup->sip->limits;
	uint64_t now_ms = sip_timers_now(proxy->timers);
	uint64_t ban_ms = (uint64_t)limits->ban_s * THOUSAND;
	struct source *source;
	char text[SIP_ADDR_TEXT];

	if (limits->bad == 0 || limits->ban_s == 0)
		return;
	source = find(proxy, address, true);
	if (now_ms - source->counted_ms > ban_ms) {
		source->counted_ms = now_ms;
		source->bad = 0;
	}
	if (++source->bad < limits->bad || source->banned_ms > now_ms)
		return;
	source->bad = 0;
	source->counted_ms = now_ms;
	source->banned_ms = now_ms + ban_ms;
	proxy->counters.bans++;
	log_write(&proxy->log, LOG_WARNING,
	    "banned source=%s for=%us after=%u bad requests",
	    sip_addr_host(address, text), limits->ban_s, limits->bad);
}
