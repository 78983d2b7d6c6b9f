/*
 * saved.c - see saved.h.
 *
 * A record is a line of text for each value, the form first. Its end is by the
 * clock of decisions, which removes it; whether it is over is told by the true
 * clock, inside. Called by start.c, register.c and safety.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "proxy.h"
#include "remember.h"
#include "saved.h"

enum {
	FORM = 1,
	CONTACT_MOST = 1024,
	TEXT_MOST = 2048,
	KEY_TEXT = MAC_TEXT + ID_TEXT,
	PATIENCE_S = 1
};

struct save {
	struct usher_record_value value;
	char text[];
};

static int
edit(void *arg, const struct usher_record_value *old,
    struct usher_record_value *fresh)
{
	const struct save *save = arg;

	(void)old;
	*fresh = save->value;
	return 0;
}

/* text NULL: the record goes. */
static void
write_record(struct proxy *proxy, enum usher_record kind, const char *key,
    const char *text, uint32_t seconds)
{
	size_t length = text == NULL ? 0 : strlen(text);
	struct save *save = malloc(sizeof(*save) + length + 1);
	struct usher_notes *notes = NULL;

	if (save == NULL || usher_notes_new(proxy->usher, &notes, NULL) != 0) {
		free(save);
		return; /* it is good until the restart */
	}
	save->value = (struct usher_record_value){ .bytes = NULL };
	if (text != NULL) {
		memcpy(save->text, text, length + 1);
		save->value.bytes = save->text;
		save->value.length = length;
		save->value.until = proxy_clock_ms(proxy) / 1000 + seconds;
	}
	if (usher_notes_record(notes, kind, key, edit, save, NULL) != 0) {
		usher_notes_free(notes);
		free(save);
		return;
	}
	remember_later(proxy, notes, "what shall outlive a restart", save);
}

/* ---- bindings ---- */

/* A listener at any address, with no name of its own, is its machine's. */
static void
listener_text(const struct sip_listener *l, char text[HOST_TEXT + 80])
{
	char address[SIP_ADDR_TEXT], machine[HOST_TEXT] = "";

	sip_addr_text(&l->addr, address);
	if (self_is_any(l) && gethostname(machine, sizeof(machine) - 1) != 0)
		machine[0] = '\0';
	snprintf(text, HOST_TEXT + 80, "%s %s", address,
	    self_is_any(l) ? machine : l->host);
}

/* Of any length within, short enough for a key. */
static void
binding_key(const struct flow *flow, struct span contact, char key[KEY_TEXT])
{
	static const uint8_t open[MAC_KEY];
	char listener[HOST_TEXT + 80], hash[MAC_TEXT];
	struct span parts[] = { contact, { listener, 0 } };

	listener_text(flow->peer.listener, listener);
	parts[1].l = strlen(listener);
	mac_text(mac_of(open, parts, sizeof(parts) / sizeof(parts[0])), hash);
	snprintf(key, KEY_TEXT, "%s %s", hash, flow->aor);
}

static bool
is_kept(const struct flow *flow, struct span contact)
{
	return flow->peer.transport == SIP_OVER_UDP &&
	    flow->peer.listener != NULL && contact.l < CONTACT_MOST &&
	    span_find(contact, '\n') == NULL;
}

void
saved_binding(struct proxy *proxy, const struct flow *flow, struct span contact,
    uint32_t seconds)
{
	char key[KEY_TEXT], text[TEXT_MOST], host[SIP_ADDR_TEXT];
	char listener[HOST_TEXT + 80];

	if (!is_kept(flow, contact))
		return;
	binding_key(flow, contact, key);
	listener_text(flow->peer.listener, listener);
	if (snprintf(text, sizeof(text),
		"%d\n%" PRId64 "\n%" PRId64 "\n%s\n%u\n%s\n%s\n%.*s\n", FORM,
		proxy_real_ms() / 1000 + seconds, flow->until_s,
		sip_addr_host(&flow->peer.addr, host),
		(unsigned)sip_addr_port(&flow->peer.addr), listener, flow->aor,
		SPAN_ARG(contact)) < (int)sizeof(text))
		write_record(proxy, USHER_RECORD_BINDING, key, text, seconds);
}

void
saved_unbound(struct proxy *proxy, const struct flow *flow, struct span contact)
{
	char key[KEY_TEXT];

	if (!is_kept(flow, contact))
		return;
	binding_key(flow, contact, key);
	write_record(proxy, USHER_RECORD_BINDING, key, NULL, 0);
}

/* ---- windows ---- */

void
saved_window(struct proxy *proxy, const char *who, uint32_t seconds)
{
	char text[TEXT_MOST];

	snprintf(text, sizeof(text), "%d\n%" PRId64 "\n%s\n", FORM,
	    proxy_real_ms() / 1000 + seconds, who);
	write_record(proxy, USHER_RECORD_CALLBACK, who, text, seconds);
}

/* ---- at the start ---- */

static bool
take_line(struct span *rest, struct span *line)
{
	const char *end = span_find(*rest, '\n');

	if (end == NULL)
		return false;
	*line = span_between(rest->p, end);
	*rest = span_between(end + 1, span_end(*rest));
	return true;
}

static bool
take_number(struct span *rest, int64_t *number)
{
	char digits[24], *end;
	struct span line;

	if (!take_line(rest, &line) || line.l == 0 || line.l >= sizeof(digits))
		return false;
	*span_copy(digits, line) = '\0';
	*number = strtoll(digits, &end, 10);
	return *end == '\0';
}

static bool
take_string(struct span *rest, char *text, size_t size)
{
	struct span line;

	if (!take_line(rest, &line) || line.l >= size)
		return false;
	*span_copy(text, line) = '\0';
	return true;
}

