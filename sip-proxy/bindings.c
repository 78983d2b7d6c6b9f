/*
 * bindings.c - who is registered through us, and by which flow.
 *
 * Found by AOR, by Contact and by flow, each in a hash table of fixed size. A
 * binding ends with its registration; one whose flow is gone stays until then,
 * so that a call for it gets 430 and not the way of a stranger. Called by
 * register.c, phones.c and origin.c. See phones.h.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "proxy.h"

enum { BUCKETS = 4096, MOST = 100000, MARKS = 1 << 17 };

struct bindings {
	struct sip_timers *timers;
	unsigned count;
	struct binding *by_aor[BUCKETS], *by_contact[BUCKETS],
	    *by_flow[BUCKETS];
	/* AORs that were logged; where two share a bit one line is missing. */
	uint8_t pathless[MARKS / 8];
};

/* FNV-1a without case: the tables are as large as they get. */
static uint32_t
sum(struct span text)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < text.l; i++)
		h = (h ^ (uint32_t)tolower((unsigned char)text.p[i])) *
		    16777619u;
	return h;
}

static size_t
hash(struct span text)
{
	return sum(text) % BUCKETS;
}

/* "sip:USER@HOST": the user alone chooses the bucket. */
static struct span
aor_user(const char *aor)
{
	const char *user = strchr(aor, ':'), *at = strrchr(aor, '@');

	if (user == NULL || at == NULL || at <= user)
		return (struct span){ "", 0 };
	return span_between(user + 1, at);
}

struct span
bindings_aor_host(const char *aor)
{
	const char *at = strrchr(aor, '@');

	return span_of(at != NULL ? at + 1 : "");
}

static size_t
aor_bucket(const char *aor)
{
	return hash(aor_user(aor));
}

static size_t
flow_bucket(const struct sip_peer *peer)
{
	char text[SIP_ADDR_TEXT];

	if (peer->connection != 0)
		return peer->connection % BUCKETS;
	return hash(span_of(sip_addr_text(&peer->addr, text)));
}

static size_t
contact_bucket(struct span contact)
{
	struct sip_uri uri;

	return sip_uri_split(&uri, contact) == 0 ? hash(uri.user) : 0;
}

static bool
same_flow(const struct sip_peer *a, const struct sip_peer *b)
{
	if (a->transport != b->transport || a->connection != b->connection)
		return false;
	return a->connection != 0 || sip_addr_same(&a->addr, &b->addr);
}

/* RFC 3261 §19.1.4, as far as it tells one phone from another. */
static bool
same_contact(struct span text, const struct sip_uri *b)
{
	struct sip_uri a;

	return sip_uri_split(&a, text) == 0 && a.scheme == b->scheme &&
	    span_eq(a.user, b->user) && sip_host_eq(a.host, b->host) &&
	    sip_uri_port(&a) == sip_uri_port(b) &&
	    sip_uri_transport(&a) == sip_uri_transport(b);
}

struct bindings *
bindings_new(struct sip_timers *timers)
{
	struct bindings *table = calloc(1, sizeof(*table));

	if (table != NULL)
		table->timers = timers;
	return table;
}

static void
cut(struct binding **at, const struct binding *binding, size_t next)
{
	while (*at != binding)
		at = (struct binding **)(void *)((char *)*at + next);
	*at = *(struct binding **)(void *)((char *)*at + next);
}

static void
free_binding(struct binding *b)
{
	struct bindings *table = b->table;

	cut(&table->by_aor[aor_bucket(b->flow.aor)], b,
	    offsetof(struct binding, next_aor));
	cut(&table->by_contact[contact_bucket(span_of(b->contact))], b,
	    offsetof(struct binding, next_contact));
	cut(&table->by_flow[flow_bucket(&b->flow.peer)], b,
	    offsetof(struct binding, next_flow));
	table->count--;
	sip_timer_stop(table->timers, &b->end);
	free(b->contact);
	free(b);
}

void
bindings_free(struct bindings *table)
{
	if (table == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while (table->by_aor[i] != NULL)
			free_binding(table->by_aor[i]);
	}
	free(table);
}

unsigned
bindings_count(const struct bindings *table)
{
	return table->count;
}

struct binding *
bindings_by_aor(const struct bindings *table, const char *aor)
{
	struct binding *b = table->by_aor[aor_bucket(aor)];

	while (b != NULL && strcasecmp(b->flow.aor, aor) != 0)
		b = b->next_aor;
	return b;
}

