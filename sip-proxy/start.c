/*
 * start.c - a struct proxy, put together and taken apart.
 *
 * Opens the listeners, loads the key, makes the first setup. Called by main.c.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "proxy.h"
#include "remember.h"
#include "saved.h"

enum { NAMES_WAIT_MS = 5000 };

static int __attribute__((format(printf, 3, 4)))
fail(struct usher_error *error, int code, const char *format, ...)
{
	va_list arguments;

	error->code = code;
	va_start(arguments, format);
	(void)vsnprintf(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
	return code;
}

static uint64_t
monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int64_t
proxy_real_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
proxy_clock_ms(const struct proxy *proxy)
{
	return proxy->fixed_at != INT64_MIN ? proxy->fixed_at * 1000
					    : proxy_real_ms();
}

static void
warn(const struct proxy *proxy, const struct usher_sip *sip)
{
	bool trusted = sip->trusted_count > 0;

	for (size_t i = 0; i < sip->peer_count; i++)
		trusted |= sip->peers[i].trusted;
	if (!trusted)
		log_write(&proxy->log, LOG_WARNING,
		    "no peer is trusted "
		    "(sip.trusted, sip.peers): no rule on identity can admit "
		    "a caller");
}

static void
turn(void *arg)
{
	struct proxy *proxy = arg;

	sip_timers_run(proxy->timers, monotonic_ms());
}

static void
unreachable(const struct sip_peer *dst, int err, const char *bytes,
    size_t length, void *arg)
{
	struct proxy *proxy = arg;

	bindings_unreachable(proxy->bindings, dst);
	(void)sip_txn_icmp(proxy->txns, bytes, length, err);
}

static int
put(const struct sip_peer *dst, const char *bytes, size_t length, void *arg)
{
	struct proxy *proxy = arg;

	return sip_transport_send(dst, bytes, length, proxy->transports);
}

static int
put_soon(const struct sip_peer *dst, const char *bytes, size_t length,
    void *arg)
{
	struct proxy *proxy = arg;

	return sip_transport_send_soon(dst, bytes, length, proxy->transports);
}

static void
lost(uint64_t connection, int err, void *arg)
{
	struct proxy *proxy = arg;

	bindings_lost(proxy->bindings, connection);
	sip_txn_connection_lost(proxy->txns, connection,
	    err != 0 ? err : ECONNRESET);
}

static int
reach(struct sip_peer *dst, void *arg)
{
	struct proxy *proxy = arg;

	return sip_transport_reach(proxy->transports, dst);
}

/* Streams of strangers are few from one address; nobody else is counted. */
static bool
admit(const struct sip_peer *src, unsigned beside, void *arg)
{
	struct proxy *proxy = arg;
	struct origin origin;

	if (proxy->setup == NULL)
		return true;
	origin_find(proxy->setup, src, &origin);
	return origin.way != FROM_OTHER ||
	    (beside < proxy->setup->sip->limits.per_source &&
		!defence_bans(proxy, &src->addr));
}

/* A phone's stream is its way to be called, and stays while it is bound; that
 * of a call which rings is the way of its answer. */
static bool
keeps(uint64_t connection, void *arg)
{
	const struct proxy *proxy = arg;

	return bindings_holds(proxy->bindings, connection) ||
	    sip_txn_waits_on(proxy->txns, connection);
}

/* The name of a next hop or trunk is what its certificate must prove. */
static const char *
name_of(const struct sip_peer *dst, void *arg)
{
	const struct proxy *proxy = arg;
	struct setup *setup = proxy->setup;
	const struct hop *hop = NULL;
	union sip_addr literal;

	if (setup != NULL)
		hop = hops_at(&setup->hops, dst);
	if (setup != NULL && hop == NULL)
		hop = hops_at(&setup->trunks, dst);
	if (hop == NULL)
		return resolver_name_at(proxy->resolver, dst);
	return sip_addr_parse(&literal, span_of(hop->conf->host), 0) == 0
	    ? NULL
	    : hop->conf->host;
}

static int
set_terms(struct proxy *proxy, const struct usher_sip *sip,
    struct usher_error *error)
{
	const struct sip_transport_terms terms = { .head = sip->limits.head,
		.message = sip->limits.message,
		.connections = sip->limits.connections,
		.handshake_ms = sip->timers.handshake,
		.idle_ms = sip->timers.idle };
	const struct sip_tls_terms tls = { .certificate = sip->tls_certificate,
		.key = sip->tls_key,
		.ca = sip->tls_ca,
		.verify = (enum sip_verify)sip->tls_verify };
	char why[512];