/* Form and end, which must be to come: how many seconds are left. */
static bool
take_head(struct span *rest, int64_t *left_s)
{
	int64_t form, until;

	if (!take_number(rest, &form) || form != FORM ||
	    !take_number(rest, &until))
		return false;
	*left_s = until - proxy_real_ms() / 1000;
	return *left_s > 0 && *left_s <= UINT32_MAX;
}

static struct sip_listener *
find_listener(const struct proxy *proxy, const char *wanted)
{
	char text[HOST_TEXT + 80];

	for (unsigned i = 0; i < sip_transport_count(proxy->transports); i++) {
		struct sip_listener *l = sip_transport_at(proxy->transports, i);

		listener_text(l, text);
		if (l->transport == SIP_OVER_UDP && strcmp(text, wanted) == 0)
			return l;
	}
	return NULL;
}

static void
restore_binding(struct proxy *proxy, struct span rest)
{
	struct flow flow = { .peer = { .transport = SIP_OVER_UDP } };
	char host[SIP_ADDR_TEXT], listener[HOST_TEXT + 80];
	struct span contact;
	struct sip_uri uri;
	int64_t left_s, port;

	if (!take_head(&rest, &left_s) || !take_number(&rest, &flow.until_s) ||
	    !take_string(&rest, host, sizeof(host)) ||
	    !take_number(&rest, &port) || port <= 0 || port > UINT16_MAX ||
	    sip_addr_parse(&flow.peer.addr, span_of(host), (uint16_t)port) !=
		0 ||
	    !take_string(&rest, listener, sizeof(listener)) ||
	    !take_string(&rest, flow.aor, sizeof(flow.aor)) ||
	    !take_line(&rest, &contact) || sip_uri_split(&uri, contact) != 0)
		return; /* over, or of another version: as if it were not */
	flow.peer.listener = find_listener(proxy, listener);
	/* Who has registered since then knows better. */
	if (flow.peer.listener != NULL &&
	    bindings_at(proxy->bindings, flow.aor, contact) == NULL &&
	    bindings_put(proxy->bindings, &flow, contact, (uint32_t)left_s) !=
		0)
		proxy->counters.faults++;
}

static void
restore_window(struct proxy *proxy, struct span rest)
{
	char who[ID_TEXT];
	int64_t left_s;

	if (take_head(&rest, &left_s) && take_string(&rest, who, sizeof(who)))
		safety_await(proxy, who, (uint64_t)left_s * 1000);
}

struct kept {
	struct kept *next;
	enum usher_record kind;
	size_t length;
	char bytes[];
};

struct restoring {
	struct store_job job;
	struct proxy *proxy;
	struct kept *list;
	enum usher_record kind; /* being read */
	int code;
	struct usher_error error;
	sem_t read; /* by the store thread */
	bool applied;
};

static int
keep(void *arg, const char *key, const void *bytes, size_t length,
    int64_t until)
{
	struct restoring *r = arg;
	struct kept *kept = malloc(sizeof(*kept) + length);

	(void)key;
	(void)until;
	if (kept == NULL)
		return ENOMEM;
	kept->kind = r->kind;
	kept->length = length;
	if (length > 0)
		memcpy(kept->bytes, bytes, length);
	kept->next = r->list;
	r->list = kept;
	return 0;
}

static void
read_all(struct store_job *job)
{
	static const enum usher_record kinds[] = { USHER_RECORD_CALLBACK,
		USHER_RECORD_BINDING };
	struct restoring *r = (struct restoring *)job;

	for (size_t i = 0; r->code == 0 && i < 2; i++) {
		r->kind = kinds[i];
		r->code = usher_record_each(r->proxy->usher, r->kind, keep, r,
		    &r->error);
	}
	(void)sem_post(&r->read);
}

static void
apply(struct restoring *r)
{
	struct proxy *proxy = r->proxy;

	r->applied = true;
	for (const struct kept *k = r->list; k != NULL; k = k->next) {
		struct span bytes = { k->bytes, k->length };

		if (k->kind == USHER_RECORD_BINDING)
			restore_binding(proxy, bytes);
		else
			restore_window(proxy, bytes);
	}
	if (r->code != 0)
		log_write(&proxy->log, LOG_WARNING,
		    "phones must register anew, and calls back after an "
		    "emergency call are screened: %s",
		    r->error.text);
	else if (bindings_count(proxy->bindings) > 0)
		log_write(&proxy->log, LOG_NOTICE,
		    "%u bindings of phones were kept",
		    bindings_count(proxy->bindings));
}

static void
restored(struct store_job *job, bool late)
{
	struct restoring *r = (struct restoring *)job;
	struct kept *kept;

	if (!late && !r->applied)
		apply(r);
	while ((kept = r->list) != NULL) {
		r->list = kept->next;
		free(kept);
	}
	(void)sem_destroy(&r->read);
	free(r);
}

void
saved_restore(struct proxy *proxy)
{
	struct restoring *r = calloc(1, sizeof(*r));
	struct timespec until;

	if (r == NULL)
		return; /* phones register anew before long */
	r->job = (struct store_job){ .work = read_all, .done = restored };
	r->proxy = proxy;
	(void)sem_init(&r->read, 0, 0);
	if (!store_thread_ask(proxy->store, &r->job)) {
		restored(&r->job, true);
		return;
	}
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_S;
	if (sem_timedwait(&r->read, &until) == 0)
		apply(r);
	else
		log_write(&proxy->log, LOG_WARNING,
		    "the store does not answer: what it keeps of phones and "
		    "of emergency calls is taken up when it does");
}