const struct binding *
bindings_of_user(const struct bindings *table, const struct binding *b,
    struct span user)
{
	b = b != NULL ? b->next_aor : table->by_aor[hash(user)];
	while (b != NULL && !span_caseeq(aor_user(b->flow.aor), user))
		b = b->next_aor;
	return b;
}

bool
bindings_note_pathless(struct bindings *table, const char *aor)
{
	uint32_t mark = sum(span_of(aor)) % MARKS;
	uint8_t bit = (uint8_t)(1u << mark % 8);
	bool first = (table->pathless[mark / 8] & bit) == 0;

	table->pathless[mark / 8] |= bit;
	return first;
}

struct binding *
bindings_by_contact(const struct bindings *table, const struct sip_uri *uri)
{
	struct binding *b = table->by_contact[hash(uri->user)], *dead = NULL;

	/* The newest that can still be reached. */
	for (; b != NULL; b = b->next_contact) {
		if (!same_contact(span_of(b->contact), uri))
			continue;
		if (!b->dead)
			return b;
		if (dead == NULL)
			dead = b;
	}
	return dead;
}

struct binding *
bindings_by_flow(const struct bindings *table, const struct sip_peer *src)
{
	struct binding *b;

	if (table->count == 0) /* every message asks */
		return NULL;
	b = table->by_flow[flow_bucket(src)];
	while (b != NULL && !same_flow(&b->flow.peer, src))
		b = b->next_flow;
	return b;
}

static struct binding *
find(const struct bindings *table, const char *aor, struct span contact)
{
	struct binding *b = table->by_aor[aor_bucket(aor)];
	struct sip_uri uri;

	if (sip_uri_split(&uri, contact) != 0)
		return NULL;
	while (b != NULL &&
	    (strcasecmp(b->flow.aor, aor) != 0 ||
		!same_contact(span_of(b->contact), &uri)))
		b = b->next_aor;
	return b;
}

static void
on_end(void *arg)
{
	free_binding(arg);
}

int
bindings_put(struct bindings *table, const struct flow *flow,
    struct span contact, uint32_t seconds)
{
	struct binding *b = find(table, flow->aor, contact), **at;
	char *copy = strndup(contact.p, contact.l);

	if (b != NULL)
		free_binding(b);
	b = table->count < MOST ? calloc(1, sizeof(*b)) : NULL;
	if (b == NULL || copy == NULL) {
		free(b);
		free(copy);
		return ENOMEM;
	}
	b->table = table;
	b->flow = *flow;
	b->contact = copy;
	bindings_alive(table, &flow->peer);
	at = &table->by_aor[aor_bucket(flow->aor)];
	b->next_aor = *at;
	*at = b;
	at = &table->by_contact[contact_bucket(contact)];
	b->next_contact = *at;
	*at = b;
	at = &table->by_flow[flow_bucket(&flow->peer)];
	b->next_flow = *at;
	*at = b;
	table->count++;
	sip_timer_start(table->timers, &b->end, (uint64_t)seconds * 1000,
	    on_end, b);
	return 0;
}

void
bindings_remove(struct bindings *table, const char *aor, struct span contact)
{
	struct binding *b = find(table, aor, contact);

	if (b != NULL)
		free_binding(b);
}

const struct binding *
bindings_at(const struct bindings *table, const char *aor, struct span contact)
{
	return find(table, aor, contact);
}

/* What came by a flow shows that its far end is there. */
void
bindings_alive(struct bindings *table, const struct sip_peer *src)
{
	struct binding *b = table->by_flow[flow_bucket(src)];

	for (; b != NULL; b = b->next_flow) {
		if (same_flow(&b->flow.peer, src))
			b->dead = false;
	}
}

void
bindings_lost(struct bindings *table, uint64_t connection)
{
	struct binding *b = table->by_flow[connection % BUCKETS];

	for (; b != NULL; b = b->next_flow) {
		if (b->flow.peer.connection == connection)
			b->dead = true;
	}
}

void
bindings_unreachable(struct bindings *table, const struct sip_peer *dst)
{
	struct binding *b = table->by_flow[flow_bucket(dst)];

	for (; b != NULL; b = b->next_flow) {
		if (same_flow(&b->flow.peer, dst))
			b->dead = true;
	}
}

bool
bindings_holds(const struct bindings *table, uint64_t connection)
{
	const struct binding *b = table->by_flow[connection % BUCKETS];

	while (b != NULL && b->flow.peer.connection != connection)
		b = b->next_flow;
	return b != NULL;
}