	sip_transports_terms(proxy->transports, &terms);
	if (sip_transports_tls(proxy->transports, &tls, why, sizeof(why)) != 0)
		return fail(error, EINVAL, "sip.%s", why);
	return 0;
}

static int
listen_on(struct proxy *proxy, const struct usher_sip_listen *listen,
    struct usher_error *error)
{
	struct sip_listener *listener;
	static const char *const words[] = { "udp", "tcp", "tls" };
	const char *word = words[listen->transport];
	char text[SIP_ADDR_TEXT];
	union sip_addr address;
	int failed = sip_addr_set(&address,
	    (const struct sockaddr *)&listen->address);

	if (failed == 0)
		failed = sip_transport_listen(proxy->transports,
		    (enum sip_transport)listen->transport, &address,
		    listen->public_host, listen->public_port, &listener);
	if (failed != 0)
		return fail(error, failed, "cannot listen on %s:%s: %s", word,
		    sip_addr_text(&address, text), strerror(failed));
	log_write(&proxy->log, LOG_NOTICE, "listening on %s:%s as %s:%u", word,
	    sip_addr_text(&listener->addr, text), listener->host,
	    listener->port);
	return 0;
}

static int
open_listeners(struct proxy *proxy, const struct usher_sip *sip,
    struct usher_error *error)
{
	int failed = 0;

	for (size_t i = 0; failed == 0 && i < sip->listen_count; i++)
		failed = listen_on(proxy, &sip->listen[i], error);
	return failed;
}

static int
open_wire(struct proxy *proxy, const struct usher_sip *sip,
    struct usher_error *error)
{
	const struct sip_transport_handlers handlers = { .recv = proxy_receive,
		.turn = turn,
		.error = unreachable,
		.lost = lost,
		.admit = admit,
		.keeps = keeps,
		.name = name_of,
		.arg = proxy };
	struct sip_txn_config config = { .t1_ms = sip->timers.t1,
		.t2_ms = sip->timers.t2,
		.t4_ms = sip->timers.t4,
		.max = sip->limits.transactions,
		.send = put,
		.answer = put_soon,
		.reach = reach,
		.request = proxy_request,
		.arg = proxy };
	uint8_t none[MAC_KEY];
	int failed;

	/* A key of its own: branches need not outlive a restart. */
	failed = mac_key_load(NULL, none);
	memcpy(config.key, none, sizeof(config.key));
	proxy->base = event_base_new();
	if (failed != ENOENT || proxy->base == NULL)
		return fail(error, ENOMEM, "the event loop cannot start");
	failed = sip_timers_new(&proxy->timers, monotonic_ms());
	if (failed == 0)
		failed = sip_txn_layer_new(&proxy->txns, proxy->timers,
		    &config);
	if (failed == 0)
		failed = sip_transports_new(&proxy->transports, proxy->base,
		    &handlers);
	if (failed != 0)
		return fail(error, failed, "%s", strerror(failed));
	failed = set_terms(proxy, sip, error);
	return failed != 0 ? failed : open_listeners(proxy, sip, error);
}

static void
load_key(struct proxy *proxy, const struct usher_conf *conf)
{
	char directory[4096];
	int failed = usher_conf_sip_directory(conf, directory,
	    sizeof(directory));

	failed = mac_key_load(failed == 0 ? directory : NULL, proxy->key);
	if (failed != 0)
		log_write(&proxy->log, LOG_WARNING,
		    "the key of established "
		    "calls cannot be kept in the store's directory (%s): they "
		    "will not outlive a restart",
		    strerror(failed));
}

/* A name leads elsewhere: calls that begin from now on go there. */
static void
names_changed(void *arg)
{
	struct proxy *proxy = arg;
	struct setup *setup;
	int failed;

	if (proxy->setup == NULL)
		return;
	failed = setup_again(&setup, proxy->setup, &proxy->log);
	if (failed != 0) {
		log_write(&proxy->log, LOG_ERR,
		    "next hops stay where they were: %s", strerror(failed));
		return;
	}
	setup_release(proxy->setup);
	proxy->setup = setup;
}

static int
make_resolver(struct proxy *proxy, struct usher_error *error)
{
	const struct resolver_terms terms = { .base = proxy->base,
		.timers = proxy->timers,
		.transports = proxy->transports,
		.log = &proxy->log,
		.servers = getenv("USHER_DNS"),
		.changed = names_changed,
		.arg = proxy };
	int failed = resolver_new(&proxy->resolver, &terms);

	if (failed == EINVAL)
		return fail(error, EINVAL,
		    "USHER_DNS is \"%s\": write it as \"192.0.2.53\" or "
		    "\"192.0.2.53:5353,198.51.100.53\"",
		    terms.servers);
	return failed == 0
	    ? 0
	    : fail(error, failed, "names cannot be looked up: %s",
		  strerror(failed));
}

