/*
 * counters.c - what the proxy is doing, as one line of JSON (SIGUSR2).
 *
 * Live objects first, then what was counted since the start. The names are
 * documented in usher-sip(8) and are kept.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "proxy.h"

struct text {
	size_t used;
	char data[4096];
};

static void __attribute__((format(printf, 2, 3)))
add(struct text *text, const char *format, ...)
{
	size_t left = sizeof(text->data) - text->used;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text->data + text->used, left, format, arguments);
	va_end(arguments);
	if (length > 0 && (size_t)length < left)
		text->used += (size_t)length;
}

static void
add_hops(struct text *text, const char *name, const struct hops *hops)
{
	add(text, ",\"%s\":[", name);
	for (unsigned i = 0; i < hops->count; i++) {
		const struct hop *hop = &hops->list[i];

		/* Addresses in figures: nothing in them needs escaping. */
		add(text, "%s{\"hop\":\"%s\",\"alive\":%s,\"missed\":%u}",
		    i > 0 ? "," : "", hop->host, hop->dead ? "false" : "true",
		    hop->missed);
	}
	add(text, "]");
}

static void
add_figure(struct text *text, const char *name, uint64_t value)
{
	add(text, ",\"%s\":%" PRIu64, name, value);
}

unsigned
calls_unanswered(const struct proxy *proxy)
{
	unsigned count = 0;

	for (const struct call *c = proxy->calls; c != NULL; c = c->next)
		count += !c->answered;
	return count;
}

static void
add_counted(struct text *text, const struct proxy *proxy)
{
	const struct sip_txn_stats *t = sip_txn_stats(proxy->txns);
	const struct sip_transport_stats *w = sip_transport_stats(
	    proxy->transports);
	const struct proxy_counters *c = &proxy->counters;
	const struct {
		const char *name;
		uint64_t value;
	} figures[] = { { "accepted", c->accepted },
		{ "deferred", c->deferred }, { "redirected", c->redirected },
		{ "refused", c->refused }, { "emergencies", c->emergencies },
		{ "faults", c->faults }, { "malformed", c->malformed },
		{ "dropped", c->dropped }, { "looped", c->looped },
		{ "limited", c->limited }, { "bans", c->bans },
		{ "received", w->received }, { "sent", w->sent },
		{ "send_errors", w->send_errors }, { "icmp", w->icmp },
		{ "requests_again", t->requests_again },
		{ "responses_again", t->responses_again },
		{ "requests_resent", t->requests_resent },
		{ "responses_resent", t->responses_resent },
		{ "cancels", t->cancels }, { "strays", t->strays },
		{ "timeouts", t->timeouts } };

	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
		add_figure(text, figures[i].name, figures[i].value);
}

void
counters_log(const struct proxy *proxy)
{
	const struct sip_txn_stats *t = sip_txn_stats(proxy->txns);
	uint64_t now_ms = sip_timers_now(proxy->timers);
	struct text text = { .used = 0 };

	add(&text, "counters {\"transactions\":%u", t->servers + t->clients);
	add_figure(&text, "servers", t->servers);
	add_figure(&text, "clients", t->clients);
	add_figure(&text, "calls_unanswered", calls_unanswered(proxy));
	add_figure(&text, "decisions", decisions_count(proxy->decisions));
	add_figure(&text, "bindings", bindings_count(proxy->bindings));
	add_figure(&text, "streams",
	    sip_transport_stats(proxy->transports)->streams);
	add_figure(&text, "refusals", refusals_kept(proxy->refusals, now_ms));
	add_figure(&text, "callbacks",
	    callbacks_open(proxy->callbacks, now_ms));
	add_hops(&text, "hops", &proxy->setup->hops);
	add_hops(&text, "trunks", &proxy->setup->trunks);
	add_counted(&text, proxy);
	add(&text, "}");
	log_write(&proxy->log, LOG_NOTICE, "%s", text.data);
}
