/*
 * resolve.c - see resolve.h: what look-ups found, and who waits for it.
 *
 * A list of names, few but hostile: requests inside a dialog may name any host.
 * So their number is bounded, and so is that of who waits. Time to live is kept
 * to, none of it counts as a few seconds (the hosts file has none), and what
 * nobody answers is tried again soon. Called by hop.c, next.c, target.c and
 * calls on their way to a name.
 */
#include "resolve.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "look.h"

enum {
	ENTRIES_MOST = 512,
	WAITING_MOST = 1024,
	TTL_NONE_S = 5,
	TTL_MOST_S = 3600,
	AGAIN_S = 2,  /* nobody answered */
	ABSENT_S = 30 /* it does not exist */
};

struct waiter {
	struct waiter *next;
	resolve_h *handler;
	void *arg;
};

struct entry {
	struct entry *next;
	struct resolver *resolver;
	struct wanted wanted;
	char *uri; /* of one that is kept, else NULL */
	bool kept, known, answered, told;
	bool busy;	   /* its waiters are being called */
	struct look *look; /* under way, or NULL */
	uint64_t until_ms;
	struct places places; /* while known */
	struct waiter *waiters;
	struct sip_timer again;
};

struct resolver {
	struct resolver_terms terms;
	struct dns *dns;
	struct entry *entries;
	unsigned count, waiting;
	struct sip_timer changed;
};

int
resolver_new(struct resolver **rp, const struct resolver_terms *terms)
{
	struct resolver *r = calloc(1, sizeof(*r));
	int failed;

	if (r == NULL)
		return ENOMEM;
	r->terms = *terms;
	failed = dns_new(&r->dns, terms->base, terms->servers);
	if (failed != 0) {
		free(r);
		return failed;
	}
	*rp = r;
	return 0;
}

static void
call_waiters(struct entry *entry, bool closing)
{
	struct waiter *waiter;

	entry->busy = true;
	while ((waiter = entry->waiters) != NULL) {
		entry->waiters = waiter->next;
		entry->resolver->waiting--;
		waiter->handler(closing, waiter->arg);
		free(waiter);
	}
	entry->busy = false;
}

static void
free_entry(struct entry *entry)
{
	struct resolver *r = entry->resolver;
	struct entry **at = &r->entries;

	while (*at != entry)
		at = &(*at)->next;
	*at = entry->next;
	r->count--;
	sip_timer_stop(r->terms.timers, &entry->again);
	call_waiters(entry, true);
	look_free(entry->look);
	free(entry->uri);
	free(entry);
}

void
resolver_free(struct resolver *r)
{
	if (r == NULL)
		return;
	dns_free(r->dns);
	while (r->entries != NULL)
		free_entry(r->entries);
	sip_timer_stop(r->terms.timers, &r->changed);
	free(r);
}

bool
wanted_set(struct wanted *wanted, struct span host, uint16_t port,
    enum sip_transport transport, bool any_transport)
{
	if (host.l > 1 && host.p[host.l - 1] == '.')
		host.l--;
	if (host.l == 0 || host.l >= sizeof(wanted->host))
		return false;
	for (size_t i = 0; i < host.l; i++)
		wanted->host[i] = (char)tolower((unsigned char)host.p[i]);
	wanted->host[host.l] = '\0';
	wanted->port = port;
	wanted->transport = transport;
	wanted->any_transport = any_transport && port == 0;
	return true;
}

bool
wanted_of(struct wanted *wanted, const struct sip_uri *uri)
{
	struct span host = uri->host, named;

	(void)sip_uri_param(uri, "maddr", &host);
	return wanted_set(wanted, host, uri->port, sip_uri_transport(uri),
	    uri->scheme == SIP_SCHEME_SIP &&
		!sip_uri_param(uri, "transport", &named));
}

static uint64_t
now_ms(const struct resolver *r)
{
	return sip_timers_now(r->terms.timers);
}

static struct entry *
find(struct resolver *r, const struct wanted *wanted)
{
	struct entry *entry = r->entries;

	while (entry != NULL &&
	    (entry->wanted.port != wanted->port ||
		entry->wanted.transport != wanted->transport ||
		entry->wanted.any_transport != wanted->any_transport ||
		strcmp(entry->wanted.host, wanted->host) != 0))
		entry = entry->next;
	return entry;
}