/* Once, so that the first call finds its hop: nobody is served yet. */
static void
wait_for_names(struct proxy *proxy)
{
	const struct timeval slice = { .tv_usec = 50000 };
	uint64_t until_ms = monotonic_ms() + NAMES_WAIT_MS;

	while (
	    resolver_asking(proxy->resolver) > 0 && monotonic_ms() < until_ms) {
		event_base_loopexit(proxy->base, &slice);
		event_base_loop(proxy->base, EVLOOP_ONCE);
		sip_timers_run(proxy->timers, monotonic_ms());
	}
	sip_timers_run(proxy->timers, monotonic_ms() + 1);
}

static int
make_tables(struct proxy *proxy, struct usher_error *error)
{
	proxy->decisions = decisions_new(proxy->timers);
	proxy->policies = store_thread_new(proxy->base);
	proxy->store = store_thread_new(proxy->base);
	proxy->waitings = waitings_new();
	proxy->refusals = refusals_new();
	proxy->callbacks = callbacks_new();
	proxy->defence = defence_new();
	proxy->bindings = bindings_new(proxy->timers);
	if (proxy->policies == NULL || proxy->store == NULL ||
	    proxy->waitings == NULL)
		return fail(error, ENOMEM, "the store's threads cannot start");
	if (proxy->decisions == NULL || proxy->refusals == NULL ||
	    proxy->callbacks == NULL || proxy->defence == NULL ||
	    proxy->bindings == NULL)
		return fail(error, ENOMEM, "out of memory");
	return 0;
}

int
proxy_start(struct proxy *proxy, struct usher *usher, bool in_front,
    struct usher_error *error)
{
	struct usher_conf *conf = usher_conf_hold(usher);
	const struct usher_sip *sip = usher_conf_sip(conf);
	int failed;

	proxy->usher = usher;
	log_open(&proxy->log, in_front);
	failed = sip_uri_init();
	if (failed == 0)
		failed = open_wire(proxy, sip, error);
	if (failed == 0)
		failed = make_resolver(proxy, error);
	if (failed == 0)
		failed = make_tables(proxy, error);
	if (failed != 0) {
		usher_conf_release(conf);
		return failed;
	}
	load_key(proxy, conf);
	warn(proxy, sip);
	failed = setup_new(&proxy->setup, conf, proxy->transports,
	    proxy->resolver, NULL, &proxy->log, error);
	if (failed == 0) {
		proxy->setup->bindings = proxy->bindings;
		saved_restore(proxy);
		wait_for_names(proxy);
		probe_start(proxy);
	}
	return failed;
}

int
proxy_reload(struct proxy *proxy, struct usher_error *error)
{
	struct usher_conf *conf = usher_conf_hold(proxy->usher);
	const struct usher_sip *sip = usher_conf_sip(conf);
	struct setup *setup = NULL;
	int failed = set_terms(proxy, sip, error);
	if (failed != 0) {
		usher_conf_release(conf);
		return failed;
	}
	warn(proxy, sip);
	failed = setup_new(&setup, conf, proxy->transports, proxy->resolver,
	    proxy->setup, &proxy->log, error);
	if (failed != 0)
		return failed;
	setup->bindings = proxy->bindings;
	setup_release(proxy->setup);
	proxy->setup = setup;
	setup_keep(setup);
	sip_txn_set_max(proxy->txns, sip->limits.transactions);
	sip_txn_set_timers(proxy->txns, sip->timers.t1, sip->timers.t2,
	    sip->timers.t4);
	probe_start(proxy);
	return 0;
}

void
proxy_stop(struct proxy *proxy)
{
	if (proxy->timers != NULL)
		probe_stop(proxy);
	calls_free(proxy);
	resolver_free(proxy->resolver);
	sip_txn_layer_free(proxy->txns);
	waitings_free(proxy->waitings);
	decisions_free(proxy->decisions);
	proxy->hanging = !store_thread_free(proxy->policies);
	proxy->hanging |= !store_thread_free(proxy->store);
	refusals_free(proxy->refusals);
	callbacks_free(proxy->callbacks);
	defence_free(proxy->defence);
	bindings_free(proxy->bindings);
	sip_transports_free(proxy->transports);
	setup_release(proxy->setup);
	sip_timers_free(proxy->timers);
	usher_decision_free(proxy->asked);
	usher_memory_free(proxy->memory);
	usher_facts_free(proxy->spare_facts);
	remember_forget_spare(proxy);
	if (proxy->base != NULL)
		event_base_free(proxy->base);
	log_close(&proxy->log);
}