/* Room for another: the one that is stale longest goes. */
static bool
make_room(struct resolver *r)
{
	struct entry *oldest = NULL;

	if (r->count < ENTRIES_MOST)
		return true;
	for (struct entry *e = r->entries; e != NULL; e = e->next) {
		if (!e->kept && !e->busy && e->look == NULL &&
		    (oldest == NULL || e->until_ms < oldest->until_ms))
			oldest = e;
	}
	if (oldest != NULL)
		free_entry(oldest);
	return oldest != NULL;
}

static struct entry *
find_or_make(struct resolver *r, const struct wanted *wanted)
{
	struct entry *entry = find(r, wanted);

	if (entry != NULL || !make_room(r))
		return entry;
	entry = calloc(1, sizeof(*entry));
	if (entry == NULL)
		return NULL;
	entry->resolver = r;
	entry->wanted = *wanted;
	entry->next = r->entries;
	r->entries = entry;
	r->count++;
	return entry;
}

/* ---- an answer ---- */

static void
tell_changed(void *arg)
{
	struct resolver *r = arg;

	r->terms.changed(r->terms.arg);
}

static void
log_places(const struct entry *entry)
{
	char line[1024] = "", address[SIP_ADDR_TEXT];
	size_t used = 0;

	for (unsigned i = 0; i < entry->places.count; i++) {
		const struct place *place = &entry->places.list[i];
		int length = snprintf(line + used, sizeof(line) - used,
		    " %s:%s", sip_transport_name(place->transport),
		    sip_addr_text(&place->addr, address));

		if (length < 0 || (size_t)length >= sizeof(line) - used)
			break;
		used += (size_t)length;
	}
	log_write(entry->resolver->terms.log, LOG_NOTICE, "%s leads to%s",
	    entry->uri, line);
}

static void
log_failure(struct entry *entry, enum dns_end end)
{
	const struct log *log = entry->resolver->terms.log;
	const char *why = end == DNS_NONE ? "the name is not in the DNS"
					  : "no name server answers";

	if (entry->told)
		return;
	entry->told = true;
	if (entry->known)
		log_write(log, LOG_WARNING,
		    "%s cannot be looked up again: %s; its last addresses "
		    "stay in use",
		    entry->uri, why);
	else
		log_write(log, LOG_ERR,
		    "%s cannot be looked up: %s; it gets no calls until it "
		    "can",
		    entry->uri, why);
}

static bool
same_places(const struct places *a, const struct places *b)
{
	if (a->count != b->count)
		return false;
	for (unsigned i = 0; i < a->count; i++) {
		const struct place *p = &a->list[i], *q = &b->list[i];

		if (p->priority != q->priority || p->weight != q->weight ||
		    p->transport != q->transport ||
		    !sip_addr_same(&p->addr, &q->addr))
			return false;
	}
	return true;
}

static void
take_places(struct entry *entry, const struct places *places)
{
	struct resolver *r = entry->resolver;
	bool changed = !entry->known || !same_places(&entry->places, places);

	entry->places = *places;
	entry->known = true;
	entry->told = false;
	if (!entry->kept || !changed)
		return;
	log_places(entry);
	sip_timer_start(r->terms.timers, &r->changed, 0, tell_changed, r);
}

static uint32_t
seconds_for(const struct entry *entry, const struct look_result *result)
{
	if (result->end == DNS_NONE && !entry->kept)
		return ABSENT_S;
	if (result->end != DNS_FOUND || result->unsure)
		return AGAIN_S;
	if (result->ttl_s == 0)
		return TTL_NONE_S;
	return result->ttl_s < TTL_MOST_S ? result->ttl_s : TTL_MOST_S;
}

static void begin(struct entry *entry);

static void
on_again(void *arg)
{
	begin(arg);
}

static void
on_result(const struct look_result *result, void *arg)
{
	struct entry *entry = arg;
	struct resolver *r = entry->resolver;
	uint64_t wait_ms = seconds_for(entry, result) * 1000ull;

	entry->look = NULL;
	entry->answered = true;
	entry->until_ms = now_ms(r) + wait_ms;
	if (result->end == DNS_FOUND && !(result->unsure && entry->known))
		take_places(entry, result->places);
	else if (entry->kept)
		log_failure(entry, result->end);
	else if (result->end == DNS_NONE)
		entry->known = false;
	if (entry->kept)
		sip_timer_start(r->terms.timers, &entry->again, wait_ms,
		    on_again, entry);
	call_waiters(entry, false);
}

static void
begin(struct entry *entry)
{
	struct resolver *r = entry->resolver;
	const struct look_result none = { .end = DNS_AWAY };

	if (entry->look == NULL &&
	    look_begin(&entry->look, r->dns, r->terms.transports,
		&entry->wanted, on_result, entry) != 0)
		on_result(&none, entry);
}

/* ---- asking ---- */

static int
answer(const struct entry *entry, struct places *places)
{
	if (!entry->known)
		return entry->answered ? ENOENT : EAGAIN;
	*places = entry->places;
	return 0;
}

int
resolver_find(struct resolver *r, const struct wanted *wanted,
    struct places *places)
{
	struct entry *entry = find_or_make(r, wanted);

	if (entry == NULL)
		return ENOENT;
	if (entry->kept && entry->answered)
		return answer(entry, places);
	if (!entry->answered || entry->until_ms <= now_ms(r))
		begin(entry);
	return entry->look != NULL ? EAGAIN : answer(entry, places);
}

int
resolver_wait(struct resolver *r, const struct wanted *wanted,
    resolve_h *handler, void *arg)
{
	struct entry *entry = find(r, wanted);
	struct waiter *waiter;

	if (entry == NULL || entry->look == NULL)
		return EINVAL;
	if (r->waiting >= WAITING_MOST)
		return ENOSPC;
	waiter = calloc(1, sizeof(*waiter));
	if (waiter == NULL)
		return ENOMEM;
	waiter->handler = handler;
	waiter->arg = arg;
	waiter->next = entry->waiters;
	entry->waiters = waiter;
	r->waiting++;
	return 0;
}

void
resolver_forget(struct resolver *r, const void *arg)
{
	for (struct entry *e = r->entries; e != NULL; e = e->next) {
		struct waiter **at = &e->waiters;

		while (*at != NULL) {
			struct waiter *waiter = *at;

			if (waiter->arg != arg) {
				at = &waiter->next;
				continue;
			}
			*at = waiter->next;
			free(waiter);
			r->waiting--;
		}
	}
}

int
resolver_keep(struct resolver *r, const struct wanted *wanted, const char *uri,
    struct places *places)
{
	struct entry *entry = find_or_make(r, wanted);

	if (entry == NULL)
		return ENOENT;
	if (entry->uri == NULL)
		entry->uri = strdup(uri);
	if (entry->uri == NULL)
		return ENOMEM;
	if (!entry->kept) {
		entry->kept = true;
		if (!entry->answered || entry->until_ms <= now_ms(r))
			begin(entry);
		else
			sip_timer_start(r->terms.timers, &entry->again,
			    entry->until_ms - now_ms(r), on_again, entry);
	}
	return answer(entry, places);
}

void
resolver_unkeep(struct resolver *r)
{
	for (struct entry *e = r->entries; e != NULL; e = e->next) {
		e->kept = false;
		sip_timer_stop(r->terms.timers, &e->again);
	}
}

unsigned
resolver_asking(const struct resolver *r)
{
	unsigned count = 0;

	for (const struct entry *e = r->entries; e != NULL; e = e->next)
		count += e->kept && !e->answered;
	return count;
}

const char *
resolver_name_at(const struct resolver *r, const struct sip_peer *peer)
{
	for (const struct entry *e = r->entries; e != NULL; e = e->next) {
		for (unsigned i = 0; e->known && i < e->places.count; i++) {
			const struct place *place = &e->places.list[i];

			if (place->transport == peer->transport &&
			    sip_addr_same(&place->addr, &peer->addr))
				return e->wanted.host;
		}
	}
	return NULL;
}
